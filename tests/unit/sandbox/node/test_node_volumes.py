# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Files of volumes, and how they are replaced."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.node import volumes
from sandbox.node.environment import ConfigError
from sandbox.node.volumes import File, PodVolumes

Json = dict[str, Any]
NewPod = Callable[..., Json]


class Tokens:
    """Counts the tokens it issues."""

    def __init__(self) -> None:
        self.issued: list[tuple[str | None, int]] = []

    def token(self, _pod: Json, audience: str | None, seconds: int) -> str:
        self.issued.append((audience, seconds))
        return f"token-{len(self.issued)}"


@pytest.fixture
def tokens() -> Tokens:
    return Tokens()


@pytest.fixture
def storage(tmp_path: Path, owner: Any, objects: Any, tokens: Tokens) -> PodVolumes:
    return PodVolumes(tmp_path / "memory", tmp_path / "disk", owner, objects, tokens)


def test_secret_items_have_their_path_and_mode(storage: PodVolumes, new_pod: NewPod) -> None:
    secret = {
        "secretName": "db",
        "defaultMode": 0o400,
        "items": [{"key": "password", "path": "a/b"}, {"key": "username", "path": "u", "mode": 0o440}],
    }
    folder = storage.prepare(new_pod(spec={"volumes": [{"name": "s", "secret": secret}]}))["s"]
    assert (folder / "a" / "b").read_bytes() == b"s3cret"
    assert (folder / "a" / "b").stat().st_mode & 0o777 == 0o400
    assert (folder / "u").stat().st_mode & 0o777 == 0o440
    assert sorted(path.name for path in folder.iterdir() if not path.name.startswith("..")) == ["a", "u"]


def test_all_keys_without_items(storage: PodVolumes, new_pod: NewPod) -> None:
    folder = storage.prepare(new_pod(spec={"volumes": [{"name": "c", "configMap": {"name": "cfg"}}]}))["c"]
    assert (folder / "level").read_text() == "info"
    assert (folder / "level").stat().st_mode & 0o777 == 0o644


def test_secrets_and_empty_dirs_lie_apart(storage: PodVolumes, new_pod: NewPod, tmp_path: Path) -> None:
    wanted = [
        {"name": "disk", "emptyDir": {}},
        {"name": "ram", "emptyDir": {"medium": "Memory"}},
        {"name": "s", "secret": {"secretName": "db"}},
    ]
    folders = storage.prepare(new_pod(spec={"volumes": wanted}))
    assert folders["disk"].parent == tmp_path / "disk"
    assert {folders["ram"].parent, folders["s"].parent} == {tmp_path / "memory"}
    assert folders["disk"].stat().st_mode & 0o777 == 0o777


def test_projected_sources_share_a_folder(storage: PodVolumes, new_pod: NewPod, tokens: Tokens) -> None:
    sources = [
        {"serviceAccountToken": {"path": "token", "audience": "pods.eks.amazonaws.com", "expirationSeconds": 86400}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]}},
        {"configMap": {"name": "cfg", "items": [{"key": "level", "path": "deep/level"}]}},
    ]
    pod = new_pod(spec={"volumes": [{"name": "p", "projected": {"sources": sources}}]})
    folder = storage.prepare(pod)["p"]
    assert (folder / "token").read_text() == "token-1"
    assert (folder / "namespace").read_text() == "supabase"
    assert (folder / "deep" / "level").read_text() == "info"
    storage.prepare(pod)
    assert tokens.issued == [("pods.eks.amazonaws.com", 86400)]


def test_token_is_renewed_at_four_fifths_of_its_life(
    storage: PodVolumes, new_pod: NewPod, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("sandbox.node.volumes.time.monotonic", lambda: now)
    source = {"serviceAccountToken": {"path": "t", "expirationSeconds": 600}}
    pod = new_pod(spec={"volumes": [{"name": "p", "projected": {"sources": [source]}}]})
    storage.prepare(pod)
    now += 479
    assert (storage.prepare(pod)["p"] / "t").read_text() == "token-1"
    now += 2
    assert (storage.prepare(pod)["p"] / "t").read_text() == "token-2"


@pytest.mark.parametrize(
    ("volume", "message"),
    [
        ({"secret": {"secretName": "no"}}, 'volume "v" : secret "no" not found'),
        ({"configMap": {"name": "cfg", "items": [{"key": "x", "path": "x"}]}}, "has no key 'x'"),
        ({"downwardAPI": {"items": [{"path": "m", "resourceFieldRef": {}}]}}, "resourceFieldRef"),
    ],
)
def test_what_is_missing_is_named(storage: PodVolumes, new_pod: NewPod, volume: Json, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        storage.prepare(new_pod(spec={"volumes": [{"name": "v", **volume}]}))


def test_optional_sources_may_be_missing(storage: PodVolumes, new_pod: NewPod) -> None:
    volume = {"name": "v", "secret": {"secretName": "no", "optional": True}}
    folder = storage.prepare(new_pod(spec={"volumes": [volume]}))["v"]
    assert [path for path in folder.iterdir() if not path.name.startswith("..")] == []


def test_change_swaps_all_files_at_once(tmp_path: Path, owner: Any) -> None:
    volumes.write_files(tmp_path, {"a": File(b"1", 0o644), "b": File(b"1", 0o644)}, owner)
    first = (tmp_path / "..data").readlink()
    volumes.write_files(tmp_path, {"a": File(b"1", 0o644), "b": File(b"1", 0o644)}, owner)
    assert (tmp_path / "..data").readlink() == first
    volumes.write_files(tmp_path, {"a": File(b"2", 0o600), "c": File(b"2", 0o644)}, owner)
    assert (tmp_path / "..data").readlink() != first
    assert not (tmp_path / first).exists()
    assert {path.name for path in tmp_path.iterdir() if not path.name.startswith("..")} == {"a", "c"}
    assert (tmp_path / "a").read_bytes() == b"2"


def test_files_belong_to_the_containers_user(tmp_path: Path, owner: Any) -> None:
    volumes.write_files(tmp_path, {"a": File(b"1", 0o400)}, owner)
    assert [path.name for path in owner.given] == ["a"]

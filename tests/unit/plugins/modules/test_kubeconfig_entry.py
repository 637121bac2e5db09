# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module kubeconfig_entry; kubectl reads what it writes."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.modules import kubeconfig_entry

from tools.toolchain import tool

AUTHORITY = base64.b64encode(b"an authority").decode()
# With texts that YAML's dialects take for numbers, times or booleans, and what a file has that others wrote.
OTHERS = """\
# Written by hand.
apiVersion: v1
kind: Config
preferences: {}
current-context: theirs
contexts:
- context: {cluster: theirs, user: theirs, namespace: web}
  name: theirs
clusters:
- cluster:
    insecure-skip-tls-verify: true
    server: https://theirs.example
    extensions:
    - {name: cluster_info, extension: {last-update: 2026-01-01T00:00:00Z, port: 8443}}
  name: theirs
users:
- name: theirs
  user: {token: 0x1F-is-a-token, username: '1e5', password: 'y'}
- name: oidc
  user:
    auth-provider: {name: oidc, config: {expiry: 2026-01-01T00:00:00Z}}
"""
OWN = """\
current-context: ours
clusters: [{name: ours, cluster: {server: "https://old.example", certificate-authority: /old, proxy-url: "http://p"}}]
contexts: [{name: ours, context: {cluster: old, user: ours, namespace: supabase}}]
users: [{name: ours, user: {exec: {command: kubelogin, args: [--secret=s3cret], env: [{name: A, value: s3cret}]}}}]
"""


def options(path: Path, **changes: Any) -> dict[str, Any]:
    """Options of the module for one file."""
    entry = {"server": "https://ours.example", "certificate_authority": AUTHORITY, "command": ["/bin/aws", "get"]}
    return {"path": str(path), "name": "ours", **entry, **changes}


def kubectl(path: Path) -> dict[str, Any]:
    """What kubectl reads, each entry by its name."""
    command = [str(tool("kubectl")), "--kubeconfig", str(path), "config", "view", "--raw", "-o", "json"]
    read: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    kinds = {"clusters": "cluster", "users": "user", "contexts": "context"}
    return read | {kind: {entry["name"]: entry[key] for entry in read[kind] or []} for kind, key in kinds.items()}


def test_a_new_file_is_made_once(run_module: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "config"
    wanted = options(path, environment={"AWS_CONFIG_FILE": "/dev/null"})
    told = {"path": str(path), "context": "ours", "current_context": "ours"}
    run_module(kubeconfig_entry, wanted, check_mode=True).assert_made(True, "entry", told)
    assert not path.parent.exists()
    made = run_module(kubeconfig_entry, wanted)
    made.assert_made(True, "entry", told)
    assert made.result["diff"]["before"] == {}
    assert [oct(place.stat().st_mode & 0o777) for place in (path, path.parent)] == ["0o600", "0o700"]
    run_module(kubeconfig_entry, wanted).assert_made(False, "entry", told)
    read = kubectl(path)
    assert read["clusters"]["ours"] == {"server": "https://ours.example", "certificate-authority-data": AUTHORITY}
    assert read["users"]["ours"]["exec"] == {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "/bin/aws",
        "args": ["get"],
        "env": [{"name": "AWS_CONFIG_FILE", "value": "/dev/null"}],
        "interactiveMode": "IfAvailable",
        "provideClusterInfo": False,
    }
    assert read["contexts"]["ours"] == {"cluster": "ours", "user": "ours"}


def test_what_others_have_stays(run_module: Callable[..., Any], tmp_path: Path) -> None:
    path, link = tmp_path / "config", tmp_path / "link"
    path.write_text(OTHERS, encoding="utf-8")
    link.symlink_to(path)
    before = kubectl(path)
    made = run_module(kubeconfig_entry, options(link, current=False))
    made.assert_made(True, "entry", {"current_context": "theirs"})
    assert link.is_symlink()
    after = kubectl(path)
    for kind in ("clusters", "users", "contexts"):
        after[kind].pop("ours")
    assert after == before
    assert "is-a-token" not in json.dumps(made.result)
    text = path.read_text(encoding="utf-8")
    run_module(kubeconfig_entry, options(link)).assert_made(True, "entry", {"current_context": "ours"})
    assert path.read_text(encoding="utf-8") == text.replace("current-context: theirs", "current-context: ours")


def test_an_earlier_entry_keeps_what_is_not_ours_and_shows_no_secret(
    run_module: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "config"
    path.write_text(OWN, encoding="utf-8")
    made = run_module(kubeconfig_entry, options(path))
    made.assert_made(True, "entry", {"context": "ours"})
    read = kubectl(path)
    assert read["clusters"]["ours"]["proxy-url"] == "http://p"
    assert "certificate-authority" not in read["clusters"]["ours"]
    assert read["contexts"]["ours"] == {"cluster": "ours", "user": "ours", "namespace": "supabase"}
    before = made.result["diff"]["before"]
    assert (before["cluster server"], before["command"], before["variable A"]) == (
        "https://old.example", ["(another)", "(another)"], "(another)",
    )  # fmt: skip
    assert "s3cret" not in json.dumps(made.result)


def test_a_file_that_others_may_read_is_closed_and_keeps_every_byte_otherwise(
    run_module: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "config"
    run_module(kubeconfig_entry, options(path))
    path.chmod(0o644)
    opened = run_module(kubeconfig_entry, options(path))
    opened.assert_made(True, "entry", {})
    assert (opened.result["diff"]["before"]["mode"], opened.result["diff"]["after"]["mode"]) == ("0644", "0600")
    text = "# A remark.\n" + path.read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    run_module(kubeconfig_entry, options(path)).assert_made(False, "entry", {})
    assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: [", "is no kubeconfig"),
        (b"- a list", "is no kubeconfig"),
        (b"kind: Secret", "is no kubeconfig"),
        (b"users: {me: {}}", "is no kubeconfig"),
        (b"users: [me]", "is no kubeconfig"),
        (b"\xff", "it is no text"),
        (b"users: [{name: ours, user: {token: s3cret}}]", "credentials of its own, which would be lost"),
    ],
)
def test_what_cannot_be_kept_is_refused(
    run_module: Callable[..., Any], tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "config"
    path.write_bytes(content)
    told = run_module(kubeconfig_entry, options(path)).message
    assert message in told
    assert "s3cret" not in told
    assert path.read_bytes() == content


def test_what_the_system_refuses_is_told_and_leaves_nothing(
    run_module: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "cannot be read: Is a directory" in run_module(kubeconfig_entry, options(tmp_path)).message

    def full(*paths: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    path = tmp_path / "config"
    assert "cannot be written: No space left" in run_module(kubeconfig_entry, options(path)).message
    assert list(tmp_path.iterdir()) == []


def test_a_missing_library_is_named(
    run_module: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubeconfig_entry, "YAML_ERROR", "Traceback")
    assert "PyYAML" in run_module(kubeconfig_entry, options(tmp_path / "config")).message

# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""bubblewrap arguments, users, mounts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from sandbox.node import containers, images
from sandbox.node.containers import Bind, Identity, Plan
from sandbox.node.environment import ConfigError
from sandbox.node.images import Image
from sandbox.node.launch import ImageError, Launcher

Json = dict[str, Any]
NewPod = Callable[..., Json]


def _image(user: int = 0) -> Image:
    return Image("X", "1", "1", entrypoint=[], command=[], mounts=[], user=user)


def _plan(**changes: Any) -> Plan:
    values: dict[str, Any] = {
        "argv": ["run"],
        "env": {"PASSWORD": "s3cret"},
        "hostname": "rest-abc",
        "identity": Identity(1000, 2000),
        "image_binds": [Bind(Path("/stage/0-postgrest"), "/bin/postgrest")],
        "volume_binds": [],
        "etc_binds": [Bind(Path("/stage/hosts"), "/etc/hosts")],
        "working_dir": "/app",
        "read_only_root": False,
    }
    return Plan(**{**values, **changes})


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A small host file system: /usr with own folders, /bin as a link, /etc with some files."""
    for folder in ("usr/bin", "usr/lib", "usr/local", "usr/src", "etc/ssl"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "bin").symlink_to("usr/bin")
    (tmp_path / "lib").symlink_to("usr/lib")
    (tmp_path / "etc" / "shadow").write_text("secret")
    (tmp_path / "etc" / "localtime").symlink_to(tmp_path / "usr" / "lib")
    return tmp_path


def _words(plan: Plan, host: Path) -> str:
    return " ".join(containers.arguments(plan, host / "usr", host))


def test_isolation_and_user(host: Path) -> None:
    words = _words(_plan(), host)
    for wanted in ("--die-with-parent", "--unshare-user --uid 1000 --gid 2000", "--unshare-pid --as-pid-1"):
        assert wanted in words
    assert "--cap-drop ALL --clearenv --setenv PASSWORD s3cret" in words
    assert "--hostname rest-abc" in words
    assert words.endswith("--dir /app --chdir /app")


def test_host_system_is_shown_read_only_and_in_part(host: Path) -> None:
    words = _words(_plan(image_binds=[]), host)
    assert f"--ro-bind {host}/usr/bin /usr/bin" in words
    assert "--symlink usr/bin /bin" in words
    assert f"--ro-bind {host}/etc/ssl /etc/ssl" in words
    assert f"--ro-bind {host}/usr/lib /etc/localtime" in words
    for hidden in ("/usr/local", "/usr/src", "shadow"):
        assert hidden not in words


def test_image_with_a_program_in_bin_has_no_shell_there(host: Path) -> None:
    words = _words(_plan(), host)
    assert "--symlink usr/bin /bin" not in words
    assert "--ro-bind /stage/0-postgrest /bin/postgrest" in words


def test_read_only_root_comes_last(host: Path) -> None:
    binds = [Bind(Path("/v"), "/data", writable=True)]
    words = containers.arguments(_plan(read_only_root=True, volume_binds=binds), host / "usr", host)
    assert words[-2:] == ["--remount-ro", "/"]
    assert "--bind /v /data" in " ".join(words)


def test_var_run_is_run(host: Path) -> None:
    words = _words(_plan(volume_binds=[Bind(Path("/v"), "/var/run/secrets/x")]), host)
    assert "--ro-bind /v /run/secrets/x" in words


@pytest.mark.parametrize(
    ("pod_security", "container_security", "image_user", "expected"),
    [
        ({}, {}, 0, Identity(0, 0)),
        ({}, {}, 1000, Identity(1000, 1000)),
        ({"runAsUser": 5}, {}, 0, Identity(5, 0)),
        ({"runAsUser": 5, "runAsGroup": 6}, {"runAsUser": 7}, 0, Identity(7, 6)),
        ({"runAsNonRoot": True}, {"runAsUser": 7}, 0, Identity(7, 0)),
    ],
)
def test_user(new_pod: NewPod, pod_security: Json, container_security: Json, image_user: int, expected: Any) -> None:
    pod = new_pod(spec={"securityContext": pod_security}, securityContext=container_security)
    assert containers.identity(pod, pod["spec"]["containers"][0], _image(image_user)) == expected


def test_run_as_non_root_refuses_root(new_pod: NewPod) -> None:
    pod = new_pod(spec={"securityContext": {"runAsNonRoot": True}})
    with pytest.raises(ConfigError, match="image will run as root"):
        containers.identity(pod, pod["spec"]["containers"][0], _image())


def test_mounts_come_parents_first_and_files_are_read_only(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "..data").symlink_to("x")
    (tmp_path / "empty").mkdir()
    mounts = [
        {"name": "files", "mountPath": "/data/below"},
        {"name": "empty", "mountPath": "/data/"},
        {"name": "empty", "mountPath": "/data-other", "subPathExpr": "$(POD)/x", "readOnly": True},
    ]
    volumes = {"files": tmp_path / "files", "empty": tmp_path / "empty"}
    binds = containers.volume_binds({"volumeMounts": mounts}, volumes, {"POD": "rest-abc"})
    assert [(bind.target, bind.writable) for bind in binds] == [
        ("/data", True),
        ("/data/below", False),
        ("/data-other", False),
    ]
    assert (tmp_path / "empty" / "rest-abc" / "x").is_dir()


@pytest.mark.parametrize("path", ["../x", "/x", "a/../../x"])
def test_sub_path_stays_in_its_volume(tmp_path: Path, path: str) -> None:
    mounts = [{"name": "v", "mountPath": "/m", "subPath": path}]
    with pytest.raises(ConfigError, match="relative path"):
        containers.volume_binds({"volumeMounts": mounts}, {"v": tmp_path}, {})


def test_password_file_knows_root_and_the_user() -> None:
    files = containers.etc_files("h", Identity(1000, 0))
    assert "root:x:0:0:" in files["passwd"]
    assert "user:x:1000:0:" in files["passwd"]
    assert "nameserver" not in files["resolv.conf"]


@pytest.mark.parametrize(
    ("reference", "known"),
    [
        ("postgrest/postgrest:v14.17", True),
        ("docker.io/postgrest/postgrest:v14.17", True),
        ("postgrest/postgrest:v14.17@sha256:" + "0" * 64, True),
        ("postgrest/postgrest:v14.18", False),
        ("postgrest/postgrest", False),
        ("registry.example/postgrest/postgrest:v14.17", False),
        ("supabase/gotrue:v2.196.0", False),
    ],
)
def test_images_are_known_by_repository_and_tag(reference: str, known: bool) -> None:
    assert images.known(reference, {}) is known


@pytest.mark.parametrize(
    ("reference", "variable"),
    [
        ("docker.io/supabase/gotrue:v2.196.0@sha256:0", "SANDBOX_AUTH_BINARY"),
        ("postgrest/postgrest:v14.17", "SANDBOX_POSTGREST_BINARY"),
        ("supabase/gotrue:v1", ""),
    ],
)
def test_the_variable_of_an_own_program(reference: str, variable: str) -> None:
    assert images.own_program_variable(reference) == variable


def test_own_binary_replaces_or_adds_an_image() -> None:
    table = images.available({"SANDBOX_AUTH_BINARY": "/x/auth", "SANDBOX_POSTGREST_BINARY": "/x/postgrest"})
    assert table["supabase/gotrue:v2.196.0"].entrypoint == ["/usr/local/bin/auth"]
    replaced = table["postgrest/postgrest:v14.17"]
    assert replaced.mounts == [(Path("/x/postgrest"), "/bin/postgrest")]
    assert replaced.version_here == "/x/postgrest (SANDBOX_POSTGREST_BINARY)"
    assert replaced.user == 1000


def test_the_real_controller_is_no_stand_in() -> None:
    table = images.available({"SANDBOX_EXTERNAL_SECRETS_BINARY": "/x/external-secrets"})
    assert table["ghcr.io/external-secrets/external-secrets:v2.9.0"].program == "External Secrets"


@pytest.mark.parametrize(
    ("variable", "advice"), [("SANDBOX_AUTH_BINARY", "correct SANDBOX_AUTH_BINARY"), ("", "run `make setup`")]
)
def test_a_program_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch, variable: str, advice: str) -> None:
    reference = "supabase/gotrue:v2.196.0"
    monkeypatch.delenv("SANDBOX_AUTH_BINARY", raising=False)
    if variable:
        monkeypatch.setenv(variable, "/x/auth")
    else:
        missing = Image("X", "1", "1", entrypoint=[], command=[], mounts=[(Path("/x/auth"), "/auth")])
        monkeypatch.setitem(images.IMAGES, reference, missing)
    with pytest.raises(ImageError, match=f"/x/auth cannot be read: {advice}"):
        Launcher(cast("Any", None), cast("Any", None), list).image(reference)

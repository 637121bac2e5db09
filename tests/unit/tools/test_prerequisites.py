# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the set-up says about a machine that lacks something."""

from __future__ import annotations

import errno
import importlib.util
import os
import platform
import sys
from pathlib import Path

import pytest

from tools import prerequisites


def test_this_machine_has_everything() -> None:
    assert prerequisites.missing() == []


def test_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    assert "Linux on aarch64" in (prerequisites.machine() or "")


@pytest.mark.parametrize("found", [("glibc", "2.28"), ("", ""), ("musl", "1.2")])
def test_another_c_library(found: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: found)
    assert "glibc 2.31 or newer" in (prerequisites.glibc() or "")


def test_the_oldest_c_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: ("glibc", "2.31"))
    assert prerequisites.glibc() is None


def test_another_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prerequisites, "SUPPORTED_PYTHONS", ((3, 98), (3, 99)))
    assert "make setup PYTHON=" in (prerequisites.python() or "")


def test_a_python_without_venv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert f"apt install python{version}-venv" in (prerequisites.python() or "")


def test_a_command_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert prerequisites.missing() == [prerequisites.command("git"), prerequisites.command("make")]
    assert "apt install git" in (prerequisites.command("git") or "")


def refused() -> None:
    raise OSError(errno.EPERM, "refused")


@pytest.mark.parametrize(
    ("settings", "fix"),
    [
        ({"kernel/unprivileged_userns_clone": "0"}, "kernel.unprivileged_userns_clone=1"),
        ({"kernel/apparmor_restrict_unprivileged_userns": "1"}, "apparmor_restrict_unprivileged_userns=0"),
        ({"user/max_user_namespaces": "0"}, "user.max_user_namespaces=10000"),
        ({"user/max_net_namespaces": "0"}, "user.max_net_namespaces=10000"),
        ({}, "seccomp=unconfined"),
    ],
)
def test_forbidden_namespaces(settings: dict[str, str], fix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prerequisites, "enter_namespaces", refused)
    monkeypatch.setattr(prerequisites, "setting", lambda name: settings.get(name, ""))
    message = prerequisites.namespaces() or ""
    assert os.strerror(errno.EPERM) in message
    assert fix in message


def test_a_used_up_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prerequisites, "setting", lambda name: "")
    assert "limit is used up" in prerequisites.namespace_fix(errno.ENOSPC)


def test_the_probe_does_not_change_this_process() -> None:
    before = Path("/proc/self/ns/net").readlink()
    assert prerequisites.outcome_in_child(prerequisites.enter_namespaces) == 0
    assert Path("/proc/self/ns/net").readlink() == before


def test_a_kernel_setting_that_is_not_there() -> None:
    assert prerequisites.setting("kernel/no_such_setting") == ""

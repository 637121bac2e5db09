# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where npm's packages go, and that an installation is all or nothing."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tools import npm_modules
from tools.steps import StepFailed


class Npm:
    """Stands for npm ci: makes node_modules, or fails half-way."""

    def __init__(self) -> None:
        self.runs, self.fails = 0, False

    def run(self, step: str, argv: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path) -> None:
        del step, argv, env
        self.runs += 1
        (cwd / "node_modules").mkdir()
        if self.fails:
            raise StepFailed("npm ended with code 1")
        (cwd / "node_modules" / ".package-lock.json").touch()


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Npm:
    for name in npm_modules.SOURCES:
        target = tmp_path / "checkout" / name
        target.parent.mkdir(exist_ok=True)
        shutil.copy(npm_modules.project() / name, target)
    command = Npm()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(npm_modules, "project", lambda: tmp_path / "checkout")
    monkeypatch.setattr(npm_modules, "run", command.run)
    return command


def test_modules_are_installed_once_for_all_checkouts(npm: Npm) -> None:
    npm_modules.install()
    assert npm_modules.is_done()
    npm_modules.link().unlink()
    assert not npm_modules.is_done()
    npm_modules.install()
    assert npm_modules.is_done()
    assert npm.runs == 1


def test_a_folder_in_the_links_place_is_replaced(npm: Npm) -> None:
    npm_modules.link().mkdir()
    assert not npm_modules.is_done()
    npm_modules.install()
    assert npm_modules.is_done()
    assert npm.runs == 1


def test_an_installation_that_fails_half_way_is_repeated(npm: Npm) -> None:
    npm.fails = True
    with pytest.raises(StepFailed):
        npm_modules.install()
    assert not npm_modules.is_done()
    npm.fails = False
    npm_modules.install()
    assert npm_modules.is_done()


def test_a_changed_lock_file_installs_beside(npm: Npm) -> None:
    npm_modules.install()
    first = npm_modules.installed_folder()
    lock = npm_modules.project() / "package-lock.json"
    lock.write_text(lock.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert not npm_modules.is_done()
    npm_modules.install()
    assert npm_modules.installed_folder() != first
    assert first.is_dir()
    assert npm.runs == 2

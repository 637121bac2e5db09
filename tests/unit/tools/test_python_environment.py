# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When .venv is kept, completed or rebuilt, and what ends up in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tools import places, python_environment
from tools.steps import StepFailed


class Machine:
    """Records the programs that a step runs; makes what they would make; fails where told."""

    def __init__(self, venv: Path) -> None:
        self.venv, self.commands, self.fails_at = venv, list[str](), ""

    def run(self, step: str, argv: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path = Path()) -> None:
        del step, env, cwd
        command = " ".join(str(part) for part in argv)
        self.commands.append(command)
        if self.fails_at and self.fails_at in command:
            raise StepFailed("told to fail")
        if " -m venv " in command:
            (self.venv / "lib" / "python3.11" / "site-packages" / "pip").mkdir(parents=True)
            (self.venv / "bin").mkdir()
            (self.venv / "bin" / "python").touch()

    def count(self, word: str) -> int:
        return sum(word in command for command in self.commands)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    venv = tmp_path / ".venv"
    made = Machine(venv)
    monkeypatch.setattr(places, "VENV", venv)
    monkeypatch.setattr(python_environment, "VENV", venv)
    monkeypatch.setattr(python_environment, "STAMP", venv / ".supastack-setup")
    monkeypatch.setattr(python_environment, "run", made.run)
    return made


def test_a_finished_environment_is_kept(machine: Machine) -> None:
    assert not python_environment.is_done()
    python_environment.install()
    assert python_environment.is_done()
    assert (machine.count(" -m venv "), machine.count("pip install")) == (1, 1)


def test_an_interrupted_installation_resumes_in_place(machine: Machine) -> None:
    machine.fails_at = "pip install"
    with pytest.raises(StepFailed):
        python_environment.install()
    assert not python_environment.is_done()
    machine.fails_at = ""
    python_environment.install()
    assert (machine.count(" -m venv "), machine.count("pip install")) == (1, 2)


def test_an_environment_made_half_is_made_again(machine: Machine) -> None:
    machine.fails_at = " -m venv "
    with pytest.raises(StepFailed):
        python_environment.install()
    machine.fails_at = ""
    python_environment.install()
    assert machine.count(" -m venv ") == 2


@pytest.mark.parametrize("loss", ["moved", "python"])
def test_a_moved_checkout_or_a_lost_python_rebuilds(machine: Machine, loss: str) -> None:
    python_environment.install()
    if loss == "moved":
        python_environment.STAMP.write_text("/elsewhere/.venv 3.11\n", encoding="utf-8")
        python_environment.STAMP.with_suffix(".begun").write_text("/elsewhere/.venv 3.11", encoding="utf-8")
    else:
        (machine.venv / "bin" / "python").unlink()
    assert not python_environment.is_done()
    python_environment.install()
    assert machine.count(" -m venv ") == 2
    assert python_environment.is_done()


def test_a_changed_lock_file_updates_in_place(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    python_environment.install()
    changed = tmp_path / "requirements.lock"
    changed.write_text("black==1\n", encoding="utf-8")
    monkeypatch.setattr(python_environment, "LOCK_FILE", changed)
    monkeypatch.setattr(python_environment, "CHECKOUT", tmp_path)
    assert not python_environment.is_done()
    python_environment.install()
    assert (machine.count(" -m venv "), machine.count("pip install")) == (1, 2)


def test_packages_that_the_lock_file_does_not_name_are_surplus() -> None:
    lock = "# a==1\nPyYAML==6.0.3\ntyping_extensions==4.16.0\n"
    names = ["pyyaml", "typing-extensions", "pip", "setuptools", "left-over"]
    assert python_environment.surplus(names, lock) == ["left-over"]

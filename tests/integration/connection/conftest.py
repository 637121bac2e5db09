# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs plays with one connection or the other, away from the user's own settings, and returns all of their results."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.integration.connection.runs import Scene, stop_all
from tests.stages.programs import environment
from tools.places import CHECKOUT, VENV

FOLDER = Path(__file__).parent
# In front of the lines that callback/lines.py prints.
MARK = "@lines@"
# What Ansible tells with -vvv about a task that the warm process ran, or left to local.
RAN_WARM = re.compile(r"^<([^>]*)> EXEC \S+ \(warm\)$")
LEFT = re.compile(r"^<([^>]*)> WARM leaves this to local: (.*)$")
# Seconds. A run that takes this long hangs.
TIMEOUT = 180

# A task or a play as its YAML would be loaded.
Yaml = dict[str, Any]


@dataclass(frozen=True)
class Result:
    """What one task, or one attempt of it, came to on one host."""

    play: str
    task: str
    host: str
    # ok, failed, skipped, unreachable or retry.
    event: str
    data: Yaml
    # How often the warm process ran something for it, and why it left something to local.
    warm: int
    left: list[str]


@dataclass(frozen=True)
class Run:
    """What one run of ansible-playbook came to."""

    code: int
    results: list[Result]
    # All it printed to stdout, and to stderr.
    text: str
    errors: str

    def of(self, task: str, host: str = "one", play: str = "") -> Result:
        """The last result of a task, in any play or in one."""
        found = [
            result
            for result in self.results
            if (result.task, result.host) == (task, host) and play in ("", result.play) and result.event != "retry"
        ]
        assert found, f"no result of {task} on {host}:\n{self.text[-3000:]}\n{self.errors[-3000:]}"
        return found[-1]


@dataclass(frozen=True)
class Ansible:
    """A folder in which Ansible keeps everything that it writes: runs in the same one share what is learned."""

    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        """What ANSIBLE_HOME is."""
        return self.folder / "home"

    def environment(self, change: Mapping[str, str]) -> dict[str, str]:
        """The environment of ansible-playbook."""
        own = {
            "ANSIBLE_HOME": str(self.home),
            "ANSIBLE_LOCAL_TEMP": str(self.home / "tmp"),
            "ANSIBLE_REMOTE_TEMP": str(self.home / "remote"),
            "ANSIBLE_ASYNC_DIR": str(self.home / "async"),
            "ANSIBLE_LIBRARY": f"{FOLDER / 'library'}:{self.folder / 'library'}",
            "ANSIBLE_CALLBACK_PLUGINS": str(FOLDER / "callback"),
            "ANSIBLE_STDOUT_CALLBACK": "lines",
            "ANSIBLE_DISPLAY_TRACEBACK": "always",
            "ANSIBLE_FORKS": "5",
            "ANSIBLE_NOCOLOR": "true",
            "LINES_MARK": MARK,
        }
        everything = {**environment(**own), **self.variables, **change}
        # What this run was started with must not make it another one than on other machines.
        return {name: value for name, value in everything.items() if not name.startswith("PYTHON") or name in change}

    def write(
        self, plays: Sequence[Yaml], connection: str, hosts: Sequence[str] = ("one",), **variables: Any
    ) -> list[str]:
        """Write a playbook and its inventory. Returns the command that plays it.

        :param variables: for all hosts; without an interpreter among them it is the one that runs Ansible.
        """
        given = {"ansible_connection": connection, "ansible_python_interpreter": sys.executable, **variables}
        given = {name: value for name, value in given.items() if value is not None}
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, content in {
            "hosts.json": {"all": {"hosts": {host: {} for host in hosts}, "vars": given}},
            "playbook.json": [{"hosts": "all", "gather_facts": False, **play} for play in plays],
        }.items():
            # Names must not depend on the connection: variables with notes about a run do.
            (self.folder / name).write_text(json.dumps(content), encoding="utf-8")
        program = str(VENV / "bin" / "ansible-playbook")
        return [program, "-vvv", "-i", str(self.folder / "hosts.json"), str(self.folder / "playbook.json")]

    def run(
        self,
        plays: Sequence[Yaml],
        connection: str,
        hosts: Sequence[str] = ("one",),
        env: Mapping[str, str] | None = None,
        umask: int = 0o022,
        **variables: Any,
    ) -> Run:
        """Play a playbook.

        :param env: variables that ansible-playbook gets besides.
        :param variables: of all hosts.
        """
        done = subprocess.run(
            self.write(plays, connection, hosts, **variables),
            env=self.environment(env or {}),
            cwd=CHECKOUT,
            umask=umask,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            timeout=TIMEOUT,
            check=False,
        )
        return Run(done.returncode, read(done.stdout), done.stdout, done.stderr)


def read(text: str) -> list[Result]:
    """The results in what ansible-playbook printed."""
    results: list[Result] = []
    play = ""
    warm: list[str] = []
    left: list[tuple[str, str]] = []
    for line in text.splitlines():
        if found := RAN_WARM.match(line):
            warm.append(found[1])
        elif found := LEFT.match(line):
            left.append((found[1], found[2]))
        if not line.startswith(MARK):
            continue
        printed = json.loads(line.removeprefix(MARK))
        play = printed.get("play", play)
        if "data" in printed:
            host = printed["host"]
            reasons = [reason for of, reason in left if of == host]
            results.append(
                Result(play, printed["task"], host, printed["event"], printed["data"], warm.count(host), reasons)
            )
        else:
            warm, left = [], []
    return results


@pytest.fixture
def ansible(tmp_path: Path) -> Callable[[str], Ansible]:
    """Return a function that makes a new folder for Ansible by its name."""
    return lambda name: Ansible(tmp_path / name)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A place for the runs of one test."""
    made = Scene(tmp_path)
    yield made
    stop_all(made)

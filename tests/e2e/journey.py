# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""A checkout below a folder that only its owner may enter, and the demo that ran in it.

Root runs the database and the pods as other users, who must get at their programs and files all the same.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sandbox import processes
from sandbox.state import Sandbox
from tools.places import CHECKOUT
from tools.toolchain import venv_command

NAME = "e2e-demo"
# Of the form that a person's own credentials have, from AWS' documentation: they must neither be used nor be printed.
STRANGER = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
}
Finished = subprocess.CompletedProcess[str]


@dataclass
class Journey:
    """A checkout, and the demo that ran in it and left a sandbox running, whatever its exit code."""

    checkout: Path

    @property
    def sandbox(self) -> Sandbox:
        """The sandbox that the demo left running."""
        return Sandbox(NAME, self.checkout / ".sandbox" / NAME)

    @cached_property
    def demo(self) -> Finished:
        """The finished demo."""
        return self.run(sys.executable, "-m", "sandbox", "demo")

    @cached_property
    def exports(self) -> dict[str, str]:
        """What a user's shell has after evaluating the exports."""
        assert self.demo.returncode == 0, self.demo.stdout[-6000:] + self.demo.stderr[-2000:]
        printed = self.run(sys.executable, "-m", "sandbox", "env")
        assert printed.returncode == 0, printed.stderr
        shown = self.run("sh", "-c", f"{printed.stdout}\nenv -0")
        assert shown.returncode == 0, shown.stderr
        return dict(line.split("=", 1) for line in shown.stdout.split("\0") if "=" in line)

    def forget_exports(self) -> None:
        """Have the exports evaluated anew: they hold secrets as they were."""
        self.__dict__.pop("exports", None)

    def run(self, *command: str | Path) -> Finished:
        """Run a program in the checkout, with a stranger's AWS credentials around it."""
        surroundings = {**os.environ, **STRANGER, "SANDBOX_NAME": NAME}
        return subprocess.run(command, cwd=self.checkout, env=surroundings, capture_output=True, text=True, check=False)

    def play(self, name: str, *options: str, code: int = 0) -> str:
        """Run a playbook, which must end with a code; what it printed, without line breaks."""
        program = venv_command("ansible-playbook")
        ran = self.run(program, f"playbooks/{name}.yml", "-i", "inventories/sandbox", *options)
        assert ran.returncode == code, ran.stdout[-6000:] + ran.stderr[-2000:]
        return " ".join(ran.stdout.split())

    def client(self, *command: str | Path, stdin: str | None = None) -> str:
        """Run a client that has nothing but the exported variables; what it prints."""
        done = subprocess.run(command, env=self.exports, input=stdin, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def query(self, *command: str | Path) -> Any:
        """As above, of one that prints JSON."""
        return json.loads(self.client(*command))

    def end(self) -> None:
        """Remove the sandbox, of which nothing may be left."""
        if not self.sandbox.folder.exists():
            return
        stopped = self.run(sys.executable, "-m", "sandbox", "down")
        assert stopped.returncode == 0, stopped.stdout + stopped.stderr
        assert processes.marked(self.sandbox) == []
        assert not self.sandbox.folder.exists()


def copy_of_the_project(closed: Path) -> Path:
    """A checkout below a folder, which gets closed, set up by sharing what set-up made for this one."""
    closed.chmod(0o700)
    copy = closed / "checkout"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.strip("\0").split("\0"):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(CHECKOUT / name, copy / name)
    (copy / ".venv").symlink_to(CHECKOUT / ".venv")
    (copy / "tools" / "npm" / "node_modules").symlink_to((CHECKOUT / "tools" / "npm" / "node_modules").resolve())
    set_up = Journey(copy).run(sys.executable, "-m", "tools.setup", "collection")
    assert set_up.returncode == 0, set_up.stderr
    return copy


def wait(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not after {seconds:g} s"
        time.sleep(0.5)

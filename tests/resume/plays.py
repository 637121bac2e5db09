# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Runs of a playbook, and what each left of an account."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from sandbox import processes
from sandbox.state import CHECKOUT, Sandbox
from tests.stages.programs import environment
from tools.toolchain import venv_command

CALLBACKS = Path(__file__).parent / "callback"
HURRY = Path(__file__).parent / "hurry"
# Seconds that no run takes.
TIMEOUT = 600
# The emulated API server is nowhere.
VARIABLES = {"eks_endpoint_probe_seconds": 0}


@dataclass(frozen=True)
class Play:
    """A run of a playbook that waits to go on, see callback/copies.py. `pid` is its process."""

    pid: int
    output: Path
    stream: IO[str]

    def run(self, tags: Sequence[str], **variables: Any) -> int:
        """Go on once with these tags and variables; the exit code, or the number of the signal, negative."""
        order = {"output": str(self.output), "tags": list(tags), "variables": variables}
        self.stream.write(json.dumps(order) + "\n")
        self.stream.flush()
        return int(self.stream.readline())

    def printed(self) -> str:
        """The end of what the last run printed."""
        return self.output.read_text(encoding="utf-8")[-3000:]


@contextmanager
def waiting(sandbox: Sandbox, playbook: str, play: int, **variables: Any) -> Iterator[Play]:
    """Start a playbook, which asks AWS nothing before that play."""
    folder = sandbox.path("plays")
    folder.mkdir(exist_ok=True)
    path, log = folder / "orders", folder / "first.log"
    settings = {
        "SANDBOX_NAME": sandbox.name,
        "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
        "ANSIBLE_CALLBACKS_ENABLED": "supastack.aws.preload,copies",
        "PYTHONPATH": str(HURRY),
        "RESUME_SOCKET": str(path),
        "RESUME_PLAY": str(play),
        # So that it ends with the sandbox, whatever becomes of this process.
        processes.MARKER: str(sandbox.folder),
    }
    command = [venv_command("ansible-playbook"), f"playbooks/{playbook}", "-i", "inventories/sandbox"]
    command += ["-e", json.dumps({**VARIABLES, **variables})]
    with socket.socket(socket.AF_UNIX) as listener, log.open("wb") as first:
        listener.bind(str(path))
        listener.listen()
        child = subprocess.Popen(
            [str(part) for part in command],
            cwd=CHECKOUT,
            env=environment(**settings),
            stdin=subprocess.DEVNULL,
            stdout=first,
            stderr=first,
        )
        try:
            with accepted(listener, child, log) as connection, connection.makefile("rw") as stream:
                connection.settimeout(TIMEOUT)
                yield Play(child.pid, folder / "run.log", stream)
        finally:
            child.kill()
            child.wait()
            path.unlink()


def accepted(listener: socket.socket, child: subprocess.Popen[bytes], log: Path) -> socket.socket:
    """The connection of the playbook that was started."""
    listener.settimeout(1)
    while child.poll() is None:
        try:
            return listener.accept()[0]
        except TimeoutError:
            continue
    raise AssertionError(log.read_text(encoding="utf-8")[-3000:])

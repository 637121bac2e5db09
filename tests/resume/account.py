# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""An emulated account of which copies are made, and commands to them."""

from __future__ import annotations

import json
import pickle
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sandbox import lifecycle, processes
from sandbox.state import CHECKOUT, Sandbox
from tests.resume.compare import State
from tests.resume.orders import COPIES, Orders

TIMEOUT = 60.0


@dataclass(frozen=True)
class Copy:
    """One state of the account, in a process of its own."""

    sandbox: Sandbox
    name: str

    def ask(self, do: str, **options: Any) -> Any:
        """The answer to a command; raises OSError or EOFError without one."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(TIMEOUT)
            connection.connect(str(self.sandbox.path(COPIES, self.name)))
            connection.sendall(json.dumps({"do": do, **options}).encode() + b"\n")
            with connection.makefile("rb") as stream:
                return pickle.load(stream)

    def copy(self, name: str) -> Copy:
        """The same state once more."""
        self.ask("copy", name=name)
        return Copy(self.sandbox, name)

    @contextmanager
    def serving(self, **wanted: Any) -> Iterator[Orders]:
        """Serve inside; gives the orders (orders.py), which have what was called afterwards."""
        orders = Orders(**wanted)
        self.ask("serve", **wanted)
        try:
            yield orders
        finally:
            done: Orders = self.ask("pause")
            orders.calls, orders.changes = done.calls, done.changes

    def kept(self, keep: str, number: int) -> Copy:
        """The copy that was made after that change while another one served."""
        return Copy(self.sandbox, f"{keep}.{number}")

    @contextmanager
    def once(self, name: str) -> Iterator[Copy]:
        """A copy that is ended afterwards."""
        copy = self.copy(name)
        try:
            yield copy
        finally:
            copy.end()

    def state(self) -> State:
        """What the account holds."""
        return State(self.ask("state"))

    def end(self) -> None:
        """Forget this state."""
        try:
            self.ask("end")
        except EOFError:
            # It ended instead of answering, as it was told to.
            return


@contextmanager
def account(sandbox: Sandbox) -> Iterator[Copy]:
    """An empty account, in a sandbox with nothing real behind it, as the copy that all others come from."""
    list(lifecycle.up(sandbox, api_only=True))
    try:
        processes.stop(sandbox, lifecycle.EMULATOR)
        command = [sys.executable, "-m", "tests.resume.emulator", "--state", str(sandbox.folder)]
        # As lifecycle starts its own.
        environment = {"MOTO_IAM_LOAD_MANAGED_POLICIES": "true", "PYTHONPATH": str(CHECKOUT), "PYTHONUNBUFFERED": "1"}
        processes.start(sandbox, lifecycle.EMULATOR, command, env=environment, cwd=CHECKOUT)
        origin = Copy(sandbox, "origin")
        end = time.monotonic() + TIMEOUT
        while not sandbox.path(COPIES, "origin").exists():
            log = sandbox.logs / f"{lifecycle.EMULATOR}.log"
            assert processes.alive(sandbox, lifecycle.EMULATOR), log.read_text(encoding="utf-8")
            assert time.monotonic() < end, log.read_text(encoding="utf-8")
            time.sleep(0.05)
        yield origin
    finally:
        list(lifecycle.down(sandbox))

# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module in this process against the emulated account, and counts its API calls."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from unittest import mock

from ansible.module_utils.testing import patch_module_args

from sandbox import account
from sandbox.state import Sandbox
from tests.integration.fuzz.subject import Options

MODULES = "ansible_collections.supastack.aws.plugins.modules"
UTILS = "ansible_collections.supastack.aws.plugins.module_utils"
# An emulated change is done at the next call, so that nothing is gained by a longer pause.
PAUSE = 0.01


@dataclass(frozen=True)
class Run:
    """How a module ended, and the API calls that it made."""

    failed: bool
    result: dict[str, Any]
    calls: list[str]

    @property
    def changed(self) -> bool:
        assert not self.failed, self.result["msg"]
        return bool(self.result["changed"])


class Account:
    """Clients of the emulated account, kept because making one costs more than many calls."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._clients: dict[str, Any] = {}
        self._calls: list[str] = []

    def client(self, service: str) -> Any:
        """The client of a service; its calls are counted."""
        if service not in self._clients:
            self._clients[service] = account.client(self._sandbox, service)
            self._clients[service].meta.events.register("before-call", self._count)
        return self._clients[service]

    def _count(self, model: Any, **_rest: Any) -> None:
        self._calls.append(model.name)

    @contextlib.contextmanager
    def counting(self) -> Iterator[list[str]]:
        """Gives the list to which every call made inside is added."""
        calls: list[str] = []
        self._calls = calls
        yield calls

    def run(self, module_name: str, options: Options, check_mode: bool = False, clock: Any = None) -> Run:
        """Run a module's main(), with `clock` for its waits."""
        from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

        module = importlib.import_module(f"{MODULES}.{module_name}")
        clock = clock or Hurry()
        output = io.StringIO()
        with (
            mock.patch.object(AnsibleAWSModule, "client", lambda _module, service, **_named: self.client(service)),
            mock.patch(f"{UTILS}._waiters.time", clock),
            mock.patch(f"{UTILS}._retries.time", clock),
            patch_module_args({**options, "_ansible_check_mode": check_mode}),
            contextlib.redirect_stdout(output),
            self.counting() as calls,
        ):
            try:
                module.main()
            except SystemExit as stop:
                return Run(stop.code != 0, json.loads(output.getvalue()), calls)
        raise AssertionError(f"{module_name} ended without a result")


class Hurry:
    """The clock of waits: the seconds asked for go by on it, and next to none on the wall."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        time.sleep(PAUSE)


class Patience(Hurry):
    """The clock of waits for changes that take the emulator a second: it looks often, and no time is up."""

    def sleep(self, seconds: float) -> None:
        time.sleep(5 * PAUSE)


class Impatience(Hurry):
    """The clock of somebody who gives up as soon as he has to wait."""

    def sleep(self, seconds: float) -> None:
        raise KeyboardInterrupt

# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The probes of one run of a container together: what they say about started and ready, and when it must be killed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from sandbox.node.probes import Prober, Target

Json = dict[str, Any]


class Health:
    """Probes a container until stopped.

    `changed(started, ready)` is called at the start and after each change, `failed(kind, probe)` when a startup or
    liveness probe has failed for good, `unhealthy(message)` for each single failure.
    """

    def __init__(
        self,
        spec: Json,
        target: Target,
        changed: Callable[[bool, bool], None],
        failed: Callable[[str, Json], None],
        unhealthy: Callable[[str], None],
    ) -> None:
        self._spec = spec
        self._changed = changed
        self._failed = failed
        self._unhealthy = unhealthy
        self._started = "startupProbe" not in spec
        # Without a readiness probe a container is ready as soon as it has started.
        self._ready = "readinessProbe" not in spec
        self._gate = threading.Event()
        if self._started:
            self._gate.set()
        handlers = {"startup": self._startup, "readiness": self._readiness, "liveness": self._liveness}
        self._probers = {
            kind: self._prober(kind, target, handler) for kind, handler in handlers.items() if f"{kind}Probe" in spec
        }

    def start(self) -> None:
        """Begin probing."""
        self._report()
        for prober in self._probers.values():
            prober.start()

    def stop(self) -> None:
        """Probe no more."""
        for prober in self._probers.values():
            prober.stop()

    def _prober(self, kind: str, target: Target, handler: Callable[[bool], None]) -> Prober:
        def result(success: bool, message: str) -> None:
            if not success:
                self._unhealthy(f"{kind.capitalize()} probe failed: {message}")

        gate = None if kind == "startup" else self._gate
        return Prober(f"{self._spec['name']}-{kind}", self._spec[f"{kind}Probe"], target, result, handler, gate)

    def _startup(self, success: bool) -> None:
        if not success:
            self._failed("startup", self._spec["startupProbe"])
            return
        self._started = True
        self._report()
        self._probers["startup"].stop()
        self._gate.set()

    def _readiness(self, success: bool) -> None:
        self._ready = success
        self._report()

    def _liveness(self, success: bool) -> None:
        if not success:
            self._failed("liveness", self._spec["livenessProbe"])

    def _report(self) -> None:
        self._changed(self._started, self._started and self._ready)

# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""One container of a pod over all its runs: started, probed, stopped with grace, restarted with back-off."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from typing import Any

from sandbox.node import logs, probes
from sandbox.node.health import Health
from sandbox.node.launch import Launcher, PodFiles
from sandbox.node.logs import LogWriter
from sandbox.node.probes import Target
from sandbox.node.process import Process
from sandbox.node.status import ContainerState

Json = dict[str, Any]

# As the kubelet: the first restart is immediate, then 10 s, doubled up to 5 minutes; 10 minutes of running forgive all.
_FIRST_BACK_OFF = 10.0
_LONGEST_BACK_OFF = 300.0
_FORGIVEN_AFTER = 600.0
# containerd's exit code and reason for a program that could not be executed.
_START_ERROR = 128
_BWRAP_FAILED = "bwrap: "


class BackOff:
    """How long to wait before the next restart."""

    def __init__(self) -> None:
        self._delay = 0.0
        self._until = 0.0

    def ended(self, ran_seconds: float, now: float) -> None:
        """A run of `ran_seconds` ended at `now` (monotonic seconds)."""
        if ran_seconds >= _FORGIVEN_AFTER:
            self._delay = 0.0
        self._until = now + self._delay
        self._delay = min(self._delay * 2 or _FIRST_BACK_OFF, _LONGEST_BACK_OFF)

    def remaining(self, now: float) -> float:
        """Seconds still to wait."""
        return max(0.0, self._until - now)


class Container:
    """Its state, process and probes. `wake` is called, from any thread, when there is something to do."""

    def __init__(self, state: ContainerState, launcher: Launcher, wake: Callable[[], None]) -> None:
        self.state = state
        self.back_off = BackOff()
        self._launcher = launcher
        self._wake = wake
        self._lock = threading.Lock()
        self._process: Process | None = None
        self._health: Health | None = None
        self._stopping = False
        self._begun = 0.0

    @property
    def running(self) -> bool:
        """Whether its process exists, or has ended and `collect` was not called since."""
        return self._process is not None

    @property
    def process(self) -> Process | None:
        """Its present run."""
        return self._process

    def begin_run(self) -> None:
        """Count a new run; the end of the last one becomes the last state."""
        state = self.state
        state.restart_count += int(state.created_before)
        state.created_before = True
        if state.terminated is not None:
            state.last_terminated = state.terminated

    def log(self, files: PodFiles) -> LogWriter:
        """A new log for the next run; of earlier runs only the last one's is kept."""
        old = logs.log_file(files.logs, self.state.name, self.state.restart_count - 2)
        for path in (old, logs.rotated(old)):
            path.unlink(missing_ok=True)
        return LogWriter(logs.log_file(files.logs, self.state.name, self.state.restart_count))

    def started(self, process: Process) -> None:
        """`process` is its new run."""
        with self._lock:
            self._process = process
            self._stopping = False
            self._begun = time.monotonic()
            self.state.run()

    def collect(self, files: PodFiles) -> bool:
        """Record the end of its process, if it has ended; returns whether it had."""
        process = self._process
        if process is None or not process.exited.is_set():
            return False
        self._stop_probes()
        code = process.exit_code or 0
        log = logs.log_file(files.logs, self.state.name, self.state.restart_count)
        last = logs.last_lines(log, 1, 1024).strip()
        with self._lock:
            self._process = None
            self.back_off.ended(time.monotonic() - self._begun, time.monotonic())
            if code == 1 and last.startswith(_BWRAP_FAILED):
                self.state.end(_START_ERROR, "StartError", last.removeprefix(_BWRAP_FAILED))
            else:
                message = self._launcher.message(self.state.spec, code, files, log)
                self.state.end(code, "Completed" if code == 0 else "Error", message)
        return True

    def probe(self, target: Target, unhealthy: Callable[[str], None], grace: float) -> None:
        """Begin its probes; a failed startup or liveness probe stops it with `grace` seconds."""
        process = self._process
        if process is None:
            return

        def changed(started: bool, ready: bool) -> None:
            with self._lock:
                # A result of an earlier run says nothing about this one.
                if self._process is not process or process.exited.is_set():
                    return
                self.state.started, self.state.ready = started, ready
            self._wake()

        def failed(kind: str, probe: Json) -> None:
            unhealthy(f"Container {self.state.name} failed {kind} probe, will be restarted")
            self.stop(probe.get("terminationGracePeriodSeconds") or grace, target)

        self._health = Health(self.state.spec, target, changed, failed, unhealthy)
        self._health.start()

    def stop(self, grace: float, target: Target | None) -> None:
        """Run its preStop hook, ask it to end, kill it after `grace` seconds. Returns at once; `wake` follows."""
        with self._lock:
            process = self._process
            if process is None or self._stopping:
                return
            self._stopping = True
        self._stop_probes()
        threading.Thread(target=self._stop, args=(process, grace, target), daemon=True).start()

    def ended(self, _process: Process) -> None:
        """To be called when its process has ended."""
        self._wake()

    def _stop(self, process: Process, grace: float, target: Target | None) -> None:
        deadline = time.monotonic() + grace
        hook = self.state.spec.get("lifecycle", {}).get("preStop")
        if hook and target is not None:
            if "sleep" in hook:
                process.exited.wait(min(hook["sleep"]["seconds"], grace))
            else:
                probes.check(hook, target, grace)
        process.signal(signal.SIGTERM)
        if not process.exited.wait(max(0.0, deadline - time.monotonic())):
            process.signal(signal.SIGKILL)

    def _stop_probes(self) -> None:
        if self._health is not None:
            self._health.stop()

# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Running containers: started by bubblewrap in a pod's network, their output written to logs, their end reported."""

from __future__ import annotations

import json
import logging
import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from sandbox.node import containers
from sandbox.node.containers import Plan
from sandbox.node.logs import LogWriter
from sandbox.node.namespaces import NetworkThread
from sandbox.node.stage import Stage
from sandbox.processes import MARKER

_ENTER = Path(__file__).with_name("enter.py")
_CHUNK = 65536
_EXEC_POLL_SECONDS = 0.002
_EXEC_SECONDS = 5.0
_OUTPUT_LIMIT = 10 * 1024

# The node's ends of a container's stdout and stderr, by stream name.
Outputs = dict[str, IO[bytes]]

logger = logging.getLogger(__name__)


class Process:
    """One run of a container. `pid` is its first process, as this machine numbers it; `exit_code` is 128 + signal when
    it was killed."""

    def __init__(self, monitor: subprocess.Popen[bytes], pid: int, plan: Plan, outputs: Outputs) -> None:
        self.monitor = monitor
        self.outputs = outputs
        self.pid = pid
        self.plan = plan
        self.exit_code: int | None = None
        self.exited = threading.Event()

    def signal(self, number: int) -> None:
        """Send `number` to the container's first process; nothing happens when it has ended."""
        if not self.exited.is_set():
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def wait_for_program(self) -> None:
        """Wait until bwrap has become the container's program: before that its file system is not complete."""
        deadline = time.monotonic() + _EXEC_SECONDS
        while time.monotonic() < deadline and not self.exited.is_set():
            with suppress(OSError):
                if Path(f"/proc/{self.pid}/exe").readlink().name != "bwrap":
                    return
            time.sleep(_EXEC_POLL_SECONDS)


class Runner:
    """Starts containers and follows them with one thread."""

    def __init__(self, stage: Stage, marker: str) -> None:
        self._stage = stage
        self._marker = marker
        self._selector = selectors.DefaultSelector()
        self._lock = threading.Lock()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        self._selector.register(self._wake_read, selectors.EVENT_READ, self._woken)
        threading.Thread(target=self._loop, name="containers", daemon=True).start()

    def start(self, plan: Plan, network: NetworkThread, log: LogWriter, ended: Callable[[Process], None]) -> Process:
        """Start `plan`; `ended` is called in the runner's thread when it has ended. Raises OSError."""
        status_read, status_write = os.pipe()
        arguments = _memory_file(containers.arguments(plan))
        outputs, inputs = self._pipes()
        try:
            command = [str(self._stage.bwrap), "--json-status-fd", str(status_write), "--args", str(arguments), "--"]
            passed = (status_write, arguments)
            monitor = network.run(lambda: self._spawn([*command, *plan.argv], passed, inputs))
        finally:
            for descriptor in (status_write, arguments, *inputs):
                os.close(descriptor)
        status = os.fdopen(status_read, "rb")
        pid = _child_pid(status.readline())
        process = Process(monitor, monitor.pid if pid is None else pid, plan, outputs)
        self._follow(process, log, status, ended)
        return process

    def execute(self, process: Process, argv: Sequence[str], timeout: float) -> tuple[int | None, str]:
        """Run `argv` in the container; returns exit code (None after `timeout` seconds) and output."""
        process.wait_for_program()
        who = process.plan.identity
        request = {"pid": process.pid, "uid": who.uid, "gid": who.gid, "cwd": process.plan.working_dir}
        helper = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_ENTER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={MARKER: self._marker},
        )
        payload = json.dumps({**request, "env": dict(process.plan.env), "argv": list(argv)}).encode()
        try:
            output, _unused = helper.communicate(payload, timeout)
        except subprocess.TimeoutExpired:
            helper.kill()
            helper.communicate()
            return None, f"command timed out after {timeout:g}s"
        return helper.returncode, output[:_OUTPUT_LIMIT].decode(errors="replace")

    def _pipes(self) -> tuple[Outputs, list[int]]:
        """Pipes for stdout and stderr: the ends to read, by stream, and the ends to write."""
        outputs: Outputs = {}
        inputs = []
        for name in ("stdout", "stderr"):
            output, descriptor = os.pipe()
            os.set_blocking(output, False)
            # Programs open /dev/stdout too, for which they must own it, as container runtimes see to.
            self._stage.give(descriptor)
            outputs[name] = os.fdopen(output, "rb", buffering=0)
            inputs.append(descriptor)
        return outputs, inputs

    def _spawn(self, command: list[str], passed: tuple[int, ...], outputs: list[int]) -> subprocess.Popen[bytes]:
        # Only bwrap sees the marker: containers start with --clearenv.
        identity = self._stage.container_id
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=outputs[0],
            stderr=outputs[1],
            env={MARKER: self._marker},
            cwd="/",
            pass_fds=passed,
            start_new_session=True,
            user=identity,
            group=identity,
            extra_groups=None if identity is None else [],
        )

    def _follow(self, process: Process, log: LogWriter, status: IO[bytes], ended: Callable[[Process], None]) -> None:
        pidfd = os.pidfd_open(process.monitor.pid)

        def finish() -> None:
            self._selector.unregister(pidfd)
            os.close(pidfd)
            code = process.monitor.wait()
            for name, pipe in process.outputs.items():
                _drain(pipe, name, log)
                with suppress(KeyError):
                    self._selector.unregister(pipe)
                pipe.close()
            status.close()
            log.close()
            process.exit_code = code if code >= 0 else 128 - code
            process.exited.set()
            ended(process)

        with self._lock:
            for name, pipe in process.outputs.items():
                self._selector.register(pipe, selectors.EVENT_READ, self._copier(pipe, name, log))
            self._selector.register(pidfd, selectors.EVENT_READ, finish)
        os.write(self._wake_write, b"1")

    def _copier(self, pipe: IO[bytes], name: str, log: LogWriter) -> Callable[[], None]:
        def copy() -> None:
            if not (chunk := os.read(pipe.fileno(), _CHUNK)):
                self._selector.unregister(pipe)
            else:
                log.write(name, chunk)

        return copy

    def _woken(self) -> None:
        os.read(self._wake_read, _CHUNK)

    def _loop(self) -> None:
        while True:
            for key, _unused in self._selector.select():
                with self._lock:
                    # An earlier callback of this round may have closed it.
                    if key.fd in self._selector.get_map():
                        self._call(key.data)

    def _call(self, callback: Callable[[], None]) -> None:
        try:
            callback()
        except BlockingIOError:
            return
        except OSError:
            logger.exception("cannot follow a container")


def _drain(pipe: IO[bytes], name: str, log: LogWriter) -> None:
    with suppress(BlockingIOError):
        while chunk := os.read(pipe.fileno(), _CHUNK):
            log.write(name, chunk)


def _memory_file(words: Sequence[str]) -> int:
    """A file in memory holding `words`: arguments carry Secrets, and a process list must not show them."""
    descriptor = os.memfd_create("bwrap-arguments")
    os.write(descriptor, b"".join(word.encode("utf-8", "surrogateescape") + b"\0" for word in words))
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _child_pid(line: bytes) -> int | None:
    # bwrap writes nothing when it fails before the container exists; its message is in the log.
    return int(json.loads(line)["child-pid"]) if line else None

# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The processes of a sandbox: started in a session of their own, marked, recorded, and found again after a crash."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from sandbox.state import Sandbox, SandboxError, write_atomically

MARKER = "SUPASTACK_SANDBOX"
_PROC = Path("/proc")
# Children must be waited for by the process that forked them, or they stay as zombies under it.
_children: dict[int, subprocess.Popen[bytes]] = {}
_children_lock = threading.Lock()


@dataclass(frozen=True)
class Process:
    """A recorded process. `started` is field 22 of /proc/<pid>/stat (clock ticks since boot): a reused pid differs."""

    name: str
    pid: int
    started: int
    argv: list[str]
    stop_signal: int = signal.SIGTERM


def environment(sandbox: Sandbox, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The caller's environment plus the marker by which `stop_all` finds every process of this sandbox.

    AWS settings and Kubernetes configuration of the caller stay out: they may lead to a real account or cluster; so do
    settings of moto and kwok, whose behaviour must not differ between machines.
    """
    excluded = ("AWS_", "MOTO_", "KUBECONFIG", "KWOK_")
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(excluded)}
    return {**inherited, **(extra or {}), MARKER: str(sandbox.folder)}


def start(
    sandbox: Sandbox,
    name: str,
    argv: Sequence[str | os.PathLike[str]],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stop_signal: int = signal.SIGTERM,
    descriptors: Sequence[int] = (),
) -> int:
    """Start `argv` as process `name` and return its pid; its output is appended to `logs/<name>.log`.

    `env` is added to the caller's environment. `stop_signal` is what a gentle stop sends (PostgreSQL wants SIGINT).
    `descriptors` are the open files that it inherits.
    Raises SandboxError when a process of that name runs already or the program cannot be started.
    """
    if alive(sandbox, name):
        raise SandboxError(f"Process {name!r} of sandbox {sandbox.name!r} runs already: stop it first.")
    command = [os.fspath(part) for part in argv]
    with (sandbox.logs / f"{name}.log").open("ab") as output:
        child = _spawn(name, command, output, environment(sandbox, env), cwd, descriptors)
    _write_record(sandbox, Process(name, child.pid, _start_time(child.pid) or 0, command, stop_signal))
    return child.pid


def _spawn(
    name: str,
    command: list[str],
    output: IO[bytes],
    env: Mapping[str, str],
    cwd: Path | None,
    descriptors: Sequence[int],
) -> subprocess.Popen[bytes]:
    try:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=cwd,
            start_new_session=True,
            pass_fds=descriptors,
        )
    except OSError as error:
        raise SandboxError(f"Cannot start {name!r} ({command[0]}): {error.strerror}.") from error
    with _children_lock:
        _children[child.pid] = child
    return child


def adopt(sandbox: Sandbox, name: str, pid: int, stop_signal: int = signal.SIGTERM) -> None:
    """Record a process that another program started, so that it is listed and stopped like our own."""
    argv = (_PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
    _write_record(sandbox, Process(name, pid, _start_time(pid) or 0, argv, stop_signal))


def _write_record(sandbox: Sandbox, process: Process) -> None:
    write_atomically(_record_file(sandbox, process.name), json.dumps(asdict(process), indent=2) + "\n")


def record(sandbox: Sandbox, name: str) -> Process | None:
    """What was recorded when `name` was started, or None."""
    try:
        return Process(**json.loads(_record_file(sandbox, name).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def records(sandbox: Sandbox) -> list[Process]:
    """Every recorded process, running or not, by name."""
    names = sorted(path.stem for path in sandbox.path("processes").glob("*.json"))
    found = (record(sandbox, name) for name in names)
    return [process for process in found if process is not None]


def alive(sandbox: Sandbox, name: str) -> bool:
    """Whether the recorded process `name` is still the one that was started."""
    process = record(sandbox, name)
    return process is not None and is_running(process)


def is_running(process: Process) -> bool:
    """Whether `process` is running under its recorded pid."""
    _reap(process.pid)
    return _start_time(process.pid) == process.started


def exists(pid: int) -> bool:
    """Whether some process runs under `pid`; one that has ended but was not waited for does not."""
    return _start_time(pid) is not None


def stop(sandbox: Sandbox, name: str, timeout: float = 10) -> bool:
    """Stop process `name` and its process group; True when it was running. Waits `timeout` s before SIGKILL."""
    process = record(sandbox, name)
    if process is None:
        return False
    running = is_running(process)
    if running:
        _signal_group(process.pid, process.stop_signal)
        if not _wait(lambda: not is_running(process), timeout):
            _signal_group(process.pid, signal.SIGKILL)
            _wait(lambda: not is_running(process), 5)
    _record_file(sandbox, name).unlink(missing_ok=True)
    return running


def stop_all(sandbox: Sandbox, timeout: float = 10) -> list[str]:
    """Stop every process that carries this sandbox's marker or descends from one; returns what was stopped, by name.

    The marker is inherited, so a crash of the process that started others leaves nothing behind.
    """
    recorded = {process.pid: process for process in records(sandbox) if is_running(process)}
    known: dict[int, tuple[int | None, str]] = {}
    asked: set[int] = set()
    deadline = time.monotonic() + timeout
    while True:
        for pid in family(sandbox):
            name = recorded[pid].name if pid in recorded else command_name(pid)
            known.setdefault(pid, (_start_time(pid), name))
        left = [pid for pid, (started, _unused) in known.items() if started and _start_time(pid) == started]
        if not left:
            break
        if time.monotonic() > deadline + 10:
            raise SandboxError(f"These processes of sandbox {sandbox.name!r} do not end: {sorted(left)}.")
        force = time.monotonic() > deadline
        # Descendants without the marker are left to those that started them, unless that takes too long.
        for pid in left if force else set(marked(sandbox)) - asked:
            gentle = recorded[pid].stop_signal if pid in recorded else signal.SIGTERM
            _signal(pid, signal.SIGKILL if force else gentle)
            asked.add(pid)
        time.sleep(0.05)
    for process in records(sandbox):
        _record_file(sandbox, process.name).unlink(missing_ok=True)
    return sorted(name for _unused, name in known.values() if name)


def marked(sandbox: Sandbox) -> list[int]:
    """Pids of all running processes with this sandbox's marker, except this process and its ancestors."""
    wanted = f"{MARKER}={sandbox.folder}".encode()
    excluded = _ancestors()
    return [pid for pid in _pids() if pid not in excluded and wanted in _environ(pid) and _start_time(pid) is not None]


def family(sandbox: Sandbox) -> list[int]:
    """`marked` and all their descendants: pods have an environment of their own, and PostgreSQL overwrites its."""
    children: dict[int, list[int]] = {}
    for pid in _pids():
        fields = _stat(pid)
        if fields and fields[0] not in "ZX":
            children.setdefault(int(fields[1]), []).append(pid)
    found = marked(sandbox)
    for pid in found:
        # The list grows while it is walked, so that grandchildren follow.
        found += [child for child in children.get(pid, []) if child not in found]
    excluded = _ancestors()
    return [pid for pid in found if pid not in excluded]


def resident_bytes(pids: Iterable[int]) -> int:
    """Memory of `pids` in bytes: the proportional share where the kernel tells it, else the resident size."""
    return sum(_memory(pid) for pid in pids)


def _memory(pid: int) -> int:
    for file, field in (("smaps_rollup", "Pss:"), ("status", "VmRSS:")):
        with suppress(OSError):
            for line in (_PROC / str(pid) / file).read_text(encoding="utf-8").splitlines():
                if line.startswith(field):
                    return int(line.split()[1]) * 1024
    return 0


def _record_file(sandbox: Sandbox, name: str) -> Path:
    return sandbox.path("processes", f"{name}.json")


def _pids() -> list[int]:
    return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]


def _stat(pid: int) -> list[str] | None:
    """Fields of /proc/<pid>/stat from the third on (the second, the name, may hold spaces)."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()


def _start_time(pid: int) -> int | None:
    """Start time in clock ticks since boot; None when there is no such process or it is a zombie."""
    fields = _stat(pid)
    if fields is None or fields[0] in "ZX":
        return None
    return int(fields[19])


def _ancestors() -> set[int]:
    found = {os.getpid()}
    fields = _stat(os.getpid())
    while fields and (parent := int(fields[1])) > 0:
        found.add(parent)
        fields = _stat(parent)
    return found


def _environ(pid: int) -> list[bytes]:
    try:
        return (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


def command_name(pid: int) -> str:
    """The program of a process, or the kernel's name for it; empty when it is gone."""
    with suppress(OSError):
        return (_PROC / str(pid) / "exe").readlink().name
    with suppress(OSError):
        return (_PROC / str(pid) / "comm").read_text(encoding="utf-8", errors="replace").strip()
    return ""


def _reap(pid: int) -> None:
    with _children_lock:
        child = _children.get(pid)
        if child is not None and child.poll() is not None:
            del _children[pid]


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
    _reap(pid)


def _signal_group(pid: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _wait(condition: Callable[[], bool], timeout: float) -> bool:
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True

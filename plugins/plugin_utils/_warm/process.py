# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The warm process: waits for tasks, forks for each of them, and learns between them."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
import typing as t
from pathlib import Path

from . import notes, wire
from .memory import Memory
from .task import Task, forbid_core_dumps, set_dumpable

# Milliseconds for the workers of a run that was stopped to go away, so that their tasks are stopped too.
LAST_PATIENCE = 500


class Settings(t.NamedTuple):
    """What Ansible starts a warm process with."""

    # Descriptors: the socket that listens, both ends of the one for lessons, and the process of Ansible with whose end
    # this one ends, and the end of stdout and stderr at which they are read.
    listener: int
    lessons: int
    taught: int
    run: int
    output: int
    # The path of the socket that listens, and where to write down what was learned.
    path: str
    notes: str
    idle_seconds: int
    memory_bytes: int
    # Whether to load what tasks load.
    learns: bool


class Process:
    """The loop that never runs a task itself."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # What a task starts must not get any of them.
        for file in (settings.listener, settings.lessons, settings.taught, settings.run):
            os.set_inheritable(file, False)
        self._listener = socket.socket(fileno=settings.listener)
        self._lessons = socket.socket(fileno=settings.lessons)
        self._taught = socket.socket(fileno=settings.taught)
        self._memory = Memory(settings.memory_bytes, settings.output)
        self._added = variables_added()
        self._listening = True
        # Whether the run of Ansible has ended.
        self._is_over = False
        # Ansible modules that the run before used, and those that this one has used.
        self._expected: set[str] = set()
        self._used: dict[str, None] = {}
        # Tasks that run: the descriptor of each process with its process ID and the connection it came by.
        self._tasks: dict[int, tuple[int, socket.socket]] = {}
        self._poll = select.poll()
        self._poll.register(self._listener, select.POLLIN)
        self._poll.register(self._lessons, select.POLLIN)
        self._poll.register(settings.run, select.POLLIN)

    def serve(self) -> Task | None:
        """Work until the end. Returns a task in the fork that has to run it, None in the process itself at its end."""
        while self._listening or self._tasks:
            events = self._poll.poll(self._patience())
            if not events and self._is_over:
                break
            if not events and not self._memory.has_work:
                self._stop_listening()
            if not events and self._memory.has_work:
                self._memory.work()
            for file, _event in events:
                task = self._handle(file)
                if task:
                    return task
        self._write_down()
        return None

    def _patience(self) -> int | None:
        """Milliseconds to wait for something to happen."""
        if self._is_over:
            return LAST_PATIENCE
        if self._memory.has_work:
            return 0
        return None if self._tasks else self._settings.idle_seconds * 1000

    def _handle(self, file: int) -> Task | None:
        if file == self._listener.fileno():
            return self._accept()
        if file == self._settings.run:
            self._is_over = True
            self._poll.unregister(file)
            self._stop_listening()
        elif file == self._lessons.fileno():
            self._learn()
        elif file in self._tasks:
            self._end(file)
        else:
            self._stop(file)
        return None

    def _accept(self) -> Task | None:
        connection, _address = self._listener.accept()
        if not wire.is_mine(connection, os.geteuid()):
            connection.close()
            return None
        if self._memory.is_stale():
            self._stop_listening()
            with connection, contextlib.suppress(OSError):
                wire.send_answer(connection, wire.STALE)
            return None
        pid = os.fork()
        if pid == 0:
            self._close()
            return Task(connection, self._taught, self._memory, self._added)
        process = os.pidfd_open(pid)
        self._tasks[process] = pid, connection
        self._poll.register(process, select.POLLIN)
        self._poll.register(connection, select.POLLRDHUP)
        return None

    def _close(self) -> None:
        """Close, in a fork, what belongs to the process itself."""
        self._listener.close()
        self._lessons.close()
        os.close(self._settings.run)
        os.close(self._settings.output)
        for process, (_pid, connection) in self._tasks.items():
            os.close(process)
            connection.close()

    def _learn(self) -> None:
        kind, lesson = notes.Lesson.receive(self._lessons)
        # Notes may be of another form than those of this version.
        with contextlib.suppress(TypeError):
            if kind == wire.TAUGHT:
                self._used.update(dict.fromkeys(lesson.modules))
            elif kind == wire.BEFORE:
                self._expected.update(lesson.modules)
            if self._settings.learns:
                self._memory.learn(lesson)

    def _write_down(self) -> None:
        """Write down what to load for the next run like this one; nothing of what did it no good."""
        lesson = self._memory.lesson(list(self._used))
        if self._memory.suits_nobody or len(self._expected & self._used.keys()) < len(self._expected) / 2:
            lesson = notes.Lesson(lesson.modules, [], [], [], "", [])
        if self._used:
            # It is of no use to the run, and of no harm if it is missing.
            with contextlib.suppress(OSError):
                notes.write(Path(self._settings.notes), lesson)

    def _end(self, process: int) -> None:
        """Tell how a task's process ended."""
        pid, connection = self._tasks.pop(process)
        self._poll.unregister(process)
        os.close(process)
        _pid, status = os.waitpid(pid, 0)
        with contextlib.suppress(KeyError):
            self._poll.unregister(connection)
        with connection, contextlib.suppress(OSError):
            wire.send_answer(connection, wire.ENDED, status)

    def _stop(self, file: int) -> None:
        """Stop a task whose worker was stopped, with all it started, as a signal to the worker's group would have."""
        # None has it when the task has ended at the same time.
        for pid, connection in self._tasks.values():
            if connection.fileno() == file:
                self._poll.unregister(file)
                if not leaves(connection):
                    with contextlib.suppress(ProcessLookupError):
                        stop(pid)

    def _stop_listening(self) -> None:
        if self._listening:
            self._listening = False
            self._poll.unregister(self._listener)
            Path(self._settings.path).unlink(missing_ok=True)
            self._listener.close()


def leaves(connection: socket.socket) -> bool:
    """Tell whether Ansible said, before it went away, that the task may go on."""
    try:
        return connection.recv(1, socket.MSG_DONTWAIT) == wire.LEAVE
    except OSError:
        return False


def stop(pid: int) -> None:
    """Stop a process and its group, which is this process' own one only as long as it has not begun its task."""
    if os.getpgid(pid) == os.getpgrp():
        os.kill(pid, signal.SIGTERM)
    else:
        os.killpg(os.getpgid(pid), signal.SIGTERM)


def variables_added() -> dict[bytes, bytes]:
    """Return the environment variables that Python set when it started, as it does in the locale C (PEP 538)."""
    given = {variable.partition(b"=")[0] for variable in Path("/proc/self/environ").read_bytes().split(b"\0")}
    return {name: value for name, value in os.environb.items() if name not in given}


def start(folder: str, settings: Settings) -> None:
    """Be the warm process until its end, and in its forks run their tasks.

    :param folder: what the path of modules was extended by to find this one.
    """
    sys.path.remove(folder)
    process = Process(settings)
    forbid_core_dumps()
    set_dumpable(False)
    task = process.serve()
    if task:
        task.run()

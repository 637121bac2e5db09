# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fork of the warm process that becomes the interpreter of one task."""

from __future__ import annotations

import atexit
import builtins
import contextlib
import ctypes
import importlib
import importlib.machinery
import os
import resource
import signal
import socket
import sys
import threading
import time
import traceback
import types
import typing as t

from . import payload, wire
from .memory import Memory, number_of_threads
from .notes import Lesson

PR_SET_DUMPABLE = 4
# What Python exits with when it cannot write out its output at the end (Py_FinalizeEx).
FLUSH_FAILED = 120


def set_dumpable(dumpable: bool) -> None:
    """Allow or forbid core dumps, and other processes of this user to look into the memory (prctl(2))."""
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, int(dumpable), 0, 0, 0)


def forbid_core_dumps() -> None:
    """Let this process and what it starts write no core dumps, neither to a file nor to a program.

    One byte is the kernel's own sign for both (core(5), fs/coredump.c); zero would still be piped to a program.
    """
    _soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (1 if hard == resource.RLIM_INFINITY else min(1, hard), hard))


class Task:
    """Runs a Python program as a new interpreter would that reads it from its stdin."""

    def __init__(
        self, connection: socket.socket, lessons: socket.socket, memory: Memory, added: dict[bytes, bytes]
    ) -> None:
        """Take over a connection on which a request comes.

        :param lessons: where to tell the warm process what it should have had loaded.
        :param added: environment variables that Python itself set when the warm process started (PEP 538).
        """
        self._connection = connection
        self._lessons = lessons
        self._memory = memory
        self._added = added
        self._pid = os.getpid()
        self._sockets = [identity(file) for file in (connection, lessons)]
        self._loaded: set[str] = set()
        self._payload = b""
        self._module = ""

    def run(self) -> t.NoReturn:
        """Run the program that is asked for and exit as it does."""
        try:
            request, files = wire.Request.receive(self._connection)
            environment = {**self._added, **request.environment}
            if not self._memory.suits(environment):
                raise ValueError("modules imported here would be others there")
            self._become(request, files, environment)
            wire.send_answer(self._connection, wire.RUNNING, os.getppid())
        except (EOFError, OSError, ValueError):
            with contextlib.suppress(OSError):
                wire.send_answer(self._connection, wire.REFUSED)
            os._exit(0)
        self._prepare_modules(request.source)
        code, namespaces = execute(request.source)
        self._finish(code, namespaces)

    def _become(self, request: wire.Request, files: list[int], environment: dict[bytes, bytes]) -> None:
        """Take on what a process gets from the one that starts it."""
        os.chdir(request.directory)
        os.umask(request.umask)
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        for name in os.environb.keys() - environment.keys():
            del os.environb[name]
        os.environb.update(environment)
        time.tzset()
        leave_group()
        # A process that is not dumpable could not read its own files in /proc.
        set_dumpable(True)

    def _prepare_modules(self, source: bytes) -> None:
        """Leave the modules that were loaded, but none of ours, and find those of a known payload."""
        for name in [name for name in sys.modules if name.partition(".")[0] == __name__.partition(".")[0]]:
            del sys.modules[name]
        sys.path.insert(0, "")
        sys.argv[:] = [""]
        if hasattr(sys, "orig_argv"):
            sys.orig_argv[1:] = []
        importlib.invalidate_caches()
        self._module = payload.module_name(source)
        encoded = payload.encoded_payload(source)
        members = self._memory.library.members(encoded)
        self._payload = b"" if members else encoded
        sys.meta_path.insert(0, payload.Finder(self._memory.library, members))
        self._loaded.update(sys.modules)

    def _finish(self, code: int, namespaces: list[dict[str, t.Any]]) -> t.NoReturn:
        """End as an interpreter does (Py_FinalizeEx), but free only what the module itself has named."""
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        # Daemon threads may go on; an interpreter would stop them here.
        if threading.active_count() == 1:
            for namespace in namespaces:
                namespace.clear()
        code = flush(code)
        if os.getpid() == self._pid and self._sockets == [identity(file) for file in (self._connection, self._lessons)]:
            with contextlib.suppress(OSError):
                self._teach()
            with contextlib.suppress(OSError):
                wire.send_answer(self._connection, wire.EXITING, code)
        if code < 0:
            signal.signal(-code, signal.SIG_DFL)
            os.kill(os.getpid(), -code)
        os._exit(code & 0xFF)

    def _teach(self) -> None:
        """Tell the warm process what had to be loaded, unless that may be what made threads, which no fork has."""
        imported = [name for name in sys.modules if name not in self._loaded and name != "__main__"]
        models = self._memory.models
        lesson = Lesson(
            [self._module],
            [(name, origin(sys.modules[name])) for name in imported if not payload.is_payload(name)],
            models.missed,
            models.missed_listings,
            self._payload.decode(),
            [name for name in imported if payload.is_payload(name) and name not in self._memory.library.executed],
        )
        if number_of_threads() == 1:
            lesson.send(self._lessons, wire.TAUGHT)


def execute(source: bytes) -> tuple[int, list[dict[str, t.Any]]]:
    """Run a program as the module __main__.

    :returns: the exit code, or a signal's number, negative, by which the process has to end; and the namespaces of the
        modules that were __main__ in turn.
    """
    main = types.ModuleType("__main__")
    main.__dict__.update(
        __loader__=importlib.machinery.BuiltinImporter,
        __annotations__={},
        __builtins__=builtins,
        __file__="<stdin>",
        __cached__=None,
    )
    sys.modules["__main__"] = main
    try:
        exec(compile(source, "<stdin>", "exec", dont_inherit=True), main.__dict__)
    except SystemExit as stop:
        return exit_code(stop), namespaces_in(stop)
    except BaseException as error:
        # Without this function's own line.
        trace = error.__traceback__.tb_next if error.__traceback__ else None
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        return -signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1, namespaces_in(error)
    return 0, [main.__dict__]


def namespaces_in(error: BaseException) -> list[dict[str, t.Any]]:
    """Return the namespaces of modules called __main__ that an exception has come through.

    What they name, such as temporary files, is what an interpreter frees when it ends.
    """
    spaces = {id(frame.f_globals): frame.f_globals for frame, _line in traceback.walk_tb(error.__traceback__)}
    return [space for space in spaces.values() if space.get("__name__") == "__main__"]


def exit_code(stop: SystemExit) -> int:
    """Return the code that Python exits with (_Py_HandleSystemExit)."""
    if stop.code is None:
        return 0
    if isinstance(stop.code, int):
        return stop.code & 0xFF
    flush(0)
    print(stop.code, file=sys.stderr)
    return 1


def flush(code: int) -> int:
    """Write out what is left in stdout and stderr. Returns the exit code, another one when that failed."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except (OSError, ValueError):
            code = code or FLUSH_FAILED
    return code


def leave_group() -> None:
    """Move to a process group of its own, so that it can be stopped with all that it starts.

    The group is made by another process, since one that leads a group may not start a session (setsid(2)).
    """
    leader = os.posix_spawn("/bin/true", ["true"], {}, setpgroup=0)
    os.setpgid(0, leader)
    os.waitpid(leader, 0)


def origin(module: t.Any) -> str | None:
    """Return the file that a module comes from."""
    return getattr(getattr(module, "__spec__", None), "origin", None)


def identity(file: socket.socket) -> tuple[int, int]:
    """Return what tells a file descriptor from another that got its number later; zeros for a closed one."""
    try:
        status = os.fstat(file.fileno())
    except OSError:
        return 0, 0
    return status.st_dev, status.st_ino

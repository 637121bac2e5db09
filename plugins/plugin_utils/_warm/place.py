# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the warm processes of a run of Ansible are: starts them and gives them programs."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import multiprocessing
import os
import socket
import subprocess
import typing as t
from pathlib import Path

from ansible_collections.supastack.aws.plugins.plugin_utils._warm import wire
from ansible_collections.supastack.aws.plugins.plugin_utils._warm.pipes import Pipes, attend

# Seconds until a warm process has to have begun with a task. It may be loading something, which takes its time.
BEGIN_TIMEOUT = 20
# How often another one is started when the first has old versions of something loaded.
ATTEMPTS = 2
# Variables that an interpreter reads when it starts, so that those with other values need another process.
AT_START = ("LANG", "LANGUAGE", "TZ")
AT_START_PREFIXES = ("PYTHON", "LC_", "LD_", "MALLOC_", "GLIBC_", "OPENSSL_")
# Variables that the warm process may have besides, for imports to read: never secret, and seldom changed for a task.
HARMLESS = ("HOME", "KUBECONFIG", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "USER", "VIRTUAL_ENV")
# One process for each combination of the above, up to this many.
PROCESSES = 4
# What the interpreter reads by its stdin to become the warm process.
SCRIPT = """\
import sys
writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
sys.path.insert(0, {folder!r})
from _warm import process
sys.dont_write_bytecode = writes
process.start({folder!r}, process.Settings(*{settings!r}))
"""


class UnusableError(Exception):
    """The warm process cannot run the program; nothing of it has been run."""


@dataclasses.dataclass(frozen=True)
class Place:
    """Where the warm processes of one run of Ansible are, and what they may use.

    :param folder: belongs to this run alone and goes with it.
    :param notes: the file in which runs like this one keep what they need.
    """

    folder: Path
    notes: Path
    idle_seconds: int
    memory_bytes: int

    @classmethod
    def of(cls, folder: Path, notes: Path, alike: list[t.Any], idle_seconds: int, memory_bytes: int) -> Place:
        """Return the place of a run.

        :param notes: the folder of notes.
        :param alike: what the run has in common with those whose notes it shares.
        """
        name = hashlib.sha256(repr(alike).encode()).hexdigest()[:16]
        return cls(folder, notes / f"{name}.json", idle_seconds, memory_bytes)

    def begin(self, interpreter: str, environment: dict[bytes, bytes]) -> None:
        """Start a process and let it load what the run before this one needed.

        :raises UnusableError: it could not be started.
        """
        try:
            self._connection(interpreter, environment).close()
        except OSError as error:
            raise UnusableError(f"{type(error).__name__}: {error}") from error

    def run(self, interpreter: str, request: wire.Request) -> tuple[int, bytes, bytes]:
        """Run a program with an interpreter.

        :returns: the exit code, or the number of the signal that ended it, negative; stdout and stderr.
        :raises UnusableError: it has to be run by other means.
        """
        for _attempt in range(ATTEMPTS):
            ended = self._run(interpreter, request)
            if ended:
                return ended
        raise UnusableError("what it has loaded keeps changing")

    def _run(self, interpreter: str, request: wire.Request) -> tuple[int, bytes, bytes] | None:
        """Run a program; None when the process has something old loaded and leaves it to the next one."""
        try:
            with self._connection(interpreter, request.environment) as connection, Pipes() as pipes:
                connection.settimeout(BEGIN_TIMEOUT)
                # Who does not take it has an answer nevertheless.
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    request.send(connection, pipes.theirs)
                answer, number = wire.receive_answer(connection)
                if answer == wire.RUNNING:
                    pipes.close_theirs()
                    return attend(connection, pipes, number)
        except TimeoutError as error:
            # Whatever it hangs in, the next task gets another one.
            crashed_again(self._path(interpreter, variables_at_start(request.environment)))
            raise UnusableError("it hangs") from error
        except (OSError, EOFError) as error:
            raise UnusableError(f"{type(error).__name__}: {error}") from error
        if answer == wire.STALE:
            return None
        raise UnusableError("it would not be there as in a new interpreter")

    def _path(self, interpreter: str, at_start: dict[str, str]) -> Path:
        return self.folder / f"{key(interpreter, at_start)}.sock"

    def _connection(self, interpreter: str, environment: dict[bytes, bytes]) -> socket.socket:
        """Return a connection to the process for this interpreter, started if need be.

        :raises UnusableError: there can be none.
        """
        with Path(interpreter).open("rb") as program:
            if program.read(2) == b"#!":
                raise UnusableError("the interpreter is a script, which may change the environment")
        self.folder.mkdir(mode=0o700, exist_ok=True)
        at_start = variables_at_start(environment)
        path = self._path(interpreter, at_start)
        folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            # A socket's own path may have no more than 107 bytes (unix(7)).
            short = f"/proc/self/fd/{folder}/{path.name}"
            with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
                return connect(short)
            # Another worker may be starting it.
            fcntl.flock(folder, fcntl.LOCK_EX)
            with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
                return connect(short)
            if not path.exists() and len(list(self.folder.glob("*.sock"))) >= PROCESSES:
                raise UnusableError("there are as many warm processes as there may be")
            self._start(interpreter, at_start, path, short)
            return connect(short)
        finally:
            os.close(folder)

    def _start(self, interpreter: str, at_start: dict[str, str], path: Path, short: str) -> None:
        """Start a process that listens at a path."""
        learns = not crashed_again(path)
        with contextlib.ExitStack() as stack:
            listener = stack.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(short)
            path.chmod(0o600)
            listener.listen(socket.SOMAXCONN)
            lessons, taught = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            stack.enter_context(lessons)
            stack.enter_context(taught)
            run = os.pidfd_open(main_process())
            stack.callback(os.close, run)
            # Files of the kind that those of its tasks will be.
            read, output = os.pipe()
            stack.callback(os.close, read)
            stack.callback(os.close, output)
            files = [listener.fileno(), lessons.fileno(), taught.fileno(), run, read]
            settings = (*files, str(path), str(self.notes), self.idle_seconds, self.memory_bytes, learns)
            spawn(interpreter, at_start, files, output, settings)
            if learns:
                prepare(self.notes, self.folder, taught, run, interpreter)


def spawn(
    interpreter: str, at_start: dict[str, str], files: list[int], output: int, settings: tuple[t.Any, ...]
) -> None:
    """Start an interpreter that becomes the warm process and outlives this worker.

    :param at_start: the environment variables that it must have.
    :param files: descriptors that it gets besides its output.
    :param settings: see `_warm.process.Settings`.
    """
    process = subprocess.Popen(
        [interpreter, "-", "supastack.aws.warm"],
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=output,
        pass_fds=files,
        env={**{name: os.environ[name] for name in HARMLESS if name in os.environ}, **at_start},
        cwd="/",
        start_new_session=True,
    )
    with t.cast(t.IO[bytes], process.stdin) as script:
        script.write(SCRIPT.format(folder=str(Path(__file__).parent.parent), settings=settings).encode())
    # Nobody waits for it.
    process.returncode = 0


def prepare(path: Path, folder: Path, taught: socket.socket, run: int, interpreter: str) -> None:
    """Have a new process load what the run before needed."""
    # Each task loads this file, and only the first one comes here.
    from ansible_collections.supastack.aws.plugins.plugin_utils._warm import builder, notes

    before = notes.read(path)
    if before:
        before.send(taught, wire.BEFORE)
        builder.build_ahead(before, folder, taught, run, interpreter)


def connect(path: str) -> socket.socket:
    """Return a connection to a socket of this user.

    :raises OSError: nobody listens, or somebody else does.
    """
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(path)
        if not wire.is_mine(connection, os.geteuid()):
            raise PermissionError("the warm process belongs to another user")
    except BaseException:
        connection.close()
        raise
    return connection


def crashed_again(path: Path) -> bool:
    """Clear away what a crashed process left. Tells whether it was the second one, which learning may be to blame for.

    One that ends by itself takes its socket away.
    """
    if not path.exists():
        return False
    path.unlink()
    mark = path.with_suffix(".crashed")
    again = mark.exists()
    mark.touch()
    return again


def key(interpreter: str, at_start: t.Mapping[str, str]) -> str:
    """Return a name for the process of an interpreter, which another version in its place does not share."""
    status = Path(interpreter).stat()
    described = repr((interpreter, status.st_mtime_ns, status.st_size, sorted(at_start.items())))
    return hashlib.sha256(described.encode()).hexdigest()[:16]


def variables_at_start(environment: t.Mapping[bytes, bytes]) -> dict[str, str]:
    """Return those of a program's variables that have to be there when its interpreter starts.

    :raises UnusableError: one names folders that are others in another directory.
    """
    variables = {os.fsdecode(name): os.fsdecode(value) for name, value in environment.items()}
    if not all(Path(folder).is_absolute() for folder in (variables.get("PYTHONPATH") or "/").split(os.pathsep)):
        raise UnusableError("PYTHONPATH depends on the current directory")
    return {name: value for name, value in variables.items() if name in AT_START or name.startswith(AT_START_PREFIXES)}


def main_process() -> int:
    """Return the process ID of the run of Ansible that this worker belongs to."""
    parent = multiprocessing.parent_process()
    return parent.pid if parent and parent.pid else os.getpid()

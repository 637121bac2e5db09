# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Forks of the test process for what changes the process it runs in, payloads, and a warm process to talk to.

A fork leaves by os._exit, which coverage's patch of the same name lets save what was measured.
"""

from __future__ import annotations

import atexit
import base64
import contextlib
import gc
import io
import os
import pickle
import select
import signal
import socket
import sys
import tempfile
import traceback
import typing as t
import zipfile
from pathlib import Path

import pytest
from ansible_collections.supastack.aws.plugins.plugin_utils._warm import memory, notes, payload, process, task, wire

# Seconds that nothing here takes.
TIMEOUT = 30
FAILED = 70
# Modules of a fork that are out of its way; to free them would take longer.
FORGOTTEN: list[t.Any] = []
# What Ansible's own wrapper does: puts the zip file into a new folder, that file first on the path, and runs a module.
WRAPPER = """\
def main(*, ansible_module, zip_data):
    import base64, runpy, sys, tempfile
    with tempfile.TemporaryDirectory(prefix="ansible_thing_payload_") as folder:
        archive = f"{folder}/ansible_thing_payload.zip"
        with open(archive, "wb") as file:
            file.write(base64.b64decode(zip_data))
        sys.path.insert(0, archive)
        runpy.run_module(ansible_module, run_name="__main__", alter_sys=True)
main(
"""


def be_another_program() -> None:
    """Let a fork forget what pytest and the parent's tests have set up: functions at exit, output, Ansible itself."""
    atexit._clear()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Else collections would copy the memory that it shares with its parent.
    gc.freeze()
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(file, mode, closefd=False) for file, mode in enumerate("rww"))
    os.kill = measured(os.kill)


def measured(kill: t.Callable[[int, int], None]) -> t.Callable[[int, int], None]:
    """Return os.kill for a process that may end itself by it, after which nobody could save what was measured."""

    def save_and_kill(pid: int, number: int) -> None:
        coverage = sys.modules.get("coverage")
        measuring = coverage.Coverage.current() if coverage else None
        if pid == os.getpid() and measuring:
            measuring.save()
        kill(pid, number)

    return save_and_kill


def forget_ansible() -> None:
    """Remove what no warm process has: Ansible's own modules, and its finders of collections."""
    FORGOTTEN.extend(sys.modules.pop(name) for name in list(sys.modules) if payload.is_payload(name))
    sys.meta_path[:] = [finder for finder in sys.meta_path if "ansible" not in repr(finder)]
    sys.path_hooks[:] = [hook for hook in sys.path_hooks if "ansible" not in repr(hook)]


def fork(function: t.Callable[[], object]) -> int:
    """Run a function in a fork, whose exit code is 0 when it returns. Returns the process ID."""
    pid = os.fork()
    if pid == 0:
        try:
            be_another_program()
            function()
            os._exit(0)
        except BaseException:
            traceback.print_exc(file=sys.__stderr__)
        finally:
            os._exit(FAILED)
    return pid


def await_exit(pid: int) -> int:
    """Return the exit code of a fork, or the signal that ended it, negative."""
    descriptor = os.pidfd_open(pid)
    ended, _write, _error = select.select([descriptor], [], [], TIMEOUT)
    os.close(descriptor)
    if not ended:
        os.kill(pid, signal.SIGKILL)
    _pid, status = os.waitpid(pid, 0)
    assert ended, "the fork hangs"
    return os.waitstatus_to_exitcode(status)


def run_in_fork(function: t.Callable[[], t.Any]) -> t.Any:
    """Run a function in a fork, and return what it returns."""
    with tempfile.TemporaryFile() as file:

        def report() -> None:
            try:
                result = pickle.dumps((function(), None))
            except BaseException:
                result = pickle.dumps((None, traceback.format_exc()))
            with open(file.fileno(), "wb", closefd=False) as answer:
                answer.write(result)

        code = await_exit(fork(report))
        assert code == 0, f"the fork ended with {code}"
        file.seek(0)
        result, error = pickle.load(file)
        if error:
            pytest.fail(error)
        return result


@pytest.fixture
def in_fork() -> t.Callable[..., t.Any]:
    """Return a function that runs another one in a fork, and returns what that one returns."""
    return run_in_fork


@pytest.fixture
def in_bare_fork() -> t.Callable[..., t.Any]:
    """Return the same for a fork that has not loaded anything of Ansible, as the warm process has not."""

    def run(function: t.Callable[[], t.Any]) -> t.Any:
        def run_bare() -> t.Any:
            forget_ansible()
            return function()

        return run_in_fork(run_bare)

    return run


class Ended(t.NamedTuple):
    """What came of a request: the answers, and what the program put out."""

    answers: list[tuple[bytes, int]]
    stdout: bytes
    stderr: bytes

    @property
    def letters(self) -> bytes:
        """The answers in their order."""
        return b"".join(letter for letter, _number in self.answers)

    def number(self, letter: bytes) -> int:
        """Return the number that came with an answer."""
        return dict(self.answers)[letter]


def request(connection: socket.socket, source: str, **changes: t.Any) -> Ended:
    """Have a program run and return what came of it when nobody has anything more to say."""
    described: dict[str, t.Any] = {"directory": b"/", "umask": 0o22, "environment": dict(os.environb), **changes}
    connection.settimeout(TIMEOUT)
    with Path(os.devnull).open("rb") as stdin, tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        wire.Request(source.encode(), **described).send(connection, [f.fileno() for f in (stdin, stdout, stderr)])
        answers = []
        with contextlib.suppress(EOFError, ConnectionResetError):
            while True:
                answers.append(wire.receive_answer(connection))
        for file in (stdout, stderr):
            file.seek(0)
        return Ended(answers, stdout.read(), stderr.read())


def make_memory(limit: int = 1 << 40) -> memory.Memory:
    """Return the memory of this fork, whose stdout it reads."""
    read, write = os.pipe()
    os.dup2(write, 1)
    os.close(write)
    return memory.Memory(limit, read)


@pytest.fixture
def new_memory() -> t.Callable[..., memory.Memory]:
    """Return a function that makes a memory, in a fork."""
    return make_memory


@pytest.fixture
def make_payload() -> t.Callable[..., bytes]:
    """Return a function that makes a payload, base64 encoded, of sources by their names in it."""

    def make(**sources: str) -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for name, source in sources.items():
                archive.writestr(name, source)
        return base64.b64encode(file.getvalue())

    return make


@pytest.fixture
def make_source() -> t.Callable[..., str]:
    """Return a function that makes what Ansible would send for a payload."""

    def make(payload: bytes, module: str = "ansible.modules.thing") -> str:
        return f"{WRAPPER}ansible_module='{module}',\nzip_data='{payload.decode()}',\n)\n"

    return make


class TaskRun(t.NamedTuple):
    """A task that has ended, with what it told the warm process."""

    ended: Ended
    lesson: notes.Lesson | None
    code: int


@pytest.fixture
def run_task() -> t.Callable[..., TaskRun]:
    """Return a function that runs a program in a fork that nobody waits for but the test."""

    def run(
        source: str,
        prepare: t.Callable[[memory.Memory], object] = lambda memory: None,
        added: dict[bytes, bytes] | None = None,
        **changes: t.Any,
    ) -> TaskRun:
        ours, connection = socket.socketpair()
        lessons, taught = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

        def be_task() -> None:
            ours.close()
            lessons.close()
            known = make_memory()
            forget_ansible()
            # As in the warm process, where it has a shorter name.
            sys.modules[task.__name__] = task
            prepare(known)
            task.Task(connection, taught, known, added or {}).run()

        with ours, lessons:
            with connection, taught:
                pid = fork(be_task)
            ended = request(ours, source, **changes)
            lessons.settimeout(TIMEOUT)
            try:
                lesson = notes.Lesson.receive(lessons)[1]
            except IndexError:
                lesson = None
            return TaskRun(ended, lesson, await_exit(pid))

    return run


class Warm:
    """The warm process in a fork, and the end of Ansible."""

    def __init__(self, folder: Path, prepare: t.Callable[[], object] = lambda: None, **changes: t.Any) -> None:
        """Start it; the changes are to its settings."""
        self.path = folder / "warm.sock"
        self.notes = folder / "notes" / "run.json"
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.path))
        self._listener.listen()
        self._lessons, self.taught = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._run, self._ends = os.pipe()
        self._read, self._output = os.pipe()
        self._prepare = prepare
        self._settings = process.Settings(
            self._listener.fileno(),
            self._lessons.fileno(),
            self.taught.fileno(),
            self._run,
            self._read,
            path=str(self.path),
            notes=str(self.notes),
            idle_seconds=60,
            memory_bytes=1 << 40,
            learns=True,
        )._replace(**changes)
        self.pid = fork(self._serve)
        self._listener.close()
        self._lessons.close()
        for file in (self._run, self._read, self._output):
            os.close(file)
        self._is_running = True

    def _serve(self) -> None:
        os.close(self._ends)
        for file in (1, 2):
            os.dup2(self._output, file)
        os.close(self._output)
        forget_ansible()
        self._prepare()
        sys.path.append("/where/it/is")
        process.start("/where/it/is", self._settings)

    def connect(self) -> socket.socket:
        """Return a new connection."""
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(TIMEOUT)
        connection.connect(str(self.path))
        return connection

    def run(self, source: str, **changes: t.Any) -> Ended:
        """Run a program."""
        with self.connect() as connection:
            return request(connection, source, **changes)

    def await_end(self) -> int:
        """Return the exit code once it ends by itself."""
        self._is_running = False
        return await_exit(self.pid)

    def end(self) -> int:
        """Let Ansible end, and return the exit code."""
        if not self._is_running:
            return 0
        os.close(self._ends)
        return self.await_end()


@pytest.fixture
def make_warm(tmp_path: Path) -> t.Iterator[t.Callable[..., Warm]]:
    """Return a function that starts a warm process; each must end with the run and without an error."""
    made: list[Warm] = []

    def make(**changes: t.Any) -> Warm:
        made.append(Warm(tmp_path, **changes))
        return made[-1]

    yield make
    assert [warm.end() for warm in made] == [0] * len(made)
    for warm in made:
        warm.taught.close()

# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The warm process: tasks that come and go, what it learns from them, and its end."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.supastack.aws.plugins.plugin_utils._warm import notes, process, wire

MakeWarm = t.Callable[..., t.Any]
NOTHING = notes.Lesson([], [], [], [], "", [])
LOADED = "import sys; print('warm_example' in sys.modules)"
MODULE = "ansible.modules.thing"
BEGIN = "import os, signal, sys\nprint('begun', flush=True)\n"
WAIT = f"{BEGIN}sys.stdin.read()\nprint('ended', flush=True)\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a module that says in the file `loaded` which processes have imported it."""
    made = tmp_path / "modules"
    made.mkdir()
    code = f"import os\nwith open({str(tmp_path / 'loaded')!r}, 'a') as file: file.write(f'{{os.getpid()}}\\n')\n"
    (made / "warm_example.py").write_text(code, encoding="utf-8")
    return made


@pytest.fixture
def make_learning(make_warm: MakeWarm, folder: Path) -> MakeWarm:
    """Return a function that starts a warm process that looks for modules in that folder too."""

    def make(**changes: t.Any) -> t.Any:
        return make_warm(prepare=lambda: sys.path.insert(0, str(folder)), **changes)

    return make


def await_text(path: Path, text: str) -> None:
    """Wait until a file has a text."""
    for _each in range(1000):
        with contextlib.suppress(FileNotFoundError):
            if text in path.read_text(encoding="utf-8"):
                return
        select.select([], [], [], 0.01)
    pytest.fail(f"{path.name} does not get {text}")


class Running(t.NamedTuple):
    """A task that waits for the end of its stdin."""

    connection: socket.socket
    stdin: t.IO[bytes]
    stdout: t.IO[bytes]


@contextlib.contextmanager
def running(warm: t.Any, source: str = WAIT) -> t.Iterator[Running]:
    """Have a task run that says so, and hand it over."""
    stdin, ours = os.pipe()
    output, stdout = os.pipe()
    with warm.connect() as connection, os.fdopen(output, "rb") as received, os.fdopen(ours, "wb") as sent:
        wire.Request(source.encode(), b"/", 0o22, dict(os.environb)).send(connection, [stdin, stdout, stdout])
        os.close(stdin)
        os.close(stdout)
        assert wire.receive_answer(connection) == (wire.RUNNING, warm.pid)
        assert received.readline() == b"begun\n"
        yield Running(connection, sent, received)


def test_tasks_run_in_forks_of_it(make_warm: MakeWarm) -> None:
    warm = make_warm()
    for code in (0, 3):
        ended = warm.run(f"import os, sys; print(os.getppid(), flush=True); sys.exit({code})")
        assert (ended.letters, ended.number(b"R"), ended.number(b"X")) == (b"RXE", warm.pid, code)
        assert os.waitstatus_to_exitcode(ended.number(b"E")) == code
        assert int(ended.stdout) == warm.pid


def test_tasks_that_run_at_once(make_warm: MakeWarm) -> None:
    warm = make_warm()
    with running(warm) as first, running(warm) as second:
        first.stdin.close()
        assert first.stdout.read() == b"ended\n"
        assert [wire.receive_answer(first.connection) for _each in range(2)] == [(b"X", 0), (b"E", 0)]
        # The second one does not hold what belongs to the first.
        with pytest.raises(EOFError):
            wire.receive_answer(first.connection)
        second.stdin.close()
        assert second.stdout.read() == b"ended\n"


def test_a_task_that_is_killed(make_warm: MakeWarm) -> None:
    ended = make_warm().run("import os; os.kill(os.getpid(), 9)")
    assert ended.letters == b"RE"
    assert os.waitstatus_to_exitcode(ended.number(b"E")) == -9


def test_what_a_task_had_to_load_is_there_for_the_next(make_learning: MakeWarm, tmp_path: Path) -> None:
    warm = make_learning()
    assert warm.run(LOADED).stdout == b"False\n"
    assert warm.run("import warm_example").letters == b"RXE"
    await_text(tmp_path / "loaded", f"{warm.pid}\n")
    assert warm.run(LOADED).stdout == b"True\n"


def test_it_need_not_learn(make_learning: MakeWarm, tmp_path: Path) -> None:
    warm = make_learning(learns=False)
    warm.run("import warm_example")
    assert warm.run(LOADED).stdout == b"False\n"
    warm.end()
    assert str(warm.pid) not in (tmp_path / "loaded").read_text(encoding="utf-8").split()


@pytest.mark.parametrize(
    ("expected", "kept"), [([], True), ([MODULE], True), ([MODULE, "other"], True), (["other"], False)]
)
def test_what_is_written_down(expected: list[str], kept: bool, make_learning: MakeWarm, folder: Path) -> None:
    warm = make_learning()
    path = str(folder / "warm_example.py")
    NOTHING._replace(modules=expected, imports=[("warm_example", path)]).send(warm.taught, wire.BEFORE)
    await_text(folder.parent / "loaded", f"{warm.pid}\n")
    NOTHING.send(warm.taught, wire.AHEAD)
    warm.run(f"ansible_module = '''\nansible_module='{MODULE}',\n'''")
    warm.end()
    written = notes.read(warm.notes)
    assert written is not None
    assert written.modules == [MODULE]
    assert (["warm_example", path] in [list(item) for item in written.imports]) is kept


def test_what_suits_nobody_is_not_written_down(make_learning: MakeWarm, folder: Path) -> None:
    (folder / "warm_noise.py").write_text("print('noise')\n", encoding="utf-8")
    warm = make_learning()
    assert warm.run(f"ansible_module = '''\nansible_module='{MODULE}',\n'''\nimport warm_noise").stdout == b"noise\n"
    while warm.run("pass").letters == b"RXE":
        # It has not imported the library yet.
        assert warm.path.exists()
    warm.end()
    written = notes.read(warm.notes)
    assert written == NOTHING._replace(modules=[MODULE, ""]) or written == NOTHING._replace(modules=[MODULE])


def test_a_run_without_tasks_writes_nothing(make_warm: MakeWarm) -> None:
    warm = make_warm()
    assert warm.end() == 0
    assert not warm.notes.exists()
    assert not warm.path.exists()


def test_notes_that_cannot_be_written(make_warm: MakeWarm, tmp_path: Path) -> None:
    warm = make_warm(notes=str(tmp_path / "warm.sock" / "run.json"))
    assert warm.run("print(1)").letters == b"RXE"
    assert warm.end() == 0


def test_it_ends_after_idling(make_warm: MakeWarm) -> None:
    warm = make_warm(idle_seconds=0)
    assert warm.await_end() == 0
    assert not warm.path.exists()


def test_a_stale_one_says_so_and_ends_after_its_tasks(make_learning: MakeWarm, folder: Path) -> None:
    warm = make_learning()
    with running(warm) as task:
        (folder / "warm_new.py").touch()
        with warm.connect() as connection:
            assert wire.receive_answer(connection) == (wire.STALE, 0)
        assert not warm.path.exists()
        task.stdin.close()
        assert task.stdout.read() == b"ended\n"
        assert [wire.receive_answer(task.connection) for _each in range(2)] == [(b"X", 0), (b"E", 0)]
    assert warm.await_end() == 0


def test_others_are_not_served(make_warm: MakeWarm) -> None:
    owner = os.geteuid()
    warm = make_warm(prepare=lambda: setattr(os, "geteuid", lambda: owner + 1))
    with warm.connect() as connection, pytest.raises((EOFError, ConnectionResetError)):
        wire.receive_answer(connection)


def test_a_task_ends_with_its_worker(make_warm: MakeWarm) -> None:
    warm = make_warm()
    with running(warm) as other, running(warm, f"{BEGIN}os.fork()\nsignal.pause()\n") as task:
        task.connection.close()
        # Both of its processes have been stopped, and nobody else.
        assert task.stdout.read() == b""
        other.stdin.close()
        assert other.stdout.read() == b"ended\n"


def test_a_task_may_go_on_without_its_worker(make_warm: MakeWarm) -> None:
    warm = make_warm()
    with running(warm) as task:
        task.connection.sendall(wire.LEAVE)
        task.connection.close()
        assert warm.run("print(1)").letters == b"RXE"
        task.stdin.close()
        assert task.stdout.read() == b"ended\n"


def test_a_task_that_ends_when_its_worker_does(make_warm: MakeWarm) -> None:
    warm = make_warm()
    with running(warm, f"{BEGIN}print(os.getpid(), flush=True)\nsignal.pause()\n") as task:
        pid = int(task.stdout.readline())
        ended = os.pidfd_open(pid)
        os.kill(warm.pid, signal.SIGSTOP)
        os.kill(pid, signal.SIGKILL)
        assert select.select([ended], [], [], 10)[0]
        os.close(ended)
        task.connection.close()
        os.kill(warm.pid, signal.SIGCONT)
    assert warm.run("print(1)").letters == b"RXE"


def test_a_run_that_was_stopped_takes_its_tasks_along(make_learning: MakeWarm, folder: Path) -> None:
    warm = make_learning()
    with running(warm, f"{BEGIN}signal.pause()\n") as task:
        (folder / "warm_new.py").touch()
        with warm.connect() as connection:
            assert wire.receive_answer(connection) == (wire.STALE, 0)
        os.kill(warm.pid, signal.SIGSTOP)
        task.connection.close()
        os.kill(warm.pid, signal.SIGCONT)
        assert warm.end() == 0
        assert task.stdout.read() == b""


def test_a_task_that_outlives_its_run(make_warm: MakeWarm) -> None:
    warm = make_warm()
    with running(warm) as task:
        assert warm.end() == 0
        task.stdin.close()
        assert task.stdout.read() == b"ended\n"


def test_stopping_a_process_and_what_it_started() -> None:
    for group in (None, 0):
        started = subprocess.Popen(["sleep", "30"], process_group=group)
        process.stop(started.pid)
        assert started.wait(10) == -signal.SIGTERM


def test_who_leaves() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert not process.leaves(ours)
        theirs.sendall(wire.LEAVE)
        assert process.leaves(ours)
        theirs.close()
        assert not process.leaves(ours)


def test_variables_that_python_has_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARM_ADDED", "since then")
    assert process.variables_added()[b"WARM_ADDED"] == b"since then"
    assert b"PATH" not in process.variables_added()

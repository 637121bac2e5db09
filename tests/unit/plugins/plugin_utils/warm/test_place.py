# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a run's warm processes are: when one is started, when another one takes over, and when none can be used."""

from __future__ import annotations

import multiprocessing
import os
import socket
import stat
import sys
from pathlib import Path

import pytest
from ansible_collections.supastack.aws.plugins.plugin_utils._warm import notes, place, wire

PARENT = "import os; print(os.getppid())"


@pytest.fixture
def here(tmp_path: Path) -> place.Place:
    """Return a place whose processes end a second after the test."""
    return place.Place.of(tmp_path / "warm", tmp_path / "notes", ["a playbook"], idle_seconds=1, memory_bytes=1 << 40)


def run(where: place.Place, source: str = PARENT, directory: bytes = b"/", **variables: str) -> tuple[int, bytes]:
    """Run a program with this interpreter. Returns its exit code and what it printed."""
    environment = {**os.environb, **{name.encode(): value.encode() for name, value in variables.items()}}
    code, stdout, stderr = where.run(sys.executable, wire.Request(source.encode(), directory, 0o22, environment))
    assert stderr == b""
    return code, stdout


def test_runs_that_are_alike_share_their_notes(tmp_path: Path) -> None:
    def path(*alike: object) -> Path:
        return place.Place.of(tmp_path / "warm", tmp_path / "notes", list(alike), 1, 1).notes

    assert path("site.yml", None) == path("site.yml", None)
    assert path("site.yml", None) != path("site.yml", ("rds",))
    assert path("site.yml").parent == tmp_path / "notes"


def test_one_process_serves_all_and_nobody_else(here: place.Place) -> None:
    here.begin(sys.executable, dict(os.environb))
    assert run(here) == run(here)
    (path,) = here.folder.iterdir()
    assert stat.S_IMODE(here.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_an_interpreter_reads_at_its_start_needs_another_process(
    here: place.Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "PROCESSES", 2)
    assert run(here, TZ="UTC") != run(here, TZ="Europe/Rome")
    assert run(here, TZ="UTC", OTHER="value") == run(here, TZ="UTC")
    with pytest.raises(place.UnusableError, match="as many warm processes as there may be"):
        run(here, TZ="Asia/Tokyo")


def test_it_starts_with_nothing_of_the_environment_but_what_is_harmless(
    here: place.Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("LANG", "C.UTF-8")
    # A child of the process can read that: both belong to root or, unless that may not be dumped, to this user.
    program = "import os; print(open(f'/proc/{os.getppid()}/environ').read() if os.geteuid() == 0 else 'LANG=C.UTF-8')"
    printed = run(here, program)[1]
    assert b"LANG=C.UTF-8" in printed
    assert b"secret" not in printed


def test_another_one_takes_over_when_a_library_is_added(here: place.Place, tmp_path: Path) -> None:
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    first = run(here, PYTHONPATH=str(libraries))
    (libraries / "notes.txt").touch()
    assert run(here, PYTHONPATH=str(libraries)) == first
    (libraries / "thing.py").write_text("NAME = 'added'", encoding="utf-8")
    assert run(here, f"{PARENT}; import thing; print(thing.NAME)", PYTHONPATH=str(libraries))[1].endswith(b"\nadded\n")
    assert run(here, PYTHONPATH=str(libraries)) != first


def test_a_library_that_changes_all_the_time_is_left_to_others(
    here: place.Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(here, PYTHONPATH=str(tmp_path))
    monkeypatch.setattr(place, "ATTEMPTS", 1)
    (tmp_path / "thing.py").touch()
    with pytest.raises(place.UnusableError, match="what it has loaded keeps changing"):
        run(here, PYTHONPATH=str(tmp_path))


def test_a_path_that_depends_on_the_directory_is_refused(here: place.Place) -> None:
    with pytest.raises(place.UnusableError, match="PYTHONPATH depends on the current directory"):
        run(here, PYTHONPATH=f"/lib{os.pathsep}lib")


def test_an_interpreter_that_is_a_script_is_refused(here: place.Place, tmp_path: Path) -> None:
    script = tmp_path / "python"
    script.write_text(f"#!/bin/sh\nNAME=value exec {sys.executable} $@\n", encoding="ascii")
    script.chmod(0o700)
    with pytest.raises(place.UnusableError, match="the interpreter is a script"):
        here.run(str(script), wire.Request(PARENT.encode(), b"/", 0o22, dict(os.environb)))


def test_what_would_be_different_there_is_refused(here: place.Place) -> None:
    with pytest.raises(place.UnusableError, match="it would not be there as in a new interpreter"):
        run(here, directory=b"/no/such/folder")


@pytest.mark.parametrize("interpreter", ["/bin/cat", "/no/such/python"])
def test_what_is_no_python_is_refused(here: place.Place, interpreter: str) -> None:
    with pytest.raises(place.UnusableError):
        here.run(interpreter, wire.Request(b"", b"/", 0o22, {}))


def test_what_cannot_be_started_is_told(here: place.Place) -> None:
    with pytest.raises(place.UnusableError, match=r"FileNotFoundError: .*/no/such/python"):
        here.begin("/no/such/python", {})


def test_one_that_hangs_is_left_alone(here: place.Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "BEGIN_TIMEOUT", 0.2)
    here.folder.mkdir()
    path = here._path(sys.executable, place.variables_at_start(os.environb))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        with pytest.raises(place.UnusableError, match="it hangs"):
            run(here)
    assert not path.exists()
    monkeypatch.undo()
    assert run(here)[0] == 0


def test_one_of_another_user_is_not_spoken_to(here: place.Place, monkeypatch: pytest.MonkeyPatch) -> None:
    here.begin(sys.executable, dict(os.environb))
    other = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: other)
    with pytest.raises(place.UnusableError, match="belongs to another user"):
        run(here)


def test_one_that_crashed_is_followed_by_another(here: place.Place) -> None:
    pids = set()
    for learns in (True, True, False):
        crashed, printed = run(here, "import os, sys; print(os.getppid())")
        assert crashed == 0
        pids.add(printed)
        marks = list(here.folder.glob("*.crashed"))
        assert bool(marks) is (len(pids) > 1), learns
        with pytest.raises(ProcessLookupError):
            kill_and_await(int(printed))
    assert len(pids) == 3


def kill_and_await(pid: int) -> None:
    """Kill a process and ask for it until it is gone."""
    descriptor = os.pidfd_open(pid)
    os.kill(pid, 9)
    try:
        while True:
            # A process that nobody has waited for yet is still there.
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "Z":
                raise ProcessLookupError
    except FileNotFoundError:
        raise ProcessLookupError from None
    finally:
        os.close(descriptor)


def test_the_second_crash_is_not_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "warm.sock"
    assert place.crashed_again(path) is False
    for again in (False, True, True):
        path.touch()
        assert place.crashed_again(path) is again
        assert not path.exists()


def test_what_the_run_before_needed_is_loaded_at_once(here: place.Place, tmp_path: Path) -> None:
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    count = libraries / "count"
    library = libraries / "slow_thing.py"
    library.write_text(f"open({str(count)!r}, 'a').write('x')", encoding="utf-8")
    notes.write(here.notes, notes.Lesson([], [("slow_thing", str(library))], [], [], "", []))
    environment = {**os.environb, b"PYTHONPATH": os.fsencode(libraries)}
    here.begin(sys.executable, environment)
    while not count.exists():
        # The process will do it; a task would come in between.
        os.sched_yield()
    program = "import sys; print('slow_thing' in sys.modules); import slow_thing"
    assert run(here, program, PYTHONPATH=str(libraries)) == (0, b"True\n")
    assert count.read_text(encoding="ascii") == "x"


def test_a_worker_knows_the_run_it_belongs_to() -> None:
    assert place.main_process() == os.getpid()
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply(place.main_process) == os.getpid()

# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fork that becomes the interpreter of one task: what its program finds there, and how it ends."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.supastack.aws.plugins.plugin_utils._warm import task

RunTask = t.Callable[..., t.Any]
PARTS = {
    "ansible/__init__.py": "",
    "ansible/parts.py": "value = 'payload'",
    "ansible/modules/__init__.py": "",
    "ansible/modules/thing.py": "import ansible.parts, colorsys; print(ansible.parts.value)",
}
SEEN = """\
import ctypes, json, os, resource, sys
print(json.dumps({
    "directory": os.getcwd(),
    "umask": os.umask(0),
    "variables": dict(os.environ),
    "stdin": sys.stdin.read(),
    "argv": sys.argv,
    "path": sys.path[0],
    "names": [__name__, __file__, __cached__, __spec__, __builtins__.__name__],
    "leads": os.getpid() == os.getpgrp(),
    "group": os.getpgrp(),
    "dumpable": ctypes.CDLL(None).prctl(3, 0, 0, 0, 0),
    "ours": [name for name in sys.modules if name.partition(".")[0] == "ansible_collections"],
}))
"""


def test_what_a_program_finds(run_task: RunTask, tmp_path: Path) -> None:
    ran = run_task(
        SEEN,
        added={b"LC_CTYPE": b"C.UTF-8", b"KEPT": b"no"},
        directory=os.fsencode(tmp_path),
        umask=0o27,
        environment={b"KEPT": b"yes", b"PATH": b"/bin"},
    )
    assert (ran.ended.stderr, ran.code) == (b"", 0)
    assert (ran.ended.letters, ran.ended.number(b"R"), ran.ended.number(b"X")) == (b"RX", os.getpid(), 0)
    seen = json.loads(ran.ended.stdout)
    assert seen.pop("group") != os.getpgrp()
    assert seen == {
        "directory": str(tmp_path),
        "umask": 0o27,
        "variables": {"LC_CTYPE": "C.UTF-8", "KEPT": "yes", "PATH": "/bin"},
        "stdin": "",
        "argv": [""],
        "path": "",
        "names": ["__main__", "<stdin>", None, None, "builtins"],
        "leads": False,
        "dumpable": 1,
        "ours": [],
    }


def test_the_time_zone_is_the_tasks(run_task: RunTask) -> None:
    source = "import time; print(time.strftime('%H:%M', time.localtime(0)))"
    for zone, hour in ((b"UTC0", b"00:00"), (b"XYZ-5:30", b"05:30")):
        assert run_task(source, environment={b"TZ": zone}).ended.stdout.strip() == hour


def test_a_program_may_start_a_session(run_task: RunTask) -> None:
    ran = run_task("import os; os.setsid(); print(os.getsid(0) == os.getpid())")
    assert ran.ended.stdout == b"True\n"


@pytest.mark.parametrize(
    ("source", "code", "stdout", "stderr"),
    [
        ("print('all')", 0, b"all\n", b""),
        ("import sys; print('all'); sys.exit()", 0, b"all\n", b""),
        ("import sys; sys.exit(3)", 3, b"", b""),
        ("import sys; sys.exit(True)", 1, b"", b""),
        ("import sys; sys.exit(-1)", 255, b"", b""),
        ("import sys; sys.exit(257)", 1, b"", b""),
        ("import sys; print('some'); sys.exit('words')", 1, b"some\n", b"words\n"),
        ("import atexit; atexit.register(print, 'at exit'); print('end')", 0, b"end\nat exit\n", b""),
        ("import sys; sys.stdout = None", 0, b"", b""),
        ("import sys; print('all'); sys.stdout.close()", 0, b"all\n", b""),
        ("import os; print('lost'); os.close(1)", 120, b"", b""),
        ("import os, sys; print('lost'); os.close(1); sys.exit(3)", 3, b"", b""),
        ("import sys; sys.excepthook = lambda *error: print(error[1]); 1 / 0", 1, b"division by zero\n", b""),
    ],
)
def test_how_a_program_ends(source: str, code: int, stdout: bytes, stderr: bytes, run_task: RunTask) -> None:
    ran = run_task(source)
    assert (ran.ended.stdout, ran.ended.stderr, ran.code) == (stdout, stderr, code)
    assert (ran.ended.letters, ran.ended.number(b"X")) == (b"RX", code)


@pytest.mark.parametrize(
    "source", ["import json\n\ndef run():\n    1 / 0\n\nrun()\n", "if:\n", "\nraise ValueError('x')"]
)
def test_an_exception_is_told_as_python_does(source: str, run_task: RunTask) -> None:
    python = subprocess.run([sys.executable, "-"], input=source.encode(), capture_output=True, check=False)
    ran = run_task(source)
    assert (ran.ended.stderr, ran.code) == (python.stderr, python.returncode)
    assert ran.ended.number(b"X") == 1


def test_an_interrupt_ends_it_by_its_signal(run_task: RunTask) -> None:
    ran = run_task("import os, signal; print('some'); os.kill(os.getpid(), signal.SIGINT)")
    assert ran.code == ran.ended.number(b"X") == -signal.SIGINT
    assert ran.ended.stdout == b"some\n"
    assert ran.ended.stderr.endswith(b"\nKeyboardInterrupt\n")


def test_a_program_that_exits_hard_says_nothing(run_task: RunTask) -> None:
    ran = run_task("import os; os._exit(5)")
    assert (ran.ended.letters, ran.code, ran.lesson) == (b"R", 5, None)


def test_what_a_program_named_is_freed(run_task: RunTask) -> None:
    source = """\
class Thing:
    def __del__(self):
        print("freed", flush=True)
thing = Thing()
"""
    assert run_task(source).ended.stdout == b"freed\n"
    assert run_task(f"{source}raise SystemExit(3)").ended.stdout == b"freed\n"
    failed = run_task(f"{source}def run():\n    1 / 0\nrun()")
    assert (failed.ended.stdout, failed.code) == (b"freed\n", 1)


def test_threads(run_task: RunTask) -> None:
    begin = "import threading\nend = threading.Event()\n"
    waited = run_task(f"{begin}threading.Timer(0.05, lambda: print('from a thread')).start()")
    assert (waited.ended.stdout, waited.ended.letters) == (b"from a thread\n", b"RX")
    left = run_task(f"{begin}threading.Thread(target=end.wait, daemon=True).start()\nimport colorsys")
    assert (left.code, left.ended.letters) == (0, b"RX")
    # An import may be what made it.
    assert left.lesson is None


def test_a_fork_of_a_program_does_not_speak_for_it(run_task: RunTask) -> None:
    ran = run_task("import os, sys\nif os.fork(): os.wait()\nelse: print('fork')\n")
    assert (ran.ended.letters, ran.ended.stdout, ran.code) == (b"RX", b"fork\n", 0)


def test_a_program_that_closes_all_files(run_task: RunTask) -> None:
    ran = run_task("import os; print('all', flush=True); os.closerange(3, 256); os.pipe()")
    assert (ran.ended.letters, ran.ended.stdout, ran.code, ran.lesson) == (b"R", b"all\n", 0, None)


@pytest.mark.parametrize("changes", [{"directory": b"/no/such/folder"}, {"environment": {b"WARM_A": b"2"}}])
def test_a_task_that_does_not_fit_is_refused(changes: t.Any, run_task: RunTask) -> None:
    ran = run_task("print(1)", prepare=lambda memory: memory._read.add(b"WARM_A"), **changes)
    assert (ran.ended.letters, ran.ended.stdout, ran.code) == (b"L", b"", 0)


def test_nobody_asks_for_anything(in_bare_fork: t.Callable[..., t.Any], new_memory: t.Callable[..., t.Any]) -> None:
    def run() -> None:
        ours, connection = socket.socketpair()
        ours.close()
        if os.fork() == 0:
            try:
                task.Task(connection, connection, new_memory(), {}).run()
            finally:
                os._exit(70)
        _pid, status = os.wait()
        assert status == 0

    in_bare_fork(run)


def test_it_tells_what_had_to_be_loaded(
    run_task: RunTask, make_payload: t.Callable[..., bytes], make_source: t.Callable[..., str]
) -> None:
    made = make_payload(**PARTS)
    sys.modules.pop("colorsys", None)
    ran = run_task(make_source(made))
    assert (ran.ended.stdout, ran.ended.stderr, ran.code) == (b"payload\n", b"", 0)
    assert ran.lesson.modules == ["ansible.modules.thing"]
    assert ran.lesson.payload == made.decode()
    assert {"ansible", "ansible.parts"} <= set(ran.lesson.members)
    imported = dict(t.cast(list[tuple[str, str | None]], ran.lesson.imports))
    assert Path(imported["colorsys"] or "").name == "colorsys.py"
    assert not {"__main__", "ansible", "ansible.parts"} & imported.keys()


def test_it_does_not_tell_what_was_there(
    run_task: RunTask, make_payload: t.Callable[..., bytes], make_source: t.Callable[..., str]
) -> None:
    made = make_payload(**PARTS)

    def prepare(memory: t.Any) -> None:
        import colorsys

        assert colorsys
        memory.library.add(made)
        memory.library.execute("ansible.parts")
        memory.models.missed.append("/data/sts")
        memory.models.missed_listings.append((["/data"], "service-2"))
        # Python 3.9 has none.
        del sys.orig_argv

    ran = run_task(make_source(made), prepare=prepare)
    assert (ran.ended.stdout, ran.ended.stderr) == (b"payload\n", b"")
    assert ran.lesson.payload == ""
    assert not {"ansible", "ansible.parts"} & set(ran.lesson.members)
    assert "colorsys" not in dict(ran.lesson.imports)
    assert (ran.lesson.models, ran.lesson.listings) == (["/data/sts"], [[["/data"], "service-2"]])


def test_core_dumps(in_fork: t.Callable[..., t.Any]) -> None:
    def run(hard: int) -> tuple[int, int]:
        resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
        task.forbid_core_dumps()
        return resource.getrlimit(resource.RLIMIT_CORE)

    _soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    assert in_fork(lambda: run(hard)) == (0 if hard == 0 else 1, hard)
    assert in_fork(lambda: run(0)) == (0, 0)


def test_a_closed_file_is_none() -> None:
    ours, theirs = socket.socketpair()
    assert task.identity(ours) != task.identity(theirs)
    for end in (ours, theirs):
        end.close()
        assert task.identity(end) == (0, 0)

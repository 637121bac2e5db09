# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The warm process of real runs: how many there are, when they end, who can talk to them, what they know."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.supastack.aws.plugins.plugin_utils._warm import wire

from tests.integration.connection.runs import (
    ELSEWHERE,
    IN_WARM,
    Gate,
    Run,
    Scene,
    copy,
    library,
    library_path,
    pause,
    probe,
    wait_until,
)
from tests.processes import command_line

SYSTEM_PYTHON = Path("/usr/bin/python3")
ROOT = os.geteuid() == 0
NOBODY = 65534


def assert_all_warm(run: Run) -> None:
    """Check that a run went well and the warm process ran all of its probes."""
    assert run.code == 0, (run.errors, run.results)
    assert run.probes and all(run.values("warm")), run.probes


# Listens as somebody else for two connections, and prints how much came by each.
SPY = """
import os, socket, sys
os.setuid(int(sys.argv[2]))
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
listener.listen()
listener.settimeout(10)
print("listens", flush=True)
for _ in range(2):
    print(len(listener.accept()[0].recv(1000)), flush=True)
"""


def as_user(user: int, folder: Path, act: Callable[[], str]) -> str:
    """Do something as another user in a folder, and return what that gave."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.chdir(folder)
            for opened in (Path(), next(Path().glob("*.sock"))):
                opened.chmod(0o777)
            os.setuid(user)
            os.write(write, act().encode())
        finally:
            os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    with os.fdopen(read) as file:
        return file.read()


def ask(name: str, mark: Path) -> str:
    """Ask a warm process to run something; return its answers, nothing when it has gone away."""
    source = f"import os; open({str(mark)!r}, 'w').write(str(os.geteuid()))".encode()
    with socket.socket(socket.AF_UNIX) as connection, Path(os.devnull).open("r+b") as nothing:
        connection.connect(name)
        connection.settimeout(5)
        try:
            wire.Request(source, b"/", 0o22, dict(os.environb)).send(connection, [nothing.fileno()] * 3)
            return b"".join(wire.receive_answer(connection)[0] for _each in range(3)).decode()
        except (OSError, EOFError):
            return ""


# One process


def test_all_tasks_and_hosts_share_one_process_from_the_first_task_on(scene: Scene) -> None:
    run = scene.run([probe(), probe(), probe(loop=[1, 2])], hosts=5)
    assert_all_warm(Run(run.code, run.results[:10], run.errors))
    assert len({result["parent"] for result in run.probes[:10]}) == 1
    items = [item for result in run.probes[10:] for item in result["results"]]
    assert {item["parent"] for item in items} == {run.probes[0]["parent"]} and len(items) == 10


def test_what_python_reads_at_its_start_gets_other_processes_up_to_a_limit(scene: Scene) -> None:
    code = "import os, sys; result['seen'] = [os.environ.get('LANG'), os.environ.get('TZ'), '/x' in sys.path]"
    settings = [{}, {"LANG": "C"}, {"PYTHONPATH": "/x"}, {"TZ": "Asia/Tokyo"}, {"TZ": "Europe/Oslo"}, {"LANG": "C"}, {}]
    run = scene.run([probe(code, environment=setting) for setting in settings])
    assert run.code == 0, run.errors
    # The fifth kind of environment has to do without.
    assert run.values("warm") == [True, True, True, True, False, True, True]
    parents = run.values("parent")
    assert len(set(parents[:4])) == 4 and parents[5] == parents[1] and parents[6] == parents[0]
    usual = os.environ.get("LANG"), os.environ.get("TZ")
    assert run.values("seen") == [
        [setting.get("LANG", usual[0]), setting.get("TZ", usual[1]), "PYTHONPATH" in setting] for setting in settings
    ]
    assert scene.left() == []


def test_folders_relative_to_the_directory_of_the_run_are_found(scene: Scene) -> None:
    (scene.folder / "own").mkdir()
    (scene.folder / "own" / "nearby.py").touch()
    run = scene.run([probe("import nearby", environment={"PYTHONPATH": "own"})])
    assert run.code == 0, run.results


@pytest.mark.skipif(not SYSTEM_PYTHON.exists(), reason="there is no other interpreter")
def test_another_interpreter_gets_another_process(scene: Scene) -> None:
    code = "import sys; result['python'] = sys.executable"
    other = {"vars": {"ansible_python_interpreter": str(SYSTEM_PYTHON)}}
    run = scene.run([probe(code), probe(code, **other), probe(code), probe(code, **other)])
    assert_all_warm(run)
    assert run.values("python") == [str(scene.python), str(SYSTEM_PYTHON)] * 2
    first, second, *rest = run.values("parent")
    assert first != second and rest == [first, second]
    assert wait_until(lambda: not command_line(second), 2)


# Its end


def test_ends_with_a_run_that_fails(scene: Scene) -> None:
    run = scene.run([probe(), probe("module.fail_json('as it should')"), probe()])
    assert (run.code, len(run.probes)) == (2, 2)
    assert scene.left() == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_ends_with_a_run_that_is_stopped(scene: Scene, number: signal.Signals) -> None:
    gate = Gate(scene.folder)
    running = scene.start([probe(), gate.task, probe()])
    module = gate.wait()
    (warm,) = scene.warm()
    running.send(number)
    run = running.end()
    assert run.code == (99 if number == signal.SIGINT else -number)
    assert wait_until(lambda: not command_line(warm), 2)
    # A killed Ansible has stopped neither its worker nor, through it, the module; here local is no better.
    assert wait_until(lambda: bool(command_line(module)) == (number == signal.SIGKILL), 2)
    gate.open()
    assert wait_until(lambda: not scene.processes(), 2)
    # Only when it was interrupted does Ansible clear up its own temporary folder.
    assert bool(list(scene.temporary.iterdir())) == (number != signal.SIGINT)
    assert not list(scene.temporary.glob("*/warm/*.sock"))


def test_ends_when_idle_and_another_one_takes_over(scene: Scene) -> None:
    scene.variables["ANSIBLE_WARM_IDLE_TIMEOUT"] = "1"
    run = scene.run([probe(), pause(2), probe(), probe()])
    assert_all_warm(run)
    first, second, third = run.values("parent")
    assert first != second == third
    assert scene.left() == []


def test_a_module_goes_on_after_the_timeout_of_its_task(scene: Scene) -> None:
    file = scene.folder / "done"
    code = f"import time; time.sleep(2); open({str(file)!r}, 'w')"
    waiting = {"ansible.builtin.wait_for": {"path": str(file), "timeout": 60, "sleep": 1}}
    late, after, waited = scene.run([probe(code, timeout=1, ignore_errors=True), probe(), waiting]).results
    assert "Timed out" in late["msg"] and after["warm"] and waited["state"] == "file"
    assert scene.left() == []


# Who may talk to it


def test_only_this_user_can_reach_it(scene: Scene) -> None:
    gate = Gate(scene.folder)
    running = scene.start([probe(), gate.task])
    gate.wait()
    folder = scene.warm_folder
    (path,) = folder.glob("*.sock")
    modes = {stat.S_IMODE(file.stat().st_mode) for file in (folder, folder.parent)}, stat.S_IMODE(path.stat().st_mode)
    gate.open()
    assert_all_warm(running.end())
    assert modes == ({0o700}, 0o600)
    (notes,) = wait_until(lambda: scene.notes)
    assert (stat.S_IMODE(notes.parent.stat().st_mode), stat.S_IMODE(notes.stat().st_mode)) == (0o700, 0o600)


@pytest.mark.skipif(not ROOT, reason="only root can become somebody else")
def test_both_sides_refuse_somebody_else_whom_the_folder_lets_in(scene: Scene) -> None:
    gate = Gate(scene.folder)
    mark = scene.folder / "ran"
    running = scene.start([probe(), gate.task, probe(), probe()])
    gate.wait()
    folder = scene.warm_folder
    (path,) = folder.glob("*.sock")
    # The folder is entered before the user is changed, since those above it are not open to everybody.
    answers = [as_user(user, folder, lambda: ask(path.name, mark)) for user in (os.geteuid(), NOBODY)]
    path.unlink()
    folder.chmod(0o777)
    spy = subprocess.Popen([sys.executable, "-c", SPY, path.name, str(NOBODY)], cwd=folder, stdout=subprocess.PIPE)
    assert spy.stdout and spy.stdout.readline() == b"listens\n"
    gate.open()
    run = running.end()
    heard, _errors = spy.communicate(timeout=10)
    assert answers == ["RXE", ""] and mark.read_text(encoding="utf-8") == str(os.geteuid())
    assert run.code == 0 and run.values("warm") == [True, True, False, False]
    # Somebody came, and went away without a word.
    assert heard == b"0\n0\n"


# Crashes


def kill_parent(sure: bool = True) -> str:
    """Code of a module that kills the warm process and goes on when that is dead."""
    return "import os, signal, time; warm = os.getppid(); os.kill(warm, signal.SIGKILL)\n" + (
        "while os.getppid() == warm: time.sleep(0.01)\n" if sure else ""
    )


def test_a_crash_costs_at_most_a_fallback(scene: Scene) -> None:
    mark = scene.folder / "pid"
    tell = f"import os; open({str(mark)!r}, 'w').write(str(os.getppid()))"
    kill = {"ansible.builtin.command": f"sh -c 'kill -9 $(cat {mark})'", **ELSEWHERE}
    tasks = [probe(tell), kill, probe(), probe(tell), probe(kill_parent() + "result['done'] = 1"), probe(), probe()]
    run = scene.run(tasks)
    assert (run.code, run.errors) == (0, "")
    assert run.values("done") == [None, None, None, 1, None, None]
    assert run.values("warm") == [True, True, True, True, True, True]
    parents = run.values("parent")
    # Three processes one after the other; the tasks between two crashes share one.
    assert parents[1] == parents[2] == parents[3] and parents[4] == parents[5]
    assert len(set(parents)) == 3
    assert scene.left() == []


def test_a_crash_before_the_module_ends_leaves_its_failure_as_it_is(scene: Scene) -> None:
    run = scene.run([probe(kill_parent() + "module.fail_json('as it should')", ignore_errors=True), probe()])
    assert run.code == 0
    assert run.values("msg") == ["as it should", None] and run.values("warm")[1]
    assert scene.left() == []


def test_crashes_while_learning_end_learning(scene: Scene) -> None:
    library(scene, "deadly", IN_WARM + "if in_warm():\n    os.kill(os.getpid(), signal.SIGKILL)\n")
    tasks = [probe("import deadly"), pause()] * 3 + [probe("import deadly; result['x'] = deadly.__name__"), probe()]
    run = scene.run(tasks, environment=library_path(scene))
    assert run.code == 0, run.results
    # Each of the first two processes died of what it learned from its task; the third one has learned nothing.
    parents = run.values("parent")
    assert len(set(parents[2:])) == 1 and run.values("x")[3] == "deadly"
    assert [len(set(parents[:3])), all(run.values("warm")[2:])] == [3, True]
    assert scene.left() == []


# Stale code


def test_a_changed_or_added_library_is_taken_at_once(scene: Scene) -> None:
    first, second = scene.folder / "first", scene.folder / "second"
    first.mkdir()
    (second / "pack").mkdir(parents=True)
    (second / "changes.py").write_text("VALUE = 'old'", encoding="utf-8")
    (second / "appears.py").write_text("VALUE = 'old'", encoding="utf-8")
    optional = "try:\n    from pack.extra import VALUE\nexcept ImportError:\n    VALUE = 'old'\n"
    (second / "pack" / "__init__.py").write_text(optional, encoding="utf-8")
    look = probe("import appears, changes, pack; result['seen'] = [appears.VALUE, changes.VALUE, pack.VALUE]")
    tasks = [look, pause(), look, copy(second / "changes.py", "VALUE = 'new'"), look, pause(), look]
    tasks += [copy(first / "appears.py", "VALUE = 'new'"), look, pause(), look]
    tasks += [copy(second / "pack" / "extra.py", "VALUE = 'new'"), look]
    run = scene.run(tasks, environment={"PYTHONPATH": f"{first}:{second}"})
    assert_all_warm(run)
    old, new = "old", "new"
    expected = [[old, old, old]] * 2 + [[old, new, old]] * 2 + [[new, new, old]] * 2 + [[new, new, new]]
    assert run.values("seen") == expected


def test_a_changed_service_description_is_taken_at_once(scene: Scene) -> None:
    folder = scene.folder / "models"
    code = (
        "import boto3, botocore.session; session = botocore.session.get_session(); services = boto3.Session()\n"
        "result['seen'] = [session.get_service_data('tea')['metadata']['signingName'],"
        " sorted({'tea', 'coffee'} & set(services.get_available_services())),"
        " len(session.get_service_data('sts')['operations']) > 5,"
        " sorted({'tea', 'coffee'} & set(session.get_available_services()))]"
    )

    def description(version: str) -> str:
        return json.dumps({"version": "2.0", "metadata": {"signingName": version}, "operations": {}})

    tea = folder / "tea" / "2020-01-01"
    coffee = folder / "coffee" / "2020-01-01"
    for made in (tea, coffee):
        made.mkdir(parents=True)
    (tea / "service-2.json").write_text(description("old"), encoding="utf-8")
    tasks = [probe(code), pause(), probe(code), copy(tea / "service-2.json", description("new")), probe(code)]
    tasks += [copy(coffee / "service-2.json", description("new")), probe(code)]
    run = scene.run(tasks, environment={"AWS_DATA_PATH": str(folder)})
    assert_all_warm(run)
    names = [["tea"]] * 3 + [["coffee", "tea"]]
    assert [seen[0] for seen in run.values("seen")] == ["old", "old", "new", "new"]
    assert [seen[3] for seen in run.values("seen")] == names
    assert all(seen[2] for seen in run.values("seen"))

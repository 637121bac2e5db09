# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the warm process of real runs knows: sources as they are, libraries, notes of other runs, and no secrets."""

from __future__ import annotations

import base64
import json
import os
import resource
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.supastack.aws.plugins.plugin_utils._warm import notes
from ansible_collections.supastack.aws.plugins.plugin_utils._warm.notes import KEPT, Lesson

from tests.integration.connection.runs import (
    IN_WARM,
    LOCAL,
    WARM,
    Gate,
    Run,
    Scene,
    Task,
    library,
    library_path,
    pause,
    probe,
    wait_until,
)
from tests.processes import parent_of

MIB = 1 << 20
# Seconds for which an import may hold a task up.
SLOW = 0.3
# What libraries do when they are imported. The last one ends the warm process.
ODD = {
    "threads": "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\nX = 1\n",
    "raises": "raise ValueError('as it should')\n",
    "raises_in_warm": "if in_warm():\n    raise ValueError('as it should')\nX = 1\n",
    "reads": "X = os.environ.get('ODD_VALUE')\n",
    "changes": "os.environ['ODD_CHANGED'] = 'yes'\nX = os.environ.get('ODD_CHANGED')\n",
    "exits": "if in_warm():\n    raise SystemExit(3)\nX = 1\n",
    "hangs": "if in_warm():\n    time.sleep(2)\nX = 1\n",
    "prints": "print('words that spoil a result', file=__import__('sys').stderr)\nX = 1\n",
    "leaves": "raise SystemExit('as it should')\n",
    "exits_hard": "if in_warm():\n    os._exit(3)\nX = 1\n",
}


# Sources


def collection(folder: Path, value: str) -> None:
    """Write a collection whose module returns what it finds in its module_utils."""
    plugins = folder / "ansible_collections" / "trial" / "stale" / "plugins"
    for name in ("modules", "module_utils"):
        (plugins / name).mkdir(parents=True, exist_ok=True)
    (plugins / "module_utils" / "known.py").write_text(f"VALUE = {value!r}\n", encoding="utf-8")
    module = (
        "from ansible.module_utils.basic import AnsibleModule\n"
        "from ansible_collections.trial.stale.plugins.module_utils.known import VALUE\n"
        f"AnsibleModule({{}}).exit_json(seen=[VALUE, {value!r}], pid=__import__('os').getppid())\n"
    )
    (plugins / "modules" / "look.py").write_text(module, encoding="utf-8")


def seen(run: Run) -> list[Any]:
    """What the module of that collection saw in each of its tasks."""
    assert run.code == 0, (run.results, run.errors)
    return [result["seen"] for result in run.results if "seen" in result]


def test_sources_that_changed_between_runs_or_differ_at_once_are_not_mixed_up(scene: Scene) -> None:
    one, other = scene.folder / "one", scene.folder / "other"
    collection(one, "old")
    collection(other, "other")
    look: Task = {"trial.stale.look": {}}
    in_one = {"ANSIBLE_COLLECTIONS_PATH": f"{one}:{scene.collections}"}
    in_other = {"ANSIBLE_COLLECTIONS_PATH": f"{other}:{scene.collections}"}
    assert seen(scene.run([look, look], variables=in_one)) == [["old", "old"]] * 2
    wait_until(lambda: scene.notes)
    collection(one, "new")
    # They are alike in all that notes are kept by.
    runs = [scene.start([look, look, look], variables=variables) for variables in (in_one, in_other)]
    first, second = (running.end() for running in runs)
    assert seen(first) == [["new", "new"]] * 3 and seen(second) == [["other", "other"]] * 3
    pids = [{result["pid"] for result in run.results} for run in (first, second)]
    assert len(pids[0]) == len(pids[1]) == 1 and pids[0] != pids[1]


# Libraries


def test_a_library_is_imported_once_by_a_task_then_by_the_warm_process_and_ahead_in_the_next_run(scene: Scene) -> None:
    log = scene.folder / "imports"
    library(
        scene, "slow", f"import os, time\ntime.sleep({SLOW})\nopen({str(log)!r}, 'a').write(f'{{os.getpid()}}\\n')\n"
    )
    code = "import time; begin = time.monotonic(); import slow; result['seconds'] = time.monotonic() - begin"
    tasks = [probe(), pause(), *[probe(code), pause(), probe(code), probe(code)]]
    scene.variables.update(library_path(scene))
    runs = [scene.run(tasks), scene.run(tasks)]
    assert all(run.code == 0 and all(run.values("warm")) for run in runs)
    first, second = (run.probes for run in runs)
    pids = [int(line) for line in log.read_text(encoding="utf-8").split()]
    assert pids == [first[1]["pid"], first[0]["parent"], second[0]["parent"]]
    slow = [[result["seconds"] > SLOW for result in probes[1:]] for probes in (first, second)]
    assert slow == [[True, False, False], [False, False, False]]


def test_whatever_a_library_does_when_it_is_imported_results_are_those_of_local(scene: Scene) -> None:
    for name, text in ODD.items():
        library(scene, name, IN_WARM + text)
    tasks: list[Task] = []
    for name in ODD:
        code = (
            f"import os, {name}; result['x'] = [{name}.X, os.environ.get('ODD_CHANGED'), os.environ.get('ODD_VALUE')]"
        )
        # What changes is loaded anew, by a process that none of the libraries before has spoiled.
        change = f"open({str(scene.folder / 'libraries' / name)!r} + '.py', 'a').write('#'); {code}"
        both = enumerate((code, change))
        tasks += [probe(one, ignore_errors=True, environment={"ODD_VALUE": f"{value}"}) for value, one in both]
    tasks += [probe("import os; result['x'] = os.environ.get('ODD_CHANGED')")]
    runs = []
    for connection in (LOCAL, WARM):
        there = Scene(scene.folder / connection, library_path(scene))
        # Without notes, the next warm process does not load what spoiled the one before.
        there.home.mkdir()
        (there.home / "supastack_aws_warm").touch()
        variables = {"ansible_connection": connection, "ansible_python_interpreter": str(there.python)}
        runs.append((there, there.start(tasks, vars=variables)))
    outcomes = []
    for there, running in runs:
        run = running.end()
        kept = ("x", "rc", "module_stdout", "module_stderr", "msg", "failed")
        text = json.dumps([[{name: result.get(name) for name in kept}] for result in run.probes])
        outcomes.append((run.code, text, len(run.probes)))
        # The first task with each library that can be imported.
        ran = [result["warm"] for result in run.probes[:-1:2] if result.get("x")]
        assert ran == [there.folder.name == WARM] * (len(ODD) - 2), run.values("warm")
        assert there.left() == []
    assert outcomes[0][2] == len(tasks) and "as it should" in outcomes[0][1]
    assert json.loads(outcomes[1][1]) == json.loads(outcomes[0][1])


def resident(pid: int) -> int:
    """Bytes of memory that a process occupies (proc_pid_statm(5))."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()


def test_learns_nothing_above_its_limit_of_memory(scene: Scene) -> None:
    log = scene.folder / "imports"
    library(scene, "counted", f"import os\nopen({str(log)!r}, 'a').write(f'{{os.getpid()}}\\n')\n")
    scene.variables.update(ANSIBLE_WARM_MEMORY_LIMIT="1", **library_path(scene))
    run = scene.run([probe("import counted"), pause(), probe("import counted"), probe("import counted")])
    assert run.code == 0 and all(run.values("warm"))
    assert [int(line) for line in log.read_text(encoding="utf-8").split()] == run.values("pid")


def test_does_not_grow_with_the_number_of_tasks(scene: Scene) -> None:
    gates = [Gate(scene.folder / name) for name in ("before", "after")]
    greedy = probe(f"result['size'] = len(b'x' * {50 * MIB})", loop=list(range(12)))
    # On five hosts at once: sixty tasks.
    running = scene.start([probe("b'x'"), gates[0].task, greedy, gates[1].task], hosts=5)
    sizes, files = [], []
    for gate in gates:
        gate.wait()
        (warm,) = scene.warm()
        sizes.append(resident(warm))
        files.append(len(list(Path(f"/proc/{warm}/fd").iterdir())))
        gate.open()
    run = running.end()
    assert run.code == 0
    assert [item["size"] for result in run.probes[10:15] for item in result["results"]] == [50 * MIB] * 60
    # Two files for each task that runs just then.
    assert sizes[1] - sizes[0] < 10 * MIB and files[1] - files[0] <= 8, (sizes, files)


# Secrets


def readable_memory(pid: int) -> Iterator[bytes]:
    """The memory of a process, region by region; those of the kernel excepted, which nobody can read."""
    with Path(f"/proc/{pid}/maps").open(encoding="utf-8") as maps, Path(f"/proc/{pid}/mem").open("rb") as memory:
        for line in maps:
            area, mode, *rest = line.split()
            if "r" in mode and rest[-1] not in ("[vvar]", "[vvar_vclock]", "[vsyscall]"):
                start, end = (int(address, 16) for address in area.split("-"))
                memory.seek(start)
                yield memory.read(end - start)


def forms(secret: str) -> list[bytes]:
    """A secret as it may be kept; in base64 it depends on what is before it."""
    raw = secret.encode()
    coded = [base64.b64encode(b"x" * before + raw)[4 if before else 0 : -4] for before in range(3)]
    return [raw, secret.encode("utf-16-le"), secret.encode("utf-32-le"), raw.hex().encode(), *coded]


def found_in(pid: int, secrets: dict[str, str]) -> set[str]:
    """Tell which secrets are in the memory of a process, or in what it was started with."""
    chunks = [*readable_memory(pid), *(Path(f"/proc/{pid}/{name}").read_bytes() for name in ("environ", "cmdline"))]
    return {
        name for name, secret in secrets.items() for form in forms(secret) if any(form in chunk for chunk in chunks)
    }


def secret_play(scene: Scene, secrets: dict[str, str]) -> list[Task]:
    """Write a vault, and return tasks that have secrets in all the ways in which a task may have them."""
    scene.variables.update(
        AWS_SECRET_ACCESS_KEY=secrets["shell"], ANSIBLE_VAULT_PASSWORD_FILE=str(scene.folder / "pass")
    )
    (scene.folder / "pass").write_text(secrets["password"], encoding="utf-8")
    vault = VaultLib([("default", VaultSecret(secrets["password"].encode()))])
    (scene.folder / "vault.yml").write_bytes(vault.encrypt(f"from_vault: {secrets['vault']}"))
    argument = {"secret": secrets["argument"]}
    # The library makes the warm process learn from a task that has the secrets.
    code = "import os, decimal, http.client; result['secret'] = os.environ['TASK_SECRET'] + module.params['secret']"
    return [
        probe(),
        {"probe": {**argument, "code": code}, "environment": {"TASK_SECRET": secrets["task"]}, "register": "kept"},
        {"probe": {"secret": "{{ from_vault }}", "code": "import xml.dom"}, "no_log": True},
        {"probe": {"secret": "{{ kept.secret }}", "code": "import wave; result['again'] = module.params['secret']"}},
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can read the memory of a process that is not dumpable")
def test_secrets_are_nowhere_but_in_the_task_that_has_them(scene: Scene) -> None:
    names = ("argument", "task", "shell", "vault", "password")
    secrets = {name: f"{name}-{os.urandom(12).hex()}" for name in names}
    tasks = secret_play(scene, secrets)
    gate = Gate(scene.folder / "gate")
    last = {**gate.task, "environment": {"TASK_SECRET": secrets["task"]}}
    last["probe"]["secret"] = f"{secrets['argument']}{{{{ from_vault }}}}"
    running = scene.start([*tasks, pause(), last], vars_files=[str(scene.folder / "vault.yml")])
    module = gate.wait()
    warm = parent_of(module)
    assert scene.warm() == [warm]
    known = found_in(warm, secrets)
    control = found_in(module, secrets)
    folders = [scene.home, scene.temporary, scene.folder / "remote"]
    during = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    texts = {path: path.read_bytes() for path in during}
    gate.open()
    run = running.end()
    wait_until(lambda: scene.notes)
    texts |= {path: path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}
    # The result of the one with no_log is not to be seen.
    assert run.code == 0 and run.values("warm") == [True, True, None, True, True], (run.results, run.errors)
    # The module has none of the vault's password.
    assert control == {"argument", "task", "shell", "vault"}
    assert known == set()
    every = [form for secret in secrets.values() for form in forms(secret)]
    assert texts and [path for path, text in texts.items() if any(form in text for form in every)] == []


def test_neither_the_warm_process_nor_its_tasks_write_core_dumps(scene: Scene) -> None:
    _soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    crash = "import os, resource, signal; os.chdir({folder!r}); {limit}; os.kill({target}, signal.SIGSEGV)"
    folders = {name: scene.folder / name for name in ("control", "module")}
    for folder in folders.values():
        folder.mkdir()
    unlimited = f"resource.setrlimit(resource.RLIMIT_CORE, ({hard}, {hard}))"
    crashes = {
        name: crash.format(folder=str(folder), limit=unlimited if name == "control" else "pass", target="os.getpid()")
        for name, folder in folders.items()
    }
    gate = Gate(scene.folder)
    limits = "import resource; result['soft'] = resource.getrlimit(resource.RLIMIT_CORE)[0]"
    tasks = [probe(limits), *(probe(code, ignore_errors=True) for code in crashes.values()), gate.task, probe()]
    running = scene.start(tasks)
    gate.wait()
    (warm,) = scene.warm()
    soft, _hard = resource.prlimit(warm, resource.RLIMIT_CORE)
    # What still holds a core dump back then is that the process is not dumpable.
    resource.prlimit(warm, resource.RLIMIT_CORE, (hard, hard))
    before = list(Path("/").glob("core*"))
    os.kill(warm, signal.SIGSEGV)
    time.sleep(SLOW)
    gate.open()
    run = running.end()
    assert run.code == 0 and run.values("soft")[0] in (0, 1) and soft in (0, 1)
    assert list(folders["module"].iterdir()) == [] and list(Path("/").glob("core*")) == before
    # Where core dumps go to a program, or none may be written at all, the control has nothing to show either.
    pattern = Path("/proc/sys/kernel/core_pattern").read_text(encoding="utf-8")
    assert bool(list(folders["control"].iterdir())) == (hard != 0 and pattern[0] not in "|/@")


# Notes


def test_runs_of_another_part_have_notes_of_their_own(scene: Scene) -> None:
    some = {"tags": ["some"]}
    stat = {"ansible.builtin.stat": {"path": "/"}}
    tasks = [probe("import wave", **some), probe("import colorsys"), stat, {**pause(), **some}]
    folder = scene.home / "supastack_aws_warm"
    folder.mkdir(parents=True)
    for number in range(KEPT + 8):
        (folder / f"{number}.json").write_text("{}", encoding="utf-8")
        os.utime(folder / f"{number}.json", (number, number))
    assert scene.run(tasks).code == 0
    assert wait_until(lambda: len(scene.notes) == KEPT, 2)
    whole = scene.notes[-1]
    assert scene.run(tasks, "--tags", "some").code == 0
    part = wait_until(lambda: scene.notes[-1] if scene.notes[-1] != whole else None, 2)
    # The oldest one goes after the new one has come.
    assert wait_until(lambda: len(scene.notes) == KEPT, 2)
    lessons = [Lesson.parse(path.read_bytes()) for path in (whole, part)]
    assert [len(lesson.modules) for lesson in lessons] == [2, 1]
    imports = [{name for name, _origin in lesson.imports} & {"wave", "colorsys"} for lesson in lessons]
    assert imports == [{"wave", "colorsys"}, {"wave"}]


def test_notes_of_no_use_do_no_harm(scene: Scene) -> None:
    tasks = [probe("import wave"), pause(), probe("import wave")]
    assert scene.run(tasks).code == 0
    (path,) = wait_until(lambda: scene.notes)
    good = Lesson.parse(path.read_bytes())
    missing = [("no_library_of_this_name", "/nowhere/no_library_of_this_name.py"), ("wave", "/nowhere/wave.py")]
    of_what_went = Lesson(
        ["trial.gone.module", "no_module", *good.modules],
        [*missing, *good.imports],
        ["/nowhere/botocore/data/ec2/service-2"],
        [(["/nowhere"], "service-2")],
        "",
        ["ansible.module_utils.gone", *good.members],
    )
    bad = [
        b"",
        b"\0\xff no JSON",
        b"[1, 2]",
        b'{"modules": []}',
        b"[1, 2, 3, 4, 5, 6]",
        b'[["probe"], ["wave", ["wave", null, 3]], [7], ["x"], {}, [{}]]',
        of_what_went.text(),
    ]
    for text in bad:
        path.write_bytes(text)
        run = scene.run(tasks)
        assert (run.code, run.errors, run.values("warm")) == (0, "", [True, True]), text
        assert wait_until(lambda: (notes.read(path) or good._replace(modules=[])).modules == good.modules, 2), text
        assert scene.left() == []


def test_works_without_a_folder_for_notes(scene: Scene) -> None:
    scene.home.mkdir()
    (scene.home / "supastack_aws_warm").write_text("not a folder", encoding="utf-8")
    run = scene.run([probe("import wave"), probe("import wave")])
    assert (run.code, run.errors, run.values("warm")) == (0, "", [True, True])
    assert scene.left() == []

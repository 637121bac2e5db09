# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The callback timeline: what it makes of runs of ansible-playbook, and of each event by itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from ansible import constants
from ansible.executor.stats import AggregateStats
from ansible.executor.task_result import CallbackTaskResult
from ansible.inventory.host import Host
from ansible.parsing.dataloader import DataLoader
from ansible.playbook import Playbook
from ansible.plugins.loader import callback_loader
from ansible.vars.manager import VariableManager
from ansible_collections.supastack.aws.plugins.callback import timeline as callback
from ansible_collections.supastack.aws.plugins.plugin_utils import _timeline as data

CHECKOUT = Path(__file__).resolve().parents[4]
SECRET = "squeamish-ossifrage"
COMMAND = {"ansible.builtin.command": "true", "changed_when": True}
QUIET = {"ansible.builtin.debug": {"msg": "{{ secret }}"}}
ROLES = {
    "database": {
        "start.yml": [{"name": "Begin the database", **COMMAND}],
        "wait.yml": [{"name": "Wait for the database", **QUIET}],
    },
    "bucket": {
        "main.yml": [{"name": "Included", "ansible.builtin.include_tasks": "more.yml"}],
        "more.yml": [{"name": "Bucket of {{ secret }}", **COMMAND, "notify": "Tell"}],
    },
}
HANDLERS = [{"name": "Tell", **QUIET}]


def imported(role: str, tasks_from: str = "main", **keywords: t.Any) -> dict[str, t.Any]:
    """Return an entry of a play that imports a role."""
    return {"ansible.builtin.import_role": {"name": role, "tasks_from": tasks_from}, **keywords}


SITE = [
    {
        "name": "Validate",
        "tasks": [
            {"name": "Never", "ansible.builtin.meta": "end_host", "when": False},
            {
                "name": "Inputs of each",
                "ansible.builtin.include_role": {"name": "{{ item }}", "tasks_from": "wait"},
                "loop": ["database", "database"],
            },
            {"ansible.builtin.import_tasks": "unnamed.yml"},
        ],
    },
    {
        "name": "Converge",
        "roles": ["bucket"],
        "tasks": [
            {"name": "Account", "ansible.builtin.import_tasks": "unnamed.yml"},
            imported("database", "start", name="Database, started", tags="database"),
            imported("bucket", name="Bucket", tags="bucket"),
            imported("database", "wait", name="Database, waited for", tags="database"),
            imported("database", "wait"),
            {"name": "Not now", **QUIET, "when": False},
            {**COMMAND},
        ],
    },
]
VALIDATE = [("Validate", 0, 0), ("Inputs of each", 2, 0), ("Validate", 1, 0)]
CONVERGE = [
    ("bucket", 1, 1),
    ("Account", 1, 0),
    ("Database, started", 1, 1),
    ("Bucket", 1, 1),
    ("Database, waited for", 1, 0),
    ("database: wait", 1, 0),
    ("Converge", 1, 1),
    # The handler, which Ansible takes from the last of the entries that have it.
    ("Bucket", 1, 0),
]


@dataclass
class Run:
    """How a run of ansible-playbook ended, and its timeline."""

    code: int
    stdout: str
    stderr: str
    timeline: dict[str, t.Any] = field(default_factory=dict)

    def phases(self, host: str = "one") -> list[tuple[str, int, int]]:
        """Return name, tasks and changed of each phase of a host."""
        phases = self.timeline["hosts"][host]["phases"]
        return [(phase["name"], phase["tasks"], phase["changed"]) for phase in phases]

    def failed(self, host: str = "one") -> list[str]:
        """Return the phases that failed."""
        return [phase["name"] for phase in self.timeline["hosts"][host]["phases"] if phase["failed"]]


@pytest.fixture
def play(tmp_path: Path) -> t.Callable[..., Run]:
    """Return a function that runs plays."""

    def run(plays: t.Any, *options: str, hosts: str = "one,", **environment: str) -> Run:
        book = write(tmp_path, plays)
        file = tmp_path / "timeline.json"
        own = {
            "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"),
            "ANSIBLE_HOME": str(tmp_path / "home"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_TIMELINE_FILE": str(file),
            "LC_ALL": "C.UTF-8",
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        variables = {"ansible_python_interpreter": sys.executable, "secret": SECRET}
        command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", hosts, "-c", "local", *options]
        done = subprocess.run(
            [*command, "-e", json.dumps(variables), book],
            env={**inherited, **own, **environment},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        timeline = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        return Run(done.returncode, done.stdout, done.stderr, timeline)

    return run


def write(folder: Path, plays: t.Any) -> Path:
    """Write a playbook, the roles, and a file of tasks."""
    for role, files in ROLES.items():
        for name, tasks in files.items():
            file = folder / "roles" / role / "tasks" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(yaml.safe_dump(tasks), encoding="utf-8")
    file = folder / "roles" / "bucket" / "handlers" / "main.yml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(yaml.safe_dump(HANDLERS), encoding="utf-8")
    (folder / "unnamed.yml").write_text(yaml.safe_dump([{"name": "Look", **QUIET}]), encoding="utf-8")
    usual = {"hosts": "all", "gather_facts": False}
    (folder / "play.yml").write_text(yaml.safe_dump([{**usual, **play} for play in plays]), encoding="utf-8")
    return folder / "play.yml"


def test_phases_are_the_entries_of_the_playbook(play: t.Callable[..., Run]) -> None:
    run = play(SITE)
    assert run.code == 0, run.stdout + run.stderr
    assert run.phases() == VALIDATE + CONVERGE
    assert run.failed() == []
    table = run.stdout.partition("PLAY RECAP")[2]
    assert "\nTIMELINE *" in table
    names = [line[2:24].strip() for line in table.partition("TIMELINE")[2].splitlines()[2:13]]
    assert names == [name for name, _tasks, _changed in VALIDATE + CONVERGE]
    assert len([line for line in table.splitlines() if line.startswith("> ")]) == 1
    assert "timeline" not in run.stderr
    starts = [phase["start"] for phase in run.timeline["hosts"]["one"]["phases"]]
    assert starts == sorted(starts)
    assert 0 < starts[-1] < run.timeline["seconds"]


@pytest.mark.parametrize(("strategy", "forks"), [("linear", "1"), ("linear", "3"), ("free", "3")])
def test_each_host_has_its_own(play: t.Callable[..., Run], strategy: str, forks: str) -> None:
    run = play([SITE[0]], "--forks", forks, hosts="one,two,three", ANSIBLE_STRATEGY=strategy)
    assert run.code == 0, run.stdout + run.stderr
    for host in ("one", "two", "three"):
        assert run.phases(host)[1:] == VALIDATE[1:]
        assert f"TIMELINE [{host}] **" in run.stdout


def test_a_prediction_has_one_too(play: t.Callable[..., Run]) -> None:
    run = play(SITE, "--check", "--diff")
    assert run.code == 0, run.stdout + run.stderr
    assert [name for name, _tasks, _changed in run.phases()] == [name for name, *_rest in VALIDATE + CONVERGE][:-1]


def test_a_part_has_only_its_phases(play: t.Callable[..., Run]) -> None:
    run = play(SITE, "--tags", "database")
    assert run.code == 0, run.stdout + run.stderr
    assert [name for name, _tasks, _changed in run.phases()] == ["Database, started", "Database, waited for"]


def test_only_the_failure_that_ended_the_run_is_shown(play: t.Callable[..., Run]) -> None:
    fail = {"ansible.builtin.fail": {"msg": SECRET}}
    tasks = [
        {"name": "Ignored", "block": [{**fail, "ignore_errors": True}]},
        {"block": [fail], "rescue": [QUIET]},
        imported("bucket", name="Bucket"),
        {"block": [fail], "always": [QUIET]},
        imported("database", "start", name="Never begun"),
    ]
    run = play([{"name": "Try", "tasks": tasks}])
    assert run.code == 2, run.stdout + run.stderr
    assert run.phases() == [("Try", 3, 0), ("Bucket", 1, 1), ("Try", 2, 0)]
    assert [phase["failed"] for phase in run.timeline["hosts"]["one"]["phases"]] == [False, False, True]
    assert "  Try (failed) " in run.stdout or "> Try (failed) " in run.stdout


def test_an_unreachable_host_ends_where_it_was_lost(play: t.Callable[..., Run]) -> None:
    lost = {"vars": {"ansible_remote_tmp": "/dev/null/lost"}}
    tasks = [imported("database", "wait", name="Wait"), imported("database", "start", name="Start", **lost)]
    run = play([{"name": "Lose", "tasks": tasks}], ANSIBLE_PIPELINING="false")
    assert run.code == 4, run.stdout + run.stderr
    assert run.failed() == ["Start"]


def test_an_include_that_cannot_be_read_is_a_failure(play: t.Callable[..., Run]) -> None:
    run = play([{"name": "Read", "tasks": [{"name": "Missing", "ansible.builtin.include_tasks": "missing.yml"}]}])
    assert run.code == 2, run.stdout + run.stderr
    assert run.phases() == [("Missing", 0, 0)]
    assert run.failed() == ["Missing"]


def test_nothing_secret_is_in_it(play: t.Callable[..., Run]) -> None:
    plays = [
        {"name": "Play of {{ secret }}", "tasks": [{"name": "Task of {{ secret }}", **QUIET}]},
        {
            "name": "Slow",
            "tasks": [
                {
                    "name": "Wait for {{ secret }}",
                    "ansible.builtin.command": "sleep {{ item }}",
                    "loop": [1.1],
                    "no_log": True,
                },
            ],
        },
    ]
    run = play(plays)
    assert run.code == 0, run.stdout + run.stderr
    table = run.stdout.partition("\nTIMELINE")[2]
    assert "Slow: Wait for {{ secret }}" in table
    assert SECRET not in table + run.stderr + json.dumps(run.timeline)


def test_programs_that_read_stdout_still_can(play: t.Callable[..., Run]) -> None:
    run = play([SITE[0]], ANSIBLE_STDOUT_CALLBACK="ansible.posix.json")
    assert json.loads(run.stdout)["stats"]["one"]["failures"] == 0
    assert "TIMELINE ***" in run.stderr


def test_a_run_that_plays_nothing_has_none(play: t.Callable[..., Run]) -> None:
    run = play(SITE, "--list-tasks")
    assert run.code == 0
    assert "TIMELINE" not in run.stdout
    assert run.timeline == {}


def test_it_is_off_until_it_is_enabled(play: t.Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "ansible.cfg").write_text(f"[defaults]\ncollections_path = {CHECKOUT / '.collections'}\n")
    run = play([SITE[0]], ANSIBLE_CONFIG=str(tmp_path / "ansible.cfg"))
    assert run.code == 0, run.stdout + run.stderr
    assert "TIMELINE" not in run.stdout + run.stderr


@dataclass
class Events:
    """A callback, and how to send it the events of a host's tasks on a clock that a test moves."""

    callback: t.Any
    tasks: list[t.Any]
    clock: t.Any
    host: Host = field(default_factory=lambda: Host("one"))

    def task(self, number: int, event: str, seconds: float, *, start: bool = True, **result: t.Any) -> None:
        """Send the start of a task, unless Ansible would not, and after so many seconds how it ended."""
        if start:
            self.callback.v2_runner_on_start(self.host, self.tasks[number])
        self.clock.now += seconds
        keywords = {"ignore_errors": result.pop("ignore_errors")} if "ignore_errors" in result else {}
        made = CallbackTaskResult(host=self.host, task=self.tasks[number], return_data=result, task_fields={})
        getattr(self.callback, f"v2_runner_on_{event}")(made, **keywords)

    def end(self, **counts: int) -> None:
        """Send the end of the run."""
        stats = AggregateStats()
        for what, count in counts.items():
            for _time in range(count):
                stats.increment(what, self.host.name)
        self.callback.v2_playbook_on_stats(stats)


@pytest.fixture
def events(tmp_path: Path, clock: t.Any, monkeypatch: pytest.MonkeyPatch) -> Events:
    """Return the tasks of a play, which belong to the entries Database, (play), bucket and an import without a name."""
    monkeypatch.setattr(callback, "time", clock)
    monkeypatch.setattr(constants, "DEFAULT_STDOUT_CALLBACK", "default")
    tasks = [
        imported("database", "start", name="Database"),
        {"name": "Plain", **QUIET},
        imported("database", "wait"),
        {"name": "Each", "ansible.builtin.include_role": {"name": "bucket"}},
        {"ansible.builtin.include_role": {"role": "bucket"}},
        {**COMMAND},
        {"ansible.builtin.import_tasks": "unnamed.yml"},
    ]
    book = write(tmp_path, [{"roles": ["bucket"], "tasks": tasks}])
    loader = DataLoader()
    loader.set_basedir(str(tmp_path))
    (play,) = Playbook.load(str(book), variable_manager=VariableManager(loader=loader), loader=loader).get_plays()
    made = callback_loader.get("supastack.aws.timeline")
    made.set_options(direct={"timeline_file": str(tmp_path / "timeline.json")})
    made.v2_playbook_on_play_start(play)
    compiled = [task for block in play.compile() for task in block.get_tasks() if not task.implicit]
    assert len(compiled) == 8
    return Events(made, compiled, clock)


def test_each_task_has_its_entry(events: Events) -> None:
    names = [callback.entry_name(task) for task in events.tasks]
    assert names == ["bucket", "Database", "", "database: wait", "Each", "bucket", "", ""]
    names = [callback.task_name(task) for task in events.tasks[2:7]]
    assert names == [
        "Plain",
        "Wait for the database",
        "Each",
        "ansible.builtin.include_role",
        "ansible.builtin.command",
    ]


def test_events_become_a_table(events: Events, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    events.callback._display.columns = 79
    events.task(1, "ok", 61, changed=True)
    events.task(2, "skipped", 1)
    events.task(2, "ok", 2)
    events.task(6, "failed", 3, ignore_errors=True, changed=True)
    events.task(3, "unreachable", 4)
    events.task(5, "ok", 5)
    events.clock.now += 24
    events.end(dark=1)
    assert capsys.readouterr().out.splitlines() == [
        "TIMELINE " + "*" * 70,
        "  phase                   start duration tasks changed  0:00               1:40",
        "> Database                 0:00     1:01     1       1  ==============",
        "  all                      1:01    6.0 s     2       1                =",
        "  database: wait (failed)  1:07    4.0 s     1       0                 #",
        "  bucket                   1:11    5.0 s     0       0                  =",
        "Longest phase: Database, 1:01 of 1:40 (61 %)",
        "Longest tasks:",
        "      1:01  Database: Begin the database",
        "     4.0 s  database: wait: Wait for the database",
        "     3.0 s  all: ansible.builtin.command",
        "",
    ]
    written = json.loads((tmp_path / "timeline.json").read_text(encoding="utf-8"))
    assert written["seconds"] == 100
    assert written["hosts"]["one"]["phases"][2] == {
        "play": "all",
        "name": "database: wait",
        "start": 67,
        "seconds": 4,
        "tasks": 1,
        "changed": 0,
        "failed": True,
    }
    longest = {"phase": "Database", "name": "Begin the database", "start": 0, "seconds": 61}
    assert written["hosts"]["one"]["longest_tasks"][0] == longest


def test_results_without_a_start_are_taken_as_they_come(events: Events, tmp_path: Path) -> None:
    events.task(1, "skipped", 1, start=False)
    events.task(2, "failed", 2, start=False)
    events.end(failures=1)
    phases = json.loads((tmp_path / "timeline.json").read_text(encoding="utf-8"))["hosts"]["one"]["phases"]
    assert [(phase["name"], phase["failed"]) for phase in phases] == [("Database", False), ("all", True)]


def test_a_rescued_failure_is_none(events: Events, tmp_path: Path) -> None:
    events.task(1, "failed", 1)
    events.end(rescued=1)
    phases = json.loads((tmp_path / "timeline.json").read_text(encoding="utf-8"))["hosts"]["one"]["phases"]
    assert [phase["failed"] for phase in phases] == [False]


def test_without_a_file_nothing_is_written(events: Events, tmp_path: Path) -> None:
    events.callback.set_options(direct={"timeline_file": None})
    events.task(1, "ok", 1)
    events.end()
    assert not (tmp_path / "timeline.json").exists()


def test_a_file_that_cannot_be_written_is_a_warning(
    events: Events, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(events.callback._display, "warning", warnings.append)
    file = tmp_path / "missing" / "timeline.json"
    events.callback.set_options(direct={"timeline_file": str(file)})
    events.end()
    assert warnings == [f"timeline_file is {file}, which cannot be written: No such file or directory."]


def test_beside_another_stdout_callback_it_goes_to_stderr(
    events: Events, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(constants, "DEFAULT_STDOUT_CALLBACK", "ansible.posix.json")
    events.task(1, "ok", 1)
    events.end()
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "TIMELINE" in printed.err


@pytest.mark.parametrize(
    ("seconds", "text", "point"),
    [
        (0, "0.0 s", "0:00"),
        (59.94, "59.9 s", "0:59"),
        (59.96, "1:00", "0:59"),
        (612.4, "10:12", "10:12"),
        (3599.5, "1:00:00", "59:59"),
        (3723, "1:02:03", "1:02:03"),
    ],
)
def test_times_are_short(seconds: float, text: str, point: str) -> None:
    assert data.duration(seconds) == text
    assert data.clock(seconds) == point


@pytest.mark.parametrize(
    ("start", "end", "drawn"),
    [
        (0, 100, "=" * 20),
        (0, 0.01, "="),
        (100, 100, " " * 19 + "="),
        (50, 54, " " * 10 + "="),
        (50, 60, " " * 10 + "=="),
    ],
)
def test_every_phase_can_be_seen_on_the_axis(start: float, end: float, drawn: str) -> None:
    assert data.stroke(data.Phase("play", "name", start, end), 100, 20) == drawn


@pytest.mark.parametrize(("columns", "width"), [(40, 16), (79, 26), (200, 40)])
def test_bars_fill_the_terminal_within_limits(columns: int, width: int) -> None:
    timeline = data.Timeline()
    timeline.begin("entry", "play", "A name that is short", 0)
    timeline.end("task", 0.5)
    lines = data.table("TIMELINE", timeline, 0.5, columns)
    assert lines[2].endswith("  " + "=" * width)


def test_a_long_name_is_cut_but_not_how_it_ended() -> None:
    phase = data.Phase("play", "Refuse another account than the inventory's", 0, 1)
    assert data.label(phase) == "Refuse another account th..."
    phase.failed = True
    assert data.label(phase) == "Refuse another a... (failed)"


def test_it_is_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    documentation = yaml.safe_load(callback.DOCUMENTATION)
    assert (documentation["name"], documentation["type"]) == ("timeline", callback.CallbackModule.CALLBACK_TYPE)
    (option,) = documentation["options"].values()
    assert option["env"][0]["name"] == "ANSIBLE_TIMELINE_FILE"
    shown = subprocess.run(
        [Path(sys.executable).parent / "ansible-doc", "-t", "callback", "--json", "supastack.aws.timeline"],
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".collections"), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout)["supastack.aws.timeline"]["doc"]["options"]["timeline_file"]["type"] == "path"


def test_every_run_in_this_checkout_has_it() -> None:
    enabled = "supastack.aws.preload, supastack.aws.timeline"
    assert f"callbacks_enabled = {enabled}\n" in (CHECKOUT / "ansible.cfg").read_text(encoding="utf-8")
    for file in (CHECKOUT / "molecule").glob("*/molecule.yml"):
        settings = yaml.safe_load(file.read_text(encoding="utf-8"))["ansible"]["cfg"]["defaults"]
        assert settings["callbacks_enabled"] == enabled

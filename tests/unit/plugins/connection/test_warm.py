# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection warm: what it has run by the warm process, and what it leaves to the connection local."""

from __future__ import annotations

import os
import sys
import typing as t
from pathlib import Path

import pytest
from ansible import constants
from ansible.errors import AnsibleOptionsError
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import connection_loader
from ansible_collections.supastack.aws.plugins.plugin_utils._warm import builder, built

COMMAND = f"/bin/sh -c '{sys.executable} && sleep 0'"
# The lines by which a module is known, around a program.
MODULE = "#!/usr/bin/python\n_ANSIBALLZ_WRAPPER = True\n{program}\n'''\nextensions={{}},\n'''\n"
PARENT = "import os; print(os.getppid())"


@pytest.fixture
def connect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., t.Any]:
    """Return a function that makes a connection of this run, whose warm process ends a second after the test."""
    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(tmp_path))
    monkeypatch.setenv("ANSIBLE_HOME", str(tmp_path / "home"))

    def make(connection: str = "supastack.aws.warm", **variables: t.Any) -> t.Any:
        made = connection_loader.get(connection, PlayContext(), os.devnull)
        made.set_options(var_options={"ansible_warm_idle_timeout": 1, **variables})
        made.cwd = os.fsencode(tmp_path)
        return made

    return make


def source(program: str) -> bytes:
    """Return a program as a module."""
    return MODULE.format(program=program).encode()


def test_a_module_runs_in_a_fork_of_one_process(connect: t.Callable[..., t.Any], tmp_path: Path) -> None:
    code, stdout, stderr = connect().exec_command(
        COMMAND, in_data=builder.build("ansible.builtin.ping", sys.executable)
    )
    assert (code, stderr) == (0, b"")
    assert b'"ping": "pong"' in stdout
    parents = {connect().exec_command(COMMAND, in_data=source(PARENT))[1] for _task in range(2)}
    assert len(parents) == 1
    assert len(list((tmp_path / "warm").glob("*.sock"))) == 1


def test_it_gets_what_a_shell_would_give_it(connect: t.Callable[..., t.Any], tmp_path: Path) -> None:
    program = "import os; print(os.getcwd(), os.environ['NAME'], oct(os.umask(0)))"
    command = COMMAND.replace(f"'{sys.executable}", f"'NAME='\"'\"'a $b'\"'\"' {sys.executable}")
    umask = os.umask(0o27)
    try:
        expected = f"{tmp_path} a $b 0o27\n".encode()
        for connection in (connect(), connect("ansible.builtin.local")):
            assert connection.exec_command(command, in_data=source(program)) == (0, expected, b"")
    finally:
        os.umask(umask)


@pytest.mark.parametrize(
    "program",
    [
        "import os; os.kill(os.getpid(), 9)",
        "import os; os.kill(os.getpid(), 15)",
        "raise SystemExit('no')",
        "raise SystemExit(3)",
        "1 / 0",
        "import os; os._exit(7)",
    ],
)
def test_it_ends_as_on_local(connect: t.Callable[..., t.Any], program: str) -> None:
    local, warm = (
        connect(name).exec_command(COMMAND, in_data=source(program))
        for name in ("ansible.builtin.local", "supastack.aws.warm")
    )
    assert warm == local
    assert warm[0] != 0


@pytest.mark.parametrize(
    ("command", "in_data"),
    [
        ("/bin/sh -c 'echo local'", None),
        ("/bin/sh -c 'cat && sleep 0'", source("local")),
        ("/bin/sh -c '/bin/cat && sleep 0'", source("local")),
        ("/bin/sh -c '/bin/cat && sleep 0'", b"local"),
        ("/bin/sh -c '/bin/cat && sleep 0'", source("local").replace(b"extensions={}", b"extensions={1: 2}")),
    ],
    ids=["raw", "no path", "no Python", "no AnsiballZ", "a debugger"],
)
def test_what_it_does_not_know_is_left_to_local(
    connect: t.Callable[..., t.Any], command: str, in_data: bytes | None
) -> None:
    code, stdout, _stderr = connect().exec_command(command, in_data=in_data)
    assert code == 0
    assert stdout == (in_data or b"local\n")


def test_become_is_left_to_local(connect: t.Callable[..., t.Any]) -> None:
    class Become:
        """One that does nothing."""

        _id = ""

        def expect_prompt(self) -> bool:
            """Ask for nothing."""
            return False

    connection = connect()
    connection.become = Become()
    code, stdout, _stderr = connection.exec_command(COMMAND, in_data=source(PARENT))
    assert code == 0
    # The shell that runs it is a child of this process.
    assert int(stdout) not in {int(connect().exec_command(COMMAND, in_data=source(PARENT))[1]), os.getpid()}


def test_the_first_task_starts_it_before_a_module_runs(connect: t.Callable[..., t.Any], tmp_path: Path) -> None:
    connect(ansible_python_interpreter=sys.executable)
    started = list((tmp_path / "warm").glob("*.sock"))
    assert len(started) == 1
    connect(ansible_python_interpreter=sys.executable)
    assert list((tmp_path / "warm").glob("*.sock")) == started


def test_each_task_looks_whether_what_was_built_ahead_is_still_right(
    connect: t.Callable[..., t.Any], tmp_path: Path
) -> None:
    connect(ansible_python_interpreter=sys.executable)
    cached, source = tmp_path / "cached", tmp_path / "source.py"
    cached.touch()
    source.touch()
    built.write(tmp_path / "warm", [str(cached)], {str(source): built.stamp(source)})
    connect(ansible_python_interpreter=sys.executable)
    assert cached.exists()
    source.write_text("new", encoding="ascii")
    connect(ansible_python_interpreter=sys.executable)
    assert not cached.exists()


@pytest.mark.parametrize(
    "variables",
    [
        {"ansible_python_interpreter": "auto"},
        {"ansible_python_interpreter": sys.executable, "ansible_pipelining": False},
        {"ansible_python_interpreter": "/no/such/python"},
    ],
    ids=["unknown", "no pipelining", "missing"],
)
def test_it_is_not_started_where_it_could_not_be_used(
    connect: t.Callable[..., t.Any], tmp_path: Path, variables: dict[str, t.Any]
) -> None:
    connect(**variables)
    assert list(tmp_path.glob("warm/*.sock")) == []


@pytest.mark.parametrize(
    ("name", "value", "fix"),
    [
        ("ansible_warm_idle_timeout", 0, "give at least 1 second"),
        ("ansible_warm_idle_timeout", -5, "give at least 1 second"),
        ("ansible_warm_memory_limit", 0, "give at least 1 MiB"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(
    connect: t.Callable[..., t.Any], name: str, value: int, fix: str
) -> None:
    with pytest.raises(AnsibleOptionsError, match=f"^{name} is {value}: {fix}"):
        connect(**{name: value})

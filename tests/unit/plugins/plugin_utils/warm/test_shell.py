# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the shell would make of the command that runs a module."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.supastack.aws.plugins.plugin_utils._warm import shell

PYTHON = sys.executable


def parse(line: str, name: str = "/bin/sh", directory: bytes | None = None) -> shell.Command:
    """Return the command of a line that a shell is given."""
    return shell.Command.parse(f"{name} -c {line}", "/bin/sh", directory)


def test_a_command_has_variables_and_an_interpreter() -> None:
    command = parse("'A=1 B='\"'\"'two words'\"'\"' /usr/bin/python3 && sleep 0'")
    assert command.shell == "/bin/sh"
    assert command.assignments == "A=1 B='two words' "
    assert command.interpreter == "/usr/bin/python3"


@pytest.mark.parametrize(
    "line",
    [
        "'/usr/bin/python3'",
        "'/usr/bin/python3 -E && sleep 0'",
        "'python3 && sleep 0'",
        "'/usr/bin/env python3 && sleep 0'",
        "'\"/usr/bin/python3\" && sleep 0'",
        "'A=\"1 /usr/bin/python3 && sleep 0'",
        "' && sleep 0'",
        "'/usr/bin/python3 && sleep 0' more",
    ],
)
def test_other_commands_are_refused(line: str) -> None:
    with pytest.raises(shell.ShellError, match="the command is no interpreter alone"):
        parse(line)


def test_another_option_than_c_is_refused() -> None:
    with pytest.raises(shell.ShellError, match="no interpreter alone"):
        shell.Command.parse(f"/bin/sh -x '{PYTHON} && sleep 0'", None, None)


@pytest.mark.parametrize("name", ["/bin/sh", "/bin/bash"])
def test_the_surroundings_are_those_that_the_shell_gives(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shutil.which(name), "every Linux that we support has both"
    monkeypatch.setenv("GIVEN", "ä\nb=c")
    line = f"'SET='\"'\"'$GIVEN '\"'\"' EMPTY= {PYTHON} && sleep 0'"
    command = parse(line, name, os.fsencode(tmp_path))
    umask, variables = command.surroundings()
    printed = "import os; print(oct(os.umask(0)), dict(os.environb) == {expected})"
    finished = subprocess.run(
        f"{name} -c {line}",
        shell=True,
        cwd=tmp_path,
        input=printed.format(expected=variables),
        capture_output=True,
        text=True,
        check=True,
    )
    assert finished.stdout == f"{oct(umask)} True\n"
    assert (variables[b"SET"], variables[b"EMPTY"], variables[b"GIVEN"]) == (b"$GIVEN ", b"", "ä\nb=c".encode())


def test_a_shell_that_fails_is_told() -> None:
    with pytest.raises(shell.ShellError):
        shell.Command("/bin/false", "", PYTHON, None, None).surroundings()


def test_a_signal_is_reported_in_the_words_of_the_shell() -> None:
    code, words = parse(f"'{PYTHON} && sleep 0'").killed(signal.SIGKILL)
    program = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    finished = subprocess.run(
        ["/bin/sh", "-c", f"{PYTHON} && sleep 0"], input=program, capture_output=True, text=True, check=False
    )
    assert (code, words.decode()) == (finished.returncode, finished.stderr)
    assert code == 128 + signal.SIGKILL

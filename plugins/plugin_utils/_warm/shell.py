# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command by which Ansible runs a module, and what the shell would make of it."""

from __future__ import annotations

import dataclasses
import os
import shlex
import subprocess
import typing as t
from pathlib import Path

# What Ansible adds to each command for the sake of other connections.
AFTERWARDS = " && sleep 0"
# Prints its environment as it got it; in the same place everywhere (FHS 3.0).
ENV = "/usr/bin/env"


class ShellError(Exception):
    """The command is of another kind, or the shell cannot be asked about it."""


@dataclasses.dataclass(frozen=True)
class Command:
    """An interpreter that a shell starts with some variables and that reads its program from stdin.

    :param shell: path of the shell.
    :param assignments: variables as the shell reads them, with a space at the end.
    :param interpreter: an absolute path.
    :param executable: the shell that Ansible runs each command with.
    :param directory: where the command runs.
    """

    shell: str
    assignments: str
    interpreter: str
    executable: str | None
    directory: bytes | None

    @classmethod
    def parse(cls, text: str, executable: str | None, directory: bytes | None) -> t.Self:
        """Return the parts of a command.

        :raises ShellError: it is of another kind.
        """
        try:
            shell, option, line = shlex.split(text)
            *assignments, interpreter = shlex.split(line.removesuffix(AFTERWARDS))
        except ValueError as error:
            raise ShellError(f"the command is no interpreter alone: {error}") from error
        prefix = line.removesuffix(AFTERWARDS).removesuffix(interpreter)
        as_expected = option == "-c" and line == prefix + interpreter + AFTERWARDS and Path(interpreter).is_absolute()
        if not as_expected or not all("=" in word for word in assignments):
            raise ShellError("the command is no interpreter alone")
        return cls(shell, prefix, interpreter, executable, directory)

    def surroundings(self) -> tuple[int, dict[bytes, bytes]]:
        """Return the umask and the environment that the shell would give the interpreter.

        :raises ShellError: the shell fails.
        """
        # What comes last, a shell may become instead of starting it, and then count one level less (SHLVL).
        finished = self._ask(f"umask; {self.assignments}{ENV} -0 && :")
        umask, _newline, listed = finished.stdout.partition(b"\n")
        variables = dict(variable.split(b"=", 1) for variable in listed.split(b"\0") if b"=" in variable)
        if finished.returncode or not umask.isdigit():
            raise ShellError(finished.stderr.decode(errors="replace").strip())
        # Some shells name the program here.
        if variables.get(b"_") == ENV.encode():
            variables[b"_"] = os.fsencode(self.interpreter)
        return int(umask, 8), variables

    def killed(self, signal: int) -> tuple[int, bytes]:
        """Return the exit code and the words with which the shell reports that a signal ended the interpreter."""
        finished = self._ask(f"ulimit -c 0; {self.shell} -c 'kill -{signal} $$'{AFTERWARDS}")
        return finished.returncode, finished.stderr

    def _ask(self, line: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            f"{self.shell} -c {shlex.quote(line)}",
            shell=True,
            executable=self.executable,
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )

# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Which account the servers run as, what it owns, and how its programs are started."""

from __future__ import annotations

import os
import pwd
import sys
from dataclasses import dataclass
from pathlib import Path

from sandbox.postgres import launch
from sandbox.postgres.binaries import Installation
from sandbox.state import SandboxError


@dataclass(frozen=True)
class Account:
    """The account of one server. `separate` when the caller is root, who may not run PostgreSQL."""

    installation: Installation
    instance: Path
    separate: bool

    @classmethod
    def choose(cls, installation: Installation, instance: Path) -> Account:
        """The caller's own account, or the unprivileged one when the caller is root.

        Raises SandboxError when the unprivileged uid does not exist in this user namespace.
        """
        if os.geteuid() != 0:
            return cls(installation, instance, separate=False)
        if not _uid_is_mapped(launch.UID):
            raise SandboxError(
                f"PostgreSQL does not run as root, and uid {launch.UID} does not exist in this user namespace "
                "(/proc/self/uid_map): use the sandbox as an ordinary user, or map 65536 uids into the container."
            )
        if not installation.readable_by_others():
            installation = installation.copy_readable(instance.parent / f".postgres-{installation.version()}")
        return cls(installation, instance, separate=True)

    @property
    def native(self) -> Path:
        """The build as the server sees it."""
        return Path(launch.NATIVE) if self.separate else self.installation.folder

    @property
    def home(self) -> Path:
        """The instance's folder as the server sees it."""
        return Path(launch.INSTANCE) if self.separate else self.instance

    @property
    def administrator(self) -> str:
        """The operating system user, as the server names it, whom peer authentication lets in as rdsadmin."""
        if self.separate:
            return "root"
        try:
            return pwd.getpwuid(os.geteuid()).pw_name
        except KeyError:
            raise SandboxError(
                f"Your uid {os.geteuid()} has no name in /etc/passwd, and PostgreSQL needs one: add an entry for it."
            ) from None

    @property
    def environment(self) -> dict[str, str]:
        """What the programs need on top of the caller's environment; the launcher sets its library path itself."""
        libraries = f"{self.home / 'lib'}:{self.native / 'lib'}"
        return {"LC_ALL": "C.UTF-8"} | ({} if self.separate else {"LD_LIBRARY_PATH": libraries})

    def command(self, program: str, *arguments: str) -> list[str]:
        """The command line that runs `program` of the build as this account."""
        command = [str(self.native / "bin" / program), *arguments]
        if not self.separate:
            return command
        launcher = [sys.executable, "-I", str(Path(launch.__file__)), str(self.installation.folder)]
        return [*launcher, str(self.instance), "--", *command]

    def give(self, path: Path) -> None:
        """Make the account the owner of `path`."""
        if self.separate:
            os.chown(path, launch.UID, launch.UID, follow_symlinks=False)


def _uid_is_mapped(uid: int) -> bool:
    lines = Path("/proc/self/uid_map").read_text(encoding="ascii").splitlines()
    ranges = [[int(field) for field in line.split()] for line in lines]
    return any(first <= uid < first + count for first, _outside, count in ranges)

# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""A sandbox on disk: its folder and the one file that says which ports and credentials it uses."""

from __future__ import annotations

import fcntl
import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
DEFAULT_NAME = "demo"
# The same pattern as supabase_environment: the environment's name is the sandbox's. RDS refuses two hyphens in a row.
NAME_PATTERN = re.compile(r"[a-z](?!.*--)[a-z0-9-]{1,18}[a-z0-9]")


class SandboxError(Exception):
    """What is wrong and what to do about it, in one message for the user."""


def write_atomically(path: Path, text: str, mode: int = 0o600) -> None:
    """Replace `path` by `text`; a reader sees the old or the new content, never half of it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


@contextmanager
def locked(path: Path, remove: bool = False) -> Iterator[None]:
    """Hold an exclusive lock named after `path` against other processes and threads; `remove` leaves no lock file."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = path.with_name(f".{path.name}.lock")
    descriptor = _lock(lock)
    try:
        yield
        if remove:
            lock.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def _lock(lock: Path) -> int:
    while True:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        # Whoever held it may have removed the file: then this lock is on something that nobody else will find.
        with suppress(FileNotFoundError):
            if lock.stat().st_ino == os.fstat(descriptor).st_ino:
                return descriptor
        os.close(descriptor)


@dataclass(frozen=True)
class Sandbox:
    """One named sandbox. `folder` holds everything it writes; removing the folder removes the sandbox."""

    name: str
    folder: Path

    @classmethod
    def current(cls) -> Sandbox:
        """The sandbox that SANDBOX_NAME selects, `demo` when it is not set."""
        name = os.environ.get("SANDBOX_NAME") or DEFAULT_NAME
        if not NAME_PATTERN.fullmatch(name):
            raise SandboxError(
                f"SANDBOX_NAME is {name!r}: use 3 to 20 lower-case letters, digits and hyphens, "
                "starting with a letter, not ending with a hyphen and without two hyphens in a row."
            )
        return cls(name, CHECKOUT / ".sandbox" / name)

    @classmethod
    def at(cls, folder: Path | str) -> Sandbox:
        """The sandbox whose state folder is `folder`, for processes that got the folder as an argument."""
        resolved = Path(folder).resolve()
        return cls(resolved.name, resolved)

    def path(self, *parts: str) -> Path:
        """A path inside the state folder; nothing is created."""
        return self.folder.joinpath(*parts)

    @property
    def prefix(self) -> str:
        """What a command must begin with to mean this sandbox."""
        return "" if self.name == DEFAULT_NAME else f"SANDBOX_NAME={self.name} "

    @property
    def logs(self) -> Path:
        """The folder of `<process>.log` files, created when missing."""
        folder = self.path("logs")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    @property
    def state_file(self) -> Path:
        return self.path("state.json")

    def exists(self) -> bool:
        """Whether `sandbox up` has written its state and `sandbox down` has not removed it."""
        return self.state_file.is_file()

    def read(self) -> dict[str, Any]:
        """The content of state.json; raises SandboxError when this sandbox was never started."""
        try:
            state: dict[str, Any] = json.loads(self.state_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise SandboxError(
                f"There is no sandbox named {self.name!r} here: run `{self.prefix}make demo`, or "
                f"`{self.prefix}.venv/bin/python -m sandbox up` for an empty one."
            ) from None
        return state

    def update(self, **changes: Any) -> dict[str, Any]:
        """Merge `changes` into state.json under a lock and return the new content."""
        with locked(self.state_file):
            state = self.read() if self.exists() else {}
            state.update(changes)
            write_atomically(self.state_file, json.dumps(state, indent=2, sort_keys=True) + "\n")
        return state

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one run of Ansible writes down so that the next one like it is quick from its first task."""

from __future__ import annotations

import array
import json
import os
import socket
import tempfile
import typing as t
from pathlib import Path

# How many different runs are remembered.
KEPT = 32


class Lesson(t.NamedTuple):
    """What there is to load for a task, or for all of a run."""

    # Ansible modules by the names that tasks use.
    modules: list[str]
    # Python modules with the files they come from (None for those without), in the order of their import.
    imports: list[tuple[str, str | None]]
    # Service descriptions of botocore, and the folders and kinds of them of which it listed who has one.
    models: list[str]
    listings: list[tuple[list[str], str]]
    # AnsiballZ, base64 encoded, and what was imported from it.
    payload: str
    members: list[str]

    @classmethod
    def parse(cls, text: bytes) -> Lesson:
        """Return the lesson that was written.

        :raises ValueError: it was something else.
        """
        try:
            return cls(*json.loads(text))
        except TypeError as error:
            raise ValueError(str(error)) from error

    def text(self) -> bytes:
        """Return the lesson in a form for `parse`."""
        return json.dumps(self).encode()

    def send(self, lessons: socket.socket, kind: bytes) -> None:
        """Give the lesson to the warm process, without waiting for it.

        :param kind: a letter that says where the lesson comes from.
        :raises OSError: the process is gone or has no time.
        """
        with os.fdopen(os.memfd_create("lesson"), "wb") as file:
            file.write(self.text())
            file.flush()
            files = array.array("i", [file.fileno()])
            # socket.send_fds drops the flag.
            lessons.sendmsg([kind], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, files)], socket.MSG_DONTWAIT)

    @classmethod
    def receive(cls, lessons: socket.socket) -> tuple[bytes, Lesson]:
        """Return what somebody sent with `send`."""
        kind, files, _flags, _address = socket.recv_fds(lessons, 1, 1)
        with os.fdopen(files[0], "rb") as file:
            file.seek(0)
            return kind, cls.parse(file.read())


def read(path: Path) -> Lesson | None:
    """Return what was written down, None when there is nothing of use."""
    try:
        return Lesson.parse(path.read_bytes())
    except (OSError, ValueError):
        return None


def write(path: Path, lesson: Lesson) -> None:
    """Write a run's lesson down, for this user only, and forget the oldest ones.

    :raises OSError: the folder cannot be written to.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, new = tempfile.mkstemp(dir=path.parent, prefix=".")
    with os.fdopen(descriptor, "wb") as file:
        file.write(lesson.text())
    Path(new).replace(path)
    for old in sorted(path.parent.iterdir(), key=lambda file: file.stat().st_mtime_ns)[:-KEPT]:
        old.unlink(missing_ok=True)

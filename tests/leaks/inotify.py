# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""New files below a folder, as the kernel tells of them (inotify(7)), which Python itself has no module for."""

from __future__ import annotations

import ctypes
import os
import select
import struct
from collections.abc import Iterator
from pathlib import Path

IN_CREATE = 0x100
IN_MOVED_TO = 0x80
IN_Q_OVERFLOW = 0x4000
IN_ISDIR = 0x40000000
HEAD = struct.Struct("iIII")
BUFFER_BYTES = 1 << 16


class Watch:
    """A folder and all folders that are ever made in it. Raises FileNotFoundError without the folder."""

    def __init__(self, folder: Path) -> None:
        folder.stat()
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._folders: dict[int, Path] = {}
        self._file = self._call("inotify_init1", os.O_CLOEXEC | os.O_NONBLOCK)
        self._waiting = list(self._add(folder))

    def close(self) -> None:
        """Let the kernel forget it."""
        os.close(self._file)

    def new_files(self, seconds: float) -> Iterator[Path]:
        """Files that were there, came, or were moved here since the last call; waits up to `seconds` for one.

        Raises OSError when the kernel had to drop some.
        """
        yield from self._waiting
        self._waiting = []
        if select.select([self._file], [], [], seconds)[0]:
            yield from self._read()

    def _read(self) -> Iterator[Path]:
        content = os.read(self._file, BUFFER_BYTES)
        position = 0
        while position < len(content):
            number, mask, _cookie, length = HEAD.unpack_from(content, position)
            position += HEAD.size + length
            if mask & IN_Q_OVERFLOW:
                raise OSError("more files came than the kernel could tell of")
            name = os.fsdecode(content[position - length : position].rstrip(b"\0"))
            if mask & (IN_CREATE | IN_MOVED_TO):
                yield from self._found(self._folders[number] / name, is_folder=bool(mask & IN_ISDIR))

    def _found(self, path: Path, is_folder: bool) -> Iterator[Path]:
        if is_folder:
            yield from self._add(path)
        else:
            yield path

    def _add(self, folder: Path) -> Iterator[Path]:
        """Watch a folder, and then tell what is in it: whatever comes later, the kernel tells."""
        try:
            number = self._call("inotify_add_watch", self._file, os.fsencode(folder), IN_CREATE | IN_MOVED_TO)
            self._folders[number] = folder
            entries = list(os.scandir(folder))
        except FileNotFoundError:
            # Made and removed again.
            return
        for entry in entries:
            yield from self._found(Path(entry.path), is_folder=entry.is_dir(follow_symlinks=False))

    def _call(self, function: str, *arguments: int | bytes) -> int:
        answer: int = getattr(self._libc, function)(*arguments)
        if answer < 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
        return answer

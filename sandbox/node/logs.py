# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Container logs on disk, in the CRI format `<RFC 3339 time> <stream> <F|P> <line>`, and how they are read again."""

from __future__ import annotations

import collections
import contextlib
import datetime
import itertools
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

# As the kubelet's containerLogMaxSize.
_ROTATE_BYTES = 10 * 1024 * 1024
_LONGEST_LINE = 64 * 1024
_POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Options:
    """The options of `kubectl logs`; `since` is a time in seconds of the epoch."""

    follow: bool = False
    timestamps: bool = False
    tail: int | None = None
    since: float | None = None
    limit_bytes: int | None = None


def log_file(folder: Path, container: str, restart_count: int) -> Path:
    """The log of one run of a container."""
    return folder / container / f"{restart_count}.log"


def rotated(path: Path) -> Path:
    """Where the older part of a long log is."""
    return path.with_suffix(".log.1")


class LogWriter:
    """Appends output of a container; a file over 10 MiB becomes `<name>.1` and a new one is begun."""

    def __init__(self, path: Path, rotate_bytes: int = _ROTATE_BYTES) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = path
        self._rotate_bytes = rotate_bytes
        self._descriptor = self._open()
        self._pending = {"stdout": b"", "stderr": b""}

    def write(self, stream: str, chunk: bytes) -> None:
        """Add `chunk` of `stream` (stdout or stderr); lines are written when they are complete."""
        *lines, rest = (self._pending[stream] + chunk).split(b"\n")
        if len(rest) > _LONGEST_LINE:
            lines, rest = [*lines, rest], b""
        self._pending[stream] = rest
        self._append(stream, lines)

    def close(self) -> None:
        """Write unfinished lines and close the file."""
        for stream, rest in self._pending.items():
            if rest:
                self._append(stream, [rest])
        os.close(self._descriptor)

    def _open(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def _append(self, stream: str, lines: list[bytes]) -> None:
        if not lines:
            return
        prefix = f"{_now()} {stream} F ".encode()
        os.write(self._descriptor, b"".join(prefix + line + b"\n" for line in lines))
        if os.fstat(self._descriptor).st_size > self._rotate_bytes:
            os.close(self._descriptor)
            self._path.replace(rotated(self._path))
            self._descriptor = self._open()


def last_lines(path: Path, count: int, limit: int) -> str:
    """The end of a log without times: at most `count` lines and `limit` characters."""
    lines = collections.deque(_lines(path), maxlen=count) if path.exists() else []
    return "".join(_message(line).decode(errors="replace") for line in lines)[-limit:]


def read(path: Path, options: Options, running: Callable[[], bool]) -> Iterator[bytes]:
    """Yield what `kubectl logs` prints of the log at `path`; with `follow` until `running` is false."""
    budget = options.limit_bytes
    for line in _selected(path, options, running):
        text = _shown(line, options.timestamps)
        if budget is not None:
            text = text[:budget]
            budget -= len(text)
        yield text
        if budget == 0:
            return


def _selected(path: Path, options: Options, running: Callable[[], bool]) -> Iterator[bytes]:
    older = rotated(path)
    with path.open("rb") as stream:
        existing = itertools.chain(_lines(older) if older.exists() else [], stream)
        recent = (line for line in existing if options.since is None or _time(line) >= options.since)
        yield from recent if options.tail is None else collections.deque(recent, maxlen=options.tail)
        if options.follow:
            yield from _follow(path, stream, running)


def _follow(path: Path, stream: IO[bytes], running: Callable[[], bool]) -> Iterator[bytes]:
    """Yield what is added. `stream` stays open, so that the end is read even when the pod's files are gone already."""
    with contextlib.ExitStack() as opened:
        while True:
            # Asked before reading, so that what was written before the end is still read.
            alive = running()
            yield from stream
            if not alive:
                return
            if path.exists() and path.stat().st_ino != os.fstat(stream.fileno()).st_ino:
                yield from stream
                stream = opened.enter_context(path.open("rb"))
            else:
                time.sleep(_POLL_SECONDS)


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        yield from stream


def _shown(line: bytes, timestamps: bool) -> bytes:
    return line.split(b" ", 1)[0] + b" " + _message(line) if timestamps else _message(line)


def _message(line: bytes) -> bytes:
    return line.split(b" ", 3)[-1]


def _time(line: bytes) -> float:
    text = line.split(b" ", 1)[0].decode("ascii", "replace")
    return datetime.datetime.fromisoformat(text).timestamp()


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

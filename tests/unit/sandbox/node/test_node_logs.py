# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Container logs: written, rotated, read."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from sandbox.node import logs, server
from sandbox.node.logs import LogWriter, Options


def _read(path: Path, options: Options | None = None) -> bytes:
    return b"".join(logs.read(path, options or Options(), lambda: False))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = logs.log_file(tmp_path, "c", 0)
    writer = LogWriter(path)
    writer.write("stdout", b"one\ntw")
    writer.write("stderr", b"error\n")
    writer.write("stdout", b"o\nlast")
    writer.close()
    return path


def test_lines_are_whole_and_in_order_of_completion(log: Path) -> None:
    assert _read(log) == b"one\nerror\ntwo\nlast\n"


@pytest.mark.parametrize(("tail", "expected"), [(2, b"two\nlast\n"), (0, b""), (9, b"one\nerror\ntwo\nlast\n")])
def test_tail(log: Path, tail: int, expected: bytes) -> None:
    assert _read(log, Options(tail=tail)) == expected


def test_timestamps_limit_and_since(log: Path) -> None:
    stamp, _unused, text = _read(log, Options(timestamps=True)).splitlines()[0].partition(b" ")
    assert text == b"one"
    assert stamp.endswith(b"Z")
    assert _read(log, Options(limit_bytes=5)) == b"one\ne"
    assert _read(log, Options(since=4e9)) == b""


def test_last_lines(log: Path) -> None:
    assert logs.last_lines(log, 2, 100) == "two\nlast\n"
    assert logs.last_lines(log, 2, 3) == "st\n"
    assert logs.last_lines(log.with_name("none"), 2, 3) == ""


def test_rotation_keeps_the_older_part(tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    writer = LogWriter(path, rotate_bytes=200)
    for number in range(10):
        writer.write("stdout", f"line {number}\n".encode())
    writer.close()
    assert path.stat().st_size < 250
    assert _read(path).splitlines()[-1] == b"line 9"
    assert logs.rotated(path).exists()


def test_follow_reads_to_the_end_although_the_pod_is_deleted(tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    writer = LogWriter(path)
    writer.write("stdout", b"before\n")
    ended = threading.Event()
    found: list[bytes] = []
    options = Options(follow=True)
    reader = threading.Thread(target=lambda: found.extend(logs.read(path, options, lambda: not ended.is_set())))
    reader.start()
    time.sleep(0.1)
    path.unlink()
    writer.write("stdout", b"after\n")
    writer.close()
    ended.set()
    reader.join(5)
    assert b"".join(found) == b"before\nafter\n"


def test_options_of_a_query() -> None:
    query = {"follow": "true", "tailLines": "5", "timestamps": "true", "limitBytes": "9"}
    assert server.options(query) == Options(follow=True, timestamps=True, tail=5, limit_bytes=9)
    assert server.options({"sinceTime": "1970-01-01T00:01:00Z"}).since == 60

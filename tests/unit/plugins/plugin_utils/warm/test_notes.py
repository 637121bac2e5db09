# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one run writes down for the next one."""

from __future__ import annotations

import os
import socket
import typing as t
from pathlib import Path

import pytest
from ansible_collections.supastack.aws.plugins.plugin_utils._warm import notes

LESSON = notes.Lesson(
    ["ansible.builtin.ping"],
    [("json", "/lib/json.py"), ("namespace", None)],
    ["/data/ec2/service-2"],
    [(["/data"], "service-2")],
    "UEsF",
    ["ansible.module_utils.basic"],
)


def as_lists(lesson: notes.Lesson | None) -> list[t.Any]:
    """Return what a lesson says, its tuples being lists since JSON has no other."""
    assert lesson is not None
    listings = [list(item) for item in lesson.listings]
    return [*lesson._replace(imports=[], listings=[]), [list(item) for item in lesson.imports], listings]


def test_a_lesson_written_down_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "run.json"
    notes.write(path, LESSON)
    assert as_lists(notes.read(path)) == as_lists(LESSON)
    notes.write(path, LESSON._replace(modules=["other"]))
    assert as_lists(notes.read(path))[0] == ["other"]


def test_notes_are_for_this_user_only(tmp_path: Path) -> None:
    os.umask(os.umask(0))
    path = tmp_path / "folder" / "run.json"
    notes.write(path, LESSON)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_the_oldest_notes_are_forgotten(tmp_path: Path) -> None:
    for age in range(notes.KEPT + 3):
        old = tmp_path / f"{age}.json"
        old.touch()
        os.utime(old, (1_000_000 - age, 1_000_000 - age))
    notes.write(tmp_path / "new.json", LESSON)
    kept = {"new.json", *(f"{age}.json" for age in range(notes.KEPT - 1))}
    assert {path.name for path in tmp_path.iterdir()} == kept


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        notes.write(tmp_path / "file" / "run.json", LESSON)


@pytest.mark.parametrize("text", [None, b"", b"no json", b"[1, 2]", b"7", b"\xff"])
def test_notes_of_no_use(text: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    if text is not None:
        path.write_bytes(text)
    assert notes.read(path) is None


def test_a_lesson_is_sent_whatever_its_size() -> None:
    taught, lessons = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    large = LESSON._replace(payload="x" * 5_000_000)
    with taught, lessons:
        large.send(taught, b"T")
        LESSON.send(taught, b"B")
        kind, received = notes.Lesson.receive(lessons)
        assert (kind, as_lists(received)) == (b"T", as_lists(large))
        assert notes.Lesson.receive(lessons)[0] == b"B"
        lessons.close()
        with pytest.raises(BrokenPipeError):
            LESSON.send(taught, b"T")


def test_sending_a_lesson_does_not_wait() -> None:
    taught, lessons = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with taught, lessons, pytest.raises(BlockingIOError):
        for _each in range(100_000):
            LESSON.send(taught, b"T")

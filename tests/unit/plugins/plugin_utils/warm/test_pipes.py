# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a worker takes from a task that runs, and how it learns of its end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import typing as t

import pytest
from ansible_collections.supastack.aws.plugins.plugin_utils._warm import pipes, wire


@pytest.fixture
def ends() -> t.Iterator[tuple[socket.socket, socket.socket]]:
    """Return both ends of a connection, the worker's first."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@pytest.fixture
def process() -> t.Iterator[subprocess.Popen[bytes]]:
    """Return a process that stands for the warm one, which ends when it is told to."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as running:
        yield running
        running.kill()


def test_output_is_taken_until_everybody_has_closed_it() -> None:
    with pipes.Pipes() as ours:
        program = "cat; echo out; echo err >&2; (sleep 0.3; echo late) & "
        stdin, stdout, stderr = ours.theirs
        with subprocess.Popen(["sh", "-c", program], stdin=stdin, stdout=stdout, stderr=stderr):
            ours.close_theirs()
            assert ours.read() == (b"out\nlate\n", b"err\n")
    assert ours.theirs == []


def test_much_output_on_both_is_taken() -> None:
    with pipes.Pipes() as ours:
        program = "head -c 3000000 /dev/zero >&2; head -c 3000000 /dev/zero"
        with subprocess.Popen(["sh", "-c", program], stdout=ours.theirs[1], stderr=ours.theirs[2]):
            ours.close_theirs()
            assert [len(output) for output in ours.read()] == [3000000, 3000000]


def test_an_interrupted_worker_says_that_the_task_may_go_on(
    ends: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_self: pipes.Pipes) -> t.NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(pipes.Pipes, "read", interrupted)
    with pipes.Pipes() as ours, pytest.raises(KeyboardInterrupt):
        pipes.attend(ends[0], ours, os.getpid())
    assert ends[1].recv(2) == wire.LEAVE


@pytest.mark.parametrize(
    ("command", "expected"), [("exit 3", 3), ("kill -9 $$", -signal.SIGKILL)], ids=["exit", "signal"]
)
def test_the_parent_knows_how_a_task_ended(
    ends: tuple[socket.socket, socket.socket], command: str, expected: int
) -> None:
    wire.send_answer(ends[1], wire.EXITING, 5)
    wire.send_answer(ends[1], wire.ENDED, os.system(command))
    with pipes.Pipes() as ours:
        ours.close_theirs()
        assert pipes.attend(ends[0], ours, os.getpid()) == (expected, b"", b"")


def test_a_task_that_outlives_the_warm_process_is_asked_itself(
    ends: tuple[socket.socket, socket.socket], process: subprocess.Popen[bytes]
) -> None:
    process.kill()
    process.wait()
    wire.send_answer(ends[1], wire.EXITING, 5)
    ends[1].close()
    assert pipes.await_end(ends[0], process.pid) == 5


def test_a_task_that_says_nothing_any_more_was_killed(
    ends: tuple[socket.socket, socket.socket], process: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipes, "END_TIMEOUT", 0.1)
    # Somebody else still has its end of the connection.
    process.kill()
    assert pipes.await_end(ends[0], process.pid) == -signal.SIGKILL


def test_a_connection_that_ends_without_a_word_means_killed(ends: tuple[socket.socket, socket.socket]) -> None:
    ends[1].close()
    assert pipes.await_end(ends[0], os.getpid()) == -signal.SIGKILL

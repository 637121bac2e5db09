# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible and the warm process say to each other."""

from __future__ import annotations

import os
import socket
import threading
import typing as t

import pytest
from ansible_collections.supastack.aws.plugins.plugin_utils._warm import wire

REQUEST = wire.Request(b"print(1)\n", b"/some where", 0o27, {b"A": b"b=c\n\xff", b"EMPTY": b""})


@pytest.fixture
def ends() -> t.Iterator[tuple[socket.socket, socket.socket]]:
    """Two ends of a connection."""
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.settimeout(10)
    with ours, theirs:
        yield ours, theirs


def test_a_request_comes_with_its_files(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    pipe = os.pipe()
    REQUEST.send(ours, [pipe[0], pipe[1], pipe[1]])
    received, files = wire.Request.receive(theirs)
    assert received == REQUEST
    os.write(files[2], b"through the pipe")
    assert os.read(pipe[0], 100) == b"through the pipe"
    for file in (*pipe, *files):
        os.close(file)


def test_a_large_request_comes_in_pieces(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    large = wire.Request(os.urandom(1 << 22), b"/", 0o22, {b"LONG": b"x" * 100_000})
    sender = threading.Thread(target=large.send, args=(ours, [0, 1, 2]))
    sender.start()
    received, files = wire.Request.receive(theirs)
    sender.join()
    assert received == large
    for file in files:
        os.close(file)


@pytest.mark.parametrize("length", [0, 4, 8, 30, -1])
def test_a_request_that_was_cut_off(length: int, ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    whole, end = socket.socketpair()
    with whole, end:
        REQUEST.send(whole, [0, 1, 2])
        text = end.recv(1000)
    if length:
        socket.send_fds(ours, [text[:length]], [0, 1, 2])
    ours.close()
    with pytest.raises(EOFError):
        wire.Request.receive(theirs)


def test_a_request_without_all_files(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    REQUEST.send(ours, [0, 1])
    with pytest.raises(EOFError):
        wire.Request.receive(theirs)


def test_answers_are_a_letter_and_a_number(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    wire.send_answer(ours, wire.EXITING, -2)
    wire.send_answer(ours, wire.REFUSED)
    assert [wire.receive_answer(theirs) for _each in range(2)] == [(b"X", -2), (b"L", 0)]
    ours.sendall(b"E\0")
    ours.close()
    with pytest.raises(EOFError):
        wire.receive_answer(theirs)


def test_no_answer_in_time(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, _theirs = ends
    ours.settimeout(0.01)
    with pytest.raises(OSError, match="timed out"):
        wire.receive_answer(ours)


def test_whose_the_other_side_is(ends: tuple[socket.socket, socket.socket]) -> None:
    assert wire.is_mine(ends[0], os.geteuid())
    assert not wire.is_mine(ends[0], os.geteuid() + 1)

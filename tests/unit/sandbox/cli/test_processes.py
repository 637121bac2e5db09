# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Processes: started, recorded, stopped, found again by their marker."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import processes
from sandbox.state import Sandbox, SandboxError

SLEEP = ["sleep", "600"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print('on'); time.sleep(600)",
]


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    sandbox = Sandbox("processes", tmp_path / "processes")
    yield sandbox
    processes.stop_all(sandbox, timeout=1)


def test_start_and_stop(sandbox: Sandbox) -> None:
    pid = processes.start(sandbox, "one", ["sh", "-c", "echo hello; sleep 600"])
    assert processes.alive(sandbox, "one")
    # Linux shows the environment of a program that has begun, not yet of one that is being loaded.
    while not (sandbox.logs / "one.log").read_text():
        time.sleep(0.01)
    assert processes.marked(sandbox)[0] == pid
    assert processes.stop(sandbox, "one") is True
    assert not processes.alive(sandbox, "one")
    assert processes.marked(sandbox) == []
    assert (sandbox.logs / "one.log").read_text() == "hello\n"
    assert processes.stop(sandbox, "one") is False


def test_a_name_runs_once(sandbox: Sandbox) -> None:
    processes.start(sandbox, "one", SLEEP)
    with pytest.raises(SandboxError, match="runs already"):
        processes.start(sandbox, "one", SLEEP)


def test_missing_program(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxError, match=r"Cannot start 'one' \(/no/program\): No such file"):
        processes.start(sandbox, "one", ["/no/program"])


def test_a_process_that_ends_is_not_alive(sandbox: Sandbox) -> None:
    processes.start(sandbox, "one", ["true"])
    deadline = time.monotonic() + 5
    while processes.alive(sandbox, "one") and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not processes.alive(sandbox, "one")


def test_a_reused_pid_is_another_process(sandbox: Sandbox) -> None:
    processes.start(sandbox, "one", SLEEP)
    record = processes.record(sandbox, "one")
    assert record is not None
    other = processes.Process("one", record.pid, record.started - 1, record.argv)
    assert not processes.is_running(other)


def test_stubborn_process_is_killed(sandbox: Sandbox) -> None:
    processes.start(sandbox, "one", STUBBORN, env={"PYTHONUNBUFFERED": "1"})
    log = sandbox.logs / "one.log"
    while log.read_text() != "on\n":
        time.sleep(0.01)
    assert processes.stop(sandbox, "one", timeout=0.2)
    assert not processes.alive(sandbox, "one")


def test_stop_all_finds_what_nobody_recorded(sandbox: Sandbox) -> None:
    processes.start(sandbox, "parent", ["sh", "-c", "setsid sleep 600 & setsid sleep 600 & wait"])
    deadline = time.monotonic() + 5
    # A child is marked from its fork on, but called sleep only when it has become that program.
    while sorted(map(processes.command_name, processes.marked(sandbox)))[-2:] != ["sleep", "sleep"]:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    parent = processes.record(sandbox, "parent")
    assert parent is not None
    os.kill(parent.pid, signal.SIGKILL)
    assert processes.stop_all(sandbox)[-2:] == ["sleep", "sleep"]
    assert processes.marked(sandbox) == []


def test_stop_all_leaves_other_sandboxes_alone(sandbox: Sandbox, tmp_path: Path) -> None:
    other = Sandbox("processes-2", tmp_path / "processes-2")
    processes.start(other, "one", SLEEP)
    processes.start(sandbox, "one", SLEEP)
    processes.stop_all(sandbox)
    assert processes.alive(other, "one")
    assert processes.stop_all(other) == ["one"]


def test_adopted_process_is_stopped_like_our_own(sandbox: Sandbox) -> None:
    pid = processes.start(sandbox, "one", SLEEP)
    processes.adopt(sandbox, "two", pid, signal.SIGKILL)
    assert processes.stop(sandbox, "two")
    assert not processes.alive(sandbox, "one")


def test_settings_of_a_real_account_or_cluster_are_not_inherited(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("KUBECONFIG", "/real/cluster")
    environment = processes.environment(sandbox, {"AWS_DEFAULT_REGION": "eu-west-1"})
    assert {key: value for key, value in environment.items() if key.startswith(("AWS_", "KUBECONFIG"))} == {
        "AWS_DEFAULT_REGION": "eu-west-1"
    }
    assert environment[processes.MARKER] == str(sandbox.folder)


def test_memory(sandbox: Sandbox) -> None:
    pid = processes.start(sandbox, "one", [sys.executable, "-c", "import time; time.sleep(600)"])
    deadline = time.monotonic() + 5
    while processes.resident_bytes([pid]) < 100_000 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert processes.resident_bytes([pid]) > 100_000
    assert processes.resident_bytes([2**30]) == 0

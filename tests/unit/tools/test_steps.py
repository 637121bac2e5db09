# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How set-up steps run, fail and explain themselves."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tools import steps
from tools.places import CHECKOUT
from tools.steps import Step, StepFailed


@pytest.fixture(autouse=True)
def _own_setup_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "SETUP", tmp_path)


class Work:
    """A step that counts its runs and can fail."""

    def __init__(self, *, done: bool = False, failure: StepFailed | None = None) -> None:
        self.done, self.failure, self.runs = done, failure, 0

    def run(self) -> None:
        self.runs += 1
        if self.failure:
            raise self.failure
        self.done = True

    def step(self, name: str) -> Step:
        return Step(name, f"doing {name}", lambda: self.done, self.run)


def test_only_what_is_not_done_runs(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = Work(done=True), Work()
    assert steps.perform([first.step("first"), second.step("second")]) == 0
    assert (first.runs, second.runs) == (0, 1)
    printed = capsys.readouterr().out
    assert "[1/2] first: done before" in printed
    assert "[2/2] second: doing second ..." in printed
    assert "[2/2] second: done in 0 s" in printed


def test_a_finished_set_up_prints_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert steps.perform([Work(done=True).step("first")]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_a_failure_names_step_log_and_remedy_and_stops(capsys: pytest.CaptureFixture[str]) -> None:
    log = steps.log_of("first")
    failing, never = Work(failure=StepFailed("go ended with code 1", log=log, advice="Do this,")), Work()
    failing.step("first")

    def run() -> None:
        log.write_text("one\ntwo\n", encoding="utf-8")
        failing.run()

    assert steps.perform([Step("first", "doing", lambda: False, run), never.step("second")]) == 1
    printed = capsys.readouterr().err
    assert "step first failed after 0 s: go ended with code 1" in printed
    assert str(log) in printed
    assert "    | two" in printed
    assert "What to do: Do this, then run the same command again" in printed
    assert never.runs == 0


@pytest.mark.parametrize(
    ("printed", "advice"),
    [
        ("Failed to establish a new connection: [Errno -3] Temporary failure in name resolution", "network"),
        ("dial tcp: lookup host on 10.0.0.1:53: connect: network is unreachable", "network"),
        ("npm error code ENOTFOUND", "network"),
        ("ERROR: No matching distribution found for aiofiles==25.1.0", "PIP_NO_INDEX"),
        ("module lookup disabled by GOPROXY=off", "GOPROXY=off"),
        ("write x: no space left on device".replace("no", "No"), "disk is full"),
        ("compile: signal: killed", "memory"),
        ("x509: certificate signed by unknown authority", "certificate"),
        ("open /x: Permission denied", "owns"),
    ],
)
def test_known_failures_have_advice(printed: str, advice: str) -> None:
    assert advice in steps.advice_for(printed)


def test_an_unknown_failure_sends_the_user_to_the_log() -> None:
    assert steps.advice_for("undefined: foo") == ""
    assert "read the log" in StepFailed("x").explain("kwok", 1.0)


def test_run_keeps_the_output_in_the_log(tmp_path: Path) -> None:
    with pytest.raises(StepFailed) as caught:
        steps.run("demo", [sys.executable, "-c", "print('seen'); raise SystemExit(3)"], env=os.environ, cwd=tmp_path)
    assert "ended with code 3" in caught.value.reason
    assert "seen" in steps.log_of("demo").read_text(encoding="utf-8")


def test_run_reports_a_program_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(StepFailed, match="No such file"):
        steps.run("demo", [tmp_path / "absent"], env={}, cwd=tmp_path)


def test_advice_comes_from_this_program_not_from_an_earlier_one(tmp_path: Path) -> None:
    steps.run("demo", [sys.executable, "-c", "print('ENOTFOUND')"], env=os.environ, cwd=tmp_path)
    with pytest.raises(StepFailed) as caught:
        steps.run("demo", [sys.executable, "-c", "raise SystemExit(1)"], env=os.environ, cwd=tmp_path)
    assert caught.value.advice == ""


def test_the_environment_is_cleaned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("GOROOT", "/elsewhere")
    monkeypatch.delenv("HOME", raising=False)
    env = steps.clean_environment("GOROOT", CGO_ENABLED="0")
    assert "PYTHONPATH" not in env
    assert "GOROOT" not in env
    assert env["CGO_ENABLED"] == "0"
    assert Path(env["HOME"]).is_absolute()


HOLD = """
import sys
from pathlib import Path
from tools.steps import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_two_set_ups_take_turns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lock = tmp_path / "lock"
    command = [sys.executable, "-c", HOLD, str(lock)]
    with subprocess.Popen(command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        timer = threading.Timer(0.3, holder.communicate, ["go\n"])
        timer.start()
        with steps.locked(lock):
            timer.join()
    assert holder.returncode == 0
    assert "waiting for another set-up" in capsys.readouterr().err

# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How outcomes are judged, counted and read."""

from __future__ import annotations

import sys
import threading
from functools import partial
from pathlib import Path

import pytest

from tests import run
from tests.stages import integration, lint, molecule, pytests, sanity
from tests.stages.outcomes import Outcome, Status, closing_line, judge, read_junit, read_skips
from tests.stages.programs import Finished, stream

JUNIT = """<testsuites><testsuite>
<testcase classname="tests.unit.test_x" name="test_good"/>
<testcase classname="tests.unit.test_x" name="test_bad"><failure message="assert 1 == 2">trace</failure></testcase>
<testcase classname="tests.unit.test_x" name="test_broken"><error message="boom"/></testcase>
<testcase classname="" name="test_not_here"><skipped message="needs a
network"/></testcase>
</testsuite></testsuites>"""


def test_junit_is_read(tmp_path: Path) -> None:
    file = tmp_path / "units.xml"
    file.write_text(JUNIT, encoding="utf-8")
    outcomes = read_junit("units", [file])
    assert closing_line(outcomes) == "1 passed, 2 failed, 1 skipped"
    assert outcomes[0].name == "units::tests.unit.test_x::test_good"
    assert outcomes[3] == Outcome("units", "test_not_here", Status.SKIPPED, "needs a network")


def test_a_skip_fails_unless_it_is_named() -> None:
    skipped = [Outcome("units", name, Status.SKIPPED, "why") for name in ("known", "unknown")]
    known, unknown = judge(skipped, {"units::known": "reason"})
    assert known.status is Status.SKIPPED
    assert unknown.status is Status.FAILED
    assert "tests/skips.txt" in unknown.reason


def test_a_skip_needs_a_reason(tmp_path: Path) -> None:
    file = tmp_path / "skips.txt"
    file.write_text("# comment\n\nunits::one  needs root\n", encoding="utf-8")
    assert read_skips(file) == {"units::one": "needs root"}
    file.write_text("units::one\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"skips.txt:1: no reason"):
        read_skips(file)


def test_a_stage_without_tests_fails(capsys: pytest.CaptureFixture[str]) -> None:
    (outcome,) = run.run_stage("units", list)
    assert outcome.status is Status.FAILED
    assert "0 passed, 1 failed, 0 skipped" in capsys.readouterr().out


def test_a_stage_that_breaks_fails_and_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> list[Outcome]:
        raise RuntimeError("git is gone")

    (outcome,) = run.run_stage("sanity", broken)
    assert (outcome.status, outcome.reason) == (Status.FAILED, "RuntimeError: git is gone")
    assert "0 passed, 1 failed, 0 skipped" in capsys.readouterr().out


def test_the_closing_line_adds_up_all_stages(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stages = {
        "lint": lambda: [Outcome("lint", "mypy", Status.PASSED)],
        "units": lambda: [
            Outcome("units", "a", Status.PASSED),
            Outcome("units", "b", Status.FAILED, "broken"),
            Outcome("units", "c", Status.FAILED, "late"),
        ],
    }
    monkeypatch.setattr(run, "STAGES", stages)
    assert run.main(["lint", "units"]) == 1
    printed = capsys.readouterr().out.splitlines()
    assert printed[-4:] == [
        "failed: units::b: broken",
        "failed: units::c: late",
        "failed in units: 2 (b, c)",
        "2 passed, 2 failed, 0 skipped",
    ]
    assert run.main(["lint"]) == 0


COVERAGE = """Name                         Stmts   Miss Branch BrPart  Cover   Missing
-------------------------------------------------------------------------
plugins/modules/eks_addon.py    89      1     36      2    97%   221->223, 332
plugins/test/ipv4_network.py    16     16      2      0     0%   6-55
-------------------------------------------------------------------------
TOTAL                          105     17     38      2    83%

40 files skipped due to complete coverage.
"""


def test_lint_and_sanity_run_at_once_and_the_next_stage_after_both(monkeypatch: pytest.MonkeyPatch) -> None:
    both = threading.Barrier(2, timeout=10)
    ended: list[str] = []

    def stage(name: str) -> list[Outcome]:
        if name != "units":
            both.wait()
        elif len(ended) != 2:
            return [Outcome(name, "alone", Status.FAILED)]
        ended.append(name)
        return [Outcome(name, "alone", Status.PASSED)]

    monkeypatch.setattr(run, "STAGES", {name: partial(stage, name) for name in ("lint", "sanity", "units")})
    assert run.run_stages(["lint", "sanity", "units"]) == [
        Outcome(name, "alone", Status.PASSED) for name in ("lint", "sanity", "units")
    ]


def test_check_is_run_by_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        run.main(["lint", "check"])
    assert "check is run by itself" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("report", "status", "reason"),
    [
        (Finished(0, "TOTAL 3418 0 806 0 100%"), Status.PASSED, ""),
        (
            Finished(2, COVERAGE),
            Status.FAILED,
            "no test reaches plugins/modules/eks_addon.py: 221->223, 332; plugins/test/ipv4_network.py: 6-55",
        ),
        (Finished(1, "No data to report.\n"), Status.FAILED, "coverage cannot tell it: No data to report."),
    ],
    ids=["complete", "incomplete", "unknown"],
)
def test_coverage_is_a_test_of_its_own(report: Finished, status: Status, reason: str) -> None:
    assert pytests.judge_coverage("units", report) == Outcome("units", "coverage of plugins", status, reason)


MOLECULE = """INFO     [default > syntax] Executed: Successful
DETAILS
default > syntax: Executed: Successful
default > check: Executed: Failed (Ansible return code was 2)
default > verify: Executed: Skipped (told to)
default > cleanup: Executed: Missing playbook (Remove from test_sequence to suppress)
"""


def test_molecule_actions_are_counted() -> None:
    outcomes = molecule.read_actions("default", MOLECULE)
    assert [outcome.test for outcome in outcomes] == ["default::syntax", "default::check", "default::verify"]
    assert closing_line(outcomes) == "1 passed, 1 failed, 1 skipped"


def test_two_scenarios_run_at_once_and_are_told_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    # Broken, it fails the test, when the two do not meet.
    both = threading.Barrier(2, timeout=30)

    def meet(scenario: str) -> list[Outcome]:
        both.wait()
        return [Outcome("molecule", scenario, Status.PASSED)]

    monkeypatch.setattr(molecule, "run_scenario", meet)
    assert [outcome.test for outcome in molecule.run(["default", "network"])] == ["default", "network"]


def test_a_program_is_shown_line_by_line_after_its_prefix(capsys: pytest.CaptureFixture[str]) -> None:
    finished = stream([sys.executable, "-c", "print('one'); print('two')"], prefix="network: ")
    assert finished == Finished(0, "one\ntwo\n")
    assert capsys.readouterr().out == "network: one\nnetwork: two\n"


@pytest.mark.parametrize(
    ("paths", "scenarios"),
    [
        (["roles/rds/tasks/main.yml"], ["rds"]),
        (["roles/eks/tasks/main.yml"], ["default"]),
        (["plugins/modules/eks_addon.py", "molecule/rds/verify.yml"], ["default", "rds"]),
        (["README.md", "tests/unit/tools/test_setup.py", "molecule"], []),
    ],
)
def test_scenarios_are_chosen_by_what_changed(paths: list[str], scenarios: list[str]) -> None:
    assert molecule.scenarios_for(paths, ["default", "rds"]) == scenarios


def test_pip_settings_reach_ansible_test() -> None:
    listed = [":env:.cert='/env.pem'", "global.cert='/file.pem'", "global.timeout='9'", "global.find-links='a\\nb'"]
    assert sanity.pip_configuration(listed) == "[global]\ncert = /env.pem\nfind-links = a\n  b\n"


def test_sanity_tests_without_files_do_not_count(tmp_path: Path) -> None:
    text = '<testsuites><testcase classname="sanity" name="{}">{}</testcase></testsuites>'
    (tmp_path / "a.xml").write_text(
        text.format("pslint", '<skipped message="No tests applicable."/>'), encoding="utf-8"
    )
    (tmp_path / "b.xml").write_text(text.format("pep8", ""), encoding="utf-8")
    assert sanity.read_reports(tmp_path) == [Outcome("sanity", "pep8", Status.PASSED)]


@pytest.mark.parametrize(
    ("first_line", "expected"),
    [("#!/bin/sh\n", True), ("#!/usr/bin/env bash\n", True), ("#!/usr/bin/python\n", False), ("", False)],
)
def test_shell_scripts_are_found_by_their_first_line(first_line: str, expected: bool, tmp_path: Path) -> None:
    file = tmp_path / "script"
    file.write_text(first_line, encoding="utf-8")
    assert lint.is_shell_script(file) is expected


def test_mypy_notes_are_left_out() -> None:
    assert lint.without_notes("a.py:1: error: x\na.py:1: note: y\n") == "a.py:1: error: x\n"


def test_targets_say_whether_they_need_real_parts(tmp_path: Path) -> None:
    assert not integration.asks_for(tmp_path, integration.REAL)
    (tmp_path / "aliases").write_text("sandbox/real\n", encoding="utf-8")
    assert integration.asks_for(tmp_path, integration.REAL)

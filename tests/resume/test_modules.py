# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Each request of each module throttled, broken, denied, dropped, and once its answer lost.

What is denied fails with the name of the call, and so may what AWS refuses to do twice after its first answer was lost.
The rest is repeated and ends as if nothing had been. Whatever happened, the next run ends there too. Which resources
there are, the fuzz test knows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from unittest import mock

import pytest

from sandbox import account as sandbox_account
from tests.integration.fuzz.running import PAUSE, Account, Run
from tests.integration.fuzz.subject import Options, Subject
from tests.integration.fuzz.subjects import SUBJECTS
from tests.integration.fuzz.test_fuzz import drawn, size
from tests.resume.account import Copy
from tests.resume.compare import State, difference
from tests.resume.orders import DENIED, FAULTS, LOST
from tests.resume.sweep import PARTS, Tally

# As botocore does when nobody says otherwise, which a module does not.
RETRIES = 4
MAY_FAIL = (DENIED, LOST)
# Messages name the permission that is lacking, which is not called like this one.
PERMISSIONS = {"HeadBucket": "s3:ListBucket"}
# AWS does these once more when they are repeated, and takes no token by which it could know: what that leaves.
TWICE = {"CreatePolicyVersion": "one version more"}
# These end one resource before they make the next, and a run that is denied the next knows nothing more of the first.
MOVES = {"vpc_flow_log": "DeleteFlowLogs"}


class Patient(Account):
    """Runs modules with clients that repeat what failed, and knows what each request called."""

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = sandbox_account.client(self._sandbox, service, RETRIES)
            self._clients[service].meta.events.register("before-send", self._note)
        return self._clients[service]

    def _note(self, event_name: str = "", **_rest: Any) -> None:
        self._calls.append(event_name.rpartition(".")[2])


@dataclass(frozen=True)
class Step:
    """A state that is asked for: from which account, what an undisturbed run leaves, and what that called."""

    name: str
    options: Options
    before: Copy
    wanted: State
    calls: list[str]


@pytest.fixture(autouse=True)
def _hurry() -> Iterator[None]:
    """No pause before something is repeated."""
    sleep = time.sleep
    with mock.patch("time.sleep", lambda seconds: sleep(min(seconds, PAUSE))):
        yield


def steps(subject: Subject, base: Copy, account: Patient) -> Iterator[Step]:
    """Make a resource that has much, then take away what may be left out, then the resource.

    Where a module does nothing else, it takes away what is made for it.
    """
    with base.serving():
        world = subject.prepare(account.client)
    place, fixed = subject.place(world, "resumed"), max(drawn(subject.fixed(world)), key=size)
    wishes = sorted(drawn(subject.wishes(world)), key=size)
    asked: dict[str, Options | None] = {"remove": None}
    if subject.make is None:
        asked = {"make": {**wishes[-1], **fixed}, "change": {**wishes[len(wishes) // 2], **fixed}, **asked}
    else:
        with base.serving():
            subject.make(account.client, place, wishes[-1])
    for name, wish in asked.items():
        options = {**place, **(subject.absence if wish is None else wish)}
        options["state"] = "absent" if wish is None else "present"
        with base.once("before") as before:
            with base.serving():
                run = account.run(subject.module, options)
            assert not run.failed, run.result["msg"]
            yield Step(name, options, before, base.state(), run.calls)


def problem(step: Step, subject: Subject, account: Patient, number: int, fault: str) -> str:
    """What is wrong after a request met a fault, and after the run that follows; empty when nothing is."""
    with step.before.once("case") as case:
        with case.serving(fault=fault, at=number + 1):
            first = attempt(account, subject, step)
        if isinstance(first, str):
            return first
        if first.failed:
            message = first.result["msg"]
            if fault not in MAY_FAIL:
                return f"failed instead of being repeated: {message}"
            called = step.calls[number]
            if called not in message and PERMISSIONS.get(called, called) not in message:
                return f"failed without naming the call: {message}"
        elif fault == LOST and step.calls[number] in TWICE:
            return ""
        elif differs := difference(step.wanted, case.state()):
            return f"went on, and left something else\n{differs}"
        with case.serving():
            second = attempt(account, subject, step)
        if isinstance(second, str):
            return f"then {second}"
        if second.failed:
            return f"the next run failed: {second.result['msg']}"
        if first.failed and MOVES.get(subject.module) in step.calls[:number]:
            return ""
        differs = difference(step.wanted, case.state())
        return f"the next run left something else\n{differs}" if differs else ""


def attempt(account: Patient, subject: Subject, step: Step) -> Run | str:
    """Run the module; how it crashed, if it did."""
    try:
        return account.run(subject.module, step.options)
    except Exception as error:
        # Whatever a module lets through is one finding, and the sweep has thousands of cases.
        return f"crashed: {type(error).__name__}: {error}"


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("name", SUBJECTS)
def test_faulty_calls(name: str, part: int, origin: Copy, report: Callable[[Tally], None]) -> None:
    subject, tally, account = SUBJECTS[name], Tally(part), Patient(origin.sandbox)
    with origin.once("base") as base:
        for step in steps(subject, base, account):
            for number, called in enumerate(step.calls):
                for fault in FAULTS:
                    if tally.mine():
                        tally.add(
                            f"{name}: {step.name}: {called} ({number + 1}) {fault}",
                            problem(step, subject, account, number, fault),
                        )
    report(tally)

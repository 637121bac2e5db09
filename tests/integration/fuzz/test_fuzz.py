# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random sequences of desired states: each is reached, then nothing is left to do, and check mode told so before.

FUZZ_EXAMPLES asks for more sequences than the few that every run tries, and for new ones each time.
"""

from __future__ import annotations

import importlib
import operator
import os
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import is_unknown
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.integration.fuzz.conftest import CALLS
from tests.integration.fuzz.running import MODULES, Account, Run
from tests.integration.fuzz.subject import Options, Subject, Wishes, unmet
from tests.integration.fuzz.subjects import SUBJECTS
from tools.places import CHECKOUT

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
SAMPLE = 8
# Of how many random wishes the one that asks for most is taken to count calls.
DRAWS = 200
LONGEST = 4
# Above what reading the resource needs.
ALLOWED_CALLS = 2

Prepared = Callable[[Subject], Options]
# One step: what is asked for, None for the absence of the resource.
Step = Options | None


def test_every_module_with_a_state_is_a_subject() -> None:
    names = [path.stem for path in (CHECKOUT / "plugins" / "modules").glob("*.py")]
    documentation = {name: importlib.import_module(f"{MODULES}.{name}").DOCUMENTATION for name in names}
    assert set(SUBJECTS) == {name for name, text in documentation.items() if "state" in yaml.safe_load(text)["options"]}


@pytest.mark.parametrize("name", SUBJECTS)
def test_every_state_is_reached_and_kept(name: str, account: Account, prepared: Prepared) -> None:
    subject = SUBJECTS[name]
    world = prepared(subject)

    @settings(
        max_examples=EXAMPLES or SAMPLE,
        # Without a wish for more, every run tries the same.
        derandomize=not EXAMPLES,
        deadline=None,
        database=None,
        # A failure is made small, but not searched for a second one or an explanation.
        phases=(Phase.generate, Phase.shrink),
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def sequence(data: st.DataObject) -> None:
        place = subject.place(world, uuid.uuid4().hex[:8])
        fixed = data.draw(subject.fixed(world), label="fixed")
        steps = data.draw(st.lists(st.none() | subject.wishes(world), min_size=1, max_size=LONGEST), label="steps")
        try:
            for step in steps:
                take(account, subject, place, None if step is None else {**fixed, **step})
        finally:
            take(account, subject, place, None)

    sequence()


@pytest.mark.parametrize("name", SUBJECTS)
def test_a_run_that_changes_nothing_makes_few_calls(
    name: str, account: Account, prepared: Prepared, record_property: Callable[[str, object], None]
) -> None:
    subject = SUBJECTS[name]
    world = prepared(subject)
    place = subject.place(world, uuid.uuid4().hex[:8])
    wanted = richest(st.builds(operator.or_, subject.fixed(world), subject.wishes(world)))
    try:
        asked = reach(account, subject, place, wanted)
        assert account.run(name, asked).changed
        with account.counting() as needed:
            assert (subject.observe(account.client, place) is None) is (asked["state"] == "absent")
        run = account.run(name, asked)
        assert not run.changed
        record_property(CALLS, f"{name}\t{len(run.calls)}\t{len(needed)}\t{', '.join(run.calls)}")
        assert len(run.calls) <= len(needed) + ALLOWED_CALLS, run.calls
    finally:
        account.run(name, {**place, **subject.absence, "state": "absent"})


def reach(account: Account, subject: Subject, place: Options, wanted: Options) -> Options:
    """The options by which what is wanted is made; or removed, once it is made, where a module does nothing else."""
    if subject.make is None:
        return {**place, **wanted, "state": "present"}
    subject.make(account.client, place, wanted)
    return {**place, **subject.absence, "state": "absent"}


def richest(wishes: Wishes) -> Options:
    """The one of many wishes that asks for most."""
    return max(drawn(wishes), key=size)


def drawn(wishes: Wishes) -> list[Options]:
    """Many wishes, the same ones each time."""
    found: list[Options] = []

    @settings(max_examples=DRAWS, derandomize=True, deadline=None, database=None)
    @given(wishes)
    def collect(options: Options) -> None:
        found.append(options)

    collect()
    return found


def size(options: Options) -> int:
    """How much a wish asks for."""
    return sum(bool(value) for value in options.values())


def take(account: Account, subject: Subject, place: Options, wanted: Step) -> None:
    """Ask for one state and look whether it is there, whether it stays, and whether check mode knew."""
    if wanted is not None and subject.make is not None:
        subject.make(account.client, place, wanted)
        return
    options = {**place, **(subject.absence if wanted is None else wanted)}
    options["state"] = "absent" if wanted is None else "present"
    predicted = account.run(subject.module, options, check_mode=True)
    made = account.run(subject.module, options)
    assert not predicted.failed, predicted.result["msg"]
    assert not made.failed, made.result["msg"]
    assert_predicted(subject, predicted, made)
    found = subject.observe(account.client, place)
    if wanted is None:
        assert found is None
    else:
        assert found is not None
        shown = {name: value for name, value in wanted.items() if name not in subject.controls}
        assert unmet(shown, subject.as_asked(shown, found)) == {}
        assert unmet(shown, subject.as_asked(shown, made.result[subject.key])) == {}
    for check_mode in (True, False):
        again = account.run(subject.module, options, check_mode=check_mode)
        assert not again.changed, again.result["diff"]
        assert again.result.get(subject.key) == ({} if subject.make else made.result.get(subject.key))


def assert_predicted(subject: Subject, predicted: Run, made: Run) -> None:
    """Check mode must tell the same change, the same difference and the same resource, but for what only AWS knows."""
    assert predicted.changed == made.changed
    assert differing(predicted.result["diff"], made.result["diff"]) == {}
    resource, actual = predicted.result.get(subject.key), made.result.get(subject.key)
    assert (resource is None) == (actual is None)
    if resource is not None and actual is not None:
        assert resource.keys() == actual.keys()
        assert differing({key: value for key, value in resource.items() if key not in subject.hints}, actual) == {}


def differing(predicted: dict[str, Any], actual: dict[str, Any]) -> dict[str, Any]:
    """The members that are neither equal nor known only to AWS."""
    return {
        key: (value, actual.get(key))
        for key, value in predicted.items()
        if value != actual.get(key) and not is_unknown(value)
    }

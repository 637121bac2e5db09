# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that is interrupted while it waits, and the run after it, which goes on from there."""

from __future__ import annotations

import operator
import uuid

import pytest
from hypothesis import strategies as st

from tests.integration.fuzz.running import Account, Impatience, Patience
from tests.integration.fuzz.subject import Options, unmet
from tests.integration.fuzz.subjects import SUBJECTS
from tests.integration.fuzz.test_fuzz import richest

# The nouns that EKS makes and removes on its own time.
NAMES = ["eks_addon", "eks_cluster", "eks_fargate_profile", "eks_nodegroup"]


@pytest.fixture(scope="module", params=NAMES)
def place(request: pytest.FixtureRequest, slow_account: Account) -> Options:
    """Options that name a resource and ask for much; what it refers to is there."""
    name = request.param
    subject = SUBJECTS[name]
    world = subject.prepare(slow_account.client)
    if "cluster_name" in world:
        waiter = slow_account.client("eks").get_waiter("cluster_active")
        waiter.wait(name=world["cluster_name"], WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    wanted = richest(st.builds(operator.or_, subject.fixed(world), subject.wishes(world)))
    return {"module": name, "place": subject.place(world, uuid.uuid4().hex[:8]), "wanted": wanted}


def test_run_after_an_interrupted_one_goes_on(slow_account: Account, place: Options) -> None:
    name, options = place["module"], {**place["place"], **place["wanted"]}
    subject = SUBJECTS[name]
    absent = {**place["place"], **subject.absence, "state": "absent"}

    with pytest.raises(KeyboardInterrupt):
        slow_account.run(name, options, clock=Impatience())
    assert not slow_account.run(name, options, clock=Patience()).changed
    found = subject.observe(slow_account.client, place["place"])
    assert found is not None
    shown = {key: value for key, value in place["wanted"].items() if key not in subject.controls}
    assert unmet(shown, subject.as_asked(shown, found)) == {}

    # A removal that was interrupted is gone on with, and what is wanted again meanwhile is made again.
    with pytest.raises(KeyboardInterrupt):
        slow_account.run(name, absent, clock=Impatience())
    assert slow_account.run(name, options, clock=Patience()).changed
    assert subject.observe(slow_account.client, place["place"]) is not None
    with pytest.raises(KeyboardInterrupt):
        slow_account.run(name, absent, clock=Impatience())
    assert not slow_account.run(name, absent, clock=Patience()).failed
    assert subject.observe(slow_account.client, place["place"]) is None

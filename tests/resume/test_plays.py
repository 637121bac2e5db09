# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""A play killed after each of its calls that change something, and run again: the same end state.

The account changes by calls alone, so that these are all the states in which a run can leave it, whichever task it is
killed in, before it or after it. Where a task makes the same call many times in a row, the first and the last stand for
all. The states are copied from one undisturbed run instead of being made by a run each; in a sample, the run is really
killed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.resume import sweep
from tests.resume.account import Copy
from tests.resume.compare import State, difference, lost
from tests.resume.plays import Play, waiting
from tests.resume.sweep import PARTS, Tally


@dataclass(frozen=True)
class Playbook:
    """What is interrupted: each of the runs of a playbook, which are given by their tags.

    `play` is the number of the play before which it asks AWS nothing, `after` the playbook that makes what it starts
    from. `variables` are its own.
    """

    name: str
    play: int
    runs: Sequence[Sequence[str]]
    after: Playbook | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)


# Each role after those that it needs. There is no cluster to talk to, so that this is what roles make in AWS.
SITE = Playbook("site.yml", 2, [["kms_secrets"], ["network"], ["rds"], ["s3"], ["eks"]])
# Until the key is given up, so that everything goes.
DESTROY = Playbook(
    "destroy.yml",
    2,
    [["all"]],
    after=SITE,
    variables={
        "supabase_destroy_confirm": "sandbox",
        "rds_skip_final_snapshot": True,
        "s3_force_destroy": True,
        "kms_secrets_delete_keys": True,
    },
)
PLAYBOOKS = [SITE, DESTROY]
KILLED = -9
# Of a run of the whole of each.
FEWEST_CHANGES = {SITE.name: 120, DESTROY.name: 80}


def undisturbed(base: Copy, play: Play, tags: Sequence[str], keep: str = "", only: int = 0) -> tuple[State, list[str]]:
    """Run a play in an account: what that holds then, and the calls that changed it."""
    with base.serving(keep=keep, only=only) as orders:
        code = play.run(tags)
    assert code == 0, play.printed()
    return base.state(), orders.changes


def resumed(case: Copy, play: Play, tags: Sequence[str], wanted: State) -> str:
    """Run a play again in an account in which it was interrupted; what differs then from what is wanted."""
    with case.serving():
        code = play.run(tags)
    return difference(wanted, case.state()) if code == 0 else f"exit code {code}\n{play.printed()}"


def killed(base: Copy, play: Play, tags: Sequence[str], number: int, wanted: State) -> str:
    """Kill a play after that change, and run it again."""
    with base.once("killed") as case:
        with case.serving(kill=play.pid, only=number):
            assert play.run(tags) == KILLED
        return resumed(case, play, tags, wanted)


def whole(playbook: Playbook) -> list[str]:
    """The tags of all runs of a playbook."""
    return [tag for tags in playbook.runs for tag in tags]


def prepare(playbook: Playbook, account: Copy) -> None:
    """Make what a playbook starts from."""
    if playbook.after:
        prepare(playbook.after, account)
        with waiting(account.sandbox, playbook.after.name, playbook.after.play) as play:
            undisturbed(account, play, whole(playbook.after))


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda playbook: playbook.name)
def test_interrupted_role(playbook: Playbook, part: int, origin: Copy, report: Callable[[Tally], None]) -> None:
    tally = Tally(part)
    with origin.once("tip") as tip:
        prepare(playbook, tip)
        with waiting(origin.sandbox, playbook.name, playbook.play, **playbook.variables) as play:
            for tags in playbook.runs:
                interrupt(tip, play, tags, tally)
    report(tally)


def row_ends(changes: Sequence[str]) -> set[int]:
    """The positions, from 1, of the first and of the last of each row of one and the same call."""
    around = [None, *changes, None]
    return {at for at in range(1, len(changes) + 1) if not around[at - 1] == around[at] == around[at + 1]}


def interrupt(tip: Copy, play: Play, tags: Sequence[str], tally: Tally) -> None:
    """Run a play, which takes `tip` on, and interrupt it everywhere in copies."""
    with tip.once("base") as base:
        wanted, changes = undisturbed(tip, play, tags, keep=tags[0])
        ends = row_ends(changes)
        for position, called in enumerate(changes, 1):
            case = tip.kept(tags[0], position)
            if position in ends and tally.mine():
                tally.add(f"{tags[0]} after {called} ({position})", resumed(case, play, tags, wanted))
            case.end()
        if tally.mine():
            position = sweep.chance(*tags).randint(1, len(changes))
            tally.add(f"{tags[0]} killed in {position}", killed(base, play, tags, position, wanted))


def test_interrupted_stack(origin: Copy, report: Callable[[Tally], None]) -> None:
    tally = Tally()
    with origin.once("tip") as tip:
        alone = neighbour(tip)
        for playbook in PLAYBOOKS:
            tags, position = whole(playbook), sweep.chance(playbook.name).randint(1, FEWEST_CHANGES[playbook.name])
            with waiting(origin.sandbox, playbook.name, playbook.play, **playbook.variables) as play:
                wanted, changes = undisturbed(tip, play, tags, keep="stack", only=position)
                assert len(changes) >= FEWEST_CHANGES[playbook.name]
                case = tip.kept("stack", position)
                about = f"seed {sweep.SEED}: {playbook.name} after {changes[position - 1]} ({position})"
                tally.add(about, resumed(case, play, tags, wanted))
                case.end()
        assert lost(alone, wanted) == []
    report(tally)


def neighbour(account: Copy) -> State:
    """Make another environment, whose name begins with the whole name of the first; what the account holds then."""
    name = f"{account.sandbox.name}-two"
    with waiting(account.sandbox, SITE.name, SITE.play, supabase_environment=name) as play:
        return undisturbed(account, play, whole(SITE))[0]

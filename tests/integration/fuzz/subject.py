# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the fuzz test has to know of a module: how to name a resource, what to wish for, how to look at it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

Options = dict[str, Any]
Clients = Callable[[str], Any]
Wishes = st.SearchStrategy[Options]

TAGS = st.dictionaries(st.sampled_from(["team", "supastack:environment", "size"]), st.sampled_from(["1", "2", ""]))


@dataclass(frozen=True)
class Subject:
    """One module under test.

    `prepare` makes once what resources refer to and returns it for the other functions to use.
    `place` returns the options that name one resource, unlike any other for each text that it gets.
    `fixed` draws what cannot change while the resource lives: it is drawn once and asked for at every step.
    `wishes` draws what one step asks for besides; options that are left out are left alone.
    `observe` reads the resource with boto3 alone, in no more calls than that needs, and returns it under the names of
    the options, None when it is not there.
    `absence` has options that a removal needs besides those of `place`.
    `hints` names return values by which only a prediction tells that there is no resource yet.
    `as_asked` reduces what was found to what was wanted, where options leave alone what they do not name.
    `controls` names options that say how a change is made, which the resource therefore does not show.
    `make` is there for a module that only removes: it makes with boto3 alone what one step wishes for. What such a
    module returns is what it removed.
    """

    module: str
    key: str
    prepare: Callable[[Clients], Options]
    place: Callable[[Options, str], Options]
    wishes: Callable[[Options], Wishes]
    observe: Callable[[Clients, Options], Options | None]
    fixed: Callable[[Options], Wishes] = lambda _world: st.just({})
    absence: Options = field(default_factory=dict)
    controls: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    as_asked: Callable[[Options, Options], Options] = lambda _wanted, found: found
    make: Callable[[Clients, Options, Options], None] | None = None


def some(**options: st.SearchStrategy[Any]) -> Wishes:
    """Wishes for any of these options, each also left out at times."""
    return st.fixed_dictionaries({}, optional=options)


def canonical(value: Any) -> Any:
    """A value in which the order of lists has no meaning and members without a value are left out."""
    if isinstance(value, dict):
        return {key: canonical(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return sorted((canonical(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    return value


def unmet(wanted: Options, found: Options) -> dict[str, tuple[Any, Any]]:
    """The options that are not as wanted: name -> (wanted, found)."""
    return {
        name: (value, found.get(name))
        for name, value in wanted.items()
        if value is not None and canonical(value) != canonical(found.get(name))
    }


def tags_of(tags: list[dict[str, str]]) -> dict[str, str]:
    """Tags in the form of the options, from the form of the older services."""
    return {tag["Key"]: tag["Value"] for tag in tags}

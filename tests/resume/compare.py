# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Whether two accounts hold the same, but for names that AWS made up, moments, and secrets that were generated.

Each such word and each thing is a node of a graph. Two accounts are the same when the colours of their nodes are, which
are refined until nothing more is told apart (Weisfeiler and Leman): a subnet that has another route table differs,
although neither identifier says so. The order of lists is not compared.
"""

from __future__ import annotations

import difflib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from typing import Any

from tests.resume.facts import Fact, Thing

ROUNDS = 12
MOST_LINES = 60
# Lines that difflib compares within a second.
MOST_COMPARED = 2000
# Names that AWS makes up, longest first: UUIDs, hexadecimal and alphanumeric identifiers, addresses, suffixes of ARNs.
MADE_UP = re.compile(
    r"""
    [0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}
    | (?<=:secret:)[\w/+=.@-]+-[A-Za-z0-9]{6}\b
    | \b(?:[a-z]+-)?[0-9a-f]{17}\b(?:-[0-9a-f]{8}\b)?
    | \b[a-z]+-[0-9a-f]{8}\b(?!-[0-9a-f]{4}-) | \ba-[a-z0-9]{17}\b
    | \b[0-9a-f]{12,}\b | \b[0-9A-F]{13,}\b
    | \bA(?:[A-Z]{2}A|(?=[A-Z0-9]*\d))[A-Z0-9]{15,}\b
    | (?<=-)\d{8,10}\Z | \A[A-Za-z0-9+/]{100,}=*\Z
    | \bZ[A-Z0-9]{12,}\b | \bdb-[A-Z0-9]{26}\b
    | \A(?=.*\d)[a-z0-9]{16,21}\Z
    | \b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b
    | \b(?:ip-)?\d{1,3}([.-])\d{1,3}\1\d{1,3}\1\d{1,3}\b(?!/)
    """,
    re.VERBOSE,
)
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?")
EPOCH = range(1_500_000_000, 2_500_000_000)
# Attributes whose values are secrets, as JSON or as they are.
SECRETS = ("secret_string",)
Parts = tuple[str, tuple[str, ...]]


@lru_cache(maxsize=1 << 16)
def parts(text: str) -> Parts:
    """A text without moments and made up words, and these words."""
    words: list[str] = []

    def take(match: re.Match[str]) -> str:
        words.append(match.group())
        return "\0"

    return MADE_UP.sub(take, MOMENT.sub("<moment>", text)), tuple(words)


def kind(word: str) -> str:
    """What sort of name was made up."""
    prefix = word.partition("-")[0] if "-" in word else ""
    return f"<{prefix or 'made up'}>" if prefix.isalpha() and not re.fullmatch("[0-9a-f]{8}", prefix) else "<made up>"


class State:
    """What an account holds."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self.facts = [fact for subject, name, value in facts for fact in plain(subject, name, value)]

    @cached_property
    def colours(self) -> Counter[int]:
        """How many nodes there are of each colour."""
        rows = [(subject, *parts(name), value) for subject, name, value in self.facts]
        colour: dict[Any, int] = {}
        for subject, _name, words, value in rows:
            for node in nodes(subject, words, value):
                colour[node] = hash(kind(node) if isinstance(node, str) else "thing")
        told_apart = 0
        for _round in range(ROUNDS):
            around: dict[Any, list[int]] = defaultdict(list)
            for subject, name, words, value in rows:
                concerned = nodes(subject, words, value)
                seen = (name, literal(value), *(colour[node] for node in concerned))
                for position, node in enumerate(concerned):
                    around[node].append(hash((position, seen)))
            colour = {node: hash((colour[node], tuple(sorted(around[node])))) for node in colour}
            if len(set(colour.values())) == told_apart:
                break
            told_apart = len(set(colour.values()))
        return Counter(colour.values())

    @cached_property
    def texts(self) -> list[str]:
        """Each thing as a text, without made up names, for people."""
        entries: dict[int, list[str]] = defaultdict(list)
        for subject, name, value in self.facts:
            shown = "…" if isinstance(value, Thing) else readable(value)
            entries[subject].append(f"{readable(name)} = {shown}")
        return ["\n".join(sorted(lines)) for _subject, lines in sorted(entries.items())]


def plain(subject: int, name: str, value: Any) -> list[Fact]:
    """A fact without what differs for reasons of its own."""
    if name in SECRETS and isinstance(value, str):
        return secret(subject, name, value)
    if isinstance(value, bytes):
        return [(subject, name, "<bytes>")]
    if isinstance(value, int | float) and not isinstance(value, bool) and int(value) in EPOCH:
        return [(subject, name, "<moment>")]
    return [(subject, name, value)]


def secret(subject: int, name: str, value: str) -> list[Fact]:
    """Which members a secret has; which values, is not for a test to tell."""
    try:
        members = json.loads(value)
    except ValueError:
        members = None
    if not isinstance(members, dict):
        return [(subject, name, "<secret>")]
    return [(subject, f"{name} {member}", "<secret>") for member in members]


def nodes(subject: int, words: Sequence[str], value: Any) -> list[Any]:
    """The nodes that a fact connects."""
    if isinstance(value, Thing):
        return [subject, *words, value.number]
    return [subject, *words, *(parts(value)[1] if isinstance(value, str) else ())]


def literal(value: Any) -> Any:
    """What of a value is no node."""
    if isinstance(value, Thing):
        return ""
    return parts(value)[0] if isinstance(value, str) else repr(value)


def readable(value: Any) -> str:
    """A text with the kinds of made up words."""
    if not isinstance(value, str):
        return repr(value)
    text, words = parts(value)
    return text.replace("\0", "%s") % tuple(map(kind, words)) if words and "%" not in text else text


def difference(wanted: State, found: State) -> str:
    """What differs, for people; empty when nothing does."""
    if wanted.colours == found.colours:
        return ""
    missing, more = Counter(wanted.texts), Counter(found.texts)
    missing, more = missing - more, more - missing
    if not missing and not more:
        return "The same things, but connected in another way."
    sides = flat(missing), flat(more)
    if max(map(len, sides)) > MOST_COMPARED:
        return f"{missing.total()} things are missing or other, {more.total()} are more or other."
    lines = difflib.unified_diff(*sides, "undisturbed", "interrupted", lineterm="", n=2)
    return "\n".join(list(lines)[:MOST_LINES])


def lost(before: State, after: State) -> list[str]:
    """What an account held of which it does not hold as much any more, whatever came on top."""
    held, holds = (Counter(line for text in state.texts for line in text.splitlines()) for state in (before, after))
    return sorted((held - holds).elements())


def flat(texts: Counter[str]) -> list[str]:
    """Lines of texts, in an order that leaves like ones side by side."""
    return [line for text in sorted(texts.elements()) for line in [*text.splitlines(), ""]]

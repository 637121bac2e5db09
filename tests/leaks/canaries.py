# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets that are looked for, in the encodings in which they may have gone somewhere."""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

# Shorter texts occur by chance.
SHORTEST = 12
# Members of secrets that say who or where, not what only some may know.
PUBLIC_MEMBERS = {"username", "host", "port", "admin_email", "sender_name"}
# Members of JSON Web Keys that are secret; the others are public, or the same in each key.
SECRET_KEY_MEMBERS = {"d", "k"}
# The bearer token of a cluster: a new one for each task, so it is known by its form.
TOKEN = re.compile(rb"k8s-aws-v1\.[A-Za-z0-9_-]{64,}")
TOKEN_NAME = "a bearer token of the cluster"
CONTEXT_BYTES = 80
QUOTES = {'"': "&quot;"}


@dataclass(frozen=True)
class Canary:
    """One secret. Raises ValueError for one that is too short to be told from other text."""

    name: str
    value: str

    def __post_init__(self) -> None:
        if len(self.value) < SHORTEST:
            raise ValueError(f"{self.name} has {len(self.value)} characters: {SHORTEST} are needed to look for it")

    @cached_property
    def encodings(self) -> dict[bytes, str]:
        """What to look for, and what it is called."""
        escaped = json.dumps(self.value)[1:-1]
        texts = {
            "in JSON that is a text of JSON": json.dumps(escaped)[1:-1],
            "in JSON": escaped,
            # As Go writes it.
            "in JSON for HTML": re.sub("[<>&]", lambda found: f"\\u{ord(found[0]):04x}", escaped),
            "in XML": escape(escaped),
            "in XML with quotes": escape(escaped, QUOTES),
            "in YAML": self.value.replace("'", "''"),
            "in Python": repr(self.value)[1:-1],
            "in a form": quote_plus(self.value),
            "in a query": quote(self.value, safe=""),
            "in a path": quote(self.value),
            "plain": self.value,
        }
        found = {text.encode(): name for name, text in texts.items()}
        return dict.fromkeys(base64_forms(self.value.encode()), "in base64") | found


def base64_forms(value: bytes) -> Iterator[bytes]:
    """The characters that stand for a value in base64, wherever in the encoded text it begins."""
    for before in range(3):
        # Each character is six bits: the first and the last ones may belong to the neighbours as well.
        first, behind = -(-before * 8 // 6), (before + len(value)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(bytes(before) + value)[first:behind]


def unpredictable(prefix: str = "canary", special: str = "") -> str:
    """A value that occurs nowhere else."""
    return f"{prefix}{secrets.token_hex(12)}{special}{secrets.token_hex(4)}"


def of_secret(name: str, content: str) -> Iterator[Canary]:
    """The canaries in the text of a secret: its values, and what is secret in the key sets among them."""
    try:
        members: Any = json.loads(content)
    except json.JSONDecodeError:
        members = content
    if not isinstance(members, dict):
        yield Canary(name, content)
        return
    for member, value in members.items():
        if member in PUBLIC_MEMBERS:
            continue
        yield Canary(f"{member} of {name}", value)
        for number, key in enumerate(web_keys(value), start=1):
            yield from (
                Canary(f"{part} of key {number} in {member} of {name}", key[part])
                for part in sorted(SECRET_KEY_MEMBERS & key.keys())
            )


def web_keys(text: str) -> list[dict[str, str]]:
    """The JSON Web Keys in a text, if it is a set or a list of them."""
    try:
        found: Any = json.loads(text)
    except json.JSONDecodeError:
        return []
    listed = found.get("keys", []) if isinstance(found, dict) else found
    return [key for key in listed if isinstance(key, dict)] if isinstance(listed, list) else []


@dataclass(frozen=True)
class Hit:
    """A canary that was found. `context` is what stands before it."""

    canary: str
    encoding: str
    place: str
    part: str
    context: str

    def __str__(self) -> str:
        return f"{self.canary} ({self.encoding}) in {self.place}, {self.part}, after {self.context!r}"


Places = Mapping[str, Iterable[tuple[str, bytes]]]


def search(canaries: Iterable[Canary], places: Places) -> list[Hit]:
    """Every canary in each part of each place, one hit per encoding."""
    wanted = list(canaries)
    hits = []
    for place, parts in places.items():
        for part, content in parts:
            for canary in wanted:
                for text, encoding in canary.encodings.items():
                    position = content.find(text)
                    if position >= 0:
                        hits.append(Hit(canary.name, encoding, place, part, before(content, position)))
    return hits


def search_tokens(places: Places) -> list[Hit]:
    """The first bearer token of a cluster in each part of each place."""
    return [
        Hit(TOKEN_NAME, "plain", place, part, before(content, found.start()))
        for place, parts in places.items()
        for part, content in parts
        if (found := TOKEN.search(content))
    ]


def before(content: bytes, position: int) -> str:
    """What stands before a hit: shows where it is and not what it is."""
    return content[max(0, position - CONTEXT_BYTES) : position].decode(errors="replace")

# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Everything that an emulated account holds, as facts of the form (thing, attribute, value).

A thing is an object, a dictionary or an element of a list of the emulator's backends, known here by a number. Read off
the backends instead of asked through the API, so that nothing has to be listed by hand, and nothing is forgotten.
"""

from __future__ import annotations

import datetime
import enum
import functools
import re
import threading
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend

Fact = tuple[int, str, Any]
# What no account holds: the emulator's own machinery, and the credentials that were given out.
NO_SERVICES = ("moto_api", "sts")
# Of AWS itself, not of an account, and hundreds of thousands of facts: its policies, its images and their snapshots.
MANAGED_BY_AWS = re.compile(r"arn:aws[a-z-]*:iam::aws:policy/")
OF_AWS = {("EC2Backend", "amis"), ("IAMBackend", "aws_managed_policies")}
# What was once asked for, whether or not that changed anything.
HISTORY = {
    ("FakeZone", "rr_changes"),
    ("AccessKey", "last_used"),
    ("EC2Backend", "client_tokens"),
    ("EKSBackend", "answered"),
    ("IAMBackend", "service_linked_role_deletions"),
}
# Policies of whoever has them: their ARNs are enough, and those of AWS are told nowhere else.
ATTACHED = {(owner, "managed_policies") for owner in ("Group", "Role", "User")}
# S3 writes one for each request to a bucket, its reader's too.
ACCESS_LOG = re.compile(r"(?:.*/)?\d{4}(?:-\d\d){5}-[0-9A-F]{16}\Z")
NO_VALUES = (
    BackendDict,
    BaseBackend,
    threading.Thread,
    threading.Event,
    type(threading.Lock()),
    type(threading.RLock()),
    types.FunctionType,
    types.MethodType,
    types.ModuleType,
    functools.partial,
    type,
)


@dataclass(frozen=True)
class Thing:
    """The value of a fact that is another thing."""

    number: int


class Collector:
    """Walks through the backends."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.numbers: dict[int, int] = {}
        # Keeps alive what was seen, for another object could get its id.
        self.seen: list[Any] = []

    def walk(self, value: Any) -> Any:
        """The value for a fact; things in it are walked through when they are seen first."""
        if value is None or isinstance(value, bool | int | float | str):
            return value.value if isinstance(value, enum.Enum) else value
        if isinstance(value, bytes | bytearray):
            return bytes(value)
        if isinstance(value, enum.Enum):
            return str(value.value)
        if isinstance(value, datetime.datetime | datetime.date):
            return value.isoformat()
        if id(value) in self.numbers:
            return Thing(self.numbers[id(value)])
        number = self.numbers[id(value)] = len(self.numbers)
        self.seen.append(value)
        self.facts.append((number, "is a", type(value).__name__))
        for name, member in members(value):
            self.facts.append((number, name, self.walk(member)))
        return Thing(number)

    def walk_backend(self, place: str, backend: BaseBackend) -> None:
        """The facts of one service in one region."""
        for name, member in members(backend):
            self.facts.append((-1, f"{place} {name}", self.walk(member)))


def members(value: Any) -> Iterator[tuple[str, Any]]:
    """Attributes, entries or elements of a thing."""
    pairs: list[tuple[Any, Any]]
    if isinstance(value, Mapping):
        pairs = list(value.items())
    elif isinstance(value, list | tuple | set | frozenset) or not hasattr(value, "__dict__"):
        pairs = [("[]", item) for item in value] if hasattr(value, "__iter__") else []
    else:
        pairs = list(vars(value).items())
    owner = type(value).__name__
    for name, member in pairs:
        name = str(name)
        if (owner, name) in ATTACHED:
            member = list(member)
        left_out = (owner, name) in OF_AWS | HISTORY or MANAGED_BY_AWS.match(name) or ACCESS_LOG.match(name)
        if not isinstance(member, NO_VALUES) and not left_out and not getattr(member, "from_ami", None):
            yield name, member


def collect() -> list[Fact]:
    """The facts of all accounts and regions that were ever asked for."""
    collector = Collector()
    for backends in vars(BackendDict)["_instances"]:
        if backends.service_name in NO_SERVICES:
            continue
        for account, regions in list(backends.items()):
            for region, backend in list(regions.items()):
                collector.walk_backend(f"{backends.service_name} {account} {region}", backend)
    return collector.facts

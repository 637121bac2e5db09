# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Requests and limits of containers as environment variables, the way the kubelet computes them.

https://kubernetes.io/docs/concepts/workloads/pods/downward-api/#downwardapi-resourceFieldRef
"""

from __future__ import annotations

import math
import os
from decimal import Decimal, InvalidOperation
from typing import Any

Json = dict[str, Any]

_SUFFIXES = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    **{letter: Decimal(1000) ** power for power, letter in enumerate("kMGTPE", start=1)},
    **{f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", start=1)},
}


def quantity(text: str) -> Decimal:
    """The number that a quantity of Kubernetes stands for: `100m`, `1Gi`, `1e3`. Raises ValueError."""
    number = text.rstrip("KMGTPEkmnui")
    suffix = text[len(number) :]
    try:
        return Decimal(number) * _SUFFIXES[suffix]
    except (InvalidOperation, KeyError):
        raise ValueError(f"{text!r} is no quantity") from None


def field(container: Json, reference: Json) -> str:
    """The value of a `resourceFieldRef`, rounded up to whole divisors. Raises ValueError for what it does not know."""
    kind, _unused, resource = str(reference["resource"]).partition(".")
    if kind not in ("limits", "requests") or resource not in ("cpu", "memory"):
        raise ValueError(f"resource {reference['resource']!r} is not supported by the process node")
    text = container.get("resources", {}).get(kind, {}).get(resource)
    divisor = quantity(str(reference.get("divisor") or "1")) or Decimal(1)
    found = _default(kind, resource) if text is None else quantity(str(text))
    return str(math.ceil(found / divisor))


def _default(kind: str, resource: str) -> Decimal:
    """Nothing is requested by default; the limit is the node's capacity, which is that of this machine."""
    if kind == "requests":
        return Decimal(0)
    if resource == "cpu":
        return Decimal(os.cpu_count() or 1)
    return Decimal(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))

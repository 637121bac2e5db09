# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Replacing methods of moto's classes, and functions of its modules, while keeping what they did."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any


def wrap(owner: type | ModuleType, name: str, wrapper: Callable[..., Any]) -> None:
    """Make `owner.name(...)` call `wrapper(original, ...)`."""
    original = getattr(owner, name)

    @functools.wraps(original)
    def method(*arguments: Any, **named: Any) -> Any:
        return wrapper(original, *arguments, **named)

    setattr(owner, name, method)

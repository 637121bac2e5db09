# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Emulated RDS whose DB instances are real PostgreSQL servers: moto keeps the books, `Fleet` the servers."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.aws.rds import gaps, hooks, parameter_groups
from sandbox.aws.rds.fleet import Fleet
from sandbox.aws.rds.inventory import instances
from sandbox.state import Sandbox

__all__ = ["install", "instances"]


def install(sandbox: Sandbox, seconds: Callable[[str], float] = lambda change: 0) -> Fleet:
    """Teach moto's RDS to act on real servers. To be called once per process and before moto's first RDS request.

    `seconds` tells how long a change of durations.yml takes; by default none takes longer than its server.
    """
    for patch in (*gaps.PATCHES, *parameter_groups.PATCHES):
        patch()
    fleet = Fleet(sandbox, seconds)
    hooks.attach(fleet)
    return fleet

# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Keeps a proxy of the caller out of the way between clients and the sandbox."""

from __future__ import annotations

from collections.abc import Mapping

_LOOPBACK = ("127.0.0.1", "localhost")
# Clients read either spelling.
_VARIABLES = ("NO_PROXY", "no_proxy")


def bypass(environment: Mapping[str, str]) -> dict[str, str]:
    """NO_PROXY and no_proxy by which no request to this machine goes to a proxy; what `environment` has is kept."""
    default = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    return {variable: _with_loopback(environment.get(variable) or default) for variable in _VARIABLES}


def _with_loopback(value: str) -> str:
    hosts = [host.strip() for host in value.split(",") if host.strip()]
    # An asterisk means every host only as long as it stands alone.
    return value if hosts == ["*"] else ",".join([*hosts, *(host for host in _LOOPBACK if host not in hosts)])

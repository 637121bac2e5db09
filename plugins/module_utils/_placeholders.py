# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that check mode predicts for what AWS has not made yet."""

from __future__ import annotations

import typing as t

UNKNOWN = "known-after-apply"


def placeholder(prefix: str) -> str:
    """Return the identifier that stands for one that AWS will choose, such as nat-known-after-apply."""
    return f"{prefix}-{UNKNOWN}"


def is_unknown(value: t.Any) -> bool:
    """Return whether a value, or a part of it, is such a prediction."""
    if isinstance(value, str):
        return UNKNOWN in value
    if isinstance(value, t.Mapping):
        return any(is_unknown(part) for part in value.values())
    return isinstance(value, (list, tuple)) and any(is_unknown(part) for part in value)


def predicted_arn(client: t.Any, service: str, resource: str, related_arn: str | None = None) -> str:
    """Return the ARN that a resource in the client's region will have.

    :param resource: the last part, such as cluster/production; a placeholder in it stays one.
    :param related_arn: an ARN of the same account, from which the account is taken. When it is missing or itself only
        predicted, the account is not known and neither is the ARN.
    """
    start = f"arn:{client.meta.partition}:{service}:{client.meta.region_name}"
    parts = (related_arn or "").split(":", 5)
    if len(parts) == 6 and parts[4].isdigit():
        return f"{start}:{parts[4]}:{resource}"
    return f"{start}:{UNKNOWN}"

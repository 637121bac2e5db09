# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags as plain data."""

from __future__ import annotations

import typing as t

Tags = dict[str, str]

# By which whatever belongs to an environment names it.
ENVIRONMENT_TAG = "supastack:environment"
# Tags whose keys begin so belong to AWS.
RESERVED = "aws:"


def tags_of(resource: t.Mapping[str, t.Any] | None) -> Tags:
    """Return the tags of a resource that has them as a list; an empty value may be missing in it."""
    return {tag["Key"]: tag.get("Value", "") for tag in (resource or {}).get("Tags", [])}


def own_tags(tags: t.Mapping[str, str]) -> Tags:
    """Return the tags without those of AWS, which AWS takes in no request."""
    return {key: value for key, value in tags.items() if not key.startswith(RESERVED)}


def desired_tags(current: t.Mapping[str, str] | None, wanted: t.Mapping[str, t.Any] | None, purge: bool) -> Tags | None:
    """Return the tags that a resource should end with, None when they are left alone.

    Those of AWS are always kept.

    :param purge: whether tags that are not wanted go away.
    """
    if wanted is None:
        return None
    kept = {key: value for key, value in (current or {}).items() if not purge or key.startswith(RESERVED)}
    return {**kept, **{key: str(value) for key, value in wanted.items()}}


def tag_changes(current: t.Mapping[str, str], desired: t.Mapping[str, str]) -> tuple[Tags, list[str]]:
    """Return the tags to set and the keys to remove."""
    to_set = {key: value for key, value in desired.items() if current.get(key) != value}
    return to_set, sorted(set(current) - set(desired))

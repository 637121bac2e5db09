# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What separates a resource from what it should be."""

from __future__ import annotations

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import is_unknown

Plain = dict[str, t.Any]


def distinct(values: t.Iterable[str] | None) -> list[str] | None:
    """Return values whose order has no meaning in the form in which they are compared."""
    return None if values is None else sorted(set(values))


class Difference:
    """The one place that decides whether a module changes something, and what.

    Both sides are plain data under the names of the module's options and return values, brought into one form
    (sorted lists where order has no meaning) before they get here, so that equality is all that is asked.

    :param current: the resource as AWS reports it, None when it does not exist.
    :param desired: the values to reach, None when the resource should not exist. A value of None is left alone.
    """

    def __init__(self, current: t.Mapping[str, t.Any] | None, desired: t.Mapping[str, t.Any] | None) -> None:
        self._current = current
        self._wanted = desired is not None
        self._desired = {name: value for name, value in (desired or {}).items() if value is not None}

    @property
    def creates(self) -> bool:
        """Whether the resource has to be made."""
        return self._wanted and self._current is None

    @property
    def deletes(self) -> bool:
        """Whether the resource has to be removed."""
        return not self._wanted and self._current is not None

    @property
    def names(self) -> frozenset[str]:
        """The names whose values differ on a resource that exists and stays."""
        if self._current is None or not self._wanted:
            return frozenset()
        return frozenset(name for name, value in self._desired.items() if self._current.get(name) != value)

    @property
    def changed(self) -> bool:
        """Whether anything has to be done."""
        return self.creates or self.deletes or bool(self.names)

    def touches(self, *names: str) -> bool:
        """Return whether one of these names differs."""
        return not self.names.isdisjoint(names)

    def desired(self, *names: str) -> Plain:
        """Return the wanted values of these names, without those that are left alone."""
        return {name: self._desired[name] for name in names if name in self._desired}

    def refuse_change(self, name: str, remedy: str) -> None:
        """Stop when a value differs that AWS cannot change on an existing resource.

        A wanted value that check mode only predicted may still turn out equal, so it is no reason to stop.

        :raises AnsibleAWSError: naming the field, the value it has, the value it should have and the remedy.
        """
        if name not in self.names or is_unknown(self._desired[name]):
            return
        current = (self._current or {}).get(name)
        raise AnsibleAWSError(
            message=f"{name} is {current!r} and cannot be changed to {self._desired[name]!r} on an existing resource. "
            f"{remedy}"
        )

    def diff(self) -> dict[str, Plain]:
        """Return what a task shows in diff mode: the compared values before and after."""
        if self.deletes:
            return {"before": dict(self._current or {}), "after": {}}
        before = {} if self._current is None else {name: self._current.get(name) for name in self._desired}
        return {"before": before, "after": dict(self._desired)}

    def prediction(self, unknown: t.Mapping[str, t.Any]) -> Plain:
        """Return the resource as it will be.

        :param unknown: every return value that only AWS can tell, as a placeholder, for a resource to be made.
        """
        return {**(unknown if self._current is None else self._current), **self._desired}

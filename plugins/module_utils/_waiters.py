# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait for a resource, ending early when it can no longer get there."""

from __future__ import annotations

import dataclasses
import time
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain

T = t.TypeVar("T")

FIRST_PAUSE = 1.0
GROWTH = 1.25


@dataclasses.dataclass(frozen=True)
class Waiter(t.Generic[T]):
    """What to wait for.

    :param goal: completes the sentence "waiting for ...".
    :param read: returns the resource as it is now.
    :param ready: tells that the goal is reached.
    :param failure: returns what AWS says when the goal cannot be reached any more, None while it can.
    :param progress: describes a resource on its way, for the message of a timeout.
    :param pause: seconds between two reads at most; the first reads follow each other faster.
    """

    goal: str
    read: t.Callable[[], T]
    ready: t.Callable[[T], bool]
    failure: t.Callable[[T], str | None]
    progress: t.Callable[[T], str]
    pause: float = 15.0

    def wait(self, timeout: float) -> T:
        """Return the resource once it is ready.

        :param timeout: seconds.
        :raises AnsibleAWSError: when it failed, or when the time is over.
        """
        end = time.monotonic() + timeout
        pause = FIRST_PAUSE
        while True:
            found = self.read()
            if self.ready(found):
                return found
            reason = self.failure(found)
            if reason is not None:
                raise AnsibleAWSError(message=f"Gave up waiting for {self.goal}: {reason}")
            if time.monotonic() + pause > end:
                raise AnsibleAWSError(
                    message=f"Timeout after {timeout:g} s waiting for {self.goal}: {self.progress(found)}. "
                    "Run the task again to wait on, with a larger wait_timeout if AWS needs longer."
                )
            time.sleep(pause)
            pause = min(pause * GROWTH, self.pause)


def wait_until_visible(subject: str, service: str, read: t.Callable[[], Plain | None], timeout: float) -> Plain:
    """Return a resource that was just made once its service shows it.

    :param subject: names the resource in the message of a timeout.
    :param service: names the service there.
    :param read: returns the resource, None while it does not show.
    :param timeout: seconds.
    :raises AnsibleAWSError: when the time is over.
    """
    return Waiter[Plain](
        goal=f"{subject} to show",
        read=lambda: read() or {},
        ready=bool,
        failure=lambda resource: None,
        progress=lambda resource: f"{service} does not show it",
    ).wait(timeout)

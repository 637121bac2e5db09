# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repeat calls that AWS will accept a little later."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.supastack.aws.plugins.module_utils._errors import SDK_ERRORS

P = t.ParamSpec("P")
R = t.TypeVar("R")

# AWSRetry knows the codes of the older services only.
THROTTLING = ["ThrottlingException", "RequestThrottled", "RequestThrottledException", "SlowDown"]


def unthrottled(function: t.Callable[P, R]) -> t.Callable[P, R]:
    """Repeat the decorated call while AWS throttles it."""
    decorate: t.Callable[[t.Callable[P, R]], t.Callable[P, R]] = AWSRetry.jittered_backoff(
        catch_extra_error_codes=THROTTLING
    )
    return decorate(function)


def retry_while(
    transient: t.Callable[[Exception], bool], call: t.Callable[[], R], timeout: float, pause: float = 5
) -> R:
    """Return what call returns, repeating it while it fails with an error that passes by itself.

    :param transient: tells such an error from a lasting one, which is raised at once.
    :param timeout: seconds after which a transient error is raised as well.
    :param pause: seconds between two calls.
    """
    end = time.monotonic() + timeout
    while True:
        try:
            return call()
        except SDK_ERRORS as error:
            if not transient(error) or time.monotonic() + pause > end:
                raise
        time.sleep(pause)

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn errors of the AWS SDK into the one exception that modules report."""

from __future__ import annotations

import functools
import inspect
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError

try:
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    # The last is no BotoCoreError: an answer that is none of the service, such as a page of a proxy on the way.
    SDK_ERRORS: tuple[type[Exception], ...] = (ClientError, BotoCoreError, ResponseParserError)
except ImportError:
    # Modules report a missing SDK themselves, before any of these functions is called.
    SDK_ERRORS = ()

P = t.ParamSpec("P")
R = t.TypeVar("R")


def error_of(error: BaseException) -> t.Mapping[str, t.Any]:
    """Return the error member of an AWS answer, nothing for any other exception."""
    # An exception of botocore for an answer that never came has None there.
    response = getattr(error, "response", None)
    return response.get("Error", {}) if isinstance(response, dict) else {}


def error_code(error: BaseException) -> str:
    """Return the error code of an AWS answer, an empty string for any other exception."""
    return str(error_of(error).get("Code", ""))


def error_message(error: BaseException) -> str:
    """Return the text of an AWS answer, or of any other exception."""
    return str(error_of(error).get("Message", error))


def failing_to(description: str) -> t.Callable[[t.Callable[P, R]], t.Callable[P, R]]:
    """Report an SDK error of the decorated function as "Failed to <description>".

    :param description: may hold names of the function's parameters in braces.
    """

    def decorate(function: t.Callable[P, R]) -> t.Callable[P, R]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def reporting(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return function(*args, **kwargs)
            except SDK_ERRORS as error:
                values = signature.bind(*args, **kwargs).arguments
                raise AnsibleAWSError(message=f"Failed to {description.format(**values)}", exception=error) from error

        return reporting

    return decorate


def none_when(*codes: str) -> t.Callable[[t.Callable[P, R]], t.Callable[P, R | None]]:
    """Make the decorated function return None when AWS answers one of these error codes."""

    def decorate(function: t.Callable[P, R]) -> t.Callable[P, R | None]:
        @functools.wraps(function)
        def tolerating(*args: P.args, **kwargs: P.kwargs) -> R | None:
            try:
                return function(*args, **kwargs)
            except SDK_ERRORS as error:
                if error_code(error) in codes:
                    return None
                raise

        return tolerating

    return decorate

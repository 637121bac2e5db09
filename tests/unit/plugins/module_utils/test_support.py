# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors, retries, waiters, tags and placeholders of the modules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._errors import (
    error_code,
    error_message,
    failing_to,
    none_when,
)
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import (
    is_unknown,
    placeholder,
    predicted_arn,
)
from ansible_collections.supastack.aws.plugins.module_utils._retries import THROTTLING, retry_while, unthrottled
from ansible_collections.supastack.aws.plugins.module_utils._tags import desired_tags, tag_changes
from ansible_collections.supastack.aws.plugins.module_utils._waiters import Waiter
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from botocore.parsers import ResponseParserError


def refusal(code: str, message: str = "no reason") -> ClientError:
    """Return an error answer of AWS."""
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


def raising(*answers: Any) -> Callable[..., Any]:
    """Return a function that answers with these values in turn, raising those that are exceptions."""
    remaining: Iterator[Any] = iter(answers)

    def call(*_arguments: Any, **_named: Any) -> Any:
        answer = next(remaining)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return call


def test_failing_to_fills_in_the_arguments() -> None:
    @failing_to("describe {name} of {request[cluster]}")
    def describe(client: Any, name: str, request: dict[str, str]) -> None:
        raise refusal("AccessDenied", "not for you")

    with pytest.raises(AnsibleAWSError) as failure:
        describe(None, "coredns", request={"cluster": "production"})
    assert failure.value.message == "Failed to describe coredns of production"
    assert "AccessDenied" in str(failure.value)


def test_failing_to_reports_a_connection_error() -> None:
    @failing_to("list them")
    def listing() -> None:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")

    with pytest.raises(AnsibleAWSError, match=r"Failed to list them: .*127\.0\.0\.1:1"):
        listing()


def test_failing_to_reports_an_answer_that_is_none() -> None:
    @failing_to("list them")
    def listing() -> None:
        raise ResponseParserError("Unable to parse response, invalid XML received")

    with pytest.raises(AnsibleAWSError, match=r"Failed to list them: .*invalid XML"):
        listing()


def test_none_when_tolerates_only_its_codes() -> None:
    assert none_when("NotFound")(raising(refusal("NotFound")))() is None
    with pytest.raises(ClientError):
        none_when("NotFound")(raising(refusal("AccessDenied")))()


def test_error_details_of_any_exception() -> None:
    assert error_code(refusal("Throttled")) == "Throttled"
    assert error_message(refusal("Throttled", "slow down")) == "slow down"
    assert error_code(ValueError("x")) == ""
    assert error_message(ValueError("x")) == "x"
    assert error_code(ClientError({}, "Operation")) == ""
    silence = ReadTimeoutError(endpoint_url="https://rds.eu-west-1.amazonaws.com")
    assert error_code(silence) == ""
    assert "Read timeout" in error_message(silence)


@pytest.mark.parametrize("code", [*THROTTLING, "RequestLimitExceeded"])
def test_throttled_calls_are_repeated(code: str) -> None:
    assert unthrottled(raising(refusal(code), refusal(code), "done"))() == "done"


def test_other_errors_are_not_repeated() -> None:
    with pytest.raises(ClientError):
        unthrottled(raising(refusal("AccessDenied"), "done"))()


def test_retry_while_ends_with_the_first_success(clock: Any) -> None:
    call = raising(refusal("Busy"), refusal("Busy"), "done")
    assert retry_while(lambda error: error_code(error) == "Busy", call, timeout=60, pause=5) == "done"
    assert clock.now == 10


def test_retry_while_raises_a_lasting_error_at_once(clock: Any) -> None:
    with pytest.raises(ClientError, match="Denied"):
        retry_while(lambda error: error_code(error) == "Busy", raising(refusal("Denied")), timeout=60)
    assert clock.now == 0


def test_retry_while_raises_when_the_time_is_over(clock: Any) -> None:
    with pytest.raises(ClientError, match="Busy"):
        retry_while(lambda error: True, raising(*[refusal("Busy")] * 9), timeout=20, pause=5)
    assert clock.now == 20


def waiter(*states: str) -> Waiter[str]:
    """Return a waiter for the state ready."""
    return Waiter(
        goal="it to be ready",
        read=raising(*states),
        ready=lambda state: state == "ready",
        failure=lambda state: "its reason" if state == "failed" else None,
        progress=lambda state: f"state {state}",
        pause=1.5,
    )


def test_waiter_returns_at_once_when_ready(clock: Any) -> None:
    assert waiter("ready").wait(60) == "ready"
    assert clock.now == 0


def test_waiter_reads_often_first_and_then_at_its_pause(clock: Any) -> None:
    assert waiter("made", "made", "made", "made", "made", "ready").wait(60) == "ready"
    assert clock.now == 1 + 1.25 + 1.5 + 1.5 + 1.5


def test_waiter_ends_on_a_terminal_state_with_its_reason() -> None:
    with pytest.raises(AnsibleAWSError, match="Gave up waiting for it to be ready: its reason"):
        waiter("made", "failed").wait(60)


def test_waiter_says_where_it_stood_when_the_time_was_over(clock: Any) -> None:
    with pytest.raises(
        AnsibleAWSError, match=r"Timeout after 10 s waiting for it to be ready: state made\..*wait_timeout"
    ):
        waiter(*["made"] * 20).wait(10)
    assert clock.now <= 10


TAG_CASES: list[tuple[dict[str, str] | None, dict[str, Any] | None, bool, dict[str, str] | None]] = [
    # current, wanted, purge, desired
    ({"a": "1"}, None, True, None),
    ({"a": "1"}, {}, True, {}),
    ({"a": "1"}, {}, False, {"a": "1"}),
    ({"a": "1", "aws:owner": "x"}, {"b": 2}, True, {"aws:owner": "x", "b": "2"}),
    ({"a": "1"}, {"b": True}, False, {"a": "1", "b": "True"}),
    (None, {"a": "1"}, True, {"a": "1"}),
]


@pytest.mark.parametrize(("current", "wanted", "purge", "desired"), TAG_CASES)
def test_desired_tags(
    current: dict[str, str] | None, wanted: dict[str, Any] | None, purge: bool, desired: dict[str, str] | None
) -> None:
    assert desired_tags(current, wanted, purge) == desired


def test_tag_changes() -> None:
    assert tag_changes({"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "9", "d": "4"}) == (
        {"b": "9", "d": "4"},
        ["c"],
    )


@pytest.mark.parametrize(
    ("value", "unknown"),
    [
        (placeholder("vpc"), True),
        ("vpc-0aaa", False),
        (["subnet-0aaa", placeholder("subnet")], True),
        ({"a": {"b": placeholder("x")}}, True),
        ({"a": ["b"]}, False),
        (None, False),
        (7, False),
    ],
)
def test_is_unknown(value: Any, unknown: bool) -> None:
    assert is_unknown(value) is unknown


@pytest.mark.parametrize(
    ("related", "arn"),
    [
        ("arn:aws:iam::123456789012:role/x", "arn:aws:eks:eu-west-1:123456789012:cluster/demo"),
        ("arn:aws:iam::known-after-apply", "arn:aws:eks:eu-west-1:known-after-apply"),
        (None, "arn:aws:eks:eu-west-1:known-after-apply"),
    ],
)
def test_predicted_arn(make_api: Callable[..., Any], related: str | None, arn: str) -> None:
    assert predicted_arn(make_api("eks").client, "eks", "cluster/demo", related) == arn

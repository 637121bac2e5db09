# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of what an environment needs of AWS: their findings, and running all of them at once."""

from __future__ import annotations

import dataclasses
import functools
import queue
import threading
import time
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.botocore import get_aws_connection_info
from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._errors import SDK_ERRORS, error_code, error_message

try:
    import boto3
    from botocore.config import Config
except ImportError:
    # Modules report a missing SDK themselves.
    pass

# The worst first: what could not be checked may be an error.
SEVERITIES = ("error", "unchecked", "warning")
# Of one call. What has not answered when the time for all of them is over is a finding anyway.
CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 2, 5, 2
THREADS = 16
# What asks several questions ends so long before the others, that the answers that came are still told.
HEAD_START = 0.5
REFUSALS = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError")


@dataclasses.dataclass(frozen=True)
class Finding:
    """Something that stands in the way, or may do so, and what to do about it."""

    severity: str
    subject: str
    problem: str
    fix: str

    def about(self, what: str) -> Finding:
        """Return this finding about a part of its subject only."""
        return dataclasses.replace(self, problem=f"{self.problem} This is about {what}.")


class Clients:
    """Clients of AWS by service and region, each made once. They may be used by several threads, making them may not.

    :param make: makes a client of a service in a region.
    :param region: region of the environment, which is meant where none is named.
    :param seconds: how long answers are waited for, from now on.
    """

    def __init__(self, make: t.Callable[[str, str], t.Any], region: str, seconds: float) -> None:
        self.region = region
        self.seconds = seconds
        self._end = time.monotonic() + seconds
        self._make = make
        self._made: dict[tuple[str, str], t.Any] = {}
        self._lock = threading.Lock()

    def __call__(self, service: str, region: str = "") -> t.Any:
        """Return the client of a service."""
        key = (service, region or self.region)
        with self._lock:
            if key not in self._made:
                self._made[key] = self._make(*key)
            return self._made[key]

    def left(self) -> float:
        """Return for how many seconds more answers are waited for."""
        return max(0.0, self._end - time.monotonic())

    def late(self) -> Exception:
        """Return the error of what was not answered."""
        return TimeoutError(f"AWS did not answer within {self.seconds:g} s")


def client_maker(module: t.Any) -> t.Callable[[str, str], t.Any]:
    """Return what makes clients with a module's options. All are of one session, which reads its files only once."""
    _region, endpoint, settings = get_aws_connection_info(module)
    profile, config = settings.pop("profile_name", None), settings.pop("aws_config", None)
    sessions: list[t.Any] = []

    def make(service: str, region: str) -> t.Any:
        limits = Config(
            connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries={"total_max_attempts": ATTEMPTS}
        )
        if not sessions:
            # Not earlier: a profile that does not exist is a finding like any other.
            sessions.append(boto3.session.Session(profile_name=profile))
        merged = limits.merge(config) if config else limits
        return sessions[0].client(service, region_name=region, endpoint_url=endpoint, config=merged, **settings)

    return make


@dataclasses.dataclass(frozen=True)
class Check:
    """One question to AWS.

    :param subject: what it is about, as findings name it.
    :param actions: IAM actions that it needs.
    :param ask: returns the findings; any error means that it could not be checked.
    """

    subject: str
    actions: str
    ask: t.Callable[[Clients], list[Finding]]


Question = tuple[t.Any, str, str, t.Callable[..., list[Finding]]]


def checks_of(options: Plain, questions: t.Iterable[Question]) -> list[Check]:
    """Return the checks that an environment needs.

    :param questions: what is asked only when it is true; subject; actions; what returns the findings.
    """
    return [
        Check(subject, actions, functools.partial(function, options=options))
        for wanted, subject, actions, function in questions
        if wanted
    ]


def unchecked(check: Check, error: Exception) -> Finding:
    """Return the finding that something could not be checked."""
    code = error_code(error)
    reason = f"{code}: {error_message(error)}" if code else f"{type(error).__name__}: {error}"
    fix = "Correct the input that this is about, or look it up yourself."
    if code in REFUSALS:
        fix = f"Allow {check.actions}, or look it up yourself."
    elif isinstance(error, (TimeoutError, *SDK_ERRORS)):
        fix = f"Run this again once {check.actions} can be called, or look it up yourself."
    return Finding("unchecked", check.subject, f"Could not be checked. {reason}", fix)


def asked(check: Check, clients: Clients) -> list[Finding]:
    """Return the findings of one check."""
    try:
        return check.ask(clients)
    # Whatever it is, the other checks are not to be lost, and this one has not passed.
    except Exception as error:  # pylint: disable=broad-exception-caught
        return [unchecked(check, error)]


Argument = t.TypeVar("Argument")
Result = t.TypeVar("Result")


def at_once(
    function: t.Callable[[Argument], Result], arguments: t.Sequence[Argument], seconds: float, threads: int = 0
) -> list[Result | None]:
    """Return what a function, which raises nothing, returns for each argument; None where it takes longer.

    A pool would wait for all of its threads, at the latest when the process ends.
    """
    results: list[Result | None] = [None] * len(arguments)
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    done = threading.Semaphore(0)

    def work() -> None:
        while True:
            try:
                number = waiting.get_nowait()
            except queue.Empty:
                return
            results[number] = function(arguments[number])
            done.release()

    end = time.monotonic() + seconds
    for number in range(len(arguments)):
        waiting.put(number)
    for _number in range(min(threads or THREADS, len(arguments))):
        threading.Thread(target=work, daemon=True).start()
    for _number in range(len(arguments)):
        if not done.acquire(timeout=max(0.0, end - time.monotonic())):
            break
    return list(results)


def ask_all(checks: t.Sequence[Check], clients: Clients) -> list[Finding]:
    """Return the findings of all checks."""
    found = at_once(lambda check: asked(check, clients), checks, clients.left())
    return [
        finding
        for check, findings in zip(checks, found, strict=True)
        for finding in ([unchecked(check, clients.late())] if findings is None else findings)
    ]


def worst_first(findings: t.Sequence[Finding]) -> list[Plain]:
    """Return findings in the order in which to look at them."""
    ordered = sorted(findings, key=lambda finding: (SEVERITIES.index(finding.severity), finding.subject))
    return [dataclasses.asdict(finding) for finding in ordered]

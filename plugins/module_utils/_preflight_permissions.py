# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check of what the credentials may do, by IAM's simulation of their policies."""

from __future__ import annotations

import functools
import typing as t

from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._preflight import (
    HEAD_START,
    Check,
    Clients,
    Finding,
    at_once,
    unchecked,
)

NEEDED = "iam:SimulatePrincipalPolicy, iam:GetRole"
SUBJECT = "permissions"
# IAM is one for the whole account, and answers only so many questions at once.
THREADS = 4


def principal_of(clients: Clients, caller_arn: str) -> str:
    """Return the ARN whose policies count. That of a session lacks the path of its role."""
    if ":assumed-role/" not in caller_arn:
        return caller_arn
    name = caller_arn.split(":assumed-role/", 1)[1].split("/", 1)[0]
    return str(clients("iam").get_role(RoleName=name)["Role"]["Arn"])


def simulated(clients: Clients, principal: str, permission: Plain) -> list[Plain]:
    """Return IAM's decisions about each action, on one resource or on several."""
    region = {
        "ContextKeyName": "aws:RequestedRegion",
        "ContextKeyType": "string",
        "ContextKeyValues": [clients.region],
    }
    pages = (
        clients("iam")
        .get_paginator("simulate_principal_policy")
        .paginate(
            PolicySourceArn=principal,
            ActionNames=permission["actions"],
            ResourceArns=permission["resources"],
            ContextEntries=[region],
            PaginationConfig={"PageSize": 1000},
        )
    )
    return [decision for page in pages for decision in page["EvaluationResults"]]


def allowed(decision: Plain) -> bool:
    """Return whether an action is allowed on one of the resources that a decision is about."""
    each = [item["EvalResourceDecision"] for item in decision.get("ResourceSpecificResults", [])]
    return "allowed" in [decision["EvalDecision"], *each]


def refused_actions(decisions: list[Plain]) -> dict[str, bool]:
    """Return the actions that are allowed on no resource, with whether that hangs on conditions of a real request."""
    fine = {decision["EvalActionName"] for decision in decisions if allowed(decision)}
    refused: dict[str, bool] = {}
    for decision in decisions:
        if decision["EvalActionName"] not in fine:
            missing = bool(decision.get("MissingContextValues"))
            refused[decision["EvalActionName"]] = missing or refused.get(decision["EvalActionName"], False)
    return refused


def permission_findings(caller_arn: str, permission: Plain, decisions: list[Plain]) -> list[Finding]:
    """Return which actions the credentials may not do, by the decisions about them."""
    refused, place = refused_actions(decisions), permission["resources"][-1]
    denied = ", ".join(action for action, unknown in refused.items() if not unknown)
    hanging = ", ".join(action for action, unknown in refused.items() if unknown)
    findings = []
    if denied:
        fix = f"Add them to a policy of {caller_arn}, or ask whoever manages the account."
        findings.append(Finding("error", SUBJECT, f"Denied on {place}: {denied}.", fix))
    if hanging:
        problem = f"Could not be checked. On {place} allowed only under conditions of a real request: {hanging}."
        findings.append(Finding("unchecked", SUBJECT, problem, "Compare the conditions with the environment."))
    return findings


def permissions(clients: Clients, options: Plain, caller_arn: str) -> list[Finding]:
    """Check that the credentials may do what is asked for."""
    if caller_arn.endswith(":root"):
        fix = "Use a role: nothing limits what the root user does, and IAM cannot simulate it."
        return [Finding("warning", SUBJECT, "The credentials are those of the account's root user.", fix)]
    principal = principal_of(clients, caller_arn)
    asked = [permission for permission in options["permissions"] if permission["actions"]]

    def simulate(permission: Plain) -> list[Plain] | Exception:
        try:
            return simulated(clients, principal, permission)
        # Whatever it is, what IAM says of other actions is not to be lost.
        except Exception as error:  # pylint: disable=broad-exception-caught
            return error

    answers = at_once(simulate, asked, clients.left() - HEAD_START, THREADS)
    findings = []
    for permission, answer in zip(asked, answers, strict=True):
        if isinstance(answer, list):
            findings += permission_findings(caller_arn, permission, answer)
    lost = [answer for answer in answers if not isinstance(answer, list)]
    if lost:
        error = next((answer for answer in lost if answer), clients.late())
        found = unchecked(permission_check(options, caller_arn), error)
        findings.append(found.about(f"{len(lost)} of {len(asked)} questions"))
    return findings


def permission_check(options: Plain, caller_arn: str) -> Check:
    """Return the check of permissions."""
    ask: t.Callable[[Clients], list[Finding]] = functools.partial(permissions, options=options, caller_arn=caller_arn)
    return Check(SUBJECT, NEEDED, ask)


def permission_checks(options: Plain, caller_arn: str) -> list[Check]:
    """Return the check of permissions, if there are any to ask for."""
    return [permission_check(options, caller_arn)] if options["permissions"] else []

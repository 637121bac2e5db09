# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks before all others: whose credentials these are, the clock, the region; and whether the name is in use."""

from __future__ import annotations

import email.utils
import functools
import time
import typing as t

from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._errors import SDK_ERRORS, error_code, error_message
from ansible_collections.supastack.aws.plugins.module_utils._preflight import (
    HEAD_START,
    Check,
    Clients,
    Finding,
    at_once,
    unchecked,
)
from ansible_collections.supastack.aws.plugins.module_utils._tags import ENVIRONMENT_TAG

# AWS takes a signature for five minutes:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
REFUSED_SKEW = 300
# From here on, drift is not the network's doing and will grow.
SUSPECT_SKEW = 30
# What a region that is not enabled says of good credentials.
UNKNOWN_HERE = ("InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure")
# Outlives an environment, on purpose or for a while, and does not stand in the way of another.
LEFT_BEHIND = ("kms", "logs", "secretsmanager")
# What the SDK says when there are no credentials to try.
WITHOUT_CREDENTIALS = ("Credential", "Profile", "Token", "SSO", "Login")


def home_region(region: str) -> str:
    """Return the region of a partition that every account has."""
    homes = {"cn-": "cn-north-1", "us-gov-": "us-gov-west-1"}
    return next((home for prefix, home in homes.items() if region.startswith(prefix)), "us-east-1")


def clock_skew(answer: t.Mapping[str, t.Any]) -> float:
    """Return how many seconds this machine's clock is ahead of AWS', by the date of an answer or of a refusal."""
    told = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return time.time() - email.utils.parsedate_to_datetime(told).timestamp() if told else 0


def clock_findings(skew: float) -> list[Finding]:
    """Return what is wrong with the clock."""
    if abs(skew) <= SUSPECT_SKEW:
        return []
    problem = f"This machine's clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} AWS'."
    severity = "error" if abs(skew) > REFUSED_SKEW else "warning"
    if severity == "error":
        problem += " AWS takes no signature that is more than five minutes off."
    return [Finding(severity, "clock", problem, "Let the clock be set by NTP: timedatectl set-ntp true")]


def caller_identity(clients: Clients) -> tuple[Plain, bool]:
    """Return who these credentials are, and whether the region knows them."""
    try:
        return dict(clients("sts").get_caller_identity()), True
    except SDK_ERRORS as error:
        home = home_region(clients.region)
        if error_code(error) not in UNKNOWN_HERE or home == clients.region:
            raise
    return dict(clients("sts", home).get_caller_identity()), False


def nothing_else(why: str) -> Finding:
    """Return the finding that stands for all checks that were not made."""
    return Finding("unchecked", "everything else", why, "Run this again then.")


def refused(error: Exception) -> list[Finding]:
    """Return what is known when AWS does not say whose credentials these are."""
    kind = type(error).__name__
    reason = f"{error_code(error) or kind}: {error_message(error)}"
    if not error_code(error) and not any(word in kind for word in WITHOUT_CREDENTIALS):
        fix = "Check the network, HTTPS_PROXY and NO_PROXY, and supabase_aws_region."
        problem = f"It does not answer this machine, so nobody knows whose credentials these are. {reason}"
        return [Finding("error", "AWS", problem, fix), nothing_else("Nothing can be asked.")]
    skew = clock_findings(clock_skew(getattr(error, "response", None) or {}))
    fix = "Log in (aws sso login, or new keys), or name the right profile with supabase_aws_profile."
    return [
        Finding("error", "credentials", f"There are none that AWS takes. {reason}", skew[0].fix if skew else fix),
        *skew,
        nothing_else("Nothing can be asked without credentials."),
    ]


def account_findings(caller: Plain, wanted: str, region: str, enabled: bool) -> list[Finding]:
    """Return what is wrong with account and region."""
    found = clock_findings(clock_skew(caller))
    if caller["Account"] != wanted:
        fix = "Use another profile (supabase_aws_profile), or correct supabase_account_id in group_vars/all/main.yml."
        problem = f"supabase_account_id is {wanted}, but the credentials are {caller['Arn']} of {caller['Account']}."
        found.append(Finding("error", "account", f"{problem} What follows is about the latter.", fix))
    if not enabled:
        fix = f"aws account enable-region --region-name {region} (it takes minutes to hours), or choose another region."
        found.append(Finding("error", f"region {region}", "It is not enabled in this account.", fix))
        found.append(nothing_else(f"Nothing can be asked of {region}."))
    return found


def resources_of(clients: Clients, region: str, environment: str) -> list[str]:
    """Return the ARNs of what an environment uses in a region. Global resources are told of by one region for all."""
    pages = clients("resourcegroupstaggingapi", region).get_paginator("get_resources")
    tag = {"Key": ENVIRONMENT_TAG, "Values": [environment]}
    arns = [item["ResourceARN"] for page in pages.paginate(TagFilters=[tag]) for item in page["ResourceTagMappingList"]]
    return [arn for arn in arns if stands_in_the_way(arn, region, clients.region)]


def stands_in_the_way(arn: str, region: str, own: str) -> bool:
    """Return whether a resource that was found in a region shows that an environment of its own is there."""
    _arn, _partition, service, place, _account, rest = arn.split(":", 5)
    # Sign-ins of the root user are events of one region, from where a rule brings them to the environment's.
    is_forwarder = service == "events" and region == home_region(own) and rest.endswith("-root")
    is_backup = rest.startswith(("snapshot", "auto-backup"))
    return place == region and service not in LEFT_BEHIND and not is_backup and not is_forwarder


def elsewhere(clients: Clients, options: Plain) -> list[Finding]:
    """Return in which other regions something of the environment's name is."""
    environment = options["environment"]
    regions = [item["RegionName"] for item in clients("ec2").describe_regions()["Regions"]]
    others = sorted(set(regions) - {clients.region})
    check = name_check(options)

    def look(region: str) -> list[str] | Exception:
        try:
            return resources_of(clients, region, environment)
        # Whatever it is, what the other regions say is not to be lost.
        except Exception as error:  # pylint: disable=broad-exception-caught
            return error

    answers = dict(zip(others, at_once(look, others, clients.left() - HEAD_START), strict=True))
    used = {region: answer for region, answer in answers.items() if answer and not isinstance(answer, Exception)}
    blind = {region: answer for region, answer in answers.items() if not isinstance(answer, list)}
    findings = []
    if used:
        places = "; ".join(f"{len(arns)} in {region}, such as {arns[0]}" for region, arns in used.items())
        fix = "Take another name (supabase_environment): names of IAM and S3 are the account's, not the region's."
        problem = f"It is in use in another region: {places}."
        fix += f" What was just deleted is shown for an hour: preflight_accepted: [{check.subject}] lets it pass."
        findings.append(Finding("error", check.subject, problem, fix))
    if blind:
        error = next((answer for answer in blind.values() if answer), clients.late())
        findings.append(unchecked(check, error).about(", ".join(blind)))
    return findings


def name_check(options: Plain) -> Check:
    """Return the check that the environment's name is not in use in another region."""
    return Check(
        f"name {options['environment']}",
        "ec2:DescribeRegions, tag:GetResources",
        functools.partial(elsewhere, options=options),
    )

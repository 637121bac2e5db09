# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which resources of an account and region are an environment's, by what each service and the tags of all tell."""

from __future__ import annotations

import collections
import concurrent.futures
import typing as t

from ansible_collections.supastack.aws.plugins.module_utils._arns import arn_id, arn_kind
from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._eks_cluster_leftovers import OWNER
from ansible_collections.supastack.aws.plugins.module_utils._environment_resources_ask import (
    CLUSTER_TAGS,
    COMPONENT_TAG,
    Found,
    Scope,
    Unanswered,
    as_list,
    ask_kind,
    plain_tags,
    said,
    value,
)
from ansible_collections.supastack.aws.plugins.module_utils._environment_resources_details import day
from ansible_collections.supastack.aws.plugins.module_utils._environment_resources_kinds import KINDS
from ansible_collections.supastack.aws.plugins.module_utils._errors import SDK_ERRORS
from ansible_collections.supastack.aws.plugins.module_utils._retries import unthrottled
from ansible_collections.supastack.aws.plugins.module_utils._tags import ENVIRONMENT_TAG

TAGGING = "resourcegroupstaggingapi"
SERVICES = tuple(dict.fromkeys(kind.service for kind in KINDS))
WORKERS = 8

Tagged = dict[str, dict[str, str]]
Ours = list[tuple[Found, str]]


class Answers(t.NamedTuple):
    """What all services told."""

    found: list[Found]
    unanswered: list[Unanswered]
    tagged: Tagged


def known_as(arn: str) -> str:
    """Return what an ARN is compared by. EC2's types differ between documents, its identifiers do not."""
    return f"ec2/{arn_id(arn)}" if arn.split(":")[2] == "ec2" else arn.removesuffix(":*")


def filters(scope: Scope) -> list[Plain]:
    """Return the tag filters by which something is the environment's; all of one request would have to hold."""
    wanted = {ENVIRONMENT_TAG: scope.environment}
    if scope.cluster:
        wanted |= {f"{OWNER}{scope.cluster}": "owned", **dict.fromkeys(CLUSTER_TAGS, scope.cluster)}
    return [{"Key": key, "Values": [text]} for key, text in wanted.items()]


@unthrottled
def tagged_with(client: t.Any, tag: Plain) -> Tagged:
    """Return everything that has a tag: https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/"""
    pages = client.get_paginator("get_resources").paginate(TagFilters=[tag])
    resources = [resource for page in pages for resource in page["ResourceTagMappingList"]]
    return {
        known_as(resource["ResourceARN"]): {**plain_tags(resource["Tags"]), "": resource["ResourceARN"]}
        for resource in resources
    }


def ask_tagging(client: t.Any, scope: Scope) -> Answers:
    """Return everything with one of the environment's tags, of whatever service."""
    tagged: Tagged = {}
    for tag in filters(scope):
        try:
            tagged |= tagged_with(client, tag)
        except SDK_ERRORS as error:
            return Answers(
                [], [Unanswered(TAGGING, f"what has the tag {tag['Key']} was not told ({said(error)})")], tagged
            )
    return Answers([], [], tagged)


def ask_service(client: t.Any, service: str, scope: Scope) -> Answers:
    """Return the resources of a service, of anybody, and what it did not tell."""
    answers = [ask_kind(client, kind, scope) for kind in KINDS if kind.service == service]
    return Answers([one for found, _no in answers for one in found], [one for _found, no in answers for one in no], {})


def ask_all(clients: t.Mapping[str, t.Any], scope: Scope) -> Answers:
    """Ask all services at once, each in a thread of its own."""
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        asked = [pool.submit(ask_tagging, clients[TAGGING], scope)]
        asked += [pool.submit(ask_service, clients[service], service, scope) for service in SERVICES]
        answers = [one.result() for one in asked]
    return Answers(
        [found for answer in answers for found in answer.found],
        [reason for answer in answers for reason in answer.unanswered],
        answers[0].tagged,
    )


def owned(found: Found, scope: Scope, ours: t.Container[str]) -> str:
    """Return by what something is the environment's, nothing when it is not.

    :param ours: identifiers of what is known to be the environment's.
    """
    by = scope.tagged_by(found.tags or {})
    if by:
        return "" if by == "other" else by
    if isinstance(found.item, dict) and "FoundBy" in found.item:
        return str(found.item["FoundBy"])
    if scope.is_named(found.kind.type, found.name):
        return "name"
    parents = [value(found.item, path) for path in found.kind.parents]
    # Of a volume, for example, a list.
    return "parent" if any(one in ours for parent in parents for one in as_list(parent)) else ""


def select(answers: Answers, scope: Scope) -> Ours:
    """Return what is the environment's of all that was found, and by what."""
    for found in answers.found:
        if found.arn and (tags := answers.tagged.get(known_as(found.arn))):
            found.tags = {**tags, **(found.tags or {})}
    identifiers: set[str] = set()
    while True:
        ours = [(found, by) for found in answers.found if (by := owned(found, scope, identifiers))]
        # A VPC that is marked for the cluster may be somebody else's, with other things in it.
        now = {found.id for found, by in ours if by == "tag" or found.kind.type != "vpc"}
        if now == identifiers:
            used = used_by_others(answers, ours)
            return [(found, by) for found, by in ours if not in_use(found, used)]
        identifiers = now


def in_use(found: Found, used: t.Container[str]) -> bool:
    """Return whether something is for what others have."""
    return found.kind.type == "record" and found.item["Use"] in used


def used_by_others(answers: Answers, ours: Ours) -> set[str]:
    """Return the load balancers and the names of certificates that records of others' hosts lead to and validate."""
    mine = {id(found) for found, _by in ours}
    others = [found for found in answers.found if id(found) not in mine]
    balancers = {value(found.item, "DNSName").lower() for found in others if found.kind.type == "load-balancer"}
    names = [
        name
        for found in others
        if found.kind.type == "certificate"
        for name in [found.name, *found.item.get("SubjectAlternativeNameSummaries", [])]
    ]
    return balancers | {name.lower().removeprefix("*.") for name in names}


def unforeseen(answers: Answers, ours: Ours, scope: Scope) -> list[Plain]:
    """Return what has the environment's tags but was listed by no service that was asked for its kind.

    Tags are told for a while after a resource is gone, so that the service itself has the last word.
    """
    failed = {reason.split(":")[0] for _service, reason in answers.unanswered}
    told = {kind.known_as for kind in KINDS if kind.type not in failed}
    told -= {kind.known_as for kind in KINDS if kind.type in failed}
    there = {found.kind.type for found, _by in ours}
    told |= {child for kind in KINDS if kind.type not in failed | there for child in kind.children}
    listed = {known_as(found.arn) for found in answers.found if found.arn}
    result = []
    for key, tags in answers.tagged.items():
        arn, by = tags[""], scope.tagged_by(tags)
        if by != "other" and key not in listed and arn_kind(arn) not in told:
            result.append(resource(arn.split(":")[2], arn_kind(arn).rpartition(":")[2], arn_id(arn), arn, tags, by))
    return result


def resource(service: str, kind: str, identifier: str, arn: str | None, tags: t.Mapping[str, str], by: str) -> Plain:
    """Return what the module tells of a resource of which nothing but this is known."""
    return {
        "service": service,
        "type": kind,
        "id": identifier,
        "name": tags.get("Name", ""),
        "arn": arn,
        "found_by": by,
        "state": None,
        "until": None,
        "kms_key_arn": None,
        "component": tags.get(COMPONENT_TAG),
    }


def shown(clients: t.Mapping[str, t.Any], found: Found, by: str, unanswered: list[Unanswered]) -> Plain:
    """Return what the module tells of a resource, after asking for what its list does not have."""
    kind, item = found.kind, found.item
    if kind.detail:
        try:
            item = unthrottled(kind.detail)(clients[kind.service], item)
        except SDK_ERRORS as error:
            unanswered.append(
                Unanswered(kind.service, f"{kind.type} {found.id}: its state was not told ({said(error)})")
            )
            item = {}
    until = value(item, kind.until) if kind.until else None
    told = resource(kind.service, kind.type, found.id, found.arn, found.tags or {}, by)
    return told | {
        "name": found.name,
        "state": value(item, kind.state) or None if kind.state else None,
        "until": day(until) if until else None,
        "kms_key_arn": value(item, kind.key) if kind.key else None,
    }


def environment_resources(clients: t.Mapping[str, t.Any], scope: Scope) -> tuple[list[Plain], list[Plain]]:
    """Return the environment's resources, and what could not be asked."""
    answers = ask_all(clients, scope)
    unanswered = list(answers.unanswered)
    ours = select(answers, scope)
    held = collections.Counter(found.item["Zone"] for found, _by in ours if found.kind.type == "record")
    for found, _by in ours:
        if found.kind.type == "hosted-zone":
            # What is listed itself is not what the zone has beside it.
            found.item["ResourceRecordSetCount"] -= held[found.id]
    resources = [shown(clients, found, by, unanswered) for found, by in ours] + unforeseen(answers, ours, scope)
    order = sorted(resources, key=lambda one: (one["service"], one["type"], one["id"]))
    return order, [reason._asdict() for reason in unanswered]

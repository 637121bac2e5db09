# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM managed policies: the API calls and the plain data in which they are compared."""

from __future__ import annotations

import json
import re
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.tagging import ansible_dict_to_boto3_tag_list
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._errors import error_code, failing_to, none_when
from ansible_collections.supastack.aws.plugins.module_utils._iam_policy_document import (
    document_of,
    refusing_malformed,
    text_of,
)
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import placeholder
from ansible_collections.supastack.aws.plugins.module_utils._retries import retry_while, unthrottled
from ansible_collections.supastack.aws.plugins.module_utils._tags import Tags, tag_changes, tags_of
from ansible_collections.supastack.aws.plugins.module_utils._waiters import wait_until_visible

# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html
NAME = re.compile(r"[\w+=,.@-]{1,128}", re.ASCII)
PATH = re.compile(r"/|/[!-~]{1,510}/")
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
MOST_VERSIONS = 5
VISIBLE_SECONDS = 60
SETTLING_SECONDS = 30


def check_options(options: Plain) -> None:
    """Refuse names and paths that IAM does not take.

    :raises AnsibleAWSError: naming the option, its value and what to do.
    """
    name, path = options["name"], options["path"]
    if not NAME.fullmatch(name):
        raise AnsibleAWSError(
            message=f"name is {name!r}, but IAM takes 1 to 128 letters, digits and characters of +=,.@_- only."
        )
    if not PATH.fullmatch(path):
        raise AnsibleAWSError(
            message=f"path is {path!r}, but must begin and end with a slash and have at most 512 characters, without "
            "blanks, such as / or /supastack/."
        )


@failing_to("ask for the account of these credentials")
@unthrottled
def policy_arn(sts: t.Any, name: str, path: str) -> str:
    """Return the ARN of a policy in the account of the credentials, whether it exists or not."""
    identity = sts.get_caller_identity()
    partition = identity["Arn"].split(":")[1]
    return f"arn:{partition}:iam::{identity['Account']}:policy{path}{name}"


@failing_to("describe the policy {arn}")
@none_when("NoSuchEntity")
@unthrottled
def get_policy(client: t.Any, arn: str) -> Plain:
    """Return a policy as IAM describes it, without its document."""
    return dict(client.get_policy(PolicyArn=arn)["Policy"])


@failing_to("read version {version} of the policy {arn}")
@none_when("NoSuchEntity")
@unthrottled
def get_document(client: t.Any, arn: str, version: str) -> Plain | None:
    """Return the document of one version."""
    found = client.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    return document_of(json.dumps(found))


def read(client: t.Any, arn: str) -> Plain | None:
    """Return the policy as the module returns and compares it, None when IAM does not show it."""
    policy = get_policy(client, arn)
    document = policy and get_document(client, arn, policy["DefaultVersionId"])
    if not policy or document is None:
        return None
    return {
        "arn": arn,
        "name": policy["PolicyName"],
        "path": policy["Path"],
        "policy_id": policy["PolicyId"],
        "default_version_id": policy["DefaultVersionId"],
        "description": policy.get("Description", ""),
        "document": document,
        "tags": tags_of(policy),
        "attachment_count": policy.get("AttachmentCount", 0),
    }


def unknown_view(arn: str, options: Plain) -> Plain:
    """Return the predicted return values of a policy that does not exist."""
    return {
        "arn": arn,
        "name": options["name"],
        "path": options["path"],
        "policy_id": placeholder("policy"),
        "default_version_id": "v1",
        "description": "",
        "document": {},
        "tags": {},
        "attachment_count": 0,
    }


@failing_to("create the policy {name}")
@none_when("EntityAlreadyExists")
@unthrottled
def create_policy(client: t.Any, name: str, path: str, values: Plain) -> str:
    """Create a policy and return its ARN; None when there is one of this name."""
    request = {"PolicyName": name, "Path": path, "PolicyDocument": text_of(values["document"])}
    if values.get("description"):
        request["Description"] = values["description"]
    if values.get("tags"):
        request["Tags"] = ansible_dict_to_boto3_tag_list(values["tags"])
    return str(refusing_malformed(lambda: client.create_policy(**request))["Policy"]["Arn"])


@failing_to("look for policies named {name}")
@unthrottled
def arn_of_name(client: t.Any, name: str) -> str | None:
    """Return the ARN of the account's own policy that has a name, on any path and in any case; None without one."""
    for page in client.get_paginator("list_policies").paginate(Scope="Local"):
        for policy in page["Policies"]:
            if policy["PolicyName"].casefold() == name.casefold():
                return str(policy["Arn"])
    return None


def wait_for_policy(client: t.Any, arn: str, version: str | None = None) -> Plain:
    """Return the policy once IAM shows it, with this default version if one is given."""

    def shown() -> Plain | None:
        policy = read(client, arn)
        return policy if policy and version in (None, policy["default_version_id"]) else None

    subject = f"version {version} of the policy {arn}" if version else f"the policy {arn}"
    return wait_until_visible(subject, "IAM", shown, VISIBLE_SECONDS)


@failing_to("list the versions of the policy {arn}")
@none_when("NoSuchEntity")
@unthrottled
def old_versions(client: t.Any, arn: str) -> list[str]:
    """Return the versions that are not the default one, the oldest first."""
    pages = client.get_paginator("list_policy_versions").paginate(PolicyArn=arn)
    versions = [version for page in pages for version in page["Versions"] if not version["IsDefaultVersion"]]
    return [version["VersionId"] for version in sorted(versions, key=number_of)]


def number_of(version: t.Mapping[str, t.Any]) -> int:
    """Return the number in the id of a version, which grows with each one."""
    return int(version["VersionId"].removeprefix("v").partition(".")[0])


@failing_to("delete version {version} of the policy {arn}")
@none_when("NoSuchEntity")
@unthrottled
def delete_version(client: t.Any, arn: str, version: str) -> None:
    """Delete a version, waiting while IAM takes one that was the default for the default still."""
    retry_while(
        lambda error: error_code(error) == "DeleteConflict",
        lambda: client.delete_policy_version(PolicyArn=arn, VersionId=version),
        SETTLING_SECONDS,
    )


@failing_to("change the document of the policy {arn}")
@unthrottled
def create_version(client: t.Any, arn: str, document: Plain) -> str:
    """Create a version, make it the default one and return its id."""
    request = {"PolicyArn": arn, "PolicyDocument": text_of(document), "SetAsDefault": True}
    return str(refusing_malformed(lambda: client.create_policy_version(**request))["PolicyVersion"]["VersionId"])


def set_document(client: t.Any, current: Plain, document: Plain, prune: bool) -> str:
    """Make a document the default version and return the version's id.

    :param prune: whether the versions before it go away. Otherwise only the oldest does, when there is no room.
    """
    arn, old = current["arn"], old_versions(client, current["arn"]) or []
    if len(old) + 1 >= MOST_VERSIONS:
        delete_version(client, arn, old.pop(0))
    version = create_version(client, arn, document)
    for number in [*old, current["default_version_id"]] if prune else []:
        delete_version(client, arn, number)
    return version


@failing_to("tag {arn}")
@unthrottled
def set_tags(client: t.Any, arn: str, current: Tags, desired: Tags) -> None:
    """Set and remove tags."""
    to_set, to_remove = tag_changes(current, desired)
    if to_remove:
        client.untag_policy(PolicyArn=arn, TagKeys=to_remove)
    if to_set:
        client.tag_policy(PolicyArn=arn, Tags=ansible_dict_to_boto3_tag_list(to_set))


def update_policy(client: t.Any, current: Plain, difference: Difference, prune: bool) -> str:
    """Write what differs and return the id of the default version."""
    version, desired = current["default_version_id"], difference.desired("document", "tags")
    if difference.touches("document"):
        version = set_document(client, current, desired["document"], prune)
    if difference.touches("tags"):
        set_tags(client, current["arn"], current["tags"], desired["tags"])
    return str(version)

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM service-linked roles: the API calls and the plain data in which they are compared."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._errors import (
    SDK_ERRORS,
    error_code,
    error_message,
    failing_to,
    none_when,
)
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import UNKNOWN, is_unknown, placeholder
from ansible_collections.supastack.aws.plugins.module_utils._retries import unthrottled
from ansible_collections.supastack.aws.plugins.module_utils._waiters import Waiter, wait_until_visible

# What an option has to look like, and what to say when it does not.
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceLinkedRole.html
FORMS = {
    "service_name": (
        re.compile(r"[a-z0-9][a-z0-9.-]*\.amazonaws\.(?:com|com\.cn|eu)"),
        "is not the name of an AWS service. Give it in full and in lower case, such as spot.amazonaws.com.",
    ),
    "custom_suffix": (
        re.compile(r"[A-Za-z0-9_+=,.@-]{0,64}"),
        "cannot be part of the name of a role. Use at most 64 letters, digits and characters of _+=,.@-.",
    ),
    "description": (
        re.compile(r"[\t\n\r -~\u00a1-\u00ff]{0,1000}"),
        "is no description that IAM takes. Use at most 1000 characters of Latin-1.",
    ),
}
# The services whose roles can have a suffix. Others have roles with an underscore in the name itself, such as
# AWSServiceRoleForApplicationAutoScaling_DynamoDBTable.
SUFFIXED_SERVICES = (
    "autoscaling.amazonaws.com",
    "channels.lexv2.amazonaws.com",
    "connect.amazonaws.com",
    "lexv2.amazonaws.com",
)
# IAM's text for a role that exists, with the code InvalidInput that it has for much else.
TAKEN = re.compile(r"([\w+=,.@-]+) has been taken in this account")
PAUSE = 5.0
VISIBLE_SECONDS = 60


def check_options(options: Plain, check_mode: bool) -> None:
    """Refuse values that IAM does not take. Check mode lets those pass that are only predicted.

    :raises AnsibleAWSError: naming the option, its value and what to do.
    """
    for name, (form, remedy) in FORMS.items():
        value = options[name]
        if value is not None and not (check_mode and is_unknown(value)) and not form.fullmatch(value):
            raise AnsibleAWSError(message=f"{name} is {value!r}, which {remedy}")


def path_of(service_name: str) -> str:
    """Return the path of the roles of a service, which unlike their names follows from its name."""
    return f"/aws-service-role/{service_name}/"


def view(role: t.Mapping[str, t.Any]) -> Plain:
    """Return a described role as the module returns and compares it."""
    return {
        "service_name": role["Path"].split("/")[2],
        "role_name": role["RoleName"],
        "role_id": role["RoleId"],
        "arn": role["Arn"],
        "path": role["Path"],
        "description": role.get("Description", ""),
    }


def unknown_view(client: t.Any, service_name: str) -> Plain:
    """Return the predicted return values of a role that does not exist; only IAM knows its name."""
    return {
        "service_name": service_name,
        "role_name": placeholder("role"),
        "role_id": placeholder("role-id"),
        "arn": f"arn:{client.meta.partition}:iam::{UNKNOWN}",
        "path": path_of(service_name),
        "description": "",
    }


@failing_to("list the service-linked roles of {service_name}")
@unthrottled
def list_roles(client: t.Any, service_name: str) -> list[Plain]:
    """Return the roles of a service; those of one that takes suffixes may be several."""
    pages = client.get_paginator("list_roles").paginate(PathPrefix=path_of(service_name))
    return [role for page in pages for role in page["Roles"]]


def find_role(client: t.Any, service_name: str, suffix: str | None) -> Plain | None:
    """Return the role of a service that has this suffix, or none, as the module returns and compares it."""
    roles = {role["RoleName"]: role for role in list_roles(client, service_name)}
    fitting = [name for name in roles if name.partition("_")[2] == (suffix or "")]
    if not fitting and not suffix and service_name not in SUFFIXED_SERVICES and len(roles) == 1:
        fitting = list(roles)
    return view(roles[min(fitting)]) if fitting else None


@failing_to("describe the service-linked role {name}")
@none_when("NoSuchEntity")
@unthrottled
def get_role(client: t.Any, name: str) -> Plain:
    """Return one role as the module returns and compares it."""
    return view(client.get_role(RoleName=name)["Role"])


def wait_for_role(client: t.Any, name: str) -> Plain:
    """Return the role once IAM shows it."""
    subject = f"the service-linked role {name}"
    return wait_until_visible(subject, "IAM", lambda: get_role(client, name), VISIBLE_SECONDS)


@failing_to("create the service-linked role of {options[service_name]}")
@unthrottled
def create_role(client: t.Any, options: Plain) -> tuple[str, bool]:
    """Create a role. Return its name, and whether it is new: IAM also names one that exists already."""
    members = {
        "AWSServiceName": options["service_name"],
        "CustomSuffix": options["custom_suffix"],
        "Description": options["description"],
    }
    request = {member: value for member, value in members.items() if value}
    try:
        return str(client.create_service_linked_role(**request)["Role"]["RoleName"]), True
    except SDK_ERRORS as error:
        taken = TAKEN.search(error_message(error))
        if error_code(error) != "InvalidInput" or taken is None:
            raise
        return taken[1], False


@failing_to("change the description of the service-linked role {name}")
@unthrottled
def set_description(client: t.Any, name: str, description: str) -> Plain:
    """Change the description and return the role.

    AWS documents UpdateRoleDescription for service-linked roles; UpdateRole would also set the session duration.
    """
    return view(client.update_role_description(RoleName=name, Description=description)["Role"])


@failing_to("delete the service-linked role {name}")
@none_when("NoSuchEntity")
@unthrottled
def start_deletion(client: t.Any, name: str) -> str:
    """Start the deletion of a role and return its task, or the one that is under way already."""
    return str(client.delete_service_linked_role(RoleName=name)["DeletionTaskId"])


@failing_to("describe the deletion task {task}")
@none_when("NoSuchEntity")
@unthrottled
def deletion_status(client: t.Any, task: str) -> Plain:
    """Return how far a deletion is."""
    return dict(client.get_service_linked_role_deletion_status(DeletionTaskId=task))


def failed_deletion(status: t.Mapping[str, t.Any]) -> str | None:
    """Return why IAM gave a deletion up, and what still uses the role, None when it did not."""
    if status["Status"] != "FAILED":
        return None
    reason = status.get("Reason", {})
    usages = [
        f"{resource} ({usage.get('Region', 'no region')})"
        for usage in reason.get("RoleUsageList", [])
        for resource in usage.get("Resources", [])
    ]
    used = f" It is used by {', '.join(usages)}. Delete these first." if usages else ""
    return f"IAM reports FAILED. {reason.get('Reason', 'It gives no reason.')}{used}"


def wait_for_deletion(client: t.Any, name: str, task: str, timeout: float) -> None:
    """Wait until a role is deleted."""
    # Just after its start, a task may not be visible yet.
    Waiter[Plain](
        goal=f"the deletion of the service-linked role {name}",
        read=lambda: deletion_status(client, task) or {"Status": "NOT_STARTED"},
        ready=lambda status: status["Status"] == "SUCCEEDED",
        failure=failed_deletion,
        progress=lambda status: f"status {status['Status']}",
        pause=PAUSE,
    ).wait(timeout)

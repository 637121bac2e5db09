# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VPC flow logs: the API calls."""

from __future__ import annotations

import typing as t
import uuid

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._ec2 import accepted, name_filter
from ansible_collections.supastack.aws.plugins.module_utils._errors import (
    error_code,
    error_message,
    failing_to,
    none_when,
)
from ansible_collections.supastack.aws.plugins.module_utils._retries import retry_while, unthrottled
from ansible_collections.supastack.aws.plugins.module_utils._tags import tags_of
from ansible_collections.supastack.aws.plugins.module_utils._vpc_flow_log_data import request, view
from ansible_collections.supastack.aws.plugins.module_utils._waiters import Waiter

# EC2 sees a new role, bucket or bucket policy, and shows what was written, within this time.
SETTLING_SECONDS = 120


@failing_to("list the flow logs with the tag Name={name}")
@unthrottled
def list_flow_logs(client: t.Any, name: str) -> list[Plain]:
    """Return the flow logs of this name, the newest first."""
    pages = client.get_paginator("describe_flow_logs").paginate(Filter=name_filter(name))
    # In a filter, * and ? stand for other characters.
    found = [flow_log for page in pages for flow_log in page["FlowLogs"] if tags_of(flow_log).get("Name") == name]
    found.sort(key=lambda flow_log: flow_log["CreationTime"], reverse=True)
    return [view(client, flow_log) for flow_log in found]


def find_flow_logs(client: t.Any, name: str) -> list[Plain]:
    """Return the flow logs of this name, the newest first. No run of the module leaves them for several resources.

    :raises AnsibleAWSError: when they log several, since at least one of them is somebody else's then.
    """
    found = list_flow_logs(client, name)
    if len({flow_log["resource_id"] for flow_log in found}) > 1:
        listed = ", ".join(f"{flow_log['flow_log_id']} ({flow_log['resource_id']})" for flow_log in found)
        raise AnsibleAWSError(
            message=f"name is {name!r}, but flow logs of several resources have this tag Name: {listed}. "
            "Delete or rename all but one."
        )
    return found


def settling(error: Exception) -> bool:
    """Tell that EC2 does not see a new role, bucket or bucket policy yet (texts as recorded from EC2)."""
    texts = ("Unable to assume given IAM role", "Access Denied for LogDestination")
    code, message = error_code(error), error_message(error)
    missing_bucket = message.startswith("LogDestination") and "does not exist" in message
    return code == "LogDestinationNotFoundException" or missing_bucket or any(text in message for text in texts)


def send(client: t.Any, values: t.Mapping[str, t.Any]) -> str:
    """Create a flow log, waiting until EC2 sees what was made for it just before, and return its identifier."""

    def call() -> str:
        # The token keeps a request that the SDK repeats from making a second flow log, or failing because of the first.
        answer = client.create_flow_logs(ClientToken=str(uuid.uuid4()), **request(values))
        return str(accepted(client, "CreateFlowLogs", answer)["FlowLogIds"][0])

    return retry_while(settling, call, SETTLING_SECONDS)


@failing_to("create the flow log {values[name]} of {values[resource_id]}")
@unthrottled
def create_flow_log(client: t.Any, values: t.Mapping[str, t.Any]) -> str:
    """Create a flow log and return its identifier."""
    return send(client, values)


@failing_to("create the flow log {values[name]} of {values[resource_id]}")
@none_when("FlowLogAlreadyExists", "FlowLogsLimitExceeded")
@unthrottled
def create_successor(client: t.Any, values: t.Mapping[str, t.Any]) -> str:
    """Create a flow log while the one it replaces still exists; None when EC2 does not let both exist."""
    return send(client, values)


@failing_to("delete the flow log {flow_log_id}")
@none_when("InvalidFlowLogId.NotFound")
@unthrottled
def delete_flow_log(client: t.Any, flow_log_id: str) -> None:
    """Delete a flow log. What it has delivered stays."""
    accepted(client, "DeleteFlowLogs", client.delete_flow_logs(FlowLogIds=[flow_log_id]))


def delete_flow_logs(client: t.Any, flow_log_ids: t.Iterable[str]) -> None:
    """Delete flow logs."""
    for flow_log_id in flow_log_ids:
        delete_flow_log(client, flow_log_id)


def wait_until_shown(client: t.Any, name: str, flow_log_ids: t.Sequence[str]) -> list[Plain]:
    """Return the flow logs of a name once EC2 shows exactly these."""

    def ids(found: t.Sequence[Plain]) -> list[str]:
        return sorted(flow_log["flow_log_id"] for flow_log in found)

    return Waiter[list[Plain]](
        goal=f"EC2 to show {', '.join(flow_log_ids) or 'no flow log'} with the tag Name={name}",
        read=lambda: list_flow_logs(client, name),
        ready=lambda found: ids(found) == sorted(flow_log_ids),
        failure=lambda found: None,
        progress=lambda found: f"it shows {', '.join(ids(found)) or 'none'}",
    ).wait(SETTLING_SECONDS)

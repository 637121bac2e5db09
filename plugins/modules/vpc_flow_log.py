#!/usr/bin/python

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vpc_flow_log
short_description: Manage the flow log of a VPC, a subnet or a network interface
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Creates, changes and deletes a flow log, which delivers records of the IP traffic of a VPC, a subnet or a network
    interface to CloudWatch Logs, Amazon S3 or Amazon Data Firehose.
  - AWS changes nothing but the tags of a flow log. For any other change, the module creates a new one and then deletes
    the old one, so that no traffic goes unlogged in between. The old one is deleted first only where EC2 refuses to
    have both, and where O(resource_id) changes.
  - When a run was interrupted between the two, the next one keeps the flow log that is as wanted and deletes the other.
  - An option that is not set and has no default is left alone, also when the flow log is replaced. Only when
    O(resource_id) changes and the run fails before it makes the new flow log, the next run takes the defaults of EC2,
    since the old one is gone by then.
options:
  name:
    description:
      - Value of the tag C(Name) of the flow log, unique among the flow logs of the region.
    type: str
    required: true
  state:
    description:
      - Whether the flow log should exist. V(absent) leaves what it has delivered.
    type: str
    choices: [present, absent]
    default: present
  resource_id:
    description:
      - Identifier of the VPC, the subnet or the network interface.
      - Required when O(state=present).
    type: str
  destination_type:
    description:
      - Kind of O(log_destination), which its ARN tells as well.
    type: str
    choices: [cloud-watch-logs, s3, kinesis-data-firehose]
  log_destination:
    description:
      - ARN of the log group, of the bucket with an optional prefix, or of the delivery stream.
      - Required when O(state=present).
    type: str
  role_arn:
    description:
      - ARN of the IAM role with which EC2 writes to CloudWatch Logs. C(vpc-flow-logs.amazonaws.com) must be allowed to
        assume it.
      - Required for a log group, refused for any other destination. A delivery stream must be in the same account.
    type: str
  traffic_type:
    description:
      - Whether accepted traffic, rejected traffic or both is logged.
    type: str
    choices: [ALL, ACCEPT, REJECT]
    default: ALL
  log_format:
    description:
      - The fields of a record, in order, each as C(${field}), with spaces between them.
      - An empty string sets the format that AWS uses by default, and that a new flow log gets.
    type: str
  max_aggregation_interval:
    description:
      - Seconds of traffic that one record sums up at most. A new flow log gets V(600).
    type: int
    choices: [60, 600]
  destination_options:
    description:
      - How files are written to a bucket. Options that are not set are left alone; a new flow log writes plain text,
        without either kind of partitions.
    type: dict
    suboptions:
      file_format: {description: [Format of the files.], type: str, choices: [plain-text, parquet]}
      hive_compatible_partitions: {description: [Whether keys have the form that Apache Hive reads.], type: bool}
      per_hour_partition: {description: ["Whether there is a folder for each hour, not only for each day."], type: bool}
  tags:
    description:
      - Tags of the flow log, besides C(Name).
      - They are left alone when this option is not set.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description:
      - Whether tags that O(tags) does not name are removed, except C(Name) and those that begin with C(aws:).
    type: bool
    default: true
notes:
  - Delivered records cost money for every gigabyte.
  - EC2 notices a delivery that fails only with the first records, some ten minutes later. From then on, the result
    has V(FAILED) as C(deliver_logs_status), and the module warns. Mend the role or the destination; the flow log can
    stay as it is.
  - EC2 adds a statement to the policy of a bucket that does not let C(delivery.logs.amazonaws.com) write, when the
    caller may change that policy.
  - C(FlowLogAlreadyExists) for a new flow log means that one with another C(Name) does the same. Delete it, or give it
    this C(Name).
  - A flow log that is replaced loses what this module does not know, such as a role for another account.
  - Needs the IAM actions C(ec2:DescribeFlowLogs), C(ec2:CreateFlowLogs), C(ec2:DeleteFlowLogs), C(ec2:CreateTags),
    C(ec2:DeleteTags), C(logs:CreateLogDelivery), C(logs:DeleteLogDelivery), and C(iam:PassRole) for O(role_arn).
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - supastack.aws.attributes
seealso:
  - module: supastack.aws.logs_log_group
  - module: supastack.aws.s3_bucket
"""

EXAMPLES = r"""
- name: Ensure the traffic of the VPC is logged to CloudWatch Logs
  supastack.aws.vpc_flow_log:
    name: production
    resource_id: vpc-0123456789abcdef0
    log_destination: arn:aws:logs:eu-west-1:123456789012:log-group:/production/flow-logs
    role_arn: arn:aws:iam::123456789012:role/production-flow-logs
    tags:
      supastack:environment: production

- name: Log rejected traffic only, in records of one minute
  supastack.aws.vpc_flow_log:
    name: production
    resource_id: vpc-0123456789abcdef0
    log_destination: arn:aws:logs:eu-west-1:123456789012:log-group:/production/flow-logs
    role_arn: arn:aws:iam::123456789012:role/production-flow-logs
    traffic_type: REJECT
    max_aggregation_interval: 60

- name: Ensure the traffic of a subnet is logged to a bucket, with the interface and the addresses only
  supastack.aws.vpc_flow_log:
    name: production-database
    resource_id: subnet-0123456789abcdef0
    log_destination: arn:aws:s3:::production-logs/flow
    log_format: ${interface-id} ${srcaddr} ${dstaddr}
    destination_options:
      file_format: parquet
      per_hour_partition: true

- name: Stop logging
  supastack.aws.vpc_flow_log:
    name: production
    state: absent
"""

RETURN = r"""
flow_log:
  description: The flow log. In check mode, as it will be.
  returned: when O(state=present)
  type: dict
  contains:
    name: {description: Value of the tag C(Name)., type: str, sample: production}
    flow_log_id: {description: Identifier of the flow log., type: str, sample: fl-0123456789abcdef0}
    resource_id: {description: What is logged., type: str, sample: vpc-0123456789abcdef0}
    resource_type: {description: "VPC, Subnet or NetworkInterface.", type: str, sample: VPC}
    destination_type: {description: Kind of the destination., type: str, sample: cloud-watch-logs}
    log_destination:
      description: ARN of the destination, without C(:*) or a slash at its end.
      type: str
      sample: arn:aws:logs:eu-west-1:123456789012:log-group:/production/flow-logs
    role_arn:
      description: ARN of the role with which EC2 delivers, empty when it needs none.
      type: str
      sample: arn:aws:iam::123456789012:role/production-flow-logs
    traffic_type: {description: Which traffic is logged., type: str, sample: ALL}
    log_format: {description: The fields of a record., type: str, sample: "${interface-id} ${srcaddr} ${dstaddr}"}
    max_aggregation_interval: {description: Seconds that one record sums up at most., type: int, sample: 600}
    destination_options:
      description: How files are written to a bucket, empty for any other destination.
      type: dict
      sample: {file_format: parquet, hive_compatible_partitions: false, per_hour_partition: true}
    deliver_logs_status: {description: SUCCESS or FAILED., type: str, sample: SUCCESS}
    deliver_logs_error_message:
      description: Why EC2 cannot deliver, such as C(Access error) or C(Rate limited). Empty when it can.
      type: str
      sample: ""
    tags: {description: Tags of the flow log., type: dict, sample: {Name: production}}
"""

import typing as t

from ansible.module_utils.common.warnings import warn
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._ec2 import named_tags, write_tags
from ansible_collections.supastack.aws.plugins.module_utils._module import STATE_SPEC, TAGS_SPEC, Result, run
from ansible_collections.supastack.aws.plugins.module_utils._vpc_flow_log import (
    create_flow_log,
    create_successor,
    delete_flow_logs,
    find_flow_logs,
    wait_until_shown,
)
from ansible_collections.supastack.aws.plugins.module_utils._vpc_flow_log_data import (
    CLOUDWATCH,
    NEW,
    check_options,
    desired_settings,
    unknown_view,
)

# Flow logs of the same name that an interrupted replacement left: compared, but not a value of the one that stays.
SUPERSEDED = "superseded_flow_log_ids"


def difference_from(options: Plain, current: Plain | None) -> Difference:
    """Return what separates a flow log from what the options ask for; another flow_log_id means a new one."""
    settings = desired_settings(options, current)
    desired = {**settings, "tags": named_tags(options, (current or {}).get("tags"))}
    if Difference(current, settings).names:
        desired.update(NEW)
    if current and SUPERSEDED in current:
        desired[SUPERSEDED] = []
    return Difference(current, desired)


def is_replaced(difference: Difference) -> bool:
    """Return whether the flow log gives way to a new one."""
    return difference.touches("flow_log_id")


def merged(found: t.Sequence[Plain]) -> Plain | None:
    """Return the first of the flow logs of one name, with the identifiers of the others; None when there is none."""
    if not found:
        return None
    others = [flow_log["flow_log_id"] for flow_log in found[1:]]
    return {**found[0], SUPERSEDED: others} if others else found[0]


def flow_log_ids(current: Plain) -> list[str]:
    """Return the identifiers of all flow logs of the name."""
    return [current["flow_log_id"], *current.get(SUPERSEDED, [])]


def ensure_present(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Create the flow log, replace it, or bring its tags into the wanted state."""
    check_options(options)
    found = find_flow_logs(client, options["name"])
    # The one to keep, if there is any, comes first; otherwise the newest.
    found.sort(key=lambda flow_log: is_replaced(difference_from(options, flow_log)))
    current = merged(found)
    difference = difference_from(options, current)
    flow_log = difference.prediction(unknown_view(options))
    flow_log.pop(SUPERSEDED, None)
    if difference.changed and not check_mode:
        flow_log = apply(client, current, flow_log, difference)
    warn_of_failure(flow_log)
    return Result(difference, flow_log)


def apply(client: t.Any, current: Plain | None, wanted: Plain, difference: Difference) -> Plain:
    """Write the difference and return the flow log as it is then."""
    if current is None:
        kept = create_flow_log(client, wanted)
    elif is_replaced(difference):
        kept = replace(client, current, wanted, difference)
    else:
        kept, *superseded = flow_log_ids(current)
        delete_flow_logs(client, superseded)
        if difference.touches("tags"):
            write_tags(client, kept, current["tags"], wanted["tags"])
    return wait_until_shown(client, wanted["name"], [kept])[0]


def replace(client: t.Any, current: Plain, wanted: Plain, difference: Difference) -> str:
    """Create a flow log and delete the old one, in this order where that is possible; return the new identifier.

    Flow logs of one name must not log two resources at a time: find_flow_logs takes one for somebody else's then.
    """
    created = None if difference.touches("resource_id") else create_successor(client, wanted)
    delete_flow_logs(client, flow_log_ids(current))
    if created is None:
        wait_until_shown(client, wanted["name"], [])
        created = create_flow_log(client, wanted)
    return created


def warn_of_failure(flow_log: Plain) -> None:
    """Tell that EC2 cannot deliver: nothing that another run would mend, so no difference."""
    if flow_log["deliver_logs_status"] == "FAILED":
        writer = "role_arn" if flow_log["destination_type"] == CLOUDWATCH else "delivery.logs.amazonaws.com"
        warn(
            f"EC2 cannot deliver the flow log {flow_log['name']} ({flow_log['flow_log_id']}) to "
            f"{flow_log['log_destination']}: {flow_log['deliver_logs_error_message']}. See that the destination exists "
            f"and that {writer} may write to it; the flow log itself need not be changed."
        )


def ensure_absent(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Delete the flow log."""
    current = merged(find_flow_logs(client, options["name"]))
    if current and not check_mode:
        delete_flow_logs(client, flow_log_ids(current))
        wait_until_shown(client, options["name"], [])
    return Result(Difference(current, None), None)


def ensure(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Bring the flow log into the wanted state."""
    action = ensure_present if options["state"] == "present" else ensure_absent
    return action(client, options, check_mode)


def main() -> None:
    """Run the module."""
    argument_spec = {
        "name": {"type": "str", "required": True},
        "resource_id": {"type": "str"},
        "destination_type": {"type": "str", "choices": ["cloud-watch-logs", "s3", "kinesis-data-firehose"]},
        "log_destination": {"type": "str"},
        "role_arn": {"type": "str"},
        "traffic_type": {"type": "str", "choices": ["ALL", "ACCEPT", "REJECT"], "default": "ALL"},
        "log_format": {"type": "str"},
        "max_aggregation_interval": {"type": "int", "choices": [60, 600]},
        "destination_options": {
            "type": "dict",
            "options": {
                "file_format": {"type": "str", "choices": ["plain-text", "parquet"]},
                "hive_compatible_partitions": {"type": "bool"},
                "per_hour_partition": {"type": "bool"},
            },
        },
        **STATE_SPEC,
        **TAGS_SPEC,
    }
    module = AnsibleAWSModule(
        argument_spec=argument_spec,
        supports_check_mode=True,
        required_if=[("state", "present", ["resource_id", "log_destination"])],
    )
    run(module, "ec2", "flow_log", ensure)


if __name__ == "__main__":
    main()

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of EKS node groups, and those that are refused before AWS is asked for anything."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._arns import ROLE, check_arn
from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._eks_nodegroup_data import (
    SIZES,
    Given,
    given,
    label_text,
    minor_version,
    ordered_taints,
)
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import is_unknown

OPTIONS: Plain = {
    "cluster_name": {"type": "str", "required": True},
    "name": {"type": "str", "required": True},
    "node_role_arn": {"type": "str"},
    "subnet_ids": {"type": "list", "elements": "str"},
    "scaling": {"type": "dict", "options": {name: {"type": "int"} for name in SIZES}},
    "capacity_type": {"type": "str", "choices": ["ON_DEMAND", "SPOT", "CAPACITY_BLOCK"]},
    "instance_types": {"type": "list", "elements": "str"},
    "ami_type": {"type": "str"},
    "disk_size": {"type": "int"},
    "labels": {"type": "dict"},
    "taints": {
        "type": "list",
        "elements": "dict",
        "options": {
            "key": {"type": "str", "required": True, "no_log": False},
            "value": {"type": "str", "default": ""},
            "effect": {
                "type": "str",
                "required": True,
                "choices": ["NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"],
            },
        },
    },
    "update_config": {
        "type": "dict",
        "options": {
            "max_unavailable": {"type": "int"},
            "max_unavailable_percentage": {"type": "int"},
            "update_strategy": {"type": "str", "choices": ["DEFAULT", "MINIMAL"]},
        },
        "mutually_exclusive": [("max_unavailable", "max_unavailable_percentage")],
    },
    "node_repair_config": {"type": "dict", "options": {"enabled": {"type": "bool", "required": True}}},
    "launch_template": {
        "type": "dict",
        "options": {"id": {"type": "str"}, "name": {"type": "str"}, "version": {"type": "str"}},
        "mutually_exclusive": [("id", "name")],
        "required_one_of": [("id", "name")],
    },
    "version": {"type": "str"},
    "release_version": {"type": "str"},
    "force_update": {"type": "bool", "default": False},
}


def require_known(client: t.Any, option: str, value: t.Any, *path: str) -> None:
    """Stop when the installed botocore does not know a member of CreateNodegroup yet, or this value of it.

    :raises AnsibleAWSError: naming what it knows, and what to upgrade.
    """
    shape = client.meta.service_model.operation_model("CreateNodegroup").input_shape
    for member in path:
        if member not in shape.members:
            raise AnsibleAWSError(
                message=f"{option} needs a newer botocore, which knows {member}: pip install -U boto3."
            )
        shape = shape.members[member]
    known = getattr(shape, "enum", [])
    if known and value not in known:
        raise AnsibleAWSError(
            message=f"{option} is {value!r}, which the installed botocore does not know. Choose one of "
            f"{', '.join(known)}, or upgrade it: pip install -U boto3."
        )


def check_options(client: t.Any, options: Plain) -> None:
    """Stop on option values that EKS would misread or refuse without a clear reason."""
    check_arn("node_role_arn", options["node_role_arn"], ROLE)
    if not options["subnet_ids"]:
        raise AnsibleAWSError(message="subnet_ids is empty, but a node group needs at least one subnet.")
    if options["ami_type"] is not None:
        require_known(client, "ami_type", options["ami_type"], "amiType")
    if options["capacity_type"] is not None:
        require_known(client, "capacity_type", options["capacity_type"], "capacityType")
    if options["node_repair_config"] is not None:
        require_known(client, "node_repair_config", True, "nodeRepairConfig", "enabled")
    strategy = given(options["update_config"]).get("update_strategy")
    if strategy is not None:
        require_known(client, "update_config.update_strategy", strategy, "updateConfig", "updateStrategy")
    check_version(options["version"], options["release_version"])
    check_labels(options["labels"] or {})
    check_taints(options["taints"] or [])
    check_template(options)


def check_version(version: str | None, release: str | None) -> None:
    """Stop on a Kubernetes version that is none, or that contradicts the release."""
    if version is None or is_unknown(version):
        return
    if not re.fullmatch(r"1\.\d{2}", version):
        raise AnsibleAWSError(message=f"version is {version!r}, quote major and minor version, such as '1.35'.")
    if minor_version(release) not in (None, version):
        raise AnsibleAWSError(
            message=f"release_version is {release!r}, which is not of the Kubernetes version {version!r}. "
            "Correct one of the two, or leave version out."
        )


def check_labels(labels: Given) -> None:
    """Stop on a label whose value EKS does not take, although Kubernetes takes an empty one."""
    for key, value in labels.items():
        if not is_unknown(value) and not 1 <= len(label_text(value)) <= 63:
            raise AnsibleAWSError(
                message=f"labels gives {key!r} the value {value!r}, but EKS needs 1 to 63 characters. "
                "Shorten it, or leave the label out."
            )


def check_taints(taints: t.Sequence[Given]) -> None:
    """Stop on a taint that is given two values."""
    seen: set[tuple[str, str]] = set()
    for taint in ordered_taints(taints):
        identity = (taint["key"], taint["effect"])
        if identity in seen:
            raise AnsibleAWSError(
                message=f"taints gives {taint['key']!r} with the effect {taint['effect']} more than one value. "
                "Keep one of them."
            )
        seen.add(identity)


def check_template(options: Plain) -> None:
    """Stop on a launch template that EKS would refuse, or whose version would differ at every run."""
    template = given(options["launch_template"])
    version = template.get("version")
    if version is not None and not is_unknown(version) and not version.isdigit():
        raise AnsibleAWSError(
            message=f"launch_template.version is {version!r}, but must be a number: EKS turns words into numbers, so "
            "a second run could not tell whether the version is still the one asked for."
        )
    if template and options["disk_size"] is not None:
        raise AnsibleAWSError(
            message=f"disk_size is {options['disk_size']}, but EKS takes it from the launch template. "
            "Set it there, and leave disk_size out."
        )

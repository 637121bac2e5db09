# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VPC endpoints as plain data: the form in which they are compared, and the requests that follow from it."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.policy import compare_policies
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain, distinct
from ansible_collections.supastack.aws.plugins.module_utils._ec2 import named_tags, tag_specification
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import placeholder
from ansible_collections.supastack.aws.plugins.module_utils._tags import own_tags, tags_of

LEAVING = ("deleting", "deleted")
HOPELESS = ("failed", "rejected", "expired")
# Option -> its member in CreateVpcEndpoint, and behind Add and Remove in ModifyVpcEndpoint.
MEMBERS = {"route_table_ids": "RouteTableIds", "subnet_ids": "SubnetIds", "security_group_ids": "SecurityGroupIds"}
# Options that the other type of endpoint does not have.
FOREIGN = {
    "gateway": ("subnet_ids", "security_group_ids", "private_dns_enabled"),
    "interface": ("route_table_ids",),
}
# What EC2 gives an endpoint that is made without a policy (VPC user guide, "Default endpoint policy").
FULL_ACCESS: Plain = {
    "Version": "2008-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
}


def state_of(endpoint: t.Mapping[str, t.Any]) -> str:
    """Return the state in lower case: EC2's model and its answers spell states and types differently."""
    return str(endpoint["State"]).lower()


def reason_of(endpoint: t.Mapping[str, t.Any]) -> str:
    """Return the state of an endpoint and what EC2 says about it."""
    error = endpoint.get("LastError", {})
    said = [error.get("Code"), error.get("Message"), endpoint.get("FailureReason")]
    return f"state {': '.join(text for text in (state_of(endpoint), *said) if text)}"


def view(endpoint: t.Mapping[str, t.Any]) -> Plain:
    """Return a described endpoint as the module returns and compares it."""
    entries, policy = endpoint.get("DnsEntries", []), endpoint.get("PolicyDocument")
    return {
        "name": tags_of(endpoint).get("Name"),
        "vpc_endpoint_id": endpoint["VpcEndpointId"],
        "vpc_id": endpoint["VpcId"],
        "service_name": endpoint["ServiceName"],
        "vpc_endpoint_type": endpoint["VpcEndpointType"].lower(),
        "state": state_of(endpoint),
        "route_table_ids": distinct(endpoint.get("RouteTableIds", [])),
        "subnet_ids": distinct(endpoint.get("SubnetIds", [])),
        "security_group_ids": distinct(group["GroupId"] for group in endpoint.get("Groups", [])),
        "network_interface_ids": distinct(endpoint.get("NetworkInterfaceIds", [])),
        "dns_entries": [
            {"dns_name": entry.get("DnsName"), "hosted_zone_id": entry.get("HostedZoneId")} for entry in entries
        ],
        "private_dns_enabled": endpoint.get("PrivateDnsEnabled", False),
        "ip_address_type": endpoint.get("IpAddressType", "ipv4"),
        "policy": json.loads(policy) if policy else None,
        "tags": tags_of(endpoint),
    }


def unknown_interfaces(subnet_ids: t.Iterable[str]) -> list[str]:
    """Return the predicted network interfaces in these subnets."""
    return [placeholder("eni") for _subnet_id in subnet_ids]


def unknown_names() -> list[Plain]:
    """Return the predicted names of an interface endpoint."""
    return [{"dns_name": placeholder("dns-name"), "hosted_zone_id": placeholder("hosted-zone")}]


def unknown_view(options: Plain) -> Plain:
    """Return the predicted return values of an endpoint that does not exist, without those that the options set."""
    is_interface = options["vpc_endpoint_type"] == "interface"
    return {
        "name": options["name"],
        "vpc_endpoint_id": placeholder("vpce"),
        "vpc_id": options["vpc_id"],
        "state": "available",
        "route_table_ids": [],
        "subnet_ids": [],
        "security_group_ids": [placeholder("sg")] if is_interface else [],
        "network_interface_ids": unknown_interfaces(distinct(options["subnet_ids"]) or []),
        "dns_entries": unknown_names() if is_interface else [],
        "private_dns_enabled": is_interface,
        "ip_address_type": "ipv4",
        "policy": FULL_ACCESS,
    }


def predicted(options: Plain, difference: Difference) -> Plain:
    """Return the endpoint as it will be."""
    endpoint = difference.prediction(unknown_view(options))
    if difference.touches("subnet_ids"):
        endpoint["network_interface_ids"] = unknown_interfaces(endpoint["subnet_ids"])
    if difference.touches("subnet_ids", "private_dns_enabled", "ip_address_type"):
        endpoint["dns_entries"] = unknown_names()
    return endpoint


def service_names(service: str, region: str, partition: str) -> list[str]:
    """Return the full names that a service may have; in China, some begin otherwise than in other regions.

    :param service: a full name, which is the only one then, or the part behind the region.
    """
    if service.startswith(("com.amazonaws.", "cn.com.amazonaws.")) or region in service.split("."):
        return [service]
    prefixes = ("com.amazonaws", "cn.com.amazonaws") if partition == "aws-cn" else ("com.amazonaws",)
    return [f"{prefix}.{region}.{service}" for prefix in prefixes]


def check_options(options: Plain) -> None:
    """Stop when the options ask for what an endpoint of their type does not have, or needs.

    :raises AnsibleAWSError: naming the option, its value and the remedy.
    """
    kind = options["vpc_endpoint_type"]
    for name in FOREIGN[kind]:
        if options[name]:
            raise AnsibleAWSError(
                message=f"{name} is {options[name]!r}, but vpc_endpoint_type is {kind!r}, and an endpoint of this type "
                f"has no such setting. Leave {name} out, or correct vpc_endpoint_type."
            )
    if kind == "interface" and options["security_group_ids"] == []:
        raise AnsibleAWSError(
            message="security_group_ids is [], but an interface endpoint always has a security group. Name one, or "
            "leave security_group_ids out for the default one of the VPC."
        )
    if options["policy"] is not None:
        plain_policy(options["policy"])


def plain_policy(text: str) -> Plain:
    """Return the policy that an option asks for; an empty one is the policy that EC2 gives by default.

    :raises AnsibleAWSError: when it is no JSON object.
    """
    try:
        policy = json.loads(text)
    except ValueError:
        policy = None
    if not isinstance(policy, dict):
        raise AnsibleAWSError(
            message=f"policy is {text!r}, but must be a dictionary, or a JSON object as text, such as "
            f"{json.dumps(FULL_ACCESS)}."
        )
    return policy or FULL_ACCESS


def desired_policy(text: str | None, current: Plain | None) -> Plain | None:
    """Return the policy to end with: the current one, as it is written, when both mean the same."""
    if text is None:
        return None
    policy = plain_policy(text)
    return current if current and not compare_policies(current, policy) else policy


def desired_from(options: Plain, current: t.Mapping[str, t.Any] | None, service_name: str) -> Plain:
    """Return the values that the options ask for, in the form of the described endpoint."""
    present = current or {}
    return {
        "service_name": service_name,
        "vpc_endpoint_type": options["vpc_endpoint_type"],
        **{name: distinct(options[name]) for name in MEMBERS},
        "private_dns_enabled": options["private_dns_enabled"],
        "ip_address_type": options["ip_address_type"],
        "policy": desired_policy(options["policy"], present.get("policy")),
        "tags": named_tags(options, present.get("tags")),
    }


def scalars(desired: Plain) -> Plain:
    """Return the members of a request that set one value."""
    names = {"private_dns_enabled": "PrivateDnsEnabled", "ip_address_type": "IpAddressType"}
    members = {member: desired[name] for name, member in names.items() if name in desired}
    if "policy" in desired:
        members["PolicyDocument"] = json.dumps(desired["policy"], sort_keys=True)
    return members


def creation(vpc_id: str, difference: Difference) -> Plain:
    """Return the request that makes the endpoint."""
    desired = difference.desired("service_name", "vpc_endpoint_type", "tags", *MEMBERS)
    settings = difference.desired("ip_address_type", "policy")
    if desired["vpc_endpoint_type"] == "interface":
        settings.update(difference.desired("private_dns_enabled"))
    return {
        "VpcId": vpc_id,
        "ServiceName": desired["service_name"],
        "VpcEndpointType": desired["vpc_endpoint_type"].title(),
        **{member: desired[name] for name, member in MEMBERS.items() if desired.get(name)},
        **scalars(settings),
        "TagSpecifications": tag_specification("vpc-endpoint", own_tags(desired["tags"])),
    }


def additions(current: Plain, difference: Difference) -> Plain:
    """Return the members of the request that adds what an endpoint lacks, and sets what is one value."""
    desired = difference.desired(*difference.names)
    lists = {name: [value for value in desired.get(name, []) if value not in current[name]] for name in MEMBERS}
    added = {f"Add{MEMBERS[name]}": values for name, values in lists.items() if values}
    return {**added, **scalars(desired)}


def removals(current: Plain, difference: Difference) -> Plain:
    """Return the members of the request that takes away what an endpoint should not have."""
    desired = difference.desired(*MEMBERS)
    lists = {name: [value for value in current[name] if value not in desired.get(name, [value])] for name in MEMBERS}
    return {f"Remove{MEMBERS[name]}": values for name, values in lists.items() if values}

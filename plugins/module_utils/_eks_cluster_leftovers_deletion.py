# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What controllers of a Kubernetes cluster made in AWS and left behind: removing it, each kind after what uses it."""

from __future__ import annotations

import typing as t

from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._ec2_launch_template import delete_template
from ansible_collections.supastack.aws.plugins.module_utils._ec2_security_group import (
    SETTLING_SECONDS,
    change_rules,
    delete_when_unused,
    list_groups,
    view,
)
from ansible_collections.supastack.aws.plugins.module_utils._eks_cluster_leftovers import (
    Found,
    Place,
    available,
    find,
    list_balancers,
    list_interfaces,
    list_nodes,
    list_profiles,
    list_security_groups,
    list_target_groups,
    list_templates,
    owners,
    running,
)
from ansible_collections.supastack.aws.plugins.module_utils._errors import error_code, failing_to, none_when
from ansible_collections.supastack.aws.plugins.module_utils._retries import retry_while, unthrottled
from ansible_collections.supastack.aws.plugins.module_utils._tags import tags_of
from ansible_collections.supastack.aws.plugins.module_utils._waiters import Waiter

NAMED_IN = {"ingress": "ip-permission.group-id", "egress": "egress.ip-permission.group-id"}


@failing_to("terminate the instance {instance_id}")
@none_when("InvalidInstanceID.NotFound")
@unthrottled
def terminate(client: t.Any, instance_id: str) -> None:
    """Terminate one instance."""
    client.terminate_instances(InstanceIds=[instance_id])


@failing_to("delete the load balancer {arn}")
@none_when("LoadBalancerNotFound")
@unthrottled
def delete_balancer(client: t.Any, arn: str) -> None:
    """Delete a load balancer with its listeners."""
    client.delete_load_balancer(LoadBalancerArn=arn)


@failing_to("delete the target group {arn}")
@none_when("TargetGroupNotFound")
@unthrottled
def delete_target_group(client: t.Any, arn: str, timeout: float) -> None:
    """Delete a target group, waiting for the load balancer that used it to let go."""
    retry_while(
        lambda error: error_code(error) == "ResourceInUse",
        lambda: client.delete_target_group(TargetGroupArn=arn),
        timeout,
    )


@failing_to("delete the network interface {interface_id}")
@none_when("InvalidNetworkInterfaceID.NotFound")
@unthrottled
def delete_interface(client: t.Any, interface_id: str) -> None:
    """Delete a network interface that nothing uses."""
    client.delete_network_interface(NetworkInterfaceId=interface_id)


@failing_to("take the role {role} out of the instance profile {name}")
@none_when("NoSuchEntity")
@unthrottled
def remove_role(client: t.Any, name: str, role: str) -> None:
    """Take a role, which stays, out of an instance profile: IAM deletes none that has one."""
    client.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=role)


@failing_to("delete the instance profile {name}")
@none_when("NoSuchEntity")
@unthrottled
def delete_profile(client: t.Any, name: str) -> None:
    """Delete an instance profile without a role."""
    client.delete_instance_profile(InstanceProfileName=name)


def wait_until_gone(what: str, read: t.Callable[[], list[Plain]], identifier: str, timeout: float) -> None:
    """Wait until no more of a kind is there."""
    Waiter[list[Plain]](
        goal=f"the {what} to be gone",
        read=read,
        ready=lambda items: not items,
        failure=lambda items: None,
        progress=lambda items: f"still there: {', '.join(str(item[identifier]) for item in items)}",
    ).wait(timeout)


def delete_interfaces(place: Place) -> list[Plain]:
    """Delete the network interfaces that nothing uses, and return those that terminated instances still hold."""
    found = list_interfaces(place, list_nodes(place))
    free = available(found)
    for interface in free:
        delete_interface(place.ec2, interface["NetworkInterfaceId"])
    return [interface for interface in found if interface not in free]


def revoke_references(place: Place, group_id: str) -> None:
    """Remove the rules of other groups that name this one, save those of groups of other clusters."""
    for direction, name in NAMED_IN.items():
        for group in list_groups(place.ec2, {name: group_id}):
            if group["GroupId"] != group_id and owners(tags_of(group)) <= {place.cluster}:
                rules = [rule for rule in view(group)[direction] if rule.get("group_id") == group_id]
                change_rules(place.ec2, "remove", group["GroupId"], direction, rules)


def delete_security_groups(place: Place, timeout: float) -> None:
    """Delete the security groups, which may name each other and be named by groups that stay."""
    found = list_security_groups(place)
    for group in found:
        revoke_references(place, group["GroupId"])
    for group in found:
        delete_when_unused(place.ec2, group["GroupId"], timeout)


def delete_compute(place: Place, timeout: float) -> None:
    """Remove instances and load balancers, which take longest, then what they used."""
    for instance in running(list_nodes(place)):
        terminate(place.ec2, instance["InstanceId"])
    for balancer in list_balancers(place):
        delete_balancer(place.elbv2, balancer["LoadBalancerArn"])
    wait_until_gone("load balancers", lambda: list_balancers(place), "LoadBalancerArn", timeout)
    for group in list_target_groups(place):
        delete_target_group(place.elbv2, group["TargetGroupArn"], timeout)
    wait_until_gone("instances", lambda: running(list_nodes(place)), "InstanceId", timeout)
    wait_until_gone("network interfaces", lambda: delete_interfaces(place), "NetworkInterfaceId", timeout)


def delete(place: Place, timeout: float) -> None:
    """Remove all that is left.

    :param timeout: seconds for each wait.
    :raises AnsibleAWSError: naming what cannot go, and what AWS says about it.
    """
    delete_compute(place, timeout)
    for template in list_templates(place):
        delete_template(place.ec2, template["LaunchTemplateId"])
    for profile in list_profiles(place):
        for role in profile.get("Roles", []):
            remove_role(place.iam, profile["InstanceProfileName"], role["RoleName"])
        delete_profile(place.iam, profile["InstanceProfileName"])
    delete_security_groups(place, timeout)
    wait_until_none_shows(place)


def wait_until_none_shows(place: Place) -> None:
    """Wait until AWS shows nothing of it any more.

    :raises AnsibleAWSError: naming what is there still, or again.
    """
    Waiter[Found](
        goal=f"AWS to show nothing that {place.cluster} left, which was removed just now",
        read=lambda: find(place),
        ready=lambda found: not found,
        failure=lambda found: None,
        progress=lambda found: "; ".join(
            f"{kind}: {', '.join(item['id'] for item in items)}" for kind, items in found.items()
        ),
    ).wait(SETTLING_SECONDS)

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What controllers of a Kubernetes cluster made in AWS and left behind: finding it by the tags that they give."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._ec2_security_group import list_groups
from ansible_collections.supastack.aws.plugins.module_utils._errors import error_code, failing_to
from ansible_collections.supastack.aws.plugins.module_utils._retries import retry_while, unthrottled
from ansible_collections.supastack.aws.plugins.module_utils._tags import Tags, tags_of

# Each controller's own tag, with the name of the cluster as its value:
# https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/installation/
BALANCER = "elbv2.k8s.aws/cluster"
# https://github.com/aws/amazon-vpc-cni-k8s, CLUSTER_NAME; the second has the identifier of the instance.
INTERFACE, INTERFACE_OF = "cluster.k8s.amazonaws.com/name", "node.k8s.amazonaws.com/instance_id"
# https://karpenter.sh/docs/concepts/nodeclasses/, spec.tags
KARPENTER = ("eks:eks-cluster-name", "karpenter.k8s.aws/cluster")
NAMING = (BALANCER, INTERFACE, "aws:eks:cluster-name", *KARPENTER)
NODES = ("karpenter.sh/nodepool", "karpenter.sh/nodeclaim")
OWNER = "kubernetes.io/cluster/"
# DescribeTags takes no more at once:
# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTags.html
TAGS_AT_ONCE = 20
# A list of load balancers may name one that is gone when its tags are asked for; the next list does not.
VANISHING_SECONDS = 60
VANISHED = ("LoadBalancerNotFound", "TargetGroupNotFound")

Found = dict[str, list[dict[str, str]]]


@dataclasses.dataclass(frozen=True)
class Place:
    """Whose leftovers are looked for, and the clients to do it with.

    :param vpc_id: of what lies in a VPC, only what lies in this one; None for any.
    """

    ec2: t.Any
    elbv2: t.Any
    iam: t.Any
    cluster: str
    vpc_id: str | None

    @property
    def owner_tag(self) -> str:
        """The key of the tag that says owned."""
        return f"{OWNER}{self.cluster}"

    def in_vpc(self) -> list[Plain]:
        """Return the filter for what lies in the VPC."""
        return [{"Name": "vpc-id", "Values": [self.vpc_id]}] if self.vpc_id else []


def owners(tags: t.Mapping[str, str]) -> set[str]:
    """Return the clusters that tags name as the one which the resource belongs to."""
    owned = {key.removeprefix(OWNER) for key, value in tags.items() if key.startswith(OWNER) and value == "owned"}
    return owned | {tags[key] for key in NAMING if key in tags}


def described(item: Plain) -> Tags:
    """Return the tags of a described resource; network interfaces have them under another name than all others."""
    return tags_of({"Tags": item["TagSet"]} if "TagSet" in item else item)


def is_left(place: Place, item: Plain, *keys: str) -> bool:
    """Tell whether one of these tags is there, and all that name a cluster name this one."""
    tags = described(item)
    return not tags.keys().isdisjoint(keys) and owners(tags) == {place.cluster}


@failing_to("describe what {place.cluster} left: {operation}")
@unthrottled
def list_tagged(place: Place, operation: str, member: str, keys: t.Sequence[str], filters: list[Plain]) -> list[Plain]:
    """Return what EC2 describes that has one of these tags."""
    tagged = [{"Name": "tag-key", "Values": list(keys)}, *filters]
    pages = place.ec2.get_paginator(operation).paginate(Filters=tagged)
    return [dict(item) for page in pages for item in page[member]]


def list_nodes(place: Place) -> list[Plain]:
    """Return the instances that Karpenter started, also those that are terminated and still show."""
    found = list_tagged(place, "describe_instances", "Reservations", [place.owner_tag], place.in_vpc())
    instances = [dict(instance) for reservation in found for instance in reservation["Instances"]]
    return [instance for instance in instances if is_left(place, instance, *NODES)]


def running(nodes: t.Iterable[Plain]) -> list[Plain]:
    """Return the instances that are not terminated."""
    return [instance for instance in nodes if instance["State"]["Name"] != "terminated"]


def list_interfaces(place: Place, nodes: t.Iterable[Plain]) -> list[Plain]:
    """Return the network interfaces that the VPC CNI made, save those of nodes that are not of Karpenter."""
    own = {instance["InstanceId"] for instance in nodes}

    def of_node(item: Plain) -> bool:
        tags = described(item)
        return tags.get(INTERFACE_OF) in own and owners(tags) <= {place.cluster}

    operation, member = "describe_network_interfaces", "NetworkInterfaces"
    found = list_tagged(place, operation, member, [INTERFACE, INTERFACE_OF], place.in_vpc())
    return [item for item in found if of_node(item) or (available([item]) and is_left(place, item, INTERFACE))]


def available(items: t.Iterable[Plain]) -> list[Plain]:
    """Return the network interfaces that nothing uses."""
    return [item for item in items if item["Status"] == "available"]


def list_templates(place: Place) -> list[Plain]:
    """Return the launch templates of Karpenter."""
    found = list_tagged(place, "describe_launch_templates", "LaunchTemplates", KARPENTER, [])
    return [template for template in found if is_left(place, template, *KARPENTER)]


def list_security_groups(place: Place) -> list[Plain]:
    """Return the groups of the load balancer controller, and the one of EKS, which goes with its cluster as a rule.

    Others may be tagged as owned by the cluster too; EKS' own is known by its name as well:
    https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html
    """
    in_vpc = {"vpc-id": place.vpc_id} if place.vpc_id else {}
    tags = {BALANCER: place.cluster, place.owner_tag: "owned"}
    found = [item for key, value in tags.items() for item in list_groups(place.ec2, {f"tag:{key}": value, **in_vpc})]
    own_name = re.compile(f"eks-cluster-sg-{re.escape(place.cluster)}-[0-9]+")

    def is_own(group: Plain) -> bool:
        by_name = own_name.fullmatch(group["GroupName"]) is not None
        return is_left(place, group, BALANCER, *([place.owner_tag] if by_name else []))

    return list({group["GroupId"]: group for group in found if is_own(group)}.values())


@failing_to("describe what {place.cluster} left: {operation}")
@unthrottled
def list_balanced(place: Place, operation: str, member: str, arn: str) -> list[Plain]:
    """Return the load balancers, or the target groups, that the load balancer controller made."""

    def tagged() -> list[Plain]:
        pages = place.elbv2.get_paginator(operation).paginate()
        found = [dict(item) for page in pages for item in page[member]]
        for first in range(0, len(found), TAGS_AT_ONCE):
            some = {item[arn]: item for item in found[first : first + TAGS_AT_ONCE]}
            for answer in place.elbv2.describe_tags(ResourceArns=list(some))["TagDescriptions"]:
                some[answer["ResourceArn"]]["Tags"] = answer["Tags"]
        return found

    found = retry_while(lambda error: error_code(error) in VANISHED, tagged, VANISHING_SECONDS)
    own = [item for item in found if is_left(place, item, BALANCER)]
    return [item for item in own if place.vpc_id in (None, item.get("VpcId"))]


def list_balancers(place: Place) -> list[Plain]:
    """Return the application and network load balancers."""
    return list_balanced(place, "describe_load_balancers", "LoadBalancers", "LoadBalancerArn")


def list_target_groups(place: Place) -> list[Plain]:
    """Return the target groups."""
    return list_balanced(place, "describe_target_groups", "TargetGroups", "TargetGroupArn")


@failing_to("list the instance profiles that {place.cluster} left")
@unthrottled
def list_profiles(place: Place) -> list[Plain]:
    """Return the instance profiles of Karpenter, by the path that it gives them.

    It looks for its own by the path too, since a list has no tags. IAM has one list for all regions:
    https://github.com/aws/karpenter-provider-aws, pkg/providers/instanceprofile
    """
    prefix = f"/karpenter/{place.ec2.meta.region_name}/{place.cluster}/"
    pages = place.iam.get_paginator("list_instance_profiles").paginate(PathPrefix=prefix)
    return [dict(profile) for page in pages for profile in page["InstanceProfiles"]]


def named(items: t.Iterable[Plain], identifier: str, name: str = "") -> list[dict[str, str]]:
    """Return the identifier of each with its name, if any, in one order."""
    plain = [
        {"id": str(item[identifier]), "name": str(item.get(name) or described(item).get("Name", ""))} for item in items
    ]
    return sorted(plain, key=lambda item: item["id"])


def find(place: Place) -> Found:
    """Return what is left, by kind, without the kinds of which nothing is."""
    found = {
        "load_balancers": named(list_balancers(place), "LoadBalancerArn", "LoadBalancerName"),
        "target_groups": named(list_target_groups(place), "TargetGroupArn", "TargetGroupName"),
        "instance_profiles": named(list_profiles(place), "InstanceProfileName", "InstanceProfileName"),
    }
    nodes = list_nodes(place)
    found |= {
        "instances": named(running(nodes), "InstanceId"),
        "network_interfaces": named(available(list_interfaces(place, nodes)), "NetworkInterfaceId", "Description"),
        "launch_templates": named(list_templates(place), "LaunchTemplateId", "LaunchTemplateName"),
        "security_groups": named(list_security_groups(place), "GroupId", "GroupName"),
    }
    return {kind: items for kind, items in found.items() if items}

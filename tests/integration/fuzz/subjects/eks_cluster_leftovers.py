# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subject eks_cluster_leftovers."""

from __future__ import annotations

import uuid
from typing import Any

from hypothesis import strategies as st

from tests.integration.fuzz.cluster import network, role
from tests.integration.fuzz.subject import Clients, Options, Subject, Wishes, some, tags_of

REGION = "eu-west-1"
KINDS = (
    "instances",
    "load_balancers",
    "target_groups",
    "network_interfaces",
    "launch_templates",
    "instance_profiles",
    "security_groups",
)
# A name that begins like each of the test's clusters: tags have to be compared as a whole.
STRANGER = "fuzz-"


def prepare(clients: Clients) -> Options:
    """A network, and something of each kind that another cluster left."""
    made = network(clients)
    name = role(clients, ["ec2.amazonaws.com"]).rpartition("/")[2]
    image = clients("ec2").describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    world = {**made, "role_name": name, "image_id": image}
    make(clients, place(world, ""), dict.fromkeys(KINDS, 1))
    return world


def place(world: Options, text: str) -> Options:
    WORLD.update(world)
    return {"cluster_name": f"{STRANGER}{text}"}


# What the functions below need besides the options of the module, which names a cluster only.
WORLD: Options = {}


def wishes(_world: Options) -> Wishes:
    return some(**{kind: st.just(1) for kind in KINDS})


def tagged(resource_type: str, cluster: str, **tags: str) -> list[dict[str, Any]]:
    """The tags of something that a cluster owns, and others by a short name."""
    keys = {
        "elb": "elbv2.k8s.aws/cluster",
        "cni": "cluster.k8s.amazonaws.com/name",
        "node": "karpenter.sh/nodepool",
        "karpenter": "eks:eks-cluster-name",
    }
    all_tags = {f"kubernetes.io/cluster/{cluster}": "owned", **{keys[name]: value for name, value in tags.items()}}
    return [{"ResourceType": resource_type, "Tags": [{"Key": key, "Value": all_tags[key]} for key in all_tags]}]


def make_instance(clients: Clients, cluster: str, _name: str) -> None:
    clients("ec2").run_instances(
        ImageId=WORLD["image_id"],
        MinCount=1,
        MaxCount=1,
        SubnetId=WORLD["subnet_ids"][0],
        TagSpecifications=tagged("instance", cluster, node="default"),
    )


def make_load_balancer(clients: Clients, cluster: str, name: str) -> None:
    """A load balancer in front of a target group."""
    tags = tagged("", cluster, elb=cluster)[0]["Tags"]
    elb = clients("elbv2")
    balancer = elb.create_load_balancer(Name=name, Subnets=WORLD["subnet_ids"], Tags=tags)["LoadBalancers"][0]
    action = {"Type": "forward", "TargetGroupArn": make_target_group(clients, cluster, name)}
    arn = balancer["LoadBalancerArn"]
    elb.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=[action])


def make_target_group(clients: Clients, cluster: str, name: str) -> str:
    tags = tagged("", cluster, elb=cluster)[0]["Tags"]
    request = {"Name": name, "Protocol": "HTTP", "Port": 80, "VpcId": WORLD["vpc_id"], "TargetType": "ip"}
    return str(clients("elbv2").create_target_group(**request, Tags=tags)["TargetGroups"][0]["TargetGroupArn"])


def make_interface(clients: Clients, cluster: str, _name: str) -> None:
    clients("ec2").create_network_interface(
        SubnetId=WORLD["subnet_ids"][0], TagSpecifications=tagged("network-interface", cluster, cni=cluster)
    )


def make_template(clients: Clients, cluster: str, name: str) -> None:
    clients("ec2").create_launch_template(
        LaunchTemplateName=name,
        LaunchTemplateData={"ImageId": "ami-12345678"},
        TagSpecifications=tagged("launch-template", cluster, karpenter=cluster),
    )


def make_profile(clients: Clients, cluster: str, name: str) -> None:
    iam = clients("iam")
    iam.create_instance_profile(InstanceProfileName=name, Path=f"/karpenter/{REGION}/{cluster}/{name}/")
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=WORLD["role_name"])


def make_security_group(clients: Clients, cluster: str, name: str) -> None:
    """Two groups of which each has a rule that names the other, one EKS' own."""
    ec2, ids = clients("ec2"), []
    own = f"eks-cluster-sg-{cluster}-{uuid.uuid4().int}"
    for group, tags in ((name, {"elb": cluster}), (own, {})):
        request = {"GroupName": group, "Description": group, "VpcId": WORLD["vpc_id"]}
        tags_given = tagged("security-group", cluster, **tags)
        ids.append(ec2.create_security_group(**request, TagSpecifications=tags_given)["GroupId"])
    for group, other in (ids, reversed(ids)):
        pairs = [{"GroupId": other}]
        permissions = [{"IpProtocol": "-1", "UserIdGroupPairs": pairs}]
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=permissions)


MAKERS: dict[str, Any] = {
    "instances": make_instance,
    "load_balancers": make_load_balancer,
    "target_groups": make_target_group,
    "network_interfaces": make_interface,
    "launch_templates": make_template,
    "instance_profiles": make_profile,
    "security_groups": make_security_group,
}


def make(clients: Clients, options: Options, wanted: Options) -> None:
    for kind, count in wanted.items():
        for _number in range(count):
            MAKERS[kind](clients, options["cluster_name"], f"k8s-{uuid.uuid4().hex[:20]}")


def observe(clients: Clients, options: Options) -> Options | None:
    """What there is of the cluster, by kind; of the other cluster everything has to be there."""
    found = {kind: read(clients) for kind, read in READERS.items()}
    mine = {kind: sum(options["cluster_name"] in owned for owned in items) for kind, items in found.items()}
    assert [kind for kind, items in found.items() if not any(STRANGER in owned for owned in items)] == []
    return {kind: count for kind, count in mine.items() if count} or None


def owners(items: list[dict[str, Any]], tags: str = "Tags") -> list[set[str]]:
    """The clusters that each names in its tags."""
    return [set(tags_of(item.get(tags, [])).values()) | owning(item.get(tags, [])) for item in items]


def owning(tags: list[dict[str, str]]) -> set[str]:
    return {tag["Key"].removeprefix("kubernetes.io/cluster/") for tag in tags}


def described(operation: str, member: str, tags: str = "Tags") -> Any:
    """What reads everything of a kind in EC2."""
    return lambda clients: owners(getattr(clients("ec2"), operation)()[member], tags)


def instances(clients: Clients) -> list[set[str]]:
    reservations = clients("ec2").describe_instances()["Reservations"]
    found = [instance for reservation in reservations for instance in reservation["Instances"]]
    return owners([instance for instance in found if instance["State"]["Name"] != "terminated"])


def balanced(operation: str, member: str, arn: str) -> Any:
    """What reads everything of a kind in ELB."""

    def read(clients: Clients) -> list[set[str]]:
        elb = clients("elbv2")
        arns = [item[arn] for item in getattr(elb, operation)()[member]]
        chunks = [arns[first : first + 20] for first in range(0, len(arns), 20)]
        return [tags for chunk in chunks for tags in owners(elb.describe_tags(ResourceArns=chunk)["TagDescriptions"])]

    return read


def profiles(clients: Clients) -> list[set[str]]:
    found = clients("iam").list_instance_profiles(PathPrefix="/karpenter/")["InstanceProfiles"]
    return [{profile["Path"].split("/")[3]} for profile in found]


READERS: dict[str, Any] = {
    "instances": instances,
    "load_balancers": balanced("describe_load_balancers", "LoadBalancers", "LoadBalancerArn"),
    "target_groups": balanced("describe_target_groups", "TargetGroups", "TargetGroupArn"),
    "network_interfaces": described("describe_network_interfaces", "NetworkInterfaces", "TagSet"),
    "launch_templates": described("describe_launch_templates", "LaunchTemplates"),
    "instance_profiles": profiles,
    "security_groups": described("describe_security_groups", "SecurityGroups"),
}


SUBJECT = Subject(
    module="eks_cluster_leftovers",
    key="leftovers",
    prepare=prepare,
    place=place,
    wishes=wishes,
    observe=observe,
    make=make,
)

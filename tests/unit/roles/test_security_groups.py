# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Who reaches whom, told from the security groups that the roles make and give, and from the one that EKS makes.

EKS' own group lets its members reach each other and everything else. The control plane and pods on Fargate have it:
https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html. Everything else here is read from the roles.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from tests.unit.roles.templating import CHECKOUT, evaluate, render

MODULE = "supastack.aws.ec2_security_group"
CLUSTER, DATABASE, EKS = "sg-cluster", "sg-database", "sg-eks"
EKS_TAG = "kubernetes.io/cluster/demo-supabase"
COMMON = {
    "supabase_environment": "demo",
    "supabase_aws_region": "eu-west-1",
    "supabase_account_id": "123456789012",
    "network_cluster_name": "demo-supabase",
}


@dataclass(frozen=True)
class Group:
    """A security group: what it lets in and out, in the form of supastack.aws.ec2_security_group."""

    tags: dict[str, str]
    ingress: list[dict[str, Any]]
    egress: list[dict[str, Any]]


def tasks(path: str) -> list[dict[str, Any]]:
    """Return the tasks of a file, or of the last play of a playbook."""
    found: list[dict[str, Any]] = yaml.safe_load((CHECKOUT / path).read_text(encoding="utf-8"))
    return list(found[-1].get("tasks", found))


def network() -> dict[str, Group]:
    """Return the groups that the role network makes, and EKS' own, by their ids."""
    groups = {EKS: Group({EKS_TAG: "owned"}, [{"protocol": "all", "group_id": EKS}], [{"protocol": "all"}])}
    ids = {"demo-cluster": CLUSTER, "demo-database": DATABASE}
    files = [f"roles/network/tasks/{name}.yml" for name in ("cluster_group", "database")]
    for task in [task for file in files for task in tasks(file) if MODULE in task]:
        cluster = {"security_group": {"group_id": CLUSTER}}
        made = render("network", task[MODULE], **COMMON, __network_cluster_group=cluster, __network_id_of_vpc="v")
        own_id = ids[made["name"]]
        ingress = [by_id(rule, own_id) for rule in made["ingress"]]
        groups[own_id] = Group(made["tags"], ingress, made["egress"])
    return groups


def by_id(rule: dict[str, Any], own_id: str) -> dict[str, Any]:
    """Return a rule with the id of the group that it has at its other end."""
    return {**rule, "group_id": own_id} if rule.get("self") else rule


def wiring(role: str, option: str) -> Any:
    """Return what site.yml hands to a role, of the network that was made."""
    outputs = {
        "cluster_security_group_id": "__network_cluster_group",
        "database_security_group_id": "__network_database_group",
    }
    made = {
        "__network_cluster_group": {"security_group": {"group_id": CLUSTER}},
        "__network_database_group": {"security_group": {"group_id": DATABASE}},
    }
    facts = tasks("roles/network/tasks/publish.yml")[0]["ansible.builtin.set_fact"]["network_outputs"]
    published = {name: render("network", facts[name], **COMMON, **made) for name in outputs}
    given = next(
        task["vars"][option]
        for task in tasks("playbooks/site.yml")
        if task.get("ansible.builtin.import_role", {}).get("name") == f"supastack.aws.{role}"
    )
    return render(role, given, network_outputs=published)


def karpenter_node() -> set[str]:
    """Return the groups that the node class selects; a node gets those of every term."""
    cluster = {
        "cluster_name": "demo-supabase",
        "cluster_security_group_id": EKS,
        "node_role_name": "demo-node",
    }
    inputs = {"cluster_services_environment": "demo", "cluster_services_tags": {}, "cluster_services_kms_key_arn": "k"}
    spec = evaluate("cluster_services", "__cluster_services_node_class", cluster_services_cluster=cluster, **inputs)
    terms = spec["spec"]["securityGroupSelectorTerms"]
    return {name for name, group in network().items() for term in terms if selects(term, name, group)}


def selects(term: dict[str, Any], name: str, group: Group) -> bool:
    """Tell whether a term of a node class selects a group; all that it says must be so."""
    tags = term.get("tags", {})
    return bool(term.get("id", name) == name and tags.items() <= group.tags.items())


def managed_node() -> set[str]:
    """Return the groups of the launch template, beside which EKS gives none."""
    (task,) = tasks("roles/eks/tasks/launch_template.yml")
    given = task["supastack.aws.ec2_launch_template"]["security_group_ids"]
    ready = {"cluster": {"cluster_security_group_id": EKS}}
    security_groups = wiring("eks", "eks_security_group_ids")
    return set(render("eks", given, **COMMON, __eks_ready=ready, eks_security_group_ids=security_groups))


def control_plane() -> set[str]:
    """Return the groups of its interfaces: EKS' own and those that the role hands to CreateCluster."""
    return {EKS, *wiring("eks", "eks_security_group_ids")}


def fargate_pod() -> set[str]:
    return {EKS}


def database() -> set[str]:
    return set(wiring("rds", "rds_security_group_ids"))


def reaches(source: set[str], target: set[str], protocol: str, port: int) -> bool:
    """Tell whether what has the one groups may open a connection to what has the others; rules only ever add up."""
    groups = network()
    leaves = any(opens(rule, protocol, port) for name in source for rule in groups[name].egress)
    rules = [rule for name in target for rule in groups[name].ingress]
    return leaves and any(opens(rule, protocol, port) and rule.get("group_id") in source for rule in rules)


def opens(rule: dict[str, Any], protocol: str, port: int) -> bool:
    """Tell whether a rule is about this protocol and port."""
    is_open = rule["protocol"] == protocol and rule["from_port"] <= port <= rule["to_port"]
    return bool(rule["protocol"] == "all" or is_open)


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_a_node_of_karpenter_asks_coredns_on_fargate(protocol: str) -> None:
    assert reaches(karpenter_node(), fargate_pod(), protocol, 53)


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_a_managed_node_asks_coredns_on_another(protocol: str) -> None:
    assert reaches(managed_node(), managed_node(), protocol, 53)


def test_a_node_of_karpenter_reaches_the_database() -> None:
    assert reaches(karpenter_node(), database(), "tcp", 5432)


def test_a_managed_node_reaches_the_database() -> None:
    assert reaches(managed_node(), database(), "tcp", 5432)


@pytest.mark.parametrize("node", [karpenter_node, managed_node])
def test_a_pod_on_fargate_reaches_a_node(node: Any) -> None:
    assert reaches(fargate_pod(), node(), "tcp", 8080)


@pytest.mark.parametrize("node", [karpenter_node, managed_node])
def test_control_plane_and_nodes_reach_each_other(node: Any) -> None:
    assert reaches(control_plane(), node(), "tcp", 10250)
    assert reaches(node(), control_plane(), "tcp", 443)


def test_nodes_of_both_kinds_reach_each_other_while_one_replaces_the_other() -> None:
    assert reaches(karpenter_node(), managed_node(), "tcp", 8080)
    assert reaches(managed_node(), karpenter_node(), "tcp", 8080)


def test_a_pod_on_fargate_does_not_reach_the_database() -> None:
    assert not reaches(fargate_pod(), database(), "tcp", 5432)


def test_nodes_reach_nothing_else_of_the_database() -> None:
    assert not reaches(karpenter_node() | managed_node(), database(), "tcp", 22)


def test_either_group_alone_is_not_enough_for_a_node() -> None:
    assert not reaches({CLUSTER}, fargate_pod(), "udp", 53)
    assert not reaches({EKS}, database(), "tcp", 5432)


@pytest.mark.parametrize("node", [karpenter_node, managed_node])
def test_a_node_has_one_group_that_the_load_balancer_controller_takes_for_its_own(node: Any) -> None:
    groups = network()
    assert [name for name in node() if EKS_TAG in groups[name].tags] == [EKS]

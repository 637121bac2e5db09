# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""What cluster_services asks for: the policies of each identity, the nodes, and the messages when something fails."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.unit.roles.templating import evaluate

CLUSTER = "demo-supabase"
ACCOUNT = "123456789012"
INPUTS: dict[str, Any] = {
    "cluster_services_environment": "demo",
    "cluster_services_region": "eu-west-1",
    "cluster_services_domain": "example.com",
    "cluster_services_hosted_zone_ids": ["Z0123456789ABC"],
    "cluster_services_tags": {"team": "platform"},
    "cluster_services_vpc_id": "vpc-0123",
    "cluster_services_kms_key_arn": f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234",
    "cluster_services_secret_arns": {
        "SUPABASE_DB": f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:demo-db-AbCdEf"
    },
    "cluster_services_cluster": {
        "exists": True,
        "compute": "karpenter",
        "cluster_name": CLUSTER,
        "cluster_arn": f"arn:aws:eks:eu-west-1:{ACCOUNT}:cluster/{CLUSTER}",
        "endpoint": "https://example.eks.amazonaws.com",
        "version": "1.35",
        "oidc_issuer": "https://oidc.eks.eu-west-1.amazonaws.com/id/ABC",
        "oidc_provider_arn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC",
        "cluster_security_group_id": "sg-0eks",
        "node_role_name": "demo-node",
        "node_role_arn": f"arn:aws:iam::{ACCOUNT}:role/demo-node",
        "interruption_queue_name": f"{CLUSTER}-karpenter",
        "interruption_queue_arn": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:{CLUSTER}-karpenter",
    },
}
# The longest names that are allowed, for which no policy may be too long either.
LONGEST: dict[str, Any] = {
    **INPUTS,
    "cluster_services_environment": "e" * 20,
    "cluster_services_region": "ap-southeast-1",
    "cluster_services_kms_key_arn": f"arn:aws-us-gov:kms:us-gov-west-1:{ACCOUNT}:key/{'1' * 36}",
    "cluster_services_hosted_zone_ids": ["Z" + "0" * 31] * 10,
    "cluster_services_secret_arns": {
        f"SECRET_{number}": f"arn:aws-us-gov:secretsmanager:us-gov-west-1:{ACCOUNT}:secret:{'e' * 20}-{number}-AbCdEf"
        for number in range(20)
    },
    "cluster_services_cluster": {**INPUTS["cluster_services_cluster"], "cluster_name": "c" * 100},
}
# What a managed policy may have at most, white space not counted:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
LIMIT = 6144


def actions(services: dict[str, str]) -> set[str]:
    """Return full names of actions that are given by service, separated by spaces."""
    return {f"{service}:{name}" for service, names in services.items() for name in names.split()}


# What the controllers call, by the policies that their projects publish; the sources are named beside ours.
EXPECTED = {
    "karpenter": actions(
        {
            "ec2": "RunInstances CreateFleet CreateLaunchTemplate CreateTags TerminateInstances DeleteLaunchTemplate "
            "DescribeCapacityReservations DescribeImages DescribeInstances DescribeInstanceStatus "
            "DescribeInstanceTypeOfferings DescribeInstanceTypes DescribeLaunchTemplates DescribePlacementGroups "
            "DescribeSecurityGroups DescribeSpotPriceHistory DescribeSubnets",
            "iam": "PassRole CreateInstanceProfile TagInstanceProfile AddRoleToInstanceProfile "
            "RemoveRoleFromInstanceProfile DeleteInstanceProfile GetInstanceProfile ListInstanceProfiles",
            "eks": "DescribeCluster",
            "sqs": "DeleteMessage GetQueueUrl ReceiveMessage",
            "ssm": "GetParameter",
            "pricing": "GetProducts",
        }
    ),
    "aws-load-balancer-controller": actions(
        {
            "iam": "CreateServiceLinkedRole ListServerCertificates GetServerCertificate",
            "ec2": "DescribeAccountAttributes DescribeAddresses DescribeAvailabilityZones DescribeInternetGateways "
            "DescribeVpcs DescribeVpcPeeringConnections DescribeSubnets DescribeSecurityGroups DescribeInstances "
            "DescribeNetworkInterfaces DescribeTags DescribeCoipPools DescribeIpamPools DescribeRouteTables "
            "GetCoipPoolUsage GetSecurityGroupsForVpc AuthorizeSecurityGroupIngress RevokeSecurityGroupIngress "
            "CreateSecurityGroup DeleteSecurityGroup CreateTags DeleteTags",
            "elasticloadbalancing": "DescribeLoadBalancers DescribeLoadBalancerAttributes DescribeListeners "
            "DescribeListenerCertificates DescribeListenerAttributes DescribeSSLPolicies DescribeRules "
            "DescribeTargetGroups DescribeTargetGroupAttributes DescribeTargetHealth DescribeTags DescribeTrustStores "
            "DescribeCapacityReservation CreateLoadBalancer CreateTargetGroup CreateListener DeleteListener CreateRule "
            "DeleteRule AddTags RemoveTags ModifyLoadBalancerAttributes SetIpAddressType SetSecurityGroups SetSubnets "
            "DeleteLoadBalancer ModifyTargetGroup ModifyTargetGroupAttributes DeleteTargetGroup "
            "ModifyListenerAttributes ModifyCapacityReservation ModifyIpPools RegisterTargets DeregisterTargets "
            "SetWebAcl ModifyListener AddListenerCertificates RemoveListenerCertificates ModifyRule SetRulePriorities",
            "cognito-idp": "DescribeUserPoolClient",
            "acm": "ListCertificates DescribeCertificate",
            "waf-regional": "GetWebACL GetWebACLForResource AssociateWebACL DisassociateWebACL",
            "wafv2": "GetWebACL GetWebACLForResource AssociateWebACL DisassociateWebACL",
            "shield": "GetSubscriptionState DescribeProtection CreateProtection DeleteProtection",
        }
    ),
    "external-secrets": actions(
        {"secretsmanager": "GetSecretValue DescribeSecret ListSecretVersionIds GetResourcePolicy", "kms": "Decrypt"}
    ),
    "external-dns": actions(
        {"route53": "ChangeResourceRecordSets ListResourceRecordSets ListTagsForResources ListHostedZones"}
    ),
}
# Changes that AWS cannot tie to a resource or that the controllers make to what others made.
UNSCOPED = {
    "shield:CreateProtection",
    "shield:DeleteProtection",
    *(f"{waf}:{verb}WebACL" for waf in ("waf-regional", "wafv2") for verb in ("Associate", "Disassociate")),
}


def identities(inputs: dict[str, Any] | None = None) -> dict[str, dict[str, Any]]:
    """Return the identities by name."""
    found = evaluate("cluster_services", "__cluster_services_identities", **(inputs or INPUTS))
    return {identity["name"]: identity for identity in found}


def policy(name: str, inputs: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a policy as it is sent to IAM."""
    document: dict[str, Any] = evaluate(
        "cluster_services", f"__cluster_services_policies['{name}']", **(inputs or INPUTS)
    )
    return document


def statements(name: str) -> list[dict[str, Any]]:
    """Return all statements of an identity."""
    return [item for part in identities()[name]["policies"] for item in policy(part)["Statement"]]


def as_list(value: Any) -> list[Any]:
    """Return a list; policies write one element as itself."""
    return value if isinstance(value, list) else [value]


POLICIES = [part for identity in identities().values() for part in identity["policies"]]


@pytest.mark.parametrize("inputs", [INPUTS, LONGEST], ids=["usual", "longest"])
@pytest.mark.parametrize("name", POLICIES)
def test_no_policy_is_too_long(name: str, inputs: dict[str, Any]) -> None:
    assert len(json.dumps(policy(name, inputs), separators=(",", ":"))) <= LIMIT


@pytest.mark.parametrize("name", EXPECTED)
def test_actions_are_those_that_the_controller_calls(name: str) -> None:
    assert {action for item in statements(name) for action in as_list(item["Action"])} == EXPECTED[name]


@pytest.mark.parametrize("name", EXPECTED)
def test_whatever_changes_something_is_tied_to_resources_or_tags(name: str) -> None:
    for item in statements(name):
        reads = ("Describe", "Get", "List")
        changes = {action for action in as_list(item["Action"]) if not action.partition(":")[2].startswith(reads)}
        if changes - UNSCOPED and item["Resource"] == "*":
            assert item.get("Condition"), item["Sid"]


@pytest.mark.parametrize("name", POLICIES)
def test_statements_have_names_of_their_own(name: str) -> None:
    names = [item["Sid"] for item in policy(name)["Statement"]]
    assert len(names) == len(set(names))
    assert all(sid.isalnum() for sid in names)


@pytest.mark.parametrize("name", POLICIES)
def test_every_arn_is_of_the_partition(name: str) -> None:
    elsewhere = {**INPUTS, "cluster_services_kms_key_arn": f"arn:aws-cn:kms:cn-north-1:{ACCOUNT}:key/1"}
    given = json.dumps([INPUTS["cluster_services_cluster"], INPUTS["cluster_services_secret_arns"]])
    for item in policy(name, elsewhere)["Statement"]:
        for resource in as_list(item["Resource"]):
            assert resource == "*" or resource.startswith("arn:aws-cn:") or resource.rpartition("-")[0] in given


def test_two_environments_cannot_touch_each_others_load_balancers() -> None:
    tags = [
        value
        for item in statements("aws-load-balancer-controller")
        for key, value in item.get("Condition", {}).get("StringEquals", {}).items()
        if key.endswith("elbv2.k8s.aws/cluster")
    ]
    assert len(tags) == 7
    assert set(tags) == {CLUSTER}


def test_two_environments_cannot_touch_each_others_nodes() -> None:
    for item in policy("karpenter-nodes")["Statement"][1:]:
        tag = f"kubernetes.io/cluster/{CLUSTER}"
        equal = item["Condition"]["StringEquals"]
        assert "owned" in (equal.get(f"aws:RequestTag/{tag}"), equal.get(f"aws:ResourceTag/{tag}"))


def test_karpenter_hands_nodes_their_own_role_only() -> None:
    (passing,) = (item for item in statements("karpenter") if item["Action"] == "iam:PassRole")
    assert passing["Resource"] == INPUTS["cluster_services_cluster"]["node_role_arn"]
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": ["ec2.amazonaws.com"]}}


def test_secrets_are_named_one_by_one() -> None:
    (reading,) = (item for item in statements("external-secrets") if "Secrets" in item["Sid"] and "Read" in item["Sid"])
    assert reading["Resource"] == [f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:demo-db-??????"]


def test_records_of_the_domain_and_those_that_say_whose_they_are_may_be_changed() -> None:
    values = evaluate("cluster_services", "__cluster_services_external_dns_values", **INPUTS)
    (changing,) = (item for item in statements("external-dns") if "Change" in item["Sid"])
    names = changing["Condition"]["ForAllValues:StringLike"]["route53:ChangeResourceRecordSetsNormalizedRecordNames"]
    assert changing["Resource"] == ["arn:aws:route53:::hostedzone/Z0123456789ABC"]
    for name in ("example.com", "api.example.com"):
        owner = values["txtPrefix"].replace("%{record_type}", "a") + name
        assert all(any(fnmatchcase(tried, pattern) for pattern in names) for tried in (name, owner))
    assert not any(fnmatchcase("notexample.com", pattern) for pattern in names)


def test_who_may_take_which_role() -> None:
    trust = evaluate("cluster_services", "__cluster_services_trust", **INPUTS)
    assert {name: identity["trust"] for name, identity in identities().items()} == {
        "karpenter": "web_identity",
        "aws-load-balancer-controller": "pod",
        "external-secrets": "pod",
        "external-dns": "pod",
    }
    (web,) = trust["web_identity"]["Statement"]
    issuer = "oidc.eks.eu-west-1.amazonaws.com/id/ABC"
    assert web["Principal"] == {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}"}
    assert web["Condition"] == {
        "StringEquals": {
            f"{issuer}:aud": "sts.amazonaws.com",
            f"{issuer}:sub": "system:serviceaccount:karpenter:karpenter",
        }
    }
    (pod,) = trust["pod"]["Statement"]
    assert pod["Principal"] == {"Service": "pods.eks.amazonaws.com"}


def releases_with_pods(inputs: dict[str, Any]) -> list[str]:
    """Return the names of the releases whose pods are waited for."""
    expression = "__cluster_services_releases_with_pods | map(attribute='name') | list"
    return list(evaluate("cluster_services", expression, **inputs))


def test_karpenter_is_there_with_its_compute_only() -> None:
    managed = {**INPUTS, "cluster_services_cluster": {**INPUTS["cluster_services_cluster"], "compute": "managed_nodes"}}
    assert "karpenter" not in identities(managed)
    assert "karpenter" not in releases_with_pods(managed)
    kinds = evaluate("cluster_services", "__cluster_services_own_objects | map(attribute='kind') | list", **managed)
    assert set(kinds) == {"Namespace", "ClusterSecretStore"}


def test_external_dns_is_there_with_hosted_zones_only() -> None:
    without = {**INPUTS, "cluster_services_hosted_zone_ids": []}
    assert "external-dns" not in identities(without)
    names = evaluate("cluster_services", "__cluster_services_releases | map(attribute='name') | list", **without)
    assert names == ["aws-load-balancer-controller", "external-secrets"]
    made = {**INPUTS, "cluster_services_domain_zone_id": "Z-known-after-apply"}
    zones = "__cluster_services_external_dns_values.extraArgs | select('search', 'zone') | list"
    assert evaluate("cluster_services", zones, **made) == [
        "--zone-id-filter=Z0123456789ABC",
        "--zone-id-filter=Z-known-after-apply",
    ]


def test_what_is_waited_for_has_pods() -> None:
    assert releases_with_pods(INPUTS) == [
        "karpenter",
        "aws-load-balancer-controller",
        "external-secrets",
        "external-dns",
    ]


def test_failed_runs_of_helm_are_those_of_the_release_at_hand() -> None:
    records = [
        {
            "metadata": {
                "name": f"{name}.{space}.{status}",
                "namespace": space,
                "labels": {"name": name, "status": status},
            }
        }
        for name in ("karpenter", "karpenter-crd")
        for space in ("karpenter", "kube-system")
        for status in ("deployed", "failed", "pending-upgrade", "superseded")
    ]
    found = evaluate(
        "cluster_services",
        "__cluster_services_bad_records",
        **INPUTS,
        __cluster_services_records={"resources": records},
        __cluster_services_release={"name": "karpenter", "namespace": "karpenter"},
    )
    assert found == ["karpenter.karpenter.failed", "karpenter.karpenter.pending-upgrade"]


@pytest.mark.parametrize(
    ("conditions", "ready"),
    [
        ([], False),
        ([{"type": "Ready", "status": "Unknown"}, {"type": "SubnetsReady", "status": "True"}], False),
        ([{"type": "SubnetsReady", "status": "True"}, {"type": "Ready", "status": "True"}], True),
    ],
)
def test_an_object_is_ready_by_its_own_condition(conditions: list[dict[str, str]], ready: bool) -> None:
    read = {"resources": [{"status": {"conditions": conditions}}]}
    assert evaluate("cluster_services", "__cluster_services_is_ready", __cluster_services_read=read) is ready
    unknown: dict[str, Any] = {"resources": [{"status": {}}, {}]}
    assert evaluate("cluster_services", "__cluster_services_is_ready", __cluster_services_read=unknown) is False


def test_nodes_are_encrypted_and_keep_their_identity_to_themselves() -> None:
    spec = evaluate("cluster_services", "__cluster_services_node_class", **INPUTS)["spec"]
    assert spec["metadataOptions"] == {
        "httpEndpoint": "enabled",
        "httpTokens": "required",
        "httpPutResponseHopLimit": 1,
        "httpProtocolIPv6": "disabled",
    }
    assert spec["blockDeviceMappings"][0]["ebs"] == {
        "volumeType": "gp3",
        "volumeSize": "50Gi",
        "encrypted": True,
        "kmsKeyID": INPUTS["cluster_services_kms_key_arn"],
        "deleteOnTermination": True,
    }
    assert spec["role"] == "demo-node"
    assert spec["amiSelectorTerms"] == [{"alias": "al2023@v20261112"}]
    assert spec["subnetSelectorTerms"] == [{"tags": {"karpenter.sh/discovery": CLUSTER}}]
    assert spec["tags"] == {
        "team": "platform",
        "supastack:environment": "demo",
        "supastack:component": "cluster_services",
        "managed-by": "supastack.aws",
    }


def test_nodes_have_the_networks_security_group_and_that_of_eks() -> None:
    terms = [{"tags": {"karpenter.sh/discovery": CLUSTER}}, {"id": "sg-0eks"}]
    expression = "__cluster_services_node_class.spec.securityGroupSelectorTerms"
    assert evaluate("cluster_services", expression, **INPUTS) == terms
    planned = {**INPUTS["cluster_services_cluster"], "cluster_security_group_id": "sg-known-after-apply"}
    found = evaluate("cluster_services", expression, **{**INPUTS, "cluster_services_cluster": planned})
    assert found == [terms[0], {"id": "sg-known-after-apply"}]


def test_options_of_the_node_pool() -> None:
    options = {
        "cluster_services_node_pool_name": "own",
        "cluster_services_node_capacity_types": ["on-demand"],
        "cluster_services_node_architectures": ["amd64", "arm64"],
        "cluster_services_node_instance_categories": ["m"],
        "cluster_services_node_minimum_generation": 7,
        "cluster_services_node_minimum_vcpus": 4,
        "cluster_services_node_limits": {"cpu": 8},
        "cluster_services_node_disruption_budgets": [{"nodes": "1", "reasons": ["Drifted"]}],
        "cluster_services_node_consolidate_after": "5m",
        "cluster_services_node_expire_after": "Never",
        "cluster_services_node_termination_grace_period": "1h",
    }
    pool = evaluate("cluster_services", "__cluster_services_node_pool", **INPUTS, **options)
    template = pool["spec"]["template"]["spec"]
    assert {item["key"]: (item["operator"], item["values"]) for item in template["requirements"]} == {
        "kubernetes.io/os": ("In", ["linux"]),
        "kubernetes.io/arch": ("In", ["amd64", "arm64"]),
        "karpenter.sh/capacity-type": ("In", ["on-demand"]),
        "karpenter.k8s.aws/instance-category": ("In", ["m"]),
        "karpenter.k8s.aws/instance-generation": ("Gt", ["6"]),
        "karpenter.k8s.aws/instance-cpu": ("Gt", ["3"]),
    }
    assert template["nodeClassRef"] == {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "own"}
    assert (template["expireAfter"], template["terminationGracePeriod"]) == ("Never", "1h")
    assert pool["spec"]["limits"] == {"cpu": 8}
    assert pool["spec"]["disruption"] == {
        "consolidationPolicy": "WhenEmptyOrUnderutilized",
        "consolidateAfter": "5m",
        "budgets": [{"nodes": "1", "reasons": ["Drifted"]}],
    }


def test_definitions_outlive_the_release() -> None:
    rendered = "kind: CustomResourceDefinition\nmetadata: {name: a, annotations: {b: c}}\n---\nkind: Service\n"
    definitions = evaluate(
        "cluster_services", "__cluster_services_definitions", __cluster_services_rendered={"stdout": rendered}
    )
    kept = {"b": "c", "helm.sh/resource-policy": "keep"}
    assert definitions == [{"kind": "CustomResourceDefinition", "metadata": {"name": "a", "annotations": kept}}]


def test_definitions_of_karpenter_outlive_its_release() -> None:
    release = evaluate("cluster_services", "__cluster_services_karpenter_crd_release", **INPUTS)
    assert release["release_values"] == {"additionalAnnotations": {"helm.sh/resource-policy": "keep"}}


def test_another_version_of_kubernetes_makes_the_pods_of_karpenter_anew() -> None:
    """On Fargate a pod keeps the kubelet that it began with."""
    upgraded = {**INPUTS, "cluster_services_cluster": {**INPUTS["cluster_services_cluster"], "version": "1.36"}}
    before, after = (
        evaluate("cluster_services", "__cluster_services_karpenter_release.release_values", **inputs)
        for inputs in (INPUTS, upgraded)
    )
    assert before.pop("podAnnotations") == {"supastack.aws/kubernetes-version": "1.35"}
    assert after.pop("podAnnotations") == {"supastack.aws/kubernetes-version": "1.36"}
    assert before == after


def test_objects_are_compared_that_are_the_same_in_each_rendering_and_without_nulls() -> None:
    drawn = ("Secret", "CustomResourceDefinition", "MutatingWebhookConfiguration", "PodDisruptionBudget")
    annotations = {"a": 'b": null, "c', "d": None}
    rendered = [
        *({"kind": kind, "data": {"a": "b"}} for kind in drawn),
        {"kind": "Deployment", "metadata": {"annotations": None, "name": "x"}, "spec": {"replicas": 2, "paused": None}},
        {"kind": "Service", "metadata": {"annotations": annotations}, "spec": None},
    ]
    found = evaluate(
        "cluster_services",
        "__cluster_services_compared_objects",
        __cluster_services_rendered={"stdout": "\n---\n".join(json.dumps(item) for item in rendered)},
    )
    assert found == [
        {"kind": "Deployment", "metadata": {"name": "x"}, "spec": {"replicas": 2}},
        {"kind": "Service", "metadata": {"annotations": {"a": 'b": null, "c'}}},
    ]


def node(ready: str, **spec: Any) -> dict[str, Any]:
    """Return a node."""
    conditions = [{"type": "MemoryPressure", "status": "False"}, {"type": "Ready", "status": ready}]
    return {"spec": spec, "status": {"conditions": conditions}}


@pytest.mark.parametrize(
    ("nodes", "ready"),
    [([], 0), ([node("True")], 1), ([node("Unknown")], 0), ([node("True", unschedulable=True)], 0)],
    ids=["none", "ready", "lost", "cordoned"],
)
def test_which_nodes_pods_can_go_to(nodes: list[dict[str, Any]], ready: int) -> None:
    registered = {"resources": nodes}
    expression = "__cluster_services_ready_nodes | length"
    assert evaluate("cluster_services", expression, __cluster_services_other_nodes=registered) == ready


def test_pools_and_classes_that_are_not_ours_are_named() -> None:
    found = [[{"kind": "NodePool", "metadata": {"name": "gpu"}}], [{"kind": "EC2NodeClass", "metadata": {"name": "x"}}]]
    registered = {"results": [{"resources": resources} for resources in found]}
    names = evaluate(
        "cluster_services", "__cluster_services_foreign_names | list", __cluster_services_foreign=registered
    )
    assert names == ["NodePool gpu", "EC2NodeClass x"]


def deployment(ready: int) -> dict[str, Any]:
    """Return a Deployment of two pods."""
    return {
        "kind": "Deployment",
        "metadata": {"name": "controller", "generation": 3},
        "spec": {"replicas": 2},
        "status": {"observedGeneration": 3, "updatedReplicas": ready, "availableReplicas": ready},
    }


RELEASE = {"name": "external-dns", "namespace": "dns"}


def why(template: str, **variables: Any) -> list[str]:
    """Return the lines of a message."""
    found = evaluate("cluster_services", f"lookup('ansible.builtin.template', '{template}')", **INPUTS, **variables)
    return str(found).splitlines()


def test_pods_that_do_not_become_ready_say_why() -> None:
    waiting = {"waiting": {"reason": "CreateContainerConfigError", "message": 'secret "x" not found'}}
    dead = {"terminated": {"reason": "Error", "exitCode": 1}}
    pod = {
        "metadata": {"name": "controller-1"},
        "status": {
            "conditions": [
                {"type": "PodScheduled", "status": "False", "message": "0/0 nodes are available"},
                {"type": "Initialized", "status": "True"},
            ],
            "containerStatuses": [
                {"name": "main", "restartCount": 4, "state": waiting, "lastState": dead},
                {"name": "side", "restartCount": 0, "state": {"running": {}}},
            ],
        },
    }
    warnings = [
        {
            "metadata": {"creationTimestamp": "2026-11-26T10:00:00Z"},
            "involvedObject": {"kind": kind, "name": name},
            "reason": "FailedCreate",
            "message": f"about {name}",
        }
        for kind, name in (("ReplicaSet", "controller-5d"), ("Pod", "somebody-else"))
    ]
    claim = {"type": "Launched", "status": "False", "reason": "InsufficientCapacityError", "message": "no m5.large"}
    lines = why(
        "why_pods.j2",
        __cluster_services_release=RELEASE,
        __cluster_services_deployments={"resources": [deployment(1)]},
        __cluster_services_pods={"resources": [pod]},
        __cluster_services_warnings={"resources": warnings},
        __cluster_services_claims={"resources": [{"metadata": {"name": "c-1"}, "status": {"conditions": [claim]}}]},
    )
    assert lines == [
        "external-dns in namespace dns is not ready:",
        "Deployment controller: 1 of 2 pods are ready.",
        "Pod controller-1: PodScheduled is False: 0/0 nodes are available",
        'Container main of controller-1: CreateContainerConfigError: secret "x" not found, 4 restarts.',
        "Container main of controller-1: Error, exit code 1, 4 restarts.",
        "Warning about ReplicaSet controller-5d: FailedCreate: about controller-5d",
        "NodeClaim c-1: Launched is False: InsufficientCapacityError: no m5.large",
        "Correct the cause and run again. The logs: kubectl -n dns logs -l app.kubernetes.io/instance=external-dns",
    ]


def test_pods_without_a_deployment_say_so() -> None:
    lines = why("why_pods.j2", __cluster_services_release=RELEASE, __cluster_services_deployments={"resources": []})
    assert lines[1] == "There is no Deployment with the label app.kubernetes.io/instance=external-dns."


@pytest.mark.parametrize(
    ("kind", "hint"),
    [
        ("EC2NodeClass", "karpenter.sh/discovery=demo-supabase"),
        ("NodePool", "cluster_services_node_... options"),
        ("ClusterSecretStore", "demo-external-secrets"),
    ],
)
def test_an_object_that_does_not_become_ready_says_why(kind: str, hint: str) -> None:
    conditions = [
        {"type": "SubnetsReady", "status": "False", "reason": "SubnetsNotFound", "message": "no subnet"},
        {"type": "AMIsReady", "status": "True", "reason": "AMIsReady", "message": ""},
    ]
    warnings = [
        {"metadata": {"creationTimestamp": f"2026-11-26T10:00:0{second}Z"}, "reason": "Failed", "message": text}
        for text, second in (("later", 2), ("first", 1), ("first", 3))
    ]
    lines = why(
        "why_object.j2",
        ansible_failed_result={"msg": "timed out"},
        __cluster_services_object={"kind": kind, "metadata": {"name": "supabase"}},
        __cluster_services_read={"resources": [{"status": {"conditions": conditions}}]},
        __cluster_services_object_events={"resources": warnings},
    )
    assert lines[:4] == [
        f"{kind} supabase is not ready: timed out",
        "SubnetsReady is False: SubnetsNotFound: no subnet",
        "Failed: first",
        "Failed: later",
    ]
    assert hint in lines[4]
    assert lines[4].endswith(", then run again.")


def test_a_silent_controller_is_named() -> None:
    lines = why(
        "why_object.j2",
        ansible_failed_result={},
        __cluster_services_object={"kind": "NodePool", "metadata": {"name": "supabase"}},
        __cluster_services_read={"resources": [{}]},
        __cluster_services_object_events={"resources": []},
    )
    assert lines[1] == "Its controller has reported nothing: look at the controller's log."


def test_nodes_that_are_not_drained_say_why() -> None:
    conditions = [
        {"type": "Drained", "status": "Unknown", "reason": "Draining", "message": "Draining"},
        {"type": "Launched", "status": "True"},
    ]
    claim = {"metadata": {"name": "supabase-1"}, "status": {"nodeName": "ip-10-0-0-1", "conditions": conditions}}
    warnings = [
        {
            "metadata": {"creationTimestamp": "2026-11-26T10:00:00Z"},
            "involvedObject": {"kind": "Node", "name": name},
            "reason": "FailedDraining",
            "message": "2 pods are waiting to be evicted",
        }
        for name in ("ip-10-0-0-1", "ip-10-0-0-2")
    ]
    lines = why(
        "why_undrained.j2",
        __cluster_services_claims={"resources": [claim, {"metadata": {"name": "supabase-2"}}]},
        __cluster_services_warnings={"resources": warnings},
    )
    assert lines == [
        "Nodes of Karpenter are still there after 600 seconds: supabase-1, supabase-2, ip-10-0-0-1",
        "NodeClaim supabase-1: Drained is Unknown: Draining: Draining",
        "Warning about Node ip-10-0-0-1: FailedDraining: 2 pods are waiting to be evicted",
        "A disruption budget of pods keeps a node for 24h at most: kubectl get poddisruptionbudgets --all-namespaces",
        "Karpenter goes on without this playbook: run it again.",
    ]

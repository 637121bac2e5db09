# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Add-ons, access entries, pod identity associations, tags, and operations that are not there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from sandbox.aws.models import operation_names, service_model

Create = Callable[..., str]
VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
POD_ACTIONS = ("sts:AssumeRole", "sts:TagSession")


def test_addon_life(aws: Any, new_cluster: Create) -> None:
    name, eks = new_cluster(), aws.client("eks")
    values = '{"enableNetworkPolicy": "true"}'
    addon = eks.create_addon(clusterName=name, addonName="vpc-cni", configurationValues=values)["addon"]
    assert addon["status"] == "CREATING"
    eks.get_waiter("addon_active").wait(clusterName=name, addonName="vpc-cni")
    assert eks.describe_addon(clusterName=name, addonName="vpc-cni")["addon"]["configurationValues"] == values
    latest = eks.describe_addon_versions(addonName="vpc-cni")["addons"][0]["addonVersions"][0]["addonVersion"]
    update = eks.update_addon(clusterName=name, addonName="vpc-cni", addonVersion=latest)["update"]
    done = eks.describe_update(name=name, updateId=update["id"], addonName="vpc-cni")["update"]
    assert (done["type"], done["status"]) == ("AddonUpdate", "Successful")
    assert eks.describe_addon(clusterName=name, addonName="vpc-cni")["addon"]["addonVersion"] == latest
    assert eks.delete_addon(clusterName=name, addonName="vpc-cni")["addon"]["status"] == "DELETING"
    assert eks.list_addons(clusterName=name)["addons"] == []


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"addonName": "none"}, "not supported"),
        ({"addonName": "coredns", "addonVersion": "v0"}, "not supported"),
        ({"addonName": "coredns", "configurationValues": "a: [", "addonVersion": "v1.13.1-eksbuild.1"}, "valid JSON"),
    ],
)
def test_addon_refusals(aws: Any, new_cluster: Create, members: dict[str, Any], text: str) -> None:
    with pytest.raises(ClientError, match=text):
        aws.client("eks").create_addon(clusterName=new_cluster(), **members)


def test_default_addon_version_is_the_one_marked(aws: Any, new_cluster: Create) -> None:
    name, eks = new_cluster(), aws.client("eks")
    versions = eks.describe_addon_versions(addonName="kube-proxy", kubernetesVersion="1.35")["addons"][0][
        "addonVersions"
    ]
    default = [item["addonVersion"] for item in versions if item["compatibilities"][0]["defaultVersion"]]
    created = eks.create_addon(clusterName=name, addonName="kube-proxy")["addon"]["addonVersion"]
    assert [created] == default
    assert created.startswith("v1.35.")


def test_addon_owns_its_associations(aws: Any, new_cluster: Create) -> None:
    name, eks, role = new_cluster(), aws.client("eks"), aws.role(*POD_ACTIONS)
    wanted = [{"serviceAccount": "aws-node", "roleArn": role}]
    addon = eks.create_addon(clusterName=name, addonName="vpc-cni", podIdentityAssociations=wanted)["addon"]
    listed = eks.list_pod_identity_associations(clusterName=name)["associations"]
    assert [item["associationArn"] for item in listed] == addon["podIdentityAssociations"]
    assert listed[0]["ownerArn"]
    eks.delete_addon(clusterName=name, addonName="vpc-cni")
    assert eks.list_pod_identity_associations(clusterName=name)["associations"] == []


def test_pod_identity_association_life(aws: Any, new_cluster: Create) -> None:
    name, eks, role = new_cluster(), aws.client("eks"), aws.role(*POD_ACTIONS)
    subject = {"clusterName": name, "namespace": "n", "serviceAccount": "s"}
    identifier = eks.create_pod_identity_association(**subject, roleArn=role)["association"]["associationId"]
    with pytest.raises(eks.exceptions.ResourceInUseException, match=identifier):
        eks.create_pod_identity_association(**subject, roleArn=role)
    assert "roleArn" not in eks.list_pod_identity_associations(clusterName=name, namespace="n")["associations"][0]
    other = aws.role(*POD_ACTIONS)
    eks.update_pod_identity_association(clusterName=name, associationId=identifier, roleArn=other)
    found = eks.describe_pod_identity_association(clusterName=name, associationId=identifier)["association"]
    assert found["roleArn"] == other
    eks.delete_pod_identity_association(clusterName=name, associationId=identifier)
    assert eks.list_pod_identity_associations(clusterName=name)["associations"] == []


def test_association_needs_a_role(aws: Any, new_cluster: Create) -> None:
    with pytest.raises(ClientError, match="Role provided in the request does not exist"):
        aws.client("eks").create_pod_identity_association(
            clusterName=new_cluster(), namespace="n", serviceAccount="s", roleArn="arn:aws:iam::123456789012:role/none"
        )


def test_creator_has_an_access_entry(aws: Any, new_cluster: Create) -> None:
    name, eks = new_cluster(), aws.client("eks")
    creator = "arn:aws:iam::123456789012:user/supastack"
    assert eks.list_access_entries(clusterName=name)["accessEntries"] == [creator]
    policies = eks.list_associated_access_policies(clusterName=name, principalArn=creator)["associatedAccessPolicies"]
    assert [item["policyArn"].rpartition("/")[2] for item in policies] == ["AmazonEKSClusterAdminPolicy"]


def test_creator_without_bootstrap_permissions_has_none(aws: Any, new_cluster: Create) -> None:
    access = {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False}
    assert aws.client("eks").list_access_entries(clusterName=new_cluster(accessConfig=access))["accessEntries"] == []


def test_access_entry_life(aws: Any, new_cluster: Create) -> None:
    name, eks, role = new_cluster(), aws.client("eks"), aws.role("sts:AssumeRole")
    subject = {"clusterName": name, "principalArn": role}
    entry = eks.create_access_entry(**subject, kubernetesGroups=["viewers"])["accessEntry"]
    assert (
        entry["username"] == f"{role.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/{{{{SessionName}}}}"
    )
    with pytest.raises(eks.exceptions.ResourceInUseException):
        eks.create_access_entry(**subject)
    eks.associate_access_policy(**subject, policyArn=VIEW, accessScope={"type": "cluster"})
    eks.associate_access_policy(**subject, policyArn=VIEW, accessScope={"type": "namespace", "namespaces": ["a"]})
    policies = eks.list_associated_access_policies(**subject)["associatedAccessPolicies"]
    assert [item["accessScope"] for item in policies] == [{"type": "namespace", "namespaces": ["a"]}]
    eks.disassociate_access_policy(**subject, policyArn=VIEW)
    with pytest.raises(eks.exceptions.ResourceNotFoundException):
        eks.disassociate_access_policy(**subject, policyArn=VIEW)
    assert eks.update_access_entry(**subject, kubernetesGroups=[])["accessEntry"]["kubernetesGroups"] == []
    eks.delete_access_entry(**subject)
    with pytest.raises(eks.exceptions.ResourceNotFoundException):
        eks.describe_access_entry(**subject)


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"principalArn": "arn:aws:iam::123456789012:role/none"}, "invalid principal"),
        ({"username": "system:admin"}, "cannot begin with"),
        ({"kubernetesGroups": ["eks:access-policy:AmazonEKSClusterAdminPolicy"]}, "cannot begin with"),
        ({"type": "EC2_LINUX", "kubernetesGroups": ["x"]}, "cannot be set"),
    ],
)
def test_access_entry_refusals(aws: Any, new_cluster: Create, members: dict[str, Any], text: str) -> None:
    with pytest.raises(ClientError, match=text):
        subject = {"clusterName": new_cluster(), "principalArn": aws.role("sts:AssumeRole")}
        aws.client("eks").create_access_entry(**{**subject, **members})


def test_unknown_access_policy(aws: Any, new_cluster: Create) -> None:
    name, eks, role = new_cluster(), aws.client("eks"), aws.role("sts:AssumeRole")
    eks.create_access_entry(clusterName=name, principalArn=role)
    with pytest.raises(ClientError, match="is not an access policy"):
        eks.associate_access_policy(
            clusterName=name, principalArn=role, policyArn=f"{VIEW}x", accessScope={"type": "cluster"}
        )


def test_everything_with_an_arn_has_tags(aws: Any, new_cluster: Create) -> None:
    name, eks, role = new_cluster(tags={"a": "1"}), aws.client("eks"), aws.role(*POD_ACTIONS)
    nodes = aws.role("sts:AssumeRole", service="ec2.amazonaws.com")
    group = {"nodegroupName": "g", "nodeRole": nodes, "subnets": aws.subnet_ids}
    pods = aws.role("sts:AssumeRole", service="eks-fargate-pods.amazonaws.com")
    profile = {"fargateProfileName": "f", "podExecutionRoleArn": pods, "selectors": [{"namespace": "x"}]}
    arns = [
        eks.describe_cluster(name=name)["cluster"]["arn"],
        eks.create_addon(clusterName=name, addonName="coredns", tags={"a": "1"})["addon"]["addonArn"],
        eks.create_access_entry(clusterName=name, principalArn=role, tags={"a": "1"})["accessEntry"]["accessEntryArn"],
        eks.create_pod_identity_association(
            clusterName=name, namespace="n", serviceAccount="s", roleArn=role, tags={"a": "1"}
        )["association"]["associationArn"],
        eks.create_nodegroup(clusterName=name, tags={"a": "1"}, **group)["nodegroup"]["nodegroupArn"],
        eks.create_fargate_profile(clusterName=name, tags={"a": "1"}, **profile)["fargateProfile"]["fargateProfileArn"],
    ]
    for arn in arns:
        eks.tag_resource(resourceArn=arn, tags={"b": "2"})
        eks.untag_resource(resourceArn=arn, tagKeys=["a"])
        assert eks.list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "2"}


def test_tags_of_an_unknown_resource(aws: Any) -> None:
    eks = aws.client("eks")
    with pytest.raises(eks.exceptions.NotFoundException):
        eks.tag_resource(resourceArn="arn:aws:eks:eu-west-1:123456789012:cluster/none", tags={"a": "b"})


def test_pages(aws: Any, new_cluster: Create) -> None:
    name, eks = new_cluster(), aws.client("eks")
    for addon in ("coredns", "kube-proxy", "vpc-cni"):
        eks.create_addon(clusterName=name, addonName=addon)
    pages = eks.get_paginator("list_addons").paginate(clusterName=name, PaginationConfig={"PageSize": 2})
    assert [page["addons"] for page in pages] == [["coredns", "kube-proxy"], ["vpc-cni"]]


def test_what_is_not_emulated_says_so(aws: Any, new_cluster: Create) -> None:
    with pytest.raises(ClientError, match="does not emulate eks:ListInsights") as refused:
        aws.client("eks").list_insights(clusterName=new_cluster())
    assert refused.value.response["Error"]["Code"] == "NotImplementedError"


@pytest.mark.parametrize("operation", operation_names("eks"))
def test_every_operation_is_routed(aws: Any, operation: str) -> None:
    model = service_model("eks").operation_model(operation)
    state = aws.sandbox.read()
    path = "/".join("x" if part.startswith("{") else part for part in model.http["requestUri"].split("/"))
    members = model.input_shape.members if model.input_shape else {}
    names = [shape.serialization.get("name", key) for key, shape in members.items()
             if shape.serialization.get("location") == "querystring"]  # fmt: skip
    url = f"{state['aws_endpoint_url']}{path}?{urlencode(dict.fromkeys(names, '1'))}"
    request = AWSRequest(model.http["method"], url, data=b"{}")
    credentials = Credentials(state["access_key_id"], state["secret_access_key"])
    SigV4Auth(credentials, "eks", state["region"]).add_auth(request)
    answer = requests.request(model.http["method"], url, data=b"{}", headers=dict(request.headers), timeout=10)
    assert "html" not in answer.headers.get("Content-Type", ""), answer.text[:200]

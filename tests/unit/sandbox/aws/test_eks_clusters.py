# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""CreateCluster and its life until DeleteCluster, without a control plane behind it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography import x509

Create = Callable[..., str]


def _describe(aws: Any, name: str) -> dict[str, Any]:
    answer: dict[str, Any] = aws.client("eks").describe_cluster(name=name)["cluster"]
    return answer


def test_cluster_is_active_with_placeholder_endpoint_and_real_authority(aws: Any, new_cluster: Create) -> None:
    cluster = _describe(aws, new_cluster())
    assert cluster["status"] == "ACTIVE"
    assert cluster["endpoint"] == "https://127.0.0.1:9"
    pem = base64.b64decode(cluster["certificateAuthority"]["data"])
    assert x509.load_pem_x509_certificate(pem).extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_create_answers_creating(aws: Any) -> None:
    config = {"subnetIds": aws.subnet_ids}
    answer = aws.client("eks").create_cluster(name="answer", roleArn=aws.cluster_role, resourcesVpcConfig=config)
    assert answer["cluster"]["status"] == "CREATING"
    assert "endpoint" not in answer["cluster"]


def test_each_cluster_has_its_own_issuer(aws: Any, new_cluster: Create) -> None:
    issuers = {_describe(aws, new_cluster())["identity"]["oidc"]["issuer"] for _unused in range(2)}
    assert len(issuers) == 2
    assert all(issuer.startswith("https://oidc.eks.eu-west-1.amazonaws.com/id/") for issuer in issuers)


def test_request_members_are_kept(aws: Any, new_cluster: Create) -> None:
    group = aws.client("ec2").create_security_group(GroupName="extra", Description="x", VpcId=aws.vpc_id)["GroupId"]
    wanted: dict[str, Any] = {
        "version": "1.34",
        "accessConfig": {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False},
        "upgradePolicy": {"supportType": "STANDARD"},
        "deletionProtection": True,
        "zonalShiftConfig": {"enabled": True},
        "controlPlaneScalingConfig": {"tier": "tier-xl"},
        "encryptionConfig": [{"resources": ["secrets"], "provider": {"keyArn": aws.key_arn}}],
        "tags": {"a": "b"},
    }
    network = {
        "subnetIds": aws.subnet_ids,
        "securityGroupIds": [group],
        "endpointPrivateAccess": True,
        "publicAccessCidrs": ["203.0.113.0/24"],
    }
    logs = {"clusterLogging": [{"types": ["api", "audit"], "enabled": True}]}
    cluster = _describe(aws, new_cluster(resourcesVpcConfig=network, logging=logs, **wanted))
    assert {key: cluster[key] for key in wanted} == wanted
    assert network.items() <= cluster["resourcesVpcConfig"].items()
    assert cluster["resourcesVpcConfig"]["vpcId"] == aws.vpc_id
    assert cluster["logging"]["clusterLogging"][0] == {"types": ["api", "audit"], "enabled": True}


def test_cluster_security_group_lets_its_members_reach_each_other(aws: Any, new_cluster: Create) -> None:
    name = new_cluster()
    group_id = _describe(aws, name)["resourcesVpcConfig"]["clusterSecurityGroupId"]
    group = aws.client("ec2").describe_security_groups(GroupIds=[group_id])["SecurityGroups"][0]
    assert group["GroupName"].startswith(f"eks-cluster-sg-{name}-")
    assert group["VpcId"] == aws.vpc_id
    rules = [(rule["IpProtocol"], rule["UserIdGroupPairs"][0]["GroupId"]) for rule in group["IpPermissions"]]
    assert rules == [("-1", group_id)]


@pytest.mark.parametrize(
    ("members", "code", "text"),
    [
        ({"roleArn": "arn:aws:iam::123456789012:role/none"}, "InvalidParameterException", "does not exist"),
        ({"version": "1.19"}, "InvalidParameterException", "unsupported Kubernetes version"),
        ({"resourcesVpcConfig": {"subnetIds": ["subnet-0"]}}, "InvalidParameterException", "subnet-0"),
        (
            {"kubernetesNetworkConfig": {"serviceIpv4Cidr": "10.20.0.0/20"}},
            "InvalidParameterException",
            "overlaps with the CIDR of VPC",
        ),
        ({"kubernetesNetworkConfig": {"serviceIpv4Cidr": "8.8.0.0/16"}}, "InvalidParameterException", "must be"),
        (
            {"encryptionConfig": [{"resources": ["secrets"], "provider": {"keyArn": "arn:aws:kms:::key/none"}}]},
            "InvalidParameterException",
            "was not found",
        ),
    ],
)
def test_refusals(new_cluster: Create, members: dict[str, Any], code: str, text: str) -> None:
    with pytest.raises(ClientError, match=text) as refused:
        new_cluster(**members)
    assert refused.value.response["Error"]["Code"] == code


def test_role_must_trust_eks(aws: Any, new_cluster: Create) -> None:
    with pytest.raises(ClientError, match="trusted entity is not correct"):
        new_cluster(roleArn=aws.role("sts:AssumeRole", service="ec2.amazonaws.com"))


def test_subnets_must_span_two_zones(aws: Any, new_cluster: Create) -> None:
    with pytest.raises(ClientError, match="at least two different AZs"):
        new_cluster(resourcesVpcConfig={"subnetIds": aws.subnet_ids[:1]})


def test_refused_cluster_leaves_no_security_group(aws: Any, new_cluster: Create) -> None:
    mine = [{"Name": "vpc-id", "Values": [aws.vpc_id]}]
    before = len(aws.client("ec2").describe_security_groups(Filters=mine)["SecurityGroups"])
    with pytest.raises(ClientError):
        new_cluster(kubernetesNetworkConfig={"serviceIpv4Cidr": "8.8.0.0/16"})
    assert len(aws.client("ec2").describe_security_groups(Filters=mine)["SecurityGroups"]) == before


def test_duplicate_name(aws: Any, new_cluster: Create) -> None:
    name = new_cluster()
    eks = aws.client("eks")
    with pytest.raises(eks.exceptions.ResourceInUseException):
        eks.create_cluster(name=name, roleArn=aws.cluster_role, resourcesVpcConfig={"subnetIds": aws.subnet_ids})


def test_deletion(aws: Any, new_cluster: Create) -> None:
    name = new_cluster()
    group_id = _describe(aws, name)["resourcesVpcConfig"]["clusterSecurityGroupId"]
    eks = aws.client("eks")
    assert eks.delete_cluster(name=name)["cluster"]["status"] == "DELETING"
    with pytest.raises(eks.exceptions.ResourceNotFoundException):
        eks.describe_cluster(name=name)
    with pytest.raises(ClientError, match="does not exist"):
        aws.client("ec2").describe_security_groups(GroupIds=[group_id])


def test_deletion_protection(aws: Any, new_cluster: Create) -> None:
    name = new_cluster(deletionProtection=True)
    eks = aws.client("eks")
    with pytest.raises(eks.exceptions.InvalidRequestException, match="Deletion protection"):
        eks.delete_cluster(name=name)
    eks.update_cluster_config(name=name, deletionProtection=False)
    eks.delete_cluster(name=name)


def test_deletion_with_fargate_profile_is_refused(aws: Any, new_cluster: Create) -> None:
    name, role = new_cluster(), aws.role("sts:AssumeRole", service="eks-fargate-pods.amazonaws.com")
    eks = aws.client("eks")
    eks.create_fargate_profile(
        fargateProfileName="f", clusterName=name, podExecutionRoleArn=role, selectors=[{"namespace": "x"}]
    )
    with pytest.raises(eks.exceptions.ResourceInUseException):
        eks.delete_cluster(name=name)


def test_versions(aws: Any) -> None:
    versions = aws.client("eks").describe_cluster_versions()["clusterVersions"]
    assert [item["clusterVersion"] for item in versions] == ["1.36", "1.35", "1.34", "1.33"]
    assert [item["clusterVersion"] for item in versions if item["defaultVersion"]] == ["1.35"]

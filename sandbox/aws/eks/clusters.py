# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Clusters: create, describe, list, delete."""

from __future__ import annotations

import ipaddress
import re
import secrets
from typing import Any

from moto.kms.models import kms_backends

from sandbox.aws.eks import access, catalog, lifecycle, refusals
from sandbox.aws.eks.call import Call, handles, in_use, invalid, invalid_request, now
from sandbox.aws.eks.store import Cluster
from sandbox.aws.eks.updates import LOG_TYPES, merge_logging
from sandbox.aws.identity import find_caller

_NAME = re.compile(r"^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$")
_NO_LOGS = {"clusterLogging": [{"types": LOG_TYPES, "enabled": False}]}
# Members of the request that DescribeCluster answers as they came; the rest has defaults below.
_KEPT = ("outpostConfig", "remoteNetworkConfig", "storageConfig", "computeConfig", "controlPlaneScalingConfig",
         "kubeApiServerConfig", "kubeSchedulerConfig", "kubeControllerManagerConfig")  # fmt: skip
_PRIVATE_NETWORKS = [ipaddress.IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]


@handles("CreateCluster")
def create_cluster(call: Call) -> dict[str, Any]:
    name, version = call.params["name"], call.params.get("version") or catalog.DEFAULT_VERSION
    if not _NAME.match(name):
        raise invalid(f"The cluster name {name!r} is not valid: it must match {_NAME.pattern}")
    if name in call.backend.clusters:
        raise in_use(f"Cluster already exists with name: {name}", clusterName=name)
    catalog.require_version(version)
    refusals.require_role(call, call.params["roleArn"], "eks.amazonaws.com")
    _require_keys(call)
    document = _document(call, name, version)
    # Last, so that a refused request leaves none behind.
    network = document["resourcesVpcConfig"]
    network["clusterSecurityGroupId"] = _create_security_group(call, name, network["vpcId"])
    cluster = Cluster(document, call.backend)
    caller = find_caller(call.access_key_id)
    if caller is not None and cluster.document["accessConfig"]["bootstrapClusterCreatorAdminPermissions"]:
        access.grant_creator(call, cluster, caller.principal_arn)
    call.backend.clusters[name] = cluster
    answer = dict(cluster.document)
    lifecycle.begin_creation(call.runtime, cluster)
    return {"cluster": answer}


@handles("DescribeCluster")
def describe_cluster(call: Call) -> dict[str, Any]:
    return {"cluster": call.cluster("name").document}


@handles("ListClusters")
def list_clusters(call: Call) -> dict[str, Any]:
    return call.page(sorted(call.backend.clusters), "clusters")


@handles("DeleteCluster")
def delete_cluster(call: Call) -> dict[str, Any]:
    cluster = call.cluster("name")
    if cluster.document["deletionProtection"] and cluster.status not in ("CREATING", "FAILED", "DELETING"):
        message = f"Deletion protection is enabled for cluster {cluster.name}: disable it before deleting the cluster."
        raise invalid_request(message, clusterName=cluster.name)
    if cluster.nodegroups:
        names = ",".join(cluster.nodegroups)
        raise in_use("Cluster has nodegroups attached", clusterName=cluster.name, nodegroupName=names)
    if cluster.profiles:
        raise in_use("Cluster has Fargate Profiles in ACTIVE state", clusterName=cluster.name)
    if cluster.status in ("CREATING", "DELETING"):
        raise in_use(f"Cluster has status {cluster.status}", clusterName=cluster.name)
    cluster.set_status("DELETING")
    answer = dict(cluster.document)
    lifecycle.begin_deletion(call, cluster)
    return {"cluster": answer}


def _document(call: Call, name: str, version: str) -> dict[str, Any]:
    params = call.params
    network = _vpc_config(call)
    issuer = f"https://oidc.eks.{call.region}.amazonaws.com/id/{secrets.token_hex(16).upper()}"
    access_config = {
        "authenticationMode": "CONFIG_MAP",
        "bootstrapClusterCreatorAdminPermissions": True,
        **(params.get("accessConfig") or {}),
    }
    return {
        "name": name,
        "arn": call.arn(f"cluster/{name}"),
        "createdAt": now(),
        "version": version,
        "roleArn": params["roleArn"],
        "resourcesVpcConfig": network,
        "kubernetesNetworkConfig": _service_network(call, network["vpcId"]),
        "logging": merge_logging(_NO_LOGS, params.get("logging") or {}),
        "identity": {"oidc": {"issuer": issuer}},
        "status": "CREATING",
        "platformVersion": catalog.PLATFORM_VERSION,
        "tags": params.get("tags") or {},
        "encryptionConfig": params.get("encryptionConfig") or [],
        "accessConfig": access_config,
        "upgradePolicy": params.get("upgradePolicy") or {"supportType": "EXTENDED"},
        "zonalShiftConfig": params.get("zonalShiftConfig") or {"enabled": False},
        "deletionProtection": bool(params.get("deletionProtection")),
        "clientRequestToken": params.get("clientRequestToken"),
        **{key: params[key] for key in _KEPT if key in params},
    }


def _vpc_config(call: Call) -> dict[str, Any]:
    wanted = call.params["resourcesVpcConfig"]
    subnets = refusals.require_subnets(call, wanted.get("subnetIds") or [])
    refusals.require_security_groups(call, wanted.get("securityGroupIds") or [])
    vpc_id = subnets[0].vpc_id
    if not wanted.get("endpointPublicAccess", True) and not wanted.get("endpointPrivateAccess", False):
        raise invalid("Private and public endpoint access cannot both be disabled.")
    return {
        "securityGroupIds": [],
        "endpointPublicAccess": True,
        "endpointPrivateAccess": False,
        "publicAccessCidrs": ["0.0.0.0/0"] if wanted.get("endpointPublicAccess", True) else [],
        "controlPlaneEgressMode": "AWS_MANAGED",
        **wanted,
        "vpcId": vpc_id,
    }


def _create_security_group(call: Call, name: str, vpc_id: str) -> str:
    """EKS makes this group in the VPC; its members reach each other."""
    group = call.ec2.create_security_group(
        f"eks-cluster-sg-{name}-{10**9 + secrets.randbelow(9 * 10**9)}",
        "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes, "
        "as well as any managed workloads.",
        vpc_id=vpc_id,
        tags={f"kubernetes.io/cluster/{name}": "owned", "aws:eks:cluster-name": name, "Name": f"eks-cluster-sg-{name}"},
    )
    call.ec2.authorize_security_group_ingress(
        group.id, ip_protocol="-1", from_port="-1", to_port="-1", ip_ranges=[], source_groups=[{"GroupId": group.id}]
    )
    return str(group.id)


def _service_network(call: Call, vpc_id: str) -> dict[str, Any]:
    """EKS takes 10.100.0.0/16 unless the VPC is in 10.0.0.0/8, then 172.20.0.0/16."""
    wanted = call.params.get("kubernetesNetworkConfig") or {}
    vpc = ipaddress.IPv4Network(call.ec2.get_vpc(vpc_id).cidr_block)
    default = "172.20.0.0/16" if vpc.subnet_of(_PRIVATE_NETWORKS[0]) else "10.100.0.0/16"
    text = wanted.get("serviceIpv4Cidr") or default
    try:
        network = ipaddress.IPv4Network(text)
    except ValueError as error:
        raise invalid(f"serviceIpv4Cidr {text} is not valid: {error}") from None
    if not 12 <= network.prefixlen <= 24 or not any(network.subnet_of(item) for item in _PRIVATE_NETWORKS):
        raise invalid(f"serviceIpv4Cidr {text} must be a /12 to /24 within 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16")
    if network.overlaps(vpc):
        raise invalid(f"serviceIpv4Cidr {text} overlaps with the CIDR of VPC {vpc_id}")
    return {"ipFamily": "ipv4", "elasticLoadBalancing": {"enabled": False}, **wanted, "serviceIpv4Cidr": text}


def _require_keys(call: Call) -> None:
    for setup in call.params.get("encryptionConfig") or []:
        arn = (setup.get("provider") or {}).get("keyArn", "")
        keys = kms_backends[call.account_id][call.region].keys
        if arn.rpartition("/")[2] not in keys:
            raise invalid(f"KMS key {arn!r} of encryptionConfig was not found")

# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""What EKS offers: Kubernetes versions, add-ons with their versions, access policies."""

from __future__ import annotations

from typing import Any

from sandbox.aws.eks.call import Call, handles, invalid, not_found
from sandbox.aws.eks.policies import ACCESS_POLICIES, access_policy_arn

# EKS' own calendar of November 2026: 1.33 left standard support on 29 July 2026.
VERSIONS: dict[str, str] = {
    "1.36": "STANDARD_SUPPORT",
    "1.35": "STANDARD_SUPPORT",
    "1.34": "STANDARD_SUPPORT",
    "1.33": "EXTENDED_SUPPORT",
}
DEFAULT_VERSION = "1.35"
PLATFORM_VERSION = "eks.1"

# Newest first. Shaped as EKS names its builds; which builds EKS offers at a given time only EKS knows.
ADDONS: dict[str, dict[str, Any]] = {
    "vpc-cni": {
        "type": "networking",
        "versions": ["v1.21.1-eksbuild.1", "v1.20.4-eksbuild.2", "v1.20.3-eksbuild.1"],
        "iam": True,
    },
    "coredns": {"type": "networking", "versions": ["v1.13.1-eksbuild.1", "v1.12.4-eksbuild.1"]},
    "kube-proxy": {"type": "networking", "versions": ["v{version}.2-eksbuild.1", "v{version}.0-eksbuild.2"]},
    "eks-pod-identity-agent": {"type": "security", "versions": ["v1.3.10-eksbuild.1", "v1.3.9-eksbuild.3"]},
    "aws-ebs-csi-driver": {"type": "storage", "versions": ["v1.53.0-eksbuild.1", "v1.51.1-eksbuild.1"], "iam": True},
    "amazon-cloudwatch-observability": {
        "type": "observability",
        "versions": ["v4.7.0-eksbuild.1", "v4.6.0-eksbuild.1"],
        "iam": True,
        "namespace": "amazon-cloudwatch",
    },
    "metrics-server": {
        "type": "observability",
        "versions": ["v0.8.0-eksbuild.3", "v0.7.2-eksbuild.4"],
        "owner": "community",
    },
}


def addon_versions(name: str, kubernetes_version: str) -> list[str]:
    """Versions of an add-on for a cluster version, newest first; the second one is the default."""
    return [template.format(version=kubernetes_version) for template in ADDONS[name]["versions"]]


def default_addon_version(name: str, kubernetes_version: str) -> str:
    return addon_versions(name, kubernetes_version)[1]


def addon_namespace(name: str) -> str:
    return str(ADDONS[name].get("namespace", "kube-system"))


def require_version(version: str) -> None:
    """Refuse a Kubernetes version that EKS does not offer."""
    if version not in VERSIONS:
        raise invalid(f"unsupported Kubernetes version {version}: choose one of {', '.join(VERSIONS)}")


@handles("DescribeClusterVersions")
def describe_cluster_versions(call: Call) -> dict[str, Any]:
    wanted = call.params.get("clusterVersions") or list(VERSIONS)
    only_default = call.params.get("defaultOnly")
    status = call.params.get("versionStatus")
    versions = [
        _version(version)
        for version in VERSIONS
        if version in wanted
        and (not only_default or version == DEFAULT_VERSION)
        and (not status or VERSIONS[version] == status)
    ]
    return call.page(versions, "clusterVersions")


@handles("DescribeAddonVersions")
def describe_addon_versions(call: Call) -> dict[str, Any]:
    name = call.params.get("addonName")
    version = call.params.get("kubernetesVersion")
    if name is not None and name not in ADDONS:
        raise not_found(f"Addon {name} is not supported", addonName=name)
    names = [name] if name else sorted(ADDONS)
    versions = [version] if version else list(VERSIONS)
    return call.page([_addon(item, versions) for item in names], "addons")


@handles("ListAccessPolicies")
def list_access_policies(call: Call) -> dict[str, Any]:
    policies = [{"name": name, "arn": access_policy_arn(call.partition, name)} for name in sorted(ACCESS_POLICIES)]
    return call.page(policies, "accessPolicies")


def _version(version: str) -> dict[str, Any]:
    return {
        "clusterVersion": version,
        "clusterType": "eks",
        "defaultPlatformVersion": PLATFORM_VERSION,
        "defaultVersion": version == DEFAULT_VERSION,
        "status": VERSIONS[version].lower().replace("_", "-"),
        "versionStatus": VERSIONS[version],
    }


def _addon(name: str, kubernetes_versions: list[str]) -> dict[str, Any]:
    found: dict[str, list[dict[str, Any]]] = {}
    for kubernetes_version in kubernetes_versions:
        default = default_addon_version(name, kubernetes_version)
        for version in addon_versions(name, kubernetes_version):
            compatibility = {"clusterVersion": kubernetes_version, "platformVersions": ["*"]}
            found.setdefault(version, []).append({**compatibility, "defaultVersion": version == default})
    entry = ADDONS[name]
    common = {
        "architecture": ["amd64", "arm64"],
        "computeTypes": ["ec2", "auto"],
        "requiresConfiguration": False,
        "requiresIamPermissions": entry.get("iam", False),
    }
    return {
        "addonName": name,
        "type": entry["type"],
        "owner": entry.get("owner", "aws"),
        "publisher": "eks",
        "defaultNamespace": addon_namespace(name),
        "addonVersions": [
            {"addonVersion": version, "compatibilities": items, **common} for version, items in found.items()
        ],
    }

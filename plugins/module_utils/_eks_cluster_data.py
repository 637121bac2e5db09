# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EKS clusters as plain data: what EKS reports, what check mode predicts, what EKS is asked for."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._arns import KEY, ROLE, check_arn
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain, distinct
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import (
    UNKNOWN,
    is_unknown,
    placeholder,
    predicted_arn,
)
from ansible_collections.supastack.aws.plugins.module_utils._tags import desired_tags

AUTHENTICATION_MODES = ["CONFIG_MAP", "API_AND_CONFIG_MAP", "API"]
PLAIN_OPTIONS = (
    "role_arn",
    "version",
    "endpoint_public_access",
    "endpoint_private_access",
    "service_ipv4_cidr",
    "authentication_mode",
    "encryption_key_arn",
    "upgrade_policy",
    "zonal_shift",
    "deletion_protection",
)
UNORDERED_OPTIONS = ("subnet_ids", "security_group_ids", "public_access_cidrs", "logging")
REPLACE = "Make another cluster, or delete this one first (state=absent) if its workloads may go."
LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")
ENDPOINT_OPTIONS = ("endpoint_public_access", "endpoint_private_access", "public_access_cidrs")
VPC_MEMBERS = {
    "subnet_ids": "subnetIds",
    "security_group_ids": "securityGroupIds",
    "endpoint_public_access": "endpointPublicAccess",
    "endpoint_private_access": "endpointPrivateAccess",
    "public_access_cidrs": "publicAccessCidrs",
}


def view(cluster: t.Mapping[str, t.Any]) -> Plain:
    """Return a described cluster as the module returns and compares it."""
    vpc = cluster.get("resourcesVpcConfig", {})
    encryption = cluster.get("encryptionConfig") or [{}]
    return {
        "exists": True,
        "name": cluster["name"],
        "arn": cluster["arn"],
        "status": cluster["status"],
        "health_issues": list(cluster.get("health", {}).get("issues", [])),
        "version": cluster.get("version"),
        "platform_version": cluster.get("platformVersion"),
        "endpoint": cluster.get("endpoint"),
        "certificate_authority": cluster.get("certificateAuthority", {}).get("data"),
        "oidc_issuer": cluster.get("identity", {}).get("oidc", {}).get("issuer"),
        "role_arn": cluster.get("roleArn"),
        "vpc_id": vpc.get("vpcId"),
        "cluster_security_group_id": vpc.get("clusterSecurityGroupId"),
        **vpc_view(vpc),
        "service_ipv4_cidr": cluster.get("kubernetesNetworkConfig", {}).get("serviceIpv4Cidr"),
        "authentication_mode": cluster.get("accessConfig", {}).get("authenticationMode"),
        "encryption_key_arn": encryption[0].get("provider", {}).get("keyArn"),
        "logging": enabled_logging(cluster),
        "upgrade_policy": cluster.get("upgradePolicy", {}).get("supportType"),
        "zonal_shift": bool(cluster.get("zonalShiftConfig", {}).get("enabled", False)),
        "deletion_protection": bool(cluster.get("deletionProtection", False)),
        "tags": dict(cluster.get("tags", {})),
    }


def vpc_view(vpc: t.Mapping[str, t.Any]) -> Plain:
    """Return the changeable part of resourcesVpcConfig; AWS gives its lists in no particular order."""
    values = {name: vpc.get(member) for name, member in VPC_MEMBERS.items()}
    return {name: sorted(value) if isinstance(value, list) else value for name, value in values.items()}


def enabled_logging(cluster: t.Mapping[str, t.Any]) -> list[str]:
    """Return the log types that are switched on."""
    groups = cluster.get("logging", {}).get("clusterLogging", [])
    return sorted(kind for group in groups if group.get("enabled") for kind in group.get("types", []))


def unknown_view(client: t.Any, options: Plain) -> Plain:
    """Return the predicted return values of a cluster that does not exist, before the options are laid over them."""
    named = ("endpoint", "certificate_authority", "oidc_issuer", "platform_version", "version", "service_ipv4_cidr")
    return {
        **{key: placeholder(key.replace("_", "-")) for key in named},
        "exists": False,
        "name": options["name"],
        "arn": predicted_arn(client, "eks", f"cluster/{options['name']}", options["role_arn"]),
        "status": UNKNOWN,
        "health_issues": [],
        "vpc_id": placeholder("vpc"),
        "cluster_security_group_id": placeholder("sg"),
        "security_group_ids": [],
        "endpoint_public_access": True,
        "endpoint_private_access": False,
        "public_access_cidrs": [] if options["endpoint_public_access"] is False else ["0.0.0.0/0"],
        "authentication_mode": "CONFIG_MAP",
        "encryption_key_arn": None,
        "logging": [],
        "upgrade_policy": "EXTENDED",
        "zonal_shift": False,
        "deletion_protection": False,
        "tags": {},
    }


def logging_request(enabled: t.Sequence[str]) -> Plain:
    """Return the logging member that leaves exactly these types switched on."""
    disabled = [kind for kind in LOG_TYPES if kind not in enabled]
    groups = [{"types": list(enabled), "enabled": True}, {"types": disabled, "enabled": False}]
    return {"clusterLogging": [group for group in groups if group["types"]]}


def encryption_request(key_arn: str) -> list[Plain]:
    """Return the encryptionConfig member; secrets is the only resource type there is."""
    return [{"resources": ["secrets"], "provider": {"keyArn": key_arn}}]


def vpc_request(values: t.Mapping[str, t.Any]) -> Plain:
    """Return the resourcesVpcConfig member with these values."""
    return {VPC_MEMBERS[name]: value for name, value in values.items()}


def create_request(name: str, desired: t.Mapping[str, t.Any], create_only: t.Mapping[str, t.Any]) -> Plain:
    """Return the CreateCluster request.

    All settings go in at once, because EKS changes them only one at a time afterwards.

    :param create_only: settings that EKS accepts here only and never reports.
    """
    access = {
        "authenticationMode": desired.get("authentication_mode"),
        "bootstrapClusterCreatorAdminPermissions": create_only.get("bootstrap_cluster_creator_admin_permissions"),
    }
    access = {member: value for member, value in access.items() if value is not None}
    logging, key_arn = desired.get("logging"), desired.get("encryption_key_arn")
    cidr, policy, shift = (desired.get(name) for name in ("service_ipv4_cidr", "upgrade_policy", "zonal_shift"))
    request = {
        "name": name,
        "roleArn": desired["role_arn"],
        "resourcesVpcConfig": vpc_request({key: desired[key] for key in VPC_MEMBERS if desired.get(key) is not None}),
        "version": desired.get("version"),
        "kubernetesNetworkConfig": {"serviceIpv4Cidr": cidr} if cidr else None,
        "accessConfig": access or None,
        "bootstrapSelfManagedAddons": create_only.get("bootstrap_self_managed_addons"),
        "encryptionConfig": encryption_request(key_arn) if key_arn else None,
        "logging": logging_request(logging) if logging else None,
        "upgradePolicy": {"supportType": policy} if policy else None,
        "zonalShiftConfig": None if shift is None else {"enabled": shift},
        "deletionProtection": desired.get("deletion_protection"),
        "tags": desired.get("tags"),
    }
    return {member: value for member, value in request.items() if value is not None}


def desired_from(options: t.Mapping[str, t.Any], current: t.Mapping[str, t.Any] | None) -> Plain:
    """Return the values that the options ask for, in the form of the described cluster."""
    desired = {name: options[name] for name in PLAIN_OPTIONS}
    desired.update({name: distinct(options[name]) for name in UNORDERED_OPTIONS})
    if options["endpoint_public_access"] is False:
        desired["public_access_cidrs"] = None
    desired["tags"] = desired_tags((current or {}).get("tags"), options["tags"], options["purge_tags"])
    return desired


def compare(current: Plain | None, options: Plain) -> Difference:
    """Return the difference, refusing what EKS cannot do.

    :raises AnsibleAWSError: naming field, current value, wanted value and what to do.
    """
    difference = Difference(current, desired_from(options, current))
    difference.refuse_change("role_arn", REPLACE)
    difference.refuse_change("service_ipv4_cidr", REPLACE)
    if difference.touches("encryption_key_arn") and current and current["encryption_key_arn"]:
        difference.refuse_change("encryption_key_arn", REPLACE)
    if difference.touches("authentication_mode") and current:
        modes = (current["authentication_mode"] or "CONFIG_MAP", options["authentication_mode"])
        if AUTHENTICATION_MODES.index(modes[1]) != AUTHENTICATION_MODES.index(modes[0]) + 1:
            difference.refuse_change(
                "authentication_mode", f"EKS only goes one step forward in {' -> '.join(AUTHENTICATION_MODES)}."
            )
    if difference.touches("version") and current and not is_unknown(current["version"]):
        refuse_version(difference, str(current["version"]), options["version"])
    return difference


def refuse_version(difference: Difference, current: str, wanted: str) -> None:
    """Stop unless the wanted version is one minor above the current one."""
    minor = int(current.split(".")[1])
    if int(wanted.split(".")[1]) < minor:
        difference.refuse_change("version", "EKS control planes are not downgraded. Ask for the current version.")
    if int(wanted.split(".")[1]) > minor + 1:
        difference.refuse_change("version", f"Upgrade one minor version at a time, next to '1.{minor + 1}'.")


def check_options(client: t.Any, options: Plain) -> None:
    """Stop on option values that EKS would misread or refuse without a clear reason."""
    check_arn("role_arn", options["role_arn"], ROLE)
    check_arn("encryption_key_arn", options["encryption_key_arn"], KEY)
    version = options["version"]
    if version is not None and not re.fullmatch(r"1\.\d{2}", version):
        raise AnsibleAWSError(message=f"version is {version!r}, quote major and minor version, such as '1.35'.")
    if options["deletion_protection"] is not None:
        require_member(client, "CreateCluster", "deletionProtection")


def require_member(client: t.Any, operation: str, member: str) -> None:
    """Stop when the installed botocore does not know a member of a request yet.

    :raises AnsibleAWSError: naming what to upgrade.
    """
    if member not in client.meta.service_model.operation_model(operation).input_shape.members:
        raise AnsibleAWSError(message=f"The installed botocore does not know {member}: pip install -U boto3.")

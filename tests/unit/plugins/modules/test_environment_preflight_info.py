# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module environment_preflight_info: each check alone, and what comes before all checks."""

from __future__ import annotations

import email.utils
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.module_utils import (
    _preflight,
    _preflight_account,
    _preflight_dns,
    _preflight_permissions,
    _preflight_quotas,
    _preflight_survey,
    _preflight_versions,
    _preflight_zones,
)
from ansible_collections.supastack.aws.plugins.modules import environment_preflight_info
from botocore.exceptions import ClientError, ProfileNotFound

from tests.unit.plugins.lookup.dns_server import NS, SERVER_FAILURE, A, Reply, Table, serving

REGION, ACCOUNT = "eu-west-1", "123456789012"
USER = f"arn:aws:iam::{ACCOUNT}:user/engineer"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/Deployer/me"
OWN = [{"Key": "supastack:environment", "Value": "production"}]
DENIED = "AccessDeniedException: not authorized"
ADDON: dict[str, Any] = {"name": "coredns", "version": None}
OPTIONS: dict[str, Any] = {
    "environment": "production",
    "account_id": ACCOUNT,
    "availability_zones": ["eu-west-1a", "eu-west-1b"],
    "make_vpc": True,
    "cidr_block": "10.40.0.0/16",
    "elastic_ips": "2",
    "nat_gateways": "2",
    "cluster": {
        "name": "production-supabase",
        "version": "1.35",
        "upgrade_support_type": "STANDARD",
        "addons": [ADDON],
    },
    "nodes": {
        "capacity_types": ["spot", "on-demand"],
        "instance_types": ["m7i.large"],
        "minimum": "4",
        "maximum": "64",
        "counted_in_instances": False,
    },
    "database": {
        "identifier": "production-supabase",
        "engine": "postgres",
        "engine_version": "17",
        "instance_class": "db.t4g.medium",
        "multi_az": True,
        "insights": True,
        "monitoring": True,
    },
    "permissions": [{"actions": ["ec2:CreateVpc"], "resources": ["*"]}, {"actions": [], "resources": ["*"]}],
    "domain": {"name": "supabase.example.com", "zone_id": "", "resolver": ""},
}
NOW = 1_795_000_000
Steps = list[tuple[str, dict[str, Any], Any]]
MakeClients = Callable[[dict[str, Steps]], _preflight.Clients]


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of this machine."""
    monkeypatch.setattr(_preflight_account, "time", SimpleNamespace(time=lambda: NOW))


@pytest.fixture
def clients(make_api: Callable[..., Any]) -> MakeClients:
    """Clients with agreed calls, by service, or by service and region where it is another one."""

    def make(services: dict[str, Steps]) -> _preflight.Clients:
        def client(service: str, region: str) -> Any:
            key = service if region == REGION else f"{service} {region}"
            return make_api(service, services[key], region).client

        return _preflight.Clients(client, REGION, 60)

    return make


def told(findings: list[_preflight.Finding]) -> list[str]:
    """Findings as one text each."""
    return [f"{finding.severity} {finding.subject}: {finding.problem} {finding.fix}" for finding in findings]


def agree(findings: list[_preflight.Finding], expected: list[str]) -> None:
    """Every finding has its severity first and all words of what is expected."""
    texts = told(findings)
    assert len(texts) == len(expected), texts
    for text, words in zip(texts, expected, strict=True):
        severity, *parts = words.split(" | ")
        assert text.startswith(severity), text
        assert [part for part in parts if part not in text] == [], text


def quota(code: str, value: float, service: str = "ec2") -> tuple[str, dict[str, Any], Any]:
    """Return the expected question for a quota."""
    return ("get_service_quota", {"ServiceCode": service, "QuotaCode": code}, {"Quota": {"Value": value}})


def zones(*ids: str) -> tuple[str, dict[str, Any], Any]:
    """Return the expected question for the zones a, b and c of the region."""
    found = [{"ZoneName": f"{REGION}{'abc'[number]}", "ZoneId": name} for number, name in enumerate(ids)]
    return ("describe_availability_zones", {}, {"AvailabilityZones": found})


LIVING = _preflight_quotas.LIVING_INSTANCES


def instances(*found: dict[str, Any]) -> tuple[str, dict[str, Any], Any]:
    """Return the expected question for running instances of four vCPUs each."""
    cores = {"CoreCount": 2, "ThreadsPerCore": 2}
    described = [{"CpuOptions": cores, **item} for item in found]
    return ("describe_instances", {"Filters": LIVING}, {"Reservations": [{"Instances": described}]})


NODES = OPTIONS["nodes"]
GATEWAYS: Steps = [
    (
        "describe_nat_gateways",
        {"Filter": _preflight_quotas.LIVING_GATEWAYS},
        {"NatGateways": [{"SubnetId": "subnet-a"}] * 5 + [{"SubnetId": "subnet-b", "Tags": OWN}]},
    ),
    (
        "describe_subnets",
        {"Filters": [{"Name": "subnet-id", "Values": ["subnet-a", "subnet-b"]}]},
        {
            "Subnets": [
                {"SubnetId": "subnet-a", "AvailabilityZone": "eu-west-1b"},
                {"SubnetId": "subnet-b", "AvailabilityZone": "eu-west-1b"},
            ]
        },
    ),
]
VPCS = [{"VpcId": f"vpc-{number}"} for number in range(4)]
QUOTAS: dict[str, tuple[Any, dict[str, Steps], dict[str, Any], list[str]]] = {
    "vpcs-with-room": (
        _preflight_quotas.vpcs,
        {
            "ec2": [("describe_vpcs", {}, {"Vpcs": [*VPCS, {"VpcId": "vpc-own", "Tags": OWN}]})],
            "service-quotas": [quota("L-F678F1CE", 5, "vpc")],
        },
        {},
        [],
    ),
    "vpcs-of-the-default-quota": (
        _preflight_quotas.vpcs,
        {
            "ec2": [("describe_vpcs", {}, {"Vpcs": VPCS})],
            "service-quotas": [
                (*quota("L-F678F1CE", 0, "vpc")[:2], "NoSuchResourceException: default only"),
                ("get_aws_default_service_quota", *quota("L-F678F1CE", 4, "vpc")[1:]),
            ],
        },
        {},
        ["error quota VPCs | 1 needed, but others use 4 of 4 | --quota-code L-F678F1CE --desired-value 5"],
    ),
    "addresses": (
        _preflight_quotas.addresses,
        {
            "ec2": [("describe_addresses", {}, {"Addresses": [{"PublicIp": "192.0.2.1"}] * 4})],
            "service-quotas": [quota("L-0263D0A3", 5)],
        },
        {},
        ["error quota Elastic IP addresses | 2 needed, but others use 4 of 5"],
    ),
    "nat-gateways-of-the-fullest-zone": (
        _preflight_quotas.nat_gateways,
        {"ec2": GATEWAYS, "service-quotas": [quota("L-FE5A380F", 5, "vpc")]},
        {},
        ["error quota NAT gateways of a zone | 1 needed in eu-west-1b, but others use 5 of 5"],
    ),
    "no-nat-gateways-yet": (
        _preflight_quotas.nat_gateways,
        {
            "ec2": [(*GATEWAYS[0][:2], {"NatGateways": []}), zones("euw1-az1", "euw1-az2", "euw1-az3")],
            "service-quotas": [quota("L-FE5A380F", 5, "vpc")],
        },
        {"availability_zones": []},
        [],
    ),
    "clusters": (
        _preflight_quotas.clusters,
        {
            "eks": [("list_clusters", {}, {"clusters": ["a", "b", "production-supabase"]})],
            "service-quotas": [quota("L-1194D53C", 2, "eks")],
        },
        {},
        ["error quota EKS clusters | 1 needed, but others use 2 of 2"],
    ),
    "vcpus-of-either-are-enough-to-begin-with": (
        _preflight_quotas.vcpus,
        {
            "ec2": [
                instances(
                    {"InstanceType": "m7i.xlarge", "InstanceLifecycle": "spot"},
                    {"InstanceType": "m7i.xlarge", "Tags": OWN},
                    {"InstanceType": "g5.xlarge"},
                )
            ],
            "service-quotas": [quota("L-34B43A08", 5), quota("L-1216C47A", 64)],
        },
        {},
        ["warning quota vCPUs of spot instances | 1 are left. Nodes need 4 and may grow to 64 | --desired-value 68"],
    ),
    "vcpus-of-nodes-of-a-type": (
        _preflight_quotas.vcpus,
        {
            "ec2": [
                (
                    "describe_instance_types",
                    {"InstanceTypes": ["m7i.large"]},
                    {"InstanceTypes": [{"VCpuInfo": {"DefaultVCpus": 2}}]},
                ),
                instances(),
            ],
            "service-quotas": [quota("L-1216C47A", 5)],
        },
        {
            "nodes": {
                **NODES,
                "capacity_types": ["on-demand"],
                "minimum": "3",
                "maximum": "6",
                "counted_in_instances": True,
            }
        },
        ["error quota vCPUs of on-demand instances | 5 are left. Nodes need 6 and may grow to 12"],
    ),
}


def offerings(names: list[str], **offered: list[str]) -> tuple[str, dict[str, Any], Any]:
    """Return the expected question for instance types by the letters of their zones."""
    found = [
        {"Location": f"{REGION}{letter}", "InstanceType": name} for letter, types in offered.items() for name in types
    ]
    request = {"LocationType": "availability-zone", "Filters": [{"Name": "instance-type", "Values": names}]}
    return ("describe_instance_type_offerings", request, {"InstanceTypeOfferings": found})


def neighbours(own: list[dict[str, Any]]) -> Steps:
    """Return the expected questions for VPCs: one of the account's has the same addresses, and so has one of a peer."""

    def vpc(name: str, block: str, state: str = "associated") -> dict[str, Any]:
        return {"VpcId": name, "CidrBlockAssociationSet": [{"CidrBlock": block, "CidrBlockState": {"State": state}}]}

    def end(name: str, block: str) -> dict[str, Any]:
        return {"VpcId": name, "CidrBlockSet": [{"CidrBlock": block}]}

    tagged = {"Filters": [{"Name": "tag:supastack:environment", "Values": ["production"]}]}
    known = [
        vpc("vpc-own", "10.40.0.0/16"),
        vpc("vpc-hub", "10.41.0.0/16"),
        vpc("vpc-gone", "10.40.0.0/24", "disassociated"),
    ]
    peering = {
        "RequesterVpcInfo": end("vpc-hub", "10.41.0.0/16"),
        "AccepterVpcInfo": end("vpc-far", "10.40.128.0/17"),
    }
    questions: Steps = [
        ("describe_vpcs", tagged, {"Vpcs": own}),
        ("describe_vpcs", {}, {"Vpcs": known}),
        (
            "describe_vpc_peering_connections",
            {"Filters": [{"Name": "status-code", "Values": ["active"]}]},
            {"VpcPeeringConnections": [peering]},
        ),
    ]
    return questions[:1] if own else questions


def nodes(zone: str, *found: dict[str, Any]) -> tuple[str, dict[str, Any], Any]:
    """Return the expected question for nodes of the environment in a zone."""
    filters = {
        "tag:supastack:environment": ["production"],
        "instance-state-name": ["pending", "running"],
        "availability-zone": [zone],
        "instance-type": ["m7i.large", "m6i.large"],
    }
    request = {"Filters": [{"Name": name, "Values": values} for name, values in filters.items()]}
    return ("describe_instances", request, {"Reservations": list(found)})


ZONES: dict[str, tuple[Any, dict[str, Steps], dict[str, Any], list[str]]] = {
    "zones-that-eks-has-not": (
        _preflight_zones.zones,
        {"ec2": [zones("use1-az3", "use1-az1")]},
        {"availability_zones": ["eu-west-1a", "eu-west-1d"]},
        [
            "error availability zones | has no eu-west-1d | among eu-west-1b",
            "error availability zones | EKS takes no subnets in eu-west-1a (use1-az3)",
        ],
    ),
    "first-two-zones": (
        _preflight_zones.zones,
        {"ec2": [zones("euw1-az2", "euw1-az3", "cac1-az3")]},
        {"availability_zones": []},
        [],
    ),
    "types-of-each-zone": (
        _preflight_zones.instance_types,
        {"ec2": [offerings(["m7i.large", "m6i.large"], a=["m7i.large"]), nodes("eu-west-1b")]},
        {"nodes": {**NODES, "instance_types": ["m7i.large", "m6i.large"]}},
        ["warning instance types | eu-west-1a has no m6i.large", "error instance types | eu-west-1b has none of m7i"],
    ),
    "types-that-run-though-nobody-gets-them-any-more": (
        _preflight_zones.instance_types,
        {"ec2": [offerings(["m7i.large", "m6i.large"]), nodes("eu-west-1a", {"Instances": []})]},
        {"availability_zones": ["eu-west-1a"], "nodes": {**NODES, "instance_types": ["m7i.large", "m6i.large"]}},
        ["warning instance types | eu-west-1a has none of m7i.large, m6i.large any more, but some run there"],
    ),
    "families-of-each-zone": (
        _preflight_zones.instance_types,
        {"ec2": [offerings(["m7*.xlarge", "m9*.xlarge"], a=["m7i.xlarge"], b=["m7g.xlarge", "m9g.xlarge"])]},
        {"nodes": {**NODES, "instance_types": ["m7*.xlarge", "m9*.xlarge"]}},
        [],
    ),
    "addresses-of-others": (
        _preflight_zones.addresses,
        {"ec2": neighbours([])},
        {},
        ["warning addresses | 10.40.0.0/16 overlaps vpc-own (10.40.0.0/16), the peer vpc-far (10.40.128.0/17):"],
    ),
    "other-addresses": (_preflight_zones.addresses, {"ec2": neighbours([])}, {"cidr_block": "10.50.0.0/16"}, []),
    "addresses-that-are-there-already": (
        _preflight_zones.addresses,
        {"ec2": neighbours([{"VpcId": "vpc-own"}])},
        {},
        [],
    ),
}


def kubernetes(version: str, status: str = "STANDARD_SUPPORT", days: int | None = None) -> dict[str, Any]:
    """Return a version as EKS describes it."""
    end = {} if days is None else {"endOfStandardSupportDate": datetime.now(tz=UTC) + timedelta(days=days, hours=1)}
    return {"clusterVersion": version, "versionStatus": status, **end}


def versions(*found: dict[str, Any]) -> dict[str, Steps]:
    """Return the expected question for Kubernetes versions."""
    return {"eks": [("describe_cluster_versions", {}, {"clusterVersions": list(found)})]}


def addon(answer: Any) -> dict[str, Steps]:
    """Return the expected question for an add-on."""
    offered = {"addons": [{"addonVersions": [{"addonVersion": name} for name in answer]}]}
    request = {"addonName": "coredns", "kubernetesVersion": "1.35"}
    return {"eks": [("describe_addon_versions", request, answer if isinstance(answer, str) else offered)]}


def addon_check(version: str | None) -> Callable[[Any, dict[str, Any]], list[_preflight.Finding]]:
    """Return the check of an add-on that is pinned to a version."""
    options = {**OPTIONS, "cluster": {**OPTIONS["cluster"], "addons": [{**ADDON, "version": version}]}}
    (check,) = (item for item in _preflight_versions.version_checks(options) if item.subject == "add-on coredns")
    return lambda clients, _options: check.ask(clients)


OFFER: dict[str, Any] = {
    "StorageType": "gp3",
    "MultiAZCapable": True,
    "SupportsStorageEncryption": True,
    "SupportsPerformanceInsights": True,
    "SupportsEnhancedMonitoring": True,
    "AvailabilityZones": [{"Name": "eu-west-1a"}, {"Name": "eu-west-1b"}],
}


def database(engines: Any, *offers: dict[str, Any]) -> dict[str, Steps]:
    """Return the expected questions for the database."""
    known = {"DBEngineVersions": [{"EngineVersion": item} for item in engines]}
    asked = {"Engine": "postgres", "EngineVersion": "17"}
    newest = ("describe_db_engine_versions", asked, engines if isinstance(engines, str) else known)
    request = {"Engine": "postgres", "EngineVersion": "17.10", "DBInstanceClass": "db.t4g.medium", "Vpc": True}
    options = ("describe_orderable_db_instance_options", request, {"OrderableDBInstanceOptions": list(offers)})
    return {"rds": [newest, options] if "17.10" in engines else [newest]}


def cluster(version: str) -> Steps:
    """Return the expected question for the cluster."""
    answer = {"cluster": {"version": version}} if version else "ResourceNotFoundException: none"
    return [("describe_cluster", {"name": "production-supabase"}, answer)]


def installed(version: str) -> Steps:
    """Return the expected question for the add-on of the cluster."""
    answer = {"addon": {"addonVersion": version}} if version else "ResourceNotFoundException: none"
    return [("describe_addon", {"clusterName": "production-supabase", "addonName": "coredns"}, answer)]


def instance(**found: Any) -> Steps:
    """Return the expected question for the database's instance."""
    answer = {"DBInstances": [found]} if found else "DBInstanceNotFound: none"
    return [("describe_db_instances", {"DBInstanceIdentifier": "production-supabase"}, answer)]


def then(first: dict[str, Steps], more: Steps) -> dict[str, Steps]:
    """Return questions to one service with more behind them."""
    return {service: [*steps, *more] for service, steps in first.items()}


EXTENDED = {"cluster": {**OPTIONS["cluster"], "upgrade_support_type": "EXTENDED"}}
OLD = versions(kubernetes("1.35", "EXTENDED_SUPPORT"), kubernetes("1.36"))
GONE = versions(kubernetes("1.36"), kubernetes("1.34"))
NO_ENGINE = database("InvalidParameterCombination: Cannot find version 17 for postgres")
LESS = database(
    ["17.10"],
    {**OFFER, "MultiAZCapable": False, "SupportsPerformanceInsights": False, "AvailabilityZones": []},
    {**OFFER, "SupportsEnhancedMonitoring": False, "AvailabilityZones": [{"Name": "eu-west-1a"}]},
)
CLASS = {"DBInstanceClass": "db.t4g.medium", "AvailabilityZone": "eu-west-1a"}
ORDERABLE = database(["17.10"], {**OFFER, "StorageType": "io2"})
NO_ADDON = addon("ResourceNotFoundException: no such add-on")
ONE_ADDON = addon(["v1.13.1-eksbuild.1"])
# Service, what AWS says, what is asked for, and what is found: an error when something new would be made, and only a
# warning where it runs already.
VERSIONS: dict[str, tuple[Any, dict[str, Steps], dict[str, Any], list[str]]] = {
    "kubernetes": (_preflight_versions.kubernetes, versions(kubernetes("1.35", days=60)), {}, []),
    "kubernetes-without-a-date": (_preflight_versions.kubernetes, versions(kubernetes("1.35")), {}, []),
    "kubernetes-not-offered": (
        _preflight_versions.kubernetes,
        then(GONE, cluster("")),
        {},
        ["error Kubernetes 1.35 | does not offer it in eu-west-1 | one of 1.34, 1.36"],
    ),
    "kubernetes-not-offered-any-more": (
        _preflight_versions.kubernetes,
        then(GONE, cluster("1.35")),
        {},
        ["warning Kubernetes 1.35 | does not offer it"],
    ),
    "kubernetes-not-for-long": (
        _preflight_versions.kubernetes,
        versions(kubernetes("1.35", days=59), kubernetes("1.36")),
        {},
        ["warning Kubernetes 1.35 | ends in 59 days | to 1.36 soon"],
    ),
    "kubernetes-too-old": (
        _preflight_versions.kubernetes,
        then(OLD, cluster("1.34")),
        {},
        ["error Kubernetes 1.35 | has left standard support | one of 1.36"],
    ),
    "kubernetes-in-extended-support": (
        _preflight_versions.kubernetes,
        then(OLD, cluster("")),
        EXTENDED,
        ["warning Kubernetes 1.35"],
    ),
    "addon": (addon_check(None), ONE_ADDON, {}, []),
    "addon-pinned": (addon_check("v1.13.1-eksbuild.1"), ONE_ADDON, {}, []),
    "addon-of-eks-choice": (addon_check("latest"), ONE_ADDON, {}, []),
    "addon-pinned-to-nothing": (
        addon_check("v1.0.0"),
        then(ONE_ADDON, installed("v1.13.1-eksbuild.1")),
        {},
        ["error add-on coredns | does not offer v1.0.0 | Pin one of v1.13.1-eksbuild.1"],
    ),
    "addon-pinned-to-what-runs": (
        addon_check("v1.0.0"),
        then(ONE_ADDON, installed("v1.0.0")),
        {},
        ["warning add-on coredns | does not offer v1.0.0"],
    ),
    "addon-unknown": (
        addon_check(None),
        then(NO_ADDON, installed("")),
        {},
        ["error add-on coredns | does not offer it for Kubernetes 1.35"],
    ),
    "addon-unknown-by-now": (addon_check(None), then(NO_ADDON, installed("v1.0.0")), {}, ["warning add-on coredns"]),
    "database": (_preflight_versions.postgresql, database(["17.9", "17.10"], OFFER), {}, []),
    "engine-unknown": (
        _preflight_versions.postgresql,
        then(NO_ENGINE, instance()),
        {},
        ["error database postgres 17 | does not offer it in eu-west-1"],
    ),
    "engine-of-the-instance": (
        _preflight_versions.postgresql,
        then(NO_ENGINE, instance(EngineVersion="17.4")),
        {},
        ["warning database postgres 17"],
    ),
    "engine-of-another-instance": (
        _preflight_versions.postgresql,
        then(NO_ENGINE, instance(EngineVersion="16.4")),
        {},
        ["error database postgres 17"],
    ),
    "class-not-orderable": (
        _preflight_versions.postgresql,
        then(ORDERABLE, instance()),
        {},
        ["error database class db.t4g.medium | for postgres 17.10 with gp3 storage"],
    ),
    "class-not-orderable-any-more": (
        _preflight_versions.postgresql,
        then(ORDERABLE, instance(**CLASS)),
        {},
        ["warning database class db.t4g.medium"],
    ),
    "class-without-what-is-wanted": (
        _preflight_versions.postgresql,
        then(LESS, instance(**CLASS, MonitoringInterval=0)),
        {},
        ["error database class db.t4g.medium | enhanced monitoring | enough zones (eu-west-1b has none)"],
    ),
    "class-without-what-there-is": (
        _preflight_versions.postgresql,
        then(LESS, instance(**CLASS, MonitoringInterval=60)),
        {},
        ["warning database class db.t4g.medium | enhanced monitoring"],
    ),
}


def simulation(principal: str, answer: Any, *resources: str) -> tuple[str, dict[str, Any], Any]:
    """Return the expected simulation of an action on resources."""
    context = {"ContextKeyName": "aws:RequestedRegion", "ContextKeyType": "string", "ContextKeyValues": [REGION]}
    request = {
        "PolicySourceArn": principal,
        "ActionNames": ["ec2:CreateVpc"],
        "ResourceArns": list(resources) or ["*"],
        "ContextEntries": [context],
        "MaxItems": 1000,
    }
    return ("simulate_principal_policy", request, answer if isinstance(answer, str) else {"EvaluationResults": answer})


def decision(name: str, said: str, unknown: bool = False, **more: Any) -> dict[str, Any]:
    """Return what IAM says of an action, and whether a condition was not known."""
    missing = ["aws:RequestTag/x"] * unknown
    return {"EvalActionName": name, "EvalDecision": said, "MissingContextValues": missing, **more}


def permissions(arn: str) -> Callable[[Any, dict[str, Any]], list[_preflight.Finding]]:
    """Return the check of what a caller may do."""

    def ask(clients: Any, options: dict[str, Any]) -> list[_preflight.Finding]:
        (check,) = _preflight_permissions.permission_checks(options, arn)
        return check.ask(clients)

    return ask


ROLE = f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/Deployer"
FOUND_ROLE = {
    "Role": {"Arn": ROLE, "Path": "/", "RoleName": "Deployer", "RoleId": "A" * 16, "CreateDate": datetime(2026, 1, 1)}
}
VPC = f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/vpc-0"
TWO_RESOURCES = {"permissions": [{"actions": ["ec2:CreateVpc"], "resources": ["*", VPC]}]}
SPECIFIC = [{"EvalResourceName": VPC, "EvalResourceDecision": "allowed"}]
REFUSED = [
    decision("ec2:A", "implicitDeny"),
    decision("ec2:B", "explicitDeny", unknown=True),
    decision("ec2:C", "allowed"),
]
PERMISSIONS: dict[str, tuple[Any, dict[str, Steps], dict[str, Any], list[str]]] = {
    "allowed": (permissions(USER), {"iam": [simulation(USER, [decision("ec2:A", "allowed", unknown=True)])]}, {}, []),
    "allowed-on-one-resource": (
        permissions(USER),
        {"iam": [simulation(USER, [decision("ec2:A", "implicitDeny"), decision("ec2:A", "allowed")], "*", VPC)]},
        TWO_RESOURCES,
        [],
    ),
    "allowed-on-one-resource-of-a-decision": (
        permissions(USER),
        {"iam": [simulation(USER, [decision("ec2:A", "implicitDeny", ResourceSpecificResults=SPECIFIC)], "*", VPC)]},
        TWO_RESOURCES,
        [],
    ),
    "of-a-session": (
        permissions(SESSION),
        {"iam": [("get_role", {"RoleName": "Deployer"}, FOUND_ROLE), simulation(ROLE, REFUSED)]},
        {},
        [
            f"error permissions | Denied on *: ec2:A. | Add them to a policy of {SESSION}",
            "unchecked permissions | allowed only under conditions | ec2:B",
        ],
    ),
    "of-which-some-are-not-answered": (
        permissions(USER),
        {"iam": [simulation(USER, "Throttling: slow"), simulation(USER, REFUSED[:1])]},
        {"permissions": OPTIONS["permissions"][:1] * 2},
        ["error permissions | ec2:A", "unchecked permissions | Throttling: slow | about 1 of 2 questions"],
    ),
    "of-root": (permissions(f"arn:aws:iam::{ACCOUNT}:root"), {}, {}, ["warning permissions | root user"]),
}
CHECKS = QUOTAS | ZONES | VERSIONS | PERMISSIONS


@pytest.fixture
def in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """One question after the other, as they are agreed."""
    monkeypatch.setattr(_preflight, "THREADS", 1)
    monkeypatch.setattr(_preflight_permissions, "THREADS", 1)


@pytest.mark.usefixtures("in_order")
@pytest.mark.parametrize("case", CHECKS)
def test_a_check(clients: MakeClients, case: str) -> None:
    check, services, options, expected = CHECKS[case]
    agree(check(clients(services), {**OPTIONS, **options}), expected)


UNCHECKED: dict[str, dict[str, Steps]] = {
    "Kubernetes 1.35": {"eks": [("describe_cluster_versions", {}, DENIED)]},
    "add-on coredns": addon(DENIED),
    "database": database(DENIED),
    "quota VPCs": {
        "ec2": [("describe_vpcs", {}, {"Vpcs": []})],
        "service-quotas": [(*quota("L-F678F1CE", 0, "vpc")[:2], DENIED)],
    },
    "availability zones": {"ec2": [("describe_availability_zones", {}, DENIED)]},
    "permissions": {"iam": [simulation(USER, DENIED)]},
    "domain supabase.example.com": {
        "route53": [
            ("list_hosted_zones_by_name", {"DNSName": "supabase.example.com.", "MaxItems": "100"}, "Throttling: slow")
        ]
    },
}


@pytest.mark.parametrize("subject", UNCHECKED)
def test_what_aws_does_not_answer_is_a_finding(clients: MakeClients, subject: str) -> None:
    made = [check for check in _preflight_survey.checks(OPTIONS, USER) if check.subject == subject]
    fix = "Run this again" if subject.startswith("domain") else f"Allow {made[0].actions}"
    found = _preflight.ask_all(made, clients(UNCHECKED[subject]))
    agree(found, [f"unchecked {subject} | Could not be checked | {fix}"])


def test_every_part_has_its_checks() -> None:
    made = [check.subject for check in _preflight_survey.checks(OPTIONS, USER)]
    assert len(made) == len(set(made)) == 14
    nothing = {"make_vpc": False, "elastic_ips": "0", "nat_gateways": "0", "permissions": []}
    absent = dict.fromkeys(("cluster", "nodes", "database", "domain"))
    least = _preflight_survey.checks({**OPTIONS, **nothing, **absent}, USER)
    assert [check.subject for check in least] == ["name production", "availability zones"]


def nothing_found(_clients: Any) -> list[_preflight.Finding]:
    """Return the findings of a check that passes."""
    return []


def nothing_in_time(_clients: Any) -> list[_preflight.Finding]:
    """Take longer than anybody waits."""
    threading.Event().wait(5)
    return []


def broken(_clients: Any) -> list[_preflight.Finding]:
    """Fail as no AWS client does."""
    raise ValueError("'many' is no number")


def test_a_check_that_fails_or_hangs_is_a_finding_and_holds_up_no_other() -> None:
    hurried = _preflight.Clients(lambda service, region: None, REGION, seconds=0.2)
    asks = {"good": nothing_found, "hanging": nothing_in_time, "broken": broken}
    started = time.monotonic()
    found = _preflight.ask_all([_preflight.Check(name, "ec2:A", ask) for name, ask in asks.items()], hurried)
    assert time.monotonic() - started < 2
    agree(
        found,
        [
            "unchecked hanging | did not answer within 0.2 s | once ec2:A can be called",
            "unchecked broken | ValueError: 'many' is no number | Correct the input",
        ],
    )


def test_a_machine_without_a_way_to_aws_is_told_in_time() -> None:
    hurried = _preflight.Clients(nothing_in_time_of, REGION, seconds=0.2)
    agree(
        _preflight_survey.survey(hurried, OPTIONS)[0],
        [
            "error AWS | nobody knows whose credentials | not answer within 0.2 s | NO_PROXY",
            "unchecked everything else",
        ],
    )


def nothing_in_time_of(_service: str, _region: str) -> None:
    """Make no client in time."""
    threading.Event().wait(5)


def zone(name: str, private: bool = False) -> dict[str, Any]:
    """Return a hosted zone as Route 53 lists it."""
    return {"Id": f"Z{len(name)}", "Name": name, "CallerReference": "r", "Config": {"PrivateZone": private}}


def listing(name: str, *found: dict[str, Any]) -> tuple[str, dict[str, Any], Any]:
    """Return the expected question for hosted zones of a name and those behind it."""
    answer = {"HostedZones": list(found), "IsTruncated": False, "MaxItems": "100"}
    return ("list_hosted_zones_by_name", {"DNSName": name, "MaxItems": "100"}, answer)


OURS = ("ns-1.awsdns-00.com", "ns-2.awsdns-00.net")
HOSTED = zone("example.com.")
DESCRIBED: Steps = [
    (
        "get_hosted_zone",
        {"Id": "Z12"},
        {"HostedZone": HOSTED, "DelegationSet": {"NameServers": ["NS-1.awsdns-00.com.", OURS[1]]}},
    )
]
# The zone above example.com, which the loopback serves.
ABOVE: Table = {("com", NS, True): Reply(("a.gtld.example",)), ("a.gtld.example", A, True): Reply(("127.0.0.1",))}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Reply(OURS, referral=True), []),
        (Reply(OURS[:1], referral=True), ["warning domain | does not name ns-2.awsdns-00.net for example.com"]),
        (
            Reply((OURS[0], "ns.elsewhere.example"), referral=True),
            ["error domain | names ns.elsewhere.example for example.com | of com is managed | ns-1.awsdns-00.com, ns"],
        ),
        (Reply(), ["error domain | names no server for example.com"]),
        (Reply(code=SERVER_FAILURE), ["unchecked domain | nobody answers | dig +trace NS example.com"]),
    ],
    ids=["ours", "some", "another", "none", "unknown"],
)
def test_delegation(clients: MakeClients, answer: Reply, expected: list[str]) -> None:
    steps: Steps = [
        listing("supabase.example.com.", zone("supabase.example.com.", private=True), zone("other.example.com.")),
        listing("example.com.", HOSTED),
        *DESCRIBED,
    ]
    with serving({**ABOVE, ("example.com", NS, False): answer}) as resolver:
        options = {**OPTIONS, "domain": {**OPTIONS["domain"], "resolver": resolver}}
        agree(_preflight_dns.delegation(clients({"route53": steps}), options), expected)
        # Of a zone that is named, nothing is looked for.
        options["domain"] |= {"zone_id": "Z12"}
        agree(_preflight_dns.delegation(clients({"route53": DESCRIBED}), options), expected)


@pytest.mark.parametrize(
    ("found", "expected"),
    [((), "warning domain | No public hosted zone"), ((HOSTED, HOSTED), "error domain | 2 public hosted zones | Z12")],
    ids=["none", "two"],
)
def test_domain_without_one_zone(clients: MakeClients, found: tuple[dict[str, Any], ...], expected: str) -> None:
    steps = [listing("supabase.example.com."), listing("example.com.", *found)]
    agree(_preflight_dns.delegation(clients({"route53": steps}), OPTIONS), [expected])


def identity(ahead: float = 0, account: str = ACCOUNT) -> dict[str, Any]:
    """Return the caller as STS tells it when this clock is so many seconds ahead."""
    date = email.utils.formatdate(NOW - ahead, usegmt=True)
    headers = {"HTTPHeaders": {"date": date}}
    return {"UserId": "A" * 16, "Account": account, "Arn": USER, "ResponseMetadata": headers}


def resources(*arns: str) -> Steps:
    """Return the expected question for resources of the environment."""
    request = {"TagFilters": [{"Key": "supastack:environment", "Values": ["production"]}]}
    return [("get_resources", request, {"ResourceTagMappingList": [{"ResourceARN": arn} for arn in arns]})]


REGIONS: Steps = [
    ("describe_regions", {}, {"Regions": [{"RegionName": name} for name in (REGION, "us-east-1", "eu-west-3")]})
]
ELSEWHERE = f"arn:aws:ec2:eu-west-3:{ACCOUNT}:vpc/vpc-1"
LEFT = [
    # What brings events of the root user from there to the environment's region.
    f"arn:aws:events:us-east-1:{ACCOUNT}:rule/production-supabase-root",
    f"arn:aws:iam::{ACCOUNT}:role/production",
    f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1",
    f"arn:aws:rds:us-east-1:{ACCOUNT}:snapshot:production-final",
]
BEFORE: dict[str, tuple[dict[str, Steps], list[str]]] = {
    "all-is-well": (
        {
            "sts": [("get_caller_identity", {}, identity())],
            "ec2": [*REGIONS, zones("euw1-az1", "euw1-az2")],
            "resourcegroupstaggingapi us-east-1": resources(*LEFT),
            "resourcegroupstaggingapi eu-west-3": resources(),
        },
        [],
    ),
    "another-account-a-clock-ahead-a-name-in-use": (
        {
            "sts": [("get_caller_identity", {}, identity(ahead=400, account="999999999999"))],
            "ec2": [*REGIONS, zones("euw1-az1", "euw1-az2")],
            "resourcegroupstaggingapi us-east-1": [(*resources()[0][:2], DENIED)],
            "resourcegroupstaggingapi eu-west-3": resources(ELSEWHERE),
        },
        [
            f"error account | supabase_account_id is {ACCOUNT}, but the credentials are {USER} of 999999999999",
            "error clock | 400 s ahead of | timedatectl",
            f"error name production | 1 in eu-west-3, such as {ELSEWHERE}",
            "unchecked name production | AccessDenied | about us-east-1 | tag:GetResources",
        ],
    ),
    "a-clock-behind-and-a-region-that-is-not-enabled": (
        {
            "sts": [("get_caller_identity", {}, "InvalidClientTokenId: invalid")],
            "sts us-east-1": [("get_caller_identity", {}, identity(ahead=-60))],
        },
        [
            "error region eu-west-1 | not enabled | enable-region --region-name eu-west-1",
            "unchecked everything else",
            "warning clock | 60 s behind",
        ],
    ),
    "no-credentials": (
        {"sts": [("get_caller_identity", {}, "ExpiredToken: gone")]},
        ["error credentials | ExpiredToken: gone | aws sso login", "unchecked everything else"],
    ),
}


@pytest.mark.usefixtures("in_order")
@pytest.mark.parametrize("check_mode", [False, True], ids=["run", "check"])
@pytest.mark.parametrize("case", BEFORE)
def test_what_comes_before_all_checks(
    clients: MakeClients,
    run_module: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    case: str,
    check_mode: bool,
) -> None:
    services, expected = BEFORE[case]
    made = clients(services)
    monkeypatch.setattr(environment_preflight_info, "client_maker", lambda module: made)
    options = {"environment": "production", "account_id": ACCOUNT, "region": REGION}
    outcome = run_module(environment_preflight_info, options, check_mode=check_mode)
    assert (outcome.exit_code, outcome.result["changed"]) == (0, False), outcome.result
    agree([_preflight.Finding(**finding) for finding in outcome.result["preflight"]["findings"]], expected)
    assert "clock" in outcome.result["preflight"]["checked"]


def test_a_region_is_required(run_module: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "EC2_REGION"):
        monkeypatch.delenv(name, raising=False)
    outcome = run_module(environment_preflight_info, {"environment": "production", "account_id": ACCOUNT})
    assert "region is required" in outcome.message


def test_a_refusal_for_the_clock_says_so() -> None:
    answer: Any = {"Error": {"Code": "SignatureDoesNotMatch", "Message": "expired"}, **identity(ahead=-3600)}
    found = _preflight_account.refused(ClientError(answer, "GetCallerIdentity"))
    agree(found, ["error credentials | expired | timedatectl", "error clock | 3600 s behind", "unchecked everything"])


@pytest.mark.parametrize(
    ("region", "home"), [("eu-west-1", "us-east-1"), ("cn-north-1", "cn-north-1"), ("us-gov-east-1", "us-gov-west-1")]
)
def test_every_partition_has_a_region_that_is_always_enabled(region: str, home: str) -> None:
    assert _preflight_account.home_region(region) == home


def test_clients_are_of_one_session_and_give_up_soon() -> None:
    keys = {"access_key": "AKIAIOSFODNN7EXAMPLE", "secret_key": "example"}
    params = {**keys, "region": REGION, "endpoint_url": "http://127.0.0.1:1", "aws_config": {"max_pool_connections": 3}}
    made = _preflight.Clients(_preflight.client_maker(SimpleNamespace(params=params)), REGION, 60)
    sts = made("sts")
    assert made("sts") is sts
    assert made("sts", "us-east-1").meta.region_name == "us-east-1"
    config = sts.meta.config
    assert (sts.meta.endpoint_url, config.read_timeout, config.max_pool_connections) == ("http://127.0.0.1:1", 5, 3)


def test_an_unknown_profile_is_a_finding() -> None:
    params = {"region": REGION, "profile": "nobody"}
    made = _preflight.Clients(_preflight.client_maker(SimpleNamespace(params=params)), REGION, 60)
    with pytest.raises(ProfileNotFound):
        made("sts")
    agree(_preflight_survey.survey(made, OPTIONS)[0], ["error credentials | nobody", "unchecked everything else"])

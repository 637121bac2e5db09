# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subject eks_cluster."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.integration.fuzz.cluster import network, role
from tests.integration.fuzz.subject import TAGS, Clients, Options, Subject, Wishes, some

LOG_TYPES = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
CIDRS = st.lists(st.sampled_from(["203.0.113.0/24", "198.51.100.0/24"]), min_size=1, unique=True)


def prepare(clients: Clients) -> Options:
    made = network(clients)
    group = clients("ec2").create_security_group(GroupName="fuzz", Description="fuzz", VpcId=made["vpc_id"])
    return {**made, "role_arn": role(clients), "group_id": group["GroupId"]}


def place(_world: Options, text: str) -> Options:
    return {"name": f"fuzz-{text}"}


def fixed(world: Options) -> Wishes:
    cidr = st.sampled_from(["172.20.0.0/16", "10.100.0.0/16"])
    always = {"role_arn": st.just(world["role_arn"]), "version": st.just("1.35")}
    subnets = st.permutations(world["subnet_ids"][:2])
    return st.fixed_dictionaries(
        {**always, "subnet_ids": subnets, "authentication_mode": st.just("API")}, optional={"service_ipv4_cidr": cidr}
    )


def wishes(world: Options) -> Wishes:
    open_to_all = some(
        endpoint_private_access=st.booleans(), endpoint_public_access=st.just(True), public_access_cidrs=CIDRS
    )
    closed = st.just({"endpoint_private_access": True, "endpoint_public_access": False})
    settings = some(
        security_group_ids=st.sampled_from([[], [world["group_id"]]]),
        logging=st.lists(st.sampled_from(LOG_TYPES), unique=True),
        upgrade_policy=st.sampled_from(["STANDARD", "EXTENDED"]),
        zonal_shift=st.booleans(),
        deletion_protection=st.booleans(),
        tags=TAGS,
    )
    return st.builds(lambda endpoint, rest: {**endpoint, **rest}, open_to_all | closed, settings)


def observe(clients: Clients, options: Options) -> Options | None:
    eks = clients("eks")
    try:
        cluster = eks.describe_cluster(name=options["name"])["cluster"]
    except eks.exceptions.ResourceNotFoundException:
        return None
    vpc = cluster["resourcesVpcConfig"]
    logging = cluster["logging"]["clusterLogging"]
    return {
        "role_arn": cluster["roleArn"],
        "version": cluster["version"],
        "subnet_ids": vpc["subnetIds"],
        "security_group_ids": vpc["securityGroupIds"],
        "endpoint_private_access": vpc["endpointPrivateAccess"],
        "endpoint_public_access": vpc["endpointPublicAccess"],
        "public_access_cidrs": vpc["publicAccessCidrs"],
        "service_ipv4_cidr": cluster["kubernetesNetworkConfig"]["serviceIpv4Cidr"],
        "authentication_mode": cluster["accessConfig"]["authenticationMode"],
        "logging": [kind for setup in logging if setup["enabled"] for kind in setup["types"]],
        "upgrade_policy": cluster["upgradePolicy"]["supportType"],
        "zonal_shift": cluster["zonalShiftConfig"]["enabled"],
        "deletion_protection": cluster["deletionProtection"],
        "tags": cluster["tags"],
    }


SUBJECT = Subject(
    module="eks_cluster",
    key="cluster",
    prepare=prepare,
    place=place,
    fixed=fixed,
    wishes=wishes,
    observe=observe,
    absence={"deletion_protection": False},
    hints=("exists",),
)

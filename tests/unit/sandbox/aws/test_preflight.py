# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""preflight.yml against the emulator: what it needs is answered; a bad inventory has all its faults told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

CHECKOUT = Path(__file__).resolve().parents[4]
# Other tests fill the sandbox's own region beyond the quotas.
REGION = "eu-central-1"
# No proxy reaches this machine's loopback.
DIRECT = dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost")
POLICY = [("Allow", "ec2"), ("Allow", "rds"), ("Deny", "rds")]


@pytest.mark.parametrize(("service", "code", "value"), [("eks", "L-1194D53C", 100), ("vpc", "L-F678F1CE", 5)])
def test_quotas(aws: Any, service: str, code: str, value: float) -> None:
    found = aws.client("service-quotas").get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]
    assert (found["QuotaCode"], found["Value"]) == (code, value)


def test_an_unknown_quota(aws: Any) -> None:
    with pytest.raises(ClientError, match="NoSuchResourceException"):
        aws.client("service-quotas").get_service_quota(ServiceCode="ec2", QuotaCode="L-00000000")


def decisions(aws: Any, principal: str, *actions: str) -> list[str]:
    """What IAM says of actions on anything."""
    answer = aws.client("iam").simulate_principal_policy(PolicySourceArn=principal, ActionNames=actions)
    return [found["EvalDecision"] for found in answer["EvaluationResults"]]


def test_policies_are_simulated(aws: Any) -> None:
    iam, role = aws.client("iam"), aws.role("sts:AssumeRole")
    statements = [{"Effect": effect, "Action": f"{name}:*", "Resource": "*"} for effect, name in POLICY]
    iam.put_role_policy(
        RoleName=role.rpartition("/")[2],
        PolicyName="unit",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}),
    )
    assert decisions(aws, role, "ec2:CreateVpc", "rds:CreateDBInstance", "eks:CreateCluster") == [
        "allowed",
        "explicitDeny",
        "implicitDeny",
    ]
    assert decisions(aws, aws.client("sts").get_caller_identity()["Arn"], "eks:CreateCluster") == ["allowed"]
    with pytest.raises(ClientError, match="NoSuchEntity"):
        decisions(aws, "arn:aws:iam::123456789012:root", "eks:CreateCluster")


def preflight(aws: Any, folder: Path, **variables: Any) -> tuple[int, str]:
    """Run the playbook for an environment of this emulator; its code, and what it said."""
    state = aws.sandbox.read()
    inventory = {
        "supabase_environments": {"hosts": {"unit": {}}},
        "all": {
            "vars": {
                "ansible_connection": "local",
                "ansible_python_interpreter": sys.executable,
                "supabase_environment": "unit",
                "supabase_aws_region": REGION,
                "supabase_account_id": state["account_id"],
                "supabase_aws_endpoint_url": state["aws_endpoint_url"],
                "supabase_aws_access_key": state["access_key_id"],
                "supabase_aws_secret_key": state["secret_access_key"],
                "supabase_helm_url": "http://127.0.0.1:1",
                "eks_public_access_cidrs": ["127.0.0.0/8"],
                # Other tests keep this machine busy.
                "preflight_timeout": 60,
                **variables,
            }
        },
    }
    file = folder / "inventory.json"
    file.write_text(json.dumps(inventory))
    done = subprocess.run(
        [Path(sys.executable).parent / "ansible-playbook", "playbooks/preflight.yml", "-i", file],
        cwd=CHECKOUT,
        env={**os.environ, **DIRECT, "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg")},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


# Every role's own, one of the collection, and where AWS has something in the way; each with what the table says of it,
# in the order of the table: errors of inputs, of AWS, what could not be checked, warnings, and what was accepted.
FAULTS: dict[str, Any] = {
    "supabase_tags": {"managed-by": "hand"},
    "kms_secrets_key_alias": "unit",
    "network_nat": "some",
    "eks_compute": "managed_nodes",
    "eks_nodes_min_size": "many",
    "eks_addons": [{"name": "coredns", "version": "v0.0.1-eksbuild.1"}],
    "rds_engine_version": "9.6",
    "s3_noncurrent_version_days": 0,
    "dns_tls_records": "nobody",
    "cluster_services_node_pool_name": "Pool",
    "supabase_helm_rest_replicas": 0,
    "observability_retention_days": 2,
    "supabase_account_id": "999999999999",
    "network_availability_zones": [f"{REGION}a", f"{REGION}z"],
    "preflight_accepted": ["account", "instance types"],
}
TOLD = [
    "error      inputs of the environment     supabase_tags is",
    "error      inputs of kms_secrets         kms_secrets_key_alias is 'unit'",
    "error      inputs of network             Validation of arguments failed: value of network_nat",
    "error      inputs of eks                 Validation of arguments failed: argument 'eks_nodes_min_size'",
    "error      inputs of rds                 rds_engine_version is '9.6'",
    "error      inputs of s3                  s3_noncurrent_version_days is 0",
    "error      inputs of dns_tls             Validation of arguments failed: value of dns_tls_records",
    "error      inputs of cluster_services    cluster_services_node_pool_name is 'Pool'",
    "error      inputs of supabase_helm       supabase_helm_gateway_replicas is 2, supabase_helm_rest_replicas is 0",
    "error      inputs of observability       observability_retention_days is 2",
    "error      account                       supabase_account_id is 999999999999",
    "error      add-on coredns                EKS does not offer v0.0.1-eksbuild.1",
    f"error      availability zones            {REGION} has no {REGION}z",
    "error      database postgres 9.6         RDS does not offer it",
    "error      name unit                     It is in use in another region: 1 in eu-west-3",
    "unchecked  quota Elastic IP addresses    Could not be checked. ValueError",
    "unchecked  quota NAT gateways of a zone  Could not be checked. ValueError",
    "unchecked  quota vCPUs of instances      Could not be checked. ValueError: invalid literal for int()",
    f"accepted   instance types                {REGION}z has none of",
]


@pytest.fixture
def elsewhere(aws: Any) -> Iterator[None]:
    """Something of the environment's name in another region."""
    state = aws.sandbox.read()
    keys: Any = boto3.session.Session(state["access_key_id"], state["secret_access_key"], region_name="eu-west-3")
    ec2 = keys.client("ec2", endpoint_url=state["aws_endpoint_url"])
    tags = [{"ResourceType": "vpc", "Tags": [{"Key": "supastack:environment", "Value": "unit"}]}]
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16", TagSpecifications=tags)["Vpc"]["VpcId"]
    yield
    ec2.delete_vpc(VpcId=vpc)


@pytest.fixture
def neighbour(aws: Any) -> Iterator[None]:
    """A VPC in the same region that has the addresses which the environment is to have."""
    state = aws.sandbox.read()
    keys: Any = boto3.session.Session(state["access_key_id"], state["secret_access_key"], region_name=REGION)
    ec2 = keys.client("ec2", endpoint_url=state["aws_endpoint_url"])
    vpc = ec2.create_vpc(CidrBlock="10.40.0.0/16")["Vpc"]["VpcId"]
    yield
    ec2.delete_vpc(VpcId=vpc)


@pytest.mark.usefixtures("neighbour")
def test_a_warning_stands_in_nobody_s_way(aws: Any, tmp_path: Path) -> None:
    code, said = preflight(aws, tmp_path)
    assert code == 0, said
    assert "warning    addresses  10.40.0.0/16 overlaps vpc-" in said
    assert "checks were made, 1 findings are to be read" in said
    assert "changed=0" in said


@pytest.mark.usefixtures("elsewhere")
def test_a_bad_inventory_has_every_fault_told_at_once(aws: Any, tmp_path: Path) -> None:
    code, said = preflight(aws, tmp_path, **FAULTS)
    assert code == 2, said
    table = [
        line.strip() for line in said.splitlines() if line.strip().startswith(("error  ", "unchecked", "accepted"))
    ]
    assert len(table) == len(TOLD), "\n".join(table)
    for line, expected in zip(table, TOLD, strict=True):
        assert line.startswith(expected)

# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The end of destroy.yml: names by which something is an environment's, reasons for which it stays, what is told."""

from __future__ import annotations

import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.supastack.aws.plugins.module_utils._environment_resources_kinds import KINDS

from tests.unit.roles.templating import evaluate

PLAYBOOKS = Path(__file__).resolve().parents[3] / "playbooks"
COLLECTION = {"supabase_account_id": "123456789012", "supabase_aws_region": "eu-west-1"}
# Each kind with the variables of the roles that name things of it.
NAMED = [
    ("alarm", "observability", "__observability_alarm_prefix ~ 'x'"),
    ("bucket", "s3", "[s3_bucket_name, s3_log_bucket_name]"),
    ("bucket", "observability", "observability_trail_bucket_name"),
    ("cluster", "eks", "eks_cluster_name"),
    ("composite-alarm", "observability", "__observability_alarm_prefix ~ 'x'"),
    ("dashboard", "observability", "__observability_name"),
    ("db-automated-backup", "rds", "rds_identifier"),
    ("db-instance", "rds", "rds_identifier"),
    ("db-parameter-group", "rds", "__rds_parameter_group"),
    ("db-snapshot", "rds", "__rds_final_snapshot"),
    ("db-subnet-group", "rds", "__rds_subnet_group"),
    ("event-rule", "eks", "__eks_rules | map(attribute='name')"),
    ("event-rule", "observability", "__observability_rules_of_all | map(attribute='name')"),
    ("kms-alias", "kms_secrets", "kms_secrets_key_alias"),
    ("log-group", "network", "__network_log_group"),
    ("log-group", "observability", "__observability_log_groups + [__observability_audit_log]"),
    ("log-group", "rds", "__rds_log_groups"),
    (
        "policy",
        "cluster_services",
        "[cluster_services_environment ~ '-'] | product(__cluster_services_policies) | map('join')",
    ),
    ("policy", "eks", "[__eks_policy_name, __eks_fargate_role_name ~ '-log']"),
    ("policy", "network", "__network_flow_log_role"),
    ("queue", "eks", "__eks_queue_name"),
    ("queue", "observability", "[__observability_queue, __observability_undelivered]"),
    ("role", "eks", "[__eks_role_name, __eks_node_role_name, __eks_fargate_role_name, __eks_ebs_csi_role_name]"),
    ("role", "network", "__network_flow_log_role"),
    ("role", "observability", "[__observability_agent_role, __observability_forwarder]"),
    ("role", "rds", "__rds_monitoring_role"),
    ("role", "s3", "[__s3_storage_role, __s3_replication_role]"),
    ("secret", "kms_secrets", "__kms_secrets_sought_names.values() | list + [__kms_secrets_fingerprint]"),
    ("topic", "observability", "__observability_topic"),
    ("trail", "observability", "__observability_trail_arn.split('/') | last"),
]


LOADED = DataLoader().load_from_file(str(PLAYBOOKS / "vars" / "destroy_left.yml"), trusted_as_template=True)


def variables(**more: Any) -> Templar:
    """The play's variables, and `more` of the inventory."""
    return Templar(DataLoader(), variables={**COLLECTION, "supabase_environment": "blue", **LOADED, **more})


def told(name: str, **more: Any) -> Any:
    """One of them."""
    return variables(**more).template(trust_as_template("{{ " + name + " }}"))


def given(role: str, expression: str, environment: str) -> list[str]:
    """The names that a role gives in an environment."""
    known = {**COLLECTION, "supabase_environment": environment}
    known |= {"observability_cluster_name": f"{environment}-supabase"} if role == "observability" else {}
    names = evaluate(role, expression, **known)
    return [names] if isinstance(names, str) else list(names)


@pytest.mark.parametrize(
    ("kind", "role", "expression"), NAMED, ids=[f"{kind} of {role}" for kind, role, _expression in NAMED]
)
def test_names_of_the_roles_are_known_and_nobody_elses(kind: str, role: str, expression: str) -> None:
    patterns: list[str] = told("destroy_left_names")[kind]
    for environment, wanted in (("blue", True), ("blue-two", False)):
        names = given(role, expression, environment)
        assert names
        assert {
            name: any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns) for name in names
        } == dict.fromkeys(names, wanted)


def test_every_kind_can_be_told_about() -> None:
    kinds = {kind.type for kind in KINDS}
    rules = {kind for rule in told("destroy_left_rules") for kind in rule["types"]}
    # The first has no command of one line, the second is never for somebody to delete.
    assert set(told("destroy_left_commands")) == kinds - {"record", "db-snapshot"}
    assert set(told("destroy_left_names")) | rules | set(told("destroy_left_by_arn")) <= kinds


def one(kind: str, state: str | None = None, **more: Any) -> dict[str, Any]:
    """A resource as the module tells it."""
    return {
        "type": kind,
        "id": f"{kind}-1",
        "name": "x",
        "arn": "arn:1",
        "state": state,
        "until": None,
        "kms_key_arn": None,
        **more,
    }


GIVEN_UP = {"kms_secrets_delete_keys": True, "s3_force_destroy": True, "rds_skip_final_snapshot": True}
TRAIL = "blue-supabase-trail-123456789012-eu-west-1"
ENDING = one("kms-key", "PendingDeletion", until="2026-12-28")


@pytest.mark.parametrize(
    ("resources", "options", "why"),
    [
        ([one("vpc")], {}, ""),
        ([one("instance", "running")], {}, ""),
        ([one("instance", "terminated")], {}, "ended, AWS lists it"),
        ([one("nat-gateway", "deleted")], {}, "deleted, AWS lists it"),
        ([one("nat-gateway", "deleting")], {}, ""),
        ([one("spot-request", "closed")], {}, "ended, AWS lists it"),
        ([one("bucket", "holds objects")], {}, "s3_force_destroy"),
        ([one("bucket", "holds objects")], GIVEN_UP, ""),
        ([one("bucket", "empty")], {}, ""),
        ([one("bucket", "holds objects", id=TRAIL)], GIVEN_UP, "observability_force_destroy_trail is not"),
        ([one("bucket", "holds objects", id=TRAIL)], {"observability_force_destroy_trail": True}, ""),
        ([one("secret")], {}, "kms_secrets_delete_keys"),
        ([one("secret")], GIVEN_UP, ""),
        ([one("secret", "PendingDeletion", until="2026-12-28")], GIVEN_UP, "is deleted for good on 2026-12-28"),
        ([ENDING], {}, "is deleted for good on 2026-12-28"),
        ([one("kms-key", "Enabled")], GIVEN_UP, ""),
        ([one("kms-key", "Enabled"), one("bucket", kms_key_arn="arn:x/kms-key-1")], GIVEN_UP, "is encrypted with it"),
        ([one("kms-alias")], GIVEN_UP, ""),
        ([one("kms-alias"), ENDING], GIVEN_UP, "goes with its key"),
        ([one("db-snapshot", "available")], GIVEN_UP, "no snapshot is ever deleted"),
        ([one("hosted-zone")], {}, ""),
        ([one("hosted-zone", "holds 2 record sets")], {}, "dns_tls did not make"),
        ([one("volume", "available")], {}, "no volume is ever deleted"),
    ],
)  # fmt: skip
def test_why_something_stays(resources: list[dict[str, Any]], options: dict[str, Any], why: str) -> None:
    found = {"resources": resources, "not_checked": []}
    reason = told("destroy_left_judged", destroy_left_found=found, **options)[0]["why"]
    assert why in reason
    assert bool(reason) is bool(why)


def test_the_table_and_what_to_do() -> None:
    found = {
        "resources": [one("vpc"), one("policy"), one("record"), one("secret")],
        "not_checked": [{"service": "rds", "reason": "db-instance: none was listed (AccessDenied: no)"}],
    }
    known = {"destroy_left_found": found, "ansible_check_mode": False}
    lines = told("destroy_left_lines", **known).splitlines()
    assert [line.split()[0] for line in lines] == [
        *("type", "kept", "secret", "left,", "vpc", "policy", "record", "could", "rds,", "3"),
    ]
    assert lines[-1] == "3 left, 1 kept on purpose"
    assert told("destroy_left_remedies", **known) == [
        "aws ec2 delete-vpc --vpc-id vpc-1",
        "aws iam delete-policy --policy-arn arn:1",
        "in the console, record record-1",
    ]
    plan = told("destroy_left_lines", **known | {"ansible_check_mode": True}).splitlines()
    assert "would go" in plan
    assert plan[-1] == "3 would go, 1 kept on purpose"
    known["destroy_left_found"] = {"resources": [], "not_checked": []}
    assert told("destroy_left_lines", **known).splitlines()[-1] == "0 left"


def test_only_what_nobody_explains_is_waited_for() -> None:
    tasks = yaml.safe_load((PLAYBOOKS / "tasks" / "destroy_left.yml").read_text(encoding="utf-8"))
    assert "destroy_left_unexplained | length == 0" in tasks[0]["until"]
    assert told("destroy_left_hosts", supabase_domain="a.example", dns_tls_api_host="b.a.example") == [
        "a.example",
        "b.a.example",
    ]

# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""What preflight.yml asks IAM for: actions that there are, of every role."""

from __future__ import annotations

import re
from pathlib import Path

import botocore.session
import yaml

PLAYBOOKS = Path(__file__).resolve().parents[3] / "playbooks"
PERMISSIONS = (PLAYBOOKS / "vars" / "preflight" / "permissions.yml").read_text(encoding="utf-8")
# Actions that are called otherwise than the operation, or that no operation has:
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
OPERATIONS = {
    "s3:PutEncryptionConfiguration": "PutBucketEncryption",
    "s3:PutLifecycleConfiguration": "PutBucketLifecycleConfiguration",
}
WITHOUT_OPERATION = {"iam:PassRole"}


def test_every_action_is_one_of_aws() -> None:
    session = botocore.session.get_session()
    named = set(re.findall(r"\b[a-z0-9]+:[A-Z]\w+", PERMISSIONS)) - WITHOUT_OPERATION
    services = {action.partition(":")[0] for action in named}
    known = {service: set(session.get_service_model(service).operation_names) for service in services}
    unknown = [
        action
        for action in sorted(named)
        if OPERATIONS.get(action, action.partition(":")[2]) not in known[action.partition(":")[0]]
    ]
    assert unknown == []


def test_every_role_has_its_actions() -> None:
    names = yaml.safe_load((PLAYBOOKS / "tasks" / "roles.yml").read_text(encoding="utf-8"))[0]
    assert set(yaml.safe_load(PERMISSIONS)["preflight_actions"]) == set(
        names["ansible.builtin.set_fact"]["supabase_roles"]
    )

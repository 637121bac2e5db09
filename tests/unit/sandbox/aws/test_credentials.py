# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The route by which the process node gets credentials for a pod."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest
import requests

Create = Callable[..., str]


def _ask(aws: Any, cluster: str, **body: str) -> requests.Response:
    url = f"{aws.sandbox.read()['aws_endpoint_url']}/sandbox/clusters/{cluster}/pod-identity"
    return requests.post(url, json={"namespace": "n", "serviceAccount": "s", "pod": "p-0", **body}, timeout=10)


def _associate(aws: Any, cluster: str, role: str) -> None:
    aws.client("eks").create_pod_identity_association(
        clusterName=cluster, namespace="n", serviceAccount="s", roleArn=role
    )


def test_credentials_are_those_of_the_role(aws: Any, new_cluster: Create) -> None:
    cluster, role = new_cluster(), aws.role("sts:AssumeRole", "sts:TagSession")
    _associate(aws, cluster, role)
    found = _ask(aws, cluster).json()
    assert set(found) == {"AccessKeyId", "SecretAccessKey", "Token", "Expiration", "AccountId"}
    state = aws.sandbox.read()
    session: Any = boto3.session.Session(
        aws_access_key_id=found["AccessKeyId"],
        aws_secret_access_key=found["SecretAccessKey"],
        aws_session_token=found["Token"],
        region_name=state["region"],
    )
    arn = session.client("sts", endpoint_url=state["aws_endpoint_url"]).get_caller_identity()["Arn"]
    assert arn == f"arn:aws:sts::123456789012:assumed-role/{role.rpartition('/')[2]}/eks-{cluster}-p-0"


def test_no_association(aws: Any, new_cluster: Create) -> None:
    answer = _ask(aws, new_cluster())
    assert answer.status_code == 404
    assert "No pod identity association" in answer.json()["message"]


def test_unknown_cluster(aws: Any) -> None:
    assert _ask(aws, "none").status_code == 404


@pytest.mark.parametrize(
    ("actions", "service", "missing"),
    [
        (["sts:AssumeRole"], "pods.eks.amazonaws.com", "sts:TagSession"),
        (["sts:TagSession"], "pods.eks.amazonaws.com", "sts:AssumeRole"),
        (["sts:AssumeRole", "sts:TagSession"], "ec2.amazonaws.com", "sts:AssumeRole and sts:TagSession"),
    ],
)
def test_trust_policy_must_allow_both_actions(
    aws: Any, new_cluster: Create, actions: list[str], service: str, missing: str
) -> None:
    cluster = new_cluster()
    _associate(aws, cluster, aws.role(*actions, service=service))
    answer = _ask(aws, cluster)
    assert answer.status_code == 404
    assert answer.json()["message"].endswith(f"does not allow pods.eks.amazonaws.com {missing}.")


def test_role_that_was_deleted(aws: Any, new_cluster: Create) -> None:
    cluster, role = new_cluster(), aws.role("sts:AssumeRole", "sts:TagSession")
    _associate(aws, cluster, role)
    aws.client("iam").delete_role(RoleName=role.rpartition("/")[2])
    assert "does not exist" in _ask(aws, cluster).json()["message"]


def test_unknown_route(aws: Any) -> None:
    answer = requests.get(f"{aws.sandbox.read()['aws_endpoint_url']}/sandbox/none", timeout=10)
    assert answer.status_code == 404
    assert "not a route" in answer.json()["message"]

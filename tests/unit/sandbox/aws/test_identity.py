# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Who may call: the sandbox's own key, keys that IAM and STS issued, and nobody else."""

from __future__ import annotations

import uuid
from typing import Any

import boto3
import pytest
import requests
from botocore.exceptions import ClientError

REFUSALS = [
    ("sts", "get_caller_identity", "InvalidClientTokenId"),
    ("iam", "list_users", "InvalidClientTokenId"),
    ("rds", "describe_db_instances", "InvalidClientTokenId"),
    ("ec2", "describe_vpcs", "AuthFailure"),
    ("s3", "list_buckets", "InvalidAccessKeyId"),
    ("eks", "list_clusters", "UnrecognizedClientException"),
    ("cloudwatch", "list_dashboards", "UnrecognizedClientException"),
    ("kms", "list_keys", "UnrecognizedClientException"),
    ("secretsmanager", "list_secrets", "UnrecognizedClientException"),
]


def _client(aws: Any, service: str, key: str, secret: str, token: str | None = None) -> Any:
    state = aws.sandbox.read()
    session: Any = boto3.session.Session(
        aws_access_key_id=key, aws_secret_access_key=secret, aws_session_token=token, region_name=state["region"]
    )
    return session.client(service, endpoint_url=state["aws_endpoint_url"])


def test_the_sandbox_key_is_an_iam_user(aws: Any) -> None:
    identity = aws.client("sts").get_caller_identity()
    assert identity["Arn"] == "arn:aws:iam::123456789012:user/supastack"
    assert identity["Account"] == "123456789012"


def test_managed_policies_of_aws_exist(aws: Any) -> None:
    arn = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
    assert aws.client("iam").get_policy(PolicyArn=arn)["Policy"]["Arn"] == arn


@pytest.mark.parametrize(("service", "operation", "code"), REFUSALS)
def test_unknown_keys_are_refused(aws: Any, service: str, operation: str, code: str) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(_client(aws, service, "AKIAIOSFODNN7EXAMPLE", "x" * 40), operation)()
    assert refused.value.response["Error"]["Code"] == code
    assert "sandbox-env" in refused.value.response["Error"]["Message"]


def test_keys_that_iam_issues_work(aws: Any) -> None:
    iam, name = aws.client("iam"), f"user-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    sts = _client(aws, "sts", key["AccessKeyId"], key["SecretAccessKey"])
    assert sts.get_caller_identity()["Arn"].endswith(f":user/{name}")
    iam.update_access_key(UserName=name, AccessKeyId=key["AccessKeyId"], Status="Inactive")
    with pytest.raises(ClientError, match="invalid"):
        sts.get_caller_identity()


def test_presigned_caller_identity(aws: Any) -> None:
    url = aws.client("sts").generate_presigned_url("get_caller_identity", HttpMethod="GET", ExpiresIn=60)
    answer = requests.get(url, timeout=10)
    assert answer.status_code == 200
    assert "<Arn>arn:aws:iam::123456789012:user/supastack</Arn>" in answer.text


def test_presigned_with_a_wrong_secret(aws: Any) -> None:
    sts = _client(aws, "sts", aws.sandbox.read()["access_key_id"], "wrong")
    url = sts.generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET")
    answer = requests.get(url, timeout=10)
    assert answer.status_code == 403
    assert "SignatureDoesNotMatch" in answer.text


def test_presigned_with_an_unknown_key(aws: Any) -> None:
    sts = _client(aws, "sts", "AKIAIOSFODNN7EXAMPLE", "x" * 40)
    url = sts.generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET")
    answer = requests.get(url, timeout=10)
    assert answer.status_code == 403
    assert "InvalidClientTokenId" in answer.text


def test_presigned_for_another_service_still_reaches_it(aws: Any) -> None:
    s3, bucket = aws.client("s3"), f"b-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"})
    assert requests.get(url, timeout=10).content == b"x"
    other = url.replace(aws.sandbox.read()["access_key_id"], "AKIAIOSFODNN7EXAMPLE")
    assert requests.get(other, timeout=10).status_code == 403

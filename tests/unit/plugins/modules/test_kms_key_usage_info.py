# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module kms_key_usage_info."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.modules import kms_key_usage_info

ID = "01234567-89ab-cdef-0123-456789abcdef"
PLACE = "eu-west-1:123456789012"
KEY = f"arn:aws:kms:{PLACE}:key/{ID}"
ALIAS = "alias/production-supabase"
OTHER = f"{KEY[:-1]}0"
OPTIONS = {"key_id": ALIAS}
TAGS = {"team": "platform"}
TAG_LIST = [{"Key": "team", "Value": "platform"}]
QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/{}"
Call = tuple[str, dict[str, Any], Any]

KMS: list[Call] = [
    ("describe_key", {"KeyId": ALIAS}, {"KeyMetadata": {"KeyId": ID, "Arn": KEY}}),
    (
        "list_aliases",
        {"KeyId": ID},
        {"Aliases": [{"AliasName": ALIAS, "AliasArn": f"arn:aws:kms:{PLACE}:{ALIAS}", "TargetKeyId": ID}]},
    ),
]


def instance(name: str, **keys: Any) -> dict[str, Any]:
    return {
        "DBInstanceIdentifier": name,
        "DBInstanceArn": f"arn:aws:rds:{PLACE}:db:{name}",
        "TagList": TAG_LIST,
        **keys,
    }


def snapshot(name: str, kind: str, key: str = KEY) -> dict[str, Any]:
    arn = f"arn:aws:rds:{PLACE}:snapshot:{name}"
    names = {"DBSnapshotIdentifier": name, "DBSnapshotArn": arn, "DBInstanceIdentifier": "db"}
    return {**names, "SnapshotType": kind, "KmsKeyId": key, "TagList": TAG_LIST}


def backup(name: str, status: str) -> dict[str, Any]:
    arn = f"arn:aws:rds:{PLACE}:auto-backup:{name}"
    return {"DBInstanceIdentifier": name, "DBInstanceAutomatedBackupsArn": arn, "Status": status, "KmsKeyId": KEY}


def encryption(name: str, key: str) -> Call:
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    return ("get_bucket_encryption", {"Bucket": name}, {"ServerSideEncryptionConfiguration": {"Rules": [rule]}})


def topic(name: str, answer: Any) -> Call:
    return ("get_topic_attributes", {"TopicArn": f"arn:aws:sns:{PLACE}:{name}"}, answer)


def queue(name: str, answer: Any) -> Call:
    request = {"QueueUrl": QUEUE.format(name), "AttributeNames": ["KmsMasterKeyId", "QueueArn"]}
    return ("get_queue_attributes", request, answer)


def cluster(name: str, key: str) -> Call:
    config = [{"resources": ["secrets"], "provider": {"keyArn": key}}]
    described = {"name": name, "arn": f"arn:aws:eks:{PLACE}:cluster/{name}", "encryptionConfig": config, "tags": TAGS}
    return ("describe_cluster", {"name": name}, {"cluster": described})


ENCRYPTED = [{"Name": "encrypted", "Values": ["true"]}]
BUCKETS = ["plain", "mine", "empty", "other", "gone", "closed"]
SERVICES: dict[str, list[Call]] = {
    "rds": [
        (
            "describe_db_instances",
            {},
            {
                "DBInstances": [
                    instance("db", KmsKeyId=KEY),
                    instance("secret", KmsKeyId=OTHER, MasterUserSecret={"KmsKeyId": KEY}),
                    instance("insights", PerformanceInsightsKMSKeyId=KEY),
                    instance("other", KmsKeyId=OTHER),
                ]
            },
        ),
        (
            "describe_db_snapshots",
            {},
            {
                "DBSnapshots": [
                    snapshot("final", "manual"),
                    snapshot("rds:db", "automated"),
                    snapshot("o", "manual", OTHER),
                ]
            },
        ),
        (
            "describe_db_instance_automated_backups",
            {},
            {"DBInstanceAutomatedBackups": [backup("db", "active"), backup("old", "retained")]},
        ),
    ],
    "s3": [
        ("list_buckets", {}, {"Buckets": [{"Name": name} for name in BUCKETS]}),
        ("get_bucket_encryption", {"Bucket": "plain"}, "ServerSideEncryptionConfigurationNotFoundError: none"),
        encryption("mine", ID),
        ("list_object_versions", {"Bucket": "mine"}, {"DeleteMarkers": [{"Key": "a", "VersionId": "1"}]}),
        ("get_bucket_tagging", {"Bucket": "mine"}, {"TagSet": TAG_LIST}),
        encryption("empty", f"arn:aws:kms:{PLACE}:{ALIAS}"),
        ("list_object_versions", {"Bucket": "empty"}, {}),
        ("get_bucket_tagging", {"Bucket": "empty"}, "NoSuchTagSet: none"),
        encryption("other", OTHER),
        ("get_bucket_encryption", {"Bucket": "gone"}, "NoSuchBucket: gone"),
        ("get_bucket_encryption", {"Bucket": "closed"}, "AccessDenied: not authorized"),
    ],
    "logs": [
        (
            "describe_log_groups",
            {},
            {
                "logGroups": [
                    {"logGroupName": "mine", "arn": f"arn:aws:logs:{PLACE}:log-group:mine:*", "kmsKeyId": KEY},
                    {"logGroupName": "plain", "arn": f"arn:aws:logs:{PLACE}:log-group:plain:*"},
                ]
            },
        ),
        ("list_tags_for_resource", {"resourceArn": f"arn:aws:logs:{PLACE}:log-group:mine"}, {"tags": TAGS}),
    ],
    "ec2": [
        (
            "describe_volumes",
            {"Filters": ENCRYPTED},
            {
                "Volumes": [
                    {"VolumeId": "vol-1", "KmsKeyId": KEY, "State": "available", "Tags": TAG_LIST},
                    {"VolumeId": "vol-2", "KmsKeyId": KEY, "State": "deleting"},
                    {"VolumeId": "vol-3", "KmsKeyId": OTHER, "State": "in-use"},
                ]
            },
        ),
        (
            "describe_snapshots",
            {"Filters": ENCRYPTED, "OwnerIds": ["self"]},
            {"Snapshots": [{"SnapshotId": "snap-1", "KmsKeyId": KEY, "State": "completed"}]},
        ),
    ],
    "sns": [
        ("list_topics", {}, {"Topics": [{"TopicArn": f"arn:aws:sns:{PLACE}:{name}"} for name in ("a", "b", "c")]}),
        topic("a", {"Attributes": {"KmsMasterKeyId": ALIAS}}),
        ("list_tags_for_resource", {"ResourceArn": f"arn:aws:sns:{PLACE}:a"}, {"Tags": TAG_LIST}),
        topic("b", {"Attributes": {}}),
        topic("c", "NotFound: Topic does not exist"),
    ],
    "sqs": [
        ("list_queues", {}, {"QueueUrls": [QUEUE.format(name) for name in "abc"]}),
        queue("a", {"Attributes": {"KmsMasterKeyId": KEY, "QueueArn": f"arn:aws:sqs:{PLACE}:a"}}),
        ("list_queue_tags", {"QueueUrl": QUEUE.format("a")}, {"Tags": TAGS}),
        queue("b", {"Attributes": {"QueueArn": f"arn:aws:sqs:{PLACE}:b"}}),
        queue("c", "AWS.SimpleQueueService.NonExistentQueue: The specified queue does not exist."),
    ],
    "eks": [
        ("list_clusters", {}, {"clusters": ["mine", "other", "gone"]}),
        cluster("mine", KEY),
        cluster("other", OTHER),
        ("describe_cluster", {"name": "gone"}, "ResourceNotFoundException: gone"),
    ],
    "secretsmanager": [
        (
            "list_secrets",
            {},
            {
                "SecretList": [
                    {"Name": "a", "ARN": f"arn:aws:secretsmanager:{PLACE}:secret:a-AbCdEf", "KmsKeyId": KEY},
                    {"Name": "b", "ARN": f"arn:aws:secretsmanager:{PLACE}:secret:b-AbCdEf"},
                ]
            },
        )
    ],
}
USERS: dict[tuple[str, str], dict[str, Any]] = {
    # type and name -> what else is told
    ("rds_instance", "db"): {"arn": f"arn:aws:rds:{PLACE}:db:db", "tags": TAGS},
    ("rds_instance", "secret"): {},
    ("rds_instance", "insights"): {},
    ("rds_snapshot", "final"): {"arn": f"arn:aws:rds:{PLACE}:snapshot:final", "tags": TAGS, "of_instance": None},
    ("rds_snapshot", "rds:db"): {"of_instance": "db"},
    ("rds_automated_backup", "old"): {"arn": f"arn:aws:rds:{PLACE}:auto-backup:old"},
    ("s3_bucket", "mine"): {"arn": "arn:aws:s3:::mine", "tags": TAGS, "empty": False, "problem": None},
    ("s3_bucket", "empty"): {"tags": {}, "empty": True},
    ("s3_bucket", "closed"): {"empty": None, "problem": "AccessDenied: not authorized"},
    ("log_group", "mine"): {"arn": f"arn:aws:logs:{PLACE}:log-group:mine", "tags": TAGS},
    ("ebs_volume", "vol-1"): {"arn": f"arn:aws:ec2:{PLACE}:volume/vol-1", "tags": TAGS},
    ("ebs_snapshot", "snap-1"): {"arn": f"arn:aws:ec2:{PLACE}:snapshot/snap-1", "tags": {}},
    ("sns_topic", "a"): {"arn": f"arn:aws:sns:{PLACE}:a", "tags": TAGS},
    ("sqs_queue", "a"): {"arn": f"arn:aws:sqs:{PLACE}:a", "tags": TAGS},
    ("eks_cluster", "mine"): {"arn": f"arn:aws:eks:{PLACE}:cluster/mine", "tags": TAGS},
    ("secret", "a"): {"arn": f"arn:aws:secretsmanager:{PLACE}:secret:a-AbCdEf", "tags": {}},
}


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
def test_everything_that_the_key_encrypts_is_told(run_module: Callable[..., Any], check_mode: bool) -> None:
    services = {"kms": KMS, **SERVICES}
    outcome = run_module(kms_key_usage_info, OPTIONS, services=services, check_mode=check_mode)
    assert outcome.result["changed"] is False
    found = {(user["type"], user["name"]): user for user in outcome.result["users"]}
    assert list(found) == list(USERS)
    assert {key: {part: found[key][part] for part in told} for key, told in USERS.items()} == USERS


def test_a_key_that_does_not_exist_is_used_by_nothing(run_module: Callable[..., Any]) -> None:
    steps = [(*KMS[0][:2], "NotFoundException: Alias is not found.")]
    assert run_module(kms_key_usage_info, OPTIONS, steps).result["users"] == []


def test_what_could_not_be_looked_at_is_no_pass(run_module: Callable[..., Any]) -> None:
    denied = {"kms": KMS, "rds": [("describe_db_instances", {}, "AccessDenied: not authorized to perform: rds:x")]}
    message = run_module(kms_key_usage_info, OPTIONS, services=denied).message
    assert "Failed to list what the key may encrypt: describe_db_instances" in message
    assert "rds:x" in message

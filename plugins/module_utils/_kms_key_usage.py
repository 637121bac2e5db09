# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is encrypted with a KMS key, asked of the services that encrypt: KMS itself does not know."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._errors import (
    SDK_ERRORS,
    error_code,
    error_message,
    failing_to,
    none_when,
)
from ansible_collections.supastack.aws.plugins.module_utils._retries import unthrottled
from ansible_collections.supastack.aws.plugins.module_utils._s3_bucket_deletion import first_objects
from ansible_collections.supastack.aws.plugins.module_utils._tags import Tags, tags_of

Client = t.Callable[[str], t.Any]
# Of a bucket, queue or topic that was deleted since it was listed, or that has no such setting.
NO_BUCKET = ("NoSuchBucket", "ServerSideEncryptionConfigurationNotFoundError")
NO_TAGS = ("NoSuchBucket", "NoSuchTagSet")
NO_QUEUE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")


@dataclasses.dataclass(frozen=True)
class Key:
    """A key, and all the ways in which a service may name it."""

    arn: str
    names: frozenset[str]

    def of(self, items: t.Iterable[Plain], member: str = "KmsKeyId") -> list[Plain]:
        """Return the described items that are encrypted with the key."""
        return [dict(item) for item in items if item.get(member) in self.names]


def user(kind: str, name: str, arn: str, tags: Tags, **more: t.Any) -> Plain:
    """Return what the module tells of something that is encrypted with the key."""
    return {
        "type": kind,
        "name": name,
        "arn": arn,
        "tags": tags,
        "empty": None,
        "of_instance": None,
        "problem": None,
        **more,
    }


@failing_to("describe the key {key_id}")
@none_when("NotFoundException")
@unthrottled
def find_key(client: t.Any, key_id: str) -> Key | None:
    """Return a key by its identifier, ARN or alias, None when there is none."""
    metadata = client.describe_key(KeyId=key_id)["KeyMetadata"]
    pages = client.get_paginator("list_aliases").paginate(KeyId=metadata["KeyId"])
    aliases = [text for page in pages for alias in page["Aliases"] for text in (alias["AliasName"], alias["AliasArn"])]
    return Key(metadata["Arn"], frozenset([metadata["Arn"], metadata["KeyId"], *aliases]))


@failing_to("list what the key may encrypt: {operation}")
@unthrottled
def listed(client: t.Any, operation: str, member: str, **request: t.Any) -> list[t.Any]:
    """Return all pages of a list."""
    return [item for page in client.get_paginator(operation).paginate(**request) for item in page.get(member, [])]


def rds_users(client: t.Any, key: Key) -> list[Plain]:
    """Return database instances, and what is kept of them: snapshots of both kinds and retained backups."""
    instances = [
        user("rds_instance", item["DBInstanceIdentifier"], item["DBInstanceArn"], tags_of({"Tags": item["TagList"]}))
        for item in listed(client, "describe_db_instances", "DBInstances")
        if key.of([item, item.get("MasterUserSecret", {})]) or key.of([item], "PerformanceInsightsKMSKeyId")
    ]
    snapshots = [
        user(
            "rds_snapshot",
            item["DBSnapshotIdentifier"],
            item["DBSnapshotArn"],
            tags_of({"Tags": item.get("TagList", [])}),
            # These go with their instance, the others stay.
            of_instance=item["DBInstanceIdentifier"] if item["SnapshotType"] == "automated" else None,
        )
        for item in key.of(listed(client, "describe_db_snapshots", "DBSnapshots"))
    ]
    backups = [
        user("rds_automated_backup", item["DBInstanceIdentifier"], item["DBInstanceAutomatedBackupsArn"], {})
        for item in key.of(listed(client, "describe_db_instance_automated_backups", "DBInstanceAutomatedBackups"))
        # One that is active belongs to an instance.
        if item["Status"] == "retained"
    ]
    return [*instances, *snapshots, *backups]


@failing_to("list the buckets of the account")
@unthrottled
def list_buckets(client: t.Any) -> list[str]:
    """Return the names of the account's buckets."""
    return [str(bucket["Name"]) for bucket in client.list_buckets()["Buckets"]]


@none_when(*NO_BUCKET)
@unthrottled
def bucket_keys(client: t.Any, name: str) -> list[Plain]:
    """Return the keys by which a bucket encrypts new objects."""
    rules = client.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    return [rule.get("ApplyServerSideEncryptionByDefault", {}) for rule in rules]


@failing_to("read the tags of the bucket {name}")
@none_when(*NO_TAGS)
@unthrottled
def bucket_tags(client: t.Any, name: str) -> Tags:
    """Return the tags of a bucket."""
    return tags_of({"Tags": client.get_bucket_tagging(Bucket=name)["TagSet"]})


def bucket_user(client: t.Any, key: Key, name: str) -> list[Plain]:
    """Return a bucket that encrypts with the key, or one that does not let itself be looked at, which may."""
    arn = f"arn:{client.meta.partition}:s3:::{name}"
    try:
        keys = bucket_keys(client, name) or []
    except SDK_ERRORS as error:
        return [user("s3_bucket", name, arn, {}, problem=f"{error_code(error)}: {error_message(error)}")]
    if not key.of(keys, "KMSMasterKeyID"):
        return []
    held = first_objects(client, name) or {}
    empty = not (held.get("Versions") or held.get("DeleteMarkers"))
    return [user("s3_bucket", name, arn, bucket_tags(client, name) or {}, empty=empty)]


def s3_users(client: t.Any, key: Key) -> list[Plain]:
    """Return the buckets."""
    return [found for name in list_buckets(client) for found in bucket_user(client, key, name)]


@failing_to("list the tags of the log group {arn}")
@unthrottled
def log_group_tags(client: t.Any, arn: str) -> Tags:
    """Return the tags of a log group."""
    return dict(client.list_tags_for_resource(resourceArn=arn)["tags"])


def logs_users(client: t.Any, key: Key) -> list[Plain]:
    """Return the log groups."""
    found = key.of(listed(client, "describe_log_groups", "logGroups"), "kmsKeyId")
    # The other ARN of a group ends with :*, which its tags are not found by.
    arns = {item["logGroupName"]: item["arn"].removesuffix(":*") for item in found}
    return [user("log_group", name, arn, log_group_tags(client, arn)) for name, arn in arns.items()]


def ec2_users(client: t.Any, key: Key) -> list[Plain]:
    """Return the volumes and the snapshots of volumes."""
    encrypted: Plain = {"Filters": [{"Name": "encrypted", "Values": ["true"]}]}
    volumes = key.of(listed(client, "describe_volumes", "Volumes", **encrypted))
    snapshots = key.of(listed(client, "describe_snapshots", "Snapshots", OwnerIds=["self"], **encrypted))
    # EC2 tells no ARNs of them.
    prefix = key.arn.replace(":kms:", ":ec2:").partition(":key/")[0]
    return [
        user(f"ebs_{kind}", item[member], f"{prefix}:{kind}/{item[member]}", tags_of(item))
        for kind, member, items in (("volume", "VolumeId", volumes), ("snapshot", "SnapshotId", snapshots))
        for item in items
        if item["State"] not in ("deleting", "deleted")
    ]


@failing_to("read the topic {arn}")
@none_when("NotFound")
@unthrottled
def topic_user(client: t.Any, key: Key, arn: str) -> list[Plain]:
    """Return a topic that encrypts with the key."""
    if not key.of([client.get_topic_attributes(TopicArn=arn)["Attributes"]], "KmsMasterKeyId"):
        return []
    tags = tags_of(client.list_tags_for_resource(ResourceArn=arn))
    return [user("sns_topic", arn.rpartition(":")[2], arn, tags)]


def sns_users(client: t.Any, key: Key) -> list[Plain]:
    """Return the topics."""
    topics = listed(client, "list_topics", "Topics")
    return [found for topic in topics for found in topic_user(client, key, topic["TopicArn"]) or []]


@failing_to("read the queue {url}")
@none_when(*NO_QUEUE)
@unthrottled
def queue_user(client: t.Any, key: Key, url: str) -> list[Plain]:
    """Return a queue that encrypts with the key."""
    request = {"QueueUrl": url, "AttributeNames": ["KmsMasterKeyId", "QueueArn"]}
    attributes = client.get_queue_attributes(**request).get("Attributes", {})
    if not key.of([attributes], "KmsMasterKeyId"):
        return []
    tags = dict(client.list_queue_tags(QueueUrl=url).get("Tags", {}))
    return [user("sqs_queue", url.rpartition("/")[2], attributes["QueueArn"], tags)]


def sqs_users(client: t.Any, key: Key) -> list[Plain]:
    """Return the queues."""
    return [found for url in listed(client, "list_queues", "QueueUrls") for found in queue_user(client, key, url) or []]


@failing_to("describe the EKS cluster {name}")
@none_when("ResourceNotFoundException")
@unthrottled
def cluster_user(client: t.Any, key: Key, name: str) -> list[Plain]:
    """Return a cluster whose secrets are encrypted with the key."""
    cluster = client.describe_cluster(name=name)["cluster"]
    providers = [config.get("provider", {}) for config in cluster.get("encryptionConfig", [])]
    used = key.of(providers, "keyArn")
    return [user("eks_cluster", name, cluster["arn"], dict(cluster.get("tags", {})))] if used else []


def eks_users(client: t.Any, key: Key) -> list[Plain]:
    """Return the clusters."""
    names = listed(client, "list_clusters", "clusters")
    return [found for name in names for found in cluster_user(client, key, name) or []]


def secrets_users(client: t.Any, key: Key) -> list[Plain]:
    """Return the secrets that are not about to be deleted."""
    found = key.of(listed(client, "list_secrets", "SecretList"))
    return [user("secret", item["Name"], item["ARN"], tags_of(item)) for item in found]


SERVICES: dict[str, t.Callable[[t.Any, Key], list[Plain]]] = {
    "rds": rds_users,
    "s3": s3_users,
    "logs": logs_users,
    "ec2": ec2_users,
    "sns": sns_users,
    "sqs": sqs_users,
    "eks": eks_users,
    "secretsmanager": secrets_users,
}


def users_of(client: Client, key: Key) -> list[Plain]:
    """Return everything in the key's region that is encrypted with it.

    :param client: returns the client of a service.
    """
    return [found for service, find in SERVICES.items() for found in find(client(service), key)]

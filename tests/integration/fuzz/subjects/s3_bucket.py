# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subject s3_bucket."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError
from hypothesis import strategies as st

from tests.integration.fuzz.subject import TAGS, Clients, Options, Subject, Wishes, some, tags_of

TARGET = "fuzz-target"
ROLE = "arn:aws:iam::123456789012:role/replication"
DAYS = st.integers(1, 400)


def policy(*statements: Options) -> Options:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": [*statements]}


def tls_only(name: str, condition: Options) -> Options:
    """A statement that denies what comes without good TLS."""
    resources = [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]
    return {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": resources, "Condition": condition}


TLS = tls_only(TARGET, {"Bool": {"aws:SecureTransport": "false"}})
OLD_TLS = tls_only(TARGET, {"NumericLessThan": {"s3:TlsVersion": "1.2"}})
LOGS = {
    "Effect": "Allow",
    "Principal": {"Service": "logging.s3.amazonaws.com"},
    "Action": "s3:PutObject",
    "Resource": f"arn:aws:s3:::{TARGET}/*",
}


def prepare(clients: Clients) -> Options:
    """A key, and a bucket that takes logs."""
    location = {"LocationConstraint": clients("s3").meta.region_name}
    clients("s3").create_bucket(Bucket=TARGET, CreateBucketConfiguration=location)
    clients("s3").put_bucket_policy(Bucket=TARGET, Policy=json.dumps(policy(TLS, LOGS)))
    return {"key_arn": clients("kms").create_key()["KeyMetadata"]["Arn"]}


def place(_world: Options, text: str) -> Options:
    return {"name": f"fuzz-{text}"}


def lifecycle_rules() -> st.SearchStrategy[list[Options]]:
    """Lifecycle rules of every kind, each of which does something."""
    base = {"enabled": st.booleans(), "prefix": st.sampled_from(["", "a/"])}
    kinds: dict[str, dict[str, st.SearchStrategy[Any]]] = {
        "uploads": {"abort_incomplete_multipart_upload_days": DAYS},
        "old": {"noncurrent_version_expiration_days": DAYS, "newer_noncurrent_versions": st.integers(0, 100)},
        "days": {"expiration_days": DAYS},
        "markers": {"expired_object_delete_marker": st.just(True)},
    }
    rules = [st.fixed_dictionaries({"id": st.just(name), **kind}, optional=base) for name, kind in kinds.items()]
    return st.lists(st.one_of(rules), unique_by=lambda rule: str(rule["id"]))


def replications(key_arn: str) -> st.SearchStrategy[Options]:
    """Replication by one or two rules, or none."""

    def rule(name: str, priority: int) -> Wishes:
        optional = {
            "enabled": st.booleans(),
            "prefix": st.sampled_from(["", "a/"]),
            "delete_markers": st.booleans(),
            "destination_kms_key_arn": st.sampled_from(["", key_arn]),
        }
        fixed = {"id": name, "priority": priority, "destination_bucket_arn": f"arn:aws:s3:::{TARGET}"}
        return st.fixed_dictionaries({key: st.just(value) for key, value in fixed.items()}, optional=optional)

    rules = st.tuples(rule("one", 1), rule("two", 2)).flatmap(lambda pair: st.sampled_from([[pair[0]], [*pair]]))
    return st.builds(dict, role_arn=st.just(ROLE), rules=rules) | st.just({})


def wishes(world: Options) -> Wishes:
    return st.builds(dict.__or__, settings(world), versions(world))


def versions(world: Options) -> Wishes:
    """Versioning and replication, of which the second needs the first."""
    return st.one_of(
        st.just({}),
        st.just({"versioning": False, "replication": {}}),
        st.fixed_dictionaries({"versioning": st.just(True)}, optional={"replication": replications(world["key_arn"])}),
    )


def settings(world: Options) -> Wishes:
    """Everything that goes with everything."""
    logging = st.fixed_dictionaries({"target_bucket": st.just(TARGET)}, optional={"target_prefix": st.just("s3/")})
    return some(
        public_access_block=st.booleans(),
        kms_key_arn=st.sampled_from(["", world["key_arn"]]),
        bucket_key_enabled=st.booleans(),
        policy=st.sampled_from([{}, policy(TLS), policy(OLD_TLS, TLS)]),
        lifecycle_rules=lifecycle_rules(),
        logging=logging | st.just({}),
        object_ownership=st.sampled_from(["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"]),
        tags=TAGS,
    )


def observe(clients: Clients, options: Options) -> Options | None:
    s3, name = clients("s3"), options["name"]
    if answer(s3.head_bucket, name) is None:
        return None
    rule = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"][0]
    block = (answer(s3.get_public_access_block, name) or {}).get("PublicAccessBlockConfiguration", {})
    return {
        "public_access_block": bool(block) and all(block.values()),
        "kms_key_arn": rule["ApplyServerSideEncryptionByDefault"].get("KMSMasterKeyID", ""),
        "bucket_key_enabled": rule.get("BucketKeyEnabled", False),
        "versioning": s3.get_bucket_versioning(Bucket=name).get("Status") == "Enabled",
        "object_ownership": s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"][0][
            "ObjectOwnership"
        ],
        "policy": json.loads((answer(s3.get_bucket_policy, name) or {"Policy": "{}"})["Policy"]),
        "lifecycle_rules": [
            lifecycle_rule(rule)
            for rule in (answer(s3.get_bucket_lifecycle_configuration, name) or {"Rules": []})["Rules"]
        ],
        "logging": logging_of(s3.get_bucket_logging(Bucket=name).get("LoggingEnabled")),
        "replication": replication((answer(s3.get_bucket_replication, name) or {}).get("ReplicationConfiguration")),
        "tags": tags_of((answer(s3.get_bucket_tagging, name) or {"TagSet": []})["TagSet"]),
    }


def logging_of(found: Options | None) -> Options:
    """Access logging under the names of the options."""
    return {"target_bucket": found["TargetBucket"], "target_prefix": found["TargetPrefix"]} if found else {}


def lifecycle_rule(rule: Options) -> Options:
    """A lifecycle rule under the names of the options."""
    old, expiration = rule.get("NoncurrentVersionExpiration", {}), rule.get("Expiration", {})
    uploads = rule.get("AbortIncompleteMultipartUpload", {})
    return {
        "id": rule["ID"],
        "enabled": rule["Status"] == "Enabled",
        "prefix": rule["Filter"]["Prefix"],
        "abort_incomplete_multipart_upload_days": uploads.get("DaysAfterInitiation"),
        "noncurrent_version_expiration_days": old.get("NoncurrentDays"),
        "newer_noncurrent_versions": old.get("NewerNoncurrentVersions"),
        "expiration_days": expiration.get("Days"),
        "expired_object_delete_marker": expiration.get("ExpiredObjectDeleteMarker", False),
    }


def replication(found: Options | None) -> Options:
    """A replication under the names of the options."""
    return {"role_arn": found["Role"], "rules": [replication_rule(rule) for rule in found["Rules"]]} if found else {}


def replication_rule(rule: Options) -> Options:
    """A replication rule under the names of the options."""
    key = rule["Destination"].get("EncryptionConfiguration", {}).get("ReplicaKmsKeyID", "")
    assert bool(key) == ("SourceSelectionCriteria" in rule)
    return {
        "id": rule["ID"],
        "enabled": rule["Status"] == "Enabled",
        "priority": rule["Priority"],
        "prefix": rule["Filter"]["Prefix"],
        "delete_markers": rule["DeleteMarkerReplication"]["Status"] == "Enabled",
        "destination_bucket_arn": rule["Destination"]["Bucket"],
        "destination_kms_key_arn": key,
    }


def as_asked(wanted: Options, found: Options) -> Options:
    """What was found, in rules only the members that the wish has too. A number of kept versions of 0 is none."""
    reduced = dict(found)
    if "lifecycle_rules" in wanted:
        reduced["lifecycle_rules"] = alike(wanted["lifecycle_rules"], found["lifecycle_rules"])
    if wanted.get("logging"):
        reduced["logging"] = {name: found["logging"].get(name) for name in wanted["logging"]}
    if wanted.get("replication"):
        rules = alike(wanted["replication"]["rules"], found["replication"].get("rules", []))
        reduced["replication"] = {"role_arn": found["replication"].get("role_arn"), "rules": rules}
    return reduced


def alike(wanted: list[Options], found: list[Options]) -> list[Options]:
    """Rules with the members that the wanted ones of the same id have; those without one stay whole."""
    members = {rule["id"]: rule for rule in wanted}
    kept = "newer_noncurrent_versions"
    return [
        {
            name: 0 if name == kept and value is None else value
            for name, value in rule.items()
            if name in members.get(rule["id"], rule)
        }
        for rule in found
    ]


def answer(call: Callable[..., Any], name: str) -> Any:
    """What S3 answers about a bucket, None for what is not there."""
    try:
        return call(Bucket=name)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return None
        raise


SUBJECT = Subject(
    module="s3_bucket",
    key="bucket",
    prepare=prepare,
    place=place,
    wishes=wishes,
    observe=observe,
    as_asked=as_asked,
)

# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subject s3_bucket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError
from hypothesis import strategies as st

from tests.integration.fuzz.subject import TAGS, Clients, Options, Subject, Wishes, some, tags_of


def prepare(clients: Clients) -> Options:
    return {"key_arn": clients("kms").create_key()["KeyMetadata"]["Arn"]}


def place(_world: Options, text: str) -> Options:
    return {"name": f"fuzz-{text}"}


def wishes(world: Options) -> Wishes:
    return some(
        public_access_block=st.booleans(),
        kms_key_arn=st.sampled_from(["", world["key_arn"]]),
        bucket_key_enabled=st.booleans(),
        versioning=st.booleans(),
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
        "tags": tags_of((answer(s3.get_bucket_tagging, name) or {"TagSet": []})["TagSet"]),
    }


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
)

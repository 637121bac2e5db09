# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of an S3 bucket to its end, with its objects when that is asked for."""

from __future__ import annotations

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._errors import (
    SDK_ERRORS,
    error_code,
    failing_to,
    none_when,
)
from ansible_collections.supastack.aws.plugins.module_utils._retries import unthrottled

# Access logs come hours after what they tell of, so that a bucket may get some while it is being emptied.
PASSES = 3


@failing_to("look for objects in the bucket {name}")
@none_when("NoSuchBucket")
@unthrottled
def first_objects(client: t.Any, name: str) -> Plain:
    """Return the first thousand versions and delete markers of a bucket."""
    return dict(client.list_object_versions(Bucket=name))


def counted(number: int, noun: str, more: bool = False) -> str:
    """Return a number of things as part of a sentence."""
    return f"{'at least ' if more else ''}{number} {noun}{'' if number == 1 else 's'}"


def refuse_objects(client: t.Any, name: str) -> None:
    """Stop when a bucket is not empty. Old versions and delete markers keep S3 from deleting it just as objects do.

    :raises AnsibleAWSError: with what is in it and what to do.
    """
    found = first_objects(client, name) or {}
    versions, markers, more = (found.get(part) for part in ("Versions", "DeleteMarkers", "IsTruncated"))
    if versions or markers:
        held = [counted(len(versions or []), "version", bool(more)), counted(len(markers or []), "delete marker")]
        raise AnsibleAWSError(
            message=f"The bucket {name} is not empty: it holds {' of objects and '.join(held)}. Empty it first, or set "
            "delete_objects to true to delete all of them with it, for ever."
        )


@failing_to("delete objects of the bucket {name}")
@none_when("NoSuchBucket")
@unthrottled
def delete_objects(client: t.Any, name: str) -> None:
    """Delete every version and every delete marker, always the first ones that are left.

    :raises AnsibleAWSError: naming the first one that S3 does not delete.
    """
    while objects := identified(first_objects(client, name) or {}):
        answer = client.delete_objects(Bucket=name, Delete={"Objects": objects, "Quiet": True})
        refuse_kept(name, answer.get("Errors", []))


def identified(found: Plain) -> list[Plain]:
    """Return what was listed as a request names it."""
    entries = [*found.get("Versions", []), *found.get("DeleteMarkers", [])]
    return [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries]


def refuse_kept(name: str, errors: list[Plain]) -> None:
    """Stop when S3 did not delete an object.

    :raises AnsibleAWSError: naming it and the reason.
    """
    for error in errors[:1]:
        raise AnsibleAWSError(
            message=f"Failed to delete version {error.get('VersionId')} of the object {error.get('Key')} in the bucket "
            f"{name}, one of {len(errors)}: {error.get('Message')} ({error.get('Code')}). The bucket is still there."
        )


@failing_to("end the uploads to the bucket {name}")
@none_when("NoSuchBucket")
@unthrottled
def abort_uploads(client: t.Any, name: str) -> None:
    """End uploads that were never completed, whose parts are no objects yet."""
    for page in client.get_paginator("list_multipart_uploads").paginate(Bucket=name):
        for upload in page.get("Uploads", []):
            abort_upload(client, name, upload["Key"], upload["UploadId"])


@none_when("NoSuchUpload")
def abort_upload(client: t.Any, name: str, key: str, upload: str) -> None:
    """End one upload."""
    client.abort_multipart_upload(Bucket=name, Key=key, UploadId=upload)


@failing_to("delete the bucket {name}")
@unthrottled
def delete_empty_bucket(client: t.Any, name: str) -> bool:
    """Delete a bucket and return whether it is gone; it is not when something is in it."""
    try:
        client.delete_bucket(Bucket=name)
    except SDK_ERRORS as error:
        if error_code(error) == "BucketNotEmpty":
            return False
        if error_code(error) != "NoSuchBucket":
            raise
    return True


def delete_bucket(client: t.Any, name: str, with_objects: bool) -> None:
    """Delete a bucket.

    :param with_objects: whether all that is in it may go with it.
    :raises AnsibleAWSError: when something is in it and may not, or when something new keeps coming.
    """
    for _pass in range(PASSES):
        if with_objects:
            delete_objects(client, name)
            abort_uploads(client, name)
        else:
            refuse_objects(client, name)
        if delete_empty_bucket(client, name):
            return
    raise AnsibleAWSError(
        message=f"The bucket {name} got new objects each time it was empty. Stop what writes to it, then run the task "
        "again."
    )

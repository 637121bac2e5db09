# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lifecycle, access logging and replication of S3 buckets: as plain data to compare, and as requests."""

from __future__ import annotations

import typing as t

from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain

# How S3 names the objects of logs unless it is told otherwise.
SIMPLE_PREFIX: Plain = {"SimplePrefix": {}}


def status(enabled: bool) -> str:
    """Return a switch as S3 writes it."""
    return "Enabled" if enabled else "Disabled"


def others(found: Plain, known: Plain) -> Plain:
    """Return the members of a setting that its view does not tell.

    :param known: the setting as it would be asked for with the view.
    """
    return {name: value for name, value in found.items() if value != known.get(name)}


def by_id(rules: t.Iterable[Plain]) -> list[Plain]:
    """Return rules in the order in which they are compared."""
    return sorted(rules, key=lambda rule: str(rule["id"]))


def everything(found: Plain) -> Plain:
    """Return a filter in the one of two spellings that is written here, if it is one for all objects."""
    return {**found, "Filter": found.get("Filter") or {"Prefix": ""}} if "Filter" in found else found


def lifecycle_view(rule: Plain) -> Plain:
    """Return a lifecycle rule as it is returned and compared; None is what it does not do."""
    old, expiration = rule.get("NoncurrentVersionExpiration", {}), rule.get("Expiration", {})
    view = {
        "id": rule.get("ID", ""),
        "enabled": rule["Status"] == "Enabled",
        "prefix": rule.get("Filter", {}).get("Prefix", ""),
        "abort_incomplete_multipart_upload_days": rule.get("AbortIncompleteMultipartUpload", {}).get(
            "DaysAfterInitiation"
        ),
        "noncurrent_version_expiration_days": old.get("NoncurrentDays"),
        "newer_noncurrent_versions": old.get("NewerNoncurrentVersions"),
        "expiration_days": expiration.get("Days"),
        "expired_object_delete_marker": bool(expiration.get("ExpiredObjectDeleteMarker", False)),
    }
    return {**view, "other_parameters": others(everything(rule), lifecycle_request(view))}


def lifecycle_request(rule: Plain) -> Plain:
    """Return a lifecycle rule as S3 takes it."""
    old = {
        "NoncurrentDays": rule["noncurrent_version_expiration_days"],
        "NewerNoncurrentVersions": rule["newer_noncurrent_versions"],
    }
    expiration = {
        "Days": rule["expiration_days"],
        "ExpiredObjectDeleteMarker": rule["expired_object_delete_marker"] or None,
    }
    uploads = {"DaysAfterInitiation": rule["abort_incomplete_multipart_upload_days"]}
    actions = {
        "AbortIncompleteMultipartUpload": uploads,
        "NoncurrentVersionExpiration": old,
        "Expiration": expiration,
    }
    set_actions = {
        action: {name: value for name, value in values.items() if value is not None}
        for action, values in actions.items()
    }
    return {
        "ID": rule["id"],
        "Status": status(rule["enabled"]),
        "Filter": {"Prefix": rule["prefix"]},
        **{action: values for action, values in set_actions.items() if values},
    }


def wanted_lifecycle(rules: list[Plain] | None) -> list[Plain] | None:
    """Return the lifecycle rules that the option asks for, None when they are left alone."""
    if rules is None:
        return None
    newer = "newer_noncurrent_versions"
    return by_id({**rule, newer: rule[newer] or None, "other_parameters": {}} for rule in rules)


def logging_view(found: Plain) -> Plain:
    """Return the access logging of a bucket, empty when it has none."""
    if not found:
        return {}
    view = {"target_bucket": found["TargetBucket"], "target_prefix": found.get("TargetPrefix", "")}
    other = others(found, {**logging_request(view), "TargetObjectKeyFormat": SIMPLE_PREFIX})
    return {**view, "other_parameters": other}


def logging_request(logging: Plain) -> Plain:
    """Return access logging as S3 takes it."""
    return {"TargetBucket": logging["target_bucket"], "TargetPrefix": logging["target_prefix"]}


def wanted_logging(logging: Plain | None) -> Plain | None:
    """Return the access logging that the option asks for, None when it is left alone."""
    if logging is None:
        return None
    return {**logging, "other_parameters": {}} if logging["target_bucket"] else {}


def replication_view(found: Plain | None) -> Plain:
    """Return the replication of a bucket, empty when it has none."""
    if not found:
        return {}
    return {"role_arn": found["Role"], "rules": by_id(replication_rule_view(rule) for rule in found["Rules"])}


def replication_rule_view(rule: Plain) -> Plain:
    """Return a replication rule as it is returned and compared."""
    destination = rule["Destination"]
    view = {
        "id": rule.get("ID", ""),
        "enabled": rule["Status"] == "Enabled",
        "priority": rule.get("Priority"),
        "prefix": rule.get("Filter", {}).get("Prefix", ""),
        "delete_markers": rule.get("DeleteMarkerReplication", {}).get("Status") == "Enabled",
        "destination_bucket_arn": destination["Bucket"],
        "destination_kms_key_arn": destination.get("EncryptionConfiguration", {}).get("ReplicaKmsKeyID", ""),
    }
    return {**view, "other_parameters": others(everything(rule), replication_rule_request(view))}


def replication_rule_request(rule: Plain) -> Plain:
    """Return a replication rule as S3 takes it. Without a key, objects that KMS encrypted are not replicated."""
    key = rule["destination_kms_key_arn"]
    encryption = {"EncryptionConfiguration": {"ReplicaKmsKeyID": key}} if key else {}
    criteria = {"SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}}} if key else {}
    return {
        "ID": rule["id"],
        "Status": status(rule["enabled"]),
        "Priority": rule["priority"],
        "Filter": {"Prefix": rule["prefix"]},
        "DeleteMarkerReplication": {"Status": status(rule["delete_markers"])},
        "Destination": {"Bucket": rule["destination_bucket_arn"], **encryption},
        **criteria,
    }


def wanted_replication(replication: Plain | None) -> Plain | None:
    """Return the replication that the option asks for, None when it is left alone."""
    if replication is None or not replication["rules"]:
        return replication and {}
    rules = by_id({**rule, "other_parameters": {}} for rule in replication["rules"])
    return {"role_arn": replication["role_arn"], "rules": rules}


def wanted_rules(options: Plain) -> Plain:
    """Return what the options ask for of all three."""
    return {
        "lifecycle_rules": wanted_lifecycle(options["lifecycle_rules"]),
        "logging": wanted_logging(options["logging"]),
        "replication": wanted_replication(options["replication"]),
    }

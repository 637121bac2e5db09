# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked and read in a way of its own, of the resources that an environment may leave behind."""

from __future__ import annotations

import datetime
import re
import typing as t

from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._eks_cluster_leftovers import OWNER
from ansible_collections.supastack.aws.plugins.module_utils._environment_resources_ask import (
    CLUSTER_TAGS,
    Scope,
)
from ansible_collections.supastack.aws.plugins.module_utils._errors import SDK_ERRORS, error_code
from ansible_collections.supastack.aws.plugins.module_utils._tags import ENVIRONMENT_TAG


def last(separator: str, path: str = "") -> t.Callable[[t.Any], str]:
    """Return a function that gives the last part of a text in a description."""
    return lambda item: str(item[path] if path else item).rpartition(separator)[2]


def pending(item: Plain) -> str | None:
    """Return the state of a secret, which has one only after it was deleted."""
    return "PendingDeletion" if item.get("DeletedDate") else None


def day(moment: datetime.datetime) -> str:
    """Return the day of a moment."""
    return moment.astimezone(datetime.UTC).date().isoformat()


def with_tags(scope: Scope) -> Plain:
    """Return the request for one's own snapshots with any of the tags by which something is an environment's."""
    keys = [ENVIRONMENT_TAG, *CLUSTER_TAGS, f"{OWNER}{scope.cluster}"]
    return {"OwnerIds": ["self"], "Filters": [{"Name": "tag-key", "Values": keys}]}


def key_detail(client: t.Any, item: Plain) -> Plain:
    """Return state and end of a key: https://docs.aws.amazon.com/kms/latest/APIReference/API_KeyMetadata.html"""
    return dict(client.describe_key(KeyId=item["KeyId"])["KeyMetadata"])


def bucket_detail(client: t.Any, item: Plain) -> Plain:
    """Return whether a bucket holds anything, versions and markers too, and the key that it encrypts with."""
    held = client.list_object_versions(Bucket=item["Name"], MaxKeys=1)
    full = held.get("Versions") or held.get("DeleteMarkers")
    try:
        answer = client.get_bucket_encryption(Bucket=item["Name"])
    except SDK_ERRORS as error:
        if error_code(error) != "ServerSideEncryptionConfigurationNotFoundError":
            raise
        answer = {"ServerSideEncryptionConfiguration": {"Rules": []}}
    rules = answer["ServerSideEncryptionConfiguration"]["Rules"]
    defaults = [rule.get("ApplyServerSideEncryptionByDefault", {}) for rule in rules]
    keys = [default["KMSMasterKeyID"] for default in defaults if "KMSMasterKeyID" in default]
    return {"State": "holds objects" if full else "empty", "Key": keys[0] if keys else None}


def cluster_detail(client: t.Any, item: str) -> Plain:
    """Return a cluster as EKS describes it, with the key of its secrets."""
    cluster = dict(client.describe_cluster(name=item)["cluster"])
    keys = [entry["provider"]["keyArn"] for entry in cluster.get("encryptionConfig", [])]
    return {"State": cluster["status"], "Key": keys[0] if keys else None}


def zone_state(item: Plain) -> str | None:
    """Return what a hosted zone holds beside the two record sets that each one has."""
    others = item.get("ResourceRecordSetCount", 2) - 2
    return f"holds {others} record sets" if others > 0 else None


def serves(zone: str, host: str) -> bool:
    """Return whether a zone may hold records of a host, or of what is below it."""
    return f".{host}".endswith(f".{zone}") or f".{zone}".endswith(f".{host}")


def records(client: t.Any, scope: Scope) -> list[Plain]:
    """Return the record sets that lead hosts to load balancers or validate certificates for them.

    And those that external-dns made for the cluster, whatever their name is.
    """
    zones = [zone for page in client.get_paginator("list_hosted_zones").paginate() for zone in page["HostedZones"]]
    found = []
    for zone in zones:
        if not any(serves(zone["Name"].rstrip("."), host) for host in scope.hosts):
            continue
        pages = client.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone["Id"])
        for record in (record for page in pages for record in page["ResourceRecordSets"]):
            by, use = record_use(record, scope)
            if by:
                found.append({**record, "Zone": last("/", "Id")(zone), "FoundBy": by, "Use": use})
    return found


def record_use(record: Plain, scope: Scope) -> tuple[str, str]:
    """Return by what a record set is the environment's and what it is for, nothing when it is somebody's own.

    The form of external-dns' own records: https://kubernetes-sigs.github.io/external-dns/latest/docs/registry/txt/
    """
    target, name = record_target(record), record["Name"].lower().rstrip(".").replace("\\052", "*")
    if f"external-dns/owner={scope.cluster}" in target.replace('"', "").split(","):
        return "cluster", ""
    balancer = target.lower().rstrip(".").removeprefix("dualstack.")
    if name in scope.hosts and re.search(rf"\.(elb\.{scope.region}|{scope.region}\.elb)\.amazonaws\.com", balancer):
        return "name", balancer
    host = name.partition(".")[2].removeprefix("*.")
    validates = name.startswith("_") and target.rstrip(".").endswith(".acm-validations.aws")
    return ("name", host) if validates and host in scope.hosts else ("", "")


def record_target(record: Plain) -> str:
    """Return where a record set leads."""
    values = [entry["Value"] for entry in record.get("ResourceRecords", [])]
    return record.get("AliasTarget", {}).get("DNSName") or " ".join(values)


def record_id(record: Plain) -> str:
    """Return what identifies a record set; those of one name and type may have a routing policy each."""
    parts = [record["Zone"], record["Name"], record["Type"], record.get("SetIdentifier")]
    return "/".join(filter(None, parts))


def is_no_default(item: Plain) -> bool:
    """Return whether a part of a VPC is none of those that AWS makes, and deletes, with the VPC itself."""
    main = any(entry.get("Main") for entry in item.get("Associations", []))
    return not (main or item.get("IsDefault") or item.get("GroupName") == "default")


def is_own_role(item: Plain) -> bool:
    """Return whether a role is none that AWS made for a service, which all environments share."""
    return not item["Path"].startswith("/aws-service-role/")

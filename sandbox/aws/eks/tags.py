# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Tags of everything in EKS that has an ARN."""

from __future__ import annotations

from typing import Any

from sandbox.aws.eks.call import Call, EksError, handles
from sandbox.aws.eks.store import Cluster


@handles("TagResource")
def tag_resource(call: Call) -> dict[str, Any]:
    _find_tags(call).update(call.params["tags"])
    return {}


@handles("UntagResource")
def untag_resource(call: Call) -> dict[str, Any]:
    tags = _find_tags(call)
    for key in call.params["tagKeys"]:
        tags.pop(key, None)
    return {}


@handles("ListTagsForResource")
def list_tags_for_resource(call: Call) -> dict[str, Any]:
    return {"tags": _find_tags(call)}


def _find_tags(call: Call) -> dict[str, str]:
    """The tags of the resource; unknown ones raise NotFoundException, which only the tag calls of EKS use."""
    arn = call.params["resourceArn"]
    for cluster in call.backend.clusters.values():
        if isinstance(cluster, Cluster) and arn in (tags := _tags_by_arn(cluster)):
            return tags[arn]
    raise EksError("NotFoundException", f"Resource was not found: {arn}")


def _tags_by_arn(cluster: Cluster) -> dict[str, dict[str, str]]:
    found = {cluster.document["arn"]: cluster.document["tags"]}
    found.update({addon["addonArn"]: addon["tags"] for addon in cluster.addons.values()})
    found.update({item["associationArn"]: item["tags"] for item in cluster.associations.values()})
    found.update({entry.document["accessEntryArn"]: entry.document["tags"] for entry in cluster.entries.values()})
    found.update({group["nodegroupArn"]: group["tags"] for group in cluster.nodegroups.values()})
    found.update({profile["fargateProfileArn"]: profile["tags"] for profile in cluster.profiles.values()})
    return found

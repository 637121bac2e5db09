# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subject ec2_launch_template."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st

from tests.integration.fuzz.subject import TAGS, Clients, Options, Subject, Wishes, some, tags_of

METADATA: dict[str, list[Any]] = {
    "http_endpoint": ["enabled", "disabled"],
    "http_tokens": ["optional", "required"],
    "http_put_response_hop_limit": [1, 2],
    "http_protocol_ipv6": ["enabled", "disabled"],
    "instance_metadata_tags": ["enabled", "disabled"],
}
VOLUME: dict[str, list[Any]] = {
    "volume_size": [20, 50],
    "volume_type": ["gp2", "gp3"],
    "iops": [3000, 4000],
    "throughput": [125, 250],
    "encrypted": [False, True],
    "kms_key_id": ["alias/aws/ebs", "alias/other"],
    "delete_on_termination": [False, True],
}
SETTINGS: dict[str, Any] = {name: st.sampled_from(values) for name, values in VOLUME.items()}
DEVICES = st.lists(
    st.fixed_dictionaries(
        {"device_name": st.sampled_from(["/dev/xvda", "/dev/xvdb", "/dev/sdf"])},
        optional=SETTINGS,
    ),
    unique_by=lambda device: device["device_name"],
)


def place(_world: Options, text: str) -> Options:
    return {"name": f"fuzz-{text}"}


def fixed(_world: Options) -> Wishes:
    """A launch template has to say something, and of these options those that are not named would stay."""
    options = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in METADATA.items()})
    return st.fixed_dictionaries({"metadata_options": options})


def wishes(_world: Options) -> Wishes:
    return some(
        block_device_mappings=DEVICES,
        security_group_ids=st.lists(st.sampled_from(["sg-1", "sg-2", "sg-3"]), unique=True),
        instance_tags=TAGS,
        volume_tags=TAGS,
        tags=TAGS,
    )


def snake(names: Iterable[str], described: Options) -> Options:
    """Described values under the names of the options."""
    members = {name: "".join(part.capitalize() for part in name.split("_")) for name in names}
    return {name: described[member] for name, member in members.items() if member in described}


def observe(clients: Clients, options: Options) -> Options | None:
    found = clients("ec2").describe_launch_templates(
        Filters=[{"Name": "launch-template-name", "Values": [options["name"]]}]
    )["LaunchTemplates"]
    if not found:
        return None
    (template,) = found
    newest = clients("ec2").describe_launch_template_versions(
        LaunchTemplateId=template["LaunchTemplateId"], Versions=["$Latest"]
    )["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    tagged = {item["ResourceType"]: tags_of(item["Tags"]) for item in newest.get("TagSpecifications", [])}
    return {
        "metadata_options": snake(METADATA, newest.get("MetadataOptions", {})),
        "block_device_mappings": [
            {"device_name": item["DeviceName"], **snake(VOLUME, item.get("Ebs", {}))}
            for item in newest.get("BlockDeviceMappings", [])
        ],
        "security_group_ids": newest.get("SecurityGroupIds", []),
        "instance_tags": tagged.get("instance", {}),
        "volume_tags": tagged.get("volume", {}),
        "tags": tags_of(template.get("Tags", [])),
    }


SUBJECT = Subject(
    module="ec2_launch_template",
    key="launch_template",
    prepare=lambda _clients: {},
    place=place,
    fixed=fixed,
    wishes=wishes,
    observe=observe,
)

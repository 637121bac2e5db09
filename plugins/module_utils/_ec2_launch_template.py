# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2 launch templates: the API calls and the plain data in which they are compared.

A version of a launch template never changes: what differs becomes a new one.
"""

from __future__ import annotations

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain, distinct
from ansible_collections.supastack.aws.plugins.module_utils._ec2 import tag_specification
from ansible_collections.supastack.aws.plugins.module_utils._errors import failing_to, none_when
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import placeholder
from ansible_collections.supastack.aws.plugins.module_utils._retries import unthrottled
from ansible_collections.supastack.aws.plugins.module_utils._tags import Tags, desired_tags, tags_of

Given = t.Mapping[str, t.Any]

# EC2 shows a new launch template, or a new version of one, everywhere within this time.
SETTLING_SECONDS = 60
GONE = ("InvalidLaunchTemplateId.NotFound", "InvalidLaunchTemplateId.NotFoundException")
METADATA = {
    "http_endpoint": "HttpEndpoint",
    "http_tokens": "HttpTokens",
    "http_put_response_hop_limit": "HttpPutResponseHopLimit",
    "http_protocol_ipv6": "HttpProtocolIpv6",
    "instance_metadata_tags": "InstanceMetadataTags",
}
VOLUME = {
    "volume_size": "VolumeSize",
    "volume_type": "VolumeType",
    "iops": "Iops",
    "throughput": "Throughput",
    "encrypted": "Encrypted",
    "kms_key_id": "KmsKeyId",
    "delete_on_termination": "DeleteOnTermination",
}
TAGGED = {"instance_tags": "instance", "volume_tags": "volume"}
# What belongs to a version; the rest belongs to the launch template.
DATA = ("metadata_options", "block_device_mappings", "security_group_ids", *TAGGED)


def options_of(members: Given, described: Given) -> Plain:
    """Return the described values under the names of the options, without those that are not there."""
    return {name: described[member] for name, member in members.items() if member in described}


def members_of(members: Given, values: Given) -> Plain:
    """Return the values that are set under their names in the API."""
    return {member: values[name] for name, member in members.items() if values.get(name) is not None}


def plain_mappings(mappings: t.Iterable[Given] | None) -> list[Plain] | None:
    """Return block devices in the form in which they are compared."""
    if mappings is None:
        return None
    plain = ({name: value for name, value in mapping.items() if value is not None} for mapping in mappings)
    return sorted(plain, key=lambda mapping: str(mapping["device_name"]))


def described_mappings(data: Given) -> list[Plain]:
    """Return the block devices of a described version in the same form."""
    mappings = data.get("BlockDeviceMappings", [])
    own = [{"device_name": item["DeviceName"], **options_of(VOLUME, item.get("Ebs", {}))} for item in mappings]
    return plain_mappings(own) or []


def described_tags(data: Given, resource_type: str) -> Tags:
    """Return the tags that a described version gives to resources of one type."""
    found = [tags_of(item) for item in data.get("TagSpecifications", []) if item.get("ResourceType") == resource_type]
    return {key: value for tags in found for key, value in tags.items()}


def view(template: Given, version: Given) -> Plain:
    """Return a launch template and its newest version as the module returns and compares them."""
    data = version["LaunchTemplateData"]
    return {
        "name": template["LaunchTemplateName"],
        "launch_template_id": template["LaunchTemplateId"],
        # As text, which is how they are named wherever a version is asked for.
        "version": str(version["VersionNumber"]),
        "default_version": str(template["DefaultVersionNumber"]),
        "metadata_options": options_of(METADATA, data.get("MetadataOptions", {})),
        "block_device_mappings": described_mappings(data),
        "security_group_ids": distinct(data.get("SecurityGroupIds", [])),
        **{name: described_tags(data, resource_type) for name, resource_type in TAGGED.items()},
        "tags": tags_of(template),
    }


def unknown_view(options: Plain) -> Plain:
    """Return the predicted return values of a launch template that does not exist, without what the options set."""
    return {
        "name": options["name"],
        "launch_template_id": placeholder("lt"),
        "version": "1",
        "default_version": "1",
        "metadata_options": {},
        "block_device_mappings": [],
        "security_group_ids": [],
        **{name: {} for name in TAGGED},
        "tags": {},
    }


def text_values(tags: Given | None) -> Tags | None:
    """Return tags with the values as text, as EC2 returns them."""
    return None if tags is None else {key: str(value) for key, value in tags.items()}


def desired_from(options: Plain, current: Given | None) -> Plain:
    """Return the values that the options ask for, in the form of the launch template that was read."""
    present, metadata = current or {}, options["metadata_options"]
    given = {name: value for name, value in (metadata or {}).items() if value is not None}
    return {
        "metadata_options": None if metadata is None else {**present.get("metadata_options", {}), **given},
        "block_device_mappings": plain_mappings(options["block_device_mappings"]),
        "security_group_ids": distinct(options["security_group_ids"]),
        **{name: text_values(options[name]) for name in TAGGED},
        "tags": desired_tags(present.get("tags"), options["tags"], options["purge_tags"]),
    }


def predicted(options: Plain, difference: Difference) -> Plain:
    """Return the launch template as it will be; only EC2 tells the number of a further version."""
    found = difference.prediction(unknown_view(options))
    return {**found, "version": placeholder("version")} if difference.touches(*DATA) else found


def takeable(shape: t.Any, value: t.Any) -> t.Any:
    """Return the part of a described value that a request may have: EC2 shows more of a version than it takes."""
    if shape.type_name == "structure":
        return {name: takeable(shape.members[name], part) for name, part in value.items() if name in shape.members}
    return [takeable(shape.member, part) for part in value] if shape.type_name == "list" else value


def version_data(client: t.Any, described: Given, desired: Given) -> Plain:
    """Return the data of a new version: those of the newest one, with what is desired in the place of its like.

    :param described: the data of the newest version, empty when there is none.
    :raises AnsibleAWSError: when nothing is left, which EC2 refuses.
    """
    operation = client.meta.service_model.operation_model("CreateLaunchTemplateVersion")
    data = takeable(operation.input_shape.members["LaunchTemplateData"], described)
    if "metadata_options" in desired:
        data["MetadataOptions"] = members_of(METADATA, desired["metadata_options"])
    if "block_device_mappings" in desired:
        data["BlockDeviceMappings"] = [
            {"DeviceName": mapping["device_name"], "Ebs": members_of(VOLUME, mapping)}
            for mapping in desired["block_device_mappings"]
        ]
    if "security_group_ids" in desired:
        data["SecurityGroupIds"] = desired["security_group_ids"]
    data["TagSpecifications"] = tag_specifications(data.get("TagSpecifications", []), desired)
    if not any(data.values()):
        raise AnsibleAWSError(
            message=f"Of {', '.join(DATA)} none has a value, but a launch template has to say something about its "
            "instances. Set at least one of them."
        )
    return {member: value for member, value in data.items() if value not in ({}, [])}


def tag_specifications(described: t.Iterable[Plain], desired: Given) -> list[Plain]:
    """Return the TagSpecifications member: those that are described, with the desired ones in their places."""
    replaced = {resource_type: desired[name] for name, resource_type in TAGGED.items() if name in desired}
    kept = [item for item in described if item.get("ResourceType") not in replaced]
    return [*kept, *(item for kind, tags in replaced.items() if tags for item in tag_specification(kind, tags))]


@failing_to("list the launch templates with the name {name}")
@unthrottled
def list_templates(client: t.Any, name: str) -> list[Plain]:
    """Return the launch template of this name, as the only one of a list, which is empty when there is none."""
    filters = [{"Name": "launch-template-name", "Values": [name]}]
    pages = client.get_paginator("describe_launch_templates").paginate(Filters=filters)
    return [template for page in pages for template in page["LaunchTemplates"]]


@failing_to("describe the newest version of the launch template {template_id}")
@none_when(*GONE)
@unthrottled
def newest_version(client: t.Any, template_id: str) -> Plain:
    """Return the newest version; None when the launch template is gone."""
    found = client.describe_launch_template_versions(LaunchTemplateId=template_id, Versions=["$Latest"])
    return dict(found["LaunchTemplateVersions"][0])


def read(client: t.Any, name: str) -> tuple[Plain | None, Plain]:
    """Return a launch template as the module compares it, None when there is none, and its newest version's data."""
    for template in list_templates(client, name):
        version = newest_version(client, template["LaunchTemplateId"])
        if version is not None:
            return view(template, version), version["LaunchTemplateData"]
    return None, {}


@failing_to("create the launch template {name}")
@unthrottled
def create_template(client: t.Any, name: str, data: Plain, tags: Tags) -> str:
    """Create a launch template and return the number of its first version."""
    tagged = {"TagSpecifications": tag_specification("launch-template", tags)} if tags else {}
    created = client.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data, **tagged)
    return str(created["LaunchTemplate"]["LatestVersionNumber"])


@failing_to("create a version of the launch template {template_id}")
@unthrottled
def create_version(client: t.Any, template_id: str, data: Plain) -> str:
    """Create a version and return its number."""
    created = client.create_launch_template_version(LaunchTemplateId=template_id, LaunchTemplateData=data)
    return str(created["LaunchTemplateVersion"]["VersionNumber"])


@failing_to("delete the launch template {template_id}")
@none_when(*GONE)
@unthrottled
def delete_template(client: t.Any, template_id: str) -> None:
    """Delete a launch template with all its versions."""
    client.delete_launch_template(LaunchTemplateId=template_id)

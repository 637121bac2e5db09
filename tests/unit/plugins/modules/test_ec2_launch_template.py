# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module ec2_launch_template."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.modules import ec2_launch_template

NAME, ID = "production-nodes", "lt-0123456789abcdef0"
Call = tuple[str, dict[str, Any], Any]
OPTIONS: dict[str, Any] = {
    "name": NAME,
    "metadata_options": {"http_tokens": "required", "http_put_response_hop_limit": 1},
    "block_device_mappings": [
        {"device_name": "/dev/xvda", "volume_type": "gp3", "volume_size": 50, "encrypted": True},
    ],
    "security_group_ids": ["sg-2", "sg-1", "sg-2"],
    "instance_tags": {"team": "platform", "size": 1},
    "volume_tags": {"team": "platform"},
    "tags": {"team": "platform"},
}
# What EC2 shows of a version that was made with these options, and what it tells besides.
DATA: dict[str, Any] = {
    "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
    "BlockDeviceMappings": [
        {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 50, "VolumeType": "gp3", "Encrypted": True}}
    ],
    "SecurityGroupIds": ["sg-1", "sg-2"],
    "TagSpecifications": [
        {"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "platform"}, {"Key": "size", "Value": "1"}]},
        {"ResourceType": "volume", "Tags": [{"Key": "team", "Value": "platform"}]},
    ],
}
TAGS = [{"Key": "team", "Value": "platform"}]
VALUES = {
    "name": NAME,
    "launch_template_id": ID,
    "version": "1",
    "default_version": "1",
    "metadata_options": {"http_tokens": "required", "http_put_response_hop_limit": 1},
    "block_device_mappings": OPTIONS["block_device_mappings"],
    "security_group_ids": ["sg-1", "sg-2"],
    "instance_tags": {"team": "platform", "size": "1"},
    "volume_tags": {"team": "platform"},
    "tags": {"team": "platform"},
}
FIND = {"Filters": [{"Name": "launch-template-name", "Values": [NAME]}]}
NEWEST = {"LaunchTemplateId": ID, "Versions": ["$Latest"]}
MISSING: Call = ("describe_launch_templates", FIND, {"LaunchTemplates": []})
ABSENT = {"name": NAME, "state": "absent"}


def template(tags: list[dict[str, str]] | None = None) -> dict[str, Any]:
    """Return a launch template as EC2 describes it."""
    shown = TAGS if tags is None else tags
    return {"LaunchTemplateId": ID, "LaunchTemplateName": NAME, "DefaultVersionNumber": 1, "Tags": shown}


def read(data: dict[str, Any] | None = None, version: int = 1, tags: list[dict[str, str]] | None = None) -> list[Call]:
    """Return the expected calls that read a launch template."""
    described = {"VersionNumber": version, "LaunchTemplateData": DATA if data is None else data}
    return [
        ("describe_launch_templates", FIND, {"LaunchTemplates": [template(tags)]}),
        ("describe_launch_template_versions", NEWEST, {"LaunchTemplateVersions": [described]}),
    ]


def creation(data: dict[str, Any], **members: Any) -> Call:
    """Return the expected creation."""
    request = {"LaunchTemplateName": NAME, "LaunchTemplateData": data, **members}
    return ("create_launch_template", request, {"LaunchTemplate": {"LaunchTemplateId": ID, "LatestVersionNumber": 1}})


def further(data: dict[str, Any], number: int = 2) -> Call:
    """Return the expected creation of a version."""
    request = {"LaunchTemplateId": ID, "LaunchTemplateData": data}
    return ("create_launch_template_version", request, {"LaunchTemplateVersion": {"VersionNumber": number}})


CREATE = creation(DATA, TagSpecifications=[{"ResourceType": "launch-template", "Tags": TAGS}])
DELETE: Call = ("delete_launch_template", {"LaunchTemplateId": ID}, {})
TAG: list[Call] = [
    ("delete_tags", {"Resources": [ID], "Tags": [{"Key": "old"}]}, {}),
    ("create_tags", {"Resources": [ID], "Tags": TAGS}, {}),
]
OLD_TAGS = [{"Key": "old", "Value": "1"}]
LARGER = {"name": NAME, "block_device_mappings": [{"device_name": "/dev/xvda", "volume_size": 100}]}
LARGER_DATA = {**DATA, "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 100}}]}
CLEAR = {
    "name": NAME,
    "block_device_mappings": [],
    "security_group_ids": [],
    "instance_tags": {},
    "volume_tags": {},
    "tags": {},
}
CLEARED = {"MetadataOptions": DATA["MetadataOptions"]}
CLEARED_VALUES = {**CLEAR, "metadata_options": VALUES["metadata_options"]}

MATRIX: dict[str, tuple[dict[str, Any], list[Call], list[Call], bool, dict[str, Any] | None]] = {
    # options, reads, writes (with the reads that follow them), changed, part of the returned launch template
    "create": (OPTIONS, [MISSING], [CREATE, *read()], True, {**VALUES, "launch_template_id": ID}),
    "create with one setting": (
        {"name": NAME, "security_group_ids": ["sg-1"]},
        [MISSING],
        [creation({"SecurityGroupIds": ["sg-1"]}), *read({"SecurityGroupIds": ["sg-1"]}, tags=[])],
        True,
        {"security_group_ids": ["sg-1"], "metadata_options": {}, "instance_tags": {}, "tags": {}},
    ),
    "no-op": (OPTIONS, read(), [], False, VALUES),
    "a newer version than the first": (OPTIONS, read(version=7), [], False, {**VALUES, "version": "7"}),
    "update": (
        LARGER,
        read(),
        [further(LARGER_DATA), *read(LARGER_DATA, 2)],
        True,
        {"block_device_mappings": LARGER["block_device_mappings"], "security_group_ids": ["sg-1", "sg-2"]},
    ),
    "update of one suboption": (
        {"name": NAME, "metadata_options": {"http_put_response_hop_limit": 2}},
        read(),
        [
            further({**DATA, "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 2}}),
            *read({**DATA, "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 2}}, 2),
        ],
        True,
        {"metadata_options": {"http_tokens": "required", "http_put_response_hop_limit": 2}},
    ),
    "update of the tags of volumes": (
        {"name": NAME, "volume_tags": {"team": "data"}},
        read(),
        [
            further(
                {
                    **DATA,
                    "TagSpecifications": [
                        DATA["TagSpecifications"][0],
                        {"ResourceType": "volume", "Tags": [{"Key": "team", "Value": "data"}]},
                    ],
                }
            ),
            *read(
                {
                    **DATA,
                    "TagSpecifications": [
                        DATA["TagSpecifications"][0],
                        {"ResourceType": "volume", "Tags": [{"Key": "team", "Value": "data"}]},
                    ],
                },
                2,
            ),
        ],
        True,
        {"instance_tags": VALUES["instance_tags"], "volume_tags": {"team": "data"}},
    ),
    "update of its own tags": (
        {"name": NAME, "tags": {"team": "platform"}},
        read(tags=OLD_TAGS),
        [*TAG, *read()],
        True,
        {"version": "1", "tags": {"team": "platform"}},
    ),
    "clear": (
        CLEAR,
        read(tags=OLD_TAGS),
        [TAG[0], further(CLEARED), *read(CLEARED, 2, [])],
        True,
        {name: value for name, value in CLEARED_VALUES.items() if name != "name"},
    ),
    "delete": (ABSENT, read(), [DELETE], True, None),
    "delete missing": (ABSENT, [MISSING], [], False, None),
}


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize("case", MATRIX)
def test_matrix(run_module: Callable[..., Any], case: str, check_mode: bool) -> None:
    options, reads, writes, changed, found = MATRIX[case]
    outcome = run_module(ec2_launch_template, options, reads if check_mode else reads + writes, check_mode=check_mode)
    if check_mode and case == "create":
        found = {**VALUES, "launch_template_id": "lt-known-after-apply"}
    outcome.assert_made(changed, "launch_template", found)


@pytest.mark.parametrize("case", ["update", "update of its own tags", "no-op"])
def test_only_ec2_tells_the_number_of_a_further_version(run_module: Callable[..., Any], case: str) -> None:
    options, reads, _writes, _changed, _found = MATRIX[case]
    predicted = run_module(ec2_launch_template, options, reads, check_mode=True).result["launch_template"]
    assert predicted["version"] == ("version-known-after-apply" if case == "update" else "1")


def test_diff_shows_what_differs(run_module: Callable[..., Any]) -> None:
    diff = run_module(ec2_launch_template, LARGER, read(), check_mode=True).result["diff"]
    assert diff == {
        "before": {"block_device_mappings": VALUES["block_device_mappings"]},
        "after": {"block_device_mappings": LARGER["block_device_mappings"]},
    }


def test_prediction_has_the_keys_of_a_real_launch_template(run_module: Callable[..., Any]) -> None:
    real = run_module(ec2_launch_template, OPTIONS, read()).result["launch_template"]
    predicted = run_module(ec2_launch_template, OPTIONS, [MISSING], check_mode=True).result["launch_template"]
    assert predicted == {**real, "launch_template_id": "lt-known-after-apply"}


def test_groups_need_not_exist_in_check_mode(run_module: Callable[..., Any]) -> None:
    options = {"name": NAME, "security_group_ids": ["sg-known-after-apply"]}
    outcome = run_module(ec2_launch_template, options, [MISSING], check_mode=True)
    outcome.assert_made(True, "launch_template", {"security_group_ids": ["sg-known-after-apply"]})


def test_a_new_version_keeps_what_no_option_names(run_module: Callable[..., Any]) -> None:
    # EC2 shows the state of the metadata options and who manages the template, and takes neither.
    shown = {
        **DATA,
        "ImageId": "ami-1",
        "MetadataOptions": {**DATA["MetadataOptions"], "State": "applied"},
        "Operator": {"Managed": True},
        "Placement": {"Tenancy": "default"},
        "TagSpecifications": [*DATA["TagSpecifications"], {"ResourceType": "network-interface", "Tags": TAGS}],
    }
    kept = {
        **LARGER_DATA,
        "ImageId": "ami-1",
        "Placement": {"Tenancy": "default"},
        "TagSpecifications": shown["TagSpecifications"],
    }
    assert run_module(ec2_launch_template, LARGER, [*read(shown), further(kept), *read(kept, 2)]).exit_code == 0


def test_the_new_version_is_waited_for(run_module: Callable[..., Any], clock: Any) -> None:
    steps = [*read(), further(LARGER_DATA), *read(), MISSING, *read(LARGER_DATA, 2)]
    assert run_module(ec2_launch_template, LARGER, steps).result["launch_template"]["version"] == "2"
    assert clock.now > 0


def test_a_version_that_does_not_show_is_reported(run_module: Callable[..., Any], clock: Any) -> None:
    clock.monotonic = lambda: clock.now * 100
    message = run_module(ec2_launch_template, LARGER, [*read(), further(LARGER_DATA), *read(), *read()]).message
    assert f"version 2 of the launch template {NAME} to show" in message


def test_a_template_that_vanishes_while_it_is_read_is_made(run_module: Callable[..., Any]) -> None:
    gone: Call = ("describe_launch_template_versions", NEWEST, "InvalidLaunchTemplateId.NotFound: gone")
    outcome = run_module(ec2_launch_template, OPTIONS, [read()[0], gone, CREATE, *read()])
    outcome.assert_made(True, "launch_template", VALUES)


def test_a_template_that_vanishes_before_it_is_deleted_is_absent(run_module: Callable[..., Any]) -> None:
    gone: Call = (DELETE[0], DELETE[1], "InvalidLaunchTemplateId.NotFound: gone")
    run_module(ec2_launch_template, ABSENT, [*read(), gone]).assert_made(True, "launch_template", None)


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize("options", [{"tags": {"team": "platform"}}, {"security_group_ids": []}], ids=str)
def test_a_template_that_says_nothing_is_refused(
    run_module: Callable[..., Any], options: dict[str, Any], check_mode: bool
) -> None:
    outcome = run_module(ec2_launch_template, {"name": NAME, **options}, [MISSING], check_mode=check_mode)
    assert "block_device_mappings" in outcome.message
    assert "Set at least one of them." in outcome.message


def test_what_ec2_refuses_is_its_error(run_module: Callable[..., Any]) -> None:
    refused: Call = (CREATE[0], CREATE[1], "InvalidLaunchTemplateName.AlreadyExistsException: taken")
    assert f"create the launch template {NAME}" in run_module(ec2_launch_template, OPTIONS, [MISSING, refused]).message

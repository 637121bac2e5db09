# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module vpc_flow_log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.modules import vpc_flow_log
from botocore.stub import ANY

NAME = "production"
VPC = "vpc-0123456789abcdef0"
OLD = "fl-00000000000000001"
NEW = "fl-00000000000000002"
GROUP = "arn:aws:logs:eu-west-1:123456789012:log-group:/production/flow-logs"
ROLE = "arn:aws:iam::123456789012:role/production-flow-logs"
BUCKET = "arn:aws:s3:::production-logs/flow"
STREAM = "arn:aws:firehose:eu-west-1:123456789012:deliverystream/production"
FORMAT = "${interface-id} ${srcaddr}"
DEFAULT_FORMAT = (
    "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} "
    "${bytes} ${start} ${end} ${action} ${log-status}"
)
PLAIN_TEXT = {"file_format": "plain-text", "hive_compatible_partitions": False, "per_hour_partition": False}
TAGS = MappingProxyType({"Name": NAME, "team": "platform"})
OPTIONS: dict[str, Any] = {
    "name": NAME,
    "resource_id": VPC,
    "log_destination": GROUP,
    "role_arn": ROLE,
    "tags": {"team": "platform"},
}
TO_BUCKET: dict[str, Any] = {"name": NAME, "resource_id": VPC, "log_destination": BUCKET}
ABSENT = {"name": NAME, "state": "absent"}
Call = tuple[str, dict[str, Any], Any]
ASSUME = "Unable to assume given IAM role: 'production-flow-logs'"


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as EC2 writes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def described(flow_log_id: str = OLD, **changes: Any) -> dict[str, Any]:
    """Return a flow log to a log group as EC2 describes it; a change to None leaves a member out."""
    flow_log = {
        "FlowLogId": flow_log_id,
        "FlowLogStatus": "ACTIVE",
        "CreationTime": f"2026-01-01T00:00:0{flow_log_id[-1]}Z",
        "DeliverLogsStatus": "SUCCESS",
        "DeliverLogsPermissionArn": ROLE,
        "ResourceId": VPC,
        "TrafficType": "ALL",
        "LogDestinationType": "cloud-watch-logs",
        "LogDestination": GROUP,
        "LogGroupName": "/production/flow-logs",
        "LogFormat": DEFAULT_FORMAT,
        "MaxAggregationInterval": 600,
        "Tags": tag_list(TAGS),
        **changes,
    }
    return {member: value for member, value in flow_log.items() if value is not None}


def in_bucket(flow_log_id: str = OLD, **changes: Any) -> dict[str, Any]:
    """Return a flow log to a bucket as EC2 describes it."""
    options = {"FileFormat": "plain-text", "HiveCompatiblePartitions": False, "PerHourPartition": False}
    bucket = {"LogDestinationType": "s3", "LogDestination": BUCKET, "DestinationOptions": options}
    group = {"DeliverLogsPermissionArn": None, "LogGroupName": None}
    return described(flow_log_id, **{**bucket, **group, **changes})


def find(*found: dict[str, Any]) -> Call:
    """Return the expected search for flow logs."""
    return ("describe_flow_logs", {"Filter": [{"Name": "tag:Name", "Values": [NAME]}]}, {"FlowLogs": list(found)})


def create(answer: Any = NEW, **changes: Any) -> Call:
    """Return an expected creation; a text but an identifier is an error, a change to None leaves a member out."""
    members = {
        "ClientToken": ANY,
        "ResourceIds": [VPC],
        "ResourceType": "VPC",
        "TrafficType": "ALL",
        "LogDestinationType": "cloud-watch-logs",
        "LogDestination": GROUP,
        "DeliverLogsPermissionArn": ROLE,
        "MaxAggregationInterval": 600,
        "TagSpecifications": [
            {"ResourceType": "vpc-flow-log", "Tags": tag_list({"team": "platform", "Name": NAME})},
        ],
        **changes,
    }
    request = {member: value for member, value in members.items() if value is not None}
    made = isinstance(answer, str) and answer.startswith("fl-")
    return ("create_flow_logs", request, {"FlowLogIds": [answer], "Unsuccessful": []} if made else answer)


def delete(flow_log_id: str = OLD, answer: Any = None) -> Call:
    """Return an expected deletion."""
    return ("delete_flow_logs", {"FlowLogIds": [flow_log_id]}, answer or {"Unsuccessful": []})


def unsuccessful(code: str, message: str) -> dict[str, Any]:
    """Return an answer that says in itself what EC2 refused."""
    return {"Unsuccessful": [{"ResourceId": VPC, "Error": {"Code": code, "Message": message}}]}


TO_BUCKET_REQUEST: dict[str, Any] = {
    "LogDestinationType": "s3",
    "LogDestination": BUCKET,
    "DeliverLogsPermissionArn": None,
    "DestinationOptions": {"FileFormat": "plain-text", "HiveCompatiblePartitions": False, "PerHourPartition": False},
    "TagSpecifications": [{"ResourceType": "vpc-flow-log", "Tags": tag_list({"Name": NAME})}],
}
VALUES: dict[str, Any] = {
    "name": NAME,
    "resource_id": VPC,
    "resource_type": "VPC",
    "destination_type": "cloud-watch-logs",
    "log_destination": GROUP,
    "role_arn": ROLE,
    "traffic_type": "ALL",
    "log_format": DEFAULT_FORMAT,
    "max_aggregation_interval": 600,
    "destination_options": {},
    "tags": TAGS,
}
REJECTED = {**OPTIONS, "traffic_type": "REJECT"}

MATRIX: dict[str, tuple[dict[str, Any], list[Call], list[Call], bool, dict[str, Any] | None]] = {
    # options, reads, writes (with the reads that follow them), changed, part of the returned flow log
    "create": (OPTIONS, [find()], [create(), find(described(NEW))], True, VALUES),
    "create in bucket": (
        TO_BUCKET,
        [find()],
        [create(**TO_BUCKET_REQUEST), find(in_bucket(NEW, Tags=tag_list({"Name": NAME})))],
        True,
        {"destination_type": "s3", "role_arn": "", "destination_options": PLAIN_TEXT, "tags": {"Name": NAME}},
    ),
    "no-op": (OPTIONS, [find(described())], [], False, {**VALUES, "flow_log_id": OLD}),
    "update": (
        {**OPTIONS, "tags": {"team": "data"}},
        [find(described(Tags=tag_list({**TAGS, "old": "1"})))],
        [
            ("delete_tags", {"Resources": [OLD], "Tags": [{"Key": "old"}]}, {}),
            ("create_tags", {"Resources": [OLD], "Tags": tag_list({"team": "data"})}, {}),
            find(described(Tags=tag_list({"team": "data", "Name": NAME}))),
        ],
        True,
        {**VALUES, "flow_log_id": OLD, "tags": {"team": "data", "Name": NAME}},
    ),
    "replace": (
        REJECTED,
        [find(described())],
        [create(TrafficType="REJECT"), delete(), find(described(NEW, TrafficType="REJECT"))],
        True,
        {**VALUES, "traffic_type": "REJECT"},
    ),
    "delete": (ABSENT, [find(described())], [delete(), find()], True, None),
    "delete missing": (ABSENT, [find()], [], False, None),
}


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize("case", MATRIX)
def test_matrix(run_module: Callable[..., Any], case: str, check_mode: bool) -> None:
    options, reads, writes, changed, flow_log = MATRIX[case]
    outcome = run_module(vpc_flow_log, options, reads if check_mode else reads + writes, check_mode=check_mode)
    outcome.assert_made(changed, "flow_log", flow_log)


def test_prediction_has_the_keys_of_a_real_flow_log(run_module: Callable[..., Any]) -> None:
    real = run_module(vpc_flow_log, OPTIONS, [find(described())]).result["flow_log"]
    options = {**OPTIONS, "resource_id": "vpc-known-after-apply", "role_arn": "role-known-after-apply"}
    for steps in ([find()], [find(described())], [find(described(), described(NEW))]):
        predicted = run_module(vpc_flow_log, options, steps, check_mode=True).result["flow_log"]
        assert set(predicted) == set(real)
        assert predicted["flow_log_id"] == "fl-known-after-apply"
        assert predicted["deliver_logs_status"] == "known-after-apply"


@pytest.mark.parametrize(
    ("resource_id", "arn", "types"),
    [
        ("subnet-known-after-apply", "arn:aws:logs:eu-west-1:known-after-apply", ("Subnet", "cloud-watch-logs")),
        ("known-after-apply", "group-known-after-apply", ("known-after-apply", "known-after-apply")),
    ],
)
def test_what_does_not_exist_yet_is_predicted(
    run_module: Callable[..., Any], resource_id: str, arn: str, types: tuple[str, str]
) -> None:
    options = {**OPTIONS, "resource_id": resource_id, "log_destination": arn}
    found = run_module(vpc_flow_log, options, [find()], check_mode=True).result["flow_log"]
    assert (found["resource_type"], found["destination_type"]) == types


@pytest.mark.parametrize(
    ("resource_id", "resource_type"), [("subnet-1", "Subnet"), ("eni-1", "NetworkInterface"), (VPC, "VPC")]
)
def test_the_kind_of_resource_is_told_by_its_identifier(
    run_module: Callable[..., Any], resource_id: str, resource_type: str
) -> None:
    made = create(ResourceIds=[resource_id], ResourceType=resource_type)
    steps = [find(), made, find(described(NEW, ResourceId=resource_id))]
    outcome = run_module(vpc_flow_log, {**OPTIONS, "resource_id": resource_id}, steps)
    assert outcome.result["flow_log"]["resource_type"] == resource_type


def test_a_stream_needs_no_role(run_module: Callable[..., Any]) -> None:
    request = {"LogDestinationType": "kinesis-data-firehose", "LogDestination": STREAM}
    shown = described(NEW, DeliverLogsPermissionArn=None, LogGroupName=None, **request)
    steps = [find(), create(DeliverLogsPermissionArn=None, **request), find(shown)]
    outcome = run_module(vpc_flow_log, {**OPTIONS, "log_destination": STREAM, "role_arn": None}, steps)
    assert outcome.result["flow_log"]["destination_type"] == "kinesis-data-firehose"


@pytest.mark.parametrize(
    ("options", "flow_log"),
    [
        ({**OPTIONS, "log_destination": f"{GROUP}:*"}, described()),
        ({**OPTIONS, "destination_type": "cloud-watch-logs"}, described(LogDestination=None)),
        ({**OPTIONS, "log_format": ""}, described()),
        ({**OPTIONS, "log_format": f"  {FORMAT}\n"}, described(LogFormat=FORMAT)),
        ({key: value for key, value in OPTIONS.items() if key != "tags"}, described(MaxAggregationInterval=60)),
        ({**TO_BUCKET, "log_destination": f"{BUCKET}/"}, in_bucket()),
        ({**TO_BUCKET, "role_arn": "", "destination_options": {"per_hour_partition": False}}, in_bucket()),
        (TO_BUCKET, in_bucket(LogDestination=f"{BUCKET}/", DestinationOptions={"FileFormat": "parquet"})),
    ],
)
def test_what_means_the_same_is_no_difference(
    run_module: Callable[..., Any], options: dict[str, Any], flow_log: dict[str, Any]
) -> None:
    outcome = run_module(vpc_flow_log, options, [find(flow_log)])
    assert outcome.result["changed"] is False, outcome.result["diff"]


def test_a_replacement_keeps_what_the_options_leave_alone(run_module: Callable[..., Any]) -> None:
    tags = {"aws:owner": "stack", "team": "data", "Name": NAME}
    kept: dict[str, Any] = {"LogFormat": FORMAT, "MaxAggregationInterval": 60}
    written = [{"ResourceType": "vpc-flow-log", "Tags": tag_list({"team": "data", "Name": NAME})}]
    steps = [
        find(described(Tags=tag_list(tags), **kept)),
        create(TrafficType="REJECT", TagSpecifications=written, **kept),
        delete(),
        find(described(NEW, TrafficType="REJECT", **kept)),
    ]
    options = {key: value for key, value in REJECTED.items() if key != "tags"}
    outcome = run_module(vpc_flow_log, options, steps)
    assert outcome.result["diff"]["before"]["flow_log_id"] == OLD
    assert outcome.result["diff"]["after"]["flow_log_id"] == "fl-known-after-apply"
    assert outcome.result["flow_log"]["flow_log_id"] == NEW


def test_options_of_a_bucket_are_merged(run_module: Callable[..., Any]) -> None:
    hourly = {"FileFormat": "parquet", "HiveCompatiblePartitions": False, "PerHourPartition": True}
    parquet = {**hourly, "PerHourPartition": False}
    tags = tag_list({"Name": NAME})
    steps = [
        find(in_bucket(DestinationOptions=parquet, Tags=tags)),
        create(**{**TO_BUCKET_REQUEST, "DestinationOptions": hourly}),
        delete(),
        find(in_bucket(NEW, DestinationOptions=hourly, Tags=tags)),
    ]
    outcome = run_module(vpc_flow_log, {**TO_BUCKET, "destination_options": {"per_hour_partition": True}}, steps)
    assert outcome.result["flow_log"]["destination_options"] == {
        "file_format": "parquet",
        "hive_compatible_partitions": False,
        "per_hour_partition": True,
    }


def test_another_kind_of_destination_leaves_nothing_of_the_old(run_module: Callable[..., Any]) -> None:
    to_bucket = {**TO_BUCKET, "tags": {"team": "platform"}}
    tags = create()[1]["TagSpecifications"]
    steps = [find(described()), create(**{**TO_BUCKET_REQUEST, "TagSpecifications": tags}), delete()]
    outcome = run_module(vpc_flow_log, to_bucket, [*steps, find(in_bucket(NEW))])
    assert outcome.result["flow_log"]["role_arn"] == ""
    outcome = run_module(vpc_flow_log, OPTIONS, [find(in_bucket()), create(), delete(), find(described(NEW))])
    assert outcome.result["flow_log"]["destination_options"] == {}


@pytest.mark.parametrize("code", ["FlowLogAlreadyExists", "FlowLogsLimitExceeded"])
@pytest.mark.parametrize("form", ["error", "unsuccessful"])
def test_what_ec2_does_not_let_exist_beside_the_old_one_follows_it(
    run_module: Callable[..., Any], code: str, form: str
) -> None:
    refusal = f"{code}: no" if form == "error" else unsuccessful(code, "no")
    steps = [
        find(described()),
        create(refusal, TrafficType="REJECT"),
        delete(),
        find(described()),
        find(),
        create(TrafficType="REJECT"),
        find(),
        find(described(NEW, TrafficType="REJECT")),
    ]
    assert run_module(vpc_flow_log, REJECTED, steps).result["flow_log"]["flow_log_id"] == NEW


def test_another_resource_is_logged_after_the_old_one(run_module: Callable[..., Any]) -> None:
    subnet = {"ResourceIds": ["subnet-1"], "ResourceType": "Subnet"}
    shown = find(described(NEW, ResourceId="subnet-1"))
    steps = [find(described()), delete(), find(), create(**subnet), shown]
    outcome = run_module(vpc_flow_log, {**OPTIONS, "resource_id": "subnet-1"}, steps)
    assert outcome.result["diff"]["before"]["resource_id"] == VPC
    assert outcome.result["flow_log"]["resource_type"] == "Subnet"


def test_an_interrupted_replacement_is_finished(run_module: Callable[..., Any]) -> None:
    new = described(NEW, TrafficType="REJECT")
    found = find(described(), new)
    predicted = run_module(vpc_flow_log, REJECTED, [found], check_mode=True).result
    outcome = run_module(vpc_flow_log, REJECTED, [found, delete(), find(new)])
    assert predicted["diff"]["before"]["superseded_flow_log_ids"] == [OLD]
    assert predicted["diff"] == outcome.result["diff"]
    assert predicted["flow_log"] == outcome.result["flow_log"]
    assert outcome.result["flow_log"]["flow_log_id"] == NEW


def test_the_old_flow_log_stays_when_it_is_wanted_again(run_module: Callable[..., Any]) -> None:
    steps = [find(described(NEW, TrafficType="REJECT"), described()), delete(NEW), find(described())]
    assert run_module(vpc_flow_log, OPTIONS, steps).result["flow_log"]["flow_log_id"] == OLD


def test_of_two_that_are_as_wanted_the_newer_stays(run_module: Callable[..., Any]) -> None:
    new = described(NEW, LogFormat=FORMAT)
    steps = [find(described(), new), delete(), find(new)]
    assert run_module(vpc_flow_log, OPTIONS, steps).result["flow_log"]["flow_log_id"] == NEW


def test_two_that_are_not_as_wanted_are_both_replaced(run_module: Callable[..., Any]) -> None:
    third = "fl-00000000000000003"
    accepted = {"TrafficType": "ACCEPT"}
    steps = [find(described(), described(NEW, TrafficType="REJECT")), create(third, **accepted)]
    steps += [delete(NEW), delete(), find(described(third, **accepted))]
    outcome = run_module(vpc_flow_log, {**OPTIONS, "traffic_type": "ACCEPT"}, steps)
    assert outcome.result["flow_log"]["flow_log_id"] == third


def test_all_flow_logs_of_the_name_are_deleted(run_module: Callable[..., Any]) -> None:
    found = find(described(), described(NEW, TrafficType="REJECT"))
    outcome = run_module(vpc_flow_log, ABSENT, [found, delete(NEW), delete(), find(described()), find()])
    assert outcome.result["diff"]["before"]["superseded_flow_log_ids"] == [OLD]


@pytest.mark.parametrize("options", [OPTIONS, ABSENT])
def test_flow_logs_of_several_resources_are_not_touched(
    run_module: Callable[..., Any], options: dict[str, Any]
) -> None:
    steps = [find(described(), described(NEW, ResourceId="vpc-2"))]
    message = run_module(vpc_flow_log, options, steps).message
    assert all(part in message for part in ("'production'", f"{OLD} ({VPC})", f"{NEW} (vpc-2)", "rename"))


def test_a_name_that_only_fits_as_a_pattern_is_another(run_module: Callable[..., Any]) -> None:
    foreign = described(Tags=tag_list({"Name": "productions"}))
    assert run_module(vpc_flow_log, ABSENT, [find(foreign)]).result["changed"] is False


@pytest.mark.parametrize(
    "refusal",
    [
        f"InvalidParameter: {ASSUME}",
        unsuccessful("InvalidParameter", ASSUME),
        unsuccessful("400", "LogDestination: production-logs does not exist"),
        unsuccessful(
            "400", "Access Denied for LogDestination: production-logs. Please check LogDestination permission"
        ),
        "LogDestinationNotFoundException: /production/flow-logs",
    ],
)
def test_what_was_made_just_before_is_waited_for(run_module: Callable[..., Any], refusal: Any) -> None:
    steps = [find(), create(refusal), create(), find(described(NEW))]
    assert run_module(vpc_flow_log, OPTIONS, steps).result["changed"] is True


def test_a_role_that_ec2_never_can_assume_is_its_error(run_module: Callable[..., Any]) -> None:
    steps = [find(), *[create(f"InvalidParameter: {ASSUME}")] * 25]
    message = run_module(vpc_flow_log, OPTIONS, steps).message
    assert f"create the flow log production of {VPC}" in message
    assert ASSUME in message


def test_a_flow_log_that_ec2_does_not_make_is_its_error(run_module: Callable[..., Any]) -> None:
    steps = [find(), create(unsuccessful("InvalidVpcID.NotFound", "The vpc ID does not exist"))]
    message = run_module(vpc_flow_log, OPTIONS, steps).message
    assert all(part in message for part in (VPC, "InvalidVpcID.NotFound", "The vpc ID does not exist"))


def test_an_equal_flow_log_of_another_name_is_an_error(run_module: Callable[..., Any]) -> None:
    steps = [find(), create("FlowLogAlreadyExists: the same configuration")]
    assert "FlowLogAlreadyExists" in run_module(vpc_flow_log, OPTIONS, steps).message


@pytest.mark.parametrize(
    "answer",
    ["InvalidFlowLogId.NotFound: none", unsuccessful("InvalidFlowLogId.NotFound", "none")],
    ids=["error", "unsuccessful"],
)
def test_a_flow_log_that_is_gone_meanwhile_is_deleted(run_module: Callable[..., Any], answer: Any) -> None:
    steps = [find(described()), delete(OLD, answer), find()]
    assert run_module(vpc_flow_log, ABSENT, steps).result["changed"] is True


def test_a_flow_log_that_ec2_does_not_delete_is_its_error(run_module: Callable[..., Any]) -> None:
    steps = [find(described()), delete(OLD, unsuccessful("UnauthorizedOperation", "You are not"))]
    message = run_module(vpc_flow_log, ABSENT, steps).message
    assert all(part in message for part in (f"delete the flow log {OLD}", "UnauthorizedOperation", "You are not"))


def test_a_flow_log_that_does_not_show_is_named(run_module: Callable[..., Any]) -> None:
    message = run_module(vpc_flow_log, OPTIONS, [find(), create(), *[find()] * 17]).message
    assert f"EC2 to show {NEW} with the tag Name=production: it shows none" in message
    message = run_module(vpc_flow_log, ABSENT, [find(described()), delete(), *[find(described())] * 17]).message
    assert f"EC2 to show no flow log with the tag Name=production: it shows {OLD}" in message


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize(
    ("options", "flow_log", "writer"),
    [(OPTIONS, described, "role_arn"), (TO_BUCKET, in_bucket, "delivery.logs.amazonaws.com")],
)
def test_a_failed_delivery_is_a_warning_and_no_difference(
    run_module: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, Any],
    flow_log: Callable[..., dict[str, Any]],
    writer: str,
    check_mode: bool,
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(vpc_flow_log, "warn", warnings.append)
    failed = flow_log(DeliverLogsStatus="FAILED", DeliverLogsErrorMessage="Access error")
    outcome = run_module(vpc_flow_log, options, [find(failed)], check_mode=check_mode)
    assert outcome.result["changed"] is False
    assert outcome.result["flow_log"]["deliver_logs_status"] == "FAILED"
    assert outcome.result["flow_log"]["deliver_logs_error_message"] == "Access error"
    assert [part for part in (OLD, "Access error", writer) if part not in warnings[0]] == []


def test_a_delivery_that_works_is_no_warning(run_module: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(vpc_flow_log, "warn", warnings.append)
    run_module(vpc_flow_log, OPTIONS, [find(described())])
    assert warnings == []


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"resource_id": "tgw-1"}, ("resource_id", "'tgw-1'", "subnet-...")),
        ({"log_destination": "production-logs"}, ("log_destination", "'production-logs'", "or arn:aws:firehose:")),
        ({"log_destination": "arn:aws:logs:eu-west-1:1:log-group:a"}, ("log_destination", "log-group:NAME")),
        ({"log_destination": f"{GROUP}:log-stream:a"}, ("log_destination", "log-group:NAME")),
        ({"log_destination": "arn:aws:s3:::"}, ("log_destination", "arn:aws:s3:::BUCKET")),
        ({"destination_type": "s3"}, ("log_destination", GROUP, "arn:aws:s3:::BUCKET", "destination_type")),
        ({"role_arn": None}, ("role_arn", "cloud-watch-logs", "vpc-flow-logs.amazonaws.com")),
        ({"role_arn": "production-flow-logs"}, ("role_arn", "'production-flow-logs'", "arn:aws:iam::")),
        ({"log_destination": BUCKET}, ("role_arn", ROLE, "'s3'", "Remove role_arn")),
        ({"log_destination": STREAM}, ("role_arn", ROLE, "'kinesis-data-firehose'")),
        ({"log_format": "srcaddr dstaddr"}, ("log_format", "'srcaddr dstaddr'", "${srcaddr}")),
        ({"destination_options": {"file_format": "parquet"}}, ("destination_options", "parquet", "'s3'")),
        ({"max_aggregation_interval": 300}, ("max_aggregation_interval", "60, 600", "300")),
        ({"traffic_type": "all"}, ("traffic_type", "ALL, ACCEPT, REJECT")),
        ({"destination_type": "kafka"}, ("destination_type", "kinesis-data-firehose")),
        ({"resource_id": None}, ("resource_id",)),
        ({"log_destination": None}, ("log_destination",)),
    ],
)
def test_bad_options_are_refused_before_any_call(
    run_module: Callable[..., Any], changes: dict[str, Any], parts: tuple[str, ...], check_mode: bool
) -> None:
    message = run_module(vpc_flow_log, {**OPTIONS, **changes}, check_mode=check_mode).message
    assert [part for part in parts if part not in message] == []

# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Gaps of moto's EC2 flow logs."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError, FlowLogAlreadyExists
from moto.ec2.models import EC2Backend
from moto.ec2.models.flow_logs import FlowLogs, FlowLogsBackend
from moto.ec2.responses.flow_logs import FlowLogs as FlowLogsResponse
from moto.iam.models import iam_backends

from sandbox.aws.roles import trusts
from sandbox.aws.wrap import wrap

Made = tuple[list[FlowLogs], list[Any]]

_SERVICE = "vpc-flow-logs.amazonaws.com"
_DESTINATION_OPTIONS = {"FileFormat": "plain-text", "HiveCompatiblePartitions": False, "PerHourPartition": False}
_CONFIGURATION = (
    "resource_id",
    "traffic_type",
    "log_destination_type",
    "log_destination",
    "log_group_name",
    "deliver_logs_permission_arn",
    "log_format",
    "max_aggregation_interval",
    "destination_options",
)


def patch_flow_log_to_log_group_arn() -> None:
    """CreateFlowLogs does not find a log group that is given by its ARN, and DescribeFlowLogs does not name it.

    Symptom: the delivery is FAILED with "Access error" at once, although the log group is there.
    Source: EC2 API reference, CreateFlowLogs, LogDestination: the ARN of a CloudWatch Logs log group.
    """

    def create(original: Callable[..., Made], self: EC2Backend, **request: Any) -> Made:
        arn = request["log_destination"] or ""
        if ":log-group:" not in arn:
            return original(self, **request)
        group = arn.partition(":log-group:")[2].removesuffix(":*")
        return _with_destination(arn, original(self, **{**request, "log_destination": None, "log_group_name": group}))

    wrap(FlowLogsBackend, "create_flow_logs", create)


def patch_flow_log_to_bucket_prefix() -> None:
    """CreateFlowLogs takes a prefix in a bucket's ARN for a part of the bucket's name.

    Symptom: "LogDestination: bucket/prefix does not exist", although the bucket does.
    Source: EC2 API reference, CreateFlowLogs, LogDestination: arn:aws:s3:::my_bucket/my_subfolder/.
    """

    def create(original: Callable[..., Made], self: EC2Backend, **request: Any) -> Made:
        arn = request["log_destination"] or ""
        if request["log_destination_type"] != "s3" or "/" not in arn:
            return original(self, **request)
        return _with_destination(arn, original(self, **{**request, "log_destination": arn.partition("/")[0]}))

    wrap(FlowLogsBackend, "create_flow_logs", create)


def patch_flow_log_role() -> None:
    """CreateFlowLogs takes a role that it cannot assume, and a role for a bucket, which needs none.

    Symptom: a play without the role's trust policy passes here and fails in AWS.
    Source: errors of EC2, "InvalidParameter: DeliverLogsPermissionArn is not applicable for s3 delivery" and
    "InvalidParameter: Unable to assume given IAM role" (terraform-provider-aws, issue 29323).
    """

    def create(original: Callable[..., Made], self: EC2Backend, **request: Any) -> Made:
        role, kind = request["deliver_logs_permission_arn"], request["log_destination_type"] or "cloud-watch-logs"
        if role and kind == "s3":
            raise EC2ClientError("InvalidParameter", "DeliverLogsPermissionArn is not applicable for s3 delivery")
        if role and not _can_assume(self, role):
            raise EC2ClientError("InvalidParameter", f"Unable to assume given IAM role: '{role}'")
        return original(self, **request)

    wrap(FlowLogsBackend, "create_flow_logs", create)


def patch_flow_log_destination_options() -> None:
    """CreateFlowLogs drops DestinationOptions.

    Symptom: a module that compares them replaces the flow log at every run.
    Source: EC2 API reference, FlowLog, destinationOptions; EC2 answers them for every flow log to a bucket.
    """

    def create(original: Callable[..., ActionResult], self: FlowLogsResponse) -> ActionResult:
        answer = original(self)
        given = self._get_param("DestinationOptions", {})
        for flow_log in _made(self, answer):
            if flow_log.log_destination_type == "s3":
                # The attribute is new; the serializer takes every attribute that the answer's model has.
                vars(flow_log)["destination_options"] = {**_DESTINATION_OPTIONS, **given}
        return answer

    wrap(FlowLogsResponse, "create_flow_logs", create)


def patch_equal_flow_log() -> None:
    """CreateFlowLogs answers FlowLogAlreadyExists for any second flow log of a resource to the same destination.

    Symptom: a flow log cannot be replaced by one with another format, traffic type or interval before it is deleted.
    Source: EC2 API reference, error codes, FlowLogAlreadyExists: "A flow log with the specified configuration already
    exists"; VPC user guide, "Publish flow logs to CloudWatch Logs": several may publish to one log group, such as one
    for accepted and one for rejected traffic.
    """

    def create_alone(original: Callable[..., Made], self: EC2Backend, **request: Any) -> Made:
        # moto compares with what it finds here.
        alone = copy.copy(self)
        alone.flow_logs = {}
        made, refused = original(alone, **request)
        for flow_log in made:
            flow_log.ec2_backend = self
            self.flow_logs[flow_log.id] = flow_log
        return made, refused

    def create(original: Callable[..., ActionResult], self: FlowLogsResponse) -> ActionResult:
        answer = original(self)
        backend = self.ec2_backend
        for flow_log in _made(self, answer):
            others = [other for other in backend.flow_logs.values() if other is not flow_log]
            if _configuration(flow_log) in map(_configuration, others):
                del backend.flow_logs[flow_log.id]
                backend.tags.pop(flow_log.id, None)
                raise FlowLogAlreadyExists()
        return answer

    wrap(FlowLogsBackend, "create_flow_logs", create_alone)
    wrap(FlowLogsResponse, "create_flow_logs", create)


def _with_destination(arn: str, made: Made) -> Made:
    for flow_log in made[0]:
        flow_log.log_destination = arn
    return made


def _made(response: FlowLogsResponse, answer: ActionResult) -> list[FlowLogs]:
    result: Any = answer.result
    return [response.ec2_backend.flow_logs[flow_log_id] for flow_log_id in result["FlowLogIds"]]


def _configuration(flow_log: FlowLogs) -> tuple[Any, ...]:
    return tuple(getattr(flow_log, name, None) for name in _CONFIGURATION)


def _can_assume(backend: EC2Backend, role_arn: str) -> bool:
    return trusts(iam_backends[backend.account_id][backend.partition], role_arn, _SERVICE)


# The comparison comes last, since it needs all that the others add.
PATCHES = (
    patch_flow_log_to_log_group_arn,
    patch_flow_log_to_bucket_prefix,
    patch_flow_log_role,
    patch_flow_log_destination_options,
    patch_equal_flow_log,
)

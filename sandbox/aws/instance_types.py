# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Answers to DescribeInstanceTypes at the speed of EC2's.

moto writes the XML of its 1400 instance types anew for each question: about four seconds of this process, in which it
does nothing else. Each replica of Karpenter asks for all of them when it starts, and its pods are not ready before.
What is said of a type never changes, so it is written once, while nobody waits for it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import ActionContext, ActionResult
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from moto.ec2.models.instance_types import INSTANCE_TYPES, InstanceType
from moto.ec2.responses.instances import InstanceResponse

from sandbox.aws.wrap import wrap

_SERVICE, _OPERATION = "ec2", "DescribeInstanceTypes"
_SET = re.compile("(?<=<instanceTypeSet>).*(?=</instanceTypeSet>)", re.DOTALL)
_NO_SET = "<instanceTypeSet/>"


class _Written(ActionResult):
    """Instance types of which the XML is there already, or is kept from now on."""

    def execute_result(self, context: ActionContext) -> TYPE_RESPONSE:
        result: Any = self.result
        items = "".join(_item(item.name) for item in result["InstanceTypes"])
        status, headers, body = ActionResult({"InstanceTypes": []}).execute_result(context)
        before, found, after = str(body).partition(_NO_SET)
        assert found, body
        return status, headers, f"{before}<instanceTypeSet>{items}</instanceTypeSet>{after}"


def install() -> None:
    """Let moto answer from what is written."""

    def describe(original: Callable[..., ActionResult], self: InstanceResponse) -> ActionResult:
        return _Written(original(self).result)

    wrap(InstanceResponse, "describe_instance_types", describe)


def write_all() -> None:
    """Write what is said of every type."""
    for name in INSTANCE_TYPES:
        _item(name)


@functools.cache
def _item(name: str) -> str:
    """The element `item` of an instance type, as moto writes it."""
    model = get_service_model(_SERVICE)
    serializer = get_serializer_class(_SERVICE, model.protocol)
    # Of the response, only what its class says is looked at.
    context = ActionContext(model, model.operation_model(_OPERATION), serializer, InstanceResponse)  # type: ignore[arg-type]
    _status, _headers, body = ActionResult({"InstanceTypes": [InstanceType(name)]}).execute_result(context)
    found = _SET.search(str(body))
    assert found, body
    return found.group()

# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Reading botocore's service models, which shape everything the emulator answers."""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.session
from botocore.exceptions import UnknownServiceError
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

# Services that sign with another name than their model has.
_SIGNING_NAMES = {"monitoring": "cloudwatch", "elasticloadbalancing": "elbv2", "email": "ses"}


@cache
def service_model(service: str) -> ServiceModel:
    """The model of `service`; raises UnknownServiceError."""
    return botocore.session.Session().get_service_model(service)


def operation_names(service: str) -> list[str]:
    """All operations of `service`, such as CreateCluster."""
    return list(service_model(service).operation_names)


def validation_errors(service: str, operation: str, params: dict[str, Any]) -> str:
    """What is wrong with the members of a request by its input shape; empty when nothing is."""
    shape = service_model(service).operation_model(operation).input_shape
    return str(ParamValidator().validate(params, shape).generate_report()) if shape else ""


@cache
def protocol(signing_name: str) -> str:
    """The wire protocol of the service that signs as `signing_name`: query, ec2, json, rest-json or rest-xml."""
    try:
        model = service_model(_SIGNING_NAMES.get(signing_name, signing_name))
    except UnknownServiceError:
        return "json"
    # Of several, the one that botocore speaks.
    return str(model.resolved_protocol)

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse options that should be ARNs and are none, before AWS is asked for anything."""

from __future__ import annotations

import dataclasses
import re

from ansible_collections.amazon.aws.plugins.module_utils.arn import validate_aws_arn
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import is_unknown


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of ARN: whose it is, what it names (an empty text where the service has no such part), how it looks."""

    service: str
    resource_type: str
    example: str


ROLE = Kind("iam", "role", "arn:aws:iam::123456789012:role/NAME")
KEY = Kind("kms", "key", "arn:aws:kms:eu-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef")
PRINCIPAL = Kind("iam", "", "arn:aws:iam::123456789012:role/NAME")
ACCESS_POLICY = Kind("eks", "cluster-access-policy", "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy")


def check_arn(option: str, value: str | None, kind: Kind) -> None:
    """Stop when an option is no ARN of this kind. Empty values and predicted ones are not looked at.

    :raises AnsibleAWSError: naming option, value and how an ARN of this kind looks.
    """
    if not value or is_unknown(value):
        return
    if not validate_aws_arn(value, service=kind.service, resource_type=kind.resource_type or None):
        raise AnsibleAWSError(message=f"{option} is {value!r}, but must be an ARN such as {kind.example}.")


def arn_kind(arn: str) -> str:
    """Return what tells the kind of a resource by its ARN: service and type, for EC2 the prefix of the identifier.

    EC2's types differ between documents, its identifiers do not. Names of topics, queues and buckets have no type.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
    """
    service, resource = arn.split(":")[2], arn.split(":", 5)[-1]
    if service == "ec2":
        return f"ec2:{arn_id(arn).partition('-')[0]}"
    kind = re.match("[^:/]+(?=[:/])", resource)
    return f"{service}:{kind.group()}" if kind and service not in ("s3", "sns", "sqs") else service


def arn_id(arn: str) -> str:
    """Return the last part of an ARN."""
    return re.split("[:/]", arn)[-1]

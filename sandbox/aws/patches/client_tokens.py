# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Gaps of moto's EC2: requests that are repeated."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from moto.core.responses import ActionResult
from moto.ec2.responses import EC2Response

from sandbox.aws.wrap import wrap

_OPERATIONS = ("create_launch_template_version", "create_nat_gateway", "create_network_acl")


def patch_client_tokens() -> None:
    """What makes something makes another when the request is repeated with its ClientToken.

    Symptom: the SDK, which sends a token of its own with these, leaves a second one after a lost answer.
    Source: EC2 API reference, "Ensuring idempotency in Amazon EC2 API requests".
    """

    def answer(operation: str, original: Callable[..., ActionResult], self: EC2Response) -> ActionResult:
        token = self._get_param("ClientToken")
        if not token:
            return original(self)
        answers: dict[tuple[str, str], ActionResult] = vars(self.ec2_backend).setdefault("client_tokens", {})
        if (operation, token) not in answers:
            answers[operation, token] = original(self)
        return answers[operation, token]

    for operation in _OPERATIONS:
        wrap(EC2Response, operation, partial(answer, operation))


PATCHES = (patch_client_tokens,)

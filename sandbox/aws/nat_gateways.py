# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""NAT gateways that take their time: pending before they are available, deleting before their address is free."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from moto.ec2.models import EC2Backend
from moto.ec2.models.nat_gateways import NatGateway

from sandbox.aws.eks.changes import Changes
from sandbox.aws.runtime import Runtime
from sandbox.aws.wrap import wrap

_KIND = "nat gateway"
# What shows a gateway or its address, or needs the address free.
_SEE_IT = ("describe_nat_gateways", "describe_addresses", "release_address", "disassociate_address")


def install(runtime: Runtime) -> None:
    """Let creation and deletion take their share of AWS' time; without one they are done at once, as in moto.

    To be called after the patches of EC2, so that what they look at is up to date.
    """
    slow = _Slow(runtime)
    wrap(EC2Backend, "create_nat_gateway", slow.create)
    wrap(EC2Backend, "delete_nat_gateway", slow.delete)
    for name in _SEE_IT:
        wrap(EC2Backend, name, slow.settle_first)


class _Slow:
    """The NAT gateways that are on their way in or out."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._changes = Changes()
        self._lock = threading.RLock()

    def create(
        self, original: Callable[..., NatGateway], backend: EC2Backend, *arguments: Any, **named: Any
    ) -> NatGateway:
        gateway = original(backend, *arguments, **named)
        seconds = self._runtime.seconds("ec2_nat_gateway_create")

        def finish() -> None:
            if gateway.state == "pending":
                gateway.state = "available"

        if seconds:
            gateway.state = "pending"
            self._begin(gateway, seconds, finish)
        return gateway

    def delete(self, original: Callable[..., NatGateway], backend: EC2Backend, nat_gateway_id: str) -> NatGateway:
        gateway = backend.nat_gateways.get(nat_gateway_id)
        seconds = self._runtime.seconds("ec2_nat_gateway_delete")

        def finish() -> None:
            # A reset of the account may have come before.
            if backend.nat_gateways.get(nat_gateway_id) is gateway:
                original(backend, nat_gateway_id)

        if gateway is None or not seconds:
            return original(backend, nat_gateway_id)
        if gateway.state in ("pending", "available"):
            gateway.state = "deleting"
            self._begin(gateway, seconds, finish)
        return gateway

    def settle_first(self, original: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        with self._lock:
            self._changes.settle()
        return original(*arguments, **named)

    def _begin(self, gateway: NatGateway, seconds: float, finish: Callable[[], None]) -> None:
        with self._lock:
            self._changes.begin(_KIND, gateway.id, seconds, finish)

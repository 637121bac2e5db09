# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Gaps of moto's Elastic Load Balancing."""

from __future__ import annotations

from typing import Any

from moto.elbv2.exceptions import ELBClientError
from moto.elbv2.models import ELBv2Backend, FakeLoadBalancer

from sandbox.aws.wrap import wrap


def patch_load_balancer_attributes() -> None:
    """A new load balancer lacks two attributes that AWS gives every one.

    Symptom: amazon.aws.elb_application_lb fails with KeyError 'idle_timeout_timeout_seconds' or
    'access_logs_s3_enabled'.
    Source: ELB API reference, LoadBalancerAttribute: defaults of idle_timeout.timeout_seconds and
    access_logs.s3.enabled.
    """

    def __init__(original: Any, self: FakeLoadBalancer, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        self.attrs = {"access_logs.s3.enabled": "false", "idle_timeout.timeout_seconds": "60", **self.attrs}

    wrap(FakeLoadBalancer, "__init__", __init__)


def patch_load_balancer_deletion_protection() -> None:
    """DeleteLoadBalancer deletes a load balancer whose deletion protection is on.

    Symptom: a teardown that would be refused by AWS works.
    Source: ELB API reference, DeleteLoadBalancer: "You can't delete a load balancer if deletion protection is
    enabled"; error OperationNotPermitted.
    """

    def delete(original: Any, self: ELBv2Backend, arn: str) -> None:
        balancer = self.load_balancers.get(arn)
        if balancer is not None and balancer.attrs.get("deletion_protection.enabled") == "true":
            message = f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
            raise ELBClientError("OperationNotPermitted", message)
        original(self, arn)

    wrap(ELBv2Backend, "delete_load_balancer", delete)


PATCHES = (patch_load_balancer_attributes, patch_load_balancer_deletion_protection)

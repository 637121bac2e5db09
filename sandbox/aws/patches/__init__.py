# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Corrections of moto, one function per gap. Each has a canary test that fails when moto closes the gap."""

from __future__ import annotations

from sandbox.aws.patches import (
    acm,
    client_tokens,
    cloudtrail,
    cloudwatch,
    ec2,
    events,
    fleets,
    flow_logs,
    iam,
    iam_policies,
    images,
    instance_profiles,
    interface_endpoints,
    kms,
    launch_templates,
    load_balancers,
    logs,
    network_acls,
    prices,
    quotas,
    route53,
    s3,
    security_groups,
    tagging,
    vpc_endpoints,
)

PATCHES = (
    *acm.PATCHES,
    *client_tokens.PATCHES,
    *cloudtrail.PATCHES,
    *cloudwatch.PATCHES,
    *ec2.PATCHES,
    *events.PATCHES,
    *fleets.PATCHES,
    *flow_logs.PATCHES,
    *iam.PATCHES,
    *images.PATCHES,
    *instance_profiles.PATCHES,
    *interface_endpoints.PATCHES,
    *iam_policies.PATCHES,
    *kms.PATCHES,
    *launch_templates.PATCHES,
    *load_balancers.PATCHES,
    *logs.PATCHES,
    *network_acls.PATCHES,
    *prices.PATCHES,
    *quotas.PATCHES,
    *route53.PATCHES,
    *s3.PATCHES,
    *security_groups.PATCHES,
    *tagging.PATCHES,
    *vpc_endpoints.PATCHES,
)


def apply_patches() -> None:
    """Must run before the first request to a patched service."""
    for patch in PATCHES:
        patch()

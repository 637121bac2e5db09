# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""What the emulator keeps about a cluster."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from moto.eks.models import Cluster as MotoCluster
from moto.eks.models import EKSBackend

from sandbox.aws.eks.changes import Changes


@dataclass
class AccessEntry:
    """An access entry: `document` as the API shows it, `policies` by policy ARN."""

    document: dict[str, Any]
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)


class Cluster(MotoCluster):
    """moto's cluster, and everything else EKS knows of it.

    `document` is the Cluster shape of the API. `endpoint` and CA appear in it when the control plane is up.
    `nodegroups` and `profiles` are the node groups and Fargate profiles, as the API shows them.
    """

    def __init__(self, document: dict[str, Any], backend: EKSBackend) -> None:
        super().__init__(
            name=document["name"],
            role_arn=document["roleArn"],
            resources_vpc_config=document["resourcesVpcConfig"],
            account_id=backend.account_id,
            region_name=backend.region_name,
            aws_partition=backend.partition,
            version=document["version"],
        )
        self.account_id, self.region_name = backend.account_id, backend.region_name
        self.document = document
        self.addons: dict[str, dict[str, Any]] = {}
        self.nodegroups: dict[str, dict[str, Any]] = {}  # type: ignore[assignment]  # moto has objects here
        self.profiles: dict[str, dict[str, Any]] = {}
        self.associations: dict[str, dict[str, Any]] = {}
        self.entries: dict[str, AccessEntry] = {}
        self.updates: dict[str, dict[str, Any]] = {}
        self.changes = Changes()
        # Instances of node groups whose nodes are being drained, with the time.monotonic() at which they end anyway.
        self.retiring: dict[str, float] = {}
        # Fargate profiles that are deleted, and whose pods are to be.
        self.closed_profiles: list[str] = []
        # The thread that starts the control plane.
        self.creation: threading.Thread | None = None
        # Ends the time that this thread lets pass because AWS would.
        self.abandoned = threading.Event()
        # The version that runs, which an upgrade of the sandbox does not change.
        self.running_version: str | None = None
        self.set_status(document["status"])

    def set_status(self, status: str, issue: str | None = None) -> None:
        """Change the status for our handlers and for moto's; `issue` explains a FAILED cluster to DescribeCluster."""
        self.status = status
        self.document["status"] = status
        issues = [{"code": "InternalFailure", "message": issue, "resourceIds": []}] if issue else []
        self.document["health"] = {"issues": issues}

# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter unready_workloads."""

from __future__ import annotations

import pytest
from ansible_collections.supastack.aws.plugins.filter.unready_workloads import FilterModule

# As Ansible finds it, by its name.
unready_workloads = FilterModule().filters()["unready_workloads"]
READY = {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2, "readyReplicas": 2}
STATUSES: dict[str, tuple[dict[str, int] | None, int | None]] = {
    "ready": (READY, None),
    "without a status": (None, 0),
    "new": ({}, 0),
    "changed just now": ({**READY, "observedGeneration": 1}, 2),
    "one updated": ({**READY, "updatedReplicas": 1}, 1),
    "old pod left": ({**READY, "replicas": 3, "availableReplicas": 3}, 2),
    "old pod left, one of the new not ready": ({**READY, "replicas": 3}, 1),
    "first new pod not ready": ({**READY, "replicas": 3, "updatedReplicas": 1}, 0),
    "first new pod not ready, nor one of the old": (
        {**READY, "replicas": 3, "updatedReplicas": 1, "availableReplicas": 1},
        0,
    ),
    "one available": ({**READY, "availableReplicas": 1}, 1),
    "none available": ({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "unavailableReplicas": 2}, 0),
}


@pytest.mark.parametrize(("status", "ready"), STATUSES.values(), ids=STATUSES)
def test_a_workload_is_ready_as_kubectl_rollout_status_says(status: dict[str, int] | None, ready: int | None) -> None:
    metadata = {"name": "supabase-rest", "generation": 2}
    item = {"kind": "Deployment", "metadata": metadata, "spec": {"replicas": 2}, "status": status}
    told = {"kind": "Deployment", "name": "supabase-rest", "wanted": 2, "ready": ready}
    assert unready_workloads([item]) == ([] if ready is None else [told])

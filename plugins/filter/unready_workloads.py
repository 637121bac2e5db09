# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the workloads that are not as their specifications want them."""

from __future__ import annotations

DOCUMENTATION = r"""
name: unready_workloads
author:
  - Supastack contributors (@supastack)
version_added: 0.2.0
short_description: Which Deployments and StatefulSets are not ready
description:
  - Returns those whose pods are not all of the newest specification and available, which C(kubectl rollout status)
    would wait for.
  - Of the pods that are available, those of the revision before may still be some; so they do not count.
options:
  _input:
    description: Deployments and StatefulSets, as the Kubernetes API has them.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Wait until all are ready
  kubernetes.core.k8s_info:
    api_version: apps/v1
    kind: Deployment
    namespace: supabase
  register: deployments
  until: deployments.resources | supastack.aws.unready_workloads | length == 0
"""

RETURN = r"""
_value:
  description:
    - A dictionary for each workload that is not ready, with C(kind), C(name), and as numbers of pods C(wanted) and
      C(ready).
  type: list
  elements: dict
  sample: [{kind: Deployment, name: supabase-rest, wanted: 2, ready: 1}]
"""

import typing as t

Workload = t.Mapping[str, t.Any]


def unready_workloads(workloads: t.Sequence[Workload]) -> list[dict[str, t.Any]]:
    """Return what is to be said of each workload that is not ready; its fields are those of apps/v1."""
    found = []
    for item in workloads:
        status, wanted = item.get("status") or {}, item["spec"]["replicas"]
        updated = status.get("updatedReplicas", 0)
        old = status.get("replicas", updated) - updated
        ready = min(max(status.get("availableReplicas", 0) - old, 0), updated)
        is_seen = status.get("observedGeneration", 0) >= item["metadata"]["generation"]
        if not is_seen or updated < wanted or old > 0 or ready < updated:
            found.append({"kind": item["kind"], "name": item["metadata"]["name"], "wanted": wanted, "ready": ready})
    return found


class FilterModule:
    """The filter of this file, for Ansible."""

    def filters(self) -> dict[str, t.Callable[..., list[dict[str, t.Any]]]]:
        """Return the filter by its name."""
        return {"unready_workloads": unready_workloads}

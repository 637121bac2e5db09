# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Run as a program: makes three Fargate profiles one after the other, and removes them, through the module.

Arguments: the folder of a running sandbox in which changes take time, and members of the profiles as JSON. Prints for
each run of the module what it told, and how often EKS refused a change meanwhile, as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from ansible.plugins.loader import init_plugin_loader

CHECKOUT = Path(__file__).resolve().parents[4]
sys.path.insert(0, str(CHECKOUT))
NAMES = ("first", "second", "third")


def options(members: dict[str, Any], name: str) -> dict[str, Any]:
    """The options of a profile; only the last one is waited for."""
    return {
        "cluster_name": members["clusterName"],
        "name": name,
        "pod_execution_role_arn": members["podExecutionRoleArn"],
        "selectors": members["selectors"],
        "wait": name == NAMES[-1],
        # Seconds of the test's clock, on which a pause is nearly none.
        "wait_timeout": 100_000,
    }


def main(folder: str, members: dict[str, Any]) -> None:
    from sandbox.state import Sandbox
    from tests.integration.fuzz.running import Account

    account = Account(Sandbox(Path(folder).name, Path(folder)))
    steps = []
    for state in ("present", "absent"):
        for name in NAMES:
            run = account.run("eks_fargate_profile", {**options(members, name), "state": state})
            assert not run.failed, run.result["msg"]
            profile = run.result.get("fargate_profile") or {}
            writes = [call for call in run.calls if call.startswith(("Create", "Delete"))]
            steps.append({"changed": run.changed, "status": profile.get("status"), "refusals": len(writes) - 1})
    print(json.dumps(steps))


if __name__ == "__main__":
    init_plugin_loader([str(CHECKOUT / ".collections")])
    main(sys.argv[1], json.loads(sys.argv[2]))

# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""What a live cluster runs on: what the role refuses to do with it, told before anything is changed.

Each case is a host, so that one run of each file answers all of its cases.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.roles.templating import evaluate

CHECKOUT = Path(__file__).resolve().parents[3]
INPUTS = {
    "supabase_environment": "demo",
    "supabase_aws_region": "eu-west-1",
    "supabase_account_id": "123456789012",
    "ansible_connection": "local",
    "ansible_python_interpreter": sys.executable,
}


def found(*parts: dict[str, Any]) -> dict[str, Any]:
    """Return the answers of tasks that looked for parts of the cluster, and for one that is not there."""
    return {"results": [{"diff": {"before": part}} for part in ({}, *parts)]}


def live(compute: str, **variables: Any) -> dict[str, Any]:
    """Return the variables of a live cluster of Kubernetes 1.35 with this compute."""
    nodes = [{"name": "supabase", "version": "1.35"}] if compute == "managed_nodes" else []
    profiles = [{"name": "system"}] if compute == "karpenter" else []
    return {
        **INPUTS,
        "__eks_found": {"cluster": {"exists": True, "version": "1.35"}},
        "__eks_found_nodes": found(*nodes),
        "__eks_found_profiles": found(*profiles),
        **variables,
    }


BEHIND = found({"name": "supabase", "version": "1.35"}, {"name": "old", "version": "1.34"})
NONE = {"exists": False, "version": "version-known-after-apply"}
MANAGED, KARPENTER = {"eks_compute": "managed_nodes"}, {"eks_compute": "karpenter"}
INSTANCES = [{"instance_id": "i-1", "tags": {"karpenter.sh/nodepool": "default"}}, {"instance_id": "i-2", "tags": {}}]

# file of the role: case: variables, what the message must say, nothing where it must pass
CASES: dict[str, dict[str, tuple[dict[str, Any], list[str]]]] = {
    "skew": {
        "nodes-behind": (
            live("managed_nodes", **MANAGED, eks_kubernetes_version="1.36", __eks_found_nodes=BEHIND),
            [
                "eks_kubernetes_version is '1.36'",
                "'1.35'",
                "old has 1.34",
                "Run once with eks_kubernetes_version '1.35'",
            ],
        ),
        "nodes-behind-are-upgraded": (live("managed_nodes", **MANAGED, __eks_found_nodes=BEHIND), []),
        "nodes-ready": (live("managed_nodes", **MANAGED, eks_kubernetes_version="1.36"), []),
        "no-cluster": (live("managed_nodes", **MANAGED, __eks_found={"cluster": NONE}), []),
    },
    "switch": {
        "to-nodes": (
            live("karpenter", **MANAGED),
            ["eks_compute is 'managed_nodes'", "has 'karpenter'", "Fargate profiles system", "eks_compute_switch=true"],
        ),
        "to-karpenter": (
            live("managed_nodes", **KARPENTER),
            ["eks_compute is 'karpenter'", "has 'managed_nodes'", "node group supabase", "set eks_compute back"],
        ),
        "wanted": (live("managed_nodes", **KARPENTER, eks_compute_switch="true"), []),
        "as-it-is": (live("managed_nodes", **MANAGED), []),
        "replaced": (live("managed_nodes", **MANAGED, __eks_found_nodes=BEHIND, eks_nodes_removed=["old"]), []),
    },
    "switched": {
        "karpenter-has-nodes": (
            live("karpenter", **MANAGED, __eks_instances={"instances": INSTANCES}),
            ["but i-1 of Karpenter still run", "kubectl delete nodepools --all"],
        ),
    },
}


def run(folder: Path, file: str, *options: str) -> dict[str, str]:
    """Run one file of the role for the hosts of its cases; return what it said to each that failed."""
    hosts = {case: variables for case, (variables, _message) in CASES[file].items()}
    (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    role = {"name": "supastack.aws.eks", "tasks_from": file, "rolespec_validate": False}
    tasks = [{"ansible.builtin.import_role": role, "tags": "eks"}]
    (folder / "play.yml").write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    program = Path(sys.executable).parent / "ansible-playbook"
    done = subprocess.run(
        [program, "-i", folder / "hosts.yml", folder / "play.yml", *options],
        cwd=CHECKOUT,
        env={
            **os.environ,
            "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
            "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert "{" in done.stdout, done.stdout + done.stderr
    plays = json.loads(done.stdout[done.stdout.index("{") :])["plays"]
    results = [(host, result) for play in plays for task in play["tasks"] for host, result in task["hosts"].items()]
    assert {host for host, _result in results} == set(hosts), done.stderr
    return {host: str(result.get("msg", "")) for host, result in results if result.get("failed")}


@pytest.fixture(scope="session")
def messages(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, str]]:
    """Return what each file said, asked once."""
    said: dict[str, dict[str, str]] = {}

    def ask(file: str) -> dict[str, str]:
        if file not in said:
            said[file] = run(tmp_path_factory.mktemp(file), file)
        return said[file]

    return ask


@pytest.mark.parametrize(("file", "case"), [(file, case) for file, cases in CASES.items() for case in cases])
def test_a_live_cluster(messages: Callable[[str], dict[str, str]], file: str, case: str) -> None:
    wanted = CASES[file][case][1]
    assert (case in messages(file)) == bool(wanted), messages(file)
    for part in wanted:
        assert part in messages(file)[case]


GROUPS = found({"name": "supabase", "status": "ACTIVE", "release_version": "1.35.2-1"}, {"name": "old"})


@pytest.mark.parametrize(
    ("variables", "unwanted"),
    [
        (MANAGED, []),
        ({**MANAGED, "eks_nodes_removed": ["old"]}, ["old"]),
        (KARPENTER, ["supabase"]),
        ({**KARPENTER, "eks_nodes_removed": ["old"]}, ["old", "supabase"]),
    ],
)
def test_the_launch_template_of_each_unwanted_node_group_goes(variables: dict[str, Any], unwanted: list[str]) -> None:
    # Whether the node group itself is still there does not matter: a run may have ended between the two.
    assert evaluate("eks", "__eks_nodes_not_wanted", **variables) == unwanted


@pytest.mark.parametrize(
    ("groups", "release"),
    [
        (GROUPS, "1.35.2-1"),
        (found({"name": "old", "status": "ACTIVE", "release_version": "1.34.1-1"}), ""),
        (found({"name": "supabase", "status": "CREATE_FAILED", "release_version": "1.35.2-1"}), ""),
        (found({"name": "supabase", "status": "ACTIVE", "release_version": None}), ""),
        (found(), ""),
    ],
    ids=["there", "another", "broken", "without a release", "none"],
)
def test_another_launch_template_leaves_the_release_of_nodes(groups: dict[str, Any], release: str) -> None:
    assert evaluate("eks", "__eks_nodes_release", __eks_found_nodes=groups) == release


def test_a_switch_by_a_part_of_the_playbook_is_refused(tmp_path: Path) -> None:
    said = run(tmp_path, "switch", "--tags", "eks")
    assert "Run it without --tags" in said["wanted"]
    assert "as-it-is" not in said

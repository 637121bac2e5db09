# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""What supabase_helm makes of the API's answers and of its options, and what its README says about both."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.chart import rendering
from tests.unit.roles.templating import CHECKOUT, evaluate, render

ROLE = CHECKOUT / "roles" / "supabase_helm"
README = (ROLE / "README.md").read_text(encoding="utf-8")
DEPLOYMENT = {"kind": "Deployment", "metadata": {"name": "supabase-rest", "generation": 2}, "spec": {"replicas": 2}}
READY = {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2, "readyReplicas": 2}
STARTED = "2026-11-27T10:00:0{}Z"


def of_role(expression: str, **variables: Any) -> Any:
    """What an expression is in the role, as plain data."""
    return json.loads(json.dumps(evaluate("supabase_helm", expression, **variables)))


def table(heading: str) -> list[list[str]]:
    """The cells of the first table below a heading of the README, without its head."""
    lines = README.split(f"\n{heading}\n", 1)[1].split("\n")
    start = next(number for number, line in enumerate(lines) if line.startswith("|"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def defaults_of_chart() -> dict[str, Any]:
    """The chart's own values."""
    values: dict[str, Any] = yaml.safe_load((ROLE / "files" / "chart" / "values.yaml").read_text(encoding="utf-8"))
    return values


# README


def test_readme_names_only_options_that_there_are() -> None:
    specification = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    known = set(specification["argument_specs"]["main"]["options"]) | {"supabase_helm_outputs"}
    assert set(re.findall(r"\bsupabase_helm_\w+", README)) - known == set()


def test_readme_lists_every_service_with_its_replicas() -> None:
    values = defaults_of_chart()
    own = {name: value for name, value in values.items() if isinstance(value, dict)}
    services = {name: str(value["replicas"]) for name, value in own.items() if "replicas" in value}
    assert {row[0]: row[2] for row in table("## Services")} == services


def test_readme_explains_only_values_that_there_are() -> None:
    values = defaults_of_chart()
    for row in table("### What to set"):
        service = ""
        for name in re.findall(r"`([^`]+)`", row[0]):
            service, _dot, value = name.rpartition(".") if "." in name else (service, ".", name)
            if name == "priorityClassName" or service == "<service>":
                continue
            assert value in values[service], name


# Folders of the controller


def test_functions_are_kept_by_name_and_path() -> None:
    files = [
        {"path": path, "text": text, "bytes": len(text)}
        for path, text in {
            "README.md": "none of them",
            "_shared/cors.ts": "export {}",
            "hello/index.ts": "a {{ b }}",
            "hello/lib/deep.ts": "c",
        }.items()
    ]
    found = of_role("__supabase_helm_functions.code", __supabase_helm_function_files=files)
    assert found == {
        "_shared": {"cors.ts": "export {}"},
        "hello": {"index.ts": "a {{ b }}", "lib/deep.ts": "c"},
    }


@pytest.mark.parametrize(
    ("sizes", "boxes"),
    [
        ([], []),
        ([900000], [["0.sql"]]),
        ([500000, 400000, 1], [["0.sql", "1.sql"], ["2.sql"]]),
        ([1, 900000, 1], [["0.sql"], ["1.sql"], ["2.sql"]]),
    ],
)
def test_migrations_fill_as_many_config_maps_as_they_need(sizes: list[int], boxes: list[list[str]]) -> None:
    files = [{"path": f"{number}.sql", "text": "x", "bytes": size} for number, size in enumerate(sizes)]
    found = of_role("__supabase_helm_migration_files", __supabase_helm_migrations=files)
    assert [sorted(item["data"]) for item in found] == boxes
    assert [item["metadata"]["name"] for item in found] == [f"supabase-migrations-{n + 1}" for n in range(len(boxes))]


def test_the_charts_version_changes_with_any_of_its_files(tmp_path: Path) -> None:
    told = []
    (tmp_path / "templates").mkdir()
    for version, text in (("0.2.0", "a"), ("0.2.0+old", "a"), ("0.2.0", "b")):
        (tmp_path / "Chart.yaml").write_text(f"{{apiVersion: v2, name: supabase, version: {version}}}")
        (tmp_path / "templates" / "a.yaml").write_text(text)
        told.append(of_role("__supabase_helm_chart_told", supabase_helm_chart=str(tmp_path)))
    versions = [item.pop("version") for item in told]
    assert told == [{"apiVersion": "v2", "name": "supabase"}] * 3
    assert all(re.fullmatch(r"0\.2\.0\+[0-9a-f]{16}", version) for version in versions)
    assert len(set(versions)) == 3


# Secrets and providers


def test_secrets_of_the_users_own_reach_auth_and_functions_by_name_and_version() -> None:
    options = {
        "supabase_helm_oauth_providers": {
            "google": {"client_id": "123", "secret": "OAUTH_GOOGLE"},
            "gitlab": {"client_id": "4", "secret": "OAUTH_GITLAB", "url": "https://git", "redirect_uri": "https://a"},
        },
        "supabase_helm_auth_secrets": ["AUTH_EXTRA"],
        "supabase_helm_function_secrets": ["AUTH_EXTRA"],
        "__supabase_helm_secret_versions": {"oauth-google": "7", "auth-extra": "8"},
    }
    google = {"name": "oauth-google", "key": "secret", "version": "7"}
    # A Secret that is not delivered yet has no version.
    gitlab = {"name": "oauth-gitlab", "key": "secret", "version": "known-after-apply"}
    assert of_role("__supabase_helm_auth.oauth", **options) == {
        "google": {"clientId": "123", "secret": google},
        "gitlab": {"clientId": "4", "secret": gitlab, "url": "https://git", "redirectUri": "https://a"},
    }
    extra = [{"name": "auth-extra", "version": "8"}]
    assert of_role("__supabase_helm_auth.environmentFrom", **options) == extra
    assert of_role("__supabase_helm_functions.environmentFrom", **options) == extra


# Readiness


@pytest.mark.parametrize(("status", "is_ready"), [(READY, True), ({**READY, "availableReplicas": 1}, False)])
def test_a_workload_is_waited_for_until_it_is_ready(status: dict[str, int], is_ready: bool) -> None:
    found = {"resources": [{**DEPLOYMENT, "status": status}]}
    waited = {"kind": "Deployment", "name": "supabase-rest"}
    variables = {"__supabase_helm_found_workloads": found, "__supabase_helm_waited": waited}
    assert of_role("__supabase_helm_waited_is_ready", **variables) is is_ready


@pytest.mark.parametrize(
    ("status", "is_delivered"),
    [
        ({}, False),
        ({"conditions": [{"type": "Ready", "status": "False"}], "syncedResourceVersion": "2-a"}, False),
        ({"conditions": [{"type": "Ready", "status": "True"}], "syncedResourceVersion": "1-a"}, False),
        ({"conditions": [{"type": "Ready", "status": "True"}], "syncedResourceVersion": "2-a"}, True),
    ],
    ids=["new", "refused", "before its change", "delivered"],
)
def test_a_secret_counts_when_it_is_delivered_as_it_is_asked_for_now(status: Any, is_delivered: bool) -> None:
    item = {"metadata": {"name": "supabase-db", "generation": 2}, "status": status}
    left = of_role("__supabase_helm_undelivered", __supabase_helm_delivery={"resources": [item]})
    assert left == ([] if is_delivered else [item])


def test_the_error_tells_why_a_secret_is_not_delivered() -> None:
    """In the words of the real controller, whose condition is the same for every cause."""
    tasks = yaml.safe_load((ROLE / "tasks" / "deliver.yml").read_text(encoding="utf-8"))[0]["rescue"]
    condition = {"type": "Ready", "status": "False", "message": "could not get secret data from provider"}
    failed = {"metadata": {"name": "supabase-db", "generation": 1}, "status": {"conditions": [condition]}}
    new = {"metadata": {"name": "supabase-jwt", "generation": 1}}
    events = [
        {"involvedObject": {"name": name}, "message": f"error processing spec.dataFrom[0].extract, err: {cause}"}
        for name, cause in [("supabase-db", "Secret does not exist")] * 2 + [("supabase-smtp", "of another")]
    ]
    message = render(
        "supabase_helm",
        tasks[-1]["ansible.builtin.fail"]["msg"],
        supabase_helm_namespace="supabase",
        ansible_failed_result={"msg": "gave up"},
        __supabase_helm_delivery={"resources": [failed, new]},
        __supabase_helm_delivery_events={"resources": events},
    )
    assert "supabase-db: could not get secret data from provider; error processing spec.dataFrom[0].extract, err: " in (
        " ".join(message.split())
    )
    assert message.count("Secret does not exist") == 1
    assert "supabase-jwt: nothing reported yet." in " ".join(message.split())
    assert "of another" not in message


def test_a_workload_that_is_gone_is_not_ready() -> None:
    waited = {"kind": "Deployment", "name": "supabase-auth"}
    found = {"results": [{"resources": [{**DEPLOYMENT, "status": READY}]}, {"resources": []}]}
    variables = {"__supabase_helm_found_workloads": found, "__supabase_helm_waited": waited}
    assert of_role("__supabase_helm_waited_is_ready", **variables) is False


@pytest.mark.parametrize(
    ("released", "records", "is_new"),
    [
        ({"changed": True, "status": {"revision": "1"}}, [], True),
        ({"changed": False, "status": {"revision": "1"}}, [], False),
        ({"changed": True, "status": {"revision": "2"}}, [], False),
        ({"changed": True, "status": {"revision": "1"}}, ["sh.helm.release.v1.supabase.v1"], False),
        ({"changed": True, "status": {"values": {"current": {}, "declared": {"revision": "1"}}}}, [], False),
    ],
    ids=["installed", "found", "upgraded", "after a failed run", "check mode"],
)
def test_only_what_was_made_just_now_is_not_compared(released: Any, records: list[str], is_new: bool) -> None:
    variables = {"__supabase_helm_released": released, "__supabase_helm_bad_records": records}
    assert of_role("__supabase_helm_is_new", **variables) is is_new


# Drift


def test_what_is_compared_and_what_differs() -> None:
    documents = [
        {"kind": kind, "metadata": {"name": name, "annotations": {"a": None, "b": "c"}}, "spec": {"nothing": None}}
        for kind, name in (
            ("Secret", "drawn-anew"),
            ("Service", "rest"),
            ("Deployment", "rest"),
            ("NetworkPolicy", "rest"),
            ("Job", "fixed"),
        )
    ]
    comparison = {"result": {"results": [{"changed": False}, {"changed": True}]}}
    variables = {
        "__supabase_helm_rendered": {"stdout": "---\n" + yaml.safe_dump_all([*documents, None])},
        "__supabase_helm_comparison": comparison,
        "__supabase_helm_exact_comparison": {"result": {"results": [{"changed": True}]}},
    }
    owner = {"meta.helm.sh/release-name": "supabase", "meta.helm.sh/release-namespace": "supabase"}
    compared = of_role("__supabase_helm_compared_objects", **variables)
    assert compared == [
        {"kind": item["kind"], "metadata": {"name": "rest", "annotations": {"b": "c", **owner}}, "spec": {}}
        for item in documents
        if item["kind"] not in {"Secret", "Job"}
    ]
    drifted = of_role("__supabase_helm_drifted_objects | map(attribute='kind') | list", **variables)
    assert drifted == ["Deployment", "NetworkPolicy"]
    # Without network policies that comparison was skipped.
    variables["__supabase_helm_exact_comparison"] = {"skipped": True, "changed": False}
    assert of_role("__supabase_helm_drifted_objects | length", **variables) == 1


def test_every_kind_of_the_chart_is_compared() -> None:
    ingress = {
        "enabled": True,
        "host": "api.example.com",
        "certificateArns": ["arn:aws:acm:eu-west-1:123456789012:certificate/1"],
    }
    policy = {"databaseCidrs": ["10.0.0.0/24"], "albCidrs": ["10.0.1.0/24"]}
    rendered = rendering.supabase(
        ingress=ingress,
        networkPolicy=policy,
        storage={"bucket": "files", "region": "eu-west-1"},
        auth={"autoscaling": {"enabled": True}},
        gateway={"trustedProxies": 1},
    )
    assert {item["kind"] for item in rendered} <= set(of_role("__supabase_helm_compared_kinds"))


# Why


def pod(name: str, *, second: int = 0, phase: str = "Running", **status: Any) -> dict[str, Any]:
    """A pod as the API tells it, of the ReplicaSet that its name begins with."""
    return {
        "metadata": {
            "name": name,
            "creationTimestamp": STARTED.format(second),
            "ownerReferences": [{"kind": "ReplicaSet", "name": name.rpartition("-")[0]}],
        },
        "status": {"phase": phase, **status},
    }


def container(name: str, state: dict[str, Any], *, ready: bool = False, restarts: int = 0, **more: Any) -> Any:
    """The status of a container."""
    return {"name": name, "ready": ready, "restartCount": restarts, "state": state, **more}


CRASHED = {"terminated": {"exitCode": 1, "reason": "Error"}}
WAITING = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s restarting failed container"}}
NOT_READY = {"type": "Ready", "status": "False", "message": "containers with unready status: [rest]"}
PODS = [
    pod("rest-new-a", conditions=[{"type": "Ready", "status": "True"}]),
    pod("rest-old-a", phase="Succeeded"),
    pod(
        "rest-new-b",
        second=1,
        conditions=[{"type": "PodScheduled", "status": "True"}, NOT_READY],
        containerStatuses=[container("rest", WAITING, restarts=3, lastState=CRASHED)],
    ),
    # An older one of the same ReplicaSet, whose log would say the same.
    pod("rest-new-c", containerStatuses=[container("rest", WAITING, restarts=3)]),
    pod(
        "realtime-new-a",
        initContainerStatuses=[container("prepare", {"running": {}}, restarts=1)],
        containerStatuses=[container("realtime", {"waiting": {"reason": "PodInitializing"}})],
    ),
    pod("meta-new-a"),
]
PODS[-1]["metadata"]["deletionTimestamp"] = STARTED.format(9)


def test_logs_are_read_of_the_newest_pod_of_each_replica_set() -> None:
    found = of_role("__supabase_helm_failing_containers", __supabase_helm_pods={"resources": PODS})
    assert found == [
        # What it printed is in the container before.
        {"pod": "rest-new-b", "container": "rest", "previous": True},
        {"pod": "realtime-new-a", "container": "prepare", "previous": False},
        {"pod": "realtime-new-a", "container": "realtime", "previous": False},
    ]


def event(name: str, message: str, second: int) -> dict[str, Any]:
    """A warning."""
    return {
        "metadata": {"creationTimestamp": STARTED.format(second)},
        "involvedObject": {"kind": "Pod", "name": name},
        "reason": "Unhealthy",
        "message": message,
    }


UNREADY: dict[str, Any] = {
    "ansible_failed_result": {"failed_when_result": True},
    "__supabase_helm_found_workloads": {
        "resources": [{**DEPLOYMENT, "status": {**READY, "availableReplicas": 1, "updatedReplicas": 2}}]
    },
    "__supabase_helm_pods": {"resources": PODS[:3]},
    "__supabase_helm_warnings": {
        "resources": [
            event("supabase-rest-b", "Readiness probe failed: 503", 2),
            event("supabase-rest-b", "Startup probe failed: 503", 1),
            event("supabase-restless-b", "another one's", 3),
        ]
    },
    "__supabase_helm_logs": {
        "results": [
            {
                "log": "connecting\nFATAL: password authentication failed\n",
                "__supabase_helm_failing": {"pod": "rest-new-b", "container": "rest", "previous": True},
            },
            {"log": "", "__supabase_helm_failing": {"pod": "rest-new-b", "container": "other", "previous": False}},
        ]
    },
    "__supabase_helm_rolled_back": {"changed": True, "release": {"rolled_back_to": 4, "revision": 6}},
}


def why(**changes: Any) -> str:
    """The message of a failed release."""
    return str(of_role("lookup('ansible.builtin.template', 'why.j2')", **{**UNREADY, **changes}))


def test_error_of_a_release_quotes_conditions_events_states_and_logs() -> None:
    assert why().splitlines() == [
        "Release supabase in namespace supabase is not ready after 600 seconds:",
        "Deployment supabase-rest: 1 of 2 pods are ready.",
        "Pod rest-new-b: Ready is False: containers with unready status: [rest]",
        "Container rest of rest-new-b: CrashLoopBackOff: back-off 40s restarting failed container, 3 restarts.",
        "Container rest of rest-new-b: Error, exit code 1, 3 restarts.",
        "Warning about Pod supabase-rest-b: Unhealthy: Startup probe failed: 503",
        "Warning about Pod supabase-rest-b: Unhealthy: Readiness probe failed: 503",
        "Last lines of container rest of rest-new-b, before it was restarted:",
        "  connecting",
        "  FATAL: password authentication failed",
        "It was rolled back to revision 4, the last that was ready.",
        "Correct the cause and run again. The logs: kubectl -n supabase logs -l app.kubernetes.io/instance=supabase "
        "--all-containers",
    ]


@pytest.mark.parametrize(
    ("failed", "told"),
    [
        ({"stderr": "Error: cannot patch\n", "msg": "Failure"}, "was not installed: Error: cannot patch\n"),
        ({"stderr": "", "msg": "no helm"}, "was not installed: no helm\n"),
    ],
)
def test_error_of_helm_is_the_first_line(failed: dict[str, str], told: str) -> None:
    nothing: dict[str, Any] = {
        f"__supabase_helm_{name}": {} for name in ("found_workloads", "pods", "warnings", "logs")
    }
    text = why(ansible_failed_result=failed, **nothing)
    assert text.startswith(f"Release supabase in namespace supabase {told}It was rolled back")


@pytest.mark.parametrize(
    ("rolled_back", "options", "told"),
    [
        ({"msg": "no revision 4\n", "failed": False}, {}, "It was not rolled back: no revision 4"),
        (
            {"changed": False, "release": {"rolled_back_to": 4, "revision": 5}},
            {},
            "It was not rolled back: revision 5 runs, the last that was ready.",
        ),
        ({}, {"supabase_helm_rollback": False}, "It was not rolled back, because supabase_helm_rollback is false."),
        ({"skipped": True}, {}, "It was not rolled back, because no revision was ready before."),
    ],
)
def test_error_says_what_runs_now(rolled_back: dict[str, Any], options: dict[str, Any], told: str) -> None:
    assert why(__supabase_helm_rolled_back=rolled_back, **options).splitlines()[-2] == told


@pytest.mark.parametrize("annotations", [None, {}, {"supastack.dev/ready-revision": "4"}])
def test_the_namespace_remembers_the_revision_that_was_ready(annotations: dict[str, str] | None) -> None:
    namespace = {"metadata": {"name": "supabase"} | ({} if annotations is None else {"annotations": annotations})}
    found = of_role("__supabase_helm_ready_revision", __supabase_helm_found_namespace={"resources": [namespace]})
    assert found == (annotations or {}).get("supastack.dev/ready-revision", "")


def test_bad_records_are_those_of_this_release() -> None:
    records = [
        ("supabase", "failed", "helm.sh/release.v1"),
        ("supabase", "pending-upgrade", "helm.sh/release.v1"),
        ("supabase", "deployed", "helm.sh/release.v1"),
        ("other", "failed", "helm.sh/release.v1"),
        ("supabase", "failed", "Opaque"),
    ]
    secrets = [
        {"type": kind, "metadata": {"name": f"record-{number}", "labels": {"name": name, "status": status}}}
        for number, (name, status, kind) in enumerate(records)
    ]
    found = of_role("__supabase_helm_bad_records | list", __supabase_helm_secrets={"resources": secrets})
    assert found == ["record-0", "record-1"]

# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter supabase_connection_budget."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.supastack.aws.plugins.filter.supabase_connection_budget import FilterModule

# As Ansible finds it, by its name.
budget = FilterModule().filters()["supabase_connection_budget"]
CHART = Path(__file__).resolve().parents[4] / "roles" / "supabase_helm" / "files" / "chart"
DEFAULTS: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
MOST = {"enabled": True, "maxReplicas": 6}


def with_changes(**services: dict[str, Any]) -> dict[str, Any]:
    """The chart's values with changes of services."""
    return {**DEFAULTS, **{name: {**DEFAULTS[name], **changes} for name, changes in services.items()}}


@pytest.mark.parametrize(
    ("changes", "services"),
    [
        ({}, {"auth": 30, "meta": 10, "realtime": 24, "rest": 33, "storage": 33, "bootstrap": 2}),
        (
            # An autoscaler's maximum counts, and that of one which is switched off does not.
            {
                "auth": {"autoscaling": MOST},
                "rest": {"autoscaling": {**MOST, "enabled": False}, "replicas": 1, "pool": 4},
                "realtime": {"replicas": 3},
                "storage": {"enabled": False},
            },
            {"auth": 70, "meta": 10, "realtime": 38, "rest": 10, "bootstrap": 2},
        ),
    ],
    ids=["defaults", "changed"],
)
def test_pods_of_an_update_are_counted(changes: dict[str, Any], services: dict[str, int]) -> None:
    found = budget(with_changes(**changes), "db.t4g.medium")
    assert found["services"] == services
    assert found["reserved"] == 10
    assert found["needed"] == sum(services.values()) + 10


@pytest.mark.parametrize(
    ("instance_class", "parameters", "allowed"),
    [
        ("db.t4g.micro", {}, 85),
        ("db.t4g.medium", {}, 406),
        ("db.m7g.large", {}, 835),
        ("db.c6gd.xlarge", {}, 835),
        ("db.r6g.16xlarge", {}, 5000),
        ("db.t4g.medium", {"max_connections": 300}, 300),
        ("db.t4g.medium", {"max_connections": "{DBInstanceClassMemory/12582880}"}, 308),
        ("db.t4g.medium", {"max_connections": "LEAST({DBInstanceClassMemory / 9531392}, 100)"}, 100),
        ("db.x2g.large", {"max_connections": 300}, 300),
        ("db.t4g.medium", {"max_connections": "GREATEST({DBInstanceClassMemory/9531392},100)"}, None),
        ("db.x2g.large", {}, None),
        ("db.m7g.micro", {}, None),
        ("db.t4g.4xlarge", {}, None),
        ("t4g.medium", {}, None),
    ],
)
def test_connections_of_the_database(instance_class: str, parameters: dict[str, Any], allowed: int | None) -> None:
    assert budget(DEFAULTS, instance_class, parameters)["allowed"] == allowed


def test_connections_that_are_kept_for_superusers_are_the_databases() -> None:
    kept = {"superuser_reserved_connections": "6", "rds.rds_superuser_reserved_connections": 0}
    assert budget(DEFAULTS, "db.t4g.medium", kept)["reserved"] == 11


@pytest.mark.parametrize("wrong", [{"pool": "many"}, {"replicas": None}])
def test_what_is_no_number_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(AnsibleFilterError, match=r"auth has pool .* pods, give whole numbers"):
        budget(with_changes(auth=wrong), "db.t4g.medium")

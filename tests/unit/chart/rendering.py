# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The charts as Helm renders them, without a cluster."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tools.toolchain import tool

CHECKOUT = Path(__file__).resolve().parents[3]
SUPABASE = CHECKOUT / "roles/supabase_helm/files/chart"
EXTERNAL_SECRETS = CHECKOUT / "sandbox/charts/external-secrets"

Manifest = dict[str, Any]


class RenderError(Exception):
    """Helm refused the values; the message is what it printed."""


def render(chart: Path, values: dict[str, Any], *, namespace: str = "supabase") -> list[Manifest]:
    """Objects of release `supabase` with `values` on top of the chart's own. Raises RenderError."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as stream:
        json.dump(values, stream)
        stream.flush()
        result = subprocess.run(
            [
                tool("helm"),
                "template",
                chart.name if chart != SUPABASE else "supabase",
                chart,
                "--namespace",
                namespace,
                "--values",
                stream.name,
            ],
            capture_output=True,
            text=True,
            check=False,
        )
    if result.returncode:
        raise RenderError(result.stderr)
    # The loader in C: the tests parse dozens of renders.
    return [document for document in yaml.load_all(result.stdout, yaml.CSafeLoader) if document]


# What has no default.
REQUIRED: dict[str, dict[str, Any]] = {
    "database": {"host": "db.example.com"},
    "storage": {"bucket": "demo-supabase", "region": "eu-west-1"},
    "networkPolicy": {"databaseCidrs": ["10.40.8.0/24", "10.40.9.0/24"]},
}


def supabase(**values: Any) -> list[Manifest]:
    """The supabase chart with what has no default."""
    required = {name: {**section, **values.get(name, {})} for name, section in REQUIRED.items()}
    return render(SUPABASE, {**values, **required})


def named(manifests: list[Manifest], kind: str, name: str) -> Manifest:
    """The one object of that kind and name."""
    found = [item for item in manifests if item["kind"] == kind and item["metadata"]["name"] == name]
    assert len(found) == 1, f"{len(found)} objects {kind}/{name}"
    return found[0]


def of_kind(manifests: list[Manifest], kind: str) -> list[Manifest]:
    """All objects of that kind."""
    return [item for item in manifests if item["kind"] == kind]


def pod_specs(manifests: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    """Every workload's name and the spec of its pods."""
    for item in manifests:
        if item["kind"] in {"Deployment", "StatefulSet", "DaemonSet", "Job"}:
            yield f"{item['kind']}/{item['metadata']['name']}", item["spec"]["template"]["spec"]

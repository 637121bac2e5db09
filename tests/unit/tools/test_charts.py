# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Charts that come out of a Go module: all of them, writable, and of the version of the program."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools import charts
from tools.steps import StepFailed
from tools.toolchain import chart, tool

VALUES = "controller:\n  image:\n    repository: example.test/controller\n    tag: 1.0.0\n    digest: sha256:00\n"


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """A module with the chart `one`, as read-only as a module cache."""
    templates = tmp_path / "module" / "charts" / "one" / "templates"
    templates.mkdir(parents=True)
    (templates / "crd.yaml").write_text("kind: X\n", encoding="utf-8")
    (templates.parent / "Chart.yaml").write_text("name: one\nversion: 1.0.0\nappVersion: 1.0.0\n", encoding="utf-8")
    (templates.parent / "values.yaml").write_text(VALUES, encoding="utf-8")
    for path in (*templates.iterdir(), *templates.parent.glob("*.yaml")):
        path.chmod(0o444)
    templates.chmod(0o555)
    return tmp_path / "module"


def test_chart_is_copied_and_stamped(module: Path, tmp_path: Path) -> None:
    charts.take(module, ("one",), "1.2.3", tmp_path / "charts")
    taken = tmp_path / "charts" / "one"
    found = yaml.safe_load((taken / "Chart.yaml").read_text(encoding="utf-8"))
    assert found == {"name": "one", "version": "1.2.3", "appVersion": "1.2.3"}
    image = yaml.safe_load((taken / "values.yaml").read_text(encoding="utf-8"))["controller"]["image"]
    assert image == {"repository": "example.test/controller", "tag": "", "digest": ""}
    assert (taken / "templates" / "crd.yaml").stat().st_mode & 0o200
    assert (taken / "templates").stat().st_mode & 0o200


def test_chart_that_the_module_lacks(module: Path, tmp_path: Path) -> None:
    with pytest.raises(StepFailed, match="no chart two"):
        charts.take(module, ("two",), "1.2.3", tmp_path)


def test_chart_that_cannot_be_stamped(module: Path, tmp_path: Path) -> None:
    file = module / "charts" / "one" / "Chart.yaml"
    file.chmod(0o644)
    file.write_text("name: one\nversion: 1.0.0\n", encoding="utf-8")
    with pytest.raises(StepFailed, match="1 lines like"):
        charts.take(module, ("one",), "1.2.3", tmp_path / "charts")


def _rendered(name: str, *options: str) -> list[dict[str, Any]]:
    command = [str(tool("helm")), "template", name, str(chart("karpenter", name)), "--namespace", "x", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [item for item in yaml.safe_load_all(done.stdout) if item]


def test_chart_of_karpenter_has_the_image_of_its_program() -> None:
    objects = _rendered("karpenter", "--set", "settings.clusterName=c")
    deployment = next(item for item in objects if item["kind"] == "Deployment")
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == "public.ecr.aws/karpenter/controller:1.14.3"
    assert {item["metadata"]["name"] for item in objects if item["kind"] == "ServiceAccount"} == {"karpenter"}


def test_chart_of_the_definitions_has_them_all() -> None:
    names = {item["metadata"]["name"] for item in _rendered("karpenter-crd")}
    assert names >= {"ec2nodeclasses.karpenter.k8s.aws", "nodepools.karpenter.sh", "nodeclaims.karpenter.sh"}

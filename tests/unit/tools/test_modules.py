# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Contracts that all modules share."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.places import CHECKOUT

MODULES = sorted((CHECKOUT / "plugins" / "modules").glob("*.py"))
FULL = ("check_mode", "diff_mode", "idempotent")


def constant(file: Path, name: str) -> Any:
    """The YAML that a module assigns to DOCUMENTATION, EXAMPLES or RETURN."""
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == name:
            return yaml.safe_load(ast.literal_eval(node.value))
    return None


def attributes(file: Path) -> dict[str, Any]:
    """The attributes that a module declares itself or by our fragment."""
    documentation: dict[str, Any] = constant(file, "DOCUMENTATION")
    declared: dict[str, Any] = {}
    for fragment in documentation.get("extends_documentation_fragment", []):
        if fragment.startswith("supastack.aws.attributes"):
            source = ast.parse((CHECKOUT / "plugins/doc_fragments/attributes.py").read_text(encoding="utf-8"))
            wanted = (fragment.removeprefix("supastack.aws.attributes").removeprefix(".") or "documentation").upper()
            for node in ast.walk(source):
                if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == wanted:
                    declared |= yaml.safe_load(ast.literal_eval(node.value)).get("attributes", {})
    own: dict[str, Any] = documentation.get("attributes", {})
    return declared | own


@pytest.mark.parametrize("file", MODULES, ids=lambda file: file.stem)
def test_a_module_declares_how_it_behaves(file: Path) -> None:
    declared = attributes(file)
    for name in FULL:
        assert declared[name]["support"] in {"full", "N/A"} or declared[name].get("details"), name
    assert "action_group" in declared


@pytest.mark.parametrize("file", MODULES, ids=lambda file: file.stem)
def test_a_module_shows_how_it_is_used(file: Path) -> None:
    examples = constant(file, "EXAMPLES")
    assert f"supastack.aws.{file.stem}" in {key for example in examples or [] for key in example}
    assert constant(file, "RETURN")


def test_every_module_of_aws_takes_the_groups_defaults() -> None:
    runtime = yaml.safe_load((CHECKOUT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    group = runtime["action_groups"]["aws"]
    assert group[0]["metadata"]["extend_group"] == ["amazon.aws.aws", "community.aws.aws"]
    of_aws = [file.stem for file in MODULES if attributes(file)["action_group"]["support"] == "full"]
    assert sorted(group[1:]) == of_aws
    assert {file.stem for file in MODULES} - set(of_aws) == {"helm_rollback", "kubeconfig_entry"}


@pytest.mark.parametrize("file", MODULES, ids=lambda file: file.stem)
def test_a_module_has_unit_tests_of_its_own(file: Path) -> None:
    tests = CHECKOUT / "tests" / "unit" / "plugins" / "modules"
    assert list(tests.glob(f"test_{file.stem}*.py")) or list(tests.glob(f"{file.stem}/test_*.py"))

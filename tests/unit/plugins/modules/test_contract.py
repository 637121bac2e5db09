# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module of the collection promises, checked on its documentation and its options."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ModuleArgumentSpecValidator
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec

COLLECTION = "supastack.aws"
CHECKOUT = Path(__file__).resolve().parents[4]
MODULES = sorted(path.stem for path in (CHECKOUT / "plugins" / "modules").glob("*.py"))
PROMISES = {"check_mode", "diff_mode", "idempotent", "action_group"}


class OptionsRead(Exception):
    """Ends a module as soon as it has named its options."""


def load(name: str) -> Any:
    """Return a module's Python module."""
    return importlib.import_module(f"ansible_collections.{COLLECTION}.plugins.modules.{name}")


def validator(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleArgumentSpecValidator:
    """Return the validator of a module's options, built from what its main() declares."""
    module = load(name)
    declared: dict[str, Any] = {}

    def declare(**arguments: Any) -> None:
        declared.update(arguments)
        raise OptionsRead

    monkeypatch.setattr(module, "AnsibleAWSModule", declare)
    with pytest.raises(OptionsRead):
        module.main()
    assert declared.pop("supports_check_mode") is True
    specification = {**aws_argument_spec(), **declared.pop("argument_spec")}
    return ModuleArgumentSpecValidator(specification, **declared)


def fragment(name: str) -> Any:
    """Return the documentation of one of our own fragments."""
    loaded = importlib.import_module(f"ansible_collections.{COLLECTION}.plugins.doc_fragments.{name}")
    return yaml.safe_load(loaded.ModuleDocFragment.DOCUMENTATION)


@pytest.mark.parametrize("name", MODULES)
def test_promises_are_declared_in_full(name: str) -> None:
    documentation = yaml.safe_load(load(name).DOCUMENTATION)
    attributes = documentation.get("attributes", {})
    if f"{COLLECTION}.attributes" in documentation["extends_documentation_fragment"]:
        attributes = {**fragment("attributes")["attributes"], **attributes}
    assert set(attributes) == PROMISES
    for promise, text in attributes.items():
        reads_only = name.endswith("_info") and promise == "diff_mode"
        assert text["support"] == ("N/A" if reads_only else "full"), promise


@pytest.mark.parametrize("name", MODULES)
def test_module_is_in_the_action_group(name: str) -> None:
    runtime = yaml.safe_load((CHECKOUT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    assert name in runtime["action_groups"]["aws"]


@pytest.mark.parametrize("name", MODULES)
def test_examples_have_valid_options(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    options = validator(name, monkeypatch)
    examples = yaml.safe_load(load(name).EXAMPLES)
    tasks = [task[f"{COLLECTION}.{name}"] for task in examples if f"{COLLECTION}.{name}" in task]
    assert tasks
    for task in tasks:
        assert options.validate(task).error_messages == []


@pytest.mark.parametrize("name", MODULES)
def test_examples_show_the_removal(name: str) -> None:
    if "state" in yaml.safe_load(load(name).DOCUMENTATION)["options"]:
        assert "state: absent" in load(name).EXAMPLES


@pytest.mark.parametrize("name", MODULES)
def test_results_are_documented(name: str) -> None:
    (resource,) = yaml.safe_load(load(name).RETURN).values()
    assert resource["contains"]
    assert all("description" in value and "type" in value for value in resource["contains"].values())


@pytest.mark.parametrize("name", MODULES)
def test_module_has_its_unit_tests(name: str) -> None:
    assert (Path(__file__).parent / f"test_{name}.py").is_file()

# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module of the collection promises, checked on its documentation and its options."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ModuleArgumentSpecValidator
from ansible.module_utils.testing import patch_module_args
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec

COLLECTION = "supastack.aws"
CHECKOUT = Path(__file__).resolve().parents[4]
MODULES = sorted(path.stem for path in (CHECKOUT / "plugins" / "modules").glob("*.py"))
# Modules of something else than AWS, and what reads their options.
ELSEWHERE = {"helm_rollback": "AnsibleHelmModule", "kubeconfig_entry": "AnsibleModule"}
WRITERS = [name for name in MODULES if not name.endswith("_info") and name not in ELSEWHERE]
PROMISES = {"check_mode", "diff_mode", "idempotent", "action_group"}
MOST_LINES = {"modules": 350, "module_utils": 250, "plugin_utils": 250}
MOST_LINES_OF_A_FUNCTION = 30
REFUSALS = {
    "AccessDeniedException": "User: arn:aws:iam::123456789012:user/x is not authorized to perform: {} on resource: y",
    "ExpiredTokenException": "The security token included in the request is expired",
}


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

    monkeypatch.setattr(module, ELSEWHERE.get(name, "AnsibleAWSModule"), declare)
    with pytest.raises(OptionsRead):
        module.main()
    assert declared.pop("supports_check_mode") is True
    common = {} if name in ELSEWHERE else aws_argument_spec()
    specification = {**common, **declared.pop("argument_spec")}
    return ModuleArgumentSpecValidator(specification, **declared)


def fragment(name: str) -> Any:
    """Return the documentation of one of our own fragments, such as wait or the part attributes.info."""
    file, _dot, part = name.partition(".")
    loaded = importlib.import_module(f"ansible_collections.{COLLECTION}.plugins.doc_fragments.{file}")
    return yaml.safe_load(getattr(loaded.ModuleDocFragment, part.upper() or "DOCUMENTATION"))


@pytest.mark.parametrize("name", MODULES)
def test_promises_are_declared_in_full(name: str) -> None:
    documentation = yaml.safe_load(load(name).DOCUMENTATION)
    attributes = documentation.get("attributes", {})
    for name_of_fragment in documentation.get("extends_documentation_fragment", []):
        if name_of_fragment.startswith(f"{COLLECTION}.attributes"):
            attributes = {**fragment(name_of_fragment.removeprefix(f"{COLLECTION}."))["attributes"], **attributes}
    kept = dict.fromkeys(PROMISES, "full")
    if name.endswith("_info"):
        kept["diff_mode"] = "N/A"
    if name in ELSEWHERE:
        kept["action_group"] = "none"
    assert {promise: text["support"] for promise, text in attributes.items()} == kept


@pytest.mark.parametrize("name", MODULES)
def test_waiting_is_documented_as_it_is_declared(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fragments = yaml.safe_load(load(name).DOCUMENTATION).get("extends_documentation_fragment", [])
    waits = [text.removeprefix(f"{COLLECTION}.") for text in fragments if text.startswith(f"{COLLECTION}.wait")]
    documented = fragment(waits[0])["options"] if waits else {}
    declared = validator(name, monkeypatch).argument_spec
    assert {option for option in declared if option in ("wait", "wait_timeout")} == set(documented)
    for option, text in documented.items():
        assert (declared[option]["type"], declared[option]["default"]) == (text["type"], text["default"])


@pytest.mark.parametrize("name", MODULES)
def test_module_of_aws_is_in_the_action_group(name: str) -> None:
    runtime = yaml.safe_load((CHECKOUT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    assert (name in runtime["action_groups"]["aws"]) is (name not in ELSEWHERE)


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
    for resource in yaml.safe_load(load(name).RETURN).values():
        assert resource["contains"]
        assert all("description" in value and "type" in value for value in resource["contains"].values())


@pytest.mark.parametrize("name", MODULES)
def test_module_has_its_unit_tests(name: str) -> None:
    assert (Path(__file__).parent / f"test_{name}.py").is_file()


@pytest.mark.parametrize("name", MODULES)
def test_run_as_a_program_without_options_it_names_what_is_missing(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    options = yaml.safe_load(load(name).DOCUMENTATION)["options"]
    required = [option for option, text in options.items() if text.get("required")]
    file = CHECKOUT / "plugins" / "modules" / f"{name}.py"
    with patch_module_args({}), pytest.raises(SystemExit) as stop:
        runpy.run_path(str(file), run_name="__main__")
    assert stop.value.code == 1
    message = json.loads(capsys.readouterr().out)["msg"]
    assert "required" in message
    assert [option for option in required if option not in message] == []


def own_tests(name: str) -> Any:
    """Return the Python module of a module's own tests."""
    file = Path(__file__).parent / f"test_{name}.py"
    specification = importlib.util.spec_from_file_location(f"tests_of_{name}", file)
    assert specification is not None
    assert specification.loader is not None
    tests = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(tests)
    return tests


@pytest.mark.parametrize("code", REFUSALS)
@pytest.mark.parametrize("name", WRITERS)
def test_a_refusal_of_any_read_is_one_message(run_module: Callable[..., Any], name: str, code: str) -> None:
    tests = own_tests(name)
    options, reads, *_rest = tests.MATRIX["no-op"]
    # What a module asks of another service in every run.
    services = getattr(tests, "SERVICES", {})
    # With it, acm_certificate asks a second service between these reads.
    options = {option: value for option, value in options.items() if option != "hosted_zone_id"}
    for number, (method, request, _answer) in enumerate(reads):
        text = REFUSALS[code].format(method)
        steps = [*reads[:number], (method, request, f"{code}: {text}")]
        message = run_module(load(name), options, steps, services=services).message
        assert message.count("Failed to ") == 1
        assert text in message
        assert code in message
        assert "Traceback" not in message
        assert "\n" not in message


@pytest.mark.parametrize("folder", MOST_LINES)
def test_files_are_short(folder: str) -> None:
    files = (CHECKOUT / "plugins" / folder).glob("*.py")
    lines = {file.name: len(file.read_text(encoding="utf-8").splitlines()) for file in files}
    assert {name: count for name, count in lines.items() if count > MOST_LINES[folder]} == {}


def test_functions_are_short() -> None:
    lengths = {
        f"{file.name}: {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for file in (CHECKOUT / "plugins").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    }
    assert {name: count for name, count in lengths.items() if count > MOST_LINES_OF_A_FUNCTION} == {}

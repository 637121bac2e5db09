# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every call that changes something in AWS is expected by a test.

The stubbed client of these tests accepts expected calls only, checks them against the service's model, and fails a test
in which one of them did not come. So a step that names a call is a test that reached it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import botocore.session
from botocore import xform_name

CHECKOUT = Path(__file__).resolve().parents[3]
PLUGINS = CHECKOUT / "plugins"
TESTS = CHECKOUT / "tests" / "unit" / "plugins"
PACKAGE = "ansible_collections.supastack.aws.plugins."
# Operations that only read begin with one of these; whatever begins otherwise has to be tested as a write.
READS = ("BatchGet", "Decrypt", "Describe", "Get", "Head", "List")
# The calls by which a service is chosen.
CHOOSING = ("client", "create_client", "run")


def parse(file: Path) -> ast.Module:
    """Return a Python file as a tree."""
    return ast.parse(file.read_text(encoding="utf-8"))


@cache
def known_services() -> frozenset[str]:
    """Return the names that boto3 has for services."""
    return frozenset(botocore.session.get_session().get_available_services())


@cache
def writing_methods(service: str) -> frozenset[str]:
    """Return the client methods of a service whose operations do not only read."""
    operations = botocore.session.get_session().get_service_model(service).operation_names
    return frozenset(xform_name(name) for name in operations if not name.startswith(READS))


def services_in(tree: ast.AST) -> set[str]:
    """Return the services that a program asks for a client of."""
    chosen = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in CHOOSING:
            chosen |= {argument.value for argument in node.args if isinstance(argument, ast.Constant)}
    return {name for name in chosen if isinstance(name, str)} & known_services()


def written_in(tree: ast.AST, methods: Iterable[str]) -> set[str]:
    """Return the methods that a program names: as an attribute, called or not, or as a text, for getattr.

    An attribute of something else than a client may be among them, which asks for one test too many at worst.
    """
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return (names | texts) & set(methods)


def first_of_steps(tree: ast.AST) -> list[ast.expr]:
    """Return what stands first in each expected step (method, request, answer)."""
    return [node.elts[0] for node in ast.walk(tree) if isinstance(node, ast.Tuple) and len(node.elts) == 3]


def steps_in(tree: ast.AST) -> set[str]:
    """Return the methods of the expected steps in a file of tests, and those handed to a function that makes a step."""
    named = list(first_of_steps(tree))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
        parameters = [argument.arg for argument in function.args.args]
        for first in first_of_steps(function):
            if isinstance(first, ast.Name) and first.id in parameters:
                place = parameters.index(first.id)
                named += [argument for call in calls if called(call, function) for argument in call.args[place:][:1]]
    return {str(node.value) for node in named if isinstance(node, ast.Constant)}


def called(call: ast.Call, function: ast.FunctionDef) -> bool:
    """Tell whether a call is one of this function."""
    return isinstance(call.func, ast.Name) and call.func.id == function.name


def imports_of(tree: ast.AST) -> set[str]:
    """Return the files of plugins/ that a program imports names from, relative to it."""
    modules = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    own = {module.removeprefix(PACKAGE) for module in modules if module.startswith(PACKAGE)}
    return {f"{name.replace('.', '/')}.py" for name in own}


def files_behind(entry: str, trees: Mapping[str, ast.Module]) -> set[str]:
    """Return a plugin's file and all files of plugins/ that it is made of."""
    found: set[str] = set()
    waiting = {entry}
    while waiting:
        file = waiting.pop()
        found.add(file)
        waiting |= imports_of(trees[file]) - found
    return found


def write_calls(trees: Mapping[str, ast.Module]) -> dict[str, dict[str, set[str]]]:
    """Return the write calls of each file, each with the modules and lookups that make it.

    :param trees: path in plugins/ -> program.
    """
    calls: dict[str, dict[str, set[str]]] = {}
    for entry in trees:
        if not entry.startswith(("modules/", "lookup/")):
            continue
        files = files_behind(entry, trees)
        services = set().union(*(services_in(trees[file]) for file in files))
        methods = set().union(*(writing_methods(service) for service in services))
        for file in files:
            for method in written_in(trees[file], methods):
                calls.setdefault(file, {}).setdefault(method, set()).add(entry)
    return calls


def untested(calls: Mapping[str, Mapping[str, set[str]]], steps: Mapping[str, set[str]]) -> list[str]:
    """Return the write calls that no step of a test of one of their plugins names.

    :param steps: a plugin's path in plugins/ -> the methods that the steps of its tests name.
    """
    return sorted(
        f"{file}: {method}, of {', '.join(sorted(entries))}"
        for file, methods in calls.items()
        for method, entries in methods.items()
        if not any(method in steps.get(entry, ()) for entry in entries)
    )


@cache
def own_calls() -> dict[str, dict[str, set[str]]]:
    """Return the write calls of the collection."""
    return write_calls({str(file.relative_to(PLUGINS)): parse(file) for file in PLUGINS.rglob("*.py")})


def test_every_write_call_is_a_step_of_a_test() -> None:
    files = [file for folder in ("modules", "lookup") for file in (TESTS / folder).glob("test_*.py")]
    steps = {f"{file.parent.name}/{file.name.removeprefix('test_')}": steps_in(parse(file)) for file in files}
    assert untested(own_calls(), steps) == []


def test_the_write_calls_are_found() -> None:
    found = {method for methods in own_calls().values() for method in methods}
    assert {
        "create_cluster",
        "update_cluster_config",
        "delete_addon",
        "put_bucket_encryption",
        "allocate_address",
        "create_service_linked_role",
        "change_resource_record_sets",
        "request_certificate",
        "create_flow_logs",
        "modify_db_parameter_group",
        "generate_data_key",
    } <= found
    assert not any(method.startswith(("describe_", "list_", "get_", "head_")) for method in found)


PLUGIN = f"""
from {PACKAGE}module_utils._half import delete

def ensure(client, request):
    client.create_cluster(**request)
    client.describe_cluster(name="a")
    retry(client.update_cluster_version)
    getattr(client, "tag_resource")(**request)
    request.copy()
    delete(client)

run(module, "eks", "cluster", ensure)
"""
HALF = """
def delete(client):
    return lambda: client.delete_cluster(name="a")
"""
UNUSED = """
def create(client):
    client.create_addon(name="a")
"""
STEPS = """
REQUEST = {"name": "a"}
CREATE = ("create_cluster", REQUEST, {})
WORDS = ("delete_cluster", "untag_resource")

def updated(answer, method):
    return (method, REQUEST, answer)

UPDATED = updated({}, "update_cluster_version")
OTHER = updating({}, "tag_resource")
"""


def test_a_call_without_a_step_is_noticed() -> None:
    sources = {"modules/made_up.py": PLUGIN, "module_utils/_half.py": HALF, "module_utils/_unused.py": UNUSED}
    calls = write_calls({file: ast.parse(source) for file, source in sources.items()})
    of_it = "of modules/made_up.py"
    missing = [
        f"module_utils/_half.py: delete_cluster, {of_it}",
        f"modules/made_up.py: tag_resource, {of_it}",
    ]
    assert untested(calls, {"modules/made_up.py": steps_in(ast.parse(STEPS))}) == missing
    assert untested(calls, {"modules/other.py": {"delete_cluster"}})[0] == missing[0]
    steps = {"create_cluster", "delete_cluster", "tag_resource", "update_cluster_version"}
    assert untested(calls, {"modules/made_up.py": steps}) == []

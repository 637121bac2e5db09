# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user gets where a Python package that a plugin needs is not installed."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleError, AnsibleFilterError
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"


@contextlib.contextmanager
def loaded_without(library: str, file: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Give a file of plugins/ as a Python module of its own, while a library cannot be imported."""
    specification = importlib.util.spec_from_file_location("without_library", PLUGINS / file)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    # Dataclasses look for their module there.
    monkeypatch.setitem(sys.modules, "without_library", module)
    with monkeypatch.context() as blocking:
        for name in [library, *(known for known in sys.modules if known.startswith(f"{library}."))]:
            blocking.setitem(sys.modules, name, None)
        specification.loader.exec_module(module)
        yield module


def refuses_to_list_regions(plugin: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="aws_regions needs the Python package botocore"):
        plugin.aws_regions("eks")


def refuses_to_compare_with_a_schema(plugin: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="pip install jsonschema"):
        plugin.helm_values_errors({}, {}, {})


def refuses_to_generate_keys(plugin: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="pip install cryptography"):
        plugin.supabase_keys("SUPABASE_DB")


def refuses_to_complete_a_secret(plugin: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="pip install cryptography"):
        plugin.supabase_secret("SUPABASE_DB")


def refuses_to_look_at_certificates(plugin: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="pip install cryptography"):
        plugin.pem_certificates("")


def refuses_to_make_a_token(plugin: Any) -> None:
    with pytest.raises(AnsibleError, match="pip install boto3"):
        plugin.LookupModule().run(["production"], variables={})


def says_that_there_is_no_sdk(plugin: Any) -> None:
    """The lookups ask before they open a session, and name the package."""
    assert plugin.HAS_BOTOCORE is False


def says_which_library_is_missing(plugin: Any) -> None:
    """The lookup http_checks asks first, and names it."""
    assert plugin.MISSING == "websocket"


def leaves_it_to_the_module_to_name_the_sdk(plugin: Any) -> None:
    """AnsibleAWSModule ends with its own message before anything is called; until then, nothing may break."""
    look = plugin.failing_to("look")(plugin.none_when("NotFound")(lambda answer: answer()))
    assert look(lambda: "found") == "found"
    with pytest.raises(ZeroDivisionError):
        look(lambda: 1 / 0)


def compares_yaml_as_text(plugin: Any) -> None:
    assert plugin.parse_configuration('{"a": 1}') == {"a": 1}
    assert plugin.parse_configuration("a: 1") == "a: 1"


def has_checks_without_clients(plugin: Any) -> None:
    """The module ends with its own message before it asks for a client."""
    assert plugin.ask_all([], plugin.Clients(None, "eu-west-1", 8)) == []


def refuses_envelopes_only(plugin: Any) -> None:
    assert plugin.parse("AQIC").blob == b"\x01\x02\x02"
    with pytest.raises(AnsibleAWSError, match="cryptography"):
        plugin.parse("supastack/envelope/1AAAA")


def keeps_why_yaml_is_missing(plugin: Any) -> None:
    """The module kubeconfig_entry ends with it before it reads a file."""
    assert "yaml" in plugin.YAML_ERROR


GUARDED: dict[str, tuple[str, Callable[[Any], None]]] = {
    "filter/aws_regions.py": ("botocore", refuses_to_list_regions),
    "filter/helm_values_errors.py": ("jsonschema", refuses_to_compare_with_a_schema),
    "filter/supabase_keys.py": ("cryptography", refuses_to_generate_keys),
    "filter/supabase_secret.py": ("cryptography", refuses_to_complete_a_secret),
    "lookup/eks_token.py": ("botocore", refuses_to_make_a_token),
    "modules/kubeconfig_entry.py": ("yaml", keeps_why_yaml_is_missing),
    "module_utils/_eks_addon.py": ("yaml", compares_yaml_as_text),
    "module_utils/_errors.py": ("botocore", leaves_it_to_the_module_to_name_the_sdk),
    "module_utils/_kms_envelope.py": ("cryptography", refuses_envelopes_only),
    "module_utils/_preflight.py": ("boto3", has_checks_without_clients),
    "test/pem_certificates.py": ("cryptography", refuses_to_look_at_certificates),
    "plugin_utils/_aws_session.py": ("botocore", says_that_there_is_no_sdk),
    "plugin_utils/_http_checks.py": ("websocket", says_which_library_is_missing),
}


@pytest.mark.parametrize("file", GUARDED)
def test_without_its_library_a_plugin(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    library, check = GUARDED[file]
    with loaded_without(library, file, monkeypatch) as plugin:
        check(plugin)


def test_no_import_guard_is_left_out() -> None:
    guarded = [file for file in PLUGINS.rglob("*.py") if "except ImportError" in file.read_text(encoding="utf-8")]
    assert {str(file.relative_to(PLUGINS)) for file in guarded} == set(GUARDED)

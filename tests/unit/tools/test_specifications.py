# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifications of roles are typed and described to the leaves, and playbooks skip nothing in check mode."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.places import CHECKOUT

SPECIFICATIONS = sorted(CHECKOUT.glob("roles/*/meta/argument_specs.yml"))
PLAYBOOKS = sorted(CHECKOUT.glob("playbooks/**/*.yml"))


def load(file: Path) -> Any:
    """Content of a YAML file."""
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def leaves(options: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every option of a specification, nested ones with their path."""
    for name, option in options.items():
        yield f"{prefix}{name}", option
        yield from leaves(option.get("options", {}), f"{prefix}{name}.")


def mappings(content: Any) -> Iterator[dict[str, Any]]:
    """Every mapping inside a YAML document."""
    if isinstance(content, dict):
        yield content
        for value in content.values():
            yield from mappings(value)
    elif isinstance(content, list):
        for item in content:
            yield from mappings(item)


@pytest.mark.parametrize("file", SPECIFICATIONS, ids=lambda file: file.parent.parent.name)
def test_every_option_is_typed_and_described(file: Path) -> None:
    for entry in load(file)["argument_specs"].values():
        assert entry.get("short_description")
        assert entry.get("description")
        options = list(leaves(entry.get("options", {})))
        assert [name for name, option in options if not (option.get("description") and option.get("type"))] == []
        assert [name for name, option in options if option["type"] == "list" and not option.get("elements")] == []


@pytest.mark.parametrize("file", PLAYBOOKS, ids=lambda file: str(file.relative_to(CHECKOUT)))
def test_no_task_of_a_playbook_depends_on_check_mode(file: Path) -> None:
    assert [m.get("name") for m in mappings(load(file)) if "ansible_check_mode" in str(m.get("when", ""))] == []

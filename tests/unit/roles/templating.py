# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""A role's variables and templates as Ansible evaluates them, without running a play."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

CHECKOUT = Path(__file__).resolve().parents[3]


def variable_files(role: Path) -> list[Path]:
    """Return the files of a role's own variables: vars/main.yml, or all of vars/main."""
    return sorted([*role.glob("vars/main.yml"), *role.glob("vars/main/*.yml")])


def evaluate(role: str, expression: str, **variables: Any) -> Any:
    """Return what an expression is in `role` with its defaults and vars, and with `variables` on top of both."""
    return render(role, "{{ " + expression + " }}", **variables)


def render(role: str, value: Any, **variables: Any) -> Any:
    """Return a value of one of its tasks, or a part of it, in the same way."""
    folder = CHECKOUT / "roles" / role
    loader = DataLoader()
    known: dict[str, Any] = {}
    for file in [folder / "defaults" / "main.yml", *variable_files(folder)]:
        known |= loader.load_from_file(str(file), trusted_as_template=True)
    # Where a role's own template is looked for.
    known |= {"ansible_search_path": [str(folder)], **variables}
    return Templar(loader, variables=known).template(trusted(value))


def trusted(value: Any) -> Any:
    """Return a value whose texts may be templates."""
    if isinstance(value, dict):
        return {key: trusted(part) for key, part in value.items()}
    if isinstance(value, list):
        return [trusted(part) for part in value]
    return trust_as_template(value) if isinstance(value, str) else value

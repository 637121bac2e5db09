# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""A role's variables and templates as Ansible evaluates them, without running a play."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
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
    return Templar(DataLoader(), variables=known(role) | variables).template(trusted(value))


def known(role: str) -> dict[str, Any]:
    """Return the defaults and vars of a role, as templates."""
    folder = CHECKOUT / "roles" / role
    # Where a role's own template is looked for.
    found: dict[str, Any] = {"ansible_search_path": [str(folder)], "role_path": str(folder)}
    for file in [folder / "defaults" / "main.yml", *variable_files(folder)]:
        found |= DataLoader().load_from_file(str(file), trusted_as_template=True)
    return found


def trusted(value: Any) -> Any:
    """Return a value whose texts may be templates."""
    if isinstance(value, dict):
        return {key: trusted(part) for key, part in value.items()}
    if isinstance(value, list):
        return [trusted(part) for part in value]
    return trust_as_template(value) if isinstance(value, str) else value


def checks(
    tasks: Path, file: str, conditions: tuple[str, ...] = ()
) -> Iterator[tuple[dict[str, Any], tuple[str, ...]]]:
    """Yield the assertions of a task file and of those that it brings in, each with the conditions on the way to it."""
    for task in yaml.safe_load((tasks / file).read_text(encoding="utf-8")):
        on_the_way = (*conditions, str(task["when"])) if "when" in task else conditions
        brought = [
            task[key] for key in ("ansible.builtin.import_tasks", "ansible.builtin.include_tasks") if key in task
        ]
        for name in brought:
            yield from checks(tasks, name, on_the_way)
        if not brought:
            yield task, on_the_way


def refusal(role: str, **variables: Any) -> str:
    """Return what the validation of a role's inputs says; nothing when it accepts them."""
    everything = known(role) | {"ansible_playbook_python": sys.executable, **trusted(variables)}
    for task, conditions in checks(CHECKOUT / "roles" / role / "tasks", "validate.yml"):
        own = everything | trusted(task.get("vars", {}))
        templar = Templar(DataLoader(), variables=own)
        if not all(templar.evaluate_conditional(trusted(condition)) for condition in conditions):
            continue
        # A loop of one stands for a value that is worked out once.
        if "loop" in task:
            (item,) = templar.template(trusted(task["loop"]))
            templar = Templar(DataLoader(), variables=own | {task["loop_control"]["loop_var"]: item})
        check = task["ansible.builtin.assert"]
        that = check["that"] if isinstance(check["that"], list) else [check["that"]]
        if not all(templar.evaluate_conditional(trusted(condition)) for condition in that):
            return str(templar.template(trusted(check["fail_msg"])))
    return ""

# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs on the connection warm comes out as on local, in all that a task can find out or leave behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.connection import cases
from tests.integration.connection.comparing import Group, compare, differences, normalised
from tests.integration.connection.conftest import Ansible, Run, Yaml
from tests.integration.connection.runs import LOCAL, WARM

GROUPS = {name: group for name, group in vars(cases).items() if isinstance(group, Group)}


@pytest.mark.parametrize("name", GROUPS)
def test_warm_is_like_local(name: str, ansible: Callable[[str], Ansible]) -> None:
    wrong = compare(GROUPS[name], ansible)
    assert not wrong, "\n" + "\n".join(wrong)


def test_other_results_are_not_taken_for_equal() -> None:
    folder = Path("/somewhere/local")
    result = {"msg": "at /somewhere/local/one-round0/x", "rc": 0, "lines": ["a", "b"], "changed": False}
    same = {**result, "msg": "at /somewhere/local/two-round2/x"}
    others = [
        {**result, "msg": "at /somewhere/local/one-round0/y"},
        {**result, "rc": 1},
        {**result, "rc": False},
        {**result, "rc": "0"},
        {**result, "lines": ["a"]},
        {**result, "lines": ["a", "b", ""]},
        {**result, "changed": None},
        {**result, "warnings": []},
        {name: value for name, value in result.items() if name != "rc"},
    ]
    reference = normalised(result, folder)
    assert list(differences(reference, normalised(same, folder))) == []
    for other in others:
        assert len(list(differences(reference, normalised(other, folder)))) == 1, other


CHANCES = ("random", "secret", "uuid1", "uuid4", "temporary", "pid")


@pytest.mark.parametrize("connection", [LOCAL, WARM])
def test_hosts_at_once_share_nothing(connection: str, ansible: Callable[[str], Ansible]) -> None:
    hosts = ["one", "two", "three", "four", "five"]
    tasks: list[Yaml] = [
        {"name": f"task {number}", "look": {"chances": True}, "environment": {"HOST": "{{ inventory_hostname }}"}}
        for number in range(2)
    ]
    say = {"name": "say", "ansible.builtin.shell": "echo $HOST", "environment": {"HOST": "{{ inventory_hostname }}"}}
    run = ansible("many").run([{"name": "all", "tasks": [*tasks, say]}], connection, hosts)
    assert run.code == 0
    results = [run.of(str(task["name"]), host) for task in tasks for host in hosts]
    for chance in CHANCES:
        assert len({result.data[chance] for result in results}) == len(results), chance
    assert [run.of("say", host).data["stdout"] for host in hosts] == hosts
    assert {bool(result.warm) for result in results} == {connection == WARM}


@pytest.mark.parametrize("setting", [{"ANSIBLE_PIPELINING": "false"}, {"ANSIBLE_KEEP_REMOTE_FILES": "true"}])
def test_without_pipelining_it_is_local(setting: dict[str, str], ansible: Callable[[str], Ansible]) -> None:
    run = ansible("warm").run([{"tasks": [{"name": "ping", "ansible.builtin.ping": {}}]}], WARM, env=setting)
    result = run.of("ping")
    assert (result.data["ping"], result.warm, result.left) == ("pong", 0, [])
    assert "EXEC /bin/sh" in run.text


UTILS = "VALUE = {value!r}\n"
USER = """\
from ansible.module_utils import shared_value
from ansible.module_utils.basic import AnsibleModule
module = AnsibleModule({})
module.exit_json(value=shared_value.VALUE, seen=shared_value.__dict__.setdefault("seen", []))
"""


def values(run: Run) -> list[str]:
    """What modules have got from the file they share."""
    return [result.data["value"] for result in run.results if "value" in result.data]


@pytest.mark.parametrize("connection", [LOCAL, WARM])
def test_module_utils_that_change_are_used_at_once(connection: str, ansible: Callable[[str], Ansible]) -> None:
    place = ansible("utils")
    shared = place.folder / "module_utils" / "shared_value.py"
    for folder in (shared.parent, place.folder / "library"):
        folder.mkdir(parents=True)
    tasks: list[Yaml] = []
    for number in range(3):
        (place.folder / "library" / f"user{number}.py").write_text(USER, encoding="utf-8")
        # Ansible itself builds a module only once in a run.
        tasks += [{f"user{number}": {}}, {f"user{number}": {}}]
        new = {"dest": str(shared), "content": UTILS.format(value=f"new {number}")}
        tasks += [{"ansible.builtin.copy": new, "when": "changing"}]
    shared.write_text(UTILS.format(value="first"), encoding="utf-8")
    run = place.run([{"tasks": tasks}], connection, changing=True)
    assert values(run) == ["first", "first", "new 0", "new 0", "new 1", "new 1"], run.errors
    # The next run has learned from the first one what it needs, but not what is in it.
    shared.write_text(UTILS.format(value="later"), encoding="utf-8")
    run = place.run([{"tasks": tasks}], connection, changing=False)
    assert values(run) == ["later"] * 6, run.errors

# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The callback preload: where runs of ansible-playbook load a plugin with it and without."""

from __future__ import annotations

import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.plugins.loader import callback_loader

CHECKOUT = Path(__file__).resolve().parents[4]
# Writes down each process that loads it.
LOOKUP = """
import os
from pathlib import Path

from ansible.plugins.lookup import LookupBase

with Path(os.environ["LOADED_BY"]).open("a", encoding="utf-8") as file:
    file.write(f"{os.getpid()}\\n")


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        return terms
"""
TASK = {"ansible.builtin.debug": {"msg": "{{ lookup('demo.parts.answer', 'found') }}"}}
PLAY = [{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [TASK, TASK, TASK]}]


def run(folder: Path, callbacks: str, **variables: str) -> tuple[subprocess.CompletedProcess[str], int]:
    """Run three tasks that use a lookup; return what happened, and in how many processes the lookup was loaded."""
    plugin = folder / "collections" / "ansible_collections" / "demo" / "parts" / "plugins" / "lookup" / "answer.py"
    plugin.parent.mkdir(parents=True)
    plugin.write_text(LOOKUP, encoding="utf-8")
    (folder / "site.yml").write_text(yaml.safe_dump(PLAY), encoding="utf-8")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
        "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"),
        "ANSIBLE_HOME": str(folder / "home"),
        "ANSIBLE_COLLECTIONS_PATH": f"{folder / 'collections'}:{CHECKOUT / '.collections'}",
        "ANSIBLE_CALLBACKS_ENABLED": callbacks,
        "LC_ALL": "C.UTF-8",
        "LOADED_BY": str(folder / "loaded"),
        **variables,
    }
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", "site.yml"]
    finished = subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True)
    return finished, len(set((folder / "loaded").read_text(encoding="utf-8").split()))


def test_without_it_each_task_loads_the_plugin(tmp_path: Path) -> None:
    finished, processes = run(tmp_path, "supastack.aws.timeline")
    assert finished.returncode == 0, finished.stdout
    assert processes == 3


def test_with_it_one_process_does(tmp_path: Path) -> None:
    plugins = "lookup:demo.parts.answer,connection:supastack.aws.warm"
    finished, processes = run(tmp_path, "supastack.aws.preload", ANSIBLE_PRELOAD_PLUGINS=plugins)
    assert finished.returncode == 0, finished.stdout
    assert finished.stdout.count("msg: found") == 3
    assert processes == 1


def test_the_default_list_is_complete(tmp_path: Path) -> None:
    finished, _processes = run(tmp_path, "supastack.aws.preload")
    assert (finished.returncode, finished.stderr) == (0, ""), finished.stdout


@pytest.mark.parametrize("entry", ["lookup:demo.parts.question", "looukp:demo.parts.answer", "demo.parts.answer"])
def test_what_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch, entry: str) -> None:
    warnings: list[str] = []
    callback: t.Any = callback_loader.get("supastack.aws.preload")
    callback.set_options(
        direct={"preload_plugins": [entry, "connection:supastack.aws.warm", "lookup:ansible.builtin.env"]}
    )
    monkeypatch.setattr(callback._display, "warning", warnings.append)
    callback.v2_playbook_on_start(None)
    assert warnings == [f"preload_plugins: there is no {entry!r}. Give type, colon and full name."]

# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's package files agree with each other and with what the tests run with."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from tools.places import CHECKOUT, locked_version, site_packages
from tools.python_environment import normalised


def load(name: str) -> Any:
    """Content of a YAML file of the checkout."""
    return yaml.safe_load((CHECKOUT / name).read_text(encoding="utf-8"))


def lines(name: str) -> list[str]:
    """Lines of a text file that are not comments."""
    text = (CHECKOUT / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_both_lists_of_collections_are_equal() -> None:
    listed = {entry["name"]: entry["version"] for entry in load("requirements.yml")["collections"]}
    assert listed == load("galaxy.yml")["dependencies"]


def test_ranges_begin_with_the_versions_that_are_tested() -> None:
    for name, wanted in load("galaxy.yml")["dependencies"].items():
        manifest = site_packages() / "ansible_collections" / Path(*name.split(".")) / "MANIFEST.json"
        version = json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]["version"]
        assert wanted == f">={version},<{int(version.split('.')[0]) + 1}.0.0"


def test_python_requirements_begin_with_the_versions_that_are_tested() -> None:
    for line in lines("requirements.txt"):
        name, version = line.split(">=")
        assert version == locked_version(name)


def test_every_requirement_is_pinned_in_the_lock_file() -> None:
    locked = {normalised(line.split("==")[0]): line.split("==")[1] for line in lines("tools/python/requirements.lock")}
    for line in lines("tools/python/requirements.in"):
        name, version = re.sub(r"\[.*\]", "", line).split("==")
        assert locked[normalised(name)] == version


def test_the_version_has_a_changelog_entry() -> None:
    version = load("galaxy.yml")["version"]
    assert version in load("changelogs/changelog.yaml")["releases"]
    assert f"v{version}\n" in (CHECKOUT / "CHANGELOG.rst").read_text(encoding="utf-8")


def test_the_oldest_ansible_is_the_tested_one() -> None:
    major_minor = ".".join(locked_version("ansible-core").split(".")[:2])
    assert load("meta/runtime.yml")["requires_ansible"] == f">={major_minor}.0"

# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that every file of the checkout keeps."""

from __future__ import annotations

import re
from pathlib import Path

from tests.stages.programs import own_files
from tools.places import CHECKOUT

SOURCES = {".cfg", ".ini", ".js", ".mjs", ".py", ".sh", ".sql", ".toml", ".tpl", ".yaml", ".yml"}
SOURCE_NAMES = {"Makefile", "run", ".ansible-lint", ".yamllint"}
# Written by programs that keep no comments.
GENERATED = {
    Path("changelogs/changelog.yaml"),
    Path("molecule/kms_secrets/inventory/host_vars/vaulted/vault.yml"),
}
LICENCE = "SPDX-License-Identifier: GPL-3.0-or-later"
COPYRIGHT = "Copyright: (c) 2026, Supastack contributors"
HEAD_LINES = 12
# Put together here, so that this file does not contain them.
REGISTRIES = [f"{name}.{end}" for name, end in (("registry.npmjs", "org"), ("pypi", "org"), ("pythonhosted", "org"))]
GO_HOSTS = [f"{name}.golang.{end}" for name, end in (("proxy", "org"), ("sum", "org"))]
MACHINE_PATHS = [f"/{name}/" for name in ("work", "root")] + ["/tmp/" + "scratch"]


def text_of(file: Path) -> str:
    """Content of a tracked file; nothing for one that is not text."""
    return (CHECKOUT / file).read_bytes().decode("utf-8", errors="ignore")


def test_every_source_file_names_its_licence_and_owner() -> None:
    offenders = []
    for file in own_files():
        if (file.suffix in SOURCES or file.name in SOURCE_NAMES) and file not in GENERATED:
            text = text_of(file)
            head = "\n".join(text.splitlines()[:HEAD_LINES])
            if text.strip() and (LICENCE not in head or COPYRIGHT not in head):
                offenders.append(str(file))
    assert offenders == []


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    forbidden = re.compile("|".join(map(re.escape, REGISTRIES + GO_HOSTS + MACHINE_PATHS)))
    offenders = {str(file): found[0] for file in own_files() if (found := forbidden.search(text_of(file)))}
    assert offenders == {}


def test_nothing_is_left_for_later() -> None:
    marks = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3)) + r")\b")
    offenders = [str(f) for f in own_files() if f.suffix in SOURCES | {".md"} and marks.search(text_of(f))]
    assert offenders == []


def test_the_collection_link_is_not_committed() -> None:
    assert [file for file in own_files() if (CHECKOUT / file).is_symlink()] == []


def test_continuous_integration_is_exactly_make_test() -> None:
    commands = [line for line in text_of(Path(".ci/run")).splitlines() if line and not line.startswith("#")]
    assert commands == ['cd "$(dirname "$0")/.." && exec make test']

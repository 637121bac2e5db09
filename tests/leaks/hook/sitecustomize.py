# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives each file a second name before Python removes, renames or replaces it. Every Python with this folder on
PYTHONPATH runs this when it starts, and the recorder cannot come too late then, as it can for other programs.

The variables are read when a file goes: a warm process gets those of its task after it has started.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

KEPT = "LEAKS_KEPT"
FOLDERS = "LEAKS_FOLDERS"


def keep(event: str, arguments: tuple[Any, ...]) -> None:
    """Audit hook: os.remove(path, dir_fd), os.rename(src, dst, src_dir_fd, dst_dir_fd)."""
    if KEPT not in os.environ:
        return
    match event, arguments:
        case "os.remove", (path, int(folder)):
            link(os.fsdecode(path), folder)
        case "os.rename", (source, destination, int(source_folder), int(destination_folder)):
            link(os.fsdecode(source), source_folder)
            link(os.fsdecode(destination), destination_folder)


def link(path: str, folder: int) -> None:
    """Link a file in one of the folders; `folder` is the descriptor that a relative path is relative to, or -1."""
    full = (Path.cwd() if folder == -1 else Path(f"/proc/self/fd/{folder}").readlink()) / path
    if str(full).startswith(tuple(os.environ[FOLDERS].split(os.pathsep))) and (full.exists() or full.is_symlink()):
        name = f"{os.getpid()}-{time.time_ns()}{full}".replace("/", " ")[-250:]
        os.link(full, Path(os.environ[KEPT], name), follow_symlinks=False)


sys.addaudithook(keep)

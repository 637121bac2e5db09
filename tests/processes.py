# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks for processes of this machine, warm ones among them."""

from __future__ import annotations

from pathlib import Path

# How a warm process is started; its forks are listed so as well.
WARM_ARGUMENTS = ["-", "supastack.aws.warm"]


def processes() -> list[int]:
    """The process IDs of all processes."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def command_line(pid: int) -> list[str]:
    """What a process was started with, nothing when there is none or it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace").split("\0")[:-1]
    except (FileNotFoundError, ProcessLookupError):
        return []


def parent_of(pid: int) -> int:
    """The process ID of a process' parent (proc_pid_stat(5)); 0 when it has ended."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def warm_processes() -> set[int]:
    """The warm processes, without their forks, which look the same but for their parent."""
    alike = {pid for pid in processes() if command_line(pid)[1:] == WARM_ARGUMENTS}
    return {pid for pid in alike if parent_of(pid) not in alike}

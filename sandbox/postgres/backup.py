# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""A copy of a running server's data, which another server can start from: PostgreSQL's low-level backup.

https://www.postgresql.org/docs/17/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP, on making such a backup and on
the files that it leaves out.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg

from sandbox.state import SandboxError

_LABEL = "backup_label"
_WAL = "pg_wal"
_EMPTIED = frozenset(
    {"pg_dynshmem", "pg_notify", "pg_replslot", "pg_serial", "pg_snapshots", "pg_stat_tmp", "pg_subtrans"}
)
_LEFT_OUT = re.compile(r"postmaster\.(pid|opts)|pg_internal\.init.*|pgsql_tmp.*")
_FIRST_SEGMENT = re.compile(r"START WAL LOCATION: \S+ \(file ([0-9A-F]{24})\)")

Give = Callable[[Path], None]


class BackupError(SandboxError):
    """The copy would not be whole."""


def back_up(connection: psycopg.Connection[tuple[object, ...]], data: Path, target: Path, give: Give) -> None:
    """Copy the data folder of a running server to `target`, whose owner `give` sets as that of the original.

    `connection` is the administrator's; the backup ends with it when anything fails.
    """
    connection.execute("SELECT pg_backup_start('snapshot', fast => true)")
    copy_folder(data, target, give, emptied=_EMPTIED | {_WAL})
    row = connection.execute("SELECT labelfile FROM pg_backup_stop(wait_for_archive => false)").fetchone()
    label = str(row[0]) if row else ""
    # What was written meanwhile, without which the copied files do not fit together.
    copy_folder(data / _WAL, target / _WAL, give)
    first = _FIRST_SEGMENT.match(label)
    if first is None or not (target / _WAL / first[1]).exists():
        raise BackupError(f"The write-ahead log of {data} was reused while it was copied: take the snapshot again.")
    (target / _LABEL).write_text(label, encoding="utf-8")
    give(target / _LABEL)


def copy_folder(source: Path, target: Path, give: Give, emptied: frozenset[str] = frozenset()) -> None:
    """Copy a folder of a server's data; those named in `emptied` are made, but left empty."""
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    give(target)
    for path in sorted(source.iterdir()):
        copied = target / path.name
        if path.is_dir():
            if path.name in emptied:
                copied.mkdir(mode=0o700, exist_ok=True)
                give(copied)
            else:
                copy_folder(path, copied, give)
        elif not _LEFT_OUT.fullmatch(path.name):
            _copy_file(path, copied, give)


def _copy_file(source: Path, target: Path, give: Give) -> None:
    try:
        shutil.copyfile(source, target)
    except FileNotFoundError:
        # Dropped while it was on its way; replay of the log drops it in the copy as well.
        target.unlink(missing_ok=True)
        return
    target.chmod(0o600)
    give(target)

# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a checkout and its user's cache keep what the set-up installs."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
VENV = CHECKOUT / ".venv"
SETUP = CHECKOUT / ".setup"
LOCK_FILE = CHECKOUT / "tools" / "python" / "requirements.lock"


def cache_folder() -> Path:
    """Folder shared by all checkouts of this user, as the XDG base directory specification places it."""
    configured = Path(os.environ.get("XDG_CACHE_HOME", ""))
    # The specification says that a relative path is invalid and must be ignored.
    base = configured if configured.is_absolute() else Path.home() / ".cache"
    return base / "supastack"


def digest(*parts: bytes | str | Path) -> str:
    """First 16 hexadecimal digits of the SHA-256 over all parts; of a path, its content counts."""
    total = hashlib.sha256()
    for part in parts:
        content = part.read_bytes() if isinstance(part, Path) else part.encode() if isinstance(part, str) else part
        total.update(hashlib.sha256(content).digest())
    return total.hexdigest()[:16]


def locked_version(package: str) -> str:
    """Version of a Python package as requirements.lock pins it. Raises KeyError when it is not pinned."""
    wanted = f"{package}=="
    for line in LOCK_FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith(wanted):
            return line.removeprefix(wanted).split()[0]
    raise KeyError(f"{package} is not in {LOCK_FILE.relative_to(CHECKOUT)}")


def site_packages() -> Path:
    """The folder of .venv that holds its packages. Raises FileNotFoundError when .venv is missing."""
    found: Iterable[Path] = VENV.glob("lib/python3.*/site-packages")
    for folder in found:
        return folder
    raise FileNotFoundError(f"{VENV} has no packages. Run: make setup")

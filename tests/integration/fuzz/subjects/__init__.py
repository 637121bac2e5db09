# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subjects of the fuzz test by the names of their modules: one file each in this folder."""

from __future__ import annotations

import importlib
from pathlib import Path

from tests.integration.fuzz.subject import Subject

SUBJECTS: dict[str, Subject] = {
    path.stem: importlib.import_module(f"{__name__}.{path.stem}").SUBJECT
    for path in sorted(Path(__file__).parent.glob("[a-z]*.py"))
}

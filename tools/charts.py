# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Helm charts that a Go module carries beside its program, taken out of the module cache at set-up."""

from __future__ import annotations

import re
from pathlib import Path

from tools.steps import StepFailed

FOLDER = "charts"


def take(module: Path, names: tuple[str, ...], version: str, target: Path) -> None:
    """Copies charts/<name> of the folder `module` to `target` and stamps them with `version`, such as 1.14.3.

    Raises StepFailed when the module has no such chart.
    """
    for name in names:
        source = module / FOLDER / name
        if not (source / "Chart.yaml").is_file():
            raise StepFailed(f"{module} has no chart {name}", advice="report this as a bug,")
        # Files and folders of the module cache are read-only; these must be removable.
        for file in sorted(path for path in source.rglob("*") if path.is_file()):
            copy = target / name / file.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
        stamp(target / name, version)


def stamp(chart: Path, version: str) -> None:
    """Gives a chart the version that its publisher gives it at release, when the sources still have an older one.

    An image without tag is that of the chart's version, and the digest in the sources is that of the older image.
    """
    replace(chart / "Chart.yaml", r"^(version|appVersion): .*$", rf"\1: {version}", 2)
    values = chart / "values.yaml"
    if "digest:" in values.read_text(encoding="utf-8"):
        replace(values, r"^( +)(tag|digest): .*$", r'\1\2: ""', 2)


def replace(file: Path, pattern: str, replacement: str, times: int) -> None:
    """Replaces what matches in a file. Raises StepFailed unless it matches that many times."""
    text, found = re.subn(pattern, replacement, file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    if found != times:
        raise StepFailed(f"{file} has {found} lines like {pattern}, not {times}", advice="report this as a bug,")
    file.write_text(text, encoding="utf-8")

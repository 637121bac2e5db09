# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup folder_files."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleLookupError
from ansible.plugins.loader import lookup_loader
from ansible_collections.supastack.aws.plugins.lookup.folder_files import LARGEST_TEXT

# What is below the folder, and what the lookup makes of it; None for what it leaves out.
CONTENTS: dict[str, tuple[bytes, bool] | None] = {
    "b.sql": ("select 'ü';\n".encode(), True),
    "a/deep/c.ts": (b"", True),
    "a.txt": (b"a" * LARGEST_TEXT, True),
    "large.txt": (b"a" * (LARGEST_TEXT + 1), False),
    "picture.png": (b"\x89PNG\xff", False),
    ".env": None,
    "a/.git/config": None,
}


def look_up(*folders: Path | str) -> list[dict[str, Any]]:
    """Call the lookup as Ansible does, by its name."""
    lookup = lookup_loader.get("supastack.aws.folder_files")
    entries: list[dict[str, Any]] = lookup.run([str(folder) for folder in folders], variables={})
    return entries


def write(folder: Path, name: str, content: bytes = b"text") -> None:
    """Write a file below a folder."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def test_all_but_hidden_files_are_found_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, wanted in CONTENTS.items():
        write(tmp_path / "code", name, wanted[0] if wanted else b"hidden")
    found = look_up("~/code")
    assert [entry["path"] for entry in found] == sorted(name for name, wanted in CONTENTS.items() if wanted)
    for entry in found:
        content, is_text = CONTENTS[entry["path"]] or (b"", False)
        assert (entry["bytes"], entry["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        assert entry["text"] == (content.decode() if is_text else None)


def test_links_to_files_are_read_and_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    write(tmp_path, "elsewhere/shared.ts")
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "linked.ts").symlink_to(tmp_path / "elsewhere" / "shared.ts")
    (tmp_path / "code" / "folder").symlink_to(tmp_path / "elsewhere")
    assert [(entry["path"], entry["text"]) for entry in look_up(tmp_path / "code")] == [("linked.ts", "text")]


def test_folders_follow_each_other(tmp_path: Path) -> None:
    write(tmp_path, "two/a")
    write(tmp_path, "one/b")
    assert [entry["path"] for entry in look_up(tmp_path / "two", tmp_path / "one")] == ["a", "b"]
    assert look_up() == []


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "file")
    for path in ("file", "missing"):
        with pytest.raises(AnsibleLookupError, match=f"{path} is no folder. Correct the path"):
            look_up(tmp_path / path)


def test_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "dangling.sql").symlink_to(tmp_path / "missing")
    with pytest.raises(AnsibleLookupError, match=r"cannot read .*dangling\.sql: No such file"):
        look_up(tmp_path)


def test_folder_that_cannot_be_read_is_no_empty_one(tmp_path: Path) -> None:
    """Permissions do not stop root, who may run the tests; a path that is too long stops anybody."""
    (tmp_path / "deep").mkdir()
    descriptor = os.open(tmp_path / "deep", os.O_RDONLY)
    for _level in range(20):
        os.mkdir("d" * 250, dir_fd=descriptor)
        inner = os.open("d" * 250, os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    os.close(descriptor)
    try:
        with pytest.raises(AnsibleLookupError, match=r"cannot read .*ddd: File name too long"):
            look_up(tmp_path / "deep")
    finally:
        shutil.rmtree(tmp_path / "deep")

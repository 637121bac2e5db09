# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a folder of the controller with all folders in it."""

from __future__ import annotations

DOCUMENTATION = r"""
name: folder_files
short_description: All files below a folder, with their text
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Returns one entry for each file of a folder of the controller and of the folders in it, ordered by path.
  - Files and folders whose names begin with a dot are left out, C(.git) and C(.env) among them. Links to files are
    read, links to folders are not followed.
options:
  _terms:
    description: Paths of folders. A relative one begins in the folder that Ansible works in, that of the playbook.
    type: list
    elements: str
    required: true
notes:
  - A file is read whenever the variable that holds this lookup is used.
seealso:
  - plugin: ansible.builtin.fileglob
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Print the names of all functions' files
  ansible.builtin.debug:
    msg: "{{ query('supastack.aws.folder_files', inventory_dir ~ '/functions') | map(attribute='path') }}"
"""

RETURN = r"""
_raw:
  description:
    - The files, as dictionaries.
    - C(path) is the path below the folder, with slashes; C(bytes) the size; C(sha256) the digest of the content.
    - C(text) is the content, or null when that is no text in UTF-8 or has more than 1 MiB.
  type: list
  elements: dict
"""

import contextlib
import hashlib
import os
import typing as t
from collections.abc import Iterator
from pathlib import Path

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

# No object of Kubernetes can hold more: https://kubernetes.io/docs/concepts/configuration/configmap/#motivation
LARGEST_TEXT = 1024 * 1024


def paths_below(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder and of the folders in it, without the hidden ones.

    :raises OSError: when a folder cannot be read.
    """

    def give_up(error: OSError) -> None:
        raise error

    for place, folders, files in os.walk(folder, onerror=give_up):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(place) / name for name in files if not name.startswith("."))


def described(folder: Path, path: Path) -> dict[str, t.Any]:
    """Return the entry of one file.

    :raises OSError: when it cannot be read.
    """
    size = path.stat().st_size
    text = None
    if size <= LARGEST_TEXT:
        content = path.read_bytes()
        digest = hashlib.sha256(content)
        with contextlib.suppress(UnicodeDecodeError):
            text = content.decode("utf-8")
    else:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256")
    return {"path": path.relative_to(folder).as_posix(), "bytes": size, "sha256": digest.hexdigest(), "text": text}


def files_of(folder: Path) -> list[dict[str, t.Any]]:
    """Return the entries of a folder's files, ordered by path.

    :raises AnsibleLookupError: when there is no such folder, or something in it cannot be read.
    """
    if not folder.is_dir():
        raise AnsibleLookupError(f"folder_files: {folder} is no folder. Correct the path, or make the folder.")
    try:
        return sorted((described(folder, path) for path in paths_below(folder)), key=lambda entry: str(entry["path"]))
    except OSError as error:
        raise AnsibleLookupError(f"folder_files: cannot read {error.filename}: {error.strerror}.") from None


class LookupModule(LookupBase):  # type: ignore[misc]  # ansible-core ships no types
    """The lookup of this file, for Ansible."""

    def run(self, terms: list[str], variables: t.Any = None, **kwargs: t.Any) -> list[dict[str, t.Any]]:
        """Return the entries of all folders.

        :raises AnsibleLookupError: when one cannot be read.
        """
        self.set_options(var_options=variables, direct=kwargs)
        return [entry for term in terms for entry in files_of(Path(term).expanduser())]

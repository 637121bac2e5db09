# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service descriptions of botocore, parsed once for all tasks.

They are JSON files of up to some megabytes; a client of EC2 needs 90 ms for its own.
"""

from __future__ import annotations

import sys
import typing as t
from pathlib import Path


class Models:
    """Parsed files of botocore, each handed out once in a process, because botocore may add to what it gets."""

    def __init__(self) -> None:
        self._parsed: dict[str, t.Any] = {}
        self._listed: dict[tuple[str, ...], list[str]] = {}
        self._load: t.Callable[..., t.Any] | None = None
        self._list: t.Callable[..., t.Any] | None = None
        # What a task asked for and was not there: files, and folders with the kind of file looked for.
        self.missed: list[str] = []
        self.missed_listings: list[tuple[list[str], str]] = []

    def install(self) -> None:
        """Put these before botocore's own ways to load and list files, once botocore is loaded."""
        loaders = sys.modules.get("botocore.loaders")

        def load_file(loader: t.Any, file_path: str) -> t.Any:
            return self.take(loader, file_path)

        def list_available_services(loader: t.Any, type_name: str) -> t.Any:
            return self.services(loader, type_name)

        if self._load is None and loaders is not None:
            self._load = loaders.JSONFileLoader.load_file
            self._list = loaders.Loader.list_available_services
            # Functions, since methods of this object would not get botocore's.
            loaders.JSONFileLoader.load_file = load_file
            loaders.Loader.list_available_services = list_available_services

    def load(self, path: str) -> None:
        """Parse a file for the tasks to come.

        :param path: as botocore names it, without .json or .json.gz.
        """
        if path not in self._parsed and self._load:
            parsed = self._parsed[path] = self._load(sys.modules["botocore.loaders"].JSONFileLoader(), path)
            # botocore keeps the methods' names of all operations for as long as its process lasts.
            for operation in (parsed or {}).get("operations", ()):
                sys.modules["botocore"].xform_name(operation)

    def list(self, folders: t.Sequence[str], type_name: str) -> None:
        """List the services that have a file of a kind in some folders."""
        if self._list and (*folders, type_name) not in self._listed:
            loader = sys.modules["botocore.loaders"].Loader(list(folders), include_default_search_paths=False)
            self._listed[(*folders, type_name)] = self._list(loader, type_name)

    def take(self, loader: t.Any, path: str) -> t.Any:
        """Return what is in a file, parsed or to be parsed (botocore.loaders.JSONFileLoader.load_file)."""
        if path in self._parsed:
            return self._parsed.pop(path)
        self.missed.append(path)
        return self._load(loader, path) if self._load else None

    def services(self, loader: t.Any, type_name: str) -> t.Any:
        """Return the services that have a file of a kind (botocore.loaders.Loader.list_available_services)."""
        folders = [folder for folder in loader.search_paths if Path(folder).is_dir()]
        # What somebody else has put there may change at any depth.
        if not all(folder.startswith(self._own_folders()) for folder in folders):
            return self._list(loader, type_name) if self._list else []
        if (*folders, type_name) in self._listed:
            return list(self._listed[(*folders, type_name)])
        self.missed_listings.append((folders, type_name))
        return self._list(loader, type_name) if self._list else []

    @staticmethod
    def _own_folders() -> tuple[str, ...]:
        packages = [sys.modules.get(name) for name in ("botocore", "boto3")]
        return tuple(f"{Path(package.__file__ or '').parent}/" for package in packages if package)

    def paths(self) -> t.Any:
        """Return what `load` was called with."""
        return list(self._parsed)

    def listings(self) -> t.Any:
        """Return what `list` was called with."""
        return [(folders, type_name) for *folders, type_name in self._listed]

    def files(self) -> t.Iterator[str]:
        """Return the files and folders that what is known comes from, or would come from."""
        for path in self._parsed:
            yield path + ".json"
            yield path + ".json.gz"
        for *folders, _type_name in self._listed:
            yield from folders

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules in AnsiballZ payloads, compiled once for all tasks.

A payload is a zip file with the sources of one Ansible module and of all module_utils it needs. Python would compile
each of them anew for each task, and zipimport does even that twice. Compiled code is used again only for byte-identical
source, so that a payload with other sources, newer or older, gets what is in it.
"""

from __future__ import annotations

import _imp
import base64
import hashlib
import importlib
import importlib.machinery
import importlib.util
import io
import re
import sys
import types
import typing as t
import zipfile
import zipimport
from pathlib import Path

# The packages that payloads consist of.
ROOTS = ("ansible", "ansible_collections")
# Where Ansible's wrapper puts the file, in a new folder for each task.
ARCHIVE = re.compile(r"/ansible_[^/]*_payload_[^/]*/ansible_[^/]*_payload\.zip$")
# Where modules seem to be while they are executed ahead of their tasks.
AHEAD = "/ansible_known_payload_/ansible_known_payload.zip"
# How the wrapper names the module, as tasks do and as Python does, and how it holds the payload: base64 in one line.
NAME = re.compile(rb"^ansible_module='([^']+)',$", re.MULTILINE)
MAIN = re.compile(rb"^module_fqn='([^']+)',$", re.MULTILINE)
ENCODED = re.compile(rb"^zip_data='([A-Za-z0-9+/=]+)',$", re.MULTILINE)


def encoded_payload(source: bytes) -> bytes:
    """Return the payload in the source that Ansible sends, base64 encoded; empty when there is none."""
    found = ENCODED.search(source)
    return found.group(1) if found else b""


def read_sources(archive: str | t.IO[bytes]) -> dict[str, bytes]:
    """Return the sources in a payload's zip file by their names there."""
    with zipfile.ZipFile(archive) as opened:
        return {name: opened.read(name) for name in opened.namelist() if name.endswith(".py")}


def module_name(source: bytes) -> str:
    """Return the name of the Ansible module in the source that Ansible sends; empty when there is none."""
    found = NAME.search(source)
    return found.group(1).decode() if found else ""


def main_member(source: bytes) -> str:
    """Return the name that the Ansible module has in its payload; empty when there is none."""
    found = MAIN.search(source)
    return f"{found.group(1).decode().replace('.', '/')}.py" if found else ""


class Library:
    """Sources by their names in payloads, compiled, and those of module_utils also executed."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[bytes, types.CodeType]] = {}
        # What is in payloads that hold nothing else than what is known, by their digests.
        self._members: dict[bytes, frozenset[str]] = {}
        # Modules made of what is known.
        self.executed: dict[str, types.ModuleType] = {}
        # Variables of theirs that tell where they are.
        self._paths: dict[str, dict[str, str | Path]] = {}

    def add(self, payload: bytes) -> None:
        """Compile what a payload holds; of two sources of one name, the first stays known.

        :param payload: as `encoded_payload` returns it.
        """
        sources = read_sources(io.BytesIO(base64.b64decode(payload)))
        for name, source in sources.items():
            if name not in self._known:
                self._known[name] = (source, compile(source, name, "exec", dont_inherit=True))
        if self.agrees(sources):
            self._members[hashlib.sha256(payload).digest()] = frozenset(sources)

    def execute(self, name: str) -> None:
        """Import a module from what is known, for `Finder` to hand out."""
        if name in self.executed or not self.knows(name):
            return
        sys.modules.update(self.executed)
        finder = Finder(self, frozenset(self._known), AHEAD)
        sys.meta_path.insert(0, finder)
        try:
            importlib.import_module(name)
        finally:
            sys.meta_path.remove(finder)
            for loaded in [loaded for loaded in sys.modules if is_payload(loaded)]:
                module = self.executed[loaded] = sys.modules.pop(loaded)
                self._paths[loaded] = {
                    variable: value
                    for variable, value in vars(module).items()
                    if isinstance(value, (str, Path)) and AHEAD in str(value)
                }

    def move(self, name: str, member: str, archive: str) -> None:
        """Make an executed module, and its code, say that it comes from a payload's file."""
        _imp._fix_co_filename(self._known[member][1], f"{archive}/{member}")  # type: ignore[attr-defined]
        for variable, value in self._paths[name].items():
            setattr(self.executed[name], variable, type(value)(str(value).replace(AHEAD, archive)))
        # Packages extend it by what is installed (pkgutil.extend_path).
        path = getattr(self.executed[name], "__path__", None)
        if path is not None:
            self.executed[name].__path__ = [folder.replace(AHEAD, archive) for folder in path]

    def knows(self, name: str) -> bool:
        """Tell whether the source of a module is known."""
        base = name.replace(".", "/")
        return f"{base}.py" in self._known or f"{base}/__init__.py" in self._known

    def agrees(self, sources: t.Mapping[str, bytes]) -> bool:
        """Tell whether none of the sources is another one than what is known by its name."""
        return all(self._known[name][0] == source for name, source in sources.items() if name in self._known)

    def members(self, payload: bytes) -> frozenset[str] | None:
        """Return the names in a payload when everything in it is known, else None."""
        return self._members.get(hashlib.sha256(payload).digest())

    def code(self, name: str, filename: str, source: bytes | None) -> types.CodeType:
        """Return the code of a source, made to say that it comes from the file.

        :param source: None for what `members` has returned.
        """
        known_source, code = self._known.get(name, (None, None))
        if code is None or (source is not None and source != known_source):
            return compile(source or b"", filename, "exec", dont_inherit=True)
        # As Python itself does with code that it takes from a cache (importlib._bootstrap_external).
        _imp._fix_co_filename(code, filename)  # type: ignore[attr-defined]
        return code


def is_payload(name: str) -> bool:
    """Tell whether a module of this name comes with payloads."""
    return name.partition(".")[0] in ROOTS


class Finder:
    """Finds the modules of a payload in place of zipimport."""

    def __init__(self, library: Library, members: frozenset[str] | None, archive: str = "") -> None:
        """Serve one task.

        :param members: the names in a known payload, whose file is opened only when somebody reads a source; None for
            any other one.
        :param archive: the payload's file, when it is known before the first module of it is looked for.
        """
        self._library = library
        self._members = members
        self._archive = archive
        self._sources: dict[str, bytes] = {}

    def find_spec(
        self, fullname: str, path: t.Sequence[str] | None = None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return where a module is, None when another finder has to look (importlib.abc.MetaPathFinder)."""
        if not is_payload(fullname) or not self._opened():
            return None
        # What has been handed out just now is there already.
        return self._spec(fullname, sys.modules.get(fullname))

    def _opened(self) -> bool:
        """Open the payload when its first module is looked for, just after the wrapper has put it first."""
        if not self._archive and sys.path and ARCHIVE.search(sys.path[0]):
            self._archive = sys.path[0]
            if self._members is None:
                self._sources = read_sources(self._archive)
                self._members = frozenset(self._sources)
            if self._library.agrees(self._sources):
                self._hand_out()
        return bool(self._archive)

    def _hand_out(self) -> None:
        """Put the executed modules of this payload where imports look first, as if they came from its file."""
        handed: set[str] = set()
        # Packages come before what is in them.
        for name, module in sorted(self._library.executed.items()):
            spec = self._spec(name, module)
            parent, _dot, own = name.rpartition(".")
            if spec:
                module.__spec__, module.__loader__, module.__file__ = spec, spec.loader, spec.origin
                self._library.move(name, str(spec.origin).removeprefix(f"{self._archive}/"), self._archive)
            elif self._library.knows(name):
                # In the payload of other tasks.
                if parent:
                    vars(self._library.executed[parent]).pop(own, None)
                continue
            # Those without a source of their own were made by the module whose name they extend.
            elif parent not in handed:
                continue
            handed.add(name)
            sys.modules[name] = module

    def _spec(self, fullname: str, module: types.ModuleType | None) -> importlib.machinery.ModuleSpec | None:
        base = fullname.replace(".", "/")
        for member, is_package in ((f"{base}/__init__.py", True), (f"{base}.py", False)):
            if self._members and member in self._members:
                filename = f"{self._archive}/{member}"
                return importlib.util.spec_from_file_location(
                    fullname,
                    filename,
                    loader=t.cast(t.Any, Loader(self._library, filename, member, self._sources.get(member), module)),
                    submodule_search_locations=[str(Path(filename).parent)] if is_package else None,
                )
        return None


class Loader:
    """Loads a module of a payload; in all but its code it is the zipimporter that Python would use."""

    def __init__(
        self, library: Library, path: str, member: str, source: bytes | None, module: types.ModuleType | None
    ) -> None:
        """Load a member of a payload.

        :param module: what the code has been executed in already, if it has.
        """
        self._module = module
        self._library = library
        self._path = path
        self.member = member
        self._source = source

    def __getattr__(self, name: str) -> t.Any:
        """Return what only the zipimporter has, get_source and get_data for two."""
        folder = Path(self._path).parent
        return getattr(zipimport.zipimporter(str(folder.parent if self.is_package("") else folder)), name)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType | None:
        """Return the module that is there, or let Python make an ordinary one (importlib.abc.Loader)."""
        return self._module

    def exec_module(self, module: types.ModuleType) -> None:
        """Run the module's code in its namespace, if it has not been run (importlib.abc.Loader)."""
        if module is not self._module:
            exec(self.get_code(""), module.__dict__)

    def get_code(self, fullname: str) -> types.CodeType:
        """Return the module's code (importlib.abc.InspectLoader)."""
        return self._library.code(self.member, self._path, self._source)

    def is_package(self, fullname: str) -> bool:
        """Tell whether it is a package (importlib.abc.InspectLoader)."""
        return self.member.endswith("/__init__.py")

    def get_filename(self, fullname: str) -> str:
        """Return the value of its __file__ (importlib.abc.ExecutionLoader)."""
        return self._path

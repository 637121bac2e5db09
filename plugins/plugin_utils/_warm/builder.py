# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the payloads of modules before the tasks that need them, as Ansible would build them then.

Building one takes a worker half a second, nearly all of it to find out which module_utils there are to pack. Ansible
keeps what it has built for the rest of the run, under locks of its own, so that another process can build it as well.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import importlib
import io
import os
import select
import signal
import socket
import sys
import time
import typing as t
from pathlib import Path

import ansible
import ansible.constants as C
from ansible.executor import module_common
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import module_loader
from ansible.template import Templar
from ansible_collections.supastack.aws.plugins.plugin_utils._warm import built, notes, payload, wire


def build_ahead(lesson: notes.Lesson, folder: Path, lessons: socket.socket, run: int, interpreter: str) -> None:
    """Start a process that builds the modules of a lesson and gives each to the warm process.

    :param folder: where to write down what was built from what.
    :param run: descriptor of the process of Ansible, with whose end this one ends.
    """
    if os.fork() == 0:
        try:
            detach({lessons.fileno(), run})
            parse_once()
            builder = Builder(folder, interpreter)
            for name in lesson.modules:
                if select.select([run], [], [], 0)[0] or builder.is_outdated():
                    break
                # Whatever is wrong with a module, its task will tell.
                with contextlib.suppress(Exception):
                    encoded = builder.build(name).decode()
                    notes.Lesson([], [], [], [], encoded, lesson.members).send(lessons, wire.AHEAD)
        finally:
            os._exit(0)


def parse_once() -> None:
    """Let this process parse a source only once: modules share most module_utils, and parsing is most of the work."""
    # A function of Ansible's own, without which each module is parsed anew.
    with contextlib.suppress(AttributeError):
        module_common._compile_module_ast = functools.cache(module_common._compile_module_ast)


class Builder:
    """Builds payloads into Ansible's cache, and writes down which files they were built from."""

    def __init__(self, folder: Path, interpreter: str) -> None:
        self._folder = folder
        self._interpreter = interpreter
        self._cached: list[str] = []
        self._sources: dict[str, list[int]] = {}

    def is_outdated(self) -> bool:
        """Tell whether a task has removed what was built, because a source has changed."""
        return bool(self._cached) and not (self._folder / built.NAME).exists()

    def build(self, name: str) -> bytes:
        """Build a module's payload, unless a task has done so. Returns it base64 encoded.

        :raises ValueError: it cannot be told whether Ansible would still build the same later on.
        """
        before = time.time_ns()
        known = self._files()
        source = build(name, self._interpreter)
        encoded = payload.encoded_payload(source)
        new = [str(file) for file in self._files() - known]
        try:
            sources = sources_of(
                payload.read_sources(io.BytesIO(base64.b64decode(encoded))), payload.main_member(source)
            )
            if any(changed >= before for changed, *_rest in sources.values()):
                raise ValueError("changed while it was built")
        except ValueError:
            for file in new:
                Path(file).unlink(missing_ok=True)
            raise
        self._cached += new
        self._sources.update(sources)
        built.write(self._folder, self._cached, self._sources)
        return encoded

    def _files(self) -> set[Path]:
        folder = Path(C.DEFAULT_LOCAL_TMP, "ansiballz_cache")
        return {file for file in folder.glob("*") if file.suffix != ".lock"}


def sources_of(members: dict[str, bytes], main: str) -> dict[str, list[int]]:
    """Return the files that the sources in a payload come from, with their stamps.

    :param main: the Ansible module itself.
    :raises ValueError: it, or another source, comes from elsewhere than from Ansible or its collection.
    """
    found = {}
    for member, source in members.items():
        file = file_of(member)
        known = built.stamp(file)
        if known and file.read_bytes() == source:
            found[member] = str(file), known
        # Ansible itself writes the sources of packages and of redirected modules.
        elif known and file.name != "__init__.py":
            raise ValueError(f"{member} is not that of {file}")
    if main not in found:
        raise ValueError(f"{main} comes from elsewhere")
    return dict(found.values())


def file_of(member: str) -> Path:
    """Return where the source of a payload's member should be."""
    root, *parts = Path(member).parts
    if root == "ansible_collections" and len(parts) > 2:
        collection = importlib.import_module(".".join((root, *parts[:2])))
        return Path(collection.__path__[0], *parts[2:])
    return Path(ansible.__file__).parent.joinpath(*parts)


def build(name: str, interpreter: str) -> bytes:
    """Return what Ansible sends to an interpreter to run a module, without arguments."""
    found = module_loader.find_plugin_with_context(name)
    variables: dict[str, t.Any] = {
        "ansible_facts": {},
        "ansible_playbook_python": sys.executable,
        "ansible_python_interpreter": interpreter,
    }
    built = module_common.modify_module(
        module_name=name,
        module_path=found.plugin_resolved_path,
        module_args={},
        templar=Templar(DataLoader()),
        task_vars=variables,
        module_compression=C.config.get_config_value("DEFAULT_MODULE_COMPRESSION", variables=variables),
    )
    return t.cast(bytes, built.b_module_data)


def detach(kept: set[int]) -> None:
    """Leave the worker that this process is a fork of: its session, what it does on signals, and its files."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    for file in [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]:
        if file > 2 and file not in kept:
            with contextlib.suppress(OSError):
                os.close(file)

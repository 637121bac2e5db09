# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the warm process has loaded for the tasks to come, and whether a task may use it."""

from __future__ import annotations

import collections
import contextlib
import functools
import gc
import importlib
import importlib.util
import os
import sys
import typing as t
from pathlib import Path

from . import models, notes, payload
from .built import stamp

# Where Python itself writes when it imports a module for the first time.
COMPILED = "__pycache__"


class Environment(os._Environ):  # type: ignore[type-arg]
    """os.environ while modules are imported: notes which variables they read.

    A module that reads one keeps what it made of it, which is right only for tasks that have the same value.
    """

    noted: t.ClassVar[set[t.Any]] = set()

    def __getitem__(self, key: t.Any) -> t.Any:
        """Return a variable's value."""
        self.noted.add(os.fsencode(key))
        return super().__getitem__(key)

    def __iter__(self) -> t.Iterator[t.Any]:
        """Return the names of all variables; any other one would have been read too."""
        self.noted.add(None)
        return super().__iter__()

    def __setitem__(self, key: t.Any, value: t.Any) -> None:
        """Set a variable, which no task would find in its own environment."""
        self.noted.add(None)
        super().__setitem__(key, value)

    def __delitem__(self, key: t.Any) -> None:
        """Remove a variable, which every task would have again."""
        self.noted.add(None)
        super().__delitem__(key)


@contextlib.contextmanager
def noting(noted: set[t.Any]) -> t.Iterator[None]:
    """Note which environment variables are read meanwhile; None stands for all that there might be."""
    Environment.noted = noted
    kinds = [(variables, type(variables)) for variables in (os.environ, os.environb)]
    for variables, _kind in kinds:
        variables.__class__ = Environment
    try:
        yield
    finally:
        for variables, kind in kinds:
            variables.__class__ = kind


def modules_in(folder: Path) -> frozenset[str] | None:
    """Return the names in a folder that Python takes for modules, packages or metadata; None if it is no folder."""
    try:
        entries = [entry for entry in os.scandir(folder) if entry.name != COMPILED]
    except OSError:
        return None
    return frozenset(entry.name for entry in entries if entry.name.endswith((".py", ".so", ".pth")) or entry.is_dir())


class Memory:
    """Modules, service models and compiled sources, loaded bit by bit while no task waits."""

    def __init__(self, limit: int, output: int) -> None:
        """Begin with what Python itself has loaded.

        :param limit: bytes of memory from which on nothing more is loaded.
        :param output: where to read what this process writes to stdout and stderr.
        """
        self.library = payload.Library()
        self.models = models.Models()
        self._limit = limit
        self._output = output
        os.set_blocking(output, False)
        # What was learned, for the next run.
        self._imported: list[tuple[str, str | None]] = []
        self._work: collections.deque[t.Callable[[], None]] = collections.deque()
        self._read: set[t.Any] = set()
        # Whether an import did what only the process it happens in has of it: threads, and words to say.
        self._has_threads = self._has_spoken = False
        # Files and folders with their stamps, and folders with the modules in them.
        self._stamps: dict[Path, tuple[list[int], frozenset[str] | None]] = {}
        # Modules must not come from where this process happens to have been started.
        sys.path[:] = [folder for folder in sys.path if folder]
        self._stamp()

    def learn(self, lesson: notes.Lesson) -> None:
        """Plan to load what a task had to load; `work` does it."""
        if not any(lesson._replace(modules=[])):
            return
        self._work.extend(functools.partial(self._import, *module) for module in lesson.imports)
        if lesson.payload:
            self._work.append(functools.partial(self.library.add, lesson.payload.encode()))
        self._work.extend(functools.partial(self._execute, name) for name in lesson.members)
        self._work.append(self.models.install)
        self._work.extend(functools.partial(self.models.load, path) for path in lesson.models)
        self._work.extend(functools.partial(self.models.list, *listing) for listing in lesson.listings)
        self._work.append(self._settle)

    @property
    def has_work(self) -> bool:
        """Whether there is something left to load."""
        return bool(self._work)

    def work(self) -> None:
        """Load one thing."""
        job = self._work.popleft()
        if resident_memory() > self._limit:
            self._work.clear()
            job = self._settle
        # What cannot be loaded here, tasks load themselves, and get the error if it is one.
        with contextlib.suppress(Exception, SystemExit):
            job()
        self._look()

    def lesson(self, modules: list[str]) -> notes.Lesson:
        """Return what to load for a run that uses these modules."""
        return notes.Lesson(
            modules, self._imported, self.models.paths(), self.models.listings(), "", list(self.library.executed)
        )

    def is_stale(self) -> bool:
        """Tell whether anything that was loaded, or a place where modules are looked for, has changed on disk."""
        return any(self._has_changed(path) for path in self._stamps)

    def suits(self, environment: dict[bytes, bytes]) -> bool:
        """Tell whether the modules that were imported here would be the same in a process with this environment."""
        return not self.suits_nobody and all(environment.get(name) == os.environb.get(name) for name in self._read)

    @property
    def suits_nobody(self) -> bool:
        """Whether an import has done what no later task can get from a fork."""
        return self._has_threads or self._has_spoken or None in self._read

    def _has_changed(self, path: Path) -> bool:
        now, (known, modules) = stamp(path), self._stamps[path]
        if now != known and modules is not None and modules_in(path) == modules:
            # Something else was put there or removed.
            self._stamps[path] = now, modules
            return False
        return now != known

    def _import(self, name: str, origin: str | None) -> None:
        if name in sys.modules:
            return
        with noting(self._read):
            spec = importlib.util.find_spec(name)
            # A task may look for modules elsewhere, and must get them from there.
            if spec is not None and spec.origin == origin:
                importlib.import_module(name)
                self._imported.append((name, origin))

    def _execute(self, name: str) -> None:
        with noting(self._read):
            self.library.execute(name)

    def _look(self) -> None:
        """Note what the import of something has left behind."""
        self._has_threads = number_of_threads() > 1
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        with contextlib.suppress(BlockingIOError):
            self._has_spoken = bool(os.read(self._output, 1)) or self._has_spoken

    def _settle(self) -> None:
        """After loading: watch the files, keep what was read of them out of the way of the collector."""
        self._stamp()
        gc.collect()
        # Else a task's own collections would write to, and so copy, the memory it shares with this process.
        gc.freeze()

    def _stamp(self) -> None:
        modules = list(sys.modules.values())
        # A package may import what is in its own folders only if it is there.
        packages = [folder for module in modules for folder in getattr(module, "__path__", ())]
        for folder in map(Path, [*sys.path, *packages]):
            if folder not in self._stamps:
                self._stamps[folder] = stamp(folder), modules_in(folder)
        files = [getattr(module, "__file__", None) for module in modules]
        for path in [sys.executable, *files, *self.models.files()]:
            if isinstance(path, str) and Path(path) not in self._stamps:
                self._stamps[Path(path)] = stamp(Path(path)), None


def number_of_threads() -> int:
    """Return how many threads this process has, those that Python does not know of among them."""
    return len(list(Path("/proc/self/task").iterdir()))


def resident_memory() -> int:
    """Return the bytes of memory that this process occupies (proc_pid_statm(5))."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")

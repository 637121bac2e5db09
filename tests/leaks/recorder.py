# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is there only while something runs: the command lines of all processes, and files that are removed again."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

from tests.leaks.inotify import Watch

# Most programs run longer; reading all command lines takes some milliseconds itself.
PAUSE_SECONDS = 0.01
PROC = Path("/proc")
# Of a file's path, as much as surely stands in its second name.
LONGEST_ENDING = 200
HOOK = Path(__file__).with_name("hook")


class Recorder:
    """Records from entering to leaving it.

    A file that comes into one of the folders gets a second name in `kept`, which must be on the same file system: so
    what is written into it later is there too, and stays when it is removed. `environment` makes Python programs do the
    same before they remove one, so that only other programs' files may be gone too soon.
    """

    def __init__(self, kept: Path, folders: Sequence[Path]) -> None:
        self.command_lines: set[bytes] = set()
        self.samples = 0
        self.environment = {
            "PYTHONPATH": str(HOOK),
            "LEAKS_KEPT": str(kept),
            "LEAKS_FOLDERS": os.pathsep.join(map(str, folders)),
        }
        self._kept = kept
        self._missed: list[Path] = []
        self._watches = [Watch(folder) for folder in folders]
        self._ended = threading.Event()
        self._errors: list[OSError] = []
        self._threads = [threading.Thread(target=self._sample)]
        self._threads += [threading.Thread(target=self._watch, args=[watch]) for watch in self._watches]

    def __enter__(self) -> Recorder:
        self._kept.mkdir(mode=0o700, parents=True)
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()
        for watch in self._watches:
            watch.close()
        if self._errors and error is None:
            raise self._errors[0]

    def files(self) -> Iterator[tuple[str, bytes]]:
        """The files that came, each with all that was written into it."""
        for kept in sorted(self._kept.iterdir()):
            if kept.is_file() and not kept.is_symlink():
                yield kept.name, kept.read_bytes()

    def gone(self) -> list[Path]:
        """The files that came and were gone before anything gave them a second name, each once."""
        kept = [entry.name for entry in os.scandir(self._kept)]
        endings = {path: str(path).replace("/", " ")[-LONGEST_ENDING:] for path in self._missed}
        return [path for path, ending in endings.items() if not any(name.endswith(ending) for name in kept)]

    def _sample(self) -> None:
        while not self._ended.is_set():
            self.command_lines.update(command_lines())
            self.samples += 1
            time.sleep(PAUSE_SECONDS)

    def _watch(self, watch: Watch) -> None:
        try:
            while not self._ended.is_set():
                for path in watch.new_files(0.2):
                    self._keep(path)
        except OSError as error:
            self._errors.append(error)

    def _keep(self, path: Path) -> None:
        # The end of it: a file's name has at most 255 bytes.
        name = f"{time.time_ns()}{str(path).replace('/', ' ')}"[-250:]
        try:
            os.link(path, self._kept / name, follow_symlinks=False)
        except FileNotFoundError:
            self._missed.append(path)


def command_lines() -> Iterator[bytes]:
    """The command line of each process that there is now, its arguments apart by NUL."""
    for entry in os.scandir(PROC):
        if entry.name.isdigit():
            try:
                content = Path(entry.path, "cmdline").read_bytes()
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
            if content:
                yield content

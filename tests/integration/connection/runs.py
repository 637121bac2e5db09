# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of ansible-playbook that can be looked into, each with an interpreter of its own to know its processes by."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.processes import command_line, processes, warm_processes
from tests.stages.programs import environment
from tools.places import CHECKOUT, VENV

Task = dict[str, Any]

WARM = "supastack.aws.warm"
LOCAL = "ansible.builtin.local"
LIBRARY = Path(__file__).parent / "library_process"
# Seconds within which whatever is waited for has to have happened.
PATIENCE = 20
# A task that the warm process has nothing to do with.
ELSEWHERE = {"vars": {"ansible_connection": LOCAL}}
# Tells whether it is the warm process itself that imports: its parent is not one.
IN_WARM = """
import os, signal, time
def is_warm(pid):
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        return file.read().endswith(b"supastack.aws.warm\\0")
def in_warm():
    return is_warm(os.getpid()) and not is_warm(os.getppid())
"""


def probe(code: str = "", **task: Any) -> Task:
    """A task that runs Python code in a module."""
    return {"probe": {"code": code}, **task}


def copy(path: Path, text: str) -> Task:
    """A task that writes a file."""
    return {"ansible.builtin.copy": {"dest": str(path), "content": text}}


def pause(seconds: int = 1) -> Task:
    """A task during which no module runs, so that the warm process has time to learn."""
    return {"ansible.builtin.pause": {"seconds": seconds}}


def wait_until(condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Return what the condition gives as soon as that is true, and at the end of the time what it gives then."""
    end = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(0.02)
    return value


@dataclass(frozen=True)
class Run:
    """How a run ended: its exit code, and what each module returned, in the order of tasks and hosts."""

    code: int
    results: list[dict[str, Any]]
    errors: str

    @property
    def probes(self) -> list[dict[str, Any]]:
        """What the tasks made with `probe` returned."""
        return [result for result in self.results if result["action"] == "probe"]

    def values(self, name: str) -> list[Any]:
        """One value of each of those tasks."""
        return [result.get(name) for result in self.probes]


class Running:
    """A run that goes on."""

    def __init__(self, scene: Scene, command: Sequence[str], variables: dict[str, str]) -> None:
        self._scene = scene
        self._process = subprocess.Popen(
            command,
            env=variables,
            cwd=scene.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            # So that a signal to it is none to the tests.
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """The process ID of ansible-playbook."""
        return self._process.pid

    def end(self) -> Run:
        """Wait for the end."""
        output, errors = self._process.communicate(timeout=60)
        try:
            plays = json.loads(output[output.index("{") :])["plays"]
        except (ValueError, KeyError):
            plays = []
        results = [
            {**result, "host": host}
            for play in plays
            for task in play["tasks"]
            for host, result in task["hosts"].items()
        ]
        return Run(self._process.returncode, results, errors if plays else output + errors)

    def send(self, number: signal.Signals) -> None:
        """Send ansible-playbook a signal, and no other process."""
        self._process.send_signal(number)


@dataclass(frozen=True)
class Scene:
    """Where runs take place: a folder with all their files, an interpreter of their own."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the interpreter: the one of .venv under a name that no other process has."""
        (self.folder / "venv" / "bin").mkdir(parents=True, exist_ok=True)
        if not self.python.exists():
            (self.folder / "venv" / "pyvenv.cfg").write_bytes((VENV / "pyvenv.cfg").read_bytes())
            (self.folder / "venv" / "lib").symlink_to(VENV / "lib")
            self.python.symlink_to(Path(sys.executable).resolve())

    @property
    def python(self) -> Path:
        """The interpreter for the modules."""
        return self.folder / "venv" / "bin" / "python"

    @property
    def collections(self) -> str:
        """The folder with this collection; those that it needs come with Ansible."""
        return str(CHECKOUT / ".collections")

    @property
    def home(self) -> Path:
        """ANSIBLE_HOME."""
        return self.folder / "home"

    @property
    def temporary(self) -> Path:
        """The folder in which a run makes its temporary folder."""
        return self.folder / "tmp"

    @property
    def notes(self) -> list[Path]:
        """The files of notes, in the order in which they were written; not the one that is still being written."""
        return sorted((self.home / "supastack_aws_warm").glob("[!.]*"), key=lambda file: file.stat().st_mtime_ns)

    @property
    def warm_folder(self) -> Path:
        """The folder with the sockets of the only run that goes on."""
        (folder,) = self.temporary.glob("ansible-local-*/warm")
        return folder

    def processes(self) -> list[int]:
        """Return the processes of the runs here: of Ansible, of modules, and warm ones."""
        return [pid for pid in processes() if any(str(self.folder) in word for word in command_line(pid))]

    def warm(self) -> list[int]:
        """Return the warm processes of the runs here."""
        return sorted(warm_processes().intersection(self.processes()))

    def start(
        self,
        tasks: Sequence[Task],
        *options: str,
        hosts: int = 1,
        variables: Mapping[str, str] | None = None,
        **play: Any,
    ) -> Running:
        """Start a run with these tasks.

        :param options: of ansible-playbook.
        :param variables: its environment besides that of all runs here.
        :param play: what the play has besides, or other than usual.
        """
        names = [f"host{number}" for number in range(hosts)]
        usual = {"ansible_connection": WARM, "ansible_python_interpreter": str(self.python)}
        inventory = {"all": {"hosts": {name: {} for name in names}, "vars": usual}}
        (self.folder / "hosts.yml").write_text(json.dumps(inventory), encoding="utf-8")
        book = [{"hosts": "all", "gather_facts": False, "tasks": list(tasks), **play}]
        (self.folder / "play.yml").write_text(json.dumps(book), encoding="utf-8")
        command = ["ansible-playbook", "-i", str(self.folder / "hosts.yml"), str(self.folder / "play.yml"), *options]
        (self.folder / "remote").mkdir(exist_ok=True)
        own = {
            "ANSIBLE_HOME": str(self.home),
            "ANSIBLE_LOCAL_TEMP": str(self.temporary),
            "ANSIBLE_REMOTE_TMP": str(self.folder / "remote"),
            "ANSIBLE_COLLECTIONS_PATH": self.collections,
            "ANSIBLE_LIBRARY": str(LIBRARY),
            "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
            "TMPDIR": str(self.folder / "remote"),
        }
        return Running(self, command, environment(**own | self.variables | dict(variables or {})))

    def run(self, tasks: Sequence[Task], *options: str, **rest: Any) -> Run:
        """Run these tasks to their end, as `start` starts them."""
        return self.start(tasks, *options, **rest).end()

    def left(self, seconds: float = 2) -> list[str]:
        """Return the processes and temporary folders that are still there some seconds after a run."""

        def remains() -> list[str]:
            folders = list(self.temporary.iterdir()) if self.temporary.is_dir() else []
            return [str(folder) for folder in folders] + [" ".join(command_line(pid)) for pid in self.processes()]

        wait_until(lambda: not remains(), seconds)
        return remains()


@dataclass(frozen=True)
class Gate:
    """A task of a run that tells when it has begun and ends when it may, for the test to look around meanwhile."""

    folder: Path

    @property
    def task(self) -> Task:
        """The task; each of its hosts says that it has begun, and the last one is heard."""
        self.folder.mkdir(exist_ok=True)
        opened, begun = str(self.folder / "opened"), str(self.folder / "begun")
        code = (
            "import os, time\n"
            f"open({begun!r}, 'w').write(str(os.getpid()))\n"
            f"end = time.monotonic() + {PATIENCE}\n"
            f"while not os.path.exists({opened!r}) and time.monotonic() < end:\n    time.sleep(0.02)\n"
        )
        return probe(code)

    def wait(self) -> int:
        """Wait until the task has begun, and return the process ID of its module."""
        file = self.folder / "begun"
        return int(wait_until(lambda: file.exists() and file.read_text(encoding="utf-8")))

    def open(self) -> None:
        """Let the task end."""
        (self.folder / "opened").touch()


def stop_all(scene: Scene) -> None:
    """Kill what a failed test may have left."""
    for pid in scene.processes():
        os.kill(pid, signal.SIGKILL)


def library(scene: Scene, name: str, text: str) -> None:
    """Write a Python library for modules to import."""
    (scene.folder / "libraries").mkdir(exist_ok=True)
    (scene.folder / "libraries" / f"{name}.py").write_text(text, encoding="utf-8")


def library_path(scene: Scene) -> dict[str, str]:
    """The environment in which modules find the libraries."""
    return {"PYTHONPATH": str(scene.folder / "libraries")}

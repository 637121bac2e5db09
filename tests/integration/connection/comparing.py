# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases that have to come out the same on both connections, and what to leave out of account when comparing."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.integration.connection.conftest import Ansible, Result, Run, Yaml
from tests.integration.connection.runs import LOCAL, WARM

# Each task is played for a warm process that knows nothing, and for one that has learned from it.
ROUNDS = 2
# Seconds within which a run's notes have to be there.
NOTES_TIMEOUT = 10
# Characters of long texts that are shown on each side of the place from which on they differ.
SHOWN = 60
# The frames of the warm process below a task's own, in the stacks that Ansible shows when it is told to.
FRAMES = r'  File "<stdin>", line 6, in <module>\n(  File "[^"]*/_warm/\w+\.py", line \d+, in \w+\n(    .*\n)*)+'
# What two runs on the same connection differ in.
VOLATILE: tuple[tuple[str, str], ...] = (
    # Where in the connection itself it was when it failed.
    (r'  File "[^"]*/ansible/plugins/connection/[^\n]*\n( [^\n]*\n)*', "  <connection>\n"),
    (r"Host '(one|two)'", "Host"),
    (FRAMES, ""),
    (r"(one|two)-round\d", "<scratch>"),
    (r"ansible-tmp-[\d.]+-\d+-\d+", "ansible-tmp-#"),
    (r"(ansible_[\w.]*_payload_)\w{8}\b", r"\1#"),
    (r"ansible-local-\w+", "ansible-local-#"),
    (r"(left_|/tmp|/ansible\.|/\.)[a-z0-9_]{8}\b", r"\1#"),
    (r"^\.[a-z0-9_]{8}$", "#"),
    (r"^ansible.builtin.local$|^supastack.aws.warm$", "<connection>"),
    (r"\b0x[0-9a-f]+\b", "0x#"),
    (r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?", "<time>"),
    (r"\b0:00:\d\d\.\d+", "<duration>"),
    (r"\bj\d+\.\d+", "<job>"),
    # The warm process needs some of the stack itself.
    (r"repeated \d+ more times", "repeated # more times"),
    (r"(ThreadPoolExecutor-|Thread-|pid |process )\d+", r"\1#"),
)
# Numbers that say when or where, in what Ansible's own modules return.
VOLATILE_KEYS = frozenset({"atime", "ctime", "mtime", "inode", "dev", "version", "epoch", "epoch_int", "elapsed"})


@dataclass(frozen=True)
class Case:
    """A task, and what is to be expected of it on either connection."""

    task: Yaml
    # Path in the result, with dots, to the value, or to a function that says whether the value is right.
    expect: Mapping[str, Any] = field(default_factory=dict)
    event: str = "ok"
    # Whether the warm process has to run it, or all of it has to be left to local; None if both would do.
    warm: bool | None = True

    @property
    def name(self) -> str:
        """The task's name."""
        return str(self.task["name"])


@dataclass(frozen=True)
class Group:
    """Cases that one run of Ansible plays in turn."""

    cases: Sequence[Case]
    env: Mapping[str, str] = field(default_factory=dict)
    umask: int = 0o022
    # Of all hosts.
    variables: Mapping[str, Any] = field(default_factory=dict)
    rounds: int = ROUNDS
    # Whether to play them once more in a run that begins with the notes of the first. Cases that all have the same
    # module learn little from that.
    again: bool = True
    # On local; with two of them it is tried whether two runs on the same connection compare as equal.
    hosts: Sequence[str] = ("one", "two")
    # Writes files that the cases need into a folder.
    prepare: Callable[[Path], None] = lambda folder: None


def case(
    name: str, module: str, values: Any = None, expect: Mapping[str, Any] | None = None, /, **keywords: Any
) -> Case:
    """Return a case by its task's module, arguments and keywords; `event` and `warm` are those of Case."""
    event, warm = keywords.pop("event", "ok"), keywords.pop("warm", True)
    return Case({"name": name, module: values, **keywords}, expect or {}, event, warm)


def plays(group: Group, rounds: int) -> list[Yaml]:
    """Return the plays that try all cases a number of times; each has a folder for itself, `scratch`."""
    tasks = [{"ignore_errors": True, "ignore_unreachable": True, **case.task} for case in group.cases]
    return [
        {
            "name": name,
            "vars": {"scratch": "{{ inventory_dir }}/{{ inventory_hostname }}-" + name},
            "tasks": tasks,
        }
        for name in (f"round{number}" for number in range(rounds))
    ]


def play(group: Group, ansible: Ansible, connection: str, rounds: int, hosts: Sequence[str]) -> Run:
    """Play the cases of a group."""
    for host in hosts:
        for number in range(rounds):
            (ansible.folder / f"{host}-round{number}").mkdir(parents=True)
    (ansible.folder / "library").mkdir(exist_ok=True)
    group.prepare(ansible.folder)
    return ansible.run(plays(group, rounds), connection, hosts, group.env, group.umask, **group.variables)


def normalised(value: Any, folder: Path) -> Any:
    """Return a result, or a part of it, without what two runs on the same connection differ in."""
    if isinstance(value, dict):
        return {
            key: "<number>"
            if key in VOLATILE_KEYS and str(item).replace(".", "").isdigit()
            else normalised(item, folder)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [normalised(item, folder) for item in value]
    if isinstance(value, str):
        value = value.replace(str(folder), "<folder>")
        for pattern, replacement in VOLATILE:
            value = re.sub(pattern, replacement, value)
    return value


def differences(left: Any, right: Any, path: str = "") -> Iterator[str]:
    """Tell where two values of JSON are not the same."""
    if isinstance(left, dict) and isinstance(right, dict):
        for key in sorted({*left, *right}):
            yield from differences(left.get(key, "<missing>"), right.get(key, "<missing>"), f"{path}.{key}")
    elif isinstance(left, list) and isinstance(right, list):
        for number, pair in enumerate(itertools.zip_longest(left, right, fillvalue="<missing>")):
            yield from differences(*pair, f"{path}.{number}")
    elif isinstance(left, str) and isinstance(right, str) and left != right:
        same = next((at for at, pair in enumerate(zip(left, right, strict=False)) if pair[0] != pair[1]), 0)
        shown = slice(max(0, same - SHOWN), same + SHOWN)
        yield f"{path}, character {same}: {left[shown]!r} / {right[shown]!r}"
    elif left != right or type(left) is not type(right):
        yield f"{path}: {left!r} / {right!r}"


def at(data: Any, path: str) -> Any:
    """Return what is at a path with dots in a result."""
    for part in path.split("."):
        try:
            data = data[int(part)] if isinstance(data, list) else data[part]
        except (KeyError, IndexError, TypeError, ValueError):
            return "<missing>"
    return data


def surprises(case: Case, result: Result) -> Iterator[str]:
    """Tell in what a result is not as expected."""
    if result.event != case.event:
        yield f"it is {result.event}, not {case.event}: {result.data}"
        return
    for path, expected in case.expect.items():
        value = at(result.data, path)
        right = expected(value) if callable(expected) else value == expected and type(value) is type(expected)
        if not right:
            yield f"{path} is {value!r}, not {expected!r}"


def misplaced(case: Case, result: Result) -> Iterator[str]:
    """Tell whether the wrong one of the two ran a task."""
    if case.warm and (not result.warm or result.left):
        yield f"it was left to local: {result.left}"
    if case.warm is False and result.warm:
        yield "it was not left to local"


def compare(group: Group, ansible: Callable[[str], Ansible]) -> list[str]:
    """Play a group once on local, on two hosts that must not differ, and twice on warm. Returns what is wrong."""
    local, warm = ansible("local"), ansible("warm")
    played = play(group, local, LOCAL, 1, group.hosts)
    wrong: list[str] = []
    for case in group.cases:
        results = [played.of(case.name, host) for host in group.hosts]
        wrong += [f"local: {case.name}: {text}" for text in surprises(case, results[0])]
        both = [normalised(result.data, local.folder) for result in results]
        wrong += [f"local twice: {case.name}{text}" for text in differences(both[0], both[-1])]
    runs = {"first": play(group, warm, WARM, group.rounds, ("one",))}
    if group.again:
        runs["second"] = play_again(group, warm)
    for run_name, run in runs.items():
        for number in range(group.rounds if run_name == "first" else 1):
            for case in group.cases:
                result = run.of(case.name, play=f"round{number}")
                reference = normalised(played.of(case.name).data, local.folder)
                wrong += [
                    f"warm, {run_name} run, round {number}: {case.name}{text}"
                    for text in (
                        *(f": {text}" for text in surprises(case, result)),
                        *(f": {text}" for text in misplaced(case, result)),
                        *differences(reference, normalised(result.data, warm.folder)),
                    )
                ]
    return wrong


def play_again(group: Group, ansible: Ansible) -> Run:
    """Play a group once more, with the notes of the run before."""
    # The warm process writes them when it finds that the run has ended.
    end = time.monotonic() + NOTES_TIMEOUT
    while not list((ansible.home / "supastack_aws_warm").glob("*.json")):
        assert time.monotonic() < end, "the first run has left no notes"
        time.sleep(0.05)
    for folder in ansible.folder.glob("*-round*"):
        folder.rename(folder.with_name(f"old-{folder.name}"))
    return play(group, ansible, WARM, 1, ("one",))

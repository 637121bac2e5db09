# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the warm process loads, and for which tasks that is right."""

from __future__ import annotations

import os
import sys
import typing as t
from pathlib import Path

import botocore.loaders
import pytest
from ansible_collections.supastack.aws.plugins.plugin_utils._warm import memory, notes, payload

NOTHING = notes.Lesson([], [], [], [], "", [])


@pytest.fixture
def library(tmp_path: Path) -> t.Callable[[str], Path]:
    """Return a function that writes the Python library `thing`, to be found in its folder."""

    def write(source: str) -> Path:
        file = tmp_path / "thing.py"
        file.write_text(source, encoding="utf-8")
        return file

    return write


@pytest.fixture
def remember(in_fork: t.Callable[..., t.Any], new_memory: t.Callable[..., memory.Memory], tmp_path: Path) -> t.Any:
    """Return a function that lets a memory learn in a fork, and returns what another function says of it then."""

    def run(lesson: notes.Lesson, ask: t.Callable[[memory.Memory], t.Any], limit: int = 1 << 40) -> t.Any:
        def learn() -> t.Any:
            for name in [name for name in sys.modules if payload.is_payload(name)]:
                del sys.modules[name]
            sys.meta_path[:] = [finder for finder in sys.meta_path if "ansible" not in repr(finder)]
            os.environ.pop("THING", None)
            sys.path.insert(0, str(tmp_path))
            known = new_memory(limit)
            known.learn(lesson)
            while known.has_work:
                known.work()
            return ask(known)

        return in_fork(learn)

    return run


def imports(file: Path) -> notes.Lesson:
    """Return the lesson of a task that had to import `thing`."""
    return NOTHING._replace(imports=[("thing", str(file))])


def suits(known: memory.Memory, **variables: str) -> bool:
    """Tell whether a task may use it that has these variables besides those of this process."""
    return known.suits({**os.environb, **{name.encode(): value.encode() for name, value in variables.items()}})


def test_a_library_is_imported_for_all(remember: t.Any, library: t.Callable[[str], Path]) -> None:
    file = library("NAME = 'thing'")

    def ask(known: memory.Memory) -> tuple[bool, bool, list[t.Any]]:
        return "thing" in sys.modules, suits(known, THING="1"), known.lesson(["m"]).imports

    assert remember(imports(file), ask) == (True, True, [("thing", str(file))])
    assert remember(NOTHING._replace(modules=["m"]), ask) == (False, True, [])
    twice = imports(file)._replace(imports=[("thing", str(file)), ("thing", str(file)), ("json", None)])
    assert remember(twice, ask)[2] == [("thing", str(file))]


@pytest.mark.parametrize("origin", ["/elsewhere/thing.py", None])
def test_a_library_from_elsewhere_is_not(remember: t.Any, library: t.Callable[[str], Path], origin: str | None) -> None:
    library("")
    lesson = NOTHING._replace(imports=[("thing", origin), ("no_such_thing", origin)])
    assert remember(lesson, lambda known: ("thing" in sys.modules, known.lesson([]).imports)) == (False, [])


@pytest.mark.parametrize("source", ["1 / 0", "raise SystemExit(3)"])
def test_a_library_that_cannot_be_imported_is_left_to_tasks(
    remember: t.Any, library: t.Callable[[str], Path], source: str
) -> None:
    file = library(source)
    assert remember(imports(file), lambda known: ("thing" in sys.modules, suits(known))) == (False, True)


@pytest.mark.parametrize(
    "source",
    [
        "os.environ.get('THING')",
        "os.getenv('THING')",
        "'THING' in os.environ",
        "os.environb.get(b'THING')",
    ],
)
def test_a_variable_that_is_read_must_be_the_same(
    remember: t.Any, library: t.Callable[[str], Path], source: str
) -> None:
    file = library(f"import os\n{source}")
    asked = remember(imports(file), lambda known: (suits(known), suits(known, THING="1"), suits(known, OTHER="1")))
    assert asked == (True, False, True)


@pytest.mark.parametrize(
    "source",
    [
        "import os; dict(os.environ)",
        "import os; os.environ['OTHER'] = 'set'",
        "import os; os.environ['OTHER'] = 'set'; del os.environ['OTHER']",
        "print('words')",
        "import sys; sys.stderr.write('words')",
        "import threading as t; t.Thread(target=t.Event().wait, args=(20,), daemon=True).start()",
    ],
    ids=["reads all", "sets", "removes", "prints", "warns", "thread"],
)
def test_what_else_an_import_does_suits_nobody(
    in_fork: t.Callable[..., t.Any], library: t.Callable[[str], Path], tmp_path: Path, source: str
) -> None:
    file = library(source)

    def ask() -> list[bool]:
        read, output = os.pipe()
        for descriptor in (1, 2):
            os.dup2(output, descriptor)
        sys.path.insert(0, str(tmp_path))
        known = memory.Memory(1 << 40, read)
        suited = [suits(known)]
        known.learn(imports(file))
        while known.has_work:
            known.work()
        return [*suited, suits(known), known.suits_nobody]

    assert in_fork(ask) == [True, False, True]


def test_nothing_is_loaded_beyond_the_limit(remember: t.Any, library: t.Callable[[str], Path]) -> None:
    file = library("")
    assert remember(imports(file), lambda known: "thing" in sys.modules, limit=1) is False


def test_a_payload_and_a_model_are_loaded(remember: t.Any, make_payload: t.Callable[..., bytes]) -> None:
    encoded = make_payload(**{"ansible/__init__.py": "", "ansible/thing.py": ""})
    sqs = str(next(Path(botocore.loaders.Loader.BUILTIN_DATA_PATH, "sqs").iterdir()) / "service-2")
    listing = ([botocore.loaders.Loader.BUILTIN_DATA_PATH], "service-2")
    lesson = notes.Lesson([], [], [sqs], [listing], encoded.decode(), ["ansible.thing"])

    def ask(known: memory.Memory) -> tuple[t.Any, tuple[t.Any, ...]]:
        return known.library.members(encoded), tuple(known.lesson(["m"]))

    members, learned = remember(lesson, ask)
    assert members == {"ansible/__init__.py", "ansible/thing.py"}
    assert learned == notes.Lesson(["m"], [], [sqs], [listing], "", ["ansible", "ansible.thing"])


@pytest.mark.parametrize(
    ("change", "stale"),
    [
        (lambda folder: (folder / "thing.py").write_text("NAME = 'longer'", encoding="utf-8"), True),
        (lambda folder: (folder / "thing.py").unlink(), True),
        (lambda folder: (folder / "new.py").touch(), True),
        (lambda folder: (folder / "new").mkdir(), True),
        (lambda folder: (folder / "notes.txt").touch(), False),
        (lambda folder: (folder / "__pycache__").mkdir(exist_ok=True), False),
        (lambda folder: None, False),
    ],
    ids=["changed", "removed", "module added", "package added", "something added", "compiled", "nothing"],
)
def test_a_change_on_disk_makes_it_stale(
    remember: t.Any, library: t.Callable[[str], Path], tmp_path: Path, change: t.Callable[[Path], None], stale: bool
) -> None:
    file = library("NAME = 'thing'")

    def ask(known: memory.Memory) -> list[bool]:
        before = known.is_stale()
        change(tmp_path)
        return [before, known.is_stale(), known.is_stale()]

    assert remember(imports(file), ask) == [False, stale, stale]


def test_it_knows_how_much_memory_it_occupies() -> None:
    assert 1 << 20 < memory.resident_memory() < 1 << 34
    assert memory.number_of_threads() >= 1

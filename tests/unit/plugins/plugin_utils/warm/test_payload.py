# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules in payloads, compiled and executed once for all tasks."""

from __future__ import annotations

import base64
import importlib
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.supastack.aws.plugins.plugin_utils._warm import payload

PARTS = """\
import sys, types
from pathlib import Path
sys.executions = getattr(sys, "executions", 0) + 1
value = "old"
here = Path(__file__)
def where():
    return where.__code__.co_filename
sys.modules[__name__ + ".virtual"] = types.ModuleType(__name__ + ".virtual")
"""
SOURCES = {
    "ansible/__init__.py": "",
    "ansible/module_utils/__init__.py": "kind = 'package'\n",
    "ansible/module_utils/parts.py": PARTS,
    "ansible/module_utils/broken.py": "1 / 0\n",
    "ansible/modules/__init__.py": "",
    "ansible/modules/thing.py": "from ansible.module_utils.parts import value\n",
    "README": "no source",
}
NAME = "ansible.module_utils.parts"
Make = t.Callable[..., bytes]
InFork = t.Callable[..., t.Any]


def arrive(known: payload.Library, made: bytes, folder: Path) -> str:
    """Do what happens when a task with a payload has begun. Returns the payload's file."""
    archive = folder / "ansible_thing_payload_x1y2" / "ansible_thing_payload.zip"
    archive.parent.mkdir()
    archive.write_bytes(base64.b64decode(made))
    sys.meta_path.insert(0, payload.Finder(known, known.members(made)))
    sys.path.insert(0, str(archive))
    return str(archive)


def library(*payloads: bytes) -> payload.Library:
    """Return a library that knows some payloads."""
    known = payload.Library()
    for made in payloads:
        known.add(made)
    return known


def test_what_ansible_sends() -> None:
    source = b"main(\nansible_module='a.b.c',\nzip_data='UEsF+/8=',\n)\n"
    assert (payload.module_name(source), payload.encoded_payload(source)) == ("a.b.c", b"UEsF+/8=")
    assert (payload.module_name(b"print(1)"), payload.encoded_payload(b"zip_data='x'")) == ("", b"")


def test_the_payload_of_known_sources_is_known(make_payload: Make) -> None:
    made = make_payload(**SOURCES)
    known = library(made)
    assert known.members(made) == frozenset(SOURCES) - {"README"}
    fewer = make_payload(**{"ansible/__init__.py": ""})
    assert known.members(fewer) is None
    known.add(fewer)
    assert known.members(fewer) == frozenset({"ansible/__init__.py"})


def test_of_two_sources_the_first_stays_known(make_payload: Make) -> None:
    old, new = (make_payload(**{"ansible/x.py": f"value = {value}"}) for value in (1, 2))
    known = library(old, new)
    assert known.members(old) == frozenset({"ansible/x.py"})
    assert known.members(new) is None
    assert known.agrees({"ansible/x.py": b"value = 1", "ansible/y.py": b""})
    assert not known.agrees({"ansible/x.py": b"value = 2"})


def test_code_is_used_again_for_the_same_source_only(make_payload: Make) -> None:
    known = library(make_payload(**{"ansible/x.py": "value = 1"}))
    first = known.code("ansible/x.py", "/one", b"value = 1")
    assert first.co_filename == "/one"
    again = known.code("ansible/x.py", "/two", None)
    assert again is first
    assert again.co_filename == "/two"
    for name, source in (("ansible/x.py", b"value = 2"), ("ansible/y.py", b"value = 1")):
        other = known.code(name, "/three", source)
        assert other is not first
        assert other.co_filename == "/three"


def test_a_known_payload_is_not_opened(make_payload: Make, in_bare_fork: InFork, tmp_path: Path) -> None:
    def run() -> None:
        made = make_payload(**SOURCES)
        archive = arrive(library(made), made, tmp_path)
        Path(archive).write_bytes(b"no zip file")
        module = importlib.import_module(NAME)
        assert module.__file__ == f"{archive}/ansible/module_utils/parts.py" == module.where()
        assert module.value == "old"
        package = importlib.import_module("ansible.module_utils")
        assert (package.kind, package.__path__) == ("package", [f"{archive}/ansible/module_utils"])

    in_bare_fork(run)


def test_sources_can_be_read(make_payload: Make, in_bare_fork: InFork, tmp_path: Path) -> None:
    def run() -> None:
        made = make_payload(**SOURCES)
        arrive(library(made), made, tmp_path)
        for name, member in ((NAME, "parts.py"), ("ansible.module_utils", "__init__.py"), ("ansible", "")):
            loader = t.cast(t.Any, importlib.import_module(name).__loader__)
            path = f"ansible/module_utils/{member}" if member else "ansible/__init__.py"
            assert loader.get_source(name) == SOURCES[path]
            assert loader.get_data(loader.get_filename(name)).decode() == SOURCES[path]
            assert loader.get_filename(name).endswith(path)
            assert loader.is_package(name) == path.endswith("__init__.py")
        with pytest.raises(AttributeError):
            print(loader.nothing)

    in_bare_fork(run)


def test_what_was_executed_is_handed_out(make_payload: Make, in_bare_fork: InFork, tmp_path: Path) -> None:
    def run() -> None:
        made = make_payload(**SOURCES)
        known = library(made)
        known.execute(NAME)
        assert known.executed.keys() == {"ansible", "ansible.module_utils", NAME, f"{NAME}.virtual"}
        assert [name for name in sys.modules if payload.is_payload(name)] == []
        known.execute(NAME)
        archive = arrive(known, made, tmp_path)
        module = importlib.import_module(NAME)
        assert module is known.executed[NAME]
        assert sys.executions == 1  # type: ignore[attr-defined]
        filename = f"{archive}/ansible/module_utils/parts.py"
        assert module.__spec__ is not None
        assert [module.__file__, module.where(), str(module.here), module.__spec__.origin] == [filename] * 4
        assert sys.modules["ansible.module_utils"].__path__ == [f"{archive}/ansible/module_utils"]
        assert f"{NAME}.virtual" in sys.modules
        assert importlib.import_module("ansible.modules.thing").value == "old"

    in_bare_fork(run)


def test_a_payload_with_one_more_source(make_payload: Make, in_bare_fork: InFork, tmp_path: Path) -> None:
    def run() -> None:
        known = library(make_payload(**SOURCES))
        known.execute(NAME)
        archive = arrive(known, make_payload(**{**SOURCES, "ansible/modules/more.py": "value = 'more'"}), tmp_path)
        module = importlib.import_module("ansible.modules.more")
        assert (module.value, module.__file__) == ("more", f"{archive}/ansible/modules/more.py")
        assert sys.modules[NAME] is known.executed[NAME]

    in_bare_fork(run)


def test_a_payload_with_another_source_gets_its_own_code(
    make_payload: Make, in_bare_fork: InFork, tmp_path: Path
) -> None:
    def run() -> None:
        known = library(make_payload(**SOURCES))
        known.execute(NAME)
        arrive(known, make_payload(**{**SOURCES, "ansible/module_utils/parts.py": "value = 'new'"}), tmp_path)
        assert importlib.import_module("ansible.modules.thing").value == "new"
        assert sys.modules[NAME] is not known.executed[NAME]
        assert f"{NAME}.virtual" not in sys.modules
        assert importlib.import_module("ansible.module_utils").kind == "package"

    in_bare_fork(run)


def test_what_a_payload_lacks_is_not_handed_out(make_payload: Make, in_bare_fork: InFork, tmp_path: Path) -> None:
    def run() -> None:
        less = make_payload(
            **{"ansible/__init__.py": "", "ansible/modules/__init__.py": "", "ansible/modules/other.py": "value = 7"}
        )
        known = library(make_payload(**SOURCES), less)
        known.execute(NAME)
        arrive(known, less, tmp_path)
        assert importlib.import_module("ansible.modules.other").value == 7
        assert sys.modules["ansible"] is known.executed["ansible"]
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module(NAME)
        assert f"{NAME}.virtual" not in sys.modules

    in_bare_fork(run)


def test_a_module_of_ansible_after_one_of_a_collection(
    make_payload: Make, in_bare_fork: InFork, tmp_path: Path
) -> None:
    def run() -> None:
        base = "ansible_collections"
        collection = {f"{base}/__init__.py": "", f"{base}/parts.py": "value = 1", **SOURCES}
        known = library(make_payload(**collection), make_payload(**SOURCES))
        known.execute(f"{base}.parts")
        arrive(known, make_payload(**SOURCES), tmp_path)
        assert importlib.import_module("ansible.modules.thing").value == "old"
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module(f"{base}.parts")

    in_bare_fork(run)


def test_a_module_that_cannot_be_executed(make_payload: Make, in_bare_fork: InFork) -> None:
    def run() -> None:
        known = library(make_payload(**SOURCES))
        finders = list(sys.meta_path)
        with pytest.raises(ZeroDivisionError):
            known.execute("ansible.module_utils.broken")
        assert sys.meta_path == finders
        assert [name for name in sys.modules if payload.is_payload(name)] == []
        assert "ansible.module_utils.broken" not in known.executed
        known.execute("ansible.module_utils.unknown")
        assert "ansible.module_utils.unknown" not in known.executed

    in_bare_fork(run)


@pytest.mark.parametrize("first", [[], ["/usr/lib"], ["/tmp/ansible_thing_payload.zip"]])
def test_no_payload_no_modules(first: list[str], monkeypatch: pytest.MonkeyPatch, make_payload: Make) -> None:
    monkeypatch.setattr(sys, "path", first)
    made = make_payload(**SOURCES)
    known = library(made)
    assert payload.Finder(known, known.members(made)).find_spec("ansible") is None


def test_other_modules_are_left_to_other_finders(make_payload: Make) -> None:
    finder = payload.Finder(library(make_payload(**SOURCES)), frozenset({"json.py", "ansible/x.py"}), "/archive.zip")
    assert finder.find_spec("json") is None
    assert finder.find_spec("ansible.y") is None
    found = finder.find_spec("ansible.x")
    assert found is not None
    assert found.origin == "/archive.zip/ansible/x.py"

# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where built programs go, and that a build is all or nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tools import go_tools, toolchain
from tools.go_tools import RECIPES, Recipe
from tools.steps import StepFailed

RECIPE = Recipe("etcd", "1.0", (("one", "example.test/cmd/one"), ("two", "example.test/two/v3")), ("p.Version=1",))


class Go:
    """Stands for the Go command: makes the programs as Go names them, or fails half-way."""

    def __init__(self) -> None:
        self.builds, self.fails, self.env = 0, False, dict[str, str]()

    def run(self, step: str, argv: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path) -> None:
        del step, cwd
        self.builds += 1
        self.env = dict(env)
        folder = Path(str(argv[list(map(str, argv)).index("-o") + 1]))
        for name in ("one", "two"):
            (folder / name).touch(mode=0o755)
            if self.fails:
                raise StepFailed("go ended with code 1")


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Go:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    command = Go()
    monkeypatch.setattr(go_tools, "run", command.run)
    return command


def test_a_build_is_done_once(go: Go) -> None:
    assert not RECIPE.is_done()
    RECIPE.build()
    assert RECIPE.is_done()
    RECIPE.build()
    assert go.builds == 1


def test_a_build_that_fails_half_way_leaves_nothing_that_looks_done(go: Go) -> None:
    go.fails = True
    with pytest.raises(StepFailed):
        RECIPE.build()
    assert not RECIPE.is_done()
    assert not RECIPE.installed_folder().exists()
    go.fails = False
    RECIPE.build()
    assert sorted(path.name for path in RECIPE.installed_folder().iterdir()) == ["one", "two"]


def test_a_program_that_got_lost_is_built_again(go: Go) -> None:
    RECIPE.build()
    (RECIPE.installed_folder() / "two").unlink()
    assert not RECIPE.is_done()
    RECIPE.build()
    assert RECIPE.is_done()
    assert go.builds == 2


def test_the_folder_follows_lock_file_and_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = RECIPE.installed_folder()
    assert dataclasses.replace(RECIPE, stamps=("p.Version=2",)).installed_folder() != folder
    assert (
        dataclasses.replace(RECIPE, name="helm").installed_folder().name.partition("-")[2]
        != folder.name.partition("-")[2]
    )
    monkeypatch.setattr(go_tools, "locked_version", lambda package: "0")
    assert RECIPE.installed_folder() != folder


def test_the_users_go_settings_do_not_reach_the_build(go: Go, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOROOT", "/elsewhere")
    monkeypatch.setenv("GOFLAGS", "-mod=vendor")
    monkeypatch.setenv("GOOS", "plan9")
    monkeypatch.setenv("GOPROXY", "https://mirror.example.test")
    RECIPE.build()
    assert "GOROOT" not in go.env
    assert "GOOS" not in go.env
    assert go.env["GOFLAGS"] == "-buildvcs=false"
    assert go.env["GOPROXY"] == "https://mirror.example.test"


def test_charts_come_with_the_program(go: Go, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del go
    source = tmp_path / "module" / "charts" / "one"
    source.mkdir(parents=True)
    (source / "Chart.yaml").write_text("version: 0\nappVersion: 0\n", encoding="utf-8")
    (source / "values.yaml").write_text("{}\n", encoding="utf-8")
    recipe = dataclasses.replace(RECIPE, version="v1.2.3", charts=("one",))
    assert recipe.installed_folder() != RECIPE.installed_folder()
    monkeypatch.setattr(Recipe, "module_folder", lambda self: tmp_path / "module")
    recipe.build()
    chart = recipe.installed_folder() / "charts" / "one" / "Chart.yaml"
    assert chart.read_text(encoding="utf-8") == "version: 1.2.3\nappVersion: 1.2.3\n"


def test_module_of_a_program_is_in_the_module_cache() -> None:
    recipe = next(recipe for recipe in RECIPES if recipe.charts)
    folder = recipe.module_folder()
    assert folder.name.endswith(f"@{recipe.version}")
    with pytest.raises(StepFailed, match="go list ended with code 1"):
        RECIPE.module_folder()


def test_every_program_is_known_to_the_toolchain() -> None:
    names = [name for recipe in RECIPES for name in recipe.names]
    assert len(names) == len(set(names))
    for name in names:
        assert toolchain.tool(name).name == name


def test_a_name_that_nothing_builds() -> None:
    with pytest.raises(KeyError, match="docker"):
        toolchain.tool("docker")


def test_a_tool_that_was_not_built(go: Go) -> None:
    del go
    with pytest.raises(toolchain.ToolMissing, match="Run: make setup"):
        toolchain.tool("helm")


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_recipes_match_their_module_files(recipe: Recipe) -> None:
    text = (recipe.folder / "go.mod").read_text(encoding="utf-8")
    for package in dict(recipe.programs).values():
        assert f"{package}\n" in text.partition("require")[0]
    assert recipe.version.removeprefix("v") in text

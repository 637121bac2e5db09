# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service descriptions of botocore, parsed once for all tasks; all with botocore's own loaders."""

from __future__ import annotations

import sys
import typing as t
from pathlib import Path

import botocore
import botocore.loaders
import pytest
from ansible_collections.supastack.aws.plugins.plugin_utils._warm.models import Models

KIND = "service-2"
InFork = t.Callable[..., t.Any]


def describe(service: str = "sts", **settings: t.Any) -> t.Any:
    """Return a service's description, read by a loader as new as a task's."""
    return botocore.loaders.Loader(**settings).load_service_model(service, KIND)


@pytest.fixture
def models() -> Models:
    """Nothing parsed yet, and nothing installed: that happens in forks."""
    return Models()


def test_a_description_is_parsed_ahead_and_handed_out_once(models: Models, in_fork: InFork) -> None:
    def run() -> None:
        right = describe()
        models.install()
        assert describe() == right
        missed = list(models.missed)
        assert any(path.endswith(KIND) and "/sts/" in path for path in missed)
        for path in missed * 2:
            models.load(path)
        assert models.paths() == missed
        first = describe()
        assert first == right
        assert models.missed == missed
        assert models.paths() == []
        assert describe() == right
        assert describe() is not first
        assert len(models.missed) == 3 * len(missed)

    in_fork(run)


def test_services_are_listed_ahead(models: Models, in_fork: InFork) -> None:
    def run() -> None:
        right = botocore.loaders.Loader().list_available_services(KIND)
        assert "sts" in right
        models.install()
        assert botocore.loaders.Loader().list_available_services(KIND) == right
        ((folders, kind),) = models.missed_listings
        assert kind == KIND
        models.list(folders, kind)
        models.list(folders, kind)
        assert models.listings() == [(folders, kind)]
        listed = botocore.loaders.Loader().list_available_services(KIND)
        assert listed == right
        # A task may do with it what it wants.
        listed.clear()
        assert botocore.loaders.Loader().list_available_services(KIND) == right
        assert len(models.missed_listings) == 1

    in_fork(run)


def test_folders_of_others_are_listed_each_time(models: Models, in_fork: InFork, tmp_path: Path) -> None:
    def run() -> None:
        models.install()
        for service in ("mine", "yours"):
            (tmp_path / service / "2026-01-01").mkdir(parents=True)
            (tmp_path / service / "2026-01-01" / f"{KIND}.json").write_text("{}", encoding="utf-8")
            loader = botocore.loaders.Loader(extra_search_paths=[str(tmp_path)])
            assert service in loader.list_available_services(KIND)
        assert models.missed_listings == []

    in_fork(run)


def test_the_files_to_watch(models: Models, in_fork: InFork) -> None:
    def run() -> None:
        models.install()
        describe()
        botocore.loaders.Loader().list_available_services(KIND)
        for path in models.missed:
            models.load(path)
        for listing in models.missed_listings:
            models.list(*listing)
        files = list(models.files())
        for path in models.paths():
            assert files.count(f"{path}.json") == files.count(f"{path}.json.gz") == 1
        assert [path for path in files if Path(path).is_dir()] == models.missed_listings[0][0]

    in_fork(run)


def test_they_are_installed_once_there_is_botocore(models: Models, in_fork: InFork) -> None:
    def run() -> None:
        loaders = sys.modules.pop("botocore.loaders")
        own = loaders.JSONFileLoader.load_file
        models.install()
        models.load("/data/sts/service-2")
        models.list(["/data"], KIND)
        assert (models.paths(), models.listings()) == ([], [])
        sys.modules["botocore.loaders"] = loaders
        models.install()
        installed = loaders.JSONFileLoader.load_file
        assert installed is not own
        models.install()
        assert loaders.JSONFileLoader.load_file is installed

    in_fork(run)


def test_the_names_of_methods_are_known_with_a_description(models: Models, in_fork: InFork) -> None:
    def run() -> tuple[bool, bool]:
        known = vars(botocore)["_xform_cache"]
        known.clear()
        models.install()
        path = str(next(Path(botocore.loaders.Loader.BUILTIN_DATA_PATH, "sqs").iterdir()) / KIND)
        before = ("ListQueues", "_") in known
        models.load(path)
        models.load(str(Path(path).with_name("none")))
        return before, ("ListQueues", "_") in known

    assert in_fork(run) == (False, True)

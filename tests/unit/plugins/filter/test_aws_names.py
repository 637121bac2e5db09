# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters aws_regions and aws_partition."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.supastack.aws.plugins.filter import aws_partition as partition_plugin
from ansible_collections.supastack.aws.plugins.filter import aws_regions as regions_plugin

# As Ansible finds them, by their names.
aws_partition = partition_plugin.FilterModule().filters()["aws_partition"]
aws_regions = regions_plugin.FilterModule().filters()["aws_regions"]


def test_regions_of_all_partitions() -> None:
    assert {"eu-west-1", "us-gov-west-1", "cn-north-1"} <= set(aws_regions("eks"))
    assert "eu-west-99" not in aws_regions("eks")


def test_an_unknown_service_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="'coffee'"):
        aws_regions("coffee")


@pytest.mark.parametrize(
    ("region", "partition"), [("eu-west-1", "aws"), ("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn")]
)
def test_partition(region: str, partition: str) -> None:
    assert aws_partition(region) == partition


def test_a_name_of_no_partition_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="moon"):
        aws_partition("moon")


def test_a_broken_configuration_of_the_caller_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    regions_plugin.aws_regions.cache_clear()
    partition_plugin.aws_partition.cache_clear()
    assert "eu-west-1" in aws_regions("eks")
    assert aws_partition("eu-west-1") == "aws"


def test_without_botocore_there_is_no_partition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(AnsibleFilterError, match="aws_partition needs the Python package botocore"):
        partition_plugin.partitions()


def test_a_botocore_with_its_data_elsewhere_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    spec = ModuleSpec("botocore", None, origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: spec)
    with pytest.raises(AnsibleFilterError, match=r"cannot read the data of botocore: .*partitions\.json"):
        partition_plugin.partitions()


def test_a_partition_costs_no_import_of_botocore() -> None:
    program = f"import runpy, sys; m = runpy.run_path({partition_plugin.__file__!r}); m['aws_partition']('eu-west-1')"
    finished = subprocess.run(
        [sys.executable, "-c", f"{program}; sys.exit('botocore' in sys.modules)"], check=False, capture_output=True
    )
    assert (finished.returncode, finished.stderr) == (0, b"")

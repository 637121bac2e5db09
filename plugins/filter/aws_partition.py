# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The partition of a region, which is part of every ARN that a role composes."""

from __future__ import annotations

DOCUMENTATION = r"""
name: aws_partition
author:
  - Supastack contributors (@supastack)
version_added: 0.1.0
short_description: Name the partition of an AWS region
description:
  - Returns V(aws), V(aws-cn), V(aws-us-gov) or another partition that botocore knows.
  - Reads botocore's data files only.
options:
  _input:
    description: Name of the region.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Print an ARN of the region's partition
  ansible.builtin.debug:
    msg: "arn:{{ supabase_aws_region | supastack.aws.aws_partition }}:iam::123456789012:root"
"""

RETURN = r"""
_value:
  description: Name of the partition.
  type: str
"""

import functools
import importlib.util
import json
import re
import typing as t
from pathlib import Path

from ansible.errors import AnsibleFilterError


@functools.cache
def aws_partition(region: str) -> str:
    """Return the partition of ``region``.

    Raises:
        AnsibleFilterError: botocore is not installed, or the name fits no partition.
    """
    for partition in partitions():
        if region in partition["regions"] or re.match(partition["regionRegex"], region):
            return str(partition["id"])
    raise AnsibleFilterError(f"aws_partition: {region!r} is no region of any AWS partition that botocore knows")


def partitions() -> list[dict[str, t.Any]]:
    """Return the partitions of botocore's data file, without importing botocore.

    Every worker that evaluates an ARN would pay 60 ms for the import, and 20 ms for the endpoints of all services.

    Raises:
        AnsibleFilterError: botocore is not installed, or keeps its data elsewhere.
    """
    found = importlib.util.find_spec("botocore")
    if found is None or found.origin is None:
        raise AnsibleFilterError("aws_partition needs the Python package botocore on the controller")
    try:
        text = Path(found.origin).with_name("data").joinpath("partitions.json").read_text(encoding="utf-8")
    except OSError as error:
        raise AnsibleFilterError(f"aws_partition cannot read the data of botocore: {error}") from error
    return t.cast("list[dict[str, t.Any]]", json.loads(text)["partitions"])


class FilterModule:
    """Filters that Ansible loads from this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return filter names and their functions."""
        return {"aws_partition": aws_partition}

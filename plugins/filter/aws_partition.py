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
import typing as t

from ansible.errors import AnsibleFilterError

try:
    from botocore.exceptions import UnknownRegionError
    from botocore.loaders import create_loader
    from botocore.regions import EndpointResolver

    BOTOCORE_FOUND = True
except ImportError:
    BOTOCORE_FOUND = False


@functools.cache
def aws_partition(region: str) -> str:
    """Return the partition of ``region``.

    Raises:
        AnsibleFilterError: botocore is not installed, or the name fits no partition.
    """
    if not BOTOCORE_FOUND:
        raise AnsibleFilterError("aws_partition needs the Python package botocore on the controller")
    # Without a session, which would read the caller's AWS configuration and fail where that is broken.
    resolver = EndpointResolver(create_loader().load_data("endpoints"))
    try:
        return str(resolver.get_partition_for_region(region))
    except UnknownRegionError as error:
        raise AnsibleFilterError(f"aws_partition: {error}") from error


class FilterModule:
    """Filters that Ansible loads from this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return filter names and their functions."""
        return {"aws_partition": aws_partition}

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Regions that the installed botocore knows, for checks without any AWS call."""

from __future__ import annotations

DOCUMENTATION = r"""
name: aws_regions
author:
  - Supastack contributors (@supastack)
version_added: 0.1.0
short_description: List the AWS regions that have a service
description:
  - Returns the regions of every partition in which botocore knows an endpoint of the service.
  - Reads botocore's data files only, so that an input can be checked offline.
options:
  _input:
    description: Name of the service as botocore has it, for example V(eks).
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Refuse a region without EKS
  ansible.builtin.assert:
    that: supabase_aws_region in ('eks' | supastack.aws.aws_regions)
"""

RETURN = r"""
_value:
  description: Sorted region names.
  type: list
  elements: str
"""

import functools
import typing as t

from ansible.errors import AnsibleFilterError


@functools.cache
def aws_regions(service: str) -> list[str]:
    """Return the sorted names of all regions that offer ``service``.

    Raises:
        AnsibleFilterError: botocore is not installed, or does not know the service.
    """
    # Not above: with the first filter of a collection Ansible loads all its files, in each worker again.
    try:
        from botocore.loaders import create_loader
        from botocore.regions import EndpointResolver
    except ImportError as error:
        raise AnsibleFilterError("aws_regions needs the Python package botocore on the controller") from error
    # Without a session, which would read the caller's AWS configuration and fail where that is broken.
    resolver = EndpointResolver(create_loader().load_data("endpoints"))
    partitions = resolver.get_available_partitions()
    regions = {region for name in partitions for region in resolver.get_available_endpoints(service, name)}
    if not regions:
        raise AnsibleFilterError(f"aws_regions: botocore knows no region for the service {service!r}")
    return sorted(regions)


class FilterModule:
    """Filters that Ansible loads from this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return filter names and their functions."""
        return {"aws_regions": aws_regions}

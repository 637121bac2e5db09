# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask the name servers above a zone which servers they name for it."""

from __future__ import annotations

DOCUMENTATION = r"""
name: dns_delegation
short_description: Ask the name servers above a zone which servers they name for it
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - A zone is found in the public DNS only when the zone above it names its servers. This lookup asks the servers of the
    zone above directly, so that what changed a moment ago is seen, whatever resolvers remember.
  - That nobody answers is a result and no error.
options:
  _terms:
    description: Names of zones.
    type: list
    elements: str
    required: true
  resolver:
    description:
      - Resolver that is asked for the zone above and for the addresses of its servers, as an IPv4 address with or
        without a port. With a port, the servers are asked at that port, too.
      - When it is not set, those of C(/etc/resolv.conf).
    type: str
    default: ""
  timeout:
    description: Seconds that one answer may take.
    type: float
    default: 3
notes:
  - Needs to reach name servers in the internet at port 53, by UDP, and by TCP for long answers.
"""

EXAMPLES = r"""
- name: Require that example.com is delegated to its hosted zone
  ansible.builtin.assert:
    that:
      - found.problem == ''
      - found.name_servers | length > 0
      - found.name_servers | difference(name_servers) | length == 0
  vars:
    found: "{{ lookup('supastack.aws.dns_delegation', 'example.com') }}"
"""

RETURN = r"""
_raw:
  description: One result for each zone, in their order.
  type: list
  elements: dict
  contains:
    zone:
      description: Name of the zone.
      type: str
      sample: example.com
    parent:
      description: Name of the zone above, empty when it could not be found out.
      type: str
      sample: com
    name_servers:
      description: Servers that the zone above names, without final dots; none when it does not know of the zone.
      type: list
      elements: str
      sample: [ns-1.awsdns-00.com, ns-2.awsdns-00.net, ns-3.awsdns-00.org, ns-4.awsdns-00.co.uk]
    problem:
      description: Why it could not be told, empty when it could.
      type: str
      sample: "nobody answers who serves example.com (192.0.2.1: timed out)"
"""

import typing as t

from ansible.plugins.lookup import LookupBase
from ansible_collections.supastack.aws.plugins.module_utils._dns import DnsError, delegation_of, resolvers_of


class LookupModule(LookupBase):  # type: ignore[misc]  # ansible-core ships no types
    """The lookup of this file, for Ansible."""

    def run(self, terms: list[t.Any], variables: t.Any = None, **kwargs: t.Any) -> list[dict[str, t.Any]]:
        """Return one result for each zone."""
        self.set_options(var_options=variables, direct=kwargs)
        options = self.get_options()
        resolvers = resolvers_of(options["resolver"])
        results = []
        for zone in map(str, terms):
            result = {"zone": zone, "parent": "", "name_servers": [], "problem": ""}
            try:
                parent, servers = delegation_of(zone, resolvers, options["timeout"])
                result |= {"parent": parent, "name_servers": servers}
            except DnsError as error:
                result["problem"] = str(error)
            results.append(result)
        return results

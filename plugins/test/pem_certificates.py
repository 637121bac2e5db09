# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A look at certificates without community.crypto."""

from __future__ import annotations

DOCUMENTATION = r"""
name: pem_certificates
short_description: Test whether a text holds certificates
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - True for a text with at least one certificate in PEM format, when each that it has can be read.
  - False for an empty text, a page of a web server, a private key, or a certificate that was cut off.
requirements:
  - cryptography
options:
  _input:
    description: The text.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Require certificates
  ansible.builtin.assert:
    that: lookup('ansible.builtin.file', rds_ca_bundle) is supastack.aws.pem_certificates
"""

RETURN = r"""
_value:
  description: Whether the text holds certificates.
  type: bool
"""

import typing as t

from ansible.errors import AnsibleFilterError

BEGIN = "-----BEGIN "


def pem_certificates(value: t.Any) -> bool:
    """Return whether a value is a text of readable certificates and nothing else in PEM format."""
    # Not above: with the first test of a collection Ansible loads all its files, in each worker again.
    try:
        from cryptography import x509
    except ImportError as error:
        raise AnsibleFilterError(
            "pem_certificates: cryptography is missing on the controller: pip install cryptography."
        ) from error
    if not isinstance(value, str):
        return False
    try:
        found = x509.load_pem_x509_certificates(value.encode())
    except ValueError:
        return False
    return len(found) == value.count(BEGIN)


class TestModule:
    """Tests that Ansible loads from this file."""

    def tests(self) -> dict[str, t.Callable[[t.Any], bool]]:
        """Return the tests by name."""
        return {"pem_certificates": pem_certificates}

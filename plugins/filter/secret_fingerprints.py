# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fingerprints of secrets' sources, by which a changed one is told from one that was applied before."""

from __future__ import annotations

DOCUMENTATION = r"""
name: secret_fingerprints
short_description: Tell changed sources of secrets from unchanged ones
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Returns a fingerprint for each source, short enough for a tag of AWS.
  - That of a ciphertext is a hash of it. A ciphertext is no secret, and every encryption makes another.
  - That of a value is keyed (HMAC-SHA256). Who reads the tag but not the key cannot try passwords on it.
options:
  _input:
    description: Ciphertexts, or with O(key) values, by the names of the secrets.
    type: dict
    required: true
  key:
    description:
      - Key of the fingerprints of values, a secret itself. Without this option, they are ciphertexts.
      - When it is empty, because it does not exist yet, each fingerprint is V(value:known-after-apply).
    type: str
"""

EXAMPLES = r"""
- name: Print the fingerprints of the ciphertexts
  ansible.builtin.debug:
    msg: "{{ kms_secrets_ciphertexts | supastack.aws.secret_fingerprints }}"
"""

RETURN = r"""
_value:
  description: The fingerprints by the names of the secrets.
  type: dict
"""

import hashlib
import hmac
import json
import typing as t

from ansible_collections.supastack.aws.plugins.module_utils._placeholders import UNKNOWN

DIGITS = 32


def of_ciphertext(text: str) -> str:
    """Return the fingerprint of a ciphertext, in which white space means nothing."""
    return "ciphertext:" + hashlib.sha256("".join(text.split()).encode("utf-8")).hexdigest()[:DIGITS]


def of_value(key: str, name: str, value: t.Any) -> str:
    """Return the keyed fingerprint of a value. With its name in it, equal values have different ones."""
    if not key:
        return f"value:{UNKNOWN}"
    content = json.dumps([name, value], sort_keys=True, separators=(",", ":"))
    return "value:" + hmac.new(key.encode("utf-8"), content.encode("utf-8"), hashlib.sha256).hexdigest()[:DIGITS]


def secret_fingerprints(sources: t.Mapping[str, t.Any], key: str | None = None) -> dict[str, str]:
    """Return the fingerprints of ciphertexts, or with a key those of values."""
    if key is None:
        return {name: of_ciphertext(text) for name, text in sources.items()}
    return {name: of_value(key, name, value) for name, value in sources.items()}


class FilterModule:
    """The filter of this file, for Ansible."""

    def filters(self) -> dict[str, t.Callable[..., dict[str, str]]]:
        """Return the filter by its name."""
        return {"secret_fingerprints": secret_fingerprints}

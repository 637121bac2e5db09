# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the secrets of an inventory, before any of them goes anywhere."""

from __future__ import annotations

DOCUMENTATION = r"""
name: supabase_secret_problems
short_description: Tell what is wrong with secrets of an inventory
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Returns one sentence for each secret whose name or value cannot be used, with the name, the reason and the fix.
  - No sentence shows anything of a value.
  - Asks nobody. Whether a ciphertext can be decrypted, P(supastack.aws.kms_decrypt#lookup) tells.
options:
  _input:
    description: The secrets, by their names.
    type: dict
    required: true
  ciphertexts:
    description: Whether they are ciphertexts of M(supastack.aws.kms_ciphertext) instead of values.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Require secrets that can be used
  ansible.builtin.assert:
    that: kms_secrets_values | supastack.aws.supabase_secret_problems | length == 0
    fail_msg: "{{ kms_secrets_values | supastack.aws.supabase_secret_problems | join(' ') }}"
"""

RETURN = r"""
_value:
  description: The sentences, none when nothing is wrong.
  type: list
  elements: str
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._kms_envelope import parse
from ansible_collections.supastack.aws.plugins.plugin_utils._supabase_secrets import name_problem, value_problem

# All that KMS makes are longer; a shorter one was cut off where base64 does not show it.
SHORTEST_CIPHERTEXT = 80


def ciphertext_problem(value: t.Any) -> str:
    """Return what anybody can see to be wrong with a ciphertext, an empty text when nothing is."""
    if not isinstance(value, str) or not value.strip():
        return "is no ciphertext: give the text that playbooks/encrypt.yml printed, or leave the secret out"
    try:
        parse(value)
    except AnsibleAWSError as error:
        return f"{error}. Encrypt the value again with playbooks/encrypt.yml"
    if len("".join(value.split())) < SHORTEST_CIPHERTEXT:
        return "is too short for a ciphertext: it is cut off. Encrypt the value again with playbooks/encrypt.yml"
    return ""


def supabase_secret_problems(secrets: t.Mapping[str, t.Any], ciphertexts: bool = False) -> list[str]:
    """Return a sentence for each secret that cannot be used."""
    problems = []
    for name, value in secrets.items():
        check = ciphertext_problem(value) if ciphertexts else value_problem(str(name), value)
        problem = name_problem(str(name)) or check
        if problem:
            problems.append(f"{name} {problem}.")
    return problems


class FilterModule:
    """The filter of this file, for Ansible."""

    def filters(self) -> dict[str, t.Callable[..., list[str]]]:
        """Return the filter by its name."""
        return {"supabase_secret_problems": supabase_secret_problems}

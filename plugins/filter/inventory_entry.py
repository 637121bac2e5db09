# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put one entry into a mapping of an inventory file, and leave every other byte as it is."""

from __future__ import annotations

DOCUMENTATION = r"""
name: inventory_entry
short_description: Set one entry of a mapping in a YAML file
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Returns the text of a YAML file in which one entry of a mapping at the top is set, with comments, order and all else
    as they were. The mapping is added when it is missing.
  - What comes out is read as YAML and compared with what went in. When anything but the entry would be another, this
    fails and says what to do by hand.
options:
  _input:
    description: Text of the file, empty when there is none.
    type: str
    required: true
  mapping:
    description: Name of the mapping.
    type: str
    required: true
  name:
    description: Name of the entry.
    type: str
    required: true
  value:
    description: Its value, one word without blanks, such as a ciphertext.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Print the inventory with another ciphertext
  ansible.builtin.debug:
    msg: "{{ lookup('ansible.builtin.file', 'group_vars/all/kms_secrets.yml')
      | supastack.aws.inventory_entry('kms_secrets_ciphertexts', 'SUPABASE_DB', made.ciphertext.ciphertext) }}"
"""

RETURN = r"""
_value:
  description: Text of the file.
  type: str
"""

import re
import typing as t

import yaml
from ansible.errors import AnsibleFilterError


class Loader(yaml.SafeLoader):
    """YAML with tags of Ansible, such as !vault, whose values are compared as they are written."""


Loader.add_multi_constructor("!", lambda loader, suffix, node: (suffix, str(node.value)))


def loaded(text: str) -> dict[str, t.Any]:
    """Return the mapping that a YAML file holds.

    :raises AnsibleFilterError: when it holds none. The message quotes nothing of the file.
    """
    try:
        found = yaml.load(text, Loader) or {}
    except yaml.YAMLError:
        found = None
    if not isinstance(found, dict):
        raise AnsibleFilterError("inventory_entry: the file is no YAML mapping. Correct it, or choose another file.")
    return found


def edited(text: str, mapping: str, name: str, value: str) -> str:
    """Return the text with the entry where it belongs, if the file is written as usual."""
    head = re.search(rf"^{mapping}:[ \t]*(\{{\}}|null|~)?[ \t]*(#[^\n]*)?$", text, re.MULTILINE)
    if head is None:
        return f"{text}{'' if text.endswith(chr(10)) or not text else chr(10)}{mapping}:\n  {name}: {value}\n"
    start, rest = head.end(), text[head.end() :]
    block: str = re.findall(r"\A(?:\n(?:[ \t][^\n]*|#[^\n]*)?(?=\n|\Z))*", rest)[0]
    indent: str = (re.findall(r"\n([ \t]+)[^\s#]", block) or ["  "])[0]
    # The entry with the lines that it is folded over, which are further in.
    old = re.search(rf"\n{indent}{name}:[^\n]*(\n{indent}[ \t]+[^\n]*)*", block)
    line = f"\n{indent}{name}: {value}"
    new = block[: old.start()] + line + block[old.end() :] if old else line + block
    opening = text[: head.start()] + re.sub(r":[ \t]*(\{\}|null|~)", ":", head.group(), count=1)
    return opening + new + text[start + len(block) :]


def inventory_entry(text: str, mapping: str, name: str, value: str) -> str:
    """Return the text of a YAML file in which one entry of a mapping is set.

    :raises AnsibleFilterError: when the file is written in a way that this cannot edit.
    """
    before = loaded(text)
    if not isinstance(before.get(mapping) or {}, dict):
        raise AnsibleFilterError(f"inventory_entry: {mapping} is no mapping in the file. Correct it first.")
    if (before.get(mapping) or {}).get(name) == value:
        return text
    after = edited(text, mapping, name, value)
    if loaded(after) != {**before, mapping: {**(before.get(mapping) or {}), name: value}}:
        raise AnsibleFilterError(
            f"inventory_entry: {mapping} is not written as one entry a line. "
            f"Add this line to it by hand: {name}: {value}"
        )
    return after


class FilterModule:
    """The filter of this file, for Ansible."""

    def filters(self) -> dict[str, t.Callable[..., str]]:
        """Return the filter by its name."""
        return {"inventory_entry": inventory_entry}

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which secrets a run has to write, from what is known of them without their values."""

from __future__ import annotations

DOCUMENTATION = r"""
name: supabase_secret_plan
short_description: Tell which secrets have to be written
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Compares secrets, as M(supastack.aws.secretsmanager_secret_info) describes them, with what an inventory gives, and
    returns those on which something has to be done. No value is read.
  - A secret tells by tags where its value came from. C(supastack:source) is the fingerprint of the source that was
    written last, or V(generated); C(supastack:keys) stands for the JSON keys that the release that wrote it knows;
    C(supastack:signed-by) is the version of the secret that signed it.
  - A secret that no source is given for keeps the source that it has.
  - The tag C(supastack:deleted-by), the mark of a secret that the role gave up, is not compared. What takes the secret
    back removes it.
options:
  _input:
    description: Names of the secrets in AWS, by those in the inventory.
    type: dict
    required: true
  found:
    description: The secrets that exist.
    type: list
    elements: dict
    required: true
  sources:
    description: Fingerprints of the sources given, by the names in the inventory.
    type: dict
    required: true
  tags:
    description: Tags that each secret has to have beside those above.
    type: dict
    required: true
  signed_by:
    description: Version of the secret that signs these secrets.
    type: str
seealso:
  - plugin: supastack.aws.secret_fingerprints
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Print which secrets will be written
  ansible.builtin.debug:
    msg: "{{ plan | selectattr('write') | map(attribute='key') }}"
  vars:
    plan: "{{ {'SUPABASE_DB': 'production-supabase-db'} | supastack.aws.supabase_secret_plan(found=found.secrets,
      sources=kms_secrets_ciphertexts | supastack.aws.secret_fingerprints, tags={}) }}"
"""

RETURN = r"""
_value:
  description: What has to be done.
  type: list
  elements: dict
  contains:
    key:
      description: Name of the secret in the inventory.
      type: str
    name:
      description: Its name in AWS.
      type: str
    exists:
      description: Whether there is one.
      type: bool
    given:
      description: Whether the inventory has a source for it that was not written yet.
      type: bool
    write:
      description: Whether its value may have to change. If not, only its tags differ.
      type: bool
    tags:
      description: Its tags, afterwards.
      type: dict
"""

import hashlib
import typing as t

from ansible_collections.supastack.aws.plugins.plugin_utils._supabase_secrets import MEMBERS

Plain = dict[str, t.Any]

SOURCE = "supastack:source"
KEYS = "supastack:keys"
SIGNED_BY = "supastack:signed-by"
DELETED_BY = "supastack:deleted-by"
GENERATED = "generated"


def known_keys(key: str) -> str:
    """Return what stands for the JSON keys that this release knows of a secret."""
    return hashlib.sha256(",".join(MEMBERS[key]).encode("ascii")).hexdigest()[:8]


def entry(key: str, name: str, found: Plain | None, source: str | None, tags: Plain) -> Plain:
    """Return what has to be done on one secret.

    :param found: the secret, None when there is none.
    :param tags: all its tags but that of its source.
    """
    old = {tag: value for tag, value in (found["tags"] if found else {}).items() if tag != DELETED_BY}
    wanted = {**tags, SOURCE: source or old.get(SOURCE, GENERATED)}
    write = any(old.get(tag) != wanted.get(tag) for tag in (SOURCE, KEYS, SIGNED_BY))
    return {
        "key": key,
        "name": name,
        "exists": found is not None,
        "given": source is not None and old.get(SOURCE) != source,
        "write": write,
        "due": found is None or old != wanted,
        "tags": wanted,
    }


def supabase_secret_plan(
    names: t.Mapping[str, str], found: list[Plain], sources: Plain, tags: Plain, signed_by: str | None = None
) -> list[Plain]:
    """Return what has to be done on the secrets on which something has to be done."""
    existing = {secret["name"]: secret for secret in found}
    plan = []
    for key, name in names.items():
        marks = {KEYS: known_keys(key)} if key in MEMBERS else {}
        marks |= {SIGNED_BY: signed_by} if signed_by is not None else {}
        plan.append(entry(key, name, existing.get(name), sources.get(key), {**tags, **marks}))
    return [{part: value for part, value in task.items() if part != "due"} for task in plan if task["due"]]


class FilterModule:
    """The filter of this file, for Ansible."""

    def filters(self) -> dict[str, t.Callable[..., list[Plain]]]:
        """Return the filter by its name."""
        return {"supabase_secret_plan": supabase_secret_plan}

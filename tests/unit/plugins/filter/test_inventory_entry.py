# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter inventory_entry."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.supastack.aws.plugins.filter import inventory_entry as plugin

MAPPING = "kms_secrets_ciphertexts"


def put(text: str, name: str = "SUPABASE_DB", value: str = "AQICnew==") -> str:
    """Call the filter as Ansible does, by its name."""
    return plugin.FilterModule().filters()["inventory_entry"](text, MAPPING, name, value)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f"{MAPPING}:\n  SUPABASE_DB: AQICnew==\n"),
        ("a: 1", f"a: 1\n{MAPPING}:\n  SUPABASE_DB: AQICnew==\n"),
        (f"---\n# Why.\n{MAPPING}: {{}}\n\nb: 2\n", f"---\n# Why.\n{MAPPING}:\n  SUPABASE_DB: AQICnew==\n\nb: 2\n"),
        (f"{MAPPING}: {{}}  # none\nb: 2\n", f"{MAPPING}:  # none\n  SUPABASE_DB: AQICnew==\nb: 2\n"),
        (f"{MAPPING}:\nb: 2\n", f"{MAPPING}:\n  SUPABASE_DB: AQICnew==\nb: 2\n"),
        (f"{MAPPING}: null\n", f"{MAPPING}:\n  SUPABASE_DB: AQICnew==\n"),
        (f"{MAPPING}:\n  MY_TOKEN: AQICold\n", f"{MAPPING}:\n  SUPABASE_DB: AQICnew==\n  MY_TOKEN: AQICold\n"),
        (
            f"{MAPPING}:\n    MY_TOKEN: AQIC\n    # Rotated in May.\n    SUPABASE_DB: AQICold\nb: 2\n",
            f"{MAPPING}:\n    MY_TOKEN: AQIC\n    # Rotated in May.\n    SUPABASE_DB: AQICnew==\nb: 2\n",
        ),
        (
            f"{MAPPING}:\n  SUPABASE_DB: >-\n    AQIC\n    old\n\n  MY_TOKEN: AQIC\n",
            f"{MAPPING}:\n  SUPABASE_DB: AQICnew==\n\n  MY_TOKEN: AQIC\n",
        ),
        (
            f"{MAPPING}:\n  SUPABASE_DB_ROLES: AQIC\n\n# Next.\nb: 2",
            f"{MAPPING}:\n  SUPABASE_DB: AQICnew==\n  SUPABASE_DB_ROLES: AQIC\n\n# Next.\nb: 2",
        ),
        (f"# {MAPPING}: {{}}\n", f"# {MAPPING}: {{}}\n{MAPPING}:\n  SUPABASE_DB: AQICnew==\n"),
        (
            f"token: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\n{MAPPING}: {{}}\n",
            f"token: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\n{MAPPING}:\n  SUPABASE_DB: AQICnew==\n",
        ),
    ],
)
def test_only_the_entry_changes(before: str, after: str) -> None:
    assert put(before) == after
    assert put(after) == after


def test_the_production_inventory_takes_one() -> None:
    file = Path(__file__).resolve().parents[4] / "inventories/production/group_vars/all/kms_secrets.yml"
    text = file.read_text(encoding="utf-8")
    assert yaml.safe_load(put(text)) == {**yaml.safe_load(text), MAPPING: {"SUPABASE_DB": "AQICnew=="}}


@pytest.mark.parametrize(
    "text",
    [
        f"{MAPPING}: {{MY_TOKEN: AQIC}}\n",
        f"{MAPPING}: {{MY_TOKEN: AQIC,\n  SUPABASE_DB: AQIC}}\n",
        f'"{MAPPING}": {{MY_TOKEN: AQIC}}\n',
        f"{MAPPING}:\n  'SUPABASE_DB': AQIC\n",
    ],
)
def test_another_way_of_writing_is_left_to_the_user(text: str) -> None:
    with pytest.raises(AnsibleFilterError, match="by hand: SUPABASE_DB: AQICnew=="):
        put(text)


@pytest.mark.parametrize("text", ["- a\n", "a: [", "text"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(AnsibleFilterError, match="no YAML mapping"):
        put(text)


def test_a_mapping_that_is_none_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="is no mapping in the file"):
        put(f"{MAPPING}: text\n")

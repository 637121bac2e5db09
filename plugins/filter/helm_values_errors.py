# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare values with the schema of a Helm chart."""

from __future__ import annotations

DOCUMENTATION = r"""
name: helm_values_errors
author:
  - Supastack contributors (@supastack)
version_added: 0.2.0
short_description: What of its values a Helm chart's schema refuses
description:
  - Merges values over the defaults of a chart as helm does, where null removes a default, and compares the result with
    the chart's schema.
  - Returns one line for each place that the schema refuses, ordered by place; nothing when it accepts all. So it is
    told before anything is installed.
requirements:
  - jsonschema (Python library)
positional: defaults, schema
options:
  _input:
    description: The values.
    type: dict
    required: true
  defaults:
    description: Content of the chart's C(values.yaml).
    type: dict
    required: true
  schema:
    description: Content of the chart's C(values.schema.json), of the draft that its C($schema) names.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Require values that the chart knows
  ansible.builtin.assert:
    that: chart_values | supastack.aws.helm_values_errors(defaults, schema) | length == 0
  vars:
    defaults: "{{ lookup('ansible.builtin.file', 'chart/values.yaml') | from_yaml }}"
    schema: "{{ lookup('ansible.builtin.file', 'chart/values.schema.json') | from_json }}"
"""

RETURN = r"""
_value:
  description: The place in the values, with dots, and what is wrong there.
  type: list
  elements: str
  sample: ["rest.pool: 0 is less than the minimum of 1"]
"""

import json
import typing as t

from ansible.errors import AnsibleFilterError

try:
    from jsonschema.exceptions import ValidationError
    from jsonschema.validators import validator_for

    MISSING = ""
except ImportError as import_error:
    MISSING = str(import_error.name)

# Characters of a line: a whole service in place of a number is not to hide the other lines.
LONGEST = 300

Values = t.Mapping[str, t.Any]


def merged(defaults: Values, values: Values) -> dict[str, t.Any]:
    """Return values over defaults, as helm merges them: https://helm.sh/docs/chart_template_guide/values_files/"""
    result = dict(defaults)
    for name, value in values.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, t.Mapping) and isinstance(result.get(name, {}), t.Mapping):
            result[name] = merged(result.get(name, {}), value)
        else:
            result[name] = value
    return result


def told(error: ValidationError) -> str:
    """Return the line about one place."""
    place = ".".join(str(step) for step in error.absolute_path)
    line = f"{place}: {error.message}" if place else str(error.message)
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}..."


def helm_values_errors(values: Values, defaults: Values, schema: dict[str, t.Any]) -> list[str]:
    """Return one line for each place of the merged values that the schema refuses.

    :raises AnsibleFilterError: without jsonschema.
    """
    if MISSING:
        raise AnsibleFilterError(f"helm_values_errors needs the Python package {MISSING}: pip install jsonschema")
    # Ansible's own kinds of text and numbers become plain ones.
    plain = json.loads(json.dumps(merged(defaults, values)))
    return sorted(told(error) for error in validator_for(schema)(schema).iter_errors(plain))


class FilterModule:
    """The filter of this file, for Ansible."""

    def filters(self) -> dict[str, t.Callable[..., list[str]]]:
        """Return the filter by its name."""
        return {"helm_values_errors": helm_values_errors}

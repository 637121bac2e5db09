# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all modules of this collection share between their options and their result."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain

STATE_SPEC: Plain = {"state": {"type": "str", "choices": ["present", "absent"], "default": "present"}}
TAGS_SPEC: Plain = {
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": True},
}
WAIT_SPEC: Plain = {
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 1800},
}


@dataclasses.dataclass(frozen=True)
class Result:
    """What a module did, or would do, and the resource afterwards (None when it is absent)."""

    difference: Difference
    resource: Plain | None


def refuse_repeated(option: str, member: str, items: t.Sequence[Plain]) -> None:
    """Stop when two items of an option have the same value in the member that tells them apart.

    :raises AnsibleAWSError: naming option, member and value.
    """
    values = [item[member] for item in items]
    for value in values:
        if values.count(value) > 1:
            raise AnsibleAWSError(message=f"{option} has the {member} {value!r} more than once. Give each its own.")


def run(module: t.Any, service: str, key: str, ensure: t.Callable[[t.Any, Plain, bool], Result]) -> None:
    """Run a module and exit.

    :param module: the AnsibleAWSModule.
    :param service: name of the AWS service whose client ensure gets.
    :param key: name under which the resource is returned.
    :param ensure: brings the resource into the state that the options ask for; its last argument is check mode.
    """
    try:
        result = ensure(module.client(service), module.params, module.check_mode)
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    else:
        resource = {} if result.resource is None else {key: result.resource}
        module.exit_json(changed=result.difference.changed, diff=result.difference.diff(), **resource)

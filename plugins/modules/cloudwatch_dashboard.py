#!/usr/bin/python

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudwatch_dashboard
short_description: Manage a dashboard of Amazon CloudWatch
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Creates, changes and deletes a dashboard.
options:
  name:
    description:
      - Name of the dashboard, unique in the account. Letters, digits, hyphens and underscores.
    type: str
    required: true
  state:
    description:
      - Whether the dashboard should exist.
    type: str
    choices: [present, absent]
    default: present
  body:
    description:
      - What it shows, as a dictionary or as JSON. Compared as values, whatever the order of fields and the spaces.
        Required for a dashboard that does not exist.
    type: json
notes:
  - The first three dashboards of an account are free of charge.
  - Needs the IAM actions C(cloudwatch:GetDashboard), C(cloudwatch:PutDashboard) and C(cloudwatch:DeleteDashboards).
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - supastack.aws.attributes
"""

EXAMPLES = r"""
- name: Show the load of the database
  supastack.aws.cloudwatch_dashboard:
    name: production
    body:
      widgets:
        - type: metric
          width: 12
          height: 6
          properties:
            region: eu-west-1
            title: Load of the database
            metrics: [[AWS/RDS, CPUUtilization, DBInstanceIdentifier, production]]

- name: Delete it
  supastack.aws.cloudwatch_dashboard:
    name: production
    state: absent
"""

RETURN = r"""
dashboard:
  description: The dashboard. In check mode, as it will be.
  returned: when O(state=present)
  type: dict
  contains:
    name: {description: Name of the dashboard., type: str, sample: production}
    body: {description: What it shows., type: dict, sample: {widgets: []}}
"""

import json
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._errors import failing_to, none_when
from ansible_collections.supastack.aws.plugins.module_utils._module import STATE_SPEC, Result, run
from ansible_collections.supastack.aws.plugins.module_utils._retries import unthrottled

# CloudWatch's model and CloudWatch do not name the error alike.
MISSING = ("ResourceNotFound", "DashboardNotFoundError")


def parse_body(text: str | None) -> Plain | None:
    """Return the body as data, None for none.

    :raises AnsibleAWSError: when it is no JSON object.
    """
    if text is None:
        return None
    try:
        body = json.loads(text)
    except ValueError as error:
        raise AnsibleAWSError(message=f"body is no JSON: {error}. Give a dictionary, or valid JSON.") from error
    if not isinstance(body, dict):
        raise AnsibleAWSError(message=f"body is {body!r}, but must be an object such as {{'widgets': []}}.")
    return body


@failing_to("read the dashboard {name}")
@none_when(*MISSING)
@unthrottled
def read(client: t.Any, name: str) -> Plain:
    """Return the dashboard as the module returns and compares it, None when there is none."""
    return {"name": name, "body": json.loads(client.get_dashboard(DashboardName=name)["DashboardBody"])}


@failing_to("write the dashboard {name}")
@unthrottled
def put_dashboard(client: t.Any, name: str, body: Plain) -> None:
    """Create or replace a dashboard."""
    client.put_dashboard(DashboardName=name, DashboardBody=json.dumps(body, separators=(",", ":")))


@failing_to("delete the dashboard {name}")
@none_when(*MISSING)
@unthrottled
def delete_dashboard(client: t.Any, name: str) -> None:
    """Delete a dashboard."""
    client.delete_dashboards(DashboardNames=[name])


def ensure(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Bring the dashboard into the wanted state."""
    name, body = options["name"], parse_body(options["body"])
    current = read(client, name)
    if options["state"] == "absent":
        if current and not check_mode:
            delete_dashboard(client, name)
        return Result(Difference(current, None), None)
    if current is None and body is None:
        raise AnsibleAWSError(message=f"There is no dashboard {name} yet. Set body to what it should show.")
    difference = Difference(current, {"body": body})
    if difference.changed and not check_mode:
        put_dashboard(client, name, difference.desired("body")["body"])
    return Result(difference, difference.prediction({"name": name}))


def main() -> None:
    """Run the module."""
    argument_spec = {"name": {"type": "str", "required": True}, "body": {"type": "json"}, **STATE_SPEC}
    module = AnsibleAWSModule(argument_spec=argument_spec, supports_check_mode=True)
    run(module, "cloudwatch", "dashboard", ensure)


if __name__ == "__main__":
    main()

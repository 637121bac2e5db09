#!/usr/bin/python

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: route53_record_set
short_description: Manage a record set of Amazon Route 53
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Creates, changes and deletes the records of one name and type, or an alias, and waits until all name servers of the
    hosted zone answer so.
  - Unlike M(amazon.aws.route53), it predicts a record set of a hosted zone that does not exist yet, compares names as
    DNS does, and shows the difference.
  - Record sets with a routing policy, of which there are several of one name and type, are refused.
  - An option that is not set is left alone.
options:
  hosted_zone_id:
    description:
      - Hosted zone of the record set. In check mode it may be one that is only predicted.
      - Either this or O(hosted_zone_name) is required.
    type: str
  hosted_zone_name:
    description:
      - Name of the hosted zone. When the account has several such zones, give O(hosted_zone_id).
      - In check mode the zone does not have to exist, because a task before this one may be about to create it.
    type: str
  private_zone:
    description:
      - Whether O(hosted_zone_name) names a private zone. Private zones are left alone otherwise.
    type: bool
    default: false
  name:
    description:
      - Full name of the record set, such as V(api.example.com) or V(*.example.com). Case and a final dot have no
        meaning.
    type: str
    required: true
  type:
    description:
      - Type of the record set.
    type: str
    choices: [A, AAAA, CAA, CNAME, DS, HTTPS, MX, NAPTR, NS, PTR, SRV, SSHFP, SVCB, TLSA, TXT]
    required: true
  state:
    description:
      - Whether the record set should exist.
      - With V(absent), O(records) and O(alias_target) say what it may be. One that is anything else belongs to somebody
        else by now and is left alone. Without them, whatever is there is deleted.
    type: str
    choices: [present, absent]
    default: present
  records:
    description:
      - Values of the records. Their order has no meaning.
      - Those of type TXT stand in double quotes, as Route 53 has them.
      - When O(state=present), either this or O(alias_target) is required.
    type: list
    elements: str
  ttl:
    description:
      - Seconds for which resolvers may remember the records. A new record set gets 300 when it is not set.
    type: int
  alias_target:
    description:
      - What an alias stands for, such as a load balancer. Route 53 asks for its records itself, so that an alias has no
        O(ttl).
    type: dict
    suboptions:
      dns_name:
        description:
          - Name of the target.
        type: str
        required: true
      hosted_zone_id:
        description:
          - Hosted zone of the target. For a load balancer that is AWS' zone, not the one of the record set.
        type: str
        required: true
      evaluate_target_health:
        description:
          - Whether the alias answers only while the target is healthy.
        type: bool
        default: false
notes:
  - Route 53 is global. The record set is the same whatever the region.
  - A later run does not know of the change of an earlier one, and does not wait for it.
  - Needs the IAM actions C(route53:ListResourceRecordSets), C(route53:ChangeResourceRecordSets), C(route53:GetChange),
    and C(route53:ListHostedZonesByName) for O(hosted_zone_name), or C(route53:GetHostedZone) for a new record set of
    O(hosted_zone_id).
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - supastack.aws.attributes
  - supastack.aws.wait
seealso:
  - module: amazon.aws.route53_zone
  - module: amazon.aws.route53
"""

EXAMPLES = r"""
- name: Ensure that a name leads to a load balancer
  supastack.aws.route53_record_set:
    hosted_zone_id: Z0123456789ABCDEFGHIJ
    name: api.example.com
    type: A
    alias_target:
      dns_name: production-0123456789.eu-west-1.elb.amazonaws.com
      hosted_zone_id: Z32O12XQLNTSW2

- name: Ensure that mail for a domain has two ways in
  supastack.aws.route53_record_set:
    hosted_zone_name: example.com
    name: example.com
    type: MX
    records: [10 mail1.example.com, 20 mail2.example.com]
    ttl: 3600

- name: Delete an alias, unless it leads elsewhere by now
  supastack.aws.route53_record_set:
    hosted_zone_name: example.com
    name: api.example.com
    type: A
    alias_target:
      dns_name: production-0123456789.eu-west-1.elb.amazonaws.com
      hosted_zone_id: Z32O12XQLNTSW2
    state: absent
"""

RETURN = r"""
record_set:
  description: The record set. In check mode, as it will be.
  returned: when O(state=present)
  type: dict
  contains:
    hosted_zone_id:
      description: Hosted zone of the record set.
      type: str
      sample: Z0123456789ABCDEFGHIJ
    name:
      description: Name of the record set, without a final dot.
      type: str
      sample: api.example.com
    type:
      description: Type of the record set.
      type: str
      sample: A
    ttl:
      description: Seconds for which resolvers may remember the records, 0 for an alias.
      type: int
      sample: 300
    records:
      description: Values of the records, none for an alias. Names in them have no final dot.
      type: list
      elements: str
      sample: [192.0.2.1]
    alias_target:
      description: What an alias stands for, empty for any other record set.
      type: dict
      sample: {dns_name: production-0123456789.eu-west-1.elb.amazonaws.com, hosted_zone_id: Z32O12XQLNTSW2,
        evaluate_target_health: false}
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._module import STATE_SPEC, WAIT_SPEC, Result, run
from ansible_collections.supastack.aws.plugins.module_utils._route53 import Zone, dns_form
from ansible_collections.supastack.aws.plugins.module_utils._route53_record_set import (
    TYPES,
    desired_from,
    find_record_set,
    find_zone,
    is_meant,
    refuse_policy,
    refuse_prediction,
    refuse_unfit_zone,
    request,
    unknown_view,
    view,
    write,
)

TARGET_SPEC: Plain = {
    "dns_name": {"type": "str", "required": True},
    "hosted_zone_id": {"type": "str", "required": True},
    "evaluate_target_health": {"type": "bool", "default": False},
}


def read(zone: Zone | None, options: Plain) -> tuple[Plain | None, Plain | None]:
    """Return the record set as Route 53 has it, and as the module returns and compares it; None when there is none."""
    name = dns_form(options["name"])
    raw = find_record_set(zone, name, options["type"]) if zone else None
    if zone is None or raw is None:
        return None, None
    refuse_policy(raw, name)
    return raw, view(zone.zone_id, raw)


def no_zone(options: Plain) -> str:
    """Return what is wrong when there is no hosted zone and nothing is predicted."""
    option = "hosted_zone_name" if options["hosted_zone_id"] is None else "hosted_zone_id"
    kind = "private" if options["private_zone"] else "public"
    return (
        f"{option} is {options[option]!r}, but this account has no such {kind} hosted zone. "
        f"Create it first with amazon.aws.route53_zone, or correct {option}."
    )


def ensure_present(zone: Zone | None, options: Plain, check_mode: bool) -> Result:
    """Create or change the record set."""
    raw, current = read(zone, options)
    difference = Difference(current, desired_from(options, current))
    if difference.creates:
        refuse_unfit_zone(zone, options)
    unknown = unknown_view(zone, options)
    if check_mode or not difference.changed:
        return Result(difference, difference.prediction(unknown))
    if zone is None:
        raise AnsibleAWSError(message=no_zone(options))
    refuse_prediction(difference)
    write(zone, "UPSERT", request(difference, raw, unknown), options)
    return Result(difference, read(zone, options)[1])


def ensure_absent(zone: Zone | None, options: Plain, check_mode: bool) -> Result:
    """Delete the record set, unless it is not the one that the options describe."""
    raw, current = read(zone, options)
    difference = Difference(current if current and is_meant(options, current) else None, None)
    if zone and raw and difference.deletes and not check_mode:
        write(zone, "DELETE", raw, options)
    return Result(difference, None)


def ensure(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Bring the record set into the wanted state."""
    if options["records"] == []:
        raise AnsibleAWSError(message="records is empty: give at least one value, or set state to absent.")
    action = ensure_present if options["state"] == "present" else ensure_absent
    return action(find_zone(client, options), options, check_mode)


def main() -> None:
    """Run the module."""
    argument_spec = {
        "hosted_zone_id": {"type": "str"},
        "hosted_zone_name": {"type": "str"},
        "private_zone": {"type": "bool", "default": False},
        "name": {"type": "str", "required": True},
        "type": {"type": "str", "required": True, "choices": list(TYPES)},
        "records": {"type": "list", "elements": "str"},
        "ttl": {"type": "int"},
        "alias_target": {"type": "dict", "options": TARGET_SPEC},
        **STATE_SPEC,
        **WAIT_SPEC,
    }
    module = AnsibleAWSModule(
        argument_spec=argument_spec,
        supports_check_mode=True,
        required_one_of=[("hosted_zone_id", "hosted_zone_name")],
        mutually_exclusive=[
            ("hosted_zone_id", "hosted_zone_name"),
            ("records", "alias_target"),
            ("ttl", "alias_target"),
        ],
        required_if=[("state", "present", ["records", "alias_target"], True)],
    )
    run(module, "route53", "record_set", ensure)


if __name__ == "__main__":
    main()

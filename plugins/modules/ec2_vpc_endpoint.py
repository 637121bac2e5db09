#!/usr/bin/python

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_vpc_endpoint
short_description: Manage a VPC endpoint of an AWS service
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Creates, changes and deletes a gateway or interface endpoint, by which a VPC reaches a service without the internet.
  - What is added to an endpoint comes before what is taken from it. Only where a new subnet stands in the availability
    zone of one that goes, that one goes first, since an endpoint has one subnet in each zone.
  - An option that is not set is left alone, and is what EC2 chooses when the endpoint is made.
options:
  name:
    description:
      - Value of the tag C(Name), unique among the endpoints of the VPC, by which the endpoint is found.
      - An endpoint that is being deleted does not count. A new one of its name waits until it is gone.
    type: str
    required: true
  vpc_id:
    description:
      - The VPC. In check mode, it need not exist yet.
    type: str
    required: true
  state:
    description:
      - Whether the endpoint should exist.
      - V(absent) waits until EC2 no longer shows it, since its network interfaces stand in the way of the deletion of
        their subnets and security groups.
    type: str
    choices: [present, absent]
    default: present
  service_name:
    description:
      - Name of the service, such as V(com.amazonaws.eu-west-1.s3), or the part behind the region, such as V(s3) or
        V(ecr.api). Cannot be changed.
      - Before the short name, C(com.amazonaws) and the region are put. In China, where some services begin with
        C(cn.com.amazonaws), the one that the region offers.
      - Required when O(state=present).
    type: str
  vpc_endpoint_type:
    description:
      - Type of the endpoint. Cannot be changed.
      - A V(gateway) is a route in route tables and costs nothing. An V(interface) is a network interface in each of its
        subnets and costs money for every hour and every gigabyte.
      - Required when O(state=present).
    type: str
    choices: [gateway, interface]
  route_table_ids:
    description:
      - All route tables that lead to a gateway endpoint. In check mode, they need not exist yet.
    type: list
    elements: str
  subnet_ids:
    description:
      - All subnets in which an interface endpoint has a network interface, at most one in each availability zone.
      - In check mode, they need not exist yet.
    type: list
    elements: str
  security_group_ids:
    description:
      - All security groups of the network interfaces of an interface endpoint. They must let in port 443 from those who
        use it.
      - When the endpoint is made without this option, EC2 takes the default security group of the VPC.
    type: list
    elements: str
  private_dns_enabled:
    description:
      - Whether the public names of the service lead to an interface endpoint inside the VPC. Needs the DNS support and
        the DNS hostnames of the VPC, and can be on for one endpoint of a service only.
      - When the endpoint is made without this option, it is on.
    type: bool
  ip_address_type:
    description:
      - Kind of addresses of the endpoint.
    type: str
    choices: [ipv4, dualstack, ipv6]
  policy:
    description:
      - Who may do what through the endpoint, as a dictionary or as JSON. It is compared by its meaning.
      - An empty dictionary is what EC2 chooses as well, the policy that allows everything.
    type: json
  tags:
    description:
      - Tags of the endpoint, besides C(Name).
      - They are left alone when this option is not set.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description:
      - Whether tags that O(tags) does not name are removed, except C(Name) and those that begin with C(aws:).
    type: bool
    default: true
notes:
  - There is M(amazon.aws.ec2_vpc_endpoint) as well. On an endpoint that exists it changes nothing but tags, and reports
    no change when subnets, security groups or policy differ. When route tables differ, it tries to make a second one,
    unless it is given the identifier, when it ignores them. It has no option for private DNS, returns no endpoint in
    check mode, takes one that is being deleted for the wanted one, and deletes by identifier only, without a wait.
  - An endpoint that EC2 reports as failed, rejected or expired is not repaired. The module quotes what EC2 says.
  - Needs the IAM actions C(ec2:DescribeVpcEndpoints), C(ec2:DescribeVpcEndpointServices), C(ec2:CreateVpcEndpoint),
    C(ec2:ModifyVpcEndpoint), C(ec2:DeleteVpcEndpoints), C(ec2:CreateTags) and C(ec2:DeleteTags), and for private DNS
    C(route53:AssociateVPCWithHostedZone).
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - supastack.aws.attributes
  - supastack.aws.wait
seealso:
  - module: amazon.aws.ec2_vpc_endpoint
  - module: amazon.aws.ec2_vpc_endpoint_service_info
  - module: amazon.aws.ec2_vpc_route_table
"""

EXAMPLES = r"""
- name: Ensure the private subnets reach S3 without NAT gateway
  supastack.aws.ec2_vpc_endpoint:
    name: production-s3
    vpc_id: vpc-0123456789abcdef0
    service_name: s3
    vpc_endpoint_type: gateway
    route_table_ids: [rtb-0aaa, rtb-0bbb]

- name: Start an endpoint for the registry's API, open to the account's own principals only
  supastack.aws.ec2_vpc_endpoint:
    name: production-ecr-api
    vpc_id: vpc-0123456789abcdef0
    service_name: ecr.api
    vpc_endpoint_type: interface
    subnet_ids: [subnet-0aaa, subnet-0bbb]
    security_group_ids: [sg-0123456789abcdef0]
    private_dns_enabled: true
    policy:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Principal: "*"
          Action: ecr:*
          Resource: "*"
          Condition: {StringEquals: {"aws:PrincipalAccount": "123456789012"}}
    tags:
      supastack:environment: production
    wait: false

- name: Delete the endpoint
  supastack.aws.ec2_vpc_endpoint:
    name: production-ecr-api
    vpc_id: vpc-0123456789abcdef0
    state: absent
"""

RETURN = r"""
vpc_endpoint:
  description: The VPC endpoint. In check mode, as it will be.
  returned: when O(state=present)
  type: dict
  contains:
    name: {description: Value of the tag C(Name)., type: str, sample: production-ecr-api}
    vpc_endpoint_id: {description: Identifier of the endpoint., type: str, sample: vpce-0123456789abcdef0}
    vpc_id: {description: The VPC., type: str, sample: vpc-0123456789abcdef0}
    service_name: {description: Full name of the service., type: str, sample: com.amazonaws.eu-west-1.ecr.api}
    vpc_endpoint_type: {description: gateway or interface., type: str, sample: interface}
    state: {description: "State that EC2 reports, in lower case.", type: str, sample: available}
    route_table_ids: {description: Route tables of a gateway endpoint., type: list, elements: str, sample: []}
    subnet_ids: {description: Subnets of an interface endpoint., type: list, elements: str, sample: [subnet-0aaa]}
    security_group_ids:
      description: Security groups of an interface endpoint.
      type: list
      elements: str
      sample: [sg-0123456789abcdef0]
    network_interface_ids:
      description: Network interfaces of an interface endpoint.
      type: list
      elements: str
      sample: [eni-0123456789abcdef0]
    dns_entries:
      description: Names of an interface endpoint, in the order of EC2, which begins with that of the region.
      type: list
      elements: dict
      contains:
        dns_name: {description: The name., type: str, sample: vpce-0123456789abcdef0-a1b2.api.ecr.example.com}
        hosted_zone_id: {description: Hosted zone of the name., type: str, sample: Z38GZ743OKFT7T}
    private_dns_enabled: {description: Whether private DNS is on., type: bool, sample: true}
    ip_address_type: {description: "ipv4, dualstack or ipv6.", type: str, sample: ipv4}
    policy:
      description: Policy of the endpoint, null when the service knows none.
      type: dict
      sample: {Version: "2008-10-17", Statement: [{Effect: Allow, Principal: "*", Action: "*", Resource: "*"}]}
    tags: {description: Tags of the endpoint., type: dict, sample: {Name: production-ecr-api}}
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._ec2 import write_tags
from ansible_collections.supastack.aws.plugins.module_utils._ec2_vpc_endpoint import (
    SETTLING_SECONDS,
    change,
    create_endpoint,
    delete_endpoint,
    describe_endpoint,
    full_service_name,
    list_endpoints,
    live_endpoint,
    wait_until_available,
    wait_until_gone,
)
from ansible_collections.supastack.aws.plugins.module_utils._ec2_vpc_endpoint_data import (
    HOPELESS,
    check_options,
    desired_from,
    predicted,
    reason_of,
    state_of,
    view,
)
from ansible_collections.supastack.aws.plugins.module_utils._module import (
    STATE_SPEC,
    TAGS_SPEC,
    WAIT_SPEC,
    Result,
    run,
)
from ansible_collections.supastack.aws.plugins.module_utils._waiters import wait_until_visible

REPLACE = "Delete it first (state=absent), or give the new one another name."


def refuse_hopeless(endpoint: Plain | None) -> None:
    """Stop when the endpoint can no longer become available."""
    if endpoint and state_of(endpoint) in HOPELESS:
        raise AnsibleAWSError(
            message=f"The VPC endpoint {endpoint['VpcEndpointId']} has the {reason_of(endpoint)}. Delete it "
            "(state=absent), correct what the reason names, and run the task again."
        )


def ensure_present(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Create or change the endpoint."""
    check_options(options)
    endpoints = list_endpoints(client, options["vpc_id"], options["name"])
    endpoint = live_endpoint(options, endpoints)
    refuse_hopeless(endpoint)
    current = view(endpoint) if endpoint else None
    difference = Difference(current, desired_from(options, current, full_service_name(client, options, current)))
    difference.refuse_change("service_name", REPLACE)
    difference.refuse_change("vpc_endpoint_type", REPLACE)
    if check_mode:
        return Result(difference, predicted(options, difference))
    if current is None:
        for leaving in endpoints:
            wait_until_gone(client, leaving, options["wait_timeout"])
        endpoint_id = create_endpoint(client, options["vpc_id"], difference)
        return Result(difference, finished(client, options, endpoint_id))
    update(client, options, current, difference)
    if difference.changed or (options["wait"] and current["state"] != "available"):
        return Result(difference, finished(client, options, current["vpc_endpoint_id"]))
    return Result(difference, current)


def update(client: t.Any, options: Plain, current: Plain, difference: Difference) -> None:
    """Write what differs."""
    if difference.touches("tags"):
        desired = difference.desired("tags")["tags"]
        write_tags(client, current["vpc_endpoint_id"], current["tags"], desired)
    change(client, current, difference, options["wait_timeout"])


def finished(client: t.Any, options: Plain, endpoint_id: str) -> Plain:
    """Return the endpoint as it is after the writes, and after the wait that was asked for."""
    if options["wait"]:
        return view(wait_until_available(client, endpoint_id, options["wait_timeout"]))
    subject = f"the VPC endpoint {endpoint_id}"
    return view(wait_until_visible(subject, "EC2", lambda: describe_endpoint(client, endpoint_id), SETTLING_SECONDS))


def ensure_absent(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Delete the endpoint, and wait until it is gone, also when a run before has started that."""
    endpoints = list_endpoints(client, options["vpc_id"], options["name"])
    endpoint = live_endpoint(options, endpoints)
    if endpoint and not check_mode:
        delete_endpoint(client, endpoint["VpcEndpointId"])
    for leaving in endpoints if options["wait"] and not check_mode else []:
        wait_until_gone(client, leaving, options["wait_timeout"])
    return Result(Difference(view(endpoint) if endpoint else None, None), None)


def ensure(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Bring the VPC endpoint into the wanted state."""
    action = ensure_present if options["state"] == "present" else ensure_absent
    return action(client, options, check_mode)


def main() -> None:
    """Run the module."""
    argument_spec = {
        "name": {"type": "str", "required": True},
        "vpc_id": {"type": "str", "required": True},
        "service_name": {"type": "str"},
        "vpc_endpoint_type": {"type": "str", "choices": ["gateway", "interface"]},
        "route_table_ids": {"type": "list", "elements": "str"},
        "subnet_ids": {"type": "list", "elements": "str"},
        "security_group_ids": {"type": "list", "elements": "str"},
        "private_dns_enabled": {"type": "bool"},
        "ip_address_type": {"type": "str", "choices": ["ipv4", "dualstack", "ipv6"]},
        "policy": {"type": "json"},
        **STATE_SPEC,
        **TAGS_SPEC,
        **WAIT_SPEC,
    }
    module = AnsibleAWSModule(
        argument_spec=argument_spec,
        supports_check_mode=True,
        required_if=[("state", "present", ["service_name", "vpc_endpoint_type"])],
    )
    run(module, "ec2", "vpc_endpoint", ensure)


if __name__ == "__main__":
    main()

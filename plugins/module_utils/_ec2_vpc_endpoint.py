# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API calls of VPC endpoints."""

from __future__ import annotations

import typing as t
import uuid

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._ec2 import accepted, name_filter
from ansible_collections.supastack.aws.plugins.module_utils._ec2_vpc_endpoint_data import (
    HOPELESS,
    LEAVING,
    additions,
    creation,
    reason_of,
    removals,
    service_names,
    state_of,
)
from ansible_collections.supastack.aws.plugins.module_utils._errors import error_code, failing_to, none_when
from ansible_collections.supastack.aws.plugins.module_utils._retries import retry_while, unthrottled
from ansible_collections.supastack.aws.plugins.module_utils._tags import tags_of
from ansible_collections.supastack.aws.plugins.module_utils._waiters import Waiter

PAUSE = 5.0
# EC2 sees what was made for the endpoint just before within this time.
SETTLING_SECONDS = 60
NOT_FOUND = ("InvalidVpcEndpointId.NotFound", "InvalidVpcEndpoint.NotFound")
# In lower case, since EC2 writes ID or Id, depending on the call.
UNSEEN = (
    "invalidvpcid.notfound",
    "invalidroutetableid.notfound",
    "invalidsubnetid.notfound",
    "invalidsecuritygroupid.notfound",
    "invalidgroup.notfound",
)


@failing_to("list the VPC endpoints of {vpc_id} with the tag Name={name}")
@unthrottled
def list_endpoints(client: t.Any, vpc_id: str, name: str) -> list[Plain]:
    """Return the endpoints of this name in every state, as EC2 describes them."""
    filters = [{"Name": "vpc-id", "Values": [vpc_id]}, *name_filter(name)]
    pages = client.get_paginator("describe_vpc_endpoints").paginate(Filters=filters)
    # In a filter, * and ? stand for other characters.
    return [endpoint for page in pages for endpoint in page["VpcEndpoints"] if tags_of(endpoint).get("Name") == name]


@failing_to("describe the VPC endpoint {endpoint_id}")
@none_when(*NOT_FOUND)
@unthrottled
def describe_endpoint(client: t.Any, endpoint_id: str) -> Plain | None:
    """Return one endpoint, None when EC2 does not show it."""
    found = client.describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])["VpcEndpoints"]
    return dict(found[0]) if found else None


@failing_to("list the endpoint services {names}")
@unthrottled
def list_services(client: t.Any, names: t.Sequence[str]) -> dict[str, list[str]]:
    """Return those of these services that the region offers: name -> the types of endpoint, in lower case."""
    filters = [{"Name": "service-name", "Values": list(names)}]
    pages = client.get_paginator("describe_vpc_endpoint_services").paginate(Filters=filters)
    offered: dict[str, list[str]] = {}
    for service in [service for page in pages for service in page["ServiceDetails"]]:
        # S3 and DynamoDB come twice, once for each type.
        types = offered.setdefault(service["ServiceName"], [])
        types.extend(kind["ServiceType"].lower() for kind in service["ServiceType"])
    return offered


def live_endpoint(options: Plain, endpoints: t.Iterable[Plain]) -> Plain | None:
    """Return the only endpoint that is not on its way out.

    :raises AnsibleAWSError: when several share the name.
    """
    live = [endpoint for endpoint in endpoints if state_of(endpoint) not in LEAVING]
    if len(live) > 1:
        ids = ", ".join(sorted(endpoint["VpcEndpointId"] for endpoint in live))
        raise AnsibleAWSError(
            message=f"name is {options['name']!r}, but {len(live)} VPC endpoints of {options['vpc_id']} have this tag "
            f"Name: {ids}. Delete or rename all but one."
        )
    return live[0] if live else None


def full_service_name(client: t.Any, options: Plain, current: t.Mapping[str, t.Any] | None) -> str:
    """Return the full name of the wanted service.

    :param current: an endpoint that exists, for which nothing has to be asked.
    :raises AnsibleAWSError: when the region does not offer the service, or not for this type of endpoint.
    """
    wanted, kind = options["service_name"], options["vpc_endpoint_type"]
    names = service_names(wanted, client.meta.region_name, client.meta.partition)
    if current:
        return current["service_name"] if current["service_name"] in names else names[0]
    offered = list_services(client, names)
    for name in names:
        if kind in offered.get(name, []):
            return name
    types = sorted({offer for name in names for offer in offered.get(name, [])})
    raise AnsibleAWSError(
        message=f"service_name is {wanted!r} and vpc_endpoint_type is {kind!r}, but {client.meta.region_name} offers "
        f"{' or '.join(names)} for {' and '.join(types) or 'no'} endpoints. Correct one of them; 'aws ec2 "
        "describe-vpc-endpoint-services' lists what there is."
    )


def settled(call: t.Callable[[], Plain]) -> Plain:
    """Return what a call returns, repeating it while EC2 does not see everywhere what was made just before."""
    return retry_while(lambda error: error_code(error).lower() in UNSEEN, call, SETTLING_SECONDS)


@failing_to("create a VPC endpoint in {vpc_id}")
@unthrottled
def create_endpoint(client: t.Any, vpc_id: str, difference: Difference) -> str:
    """Create an endpoint and return its identifier."""
    # The token keeps a request that the SDK repeats from making a second endpoint.
    request = {"ClientToken": str(uuid.uuid4()), **creation(vpc_id, difference)}
    return str(settled(lambda: client.create_vpc_endpoint(**request))["VpcEndpoint"]["VpcEndpointId"])


@failing_to("change the VPC endpoint {endpoint_id}")
@unthrottled
def modify_endpoint(client: t.Any, endpoint_id: str, members: Plain) -> None:
    """Change an endpoint."""
    settled(lambda: client.modify_vpc_endpoint(VpcEndpointId=endpoint_id, **members))


@failing_to("change the VPC endpoint {endpoint_id}")
@none_when("DuplicateSubnetsInSameZone")
@unthrottled
def modify_if_zones_are_free(client: t.Any, endpoint_id: str, members: Plain) -> bool:
    """Change an endpoint; None when it has a subnet in the availability zone of a new one: it may have one in each."""
    settled(lambda: client.modify_vpc_endpoint(VpcEndpointId=endpoint_id, **members))
    return True


def change(client: t.Any, current: Plain, difference: Difference, timeout: float) -> None:
    """Bring all but the tags into the desired state: what is added first, so that there is no moment without.

    Only a subnet that stands where a new one has to, in its availability zone, goes first.

    :param timeout: seconds to wait before each change until the one before it is done.
    """
    endpoint_id = current["vpc_endpoint_id"]
    added, removed = additions(current, difference), removals(current, difference)
    if added:
        wait_until_available(client, endpoint_id, timeout)
        if "AddSubnetIds" not in added or "RemoveSubnetIds" not in removed:
            modify_endpoint(client, endpoint_id, added)
        elif not modify_if_zones_are_free(client, endpoint_id, added):
            modify_endpoint(client, endpoint_id, {"RemoveSubnetIds": removed.pop("RemoveSubnetIds")})
            wait_until_available(client, endpoint_id, timeout)
            modify_endpoint(client, endpoint_id, added)
    if removed:
        wait_until_available(client, endpoint_id, timeout)
        modify_endpoint(client, endpoint_id, removed)


@failing_to("delete the VPC endpoint {endpoint_id}")
@none_when(*NOT_FOUND)
@unthrottled
def delete_endpoint(client: t.Any, endpoint_id: str) -> None:
    """Start the deletion of an endpoint."""
    accepted(client, "DeleteVpcEndpoints", client.delete_vpc_endpoints(VpcEndpointIds=[endpoint_id]))


def wait_until_available(client: t.Any, endpoint_id: str, timeout: float) -> Plain:
    """Return the endpoint once it passes traffic.

    :param timeout: seconds.
    """
    return Waiter[Plain](
        goal=f"the VPC endpoint {endpoint_id} to become available",
        read=lambda: describe_endpoint(client, endpoint_id) or {"State": "not visible"},
        ready=lambda endpoint: state_of(endpoint) == "available",
        failure=lambda endpoint: reason_of(endpoint) if state_of(endpoint) in (*HOPELESS, *LEAVING) else None,
        progress=reason_of,
        pause=PAUSE,
    ).wait(timeout)


def wait_until_gone(client: t.Any, endpoint: Plain, timeout: float) -> None:
    """Wait until an endpoint has given free its network interfaces, routes and private DNS names.

    :param timeout: seconds.
    """
    endpoint_id = endpoint["VpcEndpointId"]
    Waiter[Plain](
        goal=f"the VPC endpoint {endpoint_id} to be deleted",
        read=lambda: describe_endpoint(client, endpoint_id) or {"State": "deleted"},
        ready=lambda found: state_of(found) == "deleted",
        failure=lambda found: None,
        progress=reason_of,
        pause=PAUSE,
    ).wait(timeout)

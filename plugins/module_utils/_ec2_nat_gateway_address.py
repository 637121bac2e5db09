# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Elastic IP address a NAT gateway takes, and whose it is: the module's, or the user's, which stays untouched."""

from __future__ import annotations

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._ec2_nat_gateway import (
    PRIVATE,
    describe_address,
    list_addresses,
    view,
)
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import is_unknown, placeholder


def manages_address(options: Plain) -> bool:
    """Return whether the address is one that the module allocates, tags and releases."""
    return options["allocation_id"] is None and options["connectivity_type"] != PRIVATE


def existing_address(client: t.Any, options: Plain, gateways: list[Plain]) -> Plain | None:
    """Return the address that a new NAT gateway takes, None when there is none yet or when it needs none.

    :param gateways: those that are being deleted still hold theirs, which is as good as free.
    :raises AnsibleAWSError: when it is taken by something else, or when the user's does not exist.
    """
    if options["connectivity_type"] == PRIVATE:
        return None
    leaving = {view(gateway, None)["allocation_id"] for gateway in gateways if gateway["State"] == "deleting"}
    if options["allocation_id"] is not None:
        return given_address(client, options["allocation_id"], leaving)
    return left_address(client, options["name"], leaving)


def left_address(client: t.Any, name: str, leaving: set[str]) -> Plain | None:
    """Return the address that a run before left without a NAT gateway, None when there is none."""
    addresses = list_addresses(client, name)
    free = [address for address in addresses if is_free(address, leaving)]
    if addresses and not free:
        raise AnsibleAWSError(
            message=f"name is {name!r}, but the Elastic IP address with this tag Name is in use elsewhere: "
            f"{', '.join(map(text, addresses))}. Disassociate it, give it another Name, or choose another name."
        )
    return free[0] if free else None


def given_address(client: t.Any, allocation_id: str, leaving: set[str]) -> Plain:
    """Return the user's own address; one that check mode only predicts is taken for free."""
    if is_unknown(allocation_id):
        return {"AllocationId": allocation_id, "PublicIp": placeholder("public-ip")}
    address = describe_address(client, allocation_id)
    if address is None:
        raise AnsibleAWSError(
            message=f"allocation_id is {allocation_id!r}, but there is no such Elastic IP address in this region. "
            "Give one that exists, or leave the option out to have one allocated."
        )
    if not is_free(address, leaving):
        raise AnsibleAWSError(
            message=f"allocation_id is {allocation_id!r}, but this Elastic IP address is in use elsewhere: "
            f"{text(address)}. Disassociate it, or give another one."
        )
    return address


def refuse_foreign_address(options: Plain, current: Plain) -> None:
    """Stop before the address of somebody else is tagged, which would let state=absent release it.

    :raises AnsibleAWSError: when the address in use does not have the tag that the module gives to its own.
    """
    found = current["address_tags"].get("Name")
    if not manages_address(options) or current["connectivity_type"] == PRIVATE or found == options["name"]:
        return
    raise AnsibleAWSError(
        message=f"The Elastic IP address {current['allocation_id']} of the NAT gateway {current['nat_gateway_id']} has "
        f"the tag Name {found!r} instead of {options['name']!r}. If it is your own, set "
        f"allocation_id={current['allocation_id']}. If this module allocated it, give it the tag again."
    )


def is_free(address: Plain, leaving: set[str]) -> bool:
    """Return whether nothing uses an address, or only what is being deleted."""
    return "AssociationId" not in address or address["AllocationId"] in leaving


def text(address: Plain) -> str:
    """Return how messages name an address."""
    return f"{address['AllocationId']} ({address['PublicIp']})"

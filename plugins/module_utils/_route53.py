# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosted zones of Route 53, and how one of them is changed."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._errors import error_code, failing_to, none_when
from ansible_collections.supastack.aws.plugins.module_utils._retries import retry_while, unthrottled
from ansible_collections.supastack.aws.plugins.module_utils._waiters import Waiter

# Route 53 changes one zone at a time; it is done with a batch within a minute, and this is five times that.
BUSY_SECONDS = 300


@dataclasses.dataclass(frozen=True)
class Zone:
    """A hosted zone.

    :param client: of Route 53.
    :param zone_id: in check mode perhaps only predicted; such a zone does not exist, so nothing is in it.
    """

    client: t.Any
    zone_id: str


def dns_form(name: str) -> str:
    """Return a name as DNS compares it."""
    return name.lower().rstrip(".")


def within(name: str, origin: str) -> bool:
    """Return whether a name is that of a zone or lies below it."""
    return f".{dns_form(name)}".endswith(f".{dns_form(origin)}")


@failing_to("read the hosted zone {zone.zone_id}")
@none_when("NoSuchHostedZone")
@unthrottled
def get_hosted_zone(zone: Zone) -> Plain:
    """Return the hosted zone, None when there is none."""
    return dict(zone.client.get_hosted_zone(Id=zone.zone_id)["HostedZone"])


@failing_to("change the records of the hosted zone {zone.zone_id}")
@unthrottled
def change_records(zone: Zone, action: str, record_sets: t.Sequence[Plain]) -> str:
    """Make one change of all record sets and return its id, waiting while Route 53 makes another one in this zone."""
    changes = [{"Action": action, "ResourceRecordSet": record_set} for record_set in record_sets]
    answer = retry_while(
        lambda error: error_code(error) == "PriorRequestNotComplete",
        lambda: zone.client.change_resource_record_sets(HostedZoneId=zone.zone_id, ChangeBatch={"Changes": changes}),
        BUSY_SECONDS,
    )
    return str(answer["ChangeInfo"]["Id"]).rpartition("/")[2]


@failing_to("read the change {change_id} of Route 53")
@unthrottled
def get_change(zone: Zone, change_id: str) -> str:
    """Return the status of a change."""
    return str(zone.client.get_change(Id=change_id)["ChangeInfo"]["Status"])


def wait_for_change(zone: Zone, change_id: str, goal: str, timeout: float) -> None:
    """Wait until all name servers of Route 53 know of a change.

    :param goal: what they then do.
    :param timeout: seconds, 0 not to wait.
    """
    if timeout:
        Waiter[str](
            goal=f"the name servers of the hosted zone {zone.zone_id} to {goal}",
            read=lambda: get_change(zone, change_id),
            ready=lambda status: status == "INSYNC",
            failure=lambda status: None,
            progress=lambda status: f"status {status}",
        ).wait(timeout)

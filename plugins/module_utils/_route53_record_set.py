# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Record sets of Route 53: how they are found and changed, and the plain data in which they are compared."""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain, distinct
from ansible_collections.supastack.aws.plugins.module_utils._errors import failing_to, none_when
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import is_unknown, placeholder
from ansible_collections.supastack.aws.plugins.module_utils._retries import unthrottled
from ansible_collections.supastack.aws.plugins.module_utils._route53 import (
    Zone,
    change_records,
    dns_form,
    get_hosted_zone,
    wait_for_change,
    within,
)

TYPES = ("A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SRV", "SSHFP", "SVCB", "TLSA", "TXT")
# Their values are names, or end with one, which DNS compares without regard to case and final dot.
NAMING = ("CNAME", "MX", "NS", "PTR", "SRV")
TTL = 300


@failing_to("look for the hosted zone {name}")
@unthrottled
def list_named(client: t.Any, name: str) -> list[Plain]:
    """Return the hosted zones of this name, public and private ones.

    Route 53 lists them in the order of their names from this one on, 100 at once; nobody has that many of one name.
    """
    found = client.list_hosted_zones_by_name(DNSName=name)["HostedZones"]
    return [dict(zone) for zone in found if dns_form(zone["Name"]) == name]


def zone_named(client: t.Any, options: Plain) -> Zone | None:
    """Return the hosted zone that the options name, None when the account has none.

    :raises AnsibleAWSError: when there are several.
    """
    name, private = dns_form(options["hosted_zone_name"]), options["private_zone"]
    zones = [zone for zone in list_named(client, name) if bool(zone.get("Config", {}).get("PrivateZone")) is private]
    ids = [str(zone["Id"]).rpartition("/")[2] for zone in zones]
    if len(ids) > 1:
        kind = "private" if private else "public"
        raise AnsibleAWSError(
            message=f"hosted_zone_name is {name!r}, but this account has {len(ids)} {kind} hosted zones of that name: "
            f"{', '.join(sorted(ids))}. Give the one you mean as hosted_zone_id."
        )
    return Zone(client, ids[0]) if ids else None


def find_zone(client: t.Any, options: Plain) -> Zone | None:
    """Return the hosted zone, None when there is none of the name, or when the id is only predicted."""
    zone_id = options["hosted_zone_id"]
    if zone_id is None:
        return zone_named(client, options)
    return None if is_unknown(zone_id) else Zone(client, zone_id.rpartition("/")[2])


def shown(name: str) -> str:
    """Return a name as it is written: Route 53 shows an asterisk by its code."""
    return dns_form(name.replace("\\052", "*"))


@failing_to("look for the record set {name} {kind} in the hosted zone {zone.zone_id}")
@none_when("NoSuchHostedZone")
@unthrottled
def find_record_set(zone: Zone, name: str, kind: str) -> Plain | None:
    """Return the record set as Route 53 has it, None when there is none, or no such zone."""
    listed = zone.client.list_resource_record_sets(
        HostedZoneId=zone.zone_id, StartRecordName=name, StartRecordType=kind, MaxItems="1"
    )
    for found in listed["ResourceRecordSets"]:
        if (shown(found["Name"]), found["Type"]) == (name, kind):
            return dict(found)
    return None


def refuse_policy(record_set: Plain, name: str) -> None:
    """Stop at a record set that is one of several of its name and type, or that a traffic policy made."""
    policy = record_set.get("SetIdentifier") or record_set.get("TrafficPolicyInstanceId")
    if policy:
        raise AnsibleAWSError(
            message=f"{name} has record sets with a routing or traffic policy, one of them {policy!r}, which this "
            "module does not manage. Delete them first, or change them where they were made."
        )


def value_form(kind: str, value: str) -> str:
    """Return a value in the one spelling in which it is compared and written."""
    if kind in NAMING:
        return " ".join(dns_form(value).split())
    if kind == "AAAA":
        try:
            return str(ipaddress.IPv6Address(value))
        except ValueError:
            pass
    return value


def target_form(target: Plain) -> Plain:
    """Return the target of an alias, from the options, in the form in which it is compared."""
    return {**target, "dns_name": dns_form(target["dns_name"])}


def view(zone_id: str, record_set: Plain) -> Plain:
    """Return a record set as the module returns and compares it."""
    target, kind = record_set.get("AliasTarget"), record_set["Type"]
    return {
        "hosted_zone_id": zone_id,
        "name": shown(record_set["Name"]),
        "type": kind,
        "ttl": int(record_set.get("TTL") or 0),
        "records": distinct(value_form(kind, item["Value"]) for item in record_set.get("ResourceRecords") or []),
        "alias_target": {
            "dns_name": dns_form(target["DNSName"]),
            "hosted_zone_id": target["HostedZoneId"],
            "evaluate_target_health": target["EvaluateTargetHealth"],
        }
        if target
        else {},
    }


def unknown_view(zone: Zone | None, options: Plain) -> Plain:
    """Return the predicted return values of a record set that does not exist, before the options are laid over them."""
    zone_id = zone.zone_id if zone else options["hosted_zone_id"] or placeholder("Z")
    name = {"name": dns_form(options["name"]), "type": options["type"]}
    return {"hosted_zone_id": zone_id, **name, "ttl": 0, "records": [], "alias_target": {}}


def desired_from(options: Plain, current: Plain | None) -> Plain:
    """Return the values that the options ask for, in the form of the record set that was read.

    What has records has a TTL, what is an alias has none of its own.
    """
    if options["alias_target"]:
        return {"ttl": 0, "records": [], "alias_target": target_form(options["alias_target"])}
    ttl, values = options["ttl"], options["records"]
    if ttl is None and values is not None and not (current and current["records"]):
        ttl = TTL
    records = distinct(value_form(options["type"], value) for value in values) if values is not None else None
    return {"ttl": ttl, "records": records, "alias_target": None if values is None else {}}


def is_meant(options: Plain, current: Plain) -> bool:
    """Return whether a record set leads where the options say, if they say anything."""
    if options["alias_target"]:
        wanted = target_form(options["alias_target"])
        return all(current["alias_target"].get(key) == wanted[key] for key in ("dns_name", "hosted_zone_id"))
    wanted_records = desired_from(options, current)["records"]
    return wanted_records in (None, current["records"])


def origin_of(zone: Zone | None, options: Plain) -> str | None:
    """Return the name of the hosted zone, None when only a prediction tells which one it is.

    :raises AnsibleAWSError: when there is no zone of the id.
    """
    if zone is None or options["hosted_zone_id"] is None:
        return t.cast("str | None", options["hosted_zone_name"])
    found = get_hosted_zone(zone)
    if found is None:
        raise AnsibleAWSError(
            message=f"hosted_zone_id is {zone.zone_id!r}, but this account has no such hosted zone. "
            "Create it first with amazon.aws.route53_zone, or correct hosted_zone_id."
        )
    return str(found["Name"])


def refuse_unfit_zone(zone: Zone | None, options: Plain) -> None:
    """Stop when the hosted zone does not exist, or cannot hold a record set of this name.

    :raises AnsibleAWSError: naming both.
    """
    origin = origin_of(zone, options)
    if origin is not None and not within(options["name"], origin):
        raise AnsibleAWSError(
            message=f"name is {options['name']!r}, which the hosted zone {dns_form(origin)} does not serve. "
            "Give the hosted zone of this name, or a name in that zone."
        )


def refuse_prediction(difference: Difference) -> None:
    """Stop when check mode predicted what is to be written: to Route 53, any name is as good.

    :raises AnsibleAWSError: naming it.
    """
    wanted = difference.desired("records", "alias_target")
    if is_unknown(wanted):
        raise AnsibleAWSError(
            message=f"What is to be written is only predicted: {wanted}. Make what it leads to, then run this again."
        )


def request(difference: Difference, raw: Plain | None, view_before: Plain) -> Plain:
    """Return the record set to write.

    :param raw: the one that it replaces: what no option of the module sets stays.
    """
    wanted = difference.prediction(view_before)
    record_set: Plain = {"Name": f"{wanted['name']}.", "Type": wanted["type"]}
    if wanted["alias_target"]:
        target = wanted["alias_target"]
        record_set["AliasTarget"] = {
            "HostedZoneId": target["hosted_zone_id"],
            "DNSName": target["dns_name"],
            "EvaluateTargetHealth": target["evaluate_target_health"],
        }
    else:
        values = [{"Value": value} for value in wanted["records"]]
        record_set |= {"TTL": wanted["ttl"], "ResourceRecords": values}
    health_check = (raw or {}).get("HealthCheckId")
    return {**record_set, "HealthCheckId": health_check} if health_check else record_set


def write(zone: Zone, action: str, record_set: Plain, options: Plain) -> None:
    """Change one record set."""
    change_id = change_records(zone, action, [record_set])
    goal = f"{'forget' if action == 'DELETE' else 'answer with'} {dns_form(options['name'])} {options['type']}"
    wait_for_change(zone, change_id, goal, options["wait_timeout"] if options["wait"] else 0)

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of ACM certificates, the DNS records that validate them, and the Route 53 zone that holds the records."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._errors import failing_to, none_when
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import UNKNOWN, is_unknown
from ansible_collections.supastack.aws.plugins.module_utils._retries import unthrottled
from ansible_collections.supastack.aws.plugins.module_utils._route53 import (
    Zone,
    change_records,
    dns_form,
    get_hosted_zone,
    wait_for_change,
    within,
)

TTL = 300
LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
NAME = re.compile(rf"(\*\.)?({LABEL}\.)+{LABEL}")
# The domain name is the certificate's common name, which RFC 5280 limits; a DNS name has at most 253 characters.
LENGTHS = {"domain_name": 64, "subject_alternative_names": 253}


def check_name(option: str, name: str) -> None:
    """Stop when ACM would refuse a domain name.

    :raises AnsibleAWSError: naming the option, the name and what it should be.
    """
    if is_unknown(name) or (NAME.fullmatch(name.lower()) and len(name) <= LENGTHS[option]):
        return
    raise AnsibleAWSError(
        message=f"{option} has {name!r}, which is no domain name that ACM takes. Give one such as api.example.com or "
        f"*.example.com, of at most {LENGTHS[option]} characters, without scheme, port, path and final dot."
    )


def check_names(options: Plain) -> None:
    """Stop when ACM would refuse one of the names that the options have."""
    if options["domain_name"] is not None:
        check_name("domain_name", options["domain_name"])
    for name in options["subject_alternative_names"]:
        check_name("subject_alternative_names", name)


def base_name(name: str) -> str:
    """Return the name that ACM validates: a wildcard needs the same record as the domain it stands in."""
    return name.lower().removeprefix("*.")


def names_of(certificate: t.Mapping[str, t.Any]) -> list[str]:
    """Return all names of a described certificate, its domain name among them."""
    names = [certificate["DomainName"], *certificate.get("SubjectAlternativeNames", [])]
    return sorted({name.lower() for name in names})


def validation_records(certificate: t.Mapping[str, t.Any]) -> list[Plain]:
    """Return the records that a certificate needs, each once.

    ACM tells them some seconds after the request; until then, a placeholder stands for the record of each name.
    """
    found = {}
    for option in certificate.get("DomainValidationOptions") or []:
        if "ResourceRecord" in option:
            record = option["ResourceRecord"]
            found[base_name(option["DomainName"])] = {
                "name": record["Name"],
                "type": record["Type"],
                "value": record["Value"],
            }
    for base in map(base_name, names_of(certificate)):
        found.setdefault(base, {"name": f"_{UNKNOWN}.{base}.", "type": "CNAME", "value": UNKNOWN})
    return sorted(found.values(), key=lambda record: str(record["name"]))


@failing_to("look for the record {record[name]} in the hosted zone {zone.zone_id}")
@none_when("NoSuchHostedZone")
@unthrottled
def find_record_set(zone: Zone, record: Plain) -> Plain | None:
    """Return the record set that answers a validation record, None when there is none."""
    listed = zone.client.list_resource_record_sets(
        HostedZoneId=zone.zone_id, StartRecordName=record["name"], StartRecordType=record["type"], MaxItems="1"
    )
    for found in listed["ResourceRecordSets"]:
        values = [dns_form(item["Value"]) for item in found.get("ResourceRecords", [])]
        named = (dns_form(found["Name"]), found["Type"]) == (dns_form(record["name"]), record["type"])
        if named and dns_form(record["value"]) in values:
            return dict(found)
    return None


def with_publication(zone: Zone | None, records: t.Iterable[Plain]) -> list[Plain]:
    """Return the records with whether the zone has them, null when there is no zone to look into."""
    return [{**record, "published": zone and bool(find_record_sets(zone, [record]))} for record in records]


def refuse_unfit_zone(zone: Zone, names: t.Iterable[str]) -> None:
    """Stop before anything is written when the zone cannot hold the validation records of these names.

    :raises AnsibleAWSError: naming the zone and the names that it does not serve.
    """
    if is_unknown(zone.zone_id):
        return
    found = get_hosted_zone(zone)
    if found is None:
        raise AnsibleAWSError(
            message=f"hosted_zone_id is {zone.zone_id!r}, but this account has no such hosted zone. "
            "Create it first with amazon.aws.route53_zone, or correct hosted_zone_id."
        )
    origin = dns_form(found["Name"])
    if found.get("Config", {}).get("PrivateZone"):
        raise AnsibleAWSError(
            message=f"hosted_zone_id is {zone.zone_id!r}, the private hosted zone of {origin}, where ACM cannot look. "
            "Give the public hosted zone of the domain."
        )
    outside = sorted(name for name in names if not is_unknown(name) and not within(base_name(name), origin))
    if outside:
        raise AnsibleAWSError(
            message=f"hosted_zone_id is {zone.zone_id!r}, the hosted zone of {origin}, which does not serve "
            f"{', '.join(outside)}. Give the zone of all names, or leave hosted_zone_id out and publish the "
            "validation_records that the module returns."
        )


def publish(zone: Zone, records: t.Iterable[Plain], timeout: float) -> None:
    """Write validation records.

    :param timeout: seconds to wait until all name servers of Route 53 answer with them, 0 not to wait.
    """
    record_sets = [
        {
            "Name": record["name"],
            "Type": record["type"],
            "TTL": TTL,
            "ResourceRecords": [{"Value": record["value"]}],
        }
        for record in records
    ]
    change_id = change_records(zone, "UPSERT", record_sets)
    wait_for_change(zone, change_id, "answer with the validation records", timeout)


def find_record_sets(zone: Zone, records: t.Iterable[Plain]) -> list[Plain]:
    """Return the record sets of the zone that answer these records, in the form in which they can be deleted."""
    if is_unknown(zone.zone_id):
        return []
    found = [find_record_set(zone, record) for record in records if not is_unknown(record)]
    return [record_set for record_set in found if record_set is not None]


def remove_records(zone: Zone, record_sets: t.Sequence[Plain]) -> None:
    """Delete record sets of the zone."""
    change_records(zone, "DELETE", record_sets)

# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module route53_record_set."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.modules import route53_record_set

ZONE = "Z0123456789ABCDEFGHIJ"
NAME = "api.example.com"
BALANCER = {"dns_name": "production.eu-west-1.elb.amazonaws.com", "hosted_zone_id": "Z32O12XQLNTSW2"}
WHERE = {"hosted_zone_id": ZONE, "name": NAME, "type": "A"}
OPTIONS: dict[str, Any] = {**WHERE, "records": ["192.0.2.2", "192.0.2.1"]}
ALIAS: dict[str, Any] = {**WHERE, "alias_target": BALANCER}
ABSENT = {**WHERE, "state": "absent"}
NAMED = {"hosted_zone_name": "Example.com.", **{key: OPTIONS[key] for key in ("name", "type", "records")}}
Call = tuple[str, dict[str, Any], Any]


def wire(*values: str, **members: Any) -> dict[str, Any]:
    """Return a record set as Route 53 has it; a member of None is not there."""
    records = [{"Value": value} for value in values or ("192.0.2.1", "192.0.2.2")]
    whole = {"Name": f"{NAME}.", "Type": "A", "TTL": 300, "ResourceRecords": records, **members}
    return {name: value for name, value in whole.items() if value is not None}


def alias(**members: Any) -> dict[str, Any]:
    """Return an alias as Route 53 has it."""
    target = {"HostedZoneId": BALANCER["hosted_zone_id"], "DNSName": BALANCER["dns_name"]}
    whole = {**target, "EvaluateTargetHealth": False, **members}
    return {"Name": f"{NAME}.", "Type": "A", "AliasTarget": whole}


def look(*found: dict[str, Any], name: str = NAME, kind: str = "A", answer: str | None = None) -> Call:
    """Return the expected search for a record set."""
    request = {"HostedZoneId": ZONE, "StartRecordName": name, "StartRecordType": kind, "MaxItems": "1"}
    listed = {"ResourceRecordSets": list(found), "IsTruncated": False, "MaxItems": "1"}
    return ("list_resource_record_sets", request, answer or listed)


def change(action: str, record_set: dict[str, Any], answer: str | None = None) -> Call:
    """Return the expected change."""
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record_set}]}
    info = {"Id": "/change/C1", "Status": "PENDING", "SubmittedAt": datetime(2026, 1, 1, tzinfo=UTC)}
    request = {"HostedZoneId": ZONE, "ChangeBatch": batch}
    return ("change_resource_record_sets", request, answer or {"ChangeInfo": info})


def is_in(status: str) -> Call:
    """Return the expected look at the change."""
    info = {"Id": "/change/C1", "Status": status, "SubmittedAt": datetime(2026, 1, 1, tzinfo=UTC)}
    return ("get_change", {"Id": "C1"}, {"ChangeInfo": info})


def zone(name: str = "example.com.", private: bool = False, zone_id: str = ZONE) -> dict[str, Any]:
    """Return a hosted zone as Route 53 has it."""
    return {"Id": f"/hostedzone/{zone_id}", "Name": name, "CallerReference": "r", "Config": {"PrivateZone": private}}


def named(*zones: dict[str, Any]) -> Call:
    """Return the expected search for a hosted zone; others follow in the order of their names."""
    found = [*zones, zone("www.example.com.", zone_id="ZOTHER")]
    return (
        "list_hosted_zones_by_name",
        {"DNSName": "example.com"},
        {"HostedZones": found, "IsTruncated": False, "MaxItems": "100"},
    )


ZONE_IS: Call = ("get_hosted_zone", {"Id": ZONE}, {"HostedZone": zone()})
DONE = [is_in("PENDING"), is_in("INSYNC")]
# What a search finds when there is none of the name and type: whatever comes next in the zone.
NEXT = wire(Name="apt.example.com.")
VALUES = {**WHERE, "ttl": 300, "records": ["192.0.2.1", "192.0.2.2"], "alias_target": {}}
ALIAS_VALUES = {"ttl": 0, "records": [], "alias_target": {**BALANCER, "evaluate_target_health": False}}
UPSERT = change("UPSERT", wire())
CHECKED = wire(HealthCheckId="check")

MATRIX: dict[str, tuple[dict[str, Any], list[Call], list[Call], bool, dict[str, Any] | None]] = {
    # options, reads, writes (with the reads that follow them), changed, part of the returned record set
    "create": (OPTIONS, [look(NEXT), ZONE_IS], [UPSERT, *DONE, look(wire())], True, VALUES),
    "create an alias": (
        ALIAS,
        [look(), ZONE_IS],
        [change("UPSERT", alias()), *DONE, look(alias())],
        True,
        ALIAS_VALUES,
    ),
    "create by the name of the zone": (
        NAMED,
        [named(zone(private=True, zone_id="ZPRIVATE"), zone()), look()],
        [UPSERT, *DONE, look(wire())],
        True,
        VALUES,
    ),
    "no-op": (NAMED, [named(zone()), look(wire("192.0.2.2", "192.0.2.1", TTL=60))], [], False, {"ttl": 60}),
    "no-op of an alias": (ALIAS, [look(alias(DNSName="Production.eu-west-1.elb.amazonaws.com."))], [], False, {}),
    "update keeps what no option sets": (
        {**OPTIONS, "records": ["192.0.2.3"]},
        [look({**CHECKED, "TTL": 60})],
        [change("UPSERT", wire("192.0.2.3", TTL=60, HealthCheckId="check")), *DONE, look(wire("192.0.2.3"))],
        True,
        {"records": ["192.0.2.3"]},
    ),
    "update of the time to live": (
        {**OPTIONS, "ttl": 60, "wait": False},
        [look(wire())],
        [change("UPSERT", wire(TTL=60)), look(wire(TTL=60))],
        True,
        {"ttl": 60},
    ),
    "records become an alias": (
        ALIAS,
        [look(wire())],
        [change("UPSERT", alias()), *DONE, look(alias())],
        True,
        ALIAS_VALUES,
    ),
    "an alias becomes records": (OPTIONS, [look(alias())], [UPSERT, *DONE, look(wire())], True, VALUES),
    "delete": (ABSENT, [look(CHECKED)], [change("DELETE", CHECKED), *DONE], True, None),
    "delete missing": (ABSENT, [look(NEXT)], [], False, None),
    "delete from a missing zone": (ABSENT, [look(answer="NoSuchHostedZone: none")], [], False, None),
    "delete what is meant": (
        {**ALIAS, "state": "absent"},
        [look(alias(EvaluateTargetHealth=True))],
        [change("DELETE", alias(EvaluateTargetHealth=True)), *DONE],
        True,
        None,
    ),
    "leave an alias that leads elsewhere": (
        {**ALIAS, "state": "absent"},
        [look(alias(DNSName="other.eu-west-1.elb.amazonaws.com."))],
        [],
        False,
        None,
    ),
    "leave other records": ({**OPTIONS, "state": "absent"}, [look(wire("192.0.2.9"))], [], False, None),
}


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize("case", MATRIX)
def test_matrix(run_module: Callable[..., Any], case: str, check_mode: bool) -> None:
    options, reads, writes, changed, record_set = MATRIX[case]
    outcome = run_module(route53_record_set, options, reads if check_mode else reads + writes, check_mode=check_mode)
    outcome.assert_made(changed, "record_set", record_set)


@pytest.mark.parametrize(
    ("options", "reads", "zone_id"),
    [
        ({**OPTIONS, "hosted_zone_id": "Z-known-after-apply"}, [], "Z-known-after-apply"),
        (NAMED, [named()], "Z-known-after-apply"),
        (OPTIONS, [look(), ZONE_IS], ZONE),
    ],
    ids=["predicted id", "name without a zone", "zone that is there"],
)
def test_a_record_set_of_a_zone_to_be_made_is_predicted(
    run_module: Callable[..., Any], options: dict[str, Any], reads: list[Call], zone_id: str
) -> None:
    predicted = run_module(route53_record_set, options, reads, check_mode=True)
    assert predicted.result["record_set"] == {**VALUES, "hosted_zone_id": zone_id}


@pytest.mark.parametrize(
    ("kind", "asked", "found"),
    [
        ("CNAME", ["Target.Example.org"], ["target.example.org."]),
        ("MX", ["10 a.example.com.", "20 b.example.com"], ["20  B.example.com.", "10 a.example.com"]),
        ("AAAA", ["2001:DB8::1"], ["2001:db8:0:0:0:0:0:1"]),
        ("AAAA", ["of the answer"], ["of the answer"]),
        ("TXT", ['"v=spf1 -all"'], ['"v=spf1 -all"']),
    ],
)
def test_values_are_compared_as_dns_does(
    run_module: Callable[..., Any], kind: str, asked: list[str], found: list[str]
) -> None:
    record_set = wire(*found, Name="\\052.example.com.", Type=kind)
    options = {**OPTIONS, "name": "*.Example.com", "type": kind, "records": asked}
    steps = [look(record_set, name="*.example.com", kind=kind)]
    run_module(route53_record_set, options, steps).assert_made(False, "record_set", {"name": "*.example.com"})


NO_SUCH: Call = (*ZONE_IS[:2], "NoSuchHostedZone: none")
POLICY = {"TTL": None, "ResourceRecords": None, "TrafficPolicyInstanceId": "policy-1"}
REFUSALS: dict[str, tuple[dict[str, Any], list[Call], str]] = {
    # options, calls, part of the message
    "no values": ({**OPTIONS, "records": []}, [], "records is empty"),
    "no such id": (OPTIONS, [look(answer="NoSuchHostedZone: none"), NO_SUCH], f"hosted_zone_id is '{ZONE}'"),
    "no such name": (NAMED, [named()], "hosted_zone_name is 'Example.com.', but this account has no such public"),
    "an id that is only predicted": (
        {**OPTIONS, "hosted_zone_id": "Z-known-after-apply"},
        [],
        "hosted_zone_id is 'Z-known-after-apply'",
    ),
    "several of the name": (NAMED, [named(zone(zone_id="ZB"), zone(zone_id="ZA"))], "zones of that name: ZA, ZB"),
    "another domain": (
        {**OPTIONS, "name": "api.notexample.com"},
        [look(name="api.notexample.com"), ZONE_IS],
        "which the hosted zone example.com does not serve",
    ),
    "a routing policy": (OPTIONS, [look(wire(SetIdentifier="blue", Weight=1))], "one of them 'blue'"),
    "a traffic policy": (ABSENT, [look(wire(**POLICY))], "one of them 'policy-1'"),
    "a target that is only predicted": (
        {**ALIAS, "alias_target": {**BALANCER, "dns_name": "address-known-after-apply"}},
        [look(), ZONE_IS],
        "only predicted: {",
    ),
    "a refusal": (
        {**OPTIONS, "ttl": 5},
        [look(wire()), change("UPSERT", wire(TTL=5), "InvalidChangeBatch: because")],
        f"Failed to change the records of the hosted zone {ZONE}: An error occurred (InvalidChangeBatch)",
    ),
    "a change that lasts": (
        {**OPTIONS, "ttl": 5, "wait_timeout": 1},
        [look(wire()), change("UPSERT", wire(TTL=5)), is_in("PENDING"), is_in("PENDING")],
        f"the name servers of the hosted zone {ZONE} to answer with {NAME} A: status PENDING",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refusals(run_module: Callable[..., Any], case: str) -> None:
    options, steps, part = REFUSALS[case]
    assert part in run_module(route53_record_set, options, steps).message


def test_it_waits_while_the_zone_is_being_changed(run_module: Callable[..., Any]) -> None:
    busy = change("DELETE", wire(), "PriorRequestNotComplete: busy")
    steps = [look(wire()), busy, change("DELETE", wire()), is_in("INSYNC")]
    run_module(route53_record_set, ABSENT, steps).assert_made(True, "record_set", None)

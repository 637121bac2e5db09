# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The role dns_tls: the zone it takes, what it says of a delegation that a real DNS server knows or not, its teardown.

An emulated certificate is issued at once, whoever delegates to its zone, so that no scenario comes to these words.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.plugins.lookup.dns_server import NS, A, Reply, serving
from tests.unit.roles.templating import CHECKOUT, evaluate, refusal, render, trusted

API, STUDIO = "supabase.example.com", "studio.example.com"
OURS = ["ns-1.awsdns-00.com", "ns-2.awsdns-00.net"]
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"
PREDICTED = "arn:aws:acm:eu-west-1:known-after-apply"
INPUTS: dict[str, Any] = {
    "dns_tls_environment": "demo",
    "dns_tls_region": "eu-west-1",
    "dns_tls_tags": {},
    "dns_tls_api_host": API,
}


@pytest.mark.parametrize(
    ("variables", "part"),
    [
        ({}, ""),
        ({"dns_tls_api_host": ""}, ""),
        ({"dns_tls_studio_host": STUDIO, "dns_tls_zone_name": "example.com", "dns_tls_resolver": "192.0.2.1:53"}, ""),
        ({"dns_tls_api_host": "https://example.com"}, "dns_tls_api_host is 'https://example.com'"),
        ({"dns_tls_api_host": f"{'a' * 53}.example.com"}, "at most 64 characters"),
        ({"dns_tls_studio_host": "Studio.example.com"}, "dns_tls_studio_host 'Studio.example.com'"),
        ({"dns_tls_studio_host": API}, "give two different host names"),
        ({"dns_tls_api_host": "", "dns_tls_studio_host": STUDIO}, "give two different host names"),
        ({"dns_tls_zone_id": "/hostedzone/Z1"}, "give the id alone"),
        ({"dns_tls_zone_name": "ample.com"}, "dns_tls_zone_name 'ample.com'"),
        ({"dns_tls_zone_name": ""}, "dns_tls_zone_name ''"),
        ({"dns_tls_resolver": "dns.example.com"}, "dns_tls_resolver is 'dns.example.com'"),
        ({"dns_tls_certificate_arn": CERTIFICATE}, ""),
        ({"dns_tls_certificate_arn": CERTIFICATE, "dns_tls_region": "us-east-1"}, "in ACM, in us-east-1"),
    ],
)
def test_what_validation_says(variables: dict[str, Any], part: str) -> None:
    message = refusal("dns_tls", **{**INPUTS, **variables})
    assert bool(message) == bool(part)
    assert part in message


def zone(name: str, zone_id: str, private: bool = False) -> dict[str, Any]:
    """A hosted zone as Route 53 lists it."""
    return {"Name": f"{name}.", "Id": f"/hostedzone/{zone_id}", "Config": {"PrivateZone": private}}


COM = zone("example.com", "ZCOM")
ABOVE, WIDE = zone(API, "ZAPI"), zone("com", "ZTOP")


@pytest.mark.parametrize(
    ("zones", "hosts", "nearest", "zone_id"),
    [
        ([], [API], ["none"], "Z-known-after-apply"),
        ([zone("example.com", "ZP", True), WIDE, zone("notexample.com", "ZN")], [API], ["none"], "Z-known-after-apply"),
        # Route 53 lists from a name on, so that a zone comes more than once.
        ([COM, zone("example.com", "ZP", True), COM], [API, STUDIO], ["example.com"], "ZCOM"),
        ([COM, ABOVE], [API], [API], "ZAPI"),
        ([COM, ABOVE], [API, STUDIO], [API, "example.com"], "ZAPI"),
    ],
    ids=["none", "none that fits", "found", "nearest", "two"],
)
def test_the_nearest_public_zone_is_taken(
    zones: list[dict[str, Any]], hosts: list[str], nearest: list[str], zone_id: str
) -> None:
    listed = {"results": [{"HostedZones": zones}]}
    found = {**INPUTS, "dns_tls_studio_host": (*hosts, "")[1], "__dns_tls_listed": listed}
    assert evaluate("dns_tls", "__dns_tls_nearest", **found) == nearest
    assert evaluate("dns_tls", "__dns_tls_id", **found) == zone_id


def test_the_zone_that_is_named_or_made_is_taken() -> None:
    assert evaluate("dns_tls", "__dns_tls_id", **INPUTS, dns_tls_zone_id="ZGIVEN") == "ZGIVEN"
    assert evaluate("dns_tls", "__dns_tls_id", **INPUTS, __dns_tls_made={"zone_id": "ZMADE"}) == "ZMADE"
    # In check mode.
    assert evaluate("dns_tls", "__dns_tls_exists", **INPUTS, __dns_tls_made={"zone_id": None}) is False


@pytest.mark.parametrize(("status", "asks"), [("PENDING_VALIDATION", True), ("ISSUED", False)])
def test_when_the_zone_above_is_asked(status: str, asks: bool) -> None:
    known = {**INPUTS, "dns_tls_zone_id": "Z1", "__dns_tls_certificate": {"certificate": {"status": status}}}
    assert evaluate("dns_tls", "__dns_tls_asks", **known) is asks
    assert evaluate("dns_tls", "__dns_tls_asks", **known, dns_tls_check_delegation=False) is False


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"dns_tls_api_host": ""}, {"certificate_arn": "", "zone_id": "", "allow_http": False}),
        ({"dns_tls_api_host": "", "dns_tls_allow_http": True}, {"certificate_arn": "", "allow_http": True}),
        ({"dns_tls_allow_http": True}, {"certificate_arn": PREDICTED, "hosts": [API], "allow_http": False}),
        ({}, {"zone_id": "Z-known-after-apply", "zone_name": API, "external_dns_zone_id": ""}),
        ({"dns_tls_records": "external_dns", "dns_tls_zone_id": "Z1"}, {"external_dns_zone_id": "Z1"}),
        (
            {"dns_tls_certificate_arn": CERTIFICATE, "dns_tls_records": "external_dns", "dns_tls_allow_http": True},
            {
                "certificate_arn": CERTIFICATE,
                "zone_id": "",
                "external_dns_zone_id": "",
                "hosts": [],
                "allow_http": False,
            },
        ),
    ],
)
def test_what_others_are_told(variables: dict[str, Any], told: dict[str, Any]) -> None:
    task = yaml.safe_load((CHECKOUT / "roles/dns_tls/tasks/publish.yml").read_text(encoding="utf-8"))[-1]
    enabled = evaluate("dns_tls", "__dns_tls_enabled", **{**INPUTS, **variables})
    requested = {"__dns_tls_certificate": {"certificate": {"arn": PREDICTED, "status": "PENDING_VALIDATION"}}}
    known = {**INPUTS, **trusted(task["vars"]), **variables, **(requested if enabled else {})}
    outputs = render("dns_tls", task["ansible.builtin.set_fact"]["dns_tls_outputs"], **known)
    assert told.items() <= outputs.items()


# What the zone above names for each host's zone, and what is said to the host.
DELEGATIONS: dict[str, tuple[Reply, str]] = {
    "delegated": (Reply((f"{OURS[1].upper()}.", OURS[0]), referral=True), ""),
    "in-part": (Reply((OURS[0],), referral=True), ""),
    "elsewhere": (Reply((OURS[0], "ns.elsewhere.example"), referral=True), f"it names {OURS[0]}, ns.elsewhere.example"),
    "missing": (Reply(code=3), "it names no server"),
    "unknown": (Reply(code=2), "could not be checked: nobody answers"),
}


def play(folder: Path, resolver: str) -> subprocess.CompletedProcess[str]:
    """Run the role's tasks about the delegation, each case being a host."""
    certificate = {"certificate": {"arn": "arn:aws:acm:certificate", "status": "PENDING_VALIDATION"}}
    hosts = {
        case: {
            **INPUTS,
            "dns_tls_zone_id": f"Z{case.upper()}",
            "dns_tls_resolver": resolver,
            "__dns_tls_certificate": certificate,
            "__dns_tls_zone": {
                "HostedZone": {"Name": f"{case}.example.com."},
                "DelegationSet": {"NameServers": [f"{name}." for name in OURS]},
            },
        }
        for case in DELEGATIONS
    }
    connection = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts, "vars": connection}}))
    role = {"name": "supastack.aws.dns_tls", "tasks_from": "delegation"}
    tasks = [{"name": "Delegation", "ansible.builtin.import_role": role}]
    playbook = [{"name": "Ask", "hosts": "all", "gather_facts": False, "tasks": tasks}]
    (folder / "play.yml").write_text(yaml.safe_dump(playbook))
    settings = {"ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json", "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg")}
    return subprocess.run(
        [Path(sys.executable).parent / "ansible-playbook", "-i", folder / "hosts.yml", folder / "play.yml"],
        cwd=CHECKOUT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_certificate_is_waited_for_only_where_the_zone_above_delegates(tmp_path: Path) -> None:
    above = {
        ("example.com", NS, True): Reply(("ns.example.net",)),
        ("ns.example.net", A, True): Reply(("127.0.0.1",)),
    }
    cases = {(f"{case}.example.com", NS, False): reply for case, (reply, _said) in DELEGATIONS.items()}
    with serving({**above, **cases}) as resolver:
        ran = play(tmp_path, resolver)
    answer = json.loads(ran.stdout[ran.stdout.index("{") :])
    results = [task["hosts"] for task in answer["plays"][0]["tasks"]]
    said = {host: result["msg"] for hosts in results for host, result in hosts.items() if result.get("failed")}
    assert set(said) == {case for case, (_reply, part) in DELEGATIONS.items() if part}
    for case, message in said.items():
        assert DELEGATIONS[case][1] in message
        assert ", ".join(OURS) in message
        assert f"hosted zone Z{case.upper()}" in message


BALANCER = "production-1.eu-west-1.elb.amazonaws.com"
OTHER = "other-1.eu-west-1.elb.amazonaws.com"
CLUSTERS = {BALANCER: "demo", OTHER: "other"}


@pytest.mark.parametrize(
    ("target", "stale"),
    [
        (BALANCER, True),
        (f"dualstack.{BALANCER}", True),
        ("gone-1.eu-west-1.elb.amazonaws.com", True),
        (OTHER, False),
        (f"dualstack.{OTHER}", False),
        ("gone-1.eu-central-1.elb.amazonaws.com", False),
        ("d111111abcdef8.cloudfront.net", False),
        (None, False),
    ],
)
def test_a_teardown_leaves_hosts_that_lead_elsewhere(target: str | None, stale: bool) -> None:
    before = {"name": API, "alias_target": {"dns_name": target} if target else {}}
    balancers = [
        {"dns_name": name.title(), "tags": {"elbv2.k8s.aws/cluster": cluster, "more": "1"}}
        for name, cluster in CLUSTERS.items()
    ]
    found = evaluate(
        "dns_tls",
        "__dns_tls_stale",
        **INPUTS,
        dns_tls_load_balancers=[{"host": API, "cluster_name": "demo", "ingress": "supabase/supabase-gateway"}],
        __dns_tls_led={"results": [{"diff": {"before": before}}, {"diff": {"before": {}}}]},
        __dns_tls_balancers={"load_balancers": balancers},
    )
    assert found == ([before] if stale else [])


@pytest.mark.parametrize(
    ("status", "eligibility", "users", "problem"),
    [
        (None, "INELIGIBLE", [], False),
        (None, "ELIGIBLE", ["balancer"], False),
        ("PENDING_AUTO_RENEWAL", "ELIGIBLE", ["balancer"], False),
        (None, "INELIGIBLE", ["balancer"], True),
        ("FAILED", "ELIGIBLE", ["balancer"], True),
    ],
)
def test_a_renewal_that_needs_somebody(status: str | None, eligibility: str, users: list[str], problem: bool) -> None:
    certificate = {"renewal_status": status, "renewal_eligibility": eligibility, "in_use_by": users}
    variables = {"__dns_tls_certificate": {"certificate": certificate}}
    assert evaluate("dns_tls", "__dns_tls_renewal_problem", **variables) is problem

# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subject acm_certificate."""

from __future__ import annotations

import uuid

from hypothesis import strategies as st

from tests.integration.fuzz.subject import TAGS, Clients, Options, Subject, Wishes, some, tags_of

ALGORITHMS = ["RSA_2048", "EC_prime256v1", "EC_secp384r1"]


def prepare(clients: Clients) -> Options:
    """A public hosted zone."""
    name = f"fuzz-{uuid.uuid4().hex[:8]}.com"
    zone = clients("route53").create_hosted_zone(Name=name, CallerReference=name)["HostedZone"]
    return {"name": name, "hosted_zone_id": zone["Id"].rpartition("/")[2]}


def place(world: Options, text: str) -> Options:
    name = f"{text}.{world['name']}"
    return {
        "domain_name": name,
        "subject_alternative_names": [f"*.{name}", f"api.eu.{name}"],
        "hosted_zone_id": world["hosted_zone_id"],
    }


def fixed(_world: Options) -> Wishes:
    return some(key_algorithm=st.sampled_from(ALGORITHMS))


def wishes(_world: Options) -> Wishes:
    return some(tags=TAGS)


def observe(clients: Clients, options: Options) -> Options | None:
    acm = clients("acm")
    summaries = acm.list_certificates(Includes={"keyTypes": ALGORITHMS})["CertificateSummaryList"]
    arns = [item["CertificateArn"] for item in summaries if item["DomainName"] == options["domain_name"]]
    if not arns:
        return None
    (arn,) = arns
    certificate = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    assert certificate["Status"] == "ISSUED"
    records = [item["ResourceRecord"] for item in certificate["DomainValidationOptions"]]
    for name, value in {(record["Name"], record["Value"]) for record in records}:
        start = {"StartRecordName": name, "StartRecordType": "CNAME", "MaxItems": "1"}
        answer = clients("route53").list_resource_record_sets(HostedZoneId=options["hosted_zone_id"], **start)
        (found,) = answer["ResourceRecordSets"]
        assert (found["Name"], found["ResourceRecords"]) == (name, [{"Value": value}])
    return {
        "key_algorithm": certificate["KeyAlgorithm"].replace("-", "_"),
        "tags": tags_of(acm.list_tags_for_certificate(CertificateArn=arn)["Tags"]),
    }


SUBJECT = Subject(
    module="acm_certificate",
    key="certificate",
    prepare=prepare,
    place=place,
    fixed=fixed,
    wishes=wishes,
    observe=observe,
)

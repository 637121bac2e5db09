# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module acm_certificate."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.module_utils._acm_changes import request
from ansible_collections.supastack.aws.plugins.modules import acm_certificate
from botocore.stub import ANY

Call = tuple[str, dict[str, Any], Any]
START = "arn:aws:acm:eu-west-1:123456789012:certificate"
ARN, OTHER_ARN = f"{START}/0123", f"{START}/4567"
BALANCER = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/production/0123"
ZONE = "Z0123456789ABCDEFGHIJ"
NAMES = ["*.example.com", "example.com"]
ALGORITHMS = ["RSA_2048", "EC_prime256v1", "EC_secp384r1"]
TAGS = [{"Key": "team", "Value": "platform"}]
MISSING = "ResourceNotFoundException: Could not find certificate"
IN_USE = "ResourceInUseException: Certificate is in use"
OPTIONS: dict[str, Any] = {
    "domain_name": "Example.com",
    "subject_alternative_names": ["*.example.com", "example.com"],
    "hosted_zone_id": f"/hostedzone/{ZONE}",
    "tags": {"team": "platform"},
}
WITHOUT_ZONE = {name: value for name, value in OPTIONS.items() if name != "hosted_zone_id"}
ABSENT = {**OPTIONS, "tags": None, "state": "absent"}
BY_ARN = {"certificate_arn": ARN, "state": "absent"}


def record(name: str = "example.com") -> dict[str, str]:
    """Return a validation record as ACM writes it."""
    return {"Name": f"_a1.{name}.", "Type": "CNAME", "Value": f"_b2.{name}.acm-validations.aws."}


def listed(**changes: Any) -> dict[str, Any]:
    """Return a certificate as ACM lists it."""
    summary: dict[str, Any] = {
        "CertificateArn": ARN,
        "DomainName": "example.com",
        "SubjectAlternativeNameSummaries": ["example.com", "*.example.com"],
        "HasAdditionalSubjectAlternativeNames": False,
        "Status": "ISSUED",
        "Type": "AMAZON_ISSUED",
        "KeyAlgorithm": "RSA-2048",
        "CreatedAt": datetime(2026, 1, 1, tzinfo=UTC),
    }
    return {**summary, **changes}


def described(**changes: Any) -> dict[str, Any]:
    """Return a certificate as ACM describes it."""
    validation = {"ValidationMethod": "DNS", "ResourceRecord": record()}
    certificate: dict[str, Any] = {
        "CertificateArn": ARN,
        "DomainName": "example.com",
        "SubjectAlternativeNames": ["example.com", "*.example.com"],
        "DomainValidationOptions": [
            {"DomainName": "example.com", **validation},
            {"DomainName": "*.example.com", **validation},
        ],
        "Status": "ISSUED",
        "Type": "AMAZON_ISSUED",
        "KeyAlgorithm": "RSA-2048",
        "NotAfter": datetime(2027, 1, 31, 23, 59, 59, tzinfo=UTC),
        "InUseBy": [],
        "RenewalEligibility": "INELIGIBLE",
    }
    return {**certificate, **changes}


UNKNOWN_RECORDS: list[dict[str, Any]] = [{"DomainName": name, "ValidationMethod": "DNS"} for name in NAMES]
PENDING: dict[str, Any] = {"Status": "PENDING_VALIDATION"}
NO_RECORDS: dict[str, Any] = {**PENDING, "DomainValidationOptions": UNKNOWN_RECORDS}


def listing(*summaries: dict[str, Any]) -> Call:
    """Return the expected search for certificates."""
    return ("list_certificates", {"Includes": {"keyTypes": ALGORITHMS}}, {"CertificateSummaryList": list(summaries)})


def describe(answer: str | None = None, arn: str = ARN, **changes: Any) -> Call:
    """Return the expected look at one certificate."""
    found = answer or {"Certificate": described(CertificateArn=arn, **changes)}
    return ("describe_certificate", {"CertificateArn": arn}, found)


def tags_of(tags: list[dict[str, str]] | None = None) -> Call:
    """Return the expected look at the tags."""
    tags = TAGS if tags is None else tags
    return ("list_tags_for_certificate", {"CertificateArn": ARN}, {"Tags": tags} if tags else {})


def record_set(name: str = "example.com", **changes: Any) -> dict[str, Any]:
    """Return a validation record as Route 53 has it."""
    wanted = record(name)
    values = {"TTL": 300, "ResourceRecords": [{"Value": wanted["Value"]}]}
    return {"Name": wanted["Name"], "Type": "CNAME", **values, **changes}


def look_up(*found: dict[str, Any], name: str = "example.com") -> Call:
    """Return the expected search for a validation record."""
    start = {"StartRecordName": record(name)["Name"], "StartRecordType": "CNAME", "MaxItems": "1"}
    answer = {"ResourceRecordSets": list(found), "IsTruncated": False, "MaxItems": "1"}
    return ("list_resource_record_sets", {"HostedZoneId": ZONE, **start}, answer)


def change(action: str, answer: str | None = None, **changes: Any) -> Call:
    """Return the expected change of the validation record."""
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record_set(**changes)}]}
    info = {"Id": "/change/C1", "Status": "PENDING", "SubmittedAt": datetime(2026, 1, 1, tzinfo=UTC)}
    request = {"HostedZoneId": ZONE, "ChangeBatch": batch}
    return ("change_resource_record_sets", request, answer or {"ChangeInfo": info})


def change_is(status: str) -> Call:
    """Return the expected look at the change."""
    info = {"Id": "/change/C1", "Status": status, "SubmittedAt": datetime(2026, 1, 1, tzinfo=UTC)}
    return ("get_change", {"Id": "C1"}, {"ChangeInfo": info})


def zone_is(name: str = "example.com.", private: bool = False) -> Call:
    """Return the expected look at the hosted zone."""
    zone = {"Id": ZONE, "Name": name, "CallerReference": "r", "Config": {"PrivateZone": private}}
    return ("get_hosted_zone", {"Id": ZONE}, {"HostedZone": zone})


REQUEST: Call = (
    "request_certificate",
    {
        "DomainName": "example.com",
        "ValidationMethod": "DNS",
        "SubjectAlternativeNames": ["*.example.com"],
        "IdempotencyToken": ANY,
        "Tags": TAGS,
    },
    {"CertificateArn": ARN},
)
DELETE: Call = ("delete_certificate", {"CertificateArn": ARN}, {})
UNTAG: Call = ("remove_tags_from_certificate", {"CertificateArn": ARN, "Tags": [{"Key": "old"}]}, {})
TAG: Call = ("add_tags_to_certificate", {"CertificateArn": ARN, "Tags": TAGS}, {})
EXISTING = [listing(listed()), describe(), tags_of()]
PUBLISHED = [look_up(record_set())]
PUBLISH = [change("UPSERT"), change_is("PENDING"), change_is("INSYNC")]
VALUES = {
    "arn": ARN,
    "domain_name": "example.com",
    "subject_alternative_names": NAMES,
    "key_algorithm": "RSA_2048",
    "status": "ISSUED",
    "not_after": "2027-01-31T23:59:59+00:00",
    "validation_records": [
        {"name": record()["Name"], "type": "CNAME", "value": record()["Value"], "published": True},
    ],
    "tags": {"team": "platform"},
}

# options, reads and writes of ACM, reads and writes of Route 53, changed, part of the returned certificate
MATRIX: dict[
    str, tuple[dict[str, Any], list[Call], list[Call], list[Call], list[Call], bool, dict[str, Any] | None]
] = {
    "create": (
        OPTIONS,
        [listing()],
        [
            REQUEST,
            describe(MISSING),
            describe(**NO_RECORDS),
            describe(**NO_RECORDS),
            describe(**PENDING),
            tags_of(),
            describe(**PENDING),
            describe(),
            tags_of(),
        ],
        [zone_is()],
        [look_up(), *PUBLISH, *PUBLISHED],
        True,
        {"domain_name": "example.com", "subject_alternative_names": NAMES, "tags": {"team": "platform"}},
    ),
    "no-op": (OPTIONS, EXISTING, [], PUBLISHED, [], False, VALUES),
    "update": (
        OPTIONS,
        [listing(listed()), describe(), tags_of([{"Key": "old"}])],
        [UNTAG, TAG, describe(), tags_of()],
        PUBLISHED,
        PUBLISHED,
        True,
        VALUES,
    ),
    "publish what is missing": (
        OPTIONS,
        EXISTING,
        [describe(), tags_of()],
        [look_up(), zone_is()],
        [*PUBLISH, *PUBLISHED],
        True,
        VALUES,
    ),
    "delete": (
        ABSENT,
        [listing(listed()), describe()],
        [describe(), DELETE, describe(), describe(MISSING)],
        PUBLISHED,
        [change("DELETE")],
        True,
        None,
    ),
    "delete missing": (ABSENT, [listing()], [], [], [], False, None),
    "delete by ARN": (BY_ARN, [listing(), describe()], [DELETE, describe(MISSING)], [], [], True, None),
    "delete missing by ARN": (BY_ARN, [listing(), describe(MISSING)], [], [], [], False, None),
}


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize("case", MATRIX)
def test_matrix(run_module: Callable[..., Any], case: str, check_mode: bool) -> None:
    options, reads, writes, zone_reads, zone_writes, changed, certificate = MATRIX[case]
    steps, zone_steps = (reads, zone_reads) if check_mode else (reads + writes, zone_reads + zone_writes)
    services = {"route53": zone_steps}
    outcome = run_module(acm_certificate, options, steps, services=services, check_mode=check_mode)
    outcome.assert_made(changed, "certificate", certificate)


def test_prediction_has_the_keys_of_a_real_certificate(run_module: Callable[..., Any]) -> None:
    real = run_module(acm_certificate, OPTIONS, EXISTING, services={"route53": PUBLISHED}).result["certificate"]
    steps, zone_steps = [listing()], [zone_is()]
    predicted = run_module(acm_certificate, OPTIONS, steps, services={"route53": zone_steps}, check_mode=True)
    certificate = predicted.result["certificate"]
    assert set(certificate) == set(real)
    assert [set(item) for item in certificate["validation_records"]] == [set(real["validation_records"][0])]
    assert certificate["validation_records"][0]["name"] == "_known-after-apply.example.com."
    assert certificate["validation_records"][0]["published"] is True


def test_a_zone_that_does_not_exist_yet_is_predicted(run_module: Callable[..., Any]) -> None:
    options = {**OPTIONS, "hosted_zone_id": "Z-known-after-apply"}
    nothing: dict[str, Any] = {"services": {"route53": []}, "check_mode": True}
    assert run_module(acm_certificate, options, [listing()], **nothing).result["changed"] is True
    diff = run_module(acm_certificate, options, EXISTING, **nothing).result["diff"]
    assert diff["before"]["validation_records"][0]["published"] is False
    assert diff["after"]["validation_records"][0]["published"] is True
    options |= {"state": "absent"}
    assert run_module(acm_certificate, options, EXISTING[:2], **nothing).result["changed"] is True


def test_names_and_an_arn_that_are_only_predicted_are_let_through(run_module: Callable[..., Any]) -> None:
    options = {**WITHOUT_ZONE, "domain_name": "known-after-apply"}
    assert run_module(acm_certificate, options, [listing()], check_mode=True).result["changed"] is True
    options = {**BY_ARN, "certificate_arn": "arn:aws:acm:eu-west-1:known-after-apply"}
    assert run_module(acm_certificate, options, [listing()], check_mode=True).result["changed"] is False


def test_a_pending_certificate_will_be_issued(run_module: Callable[..., Any]) -> None:
    steps = [listing(listed(**PENDING)), describe(**PENDING), tags_of()]
    outcome = run_module(acm_certificate, WITHOUT_ZONE, steps, check_mode=True)
    assert outcome.result["changed"] is False
    assert outcome.result["certificate"]["status"] == "known-after-apply"
    outcome = run_module(acm_certificate, {**WITHOUT_ZONE, "wait": False}, steps, check_mode=True)
    assert outcome.result["certificate"]["status"] == "PENDING_VALIDATION"


def test_without_a_zone_the_records_are_returned(run_module: Callable[..., Any]) -> None:
    steps = [listing(), REQUEST, describe(**PENDING), tags_of(), describe(**PENDING), tags_of()]
    outcome = run_module(acm_certificate, {**WITHOUT_ZONE, "wait": False}, steps)
    assert outcome.result["changed"] is True
    wanted = {"name": record()["Name"], "type": "CNAME", "value": record()["Value"], "published": None}
    assert outcome.result["certificate"]["validation_records"] == [wanted]


def test_all_members_of_a_request(run_module: Callable[..., Any]) -> None:
    members = {"DomainName": "example.com", "ValidationMethod": "DNS", "KeyAlgorithm": "EC_prime256v1"}
    known = {"DomainName": "example.com", "ValidationMethod": "DNS", "ResourceRecord": record()}
    made: dict[str, Any] = {
        "KeyAlgorithm": "EC-prime256v1",
        "SubjectAlternativeNames": ["example.com"],
        "DomainValidationOptions": [known],
        **PENDING,
    }
    options = {"domain_name": "example.com", "key_algorithm": "EC_prime256v1", "wait": False}
    steps = [
        # Each of these differs in one thing.
        listing(listed(KeyAlgorithm="EC-prime256v1"), listed(SubjectAlternativeNameSummaries=["example.com"])),
        ("request_certificate", {**members, "IdempotencyToken": ANY}, {"CertificateArn": ARN}),
        describe(**made),
        tags_of([]),
        describe(**made),
        tags_of([]),
    ]
    outcome = run_module(acm_certificate, options, steps)
    assert outcome.result["certificate"]["key_algorithm"] == "EC_prime256v1"


OPTIONS_OF_REQUEST: dict[str, Any] = {
    "domain_name": "example.com",
    "subject_alternative_names": ["b.example.com", "a.example.com"],
    "key_algorithm": None,
}


def test_the_token_follows_from_the_request_and_from_what_failed() -> None:
    token = request(OPTIONS_OF_REQUEST, [])["IdempotencyToken"]
    assert len(token) == 32
    turned = {**OPTIONS_OF_REQUEST, "subject_alternative_names": ["A.example.com", "b.example.com", "example.com"]}
    assert request(turned, [])["IdempotencyToken"] == token
    assert request({**turned, "key_algorithm": "RSA_2048"}, [])["IdempotencyToken"] != token
    assert request(OPTIONS_OF_REQUEST, [ARN])["IdempotencyToken"] != token


def test_the_best_certificate_is_used(run_module: Callable[..., Any]) -> None:
    newer = datetime(2026, 5, 1, tzinfo=UTC)
    summaries = [
        listed(CertificateArn=f"{START}/imported", Type="IMPORTED", CreatedAt=newer),
        listed(CertificateArn=f"{START}/private", Type="PRIVATE", CreatedAt=newer),
        listed(CertificateArn=f"{START}/cloudfront", ManagedBy="CLOUDFRONT", CreatedAt=newer),
        listed(CertificateArn=f"{START}/domain", DomainName="www.example.com"),
        listed(CertificateArn=f"{START}/fewer", SubjectAlternativeNameSummaries=["example.com"]),
        listed(CertificateArn=f"{START}/expired", Status="EXPIRED", CreatedAt=newer),
        listed(CertificateArn=f"{START}/pending", CreatedAt=newer, **PENDING),
        listed(CertificateArn=f"{START}/older", CreatedAt=datetime(2025, 1, 1, tzinfo=UTC)),
        listed(),
        listed(CertificateArn=f"{START}/deleted", CreatedAt=newer),
        listed(CertificateArn=f"{START}/email", CreatedAt=newer),
    ]
    by_email = [{"DomainName": "example.com", "ValidationMethod": "EMAIL"}]
    steps = [
        listing(*summaries),
        describe(MISSING, arn=f"{START}/deleted"),
        describe(arn=f"{START}/email", DomainValidationOptions=by_email),
        describe(),
        tags_of(),
    ]
    outcome = run_module(acm_certificate, WITHOUT_ZONE, steps)
    assert outcome.result["changed"] is False
    assert outcome.result["certificate"]["arn"] == ARN


def test_of_more_names_than_a_summary_has_describe_tells(run_module: Callable[..., Any]) -> None:
    names = [f"{number}.example.com" for number in range(101)]
    options = {"domain_name": names[0], "subject_alternative_names": names[1:]}
    validations = [{"DomainName": name, "ValidationMethod": "DNS", "ResourceRecord": record(name)} for name in names]
    first = {"DomainName": names[0], "SubjectAlternativeNameSummaries": names[:100]}
    summary = listed(**first, HasAdditionalSubjectAlternativeNames=True)
    changes: dict[str, Any] = {"DomainName": names[0], "DomainValidationOptions": validations}
    steps = [
        listing({**summary, "CertificateArn": OTHER_ARN}, summary),
        describe(arn=OTHER_ARN, SubjectAlternativeNames=[*names[:100], "other.example.com"], **changes),
        describe(SubjectAlternativeNames=names, **changes),
        tags_of(),
    ]
    assert run_module(acm_certificate, options, steps).result["certificate"]["arn"] == ARN


@pytest.mark.parametrize(
    ("tags", "purge", "writes"),
    [([], True, [TAG]), ([*TAGS, {"Key": "old"}], True, [UNTAG]), ([{"Key": "old"}], False, [TAG])],
)
def test_only_the_tags_that_differ_are_written(
    run_module: Callable[..., Any], tags: list[dict[str, str]], purge: bool, writes: list[Call]
) -> None:
    steps = [listing(listed()), describe(), tags_of(tags), *writes, describe(), tags_of()]
    outcome = run_module(acm_certificate, {**WITHOUT_ZONE, "purge_tags": purge}, steps)
    assert outcome.result["certificate"]["tags"] == {"team": "platform"}


def test_a_record_that_points_elsewhere_is_not_the_record(run_module: Callable[..., Any]) -> None:
    stale = record_set(ResourceRecords=[{"Value": "_old.acm-validations.aws."}])
    after_it = record_set("other.example.com")
    for found in (stale, after_it):
        zone_steps = [look_up(found), zone_is(), *PUBLISH, *PUBLISHED]
        steps = [*EXISTING, describe(), tags_of()]
        assert run_module(acm_certificate, OPTIONS, steps, services={"route53": zone_steps}).result["changed"] is True


def test_a_record_in_another_spelling_is_the_record(run_module: Callable[..., Any]) -> None:
    name, value = record()["Name"].upper(), record()["Value"].rstrip(".")
    found = look_up(record_set(Name=name, ResourceRecords=[{"Value": value}], TTL=60))
    assert run_module(acm_certificate, OPTIONS, EXISTING, services={"route53": [found]}).result["changed"] is False


def test_a_zone_that_is_busy_is_waited_for(run_module: Callable[..., Any]) -> None:
    busy = change("UPSERT", "PriorRequestNotComplete: still busy")
    zone_steps = [look_up(), zone_is(), busy, busy, *PUBLISH, *PUBLISHED]
    steps = [*EXISTING, describe(), tags_of()]
    assert run_module(acm_certificate, OPTIONS, steps, services={"route53": zone_steps}).result["changed"] is True


def test_wait_false_does_not_wait(run_module: Callable[..., Any]) -> None:
    steps = [listing(), REQUEST, describe(**PENDING), tags_of(), describe(**PENDING), tags_of()]
    zone_steps = [zone_is(), look_up(), change("UPSERT"), *PUBLISHED]
    options = {**OPTIONS, "wait": False}
    outcome = run_module(acm_certificate, options, steps, services={"route53": zone_steps})
    assert outcome.result["certificate"]["status"] == "PENDING_VALIDATION"
    steps = [listing(listed(**PENDING)), describe(**PENDING), tags_of()]
    assert run_module(acm_certificate, options, steps, services={"route53": PUBLISHED}).result["changed"] is False
    steps = [listing(listed()), describe(), DELETE]
    absent = {**WITHOUT_ZONE, "state": "absent", "wait": False}
    assert run_module(acm_certificate, absent, steps).result["changed"] is True


@pytest.mark.parametrize(
    ("status", "steps", "zone_steps", "changed"),
    [
        # Interrupted while it waited.
        (PENDING, [describe(**PENDING), describe()], [*PUBLISHED, *PUBLISHED], False),
        # Interrupted before it published.
        (PENDING, [describe()], [look_up(), zone_is(), *PUBLISH, *PUBLISHED], True),
        # Interrupted before ACM told the records.
        (NO_RECORDS, [describe()], [look_up(), zone_is(), *PUBLISH, *PUBLISHED], True),
    ],
)
def test_run_is_resumed(
    run_module: Callable[..., Any], status: dict[str, Any], steps: list[Call], zone_steps: list[Call], changed: bool
) -> None:
    known = [describe(**PENDING)] if status == NO_RECORDS else []
    steps = [listing(listed(**PENDING)), describe(**status), *known, tags_of(), *steps, tags_of()]
    outcome = run_module(acm_certificate, OPTIONS, steps, services={"route53": zone_steps})
    assert outcome.result["changed"] is changed
    assert outcome.result["certificate"]["status"] == "ISSUED"


def test_records_that_acm_has_not_told_will_be_published(run_module: Callable[..., Any]) -> None:
    steps = [listing(listed(**PENDING)), describe(**NO_RECORDS), tags_of()]
    outcome = run_module(acm_certificate, OPTIONS, steps, services={"route53": [zone_is()]}, check_mode=True)
    assert outcome.result["changed"] is True


@pytest.mark.parametrize("status", ["FAILED", "EXPIRED", "REVOKED", "VALIDATION_TIMED_OUT"])
def test_a_certificate_of_no_use_is_not_present(run_module: Callable[..., Any], status: str) -> None:
    steps = [listing(listed(Status=status))]
    assert run_module(acm_certificate, WITHOUT_ZONE, steps, check_mode=True).result["changed"] is True


@pytest.mark.parametrize(
    ("failed", "reason"),
    [
        ({"Status": "FAILED", "FailureReason": "CAA_ERROR"}, "status FAILED (CAA_ERROR: a CAA record"),
        ({"Status": "FAILED", "FailureReason": "OTHER"}, "status FAILED (OTHER)"),
        ({"Status": "VALIDATION_TIMED_OUT"}, "status VALIDATION_TIMED_OUT"),
    ],
)
def test_a_failed_request_ends_the_wait_with_its_reason(
    run_module: Callable[..., Any], failed: dict[str, Any], reason: str
) -> None:
    steps = [listing(), REQUEST, describe(**PENDING), tags_of(), describe(**failed)]
    assert (
        f"Gave up waiting for the certificate {ARN} to be issued: {reason}"
        in run_module(acm_certificate, WITHOUT_ZONE, steps).message
    )


def test_a_timeout_lists_the_records(run_module: Callable[..., Any]) -> None:
    steps = [listing(), REQUEST, describe(**PENDING), tags_of(), *[describe(**PENDING)] * 3]
    message = run_module(acm_certificate, {**WITHOUT_ZONE, "wait_timeout": 3}, steps).message
    assert "Timeout after 3 s" in message
    assert f"{record()['Name']} CNAME {record()['Value']}" in message


def test_records_that_acm_does_not_tell_are_waited_for(run_module: Callable[..., Any]) -> None:
    steps = [listing(), REQUEST, *[describe(**NO_RECORDS)] * 4]
    message = run_module(acm_certificate, {**WITHOUT_ZONE, "wait_timeout": 3}, steps).message
    assert "to tell its validation records" in message
    assert "ACM has not told all validation records yet" in message


def test_a_certificate_that_vanishes_is_waited_for(run_module: Callable[..., Any]) -> None:
    steps = [listing(), REQUEST, describe(**PENDING), tags_of(), *[describe(MISSING)] * 3]
    assert "ACM does not show it" in run_module(acm_certificate, {**WITHOUT_ZONE, "wait_timeout": 3}, steps).message


def test_the_token_of_a_deleted_certificate_is_not_used_again(run_module: Callable[..., Any]) -> None:
    gone = [describe(MISSING, arn=OTHER_ARN)] * 13
    again = (*REQUEST[:2], {"CertificateArn": OTHER_ARN})
    steps = [listing(), again, *gone, REQUEST, describe(), tags_of(), describe(), tags_of()]
    assert run_module(acm_certificate, WITHOUT_ZONE, steps).result["certificate"]["arn"] == ARN
    steps = [listing(), again, *gone, again, *gone]
    assert f"the ARN {OTHER_ARN}, but does not show it" in run_module(acm_certificate, WITHOUT_ZONE, steps).message


def test_renewal_is_reported(run_module: Callable[..., Any]) -> None:
    renewal = {
        "RenewalStatus": "PENDING_AUTO_RENEWAL",
        "DomainValidationOptions": [{"DomainName": "example.com"}],
        "UpdatedAt": datetime(2026, 1, 1, tzinfo=UTC),
    }
    changes: dict[str, Any] = {"RenewalSummary": renewal, "RenewalEligibility": "ELIGIBLE", "InUseBy": [BALANCER]}
    certificate = run_module(acm_certificate, WITHOUT_ZONE, [listing(listed()), describe(**changes), tags_of()]).result[
        "certificate"
    ]
    assert certificate["renewal_status"] == "PENDING_AUTO_RENEWAL"
    assert certificate["renewal_eligibility"] == "ELIGIBLE"
    assert certificate["in_use_by"] == [BALANCER]


def test_absent_deletes_every_certificate_of_these_names(run_module: Callable[..., Any]) -> None:
    failed: dict[str, Any] = {"CertificateArn": OTHER_ARN, "Status": "FAILED"}
    steps = [
        listing(listed(), listed(**failed)),
        describe(),
        describe(arn=OTHER_ARN, Status="FAILED"),
        DELETE,
        describe(MISSING),
        ("delete_certificate", {"CertificateArn": OTHER_ARN}, {}),
        describe(MISSING, arn=OTHER_ARN),
    ]
    outcome = run_module(acm_certificate, {**WITHOUT_ZONE, "state": "absent"}, steps)
    assert outcome.result["diff"]["before"]["arns"] == [ARN, OTHER_ARN]


@pytest.mark.parametrize("certificate", [None, described(CertificateArn=OTHER_ARN)])
def test_absent_keeps_the_records_that_another_certificate_needs(
    run_module: Callable[..., Any], certificate: dict[str, Any] | None
) -> None:
    summaries = [
        listed(),
        listed(CertificateArn=OTHER_ARN, SubjectAlternativeNameSummaries=["*.example.com"], **PENDING),
        listed(CertificateArn=f"{START}/elsewhere", SubjectAlternativeNameSummaries=["example.org"]),
        listed(CertificateArn=f"{START}/expired", Status="EXPIRED"),
    ]
    other = ("describe_certificate", {"CertificateArn": OTHER_ARN}, {"Certificate": certificate})
    steps = [
        listing(*summaries),
        describe(),
        describe(arn=f"{START}/expired", Status="EXPIRED"),
        other if certificate else describe(MISSING, arn=OTHER_ARN),
    ]
    zone_steps = [] if certificate else PUBLISHED
    outcome = run_module(acm_certificate, ABSENT, steps, services={"route53": zone_steps}, check_mode=True)
    assert outcome.result["diff"]["before"]["validation_records"] == ([] if certificate else [record()["Name"]])


def test_absent_leaves_a_zone_without_the_records_alone(run_module: Callable[..., Any]) -> None:
    no_zone = (*look_up()[:2], "NoSuchHostedZone: none")
    for found in (look_up(), no_zone):
        steps = [listing(listed()), describe(), DELETE, describe(MISSING)]
        assert run_module(acm_certificate, ABSENT, steps, services={"route53": [found]}).result["changed"] is True


def test_absent_waits_until_a_load_balancer_lets_go(run_module: Callable[..., Any]) -> None:
    used: dict[str, Any] = {"InUseBy": [BALANCER]}
    steps = [
        listing(listed()),
        describe(**used),
        # The records stay until nothing uses the certificate.
        describe(**used),
        describe(),
        (*DELETE[:2], IN_USE),
        describe(),
        (*DELETE[:2], "ConflictException: an update is under way"),
        describe(**used),
        (*DELETE[:2], MISSING),
        describe(MISSING),
        describe(MISSING),
    ]
    zone_steps = [*PUBLISHED, change("DELETE")]
    assert run_module(acm_certificate, ABSENT, steps, services={"route53": zone_steps}).result["changed"] is True


def test_a_certificate_that_stays_in_use_is_reported_with_its_users(run_module: Callable[..., Any]) -> None:
    used = describe(InUseBy=[BALANCER])
    options = {**ABSENT, "wait_timeout": 3}
    steps = [listing(listed()), used, *[used] * 3]
    message = run_module(acm_certificate, options, steps, services={"route53": PUBLISHED}).message
    assert f"in use by {BALANCER}" in message
    steps = [listing(listed()), used, *[(*DELETE[:2], IN_USE), used] * 3]
    message = run_module(acm_certificate, {**WITHOUT_ZONE, "state": "absent", "wait_timeout": 3}, steps).message
    assert "Timeout after 3 s" in message
    assert f"in use by {BALANCER}" in message
    steps = [listing(listed()), used, *[(*DELETE[:2], IN_USE), describe()] * 3]
    message = run_module(acm_certificate, {**WITHOUT_ZONE, "state": "absent", "wait_timeout": 3}, steps).message
    assert "to be deleted: Certificate is in use" in message


def test_a_deleted_certificate_that_acm_still_shows_is_waited_for(run_module: Callable[..., Any]) -> None:
    steps = [listing(listed()), describe(), DELETE, *[describe()] * 3]
    options = {**WITHOUT_ZONE, "state": "absent", "wait_timeout": 3}
    assert "ACM still shows it" in run_module(acm_certificate, options, steps).message


def test_a_missing_permission_is_named(run_module: Callable[..., Any]) -> None:
    denied = "AccessDeniedException: not authorized to perform: acm:DeleteCertificate"
    steps = [listing(listed()), describe(), (*DELETE[:2], denied)]
    message = run_module(acm_certificate, {**WITHOUT_ZONE, "state": "absent"}, steps).message
    assert f"Failed to delete the certificate {ARN}" in message
    assert "acm:DeleteCertificate" in message


@pytest.mark.parametrize(
    ("zone_step", "text"),
    [
        ((*zone_is()[:2], "NoSuchHostedZone: none"), "but this account has no such hosted zone"),
        (zone_is(private=True), "the private hosted zone of example.com"),
        (zone_is("ample.com."), "does not serve *.example.com, example.com"),
    ],
)
def test_a_zone_that_does_not_fit_is_refused(run_module: Callable[..., Any], zone_step: Call, text: str) -> None:
    message = run_module(acm_certificate, OPTIONS, [listing()], services={"route53": [zone_step]}).message
    assert f"hosted_zone_id is '{ZONE}'" in message
    assert text in message


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"domain_name": "https://example.com"}, "domain_name has 'https://example.com'"),
        ({"domain_name": "example.com."}, "domain_name has 'example.com.'"),
        ({"domain_name": f"{'a' * 61}.com"}, "at most 64 characters"),
        ({"domain_name": "a.com", "subject_alternative_names": ["*"]}, "subject_alternative_names has '*'"),
    ],
)
def test_a_name_that_acm_refuses_is_refused(run_module: Callable[..., Any], options: dict[str, Any], text: str) -> None:
    assert text in run_module(acm_certificate, options).message


@pytest.mark.parametrize("arn", ["example.com", "arn:aws:acm:us-east-1:123456789012:certificate/0123"])
def test_an_arn_that_cannot_be_right_is_refused(run_module: Callable[..., Any], arn: str) -> None:
    message = run_module(acm_certificate, {**BY_ARN, "certificate_arn": arn}).message
    assert f"certificate_arn is '{arn}'" in message


def test_a_certificate_that_acm_did_not_issue_is_not_deleted(run_module: Callable[..., Any]) -> None:
    message = run_module(acm_certificate, BY_ARN, [listing(), describe(Type="IMPORTED")]).message
    assert "a certificate of type IMPORTED" in message


def test_either_names_or_an_arn(run_module: Callable[..., Any]) -> None:
    assert "one of the following is required" in run_module(acm_certificate, {"state": "absent"}).message
    assert "mutually exclusive" in run_module(acm_certificate, {**BY_ARN, "domain_name": "example.com"}).message
    assert "domain_name" in run_module(acm_certificate, {"certificate_arn": ARN}).message

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ACM certificates: how they are found, and the plain data in which they are compared."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._acm_validation import (
    names_of,
    validation_records,
    with_publication,
)
from ansible_collections.supastack.aws.plugins.module_utils._arns import Kind, check_arn
from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._errors import failing_to, none_when
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import UNKNOWN, is_unknown, predicted_arn
from ansible_collections.supastack.aws.plugins.module_utils._retries import unthrottled
from ansible_collections.supastack.aws.plugins.module_utils._route53 import Zone
from ansible_collections.supastack.aws.plugins.module_utils._tags import Tags, tags_of
from ansible_collections.supastack.aws.plugins.module_utils._waiters import Waiter

# Those whose keys ACM makes; all others come with imported certificates.
KEY_ALGORITHMS = ("RSA_2048", "EC_prime256v1", "EC_secp384r1")
# In the order in which they are preferred. A certificate in any other status is of no use any more.
LIVE = ("ISSUED", "PENDING_VALIDATION")
NOT_VISIBLE = "not visible"
CAUSES = {
    "ADDITIONAL_VERIFICATION_REQUIRED": "AWS Support has to allow the domain first",
    "CAA_ERROR": "a CAA record of the domain does not let amazon.com issue certificates",
    "DOMAIN_NOT_ALLOWED": "the domain is on a list of unsafe ones",
}

CERTIFICATE = Kind("acm", "certificate", "arn:aws:acm:eu-west-1:123456789012:certificate/01234567-89ab-cdef")


def wanted_names(options: Plain) -> list[str]:
    """Return all names that the certificate shall have, its domain name among them."""
    return sorted({name.lower() for name in (options["domain_name"], *options["subject_alternative_names"])})


def key_algorithm(certificate: t.Mapping[str, t.Any]) -> str:
    """Return the key algorithm as requests spell it: ACM takes RSA_2048, but answers RSA-2048."""
    return str(certificate["KeyAlgorithm"]).replace("-", "_")


def may_be_wanted(summary: t.Mapping[str, t.Any], options: Plain) -> bool:
    """Tell from the summary of a certificate whether it can be the one that the options name."""
    wanted = set(wanted_names(options))
    # A summary has the first 100 names only.
    listed = {name.lower() for name in summary.get("SubjectAlternativeNameSummaries", [])}
    return (
        summary["Type"] == "AMAZON_ISSUED"
        and not summary.get("ManagedBy")
        and summary["DomainName"].lower() == options["domain_name"].lower()
        and (listed == wanted or (listed < wanted and bool(summary.get("HasAdditionalSubjectAlternativeNames"))))
        and options["key_algorithm"] in (None, key_algorithm(summary))
    )


def is_wanted(certificate: t.Mapping[str, t.Any], options: Plain) -> bool:
    """Tell whether a described certificate has the wanted names and validates them by DNS."""
    methods = {option.get("ValidationMethod", "DNS") for option in certificate.get("DomainValidationOptions", [])}
    return names_of(certificate) == wanted_names(options) and methods <= {"DNS"}


@failing_to("list the certificates")
@unthrottled
def list_certificates(client: t.Any) -> list[Plain]:
    """Return summaries of the certificates in every status; without key types, ACM lists RSA_2048 only."""
    pages = client.get_paginator("list_certificates").paginate(Includes={"keyTypes": list(KEY_ALGORITHMS)})
    return [summary for page in pages for summary in page["CertificateSummaryList"]]


@failing_to("describe the certificate {arn}")
@none_when("ResourceNotFoundException")
@unthrottled
def describe_certificate(client: t.Any, arn: str) -> Plain:
    """Return the certificate as ACM describes it."""
    return dict(client.describe_certificate(CertificateArn=arn)["Certificate"])


@failing_to("read the tags of the certificate {arn}")
@unthrottled
def list_tags(client: t.Any, arn: str) -> Tags:
    """Return the tags."""
    return tags_of(client.list_tags_for_certificate(CertificateArn=arn))


def find_all(client: t.Any, summaries: t.Iterable[Plain], options: Plain) -> t.Iterator[Plain]:
    """Yield the certificates that the options name, as ACM describes them."""
    for summary in summaries:
        certificate = describe_certificate(client, summary["CertificateArn"])
        if certificate is not None and is_wanted(certificate, options):
            yield certificate


def find_best(client: t.Any, summaries: t.Iterable[Plain], options: Plain) -> Plain | None:
    """Return the certificate to use: an issued one before a pending one, then the newest.

    :param summaries: of the certificates that can be the one that the options name.
    """
    newest_first = sorted(summaries, key=lambda summary: summary["CreatedAt"], reverse=True)
    live = [summary for status in LIVE for summary in newest_first if summary["Status"] == status]
    return next(find_all(client, live, options), None)


def check_place(client: t.Any, arn: str | None) -> None:
    """Stop when an ARN is not that of a certificate in the client's region.

    :raises AnsibleAWSError: naming the option and its value.
    """
    check_arn("certificate_arn", arn, CERTIFICATE)
    if arn and not is_unknown(arn) and arn.split(":")[3] != client.meta.region_name:
        raise AnsibleAWSError(
            message=f"certificate_arn is {arn!r}, but the module works in {client.meta.region_name}. "
            "Set region to that of the certificate, or correct certificate_arn."
        )


def find_by_arn(client: t.Any, arn: str) -> list[Plain]:
    """Return the certificate with an ARN, if there is one.

    :raises AnsibleAWSError: when it is not ACM that issued it.
    """
    certificate = None if is_unknown(arn) else describe_certificate(client, arn)
    if certificate is None:
        return []
    if certificate["Type"] != "AMAZON_ISSUED":
        raise AnsibleAWSError(
            message=f"certificate_arn is {arn!r}, a certificate of type {certificate['Type']}. This module deletes "
            "only those that ACM issued. Use community.aws.acm_certificate."
        )
    return [certificate]


def find_named(client: t.Any, summaries: t.Iterable[Plain], options: Plain) -> list[Plain]:
    """Return the certificates that the options name, in every status."""
    if options["certificate_arn"]:
        return find_by_arn(client, options["certificate_arn"])
    return list(find_all(client, [summary for summary in summaries if may_be_wanted(summary, options)], options))


def view(client: t.Any, zone: Zone | None, certificate: t.Mapping[str, t.Any]) -> Plain:
    """Return a described certificate as the module returns and compares it."""
    not_after = certificate.get("NotAfter")
    return {
        "arn": certificate["CertificateArn"],
        "domain_name": certificate["DomainName"].lower(),
        "subject_alternative_names": names_of(certificate),
        "key_algorithm": key_algorithm(certificate),
        "status": certificate["Status"],
        "not_after": not_after and not_after.astimezone(datetime.UTC).isoformat(),
        "renewal_eligibility": certificate.get("RenewalEligibility", "INELIGIBLE"),
        "renewal_status": certificate.get("RenewalSummary", {}).get("RenewalStatus"),
        "in_use_by": sorted(certificate.get("InUseBy", [])),
        "validation_records": with_publication(zone, validation_records(certificate)),
        "tags": list_tags(client, certificate["CertificateArn"]),
    }


def unknown_view(client: t.Any, zone: Zone | None, options: Plain) -> Plain:
    """Return the predicted return values of a certificate that does not exist, below the options."""
    records = validation_records(
        {"DomainName": options["domain_name"], "SubjectAlternativeNames": wanted_names(options)}
    )
    return {
        "arn": predicted_arn(client, "acm", ""),
        "key_algorithm": KEY_ALGORITHMS[0],
        "status": UNKNOWN,
        "not_after": UNKNOWN,
        "renewal_eligibility": "INELIGIBLE",
        "renewal_status": None,
        "in_use_by": [],
        "validation_records": [{**record, "published": None if zone is None else True} for record in records],
        "tags": {},
    }


def failure(certificate: t.Mapping[str, t.Any]) -> str | None:
    """Return why a certificate will never be issued, or never again; None while it may be."""
    status, reason = certificate["Status"], certificate.get("FailureReason")
    if status in (*LIVE, NOT_VISIBLE):
        return None
    cause = f": {CAUSES[reason]}" if reason in CAUSES else ""
    return f"status {status} ({reason}{cause})" if reason else f"status {status}"


def progress(certificate: t.Mapping[str, t.Any]) -> str:
    """Return what a certificate waits for."""
    if certificate["Status"] == NOT_VISIBLE:
        return "ACM does not show it"
    records = [f"{record['name']} {record['type']} {record['value']}" for record in validation_records(certificate)]
    if is_unknown(records):
        return f"status {certificate['Status']}. ACM has not told all validation records yet"
    return f"status {certificate['Status']}. The public DNS must have these records: {', '.join(records)}"


def wait_for_certificate(client: t.Any, arn: str, goal: str, ready: t.Callable[[Plain], bool], timeout: float) -> Plain:
    """Return the certificate once it is ready; one that failed ends the wait with the reason that ACM gives.

    :param goal: what it shall do, such as "to be issued".
    """
    return Waiter[Plain](
        goal=f"the certificate {arn} {goal}",
        read=lambda: describe_certificate(client, arn) or {"Status": NOT_VISIBLE},
        ready=lambda certificate: certificate["Status"] != NOT_VISIBLE and ready(certificate),
        failure=failure,
        progress=progress,
    ).wait(timeout)


def wait_for_records(client: t.Any, certificate: Plain, timeout: float) -> Plain:
    """Return the certificate once ACM tells which records validate it, which takes some seconds after the request."""

    def complete(found: Plain) -> bool:
        return not is_unknown(validation_records(found))

    if complete(certificate):
        return certificate
    return wait_for_certificate(
        client, certificate["CertificateArn"], "to tell its validation records", complete, timeout
    )

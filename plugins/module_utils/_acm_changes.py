# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What changes ACM certificates: the request, updates, the removal."""

from __future__ import annotations

import hashlib
import json
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.tagging import ansible_dict_to_boto3_tag_list
from ansible_collections.supastack.aws.plugins.module_utils._acm_certificate import (
    LIVE,
    describe_certificate,
    wanted_names,
)
from ansible_collections.supastack.aws.plugins.module_utils._acm_validation import (
    base_name,
    names_of,
    remove_records,
    validation_records,
)
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._errors import (
    SDK_ERRORS,
    error_code,
    error_message,
    failing_to,
    none_when,
)
from ansible_collections.supastack.aws.plugins.module_utils._retries import retry_while, unthrottled
from ansible_collections.supastack.aws.plugins.module_utils._route53 import Zone
from ansible_collections.supastack.aws.plugins.module_utils._tags import tag_changes
from ansible_collections.supastack.aws.plugins.module_utils._waiters import Waiter

# ACM shows a new certificate after "several seconds" (ACM API reference, RequestCertificate).
VISIBLE_SECONDS = 60


def request(options: Plain, used: t.Sequence[str]) -> Plain:
    """Return the request for a certificate.

    Within an hour, ACM answers the same token with the same certificate, even when that has failed or is deleted. So
    the token depends on the certificates of these names that are of no use any more.

    :param used: their ARNs.
    """
    members: Plain = {"DomainName": options["domain_name"].lower(), "ValidationMethod": "DNS"}
    others = [name for name in wanted_names(options) if name != members["DomainName"]]
    if others:
        members["SubjectAlternativeNames"] = others
    if options["key_algorithm"]:
        members["KeyAlgorithm"] = options["key_algorithm"]
    text = json.dumps([members, sorted(used)], sort_keys=True)
    return {**members, "IdempotencyToken": hashlib.sha256(text.encode()).hexdigest()[:32]}


@failing_to("request a certificate for {members[DomainName]}")
@unthrottled
def request_certificate(client: t.Any, members: Plain, tags: t.Mapping[str, str]) -> str:
    """Request a certificate and return its ARN."""
    tagging = {"Tags": ansible_dict_to_boto3_tag_list(dict(tags))} if tags else {}
    return str(client.request_certificate(**members, **tagging)["CertificateArn"])


@failing_to("describe the new certificate {arn}")
@none_when("ResourceNotFoundException")
@unthrottled
def describe_new(client: t.Any, arn: str) -> Plain:
    """Return a certificate, leaving ACM time to show it."""
    answer = retry_while(
        lambda error: error_code(error) == "ResourceNotFoundException",
        lambda: client.describe_certificate(CertificateArn=arn),
        VISIBLE_SECONDS,
    )
    return dict(answer["Certificate"])


def make_certificate(client: t.Any, summaries: t.Iterable[Plain], options: Plain, tags: t.Mapping[str, str]) -> Plain:
    """Request a certificate and return it once ACM shows it.

    :param summaries: of the certificates with these names.
    :raises AnsibleAWSError: when ACM does not show it.
    """
    used = [summary["CertificateArn"] for summary in summaries if summary["Status"] not in LIVE]
    # The first token may be that of a certificate which was deleted within the hour.
    for _attempt in range(2):
        arn = request_certificate(client, request(options, used), tags)
        certificate = describe_new(client, arn)
        if certificate is not None:
            return certificate
        used.append(arn)
    raise AnsibleAWSError(
        message=f"ACM gave the new certificate the ARN {arn}, but does not show it. Run the task again."
    )


@failing_to("tag the certificate {arn}")
@unthrottled
def add_tags(client: t.Any, arn: str, tags: t.Mapping[str, str]) -> None:
    """Add or overwrite tags."""
    client.add_tags_to_certificate(CertificateArn=arn, Tags=ansible_dict_to_boto3_tag_list(dict(tags)))


@failing_to("untag the certificate {arn}")
@unthrottled
def remove_tags(client: t.Any, arn: str, keys: t.Iterable[str]) -> None:
    """Remove tags, whatever their values."""
    client.remove_tags_from_certificate(CertificateArn=arn, Tags=[{"Key": key} for key in keys])


def update_tags(client: t.Any, current: Plain, difference: Difference) -> None:
    """Bring the tags of an existing certificate into the desired state."""
    if not difference.touches("tags"):
        return
    to_set, to_remove = tag_changes(current["tags"], difference.desired("tags")["tags"])
    if to_remove:
        remove_tags(client, current["arn"], to_remove)
    if to_set:
        add_tags(client, current["arn"], to_set)


def records_to_remove(client: t.Any, summaries: t.Iterable[Plain], leaving: t.Sequence[Plain]) -> list[Plain]:
    """Return the validation records of certificates that will be deleted and that no other certificate needs.

    ACM derives a record from domain and account, so that all certificates for one domain share it.

    :param summaries: of all certificates that there are.
    """
    arns = [certificate["CertificateArn"] for certificate in leaving]
    bases = {base_name(name) for certificate in leaving for name in names_of(certificate)}
    needed = []
    for summary in summaries:
        listed = {base_name(name) for name in summary.get("SubjectAlternativeNameSummaries", [])}
        shares = bool(bases & listed) or summary.get("HasAdditionalSubjectAlternativeNames")
        if shares and summary["Status"] in LIVE and summary["CertificateArn"] not in arns:
            certificate = describe_certificate(client, summary["CertificateArn"])
            needed += validation_records(certificate) if certificate else []
    records = {record["name"]: record for certificate in leaving for record in validation_records(certificate)}
    return [records[name] for name in sorted(records) if records[name] not in needed]


def users(certificate: t.Mapping[str, t.Any] | None) -> str:
    """Return what uses a certificate, an empty text when nothing does."""
    return ", ".join(sorted((certificate or {}).get("InUseBy", [])))


def wait_until_free(client: t.Any, arn: str, timeout: float) -> None:
    """Wait until nothing uses the certificate; a load balancer that is deleted lets go of it some minutes later."""
    Waiter[str](
        goal=f"the certificate {arn} to be free",
        read=lambda: users(describe_certificate(client, arn)),
        ready=lambda found: not found,
        failure=lambda found: None,
        progress=lambda found: f"in use by {found}",
    ).wait(timeout)


@failing_to("delete the certificate {arn}")
@unthrottled
def try_to_delete(client: t.Any, arn: str) -> str:
    """Delete a certificate; return why ACM does not do it yet, an empty text when it did."""
    try:
        client.delete_certificate(CertificateArn=arn)
    except SDK_ERRORS as error:
        if error_code(error) not in ("ResourceInUseException", "ConflictException", "ResourceNotFoundException"):
            raise
        certificate = describe_certificate(client, arn)
        if certificate is not None:
            used_by = users(certificate)
            return f"in use by {used_by}" if used_by else error_message(error)
    return ""


def delete_certificate(client: t.Any, arn: str, timeout: float) -> None:
    """Delete a certificate, waiting until nothing uses it any more."""
    Waiter[str](
        goal=f"the certificate {arn} to be deleted",
        read=lambda: try_to_delete(client, arn),
        ready=lambda refusal: not refusal,
        failure=lambda refusal: None,
        progress=lambda refusal: refusal,
    ).wait(timeout)


def wait_until_gone(client: t.Any, arn: str, timeout: float) -> None:
    """Wait until ACM does not show a deleted certificate any more."""
    Waiter[Plain | None](
        goal=f"the certificate {arn} to be gone",
        read=lambda: describe_certificate(client, arn),
        ready=lambda certificate: certificate is None,
        failure=lambda certificate: None,
        progress=lambda certificate: "ACM still shows it",
    ).wait(timeout)


def remove(
    client: t.Any, zone: Zone | None, arns: t.Sequence[str], record_sets: t.Sequence[Plain], options: Plain
) -> None:
    """Delete certificates and the record sets that validated them.

    The records go first, since nothing would tell a later run which they were; but not while something uses a
    certificate, which could then not be renewed.
    """
    timeout = options["wait_timeout"]
    if zone and record_sets:
        for arn in arns:
            wait_until_free(client, arn, timeout)
        remove_records(zone, record_sets)
    for arn in arns:
        delete_certificate(client, arn, timeout)
        if options["wait"]:
            wait_until_gone(client, arn, timeout)

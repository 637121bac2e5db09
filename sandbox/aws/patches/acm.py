# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Gaps of moto's Certificate Manager."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from moto.acm.models import AWSCertificateManagerBackend, CertBundle
from moto.acm.responses import AWSCertificateManagerResponse
from moto.core.exceptions import AWSError
from moto.core.responses import ActionResult
from moto.elbv2.models import elbv2_backends
from moto.route53.models import FakeZone, route53_backends
from moto.utilities.utils import get_partition

from sandbox.aws.wrap import wrap

Description = dict[str, Any]

_PENDING = "PENDING_VALIDATION"
_DEFAULT_ALGORITHM = "RSA_2048"


def patch_validation_records() -> None:
    """DescribeCertificate tells the same validation record for every name of every certificate.

    Symptom: two domains share a record, and publishing one of them seems to be enough.
    Source: ACM user guide, "DNS validation": the record is derived from the domain and the account, and a wildcard
    needs the same one as its domain.
    """

    def describe(original: Callable[..., Description], self: CertBundle) -> Description:
        described = original(self)
        for option in described["Certificate"].get("DomainValidationOptions", []):
            option["ResourceRecord"] = _validation_record(self, option["DomainName"])
        return described

    wrap(CertBundle, "describe", describe)


def patch_validation_by_records() -> None:
    """A certificate is issued after a minute, whether its validation records exist or not.

    Here, it is issued as soon as a public hosted zone of the account has all of them.
    Source: ACM user guide, "DNS validation": ACM issues when it finds the CNAME record of every domain.
    """

    def check(original: Callable[..., None], self: CertBundle) -> None:
        if self.type != "AMAZON_ISSUED" or self.status != _PENDING:
            original(self)
        elif all(_is_published(self, _validation_record(self, name)) for name in self.sans):
            self.status = "ISSUED"

    wrap(CertBundle, "check", check)


def patch_pending_certificate() -> None:
    """DescribeCertificate tells when a certificate was issued and when it expires that is not issued yet.

    Source: ACM API reference, CertificateDetail, IssuedAt: "The time at which the certificate was issued"; answers of
    AWS for pending certificates, as users quote them.
    """

    def describe(original: Callable[..., Description], self: CertBundle) -> Description:
        described = original(self)
        if self.status == _PENDING:
            for member in ("IssuedAt", "NotBefore", "NotAfter", "Serial"):
                described["Certificate"].pop(member, None)
        return described

    wrap(CertBundle, "describe", describe)


def patch_key_algorithm() -> None:
    """RequestCertificate ignores KeyAlgorithm, and answers spell it as requests do.

    The certificate that GetCertificate returns keeps its RSA key.
    Source: ACM API reference, RequestCertificate, KeyAlgorithm; ACM user guide, "Describe ACM certificates", whose
    example answers RSA-2048.
    """

    def request(original: Callable[..., ActionResult], self: AWSCertificateManagerResponse) -> ActionResult:
        answer: Any = original(self)
        bundle: Any = self.acm_backend._certificates[answer.result["CertificateArn"]]
        bundle.key_algorithm = self._get_param("KeyAlgorithm") or _DEFAULT_ALGORITHM
        return ActionResult(answer.result)

    def describe(original: Callable[..., Description], self: Any) -> Description:
        described = original(self)
        certificate = described["Certificate"]
        algorithm = getattr(self, "key_algorithm", certificate["KeyAlgorithm"])
        certificate["KeyAlgorithm"] = algorithm.replace("_", "-")
        return described

    def list_certificates(
        original: Callable[..., Iterable[CertBundle]],
        self: AWSCertificateManagerBackend,
        statuses: Any,
        includes: Any,
    ) -> Iterator[CertBundle]:
        wanted = [algorithm.replace("_", "-") for algorithm in (includes or {}).get("keyTypes", [])]
        others = {name: value for name, value in (includes or {}).items() if name != "keyTypes"}
        for bundle in original(self, statuses, others):
            if not wanted or bundle.describe()["Certificate"]["KeyAlgorithm"] in wanted:
                yield bundle

    wrap(AWSCertificateManagerResponse, "request_certificate", request)
    wrap(CertBundle, "describe", describe)
    wrap(AWSCertificateManagerBackend, "list_certificates", list_certificates)


def patch_default_key_types() -> None:
    """ListCertificates lists certificates with any key, also when it is not asked for their key types.

    Source: ACM API reference, ListCertificates: "Default filtering returns only RSA_2048 certificates".
    """

    def list_certificates(
        original: Callable[..., Iterable[CertBundle]],
        self: AWSCertificateManagerBackend,
        statuses: Any,
        includes: Any,
    ) -> Iterable[CertBundle]:
        return original(self, statuses, {"keyTypes": [_DEFAULT_ALGORITHM], **(includes or {})})

    wrap(AWSCertificateManagerBackend, "list_certificates", list_certificates)


def patch_listed_names() -> None:
    """ListCertificates leaves out the names of a certificate.

    Source: ACM API reference, CertificateSummary, SubjectAlternativeNameSummaries.
    """

    def list_certificates(original: Callable[..., ActionResult], self: AWSCertificateManagerResponse) -> ActionResult:
        answer: Any = original(self)
        for summary in answer.result["CertificateSummaryList"]:
            names = summary["SubjectAlternativeNames"]
            summary["SubjectAlternativeNameSummaries"] = names[:100]
            summary["HasAdditionalSubjectAlternativeNames"] = len(names) > 100
        return ActionResult(answer.result)

    wrap(AWSCertificateManagerResponse, "list_certificates", list_certificates)


def patch_certificate_in_use() -> None:
    """A certificate on a listener of a load balancer can be deleted, and stays in use when the balancer is gone.

    Classic load balancers do not count here.
    Source: ACM API reference, DeleteCertificate, errors: ResourceInUseException; CertificateDetail, InUseBy.
    """

    def describe(original: Callable[..., Description], self: CertBundle) -> Description:
        described = original(self)
        described["Certificate"]["InUseBy"] = _load_balancers(self.arn)
        return described

    def delete(original: Callable[..., None], self: AWSCertificateManagerBackend, arn: str) -> None:
        if _load_balancers(arn):
            message = f"Certificate {arn} in account {self.account_id} is in use."
            raise AWSError(message, exception_type="ResourceInUseException")
        original(self, arn)

    wrap(CertBundle, "describe", describe)
    wrap(AWSCertificateManagerBackend, "delete_certificate", delete)


def patch_token_of_deleted_certificate() -> None:
    """RequestCertificate with the token of a certificate that was deleted since ends with KeyError (500).

    What AWS does then is not documented. Here, the token is new again.
    Source: ACM API reference, RequestCertificate, errors: none of them is an internal one.
    """

    def delete(original: Callable[..., None], self: AWSCertificateManagerBackend, arn: str) -> None:
        original(self, arn)
        tokens = self._idempotency_tokens
        for token in [token for token, use in tokens.items() if use["arn"] == arn]:
            del tokens[token]

    wrap(AWSCertificateManagerBackend, "delete_certificate", delete)


def _validation_record(bundle: CertBundle, name: str) -> dict[str, str]:
    base = name.removeprefix("*.")
    digest = hashlib.sha256(f"{bundle.arn.split(':')[4]}:{base}".encode()).hexdigest()
    return {
        "Name": f"_{digest[:32]}.{base}.",
        "Type": "CNAME",
        "Value": f"_{digest[32:]}.sandboxxyz.acm-validations.aws.",
    }


def _is_published(bundle: CertBundle, record: dict[str, str]) -> bool:
    _arn, _partition, _service, region, account, _resource = bundle.arn.split(":", 5)
    zones = route53_backends[account][get_partition(region)].zones.values()
    return any(_answers(zone, record) for zone in zones if not zone.private_zone)


def _answers(zone: FakeZone, record: dict[str, str]) -> bool:
    return any(
        record_set.type == record["Type"]
        and record_set.name.rstrip(".") == record["Name"].rstrip(".")
        and record["Value"].rstrip(".") in [value.rstrip(".") for value in record_set.records]
        for record_set in zone.rrsets
    )


def _load_balancers(arn: str) -> list[str]:
    """ARNs of the load balancers with a listener that has the certificate."""
    _arn, _partition, _service, region, account, _resource = arn.split(":", 5)
    balancers = elbv2_backends[account][region].load_balancers
    return [
        balancer_arn
        for balancer_arn, balancer in balancers.items()
        if any(arn in listener.certificates for listener in balancer.listeners.values())
    ]


PATCHES = (
    patch_validation_records,
    patch_validation_by_records,
    patch_pending_certificate,
    patch_key_algorithm,
    patch_default_key_types,
    patch_listed_names,
    patch_certificate_in_use,
    patch_token_of_deleted_certificate,
)

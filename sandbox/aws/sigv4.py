# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Verification of presigned STS GetCallerIdentity requests: the bearer token of EKS is one of them."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlsplit

from sandbox.aws.identity import Caller, find_caller

ALGORITHM = "AWS4-HMAC-SHA256"
# aws-iam-authenticator accepts a token for 15 minutes after X-Amz-Date whatever X-Amz-Expires says.
LIFETIME = datetime.timedelta(minutes=15)
_CLOCK_SKEW = datetime.timedelta(minutes=5)
_MAXIMUM_EXPIRES = 900
_EMPTY_BODY = hashlib.sha256(b"").hexdigest()
_STS_HOST = re.compile(r"^sts(\.[a-z0-9-]+)?\.amazonaws\.com(\.cn)?$")


class Denied(Exception):
    """Why STS refuses a request: an AWS error code and a message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Scope:
    """The parts of X-Amz-Credential."""

    access_key_id: str
    date: str
    region: str
    service: str

    @classmethod
    def parse(cls, credential: str) -> Scope:
        parts = credential.split("/")
        if len(parts) != 5 or parts[4] != "aws4_request":
            raise Denied("IncompleteSignature", f"Credential {credential!r} is not <key>/<date>/<region>/<service>/…")
        return cls(*parts[:4])

    def __str__(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def verify(url: str, headers: Mapping[str, str], emulator_port: int, now: datetime.datetime | None = None) -> Caller:
    """The caller of a presigned GetCallerIdentity `url` sent with `headers`; raises Denied otherwise.

    The host must be the emulator's or an STS endpoint. Nothing is sent anywhere: STS is this process.
    """
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    _require_sts_host(parts.hostname or "", parts.port, emulator_port)
    if parts.path not in ("", "/") or query.get("Action") != "GetCallerIdentity":
        raise Denied("InvalidAction", "Only GetCallerIdentity may be presigned for this use.")
    if query.get("X-Amz-Algorithm") != ALGORITHM:
        raise Denied("IncompleteSignature", f"X-Amz-Algorithm must be {ALGORITHM}.")
    scope = Scope.parse(query.get("X-Amz-Credential", ""))
    caller = find_caller(scope.access_key_id)
    if scope.service != "sts" or caller is None:
        raise Denied("InvalidClientTokenId", "The security token included in the request is invalid.")
    if caller.session_token is not None and query.get("X-Amz-Security-Token") != caller.session_token:
        raise Denied("InvalidClientTokenId", "The security token included in the request is invalid.")
    _check_dates(query, scope, now or datetime.datetime.now(datetime.UTC))
    expected = _signature(parts.netloc, query, scope, headers, caller.secret_access_key)
    if not hmac.compare_digest(expected, query.get("X-Amz-Signature", "")):
        raise Denied("SignatureDoesNotMatch", "The request signature we calculated does not match the one provided.")
    return caller


def _require_sts_host(host: str, port: int | None, emulator_port: int) -> None:
    is_emulator = host in ("127.0.0.1", "localhost") and port == emulator_port
    # Inside pods the emulator has this AWS-shaped name.
    is_named_emulator = re.fullmatch(r"aws\.[a-z0-9-]+\.amazonaws\.com", host) is not None and port in (None, 80)
    if not (is_emulator or is_named_emulator or (_STS_HOST.match(host) and port in (None, 443))):
        raise Denied("InvalidEndpoint", f"{host!r} is not an STS endpoint of this sandbox.")


def _check_dates(query: Mapping[str, str], scope: Scope, now: datetime.datetime) -> None:
    text = query.get("X-Amz-Date", "")
    try:
        signed = datetime.datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.UTC)
        expires = int(query.get("X-Amz-Expires", ""))
    except ValueError:
        raise Denied("IncompleteSignature", "X-Amz-Date and X-Amz-Expires must be given.") from None
    if not 0 <= expires <= _MAXIMUM_EXPIRES:
        raise Denied("AuthorizationQueryParametersError", f"X-Amz-Expires must be 0 to {_MAXIMUM_EXPIRES} seconds.")
    if not text.startswith(scope.date):
        raise Denied("SignatureDoesNotMatch", "The date of X-Amz-Credential is not that of X-Amz-Date.")
    if signed > now + _CLOCK_SKEW:
        raise Denied("SignatureDoesNotMatch", f"Signature not yet current: {text} is in the future.")
    if signed + LIFETIME < now:
        raise Denied("ExpiredToken", f"Signature expired: it was made at {text}.")


def _signature(
    host: str, query: Mapping[str, str], scope: Scope, headers: Mapping[str, str], secret_access_key: str
) -> str:
    available = {**{name.lower(): value for name, value in headers.items()}, "host": host}
    signed_names = query.get("X-Amz-SignedHeaders", "").split(";")
    missing = [name for name in signed_names if name not in available]
    if "host" not in signed_names or missing:
        raise Denied("SignatureDoesNotMatch", f"Signed headers {signed_names} were not all sent.")
    canonical = "\n".join(
        [
            "GET",
            "/",
            _canonical_query(query),
            *(f"{name}:{' '.join(available[name].split())}" for name in signed_names),
            "",
            ";".join(signed_names),
            _EMPTY_BODY,
        ]
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join([ALGORITHM, query["X-Amz-Date"], str(scope), digest])
    key = f"AWS4{secret_access_key}".encode()
    for part in (scope.date, scope.region, scope.service, "aws4_request", text):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key.hex()


def _canonical_query(query: Mapping[str, str]) -> str:
    pairs = [(quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in query.items()]
    return "&".join(f"{name}={value}" for name, value in sorted(pairs) if name != "X-Amz-Signature")

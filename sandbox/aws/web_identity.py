# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""AssumeRoleWithWebIdentity for service accounts (IRSA): whose token it is, and whether the role trusts it.

moto gives credentials of any role for any token. Errors and their order follow the STS API reference,
AssumeRoleWithWebIdentity; conditions follow the IAM user guide, "Available keys for AWS OIDC federation".
"""

from __future__ import annotations

import base64
import fnmatch
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from moto.core.responses import ActionResult
from moto.iam.models import IAMBackend, OpenIDConnectProvider, Role, iam_backends
from moto.sts.exceptions import STSClientError
from moto.sts.responses import TokenResponse

from sandbox.aws.eks.lifecycle import all_clusters, control_plane
from sandbox.aws.roles import find_role, statements
from sandbox.aws.runtime import Runtime
from sandbox.aws.wrap import wrap
from sandbox.kubernetes.client import Api

ACTION = "sts:AssumeRoleWithWebIdentity"
_REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"

Json = dict[str, Any]
Verify = Callable[[Json, str, list[str]], bool]

_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda value, pattern: value == pattern,
    "StringNotEquals": lambda value, pattern: value != pattern,
    "StringLike": fnmatch.fnmatchcase,
    "StringNotLike": lambda value, pattern: not fnmatch.fnmatchcase(value, pattern),
}


def install(runtime: Runtime) -> None:
    """Must run before the first request to STS."""

    def verify(claims: Json, token: str, audiences: list[str]) -> bool:
        return _review(runtime, claims, token, audiences)

    def assume(original: Callable[..., ActionResult], self: TokenResponse) -> ActionResult:
        role_arn, token = self._get_param("RoleArn"), self._get_param("WebIdentityToken")
        claims, provider = check(iam_backends[self.current_account][self.partition], role_arn, token, verify)
        result: Any = original(self).result
        told = {"SubjectFromWebIdentityToken": claims["sub"], "Provider": provider.arn}
        return ActionResult({**result, **told, "Audience": _audiences(claims)[0]})

    wrap(TokenResponse, "assume_role_with_web_identity", assume)


def check(iam: IAMBackend, role_arn: str, token: str, verify: Verify) -> tuple[Json, OpenIDConnectProvider]:
    """The claims of `token` and the provider that vouches for it; raises STSClientError unless it may have the role.

    `verify(claims, token, client ids)` says whether the issuer has signed the token for one of the client ids.
    """
    claims = _claims(token)
    provider = _provider(iam, str(claims.get("iss", "")))
    if float(claims.get("exp", 0)) < time.time():
        raise STSClientError("ExpiredTokenException", f"Token expired: current time {time.time():.0f}")
    if not set(_audiences(claims)) & set(provider.client_id_list):
        raise STSClientError("InvalidIdentityToken", "Incorrect token audience")
    if not verify(claims, token, provider.client_id_list):
        raise STSClientError("InvalidIdentityToken", "The ID Token provided could not be validated")
    role = find_role(iam, role_arn)
    if role is None or not _trusts(role, provider, claims):
        raise STSClientError("AccessDenied", f"Not authorized to perform {ACTION}")
    return claims, provider


def _claims(token: str) -> Json:
    """What a JSON web token says, whoever signed it."""
    try:
        payload = token.split(".")[1]
        claims: Any = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        claims = None
    if not isinstance(claims, dict) or "sub" not in claims:
        raise STSClientError("InvalidIdentityToken", "The ID Token provided is not a valid JWT.")
    return claims


def _provider(iam: IAMBackend, issuer: str) -> OpenIDConnectProvider:
    url = issuer.removeprefix("https://")
    for provider in iam.open_id_providers.values():
        if provider.url == url:
            return provider
    raise STSClientError("InvalidIdentityToken", f"No OpenIDConnect provider found in your account for {issuer}")


def _audiences(claims: Json) -> list[str]:
    found = claims.get("aud", [])
    return [found] if isinstance(found, str) else list(found)


def _review(runtime: Runtime, claims: Json, token: str, audiences: list[str]) -> bool:
    """Ask the API server that is the issuer. AWS reads its keys instead, which only differs for pods that are gone."""
    for cluster in all_clusters():
        if cluster.document["identity"]["oidc"]["issuer"] == claims["iss"] and not runtime.api_only:
            api = Api(control_plane(runtime, cluster.name).admin_kubeconfig)
            spec = {"token": token, "audiences": audiences}
            body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": spec}
            return bool(api.post(_REVIEWS, body)["status"].get("authenticated"))
    return False


def _trusts(role: Role, provider: OpenIDConnectProvider, claims: Json) -> bool:
    found = [item for item in statements(role) if ACTION in item.actions and provider.arn in item.federated]
    keys = {f"{provider.url}:{name}": values for name, values in _condition_keys(claims).items()}
    effects = {item.effect for item in found if _holds(item.condition, keys)}
    return "Allow" in effects and "Deny" not in effects


def _condition_keys(claims: Json) -> dict[str, list[str]]:
    return {"sub": [str(claims["sub"])], "aud": _audiences(claims)}


def _holds(condition: Mapping[str, Any], keys: Mapping[str, list[str]]) -> bool:
    """Whether all conditions hold; one with an operator that does not exist here does not."""
    by_name = {name.lower(): values for name, values in keys.items()}
    for operator, wanted in condition.items():
        compare = _OPERATORS.get(operator)
        for name, patterns in wanted.items():
            values = by_name.get(name.lower())
            if compare is None or values is None:
                return False
            listed = [patterns] if isinstance(patterns, str) else patterns
            combine = all if "Not" in operator else any
            if not combine(compare(value, pattern) for value in values for pattern in listed):
                return False
    return True

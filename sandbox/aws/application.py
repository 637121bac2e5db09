# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The emulator's HTTP application: moto's, and before it our own routes, prices, presigned STS calls, unknown keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from xml.sax.saxutils import escape

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.wrappers import Request, Response

from sandbox.aws import errors, pricing, routes
from sandbox.aws.identity import Caller, find_caller
from sandbox.aws.request_log import RequestLog
from sandbox.aws.runtime import Runtime
from sandbox.aws.sigv4 import ALGORITHM, Denied, Scope, verify

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
_CREDENTIAL = "X-Amz-Credential"


class Application(DomainDispatcherApplication):
    """WSGI application of the emulator."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(create_backend_app)
        self.runtime = runtime
        self.request_log = RequestLog(runtime.sandbox) if runtime.log_requests else None

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if self.request_log:
            self.request_log.add(environ, _signed_for(Request(environ)))
        own = self._own_answer(Request(environ))
        answer: Iterable[bytes] = (own or super().__call__)(environ, start_response)
        return answer

    def _own_answer(self, request: Request) -> Response | None:
        """What is not left to moto, which routes presigned STS calls to S3 and takes any access key."""
        if request.path.startswith(routes.PREFIX):
            return routes.answer(self.runtime, request)
        service = "sts"
        try:
            scope = _presigned_scope(request) or _signed_scope(request)
            if scope is None:
                return None
            service = scope.service.lower()
            if scope.access_key_id == self.runtime.access_key_id:
                self.runtime.calls.add(service)
            if service == "sts" and _CREDENTIAL in request.args:
                return _caller_identity(verify(_url(request), dict(request.headers), self.runtime.aws_port))
            if find_caller(scope.access_key_id) is None:
                raise errors.unknown_key(service)
            if service == pricing.SERVICE:
                return pricing.answer(request)
        except Denied as denied:
            return errors.response(service, denied)
        return None


def _presigned_scope(request: Request) -> Scope | None:
    if _CREDENTIAL in request.args:
        return Scope.parse(request.args[_CREDENTIAL])
    # S3 still takes URLs signed by version 2, which boto3 makes by default.
    key = request.args.get("AWSAccessKeyId")
    return Scope(key, date="", region="", service="s3") if key else None


def _signed_scope(request: Request) -> Scope | None:
    """The scope in the Authorization header; None for unsigned requests such as those of web identities."""
    algorithm, _unused, rest = request.headers.get("Authorization", "").partition(" ")
    if algorithm != ALGORITHM:
        return None
    fields = dict(field.strip().partition("=")[::2] for field in rest.split(","))
    return Scope.parse(fields.get("Credential", ""))


def _signed_for(request: Request) -> str:
    try:
        scope = _presigned_scope(request) or _signed_scope(request)
    except Denied:
        return ""
    return scope.service.lower() if scope else ""


def _url(request: Request) -> str:
    query = request.environ.get("QUERY_STRING", "")
    return f"{request.scheme}://{request.headers.get('Host', '')}{request.path}?{query}"


def _caller_identity(caller: Caller) -> Response:
    arn, user, account = escape(caller.arn), escape(caller.user_id), escape(caller.account_id)
    body = (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
        f"<Arn>{arn}</Arn><UserId>{user}</UserId><Account>{account}</Account></GetCallerIdentityResult>"
        "<ResponseMetadata><RequestId>sandbox</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    )
    return Response(body, content_type="text/xml")

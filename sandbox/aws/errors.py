# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Refusals that are made before moto sees a request, in the form that each AWS protocol gives its errors."""

from __future__ import annotations

import json
from http import HTTPStatus
from xml.sax.saxutils import escape

from werkzeug.wrappers import Response

from sandbox.aws.models import protocol
from sandbox.aws.sigv4 import Denied

_XML = '<?xml version="1.0" encoding="UTF-8"?>'


def unknown_key(service: str) -> Denied:
    """What `service` says about an access key that the account never issued."""
    message = (
        "The security token included in the request is invalid: this access key is not the sandbox's. "
        "Use the credentials that `make -s sandbox-env` prints."
    )
    codes = {"ec2": "AuthFailure", "s3": "InvalidAccessKeyId"}
    is_json = protocol(service) in ("json", "rest-json")
    return Denied(codes.get(service, "UnrecognizedClientException" if is_json else "InvalidClientTokenId"), message)


def response(service: str, denied: Denied) -> Response:
    """`denied` as HTTP 403 in the protocol of `service`."""
    kind = protocol(service)
    code, message = escape(denied.code), escape(denied.message)
    error = f"<Code>{code}</Code><Message>{message}</Message>"
    if kind in ("json", "rest-json"):
        body = json.dumps({"__type": denied.code, "message": denied.message})
        headers = {"x-amzn-ErrorType": denied.code, "Content-Type": "application/x-amz-json-1.1"}
        return Response(body, HTTPStatus.FORBIDDEN, headers)
    if kind == "ec2":
        body = f"{_XML}<Response><Errors><Error>{error}</Error></Errors><RequestID>sandbox</RequestID></Response>"
    elif service == "s3":
        body = f"{_XML}<Error>{error}<RequestId>sandbox</RequestId></Error>"
    else:
        error = f"<Error><Type>Sender</Type>{error}</Error>"
        body = f"{_XML}<ErrorResponse>{error}<RequestId>sandbox</RequestId></ErrorResponse>"
    return Response(body, HTTPStatus.FORBIDDEN, content_type="text/xml")

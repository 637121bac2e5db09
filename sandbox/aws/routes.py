# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The emulator's own routes under /sandbox/: health, status, reset, capacity, credentials for pods."""

from __future__ import annotations

import datetime
import json
import re
from http import HTTPStatus
from typing import Any

from moto.ec2.models import ec2_backends
from moto.moto_api._internal.models import moto_api_backend
from werkzeug.wrappers import Request, Response

from sandbox.aws import rds
from sandbox.aws.credentials import NoCredentials, pod_identity
from sandbox.aws.eks.lifecycle import all_clusters
from sandbox.aws.patches import fleets
from sandbox.aws.runtime import Runtime
from sandbox.node import images

PREFIX = "/sandbox/"
_POD_IDENTITY = re.compile(r"^/sandbox/clusters/([^/]+)/pod-identity$")


def answer(runtime: Runtime, request: Request) -> Response:
    """The answer to a request under /sandbox/."""
    match (request.method, request.path):
        case ("GET", "/sandbox/health"):
            return _json({"status": "ok", "sandbox": runtime.sandbox.name})
        case ("GET", "/sandbox/status"):
            return _json(status(runtime))
        case ("POST", "/sandbox/reset"):
            moto_api_backend.reset()
            return _json({"status": "ok"})
        case ("PUT", "/sandbox/capacity-shortages"):
            return _capacity_shortages(runtime, request)
        case ("POST", path) if found := _POD_IDENTITY.match(path):
            return _pod_identity(runtime, found.group(1), request)
    return _json({"message": f"{request.method} {request.path} is not a route of the sandbox."}, HTTPStatus.NOT_FOUND)


def status(runtime: Runtime) -> dict[str, Any]:
    """Clusters and databases of the emulated account, and what was asked of it."""
    clusters = [
        {
            "name": cluster.name,
            "status": cluster.document["status"],
            "version": cluster.document["version"],
            "running_version": cluster.running_version,
            "endpoint": cluster.document.get("endpoint"),
            "certificate_authority": cluster.document.get("certificateAuthority", {}).get("data"),
            "issues": [issue["message"] for issue in cluster.document["health"]["issues"]],
        }
        for cluster in all_clusters()
    ]
    return {
        "clusters": clusters,
        "databases": rds.instances(runtime.sandbox),
        "images": _images(),
        "calls": runtime.calls.counts(),
        "changes": runtime.changes.counts(),
    }


def _images() -> dict[str, dict[str, str]]:
    """What the process node runs for which image, with the replacements that this process' environment asks for."""
    return {
        reference: {
            "program": image.program,
            "here": image.version_here,
            "production": image.version_production,
            "note": image.note,
        }
        for reference, image in images.available().items()
    }


def _capacity_shortages(runtime: Runtime, request: Request) -> Response:
    """Where EC2 fleets find no capacity, until the next call: a list of rules of fleets.set_shortages."""
    rules = request.get_json()
    try:
        fleets.set_shortages(ec2_backends[runtime.account_id][runtime.region], rules)
    except ValueError as error:
        return _json({"message": str(error)}, HTTPStatus.BAD_REQUEST)
    return _json({"rules": rules})


def _pod_identity(runtime: Runtime, cluster_name: str, request: Request) -> Response:
    try:
        return _json(pod_identity(runtime, cluster_name, request.get_json()))
    except NoCredentials as error:
        return _json({"message": str(error)}, HTTPStatus.NOT_FOUND)


def _json(body: dict[str, Any], code: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(json.dumps(body, default=_plain), code, content_type="application/json")


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime.datetime) else str(value)

# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Hooks our EKS handlers into moto."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores
from moto.eks import urls
from moto.eks.models import EKSBackend
from moto.eks.responses import EKSResponse

from sandbox.aws.eks import (
    access,
    addons,
    catalog,
    clusters,
    fargate_profiles,
    lifecycle,
    nodegroups,
    pod_identity,
    tags,
    updates,
)
from sandbox.aws.eks.call import HANDLERS, LOCK, Call, EksError, invalid
from sandbox.aws.eks.store import Cluster
from sandbox.aws.models import operation_names, validation_errors
from sandbox.aws.runtime import Runtime
from sandbox.aws.wrap import wrap

_ANSWERED = "answered"
# Importing them has filled HANDLERS.
MODULES = (access, addons, catalog, clusters, fargate_profiles, nodegroups, pod_identity, tags, updates)


def install(runtime: Runtime) -> None:
    """Must run before the first EKS request: moto builds and caches its URL map then."""
    own = {camelcase_to_underscores(name) for name in HANDLERS}
    stock = {name for name in vars(EKSResponse) if not name.startswith("_")}
    for operation in operation_names("eks"):
        name = camelcase_to_underscores(operation)
        if name in own:
            setattr(EKSResponse, name, _method(runtime, operation))
        elif name not in stock:
            setattr(EKSResponse, name, _not_implemented(operation))
    # The service model routes the operations, so one pattern does for all paths, ARNs with slashes included.
    urls.url_paths["{0}/(?P<eks_path>.+)$"] = urls.response.dispatch
    _stop_control_planes_on_reset(runtime)


def _method(runtime: Runtime, operation: str) -> Callable[[EKSResponse], ActionResult]:
    def method(self: EKSResponse) -> ActionResult:
        self.parse_parameters(self.normalized_request)
        params: dict[str, Any] = {key: value for key, value in dict(self.params).items() if value is not None}
        if problems := validation_errors("eks", operation, params):
            raise invalid(problems)
        call = Call(params, self.eks_backend, self.partition, self.access_key, runtime)
        with LOCK:
            for cluster in list(call.backend.clusters.values()):
                if isinstance(cluster, Cluster):
                    cluster.changes.settle()
            return ActionResult(_answer(call, operation))

    return method


def _answer(call: Call, operation: str) -> dict[str, Any]:
    """What a call does and tells; one that is repeated with its token does nothing more, and is told the same.

    https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdateClusterConfig.html, clientRequestToken.
    """
    if "clientRequestToken" not in call.params:
        return HANDLERS[operation](call)
    answered: dict[str, dict[str, Any]] = vars(call.backend).setdefault(_ANSWERED, {})
    request = json.dumps([operation, call.params], sort_keys=True)
    if request not in answered:
        answered[request] = HANDLERS[operation](call)
    return answered[request]


def _not_implemented(operation: str) -> Callable[[EKSResponse], ActionResult]:
    def method(self: EKSResponse) -> ActionResult:
        raise EksError("NotImplementedError", f"The sandbox does not emulate eks:{operation}.")

    return method


def _stop_control_planes_on_reset(runtime: Runtime) -> None:
    def reset(original: Callable[[EKSBackend], None], self: EKSBackend) -> None:
        lifecycle.stop_all(runtime, self)
        original(self)

    wrap(EKSBackend, "reset", reset)

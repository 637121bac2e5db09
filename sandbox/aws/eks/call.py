# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""One EKS request as our handlers see it, the table of handlers, and the errors they answer with."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ec2.models import EC2Backend, ec2_backends
from moto.eks.models import EKSBackend
from moto.iam.models import IAMBackend, iam_backends

from sandbox.aws.eks.store import Cluster
from sandbox.aws.runtime import Runtime

Handler = Callable[["Call"], dict[str, Any]]
HANDLERS: dict[str, Handler] = {}
# Requests and the threads that start control planes change the same documents.
LOCK = threading.RLock()


class EksError(ServiceException):
    """An error of the service model: `code` is the shape's name, `members` its members besides the message."""

    def __init__(self, code: str, message: str, **members: str | None) -> None:
        super().__init__(code, message)
        for name, value in members.items():
            setattr(self, name, value)


def not_found(message: str, **members: str | None) -> EksError:
    return EksError("ResourceNotFoundException", message, **members)


def in_use(message: str, **members: str | None) -> EksError:
    return EksError("ResourceInUseException", message, **members)


def invalid(message: str, **members: str | None) -> EksError:
    return EksError("InvalidParameterException", message, **members)


def invalid_request(message: str, **members: str | None) -> EksError:
    return EksError("InvalidRequestException", message, **members)


def handles(operation: str) -> Callable[[Handler], Handler]:
    """Register a function as the handler of `operation`."""

    def register(handler: Handler) -> Handler:
        HANDLERS[operation] = handler
        return handler

    return register


def now() -> datetime.datetime:
    """The time of a change, as EKS stores it."""
    return datetime.datetime.now(datetime.UTC)


@dataclass(frozen=True)
class Call:
    """A parsed request: `params` has the members of the operation's input shape."""

    params: dict[str, Any]
    backend: EKSBackend
    partition: str
    access_key_id: str
    runtime: Runtime = field(repr=False)

    @property
    def region(self) -> str:
        return self.backend.region_name

    @property
    def account_id(self) -> str:
        return self.backend.account_id

    @property
    def ec2(self) -> EC2Backend:
        return ec2_backends[self.account_id][self.region]

    @property
    def iam(self) -> IAMBackend:
        return iam_backends[self.account_id][self.partition]

    def arn(self, resource: str) -> str:
        """The ARN of an EKS resource of this account and region."""
        return f"arn:{self.partition}:eks:{self.region}:{self.account_id}:{resource}"

    def cluster(self, member: str = "clusterName") -> Cluster:
        """The cluster that the request names; raises ResourceNotFoundException."""
        name = self.params[member]
        cluster = self.backend.clusters.get(name)
        if not isinstance(cluster, Cluster):
            raise not_found(f"No cluster found for name: {name}.", clusterName=name)
        return cluster

    def active_cluster(self, member: str = "clusterName") -> Cluster:
        """Like `cluster`, and it must be ACTIVE; raises ResourceInUseException while an update of it is under way."""
        cluster = self.cluster(member)
        if cluster.status == "UPDATING":
            raise in_use(f"Cluster {cluster.name} currently has an update in progress", clusterName=cluster.name)
        if cluster.status != "ACTIVE":
            raise invalid_request(f"Cluster '{cluster.name}' is not in ACTIVE status", clusterName=cluster.name)
        return cluster

    def page(self, items: Sequence[Any], key: str) -> dict[str, Any]:
        """One page of `items` by maxResults and nextToken (the index of the first item as text)."""
        start = int(self.params.get("nextToken") or 0)
        end = start + int(self.params.get("maxResults") or 100)
        answer: dict[str, Any] = {key: list(items[start:end])}
        if end < len(items):
            answer["nextToken"] = str(end)
        return answer

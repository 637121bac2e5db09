# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The cluster around the pods: Services and names kept in the fabric, Secrets and tokens fetched for pods."""

from __future__ import annotations

import functools
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sandbox import names as published_names
from sandbox.node import identity, services
from sandbox.node.api import Api, ApiError, Reflector
from sandbox.node.config import HOST_IP, Config
from sandbox.node.environment import ConfigError
from sandbox.node.network import Fabric
from sandbox.node.proxy import Proxy
from sandbox.node.services import Backend, Listener, Record

Json = dict[str, Any]

# Files have no watch here, so they are looked at this often.
_POLL_SECONDS = 0.5
# Several changes come at once, as with a rollout; they are applied together.
_SETTLE_SECONDS = 0.02

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Target:
    """One port of one Service."""

    namespace: str
    service: str
    port: int


GATEWAY = Target("supabase", "supabase-gateway", 8000)


class ObjectSource:
    """Secrets and ConfigMaps, which the API server lets this node read when a pod on it uses them."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def secret(self, namespace: str, name: str) -> Json | None:
        """The Secret, or None."""
        return self._get(f"/api/v1/namespaces/{namespace}/secrets/{name}")

    def config_map(self, namespace: str, name: str) -> Json | None:
        """The ConfigMap, or None."""
        return self._get(f"/api/v1/namespaces/{namespace}/configmaps/{name}")

    def _get(self, path: str) -> Json | None:
        try:
            return self._api.get(path)
        except ApiError as error:
            if error.status == 404:
                return None
            if error.status == 403:
                # The authorizer learns of a pod a moment after this node does.
                raise ConfigError(str(error)) from error
            raise


class TokenSource:
    """Service account tokens bound to a pod, by the TokenRequest API."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def token(self, pod: Json, audience: str | None, seconds: int) -> str:
        """A new token; raises ApiError."""
        metadata = pod["metadata"]
        account = pod["spec"].get("serviceAccountName", "default")
        reference = {"apiVersion": "v1", "kind": "Pod", "name": metadata["name"], "uid": metadata["uid"]}
        spec: Json = {"expirationSeconds": seconds, "boundObjectRef": reference, "audiences": []}
        if audience:
            spec["audiences"] = [audience]
        path = f"/api/v1/namespaces/{metadata['namespace']}/serviceaccounts/{account}/token"
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        token: str = self._api.create(path, body)["status"]["token"]
        return token


class ClusterNetwork:
    """Keeps proxy, addresses and names up to date; `names_changed` is called after `names` has changed."""

    def __init__(self, config: Config, fabric: Fabric, api: Api, names_changed: Callable[[], None]) -> None:
        self._config = config
        self._fabric = fabric
        self._names_changed = names_changed
        self._changed = threading.Event()
        self._published: list[published_names.Name] = []
        self._published_at: int | None = None
        self._name_addresses: dict[str, str] = {}
        self._proxy = Proxy()
        self._credentials = identity.CredentialsServer(fabric, lambda token: self._credentials_for(api, token))
        proxy_api = Api(config.api_host, config.api_port, config.ca_file, config.proxy_certificate)
        self._services = Reflector(proxy_api, "/api/v1/services", self._on_change)
        self._slices = Reflector(proxy_api, "/apis/discovery.k8s.io/v1/endpointslices", self._on_change)
        self.names: list[Record] = []

    def start(self) -> None:
        """Begin; returns after the first complete view of all Services."""
        self._fabric.start_thread(self._proxy)
        self._credentials.start()
        for reflector in (self._services, self._slices):
            reflector.start()
        for reflector in (self._services, self._slices):
            reflector.synced.wait()
        self._apply()
        self._serve_gateway()
        threading.Thread(target=self._loop, name="cluster-network", daemon=True).start()

    def services(self) -> Iterable[Json]:
        """All Services."""
        return self._services.objects.values()

    def _on_change(self, _event: str, _item: Json) -> None:
        self._changed.set()

    def _loop(self) -> None:
        while True:
            try:
                self._follow()
            except Exception:
                # One change that cannot be applied must not keep later ones from being.
                logger.exception("cannot update the cluster's network")
                time.sleep(_POLL_SECONDS)

    def _follow(self) -> None:
        if self._changed.wait(_POLL_SECONDS):
            time.sleep(_SETTLE_SECONDS)
            self._changed.clear()
            self._apply()
        elif self._names_are_new():
            self._apply()

    def _apply(self) -> None:
        self._names_are_new()
        all_services, slices = list(self.services()), list(self._slices.objects.values())
        table = services.listeners(all_services, slices, self._config.api_port)
        self._name_addresses = services.name_addresses(self._published, self._name_addresses)
        table.update(self._name_listeners())
        names = services.records(all_services, slices, self._published, self._name_addresses)
        addresses = services.cluster_ips(all_services) | set(self._name_addresses.values()) | {identity.ADDRESS}
        self._fabric.set_addresses(addresses)
        self._proxy.apply(table)
        if names != self.names:
            self.names = names
            self._names_changed()

    def _name_listeners(self) -> dict[Listener, list[Backend]]:
        return {
            (self._name_addresses[name.host], name.port): [Backend(HOST_IP, name.target_port, True)]
            for name in self._published
        }

    def _names_are_new(self) -> bool:
        try:
            changed_at = self._config.sandbox.path("names.json").stat().st_mtime_ns
        except FileNotFoundError:
            return False
        if changed_at == self._published_at:
            return False
        self._published_at = changed_at
        self._published = published_names.published(self._config.sandbox)
        return True

    def _serve_gateway(self) -> None:
        if self._config.gateway is None:
            logger.info("another cluster's node serves the gateway's port")
            return
        stream = socket.socket(fileno=self._config.gateway)
        stream.set_inheritable(False)
        self._proxy.forward(stream, functools.partial(self._backends, GATEWAY))

    def _backends(self, target: Target) -> list[Backend]:
        slices = self._slices.objects.values()
        return services.service_backends(self.services(), slices, target.namespace, target.service, target.port)

    def _port(self, key: str) -> int | None:
        port: int | None = self._config.sandbox.read().get("ports", {}).get(key)
        return port

    def _credentials_for(self, api: Api, token: str) -> Json:
        who = identity.review(api, token)
        return identity.emulator_credentials(lambda: self._port("aws") or 0, self._config.cluster, who)

# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""A small client of a cluster's API for the sandbox's own parts, by client certificate."""

from __future__ import annotations

import base64
import time
from pathlib import Path
from typing import Any

import requests
import yaml

Json = dict[str, Any]


class Api:
    """The API server that `kubeconfig` (certificates as files or inline) leads to."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.url: str = cluster["server"]
        self._session = requests.Session()
        # Proxies and .netrc of the user are for other places than this machine's loopback.
        self._session.trust_env = False
        self._session.verify = _file(cluster, "certificate-authority", kubeconfig)
        self._session.cert = (
            _file(user, "client-certificate", kubeconfig),
            _file(user, "client-key", kubeconfig),
        )

    def wait_until_ready(self, timeout: float) -> None:
        """Return when /readyz says ok; raises TimeoutError after `timeout` seconds with the last answer."""
        deadline = time.monotonic() + timeout
        answer = ""
        while time.monotonic() < deadline:
            try:
                response = self._session.get(f"{self.url}/readyz", timeout=5)
                if response.ok:
                    return
                answer = response.text
            except requests.RequestException as error:
                answer = str(error)
            time.sleep(0.05)
        raise TimeoutError(f"The API server at {self.url} was not ready after {timeout:.0f} s: {answer}")

    def get(self, path: str) -> Json | None:
        """The object or list at `path`, None when it does not exist; raises requests.HTTPError otherwise."""
        response = self._session.get(f"{self.url}{path}", timeout=10)
        if response.status_code == requests.codes.not_found:
            return None
        response.raise_for_status()
        answer: Json = response.json()
        return answer

    def post(self, path: str, manifest: Json) -> Json:
        """Send `manifest`, such as a review, and return the answer; raises requests.HTTPError."""
        response = self._session.post(f"{self.url}{path}", json=manifest, timeout=10)
        response.raise_for_status()
        answer: Json = response.json()
        return answer

    def create(self, path: str, manifest: Json) -> None:
        """Create `manifest` in the collection at `path`; one that exists already is left as it is."""
        response = self._session.post(f"{self.url}{path}", json=manifest, timeout=10)
        if response.status_code != requests.codes.conflict:
            response.raise_for_status()

    def delete(self, path: str) -> None:
        """Delete the object at `path`; one that does not exist is no error."""
        response = self._session.delete(f"{self.url}{path}", timeout=10)
        if response.status_code != requests.codes.not_found:
            response.raise_for_status()

    def patch(self, path: str, changes: Json) -> bool:
        """Merge `changes` into the object at `path`; returns whether it exists."""
        headers = {"Content-Type": "application/merge-patch+json"}
        response = self._session.patch(f"{self.url}{path}", json=changes, headers=headers, timeout=10)
        if response.status_code == requests.codes.not_found:
            return False
        response.raise_for_status()
        return True

    def evict(self, namespace: str, pod: str) -> None:
        """Ask the pod to leave its node; one that is gone, or that its disruption budget keeps, is no error."""
        metadata = {"namespace": namespace, "name": pod}
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata}
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/eviction"
        response = self._session.post(f"{self.url}{path}", json=eviction, timeout=10)
        if response.status_code not in (requests.codes.not_found, requests.codes.too_many_requests):
            response.raise_for_status()


def _file(section: Json, key: str, kubeconfig: Path) -> str:
    if key in section:
        return str(section[key])
    path = kubeconfig.with_name(f".{key}.pem")
    path.touch(mode=0o600)
    path.write_bytes(base64.b64decode(section[f"{key}-data"]))
    return str(path)

# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Events as `kubectl describe pod` shows them; sent in the background, repeated ones counted."""

from __future__ import annotations

import logging
import queue
import threading
from typing import Any

from sandbox.node.api import Api, ApiError
from sandbox.node.status import now

Json = dict[str, Any]

_MESSAGE_LIMIT = 1024
_REMEMBERED = 512

logger = logging.getLogger(__name__)


class Events:
    """Records events about pods, as `component` (kubelet) on node `host`, which is empty for a scheduler."""

    def __init__(self, api: Api, component: str, host: str = "") -> None:
        self._api = api
        self._component = component
        self._host = host
        self._queue: queue.SimpleQueue[tuple[Json, str, str, str] | None] = queue.SimpleQueue()
        self._sent: dict[tuple[str, str, str], Json] = {}
        threading.Thread(target=self._loop, name=f"events-{host or component}", daemon=True).start()

    def normal(self, pod: Json, reason: str, message: str) -> None:
        """Something expected happened."""
        self._queue.put((pod, "Normal", reason, message[:_MESSAGE_LIMIT]))

    def warning(self, pod: Json, reason: str, message: str) -> None:
        """Something went wrong."""
        self._queue.put((pod, "Warning", reason, message[:_MESSAGE_LIMIT]))

    def stop(self) -> None:
        """Send what is waiting, then end."""
        self._queue.put(None)

    def _loop(self) -> None:
        while (item := self._queue.get()) is not None:
            try:
                self._send(*item)
            except ApiError as error:
                # Events are best effort, in the kubelet too: a namespace that is being deleted takes none.
                logger.debug("event %s: %s", item[2], error)

    def _send(self, pod: Json, kind: str, reason: str, message: str) -> None:
        metadata = pod["metadata"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/events"
        key = (metadata["uid"], reason, message)
        if sent := self._sent.get(key):
            sent["count"] += 1
            self._api.patch(f"{path}/{sent['name']}", {"count": sent["count"], "lastTimestamp": now()})
            return
        created = self._api.create(path, self._event(metadata, kind, reason, message))
        if len(self._sent) >= _REMEMBERED:
            self._sent.clear()
        self._sent[key] = {"name": created["metadata"]["name"], "count": 1}

    def _event(self, metadata: Json, kind: str, reason: str, message: str) -> Json:
        moment = now()
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"generateName": f"{metadata['name']}.", "namespace": metadata["namespace"]},
            "involvedObject": {
                "apiVersion": "v1",
                "kind": "Pod",
                "name": metadata["name"],
                "namespace": metadata["namespace"],
                "uid": metadata["uid"],
            },
            "type": kind,
            "reason": reason,
            "message": message,
            "source": {"component": self._component, "host": self._host},
            "reportingComponent": self._component,
            "reportingInstance": self._host,
            "firstTimestamp": moment,
            "lastTimestamp": moment,
            "count": 1,
        }

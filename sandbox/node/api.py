# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""A small client of the Kubernetes API over client certificates: requests, and lists kept up to date by watching.

The official client costs 60 MB of memory, more than the whole node may use.
"""

from __future__ import annotations

import http.client
import json
import logging
import queue
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

Json = dict[str, Any]
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_MERGE_PATCH = "application/strategic-merge-patch+json"

_REQUEST_SECONDS = 30.0
_WATCH_SECONDS = 300
_IDLE_CONNECTIONS = 8

logger = logging.getLogger(__name__)


class ApiError(Exception):
    """The API server's refusal. `status` is the HTTP status, 0 when it could not be reached."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Api:
    """Requests as one user, over a few kept connections. Safe to use from several threads."""

    def __init__(self, host: str, port: int, ca_file: str, certificate: tuple[str, str]) -> None:
        self._host = host
        self._port = port
        self._context = ssl.create_default_context(cafile=ca_file)
        # kwok's certificate authority lacks the extensions that OpenSSL's strict mode (Python 3.13 on) asks for.
        self._context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        self._context.load_cert_chain(*certificate)
        self._idle: queue.LifoQueue[http.client.HTTPSConnection] = queue.LifoQueue(_IDLE_CONNECTIONS)

    def get(self, path: str, **query: str) -> Json:
        """GET `path`; raises ApiError."""
        return self.request("GET", _with_query(path, query))

    def create(self, path: str, body: Json) -> Json:
        """POST `body`; raises ApiError (409 when it exists)."""
        return self.request("POST", path, body)

    def patch(self, path: str, body: Json, content_type: str = STRATEGIC_MERGE_PATCH) -> Json:
        """PATCH `path`; raises ApiError."""
        return self.request("PATCH", path, body, content_type)

    def delete(self, path: str, body: Json) -> Json:
        """DELETE `path` with DeleteOptions `body`; raises ApiError."""
        return self.request("DELETE", path, body)

    def request(self, method: str, path: str, body: Json | None = None, content_type: str = "application/json") -> Json:
        """Send one request and return the decoded answer; raises ApiError."""
        payload = None if body is None else json.dumps(body).encode()
        headers = {"Accept": "application/json", "Content-Type": content_type}
        try:
            status, answer = self._exchange(method, path, payload, headers)
        except (OSError, http.client.HTTPException) as error:
            raise ApiError(0, f"{method} {path}: {error}") from error
        if status >= 400:
            raise ApiError(status, _message(answer))
        decoded: Json = json.loads(answer)
        return decoded

    def watch(self, path: str, query: dict[str, str]) -> Iterator[Json]:
        """Yield watch events until the server ends the watch; raises ApiError."""
        timeout = {"watch": "1", "timeoutSeconds": str(_WATCH_SECONDS), "allowWatchBookmarks": "true"}
        connection = self._connect(timeout=_WATCH_SECONDS + 30.0)
        try:
            connection.request("GET", _with_query(path, {**query, **timeout}), headers={"Accept": "application/json"})
            response = connection.getresponse()
            if response.status >= 400:
                raise ApiError(response.status, _message(response.read()))
            while line := response.readline():
                yield json.loads(line)
        except (OSError, http.client.HTTPException, ValueError) as error:
            # A line that ends in the middle is no JSON.
            raise ApiError(0, f"watch {path}: {error}") from error
        finally:
            connection.close()

    def _exchange(self, method: str, path: str, payload: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        try:
            connection = self._idle.get_nowait()
        except queue.Empty:
            return self._send(self._connect(_REQUEST_SECONDS), method, path, payload, headers)
        try:
            return self._send(connection, method, path, payload, headers)
        except (ConnectionError, ssl.SSLEOFError, http.client.RemoteDisconnected):
            # The server closed an idle connection; it saw nothing of this request.
            return self._send(self._connect(_REQUEST_SECONDS), method, path, payload, headers)

    def _send(
        self,
        connection: http.client.HTTPSConnection,
        method: str,
        path: str,
        payload: bytes | None,
        headers: dict[str, str],
    ) -> tuple[int, bytes]:
        try:
            connection.request(method, path, payload, headers)
            response = connection.getresponse()
            answer = response.read()
        except BaseException:
            connection.close()
            raise
        try:
            self._idle.put_nowait(connection)
        except queue.Full:
            connection.close()
        return response.status, answer

    def _connect(self, timeout: float) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(self._host, self._port, timeout=timeout, context=self._context)


class Reflector(threading.Thread):
    """Keeps all objects of one list in `objects` and reports each change.

    `changed(event, object)` is called in this thread; event is ADDED, MODIFIED or DELETED. `synced` is set after the
    first complete list.
    """

    def __init__(self, api: Api, path: str, changed: Callable[[str, Json], None], **query: str) -> None:
        super().__init__(name=f"watch{path}", daemon=True)
        self._api = api
        self._path = path
        self._query = query
        self._changed = changed
        self.objects: dict[str, Json] = {}
        self.synced = threading.Event()
        self._stopped = False

    def stop(self) -> None:
        """Report no more changes; the thread ends with its present watch."""
        self._stopped = True

    def run(self) -> None:
        delay = 0.2
        while not self._stopped:
            try:
                version = self._list()
                delay = 0.2
                self._watch(version)
            except ApiError as error:
                logger.warning("list and watch %s: %s", self._path, error)
                time.sleep(delay)
                delay = min(delay * 2, 5.0)

    def _list(self) -> str:
        answer = self._api.get(self._path, **self._query)
        current = {_uid(item): item for item in answer["items"]}
        for uid in self.objects.keys() - current.keys():
            self._apply("DELETED", self.objects[uid])
        for uid, item in current.items():
            self._apply("MODIFIED" if uid in self.objects else "ADDED", item)
        self.synced.set()
        version: str = answer["metadata"]["resourceVersion"]
        return version

    def _watch(self, version: str) -> None:
        while not self._stopped:
            for event in self._api.watch(self._path, {**self._query, "resourceVersion": version}):
                # ERROR is 410 Gone: the version is too old to continue from; list again.
                if self._stopped or event["type"] == "ERROR":
                    return
                version = event["object"]["metadata"]["resourceVersion"]
                if event["type"] != "BOOKMARK":
                    self._apply(event["type"], event["object"])

    def _apply(self, event: str, item: Json) -> None:
        item["metadata"].pop("managedFields", None)
        if event == "DELETED":
            self.objects.pop(_uid(item), None)
        else:
            # A new dictionary: readers in other threads iterate over the old one undisturbed.
            self.objects = {**self.objects, _uid(item): item}
        self._changed(event, item)


def _uid(item: Json) -> str:
    uid: str = item["metadata"]["uid"]
    return uid


def _with_query(path: str, query: dict[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _message(answer: bytes) -> str:
    try:
        message: str = json.loads(answer)["message"]
    except (ValueError, KeyError, TypeError):
        return answer.decode(errors="replace").strip()
    return message

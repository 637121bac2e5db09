# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""A small API server in memory, for the stand-ins' tests."""

from __future__ import annotations

import copy
import re
from urllib.parse import parse_qs, urlsplit

from sandbox.standins.kubernetes_api import ApiError, Object


class MemoryApi:
    """Keeps objects by path, with the generation, uid, merge patches and finalizers of a real API server."""

    def __init__(self) -> None:
        self.objects: dict[str, Object] = {}
        self.writes: list[str] = []

    def call(self, method: str, path: str, body: Object | None = None) -> Object:
        """Answer as the API server would."""
        if method == "GET" and (items := self._listed(path)) is not None:
            return {"items": items}
        if method != "GET":
            self.writes.append(f"{method} {path}")
        if method == "POST":
            assert body is not None
            metadata = body["metadata"]
            # The real one chooses five letters.
            name = metadata.get("name") or f"{metadata['generateName']}{len(self.objects)}"
            if f"{path}/{name}" in self.objects:
                raise ApiError(409, "already exists")
            self.objects[f"{path}/{name}"] = copy.deepcopy({**body, "metadata": {**metadata, "name": name}})
            return body
        key = path.removesuffix("/status")
        if key not in self.objects:
            raise ApiError(404, "not found")
        if method == "DELETE":
            return self.delete(key)
        if method == "PATCH":
            _merge(self.objects[key], body or {})
            self._collect(key)
        return copy.deepcopy(self.objects.get(key, {}))

    def _listed(self, path: str) -> list[Object] | None:
        """The objects of a collection in all namespaces, or None when the path is that of one object."""
        address = urlsplit(path)
        prefix, _slash, plural = address.path.rpartition("/")
        pattern = re.compile(rf"{re.escape(prefix)}(/namespaces/[^/]+)?/{re.escape(plural)}/[^/]+")
        if not re.fullmatch(r"/api/v1|/apis/[^/]+/[^/]+", prefix):
            return None
        found = [item for key, item in self.objects.items() if pattern.fullmatch(key)]
        for selector in parse_qs(address.query).get("labelSelector", []):
            label, _equals, value = selector.partition("=")
            found = [item for item in found if item["metadata"].get("labels", {}).get(label) == value]
        # Items of a list carry neither apiVersion nor kind.
        return [
            {key: copy.deepcopy(value) for key, value in item.items() if key not in {"apiVersion", "kind"}}
            for item in found
        ]

    def put(self, path: str, item: Object) -> None:
        """Store an object as if a user had applied it."""
        item = copy.deepcopy(item)
        item["metadata"] |= {"uid": f"uid of {path}", "generation": 1}
        self.objects[path] = item

    def delete(self, path: str) -> Object:
        """Delete an object as if a user had, at once unless a finalizer is left."""
        self.objects[path]["metadata"]["deletionTimestamp"] = "2026-11-26T00:00:00Z"
        deleted = self.objects[path]
        self._collect(path)
        return deleted

    def _collect(self, path: str) -> None:
        metadata = self.objects[path]["metadata"]
        if "deletionTimestamp" in metadata and not metadata.get("finalizers"):
            del self.objects[path]

    def ready(self, path: str) -> tuple[str, str, str]:
        """Status, reason and message of an object's Ready condition."""
        (condition,) = self.objects[path]["status"]["conditions"]
        return condition["status"], condition["reason"], condition["message"]


def _merge(target: Object, patch: Object) -> None:
    for key, value in patch.items():
        if value is None:
            target.pop(key, None)
        elif isinstance(value, dict) and isinstance(target.get(key), dict):
            _merge(target[key], value)
        else:
            target[key] = value

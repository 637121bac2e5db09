# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Stand-in for the controller of External Secrets: it syncs Secrets Manager into Secrets, as its own pod's identity.

What it does it does for real, with the fields, conditions and reasons of the API external-secrets.io/v1 (source:
apis/externalsecrets/v1 of the External Secrets repository): ClusterSecretStore of provider aws and service
SecretsManager, without `auth`; ExternalSecret with `data`, `dataFrom.extract`, refresh, creation and deletion policies.
Whatever else an object asks for becomes an error, never silence: as upstream's, its status says that something failed
and an event what. It imports this package only, which is all that its pod sees of the sandbox.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from sandbox.standins.kubernetes_api import Api, ApiError, ClusterApi, Object, log, now, run, serve_health, write_event

GROUP = "/apis/external-secrets.io/v1"
DATA_HASH = "reconcile.external-secrets.io/data-hash"
MANAGED = "reconcile.external-secrets.io/managed"
HEALTH_PORT = 8082
POLL_SECONDS = 1.0
STORE_CHECK_SECONDS = 300.0
LONGEST_RETRY_SECONDS = 30.0
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
# Of a template its defaults, and annotations that are no templates themselves.
_SUPPORTED_TARGET = {
    *("name", "creationPolicy", "deletionPolicy", "template"),
    *("template.metadata", "template.engineVersion", "template.mergePolicy"),
}
_SUPPORTED_EXTRACT = {"key", "version", "conversionStrategy", "decodingStrategy", "metadataPolicy", "nullBytePolicy"}


class SyncError(Exception):
    """An ExternalSecret cannot be reconciled; the exception's text is for the event, the rest for the condition."""

    summary = "could not get secret data from provider"
    reason = "SecretSyncedError"
    event = "UpdateFailed"


class StoreError(SyncError):
    """The same of a ClusterSecretStore."""

    summary = "unable to validate store"
    reason = event = "InvalidProviderConfig"


class WriteError(SyncError):
    """The Secret or a status cannot be written."""

    summary = "could not update secret"


class OwnerError(SyncError):
    """The Secret belongs to somebody else."""

    summary = "failed to take ownership of target secret"


class SecretMissing(SyncError):
    """Secrets Manager has no such secret."""


class SecretsManager(Protocol):
    """The part of boto3's Secrets Manager client that is needed."""

    def get_secret_value(self, **arguments: str) -> Mapping[str, Any]:
        """Value of one secret."""


@dataclass(frozen=True)
class Aws:
    """AWS as the pod's identity; boto3's default chain finds credentials and AWS_ENDPOINT_URL."""

    session: boto3.Session = field(default_factory=boto3.Session)

    def identity(self, region: str) -> str:
        """ARN of whom AWS takes this pod for. Raises StoreError."""
        try:
            return str(self.session.client("sts", region_name=region).get_caller_identity()["Arn"])
        except (BotoCoreError, ClientError) as error:
            raise StoreError(str(error)) from error

    def secrets(self, region: str) -> SecretsManager:
        """The client of a region."""
        client: SecretsManager = self.session.client("secretsmanager", region_name=region)
        return client


def duration(text: str) -> float:
    """Seconds of a Go duration such as 1h0m0s. Raises SyncError."""
    if not re.fullmatch(r"0|(\d+(\.\d+)?(h|ms|m|s))+", text):
        raise SyncError(f"refreshInterval {text!r} is no duration")
    return sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"([\d.]+)(h|ms|m|s)", text))


def age(timestamp: str | None) -> float:
    """Seconds since a Kubernetes timestamp; infinite without one."""
    if not timestamp:
        return float("inf")
    return (datetime.now(UTC) - datetime.fromisoformat(timestamp.replace("Z", "+00:00"))).total_seconds()


def digest(value: Any) -> str:
    """A short, stable digest of JSON data."""
    return hashlib.sha3_224(json.dumps(value, sort_keys=True).encode()).hexdigest()


def with_ready(status: Object, ready: bool, reason: str, message: str) -> Object:
    """The status with its Ready condition set; the transition time changes only with the condition's status."""
    wanted = "True" if ready else "False"
    old: Object = next((item for item in status.get("conditions", []) if item["type"] == "Ready"), {})
    since = old["lastTransitionTime"] if old.get("status") == wanted else now()
    condition = {"type": "Ready", "status": wanted, "reason": reason, "message": message, "lastTransitionTime": since}
    others = [item for item in status.get("conditions", []) if item["type"] != "Ready"]
    return {**status, "conditions": [*others, condition]}


def is_ready(item: Object) -> bool:
    """Whether the object's Ready condition is true."""
    conditions = item.get("status", {}).get("conditions", [])
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def store_region(store: Object) -> str:
    """Region of a store that this stand-in supports. Raises StoreError naming what it does not."""
    provider = store["spec"].get("provider", {})
    aws = provider.get("aws")
    if set(provider) != {"aws"} or aws.get("service") != "SecretsManager" or not aws.get("region"):
        raise StoreError("supported here: provider aws, service SecretsManager, a region")
    if unsupported := sorted(set(aws) - {"service", "region"}):
        raise StoreError(f"not supported here: provider.aws.{', '.join(unsupported)}")
    for condition in store["spec"].get("conditions", []):
        if unsupported := sorted(set(condition) - {"namespaces", "namespaceRegexes"}):
            raise StoreError(f"not supported here: conditions.{', '.join(unsupported)}")
    return str(aws["region"])


def usable_from(store: Object, namespace: str) -> bool:
    """Whether the store's conditions let a namespace use it; without conditions every namespace may."""
    conditions = store["spec"].get("conditions") or [{"namespaces": [namespace]}]
    return any(
        namespace in condition.get("namespaces", [])
        or any(re.search(pattern, namespace) for pattern in condition.get("namespaceRegexes", []))
        for condition in conditions
    )


def value_of(secrets: SecretsManager, reference: Object) -> str:
    """The text of a secret in AWS. Raises SyncError."""
    arguments = {"SecretId": reference["key"]}
    if version := reference.get("version"):
        key = "VersionId" if version.startswith("uuid/") else "VersionStage"
        arguments[key] = version.removeprefix("uuid/")
    try:
        answer = secrets.get_secret_value(**arguments)
    except ClientError as error:
        missing = error.response["Error"]["Code"] == "ResourceNotFoundException"
        raise (SecretMissing if missing else SyncError)(f"{reference['key']}: {error}") from error
    except BotoCoreError as error:
        raise SyncError(f"{reference['key']}: {error}") from error
    return str(answer["SecretString"]) if "SecretString" in answer else bytes(answer["SecretBinary"]).decode()


def text_of(value: Any) -> str:
    """A JSON value as it is stored in a Secret: strings as they are, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def parsed(reference: Object, text: str) -> Object:
    """The JSON object in a secret. Raises SyncError, which never quotes the value."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise SyncError(f"{reference['key']} holds no JSON object")
    return value


def collect(spec: Object, secrets: SecretsManager) -> dict[str, str]:
    """All keys and values that an ExternalSecret asks for. Raises SyncError."""
    result: dict[str, str] = {}
    for source in spec.get("dataFrom", []):
        if set(source) != {"extract"} or set(source["extract"]) - _SUPPORTED_EXTRACT:
            raise SyncError("supported here in dataFrom: extract with key and version")
        found = parsed(source["extract"], value_of(secrets, source["extract"]))
        result.update({key: text_of(value) for key, value in found.items()})
    for item in spec.get("data", []):
        reference = item["remoteRef"]
        text = value_of(secrets, reference)
        if name := reference.get("property"):
            found = parsed(reference, text)
            if name not in found:
                raise SyncError(f"{reference['key']} has no key {name}")
            text = text_of(found[name])
        result[item["secretKey"]] = text
    for key in result:
        if not re.fullmatch(r"[-._a-zA-Z0-9]{1,253}", key):
            raise SyncError(f"{key!r} is no name for a key of a Secret")
    return result


def target_of(item: Object) -> tuple[str, str, str]:
    """Name, creation policy and deletion policy of the Secret that an ExternalSecret fills. Raises SyncError."""
    target = item["spec"].get("target", {})
    template = target.get("template", {})
    asked = {*target, *(f"template.{name}" for name in template)} - _SUPPORTED_TARGET
    asked |= {f"template.metadata.{name}" for name in template.get("metadata", {})} - {"template.metadata.annotations"}
    if asked:
        raise SyncError(f"not supported here: target.{', '.join(sorted(asked))}")
    creation, deletion = target.get("creationPolicy", "Owner"), target.get("deletionPolicy", "Retain")
    if creation not in {"Owner", "Orphan"} or deletion not in {"Retain", "Delete"}:
        raise SyncError("supported here: creationPolicy Owner or Orphan, deletionPolicy Retain or Delete")
    return str(target.get("name") or item["metadata"]["name"]), creation, deletion


def secret_for(item: Object, name: str, creation: str, values: Mapping[str, str]) -> Object:
    """The Secret as it should be."""
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    annotations = item["spec"].get("target", {}).get("template", {}).get("metadata", {}).get("annotations", {})
    metadata: Object = {
        "name": name,
        "namespace": item["metadata"]["namespace"],
        "labels": {MANAGED: "true"},
        "annotations": {**annotations, DATA_HASH: digest(data)},
    }
    if creation == "Owner":
        metadata["ownerReferences"] = [
            {
                "apiVersion": item["apiVersion"],
                "kind": item["kind"],
                "name": item["metadata"]["name"],
                "uid": item["metadata"]["uid"],
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ]
    return {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata, "data": data}


def intact(secret: Object) -> bool:
    """Whether nobody has changed the data of a delivered Secret."""
    recorded = secret["metadata"].get("annotations", {}).get(DATA_HASH)
    return bool(recorded == digest(secret.get("data", {})))


def matches(existing: Object, wanted: Object) -> bool:
    """Whether a Secret already is as it should be, beside labels and annotations of others."""
    return (
        existing.get("data", {}) == wanted["data"]
        and existing["metadata"].get("ownerReferences", []) == wanted["metadata"].get("ownerReferences", [])
        and all(_contains(existing["metadata"], wanted["metadata"], name) for name in ("labels", "annotations"))
    )


def _contains(metadata: Object, wanted: Object, name: str) -> bool:
    present: dict[str, str] = metadata.get(name, {})
    return all(present.get(key) == value for key, value in wanted[name].items())


def synced_version(item: Object) -> str:
    """What the upstream controller writes after a sync: it changes with spec, labels and annotations."""
    metadata = item["metadata"]
    return f"{metadata['generation']}-{digest([metadata.get('labels', {}), metadata.get('annotations', {})])}"


def wants_refresh(item: Object) -> bool:
    """Whether an ExternalSecret has to be read anew. Raises SyncError."""
    status, spec = item.get("status", {}), item["spec"]
    if not is_ready(item):
        return True
    policy = spec.get("refreshPolicy", "Periodic")
    if policy == "CreatedOnce":
        return False
    if status.get("syncedResourceVersion") != synced_version(item):
        return True
    interval = duration(spec.get("refreshInterval", "1h0m0s"))
    return policy == "Periodic" and interval > 0 and age(status.get("refreshTime")) >= interval


@dataclass
class Controller:
    """Brings every object into the state that its spec describes, one pass after the other."""

    api: Api
    aws: Aws
    log: Callable[[str], None] = print
    passes: int = 0
    _retries: dict[str, tuple[float, float]] = field(default_factory=dict)
    _checked: dict[str, tuple[int, float]] = field(default_factory=dict)

    def run_once(self) -> None:
        """One pass over all objects. Raises ApiError when they cannot be listed."""
        stores = self._list("ClusterSecretStore", f"{GROUP}/clustersecretstores")
        for store in stores:
            self._guarded(store, partial(self._store, store))
        by_name = {store["metadata"]["name"]: store for store in stores}
        delivered = self.api.call("GET", f"/api/v1/secrets?labelSelector={MANAGED}%3Dtrue")["items"]
        hashes = {(item["metadata"]["namespace"], item["metadata"]["name"]): intact(item) for item in delivered}
        for item in self._list("ExternalSecret", f"{GROUP}/externalsecrets"):
            self._guarded(item, partial(self._external_secret, item, by_name, hashes))
        self.passes += 1

    def _list(self, kind: str, path: str) -> list[Object]:
        # Items of a list carry neither apiVersion nor kind.
        items = self.api.call("GET", path)["items"]
        return [{**item, "apiVersion": "external-secrets.io/v1", "kind": kind} for item in items]

    def _guarded(self, item: Object, reconcile: Callable[[], None]) -> None:
        """Reconcile one object; a failure goes to its status and an event, and is tried again ever more slowly."""
        key = f"{item['metadata']['uid']} {item['metadata']['generation']}"
        due, delay = self._retries.get(key, (0.0, 0.5))
        if time.monotonic() < due:
            return
        try:
            reconcile()
            self._retries.pop(key, None)
        except (SyncError, ApiError) as error:
            delay = min(delay * 2, LONGEST_RETRY_SECONDS)
            self._retries[key] = (time.monotonic() + delay, delay)
            failure = error if isinstance(error, SyncError) else WriteError(str(error))
            self._report(item, False, failure.reason, failure.summary)
            self._warn(item, failure)

    def _warn(self, item: Object, failure: SyncError) -> None:
        """Say in an event what failed; when the API server takes none, the log has it."""
        told = f"{item['kind']} {item['metadata']['name']}: {failure.event}: {failure}"
        try:
            write_event(self.api, item, "Warning", failure.event, str(failure), "external-secrets")
        except ApiError as error:
            told += f" (no event: {error})"
        self.log(told)

    def _store(self, store: Object) -> None:
        key, generation = store["metadata"]["uid"], store["metadata"]["generation"]
        known, since = self._checked.get(key, (0, 0.0))
        if is_ready(store) and known == generation and time.monotonic() - since < STORE_CHECK_SECONDS:
            return
        arn = self.aws.identity(store_region(store))
        self._checked[key] = (generation, time.monotonic())
        self._report(store, True, "Valid", "store validated", capabilities="ReadWrite", note=f" as {arn}")

    def _external_secret(
        self, item: Object, stores: Mapping[str, Object], delivered: Mapping[tuple[str, str], bool]
    ) -> None:
        name, creation, deletion = target_of(item)
        namespace = item["metadata"]["namespace"]
        if delivered.get((namespace, name)) and not wants_refresh(item):
            return
        path = f"/api/v1/namespaces/{namespace}/secrets"
        existing = self._secret(f"{path}/{name}")
        secrets = self.aws.secrets(self._region(item, stores))
        try:
            wanted = secret_for(item, name, creation, collect(item["spec"], secrets))
        except SecretMissing:
            if deletion == "Delete" and existing:
                self.api.call("DELETE", f"{path}/{name}")
            raise
        self._write(path, name, existing, wanted)
        self._report(
            item,
            True,
            "SecretSynced",
            "secret synced",
            refreshTime=now(),
            syncedResourceVersion=synced_version(item),
            binding={"name": name},
        )

    def _secret(self, path: str) -> Object | None:
        try:
            return self.api.call("GET", path)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def _region(self, item: Object, stores: Mapping[str, Object]) -> str:
        reference = item["spec"].get("secretStoreRef", {})
        if reference.get("kind") != "ClusterSecretStore":
            raise SyncError("supported here: secretStoreRef.kind ClusterSecretStore")
        store = stores.get(reference["name"])
        if store is None:
            raise SyncError(f"ClusterSecretStore {reference['name']} does not exist")
        if not usable_from(store, item["metadata"]["namespace"]):
            raise SyncError(f"ClusterSecretStore {reference['name']} may not be used from this namespace")
        if not is_ready(store):
            raise SyncError(f"ClusterSecretStore {reference['name']} is not ready")
        return store_region(store)

    def _write(self, path: str, name: str, existing: Object | None, wanted: Object) -> None:
        if existing is None:
            self.api.call("POST", path, wanted)
            self.log(f"created Secret {wanted['metadata']['namespace']}/{name}")
            return
        foreign = [owner for owner in existing["metadata"].get("ownerReferences", []) if owner.get("controller")]
        if foreign and foreign != wanted["metadata"].get("ownerReferences", []):
            raise OwnerError(f"Secret {name} belongs to {foreign[0]['kind']} {foreign[0]['name']}")
        if not matches(existing, wanted):
            # A merge patch keeps keys that are gone from the source unless they are removed by name.
            gone = {key: None for key in existing.get("data", {}) if key not in wanted["data"]}
            self.api.call("PATCH", f"{path}/{name}", {**wanted, "data": {**wanted["data"], **gone}})
            self.log(f"updated Secret {wanted['metadata']['namespace']}/{name}")

    def _report(self, item: Object, ready: bool, reason: str, message: str, note: str = "", **fields: Any) -> None:
        """Write the status, unless it says so already; errors of that are left to the next pass."""
        old = item.get("status", {})
        status = with_ready({**old, **fields}, ready, reason, message)
        if status == old:
            return
        metadata = item["metadata"]
        plural = {"ClusterSecretStore": "clustersecretstores", "ExternalSecret": "externalsecrets"}[item["kind"]]
        scope = f"/namespaces/{metadata['namespace']}" if "namespace" in metadata else ""
        try:
            self.api.call("PATCH", f"{GROUP}{scope}/{plural}/{metadata['name']}/status", {"status": status})
        except ApiError as error:
            self.log(f"status of {item['kind']} {metadata['name']}: {error}")
            return
        item["status"] = status
        self.log(f"{item['kind']} {metadata['name']}: {reason}: {message}{note}")


def parse(arguments: list[str]) -> None:
    """Take the chart's arguments, which switch off what the stand-in does not do; any other ends the program."""
    parser = argparse.ArgumentParser(prog="external-secrets")
    for kind in ("cluster-external-secret", "cluster-push-secret", "push-secret", "secret-store"):
        parser.add_argument(f"--enable-{kind}-reconciler", choices=["false"], required=True)
    parser.parse_args(arguments)


def main() -> None:
    """Run in a pod until it ends."""
    parse(sys.argv[1:])
    controller = Controller(ClusterApi.of_this_pod(), Aws(), log)
    serve_health(HEALTH_PORT, lambda: controller.passes > 0)
    log(f"stand-in for External Secrets, Python {sys.version.split()[0]}")
    run(controller.run_once, iter(lambda: POLL_SECONDS, None))


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The stand-in for External Secrets against moto's Secrets Manager and a small API server in memory."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from sandbox.standins import external_secrets as es
from sandbox.standins.kubernetes_api import ApiError, Object
from tests.unit.sandbox.standins.memory_api import MemoryApi

REGION = "eu-west-1"
GROUP = "/apis/external-secrets.io/v1"


class World:
    """An API server with one store and one ExternalSecret, and an account with one secret."""

    STORE = f"{GROUP}/clustersecretstores/supabase"
    ITEM = f"{GROUP}/namespaces/supabase/externalsecrets/supabase-db"
    SECRET = "/api/v1/namespaces/supabase/secrets/supabase-db"

    def __init__(self) -> None:
        self.api = MemoryApi()
        self.manager = boto3.client("secretsmanager", region_name=REGION)
        value = '{"username": "postgres", "password": "first"}'
        self.manager.create_secret(Name="test-supabase-db", SecretString=value)
        self.lines: list[str] = []
        self.controller = es.Controller(self.api, es.Aws(boto3.Session()), self.lines.append)
        self.api.put(
            self.STORE,
            {
                "metadata": {"name": "supabase"},
                "spec": {
                    "conditions": [{"namespaces": ["supabase"]}],
                    "provider": {"aws": {"service": "SecretsManager", "region": REGION}},
                },
            },
        )
        self.apply({"dataFrom": [{"extract": {"key": "test-supabase-db"}}]})

    def apply(self, spec: Object) -> None:
        """Apply the ExternalSecret with this spec beside store and target."""
        defaults = {"secretStoreRef": {"kind": "ClusterSecretStore", "name": "supabase"}}
        metadata = {"name": "supabase-db", "namespace": "supabase"}
        self.api.put(self.ITEM, {"metadata": metadata, "spec": {**defaults, **spec}})
        self.controller._retries.clear()

    def run(self) -> dict[str, str]:
        """One pass; returns the data of the Secret."""
        self.controller.run_once()
        data = self.api.objects.get(self.SECRET, {}).get("data", {})
        return {key: base64.b64decode(value).decode() for key, value in data.items()}

    def failure(self, path: str) -> tuple[tuple[str, str, str], str]:
        """An object's Ready condition, and the text of the only event about it."""
        kind = {self.STORE: "ClusterSecretStore", self.ITEM: "ExternalSecret"}[path]
        events = [item for key, item in self.api.objects.items() if "/events/" in key]
        (event,) = (item for item in events if item["involvedObject"]["kind"] == kind)
        assert event["type"] == "Warning"
        assert event["involvedObject"]["uid"] == self.api.objects[path]["metadata"]["uid"]
        return self.api.ready(path), event["message"]

    def expire(self) -> None:
        """Let the refresh interval pass."""
        self.api.objects[self.ITEM]["status"]["refreshTime"] = "2020-01-01T00:00:00Z"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A fresh account and API server."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-long-secret-of-the-tests")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield World()


def test_delivers_every_key_of_the_secret(world: World) -> None:
    assert world.run() == {"username": "postgres", "password": "first"}
    secret = world.api.objects[world.SECRET]
    assert secret["metadata"]["labels"] == {"reconcile.external-secrets.io/managed": "true"}
    assert secret["metadata"]["ownerReferences"] == [
        {
            "apiVersion": "external-secrets.io/v1",
            "kind": "ExternalSecret",
            "name": "supabase-db",
            "uid": f"uid of {world.ITEM}",
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]


def test_reports_readiness_as_upstream_does(world: World) -> None:
    world.run()
    assert world.api.ready(world.STORE) == ("True", "Valid", "store validated")
    assert world.api.ready(world.ITEM) == ("True", "SecretSynced", "secret synced")
    status = world.api.objects[world.ITEM]["status"]
    assert status["binding"] == {"name": "supabase-db"}
    assert re.fullmatch(r"1-[0-9a-f]{56}", status["syncedResourceVersion"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", status["refreshTime"])


def test_second_pass_writes_nothing(world: World) -> None:
    world.run()
    before = list(world.api.writes)
    world.run()
    assert world.api.writes == before


def test_no_value_is_logged(world: World) -> None:
    world.run()
    assert world.lines and not [line for line in world.lines if "first" in line]


def test_new_value_arrives_after_the_refresh_interval_and_not_before(world: World) -> None:
    world.run()
    world.manager.put_secret_value(SecretId="test-supabase-db", SecretString='{"password": "second"}')
    assert world.run()["password"] == "first"
    world.expire()
    # A key that is gone from AWS is gone from the Secret.
    assert world.run() == {"password": "second"}


def test_annotation_forces_a_refresh(world: World) -> None:
    world.run()
    world.manager.put_secret_value(SecretId="test-supabase-db", SecretString='{"password": "second"}')
    world.api.objects[world.ITEM]["metadata"]["annotations"] = {"external-secrets.io/force-sync": "1"}
    assert world.run() == {"password": "second"}


def test_annotation_of_the_secret_forces_a_refresh(world: World) -> None:
    def apply(version: str) -> None:
        annotations = {"metadata": {"annotations": {"supastack.dev/secret-version": version}}}
        world.apply({"dataFrom": [{"extract": {"key": "test-supabase-db"}}], "target": {"template": annotations}})

    apply("1")
    world.run()
    world.manager.put_secret_value(SecretId="test-supabase-db", SecretString='{"password": "second"}')
    assert world.run()["password"] == "first"
    apply("2")
    assert world.run() == {"password": "second"}
    assert world.api.objects[world.SECRET]["metadata"]["annotations"]["supastack.dev/secret-version"] == "2"


@pytest.mark.parametrize(
    ("policy", "password"), [("CreatedOnce", "first"), ("OnChange", "first"), ("Periodic", "second")]
)
def test_refresh_policy(world: World, policy: str, password: str) -> None:
    world.apply({"dataFrom": [{"extract": {"key": "test-supabase-db"}}], "refreshPolicy": policy})
    world.run()
    world.manager.put_secret_value(SecretId="test-supabase-db", SecretString='{"password": "second"}')
    world.expire()
    assert world.run()["password"] == password


def test_interval_of_zero_never_refreshes(world: World) -> None:
    world.apply({"dataFrom": [{"extract": {"key": "test-supabase-db"}}], "refreshInterval": "0"})
    world.run()
    world.manager.put_secret_value(SecretId="test-supabase-db", SecretString='{"password": "second"}')
    world.expire()
    assert world.run()["password"] == "first"


def test_changed_or_deleted_secret_is_put_back(world: World) -> None:
    world.run()
    world.api.objects[world.SECRET]["data"]["password"] = base64.b64encode(b"edited").decode()
    assert world.run()["password"] == "first"
    del world.api.objects[world.SECRET]
    assert world.run()["password"] == "first"


def test_single_keys_under_other_names(world: World) -> None:
    world.manager.create_secret(Name="plain", SecretString="just text")
    world.apply(
        {
            "target": {"name": "supabase-db", "creationPolicy": "Orphan"},
            "data": [
                {"secretKey": "PGPASSWORD", "remoteRef": {"key": "test-supabase-db", "property": "password"}},
                {"secretKey": "whole", "remoteRef": {"key": "plain", "version": "AWSCURRENT"}},
            ],
        }
    )
    assert world.run() == {"PGPASSWORD": "first", "whole": "just text"}
    assert "ownerReferences" not in world.api.objects[world.SECRET]["metadata"]


def test_json_values_that_are_no_text_are_stored_as_json(world: World) -> None:
    world.manager.put_secret_value(SecretId="test-supabase-db", SecretString='{"n": 1, "l": [1, 2], "t": "x"}')
    assert world.run() == {"n": "1", "l": "[1,2]", "t": "x"}


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"dataFrom": [{"extract": {"key": "absent"}}]}, "absent: An error occurred \\(ResourceNotFoundException\\)"),
        ({"data": [{"secretKey": "a", "remoteRef": {"key": "test-supabase-db", "property": "b"}}]}, "has no key b"),
        ({"dataFrom": [{"find": {}}]}, "supported here in dataFrom"),
        ({"target": {"template": {"data": {"a": "b"}}}}, "not supported here: target.template.data"),
        ({"target": {"template": {"metadata": {"labels": {}}}}}, "not supported here: target.template.metadata.labels"),
        ({"target": {"creationPolicy": "Merge"}}, "supported here: creationPolicy"),
        ({"secretStoreRef": {"kind": "ClusterSecretStore", "name": "other"}}, "other does not exist"),
        ({"secretStoreRef": {"kind": "SecretStore", "name": "x"}}, "secretStoreRef.kind ClusterSecretStore"),
        ({"data": [{"secretKey": "a b", "remoteRef": {"key": "test-supabase-db"}}]}, "is no name for a key"),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else "",
)
def test_what_cannot_be_synced_says_why(world: World, spec: dict[str, Any], message: str) -> None:
    world.apply(spec)
    assert world.run() == {}
    condition, text = world.failure(world.ITEM)
    assert condition == ("False", "SecretSyncedError", "could not get secret data from provider")
    assert re.search(message, text)


def test_value_that_is_no_json_is_not_quoted(world: World) -> None:
    world.manager.put_secret_value(SecretId="test-supabase-db", SecretString="a-bare-password")
    world.run()
    assert world.failure(world.ITEM)[1] == "test-supabase-db holds no JSON object"


def test_bad_interval_is_reported_once_it_matters(world: World) -> None:
    world.apply({"dataFrom": [{"extract": {"key": "test-supabase-db"}}], "refreshInterval": "soon"})
    world.run()
    world.run()
    assert world.failure(world.ITEM)[1] == "refreshInterval 'soon' is no duration"


@pytest.mark.parametrize(("policy", "left"), [("Retain", True), ("Delete", False)])
def test_deletion_policy(world: World, policy: str, left: bool) -> None:
    world.apply({"dataFrom": [{"extract": {"key": "test-supabase-db"}}], "target": {"deletionPolicy": policy}})
    world.run()
    world.manager.delete_secret(SecretId="test-supabase-db", ForceDeleteWithoutRecovery=True)
    world.expire()
    world.run()
    assert (world.SECRET in world.api.objects) is left
    assert world.api.ready(world.ITEM)[0] == "False"


def test_store_serves_its_namespaces_only(world: World) -> None:
    world.api.objects[world.STORE]["spec"]["conditions"] = [{"namespaces": ["elsewhere"]}, {"namespaceRegexes": ["^x"]}]
    assert world.run() == {}
    assert "may not be used from this namespace" in world.failure(world.ITEM)[1]
    world.api.objects[world.STORE]["spec"]["conditions"] = [{"namespaceRegexes": ["^supa"]}]
    world.controller._retries.clear()
    assert world.run()


@pytest.mark.parametrize(
    ("provider", "message"),
    [
        ({"vault": {}}, "supported here: provider aws"),
        ({"aws": {"service": "ParameterStore", "region": REGION}}, "supported here: provider aws"),
        ({"aws": {"service": "SecretsManager", "region": REGION, "auth": {}}}, "not supported here: provider.aws.auth"),
    ],
    ids=["vault", "parameter store", "auth"],
)
def test_store_that_is_not_supported_says_so(world: World, provider: dict[str, Any], message: str) -> None:
    world.api.objects[world.STORE]["spec"]["provider"] = provider
    world.run()
    condition, text = world.failure(world.STORE)
    assert condition == ("False", "InvalidProviderConfig", "unable to validate store") and message in text
    assert "is not ready" in world.failure(world.ITEM)[1]


def test_store_without_credentials_is_not_ready(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    world.controller.aws = es.Aws(boto3.Session())
    world.run()
    condition, text = world.failure(world.STORE)
    assert condition == ("False", "InvalidProviderConfig", "unable to validate store")
    assert "Unable to locate credentials" in text


def test_secret_of_another_owner_is_left_alone(world: World) -> None:
    owner = {"kind": "Other", "name": "somebody", "controller": True}
    metadata = {"name": "supabase-db", "namespace": "supabase", "ownerReferences": [owner]}
    world.api.objects[world.SECRET] = {"metadata": metadata, "data": {"mine": "eA=="}}
    assert world.run() == {"mine": "x"}
    condition, text = world.failure(world.ITEM)
    assert condition[2] == "failed to take ownership of target secret"
    assert text == "Secret supabase-db belongs to Other somebody"


@pytest.mark.parametrize("refused", ["secrets", "events"])
def test_what_the_api_server_refuses_is_told(world: World, monkeypatch: pytest.MonkeyPatch, refused: str) -> None:
    def call(method: str, path: str, body: Object | None = None) -> Object:
        if method == "POST" and path.endswith(f"/{refused}"):
            raise ApiError(403, "forbidden")
        return original(method, path, body)

    original = world.api.call
    monkeypatch.setattr(world.api, "call", call)
    if refused == "events":
        world.apply({"dataFrom": [{"extract": {"key": "absent"}}]})
    world.run()
    expected = {"secrets": "could not update secret", "events": "could not get secret data from provider"}[refused]
    assert world.api.ready(world.ITEM) == ("False", "SecretSyncedError", expected)
    assert "403: forbidden" in world.lines[-1]


def test_failure_is_tried_again_ever_more_slowly(world: World) -> None:
    world.apply({"dataFrom": [{"extract": {"key": "absent"}}]})
    delays = []
    for _attempt in range(8):
        world.run()
        ((due, delay),) = world.controller._retries.values()
        delays.append(delay)
        world.controller._retries = dict.fromkeys(world.controller._retries, (0.0, delay))
        assert due > 0
    assert delays == [1, 2, 4, 8, 16, 30, 30, 30]


@pytest.mark.parametrize(
    ("text", "seconds"), [("1h0m0s", 3600), ("15m", 900), ("1.5s", 1.5), ("250ms", 0.25), ("0", 0), ("1h30m", 5400)]
)
def test_go_durations(text: str, seconds: float) -> None:
    assert es.duration(text) == seconds

# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The gateway as Envoy really runs it, before a real PostgREST, postgres-meta and PostgreSQL."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.bootstrap import database as db
from tests.unit.chart import rendering, stack
from tests.unit.chart.stack import Answer, Secrets, Stack
from tools.toolchain import envoy

KEYS = ("anon", "publishable", "service_role", "secret")
ORIGIN = "https://app.example.com"
TABLE = """
    CREATE TABLE public.things (id int PRIMARY KEY);
    ALTER TABLE public.things ENABLE ROW LEVEL SECURITY;
    INSERT INTO public.things VALUES (1);
"""


def generated_secrets() -> Secrets:
    """The secrets as the role kms_secrets generates them, by their names in the cluster."""
    # A plug-in of a collection can only be imported beside Ansible's own loader, so another Python does it.
    program = (
        "import json; from ansible_collections.supastack.aws.plugins.filter.supabase_keys import supabase_keys as make;"
        "jwt = make('SUPABASE_JWT'); print(json.dumps({'supabase-jwt': jwt,"
        "'supabase-api-keys': make('SUPABASE_API_KEYS', jwt=jwt), 'supabase-dashboard': make('SUPABASE_DASHBOARD')}))"
    )
    path = {"PYTHONPATH": str(rendering.CHECKOUT / ".collections")}
    result = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, env={**os.environ, **path}
    )
    secrets: Secrets = json.loads(result.stdout)
    return {
        **secrets,
        "supabase-db": {"username": "postgres", "password": db.MASTER_PASSWORD},
        "supabase-db-roles": {"authenticator": db.AUTHENTICATOR_PASSWORD},
    }


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The services before a bootstrapped database with one table."""
    with db.running(17) as database:
        assert db.run_bootstrap(database).returncode == 0
        with database.master() as connection:
            connection.execute(TABLE.encode())
        with stack.running(database, generated_secrets(), tmp_path_factory.mktemp("stack")) as started:
            yield started


@pytest.fixture(scope="module")
def keys(running: Stack) -> dict[str, str]:
    """The API keys by their names."""
    return running.secrets["supabase-api-keys"]


def message(answer: Answer) -> str:
    """The message in an answer of the gateway itself."""
    assert answer.headers["content-type"] == "application/json"
    text: str = json.loads(answer.body)["message"]
    return text


@pytest.mark.parametrize("path", ["/rest/v1/", "/rest/v1/things", "/pg/config/version"])
def test_without_a_key_401(running: Stack, path: str) -> None:
    answer = running.request(path)
    assert (answer.status, message(answer)) == (401, "No API key found in request")


@pytest.mark.parametrize("path", ["/rest/v1/", "/rest/v1/things", "/pg/config/version"])
def test_with_an_unknown_key_401(running: Stack, keys: dict[str, str], path: str) -> None:
    for key in ("x", "", keys["secret"][:-1], keys["secret"] + "x", keys["anon_asymmetric"]):
        answer = running.request(path, apikey=key)
        assert (answer.status, message(answer)) == (401, "Invalid API key")


@pytest.mark.parametrize("path", ["/", "/rest/v1", "/pg", "/rest/v2/", "/auth/v1/health", "/admin"])
def test_unknown_path_404_with_and_without_a_key(running: Stack, keys: dict[str, str], path: str) -> None:
    for headers in ({}, {"apikey": keys["secret"]}):
        answer = running.request(path, **headers)
        assert (answer.status, message(answer)) == (404, "No service has this path")


@pytest.mark.parametrize("key", ["service_role", "secret"])
def test_openapi_document_for_the_service_keys(running: Stack, keys: dict[str, str], key: str) -> None:
    answer = running.request("/rest/v1/", apikey=keys[key])
    assert answer.status == 200
    document = json.loads(answer.body)
    assert document["basePath"] == "/rest/v1/" and "/things" in document["paths"]


@pytest.mark.parametrize("key", ["anon", "publishable"])
@pytest.mark.parametrize(
    "path", ["/rest/v1/", "/rest/v1/?select=x", "/rest/v1//", "/rest/v1/./", "/rest/v1/x/../", "/rest/v1/%2e"]
)
def test_no_openapi_document_for_the_public_keys(running: Stack, keys: dict[str, str], key: str, path: str) -> None:
    answer = running.request(path, apikey=keys[key])
    assert (answer.status, message(answer)) == (403, "This API key is not allowed here")


@pytest.mark.parametrize(("key", "rows"), [("anon", 0), ("publishable", 0), ("service_role", 1), ("secret", 1)])
def test_rows_by_key(running: Stack, keys: dict[str, str], key: str, rows: int) -> None:
    by_header = running.request("/rest/v1/things", apikey=keys[key])
    by_query = running.request(f"/rest/v1/things?select=id&apikey={keys[key]}&id=eq.1")
    assert [len(json.loads(answer.body)) for answer in (by_header, by_query)] == [rows, rows]


@pytest.mark.parametrize("key", KEYS)
def test_key_as_bearer_token_is_the_same_as_the_key(running: Stack, keys: dict[str, str], key: str) -> None:
    alone = running.request("/rest/v1/things", apikey=keys[key])
    both = running.request("/rest/v1/things", apikey=keys[key], authorization=f"Bearer {keys[key]}")
    assert (both.status, both.body) == (alone.status, alone.body)


def test_jwt_of_a_user_wins_over_the_key(running: Stack, keys: dict[str, str]) -> None:
    for token, rows in (("service_role", 1), ("service_role_asymmetric", 1), ("anon_asymmetric", 0)):
        answer = running.request("/rest/v1/things", apikey=keys["publishable"], authorization=f"bearer {keys[token]}")
        assert len(json.loads(answer.body)) == rows
    header, claims, _signature = keys["service_role"].split(".")
    forged = running.request(
        "/rest/v1/things", apikey=keys["secret"], authorization=f"Bearer {header}.{claims}.{'x' * 43}"
    )
    assert forged.status == 401 and json.loads(forged.body)["code"].startswith("PGRST30")


@pytest.mark.parametrize(
    ("key", "status"), [("anon", 403), ("publishable", 403), ("service_role", 200), ("secret", 200)]
)
def test_database_management_is_for_the_service_keys(
    running: Stack, keys: dict[str, str], key: str, status: int
) -> None:
    assert running.request("/pg/config/version", apikey=keys[key]).status == status
    # A token does not take the place of the key.
    answer = running.request("/pg/config/version", apikey=keys[key], authorization=f"Bearer {keys['service_role']}")
    assert answer.status == status


def test_path_cannot_leave_its_route(running: Stack, keys: dict[str, str]) -> None:
    assert running.request("/rest/v1/../../pg/config/version", apikey=keys["anon"]).status == 403
    for path in ("/rest/v1/%2F", "/rest/v1/..%2f..%2fpg/config/version"):
        answer = running.request(path, apikey=keys["anon"])
        assert answer.status == 400 and "escaped slash" in message(answer)


def test_browser_may_ask_before_it_has_a_key(running: Stack) -> None:
    answer = running.request(
        "/rest/v1/things",
        method="OPTIONS",
        origin=ORIGIN,
        access_control_request_method="POST",
        access_control_request_headers="apikey, authorization",
    )
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "authorization" in answer.headers["access-control-allow-headers"]
    assert "PATCH" in answer.headers["access-control-allow-methods"]


def test_browser_may_read_answers_and_refusals(running: Stack, keys: dict[str, str]) -> None:
    for headers in ({}, {"apikey": keys["anon"]}):
        answer = running.request("/rest/v1/things", origin=ORIGIN, **headers)
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert "access-control-allow-credentials" not in answer.headers


def test_browser_may_not_read_database_management(running: Stack, keys: dict[str, str]) -> None:
    answer = running.request("/pg/config/version", apikey=keys["secret"], origin=ORIGIN)
    assert answer.status == 200 and "access-control-allow-origin" not in answer.headers


def test_no_log_holds_a_key(running: Stack, keys: dict[str, str]) -> None:
    running.request(f"/rest/v1/things?apikey={keys['secret']}")
    running.request("/rest/v1/things", apikey=keys["service_role"])
    deadline = time.monotonic() + 10
    while running.log("gateway").count('"path":"/rest/v1/things"') < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    logs = "".join(running.log(name) for name in ("gateway", "rest", "meta"))
    assert '"path":"/rest/v1/things"' in logs
    assert [name for name, key in keys.items() if key in logs] == []


def test_health_listener_serves_readiness_only(running: Stack) -> None:
    assert running.request("/ready", port="health").status == 200
    assert running.request("/ready", port="health", method="POST", body="").status == 404
    for path in ("/config_dump", "/quitquitquit", "/ready/../config_dump", "/"):
        assert running.request(path, port="health").status == 404


def test_gateway_without_a_key_does_not_start(tmp_path: Path) -> None:
    data = rendering.named(rendering.supabase(), "ConfigMap", "supabase-gateway")["data"]
    (tmp_path / "gateway.lua").write_text(data["gateway.lua"], encoding="utf-8")
    ports = dict(zip(("gateway", "health", "admin", "rest", "meta"), stack.free_ports(5), strict=True))
    config = tmp_path / "envoy.yaml"
    config.write_text(stack.loopback_envoy(data["envoy.yaml"], tmp_path, ports), encoding="utf-8")
    result = subprocess.run(
        [envoy(), "--mode", "validate", "--config-path", config],
        env={"SUPABASE_ANON_KEY": "key"},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert result.returncode != 0
    assert "environment variable SUPABASE_SERVICE_ROLE_KEY is missing or empty" in result.stderr

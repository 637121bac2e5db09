# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The gateway as Envoy really runs it, before a real PostgREST, postgres-meta and PostgreSQL."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from tests.unit.bootstrap import database as db
from tests.unit.chart import stack
from tests.unit.chart.stack import Answer, Stack

KEYS = ("anon", "publishable", "service_role", "secret")
ORIGIN = "https://app.example.com"
TABLE = """
    CREATE TABLE public.things (id int PRIMARY KEY);
    ALTER TABLE public.things ENABLE ROW LEVEL SECURITY;
    INSERT INTO public.things VALUES (1);
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The services before a bootstrapped database with one table."""
    with db.running(17) as database:
        assert db.run_bootstrap(database).returncode == 0
        with database.master() as connection:
            connection.execute(TABLE.encode())
        secrets = stack.generated_secrets() | stack.secrets_of_the_database()
        with stack.running(database, secrets, tmp_path_factory.mktemp("stack")) as started:
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


def test_database_management(running: Stack, keys: dict[str, str]) -> None:
    statuses = {name: running.request("/pg/config/version", apikey=keys[name]).status for name in KEYS}
    assert statuses == {"anon": 403, "publishable": 403, "service_role": 200, "secret": 200}
    # A token does not take the place of the key.
    bearer = f"Bearer {keys['service_role']}"
    assert running.request("/pg/config/version", apikey=keys["anon"], authorization=bearer).status == 403


def test_path_cannot_leave_its_route(running: Stack, keys: dict[str, str]) -> None:
    assert running.request("/rest/v1/../../pg/config/version", apikey=keys["anon"]).status == 403
    for path in ("/rest/v1/%2F", "/rest/v1/..%2f..%2fpg/config/version"):
        answer = running.request(path, apikey=keys["anon"])
        assert answer.status == 400 and "escaped slash" in message(answer)


def test_browser_may_read_answers_and_refusals(running: Stack, keys: dict[str, str]) -> None:
    for headers in ({}, {"apikey": keys["anon"]}):
        answer = running.request("/rest/v1/things", origin=ORIGIN, **headers)
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert "access-control-allow-credentials" not in answer.headers


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


@pytest.mark.parametrize("rest", [True, False])
def test_health_check_of_the_load_balancer_without_auth(running: Stack, rest: bool) -> None:
    path, codes = stack.health_check(**stack.OTHERS, rest={"enabled": rest})
    # A gateway without that service answers every path of it like this one.
    path = path if rest else path.replace("rest", "none")
    assert str(running.request(path).status) == codes

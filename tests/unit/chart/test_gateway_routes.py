# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Where Envoy really sends what, and as whom: every route, with every kind of key."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.unit.chart import rendering, stack, upstream
from tests.unit.chart.stack import Answer, Stack
from tools.toolchain import envoy

SERVICES = ["auth", "rest", "realtime", "storage", "functions", "meta", "studio"]
STUDIO, API = "studio.example.com", "api.example.com"
ORIGIN = "https://app.example.com"
TIMED = ("auth", "rest", "functions", "meta", "studio")
GATEWAYS: dict[str, dict[str, Any]] = {
    "balanced": {"gateway": {"studioHost": STUDIO, "trustedProxies": 1}, "rest": {"graphql": True}},
    "default": {},
    "impatient": {"gateway": {"studioHost": "*"}, **{name: {"timeoutSeconds": upstream.SLOW - 1} for name in TIMED}},
}

# path, service, path there, who may. One line for each route of upstream's gateway.
ROUTES = [
    ("/auth/v1/verify?token=x", "auth", "/verify?token=x", "open"),
    ("/auth/v1/callback", "auth", "/callback", "open"),
    ("/auth/v1/authorize", "auth", "/authorize", "open"),
    ("/auth/v1/.well-known/jwks.json", "auth", "/.well-known/jwks.json", "open"),
    ("/auth/v1/sso/saml/acs", "auth", "/sso/saml/acs", "open"),
    ("/auth/v1/sso/saml/metadata", "auth", "/sso/saml/metadata", "open"),
    ("/sso/saml/acs", "auth", "/sso/saml/acs", "open"),
    ("/sso/saml/metadata", "auth", "/sso/saml/metadata", "open"),
    ("/.well-known/oauth-authorization-server", "auth", "/.well-known/oauth-authorization-server", "open"),
    ("/.well-known/oauth-authorization-server/auth/v1", "auth", "/.well-known/oauth-authorization-server", "open"),
    ("/auth/v1/verify/x", "auth", "/verify/x", "any_key"),
    ("/auth/v1/token?grant_type=password", "auth", "/token?grant_type=password", "any_key"),
    ("/auth/v1/admin/users", "auth", "/admin/users", "any_key"),
    ("/rest/v1/things?id=eq.1", "rest", "/things?id=eq.1", "any_key"),
    ("/rest/v1/", "rest", "/", "service_role"),
    ("/graphql/v1", "rest", "/rpc/graphql", "any_key"),
    ("/realtime/v1/api/broadcast", "realtime", "/api/broadcast", "any_key"),
    ("/realtime/v1/api/broadcast/x", "realtime", "/api/broadcast/x", "any_key"),
    ("/realtime/v1/api/ping", "realtime", "/api/ping", "any_key"),
    ("/realtime/v1/websocket?vsn=1.0.0", "realtime", "/socket/websocket?vsn=1.0.0", "any_key"),
    ("/storage/v1/object/public/a/b%20c", "storage", "/object/public/a/b%20c", "optional_key"),
    ("/functions/v1/hello/x", "functions", "/hello/x", "open"),
    ("/pg/tables", "meta", "/tables", "service_role"),
]
TOKENS = {
    "anon": "anon",
    "publishable": "anon_asymmetric",
    "service_role": "service_role",
    "secret": "service_role_asymmetric",
}
TENANT = "realtime-dev.supabase-realtime"


@pytest.fixture(scope="module")
def gateways(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Stack]]:
    """One gateway for each set of values, before the same services."""
    secrets = stack.generated_secrets()
    with upstream.running(SERVICES) as services:
        started: dict[str, Stack] = {}
        try:
            for name, values in GATEWAYS.items():
                own = dict(zip(("gateway", "health", "admin"), stack.free_ports(3), strict=True))
                started[name] = Stack(tmp_path_factory.mktemp(name), secrets, services | own)
                stack.start_gateway(started[name], rendering.supabase(**values))
            yield started
        finally:
            for item in started.values():
                item.stop()


@pytest.fixture(scope="module")
def gateway(gateways: dict[str, Stack]) -> Stack:
    """The one behind a load balancer, with Studio at a host of its own."""
    return gateways["balanced"]


@pytest.fixture(scope="module")
def keys(gateway: Stack) -> dict[str, str]:
    """The API keys by their names."""
    return gateway.secrets["supabase-api-keys"]


@pytest.fixture(scope="module")
def login(gateway: Stack) -> str:
    """The credentials of the dashboard."""
    dashboard = gateway.secrets["supabase-dashboard"]
    return "Basic " + base64.b64encode(f"{dashboard['username']}:{dashboard['password']}".encode()).decode()


def received(answer: Answer) -> tuple[str, str, dict[str, str]]:
    """The service that was asked, the path and the headers it got."""
    service, path, headers = json.loads(answer.headers["x-received"])
    return service, path, headers


def refusal(answer: Answer) -> tuple[int, str]:
    """What the gateway itself said."""
    assert "x-received" not in answer.headers, "a service was asked"
    return answer.status, json.loads(answer.body)["message"]


@pytest.mark.parametrize(("path", "service", "there", "access"), ROUTES, ids=[line[0] for line in ROUTES])
def test_route_and_who_may(
    gateway: Stack, keys: dict[str, str], path: str, service: str, there: str, access: str
) -> None:
    keyed = path.startswith("/realtime/v1/websocket")
    for name, token in TOKENS.items():
        answer = gateway.request(path, apikey=keys[name])
        if access == "service_role" and name in ("anon", "publishable"):
            assert refusal(answer) == (403, "This API key is not allowed here")
            continue
        asked, path_there, headers = received(answer)
        told = {header: headers.get(header) for header in ("apikey", "authorization", "x-api-key")}
        sent = {"apikey": keys[name]} if access == "open" else {}
        if access != "open" and service != "meta":
            sent = {"x-api-key": keys[token]} if keyed else {"authorization": f"Bearer {keys[token]}"}
        assert (asked, path_there) == (service, there)
        assert {header: value for header, value in told.items() if value} == sent
    without = gateway.request(path)
    if access in ("open", "optional_key"):
        assert received(without)[:2] == (service, there) and "authorization" not in received(without)[2]
    else:
        assert refusal(without) == (401, "No API key found in request")
    for wrong in ("", "x", keys["secret"][:-1], keys["secret"] + "x", keys["anon_asymmetric"]):
        answer = gateway.request(path, apikey=wrong)
        if access == "open":
            assert received(answer)[:2] == (service, there)
        else:
            assert refusal(answer) == (401, "Invalid API key")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        *((path, 404) for path in ("/", "/rest/v1", "/pg", "/rest/v2/", "/analytics/v1/x", "/project/default", "/mcp")),
        *((f"/realtime/v1/api{rest}", 403) for rest in ("", "/tenants", "/tenants/x", "/openapi", "/broadcasts")),
        ("/realtime/v1/x/../api/tenants", 403),
        ("/realtime/v1//api/tenants", 403),
        ("/realtime/v1/api%2ftenants", 400),
    ],
)
def test_what_no_key_opens(gateway: Stack, keys: dict[str, str], login: str, path: str, status: int) -> None:
    messages = {404: "No service has this path", 403: "This path is closed"}
    for headers in ({}, {"apikey": keys["secret"]}, {"authorization": login}):
        code, text = refusal(gateway.request(path, host=API, **headers))
        assert code == status and text == messages.get(status, text)


def test_key_in_the_query_does_not_reach_the_service(gateway: Stack, keys: dict[str, str]) -> None:
    for query, left in (("?apikey={}&vsn=1", "?vsn=1"), ("?apikey={}", ""), ("?a=b&apikey={}&apikey=x", "?a=b")):
        answer = gateway.request("/realtime/v1/websocket" + query.format(keys["publishable"]))
        assert received(answer)[1] == "/socket/websocket" + left
        assert received(answer)[2]["x-api-key"] == keys["anon_asymmetric"]
    # Who sends both means the header.
    answer = gateway.request(f"/rest/v1/things?apikey={keys['anon']}", apikey="wrong")
    assert refusal(answer) == (401, "Invalid API key")


def test_bearer_token_stays_only_if_it_is_a_jwt(gateway: Stack, keys: dict[str, str]) -> None:
    user = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"
    for sent, there in ((user, user), (keys["publishable"], keys["anon_asymmetric"]), ("a.b", keys["anon_asymmetric"])):
        answer = gateway.request("/storage/v1/x", apikey=keys["publishable"], authorization=f"Bearer {sent}")
        assert received(answer)[2]["authorization"] == f"Bearer {there}"
    signed = gateway.request("/storage/v1/s3/b/k", authorization="AWS4-HMAC-SHA256 Credential=x")
    assert received(signed)[2]["authorization"] == "AWS4-HMAC-SHA256 Credential=x"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/realtime/v1/websocket", 101),
        ("/functions/v1/chat", 101),
        *((path, 403) for path in ("/rest/v1/things", "/graphql/v1", "/storage/v1/x", "/auth/v1/token", "/pg/tables")),
        *((path, 403) for path in ("/auth/v1/verify", "/realtime/v1/api/broadcast", "/realtime/v1/api/tenants")),
        ("/nowhere", 404),
    ],
)
def test_websockets_by_route(gateway: Stack, keys: dict[str, str], path: str, status: int) -> None:
    upgrade = {"connection": "Upgrade", "upgrade": "websocket", "sec_websocket_version": "13"}
    answer = gateway.request(path, apikey=keys["secret"], **upgrade)
    assert (answer.status, "x-received" in answer.headers) == (status, status == 101)
    if path.startswith("/realtime/v1/websocket"):
        assert received(answer)[2]["host"] == TENANT
        assert gateway.request(path, **upgrade).status == 401


def test_headers_for_single_services(gateway: Stack, keys: dict[str, str]) -> None:
    def headers(path: str) -> dict[str, str]:
        return received(gateway.request(path, apikey=keys["secret"], host=API, content_profile="public"))[2]

    assert headers("/graphql/v1")["content-profile"] == "graphql_public"
    assert headers("/rest/v1/rpc/x")["content-profile"] == "public"
    assert {headers(f"/realtime/v1/{path}")["host"] for path in ("api/broadcast", "api/ping", "websocket")} == {TENANT}
    for service in ("storage", "functions"):
        found = headers(f"/{service}/v1/x")
        assert (found["x-forwarded-host"], found["x-forwarded-prefix"]) == (API, f"/{service}/v1")


@pytest.mark.parametrize(
    ("name", "scheme", "client"), [("balanced", "https", "198.51.100.7"), ("default", "http", "192.0.2.1")]
)
def test_who_called_is_what_a_trusted_proxy_says(
    gateways: dict[str, Stack], name: str, scheme: str, client: str
) -> None:
    claimed = {"x_forwarded_for": "203.0.113.9, 198.51.100.7", "x_forwarded_proto": "https"}
    answer = gateways[name].request("/auth/v1/verify", x_supastack_client="192.0.2.1", **claimed)
    headers = received(answer)[2]
    assert headers["x-forwarded-proto"] == scheme
    # The third is who connects, for which Envoy has an address of this machine when that is the loopback one.
    assert [part.strip() for part in headers["x-forwarded-for"].split(",")][:2] == ["203.0.113.9", "198.51.100.7"]
    assert headers["x-forwarded-for"].count(",") == 2
    assert headers["x-supastack-client"] == client


@pytest.mark.parametrize("path", ["/auth/v1/token", "/rest/v1/", "/realtime/v1/api/broadcast", "/storage/v1/object/x"])
def test_browser_may_ask_and_read(gateway: Stack, keys: dict[str, str], path: str) -> None:
    asked = gateway.request(path, method="OPTIONS", origin=ORIGIN, access_control_request_method="POST")
    assert (asked.status, asked.headers["access-control-allow-origin"]) == (200, ORIGIN)
    assert "x-received" not in asked.headers
    answer = gateway.request(path, method="POST", body="", apikey=keys["secret"], origin=ORIGIN)
    assert received(answer) and answer.headers["access-control-allow-origin"] == ORIGIN


def test_browser_of_another_site_gets_nothing_of_management(gateway: Stack, keys: dict[str, str], login: str) -> None:
    for path, headers in (("/pg/tables", {"apikey": keys["secret"]}), ("/", {"authorization": login, "host": STUDIO})):
        assert received(answer := gateway.request(path, origin=ORIGIN, **headers))
        assert "access-control-allow-origin" not in answer.headers
        asked = gateway.request(
            path, method="OPTIONS", origin=ORIGIN, access_control_request_method="GET", host=headers.get("host", API)
        )
        assert asked.status == 401 and "access-control-allow-origin" not in asked.headers


@pytest.mark.parametrize(
    ("name", "host", "status"),
    [
        ("balanced", STUDIO, 200),
        ("balanced", f"{STUDIO}:443", 200),
        ("balanced", API, 404),
        ("balanced", f"x.{STUDIO}", 404),
        ("default", STUDIO, 404),
        ("impatient", API, 200),
    ],
)
def test_studio_answers_at_its_host_to_its_password(
    gateways: dict[str, Stack], login: str, name: str, host: str, status: int
) -> None:
    def get(path: str, **headers: str) -> Answer:
        return gateways[name].request(path, host=host, **headers)

    keys = gateways[name].secrets["supabase-api-keys"]
    inside = get("/project/default", authorization=login)
    assert inside.status == status
    if status == 404:
        return
    service, path, headers = received(inside)
    assert (service, path, "authorization" in headers) == ("studio", "/project/default", False)
    wrong = [{}, {"authorization": login[:-4]}, {"authorization": "Basic Og=="}, {"apikey": keys["secret"]}]
    for attempt in wrong:
        answer = get("/project/default", **attempt)
        assert refusal(answer)[0] == 401 and answer.headers["www-authenticate"].startswith("Basic realm=")
    for path in ("/mcp", "/api/mcp", "/api/mcp/x"):
        assert refusal(get(path, authorization=login)) == (403, "This path is closed")
    upgrade = {"connection": "Upgrade", "upgrade": "websocket"}
    assert refusal(get("/x", authorization=login, **upgrade)) == (403, "This path takes no websockets")
    api = received(get("/rest/v1/x", authorization=login, apikey=keys["anon"]))[0]
    assert api == ("studio" if name == "balanced" else "rest")


def test_only_files_and_sockets_may_take_longer_than_the_timeout(
    gateways: dict[str, Stack], keys: dict[str, str], login: str
) -> None:
    paths = {service: f"/{service}/v1/x?slow" for service in SERVICES} | {"meta": "/pg/x?slow", "studio": "/x?slow"}

    def status(path: str) -> int:
        return gateways["impatient"].request(path, apikey=keys["secret"], authorization=login).status

    with ThreadPoolExecutor(len(paths)) as pool:
        found = dict(zip(paths, pool.map(status, paths.values()), strict=True))
    assert found == {**dict.fromkeys(TIMED, 504), "storage": 200, "realtime": 200}


def test_health_check_of_the_load_balancer_asks_auth(gateways: dict[str, Stack]) -> None:
    path, codes = stack.health_check()
    answer = gateways["default"].request(path, host="10.40.1.2:8000")
    assert (received(answer)[0], str(answer.status)) == ("auth", codes)
    assert gateways["impatient"].request(f"{path}?slow").status == 504


@pytest.mark.parametrize("missing", ["SUPABASE_SERVICE_ROLE_KEY", "SUPABASE_ANON_JWT"])
def test_gateway_without_a_key_does_not_start(gateway: Stack, missing: str) -> None:
    names = ("ANON_KEY", "SERVICE_ROLE_KEY", "PUBLISHABLE_KEY", "SECRET_KEY", "ANON_JWT", "SERVICE_ROLE_JWT")
    result = subprocess.run(
        [envoy(), "--mode", "validate", "--config-path", gateway.folder / "envoy.yaml"],
        env={f"SUPABASE_{name}": f"key-{name}" for name in names} | {missing: ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert result.returncode != 0
    assert f"environment variable {missing} is missing or empty" in result.stderr

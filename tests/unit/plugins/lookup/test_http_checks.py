# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup http_checks, against a real HTTP server."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleLookupError
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import lookup_loader
from ansible.template import Templar, trust_as_template
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from sandbox.pki import Authority
from tests.unit.plugins.lookup.http_server import Asked, Server, serving
from tests.unit.roles.templating import trusted

KEYS = {"anon": "anon-key", "longer": "anon-key-longer"}
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYW5vbiJ9.c2lnbmF0dXJl"
FINE = {"status": 200}
Check = dict[str, Any]


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of this machine is not for its loopback."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.load_or_create(tmp_path_factory.mktemp("authority"), "Tests of http_checks")


@pytest.fixture
def tls_server(authority: Authority) -> Iterator[Server]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("server", ["127.0.0.1"]))
    with serving(context) as running:
        yield running


def look_up(url: str, *checks: Any, **options: Any) -> list[dict[str, Any]]:
    """Call the lookup as Ansible does, by its name."""
    given = {"url": url, "keys": KEYS, "timeout": 5, **options}
    found: list[dict[str, Any]] = lookup_loader.get("supastack.aws.http_checks").run(list(checks), {}, **given)
    return found


def check(name: str = "works", service: str = "rest", **members: Any) -> Check:
    """A check that GETs /user, unless told otherwise."""
    defaults = {} if "websocket" in members else {"request": {"path": "/user"}, "expect": FINE}
    return {"name": name, "service": service, **defaults, **members}


def outcome(url: str, asked: Check, **options: Any) -> tuple[str, str]:
    """Status and detail of one check."""
    (result,) = look_up(url, asked, **options)
    return result["status"], result["detail"]


def talk(*steps: Any, path: str = "/socket", **members: Any) -> Check:
    """A check of what is said over a WebSocket."""
    return check(websocket={"path": path, "steps": list(steps), **members})


RIGHT: dict[str, tuple[Any, Any]] = {
    "one of several statuses": ("/user", {"status": [201, 200]}),
    "a redirect, which is not followed": ("/moved", {"status": 302, "headers": {"Location": "^/user$"}}),
    "a header in whatever case": ("/user", {"status": 200, "headers": {"x-served-by": "^test$"}}),
    "a pattern over lines": ("/lines", {"status": 200, "content": "^one.*two$"}),
}
WRONG: dict[str, tuple[str, Any, str]] = {
    "status": ("/user", {"status": [201, 204]}, 'wanted status [201, 204], got 200: {"user": {"id": 7}}'),
    "content": ("/user", {"status": 200, "content": "^7$"}, 'wanted 200 with ^7$, got 200: {"user": {"id": 7}}'),
    "header": ("/moved", {"status": 302, "headers": {"location": "^h"}}, "wanted header location with ^h, got /user"),
    "no header": ("/user", {"status": 200, "headers": {"etag": "."}}, "wanted header etag with ., got none"),
    "no member": (
        "/user",
        {"status": 200, "keep": {"x": "user.name"}},
        'wanted JSON with user.name, got 200: {"user": {"id": 7}}',
    ),
    "member of a number": (
        "/user",
        {"status": 200, "keep": {"x": "user.id.x"}},
        'wanted JSON with user.id.x, got 200: {"user": {"id": 7}}',
    ),
    "no JSON, on one line": (
        "/lines",
        {"status": 200, "keep": {"x": "a"}},
        "wanted JSON with a, got 200: one [31mtwo",
    ),
    "long": ("/long", {"status": 201}, f"wanted status 201, got 200: {'x' * 172}…"),
}


@pytest.mark.parametrize("case", RIGHT)
def test_right_is(server: Server, case: str) -> None:
    path, expect = RIGHT[case]
    assert outcome(server.url, check(request={"path": path}, expect=expect)) == ("pass", "")


@pytest.mark.parametrize("case", WRONG)
def test_wrong_is(server: Server, case: str) -> None:
    path, expect, detail = WRONG[case]
    assert outcome(server.url, check(request={"path": path}, expect=expect)) == ("fail", detail)


@pytest.mark.parametrize(
    ("request_members", "method", "sent", "body"),
    [
        ({}, "GET", {"apikey": None, "content-type": None}, b""),
        ({"key": "anon", "headers": {"Range": "0-1"}}, "GET", {"apikey": "anon-key", "range": "0-1"}, b""),
        ({"method": "PUT", "json": {"a": None}}, "PUT", {"content-type": "application/json"}, b'{"a": null}'),
        ({"method": "POST", "json": 1, "headers": {"content-type": "a/b"}}, "POST", {"content-type": "a/b"}, b"1"),
        ({"method": "POST", "text": "é"}, "POST", {"content-type": None}, "é".encode()),
        ({"method": "POST", "base64": "AP8="}, "POST", {"content-length": "2"}, b"\0\xff"),
    ],
)
def test_a_request_is_sent_as_it_is_given(
    server: Server, request_members: dict[str, Any], method: str, sent: dict[str, str | None], body: bytes
) -> None:
    asked = check(request={"url": f"{server.url}/echo?a=b", **request_members})
    assert outcome("http://127.0.0.1:1", asked) == ("pass", "")
    (seen,) = server.asked
    assert (seen.method, seen.path, seen.body) == (method, "/echo?a=b", body)
    assert {name: seen.headers.get(name) for name in sent} == sent


def signature_of(asked: Asked, secret: str) -> str:
    """The signature that a server with the secret computes of what it got."""
    names = ("x-amz-date", "x-amz-content-sha256")
    headers = {name: asked.headers[name] for name in names}
    request = AWSRequest(asked.method, f"http://{asked.headers['host']}{asked.path}", headers=headers)
    request.context["timestamp"] = asked.headers["x-amz-date"]
    signer = S3SigV4Auth(Credentials("AK", secret), "s3", "eu-west-1")
    return str(signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request))


def test_clients_of_s3_sign_what_they_send(server: Server) -> None:
    signing = {"access_key": "AK", "secret_key": "the secret", "region": "eu-west-1"}
    look_up(server.url, check(request={"path": "/echo/?list-type=2", "s3": signing}))
    authorization = server.asked[0].headers["authorization"]
    assert "Credential=AK/" in authorization
    assert "/eu-west-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date" in authorization
    assert authorization.endswith(f"Signature={signature_of(server.asked[0], 'the secret')}")
    assert signature_of(server.asked[0], "another") not in authorization


def test_credentials_of_netrc_are_not_sent(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    look_up(server.url, check())
    assert "authorization" not in server.asked[0].headers


def test_no_secret_is_shown(server: Server) -> None:
    text = f'{{"access_token": "a\\"b", "Api_Key":"unknown"}} {KEYS["longer"]} hidden\ntext {JWT}'
    asked = check(request={"path": "/else", "method": "POST", "text": text})
    _status, detail = outcome(server.url, asked, hidden=["hidden\ntext", ""])
    assert detail == 'wanted status 200, got 500: {"access_token": "***", "Api_Key":"***"} *** *** ***'


def test_what_is_kept_comes_with_the_result(server: Server) -> None:
    asked = check(expect={"status": 200, "keep": {"user": "user.id", "whole": "user"}})
    (result,) = look_up(server.url, asked)
    assert result["kept"] == {"user": 7, "whole": {"id": 7}}
    assert (result["name"], result["service"], result["detail"]) == ("works", "rest", "")
    assert 0 < result["seconds"] < 5


@pytest.mark.parametrize(("seconds", "status", "tries"), [(60, "pass", 3), (0, "fail", 1), (0.4, "fail", 1)])
def test_what_fails_is_tried_again_in_time(server: Server, seconds: float, status: str, tries: int) -> None:
    found, _detail = outcome(server.url, check(request={"path": "/later"}), retry_seconds=seconds)
    assert (found, len(server.asked)) == (status, tries)


def test_what_is_not_there_is_not_asked(server: Server) -> None:
    absent = {"auth": "auth.enabled is false", "graphql": "no pg_graphql"}
    checks = [check("a", "auth"), check("b", needs=["meta", "graphql"]), check("c", needs=["meta"])]
    results = look_up(server.url, *checks, absent=absent, retry_seconds=60)
    assert [(item["status"], item["detail"]) for item in results] == [
        ("not-deployed", "auth.enabled is false"),
        ("not-deployed", "no pg_graphql"),
        ("pass", ""),
    ]
    assert len(server.asked) == 1


def test_services_are_asked_at_once_and_each_in_order_over_one_connection(server: Server) -> None:
    checks = [
        check(f"{service}{number}", service, request={"path": "/meet"}) for number in (1, 2) for service in ("a", "b")
    ]
    checks[2]["request"]["path"] = "/user?a"
    results = look_up(server.url, *checks[:3], check("c", "a", request={"path": "/user?b"}))
    assert [(item["name"], item["status"]) for item in results] == [
        ("a1", "pass"),
        ("b1", "pass"),
        ("a2", "pass"),
        ("c", "pass"),
    ]
    assert [asked.path for asked in server.asked[2:]] == ["/user?a", "/user?b"]
    ports = [asked.port for asked in server.asked]
    assert len(set(ports)) == 2
    assert ports[2] == ports[3]


def test_no_checks_have_no_results() -> None:
    assert look_up("http://127.0.0.1:1") == []


@pytest.mark.parametrize("kind", ["HTTP", "WebSocket"])
@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
def test_certificates_are_verified(tls_server: Server, authority: Authority, kind: str, known: bool) -> None:
    asked = check() if kind == "HTTP" else talk({"send": 1}, {"receive": ["back: 1"]})
    options = {"ca_path": str(authority.certificate_path)} if known else {}
    status, detail = outcome(tls_server.url, asked, **options)
    assert (status, "CERTIFICATE_VERIFY_FAILED" in detail) == (("pass", False) if known else ("fail", True))


@pytest.mark.parametrize("asked", [check(), talk()], ids=["HTTP", "WebSocket"])
def test_nobody_answers(asked: Check) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    status, detail = outcome(f"http://127.0.0.1:{port}", asked)
    assert status == "fail"
    assert detail.startswith("no answer: ")
    assert detail.endswith("Connection refused")


def test_an_answer_takes_too_long(server: Server) -> None:
    status, detail = outcome(server.url, check(request={"path": "/slow"}), timeout=0.2)
    assert (status, detail.startswith("no answer: "), "timed out" in detail) == ("fail", True, True)


def test_a_conversation_with_a_request_in_it(server: Server) -> None:
    steps = [
        {"send": {"a": [1]}},
        {"receive": ['"a"', r"\[1\]"]},
        {"request": {"path": "/user"}, "expect": {"status": 200, "keep": {"id": "user.id"}}},
        {"send": "x"},
        {"receive": ["back: .x"], "seconds": 5},
    ]
    (result,) = look_up(server.url, talk(*steps, path="/socket?vsn=1", key="anon"))
    assert (result["status"], result["kept"]) == ("pass", {"id": 7})
    assert [asked.path for asked in server.asked] == ["/socket?vsn=1&apikey=anon-key", "/user"]
    assert outcome(server.url, talk(key="anon")) == ("pass", "")
    assert server.asked[-1].path == "/socket?apikey=anon-key"


@pytest.mark.parametrize(
    ("asked", "detail"),
    [
        (talk(path="/closed"), "the WebSocket was refused: 403: nobody may"),
        (
            talk({"send": 1}, {"receive": ["back", "2"], "seconds": 0.1}),
            "wanted a message with back and 2, the last one was back: 1",
        ),
        (talk({"receive": ["a"], "seconds": 0}), "wanted a message with a, the last one was nothing"),
        (talk({"send": "bye"}, {"receive": ["a"]}), "no answer: Connection to remote host was lost."),
        (
            talk({"request": {"path": "/moved"}, "expect": {"status": 200}}),
            "wanted status 200, got 302:",
        ),
    ],
    ids=["refused", "another message", "no message", "lost", "a wrong answer"],
)
def test_a_conversation_goes_wrong(server: Server, asked: Check, detail: str) -> None:
    assert outcome(server.url, asked) == ("fail", detail)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("a text", "term 1 is no check, give it name and service"),
        ({"name": "x"}, "term 1 is no check"),
        ({"name": "x", "service": "y"}, "the check 'x' has no 'request', complete it"),
        (check(expect={}), "the check 'works' has no 'status'"),
        (check(request={"key": "anon"}), "the check 'works' has no 'path'"),
        (check(request={"path": "/user", "key": "nobody's"}), """the check 'works' has no "nobody's\""""),
        (talk({"wait": 1}), "the check 'works' has no 'request'"),
    ],
)
def test_a_check_that_is_not_complete_is_an_error(server: Server, asked: Any, message: str) -> None:
    with pytest.raises(AnsibleLookupError, match=message):
        look_up(server.url, asked)


def test_templates_are_evaluated_before_anything_is_asked(server: Server) -> None:
    """Ansible's own containers evaluate themselves when they are read, which threads must not do at once."""
    checks = [check("a", "{{ service }}", request={"path": "{{ where }}"}), check("b", "auth", needs=["x"])]
    variables = {"checks": checks, "service": "rest", "where": "/user", "reason": "it is off", "url": server.url}
    expression = "{{ query('supastack.aws.http_checks', *checks, url=url, absent={'x': reason}) }}"
    results = Templar(DataLoader(), variables=trusted(variables)).template(trust_as_template(expression))
    assert [(item["service"], item["status"], item["detail"]) for item in results] == [
        ("rest", "pass", ""),
        ("auth", "not-deployed", "it is off"),
    ]


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    scope = lookup_loader.get("supastack.aws.http_checks").run.__globals__
    monkeypatch.setitem(scope, "MISSING", "websocket")
    with pytest.raises(AnsibleLookupError, match=r"package websocket is missing .* pip install requests"):
        look_up("http://127.0.0.1:1", check())

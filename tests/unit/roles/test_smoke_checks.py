# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The checks of the smoke test, which are data: complete, cleaned up after, and what is asked of which release."""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from tests.unit.plugins.lookup.http_server import serving

CHECKOUT = Path(__file__).resolve().parents[3]
PLAYBOOKS = CHECKOUT / "playbooks"
FILES: list[str] = yaml.safe_load((PLAYBOOKS / "smoke.yml").read_text())[0]["vars_files"]
SERVICES = {"auth", "rest", "realtime", "storage", "functions", "meta", "studio"}
NAMES = ("anon", "service_role", "publishable", "secret")
GIVEN: dict[str, Any] = {
    "playbook_dir": str(PLAYBOOKS),
    "supabase_environment": "demo",
    "supabase_aws_region": "eu-west-1",
    "smoke_url": "https://api.example.com",
    "smoke_keys": {name: f"key-{name}" for name in NAMES},
    "smoke_dashboard": {"username": "supabase", "password": "dashboard-password"},
    "smoke_s3_protocol": {"access_key_id": "AK", "secret_access_key": "s3-secret"},
    "smoke_run": "abcdefghijkl",
    "smoke_password": "user-password",
}
# With all there is to ask.
FULL = json.dumps(
    {
        "supabase_helm_studio_host": "studio.example.com",
        "smoke_function": "hello",
        "supabase_helm_values": {
            "auth": {"autoconfirm": True},
            "rest": {"graphql": True},
            "functions": {"code": {"hello": {"index.ts": ""}}},
        },
    }
)
Check = dict[str, Any]


@functools.cache
def play(given: str = "{}") -> dict[str, Any]:
    """The play's variables, once it has worked out what there is; `given` is more of the inventory, as JSON."""
    loader = DataLoader()
    known: dict[str, Any] = {}
    for file in FILES:
        known |= loader.load_from_file(str(PLAYBOOKS / file), trusted_as_template=True)
    known |= GIVEN | json.loads(given)
    for name in ("smoke_values", "smoke_states", "smoke_absent"):
        known[name] = evaluate(known, name)
    return known


def evaluate(known: dict[str, Any], expression: str) -> Any:
    """What an expression is, as plain data."""
    template = trust_as_template("{{ " + expression + " | to_json }}")
    return json.loads(Templar(DataLoader(), variables=known).template(template))


@functools.cache
def asked(part: str, given: str = FULL) -> tuple[Check, ...]:
    """Checks of a part: makings, checks, findings or removals."""
    return tuple(evaluate(play(given), f"smoke_{part}"))


def everything() -> list[Check]:
    """All checks, in the order of the play."""
    return [check for part in ("makings", "checks", "findings", "removals") for check in asked(part)]


def requests(check: Check) -> Iterator[tuple[Check, Check]]:
    """The requests of a check, each with what it expects."""
    for place in [check, *check.get("websocket", {}).get("steps", [])]:
        if "request" in place:
            yield place["request"], place["expect"]


def problems(check: Check) -> Iterator[str]:
    """What is wrong with a check."""
    if check.keys() - {"name", "service", "needs", "request", "expect", "websocket"}:
        yield f"members {sorted(check)}"
    if ("websocket" in check) == ("request" in check) or ("request" in check) != ("expect" in check):
        yield "wants one of request, with expect, and websocket"
    if set(check.get("needs", [])) - SERVICES - {"imgproxy"} - features():
        yield f"needs {check['needs']}"
    for step in check.get("websocket", {}).get("steps", []):
        if len({"send", "receive", "request"} & step.keys()) != 1:
            yield f"step {sorted(step)}"
        for pattern in step.get("receive", []):
            re.compile(pattern)
    for request, expect in requests(check):
        yield from request_problems(request, expect)


def request_problems(request: Check, expect: Check) -> Iterator[str]:
    """What is wrong with a request and what it expects."""
    if request.keys() - {"path", "url", "method", "key", "headers", "json", "text", "base64", "s3"}:
        yield f"request {sorted(request)}"
    if ("path" in request) == ("url" in request) or not request.get("path", "/").startswith("/"):
        yield "wants a path or a URL"
    if request.get("key", "wrong") not in {*NAMES, "wrong"}:
        yield f"key {request['key']}"
    if expect.keys() - {"status", "content", "headers", "keep"}:
        yield f"expect {sorted(expect)}"
    status = expect.get("status")
    if not all(status in range(200, 504) for status in (status if isinstance(status, list) else [status])):
        yield f"status {status}"
    for pattern in [expect.get("content", ""), *expect.get("headers", {}).values()]:
        re.compile(pattern)


@functools.cache
def features() -> set[str]:
    """Names of what checks need beside services."""
    return {feature["name"] for feature in evaluate(play(FULL), "smoke_features")}


def test_every_check_is_complete() -> None:
    found = {f"{check['service']}: {check['name']}": list(problems(check)) for check in everything()}
    assert {name: told for name, told in found.items() if told} == {}
    # JUnit tells cases apart by both.
    assert len(found) == len(everything())
    assert {check["service"] for check in everything()} == SERVICES | {"gateway"}
    needed = {name for check in everything() for name in check.get("needs", [])}
    assert needed - SERVICES - {"imgproxy"} == features()


def test_no_two_files_have_a_variable_of_one_name() -> None:
    tasks = yaml.safe_load((PLAYBOOKS / "tasks/smoke.yml").read_text())
    facts = [task["ansible.builtin.set_fact"] for part in ("block", "always") for task in tasks[0].get(part, [])]
    names = Counter(name for fact in facts for name in fact)
    for file in FILES:
        names.update(yaml.safe_load((PLAYBOOKS / file).read_text()).keys())
    assert [name for name, count in names.items() if count > 1] == []
    assert [name for name in names if not name.startswith("smoke_")] == []
    assert {Path(file).name for file in FILES if "/smoke/" in file} == {
        file.name for file in (PLAYBOOKS / "vars/smoke").iterdir()
    }


# What a deployed Supabase has to answer: service, method, path, key (or None), and what is looked at.
QUESTIONS = [
    ("gateway", "GET", "/rest/v1/x", None, 401),
    ("auth", "GET", "/auth/v1/health", "anon", "GoTrue"),
    ("auth", "GET", "/auth/v1/settings", "publishable", "disable_signup"),
    ("auth", "GET", "/auth/v1/.well-known/jwks.json", None, "P-256"),
    ("auth", "POST", "/auth/v1/signup", "publishable", "access_token"),
    ("rest", "GET", "/rest/v1/", "service_role", 200),
    ("rest", "GET", "/rest/v1/", "anon", 403),
    *(("rest", "GET", "/rest/v1/supastack_smoke_abcdefghijkl", key, 200) for key in NAMES),
    ("rest", "GET", "/rest/v1/supastack_smoke_abcdefghijkl", "anon", "PGRST301"),
    ("rest", "POST", "/graphql/v1", "publishable", "__typename"),
    ("storage", "GET", "/storage/v1/status", None, 200),
    ("storage", "POST", "/storage/v1/bucket", "secret", "supastack-smoke-abcdefghijkl"),
    ("storage", "GET", "/storage/v1/bucket", "service_role", "supastack-smoke-abcdefghijkl"),
    ("storage", "POST", "/storage/v1/object/supastack-smoke-abcdefghijkl/a.txt", "secret", "Key"),
    (
        "storage",
        "GET",
        "/storage/v1/object/authenticated/supastack-smoke-abcdefghijkl/a.txt",
        "service_role",
        "abcdefghijkl",
    ),
    ("storage", "POST", "/storage/v1/upload/resumable", "secret", "/storage/v1/upload/resumable"),
    ("storage", "GET", "/storage/v1/s3/", None, "supastack-smoke-abcdefghijkl"),
    (
        "storage",
        "GET",
        "/storage/v1/render/image/authenticated/supastack-smoke-abcdefghijkl/x.png",
        "service_role",
        "image/",
    ),
    ("realtime", "SOCKET", "/realtime/v1/websocket", "anon", "phx_reply"),
    ("realtime", "SOCKET", "/realtime/v1/websocket", "service_role", "postgres_changes"),
    ("realtime", "POST", "/realtime/v1/api/broadcast", "secret", 202),
    ("realtime", "GET", "/realtime/v1/api/tenants", "secret", 403),
    ("realtime", "POST", "/pg/query", "secret", "active"),
    ("functions", "GET", "/functions/v1/", None, "missing function name in request"),
    ("functions", "GET", "/functions/v1/hello", None, 401),
    ("meta", "GET", "/pg/health", "service_role", 200),
    ("meta", "GET", "/pg/health", "anon", 403),
    ("meta", "GET", "/pg/schemas", "secret", "public"),
    ("meta", "GET", "/pg/column-privileges", "secret", "pg_authid"),
    ("meta", "POST", "/pg/query", "secret", "roles"),
    ("meta", "POST", "/pg/query", "secret", "supabase_realtime"),
    ("studio", "GET", "/", None, 401),
    ("studio", "GET", "/", None, 307),
    ("gateway", "GET", "/mcp", None, 403),
]


def answers() -> Iterator[tuple[str, str, str, str | None, str]]:
    """Service, method, path and key of all that is asked, and what is expected as text."""
    for check in everything():
        for request, expect in requests(check):
            address = request.get("path") or re.sub("^https?://[^/]+", "", request["url"])
            path = address.partition("?")[0]
            yield check["service"], request.get("method", "GET"), path, request.get("key"), json.dumps(expect)
        if "websocket" in check:
            talk = check["websocket"]
            yield check["service"], "SOCKET", talk["path"].partition("?")[0], talk["key"], json.dumps(talk["steps"])


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: " ".join(map(str, question[:4])))
def test_what_users_rely_on_is_asked(question: tuple[str, str, str, str | None, Any]) -> None:
    *where, wanted = question
    found = [answer[-1] for answer in answers() if list(answer[:4]) == where]
    assert [text for text in found if re.search(rf"\b{wanted}\b" if isinstance(wanted, int) else wanted, text)]


# All requests that change something, and which of the removals undoes each; none where nothing is left.
CHANGES = {
    ("POST", "/pg/query"): "drops the table",
    ("POST", "/rest/v1/supastack_smoke_abcdefghijkl"): "drops the table",
    ("POST", "/auth/v1/admin/users"): "deletes the user",
    ("POST", "/auth/v1/signup"): "deletes the user that signed up",
    # A session goes with its user.
    ("POST", "/auth/v1/token"): "deletes the user",
    ("POST", "/storage/v1/bucket"): "deletes the bucket",
    ("POST", "/storage/v1/object/supastack-smoke-abcdefghijkl/a.txt"): "deletes the files",
    ("POST", "/storage/v1/object/supastack-smoke-abcdefghijkl/x.png"): "deletes the files",
    ("POST", "/storage/v1/upload/resumable"): "deletes the files",
    ("POST", "/realtime/v1/api/broadcast"): None,
    ("POST", "/graphql/v1"): None,
    ("OPTIONS", "/rest/v1/x"): None,
}


def test_whatever_is_made_is_removed() -> None:
    removals = {check["name"]: check["request"] for check in asked("removals")}
    ways = {(method, path) for _service, method, path, _key, _expect in answers() if method not in ("GET", "SOCKET")}
    assert {way for way in ways if way[0] != "DELETE"} == set(CHANGES)
    assert set(removals) == set(filter(None, CHANGES.values()))
    assert list(removals).index("deletes the files") < list(removals).index("deletes the bucket")
    assert "DROP TABLE IF EXISTS public.supastack_smoke_abcdefghijkl;" in removals["drops the table"]["json"]["query"]
    assert removals["deletes the bucket"]["path"] == "/storage/v1/bucket/supastack-smoke-abcdefghijkl"
    uploaded = {path.rpartition("/")[2] for method, path in CHANGES if "/object/" in path}
    assert uploaded < set(removals["deletes the files"]["json"]["prefixes"])
    (resumable,) = (check for check in asked("checks") if "upload-metadata" in json.dumps(check))
    metadata = evaluate(play(FULL), f"'{resumable['request']['headers']['upload-metadata'].split()[-1]}' | b64decode")
    assert metadata in removals["deletes the files"]["json"]["prefixes"]
    # What was not made is no failure.
    tolerant = {check["name"]: json.dumps(check["expect"]) for check in asked("removals")}
    assert [name for name, expect in tolerant.items() if "404" not in expect] == ["drops the table"]


@pytest.mark.parametrize(
    ("users", "removed"),
    [(["own", "other"], "other"), (["other"], "other"), (["own"], "own"), ([], "own"), (None, "own")],
)
def test_only_the_user_that_signed_up_is_deleted_beside_the_own_one(users: list[str] | None, removed: str) -> None:
    kept = {} if users is None else {"users": [{"id": name} for name in users]}
    known = {**play(FULL), "smoke_user": "own", "smoke_found": [{"kept": kept}]}
    (check,) = (check for check in evaluate(known, "smoke_removals") if check["name"].endswith("signed up"))
    assert check["request"]["path"] == f"/auth/v1/admin/users/{removed}"


OFF = {"supabase_helm_values": {name: {"enabled": False} for name in [*SERVICES, "imgproxy"]}}
# What the inventory has, and some of what then is not there; None for what is.
RELEASES: dict[str, tuple[dict[str, Any], dict[str, str | None]]] = {
    "as it comes": (
        {},
        {
            **dict.fromkeys([*SERVICES, "imgproxy", "https"]),
            "sign-up": "auth.autoconfirm is false, so that signing up would send a mail",
            "closed sign-up": "auth.disableSignup is false",
            "graphql": "rest.graphql is false, as RDS has no pg_graphql",
            "checked function": "functions.code has no function that wants a token",
            "chosen function": "smoke_function names none that may be called",
            "studio host": "gateway.studioHost is empty, so that Studio is closed",
        },
    ),
    "everything": (
        json.loads(FULL),
        {**dict.fromkeys(SERVICES), "sign-up": None, "graphql": None, "studio host": None},
    ),
    "nothing": (OFF, {name: f"{name}.enabled is false" for name in [*SERVICES, "imgproxy"]}),
    "no address": ({"supabase_helm_values": {"auth": {"email": False}}}, {"sign-up": "auth.email is false"}),
    "closed": (
        {"supabase_helm_values": {"auth": {"disableSignup": True, "autoconfirm": True}}},
        {"sign-up": "auth.disableSignup is true", "closed sign-up": None},
    ),
    "public functions": (
        {"supabase_helm_values": {"functions": {"code": {"a": {}}, "public": ["a"]}}},
        {"checked function": "functions.code has no function that wants a token"},
    ),
    "plain": ({"smoke_url": "http://127.0.0.1:8000"}, {"https": "the URL has no https, or a port of its own"}),
    "sandbox": (
        {
            "smoke_images": ["envoyproxy/envoy:v1.39.1", "example/rest:v1", "example/meta:v1"],
            "supabase_helm_values": {
                "images": {"rest": "docker.io/example/rest:v1", "meta": "example/meta:v1@sha256:0"},
                "studio": {"enabled": False},
            },
        },
        {
            "rest": None,
            "meta": None,
            "auth": "simulated in this sandbox, nothing runs behind it",
            "studio": "studio.enabled is false",
        },
    ),
}


@pytest.mark.parametrize("release", RELEASES)
def test_what_is_not_there_is_known_by_the_values(release: str) -> None:
    given, expected = RELEASES[release]
    absent = play(json.dumps(given))["smoke_absent"]
    assert {name: absent.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("release", "statuses"),
    [
        ("as it comes", {"auth": 200, "rest": 200, "realtime": 200, "storage": 200, "functions": 400, "meta": 200}),
        ("nothing", dict.fromkeys(("auth", "rest", "realtime", "storage", "functions", "meta"), 404)),
        ("sandbox", {"auth": 503, "rest": 200, "realtime": 503, "storage": 503, "functions": 503, "meta": 200}),
    ],
)
def test_the_gateway_is_asked_for_a_way_to_each_service(release: str, statuses: dict[str, int]) -> None:
    checks = asked("gateway", json.dumps(RELEASES[release][0]))
    leads = (re.fullmatch(r"leads to (\w+): \w+", check["name"]) for check in checks)
    found = {lead[1]: check["expect"]["status"] for lead, check in zip(leads, checks, strict=True) if lead}
    assert found == statuses


def report(results: list[dict[str, Any]]) -> ElementTree.Element:
    """The JUnit report of some results."""
    known = {**play(), "smoke_results": results}
    template = f"lookup('ansible.builtin.template', '{PLAYBOOKS}/templates/smoke_junit.xml.j2')"
    return ElementTree.fromstring(evaluate(known, template).encode())


def test_the_report_is_of_junit() -> None:
    results = [
        {"service": "rest", "name": "a", "status": "pass", "detail": "", "seconds": 0.25},
        {"service": "rest", "name": '"b" & <c>', "status": "fail", "detail": "got <\"'&>…", "seconds": 1.5},
        {"service": "auth", "name": "d", "status": "not-deployed", "detail": "it is off", "seconds": 0.0},
    ]
    suite = report(results)
    wanted = {"tests": "3", "failures": "1", "errors": "0", "skipped": "1", "time": "1.75", "name": "smoke demo"}
    assert (suite.tag, suite.attrib) == ("testsuite", wanted)
    cases = [
        [case.get("classname"), case.get("name"), *((end.tag, end.get("message")) for end in case)] for case in suite
    ]
    assert cases == [
        ["smoke.rest", "a"],
        ["smoke.rest", '"b" & <c>', ("failure", "got <\"'&>…")],
        ["smoke.auth", "d", ("skipped", "it is off")],
    ]
    assert evaluate({**play(), "smoke_results": results}, "smoke_lines").splitlines() == [
        "pass          rest       a",
        'fail          rest       "b" & <c>: got <"\'&>…',
        "not-deployed  auth       d: it is off",
    ]


def test_where_every_answer_is_wrong_all_is_removed_told_and_an_error(tmp_path: Path) -> None:
    """The tasks of the play against a server that fails and sends back what it was sent."""
    known = play(FULL)
    junit = tmp_path / "junit.xml"
    with serving() as server:
        variables = {
            **{name: value for name, value in GIVEN.items() if name != "playbook_dir"},
            **json.loads(FULL),
            **{name: known[name] for name in ("smoke_values", "smoke_states", "smoke_absent")},
            "smoke_url": server.url,
            "smoke_studio_url": server.url,
            "smoke_patience": {"first": 0, "later": 0},
            "smoke_junit_file": str(junit),
            "ansible_python_interpreter": sys.executable,
        }
        (tmp_path / "vars.json").write_text(json.dumps(variables))
        tasks = [{"ansible.builtin.import_tasks": str(PLAYBOOKS / "tasks/smoke.yml")}]
        own = {"hosts": "localhost", "connection": "local", "gather_facts": False}
        (tmp_path / "templates").symlink_to(PLAYBOOKS / "templates")
        files = [str(PLAYBOOKS / file) for file in FILES]
        (tmp_path / "play.yml").write_text(yaml.safe_dump([{**own, "vars_files": files, "tasks": tasks}]))
        done = subprocess.run(
            [
                *(Path(sys.executable).parent / "ansible-playbook", "-i", "localhost,", "-vvv"),
                *("-e", f"@{tmp_path / 'vars.json'}", tmp_path / "play.yml"),
            ],
            cwd=CHECKOUT,
            env={**os.environ, "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"), "NO_PROXY": "*", "no_proxy": "*"},
            capture_output=True,
            text=True,
            check=False,
        )
        removed = [(ask.method, ask.path) for ask in server.asked][-len(asked("removals")) :]
    assert done.returncode == 2, done.stdout + done.stderr
    assert ("DELETE", "/storage/v1/bucket/supastack-smoke-abcdefghijkl") in removed
    assert sum(method == "DELETE" for method, _path in removed) == 4
    suite = ElementTree.parse(junit).getroot()
    statuses = Counter(case[0].tag if len(case) else "pass" for case in suite)
    assert len(suite) == len(everything())
    assert (statuses["failure"], statuses["pass"]) == (len(suite) - statuses["skipped"], 0)
    message = " ".join(done.stdout.split())
    assert f"{statuses['failure']} of {len(suite)} checks of {variables['smoke_url']} failed" in message
    assert "kubectl -n supabase logs deployment/supabase-" in message
    hidden = [*GIVEN["smoke_keys"].values(), "dashboard-password", "s3-secret", "user-password"]
    assert [secret for secret in hidden if secret in done.stdout + done.stderr + junit.read_text()] == []

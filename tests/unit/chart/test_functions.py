# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The main service of the edge runtime: whom it lets in, and to which function."""

from __future__ import annotations

import base64
import hmac
import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from tests.unit.chart.rendering import SUPABASE, pod_specs, supabase
from tests.unit.chart.stack import environment_of, generated_secrets
from tools.toolchain import node

CODE = {name: {"index.ts": ""} for name in ("_shared", "hello", "hook", "retired", "gone", "slow", "broken", "unbuilt")}
PUBLIC = [name for name in CODE if name not in {"_shared", "hello"}]


def encoded(value: bytes | dict[str, Any]) -> str:
    """Base64url without padding."""
    text = json.dumps(value).encode() if isinstance(value, dict) else value
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def number(text: str) -> int:
    """What unpadded base64url stands for."""
    return int.from_bytes(base64.urlsafe_b64decode(text + "=="), "big")


@dataclass(frozen=True)
class Keys:
    """The generated secrets, and what somebody can make of them."""

    jwt: dict[str, str]
    api: dict[str, str]

    @property
    def private(self) -> dict[str, Any]:
        """The key that signs new tokens."""
        key: dict[str, Any] = json.loads(self.jwt["keys"])[0]
        return key

    @property
    def public(self) -> dict[str, Any]:
        """Its other half, which everybody may have."""
        key: dict[str, Any] = json.loads(self.jwt["jwks"])["keys"][0]
        return key

    def hs256(self, *, alg: str = "HS256", secret: str = "", **claims: int) -> str:
        """A legacy token, signed with the secret of the installation unless with another."""
        signed = f"{encoded({'alg': alg})}.{encoded({'role': 'authenticated', **claims})}"
        signature = hmac.digest((secret or self.jwt["secret"]).encode(), signed.encode(), "sha256")
        return f"{signed}.{encoded(signature)}"

    def es256(self, kid: str | None = None, *, forged: bool = False, **claims: int) -> str:
        """A new token, signed with the key of the installation or a forger's own."""
        curve = ec.SECP256R1()
        key = ec.generate_private_key(curve) if forged else ec.derive_private_key(number(self.private["d"]), curve)
        header = {"alg": "ES256", **({} if kid is None else {"kid": kid})}
        signed = f"{encoded(header)}.{encoded({'role': 'authenticated', **claims})}"
        r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{encoded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


@pytest.fixture(scope="module")
def keys() -> Keys:
    secrets = generated_secrets()
    return Keys(secrets["supabase-jwt"], secrets["supabase-api-keys"])


@pytest.fixture(scope="module")
def environment(keys: Keys) -> dict[str, str]:
    """What the chart gives the edge runtime, and a variable from a Secret of the user's."""
    manifests = supabase(functions={"code": CODE, "public": PUBLIC})
    spec = dict(pod_specs(manifests))["Deployment/supabase-functions"]
    return {**environment_of(spec, {"supabase-jwt": keys.jwt, "supabase-api-keys": keys.api}, {}), "OWN": "value"}


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> list[str | Path]:
    # Node takes a file for a module by its name, the edge runtime by what is in it.
    main = shutil.copy(SUPABASE / "files/functions_main.js", tmp_path_factory.mktemp("main") / "main.mjs")
    return [node(), Path(__file__).with_name("edge_runtime.mjs"), main]


@pytest.fixture(scope="module")
def service(command: list[str | Path], environment: dict[str, str]) -> Iterator[str]:
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        port = process.stdout.readline().strip()
        try:
            assert port.isdigit()
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def call(url: str, authorization: str | None = None, method: str = "GET", body: str | None = None) -> tuple[int, Any]:
    """Status and JSON of an answer."""
    headers = {"Authorization": authorization} if authorization is not None else {}
    request = urllib.request.Request(url, method=method, headers=headers, data=body.encode() if body else None)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


NOW = int(time.time())
ADMITTED: dict[str, Callable[[Keys], str]] = {
    "legacy key": lambda keys: f"Bearer {keys.api['anon']}",
    "what the gateway makes of a new key": lambda keys: f"Bearer {keys.api['service_role_asymmetric']}",
    "publishable key": lambda keys: f"Bearer {keys.api['publishable']}",
    "secret key": lambda keys: f"Bearer {keys.api['secret']}",
    "legacy token": lambda keys: f"Bearer {keys.hs256(exp=NOW + 3600, nbf=NOW)}",
    "new token without key id": lambda keys: f"bearer {keys.es256()}",
}
REFUSED: dict[str, Callable[[Keys], str]] = {
    "another secret": lambda keys: f"Bearer {keys.hs256(secret='another')}",
    # A verifier falls for these that lets the token choose the algorithm.
    "public key as secret": lambda keys: f"Bearer {keys.hs256(secret=json.dumps(keys.public))}",
    "another algorithm than the key's": lambda keys: f"Bearer {keys.hs256(alg='ES256')}",
    "no signature": lambda _keys: f"Bearer {encoded({'alg': 'none'})}.{encoded({'role': 'service_role'})}.",
    "another key": lambda keys: f"Bearer {keys.es256(keys.public['kid'], forged=True)}",
    "another key id": lambda keys: f"Bearer {keys.es256('another')}",
    "expired": lambda keys: f"Bearer {keys.hs256(exp=NOW - 1)}",
    "expired, new": lambda keys: f"Bearer {keys.es256(exp=NOW - 1)}",
    "not yet": lambda keys: f"Bearer {keys.hs256(nbf=NOW + 3600)}",
    "unknown key": lambda keys: f"Bearer {keys.api['secret']}2",
    "another scheme": lambda keys: f"Basic {keys.api['secret']}",
    "no JSON": lambda _keys: "Bearer a.b.c",
    "no token": lambda _keys: "Bearer ",
}


@pytest.mark.parametrize("caller", ADMITTED)
def test_function_is_for_callers_with_a_valid_token(service: str, keys: Keys, caller: str) -> None:
    assert call(f"{service}/hello", ADMITTED[caller](keys))[0] == 201


@pytest.mark.parametrize("caller", REFUSED)
def test_other_callers_reach_only_public_functions(service: str, keys: Keys, caller: str) -> None:
    authorization = REFUSED[caller](keys)
    assert call(f"{service}/hello", authorization) == (401, {"msg": "Invalid JWT"})
    # A public function checks for itself.
    assert call(f"{service}/hook", authorization)[0] == 201


def test_request_reaches_the_worker_of_its_function(service: str, keys: Keys) -> None:
    authorization = f"Bearer {keys.api['secret']}"
    status, answer = call(f"{service}/hello/deeper?x=1", authorization, "POST", "body")
    assert status == 201
    variables = dict(answer.pop("envVars"))
    assert answer == {
        "servicePath": "/home/deno/functions/hello",
        "memoryLimitMb": 150,
        "workerTimeoutMs": 60000,
        "noModuleCache": False,
        "method": "POST",
        "path": "/hello/deeper?x=1",
        "authorization": authorization,
        "body": "body",
    }
    assert variables["OWN"] == "value"
    assert variables["SUPABASE_URL"] == "http://supabase-gateway:8000"
    assert variables["SUPABASE_ANON_KEY"] == keys.api["anon"]
    assert json.loads(variables["SUPABASE_PUBLISHABLE_KEYS"]) == {"default": keys.api["publishable"]}
    assert json.loads(variables["SUPABASE_SECRET_KEYS"]) == {"default": keys.api["secret"]}
    # The key set has the secret that signs legacy keys.
    assert not [name for name, value in variables.items() if name.startswith("SUPASTACK_") or '"oct"' in value]


@pytest.mark.parametrize(
    ("path", "method", "status", "answer"),
    [
        ("_internal/health", "GET", 200, {"message": "ok"}),
        ("", "GET", 400, {"msg": "missing function name in request"}),
        ("main", "GET", 404, {"msg": "there is no function main"}),
        ("_shared", "GET", 404, {"msg": "there is no function _shared"}),
        ("constructor", "GET", 404, {"msg": "there is no function constructor"}),
        ("hello", "GET", 401, {"msg": "Missing authorization header"}),
        ("hello", "OPTIONS", 201, None),
        ("hook", "POST", 201, None),
        ("retired", "GET", 201, None),
        ("gone", "GET", 500, {"msg": "function gone failed; its log says why"}),
        ("slow", "GET", 504, {"msg": "function slow did not answer in time"}),
        ("broken", "GET", 500, {"msg": "function broken failed; its log says why"}),
        ("unbuilt", "GET", 500, {"msg": "function unbuilt failed; its log says why"}),
    ],
)
def test_answers_without_a_token(service: str, path: str, method: str, status: int, answer: Any) -> None:
    found = call(f"{service}/{path}", method=method)
    assert found[0] == status
    if answer:
        assert found[1] == answer


NEEDED = ("SUPASTACK_FUNCTIONS", "SUPASTACK_PUBLISHABLE_KEY", "SUPASTACK_SECRET_KEY", "SUPASTACK_JWKS")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        *((name, "", f"environment variable {name} is missing or empty") for name in NEEDED),
        (
            "SUPASTACK_JWKS",
            '{"keys": [{"kty": "RSA"}]}',
            "SUPASTACK_JWKS has a key of the type RSA, which is not supported",
        ),
    ],
)
def test_service_does_not_start_without_what_it_needs(
    command: list[str | Path], environment: dict[str, str], name: str, value: str, message: str
) -> None:
    variables = {**environment, name: value}
    result = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=30, check=False)
    assert result.returncode and message in result.stderr

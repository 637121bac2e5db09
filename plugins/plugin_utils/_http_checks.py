# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lookup http_checks does: asks over HTTP and WebSocket, and compares what comes with what must come."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor

from ansible.errors import AnsibleLookupError

try:
    import requests
    import websocket
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    MISSING = ""
except ImportError as error:
    MISSING = str(error.name)

PAUSE_SECONDS = 0.5
SHOWN_CHARACTERS = 200
MASK = "***"
# What looks like a secret is hidden although nobody named it: tokens of JWT's form, and members of JSON objects.
JWT = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
SECRET_MEMBER = re.compile(r'("[^"]*(?:token|password|secret|key)[^"]*"\s*:\s*)"(?:\\.|[^"\\])*"', re.IGNORECASE)

Data = t.Mapping[str, t.Any]


class UnmetError(Exception):
    """What was wanted, and what came instead."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """What all checks share; times are in seconds.

    `keys` are the values of the header apikey by name, `absent` the reasons why a service is not asked, `hidden` what
    is shown nowhere. Until `deadline`, on the clock of time.monotonic(), a check that fails is tried again.
    """

    url: str
    keys: t.Mapping[str, str]
    absent: t.Mapping[str, str]
    hidden: t.Sequence[str]
    timeout: float
    deadline: float
    ca_path: str | None

    def shown(self, text: str) -> str:
        """Return a text as it may be printed: without secrets, on one line, not too long."""
        for secret in sorted(filter(None, [*self.keys.values(), *self.hidden]), key=len, reverse=True):
            text = text.replace(secret, MASK)
        text = SECRET_MEMBER.sub(rf'\1"{MASK}"', JWT.sub(MASK, text))
        line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
        return line if len(line) <= SHOWN_CHARACTERS else f"{line[:SHOWN_CHARACTERS]}…"

    def address(self, request: Data) -> str:
        """Return the URL of a request: its own one, or its path below that of all."""
        return str(request["url"] if "url" in request else self.url + request["path"])


@dataclasses.dataclass(frozen=True)
class Answer:
    """An answer to an HTTP request; the names of `headers` are of any case."""

    status: int
    headers: t.Mapping[str, str]
    text: str

    def require(self, expected: Data) -> dict[str, t.Any]:
        """Return the parts of the answer that are to be kept.

        :raises UnmetError: when it is not as expected.
        """
        wanted = expected["status"]
        if self.status not in (wanted if isinstance(wanted, list) else [wanted]):
            raise UnmetError(f"wanted status {wanted}, got {self.status}: {self.text}")
        for name, pattern in expected.get("headers", {}).items():
            if not re.search(pattern, self.headers.get(name, "")):
                raise UnmetError(f"wanted header {name} with {pattern}, got {self.headers.get(name, 'none')}")
        if not re.search(expected.get("content", ""), self.text, re.DOTALL):
            raise UnmetError(f"wanted {self.status} with {expected['content']}, got {self.status}: {self.text}")
        return {name: self.part(path) for name, path in expected.get("keep", {}).items()}

    def part(self, path: str) -> t.Any:
        """Return a member of the answer's JSON object; `path` has dots between names.

        :raises UnmetError: when there is none.
        """
        try:
            value = json.loads(self.text)
            for name in path.split("."):
                value = value[name]
        except (KeyError, TypeError, ValueError):
            raise UnmetError(f"wanted JSON with {path}, got {self.status}: {self.text}") from None
        return value


def signature(method: str, url: str, signing: Data) -> dict[str, str]:
    """Return the headers by which a client of the S3 protocol proves who it is (AWS Signature Version 4)."""
    request = AWSRequest(method=method, url=url)
    credentials = Credentials(signing["access_key"], signing["secret_key"])
    S3SigV4Auth(credentials, "s3", signing["region"]).add_auth(request)
    return {str(name): str(value) for name, value in request.headers.items()}


def body_of(request: Data) -> bytes | None:
    """Return the body of a request: given as data for JSON, as text, or as base64."""
    if "json" in request:
        return json.dumps(request["json"]).encode()
    if "base64" in request:
        return base64.b64decode(request["base64"])
    return request["text"].encode() if "text" in request else None


def reason_of(error: Exception) -> t.Any:
    """Return why there was no answer: what requests tells of its own doings says no more and is long."""
    inner = error.args[0] if error.args else error
    return getattr(inner, "reason", error)


class Client:
    """Asks over one connection that is kept; for the checks of one service, one after the other."""

    def __init__(self, settings: Settings, session: requests.Session) -> None:
        self.settings = settings
        self.session = session

    def check(self, check: Data) -> dict[str, t.Any]:
        """Carry out one check and return what it is to keep.

        :raises UnmetError: when the service does not answer as it must.
        """
        try:
            if "websocket" in check:
                return self.converse(check["websocket"])
            return self.ask(check["request"]).require(check["expect"])
        except websocket.WebSocketBadStatusException as error:
            body = (error.resp_body or b"").decode("utf-8", "replace")
            raise UnmetError(f"the WebSocket was refused: {error.status_code}: {body}") from None
        except (requests.RequestException, websocket.WebSocketException, OSError) as error:
            raise UnmetError(f"no answer: {reason_of(error)}") from None

    def ask(self, request: Data) -> Answer:
        """Send one HTTP request."""
        method, url, body = request.get("method", "GET"), self.settings.address(request), body_of(request)
        headers = {"content-type": "application/json"} if "json" in request else {}
        if "key" in request:
            headers["apikey"] = self.settings.keys[request["key"]]
        if "s3" in request:
            headers |= signature(method, url, request["s3"])
        response = self.session.request(
            method,
            url,
            headers=headers | request.get("headers", {}),
            data=body,
            timeout=self.settings.timeout,
            allow_redirects=False,
            verify=self.settings.ca_path or True,
            # Without one, the session would send what ~/.netrc has for the host.
            auth=lambda prepared: prepared,
        )
        return Answer(response.status_code, response.headers, response.content.decode("utf-8", "replace"))

    def converse(self, talk: Data) -> dict[str, t.Any]:
        """Open a WebSocket and go through the steps of a talk: messages to send, to wait for, and HTTP requests."""
        url = re.sub("^http", "ws", self.settings.address(talk))
        if "key" in talk:
            url += f"{'&' if '?' in url else '?'}apikey={self.settings.keys[talk['key']]}"
        certificates = {"ca_certs": self.settings.ca_path or requests.utils.DEFAULT_CA_BUNDLE_PATH}
        connection = websocket.create_connection(url, timeout=self.settings.timeout, sslopt=certificates)
        kept: dict[str, t.Any] = {}
        try:
            for step in talk["steps"]:
                if "send" in step:
                    connection.send(json.dumps(step["send"]))
                elif "receive" in step:
                    self.receive(connection, step)
                else:
                    kept |= self.ask(step["request"]).require(step["expect"])
        finally:
            connection.close(timeout=1)
        return kept

    def receive(self, connection: websocket.WebSocket, step: Data) -> None:
        """Wait for a message that has all of some patterns; others are passed over.

        :raises UnmetError: when none comes in time.
        """
        deadline = time.monotonic() + step.get("seconds", self.settings.timeout)
        seen = ["nothing"]
        while (left := deadline - time.monotonic()) > 0:
            connection.settimeout(left)
            try:
                message = str(connection.recv())
            except websocket.WebSocketTimeoutException:
                break
            if all(re.search(pattern, message, re.DOTALL) for pattern in step["receive"]):
                return
            seen.append(message)
        raise UnmetError(f"wanted a message with {' and '.join(step['receive'])}, the last one was {seen[-1]}")


def examine(client: Client, check: Data) -> dict[str, t.Any]:
    """Return how one check went, see RETURN of the lookup.

    :raises AnsibleLookupError: when the check itself is not complete.
    """
    settings = client.settings
    result = {"name": check["name"], "service": check["service"], "detail": "", "seconds": 0.0, "kept": {}}
    reasons = [settings.absent[name] for name in (check["service"], *check.get("needs", [])) if name in settings.absent]
    if reasons:
        return {**result, "status": "not-deployed", "detail": reasons[0]}
    started = time.monotonic()
    while True:
        try:
            outcome = {"status": "pass", "kept": client.check(check)}
        except UnmetError as error:
            outcome = {"status": "fail", "detail": settings.shown(str(error))}
        except KeyError as error:
            raise AnsibleLookupError(f"http_checks: the check {check['name']!r} has no {error}, complete it.") from None
        if outcome["status"] == "pass" or time.monotonic() + PAUSE_SECONDS > settings.deadline:
            return {**result, "seconds": round(time.monotonic() - started, 3), **outcome}
        time.sleep(PAUSE_SECONDS)


def examine_all(checks: t.Sequence[Data], settings: Settings) -> list[dict[str, t.Any]]:
    """Carry out checks: those of one service in their order, the services at once. Returns their results in order."""
    groups: dict[str, list[int]] = {}
    for number, check in enumerate(checks):
        groups.setdefault(check["service"], []).append(number)

    def examine_group(numbers: list[int]) -> list[tuple[int, dict[str, t.Any]]]:
        with requests.Session() as session:
            client = Client(settings, session)
            return [(number, examine(client, checks[number])) for number in numbers]

    with ThreadPoolExecutor(max(len(groups), 1)) as threads:
        results = [result for group in threads.map(examine_group, groups.values()) for result in group]
    return [result for _number, result in sorted(results, key=lambda numbered: numbered[0])]

# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""A log of whole requests, bodies included, for those who look for what must not be in them.

It holds every secret that was sent, so the emulator keeps one only when it is asked to (`sandbox up --log-requests`).
"""

from __future__ import annotations

import base64
import io
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from werkzeug.wrappers import Request

from sandbox.state import Sandbox


@dataclass(frozen=True)
class Entry:
    """One request. `service` is the one that it was signed for, empty without a signature."""

    service: str
    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def path(sandbox: Sandbox) -> Path:
    """Where a sandbox' log is, if it has one."""
    return sandbox.path("requests.jsonl")


def read(sandbox: Sandbox) -> Iterator[Entry]:
    """What a sandbox' emulator was asked so far; raises FileNotFoundError when it keeps no log."""
    with path(sandbox).open(encoding="utf-8") as lines:
        for line in lines:
            fields = json.loads(line)
            yield Entry(**{**fields, "body": base64.b64decode(fields["body"])})


class RequestLog:
    """The file of one emulator; only its owner can read it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._file = os.open(path(sandbox), os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._lock = threading.Lock()

    def add(self, environ: dict[str, Any], service: str) -> None:
        """Write down a WSGI request and leave its body to be read again."""
        request = Request(environ)
        # As it was sent: request.url is decoded for people.
        url = f"{request.scheme}://{request.host}{environ['REQUEST_URI']}"
        entry = Entry(service, request.method, url, dict(request.headers), request.get_data(cache=False))
        environ["wsgi.input"] = io.BytesIO(entry.body)
        fields = {**asdict(entry), "body": base64.b64encode(entry.body).decode("ascii")}
        with self._lock:
            os.write(self._file, json.dumps(fields).encode() + b"\n")

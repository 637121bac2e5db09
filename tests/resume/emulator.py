# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""An emulated AWS that can be copied at any moment: `python -m tests.resume.emulator --state <folder>`.

It is the sandbox's own emulator in one thread. A copy is a fork of the process, so that nothing of the account can be
forgotten, and costs milliseconds. Copies share the listening socket; one of them serves at a time. Each listens at a
socket of its own, in the folder `copies`, for one command by line, see `Emulator.obey`.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import json
import os
import pickle
import re
import select
import shutil
import signal
import socket
import threading
import time
from collections.abc import Iterable
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from moto.moto_api._internal import mock_random
from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wrappers import Request, Response

from sandbox import processes
from sandbox.aws import errors
from sandbox.aws.application import Application, StartResponse, _signed_for
from sandbox.aws.runtime import Runtime
from sandbox.aws.server import install
from sandbox.aws.sigv4 import Denied
from sandbox.state import Sandbox
from tests.resume import facts
from tests.resume.orders import COPIES, DROPPED, LOST, Orders

KEPT = "kept"
# Other calls may change something. One that does not costs a needless case.
READING = re.compile(r"(?:Describe|List|Get|Head|Lookup|Filter|Search|Simulate|Batch(?:Get|Describe)|Test|Check)")
READING_METHODS = ("GET", "HEAD", "OPTIONS")
# How AWS says it, and how EC2, S3 and the services of the query protocol do: AWS' common errors and theirs.
USUAL = {
    "throttled": ("ThrottlingException", HTTPStatus.BAD_REQUEST),
    "broken": ("InternalFailure", HTTPStatus.INTERNAL_SERVER_ERROR),
    "denied": ("AccessDenied", HTTPStatus.FORBIDDEN),
}
OTHERS = {
    ("throttled", "ec2"): ("RequestLimitExceeded", HTTPStatus.SERVICE_UNAVAILABLE),
    ("throttled", "s3"): ("SlowDown", HTTPStatus.SERVICE_UNAVAILABLE),
    ("throttled", "iam"): ("Throttling", HTTPStatus.BAD_REQUEST),
    ("throttled", "rds"): ("Throttling", HTTPStatus.BAD_REQUEST),
    ("throttled", "route53"): ("Throttling", HTTPStatus.BAD_REQUEST),
    ("broken", "ec2"): ("InternalError", HTTPStatus.INTERNAL_SERVER_ERROR),
    ("broken", "s3"): ("InternalError", HTTPStatus.INTERNAL_SERVER_ERROR),
    ("denied", "ec2"): ("UnauthorizedOperation", HTTPStatus.FORBIDDEN),
}
SAID = {
    "throttled": "Rate exceeded",
    "broken": "We encountered an internal error. Please try again.",
    "denied": "User is not authorized to perform this operation",
}


class Emulator:
    """One process with one state of an account; it is told what to do by its socket."""

    def __init__(self, sandbox: Sandbox, application: Application, port: int) -> None:
        self.sandbox, self.application = sandbox, application
        self.server: BaseWSGIServer = make_server("127.0.0.1", port, self, request_handler=MotoRequestHandler)
        self.server.timeout = 0
        self.orders: Orders | None = None
        self.control = self.listen("origin")
        self.name = "origin"

    def listen(self, name: str) -> socket.socket:
        """A socket in the folder of copies."""
        path = self.sandbox.path(COPIES, name)
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen()
        return listener

    def live(self) -> None:
        """Obey and serve until told to end."""
        while True:
            waiting: list[Any] = [self.control, *([self.server.socket] if self.orders else [])]
            ready, _unused, _unused = select.select(waiting, [], [])
            if self.control in ready:
                with self.control.accept()[0] as connection, connection.makefile("rwb") as stream:
                    answer = self.obey(**json.loads(stream.readline()))
                    stream.write(pickle.dumps(answer))
            else:
                self.server.handle_request()

    def obey(self, do: str, **options: Any) -> Any:
        """Obey a command: copy, serve, pause, state or end."""
        match do:
            case "copy":
                return self.copy(options["name"])
            case "serve":
                self.put_files_back()
                self.orders = Orders(**options)
            case "pause":
                orders, self.orders = self.orders, None
                self.keep_files(self.name)
                return orders
            case "state":
                return facts.collect()
            case "end":
                self.sandbox.path(COPIES, self.name).unlink(missing_ok=True)
                os._exit(0)
        return None

    def copy(self, name: str, request: socket.socket | None = None) -> None:
        """Go on twice; the copy serves nobody, has another name, and has nothing to do with a request under way."""
        for thread in threading.enumerate():
            # RDS makes its instances in threads, which no fork has.
            if thread.name.startswith("rds-"):
                thread.join()
        listener = self.listen(name)
        self.keep_files(name)
        if os.fork():
            listener.close()
            return
        # Or all copies would make up the same names.
        mock_random.seed()
        self.control.close()
        self.control, self.name, self.orders = listener, name, None
        if request is not None:
            os.close(request.fileno())
        self.live()

    def folders(self) -> list[Path]:
        """What the emulator keeps on disk of its account."""
        return [path for path in map(self.sandbox.path, ("clusters", "postgres", "snapshots")) if path.is_dir()]

    def keep_files(self, name: str) -> None:
        """Set aside what is on disk, for the copy of that name."""
        kept = self.sandbox.path(KEPT, name)
        shutil.rmtree(kept, ignore_errors=True)
        for folder in self.folders():
            shutil.copytree(folder, kept / folder.name)

    def put_files_back(self) -> None:
        """Let the disk be as it was when this copy was made, or served last."""
        for folder in self.folders():
            shutil.rmtree(folder)
        if (kept := self.sandbox.path(KEPT, self.name)).is_dir():
            shutil.copytree(kept, self.sandbox.folder, dirs_exist_ok=True)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, or let it meet the fault that is ordered for it."""
        orders = self.orders
        assert orders is not None
        called = name_of(environ)
        orders.calls.append(called)
        fault = orders.fault if len(orders.calls) == orders.at else ""
        if fault in USUAL:
            return refusal(fault, _signed_for(Request(environ)))(environ, start_response)
        answer = [] if fault == DROPPED else list(self.application(environ, start_response))
        request: socket.socket = environ["werkzeug.socket"]
        if not is_reading(called):
            orders.changes.append(called)
            if len(orders.changes) == orders.only or not orders.only:
                if orders.keep:
                    self.copy(f"{orders.keep}.{len(orders.changes)}", request)
                if orders.kill:
                    kill_descendants(orders.kill)
        if fault in (DROPPED, LOST) or (orders.kill and len(orders.changes) >= orders.only):
            request.shutdown(socket.SHUT_RDWR)
        return answer


def kill_descendants(pid: int) -> None:
    """Kill whatever a process has started, and what that has; return when nothing of it can make another call."""
    while found := [child for child in descendants(pid) if processes.exists(child)]:
        for child in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        time.sleep(0.01)


def descendants(pid: int) -> list[int]:
    """The children of a process, and theirs (proc_pid_task_children(5))."""
    found: list[int] = []
    for file in Path("/proc", str(pid), "task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += map(int, file.read_text(encoding="ascii").split())
    return found + [other for child in found for other in descendants(child)]


def name_of(environ: dict[str, Any]) -> str:
    """What a request calls: the action of the older protocols, else the method and the path."""
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return str(target).rpartition(".")[2]
    if str(environ.get("CONTENT_TYPE", "")).startswith("application/x-www-form-urlencoded"):
        body = Request(environ).get_data(as_text=True, cache=False)
        environ["wsgi.input"] = io.BytesIO(body.encode())
        if found := parse_qs(body).get("Action"):
            return found[0]
    return f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"


def is_reading(called: str) -> bool:
    """Whether a call cannot change anything."""
    return bool(READING.match(called)) or called.split()[0] in READING_METHODS


def refusal(fault: str, service: str) -> Response:
    """An error in the protocol of a service."""
    code, status = OTHERS.get((fault, service), USUAL[fault])
    answer = errors.response(service, Denied(code, SAID[fault]))
    answer.status_code = status
    return answer


def main() -> None:
    """Serve nothing until told so, and end with SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m tests.resume.emulator")
    parser.add_argument("--state", required=True, help="state folder of the sandbox")
    sandbox = Sandbox.at(parser.parse_args().state)
    runtime = Runtime.read(sandbox)
    # Nobody waits for copies.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    origin = Emulator(sandbox, install(runtime), runtime.aws_port)
    # A collection would write to all memory, which copies then no longer share.
    gc.collect()
    gc.freeze()
    gc.disable()
    origin.live()


if __name__ == "__main__":
    main()

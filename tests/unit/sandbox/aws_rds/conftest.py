# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Emulators in processes of their own: stock moto, ours without servers, and ours with real ones."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from sandbox import processes
from sandbox.state import CHECKOUT, Sandbox

Account = Callable[[str], Any]
# A process of its own, because patches stay in the process that they were applied in.
_PROGRAM = """
import sys, time
from moto.server import ThreadedMotoServer
if len(sys.argv) > 1:
    from sandbox.aws import rds
    from sandbox.state import Sandbox
    rds.install(Sandbox.at(sys.argv[1]))
server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
time.sleep(3600)
"""


@cache
def client(port: int, service: str) -> Any:
    """A boto3 client that fails at once and leaves no loopback."""
    # The stubs want a literal service name.
    session: Any = boto3.session.Session()
    return session.client(
        service,
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="eu-west-1",
        aws_access_key_id="AKIAUNITTESTUNITTEST",
        aws_secret_access_key="not-a-secret-but-long-and-unique",
        config=Config(retries={"total_max_attempts": 1}),
    )


@contextmanager
def emulator(*arguments: str) -> Iterator[int]:
    """The port of a running emulator."""
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    process = subprocess.Popen([sys.executable, "-c", _PROGRAM, *arguments], stdout=subprocess.PIPE, env=environment)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()


def make_sandbox(folder: Path, api_only: bool) -> Sandbox:
    folder.mkdir(mode=0o700)
    sandbox = Sandbox.at(folder)
    sandbox.update(options={"api_only": api_only, "time_scale": 0, "log_requests": False, "rds_bypassrls": True})
    return sandbox


@pytest.fixture(scope="session")
def stock() -> Iterator[Account]:
    """Clients of a moto without our patches."""
    with emulator() as port:
        yield partial(client, port)


@pytest.fixture(scope="session")
def patched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """Clients of our emulator in a sandbox that starts nothing real."""
    sandbox = make_sandbox(tmp_path_factory.mktemp("rds") / "unit-rds-api", api_only=True)
    with emulator(str(sandbox.folder)) as port:
        yield partial(client, port)


@pytest.fixture
def real(tmp_path: Path) -> Iterator[tuple[Sandbox, Any]]:
    """A sandbox with real servers and an RDS client of its emulator."""
    sandbox = make_sandbox(tmp_path / "unit-rds-real", api_only=False)
    with emulator(str(sandbox.folder)) as port:
        yield sandbox, client(port, "rds")
    processes.stop_all(sandbox)


@pytest.fixture
def rds(patched: Account) -> Any:
    """An RDS client of our emulator, nothing real behind it."""
    return patched("rds")

# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Clients of the emulated account for the sandbox's own commands."""

from __future__ import annotations

import os
from typing import Any

import boto3
import requests
from botocore.config import Config

from sandbox.state import Sandbox, SandboxError

_TIMEOUT = 10.0


def forget_aws_settings() -> list[str]:
    """Drop the caller's AWS settings from this process, for they belong to a real account; returns their names."""
    names = sorted(name for name in os.environ if name.startswith("AWS_"))
    for name in names:
        del os.environ[name]
    # The files behind ~/.aws can name profiles, endpoints and credentials as well.
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    return names


def client(sandbox: Sandbox, service: str, retries: int = 1) -> Any:
    """A boto3 client of the emulated account, whatever the environment or a proxy setting says."""
    forget_aws_settings()
    state = sandbox.read()
    session: Any = boto3.session.Session()
    return session.client(
        service,
        endpoint_url=state["aws_endpoint_url"],
        region_name=state["region"],
        aws_access_key_id=state["access_key_id"],
        aws_secret_access_key=state["secret_access_key"],
        config=Config(proxies={}, retries={"max_attempts": retries}, connect_timeout=_TIMEOUT, read_timeout=_TIMEOUT),
    )


def ask(sandbox: Sandbox, method: str, path: str, timeout: float = _TIMEOUT) -> dict[str, Any]:
    """The emulator's answer at one of its own routes, such as /sandbox/status; raises SandboxError without one."""
    url = sandbox.read()["aws_endpoint_url"] + path
    with requests.Session() as session:
        # A proxy is for other places than this machine's loopback.
        session.trust_env = False
        try:
            response = session.request(method, url, timeout=timeout)
            response.raise_for_status()
            answer: dict[str, Any] = response.json()
        except requests.RequestException as error:
            raise SandboxError(
                f"The emulated AWS of sandbox {sandbox.name!r} does not answer {method} {path} ({error}). "
                f"Read {sandbox.logs / 'aws.log'}, then run `.venv/bin/python -m sandbox up`."
            ) from error
    return answer

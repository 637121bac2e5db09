# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Starting, resetting and stopping a sandbox."""

from __future__ import annotations

import os
import secrets
import shutil
import string
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sandbox import account, ports, processes
from sandbox.node import images
from sandbox.postgres import server
from sandbox.state import CHECKOUT, Sandbox, SandboxError, locked, write_atomically
from tools.toolchain import chart, tool

EMULATOR = "aws"
REGION = "eu-west-1"
ACCOUNT_ID = "123456789012"
_PORTS = ("aws", "gateway", "webhooks")
_START_TIMEOUT = 60.0


def up(sandbox: Sandbox, api_only: bool, time_scale: float = 0, log_requests: bool = False) -> Iterator[str]:
    """Start `sandbox`, telling what happens; one that runs already is left as it is.

    A half-dead one is cleaned up first: what the emulator knew was in its memory.

    `time_scale` is the share of AWS' durations (durations.yml) that changes take. With `log_requests` every request is
    written down, the secrets in it too.
    """
    options = {
        "api_only": api_only,
        "time_scale": time_scale,
        "log_requests": log_requests,
        "rds_bypassrls": _switch("SANDBOX_RDS_BYPASSRLS", default=True),
    }
    with _exclusively(sandbox):
        if sandbox.exists() and is_healthy(sandbox):
            _require_same_kind(sandbox, options)
            yield f"Sandbox {sandbox.name!r} runs already: emulated AWS at {sandbox.read()['aws_endpoint_url']}."
            return
        if sandbox.folder.exists() or processes.marked(sandbox):
            yield f"Sandbox {sandbox.name!r} was left half-dead (its emulated AWS is gone): removing it."
            _remove(sandbox)
        _write_state(sandbox, ports.choose(_PORTS), options)
        started = time.monotonic()
        _start_emulator(sandbox)
        yield (
            f"Sandbox {sandbox.name!r} is up after {time.monotonic() - started:.1f} s: "
            f"emulated AWS at {sandbox.read()['aws_endpoint_url']}" + (", nothing real behind it." if api_only else ".")
        )


def down(sandbox: Sandbox) -> Iterator[str]:
    """Stop everything the sandbox started, also what a crash left, and remove its folder; tells what was stopped."""
    with _exclusively(sandbox, last=True):
        if not sandbox.folder.exists() and not processes.marked(sandbox):
            yield f"Sandbox {sandbox.name!r} does not run here: nothing to do."
            return
        stopped = _remove(sandbox)
        counts = {name: stopped.count(name) for name in stopped}
        for name, count in counts.items():
            yield f"  stopped {name}" + (f" ({count} processes)" if count > 1 else "")
        yield f"Sandbox {sandbox.name!r} is gone: {len(stopped)} processes stopped, {sandbox.folder} removed."


def reset(sandbox: Sandbox) -> None:
    """Empty the emulated account: clusters and databases stop, ports and credentials stay."""
    account.ask(sandbox, "POST", "/sandbox/reset", timeout=120)


def is_healthy(sandbox: Sandbox) -> bool:
    """Whether the emulator of this very sandbox answers."""
    if not processes.alive(sandbox, EMULATOR):
        return False
    try:
        return bool(account.ask(sandbox, "GET", "/sandbox/health")["sandbox"] == sandbox.name)
    except SandboxError:
        return False


@contextmanager
def _exclusively(sandbox: Sandbox, last: bool = False) -> Iterator[None]:
    """One `up` or `down` of a sandbox at a time; the last one leaves no lock file."""
    with locked(sandbox.folder, remove=last):
        yield


def _require_same_kind(sandbox: Sandbox, wanted: dict[str, bool | float]) -> None:
    state = sandbox.read()
    current = state["options"]
    differences = ports.differing(state["ports"])
    for name in ("api_only", "log_requests"):
        if current[name] != wanted[name]:
            flag = f"--{name.replace('_', '-')}"
            differences.append(f"{flag} (runs {'with' if current[name] else 'without'} it)")
    if current["time_scale"] != wanted["time_scale"]:
        differences.append(f"--time-scale {wanted['time_scale']:g} (runs with {current['time_scale']:g})")
    if differences:
        raise SandboxError(
            f"Sandbox {sandbox.name!r} runs already, but not with {', '.join(differences)}: "
            "run `.venv/bin/python -m sandbox down` first, or choose another SANDBOX_NAME."
        )


def _write_state(sandbox: Sandbox, chosen: dict[str, int], options: dict[str, bool | float]) -> None:
    sandbox.folder.mkdir(mode=0o700, parents=True)
    authority = server.authority(sandbox)
    alphabet = string.ascii_uppercase + "234567"
    access_key_id = "AKIA" + "".join(secrets.choice(alphabet) for _unused in range(16))
    # Ansible masks every occurrence of a secret in results: a short word would garble names.
    secret_access_key = secrets.token_urlsafe(30)
    # For clients that take a profile, such as what kubectl gets its token by.
    credentials = sandbox.path("credentials")
    pair = f"aws_access_key_id = {access_key_id}\naws_secret_access_key = {secret_access_key}"
    write_atomically(credentials, f"[{sandbox.name}]\n{pair}\n")
    sandbox.update(
        name=sandbox.name,
        environment=sandbox.name,
        region=REGION,
        account_id=ACCOUNT_ID,
        access_key_id=access_key_id,
        secret_access_key=secret_access_key,
        credentials_file=str(credentials),
        ports=chosen,
        aws_endpoint_url=f"http://127.0.0.1:{chosen['aws']}",
        gateway_url=f"http://127.0.0.1:{chosen['gateway']}",
        rds_ca_bundle=str(authority.certificate_path),
        checkout=str(CHECKOUT),
        # The roles' helm: the inventory hands it to them, so that no PATH has to be set.
        helm=str(tool("helm")),
        # Karpenter's own charts, which came with its program.
        charts={name: str(chart("karpenter", name)) for name in ("karpenter", "karpenter-crd")},
        # The smoke test tells by them which services are simulated.
        images=sorted(images.available()),
        options=options,
    )


def _switch(variable: str, default: bool) -> bool:
    text = os.environ.get(variable, "").lower()
    if text not in ("", "true", "false"):
        raise SandboxError(f"{variable} is {text!r}: use true or false, or unset it.")
    return default if not text else text == "true"


def _start_emulator(sandbox: Sandbox) -> None:
    settings = {
        "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
        "PYTHONPATH": str(CHECKOUT),
        # The log is followed while it is written.
        "PYTHONUNBUFFERED": "1",
    }
    command = [sys.executable, "-m", "sandbox.aws.server", "--state", str(sandbox.folder)]
    processes.start(sandbox, EMULATOR, command, env=settings, cwd=CHECKOUT)
    deadline = time.monotonic() + _START_TIMEOUT
    while not is_healthy(sandbox):
        if time.monotonic() > deadline or not processes.alive(sandbox, EMULATOR):
            log = sandbox.logs / f"{EMULATOR}.log"
            tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:])
            processes.stop(sandbox, EMULATOR)
            raise SandboxError(f"The emulated AWS did not start. The end of {log}:\n{tail}")
        time.sleep(0.05)


def _remove(sandbox: Sandbox) -> list[str]:
    stopped = processes.stop_all(sandbox)
    with suppress(FileNotFoundError):
        shutil.rmtree(sandbox.folder)
    return stopped

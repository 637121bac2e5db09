# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The set-up's steps: what one is, how it runs a program into a log, how it fails."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.places import CHECKOUT, SETUP

LAST_LINES = 15
AGAIN = "then run the same command again: what is done is kept, and the failed step resumes."

ADVICE: tuple[tuple[str, str], ...] = (
    (
        r"No space left on device|disk quota exceeded",
        "The disk is full (a cold set-up needs about 8 GB): free some space,",
    ),
    (
        r"GOPROXY=off",
        "GOPROXY=off forbids Go to download modules: unset it (go env -u GOPROXY, unset GOPROXY),",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|certificate signed by unknown authority|SELF_SIGNED_CERT|UNABLE_TO_GET_ISSUER_CERT",
        "A TLS certificate was not trusted: name your company's CA in PIP_CERT, NODE_EXTRA_CA_CERTS and SSL_CERT_FILE,",
    ),
    (
        r"[Nn]ame resolution|Name or service not known|no such host|ENOTFOUND|EAI_AGAIN|[Nn]etwork is unreachable|"
        r"ENETUNREACH|Failed to establish a new connection|ECONNREFUSED|ECONNRESET|[Cc]onnection refused|ETIMEDOUT|"
        r"i/o timeout|TLS handshake timeout|[Cc]onnection timed out|Max retries exceeded|ProxyError|ENOTCACHED",
        "The network could not be reached: check the connection and HTTPS_PROXY,",
    ),
    (
        r"No matching distribution found|from versions: none|PIP_NO_INDEX|no-index",
        "The package index was not reached, or lacks this package: check the network, PIP_NO_INDEX and PIP_INDEX_URL,",
    ),
    (r"Permission denied|EACCES", "A file could not be written: check who owns the checkout and the cache folder,"),
    (r"signal: killed|Killed|MemoryError|cannot allocate memory", "The machine ran out of memory (2 GB must be free),"),
)


class StepFailed(Exception):
    """A step could not be done; log is the file with its programs' output, advice says what to do."""

    def __init__(self, reason: str, *, log: Path | None = None, advice: str = "") -> None:
        super().__init__(reason)
        self.reason, self.log, self.advice = reason, log, advice

    def explain(self, name: str, seconds: float) -> str:
        """The message for the user: step, reason, last lines of the log, what to do."""
        lines = [f"set-up: step {name} failed after {seconds:.0f} s: {self.reason}"]
        if self.log is not None:
            lines.append(f"  Log: {self.log}, which ends with")
            lines += [f"    | {line}" for line in tail(self.log)]
        lines.append(f"  What to do: {self.advice or 'read the log,'} {AGAIN}")
        return "\n".join(lines)


@dataclass(frozen=True)
class Step:
    """One part of the set-up: is_done must be cheap, run does it (its argument says more while it works)."""

    name: str
    doing: str
    is_done: Callable[[], bool]
    run: Callable[[], None]


def tail(log: Path, count: int = LAST_LINES) -> list[str]:
    """Last lines of a log that are not empty."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return [line.rstrip() for line in text.splitlines() if line.strip()][-count:]


def advice_for(text: str) -> str:
    """What to do about a failure, judged by what the program printed; an empty text when nothing is recognised."""
    for pattern, advice in ADVICE:
        if re.search(pattern, text):
            return advice
    return ""


def run(step: str, argv: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path = CHECKOUT) -> None:
    """Runs a program, its output appended to the log of the step. Raises StepFailed when it fails."""
    log = log_of(step)
    command = [str(part) for part in argv]
    with log.open("a", encoding="utf-8") as output:
        output.write(f"$ {' '.join(command)}\n")
        output.flush()
        before = output.tell()
        try:
            code = subprocess.run(
                command, env=dict(env), cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False
            ).returncode
        except OSError as error:
            raise StepFailed(f"{command[0]}: {error.strerror}", log=log) from error
    if code != 0:
        printed = log.read_bytes()[before:].decode(errors="replace")
        raise StepFailed(f"{Path(command[0]).name} ended with code {code}", log=log, advice=advice_for(printed))


def log_of(step: str) -> Path:
    """The step's log file; its folder is made when missing."""
    folder = SETUP / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{step}.log"


def clean_environment(*drop: str, **change: str) -> dict[str, str]:
    """The caller's environment without what would send files elsewhere, and with HOME, which Go and npm need."""
    env = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "PYTHONHOME", *drop}}
    env.setdefault("HOME", str(Path.home()))
    return env | change


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Holds an exclusive lock, so that two set-ups at once do the work once; says so when it has to wait."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"set-up: waiting for another set-up, which holds {file}", file=sys.stderr, flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def perform(steps: Sequence[Step]) -> int:
    """Does the steps that are not done, in order. Returns the exit code."""
    started = time.monotonic()
    if all(step.is_done() for step in steps):
        print(f"set-up: all {len(steps)} steps were done before ({time.monotonic() - started:.1f} s)", flush=True)
        return 0
    for number, step in enumerate(steps, start=1):
        title = f"[{number}/{len(steps)}] {step.name}:"
        begun = time.monotonic()
        if step.is_done():
            print(f"{title} done before", flush=True)
            continue
        print(f"{title} {step.doing} ...", flush=True)
        try:
            log_of(step.name).unlink(missing_ok=True)
            step.run()
        except StepFailed as failure:
            print(failure.explain(step.name, time.monotonic() - begun), file=sys.stderr, flush=True)
            return 1
        print(f"{title} done in {time.monotonic() - begun:.0f} s", flush=True)
    print(f"set-up: complete after {time.monotonic() - started:.0f} s", flush=True)
    return 0

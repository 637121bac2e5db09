# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The sandbox's command line."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable

from sandbox import demo, env, lifecycle, logs, status
from sandbox.account import forget_aws_settings
from sandbox.state import Sandbox, SandboxError
from tools.toolchain import ToolMissing

Command = Callable[[Sandbox, argparse.Namespace], int]


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    run: Command = options.run
    options.foreign_settings = forget_aws_settings()
    try:
        return run(Sandbox.current(), options)
    except (SandboxError, ToolMissing) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1
    except PermissionError as error:
        print(f"sandbox: {error.filename} belongs to another user: run this as that user.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # `sandbox logs | head` has read enough.
        sys.stderr.close()
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=".venv/bin/python -m sandbox",
        description="An AWS account on this machine. SANDBOX_NAME selects the sandbox (default: demo); "
        "SANDBOX_PORT_AWS, SANDBOX_PORT_GATEWAY and SANDBOX_PORT_WEBHOOKS ask for fixed ports at `up`.",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="command")

    def add(name: str, run: Command, summary: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=summary, description=summary)
        command.set_defaults(run=run)
        return command

    up = add("up", _up, "start the emulated AWS; what it makes real starts with the API calls")
    up.add_argument("--api-only", action="store_true", help="emulate the APIs, start nothing real behind them")
    up.add_argument(
        "--time-scale",
        type=_share,
        default=0,
        metavar="SHARE",
        help="let changes take this share of the time that AWS takes (sandbox/durations.yml); 0, the default, is none",
    )
    up.add_argument(
        "--log-requests",
        action="store_true",
        help="write each request and its body to requests.jsonl in the sandbox's folder, the secrets in it too",
    )
    add("down", _down, "stop everything and remove it, also after a crash")
    add("reset", _reset, "empty the account; ports and credentials stay")
    add("status", _status, "what runs, what is real, what is simulated").add_argument("--json", action="store_true")
    log = add("logs", _logs, "list the logs, or print one")
    log.add_argument("name", nargs="?", help="name of the log, such as aws")
    log.add_argument("-f", "--follow", action="store_true", help="go on printing what is added")
    add("env", _env, "shell exports for any client")
    demonstration = add("demo", _demo, "up, site.yml, smoke test, summary")
    demonstration.add_argument("--set-up-seconds", type=float, help="duration of set-up, for the table of phases")
    return parser


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no share: give a number such as 0, 0.2 or 1.")
    return value


def _up(sandbox: Sandbox, options: argparse.Namespace) -> int:
    for line in lifecycle.up(sandbox, options.api_only, options.time_scale, options.log_requests):
        print(line, flush=True)
    return 0


def _down(sandbox: Sandbox, _unused: argparse.Namespace) -> int:
    for line in lifecycle.down(sandbox):
        print(line, flush=True)
    return 0


def _reset(sandbox: Sandbox, _unused: argparse.Namespace) -> int:
    lifecycle.reset(sandbox)
    print(f"Sandbox {sandbox.name!r} is empty.")
    return 0


def _status(sandbox: Sandbox, options: argparse.Namespace) -> int:
    data = status.collect(sandbox)
    if options.json:
        print(json.dumps(data, indent=2))
    else:
        print("\n".join(status.render(data)))
    return 0 if data["healthy"] else 1


def _logs(sandbox: Sandbox, options: argparse.Namespace) -> int:
    sandbox.read()
    if options.name is None:
        for name, path in logs.files(sandbox).items():
            print(f"{name:40} {path}")
        return 0
    for line in logs.read(logs.find(sandbox, options.name), options.follow):
        print(line, end="", flush=options.follow)
    return 0


def _env(sandbox: Sandbox, options: argparse.Namespace) -> int:
    exports, remarks = env.render(sandbox, options.foreign_settings)
    print("\n".join(exports))
    for remark in remarks:
        print(remark, file=sys.stderr)
    return 0


def _demo(sandbox: Sandbox, options: argparse.Namespace) -> int:
    return demo.run(sandbox, options.set_up_seconds)

# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The emulator process: `python -m sandbox.aws.server --state <folder>`."""

from __future__ import annotations

import argparse
import faulthandler
import logging
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from types import FrameType

from moto.iam.models import IAMBackend
from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from sandbox import names
from sandbox.aws import ahead, capacity, identity, instance_types, nat_gateways, rds, web_identity, webhooks
from sandbox.aws.application import Application
from sandbox.aws.eks import extension
from sandbox.aws.patches import apply_patches
from sandbox.aws.runtime import Runtime
from sandbox.aws.wrap import wrap
from sandbox.gateway import Gateway
from sandbox.state import Sandbox, SandboxError


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.aws.server")
    parser.add_argument("--state", required=True, help="state folder of the sandbox")
    sandbox = Sandbox.at(parser.parse_args(arguments).state)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # One line per request is what a user wants to see here; botocore and urllib3 have nothing to add.
    logging.getLogger("botocore").setLevel(logging.WARNING)
    # Should the interpreter crash, the log says where.
    faulthandler.enable()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _exit)
    try:
        runtime = replace(Runtime.read(sandbox), gateway=Gateway(sandbox))
    except SandboxError as error:
        sys.exit(f"sandbox.aws.server: {error}")
    application = install(runtime)
    webhooks.serve(runtime, sandbox.read()["ports"]["webhooks"])
    capacity.start(runtime)
    if not runtime.api_only:
        ahead.start(application)
    names.publish(sandbox, f"aws.{runtime.region}.amazonaws.com", 80, runtime.aws_port)
    server = make_server("127.0.0.1", runtime.aws_port, application, threaded=True, request_handler=MotoRequestHandler)
    server.serve_forever()
    return 0


def install(runtime: Runtime) -> Application:
    """Extend moto in this process; must run before the first request, for moto caches its URL maps."""
    # moto itself calls no AWS; these are for botocore, which some of its models ask for service data.
    os.environ.setdefault("AWS_DEFAULT_REGION", runtime.region)
    apply_patches()
    extension.install(runtime)
    _seed_identity(runtime)
    nat_gateways.install(runtime)
    instance_types.install()
    rds.install(runtime.sandbox, runtime.seconds)
    web_identity.install(runtime)
    return Application(runtime)


def _seed_identity(runtime: Runtime) -> None:
    """Let the sandbox's own user exist in every fresh IAM, also after moto was reset."""

    def initialise(original: Callable[..., None], self: IAMBackend, region_name: str, account_id: str) -> None:
        original(self, region_name, account_id)
        # moto keeps one IAM for each partition of an account, and calls the partition a region.
        if (account_id, region_name) == (runtime.account_id, "aws"):
            identity.seed(self, runtime)

    wrap(IAMBackend, "__init__", initialise)


def _exit(number: int, frame: FrameType | None) -> None:
    sys.exit(0)


if __name__ == "__main__":
    sys.exit(main())

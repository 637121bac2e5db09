# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Run as a program, since it extends moto for good: makes ahead what the emulator of a running sandbox would.

Argument: the folder of the sandbox. Prints as JSON which services can answer then, in which regions EC2 knows its
images, and which calls were counted.
"""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[4]))


def main(folder: str) -> None:
    from moto.ec2.models import ec2_backends

    from sandbox.aws import ahead, server
    from sandbox.aws.runtime import Runtime
    from sandbox.state import Sandbox

    runtime = Runtime.read(Sandbox(Path(folder).name, Path(folder)))
    application = server.install(runtime)
    ahead.make(application)
    services, regions = sorted(application.app_instances), sorted(ec2_backends[runtime.account_id])
    print(json.dumps({"services": services, "regions": regions, "calls": runtime.calls.counts()}))


if __name__ == "__main__":
    logging.disable()
    main(sys.argv[1])

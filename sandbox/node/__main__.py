# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""`python -m sandbox.node --state <folder> --cluster <name>`: run the process node of one cluster until stopped."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import NoReturn

from sandbox.node import config, namespaces
from sandbox.processes import MARKER
from sandbox.state import CHECKOUT, Sandbox, SandboxError

# Nothing else of the caller's environment reaches the node, so nothing can leak from it into pods.
_KEPT = ("PATH", "HOME", "LANG", "TZ", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "XDG_CACHE_HOME", MARKER)


def main() -> NoReturn:
    """Make certificates, enter the namespaces, become the node program."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.node", description=__doc__)
    parser.add_argument("--state", required=True, type=Path, help="state folder of the sandbox")
    parser.add_argument("--cluster", required=True, help="name of the cluster")
    parser.add_argument("--gateway", type=int, help="descriptor of the socket that leads to the Supabase gateway")
    arguments = parser.parse_args()
    sandbox = Sandbox.at(arguments.state)
    try:
        as_root = namespaces.caller_is_root()
        file = config.prepare(sandbox, arguments.cluster, as_root, arguments.gateway).write()
        namespaces.enter(as_root)
    except SandboxError as error:
        sys.exit(f"sandbox.node: {error}")
    environment = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith("SANDBOX_")}
    environment.setdefault(MARKER, str(sandbox.folder))
    os.chdir(CHECKOUT)
    os.execve(sys.executable, [sys.executable, "-m", "sandbox.node.program", str(file)], environment)


if __name__ == "__main__":
    main()

# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for get-pip.py, which ansible-test would download from a host of its own for its virtual environments.

Makes the pip that Python carries install the pip that ansible-test asks for, from the user's package index.
"""

from __future__ import annotations

import subprocess
import sys

# get-pip.py's own options, which pip does not know.
NOT_FOR_PIP = {"--no-setuptools", "--no-wheel"}


def main(arguments: list[str]) -> int:
    """Returns the exit code of the first command that fails, or 0."""
    # In a process of its own, because importing ensurepip points PIP_CONFIG_FILE at /dev/null.
    first = subprocess.run([sys.executable, "-m", "ensurepip", "--default-pip"], check=False).returncode
    wanted = [argument for argument in arguments if argument not in NOT_FOR_PIP]
    return first or subprocess.run([sys.executable, "-m", "pip", "install", *wanted], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

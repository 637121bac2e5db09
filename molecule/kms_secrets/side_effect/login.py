# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Logs in to the sandbox' database with the password in Secrets Manager, and prints whether it let us in."""

from __future__ import annotations

import shlex
import subprocess
import sys

import psycopg


def main() -> None:
    """Print "in" or "refused"; any other error ends the program."""
    printed = subprocess.run([sys.executable, "-m", "sandbox", "env"], capture_output=True, text=True, check=True)
    exports = [word for word in shlex.split(printed.stdout, comments=True) if word.startswith("DATABASE_URL=")]
    try:
        psycopg.connect(exports[0].partition("=")[2]).close()
    except psycopg.OperationalError as error:
        if "password authentication failed" not in str(error):
            raise
        sys.stdout.write("refused\n")
    else:
        sys.stdout.write("in\n")


if __name__ == "__main__":
    main()

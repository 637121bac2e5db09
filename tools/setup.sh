#!/bin/sh
# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Finds a Python that can run the set-up; the one already in .venv first, so that a finished set-up is found quickly.
set -u
cd "$(dirname "$0")/.." || exit 1
supported='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'
if [ -n "${PYTHON:-}" ]; then
  "$PYTHON" -c "$supported" && exec "$PYTHON" -m tools.setup "$@"
  echo "set-up: PYTHON=$PYTHON is not a Python 3.11, 3.12 or 3.13." >&2
  echo "  Fix: leave PYTHON out, or name another: make setup PYTHON=/path/to/python3.12" >&2
  exit 1
fi
for python in .venv/bin/python python3 python3.13 python3.12 python3.11 /usr/bin/python3; do
  if "$python" -c "$supported" 2>/dev/null; then
    exec "$python" -m tools.setup "$@"
  fi
done
echo "set-up: no Python 3.11, 3.12 or 3.13 was found on PATH." >&2
echo "  Fix: install one (apt install python3 python3-venv), or name one: make setup PYTHON=/path/to/python3.12" >&2
exit 1

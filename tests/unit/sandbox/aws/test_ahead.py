# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""What the emulator makes before anybody asks for it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def test_services_are_made_ahead_and_no_call_is_counted(aws: Any) -> None:
    program = Path(__file__).resolve().parent / "made_ahead.py"
    command = [sys.executable, str(program), str(aws.sandbox.folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "services": ["ec2", "eks", "iam", "rds", "route53", "sts"],
        "regions": ["eu-west-1", "us-east-1"],
        "calls": {},
    }

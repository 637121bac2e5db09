# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of make bench-warm, and what it counts as a warm process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from tests import processes
from tests.bench import warm


def test_the_table_has_each_round_and_the_ratio_of_medians() -> None:
    pairs = [(warm.Run(10.0), warm.Run(4.0, 2048, 1024)), (warm.Run(20.0), warm.Run(5.0, 3072, 1024))]
    assert warm.table(pairs, 0.3) == [
        "round   local s   warm s   warm ÷ local",
        "    1      10.0      4.0           0.40",
        "    2      20.0      5.0           0.25",
        "ratio of the medians: 0.30 (promised: 0.40)",
        "memory of the warm process: 3 MiB resident, 1 MiB proportional",
    ]


def test_forks_of_a_warm_process_are_not_counted() -> None:
    before = processes.warm_processes()
    program = "import os, time; child = os.fork(); child and print(child, flush=True); time.sleep(60)"
    with subprocess.Popen(
        [sys.executable, *processes.WARM_ARGUMENTS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin and process.stdout
        process.stdin.write(program)
        process.stdin.close()
        child = int(process.stdout.readline())
        try:
            assert processes.warm_processes() - before == {process.pid}
        finally:
            os.kill(child, signal.SIGKILL)
            process.kill()


def test_a_field_that_is_not_there_is_nothing() -> None:
    assert warm.field("Rss:  12 kB\nPss: 3 kB", "Pss") == 3
    assert warm.field("Rss:  12 kB", "Pss") == 0


def test_no_round_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        warm.main(["--rounds", "0"])
    assert "--rounds is 0: give at least 1" in capsys.readouterr().err

# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Each Python that a play starts pauses but briefly.

The emulator has done everything when it answers, but modules of amazon.aws give AWS five seconds after each change of a
route table.
"""

from __future__ import annotations

import time

LONGEST_SECONDS = 0.5
_sleep = time.sleep


def briefly(seconds: float) -> None:
    """Sleep as long as was asked for, or the longest that is of use."""
    _sleep(min(seconds, LONGEST_SECONDS))


vars(time)["sleep"] = briefly

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints each result of a task as one line of JSON, among Ansible's own lines about how the task was run."""

from __future__ import annotations

import hashlib
import json
import os
import typing as t

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: lines
type: stdout
short_description: Results as lines of JSON
description: Prints for each task that starts, and for each of its results, one line.
author: Supastack contributors (@supastack)
"""

# Of longer texts only the beginning, the length and a digest are printed.
LONG = 1 << 20
BEGINNING = 100


def shortened(value: t.Any) -> t.Any:
    """Return a value of JSON without very long texts."""
    if isinstance(value, dict):
        return {str(key): shortened(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [shortened(item) for item in value]
    if isinstance(value, str) and len(value) > LONG:
        digest = hashlib.sha256(value.encode(errors="surrogatepass")).hexdigest()
        return f"{value[:BEGINNING]}... {len(value)} {digest}"
    return value if isinstance(value, (str, int, float, type(None))) else str(value)


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Prints each result of a task as one line of JSON."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "lines"

    def _print(self, **data: t.Any) -> None:
        self._display.display(f"{os.environ['LINES_MARK']} {json.dumps(shortened(data))}")

    def _print_result(self, event: str, result: t.Any) -> None:
        self._print(event=event, host=result.host.name, task=result.task.get_name(), data=result.result)

    def v2_playbook_on_play_start(self, play: t.Any) -> None:
        """Print the name of a play that starts."""
        self._print(event="play", play=play.get_name())

    def v2_playbook_on_task_start(self, task: t.Any, is_conditional: bool) -> None:
        """Print the name of a task that starts."""
        self._print(event="task", task=task.get_name())

    def v2_runner_on_ok(self, result: t.Any) -> None:
        """Print the result of a task that succeeded."""
        self._print_result("ok", result)

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        """Print the result of a task that failed."""
        self._print_result("failed", result)

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        """Print the result of a task whose connection failed."""
        self._print_result("unreachable", result)

    def v2_runner_on_skipped(self, result: t.Any) -> None:
        """Print that a task was skipped."""
        self._print_result("skipped", result)

    def v2_runner_retry(self, result: t.Any) -> None:
        """Print the result of an attempt that is not the last one."""
        self._print_result("retry", result)

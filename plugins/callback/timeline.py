# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""End each run with a timeline of its phases."""

from __future__ import annotations

DOCUMENTATION = r"""
name: timeline
type: aggregate
short_description: A timeline of phases at the end of each run
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Prints, after the recap, when each phase of the run began, how long it took, how many tasks it ran and how many of
    them changed something, with bars on one time axis. The phase that took longest is marked, and the three tasks that
    took longest are named if they took a second. Each host has its own table.
  - A phase is what one entry of the playbook makes a host do in one go. An entry is a role, or an import or include
    that has a name, in the play itself and not inside a role. It is called what the playbook calls it, a role without
    such a name by its own. All other tasks of a play are together the phase with the name of the play.
  - A role that is started by one entry and waited for by another one is two phases.
  - Names are those in the playbooks and roles, before templating. Nothing else of a task or its result is shown.
requirements:
  - enabling it in the configuration
options:
  timeline_file:
    description:
      - A file to which the timeline is also written, as JSON. It has C(began), the time in UTC; C(seconds), how long
        the run took; and C(hosts), each with its C(phases) and C(longest_tasks). Their C(start) counts from C(began).
      - It is replaced at the end of each run.
    type: path
    env:
      - name: ANSIBLE_TIMELINE_FILE
    ini:
      - section: supastack_aws_timeline
        key: file
notes:
  - From the start of the first task of a phase to the end of its last one, on this host. With several hosts that
    includes what the host has to wait for the others between two tasks.
  - Tasks that were skipped count as time, not as tasks.
  - Where standard output does not belong to P(ansible.builtin.default#callback), the timeline goes to standard error,
    so that programs can read the former.
  - A run that is interrupted has no timeline.
"""

EXAMPLES = r"""
ansible.cfg: |
  [defaults]
  callbacks_enabled = supastack.aws.timeline

  [supastack_aws_timeline]
  file = /var/log/supastack/timeline.json
"""

import json
import time
import typing as t
from datetime import UTC, datetime
from pathlib import Path

import ansible.constants as C
from ansible.playbook.role_include import IncludeRole
from ansible.playbook.task_include import TaskInclude
from ansible.plugins.callback import CallbackBase
from ansible_collections.supastack.aws.plugins.plugin_utils._timeline import Timeline, table

FOR_PEOPLE = ("default", "ansible.builtin.default", "ansible.legacy.default")


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Remembers when the tasks of each host began and ended."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "supastack.aws.timeline"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self._began = datetime.now(UTC)
        self._zero = time.monotonic()
        self._timelines: dict[str, Timeline] = {}
        self._play: t.Any = None

    def v2_playbook_on_play_start(self, play: t.Any) -> None:
        """Remember the play to which the tasks belong that follow."""
        self._play = play

    def v2_runner_on_start(self, host: t.Any, task: t.Any) -> None:
        """Begin a task of a host."""
        timeline = self._timelines.setdefault(host.get_name(), Timeline())
        timeline.begin(*self._entry(task), now=self._now())

    def v2_runner_on_ok(self, result: t.Any) -> None:
        """End a task, or an include."""
        self._end(result, changed=result.is_changed())

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        """End a task that failed; what it changed counts as in the recap."""
        self._end(result, changed=bool(ignore_errors) and result.is_changed(), failed=not ignore_errors)

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        """End a task that could not be run."""
        self._end(result, failed=True)

    def v2_runner_on_skipped(self, result: t.Any) -> None:
        """End a task that had nothing to do."""
        self._end(result, skipped=True)

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        """Print the timelines, and write them to the file that the user asked for."""
        total = self._now()
        for host, timeline in self._timelines.items():
            timeline.settle(failed=host in stats.failures or host in stats.dark)
            title = f"TIMELINE [{host}]" if len(self._timelines) > 1 else "TIMELINE"
            lines = table(title, timeline, total, self._display.columns)
            self._display.display("\n".join([*lines, "", ""]), stderr=C.DEFAULT_STDOUT_CALLBACK not in FOR_PEOPLE)
        if self.get_option("timeline_file"):
            self._write(Path(self.get_option("timeline_file")), total)

    def _now(self) -> float:
        return time.monotonic() - self._zero

    def _entry(self, task: t.Any) -> tuple[object, str, str]:
        """Return what makes an entry different from others, the name of its play, and its own."""
        play = source_name(self._play) or self._play.get_name()
        name = entry_name(task) or play
        # Two plays may have the same name.
        return (self._play, name), play, name

    def _end(self, result: t.Any, *, skipped: bool = False, **outcome: bool) -> None:
        timeline = self._timelines.setdefault(result.host.get_name(), Timeline())
        if timeline.begun is None:
            # Ansible tells the start of neither a skipped meta task nor the failure of a file that was included.
            timeline.begin(*self._entry(result.task), now=self._now())
        named = not skipped and not isinstance(result.task, TaskInclude)
        timeline.end(task_name(result.task) if named else None, self._now(), **outcome)

    def _write(self, file: Path, total: float) -> None:
        hosts = {host: timeline.data() for host, timeline in self._timelines.items()}
        data = {"began": self._began.isoformat(timespec="seconds"), "seconds": round(total, 3), "hosts": hosts}
        try:
            file.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            self._display.warning(f"timeline_file is {file}, which cannot be written: {error.strerror}.")


def source_name(thing: t.Any) -> str:
    """Return the name that a playbook gives to a play or a task, as it is written there; empty without one."""
    source = thing.get_ds()
    return " ".join(str(source.get("name") or "").split()) if isinstance(source, dict) else ""


def task_name(task: t.Any) -> str:
    """Return what a task is called: its name, else what it does."""
    return source_name(task) or str(task.action)


def entry_name(task: t.Any) -> str:
    """Return what the entry of a play is called to which a task belongs; empty when that is the play itself."""
    entry = task
    while (outer := entry.get_first_parent_include()) is not None:
        entry = outer
    roles = entry.get_dep_chain() or [entry._role]
    if roles[0] is not None:
        # An entry of `roles:`, whose own includes are its own matter.
        return str(roles[0].get_name())
    if isinstance(entry, TaskInclude) and source_name(entry):
        return source_name(entry)
    if isinstance(entry, IncludeRole):
        role, tasks_from = (entry.args.get(name) for name in ("name", "tasks_from"))
        return f"{role or entry.args.get('role')}" + (f": {tasks_from}" if tasks_from else "")
    return ""

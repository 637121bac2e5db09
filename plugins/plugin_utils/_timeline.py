# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the callback timeline remembers of each host, as a table for people and as plain data for programs.

All times are seconds since the run began.
"""

from __future__ import annotations

import dataclasses
import typing as t

NAME_WIDTH = 28
BAR_WIDTHS = (16, 40)
SHORTEST_TASK = 1.0
MOST_TASKS = 3
MARK = ">"


@dataclasses.dataclass
class Phase:
    """Consecutive tasks of one entry of a playbook. Included files and roles are no tasks, only what is in them."""

    play: str
    name: str
    start: float
    end: float
    tasks: int = 0
    changed: int = 0
    failed: bool = False

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.end - self.start


@dataclasses.dataclass(frozen=True)
class Task:
    """A task and how long it took."""

    phase: str
    name: str
    start: float
    seconds: float


class Timeline:
    """The phases of one host, and its tasks that took longest.

    `begun` is when the task began that has not ended yet.
    """

    def __init__(self) -> None:
        self.phases: list[Phase] = []
        self.longest_tasks: list[Task] = []
        self.begun: float | None = None
        self._entry: object = None

    def begin(self, entry: object, play: str, name: str, now: float) -> None:
        """Begin a task. It belongs to the phase of the task before when both are of the same entry."""
        if not self.phases or entry != self._entry:
            self._entry = entry
            self.phases.append(Phase(play, name, now, now))
        self.begun = now

    def end(self, name: str | None, now: float, *, changed: bool = False, failed: bool = False) -> None:
        """End the task that was begun.

        :param name: None for one that does nothing itself: skipped, or an include.
        """
        phase = self.phases[-1]
        phase.end = now
        phase.failed = phase.failed or failed
        begun, self.begun = self.begun, None
        if name is None or begun is None:
            return
        phase.tasks += 1
        phase.changed += changed
        if now - begun >= SHORTEST_TASK:
            tasks = [*self.longest_tasks, Task(phase.name, name, begun, now - begun)]
            self.longest_tasks = sorted(tasks, key=lambda task: -task.seconds)[:MOST_TASKS]

    def settle(self, failed: bool) -> None:
        """Keep only the failure that ended the run of this host, if one did: others were ignored or rescued."""
        failures = [phase for phase in self.phases if phase.failed]
        for phase in failures[:-1] if failed else failures:
            phase.failed = False

    @property
    def longest(self) -> Phase:
        """The phase that took longest."""
        return max(self.phases, key=lambda phase: phase.seconds)

    def data(self) -> dict[str, t.Any]:
        """Phases and longest tasks as plain data."""
        return {
            "phases": [
                {
                    "play": phase.play,
                    "name": phase.name,
                    "start": round(phase.start, 3),
                    "seconds": round(phase.seconds, 3),
                    "tasks": phase.tasks,
                    "changed": phase.changed,
                    "failed": phase.failed,
                }
                for phase in self.phases
            ],
            "longest_tasks": [
                {**dataclasses.asdict(task), "start": round(task.start, 3), "seconds": round(task.seconds, 3)}
                for task in self.longest_tasks
            ],
        }


def clock(seconds: float) -> str:
    """Return a point in time as m:ss, from an hour on as h:mm:ss."""
    minutes, second = divmod(int(seconds), 60)
    return f"{minutes}:{second:02}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02}:{second:02}"


def duration(seconds: float) -> str:
    """Return a duration: seconds with one decimal below a minute, else like a point in time."""
    return f"{seconds:.1f} s" if seconds < 59.95 else clock(seconds + 0.5)


def table(title: str, timeline: Timeline, total: float, columns: int) -> list[str]:
    """Return the timeline of one host as lines.

    :param total: seconds of the whole run, more than 0, where the time axis ends.
    :param columns: width of the terminal; the bars get what the rest leaves, within limits.
    """
    longest = timeline.longest
    rows = [cells(phase, phase is longest) for phase in timeline.phases]
    header = ("", "phase", "start", "duration", "tasks", "changed")
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    least, most = BAR_WIDTHS
    # One space before and after each column, two around the bar.
    width = min(max(columns - sum(widths) - len(widths) - 1, least), most)
    drawings = [axis(total, width), *(stroke(phase, total, width) for phase in timeline.phases)]
    share = round(100 * longest.seconds / total)
    return [
        f"{title} ".ljust(columns, "*"),
        *(line(row, widths, drawn) for row, drawn in zip((header, *rows), drawings, strict=True)),
        f"Longest phase: {longest.name}, {duration(longest.seconds)} of {duration(total)} ({share} %)",
        *task_lines(timeline.longest_tasks),
    ]


def cells(phase: Phase, longest: bool) -> tuple[str, ...]:
    """Return what a phase has in each column of the table."""
    return (
        MARK if longest else "",
        label(phase),
        clock(phase.start),
        duration(phase.seconds),
        str(phase.tasks),
        str(phase.changed),
    )


def label(phase: Phase) -> str:
    """Return a phase's name, and whether the run ended there for this host."""
    ending = " (failed)" if phase.failed else ""
    return shortened(phase.name, NAME_WIDTH - len(ending)) + ending


def line(cells: t.Sequence[str], widths: t.Sequence[int], drawn: str) -> str:
    """Return one row: the first two columns to the left, numbers to the right, and what is drawn on the time axis."""
    left = [cell.ljust(width) for cell, width in zip(cells[:2], widths, strict=False)]
    right = [cell.rjust(width) for cell, width in zip(cells[2:], widths[2:], strict=True)]
    return f"{' '.join([*left, *right])}  {drawn}".rstrip()


def axis(total: float, width: int) -> str:
    """Return the two ends of the time axis."""
    return "0:00" + clock(total).rjust(width - 4)


def stroke(phase: Phase, total: float, width: int) -> str:
    """Return a phase on the time axis; also the shortest can be seen."""
    scale = width / total
    first = min(int(phase.start * scale), width - 1)
    last = min(max(round(phase.end * scale), first + 1), width)
    return " " * first + ("#" if phase.failed else "=") * (last - first)


def task_lines(tasks: t.Sequence[Task]) -> list[str]:
    """Return the longest tasks, each with its phase."""
    lines = [f"  {duration(task.seconds):>8}  {task.phase}: {task.name}" for task in tasks]
    return ["Longest tasks:", *lines] if lines else []


def shortened(text: str, width: int) -> str:
    """Return a text in at most so many characters."""
    return text if len(text) <= width else f"{text[: width - 3]}..."

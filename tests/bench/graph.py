# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order that AWS forces, as a graph of durations, and its critical path."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import yaml

BEGIN = "begin"
_MEMBERS = {"before", "after", "because"}


class GraphError(Exception):
    """The graph says something that cannot be."""


@dataclass(frozen=True)
class Edge:
    """One step that AWS begins only after another one. `compute` is None when it holds for each eks_compute."""

    before: str
    after: str
    because: str
    compute: str | None = None


@dataclass(frozen=True)
class CriticalPath:
    """The steps that follow each other and together take longest."""

    seconds: float
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Model:
    """Which edges there are, and for which values of eks_compute."""

    compute: tuple[str, ...]
    edges: tuple[Edge, ...]

    @classmethod
    def read(cls, file: Path) -> Model:
        """Raises GraphError for an edge without a reason, or of an eks_compute that is not among those of the model."""
        content: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
        compute = tuple(content["compute"])
        for edge in content["edges"]:
            unfit = _MEMBERS ^ (set(edge) - {"compute"})
            if unfit or not str(edge["because"]).strip():
                raise GraphError(f"{edge}: give before, after and because, and compute where it is for one only.")
            if edge.get("compute") not in (None, *compute):
                raise GraphError(f"{edge}: compute is none of {', '.join(compute)}.")
        return cls(compute, tuple(Edge(**edge) for edge in content["edges"]))

    def of(self, compute: str) -> list[Edge]:
        """The edges that hold for one eks_compute."""
        return [edge for edge in self.edges if edge.compute in (None, compute)]


def kind(step: str) -> str:
    """The duration of a step."""
    return step.partition("/")[0]


def steps(edges: Iterable[Edge]) -> set[str]:
    """All that takes time."""
    return {step for edge in edges for step in (edge.before, edge.after)} - {BEGIN}


def critical_path(edges: Sequence[Edge], durations: Mapping[str, float]) -> CriticalPath:
    """The longest way through the graph.

    Raises GraphError when a step has no duration, does not follow from the begin, or comes before itself.
    """
    unknown = sorted(step for step in steps(edges) if kind(step) not in durations)
    if unknown:
        raise GraphError(f"{', '.join(unknown)}: sandbox/durations.yml has no such duration.")
    loose = sorted(steps(edges) - {edge.after for edge in edges})
    if loose:
        raise GraphError(f"{', '.join(loose)}: nothing comes before. Give an edge that says what, if only {BEGIN}.")
    longest = {BEGIN: CriticalPath(0, ())}
    for step in _sorted(edges):
        if step != BEGIN:
            before = max((longest[edge.before] for edge in edges if edge.after == step), key=lambda path: path.seconds)
            longest[step] = CriticalPath(before.seconds + durations[kind(step)], (*before.steps, step))
    return max(longest.values(), key=lambda path: path.seconds)


def _sorted(edges: Iterable[Edge]) -> list[str]:
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for edge in edges:
        sorter.add(edge.after, edge.before)
    try:
        return list(sorter.static_order())
    except CycleError as error:
        raise GraphError(f"{' after '.join(error.args[1])}: a step cannot come before itself.") from error


def check_taken(edges: Iterable[Edge], taken: Mapping[str, int]) -> None:
    """Raise GraphError when a run did not do what the graph is made of, for then the two cannot be compared.

    `taken` tells how often the emulator took each duration.
    """
    expected = Counter(kind(step) for step in steps(edges))
    missing = [
        f"{name} {count} times instead of {expected[name]}"
        for name in sorted(expected)
        if (count := taken.get(name, 0)) < expected[name]
    ]
    if missing:
        raise GraphError(f"the run took {', '.join(missing)}: tests/bench/converge.yml is not the graph of this run.")

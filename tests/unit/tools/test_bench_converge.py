# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The graph of make bench-converge, its critical path, and the table."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.aws.runtime import durations
from tests.bench import converge, graph, site
from tests.bench.graph import BEGIN, CriticalPath, Edge, GraphError

SECONDS = {"cluster": 10.0, "database": 14.0, "nat": 2.0, "nodes": 3.0, "profile": 4.0}


def edges(*pairs: tuple[str, str]) -> list[Edge]:
    return [Edge(before, after, "it is so") for before, after in pairs]


CLUSTER = edges((BEGIN, "cluster"), (BEGIN, "nat"), ("cluster", "nodes"), ("nat", "nodes"))


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ((), CriticalPath(13, ("cluster", "nodes"))),
        (((BEGIN, "database"),), CriticalPath(14, ("database",))),
        (
            (("cluster", "profile/one"), ("profile/one", "profile/two")),
            CriticalPath(18, ("cluster", "profile/one", "profile/two")),
        ),
        (((BEGIN, "database"), ("database", "nodes")), CriticalPath(17, ("database", "nodes"))),
    ],
    ids=["two in a row", "one alone", "two of a kind", "the longer way to a step"],
)
def test_critical_path_is_the_longest_way(more: tuple[tuple[str, str], ...], path: CriticalPath) -> None:
    assert graph.critical_path([*CLUSTER, *edges(*more)], SECONDS) == path
    assert graph.critical_path([*edges(*more), *reversed(CLUSTER)], SECONDS) == path


def test_nothing_to_do_takes_no_time() -> None:
    assert graph.critical_path([], SECONDS) == CriticalPath(0, ())


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ((("cluster", "moon"), ("cluster", "sun/one")), "moon, sun/one: sandbox/durations.yml has no such duration"),
        ((("database", "profile"),), "database: nothing comes before"),
        ((("nodes", "profile"), ("profile", "cluster")), "a step cannot come before itself"),
        ((("nodes", "nodes"),), "nodes after nodes: a step cannot come before itself"),
    ],
    ids=["unknown", "loose", "cycle", "itself"],
)
def test_impossible_graphs_are_refused(more: tuple[tuple[str, str], ...], message: str) -> None:
    with pytest.raises(GraphError, match=message):
        graph.critical_path([*CLUSTER, *edges(*more)], SECONDS)


@pytest.mark.parametrize(
    ("edge", "message"),
    [
        ("{before: begin, after: cluster}", "give before, after and because"),
        ("{before: begin, after: cluster, because: ' '}", "give before, after and because"),
        ("{before: begin, after: cluster, because: so, seconds: 3}", "give before, after and because"),
        ("{before: begin, after: cluster, because: so, compute: none}", "compute is none of one, two"),
    ],
)
def test_edges_that_say_too_little_are_refused(tmp_path: Path, edge: str, message: str) -> None:
    file = tmp_path / "model.yml"
    file.write_text(f"compute: [one, two]\nedges: [{edge}]\n", encoding="utf-8")
    with pytest.raises(GraphError, match=message):
        graph.Model.read(file)


def test_an_edge_may_be_for_one_compute(tmp_path: Path) -> None:
    file = tmp_path / "model.yml"
    file.write_text(
        "compute: [one, two]\n"
        "edges:\n"
        "  - {before: begin, after: cluster, because: so}\n"
        "  - {before: cluster, after: nodes, because: so, compute: two}\n",
        encoding="utf-8",
    )
    model = graph.Model.read(file)
    assert model.of("one") == [Edge(BEGIN, "cluster", "so")]
    assert model.of("two") == [Edge(BEGIN, "cluster", "so"), Edge("cluster", "nodes", "so", "two")]


def test_a_run_that_did_less_is_not_compared() -> None:
    made = edges((BEGIN, "cluster"), ("cluster", "profile/one"), ("profile/one", "profile/two"))
    graph.check_taken(made, {"cluster": 1, "profile": 3, "nodes": 1})
    with pytest.raises(GraphError, match="the run took cluster 0 times instead of 1, profile 1 times instead of 2"):
        graph.check_taken(made, {"profile": 1})


@pytest.mark.parametrize("compute", ["karpenter", "managed_nodes"])
def test_our_graph_is_possible(compute: str) -> None:
    model = graph.Model.read(converge.MODEL)
    assert compute in model.compute
    path = graph.critical_path(model.of(compute), durations())
    profiles = durations()["eks_fargate_profile_create"] if compute == "karpenter" else 0
    assert path.seconds >= durations()["rds_instance_create_multi_az"]
    assert path.seconds >= durations()["eks_cluster_create"] + profiles


def test_the_table_has_what_was_measured_and_what_it_is_compared_with() -> None:
    path = CriticalPath(612, ("eks_cluster_create",))
    phases = [("Cluster, waited for", 100.04), ("Network", 9.0)]
    first = converge.Run(153.0, {"iam": 2, "ec2": 10}, phases)
    measured = converge.Measured("karpenter", path, first, converge.Run(20.5, {"ec2": 5}, []))
    assert measured.ratio == pytest.approx(1.25)
    assert converge.table([measured]) == [
        "eks_compute      path s   wall s   wall ÷ (scale * path)   AWS calls   no-op s   no-op AWS calls",
        "karpenter           612    153.0                   1.250          12      20.5                 5",
        "time scale: 0.2; promised: 1.25 at most",
        "",
        "karpenter",
        "  path:   eks_cluster_create 612",
        "  phases: Cluster, waited for 100.0 s, Network 9.0 s",
        "  calls:  10 of ec2, 2 of iam",
    ]


def test_longest_phases_come_from_the_timeline() -> None:
    phases = [{"name": name, "seconds": seconds} for name, seconds in (("a", 1.0), ("b", 3.0), ("c", 2.0), ("d", 4.0))]
    assert converge.longest({"hosts": {"one": {"phases": phases}}}) == [("d", 4.0), ("b", 3.0), ("c", 2.0)]


@pytest.mark.parametrize(
    ("seconds", "code"), [(160.0, 0), (180.0, 1), (None, 1)], ids=["kept", "broken", "not measured"]
)
def test_the_promise_decides_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], seconds: float | None, code: int
) -> None:
    asked = []

    def measure(_model: graph.Model, compute: str) -> converge.Measured:
        asked.append(compute)
        if seconds is None:
            raise site.BenchError("no sandbox")
        run = converge.Run(seconds, {}, [])
        return converge.Measured(compute, CriticalPath(700, ("eks_cluster_create",)), run, run)

    monkeypatch.setattr(converge, "measure", measure)
    assert converge.main(["--compute", "managed_nodes"]) == code
    assert converge.main([]) == code
    assert asked == ["managed_nodes", "karpenter", "managed_nodes"]
    if seconds is None:
        assert "managed_nodes: no sandbox" in capsys.readouterr().err


def test_a_second_run_that_changes_something_is_no_no_op() -> None:
    site.require_no_change("local", "demo : ok=9 changed=0 failed=0")
    with pytest.raises(site.BenchError, match="changed something"):
        site.require_no_change("local", "demo : ok=9 changed=10 failed=0")

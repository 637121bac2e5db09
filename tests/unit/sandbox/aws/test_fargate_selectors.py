# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Which Fargate profile takes a pod."""

from __future__ import annotations

from typing import Any

import pytest
from moto.eks.models import EKSBackend

from sandbox.aws.eks import fargate_profiles
from sandbox.aws.eks.store import Cluster

CHOICE = "eks.amazonaws.com/fargate-profile"


@pytest.fixture
def cluster() -> Cluster:
    document: dict[str, Any] = {
        "name": "c",
        "roleArn": "arn:aws:iam::123456789012:role/r",
        "resourcesVpcConfig": {},
        "version": "1.35",
        "status": "ACTIVE",
    }
    return Cluster(document, EKSBackend("eu-west-1", "123456789012"))


def _add(cluster: Cluster, name: str, *selectors: dict[str, Any], status: str = "ACTIVE") -> None:
    cluster.profiles[name] = {"selectors": list(selectors), "status": status}


@pytest.mark.parametrize(
    ("selector", "labels", "matches"),
    [
        ({"namespace": "kube-system"}, {}, True),
        ({"namespace": "kube-*"}, {}, True),
        ({"namespace": "kube?system"}, {}, True),
        ({"namespace": "system"}, {}, False),
        ({"namespace": "*", "labels": {"k8s-app": "kube-dns"}}, {"k8s-app": "kube-dns", "other": "x"}, True),
        ({"namespace": "*", "labels": {"k8s-app": "kube-dns"}}, {"k8s-app": "other"}, False),
        ({"namespace": "*", "labels": {"k8s-app": "kube-*"}}, {"k8s-app": "kube-dns"}, True),
        ({"namespace": "*", "labels": {"k8s-*": "kube-dns"}}, {"k8s-app": "kube-dns"}, True),
        ({"namespace": "*", "labels": {"a": "1", "b": "2"}}, {"a": "1"}, False),
    ],
)
def test_selectors(cluster: Cluster, selector: dict[str, Any], labels: dict[str, str], matches: bool) -> None:
    _add(cluster, "p", {"namespace": "elsewhere"}, selector)
    assert fargate_profiles.matching(cluster, "kube-system", labels) == ("p" if matches else None)


def test_alphabetically_first_profile_unless_the_pod_names_one(cluster: Cluster) -> None:
    for name in ("b", "a", "c"):
        _add(cluster, name, {"namespace": "default"})
    _add(cluster, "0", {"namespace": "other"})
    assert fargate_profiles.matching(cluster, "default", {}) == "a"
    assert fargate_profiles.matching(cluster, "default", {CHOICE: "c"}) == "c"
    assert fargate_profiles.matching(cluster, "default", {CHOICE: "0"}) is None


@pytest.mark.parametrize("status", ["CREATING", "DELETING", "CREATE_FAILED"])
def test_only_active_profiles_take_pods(cluster: Cluster, status: str) -> None:
    _add(cluster, "p", {"namespace": "default"}, status=status)
    assert fargate_profiles.matching(cluster, "default", {}) is None


def test_profile_that_is_done_takes_pods_without_being_described(cluster: Cluster) -> None:
    _add(cluster, "p", {"namespace": "default"}, status="CREATING")
    cluster.changes.begin("fargateProfile", "p", 0, lambda: cluster.profiles["p"].update(status="ACTIVE"))
    assert fargate_profiles.matching(cluster, "default", {}) == "p"

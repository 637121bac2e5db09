# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Where supabase_helm says that users reach it, and what it tells the chart about load balancers and networks."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from tests.unit.chart import rendering
from tests.unit.roles.templating import CHECKOUT, evaluate, render

CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/0b1c2d3e-0000-4000-8000-000000000000"
API = "api.example.com"
NETWORK = {
    f"{tier}_subnet_{what}": [value.format(number, index) for index in range(2)]
    for number, tier in enumerate(("public", "private", "database"))
    for what, value in (("cidrs", "10.40.{0}{1}.0/24"), ("ids", "subnet-{0}{1}"))
}
COMMON = {
    "role_path": str(CHECKOUT / "roles/supabase_helm"),
    "supabase_environment": "demo",
    "supabase_helm_cluster": {"cluster_name": "demo"},
    "supabase_helm_network": NETWORK,
}


def of_role(expression: str, **variables: Any) -> Any:
    """What an expression is in the role, as plain data."""
    return json.loads(json.dumps(evaluate("supabase_helm", expression, **COMMON, **variables)))


def balancer(name: str, scheme: str, cluster: str, stack: str) -> dict[str, Any]:
    """A load balancer as its module reports it."""
    tags = {"elbv2.k8s.aws/cluster": cluster, "ingress.k8s.aws/stack": stack, "team": "shop"}
    return {"dns_name": f"{name}.elb.example.com", "scheme": scheme, "tags": tags}


BALANCERS = [
    {"dns_name": "foreign.elb.example.com", "scheme": "internet-facing", "tags": {}},
    balancer("cluster", "internet-facing", "other", "supabase/supabase-gateway"),
    balancer("studio", "internet-facing", "demo", "supabase/supabase-studio"),
    balancer("namespace", "internet-facing", "demo", "other/supabase-gateway"),
    balancer("inside", "internal", "demo", "supabase/supabase-gateway"),
    balancer("outside", "internet-facing", "demo", "supabase/supabase-gateway"),
]
HTTP = {"supabase_helm_ingress_allow_http": True}
FOUND = {"__supabase_helm_balancers": {"load_balancers": BALANCERS}}


@pytest.mark.parametrize(
    ("options", "asks", "url"),
    [
        ({}, False, "http://supabase-gateway.supabase.svc:8000"),
        (
            {
                "supabase_helm_namespace": "shop",
                "supabase_helm_release": "own",
                "supabase_helm_values": {"gateway": {"port": 8001}},
            },
            False,
            "http://own-gateway.shop.svc:8001",
        ),
        ({"supabase_domain": API}, False, f"https://{API}"),
        ({"supabase_domain": API, "supabase_helm_certificate_arn": CERTIFICATE}, False, f"https://{API}"),
        ({"supabase_helm_ingress_host": API, "supabase_helm_certificate_arn": CERTIFICATE}, False, f"https://{API}"),
        ({"supabase_helm_ingress_host": API, **HTTP}, False, f"http://{API}"),
        # Something of the user's own is in front of the load balancer.
        ({"supabase_helm_url": "https://cdn.example.com", **HTTP}, False, "https://cdn.example.com"),
        (HTTP, True, "http://address-known-after-apply"),
        ({**HTTP, "__supabase_helm_balancers": {"skipped": True}}, True, "http://address-known-after-apply"),
        ({**HTTP, **FOUND}, True, "http://outside.elb.example.com"),
        ({**HTTP, **FOUND, "supabase_helm_ingress_scheme": "internal"}, True, "http://inside.elb.example.com"),
        (
            {**HTTP, **FOUND, "supabase_helm_cluster": {"cluster_name": "none"}},
            True,
            "http://address-known-after-apply",
        ),
    ],
)
def test_url(options: dict[str, Any], asks: bool, url: str) -> None:
    variables = {"__supabase_helm_balancers": {}, **options}
    told = evaluate(
        "supabase_helm", "[__supabase_helm_needs_address, __supabase_helm_public_url]", **COMMON | variables
    )
    assert list(told) == [asks, url]


def test_while_the_scheme_changes_the_balancer_before_gives_the_name() -> None:
    task = tasks("load_balancer.yml")[0]
    found = {"load_balancers": [item for item in BALANCERS if item["scheme"] == "internal"]}
    variables: dict[str, Any] = {**COMMON, **HTTP, "__supabase_helm_balancers": found}
    assert list(evaluate("supabase_helm", "__supabase_helm_addresses", **variables)) == []
    template = task["vars"]["__supabase_helm_address"]
    assert render("supabase_helm", template, **variables) == "inside.elb.example.com"
    none = variables | {"__supabase_helm_balancers": {"load_balancers": []}}
    assert render("supabase_helm", template, **none) == "address-known-after-apply"


def tasks(file: str) -> list[dict[str, Any]]:
    """The tasks of one of the role's files."""
    text = (CHECKOUT / "roles/supabase_helm/tasks" / file).read_text(encoding="utf-8")
    found: list[dict[str, Any]] = yaml.safe_load(text)
    return found


@pytest.mark.parametrize(
    ("options", "tier", "certificates"),
    [
        (HTTP, "public", []),
        ({"supabase_helm_certificate_arn": CERTIFICATE}, "public", [CERTIFICATE]),
        ({**HTTP, "supabase_helm_ingress_scheme": "internal"}, "private", []),
    ],
)
def test_load_balancers_are_in_the_subnets_that_policies_let_in(
    options: dict[str, Any], tier: str, certificates: list[str]
) -> None:
    ingress = of_role("__supabase_helm_ingress", **options)
    policy = of_role("__supabase_helm_network_policy", **options)
    assert (ingress["enabled"], ingress["certificateArns"]) == (True, certificates)
    assert (ingress["subnets"], policy["albCidrs"]) == (NETWORK[f"{tier}_subnet_ids"], NETWORK[f"{tier}_subnet_cidrs"])
    assert policy["databaseCidrs"] == NETWORK["database_subnet_cidrs"]


@pytest.mark.parametrize(
    ("options", "hosts"),
    [
        ({"supabase_domain": API}, []),
        (HTTP, []),
        ({"supabase_domain": API, **HTTP}, [API]),
        (
            {"supabase_domain": API, **HTTP, "supabase_helm_studio_host": "studio.example.com"},
            [API, "studio.example.com"],
        ),
        ({"supabase_domain": API, **HTTP, "supabase_helm_chart": "oci://example.com/other"}, []),
    ],
)
def test_load_balancers_with_a_host_are_published(options: dict[str, Any], hosts: list[str]) -> None:
    published = of_role("__supabase_helm_hosted_balancers", **options)
    assert [item["host"] for item in published] == hosts
    names = ("supabase/supabase-gateway", "supabase/supabase-studio")
    assert [item["ingress"] for item in published] == list(names[: len(hosts)])
    assert all((item["cluster_name"], item["scheme"]) == ("demo", "internet-facing") for item in published)


def test_without_a_load_balancer_nobody_is_let_in_for_it() -> None:
    assert of_role("__supabase_helm_ingress.enabled") is False
    assert of_role("__supabase_helm_network_policy.albCidrs") == []


def test_options_reach_the_chart_as_it_wants_them() -> None:
    options = {
        "supabase_tags": {"team": "shop"},
        "supabase_domain": API,
        "supabase_helm_certificate_arn": CERTIFICATE,
        "supabase_helm_ingress_inbound_cidrs": ["203.0.113.7/32", "203.0.113.7/32"],
        # As --extra-vars has it.
        "supabase_helm_ingress_idle_timeout": "600",
        "supabase_helm_waf_acl_arn": "none",
        "supabase_helm_studio_host": "studio.example.com",
        "supabase_helm_studio_cidrs": ["198.51.100.0/24"],
        "supabase_helm_client_namespaces": ["shop", "shop"],
    }
    gateway = {"studioHost": options["supabase_helm_studio_host"], "trustedProxies": 1}
    policy = of_role("__supabase_helm_network_policy", **options)
    ingress = of_role("__supabase_helm_ingress", **options)
    manifests = rendering.supabase(ingress=ingress, networkPolicy=policy, gateway=gateway)
    studio, api = (rendering.named(manifests, "Ingress", f"supabase-{name}") for name in ("studio", "gateway"))
    prefix = "alb.ingress.kubernetes.io/"
    told = {name.removeprefix(prefix): value for name, value in api["metadata"]["annotations"].items()}
    assert {
        "inbound-cidrs": "203.0.113.7/32",
        "wafv2-acl-arn": "none",
        "certificate-arn": CERTIFICATE,
        "tags": "managed-by=supastack.aws,supastack:component=supabase_helm,supastack:environment=demo,team=shop",
    }.items() <= told.items()
    assert "idle_timeout.timeout_seconds=600," in told["load-balancer-attributes"]
    assert studio["metadata"]["annotations"][f"{prefix}inbound-cidrs"] == "198.51.100.0/24"
    assert [item["spec"]["rules"][0]["host"] for item in (api, studio)] == [API, "studio.example.com"]
    clients = [
        item
        for rule in rendering.named(manifests, "NetworkPolicy", "supabase-gateway")["spec"]["ingress"]
        for item in rule["from"]
        if "namespaceSelector" in item
    ]
    assert clients == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}}}]


def ingress(name: str, scheme: str, **status: Any) -> dict[str, Any]:
    """An Ingress as the API has it."""
    annotations = {"alb.ingress.kubernetes.io/scheme": scheme}
    return {"metadata": {"name": name, "annotations": annotations}, "status": {"loadBalancer": status}}


ANSWERED = ingress("supabase-gateway", "internal", ingress=[{"hostname": "inside.elb.example.com"}])
INGRESSES = [
    ANSWERED,
    ingress("none", "internal"),
    ingress("empty", "internal", ingress=[]),
    ingress("addressed", "internal", ingress=[{"ip": "192.0.2.1"}]),
]


@pytest.mark.parametrize(
    ("found", "unanswered", "applied"),
    [
        ({"resources": INGRESSES}, ["none", "empty", "addressed"], True),
        ({"resources": [ANSWERED]}, [], True),
        ({"resources": [ingress("supabase-gateway", "internet-facing")]}, ["supabase-gateway"], False),
        ({"resources": []}, [], False),
        ({}, [], False),
    ],
)
def test_which_ingresses_have_no_load_balancer_yet(found: dict[str, Any], unanswered: list[str], applied: bool) -> None:
    variables = {"__supabase_helm_ingresses": found, "supabase_helm_ingress_scheme": "internal"}
    assert of_role("__supabase_helm_unanswered_ingresses", **variables) == unanswered
    assert of_role("__supabase_helm_ingress_is_applied", **variables) is applied


@pytest.mark.parametrize(
    ("ingresses", "events", "told"),
    [
        (
            INGRESSES[:2],
            [("Second", 2), ("First", 1)],
            [
                "none in namespace supabase. gave up",
                "supabase-gateway: FailedBuildModel: First",
                "supabase-gateway: FailedBuildModel: Second",
            ],
        ),
        (
            [],
            [],
            [
                "supabase-gateway in namespace supabase. gave up",
                "It reported nothing: look at its pods (kubectl -n kube-system get pods) and their logs.",
            ],
        ),
    ],
    ids=["told why", "silent"],
)
def test_error_says_which_and_why(ingresses: list[Any], events: list[tuple[str, int]], told: list[str]) -> None:
    warnings = [
        {
            "metadata": {"creationTimestamp": f"2026-11-27T10:00:0{second}Z"},
            "involvedObject": {"name": "supabase-gateway"},
            "reason": "FailedBuildModel",
            "message": text,
        }
        for text, second in events
    ]
    message = render(
        "supabase_helm",
        tasks("ingress_failure.yml")[1]["ansible.builtin.fail"]["msg"],
        **COMMON,
        ansible_failed_result={"msg": "gave up"},
        __supabase_helm_ingresses={"resources": ingresses},
        __supabase_helm_ingress_events={"resources": warnings},
    )
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    head = "AWS Load Balancer Controller made no load balancer within 600 seconds for Ingress"
    assert lines == [head, *told, "Correct the cause and run again."]


def test_jobs_have_the_labels_that_their_policy_selects() -> None:
    jobs = of_role(
        "__supabase_helm_bootstrap_jobs",
        supabase_helm_database={"endpoint": "db", "port": 5432, "database": "postgres", "ca_bundle": "ca"},
        supabase_helm_secret_names={},
        # Only a digest of these is in the Jobs.
        __supabase_helm_values={},
        __supabase_helm_migrations=[{"path": "1.sql", "text": "x", "bytes": 1}],
    )
    policy = rendering.named(rendering.supabase(), "NetworkPolicy", "supabase-bootstrap")
    wanted = policy["spec"]["podSelector"]["matchLabels"].items()
    labels = [job["spec"]["template"]["metadata"]["labels"].items() for job in jobs]
    assert [wanted <= of_pod for of_pod in labels] == [True] * 4

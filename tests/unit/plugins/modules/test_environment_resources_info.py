# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module environment_resources_info."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.module_utils._arns import arn_kind
from ansible_collections.supastack.aws.plugins.module_utils._environment_resources import SERVICES, TAGGING, filters
from ansible_collections.supastack.aws.plugins.module_utils._environment_resources_ask import Scope
from ansible_collections.supastack.aws.plugins.module_utils._environment_resources_details import is_no_default
from ansible_collections.supastack.aws.plugins.module_utils._environment_resources_kinds import KINDS
from ansible_collections.supastack.aws.plugins.modules import environment_resources_info

Step = tuple[str, dict[str, Any], Any]

ACCOUNT = "123456789012"
SCOPE = Scope("blue", "blue-supabase", ACCOUNT, "eu-west-1", "aws", {}, ["api.example.com"])
OPTIONS = {"environment": "blue", "cluster_name": "blue-supabase"}
OURS = [{"Key": "supastack:environment", "Value": "blue"}, {"Key": "supastack:component", "Value": "test"}]
OTHERS = [{"Key": "supastack:environment", "Value": "blue-two"}]
CLUSTER = [{"Key": "elbv2.k8s.aws/cluster", "Value": "blue-supabase"}]
KEY = "0123abcd-0000-0000-0000-000000000000"
# What botocore wants in an answer beside the list.
FILLED = {
    "list_hosted_zones": {"Marker": "", "IsTruncated": False, "MaxItems": "100"},
    "list_resource_record_sets": {"IsTruncated": False, "MaxItems": "300"},
}
IDENTITY: Step = ("get_caller_identity", {}, {"Account": ACCOUNT})


def arn(service: str, resource: str, region: str = "eu-west-1", account: str = ACCOUNT) -> str:
    """Return an ARN."""
    return f"arn:aws:{service}:{region}:{account}:{resource}"


def listing(kind: str, *items: Any) -> Step:
    """Return the call that lists a kind, whatever it is asked with."""
    (entry,) = [entry for entry in KINDS if entry.type == kind]
    method, member = (
        (entry.method, entry.member) if isinstance(entry.method, str) else ("list_hosted_zones", "HostedZones")
    )
    request = entry.request(SCOPE) if callable(entry.request) else entry.request
    outer, _dot, inner = member.partition(".")
    found = [{inner: list(items)}] if inner and items else list(items)
    return (method, request, {outer: found, **FILLED.get(method, {})})


def services(tagged: Mapping[str, Any] | None = None, **steps: list[Step]) -> dict[str, list[Step]]:
    """Return the calls to all services, which have nothing but what the steps say, by the call's name.

    :param tagged: ARNs and tags that the tagging API tells of the environment's own tag.
    """
    calls: dict[str, list[Step]] = {"sts": [IDENTITY]}
    for kind in KINDS:
        calls.setdefault(kind.service, []).extend(steps.get(kind.type.replace("-", "_"), [listing(kind.type)]))
    resources = [{"ResourceARN": name, "Tags": tags} for name, tags in (tagged or {}).items()]
    calls[TAGGING] = [
        ("get_resources", {"TagFilters": [tag]}, {"ResourceTagMappingList": [] if number else resources})
        for number, tag in enumerate(filters(SCOPE))
    ]
    return calls


@pytest.fixture
def look(run_module: Callable[..., Any]) -> Callable[..., tuple[list[dict[str, Any]], list[dict[str, Any]]]]:
    """Return a function that runs the module against calls, and gives what it found and what it could not ask."""

    def run(options: dict[str, Any] | None = None, **calls: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        outcome = run_module(environment_resources_info, {**OPTIONS, **(options or {})}, services=services(**calls))
        assert outcome.exit_code == 0, outcome.result
        assert outcome.result["changed"] is False
        return outcome.result["resources"], outcome.result["not_checked"]

    return run


def ids(found: tuple[list[dict[str, Any]], list[dict[str, Any]]]) -> dict[str, str]:
    """Return what was found by its identifier, and by what; everything must have been answered."""
    resources, not_checked = found
    assert not_checked == []
    return {one["id"]: one["found_by"] for one in resources}


def test_an_account_without_it_has_nothing(look: Callable[..., Any]) -> None:
    assert look() == ([], [])


VPC = {"VpcId": "vpc-1", "Tags": OURS}
ROLE = {"Path": "/", "RoleName": "blue-x", "RoleId": "A" * 16, "Arn": arn("iam", "role/blue-x", ""), "CreateDate": 0}
CERTIFICATE = {"CertificateArn": arn("acm", "certificate/1"), "DomainName": "api.example.com", "Status": "ISSUED"}
QUEUE = f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/blue-q"
TRAIL = {"Name": "blue-t", "TrailARN": arn("cloudtrail", "trail/blue-t")}
DELETED = datetime(2026, 12, 28, 23, tzinfo=UTC)
BALANCER = {
    "LoadBalancerName": "k8s-1",
    "LoadBalancerArn": arn("elasticloadbalancing", "loadbalancer/app/k8s-1/2"),
    "DNSName": "K8s-1.eu-west-1.elb.amazonaws.com",
    "State": {"Code": "active"},
    "VpcId": "vpc-9",
}


def tags_of_balancer(tags: list[dict[str, str]]) -> Step:
    """Return the call for the tags of the load balancer."""
    name = BALANCER["LoadBalancerArn"]
    return ("describe_tags", {"ResourceArns": [name]}, {"TagDescriptions": [{"ResourceArn": name, "Tags": tags}]})


CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "tags in the list": (
        {"vpc": [listing("vpc", VPC, {"VpcId": "vpc-2", "Tags": OTHERS})]},
        {
            "service": "ec2",
            "type": "vpc",
            "id": "vpc-1",
            "found_by": "tag",
            "arn": arn("ec2", "vpc/vpc-1"),
            "component": "test",
        },
    ),
    "lists in lists": (
        {"instance": [listing("instance", {"InstanceId": "i-1", "State": {"Name": "terminated"}, "Tags": OURS})]},
        {"type": "instance", "id": "i-1", "state": "terminated"},
    ),
    "tags of a call": (
        {
            "queue": [
                listing("queue", QUEUE, QUEUE.replace("blue-q", "green-q")),
                ("list_queue_tags", {"QueueUrl": QUEUE}, {"Tags": {"supastack:environment": "blue"}}),
            ]
        },
        {"type": "queue", "id": QUEUE, "name": "blue-q", "arn": arn("sqs", "blue-q")},
    ),
    "tags of a call for many": (
        {
            "trail": [
                listing("trail", TRAIL),
                ("list_tags", {"ResourceIdList": [TRAIL["TrailARN"]]}, {"ResourceTagList": [{"TagsList": OURS}]}),
            ]
        },
        {"service": "cloudtrail", "type": "trail", "id": "blue-t", "arn": TRAIL["TrailARN"], "component": "test"},
    ),
    "tags of a cluster's controller": (
        {"load_balancer": [listing("load-balancer", BALANCER), tags_of_balancer(CLUSTER)]},
        {"type": "load-balancer", "id": "k8s-1", "found_by": "cluster", "state": "active"},
    ),
    "a role, but none of AWS' own": (
        {
            "role": [
                listing("role", ROLE, {**ROLE, "Path": "/aws-service-role/x/", "RoleName": "blue-y"}),
                ("list_role_tags", {"RoleName": "blue-x"}, {"Tags": OURS}),
            ]
        },
        {"type": "role", "id": "blue-x", "arn": arn("iam", "role/blue-x", "")},
    ),
    "a key that ends": (
        {
            "kms_key": [
                listing("kms-key", {"KeyId": KEY, "KeyArn": arn("kms", f"key/{KEY}")}),
                (
                    "list_resource_tags",
                    {"KeyId": KEY},
                    {"Tags": [{"TagKey": "supastack:environment", "TagValue": "blue"}]},
                ),
            ],
            "kms_alias": [
                listing("kms-alias"),
                (
                    "describe_key",
                    {"KeyId": KEY},
                    {"KeyMetadata": {"KeyId": KEY, "KeyState": "PendingDeletion", "DeletionDate": DELETED}},
                ),
            ],
        },
        {"type": "kms-key", "id": KEY, "state": "PendingDeletion", "until": "2026-12-28"},
    ),
    "a secret that ends": (
        {"secret": [listing("secret", {"Name": "s", "ARN": arn("x", "s"), "Tags": OURS, "DeletedDate": DELETED})]},
        {"type": "secret", "id": "s", "state": "PendingDeletion", "until": "2026-12-28"},
    ),
    "a bucket with a marker and a key": (
        {
            "bucket": [
                listing("bucket", {"Name": "blue-b"}),
                ("get_bucket_tagging", {"Bucket": "blue-b"}, {"TagSet": OURS}),
                (
                    "list_object_versions",
                    {"Bucket": "blue-b", "MaxKeys": 1},
                    {"DeleteMarkers": [{"Key": "x"}]},
                ),
                (
                    "get_bucket_encryption",
                    {"Bucket": "blue-b"},
                    {
                        "ServerSideEncryptionConfiguration": {
                            "Rules": [
                                {
                                    "ApplyServerSideEncryptionByDefault": {
                                        "SSEAlgorithm": "aws:kms",
                                        "KMSMasterKeyID": KEY,
                                    }
                                }
                            ]
                        }
                    },
                ),
            ]
        },
        {"type": "bucket", "id": "blue-b", "state": "holds objects", "kms_key_arn": KEY},
    ),
    "a cluster with a key": (
        {
            "cluster": [
                listing("cluster", "blue-supabase"),
                (
                    "describe_cluster",
                    {"name": "blue-supabase"},
                    {"cluster": {"tags": {"supastack:environment": "blue"}}},
                ),
                (
                    "describe_cluster",
                    {"name": "blue-supabase"},
                    {"cluster": {"status": "ACTIVE", "encryptionConfig": [{"provider": {"keyArn": KEY}}]}},
                ),
            ]
        },
        {"type": "cluster", "id": "blue-supabase", "state": "ACTIVE", "kms_key_arn": KEY},
    ),
    "a zone with records": (
        {
            "hosted_zone": [
                listing(
                    "hosted-zone",
                    {
                        "Id": "/hostedzone/Z1",
                        "Name": "example.com.",
                        "CallerReference": "1",
                        "ResourceRecordSetCount": 3,
                    },
                ),
                (
                    "list_tags_for_resource",
                    {"ResourceType": "hostedzone", "ResourceId": "Z1"},
                    {"ResourceTagSet": {"Tags": OURS}},
                ),
            ]
        },
        {"type": "hosted-zone", "id": "Z1", "state": "holds 1 record sets"},
    ),
}


def test_what_is_told(look: Callable[..., Any]) -> None:
    # Of each service one, so that all are found by one run.
    steps = {name: calls for given, _wanted in CASES.values() for name, calls in given.items()}
    resources, not_checked = look(**steps)
    assert not_checked == []
    assert resources == sorted(resources, key=lambda one: (one["service"], one["type"], one["id"]))
    told = {one["type"]: one for one in resources}
    for about, (_given, wanted) in CASES.items():
        assert {name: told[wanted["type"]][name] for name in wanted} == wanted, about
    assert len(resources) == len(CASES)


def test_what_is_in_a_vpc_of_its_own_belongs_to_it_and_so_on(look: Callable[..., Any]) -> None:
    for_cluster = [{"Key": "kubernetes.io/cluster/blue-supabase", "Value": "owned"}]
    found = look(
        vpc=[listing("vpc", VPC, {"VpcId": "vpc-9", "Tags": for_cluster}, {"VpcId": "vpc-8", "Tags": []})],
        network_interface=[
            listing(
                "network-interface",
                {"NetworkInterfaceId": "eni-1", "VpcId": "vpc-1", "TagSet": []},
                {"NetworkInterfaceId": "eni-2", "VpcId": "vpc-1", "TagSet": OTHERS},
                {"NetworkInterfaceId": "eni-3", "VpcId": "vpc-9", "TagSet": []},
            )
        ],
        instance=[listing("instance", {"InstanceId": "i-1", "State": {"Name": "running"}, "Tags": for_cluster})],
        volume=[
            listing("volume", {"VolumeId": "vol-1", "Attachments": [{"InstanceId": "i-1"}]}, {"VolumeId": "vol-2"})
        ],
    )
    assert ids(found) == {
        "vpc-1": "tag",
        "vpc-9": "cluster",
        "eni-1": "parent",
        "i-1": "cluster",
        "vol-1": "parent",
    }


def test_what_has_no_tags_is_known_by_a_name_that_nobody_else_has(look: Callable[..., Any]) -> None:
    group = {"logGroupName": "/aws/eks/blue-supabase/cluster"}
    other = {"logGroupName": "/aws/eks/blue-supabase-two/cluster"}
    taken = {"logGroupName": "/aws/eks/blue-supabase/x"}
    names = {"log-group": ["/aws/eks/blue-supabase/*"], "dashboard": ["blue"]}
    tags = [
        ("list_tags_for_resource", {"resourceArn": arn("logs", f"log-group:{one['logGroupName']}")}, {"tags": given})
        for one, given in ((group, {}), (other, {}), (taken, {"supastack:environment": "blue-two"}))
    ]
    dashboards = listing("dashboard", {"DashboardName": "blue"}, {"DashboardName": "blue-two"})
    found = look({"names": names}, log_group=[listing("log-group", group, other, taken), *tags], dashboard=[dashboards])
    assert ids(found) == {group["logGroupName"]: "name", "blue": "name"}


# Beside the first, what is listed by a service that has it no more: it is gone, with its group, or with its cluster.
NET = ["lambda function:x", "ec2 vpc/vpc-7", "ec2 security-group-rule/sgr-7", "eks addon/blue-supabase/coredns/1"]


def test_the_tags_of_everything_are_a_net(look: Callable[..., Any]) -> None:
    somebodys = {arn("lambda", "function:y"): OTHERS + CLUSTER}
    (resource,), not_checked = look(tagged={arn(*name.split()): OURS for name in NET} | somebodys)
    assert not_checked == []
    wanted = {"service": "lambda", "type": "function", "id": "x", "found_by": "tag", "name": ""}
    assert {name: resource[name] for name in wanted} == wanted


def test_tags_that_no_list_has_are_added_to_it(look: Callable[..., Any]) -> None:
    name = arn("acm", "certificate/1")
    asked: Step = ("list_tags_for_certificate", {"CertificateArn": name}, {})
    found = look(tagged={name: OURS}, certificate=[listing("certificate", CERTIFICATE), asked])
    assert ids(found) == {name: "tag"}


DENIED = "AccessDenied: User is not\n authorized"


def test_who_does_not_answer_is_told_and_not_taken_for_empty(look: Callable[..., Any]) -> None:
    vpc = (*listing("vpc")[:2], DENIED)
    resources, not_checked = look(tagged={arn("ec2", "vpc/vpc-7"): OURS}, vpc=[vpc])
    assert [one["id"] for one in resources] == ["vpc-7"]
    assert not_checked == [{"service": "ec2", "reason": "vpc: none was listed (AccessDenied: User is not authorized)"}]


def test_a_silent_tagging_api_is_told(run_module: Callable[..., Any]) -> None:
    calls = services()
    calls[TAGGING] = [(*calls[TAGGING][0][:2], DENIED)]
    outcome = run_module(environment_resources_info, OPTIONS, services=calls)
    assert [one["service"] for one in outcome.result["not_checked"]] == [TAGGING]
    assert "supastack:environment was not told" in outcome.result["not_checked"][0]["reason"]


@pytest.mark.parametrize(
    ("first", "second", "reasons"),
    [
        ({}, DENIED, 0),
        (DENIED, DENIED, 2),
        ({"Tags": OURS}, "ResourceNotFoundException: gone", 0),
    ],
    ids=["somebody else's", "everybody's", "gone meanwhile"],
)
def test_tags_that_are_not_told(look: Callable[..., Any], first: Any, second: Any, reasons: int) -> None:
    two = {**CERTIFICATE, "CertificateArn": arn("acm", "certificate/2")}
    asked: list[Step] = [
        ("list_tags_for_certificate", {"CertificateArn": one["CertificateArn"]}, answer)
        for one, answer in ((CERTIFICATE, first), (two, second))
    ]
    _resources, not_checked = look(certificate=[listing("certificate", CERTIFICATE, two), *asked])
    assert len(not_checked) == reasons
    assert all("its tags were not told (AccessDenied" in one["reason"] for one in not_checked)


def test_a_bucket_without_tags_and_one_that_does_not_tell_what_it_holds(look: Callable[..., Any]) -> None:
    untagged = ("get_bucket_tagging", {"Bucket": "blue-a"}, "NoSuchTagSet: none")
    tagged = ("get_bucket_tagging", {"Bucket": "blue-b"}, {"TagSet": OURS})
    plain = ("get_bucket_tagging", {"Bucket": "blue-c"}, {"TagSet": OURS})
    listed = listing("bucket", {"Name": "blue-a"}, {"Name": "blue-b"}, {"Name": "blue-c"})
    details: list[Step] = [
        ("list_object_versions", {"Bucket": "blue-b", "MaxKeys": 1}, DENIED),
        ("list_object_versions", {"Bucket": "blue-c", "MaxKeys": 1}, {}),
        ("get_bucket_encryption", {"Bucket": "blue-c"}, "ServerSideEncryptionConfigurationNotFoundError: none"),
    ]
    resources, not_checked = look(bucket=[listed, untagged, tagged, plain, *details])
    assert [(one["id"], one["state"]) for one in resources] == [("blue-b", None), ("blue-c", "empty")]
    assert [one["reason"] for one in not_checked] == [
        "bucket blue-b: its state was not told (AccessDenied: User is not authorized)"
    ]


def test_a_bucket_that_does_not_tell_its_key(look: Callable[..., Any]) -> None:
    calls: list[Step] = [
        listing("bucket", {"Name": "blue-b"}),
        ("get_bucket_tagging", {"Bucket": "blue-b"}, {"TagSet": OURS}),
        ("list_object_versions", {"Bucket": "blue-b", "MaxKeys": 1}, {}),
        ("get_bucket_encryption", {"Bucket": "blue-b"}, DENIED),
    ]
    assert len(look(bucket=calls)[1]) == 1


def record(name: str, kind: str, value: str = "", alias: str = "") -> dict[str, Any]:
    """Return a record set."""
    target = {"AliasTarget": {"HostedZoneId": "Z", "DNSName": alias, "EvaluateTargetHealth": True}}
    return {"Name": name, "Type": kind, **(target if alias else {"TTL": 60, "ResourceRecords": [{"Value": value}]})}


LED = record("api.example.com.", "A", alias="dualstack.k8s-1.eu-west-1.elb.amazonaws.com.")
VALIDATES = record("_1.api.example.com.", "CNAME", "_2.acm-validations.aws.")
OF_EXTERNAL_DNS = record(
    "a-x.example.com.", "TXT", '"heritage=external-dns,external-dns/owner=blue-supabase,external-dns/resource=x"'
)
SOMEBODYS = [
    record("api.example.com.", "TXT", '"v=spf1"'),
    record("api.example.com.", "NS", "ns.example."),
    record("www.example.com.", "A", alias="k8s-1.eu-west-1.elb.amazonaws.com."),
    record("api.example.com.", "AAAA", "2001:db8::1"),
    record("_1.www.example.com.", "CNAME", "_2.acm-validations.aws."),
    record("b-x.example.com.", "TXT", '"heritage=external-dns,external-dns/owner=blue-supabase-two"'),
]


def zones(*records: dict[str, Any]) -> list[Step]:
    """Return the calls for records of the zone that has the host."""
    made = {"CallerReference": "1", "ResourceRecordSetCount": 2}
    listed = listing(
        "hosted-zone",
        {"Id": "/hostedzone/Z1", "Name": "example.com.", **made},
        {"Id": "/hostedzone/Z2", "Name": "example.org.", **made},
    )
    answer = {"ResourceRecordSets": list(records), **FILLED["list_resource_record_sets"]}
    return [listed, ("list_resource_record_sets", {"HostedZoneId": "/hostedzone/Z1"}, answer)]


@pytest.mark.parametrize(
    ("others", "wanted"),
    [
        (
            {},
            {
                "Z1/api.example.com./A": "name",
                "Z1/_1.api.example.com./CNAME": "name",
                "Z1/a-x.example.com./TXT": "cluster",
            },
        ),
        (
            {
                "load_balancer": [listing("load-balancer", BALANCER), tags_of_balancer(OTHERS)],
                "certificate": [
                    listing("certificate", {**CERTIFICATE, "SubjectAlternativeNameSummaries": ["*.api.example.com"]}),
                    ("list_tags_for_certificate", {"CertificateArn": CERTIFICATE["CertificateArn"]}, {}),
                ],
            },
            {"Z1/a-x.example.com./TXT": "cluster"},
        ),
    ],
    ids=["nobody else's", "of what others have"],
)
def test_records(look: Callable[..., Any], others: dict[str, Any], wanted: dict[str, str]) -> None:
    found = look(
        {"hosts": ["API.example.com.", ""]},
        record=zones(LED, VALIDATES, OF_EXTERNAL_DNS, *SOMEBODYS),
        **others,
    )
    assert ids(found) == wanted


def test_without_a_cluster_only_the_environment_is_asked_for() -> None:
    assert filters(Scope("blue", "", ACCOUNT, "eu-west-1", "aws", {})) == [
        {"Key": "supastack:environment", "Values": ["blue"]}
    ]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (arn("ec2", "vpc-flow-log/fl-1"), "ec2:fl"),
        (arn("sqs", "blue/q"), "sqs"),
        (arn("s3", "blue", "", ""), "s3"),
        (arn("logs", "log-group:/aws/x"), "logs:log-group"),
        (arn("apigateway", "/restapis"), "apigateway"),
    ],
)
def test_the_kind_that_an_arn_tells(name: str, kind: str) -> None:
    assert arn_kind(name) == kind


@pytest.mark.parametrize(
    "item", [{"Associations": [{"Main": True}]}, {"IsDefault": True}, {"GroupName": "default"}], ids=str
)
def test_what_aws_makes_with_a_vpc_does_not_count(item: dict[str, Any]) -> None:
    assert not is_no_default(item)
    assert is_no_default({"GroupName": "blue"})


def test_every_service_has_a_client() -> None:
    assert set(services()) == {"sts", TAGGING, *SERVICES}


def test_credentials_that_nobody_knows_are_one_message(run_module: Callable[..., Any]) -> None:
    calls: dict[str, list[Step]] = {"sts": [("get_caller_identity", {}, "InvalidClientTokenId: the token is invalid")]}
    message = run_module(environment_resources_info, OPTIONS, services=calls).message
    assert message.startswith("Failed to find out whose credentials these are: ")

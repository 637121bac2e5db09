# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The stand-in for AWS Load Balancer Controller against moto's ELB and a small API server in memory."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from sandbox.standins import load_balancer as lb
from sandbox.standins.kubernetes_api import Object
from sandbox.standins.load_balancer_aws import Balancers
from sandbox.standins.load_balancer_model import PREFIX, name_of
from tests.unit.sandbox.standins.memory_api import MemoryApi

REGION = "eu-west-1"
CLUSTER = "demo-supabase"
INGRESS = f"{lb.NETWORKING}/namespaces/supabase/ingresses"
GROUP = "supabase/supabase"
FINALIZER = "ingress.k8s.aws/resources"


@functools.cache
def client(session: Any, service: str) -> Any:
    """One for all tests: it reads the model of its service, and that of EC2 takes a second."""
    return session.client(service, region_name=REGION)


class World:
    """An API server with one Ingress in front of one Service, and a VPC of two zones."""

    def __init__(self, session: boto3.Session) -> None:
        self.api = MemoryApi()
        self.elb = client(session, "elbv2")
        self.ec2 = client(session, "ec2")
        self.wafv2 = client(session, "wafv2")
        self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnets = [
            self.subnet(f"10.0.{number}.0/24", zone, role)
            for number, (zone, role) in enumerate(
                (zone, role) for role in ("elb", "internal-elb") for zone in ("eu-west-1a", "eu-west-1b")
            )
        ]
        self.lines: list[str] = []
        self.restart()
        self.api.put(
            f"{lb.NETWORKING}/ingressclasses/alb", {"metadata": {"name": "alb"}, "spec": {"controller": lb.CONTROLLER}}
        )
        self.service("supabase-gateway", ["10.0.2.7", "10.244.0.9"])
        self.apply()

    def restart(self) -> None:
        """A controller that knows of nothing yet."""
        balancers = Balancers(self.elb, self.ec2, self.wafv2, CLUSTER, self.vpc)
        self.controller = lb.Controller(self.api, balancers, log=self.lines.append)

    def subnet(self, cidr: str, zone: str, role: str) -> str:
        """A subnet that is tagged for load balancers of that role."""
        tags = [{"Key": f"kubernetes.io/role/{role}", "Value": "1"}]
        created = self.ec2.create_subnet(
            VpcId=self.vpc,
            CidrBlock=cidr,
            AvailabilityZone=zone,
            TagSpecifications=[{"ResourceType": "subnet", "Tags": tags}],
        )
        return str(created["Subnet"]["SubnetId"])

    def service(self, name: str, addresses: list[str], *, ready: bool = True) -> None:
        """A Service of port 80 before pods of port 8000."""
        metadata = {"name": name, "namespace": "supabase"}
        port = {"name": "http", "port": 80, "targetPort": "http"}
        self.api.put(f"/api/v1/namespaces/supabase/services/{name}", {"metadata": metadata, "spec": {"ports": [port]}})
        label = {"kubernetes.io/service-name": name}
        self.api.put(
            f"/apis/discovery.k8s.io/v1/namespaces/supabase/endpointslices/{name}-1",
            {
                "metadata": {**metadata, "name": f"{name}-1", "labels": label},
                "ports": [{"name": "http", "port": 8000}],
                "endpoints": [{"addresses": [address], "conditions": {"ready": ready}} for address in addresses],
            },
        )

    def apply(self, name: str = "supabase", *, host: str = "", path: str = "/", **annotations: str) -> None:
        """Apply an Ingress; hyphens and dots in names of annotations are written as underscores and double ones."""
        backend = {"service": {"name": "supabase-gateway", "port": {"number": 80}}}
        rule = {"http": {"paths": [{"path": path, "pathType": "Prefix", "backend": backend}]}}
        key = f"{INGRESS}/{name}"
        old = self.api.objects.get(key, {"metadata": {}})
        named = {PREFIX + key.replace("__", ".").replace("_", "-"): value for key, value in annotations.items()}
        metadata = {**old["metadata"], "name": name, "namespace": "supabase", "annotations": named}
        spec = {"ingressClassName": "alb", "rules": [{**rule, "host": host} if host else rule]}
        self.api.put(key, {**old, "metadata": metadata, "spec": spec})

    def run(self) -> None:
        """One pass that tries everything."""
        self.controller._retries.clear()
        self.controller.run_once()

    def balancer(self) -> Any:
        """The only load balancer."""
        (found,) = self.elb.describe_load_balancers()["LoadBalancers"]
        return found

    def listeners(self) -> dict[int, Any]:
        """Its listeners by port, with their rules."""
        found = self.elb.describe_listeners(LoadBalancerArn=self.balancer()["LoadBalancerArn"])["Listeners"]
        for item in found:
            item["Rules"] = self.elb.describe_rules(ListenerArn=item["ListenerArn"])["Rules"]
        return {item["Port"]: item for item in found}

    def target_group(self) -> Any:
        """The only target group."""
        (found,) = self.elb.describe_target_groups()["TargetGroups"]
        return found

    def targets(self) -> list[tuple[str, int]]:
        """Address and port of its targets."""
        arn = self.target_group()["TargetGroupArn"]
        health = self.elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        return sorted((item["Target"]["Id"], item["Target"]["Port"]) for item in health)

    def tags(self, arn: str) -> dict[str, str]:
        """Tags of a resource of ELB."""
        (found,) = self.elb.describe_tags(ResourceArns=[arn])["TagDescriptions"]
        return {item["Key"]: item["Value"] for item in found["Tags"]}

    def security_groups(self) -> list[Any]:
        """The security groups of the VPC beside its own."""
        filters = [{"Name": "vpc-id", "Values": [self.vpc]}]
        found = self.ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
        return [item for item in found if item["GroupName"] != "default"]

    def open_ports(self) -> set[tuple[int, str]]:
        """What the only security group lets in."""
        (group,) = self.security_groups()
        return {(rule["FromPort"], block["CidrIp"]) for rule in group["IpPermissions"] for block in rule["IpRanges"]}

    def ingress(self, name: str = "supabase") -> Object:
        """An Ingress as it is stored."""
        return self.api.objects[f"{INGRESS}/{name}"]

    def hostname(self, name: str = "supabase") -> str:
        """What the status of an Ingress says."""
        (entry,) = self.ingress(name)["status"]["loadBalancer"]["ingress"]
        return str(entry["hostname"])

    def events(self) -> list[tuple[str, str, str]]:
        """Type, reason and message of each event."""
        found = [item for key, item in self.api.objects.items() if "/events/" in key]
        return [(item["type"], item["reason"], item["message"]) for item in found]

    def bindings(self) -> list[Object]:
        """The specs of the TargetGroupBindings."""
        return [item["spec"] for key, item in self.api.objects.items() if "/targetgroupbindings/" in key]


@pytest.fixture(scope="module")
def session() -> Iterator[boto3.Session]:
    """Somebody in the account."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        yield boto3.Session(aws_access_key_id="AKIAEXAMPLE", aws_secret_access_key="a-long-secret-of-the-tests")


@pytest.fixture
def world(session: boto3.Session) -> Iterator[World]:
    """A fresh account and API server."""
    with mock_aws():
        yield World(session)


@pytest.fixture
def certificate(world: World, session: boto3.Session) -> str:
    """A certificate in the account of `world`."""
    assert world.vpc
    return str(
        client(session, "acm").request_certificate(DomainName="example.com", ValidationMethod="DNS")["CertificateArn"]
    )


def test_an_ingress_gets_a_load_balancer_with_the_tags_of_the_controller(world: World) -> None:
    world.run()
    balancer, group = world.balancer(), world.target_group()
    own = {"elbv2.k8s.aws/cluster": CLUSTER, "ingress.k8s.aws/stack": GROUP}
    assert (balancer["Scheme"], balancer["Type"]) == ("internal", "application")
    assert {zone["SubnetId"] for zone in balancer["AvailabilityZones"]} == set(world.subnets[2:])
    assert world.tags(balancer["LoadBalancerArn"]) == {**own, "ingress.k8s.aws/resource": "LoadBalancer"}
    resource = "supabase/supabase-supabase-gateway:80"
    assert world.tags(group["TargetGroupArn"]) == {**own, "ingress.k8s.aws/resource": resource}
    (security_group,) = world.security_groups()
    assert {item["Key"]: item["Value"] for item in security_group["Tags"]} == {
        **own,
        "ingress.k8s.aws/resource": "ManagedLBSecurityGroup",
    }
    assert balancer["SecurityGroups"] == [security_group["GroupId"]]
    assert balancer["LoadBalancerName"] == security_group["GroupName"] == name_of(CLUSTER, GROUP)


def test_the_ingress_is_held_and_gets_the_name(world: World) -> None:
    world.run()
    assert world.ingress()["metadata"]["finalizers"] == [FINALIZER]
    assert world.hostname() == world.balancer()["DNSName"]
    assert world.events() == [("Normal", "SuccessfullyReconciled", f"Successfully reconciled {GROUP}")]


def test_pods_are_the_targets(world: World) -> None:
    world.run()
    assert world.targets() == [("10.0.2.7", 8000), ("10.244.0.9", 8000)]
    assert (world.target_group()["TargetType"], world.target_group()["Protocol"]) == ("ip", "HTTP")
    world.service("supabase-gateway", ["10.0.2.8"])
    world.run()
    assert world.targets() == [("10.0.2.8", 8000)]
    world.service("supabase-gateway", ["10.0.2.8"], ready=False)
    world.run()
    assert world.targets() == []


def test_an_address_outside_of_the_vpc_is_of_every_zone(world: World) -> None:
    sent: list[Any] = []
    event = "provide-client-params.elastic-load-balancing-v2.RegisterTargets"
    world.elb.meta.events.register(event, lambda params, **_more: sent.extend(params["Targets"]), unique_id="sent")
    world.run()
    world.elb.meta.events.unregister(event, unique_id="sent")
    inside = {"Id": "10.0.2.7", "Port": 8000}
    assert sent == [inside, {"Id": "10.244.0.9", "Port": 8000, "AvailabilityZone": "all"}]


def test_each_target_group_has_a_binding(world: World) -> None:
    world.run()
    assert world.bindings() == [
        {
            "targetGroupARN": world.target_group()["TargetGroupArn"],
            "targetType": "ip",
            "serviceRef": {"name": "supabase-gateway", "port": {"number": 80}},
            "vpcID": world.vpc,
        }
    ]


def test_a_second_pass_writes_nothing(world: World) -> None:
    world.run()
    before = list(world.api.writes)
    world.run()
    world.restart()
    world.run()
    assert world.api.writes == before
    assert len(world.elb.describe_load_balancers()["LoadBalancers"]) == 1


def test_everything_goes_with_the_ingress(world: World) -> None:
    world.run()
    world.api.delete(f"{INGRESS}/supabase")
    assert world.ingress()["metadata"]["finalizers"]
    world.run()
    assert f"{INGRESS}/supabase" not in world.api.objects
    assert world.elb.describe_load_balancers()["LoadBalancers"] == []
    assert world.elb.describe_target_groups()["TargetGroups"] == []
    assert world.security_groups() == []
    assert world.bindings() == []


def test_everything_goes_when_the_controller_was_away(world: World) -> None:
    world.run()
    world.api.delete(f"{INGRESS}/supabase")
    world.restart()
    world.run()
    assert f"{INGRESS}/supabase" not in world.api.objects
    assert world.elb.describe_load_balancers()["LoadBalancers"] == []


def test_what_is_not_of_this_cluster_stays(world: World) -> None:
    tags = [{"Key": "elbv2.k8s.aws/cluster", "Value": "other"}, {"Key": "ingress.k8s.aws/stack", "Value": GROUP}]
    world.elb.create_load_balancer(Name="other", Subnets=world.subnets[:2], Tags=tags)
    world.run()
    world.api.delete(f"{INGRESS}/supabase")
    world.run()
    assert world.balancer()["LoadBalancerName"] == "other"


def test_an_ingress_that_changes_its_class_is_let_go(world: World) -> None:
    world.run()
    world.ingress()["spec"]["ingressClassName"] = "nginx"
    world.run()
    assert world.ingress()["metadata"]["finalizers"] == []
    assert world.ingress()["status"]["loadBalancer"]["ingress"] == []
    assert world.elb.describe_load_balancers()["LoadBalancers"] == []


def test_an_ingress_of_another_class_is_left_alone(world: World) -> None:
    world.ingress()["spec"]["ingressClassName"] = "nginx"
    world.run()
    assert world.api.writes == []


def test_to_the_internet_with_certificate_and_redirect(world: World, certificate: str) -> None:
    world.apply(
        host="api.example.com",
        scheme="internet-facing",
        target_type="ip",
        listen_ports='[{"HTTP": 80}, {"HTTPS": 443}]',
        certificate_arn=certificate,
        ssl_redirect="443",
        ssl_policy="ELBSecurityPolicy-TLS13-1-2-2021-06",
        inbound_cidrs="203.0.113.0/24, 198.51.100.7/32",
    )
    world.run()
    assert {zone["SubnetId"] for zone in world.balancer()["AvailabilityZones"]} == set(world.subnets[:2])
    http, https = (world.listeners()[port] for port in (80, 443))
    (redirect,) = http["DefaultActions"]
    assert (redirect["Type"], redirect["RedirectConfig"]["Port"]) == ("redirect", "443")
    assert [rule for rule in http["Rules"] if not rule["IsDefault"]] == []
    assert https["Certificates"] == [{"CertificateArn": certificate}]
    assert https["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    (forward,) = (rule for rule in https["Rules"] if not rule["IsDefault"])
    assert forward["Conditions"] == [
        {"Field": "host-header", "HostHeaderConfig": {"Values": ["api.example.com"]}},
        {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/*"]}},
    ]
    assert forward["Actions"][0]["TargetGroupArn"] == world.target_group()["TargetGroupArn"]
    assert https["DefaultActions"][0]["FixedResponseConfig"]["StatusCode"] == "404"
    cidrs = ("203.0.113.0/24", "198.51.100.7/32")
    assert world.open_ports() == {(port, cidr) for port in (80, 443) for cidr in cidrs}


def test_changes_are_carried_out(world: World, certificate: str) -> None:
    world.run()
    first = world.balancer()["LoadBalancerArn"]
    world.apply(
        path="/rest",
        certificate_arn=certificate,
        healthcheck_path="/ready",
        load_balancer_attributes="idle_timeout.timeout_seconds=120,routing.http2.enabled=false",
        target_group_attributes="deregistration_delay.timeout_seconds=10",
    )
    world.run()
    assert world.balancer()["LoadBalancerArn"] == first
    assert set(world.listeners()) == {443}
    assert world.open_ports() == {(443, "0.0.0.0/0")}
    (rule,) = (rule for rule in world.listeners()[443]["Rules"] if not rule["IsDefault"])
    assert rule["Conditions"][0]["PathPatternConfig"]["Values"] == ["/rest", "/rest/*"]
    assert world.target_group()["HealthCheckPath"] == "/ready"
    found = world.elb.describe_load_balancer_attributes(LoadBalancerArn=first)["Attributes"]
    attributes = {item["Key"]: item["Value"] for item in found}
    assert (attributes["idle_timeout.timeout_seconds"], attributes["routing.http2.enabled"]) == ("120", "false")
    arn = world.target_group()["TargetGroupArn"]
    found = world.elb.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
    assert {item["Key"]: item["Value"] for item in found}["deregistration_delay.timeout_seconds"] == "10"


def test_what_cannot_be_changed_is_made_anew(world: World) -> None:
    world.run()
    first, target_group = world.balancer()["LoadBalancerArn"], world.target_group()["TargetGroupArn"]
    world.apply(scheme="internet-facing", backend_protocol="HTTPS")
    world.run()
    assert world.balancer()["LoadBalancerArn"] != first
    assert world.balancer()["Scheme"] == "internet-facing"
    assert world.target_group()["TargetGroupArn"] != target_group
    assert world.target_group()["Protocol"] == "HTTPS"
    assert [item["targetGroupARN"] for item in world.bindings()] == [world.target_group()["TargetGroupArn"]]


def test_what_somebody_changed_in_aws_is_put_back(world: World) -> None:
    world.run()
    (group,) = world.security_groups()
    world.ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])
    world.run()
    assert world.open_ports() == set()
    world.controller._done[GROUP] = (world.controller._done[GROUP][0], -lb.RESYNC_SECONDS)
    world.run()
    assert world.open_ports() == {(80, "0.0.0.0/0")}


def test_ingresses_of_a_group_share_a_load_balancer(world: World) -> None:
    world.apply(group__name="shared", group__order="2", tags="team=platform")
    world.apply("studio", host="studio.example.com", group__name="shared", group__order="1")
    world.run()
    rules = [rule for rule in world.listeners()[80]["Rules"] if not rule["IsDefault"]]
    fields = {int(rule["Priority"]): [item["Field"] for item in rule["Conditions"]] for rule in rules}
    assert fields == {1: ["host-header", "path-pattern"], 2: ["path-pattern"]}
    assert world.hostname() == world.hostname("studio") == world.balancer()["DNSName"]
    assert world.ingress()["metadata"]["finalizers"] == ["group.ingress.k8s.aws/shared"]
    tags = world.tags(world.balancer()["LoadBalancerArn"])
    assert (tags["ingress.k8s.aws/stack"], tags["team"]) == ("shared", "platform")
    world.api.delete(f"{INGRESS}/studio")
    world.run()
    assert f"{INGRESS}/studio" not in world.api.objects
    assert len([rule for rule in world.listeners()[80]["Rules"] if not rule["IsDefault"]]) == 1


def web_acl(world: World, name: str) -> str:
    """The ARN of a new web ACL."""
    visible = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": name}
    action: Object = {"Allow": {}}
    made = world.wafv2.create_web_acl(Name=name, Scope="REGIONAL", DefaultAction=action, VisibilityConfig=visible)
    return str(made["Summary"]["ARN"])


def test_the_web_acl_is_the_one_that_is_named_or_what_it_was(world: World) -> None:
    def present() -> str | None:
        found = world.wafv2.get_web_acl_for_resource(ResourceArn=world.balancer()["LoadBalancerArn"])
        return str(found["WebACL"]["ARN"]) if "WebACL" in found else None

    first, second = web_acl(world, "first"), web_acl(world, "second")
    for wanted, expected in ((first, first), (first, first), (second, second), ("", second), ("none", None)):
        world.apply(**({"wafv2_acl_arn": wanted} if wanted else {}))
        world.run()
        assert present() == expected
    world.apply(wafv2_acl_arn=first.replace("first", "absent"))
    world.run()
    assert "WAFNonexistentItemException" in world.events()[-1][2]


def test_an_ingress_may_change_its_group(world: World) -> None:
    world.run()
    world.apply(group__name="shared")
    world.run()
    assert world.ingress()["metadata"]["finalizers"] == ["group.ingress.k8s.aws/shared"]
    assert world.balancer()["LoadBalancerName"] == name_of(CLUSTER, "shared")
    assert world.hostname() == world.balancer()["DNSName"]


@pytest.mark.parametrize(
    ("annotations", "message"),
    [
        ({"shield_advanced_protection": "true"}, "not supported here: alb.ingress.kubernetes.io/shield-advanced"),
        ({"target_type": "instance"}, "supported here: target-type ip, not instance"),
        ({"listen_ports": '[{"HTTPS": 443}]'}, "HTTPS needs certificate-arn"),
        ({"listen_ports": "80"}, "Ingress supabase/supabase: "),
        ({"ssl_redirect": "443"}, "ssl-redirect names port 443"),
        ({"inbound_cidrs": "10.0.0.1/8"}, "10.0.0.1/8 has host bits set"),
        ({"scheme": "private"}, "scheme is private"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_cannot_be_built_says_why(world: World, annotations: dict[str, str], message: str) -> None:
    world.apply(**annotations)
    world.run()
    ((kind, reason, text),) = world.events()
    assert (kind, reason) == ("Warning", "FailedBuildModel")
    assert message in text
    assert world.elb.describe_load_balancers()["LoadBalancers"] == []


@pytest.mark.parametrize(
    ("service", "message"),
    [
        ({"name": "absent", "port": {"number": 80}}, "Service supabase/absent does not exist"),
        ({"name": "supabase-gateway", "port": {"name": "grpc"}}, 'has no port {"name": "grpc"}'),
    ],
    ids=["service", "port"],
)
def test_a_backend_that_does_not_exist_is_named(world: World, service: Object, message: str) -> None:
    world.ingress()["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"] = service
    world.run()
    ((_kind, _reason, text),) = world.events()
    assert message in text


def test_a_default_backend_gets_what_no_rule_matches(world: World) -> None:
    service = {"name": "supabase-gateway", "port": {"name": "http"}}
    world.ingress()["spec"] = {"ingressClassName": "alb", "defaultBackend": {"service": service}}
    world.run()
    (action,) = world.listeners()[80]["DefaultActions"]
    assert (action["Type"], action["TargetGroupArn"]) == ("forward", world.target_group()["TargetGroupArn"])


def test_what_aws_refuses_is_told_once_and_tried_again_ever_more_slowly(world: World) -> None:
    world.apply(certificate_arn="arn:aws:acm:eu-west-1:123456789012:certificate/absent")
    delays = []
    for _attempt in range(8):
        world.controller.run_once()
        version, due, delay = world.controller._retries[GROUP]
        delays.append(delay)
        world.controller._retries[GROUP] = (version, 0.0, delay)
        assert due > 0
    assert delays == [1, 2, 4, 8, 16, 30, 30, 30]
    ((_kind, reason, text),) = world.events()
    assert reason == "FailedDeployModel"
    assert "CertificateNotFound" in text


def test_too_few_zones_are_named(world: World) -> None:
    world.ec2.delete_subnet(SubnetId=world.subnets[3])
    world.run()
    ((_kind, _reason, text),) = world.events()
    assert "a load balancer needs two zones; tagged kubernetes.io/role/internal-elb: ['eu-west-1a']" in text


@pytest.mark.parametrize("group", ["a-namespace/an-ingress", "g" * 63])
def test_names_fit(group: str) -> None:
    assert len(name_of(CLUSTER, group)) <= 32
    assert name_of(CLUSTER, group) != name_of("other", group)

# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Load balancers, their web ACLs, target groups and security groups in AWS, found by the controller's tags."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.standins.load_balancer_model import BuildError, Listener, Model, TargetGroup, name_of

CLUSTER_TAG = "elbv2.k8s.aws/cluster"
STACK_TAG = "ingress.k8s.aws/stack"
RESOURCE_TAG = "ingress.k8s.aws/resource"
_ROLES = {"internet-facing": "kubernetes.io/role/elb", "internal": "kubernetes.io/role/internal-elb"}
_CONFIGS = {"host-header": "HostHeaderConfig", "path-pattern": "PathPatternConfig"}

Json = dict[str, Any]


@dataclass
class Balancers:
    """What the Ingresses of one cluster have in AWS, by boto3 clients of these services. Methods raise ClientError."""

    elb: Any
    ec2: Any
    wafv2: Any
    cluster: str
    vpc_id: str

    def deploy(self, group: str, model: Model) -> tuple[str, dict[str, str]]:
        """Make AWS as the model says. Returns the DNS name and each target group's ARN by key. Raises BuildError."""
        security_group = self._security_group(group, model)
        arns = {key: self._target_group(group, item, model.tags) for key, item in model.target_groups.items()}
        balancer = self._load_balancer(group, model, security_group)
        self._listeners(group, balancer["LoadBalancerArn"], model, arns)
        self._web_acl(balancer["LoadBalancerArn"], model.web_acl)
        for stale in self._target_groups(group):
            if stale["TargetGroupArn"] not in arns.values():
                self.elb.delete_target_group(TargetGroupArn=stale["TargetGroupArn"])
        return str(balancer["DNSName"]), arns

    def remove(self, group: str) -> None:
        """Remove all that a group has."""
        for balancer in self._balancers(group):
            self.elb.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
        for item in self._target_groups(group):
            self.elb.delete_target_group(TargetGroupArn=item["TargetGroupArn"])
        for item in self._security_groups(group):
            self.ec2.delete_security_group(GroupId=item["GroupId"])

    def _tags(self, group: str, resource: str, more: Mapping[str, str]) -> list[dict[str, str]]:
        own = {CLUSTER_TAG: self.cluster, STACK_TAG: group, RESOURCE_TAG: resource}
        return [{"Key": key, "Value": value} for key, value in {**more, **own}.items()]

    def _tagged(self, group: str, found: list[Json], arn: str) -> list[Json]:
        """Those of the group, with their tags as `Tags`."""
        tags: dict[str, dict[str, str]] = {}
        for first in range(0, len(found), 20):
            answer = self.elb.describe_tags(ResourceArns=[item[arn] for item in found[first : first + 20]])
            for item in answer["TagDescriptions"]:
                tags[item["ResourceArn"]] = {tag["Key"]: tag["Value"] for tag in item["Tags"]}
        own = {CLUSTER_TAG: self.cluster, STACK_TAG: group}
        return [{**item, "Tags": tags[item[arn]]} for item in found if own.items() <= tags[item[arn]].items()]

    def _balancers(self, group: str) -> list[Json]:
        pages = self.elb.get_paginator("describe_load_balancers").paginate()
        found = [item for page in pages for item in page["LoadBalancers"]]
        return self._tagged(group, found, "LoadBalancerArn")

    def _target_groups(self, group: str) -> list[Json]:
        pages = self.elb.get_paginator("describe_target_groups").paginate()
        found = [item for page in pages for item in page["TargetGroups"]]
        return self._tagged(group, found, "TargetGroupArn")

    def _security_groups(self, group: str) -> list[Json]:
        tags = {CLUSTER_TAG: self.cluster, STACK_TAG: group}
        filters = [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items()]
        found: list[Json] = self.ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
        return found

    def _security_group(self, group: str, model: Model) -> str:
        existing = self._security_groups(group)
        if existing:
            identifier = str(existing[0]["GroupId"])
        else:
            tags = self._tags(group, "ManagedLBSecurityGroup", model.tags)
            identifier = self.ec2.create_security_group(
                GroupName=name_of(self.cluster, group),
                Description="[k8s] Managed SecurityGroup for LoadBalancer",
                VpcId=self.vpc_id,
                TagSpecifications=[{"ResourceType": "security-group", "Tags": tags}],
            )["GroupId"]
        present = {
            (permission["FromPort"], block["CidrIp"])
            for item in existing
            for permission in item["IpPermissions"]
            for block in permission["IpRanges"]
        }
        wanted = {(port, cidr) for port in model.listeners for cidr in model.cidrs}
        if missing := wanted - present:
            self.ec2.authorize_security_group_ingress(GroupId=identifier, IpPermissions=_permissions(missing))
        if surplus := present - wanted:
            self.ec2.revoke_security_group_ingress(GroupId=identifier, IpPermissions=_permissions(surplus))
        return identifier

    def _subnets(self, model: Model) -> list[str]:
        """Those that the model names, or one in each zone by the tag of their role, the first by id."""
        if model.subnets:
            return model.subnets
        if model.scheme not in _ROLES:
            raise BuildError(f"scheme is {model.scheme}: it can be {' or '.join(_ROLES)}")
        filters = [
            {"Name": "vpc-id", "Values": [self.vpc_id]},
            {"Name": f"tag:{_ROLES[model.scheme]}", "Values": ["", "1"]},
        ]
        found = self.ec2.describe_subnets(Filters=filters)["Subnets"]
        zones = {item["AvailabilityZone"]: item["SubnetId"] for item in sorted(found, key=_subnet_id, reverse=True)}
        if len(zones) < 2:
            raise BuildError(f"a load balancer needs two zones; tagged {_ROLES[model.scheme]}: {sorted(zones)}")
        return sorted(zones.values())

    def _load_balancer(self, group: str, model: Model, security_group: str) -> Json:
        subnets = self._subnets(model)
        balancer = None
        for item in self._balancers(group):
            if (item["LoadBalancerName"], item["Scheme"]) == (model.name, model.scheme):
                balancer = item
            else:
                # Neither can be changed.
                self.elb.delete_load_balancer(LoadBalancerArn=item["LoadBalancerArn"])
        if balancer is None:
            balancer = self.elb.create_load_balancer(
                Name=model.name,
                Subnets=subnets,
                SecurityGroups=[security_group],
                Scheme=model.scheme,
                Type="application",
                IpAddressType=model.ip_address_type,
                Tags=self._tags(group, "LoadBalancer", model.tags),
            )["LoadBalancers"][0]
        arn = balancer["LoadBalancerArn"]
        if sorted(zone["SubnetId"] for zone in balancer["AvailabilityZones"]) != sorted(subnets):
            self.elb.set_subnets(LoadBalancerArn=arn, Subnets=subnets)
        if balancer["SecurityGroups"] != [security_group]:
            self.elb.set_security_groups(LoadBalancerArn=arn, SecurityGroups=[security_group])
        if balancer["IpAddressType"] != model.ip_address_type:
            self.elb.set_ip_address_type(LoadBalancerArn=arn, IpAddressType=model.ip_address_type)
        present = self.elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
        if changed := _changed(model.attributes, present):
            self.elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=changed)
        found: Json = balancer
        return found

    def _web_acl(self, arn: str, wanted: str) -> None:
        """Associate a web ACL with a load balancer, or take away what it has for `none`; empty leaves what it has."""
        present = self.wafv2.get_web_acl_for_resource(ResourceArn=arn).get("WebACL") if wanted else None
        if present and present["ARN"] != wanted:
            # AWS would replace it; moto keeps both.
            self.wafv2.disassociate_web_acl(ResourceArn=arn)
        if wanted not in ("", "none") and (present or {}).get("ARN") != wanted:
            self.wafv2.associate_web_acl(WebACLArn=wanted, ResourceArn=arn)

    def _target_group(self, group: str, wanted: TargetGroup, tags: Mapping[str, str]) -> str:
        found = next((item for item in self._target_groups(group) if item["TargetGroupName"] == wanted.name), None)
        if found is None:
            found = self.elb.create_target_group(
                Name=wanted.name,
                Protocol=wanted.protocol,
                Port=wanted.port,
                VpcId=self.vpc_id,
                TargetType="ip",
                Tags=self._tags(group, wanted.key, tags),
                **wanted.health,
            )["TargetGroups"][0]
        arn = str(found["TargetGroupArn"])
        if any(found.get(key) != value for key, value in wanted.health.items()):
            self.elb.modify_target_group(TargetGroupArn=arn, **wanted.health)
        present = self.elb.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
        if changed := _changed(wanted.attributes, present):
            self.elb.modify_target_group_attributes(TargetGroupArn=arn, Attributes=changed)
        self._targets(arn, wanted)
        return arn

    def _targets(self, arn: str, wanted: TargetGroup) -> None:
        health = self.elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        present = {
            (item["Target"]["Id"], item["Target"]["Port"])
            for item in health
            if item["TargetHealth"]["State"] != "draining"
        }
        if missing := sorted(set(wanted.targets) - present):
            networks = self._networks()
            # An address outside of the VPC must be of every zone.
            targets = [
                {"Id": address, "Port": port}
                | ({} if any(ipaddress.ip_address(address) in net for net in networks) else {"AvailabilityZone": "all"})
                for address, port in missing
            ]
            self.elb.register_targets(TargetGroupArn=arn, Targets=targets)
        if surplus := sorted(present - set(wanted.targets)):
            targets = [{"Id": address, "Port": port} for address, port in surplus]
            self.elb.deregister_targets(TargetGroupArn=arn, Targets=targets)

    def _networks(self) -> list[Any]:
        (vpc,) = self.ec2.describe_vpcs(VpcIds=[self.vpc_id])["Vpcs"]
        return [ipaddress.ip_network(item["CidrBlock"]) for item in vpc["CidrBlockAssociationSet"]]

    def _listeners(self, group: str, balancer: str, model: Model, arns: Mapping[str, str]) -> None:
        pages = self.elb.get_paginator("describe_listeners").paginate(LoadBalancerArn=balancer)
        present = {item["Port"]: item for page in pages for item in page["Listeners"]}
        for port in set(present) - set(model.listeners):
            self.elb.delete_listener(ListenerArn=present[port]["ListenerArn"])
        for port, listener in model.listeners.items():
            wanted: Json = {"Port": port, "Protocol": listener.protocol, "DefaultActions": [_action(listener, arns)]}
            if listener.protocol == "HTTPS":
                wanted |= {"Certificates": [{"CertificateArn": listener.certificates[0]}]}
                wanted |= {"SslPolicy": listener.ssl_policy}
            if port not in present:
                tags = self._tags(group, str(port), model.tags)
                created = self.elb.create_listener(LoadBalancerArn=balancer, Tags=tags, **wanted)
                present[port] = created["Listeners"][0]
            elif any(not _contains(present[port].get(key), value) for key, value in wanted.items()):
                self.elb.modify_listener(ListenerArn=present[port]["ListenerArn"], **wanted)
            arn = present[port]["ListenerArn"]
            self._certificates(arn, listener)
            self._rules(group, arn, listener, model, arns)

    def _certificates(self, arn: str, listener: Listener) -> None:
        if listener.protocol == "HTTPS":
            found = self.elb.describe_listener_certificates(ListenerArn=arn)["Certificates"]
            present = {item["CertificateArn"] for item in found if not item.get("IsDefault")}
            if missing := [item for item in listener.certificates[1:] if item not in present]:
                certificates = [{"CertificateArn": item} for item in missing]
                self.elb.add_listener_certificates(ListenerArn=arn, Certificates=certificates)
            if surplus := sorted(present - set(listener.certificates)):
                certificates = [{"CertificateArn": item} for item in surplus]
                self.elb.remove_listener_certificates(ListenerArn=arn, Certificates=certificates)

    def _rules(self, group: str, listener_arn: str, listener: Listener, model: Model, arns: Mapping[str, str]) -> None:
        found = self.elb.describe_rules(ListenerArn=listener_arn)["Rules"]
        present = {int(item["Priority"]): item for item in found if not item["IsDefault"]}
        wanted = {number: (conditions, arns[key]) for number, (conditions, key) in enumerate(listener.rules, start=1)}
        for number, item in present.items():
            if wanted.get(number) != (_conditions(item), item["Actions"][0].get("TargetGroupArn")):
                self.elb.delete_rule(RuleArn=item["RuleArn"])
            else:
                del wanted[number]
        for number, (conditions, target) in wanted.items():
            self.elb.create_rule(
                ListenerArn=listener_arn,
                Priority=number,
                Conditions=[{"Field": key, _CONFIGS[key]: {"Values": values}} for key, values in conditions.items()],
                Actions=[{"Type": "forward", "TargetGroupArn": target}],
                Tags=self._tags(group, f"{listener.port}:{number}", model.tags),
            )


def _subnet_id(subnet: Json) -> str:
    return str(subnet["SubnetId"])


def _permissions(rules: set[tuple[int, str]]) -> list[Json]:
    return [
        {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": cidr}]}
        for port, cidr in sorted(rules)
    ]


def _changed(wanted: Mapping[str, str], present: list[Json]) -> list[Json]:
    known = {item["Key"]: item["Value"] for item in present}
    return [{"Key": key, "Value": value} for key, value in sorted(wanted.items()) if known.get(key) != value]


def _action(listener: Listener, arns: Mapping[str, str]) -> Json:
    action = dict(listener.default)
    if "TargetGroupArn" in action:
        action["TargetGroupArn"] = arns[action["TargetGroupArn"]]
    return action


def _conditions(rule: Json) -> dict[str, list[str]]:
    return {item["Field"]: item.get(_CONFIGS.get(item["Field"], ""), {}).get("Values") for item in rule["Conditions"]}


def _contains(present: Any, wanted: Any) -> bool:
    """Whether AWS' answer has all that is wanted; it adds members of its own."""
    if isinstance(wanted, dict):
        return isinstance(present, dict) and all(_contains(present.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(present, list) and len(present) == len(wanted) and all(map(_contains, present, wanted))
    return bool(present == wanted)

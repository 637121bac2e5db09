# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Stand-in for AWS Load Balancer Controller: it makes and removes the ALB of Ingresses of its class, as its own pod's
identity.

Load balancer, listeners, rules, web ACL, target groups of type ip and the security group in front are made for real in
the emulated AWS, with the controller's names, tags, finalizers and TargetGroupBindings; the Ingress' status gets the
DNS name, and what cannot be done becomes an event at the Ingress. There is no traffic, no shared security group towards
the pods, and no NLB. It imports this package only, which is all that its pod sees of the sandbox.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from sandbox.standins.kubernetes_api import Api, ApiError, ClusterApi, Object, log, run, serve_health, write_event
from sandbox.standins.load_balancer_aws import Balancers
from sandbox.standins.load_balancer_model import Backends, BuildError, Model, build, digest, finalizer_of, group_of

CONTROLLER = "ingress.k8s.aws/alb"
NETWORKING = "/apis/networking.k8s.io/v1"
BINDINGS = "/apis/elbv2.k8s.aws/v1beta1"
STACK_LABEL = "sandbox.supastack.dev/ingress-group"
HEALTH_PORT = 61779
POLL_SECONDS = 1.0
# As often is what somebody changed in AWS put back.
RESYNC_SECONDS = 60.0
LONGEST_RETRY_SECONDS = 30.0


@dataclass
class _Group:
    """The Ingresses of one load balancer: those that want it, and those that leave it."""

    members: list[Object] = field(default_factory=list)
    leaving: list[Object] = field(default_factory=list)


@dataclass
class Controller:
    """Brings every group of Ingresses into the state that they describe, one pass after the other."""

    api: Api
    balancers: Balancers
    ingress_class: str = "alb"
    target_type: str = "ip"
    log: Callable[[str], None] = print
    passes: int = 0
    _retries: dict[str, tuple[str, float, float]] = field(default_factory=dict)
    _done: dict[str, tuple[str, float]] = field(default_factory=dict)

    def run_once(self) -> None:
        """One pass over all Ingresses. Raises ApiError when they cannot be listed."""
        services = self.api.call("GET", "/api/v1/services")["items"]
        slices = self.api.call("GET", "/apis/discovery.k8s.io/v1/endpointslices")["items"]
        by_name = {(item["metadata"]["namespace"], item["metadata"]["name"]): item for item in services}
        backends = Backends(by_name, slices)
        for name, group in self._groups().items():
            self._guarded(name, group, backends)
        self.passes += 1

    def _groups(self) -> dict[str, _Group]:
        classes = self.api.call("GET", f"{NETWORKING}/ingressclasses")["items"]
        names = {item["metadata"]["name"] for item in classes if item["spec"].get("controller") == CONTROLLER}
        groups: dict[str, _Group] = defaultdict(_Group)
        for ingress in self.api.call("GET", f"{NETWORKING}/ingresses")["items"]:
            metadata = ingress["metadata"]
            annotated = metadata.get("annotations", {}).get("kubernetes.io/ingress.class")
            wants = ingress["spec"].get("ingressClassName") in names or annotated == self.ingress_class
            if wants and "deletionTimestamp" not in metadata:
                groups[group_of(ingress)].members.append(ingress)
            for group in _held_by(ingress):
                if group != group_of(ingress) or not wants or "deletionTimestamp" in metadata:
                    groups[group].leaving.append(ingress)
        return groups

    def _guarded(self, name: str, group: _Group, backends: Backends) -> None:
        """Reconcile a group; a failure becomes an event and is tried again ever more slowly, or when it changed."""
        model, error = None, None
        try:
            if group.members:
                model = build(self.balancers.cluster, name, group.members, backends, self.target_type)
        except BuildError as failure:
            error = failure
        # The status is ours, and so is not part of what is wanted.
        version = digest([_wanted(item) for item in group.members], [_wanted(item) for item in group.leaving], model)
        done, since = self._done.get(name, ("", 0.0))
        if done == version and time.monotonic() - since < RESYNC_SECONDS:
            return
        tried, due, delay = self._retries.get(name, ("", 0.0, 0.5))
        if tried == version and time.monotonic() < due:
            return
        try:
            if error:
                raise error
            self._reconcile(name, group, model)
        except (BuildError, ApiError, BotoCoreError, ClientError) as failure:
            delay = min((delay if tried == version else 0.5) * 2, LONGEST_RETRY_SECONDS)
            self._retries[name] = (version, time.monotonic() + delay, delay)
            if tried != version:
                reason = "FailedBuildModel" if isinstance(failure, BuildError) else "FailedDeployModel"
                self._tell(group, "Warning", reason, str(failure))
            return
        self._retries.pop(name, None)
        self._done[name] = (version, time.monotonic())

    def _reconcile(self, name: str, group: _Group, model: Model | None) -> None:
        finalizer = finalizer_of(name)
        if model is None:
            self._bind(name, None, {})
            self.balancers.remove(name)
        else:
            for ingress in group.members:
                held = ingress["metadata"].get("finalizers", [])
                if finalizer not in held:
                    self._hold(ingress, [*held, finalizer])
            hostname, arns = self.balancers.deploy(name, model)
            self._bind(name, model, arns)
            ports = [{"port": port, "protocol": "TCP"} for port in sorted(model.listeners)]
            status = {"loadBalancer": {"ingress": [{"hostname": hostname, "ports": ports}]}}
            for ingress in group.members:
                if ingress.get("status") != status:
                    self._patch(ingress, {"status": status}, "/status")
                    self._tell(_Group([ingress]), "Normal", "SuccessfullyReconciled", f"Successfully reconciled {name}")
        for ingress in group.leaving:
            left = [item for item in ingress["metadata"]["finalizers"] if item != finalizer]
            if "deletionTimestamp" not in ingress["metadata"] and group_of(ingress) == name:
                self._patch(ingress, {"status": {"loadBalancer": {"ingress": []}}}, "/status")
            self._hold(ingress, left)
            self.log(f"Ingress {ingress['metadata']['namespace']}/{ingress['metadata']['name']} has left {name}")

    def _bind(self, name: str, model: Model | None, arns: dict[str, str]) -> None:
        """One TargetGroupBinding for each target group of the group."""
        label = digest(name)
        found = self.api.call("GET", f"{BINDINGS}/targetgroupbindings?labelSelector={STACK_LABEL}%3D{label}")["items"]
        present = {(item["metadata"]["namespace"], item["metadata"]["name"]): item for item in found}
        for key, item in model.target_groups.items() if model else ():
            spec = {
                "targetGroupARN": arns[key],
                "targetType": "ip",
                "serviceRef": item.service,
                "vpcID": self.balancers.vpc_id,
            }
            existing = present.pop((item.namespace, item.name), None)
            path = f"{BINDINGS}/namespaces/{item.namespace}/targetgroupbindings"
            if existing is None:
                metadata = {"name": item.name, "namespace": item.namespace, "labels": {STACK_LABEL: label}}
                kind = {"apiVersion": "elbv2.k8s.aws/v1beta1", "kind": "TargetGroupBinding"}
                self.api.call("POST", path, {**kind, "metadata": metadata, "spec": spec})
            elif existing["spec"] != spec:
                self.api.call("PATCH", f"{path}/{item.name}", {"spec": spec})
        for namespace, stale in present:
            self.api.call("DELETE", f"{BINDINGS}/namespaces/{namespace}/targetgroupbindings/{stale}")

    def _hold(self, ingress: Object, finalizers: list[str]) -> None:
        """Set the finalizers; in the object too, since an Ingress that changes its group is in two at once."""
        self._patch(ingress, {"metadata": {"finalizers": finalizers}})
        ingress["metadata"]["finalizers"] = finalizers

    def _patch(self, ingress: Object, body: Object, part: str = "") -> None:
        metadata = ingress["metadata"]
        path = f"{NETWORKING}/namespaces/{metadata['namespace']}/ingresses/{metadata['name']}{part}"
        self.api.call("PATCH", path, body)

    def _tell(self, group: _Group, kind: str, reason: str, message: str) -> None:
        """Write an event at every Ingress of a group; an API server that takes none leaves the line in the log."""
        for ingress in [*group.members, *group.leaving]:
            namespace, name = ingress["metadata"]["namespace"], ingress["metadata"]["name"]
            self.log(f"Ingress {namespace}/{name}: {reason}: {message}")
            # Items of a list carry neither apiVersion nor kind.
            about = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": ingress["metadata"]}
            try:
                write_event(self.api, about, kind, reason, message, "ingress")
            except ApiError as error:
                self.log(f"event about Ingress {namespace}/{name}: {error}")


def _held_by(ingress: Object) -> Iterator[str]:
    """The groups whose finalizers an Ingress carries."""
    metadata = ingress["metadata"]
    for finalizer in metadata.get("finalizers", []):
        if finalizer == "ingress.k8s.aws/resources":
            yield f"{metadata['namespace']}/{metadata['name']}"
        elif finalizer.startswith("group.ingress.k8s.aws/"):
            yield finalizer.partition("/")[2]


def _wanted(ingress: Object) -> Object:
    metadata = ingress["metadata"]
    fields = ("uid", "generation", "annotations", "deletionTimestamp")
    return {"metadata": {key: metadata.get(key) for key in fields}, "spec": ingress["spec"]}


def main(arguments: list[str] | None = None) -> None:
    """Run in a pod until it ends."""
    parser = argparse.ArgumentParser(prog="controller")
    parser.add_argument("--cluster-name", required=True)
    parser.add_argument("--ingress-class", default="alb")
    parser.add_argument("--aws-region", required=True)
    parser.add_argument("--aws-vpc-id", required=True)
    parser.add_argument("--default-target-type", default="instance")
    options = parser.parse_args(arguments)
    elb, ec2, wafv2 = (boto3.client(service, region_name=options.aws_region) for service in ("elbv2", "ec2", "wafv2"))
    balancers = Balancers(elb, ec2, wafv2, options.cluster_name, options.aws_vpc_id)
    api = ClusterApi.of_this_pod()
    controller = Controller(api, balancers, options.ingress_class, options.default_target_type, log)
    serve_health(HEALTH_PORT, lambda: controller.passes > 0)
    log(f"stand-in for AWS Load Balancer Controller, Python {sys.version.split()[0]}")
    run(controller.run_once, iter(lambda: POLL_SECONDS, None))


if __name__ == "__main__":
    main()

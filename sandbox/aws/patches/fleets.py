# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Gaps of moto's EC2 fleets, by which Karpenter launches instances."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterator
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models import EC2Backend
from moto.ec2.models.fleets import Fleet
from moto.ec2.models.instances import Instance
from moto.ec2.models.spot_requests import SpotFleetLaunchSpec, SpotInstanceRequest
from moto.ec2.responses.fleets import Fleets

from sandbox.aws.wrap import wrap

_SHORTAGES = "capacity_shortages"
_ERRORS = "launch_errors"
_LIFECYCLES = {"create_on_demand_requests": "on-demand", "create_spot_requests": "spot"}

Rule = dict[str, str]


def set_shortages(backend: EC2Backend, rules: list[Rule]) -> None:
    """From now on fleets find no capacity where a rule matches; a reset of moto forgets the rules.

    A rule has the keys `instance_type`, `zone` and `lifecycle` (spot or on-demand), each a pattern with `*` and `?`; a
    missing one matches everything. Raises ValueError for another key.
    """
    for rule in rules:
        if unknown := sorted(set(rule) - {"instance_type", "zone", "lifecycle"}):
            raise ValueError(f"A rule has instance_type, zone and lifecycle, not {', '.join(unknown)}.")
    vars(backend)[_SHORTAGES] = rules


def patch_fleet_priority() -> None:
    """CreateFleet takes the first override, whatever the others cost or which priority they have.

    Karpenter writes the price of each offering into Priority, so the lowest one is what AWS would choose by price.
    Symptom: the largest instance type for three CPUs.
    Source: EC2 API reference, FleetLaunchTemplateOverridesRequest, Priority: "the lower the number, the higher the
    priority"; CreateFleet, AllocationStrategy lowest-price and price-capacity-optimized.
    """

    def counts(original: Callable[..., Any], self: Fleet, weight_to_add: float) -> Any:
        # moto sorts by the maximum price, which nobody gives, and takes the first.
        self.launch_specs.sort(key=_priority)
        return original(self, weight_to_add)

    wrap(Fleet, "get_launch_spec_counts", counts)


def patch_fleet_capacity_errors() -> None:
    """CreateFleet always finds capacity, and its answer has no Errors. Here the rules of `set_shortages` decide.

    Source: EC2 API reference, CreateFleet, response element `errorSet`; EC2 user guide, "Troubleshoot EC2 instance
    launch issues", InsufficientInstanceCapacity.
    """

    def create(lifecycle: str) -> Callable[..., Any]:
        def launch(original: Callable[..., Any], self: Fleet, weight_to_add: float) -> Any:
            every = sorted(self.launch_specs, key=_priority)
            short = [spec for spec in every if _is_short(self.ec2_backend, spec, lifecycle)]
            self.launch_specs = [spec for spec in every if spec not in short]
            try:
                # The pools that were tried in vain: those before the one that had capacity.
                first = every.index(self.launch_specs[0]) if self.launch_specs else len(every)
                errors = [_capacity_error(self.ec2_backend, spec, lifecycle) for spec in every[:first]]
                vars(self).setdefault(_ERRORS, []).extend(errors)
                return original(self, weight_to_add) if self.launch_specs else None
            finally:
                self.launch_specs = every

        return launch

    def answer(original: Callable[..., ActionResult], self: Fleets) -> ActionResult:
        found = original(self)
        result: Any = found.result
        fleet = self.ec2_backend.get_fleet(result["FleetId"])
        return ActionResult({**result, "Errors": vars(fleet).get(_ERRORS, [])})

    for name, lifecycle in _LIFECYCLES.items():
        wrap(Fleet, name, create(lifecycle))
    wrap(Fleets, "create_fleet", answer)


def patch_fleet_security_groups() -> None:
    """Instances of a fleet get the default security group instead of those of the launch template.

    Symptom: Karpenter sees SecurityGroupDrift and replaces its nodes for ever.
    Source: EC2 API reference, RequestLaunchTemplateData: SecurityGroupIds, and Groups of the primary NetworkInterface.
    """

    def adapt(fleet: Fleet, instance: Instance, data: dict[str, Any], _request: SpotInstanceRequest | None) -> None:
        interfaces = [nic for nic in data.get("NetworkInterfaces", []) if int(nic.get("DeviceIndex", 0)) == 0]
        wanted = [*data.get("SecurityGroupIds", []), *(group for nic in interfaces for group in nic.get("Groups", []))]
        if wanted:
            instance.security_groups = [fleet.ec2_backend.get_security_group_from_id(group) for group in wanted]
            for nic in instance.nics.values():
                nic._group_set = []

    _after_launch(adapt)


def patch_fleet_instance_profile() -> None:
    """Instances of a fleet have no instance profile.

    Source: EC2 API reference, RequestLaunchTemplateData, IamInstanceProfile; DescribeInstances, iamInstanceProfile.
    """

    def adapt(fleet: Fleet, instance: Instance, data: dict[str, Any], _request: SpotInstanceRequest | None) -> None:
        profile = data.get("IamInstanceProfile") or {}
        if profile:
            fleet.ec2_backend.associate_iam_instance_profile(instance.id, profile.get("Name"), profile.get("Arn"))

    _after_launch(adapt)


def patch_fleet_spot_request() -> None:
    """Spot instances of a fleet do not name their spot request.

    Source: EC2 API reference, Instance, spotInstanceRequestId.
    """

    def adapt(_fleet: Fleet, instance: Instance, _data: dict[str, Any], request: SpotInstanceRequest | None) -> None:
        if request is not None:
            vars(instance)["spot_instance_request_id"] = request.id

    _after_launch(adapt)


def patch_spot_request_of_ended_instance() -> None:
    """The spot request of an instance that was terminated stays active.

    Symptom: a list of what is left of an environment never ends.
    Source: EC2 user guide, "Get the status of a Spot Instance request": instance-terminated-by-user, closed.
    """

    def terminate(original: Callable[..., Any], self: Instance) -> Any:
        previous = original(self)
        for request in self.ec2_backend.spot_instance_requests.values():
            if request.instance is self:
                request.state = "closed"
        return previous

    wrap(Instance, "terminate", terminate)


def patch_instant_fleets() -> None:
    """DescribeFleets lists instant fleets that nobody named.

    Symptom: as above; nobody deletes them.
    Source: EC2 API reference, DescribeFleets: an instant fleet does not appear unless the request has its id.
    """

    def describe(original: Callable[..., list[Fleet]], self: EC2Backend, fleet_ids: list[str] | None) -> list[Fleet]:
        found = original(self, fleet_ids)
        return found if fleet_ids else [fleet for fleet in found if fleet.fleet_type != "instant"]

    wrap(EC2Backend, "describe_fleets", describe)


def patch_fleet_launch_template_tags() -> None:
    """Instances of a fleet lack the tags by which EC2 names launch template and fleet.

    Source: EC2 user guide, "Tag your Amazon EC2 resources": tags with the prefix aws: are EC2's own; those of instances
    that a launch template or a fleet has made are aws:ec2launchtemplate:id, :version and aws:ec2:fleet-id.
    """

    def adapt(fleet: Fleet, instance: Instance, data: dict[str, Any], _request: SpotInstanceRequest | None) -> None:
        template = data["LaunchTemplate"]
        instance.add_tags(
            {
                "aws:ec2launchtemplate:id": template["LaunchTemplateId"],
                "aws:ec2launchtemplate:version": str(template["Version"]),
                "aws:ec2:fleet-id": fleet.id,
            }
        )

    _after_launch(adapt)


def patch_fleet_private_dns_names() -> None:
    """The private DNS names of a fleet's instances are those of us-east-1 in every region.

    Symptom: the node's name differs from the one that AWS gives, which is ip-10-0-0-1.eu-west-1.compute.internal.
    Source: EC2 user guide, "EC2 instance hostnames and domains", IP name.
    """

    def adapt(fleet: Fleet, instance: Instance, _data: dict[str, Any], _request: SpotInstanceRequest | None) -> None:
        instance.region_name = fleet.ec2_backend.region_name

    _after_launch(adapt)


def _after_launch(adapt: Callable[[Fleet, Instance, dict[str, Any], SpotInstanceRequest | None], None]) -> None:
    """Let `adapt` change every new instance of a fleet by the data of the launch template that it was made from."""

    def initialise(original: Callable[..., None], self: Fleet, *arguments: Any, **named: Any) -> None:
        original(self, *arguments, **named)
        for instance, spec, request in _launched(self):
            adapt(self, instance, _template_data(self.ec2_backend, spec), request)

    wrap(Fleet, "__init__", initialise)


def _launched(fleet: Fleet) -> Iterator[tuple[Instance, SpotFleetLaunchSpec, SpotInstanceRequest | None]]:
    for item in fleet.on_demand_instances:
        yield item["instance"], item["launch_spec"], None
    for request in fleet.spot_requests:
        if request.launch_spec is not None:
            yield request.instance, request.launch_spec, request


def _template_data(backend: EC2Backend, spec: SpotFleetLaunchSpec) -> dict[str, Any]:
    """The data of the version of the launch template that `spec` names, and under LaunchTemplate which one it is."""
    named = spec.launch_template_spec or {}
    template = backend.get_launch_template(named["LaunchTemplateId"])
    version = named.get("Version", template.default_version_number)
    return {
        **template.get_version(version).data,
        "LaunchTemplate": {"LaunchTemplateId": template.id, "Version": version},
    }


def _priority(spec: SpotFleetLaunchSpec) -> float:
    """Overrides without a priority come last."""
    return float((spec.overrides or {}).get("Priority", "inf"))


def _is_short(backend: EC2Backend, spec: SpotFleetLaunchSpec, lifecycle: str) -> bool:
    zone = _zone(backend, spec)
    found = {"instance_type": spec.instance_type, "zone": zone, "lifecycle": lifecycle}
    rules: list[Rule] = vars(backend).get(_SHORTAGES, [])
    return any(all(fnmatch.fnmatchcase(found[key], pattern) for key, pattern in rule.items()) for rule in rules)


def _zone(backend: EC2Backend, spec: SpotFleetLaunchSpec) -> str:
    return str(backend.get_subnet(spec.subnet_id).availability_zone) if spec.subnet_id else ""


def _capacity_error(backend: EC2Backend, spec: SpotFleetLaunchSpec, lifecycle: str) -> dict[str, Any]:
    return {
        "LaunchTemplateAndOverrides": {
            "LaunchTemplateSpecification": spec.launch_template_spec,
            "Overrides": {**(spec.overrides or {}), "AvailabilityZone": _zone(backend, spec)},
        },
        "Lifecycle": lifecycle,
        "ErrorCode": "InsufficientInstanceCapacity",
        "ErrorMessage": f"There is no capacity for {spec.instance_type} that matches your request.",
    }


PATCHES = (
    patch_fleet_priority,
    patch_fleet_capacity_errors,
    patch_fleet_security_groups,
    patch_fleet_instance_profile,
    patch_fleet_spot_request,
    patch_spot_request_of_ended_instance,
    patch_instant_fleets,
    patch_fleet_launch_template_tags,
    patch_fleet_private_dns_names,
)

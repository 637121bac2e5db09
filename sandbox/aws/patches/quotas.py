# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Quotas of a new account, of which moto has those of VPCs only, and IAM's simulation of policies, which it lacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.iam.exceptions import NoSuchEntity
from moto.iam.models import IAMBackend
from moto.iam.responses import IamResponse
from moto.servicequotas.exceptions import NoSuchResource
from moto.servicequotas.models import ServiceQuotasBackend

from sandbox.aws.wrap import wrap

# In November 2026; the codes are those that the consoles and the documentation of AWS show. What an account has of each
# is its own: the five addresses and the hundred clusters are what the AWS general reference names, not what an account
# told; AWS sets those of vCPUs by the account, and nodes may grow here as in one that has been in use for a while.
# https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html
_QUOTAS: dict[tuple[str, str], tuple[str, float]] = {
    ("ec2", "L-0263D0A3"): ("EC2-VPC Elastic IPs", 5),
    ("ec2", "L-1216C47A"): ("Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", 256),
    ("ec2", "L-34B43A08"): ("All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests", 256),
    ("eks", "L-1194D53C"): ("Clusters", 100),
}
_DECISIONS = {PermissionResult.PERMITTED: "allowed", PermissionResult.DENIED: "explicitDeny"}


def patch_quotas_of_other_services() -> None:
    """GetServiceQuota knows those of the service vpc only.

    Source: Service Quotas API reference, GetServiceQuota; the AWS general reference, quotas of each service.
    """

    def get(original: Callable[..., dict[str, Any]], self: ServiceQuotasBackend, **names: str) -> dict[str, Any]:
        service, code = names["service_code"], names["quota_code"]
        if service == "vpc":
            return original(self, **names)
        if (service, code) not in _QUOTAS:
            raise NoSuchResource
        name, value = _QUOTAS[service, code]
        return {
            "ServiceCode": service,
            "QuotaCode": code,
            "QuotaName": name,
            "QuotaArn": f"arn:aws:servicequotas:{self.region_name}:{self.account_id}:{service}/{code}",
            "Value": value,
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
        }

    wrap(ServiceQuotasBackend, "get_service_quota", get)


def patch_policy_simulation() -> None:
    """SimulatePrincipalPolicy is not implemented.

    The policies of a user, of its groups or of a role decide. As everywhere in moto, conditions are not looked at.
    Source: IAM API reference, SimulatePrincipalPolicy; user guide, "Policy evaluation logic".
    """

    def simulate_principal_policy(self: IamResponse) -> ActionResult:
        backend, asked = self.backend, self.params
        policies = [IAMPolicy(policy) for policy in _policies_of(backend, asked["PolicySourceArn"])]
        decisions = [
            {
                "EvalActionName": action,
                "EvalResourceName": resource,
                "EvalDecision": _decision(policies, action, resource),
            }
            for action in asked["ActionNames"]
            for resource in asked.get("ResourceArns") or ["*"]
        ]
        return ActionResult({"EvaluationResults": decisions, "IsTruncated": False})

    setattr(IamResponse, simulate_principal_policy.__name__, simulate_principal_policy)


def _policies_of(backend: IAMBackend, arn: str) -> list[Any]:
    """What is attached to a user, to its groups, or to a role, and what is written into it."""
    kind, _slash, path = arn.rpartition(":")[2].partition("/")
    name = path.rpartition("/")[2]
    if kind == "role":
        holders: list[Any] = [backend.get_role(name)]
    elif kind == "user":
        holders = [backend.get_user(name), *backend.get_groups_for_user(name)]
    else:
        raise NoSuchEntity(f"The entity {arn} is no user, group or role.")
    inline = [document for holder in holders for document in holder.policies.values()]
    return [*inline, *(policy for holder in holders for policy in holder.managed_policies.values())]


def _decision(policies: list[IAMPolicy], action: str, resource: str) -> str:
    found = {policy.is_action_permitted(action, resource) for policy in policies}
    for result, decision in reversed(_DECISIONS.items()):
        if result in found:
            return decision
    return "implicitDeny"


PATCHES = (patch_quotas_of_other_services, patch_policy_simulation)

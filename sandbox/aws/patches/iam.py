# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Gaps of moto's IAM: service-linked roles and OIDC providers."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.eks.models import eks_backends
from moto.iam.exceptions import EntityAlreadyExists, InvalidInput, NoSuchEntity
from moto.iam.models import SERVICE_NAME_CONVERSION, IAMBackend, OpenIDConnectProvider, Role
from moto.iam.responses import IamResponse
from moto.rds.models import rds_backends

from sandbox.aws.wrap import wrap

_DOMAIN = ".amazonaws.com"
# What follows AWSServiceRoleFor in the name of the role of a service.
_ROLE_NAMES = {
    "acm": "CertificateManager",
    "autoscaling": "AutoScaling",
    "backup": "Backup",
    "batch": "Batch",
    "ec2fleet": "EC2Fleet",
    "ecs": "ECS",
    "eks": "AmazonEKS",
    "eks-fargate": "AmazonEKSForFargate",
    "eks-nodegroup": "AmazonEKSNodegroup",
    "elasticache": "ElastiCache",
    "elasticbeanstalk": "ElasticBeanstalk",
    "elasticfilesystem": "AmazonElasticFileSystem",
    "elasticloadbalancing": "ElasticLoadBalancing",
    "grafana": "AmazonGrafana",
    "guardduty": "AmazonGuardDuty",
    "opensearchservice": "AmazonOpenSearchService",
    "rds": "RDS",
    "spot": "EC2Spot",
    "spotfleet": "EC2SpotFleet",
    "ssm": "AmazonSSM",
    "transitgateway": "VPCTransitGateway",
}
_SUFFIXED = ("autoscaling",)
_PATH = "/aws-service-role/"
_TASKS = "service_linked_role_deletions"


def patch_service_linked_role_names() -> None:
    """The roles of most services get the first part of the service's name: AWSServiceRoleForeks, …Forrds, …Forspot.

    Symptom: what looks for AWSServiceRoleForEC2Spot does not find it. Services that we do not name keep moto's form.
    Source: IAM user guide, "AWS services that work with IAM", and from there each service's page on its role.
    """
    SERVICE_NAME_CONVERSION.update(_ROLE_NAMES)


def patch_taken_service_linked_role() -> None:
    """A second CreateServiceLinkedRole of the same name is EntityAlreadyExists, as for other roles.

    Source: AWS SDK code examples, CreateServiceLinkedRole: InvalidInputException "Service role name
    AWSServiceRoleForElasticBeanstalk has been taken in this account".
    """

    def create(original: Callable[..., Role], self: IAMBackend, service_name: str, *rest: Any) -> Role:
        try:
            return original(self, service_name, *rest)
        except EntityAlreadyExists as error:
            name = str(error.message).split()[3]
            message = f"Service role name {name} has been taken in this account, please try a different suffix."
            raise InvalidInput(message) from error

    wrap(IAMBackend, "create_service_linked_role", create)


def patch_refused_custom_suffix() -> None:
    """CreateServiceLinkedRole takes a CustomSuffix for every service.

    Source: IAM API reference, CreateServiceLinkedRole, CustomSuffix: "Some services do not support the CustomSuffix
    parameter"; the text is the one of AWS, as many users of other tools report it.
    """

    def create(
        original: Callable[..., Role], self: IAMBackend, service_name: str, description: str, suffix: str | None
    ) -> Role:
        service = service_name.removesuffix(_DOMAIN)
        if suffix and service in _ROLE_NAMES and service not in _SUFFIXED:
            raise InvalidInput(f"Custom suffix is not allowed for {service_name}")
        return original(self, service_name, description, suffix)

    wrap(IAMBackend, "create_service_linked_role", create)


def patch_service_linked_role_deletion() -> None:
    """DeleteServiceLinkedRole always succeeds, also for what is in use, and every deletion task is SUCCEEDED at once.

    Here a task is IN_PROGRESS when it is first asked for; it fails while EKS clusters or DB instances use the role.
    Source: IAM API reference, DeleteServiceLinkedRole (a task of a role in use fails) and
    GetServiceLinkedRoleDeletionStatus (form of the task's id, NoSuchEntity, Reason with the RoleUsageList).
    """

    def delete(original: Callable[..., str], self: IAMBackend, role_name: str) -> str:
        role = self.get_role(role_name)
        if not role.path.startswith(_PATH):
            raise NoSuchEntity(f"The service-linked role with name {role_name} cannot be found.")
        usages = _usages(self.account_id, role.path.split("/")[2])
        if not usages:
            original(self, role_name)
        task = f"task{role.path}{role_name}/{uuid.uuid4()}"
        vars(self).setdefault(_TASKS, {})[task] = [{"Status": "IN_PROGRESS"}, _outcome(usages)]
        return task

    def deletion_status(_original: Callable[..., ActionResult], self: IamResponse) -> ActionResult:
        task = self._get_param("DeletionTaskId")
        answers = vars(self.backend).get(_TASKS, {}).get(task)
        if answers is None:
            raise NoSuchEntity(f"Deletion task {task} cannot be found.")
        return ActionResult(answers.pop(0) if len(answers) > 1 else answers[0])

    wrap(IAMBackend, "delete_service_linked_role", delete)
    wrap(IamResponse, "get_service_linked_role_deletion_status", deletion_status)


def patch_client_ids_of_oidc_provider() -> None:
    """AddClientIDToOpenIDConnectProvider and RemoveClientIDFromOpenIDConnectProvider are not implemented.

    Source: IAM API reference, both operations; either is idempotent.
    """

    def client_ids(self: IamResponse) -> tuple[list[str], str]:
        provider = self.backend.get_open_id_connect_provider(self._get_param("OpenIDConnectProviderArn"))
        return provider.client_id_list, self._get_param("ClientID")

    def add(self: IamResponse) -> ActionResult:
        present, client_id = client_ids(self)
        if client_id not in present:
            present.append(client_id)
        return EmptyResult()

    def remove(self: IamResponse) -> ActionResult:
        present, client_id = client_ids(self)
        if client_id in present:
            present.remove(client_id)
        return EmptyResult()

    for name, method in (("add_client_id_to", add), ("remove_client_id_from", remove)):
        setattr(IamResponse, f"{name}_open_id_connect_provider", method)


def patch_thumbprint_of_oidc_provider() -> None:
    """A provider that is made without thumbprints has none, and AWS finds one. Here it is made up from the URL.

    Source: IAM API reference, CreateOpenIDConnectProvider, ThumbprintList: without it, "IAM will retrieve and use the
    top intermediate certificate authority (CA) thumbprint".
    """

    def create(original: Callable[..., OpenIDConnectProvider], self: IAMBackend, *rest: Any) -> OpenIDConnectProvider:
        provider = original(self, *rest)
        host = provider.url.partition("/")[0]
        provider.thumbprint_list = provider.thumbprint_list or [hashlib.sha1(host.encode()).hexdigest()]
        return provider

    wrap(IAMBackend, "create_open_id_connect_provider", create)


def patch_duplicate_oidc_provider() -> None:
    """A second provider of the same URL is refused with the text "Unknown".

    Source: IAM API reference, CreateOpenIDConnectProvider, Url: "you will get an error"; the text is the one of AWS, as
    many users of other tools report it.
    """

    def create(
        original: Callable[..., OpenIDConnectProvider], self: IAMBackend, url: str, *rest: Any
    ) -> OpenIDConnectProvider:
        try:
            return original(self, url, *rest)
        except EntityAlreadyExists as error:
            raise EntityAlreadyExists(f"Provider with url {url} already exists.") from error

    wrap(IAMBackend, "create_open_id_connect_provider", create)


def patch_tag_keys_of_oidc_provider() -> None:
    """Tag keys that differ only in case are taken for one key, which is true of roles and users only.

    Source: IAM user guide, "Tags for AWS Identity and Access Management resources", case sensitivity.
    """

    def by_key(self: IAMBackend, tags: list[dict[str, str]]) -> dict[str, dict[str, str]]:
        return {tag["Key"]: tag for tag in tags if self._tag_verification([tag])}

    def create(original: Callable[..., OpenIDConnectProvider], self: IAMBackend, *rest: Any) -> OpenIDConnectProvider:
        *members, tags = rest
        found = by_key(self, tags)
        provider = original(self, *members, [])
        provider.tags = found
        return provider

    def tag(_original: Callable[..., None], self: IAMBackend, arn: str, tags: list[dict[str, str]]) -> None:
        self.get_open_id_connect_provider(arn).tags.update(by_key(self, tags))

    def untag(_original: Callable[..., None], self: IAMBackend, arn: str, keys: list[str]) -> None:
        provider = self.get_open_id_connect_provider(arn)
        for key in keys:
            provider.tags.pop(key, None)

    for name, wrapper in (("create", create), ("tag", tag), ("untag", untag)):
        wrap(IAMBackend, f"{name}_open_id_connect_provider", wrapper)


def _usages(account_id: str, service: str) -> list[dict[str, Any]]:
    """Where a service still has what needs its role, as the RoleUsageList of a failed deletion."""
    resources: dict[str, list[str]] = {}
    if service == f"eks{_DOMAIN}":
        for region, eks in eks_backends[account_id].items():
            resources[region] = [cluster.arn for cluster in eks.clusters.values()]
    if service == f"rds{_DOMAIN}":
        for region, rds in rds_backends[account_id].items():
            resources[region] = [database.db_instance_arn for database in rds.databases.values()]
    return [{"Region": region, "Resources": arns} for region, arns in resources.items() if arns]


def _outcome(usages: list[dict[str, Any]]) -> dict[str, Any]:
    if not usages:
        return {"Status": "SUCCEEDED"}
    reason = "The service-linked role cannot be deleted because the linked service still uses it."
    return {"Status": "FAILED", "Reason": {"Reason": reason, "RoleUsageList": usages}}


PATCHES = (
    patch_service_linked_role_names,
    patch_taken_service_linked_role,
    patch_refused_custom_suffix,
    patch_service_linked_role_deletion,
    patch_client_ids_of_oidc_provider,
    patch_thumbprint_of_oidc_provider,
    patch_duplicate_oidc_provider,
    patch_tag_keys_of_oidc_provider,
)

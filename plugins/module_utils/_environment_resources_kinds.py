# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of resources that an environment may leave behind, one entry each."""

from __future__ import annotations

import typing as t

from ansible_collections.supastack.aws.plugins.module_utils._environment_resources_ask import Kind, Tagger
from ansible_collections.supastack.aws.plugins.module_utils._environment_resources_compute import COMPUTE
from ansible_collections.supastack.aws.plugins.module_utils._environment_resources_details import (
    bucket_detail,
    is_own_role,
    key_detail,
    last,
    pending,
    record_id,
    record_target,
    records,
    zone_state,
)

# Without them ACM lists certificates with RSA keys of up to 2048 bits only:
# https://docs.aws.amazon.com/acm/latest/APIReference/API_Filters.html
KEY_TYPES = ["RSA_1024", "RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1"]


def iam(kind: str, method: str, member: str, noun: str, **more: t.Any) -> Kind:
    """Return a kind of IAM, whose lists have no tags."""
    name = f"{noun}Name"
    return Kind("iam", kind, method, member, name, f"iam:{kind}", name=name, arn="Arn", **more)


def alarm(kind: str, group: str) -> Kind:
    """Return a kind of alarm: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html"""
    return Kind(
        "cloudwatch",
        kind,
        "describe_alarms",
        f"{group}Alarms",
        "AlarmName",
        "cloudwatch:alarm",
        name="AlarmName",
        arn="AlarmArn",
        tags=Tagger("list_tags_for_resource", "ResourceARN"),
        request={"AlarmTypes": [f"{group}Alarm"]},
    )


KINDS = (
    *COMPUTE,
    Kind(
        "secretsmanager",
        "secret",
        "list_secrets",
        "SecretList",
        "Name",
        "secretsmanager:secret",
        name="Name",
        arn="ARN",
        state=pending,
        until="DeletedDate",
        key="KmsKeyId",
        request={"IncludePlannedDeletion": True},
    ),
    Kind(
        "kms",
        "kms-key",
        "list_keys",
        "Keys",
        "KeyId",
        "kms:key",
        arn="KeyArn",
        tags=Tagger("list_resource_tags", "KeyId", "id"),
        state="KeyState",
        until="DeletionDate",
        all=True,
        detail=key_detail,
    ),
    Kind(
        "kms",
        "kms-alias",
        "list_aliases",
        "Aliases",
        "AliasName",
        "kms:alias",
        name="AliasName",
        arn="AliasArn",
        tags=None,
        parents=("TargetKeyId",),
    ),
    Kind(
        "s3",
        "bucket",
        "list_buckets",
        "Buckets",
        "Name",
        "s3",
        name="Name",
        arn="arn:{partition}:s3:::{id}",
        tags=Tagger("get_bucket_tagging", "Bucket", "id", "TagSet"),
        state="State",
        key="Key",
        detail=bucket_detail,
    ),
    Kind(
        "logs",
        "log-group",
        "describe_log_groups",
        "logGroups",
        "logGroupName",
        "logs:log-group",
        name="logGroupName",
        arn="arn:{partition}:logs:{region}:{account}:log-group:{id}",
        tags=Tagger("list_tags_for_resource", "resourceArn", member="tags"),
        key="kmsKeyId",
    ),
    # Metric filters and subscriptions go with their group, this does not.
    Kind(
        "logs",
        "logs-resource-policy",
        "describe_resource_policies",
        "resourcePolicies",
        "policyName",
        name="policyName",
        tags=None,
    ),
    alarm("alarm", "Metric"),
    alarm("composite-alarm", "Composite"),
    Kind(
        "cloudwatch",
        "dashboard",
        "list_dashboards",
        "DashboardEntries",
        "DashboardName",
        "cloudwatch:dashboard",
        name="DashboardName",
        arn="DashboardArn",
        tags=None,
    ),
    Kind(
        "events",
        "event-rule",
        "list_rules",
        "Rules",
        "Name",
        "events:rule",
        name="Name",
        arn="Arn",
        tags=Tagger("list_tags_for_resource", "ResourceARN"),
        state="State",
    ),
    # Those of other regions that record this one too are theirs.
    Kind(
        "cloudtrail",
        "trail",
        "describe_trails",
        "trailList",
        "Name",
        "cloudtrail:trail",
        name="Name",
        arn="TrailARN",
        tags=Tagger("list_tags", "ResourceIdList", member="ResourceTagList.TagsList"),
        request={"includeShadowTrails": False},
    ),
    # Without MaxResults, SQS lists a thousand queues and does not say that there are more.
    Kind(
        "sqs",
        "queue",
        "list_queues",
        "QueueUrls",
        "",
        "sqs",
        name=last("/"),
        arn="arn:{partition}:sqs:{region}:{account}:{name}",
        tags=Tagger("list_queue_tags", "QueueUrl", "id"),
        request={"MaxResults": 1000},
    ),
    Kind(
        "sns",
        "topic",
        "list_topics",
        "Topics",
        "TopicArn",
        "sns",
        name=last(":", "TopicArn"),
        arn="TopicArn",
        tags=Tagger("list_tags_for_resource", "ResourceArn"),
    ),
    iam("role", "list_roles", "Roles", "Role", tags=Tagger("list_role_tags", "RoleName", "id"), counts=is_own_role),
    iam(
        "policy",
        "list_policies",
        "Policies",
        "Policy",
        tags=Tagger("list_policy_tags", "PolicyArn"),
        request={"Scope": "Local"},
    ),
    iam(
        "instance-profile",
        "list_instance_profiles",
        "InstanceProfiles",
        "InstanceProfile",
        tags=Tagger("get_instance_profile", "InstanceProfileName", "id", "InstanceProfile.Tags"),
    ),
    Kind(
        "iam",
        "oidc-provider",
        "list_open_id_connect_providers",
        "OpenIDConnectProviderList",
        "Arn",
        "iam:oidc-provider",
        name=last("oidc-provider/", "Arn"),
        arn="Arn",
        tags=Tagger("list_open_id_connect_provider_tags", "OpenIDConnectProviderArn"),
        all=True,
    ),
    Kind(
        "acm",
        "certificate",
        "list_certificates",
        "CertificateSummaryList",
        "CertificateArn",
        "acm:certificate",
        name="DomainName",
        arn="CertificateArn",
        tags=Tagger("list_tags_for_certificate", "CertificateArn"),
        state="Status",
        all=True,
        request={"Includes": {"keyTypes": KEY_TYPES}},
    ),
    Kind(
        "route53",
        "hosted-zone",
        "list_hosted_zones",
        "HostedZones",
        last("/", "Id"),
        "route53:hostedzone",
        name="Name",
        arn="arn:{partition}:route53:::hostedzone/{id}",
        tags=Tagger(
            "list_tags_for_resource", "ResourceId", "id", "ResourceTagSet.Tags", {"ResourceType": "hostedzone"}
        ),
        state=zone_state,
        all=True,
    ),
    Kind("route53", "record", records, "", record_id, name="Name", tags=None, state=record_target),
)

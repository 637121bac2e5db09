# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Bad input: the first play of site.yml refuses each, with variable, value and fix, before anything is made.

Each case is a host of one inventory, so that a single run of the play answers all of them. Of supabase_helm, which has
the most, only those are that need what the play hands over; the others are answered without a play.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.roles.templating import refusal

CHECKOUT = Path(__file__).resolve().parents[3]
UNSET = object()

GOOD: dict[str, Any] = {
    "supabase_environment": "demo",
    "supabase_aws_region": "eu-west-1",
    "supabase_account_id": "123456789012",
    "supabase_domain": "",
    "supabase_aws_endpoint_url": "http://127.0.0.1:5000",
    "supabase_aws_access_key": "AKIAIOSFODNN7EXAMPLE",
    "supabase_aws_secret_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "supabase_helm_url": "http://127.0.0.1:8000",
    # Any file will do: nothing is installed here.
    "supabase_helm_binary_path": sys.executable,
    "cluster_services_binary_path": sys.executable,
    "eks_public_access_cidrs": ["127.0.0.0/8"],
}
# What site.yml finds by itself: the host's name, and the helm that set-up links beside Ansible.
FOUND = {"supabase_environment", "supabase_helm_binary_path", "cluster_services_binary_path"}


def profile(name: str, namespace: str) -> dict[str, Any]:
    """Return a Fargate profile of all pods of a namespace."""
    return {"name": name, "selectors": [{"namespace": namespace}]}


ADDONS = [{"name": name} for name in ("vpc-cni", "kube-proxy", "eks-pod-identity-agent", "coredns")]
FARGATE = {"configuration_values": {"computeType": "Fargate"}}
IDENTITY = {
    "pod_identity_associations": [{"service_account": "coredns", "role_arn": "arn:aws:iam::123456789012:role/dns"}]
}
# The support of Kubernetes versions ends by the calendar, and these tests do not.
TODAY = ["--extra-vars", "__eks_today=2026-11-26"]
OPERATORS = "arn:aws:iam::123456789012:role/operators"
COPIES = "arn:aws:s3:::demo-copies"
COPIES_KEY = "arn:aws:kms:eu-central-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"

CIPHERTEXT = base64.b64encode(bytes(range(160))).decode()
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"
COMMUNITY = "oci://ghcr.io/supabase-community/charts/supabase"
WEB_ACL = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/api/01234567"

# Folders of functions and migrations as users have them, by name: the content of each file by its path.
BROUGHT: dict[str, dict[str, bytes]] = {
    "functions": {
        "hello/index.ts": b"",
        "bye/index.js": b"",
        "_shared/cors.ts": b"",
        "README.md": b"\xff",
        "hello/.env": b"\xff",
    },
    "odd-functions": {"lost.ts": b"", "my function/index.ts": b"", "hello/logo.png": b"\xff"},
    "no-beginning": {"hello/handler.ts": b""},
    "own-main": {"main/index.ts": b""},
    "large-functions": {"hello/index.ts": b"a" * 524289},
    "migrations": {"20261127_a.sql": b"", "later/b.sql": b"\xff"},
    "odd-migrations": {"1 two.sql": b"", "3.sql": b"\xff", "4.sql": b"a" * 900001},
}
FOLDERS = tempfile.TemporaryDirectory(prefix="supastack-brought-")


def brought(name: str) -> str:
    """Make a folder of BROUGHT and return its path."""
    folder = Path(FOLDERS.name) / name
    for path, content in BROUGHT[name].items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return str(folder)


# variable, bad value, part of the fix that the message must name
CASES: dict[str, tuple[str, Any, str]] = {
    "environment-upper-case": ("supabase_environment", "Demo", "lower-case"),
    "environment-too-long": ("supabase_environment", "a" * 21, "3 to 20"),
    "environment-ends-with-hyphen": ("supabase_environment", "demo-", "no hyphen last"),
    "environment-two-hyphens": ("supabase_environment", "a--b", "single hyphens"),
    "name--of-the-host": ("supabase_environment", UNSET, "'name--of-the-host'"),
    "region-unknown": ("supabase_aws_region", "eu-west-99", "eu-west-1"),
    "region-empty": ("supabase_aws_region", None, "group_vars/all/main.yml"),
    "region-missing": ("supabase_aws_region", UNSET, "group_vars/all/main.yml"),
    "account-too-short": ("supabase_account_id", "12345", "12 digits"),
    "account-missing": ("supabase_account_id", UNSET, "12 digits"),
    "account-lost-its-zero": ("supabase_account_id", 12345678901, "quotes"),
    "domain-with-scheme": ("supabase_domain", "https://example.com", "without scheme"),
    "tags-reserved": ("supabase_tags", {"managed-by": "me"}, "managed-by"),
    "tags-no-mapping": ("supabase_tags", ["team"], "mapping"),
    "endpoint-elsewhere": ("supabase_aws_endpoint_url", "http://example.com:5000", "http://127.0.0.1"),
    "endpoint-looks-like-loopback": ("supabase_aws_endpoint_url", "http://127.0.0.1.example.com", "remove"),
    "endpoint-with-user": ("supabase_aws_endpoint_url", "http://127.0.0.1:80@example.com", "remove"),
    "keys-without-endpoint": ("supabase_aws_secret_key", None, "supabase_aws_profile"),
    "network-absent": ("network_state", "absent", "by the role network alone"),
    "database-absent": ("rds_state", "absent", "by the role rds alone"),
    "names-absent": ("dns_tls_state", "absent", "by the role dns_tls alone"),
    "certificate-by-another-name": ("supabase_helm_certificate_arn", CERTIFICATE, "and use dns_tls_certificate_arn"),
    "http-by-another-name": ("supabase_helm_ingress_allow_http", True, "dns_tls_allow_http and"),
    "studio-by-another-name": ("dns_tls_studio_host", "studio.example.com", "and supabase_helm_studio_host in"),
    "ingress-of-another-host": ("supabase_helm_ingress_host", "www.example.com", "for 'api.example.com'"),
    "studio-without-record": ("supabase_helm_studio_host", "studio.example.com", "'api.example.com' only"),
    "cidr-too-small": ("network_cidr", "10.40.0.0/24", "/20"),
    "cidr-too-large": ("network_cidr", "10.0.0.0/8", "/16"),
    "cidr-with-host-bits": ("network_cidr", "10.40.0.1/16", "10.40.0.0/16"),
    "cidr-no-network": ("network_cidr", "ten", "10.40.0.0/16"),
    "zones-only-one": ("network_availability_zones", ["eu-west-1a"], "two or three"),
    "zones-the-same": ("network_availability_zones", ["eu-west-1a", "eu-west-1a"], "different"),
    "zones-elsewhere": ("network_availability_zones", ["us-east-1a", "us-east-1b"], "eu-west-1"),
    "nat-of-one-zone": ("network_nat", "single", "'per_az'"),
    "nat-missing": ("network_nat", "none", "eks-auth"),
    "nat-too-few-addresses": ("network_nat_allocation_ids", ["eipalloc-0aaa"], "one address for each"),
    "egress-port-zero": ("network_egress_tcp_ports", [0], "1 to 65535"),
    "egress-ports-too-many": ("network_egress_tcp_ports", list(range(1, 17)), "20 rules"),
    "endpoint-of-s3": ("network_interface_endpoints", ["s3"], "S3 has an endpoint anyway"),
    "endpoint-twice": ("network_interface_endpoints", ["sts", "sts"], "once"),
    "flow-log-retention": ("network_flow_log_retention_days", 8, "7 or 14"),
    "given-vpc-without-subnets": ("network_vpc_id", "vpc-0aaa", "set all four"),
    "given-subnets-without-vpc": ("network_private_subnet_ids", ["subnet-0aaa"], "or none"),
    "extra-rules-of-no-tier": ("network_extra_acl_rules", {"nodes": {}}, "public, private and database"),
    "extra-rules-collide": (
        "network_extra_acl_rules",
        {"private": {"ingress": [{"rule_number": 100, "action": "allow", "protocol": "all"}]}},
        "from 300",
    ),
    "kubernetes-too-old": ("eks_kubernetes_version", "1.20", "1.35"),
    "kubernetes-no-version": ("eks_kubernetes_version", "latest", "1.35"),
    "kubernetes-out-of-support": ("eks_kubernetes_version", "1.33", "eks_upgrade_support_type"),
    "support-type": ("eks_upgrade_support_type", "FOREVER", "EXTENDED"),
    "api-without-a-way-in": ("eks_endpoint_public_access", False, "eks_controller_in_vpc"),
    "access-missing": ("eks_public_access_cidrs", UNSET, "203.0.113.7/32"),
    "access-empty": ("eks_public_access_cidrs", None, "203.0.113.7/32"),
    "access-no-network": ("eks_public_access_cidrs", ["203.0.113.7"], "203.0.113.7/32"),
    "services-public": ("eks_service_ipv4_cidr", "8.8.0.0/16", "172.20.0.0/16"),
    "services-too-small": ("eks_service_ipv4_cidr", "172.20.0.0/28", "/24"),
    "services-in-the-vpc": ("eks_service_ipv4_cidr", "10.40.64.0/20", "network_cidr '10.40.0.0/16'"),
    "services-around-the-vpc": ("eks_service_ipv4_cidr", "10.32.0.0/12", "network_cidr '10.40.0.0/16'"),
    "cidr-in-the-services": ("network_cidr", "172.20.128.0/18", "eks_service_ipv4_cidr is '172.20.0.0/16'"),
    "cidr-around-the-services": ("network_cidr", "172.20.0.0/16", "must not overlap"),
    "cluster-name-too-long": ("eks_cluster_name", "a" * 45, "up to 44"),
    "viewer-session": ("eks_viewer_principal_arns", ["arn:aws:sts::123456789012:assumed-role/a/b"], "role"),
    "revoked-session": ("eks_revoked_principal_arns", ["arn:aws:sts::123456789012:assumed-role/a/b"], "role"),
    "compute-unknown": ("eks_compute", "lambda", "managed_nodes"),
    "fargate-reserved-name": ("eks_fargate_profiles", [profile("eks-jobs", "jobs")], "without eks-"),
    "fargate-same-name": ("eks_fargate_profiles", [profile("system", "jobs")], "a name of its own"),
    "fargate-no-selector": ("eks_fargate_profiles", [{"name": "jobs", "selectors": []}], "one to five selectors"),
    "fargate-pod-identity": ("eks_fargate_profiles", [profile("api", "supabase")], "EKS pod identity"),
    "fargate-daemonsets": ("eks_fargate_profiles", [profile("agents", "kube-*")], "DaemonSets"),
    "fargate-needs": ("eks_not_on_fargate", {"jobs": ["gpu"]}, "daemonset, ebs, pod_identity"),
    "addons-daemonset-on-fargate": (
        "eks_addons",
        [*ADDONS, {"name": "eks-node-monitoring-agent", **FARGATE}],
        "remove computeType",
    ),
    "addons-pod-identity-on-fargate": (
        "eks_addons",
        [*ADDONS[:3], {**ADDONS[3], **IDENTITY}],
        "Remove its pod_identity_associations",
    ),
    "addons-missing": ("eks_addons", ADDONS[1:], "vpc-cni"),
    "addons-twice": ("eks_addons", [*ADDONS, {"name": "aws-ebs-csi-driver"}], "eks_ebs_csi_driver"),
    "admin-session": ("eks_admin_principal_arns", ["arn:aws:sts::123456789012:assumed-role/a/b"], "role"),
    "log-types": ("eks_log_types", ["coffee"], "controllerManager"),
    "log-retention": ("eks_log_retention_days", 91, "90"),
    "postgres-unsupported": ("rds_engine_version", "14", "17"),
    "postgres-no-version": ("rds_engine_version", "latest", "17"),
    "postgres-untested": ("rds_engine_version", "18", "tested with"),
    "class-unknown": ("rds_instance_class", "t4g.medium", "db.t4g.medium"),
    "storage-too-small": ("rds_allocated_storage", 5, "20 to 65536"),
    "storage-no-number": ("rds_allocated_storage", "much", "int"),
    "storage-no-room": ("rds_max_allocated_storage", 20, "tenth"),
    "retention-none": ("rds_backup_retention_days", 0, "1 to 35"),
    "windows-overlap": ("rds_maintenance_window", "sun:03:30-sun:04:30", "apart from each other"),
    "window-too-short": ("rds_backup_window", "03:00-03:20", "half an hour"),
    "window-no-time": ("rds_backup_window", "at night", '"03:00-04:00"'),
    "monitoring-interval": ("rds_monitoring_interval", 20, "0 switches"),
    "insights-days": ("rds_performance_insights_days", 30, "multiple of 31"),
    "insights-mode": ("rds_database_insights_mode", "advanced", "465 days"),
    "database-log-types": ("rds_log_types", ["audit"], "postgresql, upgrade"),
    "database-log-retention": ("rds_log_retention_days", 91, "90"),
    "restore-of-two-things": ("rds_restore_from", {"snapshot": "a", "time": "latest"}, "or nothing"),
    "restore-of-nothing": ("rds_restore_from", {"source": "demo-supabase"}, "or nothing"),
    "restore-at-night": ("rds_restore_from", {"time": "at night"}, "2026-11-26T04:00:00Z"),
    "restore-without-zone": ("rds_restore_from", {"time": "2026-11-26T04:00:00"}, "with its zone"),
    "identifier-of-no-log-group": ("rds_identifier", "my-database", "demo-supabase-SOMETHING"),
    "identifier": ("rds_identifier", "my--db", "single hyphens"),
    "parameters-fixed": ("rds_parameters", {"rds.force_ssl": 0}, "remove"),
    "bundle-missing": ("rds_ca_bundle", "/nope.pem", "https://"),
    "bundle-folder": ("rds_ca_bundle", "/usr", "PEM file"),
    "bundle-of-words": ("rds_ca_bundle", str(CHECKOUT / "LICENSE"), "has certificates"),
    "bundle-without-tls": ("rds_ca_bundle", "http://example.com/bundle.pem", "https://"),
    "alias": ("kms_secrets_key_alias", "demo", "alias/"),
    "deletion-window-too-short": ("kms_secrets_deletion_window", 6, "must be one of"),
    "ciphertext-cut-off": ("kms_secrets_ciphertexts", {"SUPABASE_DB": "AQICAHh"}, "Encrypt the value again"),
    "ciphertexts-none": ("kms_secrets_ciphertexts", None, "dict"),
    "ciphertext-missing": ("kms_secrets_ciphertexts", {"SUPABASE_DB": None}, "playbooks/encrypt.yml printed"),
    "ciphertext-of-nothing": ("kms_secrets_ciphertexts", {"SUPABASE_DBB": "AQICAHh"}, "SUPABASE_DB_ROLES"),
    "secret-empty": ("kms_secrets_values", {"SUPABASE_JWT": ""}, "leave the secret out"),
    "secret-with-slash": ("kms_secrets_values", {"SUPABASE_DB": "correct/horse"}, "printable ASCII"),
    "secret-name": ("kms_secrets_values", {"my-token": "x"}, "MY_TOKEN"),
    "store-name": ("cluster_services_secret_store_name", "My_Store", "lower-case"),
    "chart-nowhere": ("cluster_services_load_balancer_chart", "/nope", "oci://"),
    "chart-without-tls": ("cluster_services_external_dns_chart_repository", "http://example.com", "https"),
    "pool-name": ("cluster_services_node_pool_name", "My_Pool", "lower-case"),
    "nodes-of-no-kind": ("cluster_services_node_capacity_types", [], "on-demand"),
    "nodes-of-no-category": ("cluster_services_node_instance_categories", [], "[c, m, r]"),
    "nodes-of-generation-zero": ("cluster_services_node_minimum_generation", 0, "from 1 up"),
    "nodes-without-processor": ("cluster_services_node_minimum_vcpus", 0, "from 1 to 192"),
    "image-of-the-day": ("cluster_services_node_ami_alias", "al2023@latest", "al2023@v20261112"),
    "image-of-another-family": ("cluster_services_node_ami_alias", "bottlerocket@v1.2.3", "Amazon Linux 2023"),
    "nodes-without-limit": ("cluster_services_node_limits", {}, "any number of nodes"),
    "disk-too-small": ("cluster_services_node_volume_size", 8, "20 to 16384"),
    "age-no-time": ("cluster_services_node_expire_after", "a month", "720h"),
    "zone-no-id": ("cluster_services_hosted_zone_ids", ["example.com"], "Z0123456789ABC"),
    "zone-without-domain": ("cluster_services_hosted_zone_ids", ["Z0123456789ABC"], "supabase_domain"),
    "watch-absent": ("observability_state", "absent", "by the role observability alone"),
    "trail-of-nothing": ("observability_cloudtrail", "maybe", "existing"),
    "bucket": ("s3_bucket_name", "My_Bucket", "lower-case"),
    "bucket-reserved": ("s3_bucket_name", "backup--x-s3", "AWS reserves"),
    "bucket-too-long-for-its-logs": ("s3_bucket_name", "a" * 60, "of 65 characters"),
    "bucket-absent": ("s3_state", "absent", "by the role s3 alone"),
    "log-bucket": ("s3_log_bucket_name", "logs_", "lower-case"),
    "log-bucket-itself": ("s3_log_bucket_name", "demo-supabase-123456789012-eu-west-1", "as s3_bucket_name is"),
    "versions-for-no-day": ("s3_noncurrent_version_days", 0, "s3_versioning to false"),
    "versions-too-many": ("s3_noncurrent_versions_kept", 101, "0 to 100"),
    "uploads-for-no-day": ("s3_incomplete_upload_days", 0, "more than an upload takes"),
    "logs-for-no-day": ("s3_log_retention_days", 0, "1 or more"),
    "release-chart-nowhere": ("supabase_helm_chart", "/nope", "oci://"),
    "release-chart-without-version": ("supabase_helm_chart", COMMUNITY, "pin a version"),
    "release-chart-without-tls": ("supabase_helm_chart_repository", "http://example.com", "begins with https://"),
    "functions-for-another-chart": ("supabase_helm_functions_folder", brought("functions"), "leave one of the two out"),
    "helm-nowhere": ("supabase_helm_binary_path", "/nope", "install helm 3.17"),
    "release-name": ("supabase_helm_release", "My_Release", "lower-case"),
    "no-replicas": ("supabase_helm_rest_replicas", 0, "from 1 to 100"),
    "no-schema": ("supabase_helm_rest_schemas", [], "for example [public]"),
    "interval-of-no-unit": ("supabase_helm_secret_refresh_interval", "15", "15m"),
    "url-with-path": ("supabase_helm_url", "https://example.com/api", "without a path"),
    "url-of-another-host": ("supabase_helm_url", "https://www.example.com", "'https://api.example.com'"),
    "certificate-for-no-host": ("supabase_helm_certificate_arn", CERTIFICATE, "the host that the certificate is for"),
    "site-without-scheme": ("supabase_helm_site_url", "app.example.com", "with their scheme"),
    "redirects-in-one": ("supabase_helm_redirect_urls", ["https://a.example.com,https://b.example.com"], "commas"),
    "tokens-for-ever": ("supabase_helm_jwt_expiry", 604801, "which is a week"),
    "provider-of-words": ("supabase_helm_oauth_providers", {"google": "123"}, "{google: {client_id: 123"),
    "provider-without-secret": ("supabase_helm_oauth_providers", {"google": {"client_id": "1"}}, "OAUTH_GOOGLE"),
    "provider-without-id": ("supabase_helm_oauth_providers", {"google": {"secret": "OAUTH"}}, "a client_id"),
    "secret-not-brought": ("supabase_helm_auth_secrets", ["AUTH_EXTRA"], "do not bring AUTH_EXTRA"),
    "functions-nowhere": ("supabase_helm_functions_folder", "/nope", "begins with inventory_dir"),
    "functions-relative": ("supabase_helm_functions_folder", "roles", "no absolute path"),
    "functions-lost": (
        "supabase_helm_functions_folder",
        brought("odd-functions"),
        "lost.ts, my function/index.ts, hello/logo.png: put every file of code into",
    ),
    "function-without-beginning": ("supabase_helm_functions_folder", brought("no-beginning"), "an index.ts"),
    "function-called-main": ("supabase_helm_functions_folder", brought("own-main"), "call none main"),
    "function-public-and-missing": ("supabase_helm_functions_public", ["other"], "functions that there are"),
    "functions-too-large": (
        "supabase_helm_functions_folder",
        brought("large-functions"),
        "524289 bytes of the 524288 that can be kept in the cluster, most of them in hello/index.ts",
    ),
    "migrations-nowhere": ("supabase_helm_migrations_folder", "/nope", "begins with inventory_dir"),
    "migrations-none": ("supabase_helm_migrations_folder", brought("functions"), "has no *.sql"),
    "migrations-odd": ("supabase_helm_migrations_folder", brought("odd-migrations"), "1 two.sql, 3.sql, 4.sql: use"),
    "connections-too-few": ("rds_instance_class", "db.t4g.micro", "larger class, or fewer replicas"),
    "connections-unknown": ("rds_instance_class", "db.x2g.large", "Set max_connections"),
    "balancer-in-the-clear": ("supabase_helm_ingress_enabled", True, "supabase_helm_ingress_allow_http to true"),
    "certificate-elsewhere": ("supabase_helm_certificate_arn", CERTIFICATE.replace("eu", "us"), "in eu-west-1"),
    "callers-no-network": ("supabase_helm_ingress_inbound_cidrs", ["10.0.0.1/8"], "203.0.113.7/32"),
    "callers-by-name": ("supabase_helm_ingress_security_group_ids", ["web"], "sg-0aaa"),
    "callers-by-two-ways": ("supabase_helm_ingress_inbound_cidrs", ["203.0.113.0/24"], "or neither, for everybody"),
    "callers-of-many-groups": ("supabase_helm_ingress_security_group_ids", [f"sg-{n}" for n in range(6)], "up to 5"),
    "host-with-wildcard": ("supabase_helm_ingress_host", "*.example.com", "port and wildcard"),
    "policy-with-old-tls": ("supabase_helm_ingress_ssl_policy", "ELBSecurityPolicy-2016-08", "older than 1.2"),
    "idle-for-no-time": ("supabase_helm_ingress_idle_timeout", 0, "from 1 to 4000"),
    "web-acl-of-cloudfront": ("supabase_helm_waf_acl_arn", WEB_ACL, "a regional web ACL of WAF, in eu-west-1"),
    "balancer-tags-with-comma": ("supabase_helm_tags", {"team": "a,b"}, "no commas"),
    "balancer-tags-with-equals-sign": ("supabase_helm_tags", {"a=b": "c"}, "no equals sign"),
    "client-namespace": ("supabase_helm_client_namespaces", ["My_App"], "up to 63 lower-case letters"),
    "studio-at-the-api": ("supabase_helm_studio_host", "api.example.com", "two different hosts"),
    "studio-at-any-host": ("supabase_helm_studio_host", "studio.example.com", "two different hosts"),
    "studio-in-the-clear": ("supabase_helm_studio_host", "studio.example.com", "name a certificate"),
    "studio-for-nobody": ("supabase_helm_studio_cidrs", [], "list the IPv4 networks"),
    "studio-for-no-network": ("supabase_helm_studio_cidrs", ["everybody"], "203.0.113.7/32"),
    "unknown-value": ("supabase_helm_values", {"rest": {"replica": 3}}, "'replica' was unexpected"),
    "value-of-another-kind": ("supabase_helm_values", {"auth": {"pool": "many"}}, "auth.pool: 'many' is not of type"),
    "copies-without-key": ("s3_replication_bucket_arn", COPIES, "s3_replication_kms_key_arn ''"),
    "key-without-copies": ("s3_replication_kms_key_arn", COPIES_KEY, "s3_replication_bucket_arn is ''"),
}
API_HOST = {"supabase_helm_url": "", "supabase_helm_ingress_host": "api.example.com"}
SECURE = {**API_HOST, "supabase_helm_certificate_arn": CERTIFICATE}
STUDIO = {**SECURE, "supabase_helm_studio_host": "studio.example.com"}
# Values that are bad only together with these.
TOGETHER: dict[str, dict[str, Any]] = {
    "ingress-of-another-host": {"supabase_domain": "api.example.com"},
    "studio-without-record": {"supabase_domain": "api.example.com", "dns_tls_records": "external_dns"},
    "release-chart-without-tls": {"supabase_helm_chart": "supabase", "supabase_helm_chart_version": "0.7.2"},
    "functions-for-another-chart": {"supabase_helm_chart": COMMUNITY, "supabase_helm_chart_version": "0.7.2"},
    "function-public-and-missing": {"supabase_helm_functions_folder": brought("functions")},
    "connections-too-few": {"supabase_roles": ["supabase_helm"]},
    "connections-unknown": {"supabase_roles": ["supabase_helm"]},
    "url-of-another-host": SECURE,
    "certificate-for-no-host": {"supabase_helm_url": ""},
    "callers-by-two-ways": {"supabase_helm_ingress_security_group_ids": ["sg-0aaa"]},
    "balancer-tags-with-comma": {**API_HOST, "supabase_helm_ingress_allow_http": True},
    "balancer-tags-with-equals-sign": {**API_HOST, "supabase_helm_ingress_allow_http": True},
    "studio-at-the-api": SECURE,
    "studio-in-the-clear": {**API_HOST, "supabase_helm_ingress_allow_http": True},
    "studio-for-nobody": STUDIO,
    "studio-for-no-network": STUDIO,
    "api-nowhere": {"eks_endpoint_public_access": False, "eks_controller_in_vpc": True},
    "principal-twice": {"eks_admin_principal_arns": [OPERATORS]},
    "restore-into-itself": {"rds_restore_from": {"time": "latest", "source": "demo-supabase-2"}},
    "fargate-ebs": {"eks_not_on_fargate": {"jobs": ["ebs"]}},
    "nodes-none": {"eks_compute": "managed_nodes"},
    "nodes-small-maximum": {"eks_compute": "managed_nodes"},
    "nodes-outside": {"eks_compute": "managed_nodes"},
    "nodes-two-processors": {"eks_compute": "managed_nodes"},
    "nodes-no-type": {"eks_compute": "managed_nodes"},
    "nodes-removed-themselves": {"eks_compute": "managed_nodes"},
    "copies-by-name": {"s3_replication_kms_key_arn": COPIES_KEY},
    "copies-of-another-partition": {"s3_replication_kms_key_arn": COPIES_KEY},
    "copies-in-the-bucket": {"s3_replication_kms_key_arn": COPIES_KEY},
    "copies-among-the-logs": {"s3_replication_kms_key_arn": COPIES_KEY},
    "copies-by-alias": {"s3_replication_bucket_arn": COPIES},
    "copies-without-versions": {"s3_replication_bucket_arn": COPIES, "s3_replication_kms_key_arn": COPIES_KEY},
    "secret-twice": {"kms_secrets_ciphertexts": {"SUPABASE_DB": CIPHERTEXT}},
}
CASES |= {
    "secret-twice": ("kms_secrets_values", {"SUPABASE_DB": "correct-horse"}, "in one of the two"),
    "api-nowhere": ("eks_endpoint_private_access", False, "eks_endpoint_public_access to true"),
    "principal-twice": ("eks_viewer_principal_arns", [OPERATORS], "name each once"),
    "restore-into-itself": ("rds_identifier", "demo-supabase-2", "demo-supabase-2-2"),
    "fargate-ebs": ("eks_fargate_profiles", [profile("jobs", "job?")], "EBS volumes"),
    "nodes-none": ("eks_nodes_min_size", 0, "1 <= eks_nodes_min_size"),
    "nodes-small-maximum": ("eks_nodes_max_size", 2, "<= eks_nodes_max_size"),
    "nodes-outside": ("eks_nodes_desired_size", 7, "<= eks_nodes_max_size"),
    "nodes-two-processors": ("eks_nodes_instance_types", ["m7i.large", "m7g.large"], "one machine image"),
    "nodes-no-type": ("eks_nodes_instance_types", ["large"], "m7i.large"),
    "nodes-removed-themselves": ("eks_nodes_removed", ["supabase"], "another name"),
    "copies-by-name": ("s3_replication_bucket_arn", "demo-copies", "arn:aws:s3:::NAME"),
    "copies-of-another-partition": ("s3_replication_bucket_arn", "arn:aws-cn:s3:::copies", "arn:aws:s3:::NAME"),
    "copies-in-the-bucket": (
        "s3_replication_bucket_arn",
        "arn:aws:s3:::demo-supabase-123456789012-eu-west-1",
        "of your own making",
    ),
    "copies-among-the-logs": (
        "s3_replication_bucket_arn",
        "arn:aws:s3:::demo-supabase-123456789012-eu-west-1-logs",
        "of your own making",
    ),
    "copies-by-alias": (
        "s3_replication_kms_key_arn",
        "arn:aws:kms:eu-central-1:123456789012:alias/copies",
        "An alias is none",
    ),
    "copies-without-versions": ("s3_versioning", False, "leave s3_replication_bucket_arn out"),
}
# Hosts whose values are right although they look like a case above.
FINE: dict[str, dict[str, Any]] = {
    "extended": {"eks_kubernetes_version": "1.33", "eks_upgrade_support_type": "EXTENDED"},
    "private": {"eks_endpoint_public_access": False, "eks_controller_in_vpc": True, "eks_public_access_cidrs": None},
    "fargate-by-labels": {
        "eks_fargate_profiles": [
            {"name": "api", "selectors": [{"namespace": "supabase", "labels": {"fargate": "true"}}]},
            profile("jobs", "jobs"),
        ]
    },
    "copied": {"s3_replication_bucket_arn": COPIES, "s3_replication_kms_key_arn": COPIES_KEY, "s3_versioning": True},
    "longest-names": {"supabase_environment": "a" * 20, "supabase_aws_region": "ap-northeast-1"},
    "secrets": {
        "kms_secrets_ciphertexts": {"SUPABASE_DB": CIPHERTEXT},
        "kms_secrets_values": {"MY_TOKEN": "{{ 'correct-horse' }}"},
        "supabase_roles": ["kms_secrets"],
    },
    "insights": {"rds_database_insights_mode": "advanced", "rds_performance_insights_days": 465},
    "restore": {"rds_identifier": "demo-supabase-2", "rds_restore_from": {"time": "2026-11-26T04:00:00Z"}},
    "name-without-logs": {"rds_identifier": "my-database", "rds_log_types": []},
    "certificate-of-your-own": {
        "supabase_roles": ["dns_tls", "supabase_helm"],
        "supabase_domain": "api.example.com",
        "supabase_helm_url": "",
        "dns_tls_certificate_arn": CERTIFICATE,
        "supabase_helm_ingress_enabled": True,
    },
    "in-the-clear": {
        "supabase_roles": ["dns_tls", "supabase_helm"],
        "supabase_helm_url": "",
        "supabase_helm_ingress_enabled": True,
        "dns_tls_allow_http": True,
    },
    "supabase-with-all-options": {
        "supabase_roles": ["dns_tls", "supabase_helm"],
        "supabase_domain": "api.example.com",
        "supabase_helm_url": "",
        "supabase_helm_studio_host": "studio.example.com",
        "rds_instance_class": "db.t4g.medium",
        "kms_secrets_values": {"OAUTH_GOOGLE": "{{ '{}' }}", "EXTRA": "{{ '{}' }}"},
        "supabase_helm_site_url": "myapp://start",
        "supabase_helm_redirect_urls": ["https://*.example.com/**", "http*://localhost:3000/**"],
        "supabase_helm_oauth_providers": {
            "google": {"client_id": 123, "secret": "OAUTH_GOOGLE"},
            "keycloak": {"client_id": "a", "secret": "OAUTH_GOOGLE", "url": "https://login.example.com"},
        },
        "supabase_helm_auth_secrets": ["EXTRA"],
        "supabase_helm_function_secrets": ["EXTRA"],
        "supabase_helm_functions_folder": brought("functions"),
        "supabase_helm_functions_public": ["hello"],
        "supabase_helm_migrations_folder": brought("migrations"),
        "supabase_helm_ingress_inbound_cidrs": ["203.0.113.0/24"],
        "supabase_helm_client_namespaces": ["jobs"],
        "supabase_helm_studio_cidrs": ["203.0.113.7/32"],
        "supabase_helm_waf_acl_arn": "none",
        "supabase_helm_tags": {"team": "a b"},
        "supabase_helm_values": {"rest": {"resources": {"limits": None}, "pool": 5}},
    },
    "community-chart": {
        "supabase_roles": ["supabase_helm"],
        "supabase_helm_chart": COMMUNITY,
        "supabase_helm_chart_version": "0.7.2",
        "supabase_helm_values": {"of": {"another": "kind"}},
        "supabase_helm_database_class": "db.t4g.micro",
    },
    "graviton": {"eks_compute": "managed_nodes", "eks_nodes_instance_types": ["m7g.large", "t4g.large"]},
}

# Of supabase_helm: what it compares with inputs of other roles, and what it says in a loop.
PLAYED = {"secret-not-brought", "unknown-value", "certificate-by-another-name", "http-by-another-name"}
PLAYED |= {"ingress-of-another-host", "studio-without-record"}
DIRECT = {case for case, (variable, *_rest) in CASES.items() if variable.startswith("supabase_helm_")} - PLAYED

TASKS = CHECKOUT / "playbooks" / "tasks"
ROLES = yaml.safe_load((TASKS / "roles.yml").read_text())[0]["ansible.builtin.set_fact"]["supabase_roles"]


def host_variables() -> dict[str, dict[str, Any]]:
    """Return the variables of each case's host, and of two hosts that are right.

    To save time, the host of a bad value goes only through the role that it belongs to, and the VPC's addresses also
    through the one that compares them.
    """
    hosts: dict[str, dict[str, Any]] = {
        "right": {**GOOD, "supabase_roles": ROLES},
        **{
            host: {**GOOD, "supabase_roles": ["network", "eks", "rds", "s3"], **values} for host, values in FINE.items()
        },
        "defaults": {**{name: GOOD[name] for name in GOOD if name not in FOUND}, "supabase_roles": ROLES},
    }
    for case, (variable, value, _fix) in CASES.items():
        if case in DIRECT:
            continue
        roles = [role for role in ROLES if variable.startswith(f"{role}_")]
        if {"network", "eks"} & set(roles):
            roles = ["network", "eks"]
        changed = {**GOOD, "supabase_roles": roles, **TOGETHER.get(case, {}), variable: value}
        hosts[case] = {name: kept for name, kept in changed.items() if kept is not UNSET}
    return hosts


def first_play(folder: Path) -> Path:
    """Write a playbook of the first play only, beside a link to the tasks that it imports.

    Each host has the roles that it goes through.
    """
    play = yaml.safe_load((CHECKOUT / "playbooks" / "site.yml").read_text())[0]
    play["tasks"] = [task for task in play["tasks"] if task["name"] != "Roles"]
    (folder / "tasks").symlink_to(TASKS)
    playbook = folder / "validate.yml"
    playbook.write_text(yaml.safe_dump([play]))
    return playbook


@pytest.fixture(scope="session")
def messages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return what the play said to each host that failed."""
    folder = tmp_path_factory.mktemp("validate")
    inventory = folder / "hosts.yml"
    connection = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    group = {"hosts": host_variables(), "vars": connection}
    inventory.write_text(yaml.safe_dump({"supabase_environments": group}))
    environment = {"ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json", "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}
    ran = subprocess.run(
        [Path(sys.executable).parent / "ansible-playbook", "-i", inventory, first_play(folder), "--forks", "4", *TODAY],
        cwd=CHECKOUT,
        env={**os.environ, **environment, "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"), "PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2, ran.stdout + ran.stderr
    results = json.loads(ran.stdout[ran.stdout.index("{") :])
    return {
        host: " ".join(str(item.get("msg", "")) for item in result.get("results", [result]))
        for play in results["plays"]
        for task in play["tasks"]
        for host, result in task["hosts"].items()
        if result.get("failed")
    }


@pytest.mark.parametrize("host", ["right", "defaults", *FINE])
def test_right_input_passes(messages: dict[str, str], host: str) -> None:
    assert host not in messages


def direct_message(case: str) -> str:
    """What supabase_helm says to a case, without a play."""
    variable, value, _fix = CASES[case]
    return refusal("supabase_helm", **{**GOOD, **TOGETHER.get(case, {}), variable: value})


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_refused(messages: dict[str, str], case: str) -> None:
    variable, value, fix = CASES[case]
    message = direct_message(case) if case in DIRECT else messages[case]
    assert variable in message
    assert fix in message
    if value is not UNSET and value is not None:
        values = value if isinstance(value, list | dict) else [value]
        assert all(
            (json.dumps(part, sort_keys=True) if isinstance(part, dict) else str(part)) in message for part in values
        )


def test_no_message_shows_a_secret(messages: dict[str, str]) -> None:
    assert "horse" not in json.dumps(messages)


def test_the_play_calls_nothing() -> None:
    play = yaml.safe_load((CHECKOUT / "playbooks" / "site.yml").read_text())[0]
    used = {key for task in play["tasks"] for key in task if "." in key}
    assert used == {"ansible.builtin.import_tasks"}
    # The calling of roles, and the names of the roles and of the environment.
    others = {"validate_roles.yml": {"include_role"}, "roles.yml": {"set_fact"}, "environment.yml": {"set_fact"}}
    names = ("connection.yml", "inputs.yml", "names.yml", "present.yml", "shell.yml", "validate.yml", *others)
    for file in (*(TASKS / name for name in names), *CHECKOUT.glob("roles/*/tasks/validate*.yml")):
        called = {key for task in yaml.safe_load(file.read_text()) for key in task if "." in key}
        fine = {"assert", "import_tasks", "include_tasks", *others.get(file.name, ())}
        assert called <= {f"ansible.builtin.{name}" for name in fine}, file

# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""What a demo ends with: what was made, how to use it, what is real."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox import account, status
from sandbox.state import Sandbox

Json = dict[str, Any]


def render(sandbox: Sandbox, phases: list[tuple[str, float]]) -> Iterator[str]:
    """Lines of the summary; `phases` are (name, seconds)."""
    data = status.collect(sandbox)
    prefix = sandbox.prefix
    yield ""
    yield f"Supabase runs in sandbox {sandbox.name!r}."
    yield from status.table("Created", ("what", "which"), list(_created(sandbox, data)))
    yield ""
    yield "Use it"
    yield f"  API      {data['gateway_url']}"
    yield f'  keys     eval "$({prefix}make -s sandbox-env)"   then:'
    yield '           curl -H "apikey: $SUPABASE_SERVICE_ROLE_KEY" "$SUPABASE_URL/rest/v1/"'
    yield '           kubectl get pods -A; psql "$DATABASE_URL"; aws, helm and k9s work as well'
    yield f"  look     {prefix}.venv/bin/python -m sandbox status, {prefix}.venv/bin/python -m sandbox logs"
    yield f"  remove   {prefix}make demo-down"
    yield from status.table("Real, and simulated", ("part", "here", "in production"), list(_parts(data)))
    yield from status.simulated(data)
    yield from status.differences(_used_images(data).values())
    rows = [(name, f"{seconds / 60:.1f}") for name, seconds in phases]
    yield from status.table("Minutes", ("phase", "min"), rows)
    yield f"  Memory of all {len(data['processes'])} processes: {data['memory_mib']:.0f} MiB"


def _created(sandbox: Sandbox, data: Json) -> Iterator[tuple[str, str]]:
    environment = sandbox.read()["environment"]
    ec2 = account.client(sandbox, "ec2")
    mine = [{"Name": "tag:supastack:environment", "Values": [environment]}]
    for vpc in ec2.describe_vpcs(Filters=mine)["Vpcs"]:
        subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["Subnets"]
        zones = len({subnet["AvailabilityZone"] for subnet in subnets})
        yield "network", f"{vpc['VpcId']} {vpc['CidrBlock']}, {len(subnets)} subnets in {zones} zones"
    aliases = account.client(sandbox, "kms").list_aliases()["Aliases"]
    own = [item["AliasName"] for item in aliases if item["AliasName"].startswith(f"alias/{environment}")]
    yield "keys", ", ".join(own) or "-"
    secrets = account.client(sandbox, "secretsmanager").list_secrets()["SecretList"]
    yield "secrets", ", ".join(item["Name"] for item in secrets if item["Name"].startswith(f"{environment}-")) or "-"
    for cluster in data["clusters"]:
        yield "EKS", f"{cluster['name']} {cluster['version']}, {cluster['endpoint']}"
    for item in data["databases"]:
        yield "RDS", f"{item['identifier']} PostgreSQL {item['engine_version']}, 127.0.0.1:{item['local_port']}"
    buckets = account.client(sandbox, "s3").list_buckets()["Buckets"]
    yield "S3", ", ".join(item["Name"] for item in buckets if item["Name"].startswith(f"{environment}-")) or "-"


def _parts(data: Json) -> Iterator[tuple[str, str, str]]:
    yield "AWS APIs", "emulated (moto and our extension)", "AWS"
    for cluster in data["clusters"]:
        running = cluster["running_version"]
        yield "Kubernetes", f"real {running}" if running else "nothing (api-only)", f"EKS {cluster['version']}"
    for item in data["databases"]:
        here = f"real PostgreSQL {item['server_version']}" if item["running"] else "nothing (api-only)"
        yield "database", here, f"RDS PostgreSQL {item['engine_version']}"
    for item in _used_images(data).values():
        yield item["program"], item["here"], item["production"]
    simulated = [pod for pod in _pods(data) if pod["runs_as"] != status.REAL]
    for pod in simulated:
        yield f"pod {pod['namespace']}/{pod['name']}", pod["runs_as"], ", ".join(pod["images"])


def _used_images(data: Json) -> dict[str, Json]:
    used = {image for pod in _pods(data) for image in pod["images"]}
    return {reference: item for reference, item in data["images"].items() if reference in used}


def _pods(data: Json) -> list[Json]:
    return [pod for cluster in data["clusters"] for pod in cluster["pods"]]

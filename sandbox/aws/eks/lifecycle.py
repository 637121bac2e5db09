# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The real side of a cluster: threads that start and stop its control plane, and what a reset of moto stops."""

from __future__ import annotations

import base64
import contextlib
import logging
import threading
import time

from moto.ec2.models import ec2_backends
from moto.eks.models import EKSBackend, eks_backends

from sandbox import pki
from sandbox.aws.eks import nodegroup_instances
from sandbox.aws.eks.call import LOCK, Call
from sandbox.aws.eks.store import Cluster
from sandbox.aws.runtime import Runtime
from sandbox.kubernetes.control_plane import ControlPlane, Settings

_LOGGER = logging.getLogger(__name__)
# The discard port: whoever calls the API of a cluster that is not there is refused at once and stays on this machine.
PLACEHOLDER_ENDPOINT = "https://127.0.0.1:9"


def begin_creation(runtime: Runtime, cluster: Cluster) -> None:
    """Start the control plane in the background; with --api-only the cluster is ACTIVE as soon as it is described."""
    if runtime.api_only:
        authority = pki.Authority.load_or_create(runtime.sandbox.path("clusters", cluster.name, "pki"), "kubernetes")
        seconds = runtime.seconds("eks_cluster_create")

        def publish() -> None:
            _publish(cluster, PLACEHOLDER_ENDPOINT, authority.certificate_pem)

        cluster.changes.begin("cluster", cluster.name, seconds, publish)
        return
    arguments = (runtime, cluster)
    cluster.creation = threading.Thread(target=_create, args=arguments, name=f"create-{cluster.name}", daemon=True)
    cluster.creation.start()


def begin_deletion(call: Call, cluster: Cluster) -> None:
    """Stop the control plane in the background, then forget the cluster and its security group."""
    arguments = (call.runtime, call.backend, cluster)
    if call.runtime.api_only:
        seconds = call.runtime.seconds("eks_cluster_delete")
        cluster.changes.begin("cluster", cluster.name, seconds, lambda: _delete(*arguments))
        return
    threading.Thread(target=_delete, args=arguments, name=f"delete-{cluster.name}", daemon=True).start()


def stop_all(runtime: Runtime, backend: EKSBackend) -> None:
    """Stop what runs for the clusters of `backend`, before moto forgets them."""
    for cluster in list(backend.clusters.values()):
        if isinstance(cluster, Cluster):
            # What is half started now would be there after the stop.
            cluster.abandoned.set()
            if cluster.creation is not None:
                cluster.creation.join()
        control_plane(runtime, cluster.name).stop()


def control_plane(runtime: Runtime, cluster_name: str) -> ControlPlane:
    return ControlPlane(runtime.sandbox, cluster_name)


def find_cluster(name: str) -> Cluster | None:
    """A cluster of any account and region, as webhooks see them; names are unique in a sandbox."""
    for account in list(eks_backends.values()):
        for backend in list(account.values()):
            cluster = backend.clusters.get(name)
            if isinstance(cluster, Cluster):
                return cluster
    return None


def all_clusters() -> list[Cluster]:
    """Every cluster of the sandbox."""
    backends = [backend for account in list(eks_backends.values()) for backend in list(account.values())]
    return [cluster for backend in backends for cluster in backend.clusters.values() if isinstance(cluster, Cluster)]


def _create(runtime: Runtime, cluster: Cluster) -> None:
    settings = Settings(
        service_cidr=cluster.document["kubernetesNetworkConfig"]["serviceIpv4Cidr"],
        issuer=cluster.document["identity"]["oidc"]["issuer"],
        webhooks_url=runtime.webhooks_url,
        gateway=runtime.gateway,
    )
    ready = time.monotonic() + runtime.seconds("eks_cluster_create")
    try:
        endpoint = control_plane(runtime, cluster.name).start(settings)
    except Exception as error:
        # Whatever went wrong, DescribeCluster has to tell it: nobody else sees this thread.
        _LOGGER.exception("The control plane of %s did not start", cluster.name)
        with LOCK:
            cluster.set_status("FAILED", str(error))
        return
    cluster.abandoned.wait(max(0.0, ready - time.monotonic()))
    _publish(cluster, endpoint.url, endpoint.ca_pem)
    cluster.running_version = endpoint.version


def _publish(cluster: Cluster, endpoint: str, ca_pem: str) -> None:
    with LOCK:
        cluster.document["endpoint"] = endpoint
        cluster.document["certificateAuthority"] = {"data": base64.b64encode(ca_pem.encode()).decode()}
        cluster.set_status("ACTIVE")


def _delete(runtime: Runtime, backend: EKSBackend, cluster: Cluster) -> None:
    control_plane(runtime, cluster.name).stop()
    with LOCK:
        nodegroup_instances.terminate(cluster, list(cluster.retiring))
    group_id = cluster.document["resourcesVpcConfig"]["clusterSecurityGroupId"]
    # A user may have deleted the group by hand; EKS does not mind either.
    with LOCK, contextlib.suppress(Exception):
        ec2_backends[backend.account_id][backend.region_name].delete_security_group(group_id=group_id)
    with LOCK:
        backend.clusters.pop(cluster.name, None)

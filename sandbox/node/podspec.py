# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Which fields of a PodSpec the process node runs. A field that is not named here is refused, never ignored.

Names and meaning: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Fields that the node acts on, and fields that other parts act on or that change nothing for a process.
_POD = _names(
    "activeDeadlineSeconds affinity automountServiceAccountToken containers dnsConfig dnsPolicy enableServiceLinks "
    "hostAliases hostname imagePullSecrets initContainers nodeName nodeSelector os preemptionPolicy priority "
    "priorityClassName readinessGates restartPolicy runtimeClassName schedulerName securityContext serviceAccount "
    "serviceAccountName subdomain terminationGracePeriodSeconds tolerations topologySpreadConstraints volumes"
)
_CONTAINER = _names(
    "args command env envFrom image imagePullPolicy lifecycle livenessProbe name ports readinessProbe resizePolicy "
    "resources securityContext startupProbe terminationMessagePath terminationMessagePolicy volumeMounts workingDir"
)
_SECURITY = _names(
    "allowPrivilegeEscalation appArmorProfile capabilities fsGroup fsGroupChangePolicy readOnlyRootFilesystem "
    "runAsGroup runAsNonRoot runAsUser seLinuxOptions seccompProfile supplementalGroups"
)
_VOLUMES = _names("configMap downwardAPI emptyDir projected secret")
_PROJECTIONS = _names("configMap downwardAPI secret serviceAccountToken")
_PORT = _names("containerPort name protocol")
_MOUNT = _names("mountPath name readOnly subPath subPathExpr")
_PROBE = _names(
    "exec failureThreshold httpGet initialDelaySeconds periodSeconds successThreshold tcpSocket "
    "terminationGracePeriodSeconds timeoutSeconds"
)
_LIFECYCLE = _names("preStop")
_HOOK = _names("exec httpGet sleep tcpSocket")
_ENV_SOURCES = _names("configMapKeyRef fieldRef resourceFieldRef secretKeyRef")
# Without effect when false, which is their default.
_HOST_FLAGS = _names("hostIPC hostNetwork hostPID setHostnameAsFQDN shareProcessNamespace")
_CONTAINER_FLAGS = _names("stdin stdinOnce tty")
_SECURITY_FLAGS = _names("privileged")
# Any port may be bound in a pod anyway.
_CAPABILITIES = _names("NET_BIND_SERVICE")
_DNS_POLICIES = _names("ClusterFirst ClusterFirstWithHostNet Default")


def unsupported(spec: Json) -> list[str]:
    """Paths of the fields in the PodSpec `spec` that this node cannot honour; empty when it can run the pod."""
    return list(_pod(spec))


def named_port(spec_container: Json, port: int | str) -> int | None:
    """The number of a container port given by number or by name; None when no port has that name."""
    if isinstance(port, int):
        return port
    numbers = [item["containerPort"] for item in spec_container.get("ports", []) if item.get("name") == port]
    return int(numbers[0]) if numbers else None


def _pod(spec: Json) -> Iterator[str]:
    yield from _unknown("spec", spec, _POD, _HOST_FLAGS)
    yield from _security("spec.securityContext", spec.get("securityContext", {}))
    if spec.get("dnsPolicy", "ClusterFirst") not in _DNS_POLICIES:
        yield f"spec.dnsPolicy={spec['dnsPolicy']}"
    if spec.get("dnsConfig", {}).get("nameservers"):
        yield "spec.dnsConfig.nameservers"
    for volume in spec.get("volumes", []):
        path = f"spec.volumes[{volume['name']}]"
        yield from _unknown(path, volume, _VOLUMES | {"name"})
        for source in volume.get("projected", {}).get("sources", []):
            yield from _unknown(f"{path}.projected", source, _PROJECTIONS)
    for kind in ("initContainers", "containers"):
        for container in spec.get(kind, []):
            yield from _container(f"spec.{kind}[{container['name']}]", container)


def _container(path: str, container: Json) -> Iterator[str]:
    yield from _unknown(path, container, _CONTAINER, _CONTAINER_FLAGS)
    yield from _security(f"{path}.securityContext", container.get("securityContext", {}))
    for port in container.get("ports", []):
        yield from _unknown(f"{path}.ports[{port['containerPort']}]", port, _PORT)
    for mount in container.get("volumeMounts", []):
        yield from _unknown(f"{path}.volumeMounts[{mount['name']}]", mount, _MOUNT)
    for variable in container.get("env", []):
        yield from _unknown(f"{path}.env[{variable['name']}].valueFrom", variable.get("valueFrom", {}), _ENV_SOURCES)
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        yield from _unknown(f"{path}.{probe}", container.get(probe, {}), _PROBE)
    lifecycle = container.get("lifecycle", {})
    yield from _unknown(f"{path}.lifecycle", lifecycle, _LIFECYCLE)
    yield from _unknown(f"{path}.lifecycle.preStop", lifecycle.get("preStop", {}), _HOOK)


def _security(path: str, context: Json) -> Iterator[str]:
    yield from _unknown(path, context, _SECURITY, _SECURITY_FLAGS)
    for capability in context.get("capabilities", {}).get("add", []):
        if capability not in _CAPABILITIES:
            yield f"{path}.capabilities.add={capability}"


def _unknown(path: str, item: Json, known: frozenset[str], flags: frozenset[str] = frozenset()) -> Iterator[str]:
    for key, value in item.items():
        if key not in known and not (key in flags and not value):
            yield f"{path}.{key}"

# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The restricted Pod Security Standard as a check over PodSpecs.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted, which includes baseline.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.unit.chart.rendering import Manifest

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
SECCOMP = {"RuntimeDefault", "Localhost"}


def violations(spec: Manifest) -> Iterator[str]:
    """What keeps a pod out of a namespace that enforces restricted."""
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(name):
            yield name
    for volume in spec.get("volumes", []):
        yield from (f"volume {volume['name']} is {kind}" for kind in set(volume) - {"name"} - VOLUMES)
    pod = spec.get("securityContext", {})
    for container in [*spec.get("initContainers", []), *spec["containers"]]:
        yield from (f"{container['name']}: {problem}" for problem in _of_container(container, pod))


def _of_container(container: Manifest, pod: Manifest) -> Iterator[str]:
    own = container.get("securityContext", {})
    effective = {**pod, **own}
    if effective.get("runAsNonRoot") is not True or effective.get("runAsUser") == 0:
        yield "may run as root"
    if effective.get("seccompProfile", {}).get("type") not in SECCOMP:
        yield "no seccomp profile"
    if own.get("allowPrivilegeEscalation") is not False or own.get("privileged"):
        yield "may gain privileges"
    capabilities = own.get("capabilities", {})
    if capabilities.get("drop") != ["ALL"] or set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}:
        yield "keeps capabilities"
    if any(port.get("hostPort") for port in container.get("ports", [])):
        yield "uses a port of the host"

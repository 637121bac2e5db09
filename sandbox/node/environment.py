# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""A container's environment, command and arguments, as the kubelet makes them.

https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/ and the expansion
rules of k8s.io/kubernetes third_party/forked/golang/expansion.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from sandbox.node import resources
from sandbox.node.config import HOST_IP
from sandbox.node.images import Image

Json = dict[str, Any]

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# The API server's certificate has this name, not the address of its Service.
API_SERVER_NAME = "kubernetes.default.svc"

_EXPANSION = re.compile(r"\$(\$|\([^)]*\))")
_KEYED_FIELD = re.compile(r"^metadata\.(labels|annotations)\['([^']+)'\]$")
_VARIABLE_NAME = re.compile(r"^[^=\0]+$")


class ConfigError(Exception):
    """A container cannot be configured yet; the message becomes that of CreateContainerConfigError."""


class Sources(Protocol):
    """Where Secrets and ConfigMaps come from."""

    def secret(self, namespace: str, name: str) -> Json | None:
        """The Secret, or None when there is none."""

    def config_map(self, namespace: str, name: str) -> Json | None:
        """The ConfigMap, or None when there is none."""


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Replace `$(NAME)` by the variable; `$$` is a literal `$`; unknown names stay as they are."""

    def replacement(match: re.Match[str]) -> str:
        found = match.group(1)
        return "$" if found == "$" else variables.get(found[1:-1], match.group(0))

    return _EXPANSION.sub(replacement, text)


def argv(container: Json, image: Image, variables: Mapping[str, str]) -> list[str]:
    """The program and its arguments: `command` replaces the image's entrypoint and command, `args` its command."""
    command = [expand(part, variables) for part in container.get("command", [])]
    arguments = [expand(part, variables) for part in container.get("args", [])]
    if command:
        return command + arguments
    return image.entrypoint + (arguments or image.command)


def build(pod: Json, container: Json, image: Image, sources: Sources, services: Iterable[Json]) -> dict[str, str]:
    """The environment of `container`; later definitions win: image, services, envFrom, env.

    `pod` is the API object with `status.podIP` set. Raises ConfigError when a Secret, ConfigMap or key is missing.
    """
    namespace = pod["metadata"]["namespace"]
    links = service_links(services, namespace, pod["spec"].get("enableServiceLinks", True))
    variables = {"PATH": DEFAULT_PATH, "HOSTNAME": hostname(pod), **image.env, **links}
    for source in container.get("envFrom", []):
        variables.update(_env_from(source, namespace, sources))
    for item in container.get("env", []):
        value = _value(item, pod, container, sources, variables)
        if value is not None:
            variables[item["name"]] = value
    return variables


def hostname(pod: Json) -> str:
    """`spec.hostname`, or the pod's name cut to 63 characters."""
    name: str = pod["spec"].get("hostname") or pod["metadata"]["name"]
    return name[:63].rstrip("-.")


def field(pod: Json, path: str) -> str:
    """The value of a downward API `fieldPath`; raises ConfigError for a path it does not know."""
    if match := _KEYED_FIELD.match(path):
        value: str = pod["metadata"].get(match.group(1), {}).get(match.group(2), "")
        return value
    metadata, status = pod["metadata"], pod.get("status", {})
    pod_ip = status.get("podIP", "")
    values: dict[str, str] = {
        "metadata.name": metadata["name"],
        "metadata.namespace": metadata["namespace"],
        "metadata.uid": metadata["uid"],
        "metadata.labels": _key_values(metadata.get("labels", {})),
        "metadata.annotations": _key_values(metadata.get("annotations", {})),
        "spec.nodeName": pod["spec"].get("nodeName", ""),
        "spec.serviceAccountName": pod["spec"].get("serviceAccountName", "default"),
        "status.hostIP": HOST_IP,
        "status.hostIPs": HOST_IP,
        "status.podIP": pod_ip,
        "status.podIPs": pod_ip,
    }
    if path not in values:
        raise ConfigError(f"fieldPath {path!r} is not supported by the process node")
    return values[path]


def service_links(services: Iterable[Json], namespace: str, all_of_namespace: bool) -> dict[str, str]:
    """The `{SVC}_SERVICE_HOST` family for the Services of `namespace`, and always for default/kubernetes."""
    variables: dict[str, str] = {}
    for service in services:
        metadata, spec = service["metadata"], service["spec"]
        is_api = (metadata["namespace"], metadata["name"]) == ("default", "kubernetes")
        if spec.get("clusterIP") in (None, "", "None") or not spec.get("ports"):
            continue
        if is_api or (all_of_namespace and metadata["namespace"] == namespace):
            address = API_SERVER_NAME if is_api else spec["clusterIP"]
            variables.update(_links(metadata["name"].upper().replace("-", "_"), address, spec["ports"]))
    return variables


def _links(prefix: str, address: str, ports: list[Json]) -> dict[str, str]:
    first = f"tcp://{address}:{ports[0]['port']}"
    variables = {
        f"{prefix}_SERVICE_HOST": address,
        f"{prefix}_SERVICE_PORT": str(ports[0]["port"]),
        f"{prefix}_PORT": first,
    }
    for port in ports:
        number, protocol = port["port"], port.get("protocol", "TCP").lower()
        if port.get("name"):
            variables[f"{prefix}_SERVICE_PORT_{port['name'].upper().replace('-', '_')}"] = str(number)
        stem = f"{prefix}_PORT_{number}_{protocol.upper()}"
        variables[stem] = f"{protocol}://{address}:{number}"
        variables[f"{stem}_PROTO"] = protocol
        variables[f"{stem}_PORT"] = str(number)
        variables[f"{stem}_ADDR"] = address
    return variables


def _env_from(source: Json, namespace: str, sources: Sources) -> dict[str, str]:
    prefix = source.get("prefix", "")
    if reference := source.get("secretRef"):
        found = sources.secret(namespace, reference["name"])
        data = secret_data(found) if found else None
        kind = "secret"
    else:
        reference = source["configMapRef"]
        found = sources.config_map(namespace, reference["name"])
        data = {key: value.encode() for key, value in found.get("data", {}).items()} if found else None
        kind = "configmap"
    if data is None:
        if reference.get("optional"):
            return {}
        raise ConfigError(f'{kind} "{reference["name"]}" not found')
    return {prefix + key: _text(value) for key, value in data.items() if _VARIABLE_NAME.match(prefix + key)}


def _value(item: Json, pod: Json, container: Json, sources: Sources, variables: Mapping[str, str]) -> str | None:
    origin: Json = item.get("valueFrom", {})
    namespace = pod["metadata"]["namespace"]
    if reference := origin.get("secretKeyRef"):
        found = sources.secret(namespace, reference["name"])
        return _keyed("secret", reference, None if found is None else secret_data(found), namespace)
    if reference := origin.get("configMapKeyRef"):
        found = sources.config_map(namespace, reference["name"])
        data = None if found is None else {key: text.encode() for key, text in found.get("data", {}).items()}
        return _keyed("configmap", reference, data, namespace)
    if reference := origin.get("fieldRef"):
        return field(pod, reference["fieldPath"])
    if reference := origin.get("resourceFieldRef"):
        return _resource(pod, container, reference)
    return expand(item.get("value", ""), variables)


def _resource(pod: Json, container: Json, reference: Json) -> str:
    named = reference.get("containerName") or container["name"]
    spec = pod["spec"]
    try:
        for item in [*spec.get("initContainers", []), *spec["containers"]]:
            if item["name"] == named:
                return resources.field(item, reference)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    raise ConfigError(f"resourceFieldRef names container {named!r}, which the pod has not")


def _keyed(kind: str, reference: Json, data: Mapping[str, bytes] | None, namespace: str) -> str | None:
    name, key = reference["name"], reference["key"]
    if data is not None and key in data:
        return _text(data[key])
    if reference.get("optional"):
        return None
    if data is None:
        raise ConfigError(f'{kind} "{name}" not found')
    raise ConfigError(f"couldn't find key {key} in {kind} {namespace}/{name}")


def secret_data(secret: Json) -> dict[str, bytes]:
    """The decoded `data` of a Secret."""
    return {key: base64.b64decode(value) for key, value in (secret.get("data") or {}).items()}


def _text(value: bytes) -> str:
    # surrogateescape carries bytes that are not UTF-8 through to the process unchanged.
    return value.decode("utf-8", "surrogateescape")


def _key_values(items: Mapping[str, str]) -> str:
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for value in items.values())
    return "\n".join(f'{key}="{value}"' for key, value in zip(items, quoted, strict=True))

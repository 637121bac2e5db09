# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where secrets are looked for after the runs: files, the cluster's objects, what the emulated AWS was asked."""

from __future__ import annotations

import base64
import gzip
import json
import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from sandbox.aws import request_log
from sandbox.aws.request_log import Entry
from sandbox.state import Sandbox
from tools.toolchain import tool

Parts = Iterator[tuple[str, bytes]]

# Secrets go to and through these.
FOR_SECRETS = {"secretsmanager", "kms"}
MASTER_PASSWORD = re.compile(rb"MasterUserPassword=[^&]*")
RELEASE = "helm.sh/release.v1"


def files(*folders: Path) -> Parts:
    """All files below folders."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield str(path), path.read_bytes()


def sandbox_logs(sandbox: Sandbox) -> Parts:
    """The logs of the sandbox's own processes, of its clusters, databases and pods."""
    for path in sorted(sandbox.folder.rglob("*.log")):
        yield str(path.relative_to(sandbox.folder)), path.read_bytes()


def requests(sandbox: Sandbox) -> Parts:
    """What the emulated AWS was asked, but for what secrets are sent by."""
    return searchable(request_log.read(sandbox))


def searchable(entries: Iterable[Entry]) -> Parts:
    """Requests to Secrets Manager and KMS, and the master password in those to RDS, are where secrets belong."""
    for number, entry in enumerate(entries, start=1):
        if entry.service in FOR_SECRETS:
            continue
        kept = replace(entry, body=MASTER_PASSWORD.sub(b"", entry.body)) if entry.service == "rds" else entry
        head = "\n".join([kept.url, *(f"{name}: {value}" for name, value in kept.headers.items())])
        label = f"request {number}: {kept.service or 'unsigned'} {kept.method} {kept.url.partition('?')[0]}"
        yield label, head.encode() + b"\n\n" + kept.body


class Objects:
    """The objects of a cluster, read as its administrator."""

    def __init__(self, kubeconfig: Path) -> None:
        self._kubeconfig = kubeconfig

    def releases(self) -> Parts:
        """Helm's records of its releases: values, rendered objects, notes."""
        for item in self._listed("secrets", f"--field-selector=type={RELEASE}"):
            yield label(item), release(item["data"]["release"])

    def config_maps(self) -> Parts:
        """All ConfigMaps."""
        return self._parts("configmaps")

    def others(self) -> Parts:
        """Objects of every other kind but Secret."""
        names = self._kubectl("api-resources", "--verbs=list", "--output=name").split()
        kinds = [name for name in names if name not in {"secrets", "configmaps", "componentstatuses"}]
        return self._parts(",".join(kinds))

    def _parts(self, kinds: str) -> Parts:
        for item in self._listed(kinds):
            yield label(item), json.dumps(item, ensure_ascii=False).encode()

    def _listed(self, kinds: str, *options: str) -> list[dict[str, Any]]:
        printed = self._kubectl("get", kinds, "--all-namespaces", "--output=json", *options)
        found: list[dict[str, Any]] = json.loads(printed)["items"]
        return found

    def _kubectl(self, *arguments: str) -> str:
        command = [str(tool("kubectl")), "--kubeconfig", str(self._kubeconfig), *arguments]
        printed: str = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        return printed


def label(item: dict[str, Any]) -> str:
    """Kind, namespace and name of an object."""
    metadata = item["metadata"]
    return f"{item['kind']} {metadata.get('namespace', '')}/{metadata['name']}"


def release(data: str) -> bytes:
    """What helm recorded, from the data of its Secret: compressed, in base64, and this in Kubernetes' own base64."""
    return gzip.decompress(base64.b64decode(base64.b64decode(data)))

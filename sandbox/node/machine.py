# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""What a kubelet is told when its machine starts: name, size, labels, taints and certificate of the node it is to be.

For an EC2 instance the emulator writes it to a file; the node program runs one kubelet for each file that is there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.state import Sandbox, write_atomically

if TYPE_CHECKING:
    from sandbox.pki import Authority

Json = dict[str, Any]

_CERTIFICATES = "pki"


@dataclass(frozen=True)
class Machine:
    """A machine that is to become the Node `name`; `provider_id` is aws:///<zone>/<instance id>, None for Fargate's.

    `capacity` and `allocatable` are quantities by resource; `taints` are as the Node has them in its spec.
    """

    name: str
    provider_id: str | None
    labels: dict[str, str]
    taints: list[dict[str, str]]
    capacity: dict[str, str]
    allocatable: dict[str, str]
    # Files of the kubelet's client certificate and key.
    certificate: tuple[str, str] = field(default=("", ""))

    @property
    def instance_id(self) -> str | None:
        """Id of the EC2 instance, or None."""
        return self.provider_id.rpartition("/")[2] if self.provider_id else None

    def write(self, folder: Path) -> None:
        """Store it below `folder` (see `machines_folder`), which must be there."""
        write_atomically(folder / f"{self.name}.json", json.dumps(asdict(self), indent=2) + "\n")

    def remove(self, folder: Path) -> None:
        """Take away what `write` and `issue_certificate` stored."""
        for path in (folder / f"{self.name}.json", *map(Path, self.certificate)):
            path.unlink(missing_ok=True)

    @classmethod
    def of(cls, values: Json) -> Machine:
        """The machine that was stored as `values`."""
        return cls(**{**values, "certificate": tuple(values["certificate"])})


def machines_folder(sandbox: Sandbox, cluster: str) -> Path:
    """Where the machines of a cluster are stored, one file each."""
    return sandbox.path("clusters", cluster, "machines")


def stored(folder: Path) -> Iterator[Machine]:
    """All machines in `folder`, which need not be there."""
    for path in sorted(folder.glob("*.json")):
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            # It went away in this very moment.
            continue
        yield Machine.of(json.loads(text))


def issue_certificate(authority: Authority, name: str, folder: Path) -> tuple[str, str]:
    """Sign the client certificate that lets a kubelet be the Node `name`, and nothing else."""
    user = f"system:node:{name}"
    certificate, key = authority.issue(user, organization="system:nodes", client=True, folder=folder / _CERTIFICATES)
    return str(certificate), str(key)

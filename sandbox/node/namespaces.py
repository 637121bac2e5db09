# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Linux namespaces without root: the node's own user and mount namespace, and threads that live in network namespaces.

See user_namespaces(7), network_namespaces(7), mount(2).
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from sandbox.state import SandboxError

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
MS_NOSUID = 0x2
MS_NODEV = 0x4

# Containers never run as the host's root. No account has this id: Debian policy §9.2.2 reserves 65000-65533, and
# systemd's UIDS-GIDS table lists 65520-65533 as unused.
CONTAINER_ID = 65533

_ADVICE = (
    "The sandbox runs pods in user and network namespaces. Allow them (as root: "
    "`sysctl -w user.max_user_namespaces=65536`, on Debian also `kernel.unprivileged_userns_clone=1`, on Ubuntu "
    "`kernel.apparmor_restrict_unprivileged_userns=0`; in Docker `--security-opt seccomp=unconfined "
    "--security-opt apparmor=unconfined --security-opt systempaths=unconfined`), then start the sandbox again."
)

_T = TypeVar("_T")
_libc = ctypes.CDLL(None, use_errno=True)


class NamespaceError(SandboxError):
    """Namespaces are forbidden here; the message says how to allow them."""


def unshare(flags: int) -> None:
    """unshare(2) for the calling thread; raises OSError."""
    _check(_libc.unshare(flags))


def mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    """mount(2); raises OSError that names the target."""
    _check(_libc.mount(source.encode(), target.encode(), _bytes(kind), flags, _bytes(data)), target)


def caller_is_root() -> bool:
    """Whether the caller is root with ids to give away, so that containers can and must run under another one.

    Root inside a rootless container that maps a single id is a plain user in this respect.
    """
    if os.getuid() != 0:
        return False
    ranges = (line.split() for line in Path("/proc/self/uid_map").read_text(encoding="ascii").splitlines())
    return any(int(first) <= CONTAINER_ID < int(first) + int(count) for first, _unused, count in ranges)


def enter(as_root: bool) -> None:
    """Move this (single-threaded) process into a user namespace of its own, as its root, with private mounts.

    A plain user maps to root in there. The host's root (`as_root`, see `caller_is_root`) maps itself and CONTAINER_ID,
    under which containers then run. Raises NamespaceError when the host forbids it.
    """
    try:
        if as_root:
            _enter_as_root()
        else:
            _enter_as_user(os.getuid(), os.getgid())
        mount("none", "/", None, MS_REC | MS_PRIVATE)
    except OSError as error:
        raise NamespaceError(f"User namespaces do not work here ({error.strerror}). {_ADVICE}") from error


def _enter_as_user(uid: int, gid: int) -> None:
    unshare(CLONE_NEWUSER | CLONE_NEWNS)
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"0 {uid} 1\n")
    _write("/proc/self/gid_map", f"0 {gid} 1\n")


def _enter_as_root() -> None:
    # Only a process outside the new namespace may map more than one id into it.
    ready_read, ready_write = os.pipe()
    parent = os.getpid()
    helper = os.fork()
    if helper == 0:
        os.close(ready_write)
        os._exit(_write_maps(parent) if os.read(ready_read, 1) else 1)
    os.close(ready_read)
    try:
        unshare(CLONE_NEWUSER | CLONE_NEWNS)
        os.write(ready_write, b"1")
    finally:
        os.close(ready_write)
        _unused, status = os.waitpid(helper, 0)
    if status != 0:
        raise NamespaceError(
            f"Cannot map user id {CONTAINER_ID} into a user namespace: this root lacks the right to (capabilities "
            "SETUID and SETGID). Start the sandbox as a plain user instead."
        )


def _write_maps(pid: int) -> int:
    try:
        for name in ("uid_map", "gid_map"):
            _write(f"/proc/{pid}/{name}", f"0 0 1\n{CONTAINER_ID} {CONTAINER_ID} 1\n")
    except OSError:
        return 1
    return 0


class NetworkThread:
    """A thread in a network namespace of its own.

    The namespace belongs to the thread: sockets made by `run` stay in it, processes forked by `run` live in it, and it
    vanishes when the thread and they are gone. bwrap's --die-with-parent follows the forking thread, so containers die
    with this object.
    """

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"net-{name}")
        try:
            self.run(lambda: unshare(CLONE_NEWNET))
        except OSError as error:
            self._executor.shutdown()
            raise NamespaceError(f"Network namespaces do not work here ({error.strerror}). {_ADVICE}") from error
        self.descriptor: int = self.run(lambda: os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC))

    def run(self, function: Callable[[], _T]) -> _T:
        """Call `function` in the namespace and return what it returns, or raise what it raises."""
        return self._executor.submit(function).result()

    def close(self) -> None:
        """End the thread; what bwrap forked from it dies."""
        self._executor.shutdown()
        os.close(self.descriptor)


def _check(result: int, name: str | None = None) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), name)


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode()


def _write(path: str, text: str) -> None:
    Path(path).write_text(text, encoding="ascii")

# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine must bring: each check returns the message for the user, with the fix, or None."""

from __future__ import annotations

import ctypes
import errno
import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

SUPPORTED_PYTHONS = ((3, 11), (3, 13))
OLDEST_GLIBC = (2, 31)
CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x00020000, 0x10000000, 0x40000000
PR_SET_DUMPABLE = 4
NOBODY = 65534


def missing() -> list[str]:
    """One message for each prerequisite that this machine lacks."""
    return [message for check in CHECKS if (message := check())]


def machine() -> str | None:
    """Linux on x86-64: the npm and PyPI packages carry programs for it only."""
    found = f"{platform.system()} on {platform.machine()}"
    if found == "Linux on x86_64":
        return None
    return f"This is {found}; the sandbox's programs exist for Linux on x86_64 only. Fix: use such a machine or VM."


def glibc() -> str | None:
    """The C library that Envoy's package was built against."""
    library, version = platform.libc_ver()
    oldest = ".".join(map(str, OLDEST_GLIBC))
    if library == "glibc" and tuple(int(part) for part in version.split(".")[:2]) >= OLDEST_GLIBC:
        return None
    found = f"{library} {version}".strip() or "another C library (musl?)"
    return f"glibc {oldest} or newer is needed, found {found}. Fix: use Debian 11, Ubuntu 20.04, RHEL 9 or newer."


def python() -> str | None:
    """The interpreter and its venv module, which Debian and Ubuntu package apart."""
    oldest, newest = SUPPORTED_PYTHONS
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    if not oldest <= sys.version_info[:2] <= newest:
        return f"Python 3.11, 3.12 or 3.13 is needed, this is {version}. Fix: make setup PYTHON=/path/to/python3.12"
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        return f"Python {version} cannot make virtual environments. Fix: apt install python{version}-venv"
    return None


def command(name: str) -> str | None:
    """A program that must be on PATH."""
    if shutil.which(name):
        return None
    return f"{name} is not on PATH. Fix: install it (apt install {name}, dnf install {name})."


def namespaces() -> str | None:
    """User, mount and network namespaces for a user who is not root: pods of the sandbox run in them."""
    code = outcome_in_child(enter_namespaces)
    if code == 0:
        return None
    return f"User and network namespaces cannot be made ({os.strerror(code)}). Fix: {namespace_fix(code)}"


def outcome_in_child(action: Callable[[], None]) -> int:
    """Runs an action in a child process. Returns 0, or the errno of its OSError."""
    child = os.fork()
    if child == 0:
        code = errno.ENOSYS
        try:
            action()
            code = 0
        except OSError as error:
            code = error.errno or errno.EIO
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def enter_namespaces() -> None:
    """Does what unshare -Urnm does to this process, as nobody when the caller is root. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        # After a change of uid the kernel hands /proc/self to root, and the maps below could not be written.
        libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
    user, group = os.geteuid(), os.getegid()
    unshare(libc, CLONE_NEWUSER)
    write("/proc/self/setgroups", b"deny")
    write("/proc/self/uid_map", f"0 {user} 1".encode())
    write("/proc/self/gid_map", f"0 {group} 1".encode())
    unshare(libc, CLONE_NEWNET | CLONE_NEWNS)


def write(path: str, content: bytes) -> None:
    """Writes a kernel file by system calls alone: nobody may be unable to read the folder Python would import from."""
    descriptor = os.open(path, os.O_WRONLY)
    os.write(descriptor, content)
    os.close(descriptor)


def unshare(libc: ctypes.CDLL, flags: int) -> None:
    """unshare(2), which Python has only from 3.12 on."""
    if libc.unshare(flags) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def namespace_fix(code: int) -> str:
    """The setting that most likely forbids namespaces on this machine."""
    if setting("kernel/unprivileged_userns_clone") == "0":
        return "sudo sysctl -w kernel.unprivileged_userns_clone=1"
    if setting("kernel/apparmor_restrict_unprivileged_userns") == "1":
        return "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
    for name in ("user/max_user_namespaces", "user/max_net_namespaces", "user/max_mnt_namespaces"):
        if setting(name) == "0":
            return f"sudo sysctl -w {name.replace('/', '.')}=10000"
    if code == errno.ENOSPC:
        return "a limit is used up or containers are nested too deeply; raise user.max_user_namespaces by sysctl"
    return "in a container, allow them: docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined"


def setting(name: str) -> str:
    """A kernel setting's value, or an empty text when this kernel does not have it."""
    try:
        return Path("/proc/sys", name).read_text(encoding="ascii").strip()
    except OSError:
        return ""


CHECKS: tuple[Callable[[], str | None], ...] = (
    machine,
    glibc,
    python,
    lambda: command("git"),
    lambda: command("make"),
    namespaces,
)

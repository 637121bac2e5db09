# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Become the unprivileged account that runs PostgreSQL, then the program: `launch.py NATIVE INSTANCE -- PROGRAM ...`.

PostgreSQL refuses to run as root. The folders of its build and of its instance may lie under folders that only root
can enter, so while it is still root this program shows them below /tmp of a mount namespace of its own. Nobody's
permissions are widened, and the account sees nothing else that root keeps to itself.

It runs as a file, without the package on the path: it has only the standard library.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

# In the range that Debian's policy reserves and no package takes; no other process of the sandbox runs as it.
UID = 65432
VIEW = "/tmp"
NATIVE = f"{VIEW}/native"
INSTANCE = f"{VIEW}/instance"

_CLONE_NEWNS = 0x00020000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV = 1, 2, 4
_MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 32, 4096, 16384, 1 << 18
_PR_SET_NO_NEW_PRIVS = 38
# initdb wants a name for the account, which the machine does not know; peer authentication wants one for root.
_PASSWD = f"root:x:0:0:root:/:/bin/false\npostgres:x:{UID}:{UID}:PostgreSQL:{INSTANCE}:/bin/false\n"

_libc = ctypes.CDLL(None, use_errno=True)


def main(arguments: list[str]) -> None:
    """Never returns: the program takes this process' place, or the reason why not goes to stderr."""
    native, instance, separator, *command = arguments
    if separator != "--" or not command:
        raise SystemExit("usage: launch.py NATIVE INSTANCE -- PROGRAM [ARGUMENT...]")
    try:
        _show_folders(native, instance)
        _become_unprivileged()
        os.chdir(INSTANCE)
        os.execve(command[0], command, _environment())
    except OSError as error:
        raise SystemExit(
            f"Cannot run {command[0]} as uid {UID}: {error}. As root this needs CAP_SYS_ADMIN and CAP_SETUID; "
            "where they are missing, use the sandbox as an ordinary user."
        ) from error


def _environment() -> dict[str, str]:
    # Only here, in the account's own view of /tmp: earlier, anybody's library folder there would serve root.
    kept = {name: os.environ[name] for name in ("SUPASTACK_SANDBOX", "LC_ALL", "TZ") if name in os.environ}
    return {**kept, "LD_LIBRARY_PATH": f"{INSTANCE}/lib:{NATIVE}/lib", "PATH": "/usr/bin:/bin"}


def _show_folders(native: str, instance: str) -> None:
    _check(_libc.unshare(_CLONE_NEWNS), "unshare")
    _mount("none", "/", None, _MS_REC | _MS_PRIVATE)
    # Opened before /tmp is covered: the checkout may lie in it.
    sources = {target: os.open(source, os.O_PATH) for source, target in ((native, NATIVE), (instance, INSTANCE))}
    _mount("tmpfs", VIEW, "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=0755,size=1m")
    for target, source in sources.items():
        Path(target).mkdir()
        _mount(f"/proc/self/fd/{source}", target, None, _MS_BIND)
        os.close(source)
    _mount("none", NATIVE, None, _MS_BIND | _MS_REMOUNT | _MS_RDONLY | _MS_NOSUID | _MS_NODEV)
    passwd = Path(VIEW, "passwd")
    passwd.write_text(_PASSWD, encoding="ascii")
    passwd.chmod(0o644)
    _mount(str(passwd), "/etc/passwd", None, _MS_BIND)


def _become_unprivileged() -> None:
    os.setgroups([])
    os.setresgid(UID, UID, UID)
    os.setresuid(UID, UID, UID)
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")


def _mount(source: str, target: str, filesystem: str | None, flags: int, data: str | None = None) -> None:
    encoded = [text.encode() if text is not None else None for text in (source, target, filesystem)]
    options = data.encode() if data is not None else None
    _check(_libc.mount(*encoded, ctypes.c_ulong(flags), options), f"mount {target}")


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


if __name__ == "__main__":
    main(sys.argv[1:])

# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Run one command inside a running container, for exec probes and hooks; a program of its own, started by the node.

Reads `{"pid", "uid", "gid", "cwd", "env", "argv"}` as JSON from standard input, and ends with the command's exit code.
Joining a process id namespace works for children only and a user namespace only for a process with one thread, so the
node cannot do this itself: setns(2).
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from typing import Any, NoReturn

# The user namespace last: entering it gives up the rights that the others need.
_NAMESPACES = ("net", "ipc", "uts", "cgroup", "pid", "mnt", "user")
_PR_SET_PDEATHSIG = 1
_PR_CAPBSET_DROP = 24
_PR_SET_NO_NEW_PRIVS = 38
_LAST_CAPABILITY = 40
_CANNOT_EXECUTE = 126

_libc = ctypes.CDLL(None, use_errno=True)


def main() -> int:
    """Join the container, run the command, return its exit code (128 + signal number when killed)."""
    request: dict[str, Any] = json.load(sys.stdin)
    _join(request["pid"])
    child = os.fork()
    if child == 0:
        _execute(request)
    _unused, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _join(pid: int) -> None:
    descriptors = []
    for name in _NAMESPACES:
        descriptors.append((name, os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY | os.O_CLOEXEC)))
    for name, descriptor in descriptors:
        if _libc.setns(descriptor, 0) != 0 and name != "cgroup":
            raise OSError(ctypes.get_errno(), f"cannot join the {name} namespace of process {pid}")


def _execute(request: dict[str, Any]) -> NoReturn:
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.setresgid(request["gid"], request["gid"], request["gid"])
        for capability in range(_LAST_CAPABILITY + 1):
            _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
        os.setresuid(request["uid"], request["uid"], request["uid"])
        _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        # Changing ids clears it, so it comes after them: the command dies with this program.
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        os.chdir(request["cwd"])
        os.execvpe(request["argv"][0], request["argv"], request["env"])
    except OSError as error:
        sys.stderr.write(f"{request['argv'][0]}: {error.strerror}\n")
        sys.stderr.flush()
        os._exit(_CANNOT_EXECUTE)


if __name__ == "__main__":
    sys.exit(main())

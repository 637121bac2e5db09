# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An Ansible module that tells what it finds in its process."""

from __future__ import annotations

import atexit
import builtins
import ctypes
import gc
import getpass
import json
import locale
import logging
import os
import pkgutil
import random
import resource
import secrets
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
import typing as t
import uuid
import warnings
from pathlib import Path

from ansible.module_utils import basic
from ansible.module_utils.basic import AnsibleModule

# Of /proc/self/status: what a process gets from its parent.
INHERITED = (
    "CapAmb",
    "CapBnd",
    "CapEff",
    "CapInh",
    "CapPrm",
    "Cpus_allowed",
    "Gid",
    "Groups",
    "NoNewPrivs",
    "Seccomp",
    "SigBlk",
    "SigCgt",
    "SigIgn",
    "SigPnd",
    "Threads",
    "TracerPid",
    "Uid",
    "Umask",
)
PR_GET_PDEATHSIG = 2
PR_GET_DUMPABLE = 3
PR_GET_TIMERSLACK = 30
PR_GET_CHILD_SUBREAPER = 37
FILE = globals().get("__file__")
SPEC = globals().get("__spec__")


def kind(file: int) -> str:
    """Return what a descriptor is open on."""
    try:
        mode = os.fstat(file).st_mode
    except OSError as error:
        return type(error).__name__
    tests = {"pipe": stat.S_ISFIFO, "socket": stat.S_ISSOCK, "file": stat.S_ISREG, "device": stat.S_ISCHR}
    return next((name for name, test in tests.items() if test(mode)), "other")


def stream(name: str) -> dict[str, t.Any]:
    """Return what sys.stdin, sys.stdout or sys.stderr is."""
    file = getattr(sys, name)
    names = ("closed", "encoding", "errors", "line_buffering", "mode", "name", "newlines", "write_through")
    return {
        "same": file is getattr(sys, f"__{name}__"),
        "kind": kind(file.fileno()),
        "type": type(file).__name__,
        "terminal": file.isatty(),
        "blocking": os.get_blocking(file.fileno()),
        "buffer": type(file.buffer).__name__,
        **{attribute: getattr(file, attribute, None) for attribute in names},
    }


def process() -> dict[str, t.Any]:
    """Return what the kernel knows of this process."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines())
    libc = ctypes.CDLL(None)
    death, reaper = ctypes.c_int(), ctypes.c_int()
    libc.prctl(PR_GET_PDEATHSIG, ctypes.byref(death))
    libc.prctl(PR_GET_CHILD_SUBREAPER, ctypes.byref(reaper))
    limits = {name: resource.getrlimit(getattr(resource, name)) for name in dir(resource) if name.startswith("RLIMIT_")}
    del limits["RLIMIT_CORE"]
    umask = os.umask(0)
    os.umask(umask)
    return {
        "status": {name: status[name].split() for name in INHERITED if name in status},
        "directory": str(Path.cwd()),
        "umask": umask,
        "limits": limits,
        "nice": os.nice(0),
        "scheduler": os.sched_getscheduler(0),
        "oom": Path("/proc/self/oom_score_adj").read_text(encoding="ascii"),
        "leads_group": os.getpgrp() == os.getpid(),
        "leads_session": os.getsid(0) == os.getpid(),
        "terminal": Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[4],
        "parent_death_signal": death.value,
        "subreaper": reaper.value,
        "dumpable": libc.prctl(PR_GET_DUMPABLE, 0, 0, 0, 0),
        "timer_slack": libc.prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0),
        "itimers": [signal.getitimer(number) for number in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL)],
        "user": getpass.getuser(),
    }


def child() -> dict[str, t.Any]:
    """Return what a program gets that is started without any precautions."""
    script = "cd /proc/self/fd; for f in *; do echo $f $(readlink $f | sed 's/:.*//'); done; ulimit -a; umask; env"
    started = subprocess.run(
        ["/bin/sh", "-c", script], close_fds=False, stdin=None, stdout=subprocess.PIPE, text=True, check=True
    )
    lines = started.stdout.splitlines()
    files = [line for line in lines if line[:1].isdigit() and line[-1:].isalpha()]
    return {
        "files": sorted(files),
        "rest": sorted(line for line in lines if line not in files and not line.startswith(("core", "PWD="))),
    }


def interpreter() -> dict[str, t.Any]:
    """Return what sys says."""
    path = [entry for entry in sys.path if "_payload" not in entry]
    return {
        "argv": sys.argv,
        "orig_argv": getattr(sys, "orig_argv", None),
        "flags": str(sys.flags),
        "path": path,
        "payload_first": "_payload" in sys.path[0] and len(path) == len(sys.path) - 1,
        "executable": sys.executable,
        "prefixes": [sys.prefix, sys.base_prefix, sys.exec_prefix],
        "version": sys.version,
        "dont_write_bytecode": sys.dont_write_bytecode,
        "pycache_prefix": sys.pycache_prefix,
        "warnoptions": sys.warnoptions,
        "xoptions": getattr(sys, "_xoptions", None),
        "recursion": sys.getrecursionlimit(),
        "switch": sys.getswitchinterval(),
        "digits": getattr(sys, "get_int_max_str_digits", int)(),
        "traced": [sys.gettrace() is not None, sys.getprofile() is not None],
        "hooks": [
            sys.excepthook is sys.__excepthook__,
            sys.displayhook is sys.__displayhook__,
            sys.unraisablehook is sys.__unraisablehook__,
            threading.excepthook is threading.__excepthook__,
        ],
        "collector": [gc.isenabled(), gc.get_threshold(), gc.get_debug()],
        "threads": [thread.name for thread in threading.enumerate()],
        "builtins": sorted(vars(builtins)),
        "atexit": atexit._ncallbacks(),
        "warnings": [str(item[:3]) for item in warnings.filters],
        "logging": [len(logging.root.handlers), logging.root.level, logging.root.disabled],
        "tempdir": tempfile.tempdir,
        "handlers": {number.name: str(signal.getsignal(number)) for number in sorted(signal.valid_signals(), key=int)
                     if isinstance(number, signal.Signals)},
    }  # fmt: skip


def main_module() -> dict[str, t.Any]:
    """Return what __main__ is."""
    main = sys.modules["__main__"]
    loader = getattr(main, "__loader__", None)
    return {
        "is_this": vars(main) is globals(),
        "names": sorted(vars(main)),
        "file": FILE,
        "spec": [getattr(SPEC, name, None) for name in ("name", "origin", "has_location", "cached", "parent")],
        "package": getattr(main, "__package__", None),
        "sources": [
            loader.get_source("ansible.legacy.look").splitlines()[0] if loader else "",
            str((pkgutil.get_data("ansible.module_utils", "basic.py") or b"")[:20]),
        ],
        "json": json.__file__,
        "basic": [
            getattr(basic, name, None) for name in ("__name__", "__package__", "__file__", "__doc__", "__path__")
        ],
        "packages": [vars(sys.modules[name]).get("__path__") for name in ("ansible", "ansible.module_utils")],
        "code": AnsibleModule.exit_json.__code__.co_filename,
        "found": sorted(item.name for item in pkgutil.iter_modules(sys.modules["ansible.module_utils"].__path__)),
    }


def words() -> dict[str, t.Any]:
    """Return what depends on the locale and the time zone."""
    return {
        "default": sys.getdefaultencoding(),
        "file_system": [sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()],
        "preferred": locale.getpreferredencoding(False),
        "locale": {name: locale.setlocale(getattr(locale, name), None) for name in ("LC_CTYPE", "LC_TIME", "LC_ALL")},
        "zone": time.tzname,
        "offset": time.strftime("%z", time.localtime(0)),
        "written": "ü".encode(sys.stdout.encoding, "replace").decode("latin-1"),
        "argument": os.fsencode("ü\udcff").decode("latin-1") if sys.getfilesystemencoding() == "utf-8" else "",
    }


def chances() -> dict[str, t.Any]:
    """Return what must never be the same in two tasks."""
    with tempfile.NamedTemporaryFile() as file:
        name = file.name
    return {
        "random": random.random(),
        "secret": secrets.token_hex(),
        "uuid1": str(uuid.uuid1()),
        "uuid4": str(uuid.uuid4()),
        "temporary": name,
        "pid": os.getpid(),
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule({"chances": {"type": "bool", "default": False}}, supports_check_mode=True)
    if module.params["chances"]:
        module.exit_json(**chances())
    module.exit_json(
        changed=False,
        environment=dict(os.environ),
        raw_environment={key.decode("latin-1"): value.decode("latin-1") for key, value in os.environb.items()},
        process=process(),
        child=child(),
        interpreter=interpreter(),
        main=main_module(),
        words=words(),
        streams={name: stream(name) for name in ("stdin", "stdout", "stderr")},
        stdin=sys.stdin.read(),
    )


if __name__ == "__main__":
    main()

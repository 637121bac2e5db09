# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An Ansible module that tells what it finds changed in its interpreter, and then changes all of it."""

from __future__ import annotations

import builtins
import decimal
import gc
import json
import locale
import logging
import os
import signal
import socket
import sys
import tempfile
import threading
import time
import typing as t
import warnings
from pathlib import Path

from ansible.module_utils import basic
from ansible.module_utils.parsing import convert_bool

real_dumps = json.dumps


def found() -> dict[str, t.Any]:
    """Return what `pollute` changes, as it is."""
    umask = os.umask(0)
    os.umask(umask)
    return {
        "variable": os.environ.get("POLLUTED"),
        "directory": str(Path.cwd()),
        "umask": umask,
        "path": "/polluted" in sys.path,
        "module": "polluted" in sys.modules,
        "builtin": hasattr(builtins, "polluted"),
        "json": json.dumps.__name__,
        "booleans": "polluted" in convert_bool.BOOLEANS_TRUE,
        "basic": hasattr(basic, "polluted"),
        "class": hasattr(basic.AnsibleModule, "polluted"),
        "zone": time.tzname,
        "locale": locale.setlocale(locale.LC_CTYPE, None),
        "precision": decimal.getcontext().prec,
        "collector": gc.isenabled(),
        "handlers": len(logging.root.handlers),
        "alarm": str(signal.getsignal(signal.SIGALRM)),
        "timeout": socket.getdefaulttimeout(),
        "recursion": sys.getrecursionlimit(),
        "tempdir": tempfile.tempdir,
        "threads": threading.active_count(),
        "filters": any("polluted" in str(item) for item in warnings.filters),
        "stdin": sys.stdin is sys.__stdin__,
        "argv": sys.argv,
    }


def pollute() -> None:
    """Change everything that `found` looks at."""
    os.environ.update(POLLUTED="yes", TZ="Asia/Tokyo")
    time.tzset()
    os.chdir("/tmp")
    os.umask(0o777)
    sys.path.append("/polluted")
    sys.modules["polluted"] = sys
    builtins.polluted = True  # type: ignore[attr-defined]

    def polluted(*args: t.Any, **kwargs: t.Any) -> str:
        return real_dumps(*args, **kwargs)

    json.dumps = polluted
    convert_bool.BOOLEANS_TRUE = frozenset({"polluted"} | convert_bool.BOOLEANS_TRUE)
    basic.polluted = True
    basic.AnsibleModule.polluted = True
    locale.setlocale(locale.LC_CTYPE, "C")
    decimal.getcontext().prec = 3
    gc.disable()
    logging.basicConfig()
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    socket.setdefaulttimeout(3)
    sys.setrecursionlimit(500)
    tempfile.tempdir = "/polluted"
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    warnings.filterwarnings("ignore", "polluted")
    sys.argv.append("polluted")


def main() -> None:
    """Run the module."""
    module = basic.AnsibleModule({})
    result = found()
    pollute()
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()

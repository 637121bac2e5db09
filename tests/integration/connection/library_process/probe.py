# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An Ansible module that runs the code it is given, and tells which process runs it."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    """Run the code; it may add to `result`."""
    parent = os.getppid()
    is_warm = Path(f"/proc/{parent}/cmdline").read_bytes().endswith(b"\0-\0supastack.aws.warm\0")
    module = AnsibleModule(
        {"code": {"type": "str", "default": ""}, "secret": {"type": "str", "no_log": True}}, supports_check_mode=True
    )
    result: dict[str, t.Any] = {}
    exec(module.params["code"], {"module": module, "result": result})
    module.exit_json(pid=os.getpid(), parent=parent, warm=is_warm, **result)


if __name__ == "__main__":
    main()

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load once, before the first task, what Ansible's workers would load for each task again."""

from __future__ import annotations

DOCUMENTATION = r"""
name: preload
type: aggregate
short_description: Load the plugins that tasks need once for the whole run
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Ansible runs each task on each host in a process of its own, which it forks from its main process. A plugin that the
    main process has not loaded is loaded by each of them again, with its documentation and the Python packages that it
    imports. Botocore alone takes a fifth of a second each time.
  - This callback loads such plugins in the main process, before the first task. It prints nothing and changes no
    result. A no-op run of C(playbooks/site.yml) gets a fifth shorter.
requirements:
  - enabling it in the configuration
options:
  preload_plugins:
    description:
      - The plugins, each as its type, a colon and its full name. Those of types C(filter) and C(test) bring all others
        of their file along.
      - One that is not installed is passed over with a warning.
    type: list
    elements: str
    default:
      - action:ansible.builtin.assert
      - action:ansible.builtin.normal
      - action:ansible.builtin.set_fact
      - action:ansible.builtin.validate_argument_spec
      - action:kubernetes.core.helm
      - action:kubernetes.core.k8s_info
      - connection:ansible.builtin.local
      - connection:supastack.aws.warm
      - filter:ansible.builtin.combine
      - filter:ansible.builtin.regex_replace
      - filter:supastack.aws.aws_partition
      - lookup:ansible.builtin.config
      - lookup:ansible.builtin.env
      - lookup:ansible.builtin.file
      - lookup:ansible.builtin.fileglob
      - lookup:ansible.builtin.template
      - lookup:supastack.aws.eks_token
      - shell:ansible.builtin.sh
      - test:ansible.builtin.defined
      - test:ansible.builtin.match
    env:
      - name: ANSIBLE_PRELOAD_PLUGINS
    ini:
      - section: supastack_aws_preload
        key: plugins
notes:
  - The main process grows by about 30 MiB, which its workers share.
seealso:
  - plugin: supastack.aws.warm
    plugin_type: connection
"""

EXAMPLES = r"""
ansible.cfg: |
  [defaults]
  callbacks_enabled = supastack.aws.preload, supastack.aws.timeline
"""

import typing as t
from importlib import import_module

from ansible.plugins import loader
from ansible.plugins.callback import CallbackBase
from ansible_collections.supastack.aws.plugins import plugin_utils

# What that connection imports only where it is used.
WARM_PARTS = ("built", "place", "shell", "wire")


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Loads plugins before the first play."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "supastack.aws.preload"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_start(self, playbook: t.Any) -> None:
        """Load them all."""
        for entry in self.get_option("preload_plugins"):
            kind, _colon, name = entry.partition(":")
            plugins = getattr(loader, f"{kind}_loader", None)
            if plugins is None or plugins.get(name, class_only=True) is None:
                self._display.warning(f"preload_plugins: there is no {entry!r}. Give type, colon and full name.")
            elif name == "supastack.aws.warm":
                for part in WARM_PARTS:
                    import_module(f"{plugin_utils.__name__}._warm.{part}")

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run modules on this controller in forks of one interpreter that has everything loaded."""

from __future__ import annotations

DOCUMENTATION = r"""
name: warm
short_description: Run modules on the controller without starting Python for each task
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Does what P(ansible.builtin.local#connection) does, with the same results, and needs a third of its time for modules
    of cloud collections, which spend most of theirs on starting Python, compiling sources, importing boto3 or the
    Kubernetes client, and parsing descriptions of services.
  - The first task of a run starts the warm process. Each task is run by a fork of it. What a task had to load itself,
    the warm process loads for those that follow, and writes down for the next run of the same playbook, which loads it
    from its first task on.
  - Tasks it does not fit are run by P(ansible.builtin.local#connection), among them those with C(become) or C(async),
    raw commands, modules that are no Python modules, modules with a debugger or with coverage measured, and all tasks
    on other systems than Linux.
requirements:
  - Linux 5.3
  - Python 3.9 as the interpreter of modules
options:
  pipelining:
    description:
      - Modules reach the warm process by pipelining. Without it, this is P(ansible.builtin.local#connection).
    type: bool
    default: true
    env:
      - name: ANSIBLE_PIPELINING
    ini:
      - section: connection
        key: pipelining
      - section: defaults
        key: pipelining
    vars:
      - name: ansible_pipelining
  warm_idle_timeout:
    description:
      - Seconds without a task after which the warm process ends, should the run of Ansible take that long for something
        else. It ends with the run in any case.
    type: int
    default: 300
    env:
      - name: ANSIBLE_WARM_IDLE_TIMEOUT
    ini:
      - section: supastack_aws_warm
        key: idle_timeout
    vars:
      - name: ansible_warm_idle_timeout
  warm_memory_limit:
    description:
      - MiB of memory from which on the warm process loads nothing more. A run that uses AWS and Kubernetes modules
        needs about 120.
    type: int
    default: 512
    env:
      - name: ANSIBLE_WARM_MEMORY_LIMIT
    ini:
      - section: supastack_aws_warm
        key: memory_limit
    vars:
      - name: ansible_warm_memory_limit
  warm_python_interpreter:
    description:
      - The interpreter for which the warm process is started with the first task, before any module runs. Interpreters
        that are found out later, or belong to single tasks, get theirs with the first module.
    type: str
    vars:
      - name: ansible_python_interpreter
  become_success_timeout:
    description:
      - As in P(ansible.builtin.local#connection), which runs tasks with C(become).
    type: int
    default: 10
    vars:
      - name: ansible_local_become_success_timeout
  become_strip_preamble:
    description:
      - As in P(ansible.builtin.local#connection), which runs tasks with C(become).
    type: bool
    default: true
    vars:
      - name: ansible_local_become_strip_preamble
notes:
  - There is one warm process for each interpreter, and for each set of variables such as C(LANG), C(TZ) and
    C(PYTHONPATH) that an interpreter reads when it starts. Tasks whose environment makes a difference to what has been
    imported are run by P(ansible.builtin.local#connection).
  - When a file that was loaded changes, or a folder in which Python looks for modules, another warm process takes over.
  - The warm process never sees the arguments of a task, nor its environment. Only the fork does that runs it. It
    answers to this user alone.
  - What it writes down are names of modules, libraries and service models, in C(supastack_aws_warm) in Ansible's home
    folder (C(ANSIBLE_HOME)). The folder may be removed at any time.
  - Tasks run without core dumps.
  - With C(-vvv), Ansible tells for each task that the warm process could not run, why.
seealso:
  - plugin: ansible.builtin.local
    plugin_type: connection
"""

EXAMPLES = r"""
- name: One environment, made from this controller
  hosts: supabase_environments
  gather_facts: false
  vars:
    ansible_connection: supastack.aws.warm
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  roles:
    - supastack.aws.network
"""

import contextlib
import os
import sys
import typing as t
from pathlib import Path

import ansible.constants as C
from ansible import context
from ansible.errors import AnsibleOptionsError
from ansible.plugins.connection import ensure_connect
from ansible.plugins.connection.local import Connection as Local
from ansible.utils.display import Display

# Every task loads this file anew, and Python compiles it then: what not every task needs is imported where it is used.
if t.TYPE_CHECKING:
    from ansible_collections.supastack.aws.plugins.plugin_utils._warm.place import Place
    from ansible_collections.supastack.aws.plugins.plugin_utils._warm.shell import Command

display = Display()

LINUX = sys.platform == "linux"
# In every source that Ansible makes of a Python module.
ANSIBALLZ = b"\n_ANSIBALLZ_WRAPPER = True\n"
# And in those that run without debugger and without measuring coverage.
PLAIN = b"\nextensions={},\n"
# What makes a run of Ansible like another one: what it plays, and how much of it.
ALIKE = ("args", "check", "inventory", "skip_tags", "subset", "tags")
MIB = 1 << 20


class Connection(Local):  # type: ignore[misc]
    """The connection local, but for the time it takes."""

    def set_options(self, *args: t.Any, **kwargs: t.Any) -> None:
        """Take the options of a task; with the first one, start the warm process, so that it is ready when needed."""
        super().set_options(*args, **kwargs)
        for name, unit in (("warm_idle_timeout", "second"), ("warm_memory_limit", "MiB")):
            if self.get_option(name) < 1:
                raise AnsibleOptionsError(f"ansible_{name} is {self.get_option(name)}: give at least 1 {unit}.")
        interpreter = self.get_option("warm_python_interpreter") or ""
        if LINUX and self.get_option("pipelining") and interpreter.startswith("/") and not self._folder().exists():
            from ansible_collections.supastack.aws.plugins.plugin_utils._warm.place import UnusableError

            # The task that needs it will tell why there is none.
            with contextlib.suppress(UnusableError):
                self._place().begin(interpreter, dict(os.environb))
        elif (self._folder() / "built.json").exists():
            from ansible_collections.supastack.aws.plugins.plugin_utils._warm.built import forget_outdated

            forget_outdated(self._folder())

    @ensure_connect  # type: ignore[untyped-decorator]
    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        """Run a command on this machine.

        :returns: the shell's exit code, stdout and stderr.
        """
        if LINUX and in_data and ANSIBALLZ in in_data and PLAIN in in_data and not (self.become and sudoable):
            from ansible_collections.supastack.aws.plugins.plugin_utils._warm import place, shell

            try:
                executable = C.DEFAULT_EXECUTABLE.split()[0] if C.DEFAULT_EXECUTABLE else None
                return self._run(shell.Command.parse(cmd, executable, self.cwd), in_data)
            except (place.UnusableError, shell.ShellError) as reason:
                display.vvv(f"WARM leaves this to local: {reason}", host=self._play_context.remote_addr)
        result: tuple[int, bytes, bytes] = super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        return result

    def _run(self, command: Command, source: bytes) -> tuple[int, bytes, bytes]:
        from ansible_collections.supastack.aws.plugins.plugin_utils._warm import wire

        umask, environment = command.surroundings()
        request = wire.Request(source, self.cwd or os.fsencode(Path.cwd()), umask, environment)
        code, stdout, stderr = self._place().run(command.interpreter, request)
        display.vvv(f"EXEC {command.interpreter} (warm)", host=self._play_context.remote_addr)
        if code < 0:
            code, words = command.killed(-code)
            stderr += words
        return code, stdout, stderr

    def _folder(self) -> Path:
        return Path(C.DEFAULT_LOCAL_TMP, "warm")

    def _place(self) -> Place:
        from ansible_collections.supastack.aws.plugins.plugin_utils._warm import place

        return place.Place.of(
            self._folder(),
            Path(C.config.get_config_value("ANSIBLE_HOME"), "supastack_aws_warm"),
            [Path.cwd(), *(context.CLIARGS.get(name) for name in ALIKE)],
            idle_seconds=self.get_option("warm_idle_timeout"),
            memory_bytes=self.get_option("warm_memory_limit") * MIB,
        )

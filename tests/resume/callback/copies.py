# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""A run of Ansible that stops before one of its plays, and goes on from there as often as it is told to.

The plays before that one ask AWS nothing: a run that goes on from here is one that has just begun, and ten seconds
cheaper. RESUME_SOCKET is where orders come from, RESUME_PLAY the number of the play, from 1.
"""

from __future__ import annotations

import ctypes
import inspect
import json
import os
import socket
import sys
from contextlib import suppress
from typing import Any

from ansible.executor.task_queue_manager import FinalQueue, TaskQueueManager
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: copies
type: aggregate
short_description: Go on from a play as often as told to
description: See the source.
"""
# prctl(2): whoever loses its parent becomes a child of this process, so that it is found when all are killed.
PR_SET_CHILD_SUBREAPER = 36


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Forks the run."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "copies"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._playbook: Any = None
        self._plays = 0
        self._is_copy = False
        # Before the first task, which starts the warm process.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def v2_playbook_on_start(self, playbook: Any) -> None:
        """Remember the plays."""
        self._playbook = playbook

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """Wait for orders before the play that was asked for."""
        self._plays += 1
        if self._plays == int(os.environ["RESUME_PLAY"]):
            self._obey(play)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """End without what the end of the one and only run would remove."""
        if self._is_copy:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(2 if stats.failures or stats.dark else 0)

    def _obey(self, play: Any) -> None:
        """Go on in a fork for each order; without another one, end."""
        with socket.socket(socket.AF_UNIX) as orders:
            orders.connect(os.environ["RESUME_SOCKET"])
            for line in orders.makefile("r"):
                pid = os.fork()
                if not pid:
                    self._become_copy(play, **json.loads(line))
                    return
                _pid, status = os.waitpid(pid, 0)
                with suppress(ChildProcessError):
                    while os.waitpid(-1, os.WNOHANG)[0]:
                        pass
                orders.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
        os._exit(0)

    def _become_copy(self, play: Any, output: str, tags: list[str], variables: dict[str, Any]) -> None:
        self._is_copy = True
        file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        for descriptor in (1, 2):
            os.dup2(file, descriptor)
        os.close(file)
        # A worker that was killed may have locked it.
        frames = (frame.frame.f_locals.get("self") for frame in inspect.stack(0))
        next(owner for owner in frames if isinstance(owner, TaskQueueManager))._final_q = FinalQueue()
        # As of the command line.
        for one in (play, *self._playbook.get_plays()):
            one.only_tags = set(tags)
        play.get_variable_manager().extra_vars.update(variables)

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take a secret from whoever runs the playbook: typed unseen, from a file, or from standard input."""

from __future__ import annotations

DOCUMENTATION = r"""
name: secret_input
short_description: Secret that somebody types, or that a file or standard input holds
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Asks for a value, twice and without showing it, or reads it. So it is neither in the process list nor in the
    history of the shell, as an extra variable would be.
  - Line ends at the end of the value do not belong to it.
options:
  _terms:
    description: What is asked for, such as the name of the secret.
    type: list
    elements: str
    required: true
  file:
    description:
      - File to read instead of asking. V(-) is the standard input of ansible-playbook, a pipe or a file.
      - A relative path begins in the folder that ansible-playbook was started in.
    type: str
    default: ''
notes:
  - Ansible evaluates a variable that holds this lookup at each use, and each time it would ask. Store the result with
    M(ansible.builtin.set_fact) and C(no_log=true).
  - Standard input can be read on Linux only. Ansible gives its workers another one.
"""

EXAMPLES = r"""
- name: Take the password
  ansible.builtin.set_fact:
    password: "{{ lookup('supastack.aws.secret_input', 'SUPABASE_DB', file=secret_file | default('')) }}"
  no_log: true
"""

RETURN = r"""
_raw:
  description: The value.
  type: list
  elements: str
"""

import multiprocessing
import os
import typing as t
from pathlib import Path

from ansible.errors import AnsibleError, AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display

display = Display()


def ask(what: str) -> bytes:
    """Return what somebody types, twice the same.

    :raises AnsibleLookupError: when nobody can, or the two differ.
    """
    try:
        answers = [
            display.prompt_until(f"{prompt} (not shown), then Enter:", private=True)
            for prompt in (f"Value of {what}", f"Value of {what} once more")
        ]
    except AnsibleError as error:
        raise AnsibleLookupError(
            f"secret_input: nobody can be asked for {what} here ({error}). Give a file, or - to read standard input."
        ) from None
    if answers[0] != answers[1]:
        raise AnsibleLookupError(f"secret_input: the two values typed for {what} differ. Nothing was done, try again.")
    return bytes(answers[0])


def standard_input() -> Path:
    """Return the standard input of ansible-playbook, of which this process may be a worker with another one.

    :raises AnsibleLookupError: when it cannot be read from here, or is a terminal, which would show what is typed.
    """
    main = multiprocessing.parent_process()
    path = Path(f"/proc/{main.pid if main else 'self'}/fd/0")
    if not path.exists():
        raise AnsibleLookupError("secret_input: - needs /proc, which Linux has. Give the path of a file.")
    if str(path.readlink()).startswith(("/dev/pts/", "/dev/tty", "/dev/console")):
        raise AnsibleLookupError(
            "secret_input: - is a terminal here. Pipe the value in, or leave file out to be asked."
        )
    return path


def read(name: str) -> bytes:
    """Return what a file holds.

    :raises AnsibleLookupError: when it cannot be read.
    """
    # PWD is where the user is. Ansible itself works in the folder of the playbook.
    path = standard_input() if name == "-" else Path(os.environ.get("PWD", ".")) / Path(name).expanduser()
    try:
        return path.read_bytes()
    except OSError as error:
        raise AnsibleLookupError(f"secret_input: cannot read {name}: {error.strerror}.") from None


def text_of(what: str, value: bytes) -> str:
    """Return a value as text, without line ends at its end.

    :raises AnsibleLookupError: when it is no text.
    """
    text = value.decode("utf-8", "replace")
    # An error of strict decoding would carry the value.
    if text.encode("utf-8") != value:
        raise AnsibleLookupError(
            f"secret_input: {what} is binary data, not text in UTF-8. Encode it, such as in base64."
        )
    return text.rstrip("\r\n")


class LookupModule(LookupBase):  # type: ignore[misc]  # ansible-core ships no types
    """The lookup of this file, for Ansible."""

    def run(self, terms: list[str], variables: t.Any = None, **kwargs: t.Any) -> list[str]:
        """Return one value for each term.

        :raises AnsibleLookupError: when there is no value to be had.
        """
        self.set_options(var_options=variables, direct=kwargs)
        file = self.get_option("file")
        return [text_of(term, read(file) if file else ask(term)) for term in terms]

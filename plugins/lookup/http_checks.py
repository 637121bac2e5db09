# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask an HTTP API many questions at once, and tell which answers are wrong."""

from __future__ import annotations

DOCUMENTATION = r"""
name: http_checks
short_description: Ask an HTTP API, and tell which of its answers are wrong
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Carries out checks that are given as data, each a request and what its answer must be, or a conversation over
    a WebSocket. A wrong answer is a result and no error.
  - Checks of one service follow each other over one connection that is kept; services are asked at once.
  - Redirects are answers like any other and not followed. Credentials of C(~/.netrc) are not sent. The proxies of the
    environment are used.
requirements:
  - requests
  - websocket-client
  - botocore
options:
  _terms:
    description:
      - The checks, dictionaries of these members.
      - C(name) and C(service), two texts. C(needs), optional, is a list of what else the check is about.
      - C(request) with C(path) below O(url), or with a whole C(url); and optional C(method), by default C(GET); C(key),
        a name of O(keys); C(headers); a body, which is data for C(json), a C(text) or C(base64); and C(s3), a
        dictionary of C(access_key), C(secret_key) and C(region) to sign the request with as clients of Amazon S3 do.
      - C(expect) goes with C(request) and has C(status), one or a list. Optional are C(content), a regular expression
        that is found in the body; C(headers), a dictionary of regular expressions; and C(keep), a dictionary of names
        for members of the JSON object that the body is, the latter with dots between names.
      - C(websocket) instead of these two, with C(path) or C(url), optional C(key), which is sent in the query, and
        C(steps). A step is C(send), data that is sent as JSON; or C(receive), a list of regular expressions that one
        message must have all of, optionally within so many C(seconds); or C(request) and C(expect).
    type: list
    elements: dict
    required: true
  url:
    description: Where the API is, without a slash at the end.
    type: str
    required: true
  keys:
    description: API keys by name. A check sends one of them in the header C(apikey).
    type: dict
    default: {}
  absent:
    description:
      - Services and whatever else checks need that is not there, and the reason of each. Such checks are not asked.
    type: dict
    default: {}
  hidden:
    description: Further secrets that results must not show. O(keys) and what looks like a token are hidden anyway.
    type: list
    elements: str
    default: []
  retry_seconds:
    description: How long after the beginning checks that fail are tried again.
    type: float
    default: 0
  timeout:
    description: Seconds that one answer, or one message, may take.
    type: float
    default: 15
  ca_path:
    description: PEM file of the certificate authorities that are trusted, instead of those of the package certifi.
    type: path
notes:
  - What checks keep may be secret, and a lookup cannot hide it. Use C(no_log=true).
  - Ansible evaluates a variable that holds this lookup at each use, and each time everything is asked again. Store the
    result with M(ansible.builtin.set_fact).
"""

EXAMPLES = r"""
- name: Ask two questions
  ansible.builtin.set_fact:
    answers: "{{ query('supastack.aws.http_checks', *checks, url='https://api.example.com', keys={'anon': anon_key}) }}"
  no_log: true
  vars:
    checks:
      - name: does not answer without a key
        service: rest
        request: {path: /rest/v1/}
        expect: {status: 401}
      - name: answers
        service: auth
        request: {path: /auth/v1/health, key: anon}
        expect: {status: 200, content: GoTrue}

- name: Require right answers
  ansible.builtin.assert:
    that: answers | selectattr('status', 'equalto', 'fail') | length == 0
"""

RETURN = r"""
_raw:
  description: One result for each check, in their order.
  type: list
  elements: dict
  contains:
    name:
      description: Name of the check.
      type: str
    service:
      description: Service of the check.
      type: str
    status:
      description: V(pass), V(fail), or V(not-deployed) for a check that was not asked.
      type: str
    detail:
      description: What was wanted and what came, or why the check was not asked. Shows no secret.
      type: str
    seconds:
      description: How long it took, with all that was tried again.
      type: float
    kept:
      description: What the check was to keep, by name; nothing if it failed.
      type: dict
"""

import json
import time
import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.supastack.aws.plugins.plugin_utils._http_checks import MISSING, Settings, examine_all


def plain(value: t.Any) -> t.Any:
    """Return a value without what Ansible puts around its data, which threads must not evaluate at once."""
    return json.loads(json.dumps(value))


class LookupModule(LookupBase):  # type: ignore[misc]  # ansible-core ships no types
    """The lookup of this file, for Ansible."""

    def run(self, terms: list[t.Any], variables: t.Any = None, **kwargs: t.Any) -> list[dict[str, t.Any]]:
        """Return one result for each check.

        :raises AnsibleLookupError: when a library is missing, or a check is not complete.
        """
        if MISSING:
            raise AnsibleLookupError(
                f"http_checks: the Python package {MISSING} is missing on the controller. Install what this lookup "
                "needs: pip install requests websocket-client boto3."
            )
        self.set_options(var_options=variables, direct=kwargs)
        options = self.get_options()
        for number, term in enumerate(terms, 1):
            if not isinstance(term, dict) or not {"name", "service"} <= set(term):
                raise AnsibleLookupError(f"http_checks: term {number} is no check, give it name and service.")
        settings = Settings(
            url=options["url"],
            keys=plain(options["keys"]),
            absent=plain(options["absent"]),
            hidden=plain(options["hidden"]),
            timeout=options["timeout"],
            deadline=time.monotonic() + options["retry_seconds"],
            ca_path=options["ca_path"],
        )
        return examine_all(plain(terms), settings)

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Try whether a Kubernetes API lets a user of a kubeconfig in, and tell what is in the way."""

from __future__ import annotations

DOCUMENTATION = r"""
name: kubernetes_connection
short_description: What is between this machine and a Kubernetes API
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Does what C(kubectl) does, runs the program that prints the credential, then reads C(/version) and lists one
    namespace. Tells what came of it instead of failing, so that the cause can be named.
  - A proxy in the environment is used as C(kubectl) uses it.
options:
  _terms:
    description: URL of the API server.
    type: list
    elements: str
    required: true
  certificate_authority:
    description: Certificate of the authority that the API server is checked by, PEM in base64.
    type: str
    required: true
  command:
    description: Program that prints an C(ExecCredential) of C(client.authentication.k8s.io/v1), and its arguments.
    type: list
    elements: str
    required: true
  environment:
    description: Variables to set for the program.
    type: dict
    default: {}
  timeout:
    description: Seconds that a connection, or an answer, may take.
    type: float
    default: 5
notes:
  - The token is neither returned nor printed.
  - Ansible evaluates a variable that holds this lookup at each use, and each time everything is asked again. Store the
    result with M(ansible.builtin.set_fact).
seealso:
  - module: supastack.aws.kubeconfig_entry
"""

EXAMPLES = r"""
- name: Try the cluster
  ansible.builtin.set_fact:
    tried: "{{ lookup('supastack.aws.kubernetes_connection', cluster.endpoint,
      certificate_authority=cluster.certificate_authority, command=command) }}"

- name: Require that it lets us in
  ansible.builtin.assert:
    that: tried.problem == ''
    fail_msg: "{{ tried.problem }}: {{ tried.detail }}"
"""

RETURN = r"""
_raw:
  description: One result for each URL.
  type: list
  elements: dict
  contains:
    problem:
      description:
        - What is in the way, empty when nothing is.
        - V(credentials) the program gave no credential; V(name) the host has no address; V(timeout) no answer in time;
          V(unreachable) no connection; V(tls) another certificate than the authority's; V(clock) this machine's clock
          is too far off for the credential or the certificate; V(unauthorized) the API does not know who this is;
          V(answer) it answered something else.
      type: str
      sample: timeout
    detail:
      description: What the program, the network or the API said, in one line.
      type: str
    private:
      description: Whether all addresses of the host are private ones. Asked only after V(timeout).
      type: bool
    clock_seconds:
      description: How far this machine's clock is ahead of the API server's, null without an answer.
      type: int
    version:
      description: Version of the API server, empty when it let nobody in.
      type: str
      sample: v1.35.4
    lists_namespaces:
      description: Whether the user may list namespaces.
      type: bool
"""

import base64
import binascii
import email.utils
import http.client
import ipaddress
import json
import os
import socket
import ssl
import subprocess
import time
import typing as t
import urllib.error
import urllib.request
from urllib.parse import urlsplit

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

API_VERSION = "client.authentication.k8s.io/v1"
EXEC_INFO = json.dumps({"apiVersion": API_VERSION, "kind": "ExecCredential", "spec": {"interactive": False}})
# A program may have to ask AWS for credentials, but nobody can be asked for a code here.
EXEC_SECONDS = 30
# What AWS allows a signature: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
AHEAD_SECONDS = 5 * 60
BEHIND_SECONDS = 15 * 60
# OpenSSL's X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED.
CERTIFICATE_TIMES = (9, 10)
SHOWN_CHARACTERS = 300


class Problem(Exception):
    """What is in the way, and what was said of it."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind


class Answer(t.NamedTuple):
    """What the API server answered, and how many seconds the clock here is ahead of its own."""

    status: int
    text: str
    clock_seconds: int | None


def line(text: str) -> str:
    """Return a text as one line that is not too long."""
    words = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return words if len(words) <= SHOWN_CHARACTERS else f"{words[:SHOWN_CHARACTERS]}…"


def credential(command: list[str], environment: t.Mapping[str, t.Any]) -> str:
    """Return the token that a program prints.

    :raises Problem: when it prints none. What it printed on its standard output is not told.
    """
    surroundings = {**os.environ, **{name: str(value) for name, value in environment.items()}}
    surroundings["KUBERNETES_EXEC_INFO"] = EXEC_INFO
    try:
        done = subprocess.run(
            command,
            env=surroundings,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=EXEC_SECONDS,
            check=False,
        )
    except OSError as error:
        raise Problem("credentials", f"{command[0]}: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise Problem("credentials", f"{command[0]} took longer than {EXEC_SECONDS} seconds") from None
    if done.returncode != 0:
        raise Problem("credentials", done.stderr or f"{command[0]} ended with code {done.returncode}")
    return token_of(done.stdout, command[0])


def token_of(printed: str, program: str) -> str:
    """Return the token of an ExecCredential.

    :raises Problem: when it is none, or of another version than kubectl is told to take.
    """
    try:
        content = json.loads(printed)
        version, token = content["apiVersion"], content["status"]["token"]
    except (KeyError, TypeError, ValueError):
        raise Problem("credentials", f"{program} printed no ExecCredential") from None
    if version != API_VERSION:
        raise Problem("credentials", f"{program} printed an ExecCredential of {version}, not of {API_VERSION}")
    return str(token)


def trusting(certificate_authority: str) -> ssl.SSLContext:
    """Return the settings of TLS that trust one authority.

    :raises AnsibleLookupError: when it is none.
    """
    try:
        pem = base64.b64decode(certificate_authority, validate=True).decode("ascii")
        context = ssl.create_default_context(cadata=pem)
    except (binascii.Error, ValueError, ssl.SSLError) as error:
        raise AnsibleLookupError(
            f"kubernetes_connection: certificate_authority is no PEM certificate in base64: {error}."
        ) from None
    # Python 3.13 asks by default for more than EKS' certificates have, and than kubectl asks for.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def network_problem(error: Exception) -> Problem:
    """Return why there was no answer."""
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, ssl.SSLCertVerificationError) and cause.verify_code in CERTIFICATE_TIMES:
        return Problem("clock", f"the certificate of the API is not valid by this machine's clock: {cause}")
    kinds = {socket.gaierror: "name", ssl.SSLError: "tls", TimeoutError: "timeout"}
    kind = next((name for known, name in kinds.items() if isinstance(cause, known)), "unreachable")
    return Problem(kind, str(cause))


def clock_seconds(date: str | None) -> int | None:
    """Return how far this machine's clock is ahead of the one that an answer is dated by."""
    return round(time.time() - email.utils.parsedate_to_datetime(date).timestamp()) if date else None


class Api:
    """A Kubernetes API, with a token."""

    def __init__(self, server: str, context: ssl.SSLContext, token: str, timeout: float) -> None:
        self.server = server.rstrip("/")
        self.opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))
        self.opener.addheaders = [("Authorization", f"Bearer {token}"), ("Accept", "application/json")]
        self.timeout = timeout

    def get(self, path: str) -> Answer:
        """Return an answer of any status.

        :raises Problem: when none comes.
        """
        try:
            with self.opener.open(self.server + path, timeout=self.timeout) as response:
                text = response.read().decode("utf-8", "replace")
                return Answer(response.status, text, clock_seconds(response.headers["Date"]))
        except urllib.error.HTTPError as error:
            text = error.read().decode("utf-8", "replace")
            return Answer(error.code, text, clock_seconds(error.headers["Date"]))
        except (OSError, http.client.HTTPException) as error:
            raise network_problem(error) from None


def refusal(answer: Answer) -> Problem:
    """Return what an answer that is not the wanted one means."""
    ahead = answer.clock_seconds or 0
    if answer.status == 401 and not -BEHIND_SECONDS < ahead < AHEAD_SECONDS:
        return Problem("clock", f"this machine's clock is {abs(ahead)} s {'ahead' if ahead > 0 else 'behind'}")
    return Problem("unauthorized" if answer.status == 401 else "answer", f"{answer.status}: {answer.text}")


def is_private(server: str) -> bool:
    """Return whether all addresses of a URL's host are private."""
    try:
        found = socket.getaddrinfo(urlsplit(server).hostname, None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return all(ipaddress.ip_address(str(place[0]).partition("%")[0]).is_private for *_kind, place in found)


def tried(server: str, options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return what came of trying one API server."""
    result = {"problem": "", "detail": "", "private": False, "clock_seconds": None, "version": ""}
    result["lists_namespaces"] = False
    context = trusting(options["certificate_authority"])
    try:
        token = credential([str(word) for word in options["command"]], options["environment"])
        api = Api(server, context, token, options["timeout"])
        version = api.get("/version")
        result["clock_seconds"] = version.clock_seconds
        if version.status != 200:
            raise refusal(version)
        result["version"] = json.loads(version.text)["gitVersion"]
        namespaces = api.get("/api/v1/namespaces?limit=1")
        if namespaces.status not in (200, 403):
            raise refusal(namespaces)
        result["lists_namespaces"] = namespaces.status == 200
    except Problem as problem:
        result |= {"problem": problem.kind, "detail": line(str(problem))}
        result["private"] = problem.kind == "timeout" and is_private(server)
    except (KeyError, TypeError, ValueError):
        result |= {"problem": "answer", "detail": "what it calls its version is not that of a Kubernetes API"}
    return result


class LookupModule(LookupBase):  # type: ignore[misc]  # ansible-core ships no types
    """The lookup of this file, for Ansible."""

    def run(self, terms: list[str], variables: t.Any = None, **kwargs: t.Any) -> list[dict[str, t.Any]]:
        """Return one result for each URL.

        :raises AnsibleLookupError: when a URL or the certificate is none.
        """
        self.set_options(var_options=variables, direct=kwargs)
        options = self.get_options()
        for term in terms:
            if not str(term).startswith("https://"):
                raise AnsibleLookupError(
                    f"kubernetes_connection: got {term!r}, give the URL of an API server, such as https://api.example."
                )
        return [tried(str(term), options) for term in terms]

#!/usr/bin/python
# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible module: put a helm release back to an earlier revision."""

from __future__ import annotations

DOCUMENTATION = r"""
module: helm_rollback
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
short_description: Roll a helm release back to one of its revisions
description:
  - Makes a release what one of its earlier revisions was, chart and values, as C(helm rollback) does. Helm records that
    as a new revision.
  - Does not wait until the pods are ready.
options:
  name:
    description: Name of the release.
    type: str
    required: true
    aliases: [release_name]
  release_namespace:
    description: Namespace of the release.
    type: str
    required: true
    aliases: [namespace]
  revision:
    description: The revision to go back to. Helm keeps the last ten unless told otherwise.
    type: int
    required: true
  timeout:
    description: How long helm may take for each operation, such as V(10m0s).
    type: str
    default: 5m0s
  binary_path:
    description: The helm program; without it, the one on E(PATH).
    type: path
  context:
    description: Name of the context in the kubeconfig.
    type: str
    aliases: [kube_context]
  kubeconfig:
    description: Kubeconfig as a dictionary, or the path of one.
    type: raw
    aliases: [kubeconfig_path]
  host:
    description: URL of the API server.
    type: str
  ca_cert:
    description: Path of the certificates that the API server is checked by.
    type: path
    aliases: [ssl_ca_cert]
  validate_certs:
    description: Whether the certificate of the API server is checked.
    type: bool
    default: true
    aliases: [verify_ssl]
  api_key:
    description: Token by which to log in to the API server. It reaches helm through its environment.
    type: str
requirements:
  - helm >= 3.10
  - PyYAML
attributes:
  check_mode:
    support: full
    description: Predicts the result without changing anything.
  diff_mode:
    support: full
    description: Shows revision and chart before and after.
  idempotent:
    support: full
    description: Changes nothing when the release already is that revision, or was rolled back to it last.
  action_group:
    support: none
    membership: []
    description: It calls helm and not AWS.
seealso:
  - module: kubernetes.core.helm
"""

EXAMPLES = r"""
- name: Go back to the revision that worked
  supastack.aws.helm_rollback:
    name: supabase
    namespace: supabase
    revision: 4
"""

RETURN = r"""
release:
  description: The release afterwards; in check mode, as it would be.
  returned: always
  type: dict
  contains:
    revision:
      description: Its revision.
      type: int
      sample: 6
    chart:
      description: Name and version of its chart.
      type: str
      sample: supabase-0.2.0
    rolled_back_to:
      description: The revision that it is the same as.
      type: int
      sample: 4
"""

import json
import typing as t

from ansible_collections.kubernetes.core.plugins.module_utils.helm import AnsibleHelmModule

# As helm itself describes a rollback, in pkg/action/rollback.go.
DESCRIPTION = "Rollback to {}"
OPTIONS: dict[str, dict[str, t.Any]] = {
    "name": {"type": "str", "required": True, "aliases": ["release_name"]},
    "release_namespace": {"type": "str", "required": True, "aliases": ["namespace"]},
    "revision": {"type": "int", "required": True},
    "timeout": {"type": "str", "default": "5m0s"},
    "binary_path": {"type": "path"},
    "context": {"type": "str", "aliases": ["kube_context"]},
    "kubeconfig": {"type": "raw", "aliases": ["kubeconfig_path"], "no_log": True},
    "host": {"type": "str"},
    "ca_cert": {"type": "path", "aliases": ["ssl_ca_cert"]},
    "validate_certs": {"type": "bool", "default": True, "aliases": ["verify_ssl"]},
    "api_key": {"type": "str", "no_log": True},
}


def revisions(module: t.Any) -> dict[int, dict[str, t.Any]]:
    """Return what helm has recorded of the release, by revision. Ends the module when there is no such release."""
    command = [module.get_helm_binary(), "history", module.params["name"], "--output", "json"]
    _code, printed, _errors = module.run_helm_command(command)
    return {int(entry["revision"]): entry for entry in json.loads(printed)}


def is_revision(entry: dict[str, t.Any], wanted: int) -> bool:
    """Return whether a recorded revision is the wanted one, or a rollback to it, and was carried out."""
    same = int(entry["revision"]) == wanted or entry["description"] == DESCRIPTION.format(wanted)
    return bool(same and entry["status"] == "deployed")


def roll_back(module: t.Any) -> int:
    """Roll the release back and return its new revision. Ends the module when helm cannot."""
    options = ["--timeout", module.params["timeout"]]
    revision = str(module.params["revision"])
    module.run_helm_command([module.get_helm_binary(), "rollback", module.params["name"], revision, *options])
    return max(revisions(module))


def told(revision: int, chart: str) -> str:
    """Return a revision as the diff shows it."""
    return f"revision {revision}: {chart}\n"


def main() -> None:
    """Roll the release back, unless it is what is wanted."""
    module = AnsibleHelmModule(argument_spec=OPTIONS, supports_check_mode=True)
    wanted = module.params["revision"]
    known = revisions(module)
    if wanted not in known:
        kept = ", ".join(map(str, sorted(known)))
        module.fail_json(
            msg=f"Release {module.params['name']} has no revision {wanted}: helm has kept {kept}. Give one of these."
        )
    current = known[max(known)]
    changed = not is_revision(current, wanted)
    revision = int(current["revision"])
    if changed:
        revision = revision + 1 if module.check_mode else roll_back(module)
    chart = known[wanted]["chart"]
    module.exit_json(
        changed=changed,
        release={"revision": revision, "chart": chart, "rolled_back_to": wanted},
        diff={"before": told(current["revision"], current["chart"]), "after": told(revision, chart)},
    )


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible module: one cluster in a kubeconfig file, with the program that logs in to it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kubeconfig_entry
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
short_description: Put one cluster into a kubeconfig file
description:
  - Sets a cluster, a user and a context of one name in a kubeconfig file, which is made when there is none. The user
    logs in by a program that prints a credential, so that no secret is written.
  - All other clusters, users and contexts stay as they are, and so do the settings of this one that this module does
    not know, such as the namespace of the context and the proxy of the cluster.
  - The file is replaced at once, with mode V(0600), since others' entries may hold keys. A file that already is as
    wanted keeps every byte; otherwise it is written anew, without its comments, as C(kubectl config) does.
  - Two runs at once for one file may lose what one of them wrote. Use C(throttle=1) where several hosts share it.
options:
  path:
    description:
      - The kubeconfig file. Missing folders are made, with mode V(0700).
      - A symbolic link stays one, the file that it leads to is written.
    type: path
    required: true
  name:
    description: Name of the cluster, the user and the context.
    type: str
    required: true
  server:
    description: URL of the API server.
    type: str
    required: true
  certificate_authority:
    description: Certificate of the authority of the API server, PEM in base64.
    type: str
    required: true
  command:
    description:
      - Program that prints a credential, and its arguments. It has to print an C(ExecCredential) of
        C(client.authentication.k8s.io/v1).
      - An absolute path also works in programs that a desktop starts, whose E(PATH) is another one than a shell's.
    type: list
    elements: str
    required: true
  environment:
    description: Variables to set for the program. They are written as they are, so none may be secret.
    type: dict
    default: {}
  current:
    description: Whether it becomes the current context. V(false) leaves the current one alone.
    type: bool
    default: true
requirements:
  - PyYAML
attributes:
  check_mode:
    support: full
    description: Predicts the result without changing anything.
  diff_mode:
    support: full
    description: Shows this entry, the current context and the mode of the file, and nothing that may be secret.
  idempotent:
    support: full
    description: Changes nothing when the file has the entry.
  action_group:
    support: none
    membership: []
    description: It writes a file and does not call AWS.
seealso:
  - module: supastack.aws.eks_cluster_info
  - plugin: supastack.aws.kubernetes_connection
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Let kubectl use the cluster
  supastack.aws.kubeconfig_entry:
    path: ~/.kube/config
    name: production
    server: "{{ found.clusters[0].endpoint }}"
    certificate_authority: "{{ found.clusters[0].certificate_authority }}"
    command: [/usr/local/bin/aws, --region, eu-west-1, eks, get-token, --cluster-name, production, --output, json]
"""

RETURN = r"""
entry:
  description: What the file has afterwards; in check mode, as it would have it.
  returned: always
  type: dict
  contains:
    path: {description: The file., type: str, sample: /home/me/.kube/config}
    context: {description: Name of the context., type: str, sample: production}
    current_context: {description: The current context of the file., type: str, sample: production}
"""

import hashlib
import os
import re
import tempfile
import traceback
import typing as t
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

try:
    import yaml

    YAML_ERROR = ""

    class Loader(yaml.SafeLoader):
        """YAML of which everything stays the text that it is but what is written back in the same letters.

        Times, octal numbers and the like are texts to kubectl, since a kubeconfig has none.
        """

    class Dumper(yaml.SafeDumper):
        """YAML that Go reads as it was meant: it takes more for numbers and booleans than Python does."""

    KEPT = ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:merge", "tag:yaml.org,2002:null")
    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag in KEPT]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^(?:0|-?[1-9][0-9]*)$"), list("-0123456789"))

    def represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        """Quote what Go could take for a number, or for the booleans y and n."""
        doubtful = re.match(r"[-+.0-9]|[ynYN]$", text)
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="'" if doubtful else None)

    Dumper.add_representer(str, represent_text)
except ImportError:
    YAML_ERROR = traceback.format_exc()

Config = dict[str, t.Any]
# Where a kubeconfig has its entries, and under which key it has what an entry is.
KINDS = {"clusters": "cluster", "users": "user", "contexts": "context"}
MODE = 0o600
# Of a cluster, what would contradict the authority that is set.
OTHER_TRUST = ("certificate-authority", "insecure-skip-tls-verify")
# Stands in the diff for what is taken out.
OTHER = "(another)"


class UnusableError(Exception):
    """Why the file cannot be used, and what to do."""


def read(path: Path) -> Config:
    """Return the content of a kubeconfig, which is empty when there is no file.

    :raises UnusableError: when it is something else. The message quotes nothing of it.
    """
    try:
        with path.open(encoding="utf-8") as stream:
            config = yaml.load(stream, Loader) or {}
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise UnusableError(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}.") from None
    except yaml.YAMLError:
        config = None
    if not is_kubeconfig(config):
        raise UnusableError(f"{path} is no kubeconfig. Correct it, or choose another file.")
    return t.cast("Config", config)


def is_kubeconfig(config: t.Any) -> bool:
    """Return whether all that this module reads is as in a kubeconfig."""
    return (
        isinstance(config, dict)
        and config.get("kind", "Config") == "Config"
        and all(isinstance(config.get(kind) or [], list) for kind in KINDS)
        and all(isinstance(entry, dict) and "name" in entry for kind in KINDS for entry in config.get(kind) or [])
    )


def found(config: Config, kind: str, name: str) -> Config:
    """Return an entry of a kind, without its name; nothing when there is none."""
    entries = [entry.get(KINDS[kind]) or {} for entry in config.get(kind) or [] if entry["name"] == name]
    return dict(entries[0]) if entries else {}


def wanted(config: Config, options: Config) -> dict[str, Config]:
    """Return what the three entries are to be.

    :raises UnusableError: when the user would lose credentials of its own.
    """
    name = options["name"]
    user = found(config, "users", name)
    if user and set(user) != {"exec"}:
        raise UnusableError(
            f"{options['path']} has a user {name} with credentials of its own, which would be lost. "
            "Choose another name, or take it out: kubectl config delete-user " + name
        )
    cluster = {key: value for key, value in found(config, "clusters", name).items() if key not in OTHER_TRUST}
    cluster |= {"server": options["server"], "certificate-authority-data": options["certificate_authority"]}
    program: Config = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": options["command"][0],
        "args": options["command"][1:],
        "interactiveMode": "IfAvailable",
    }
    if options["environment"]:
        program["env"] = [{"name": key, "value": str(value)} for key, value in sorted(options["environment"].items())]
    context = found(config, "contexts", name) | {"cluster": name, "user": name}
    return {"clusters": cluster, "users": {"exec": program}, "contexts": context}


def merged(config: Config, options: Config) -> Config:
    """Return the kubeconfig with the entry, in the order that it had."""
    name = options["name"]
    result: Config = {"apiVersion": "v1", "kind": "Config", **config}
    for kind, content in wanted(config, options).items():
        entries = list(config.get(kind) or [])
        places = [number for number, entry in enumerate(entries) if entry["name"] == name]
        if places:
            entries[places[0]] = {**entries[places[0]], KINDS[kind]: content}
        else:
            entries.append({"name": name, KINDS[kind]: content})
        result[kind] = entries
    if options["current"] or not config:
        result["current-context"] = name
    return result


def shown(config: Config, options: Config, mode: int | None) -> Config:
    """Return what the diff shows. Of a program, whatever is not asked for may be a secret."""
    name = options["name"]
    user, cluster, context = (found(config, kind, name) for kind in ("users", "clusters", "contexts"))
    program = user.get("exec") or {}
    result: Config = {"mode": None if mode is None else f"{mode:04o}", "current-context": config.get("current-context")}
    authority = cluster.get("certificate-authority-data")
    result["cluster server"] = cluster.get("server")
    # Some thirty lines otherwise, of which nobody sees the difference.
    result["cluster authority, SHA-256"] = authority and hashlib.sha256(str(authority).encode()).hexdigest()
    result |= {f"context {key}": context.get(key) for key in ("cluster", "user")}
    command = [program.get("command"), *(program.get("args") or [])] if program else []
    known = [*options["command"], *map(str, options["environment"].values())]
    result["command"] = [word if word in known else OTHER for word in command]
    for variable in program.get("env") or []:
        result[f"variable {variable.get('name')}"] = variable["value"] if variable.get("value") in known else OTHER
    return {key: value for key, value in result.items() if value}


def write(path: Path, config: Config) -> None:
    """Replace the file at once.

    :raises UnusableError: when that is not possible.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".kubeconfig-")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                yaml.dump(config, stream, Dumper, sort_keys=False, allow_unicode=True, width=1_000_000)
            Path(name).chmod(MODE)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink()
            raise
    except OSError as error:
        raise UnusableError(f"{path} cannot be written: {error.strerror}. Choose another file.") from None


def ensure(options: Config, check_mode: bool) -> Config:
    """Put the entry into the file and return the result of the module."""
    path, name = Path(options["path"]).resolve(), options["name"]
    before = read(path)
    after = merged(before, options)
    mode = path.stat().st_mode & 0o777 if path.exists() else None
    changed = after != before or mode != MODE
    if changed and not check_mode:
        write(path, after)
    entry = {"path": options["path"], "context": name, "current_context": after.get("current-context", "")}
    diff = {"before": shown(before, options, mode), "after": shown(after, options, MODE)}
    return {"changed": changed, "entry": entry, "diff": diff}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "name": {"type": "str", "required": True},
            "server": {"type": "str", "required": True},
            "certificate_authority": {"type": "str", "required": True},
            "command": {"type": "list", "elements": "str", "required": True},
            "environment": {"type": "dict", "default": {}},
            "current": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    if YAML_ERROR:
        module.fail_json(msg=missing_required_lib("PyYAML"), exception=YAML_ERROR)
    try:
        result = ensure(module.params, module.check_mode)
    except UnusableError as error:
        module.fail_json(msg=str(error))
    else:
        module.exit_json(**result)


if __name__ == "__main__":
    main()

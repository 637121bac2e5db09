# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""No secret leaves the places that are made for secrets, whatever is printed, and also when a run fails.

Each value of each secret is a canary: some come from the inventory, by Ansible Vault or as ciphertexts of encrypt.yml,
the others are made by the run. A last play leaks one on purpose everywhere. `make test-secrets` runs the whole of
site.yml, and `make test` a sample: the roles that make secrets and give them to AWS, without a cluster.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
import yaml

from sandbox import account, env
from sandbox.kubernetes.control_plane import ControlPlane
from sandbox.state import Sandbox
from tests.leaks import canaries, places
from tests.leaks.canaries import Canary, unpredictable
from tests.leaks.recorder import Recorder
from tests.stages import integration
from tests.stages.programs import OUTPUT, capture, environment
from tests.stages.pytests import SECRETS_SCOPE, WHOLE
from tools.places import CHECKOUT
from tools.toolchain import tool

NAME = "e2e-secrets"
FOLDER = OUTPUT / "secrets"
LEAK = Path(__file__).with_name("leak.yml")
IS_WHOLE = os.environ.get(SECRETS_SCOPE) == WHOLE
SAMPLE = ("--tags", "kms_secrets,network,rds")
LOUD = ("-vvvv", "--diff")
JSON = "ansible.posix.json"
# Characters that each encoding writes in its own way.
SPECIAL = "/+&=%'\"\\<>"
# Those which the emulated AWS decodes where it writes the path of a URL into its log.
SPECIAL_IN_PATHS = "/+&='"
# Of a person whose shell has other credentials: they must neither be used nor be told.
STRANGER = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": unpredictable("stranger", "/+"),
    "AWS_SESSION_TOKEN": unpredictable("stranger", "/+=="),
}
VAULT_PASSWORD = unpredictable("vault")
# From the vault. The run makes the rest: other secrets, and what is signed with this one.
IN_VAULT = {
    "SUPABASE_DB": {"password": unpredictable(), "of_our_own": unpredictable(special=SPECIAL)},
    "SUPABASE_JWT": {"secret": unpredictable()},
    "OUR_TOKEN": unpredictable(special=SPECIAL),
}
# Encrypted for the second run, one from a file and one from standard input.
ENCRYPTED = {
    "SUPABASE_SMTP": {
        "host": "smtp.example.com",
        "port": "587",
        "username": "mail",
        "password": unpredictable(special=SPECIAL),
        "admin_email": "admin@example.com",
        "sender_name": "Supabase",
    },
    "OTHER_TOKEN": unpredictable(special=SPECIAL),
}
# Realtime wants 16 characters.
UNFIT = {"SUPABASE_REALTIME": {"db_enc_key": unpredictable()}}
GIVEN = FOLDER / "given"
CIPHERTEXTS = GIVEN / "group_vars" / "supabase_environments" / "ciphertexts.yml"
INVENTORIES = ("-i", "inventories/sandbox", "-i", GIVEN / "hosts.yml")
# Gives the program that comes after the file this as its standard input.
READING: tuple[str, ...] = ("sh", "-c", 'exec < "$0" && exec "$@"')


@dataclass
class Runs:
    """A sandbox, what was run in it, and what these runs printed."""

    sandbox: Sandbox
    recorder: Recorder
    printed: dict[str, str] = field(default_factory=dict)

    def site(self, what: str, *options: str | Path, code: int = 0, callback: str = "default") -> None:
        """Run site.yml as loudly as it can be."""
        arguments = (*INVENTORIES, *LOUD, *([] if IS_WHOLE else SAMPLE), *options)
        variables = {**STRANGER, "ANSIBLE_STDOUT_CALLBACK": callback}
        self.play(what, "playbooks/site.yml", *arguments, code=code, variables=variables)

    def encrypt(self, name: str, source: str | Path, stdin: str | Path) -> None:
        """Write the ciphertext of a secret into the inventory."""
        inputs = {"secret_name": name, "secret_file": str(source), "secret_inventory_file": str(CIPHERTEXTS)}
        arguments = (*INVENTORIES, *LOUD, "-e", json.dumps(inputs))
        self.play(f"encrypt {name}", "playbooks/encrypt.yml", *arguments, stdin=stdin, variables=STRANGER)

    def play(
        self,
        what: str,
        *arguments: str | Path,
        variables: Mapping[str, str],
        code: int = 0,
        stdin: str | Path = os.devnull,
    ) -> None:
        """Run a playbook with everything switched on that writes something down."""
        settings = {
            "SANDBOX_NAME": NAME,
            "HOME": str(FOLDER / "home"),
            "ANSIBLE_HOME": str(FOLDER / "home" / ".ansible"),
            "TMPDIR": str(FOLDER / "tmp"),
            "ANSIBLE_LOG_PATH": str(FOLDER / "ansible.log"),
            "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
            "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(FOLDER / "facts"),
            "ANSIBLE_CALLBACKS_ENABLED": "supastack.aws.preload,supastack.aws.timeline,ansible.builtin.junit",
            "ANSIBLE_TIMELINE_FILE": str(FOLDER / "callbacks" / f"{what}.json"),
            "JUNIT_OUTPUT_DIR": str(FOLDER / "callbacks"),
            "ANSIBLE_VAULT_PASSWORD_FILE": str(GIVEN / "password"),
            **self.recorder.environment,
        }
        command = [*READING, stdin, "ansible-playbook", *arguments]
        finished = capture(command, env=environment(**settings, **variables))
        self.printed[what] = finished.text
        assert finished.code == code, f"{what} ended with code {finished.code}\n{finished.text[-8000:]}"

    def canaries(self) -> list[Canary]:
        """Every secret that there is."""
        found = [Canary("the controller's secret access key", self.sandbox.read()["secret_access_key"])]
        found += [Canary(f"{name} of the shell", STRANGER[name]) for name in STRANGER if name != "AWS_ACCESS_KEY_ID"]
        found.append(Canary("the password of the vault", VAULT_PASSWORD))
        found += canaries.of_secret("SUPABASE_REALTIME that does not fit", json.dumps(UNFIT["SUPABASE_REALTIME"]))
        manager = account.client(self.sandbox, "secretsmanager")
        for page in manager.get_paginator("list_secrets").paginate():
            for secret in page["SecretList"]:
                content = manager.get_secret_value(SecretId=secret["ARN"])["SecretString"]
                found += canaries.of_secret(secret["Name"], content)
        return found

    def kubeconfig(self) -> Path:
        """Of the administrator of the one cluster."""
        [cluster] = account.client(self.sandbox, "eks").list_clusters()["clusters"]
        return ControlPlane(self.sandbox, cluster).admin_kubeconfig

    def places(self) -> dict[str, list[tuple[str, bytes]]]:
        """Where no secret may be."""
        printed = [(what, text.encode()) for what, text in self.printed.items()]
        found = {
            "standard output": [part for part in printed if "JSON" not in part[0]],
            "ANSIBLE_LOG_PATH": [("ansible.log", (FOLDER / "ansible.log").read_bytes())],
            "callback output as JSON": [part for part in printed if "JSON" in part[0]],
            "callback files": list(places.files(FOLDER / "callbacks")),
            "fact cache": list(places.files(FOLDER / "facts")),
            "command lines": [("/proc", b"\n".join(self.recorder.command_lines.copy()))],
            "temporary files": [*self.recorder.files(), *places.files(FOLDER / "home", FOLDER / "tmp")],
            "requests to AWS": list(places.requests(self.sandbox)),
            "logs of the sandbox": list(places.sandbox_logs(self.sandbox)),
        }
        if IS_WHOLE:
            objects = places.Objects(self.kubeconfig())
            found["Helm releases"] = list(objects.releases())
            found["ConfigMaps"] = list(objects.config_maps())
            found["other objects of the cluster"] = list(objects.others())
        return found


@pytest.fixture
def runs() -> Iterator[Runs]:
    """A new sandbox that writes down what it is asked, and a recorder that watches."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    for name in ("home", "tmp", "facts", "callbacks", "given"):
        (FOLDER / name).mkdir(mode=0o700, parents=True)
    FOLDER.chmod(0o700)
    # Below the first is local_tmp of ansible.cfg; remote_tmp is resolved in the folder of the playbook.
    watched = [CHECKOUT / ".ansible", CHECKOUT / "playbooks", FOLDER / "home", FOLDER / "tmp"]
    watched[0].mkdir(exist_ok=True)
    command = [sys.executable, "-m", "sandbox"]
    capture([*command, "down"], env=environment(SANDBOX_NAME=NAME))
    kind = [] if IS_WHOLE else ["--api-only"]
    up = capture([*command, "up", "--log-requests", *kind], env=environment(SANDBOX_NAME=NAME))
    assert up.code == 0, up.text
    try:
        with Recorder(FOLDER / "kept", watched) as recorder:
            yield Runs(Sandbox.at(CHECKOUT / ".sandbox" / NAME), recorder)
    finally:
        down = capture([*command, "down"], env=environment(SANDBOX_NAME=NAME))
        shutil.rmtree(FOLDER)
    assert down.code == 0, down.text


def plant() -> None:
    """Write what the inventory adds to the sandbox' own: secrets in a vault, and a file for ciphertexts."""
    (GIVEN / "password").write_text(VAULT_PASSWORD)
    (GIVEN / "hosts.yml").write_text("supabase_environments: {}\n")
    CIPHERTEXTS.parent.mkdir(parents=True)
    CIPHERTEXTS.write_text("kms_secrets_ciphertexts: {}\n")
    vault = CIPHERTEXTS.with_name("vault.yml")
    vault.write_text(yaml.safe_dump({"kms_secrets_values": IN_VAULT}))
    encrypted = capture(["ansible-vault", "encrypt", "--vault-password-file", GIVEN / "password", vault])
    assert encrypted.code == 0, encrypted.text
    for name, value in ENCRYPTED.items():
        (GIVEN / name).write_text(value if isinstance(value, str) else json.dumps(value))
    (GIVEN / "unfit.yml").write_text(yaml.safe_dump({"kms_secrets_values": UNFIT}))


def encrypt(runs: Runs) -> None:
    """Bring secrets as ciphertexts."""
    runs.encrypt("SUPABASE_SMTP", GIVEN / "SUPABASE_SMTP", stdin=os.devnull)
    runs.encrypt("OTHER_TOKEN", "-", stdin=GIVEN / "OTHER_TOKEN")


def fail(runs: Runs) -> None:
    """Let runs fail where a secret is at hand."""
    runs.site("unknown credentials", "-e", "supabase_aws_access_key=AKIA0000000000000000", code=2)
    runs.site("unfit value", "-e", f"@{GIVEN / 'unfit.yml'}", code=2)
    if IS_WHOLE:
        wrong = {"supabase_helm_values": {"rest": {"resources": {"limits": {"memory": "much"}}}}}
        runs.site("refused chart", "--tags", "supabase_helm", "-e", json.dumps(wrong), code=2)
        change_master_password(runs.sandbox)
        options = ["--kubeconfig", str(runs.kubeconfig()), "--namespace", "supabase", "--selector"]
        removed = capture([tool("kubectl"), "delete", "jobs", *options, "app.kubernetes.io/name=bootstrap"])
        assert removed.code == 0, removed.text
        runs.site("refused password", "--tags", "supabase_helm", code=2)
        assert "password authentication failed" in runs.printed["refused password"]


def change_master_password(sandbox: Sandbox) -> None:
    """Give the master another password than the secret has; the database is told its verifier only."""
    exports, _remarks = env.render(sandbox)
    variables = dict(shlex.split(line)[1].split("=", 1) for line in exports if line.startswith("export "))
    with psycopg.connect(variables["DATABASE_URL"]) as connection:
        verifier = connection.pgconn.encrypt_password(unpredictable().encode(), b"postgres", b"scram-sha-256")
        connection.execute(f"ALTER ROLE postgres PASSWORD '{verifier.decode()}'".encode())


def leak(runs: Runs) -> Canary:
    """Leak a canary everywhere, and print it once more by the callback for programs."""
    canary = Canary("leaked on purpose", unpredictable("leak", SPECIAL_IN_PATHS))
    file = FOLDER / "leaked"
    file.write_text(canary.value)
    inputs = {"leak_file": str(file), "leak_folder": str(FOLDER / "tmp")}
    if IS_WHOLE:
        inputs |= {"leak_kubeconfig": str(runs.kubeconfig()), "leak_helm": str(tool("helm"))}
    arguments = ("-i", "localhost,", LEAK, "-e", json.dumps(inputs))
    aws = integration.connection(NAME)
    runs.play("leak", *arguments, variables=aws)
    runs.play("leak as JSON", *arguments, variables={**aws, "ANSIBLE_STDOUT_CALLBACK": JSON})
    return canary


def test_no_secret_is_where_it_must_not_be(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    plant()
    runs.site("first run")
    encrypt(runs)
    runs.site("second run as JSON", callback=JSON)
    fail(runs)
    planted = runs.canaries()
    leaked = leak(runs)
    searched = runs.places()
    found = canaries.search(planted, searched) + canaries.search_tokens(searched)
    proven = {hit.place for hit in canaries.search([leaked], searched)}
    with capsys.disabled():
        print(f"\nplanted {len(planted)}, found {len(found)}; self-test found {len(proven)}")
        print(f"  {runs.recorder.samples} looks at the process list, {len(runs.recorder.gone())} files gone too soon")
    assert [str(hit) for hit in found] == []
    assert proven == set(searched)

# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""kubeconfig.yml: the program that it leaves behind, the file, and what it says when something is in the way."""

from __future__ import annotations

import base64
import datetime
import functools
import json
import os
import shutil
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.supastack.aws.plugins.lookup.eks_token import sign_token
from botocore import exceptions

from sandbox.pki import Authority
from tests.unit.plugins.lookup import http_server
from tests.unit.plugins.lookup.test_eks_token import query_of

CHECKOUT = Path(__file__).resolve().parents[3]
PLAYBOOKS = CHECKOUT / "playbooks"
SCRIPT = PLAYBOOKS / "files" / "supastack_eks_token.py"
PLAY: dict[str, Any] = yaml.safe_load((PLAYBOOKS / "kubeconfig.yml").read_text())[0]
KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
}
ENDPOINT = {"supabase_aws_endpoint_url": "http://127.0.0.1:1"}
INPUTS: dict[str, Any] = {
    "supabase_environment": "demo",
    "supabase_aws_region": "eu-west-1",
    "supabase_account_id": "123456789012",
    "supabase_aws_access_key": KEYS["AWS_ACCESS_KEY_ID"],
    "supabase_aws_secret_key": KEYS["AWS_SECRET_ACCESS_KEY"],
    "ansible_connection": "local",
    "ansible_python_interpreter": sys.executable,
}
CALLER = {"arn": "arn:aws:sts::123456789012:assumed-role/admin/me", "account": "123456789012"}


def surroundings(folder: Path, **more: str) -> dict[str, str]:
    """A shell with nothing of the one that the tests run in but its programs, the AWS CLI not among them."""
    own = {"HOME": str(folder), "PATH": os.defpath, "LC_ALL": "C.UTF-8", "AWS_EC2_METADATA_DISABLED": "true"}
    return {**own, "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"), "ANSIBLE_HOME": str(folder / ".ansible"), **more}


def scripted(folder: Path, *options: str, python: str = "-P", **more: str) -> subprocess.CompletedProcess[str]:
    """Run the program where a playbook would have put it, by this Python, far from the collection."""
    copy = shutil.copy(SCRIPT, folder)
    command = [sys.executable, python, copy, "--cluster", "production", *options]
    return subprocess.run(
        command, cwd=folder, env=surroundings(folder, **more), capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("region", "profile", "session_token", "endpoint_url"),
    [
        ("eu-west-1", "", "", "http://127.0.0.1:5000"),
        ("cn-north-1", "", "temporary", None),
        ("us-east-1", "ops", "", None),
    ],
)
def test_the_program_makes_the_token_of_the_lookup(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    region: str,
    profile: str,
    session_token: str,
    endpoint_url: str | None,
) -> None:
    pair = {name.lower(): value for name, value in KEYS.items()}
    lines = [f"{name} = {value}" for name, value in pair.items()]
    (tmp_path / "credentials").write_text("\n".join(["[ops]", *lines]), encoding="utf-8")
    # With a profile, keys in the shell are a stranger's, as an endpoint there always is.
    shell = {"AWS_ACCESS_KEY_ID": "AKIASTRANGER", "AWS_SECRET_ACCESS_KEY": "x"} if profile else KEYS
    shell = shell | ({"AWS_SESSION_TOKEN": session_token} if session_token else {})
    files = {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"), "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    named = {"--profile": profile, "--endpoint-url": endpoint_url}
    options = [part for name, value in named.items() if value for part in (name, value)]
    done = scripted(tmp_path, "--region", region, *options, **shell, **files)
    assert done.returncode == 0, done.stderr
    credential = json.loads(done.stdout)
    assert (credential["apiVersion"], credential["kind"]) == ("client.authentication.k8s.io/v1", "ExecCredential")
    token = credential["status"]["token"]
    signed = datetime.datetime.strptime(query_of(token)["X-Amz-Date"], "%Y%m%dT%H%M%SZ")
    expires = datetime.datetime.strptime(credential["status"]["expirationTimestamp"], "%Y-%m-%dT%H:%M:%SZ")
    assert datetime.timedelta(minutes=13, seconds=55) < expires - signed <= datetime.timedelta(minutes=14)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: signed)
    given = {"access_key": KEYS["AWS_ACCESS_KEY_ID"], "secret_key": KEYS["AWS_SECRET_ACCESS_KEY"]}
    given |= {"region": region, "session_token": session_token}
    assert token == sign_token("production", given | {"endpoint_url": endpoint_url}).token


@pytest.mark.parametrize(
    ("options", "python", "message"),
    [
        (("--region", "eu-west-1"), "-P", "No AWS credentials found. Log in"),
        (("--region", "eu-west-1", "--profile", "ops"), "-P", "The config profile (ops) could not be found"),
        (("--region", "nowhere"), "-P", "'nowhere' is no region"),
        (("--region", "eu-west-1"), "-S", "has no botocore"),
    ],
)
def test_the_program_says_what_is_missing(tmp_path: Path, options: tuple[str, ...], python: str, message: str) -> None:
    done = scripted(tmp_path, *options, python=python, **(KEYS if "nowhere" in options else {}))
    assert (done.returncode, done.stdout, message in done.stderr) == (1, "", True), done.stderr
    assert "Traceback" not in done.stderr


@functools.cache
def variables() -> dict[str, Any]:
    """The play's own variables, as templates."""
    known: dict[str, Any] = {"playbook_dir": str(PLAYBOOKS), "ansible_playbook_python": sys.executable}
    for file in PLAY["vars_files"]:
        known |= DataLoader().load_from_file(str(PLAYBOOKS / file), trusted_as_template=True)
    return known


def evaluate(expression: str, **given: Any) -> Any:
    """What an expression is in the play, for an inventory and what was found."""
    known = variables() | {"supabase_environment": "demo", "supabase_aws_region": "eu-west-1"} | given
    return Templar(DataLoader(), variables=known).template(trust_as_template("{{ " + expression + " }}"))


def answer_of(server: http_server.Server, code: str, text: str, monkeypatch: pytest.MonkeyPatch) -> Exception:
    """What the SDK makes of a refusal of STS."""
    body = f"<ErrorResponse><Error><Code>{code}</Code><Message>{text}</Message></Error></ErrorResponse>"
    monkeypatch.setitem(http_server.ANSWERS, "/", (403, {"content-type": "text/xml"}, body))
    session = boto3.Session(KEYS["AWS_ACCESS_KEY_ID"], KEYS["AWS_SECRET_ACCESS_KEY"], region_name="eu-west-1")
    with pytest.raises(exceptions.ClientError) as refused:
        session.client("sts", endpoint_url=server.url).get_caller_identity()
    return refused.value


@pytest.mark.parametrize(
    ("code", "text", "told"),
    [
        ("ExpiredToken", "The security token included in the request is expired", "have expired. Log in again"),
        ("SignatureDoesNotMatch", "Signature expired: 20261128T010000Z is now earlier than 20261128T02Z", "The clock"),
        ("SignatureDoesNotMatch", "Signature not yet current: 20261128T030000Z is still later", "The clock"),
        ("SignatureDoesNotMatch", "The request signature we calculated does not match", "AWS does not know the keys"),
        ("InvalidClientTokenId", "The security token in the request is invalid.", "AWS does not know the keys"),
        ("AccessDenied", "User: x is not authorized to perform: eks:DescribeCluster", "Allow them eks:DescribeCluster"),
    ],
)
def test_refusals_of_aws_are_told_apart(monkeypatch: pytest.MonkeyPatch, code: str, text: str, told: str) -> None:
    with http_server.serving() as server:
        error = answer_of(server, code, text, monkeypatch)
    message = f"Failed to retrieve caller identity: {error}"
    said = " ".join(evaluate("kubeconfig_refusal", ansible_failed_result={"msg": message}).split())
    assert told in said
    assert said.endswith(f"AWS said: {' '.join(message.split())}")
    assert said.count("Nothing was written") == 1


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (exceptions.TokenRetrievalError(provider="sso", error_msg="Token has expired"), "have expired"),
        (exceptions.UnauthorizedSSOTokenError(), "aws sso login --profile ops"),
        (exceptions.SSOTokenLoadError(error_msg="Token for ops does not exist"), "There are no AWS credentials"),
        (exceptions.NoCredentialsError(), "There are no AWS credentials by the profile ops"),
        (exceptions.ProfileNotFound(profile="ops"), "There are no AWS credentials"),
        (exceptions.EndpointConnectionError(endpoint_url="https://sts"), "does not reach AWS in eu-west-1"),
        (exceptions.ConnectTimeoutError(endpoint_url="https://sts"), "does not reach AWS in eu-west-1"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_keeps_the_sdk_from_asking_is_told_apart(error: Exception, told: str) -> None:
    result = {"msg": f"Failed to retrieve caller identity: {error}"}
    assert told in evaluate("kubeconfig_refusal", ansible_failed_result=result, supabase_aws_profile="ops")
    own = "supabase_account_id is '1', but the credentials are of 2."
    assert evaluate("kubeconfig_refusal", ansible_failed_result={"msg": own}).strip() == own


def reason(problem: str, private: bool = False, **cluster: Any) -> str:
    """What is told of a problem with a cluster that is open to one address."""
    described = {"endpoint": "https://api", "endpoint_public_access": True, "public_access_cidrs": ["203.0.113.7/32"]}
    described |= {"vpc_id": "vpc-1", "cluster_security_group_id": "sg-1", "authentication_mode": "API", **cluster}
    tried = {"problem": problem, "detail": "DETAIL", "private": private}
    return str(
        evaluate(
            "kubeconfig_reasons[kubeconfig_reason]",
            kubeconfig_found={"clusters": [described]},
            kubeconfig_tried=tried,
            supabase_caller=CALLER,
        )
    )


@pytest.mark.parametrize(
    ("told", "problem", "more"),
    [
        ("The API is private: https://api answers in the VPC vpc-1 only", "timeout", {"endpoint_public_access": False}),
        ("The API is private", "unreachable", {"endpoint_public_access": False, "private": True}),
        ("a rule of the security group sg-1", "timeout", {"private": True}),
        ("EKS lets in 203.0.113.7/32 only. Add the address", "timeout", {}),
        ("although EKS lets every address in", "timeout", {"public_access_cidrs": ["0.0.0.0/0"]}),
        ("has no address here (DETAIL)", "name", {}),
        ("takes no connection (DETAIL)", "unreachable", {}),
        ("has no certificate of the cluster (DETAIL)", "tls", {"endpoint_public_access": False}),
        ("The clock of this machine is wrong: DETAIL", "clock", {}),
        ("gave none (DETAIL). Renew the AWS credentials", "credentials", {}),
        ("Put arn:aws:iam::123456789012:role/admin, with the path", "unauthorized", {}),
        ("only the ConfigMap aws-auth is asked", "unauthorized", {"authentication_mode": "CONFIG_MAP"}),
        ("answered DETAIL", "answer", {}),
    ],
)
def test_each_reason_has_its_fix(told: str, problem: str, more: dict[str, Any]) -> None:
    assert told in " ".join(reason(problem, **more).split())


def test_another_profile_is_told_by_its_name() -> None:
    """Of its identity nothing is known, and what has expired still signs."""
    given = {"kubeconfig_tried": {"problem": "unauthorized"}, "supabase_caller": CALLER, "kubeconfig_profile": "ops"}
    found = {"clusters": [{"endpoint": "https://api", "authentication_mode": "API"}]}
    told = evaluate("kubeconfig_reasons.unauthorized", kubeconfig_found=found, supabase_aws_profile="", **given)
    assert "does not know the profile ops, or its credentials have expired (401)" in told
    assert "Put what aws sts get-caller-identity --profile ops prints" in " ".join(told.split())


@pytest.mark.parametrize(
    ("file", "shell", "wanted"),
    [
        ("", "", "{home}/.kube/config"),
        ("", ":/first:/second", "/first"),
        ("~/mine", "/first", "{home}/mine"),
        ("mine", "", "{pwd}/mine"),
    ],
)
def test_where_the_file_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, file: str, shell: str, wanted: str) -> None:
    for name, value in {"HOME": str(tmp_path), "PWD": "/somewhere", "KUBECONFIG": shell}.items():
        monkeypatch.setenv(name, value)
    found = evaluate("kubeconfig_path", kubeconfig_file=file)
    assert found == wanted.format(home=tmp_path, pwd="/somewhere")


def test_the_aws_cli_is_called_by_its_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "aws").touch()
    monkeypatch.setenv("PATH", f"relative:{tmp_path}:/usr/bin")
    works = {"kubeconfig_aws_version": {"rc": 0}, "supabase_aws_profile": "ops"}
    assert evaluate("kubeconfig_command | join(' ')", **works) == (
        f"{tmp_path}/aws --region eu-west-1 --profile ops eks get-token --cluster-name demo-supabase --output json"
    )
    for without in ({"kubeconfig_aws_version": {"rc": 127}}, {**works, "kubeconfig_aws_command": ""}):
        assert evaluate("kubeconfig_command", **without)[0] == sys.executable


def ran(folder: Path, playbook: Path, *options: str, code: int) -> str:
    """Run a playbook; what it printed, without line breaks."""
    command = [str(Path(sys.executable).parent / "ansible-playbook"), str(playbook), *options]
    done = subprocess.run(command, cwd=CHECKOUT, env=surroundings(folder), capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return " ".join(done.stdout.split())


def test_the_file_is_written_once_and_a_stranger_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority.load_or_create(tmp_path / "authority", "Tests of kubeconfig.yml")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("server", ["127.0.0.1"]))
    monkeypatch.setitem(http_server.ANSWERS, "/version", (401, {}, "Unauthorized"))
    (tmp_path / "credentials").write_text(
        "[demo]\n" + "".join(f"{name.lower()} = {value}\n" for name, value in KEYS.items()), encoding="utf-8"
    )
    config = tmp_path / "kube" / "config"
    with http_server.serving(context) as server:
        pem = base64.b64encode(authority.certificate_pem.encode()).decode()
        cluster: dict[str, Any] = {"endpoint": server.url, "certificate_authority": pem}
        cluster |= {"endpoint_public_access": True, "public_access_cidrs": [], "authentication_mode": "API"}
        given = INPUTS | ENDPOINT | {"kubeconfig_found": {"clusters": [cluster]}, "supabase_caller": CALLER}
        given |= {"kubeconfig_file": str(config), "kubeconfig_profile": "demo"}
        given |= {"kubeconfig_environment": {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials")}}
        files = [str(PLAYBOOKS / "tasks" / f"kubeconfig_{name}.yml") for name in ("write", "try")]
        tasks = [{"ansible.builtin.import_tasks": file} for file in files]
        own = [str(PLAYBOOKS / name) for name in PLAY["vars_files"]]
        play = {"hosts": "localhost", "gather_facts": False, "vars_files": own}
        (tmp_path / "files").symlink_to(PLAYBOOKS / "files")
        playbook = tmp_path / "play.yml"
        playbook.write_text(yaml.safe_dump([{**play, "vars": given, "tasks": tasks}]), encoding="utf-8")
        planned = ran(tmp_path, playbook, "-i", "localhost,", "--check", "--diff", code=2)
        assert not config.parent.exists()
        first = ran(tmp_path, playbook, "-i", "localhost,", "--diff", code=2)
        second = ran(tmp_path, playbook, "-i", "localhost,", code=2)
    for printed, changed in ((planned, 2), (first, 2), (second, 0)):
        assert f"changed={changed}" in printed
        assert "The cluster does not know arn:aws:sts::123456789012:assumed-role/admin/me (401)" in printed
        # The prefix of a token and the first letters of a URL in base64.
        assert "k8s-aws-v1.aHR0" not in printed
    assert {file.name: oct(file.stat().st_mode & 0o777) for file in config.parent.iterdir()} == {
        "config": "0o600", "supastack_eks_token.py": "0o600",
    }  # fmt: skip
    assert KEYS["AWS_SECRET_ACCESS_KEY"] not in config.read_text(encoding="utf-8")
    # The program that was written ran, with the profile and the STS that it was told.
    sent = [asked.headers["authorization"] for asked in server.asked]
    assert len(sent) == 3
    query = query_of(sent[-1].removeprefix("Bearer "))
    assert query["X-Amz-Credential"].startswith(KEYS["AWS_ACCESS_KEY_ID"])


def test_expired_credentials_are_told_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = "<ErrorResponse><Error><Code>ExpiredToken</Code><Message>it is expired</Message></Error></ErrorResponse>"
    monkeypatch.setitem(http_server.ANSWERS, "/", (403, {"content-type": "text/xml"}, body))
    inventory = tmp_path / "hosts.yml"
    with http_server.serving() as server:
        hosts = {"hosts": {"demo": INPUTS | {"supabase_aws_endpoint_url": server.url}}}
        inventory.write_text(yaml.safe_dump({"supabase_environments": hosts}), encoding="utf-8")
        printed = ran(tmp_path, PLAYBOOKS / "kubeconfig.yml", "-i", str(inventory), code=2)
    assert "(environment, single sign-on, instance role) have expired. Log in again" in printed
    assert not (tmp_path / ".kube").exists()

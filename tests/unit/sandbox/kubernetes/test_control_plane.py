# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""A real cluster by CreateCluster: its API, who may use it, what listens, and that nothing is left of it."""

from __future__ import annotations

import base64
import ipaddress
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from plugins.lookup.eks_token import sign_token
from sandbox import account, env, lifecycle, processes, status
from sandbox.kubernetes.control_plane import COMPONENTS, ControlPlane, Settings
from sandbox.state import CHECKOUT, Sandbox, SandboxError
from tools.toolchain import tool

NAME = "real"
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "unknown-image", "namespace": "default"},
    "spec": {"containers": [{"name": "c", "image": "example.org/unknown:1"}]},
}


@dataclass(frozen=True)
class Real:
    """A sandbox with an ACTIVE cluster."""

    sandbox: Sandbox
    cluster: dict[str, Any]
    seconds: float
    authority: Path

    def call(self, token: str, path: str, **options: Any) -> requests.Response:
        url = f"{self.cluster['endpoint']}{path}"
        headers = {"Authorization": f"Bearer {token}"}
        method = "POST" if "json" in options else "GET"
        return requests.request(method, url, headers=headers, verify=str(self.authority), timeout=10, **options)

    def token(self, cluster: str = NAME, key: str = "", secret: str = "", session: str = "") -> str:
        state = self.sandbox.read()
        options = {
            "region": state["region"],
            "access_key": key or state["access_key_id"],
            "secret_key": secret or state["secret_access_key"],
            "session_token": session,
            "endpoint_url": state["aws_endpoint_url"],
        }
        return sign_token(cluster, options).token


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    name = f"unit-k8s-{os.getpid()}"
    sandbox = Sandbox(name, CHECKOUT / ".sandbox" / name)
    list(lifecycle.up(sandbox, api_only=False))
    try:
        started = time.monotonic()
        cluster = _create(sandbox)
        authority = tmp_path_factory.mktemp("real") / "ca.crt"
        authority.write_bytes(base64.b64decode(cluster["certificateAuthority"]["data"]))
        yield Real(sandbox, cluster, time.monotonic() - started, authority)
    finally:
        list(lifecycle.down(sandbox))
    assert processes.marked(sandbox) == []


def _create(sandbox: Sandbox) -> dict[str, Any]:
    eks, ec2 = (account.client(sandbox, service) for service in ("eks", "ec2"))
    vpc_id = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc_id, CidrBlock=f"10.20.{number}.0/24", AvailabilityZone=f"eu-west-1{zone}")
        for number, zone in enumerate("ab")
    ]
    eks.create_cluster(
        name=NAME,
        roleArn=_role(sandbox, "cluster", "eks.amazonaws.com"),
        resourcesVpcConfig={"subnetIds": [subnet["Subnet"]["SubnetId"] for subnet in subnets]},
        accessConfig={"authenticationMode": "API"},
        kubernetesNetworkConfig={"serviceIpv4Cidr": "172.21.0.0/16"},
    )
    while (cluster := eks.describe_cluster(name=NAME)["cluster"])["status"] == "CREATING":
        time.sleep(0.1)
    assert cluster["status"] == "ACTIVE", cluster["health"]
    found: dict[str, Any] = cluster
    return found


def _role(sandbox: Sandbox, name: str, service: str) -> str:
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = account.client(sandbox, "iam").create_role(RoleName=name, AssumeRolePolicyDocument=policy)
    return str(role["Role"]["Arn"])


def test_endpoint_is_loopback_and_trusted_by_the_reported_authority(real: Real) -> None:
    assert real.cluster["endpoint"].startswith("https://127.0.0.1:")
    answer = real.call(real.token(), "/version")
    assert answer.json()["gitVersion"] == "v1.35.4"


def test_creator_is_cluster_admin(real: Real) -> None:
    assert real.call(real.token(), "/api/v1/namespaces/kube-system/secrets").status_code == 200


def test_unknown_principals_get_401(real: Real) -> None:
    assert real.call(real.token(key="AKIAIOSFODNN7EXAMPLE", secret="x" * 40), "/version").status_code == 401
    assert real.call(real.token(secret="wrong"), "/version").status_code == 401
    assert real.call(real.token(cluster="other"), "/version").status_code == 401
    assert real.call("garbage", "/version").status_code == 401


def test_role_without_entry_401_with_view_policy_reads_only(real: Real) -> None:
    iam, sts, eks = (account.client(real.sandbox, service) for service in ("iam", "sts", "eks"))
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName="viewer", Path="/team/", AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    session = sts.assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]

    def token() -> str:
        # Another second, another token: the API server remembers for a while what it was told about one.
        time.sleep(1.1)
        return real.token(
            key=session["AccessKeyId"], secret=session["SecretAccessKey"], session=session["SessionToken"]
        )

    assert real.call(token(), "/api/v1/namespaces/default/pods").status_code == 401
    eks.create_access_entry(clusterName=NAME, principalArn=role)
    assert real.call(token(), "/api/v1/namespaces/default/pods").status_code == 403
    scope = {"type": "namespace", "namespaces": ["def*"]}
    view = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
    eks.associate_access_policy(clusterName=NAME, principalArn=role, policyArn=view, accessScope=scope)
    good = token()
    deadline = time.monotonic() + 5
    while real.call(good, "/api/v1/namespaces/default/pods").status_code == 403 and time.monotonic() < deadline:
        # The binding was made a moment ago; the authorizer watches for it.
        time.sleep(0.1)
    assert real.call(good, "/api/v1/namespaces/default/pods").status_code == 200
    assert real.call(good, "/api/v1/namespaces/kube-system/pods").status_code == 403
    assert real.call(good, "/api/v1/namespaces/default/pods", json=POD).status_code == 403


def test_service_addresses_are_of_the_wanted_network(real: Real) -> None:
    answer = real.call(real.token(), "/api/v1/namespaces/default/services/kubernetes").json()
    assert answer["spec"]["clusterIP"] == "172.21.0.1"


def test_service_account_tokens_have_the_clusters_issuer(real: Real) -> None:
    path = "/api/v1/namespaces/default/serviceaccounts/default/token"
    deadline = time.monotonic() + 10
    while not (answer := real.call(real.token(), path, json={"spec": {}})).ok and time.monotonic() < deadline:
        # The controller manager makes the service account of a new namespace.
        time.sleep(0.2)
    payload = answer.json()["status"]["token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims["iss"] == real.cluster["identity"]["oidc"]["issuer"]


def test_pods_wait_for_a_node_or_a_fargate_profile(real: Real) -> None:
    path = "/api/v1/namespaces/default/pods"
    assert real.call(real.token(), path, json=POD).status_code == 201
    _wait_for_pod(real, f"{path}/unknown-image", lambda pod: bool(_unschedulable(pod)))
    assert _shown(real)["unknown-image"] == "not scheduled"
    eks = account.client(real.sandbox, "eks")
    eks.create_fargate_profile(
        clusterName=NAME,
        fargateProfileName="default",
        podExecutionRoleArn=_role(real.sandbox, "fargate", "eks-fargate-pods.amazonaws.com"),
        selectors=[{"namespace": "default"}],
    )
    fargate = {**POD, "metadata": {"name": "on-fargate"}}
    created = real.call(real.token(), path, json=fargate)
    assert created.json()["spec"]["schedulerName"] == "fargate-scheduler", created.text
    _wait_for_pod(real, f"{path}/on-fargate", lambda pod: pod["status"]["phase"] == "Running")
    assert _shown(real)["on-fargate"] == status.SIMULATED


def _wait_for_pod(real: Real, path: str, condition: Callable[[dict[str, Any]], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition(pod := real.call(real.token(), path).json()):
        assert time.monotonic() < deadline, pod["status"]
        time.sleep(0.1)


def _unschedulable(pod: dict[str, Any]) -> list[str]:
    return [item["message"] for item in pod["status"].get("conditions", []) if item.get("reason") == "Unschedulable"]


def _shown(real: Real) -> dict[str, str]:
    (cluster,) = status.collect(real.sandbox)["clusters"]
    assert cluster["running_version"] == "v1.35.4"
    return {item["name"]: item["runs_as"] for item in cluster["pods"]}


def test_kubectl_works_with_the_exports(real: Real) -> None:
    lines, _unused = env.render(real.sandbox)
    kubeconfig = next(line.partition("=")[2] for line in lines if line.startswith("export KUBECONFIG="))
    command = [str(tool("kubectl")), "--kubeconfig", kubeconfig, "auth", "whoami", "-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert json.loads(done.stdout)["status"]["userInfo"]["username"].endswith(":user/supastack")
    state = real.sandbox.read()
    assert state["secret_access_key"] not in Path(kubeconfig).read_text()


def test_every_listener_is_loopback(real: Real) -> None:
    found = _listeners(processes.family(real.sandbox))
    assert len(found) > len(COMPONENTS)
    assert [address for address in found if not address.startswith(("127.", "::1"))] == []


def test_failed_cluster_says_why(real: Real) -> None:
    eks = account.client(real.sandbox, "eks")
    folder = real.sandbox.path("clusters", "broken")
    folder.mkdir()
    # kwokctl cannot write its files over this.
    (folder / "kwok.yaml").mkdir()
    eks.create_cluster(
        name="broken",
        roleArn=real.cluster["roleArn"],
        resourcesVpcConfig={"subnetIds": real.cluster["resourcesVpcConfig"]["subnetIds"]},
    )
    while (cluster := eks.describe_cluster(name="broken")["cluster"])["status"] == "CREATING":
        time.sleep(0.1)
    assert cluster["status"] == "FAILED"
    assert "kwokctl" in cluster["health"]["issues"][0]["message"]
    eks.delete_cluster(name="broken")


def test_the_node_has_the_gateways_port(real: Real) -> None:
    node = processes.record(real.sandbox, f"node-{NAME}")
    assert node is not None
    wanted = f"0100007F:{real.sandbox.read()['ports']['gateway']:04X}"
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    (inode,) = [fields[9] for fields in lines if fields[1] == wanted and fields[3] == "0A"]
    links = [str(link.readlink()) for link in Path(f"/proc/{node.pid}/fd").iterdir() if link.is_symlink()]
    assert f"socket:[{inode}]" in links


def test_a_folder_with_a_space(tmp_path: Path) -> None:
    sandbox = Sandbox("space", tmp_path / "a space" / "space")
    sandbox.update(ports={})
    plane = ControlPlane(sandbox, "spaced")
    try:
        plane.start(Settings("172.21.0.0/16", "https://issuer.example", "https://127.0.0.1:1"))
        assert all(processes.alive(sandbox, f"{component}-spaced") for component in COMPONENTS)
        assert sorted(item.name for item in (plane.folder / "pids").iterdir()) == sorted(f"{c}.pid" for c in COMPONENTS)
    finally:
        plane.stop()
    assert processes.stop_all(sandbox) == []
    assert [item.name for item in tmp_path.iterdir()] == ["a space"]


def test_a_cluster_in_a_foreign_folder_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = Sandbox("foreign", tmp_path / "foreign")
    sandbox.folder.mkdir()
    monkeypatch.setattr(ControlPlane, "_home", lambda _self: tmp_path)
    try:
        with pytest.raises(SandboxError, match=r"kwokctl did not write .*etcd\.pid.*took another folder"):
            ControlPlane(sandbox, "foreign").start(
                Settings("172.21.0.0/16", "https://issuer.example", "https://127.0.0.1:1")
            )
    finally:
        processes.stop_all(sandbox, timeout=1)


def test_deletion_stops_the_control_plane(real: Real) -> None:
    eks = account.client(real.sandbox, "eks")
    eks.create_cluster(
        name="short",
        roleArn=real.cluster["roleArn"],
        resourcesVpcConfig={"subnetIds": real.cluster["resourcesVpcConfig"]["subnetIds"]},
    )
    while eks.describe_cluster(name="short")["cluster"]["status"] == "CREATING":
        time.sleep(0.1)
    names = [f"{component}-short" for component in COMPONENTS]
    assert all(processes.alive(real.sandbox, name) for name in names)
    eks.delete_cluster(name="short")
    deadline = time.monotonic() + 30
    while "short" in eks.list_clusters()["clusters"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert not any(processes.alive(real.sandbox, name) for name in names)
    assert not real.sandbox.path("clusters", "short").exists()
    assert processes.alive(real.sandbox, f"etcd-{NAME}")


def test_reset_stops_clusters_and_keeps_the_emulator(real: Real) -> None:
    before = real.sandbox.read()
    lifecycle.reset(real.sandbox)
    assert account.client(real.sandbox, "eks").list_clusters()["clusters"] == []
    assert [item.name for item in processes.records(real.sandbox)] == ["aws"]
    assert len(processes.marked(real.sandbox)) == 1
    assert real.sandbox.read()["ports"] == before["ports"]


def _listeners(pids: list[int]) -> list[str]:
    """Addresses on which `pids` listen in this network namespace, from /proc/net/tcp and tcp6."""
    inodes = set()
    for pid in pids:
        for link in Path(f"/proc/{pid}/fd").glob("*"):
            try:
                target = str(link.readlink())
            except OSError:
                continue
            if target.startswith("socket:["):
                inodes.add(target[8:-1])
    addresses = []
    for file in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{file}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                addresses.append(_address(fields[1].partition(":")[0]))
    return addresses


def _address(text: str) -> str:
    words = [bytes.fromhex(text[start : start + 8])[::-1] for start in range(0, len(text), 8)]
    packed = b"".join(words)
    return ".".join(str(byte) for byte in packed) if len(packed) == 4 else _short(packed)


def _short(packed: bytes) -> str:
    mapped = packed[:12] == bytes(10) + b"\xff\xff"
    return ".".join(str(byte) for byte in packed[12:]) if mapped else str(ipaddress.IPv6Address(packed))

# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The process node for real: pods that the API server accepted, run as processes, in a sandbox of its own."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox import account, lifecycle, names, processes, status
from sandbox.kubernetes.control_plane import ControlPlane
from sandbox.node.config import FARGATE_NODE
from sandbox.state import Sandbox
from tools.toolchain import tool

Json = dict[str, Any]

CLUSTER = "node"
# Pods of this namespace match the cluster's Fargate profile.
FARGATE = "fargate"
NODE_IMAGE = "supabase/postgres-meta:v0.99.0"
UNKNOWN_IMAGE = "nginx:1.29"
# Of a stand-in that nobody can replace by a program of their own.
PYTHON_IMAGE = "registry.k8s.io/external-dns/external-dns:v0.21.0"
PYTHON = str(Path(sys.executable).resolve())

SERVER = """
const http = require("http");
http.createServer((request, response) => {
  console.log("asked for " + request.url);
  // A client that keeps its connection would meet one replica only.
  response.setHeader("connection", "close");
  response.end(JSON.stringify({ pod: process.env.HOSTNAME, env: process.env, uid: process.getuid() }));
}).listen(8000);
process.on("SIGTERM", () => { console.log("terminated gently"); process.exit(0); });
"""
# Prints one line of JSON per address: an answer's status and body, or the error's code.
FETCH = """
(async () => {
  for (const url of process.argv.slice(1)) {
    let found;
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(5000) });
      found = { status: answer.status, body: await answer.text() };
    } catch (error) { found = { error: (error.cause || error).code || error.name }; }
    console.log(JSON.stringify(found));
  }
})();
"""
CALLER_IDENTITY = """
import boto3, botocore.exceptions, os
print(sorted(name for name in os.environ if name.startswith("AWS")))
sts = boto3.client("sts", region_name="eu-west-1", endpoint_url="http://aws.eu-west-1.amazonaws.com")
try:
    print(sts.get_caller_identity()["Arn"])
except botocore.exceptions.NoCredentialsError as error:
    print(type(error).__name__)
"""


@dataclass(frozen=True)
class Cluster:
    """A running cluster with its process node."""

    sandbox: Sandbox

    @property
    def control_plane(self) -> ControlPlane:
        return ControlPlane(self.sandbox, CLUSTER)

    @property
    def node_pid(self) -> int:
        record = processes.record(self.sandbox, self.control_plane.node_process)
        assert record is not None
        return record.pid

    def kubectl(self, *arguments: str, manifest: object = None) -> str:
        """Run kubectl as the cluster's administrator and return what it prints."""
        command = [str(tool("kubectl")), "--kubeconfig", str(self.control_plane.admin_kubeconfig), *arguments]
        payload = None if manifest is None else json.dumps(manifest)
        done = subprocess.run(command, input=payload, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"{' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def apply(self, *objects: Json) -> None:
        self.kubectl("apply", "-f", "-", manifest={"apiVersion": "v1", "kind": "List", "items": list(objects)})

    def get(self, kind: str, name: str) -> Json:
        found: Json = json.loads(self.kubectl("get", kind, name, "-o", "json"))
        return found

    def nodes(self, group: str) -> list[Json]:
        """The Nodes of a managed node group, the oldest first."""
        chosen = ["-l", f"eks.amazonaws.com/nodegroup={group}", "--sort-by=.metadata.creationTimestamp"]
        found: list[Json] = json.loads(self.kubectl("get", "nodes", *chosen, "-o", "json"))["items"]
        return found

    def workers(self) -> list[Json]:
        return self.nodes("workers")

    def run(self, *objects: Json, name: str) -> str:
        """Apply `objects`, wait for pod `name` to end, return its log."""
        self.apply(*objects)
        wait(lambda: self.get("pod", name)["status"].get("phase") in ("Succeeded", "Failed"), f"pod {name} ends")
        return self.kubectl("logs", name)

    def processes(self) -> list[int]:
        """Pids of all containers' bwrap monitors."""
        return [pid for pid in processes.marked(self.sandbox) if _command(pid)[:1] and "bwrap" in _command(pid)[0]]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    sandbox = Sandbox("e2e-node", tmp_path_factory.mktemp("node") / "e2e-node")
    list(lifecycle.up(sandbox, api_only=False))
    try:
        _create_cluster(sandbox)
        found = Cluster(sandbox)
        ready = sandbox.path("clusters", CLUSTER, "node-ready")
        wait(ready.is_file, "the process node is ready")
        wait(lambda: _ready_condition(found.get("node", FARGATE_NODE)) == "True", "the API server knows it")
        wait(lambda: [_ready_condition(item) for item in found.workers()] == ["True"] * 2, "the instances have joined")
        found.kubectl("create", "namespace", FARGATE)
        yield found
    finally:
        list(lifecycle.down(sandbox))
    assert processes.marked(sandbox) == []


def wait(condition: Callable[[], bool], what: str, seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not after {seconds:g} s"
        time.sleep(0.1)


def _create_cluster(sandbox: Sandbox) -> None:
    ec2, iam, eks = (account.client(sandbox, service) for service in ("ec2", "iam", "eks"))
    vpc_id = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    subnet_ids = [
        ec2.create_subnet(VpcId=vpc_id, CidrBlock=f"10.20.{number}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for number, zone in enumerate(["eu-west-1a", "eu-west-1b"])
    ]
    role = _role(iam, "cluster", "eks.amazonaws.com", "sts:AssumeRole")
    eks.create_cluster(name=CLUSTER, roleArn=role, resourcesVpcConfig={"subnetIds": subnet_ids})
    wait(lambda: eks.describe_cluster(name=CLUSTER)["cluster"]["status"] != "CREATING", "the cluster is made", 90)
    assert eks.describe_cluster(name=CLUSTER)["cluster"]["status"] == "ACTIVE"
    pod_role = _role(iam, "pods", "pods.eks.amazonaws.com", "sts:AssumeRole", "sts:TagSession")
    for namespace in ("default", FARGATE):
        eks.create_pod_identity_association(
            clusterName=CLUSTER, namespace=namespace, serviceAccount="with-identity", roleArn=pod_role
        )
    eks.create_fargate_profile(
        clusterName=CLUSTER,
        fargateProfileName="all",
        podExecutionRoleArn=_role(iam, "fargate", "eks-fargate-pods.amazonaws.com", "sts:AssumeRole"),
        subnets=subnet_ids,
        selectors=[{"namespace": f"{FARGATE}*"}],
    )
    _create_nodegroup(sandbox, "workers", subnet_ids, 2)


def _create_nodegroup(sandbox: Sandbox, name: str, subnet_ids: list[str], size: int, **members: Any) -> None:
    role = _role(account.client(sandbox, "iam"), f"node-{name}", "ec2.amazonaws.com", "sts:AssumeRole")
    account.client(sandbox, "eks").create_nodegroup(
        clusterName=CLUSTER,
        nodegroupName=name,
        nodeRole=role,
        subnets=subnet_ids,
        scalingConfig={"minSize": 0, "maxSize": 4, "desiredSize": size},
        instanceTypes=["m7i.2xlarge"],
        **members,
    )


def _role(iam: Any, name: str, service: str, *actions: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": list(actions)}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    return arn


def _ready_condition(item: Json) -> str:
    found = [entry["status"] for entry in item["status"].get("conditions", []) if entry["type"] == "Ready"]
    return found[0] if found else "Unknown"


def _command(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").split("\0")
    except OSError:
        return []


def _pod(name: str, container: Json, **spec: Any) -> Json:
    whole = {"name": "main", "image": NODE_IMAGE, **container}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"test": name}},
        "spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": 5, "containers": [whole], **spec},
    }


def _fetcher(name: str, *urls: str) -> Json:
    return _pod(name, {"command": ["node", "-e", FETCH, *urls]})


def _answers(log: str) -> list[Json]:
    return [json.loads(line) for line in log.splitlines()]


def _name() -> str:
    return f"p-{uuid.uuid4().hex[:8]}"


def _container_status(cluster: Cluster, name: str) -> Json:
    statuses = cluster.get("pod", name)["status"].get("containerStatuses") or [{"state": {}}]
    found: Json = statuses[0]
    return found


@pytest.fixture(scope="module")
def web(cluster: Cluster) -> str:
    """A Deployment of two replicas with probes and a Service; returns its name."""
    labels = {"app": "web"}
    container = {
        "name": "web",
        "image": NODE_IMAGE,
        "command": ["node", "/program/server.js"],
        "ports": [{"name": "http", "containerPort": 8000}],
        "startupProbe": {"httpGet": {"path": "/startup", "port": "http"}, "periodSeconds": 1, "failureThreshold": 30},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}, "periodSeconds": 1},
        "livenessProbe": {"exec": {"command": ["sh", "-c", "test $(id -u) = 4242"]}, "periodSeconds": 2},
        "securityContext": {"readOnlyRootFilesystem": True, "runAsUser": 4242, "runAsNonRoot": True},
        "volumeMounts": [{"name": "program", "mountPath": "/program"}],
    }
    template = {
        "metadata": {"labels": labels},
        "spec": {
            "terminationGracePeriodSeconds": 5,
            "containers": [container],
            "volumes": [{"name": "program", "configMap": {"name": "web"}}],
        },
    }
    cluster.apply(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}, "data": {"server.js": SERVER}},
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web"},
            "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": template},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web"},
            "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": "http"}]},
        },
    )
    cluster.kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    return "web"


def test_deployment_becomes_ready_by_its_probes(cluster: Cluster, web: str) -> None:
    pods = json.loads(cluster.kubectl("get", "pods", "-l", "app=web", "-o", "json"))["items"]
    assert sorted(pod["spec"]["nodeName"] for pod in pods) == sorted(
        item["metadata"]["name"] for item in cluster.workers()
    )
    assert [_ready_condition(pod) for pod in pods] == ["True"] * 2
    assert len({pod["status"]["podIP"] for pod in pods}) == 2
    log = cluster.kubectl("logs", f"deployment/{web}", "--all-pods=true")
    assert "asked for /startup" in log
    assert "asked for /ready" in log


def test_logs_with_tail_and_times(cluster: Cluster, web: str) -> None:
    lines = cluster.kubectl("logs", f"deployment/{web}", "--tail=2", "--timestamps").splitlines()
    assert len(lines) == 2
    assert all(line.split()[0].endswith("Z") for line in lines)


def test_service_names_resolve_and_reach_every_replica(cluster: Cluster, web: str) -> None:
    name = _name()
    urls = [f"http://{web}{suffix}/" for suffix in ("", ".default", ".default.svc", ".default.svc.cluster.local")]
    answers = _answers(cluster.run(_fetcher(name, *urls, *urls[:1] * 24), name=name))
    assert [answer.get("status") for answer in answers] == [200] * len(answers)
    bodies = [json.loads(answer["body"]) for answer in answers]
    assert len({body["pod"] for body in bodies}) == 2
    assert {body["uid"] for body in bodies} == {4242}


def test_environment_is_the_pods_own(cluster: Cluster, web: str) -> None:
    name = _name()
    body = json.loads(_answers(cluster.run(_fetcher(name, f"http://{web}/"), name=name))[0]["body"])
    assert set(os.environ) & set(body["env"]) <= {"PATH", "HOME", "HOSTNAME", "PWD"}
    assert not any(key.startswith(("AWS", "SUPASTACK", "SANDBOX")) for key in body["env"])


def test_pods_reach_neither_loopback_nor_the_outside(cluster: Cluster) -> None:
    name, state = _name(), cluster.sandbox.read()
    aws = state["ports"]["aws"]
    refused = [f"http://127.0.0.1:{aws}/", f"http://10.244.0.1:{aws}/", "http://192.0.2.1/", "http://example.com/"]
    answers = _answers(cluster.run(_fetcher(name, *refused), name=name))
    assert [answer.get("error") for answer in answers] == ["ECONNREFUSED", "ECONNREFUSED", "ENETUNREACH", "EAI_AGAIN"]


def test_published_names_are_the_only_way_out(cluster: Cluster) -> None:
    aws = cluster.sandbox.read()["ports"]["aws"]
    names.publish(cluster.sandbox, "other.example", 8080, aws)
    name = _name()
    urls = ["http://other.example:8080/sandbox/status", "http://other.example:8081/"]
    try:
        wait(lambda: "other.example" in _hosts(cluster), "the name reaches the pods")
        answers = _answers(cluster.run(_fetcher(name, *urls), name=name))
    finally:
        names.withdraw(cluster.sandbox, "other.example", 8080)
    assert answers[0]["status"] == 200
    assert answers[1]["error"] == "ECONNREFUSED"


def _hosts(cluster: Cluster) -> str:
    name = _name()
    return cluster.run(_pod(name, {"command": ["cat", "/etc/hosts"]}), name=name)


def _python_pod(name: str, service_account: str, program: str) -> list[Json]:
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": service_account}},
        _pod(
            name,
            {"image": PYTHON_IMAGE, "command": [PYTHON, "-c", program]},
            serviceAccountName=service_account,
        ),
    ]


def test_pod_identity_gives_the_associated_role(cluster: Cluster) -> None:
    name = _name()
    environment, arn = cluster.run(*_python_pod(name, "with-identity", CALLER_IDENTITY), name=name).splitlines()
    assert "AWS_CONTAINER_CREDENTIALS_FULL_URI" in environment
    assert ":assumed-role/pods/" in arn


def test_pod_without_identity_gets_no_credentials(cluster: Cluster) -> None:
    name = _name()
    log = cluster.run(*_python_pod(name, "without-identity", CALLER_IDENTITY), name=name)
    assert log.splitlines() == ["[]", "NoCredentialsError"]


def test_pod_identity_gives_nothing_on_fargate(cluster: Cluster) -> None:
    name = _name()
    pod, log = _run_on_fargate(cluster, name, *_python_pod(name, "with-identity", CALLER_IDENTITY))
    assert pod["metadata"]["labels"]["eks.amazonaws.com/fargate-profile"] == "all"
    assert (pod["spec"]["schedulerName"], pod["spec"]["nodeName"]) == ("fargate-scheduler", FARGATE_NODE)
    assert log.splitlines() == ["[]", "NoCredentialsError"]


def test_there_is_no_pod_identity_agent_on_fargate(cluster: Cluster) -> None:
    program = """
import urllib.error, urllib.request
headers = {"Authorization": open("/tokens/token").read()}
request = urllib.request.Request("http://169.254.170.23/v1/credentials", headers=headers)
try:
    print(urllib.request.urlopen(request).status)
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode())
"""
    name = _name()
    account_object, pod = _python_pod(name, "with-identity", program)
    token = {"path": "token", "audience": "pods.eks.amazonaws.com"}
    pod["spec"]["volumes"] = [{"name": "tokens", "projected": {"sources": [{"serviceAccountToken": token}]}}]
    pod["spec"]["containers"][0]["volumeMounts"] = [{"name": "tokens", "mountPath": "/tokens"}]
    _unused, log = _run_on_fargate(cluster, name, account_object, pod)
    assert log.startswith("404 ")
    assert "Fargate" in log


def test_role_of_the_service_account_works_on_fargate(cluster: Cluster) -> None:
    name = _name()
    account_object, pod = _python_pod(name, "with-irsa", CALLER_IDENTITY)
    account_object["metadata"]["annotations"] = {"eks.amazonaws.com/role-arn": _web_identity_role(cluster, "with-irsa")}
    _unused, log = _run_on_fargate(cluster, name, account_object, pod)
    environment, arn = log.splitlines()
    assert "AWS_WEB_IDENTITY_TOKEN_FILE" in environment
    assert ":assumed-role/with-irsa/" in arn


def _web_identity_role(cluster: Cluster, service_account: str) -> str:
    """A role that only a service account in Fargate's namespace may have, called like it: its ARN."""
    eks, iam = (account.client(cluster.sandbox, service) for service in ("eks", "iam"))
    issuer = eks.describe_cluster(name=CLUSTER)["cluster"]["identity"]["oidc"]["issuer"]
    provider = iam.create_open_id_connect_provider(Url=issuer, ClientIDList=["sts.amazonaws.com"])
    subject = {f"{issuer.removeprefix('https://')}:sub": f"system:serviceaccount:{FARGATE}:{service_account}"}
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": provider["OpenIDConnectProviderArn"]},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": subject},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    arn: str = iam.create_role(RoleName=service_account, AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    return arn


def _run_on_fargate(cluster: Cluster, name: str, *objects: Json) -> tuple[Json, str]:
    """Apply `objects` in Fargate's namespace, wait for pod `name` to end, return it and its log."""
    for item in objects:
        item["metadata"]["namespace"] = FARGATE
    cluster.apply(*objects)

    def get() -> Json:
        found: Json = json.loads(cluster.kubectl("get", "-n", FARGATE, "pod", name, "-o", "json"))
        return found

    wait(lambda: get()["status"].get("phase") in ("Succeeded", "Failed"), f"pod {name} ends")
    return get(), cluster.kubectl("logs", "-n", FARGATE, name)


def test_other_pods_wait_when_no_instance_can_take_them(cluster: Cluster) -> None:
    name = _name()
    cluster.apply(_pod(name, {"command": ["true"], "resources": {"requests": {"cpu": "16"}}}))
    wait(lambda: "FailedScheduling" in _events(cluster, name), "the scheduler says so")
    pod = cluster.get("pod", name)
    assert (pod["status"]["phase"], pod["spec"].get("nodeName")) == ("Pending", None)
    cluster.kubectl("delete", "pod", name)


def test_credentials_endpoint_wants_a_token_of_its_audience(cluster: Cluster) -> None:
    program = """
import urllib.error, urllib.request
own = open("/var/run/secrets/kubernetes.io/serviceaccount/token").read()
for token in (None, "garbage", own):
    headers = {"Authorization": token} if token else {}
    request = urllib.request.Request("http://169.254.170.23/v1/credentials", headers=headers)
    try:
        print(urllib.request.urlopen(request).status)
    except urllib.error.HTTPError as error:
        print(error.code)
"""
    name = _name()
    log = cluster.run(*_python_pod(name, "without-identity", program), name=name)
    assert log.split() == ["400", "403", "403"]


def test_late_secret_and_mounted_files(cluster: Cluster) -> None:
    name = _name()
    script = 'echo "$PASSWORD"; cat /files/a/password; stat -c %a /files/a/password; cat /one; ls /files'
    container = {
        "command": ["sh", "-c", script],
        "env": [{"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": name, "key": "password"}}}],
        "volumeMounts": [
            {"name": "files", "mountPath": "/files"},
            {"name": "files", "mountPath": "/one", "subPath": "a/password"},
        ],
    }
    items = [{"key": "password", "path": "a/password", "mode": 0o400}]
    volume = {"name": "files", "secret": {"secretName": f"{name}-files", "items": items}}
    cluster.apply(_pod(name, container, volumes=[volume]))
    wait(lambda: f'secret "{name}-files" not found' in _events(cluster, name), "the missing volume is reported")
    cluster.kubectl("create", "secret", "generic", f"{name}-files", "--from-literal=password=in-file\n")
    wait(
        lambda: _waiting(cluster, name) == ("CreateContainerConfigError", f'secret "{name}" not found'),
        "the missing variable is reported",
    )
    cluster.kubectl("create", "secret", "generic", name, "--from-literal=password=in-env")
    wait(lambda: cluster.get("pod", name)["status"]["phase"] == "Succeeded", "it runs")
    assert cluster.kubectl("logs", name).splitlines() == ["in-env", "in-file", "400", "in-file", "a"]


def _events(cluster: Cluster, name: str) -> str:
    return cluster.kubectl("get", "events", "--field-selector", f"involvedObject.name={name}")


def _waiting(cluster: Cluster, name: str) -> tuple[str | None, str | None]:
    state = _container_status(cluster, name)["state"].get("waiting", {})
    return state.get("reason"), state.get("message")


def _job(name: str, command: list[str], image: str = NODE_IMAGE, **spec: Any) -> Json:
    container = {"image": image, "command": command, "terminationMessagePolicy": "FallbackToLogsOnError"}
    template = {"spec": _pod(name, container)["spec"]}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"template": template, **spec},
    }


def test_job_completes_and_fails(cluster: Cluster) -> None:
    good, bad = _name(), _name()
    cluster.apply(
        _job(good, ["sh", "-c", "echo done"]),
        _job(bad, ["sh", "-c", "echo broken >&2; exit 3"], backoffLimit=0),
    )
    cluster.kubectl("wait", "--for=condition=Complete", f"job/{good}", "--timeout=30s")
    cluster.kubectl("wait", "--for=condition=Failed", f"job/{bad}", "--timeout=30s")
    pod = json.loads(cluster.kubectl("get", "pods", "-l", f"job-name={bad}", "-o", "json"))["items"][0]
    ended = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (ended["exitCode"], ended["message"]) == (3, "broken\n")
    assert pod["status"]["phase"] == "Failed"


def test_init_containers_run_first_and_share_volumes(cluster: Cluster) -> None:
    name = _name()
    mounts = [{"name": "shared", "mountPath": "/shared"}]
    inits = [
        {"name": f"init-{number}", "image": NODE_IMAGE, "volumeMounts": mounts, "command": ["sh", "-c", command]}
        for number, command in enumerate(["echo first >> /shared/order", "echo second >> /shared/order"])
    ]
    container = {"command": ["cat", "/shared/order"], "volumeMounts": mounts}
    pod = _pod(name, container, initContainers=inits, volumes=[{"name": "shared", "emptyDir": {}}])
    assert cluster.run(pod, name=name).split() == ["first", "second"]


def test_pods_with_unknown_images_are_simulated(cluster: Cluster) -> None:
    name, job = _name(), _name()
    cluster.apply(_pod(name, {"image": UNKNOWN_IMAGE}, restartPolicy="Always"))
    cluster.apply(_job(job, ["nginx"], image=UNKNOWN_IMAGE))
    cluster.kubectl("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=30s")
    cluster.kubectl("wait", "--for=condition=Complete", f"job/{job}", "--timeout=30s")
    shown = {item["name"]: item["runs_as"] for item in status.collect(cluster.sandbox)["clusters"][0]["pods"]}
    assert shown[name] == status.SIMULATED
    assert cluster.get("pod", name)["status"]["podIP"].startswith("10.244.")
    started = time.monotonic()
    cluster.kubectl("delete", "pod", name)
    assert time.monotonic() - started < 5


def test_fields_that_cannot_be_honoured_are_named(cluster: Cluster) -> None:
    name = _name()
    cluster.apply(_pod(name, {"command": ["true"]}, hostNetwork=True))
    wait(lambda: _waiting(cluster, name)[0] == "UnsupportedPodSpec", "it is refused")
    assert "spec.hostNetwork" in str(_waiting(cluster, name)[1])


def test_crash_is_restarted_with_back_off(cluster: Cluster) -> None:
    name = _name()
    cluster.apply(_pod(name, {"command": ["sh", "-c", "echo attempt; exit 7"]}, restartPolicy="Always"))
    wait(lambda: _waiting(cluster, name)[0] == "CrashLoopBackOff", "it backs off")
    status = _container_status(cluster, name)
    assert status["restartCount"] >= 1
    assert status["lastState"]["terminated"]["exitCode"] == 7
    assert cluster.kubectl("logs", name, "--previous") == "attempt\n"


def test_program_that_does_not_exist(cluster: Cluster) -> None:
    name = _name()
    cluster.apply(_pod(name, {"command": ["/no/such/program"]}))
    wait(lambda: cluster.get("pod", name)["status"]["phase"] == "Failed", "it fails")
    ended = _container_status(cluster, name)["state"]["terminated"]
    assert (ended["reason"], ended["exitCode"]) == ("StartError", 128)


def test_failed_liveness_probe_restarts(cluster: Cluster) -> None:
    name = _name()
    probe = {"exec": {"command": ["test", "-e", "/tmp/alive"]}, "periodSeconds": 1, "failureThreshold": 1}
    command = ["sh", "-c", "trap 'exit 0' TERM; touch /tmp/alive; sleep 1; rm /tmp/alive; while :; do sleep 0.1; done"]
    cluster.apply(_pod(name, {"command": command, "livenessProbe": probe}, restartPolicy="Always"))
    wait(lambda: _container_status(cluster, name).get("restartCount", 0) >= 1, "it is restarted")
    assert "Liveness probe failed" in _events(cluster, name)


@pytest.mark.parametrize(
    ("script", "last_line", "seconds"),
    [
        ("trap 'echo gently; exit 0' TERM; while :; do sleep 0.1; done", "gently", 4),
        # The first process of a container ignores signals that it does not handle.
        ("while :; do sleep 0.1; done", "", 12),
    ],
)
def test_termination_with_grace(cluster: Cluster, script: str, last_line: str, seconds: float) -> None:
    name = _name()
    cluster.apply(_pod(name, {"command": ["sh", "-c", f"{script} # {name}"]}))
    wait(lambda: cluster.get("pod", name)["status"].get("phase") == "Running", "it runs")
    log = subprocess.Popen(
        [str(tool("kubectl")), "--kubeconfig", str(cluster.control_plane.admin_kubeconfig), "logs", "-f", name],
        stdout=subprocess.PIPE,
        text=True,
    )
    time.sleep(0.5)
    started = time.monotonic()
    cluster.kubectl("delete", "pod", name)
    assert time.monotonic() - started < seconds
    output, _unused = log.communicate(timeout=10)
    assert output.strip() == last_line
    assert not [pid for pid in cluster.processes() if name in " ".join(_command(pid))]


def test_killed_process_is_restarted_while_the_other_serves(cluster: Cluster, web: str) -> None:
    restarts = _restarts(cluster, web)
    os.kill(_first_process(cluster, web), signal.SIGKILL)
    name = _name()
    answers = _answers(cluster.run(_fetcher(name, *[f"http://{web}/"] * 20), name=name))
    assert [answer.get("status") for answer in answers] == [200] * 20
    wait(lambda: _restarts(cluster, web) == restarts + 1, "it is restarted")
    cluster.kubectl("rollout", "status", f"deployment/{web}", "--timeout=30s")


def _restarts(cluster: Cluster, app: str) -> int:
    pods = json.loads(cluster.kubectl("get", "pods", "-l", f"app={app}", "-o", "json"))["items"]
    return sum(pod["status"]["containerStatuses"][0]["restartCount"] for pod in pods)


def _first_process(cluster: Cluster, app: str) -> int:
    """The pid of a container of Deployment `app`: the child of its bwrap."""
    monitors = [pid for pid in cluster.processes() if "/program/server.js" in _command(pid)]
    children = Path(f"/proc/{monitors[0]}/task/{monitors[0]}/children").read_text(encoding="ascii").split()
    return int(children[0])


def test_secrets_are_in_no_process_list(cluster: Cluster) -> None:
    name, value = _name(), f"secret-{uuid.uuid4().hex}"
    cluster.kubectl("create", "secret", "generic", name, f"--from-literal=password={value}")
    source = {"secretKeyRef": {"name": name, "key": "password"}}
    container = {"command": ["sh", "-c", "sleep 3"], "env": [{"name": "PASSWORD", "valueFrom": source}]}
    cluster.apply(_pod(name, container))
    wait(lambda: cluster.get("pod", name)["status"].get("phase") == "Running", "it runs")
    lines = [" ".join(_command(int(entry.name))) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    assert not [line for line in lines if value in line]
    on_disk = [path for path in cluster.sandbox.path("clusters", CLUSTER, "node").rglob("*") if path.is_file()]
    assert not [path for path in on_disk if value.encode() in path.read_bytes()]


def test_containers_run_as_another_user_than_root(cluster: Cluster, web: str) -> None:
    owner = Path(f"/proc/{_first_process(cluster, web)}").stat().st_uid
    assert owner == (os.getuid() or 65533)


def test_standard_streams_can_be_opened_by_name(cluster: Cluster) -> None:
    name = _name()
    container = {
        "command": ["sh", "-c", "echo out > /dev/stdout; echo err > /dev/stderr"],
        "securityContext": {"runAsUser": 1000},
    }
    assert sorted(cluster.run(_pod(name, container), name=name).split()) == ["err", "out"]


def test_projected_token_is_bound_to_the_pod(cluster: Cluster) -> None:
    name = _name()
    source = {"serviceAccountToken": {"path": "token", "audience": "some.audience", "expirationSeconds": 600}}
    container = {
        "command": ["cut", "-d.", "-f2", "/tokens/token"],
        "volumeMounts": [{"name": "tokens", "mountPath": "/tokens"}],
    }
    pod = _pod(name, container, volumes=[{"name": "tokens", "projected": {"sources": [source]}}])
    payload = cluster.run(pod, name=name).strip()
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims["aud"] == ["some.audience"]
    assert claims["kubernetes.io"]["pod"]["name"] == name


def test_instances_of_a_node_group_are_nodes(cluster: Cluster) -> None:
    eks, ec2 = (account.client(cluster.sandbox, service) for service in ("eks", "ec2"))
    subnets = eks.describe_nodegroup(clusterName=CLUSTER, nodegroupName="workers")["nodegroup"]["subnets"]
    taint = {"key": "dedicated", "value": "test", "effect": "NO_SCHEDULE"}
    _create_nodegroup(cluster.sandbox, "few", subnets, 1, labels={"own": "label"}, taints=[taint])
    wait(lambda: [_ready_condition(item) for item in cluster.nodes("few")] == ["True"], "its instance has joined")
    (node,) = cluster.nodes("few")
    labels = node["metadata"]["labels"]
    assert labels["own"] == "label"
    assert labels["node.kubernetes.io/instance-type"] == "m7i.2xlarge"
    assert labels["topology.kubernetes.io/zone"] in ("eu-west-1a", "eu-west-1b")
    assert {"key": "dedicated", "value": "test", "effect": "NoSchedule"} in node["spec"]["taints"]
    assert node["status"]["capacity"]["cpu"] == "8"
    name = _name()
    place: Json = {"nodeSelector": {"own": "label"}, "tolerations": [{"key": "dedicated", "operator": "Exists"}]}
    cluster.apply(_pod(name, {"command": ["sh", "-c", f"sleep 60 # {name}"]}, **place))
    wait(lambda: cluster.get("pod", name)["status"].get("phase") == "Running", "a pod runs on it")
    place_of_group = {"clusterName": CLUSTER, "nodegroupName": "few"}
    eks.update_nodegroup_config(**place_of_group, labels={"addOrUpdateLabels": {"late": "yes"}})
    wait(lambda: cluster.nodes("few")[0]["metadata"]["labels"].get("late") == "yes", "new labels reach old nodes")
    identifier = node["spec"]["providerID"].rpartition("/")[2]
    ec2.terminate_instances(InstanceIds=[identifier])
    wait(lambda: node["metadata"]["uid"] not in _uids(cluster, "few"), "its node goes with it")
    wait(lambda: not [pid for pid in cluster.processes() if name in " ".join(_command(pid))], "and what ran on it")
    wait(lambda: len(cluster.nodes("few")) == 1, "the group replaces it")
    cluster.kubectl("delete", "pod", name, "--force", "--grace-period=0")
    cluster.apply(_pod(name, {"command": ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done"]}, **place))
    wait(lambda: cluster.get("pod", name)["status"].get("phase") == "Running", "a pod runs on that one")
    scaling = {"minSize": 0, "desiredSize": 0}
    eks.update_nodegroup_config(**place_of_group, scalingConfig=scaling)
    wait(lambda: cluster.nodes("few") == [], "the group shrinks")
    assert name not in cluster.kubectl("get", "pods", "-o", "name"), "the node was drained first"
    eks.delete_nodegroup(**place_of_group)


def test_instance_of_karpenter_is_a_node_by_its_claim(cluster: Cluster) -> None:
    """What the real Karpenter does, done by hand: an instance with its tags, and a NodeClaim that names it."""
    ec2, eks = (account.client(cluster.sandbox, service) for service in ("ec2", "eks"))
    subnet = eks.describe_cluster(name=CLUSTER)["cluster"]["resourcesVpcConfig"]["subnetIds"][0]
    tags = {f"kubernetes.io/cluster/{CLUSTER}": "owned", "karpenter.sh/nodepool": "default"}
    instance = ec2.run_instances(
        ImageId="ami-00000000",
        InstanceType="c7i.large",
        SubnetId=subnet,
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
        ],
    )["Instances"][0]
    provider = f"aws:///{instance['Placement']['AvailabilityZone']}/{instance['InstanceId']}"
    cluster.apply(_node_claim_kind())
    cluster.kubectl("wait", "--for=condition=Established", "crd/nodeclaims.karpenter.sh", "--timeout=30s")
    size = {"cpu": "1930m", "memory": "3Gi", "pods": "29"}
    claim = {
        "apiVersion": "karpenter.sh/v1",
        "kind": "NodeClaim",
        "metadata": {"name": "default-1", "labels": {"karpenter.sh/nodepool": "default"}},
        "spec": {"taints": [{"key": "own", "effect": "NoSchedule"}]},
        "status": {"providerID": provider, "capacity": {**size, "cpu": "2"}, "allocatable": size},
    }
    cluster.apply(claim)

    def nodes() -> list[Json]:
        listed = cluster.kubectl("get", "nodes", "-l", "karpenter.sh/nodepool=default", "-o", "json")
        found: list[Json] = json.loads(listed)["items"]
        return found

    wait(lambda: [_ready_condition(item) for item in nodes()] == ["True"], "it has joined")
    (node,) = nodes()
    assert node["spec"]["providerID"] == provider
    assert {"key": "karpenter.sh/unregistered", "effect": "NoExecute"} in node["spec"]["taints"]
    assert {"key": "own", "effect": "NoSchedule"} in node["spec"]["taints"]
    assert node["status"]["allocatable"] == size
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    wait(lambda: nodes() == [], "its node goes with it")


def _node_claim_kind() -> Json:
    """Karpenter's NodeClaim without its rules."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "nodeclaims.karpenter.sh"},
        "spec": {
            "group": "karpenter.sh",
            "names": {
                "kind": "NodeClaim",
                "plural": "nodeclaims",
                "singular": "nodeclaim",
                "listKind": "NodeClaimList",
            },
            "scope": "Cluster",
            "versions": [version],
        },
    }


def test_pods_of_a_fargate_profile_go_with_it(cluster: Cluster) -> None:
    eks, name = account.client(cluster.sandbox, "eks"), _name()
    role = _role(account.client(cluster.sandbox, "iam"), "short", "eks-fargate-pods.amazonaws.com", "sts:AssumeRole")
    profile = {"clusterName": CLUSTER, "fargateProfileName": "short"}
    selectors = [{"namespace": "default", "labels": {"test": name}}]
    eks.create_fargate_profile(**profile, podExecutionRoleArn=role, selectors=selectors)
    cluster.apply(_pod(name, {"image": UNKNOWN_IMAGE}, restartPolicy="Always"))
    cluster.kubectl("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=30s")
    assert cluster.get("pod", name)["spec"]["nodeName"] == FARGATE_NODE
    eks.delete_fargate_profile(**profile)
    wait(lambda: f"pod/{name}" not in cluster.kubectl("get", "pods", "-o", "name"), "its pod is deleted")


def _uids(cluster: Cluster, group: str) -> list[str]:
    return [item["metadata"]["uid"] for item in cluster.nodes(group)]


def test_memory_of_the_node(cluster: Cluster, web: str) -> None:
    lines = Path(f"/proc/{cluster.node_pid}/status").read_text(encoding="utf-8").splitlines()
    resident = next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
    # Three nodes; each adds a fifth of a megabyte.
    assert resident <= 60 * 1024


def test_killed_node_leaves_nothing_and_continues_after_a_restart(cluster: Cluster, web: str) -> None:
    restarts = _restarts(cluster, web)
    os.kill(cluster.node_pid, signal.SIGKILL)
    wait(lambda: cluster.processes() == [], "its containers die with it", 5)
    processes.stop(cluster.sandbox, cluster.control_plane.node_process)
    command = [sys.executable, "-m", "sandbox.node", "--state", str(cluster.sandbox.folder), "--cluster", CLUSTER]
    processes.start(cluster.sandbox, cluster.control_plane.node_process, command)
    wait(lambda: _restarts(cluster, web) == restarts + 2, "both pods run again")
    cluster.kubectl("rollout", "status", f"deployment/{web}", "--timeout=30s")

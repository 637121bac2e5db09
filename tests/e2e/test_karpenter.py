# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The real Karpenter in a sandbox: it finds subnets and groups by tag, launches emulated instances, and drains them.

What fills its queue and what takes it away again are the roles themselves.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from sandbox import account, lifecycle, processes
from sandbox.kubernetes.control_plane import ControlPlane
from sandbox.state import Sandbox
from tests.unit.roles.templating import evaluate
from tools.toolchain import tool

Json = dict[str, Any]

CHECKOUT = Path(__file__).resolve().parents[2]
CLUSTER = "karpenter"
# As the role cluster_services has it.
NAMESPACE = "karpenter"
OURS = {"app.kubernetes.io/managed-by": "supastack.aws"}
RELEASE = "20261112"
# As the role eks names it.
QUEUE = f"{CLUSTER}-karpenter"
DISCOVERY = {"Key": "karpenter.sh/discovery", "Value": CLUSTER}
# No program of the sandbox stands for it, so nodes only claim to run its pods.
IMAGE = "registry.k8s.io/pause:3.10"


@dataclass
class Cluster:
    """A running cluster with Karpenter in it, and what Karpenter shall find and use."""

    sandbox: Sandbox
    tagged_subnets: set[str]
    tagged_group: str

    def client(self, service: str) -> Any:
        return account.client(self.sandbox, service)

    @property
    def eks_group(self) -> str:
        """The security group that EKS made for the cluster."""
        found = self.client("eks").describe_cluster(name=CLUSTER)["cluster"]
        return str(found["resourcesVpcConfig"]["clusterSecurityGroupId"])

    @property
    def kubeconfig(self) -> Path:
        return ControlPlane(self.sandbox, CLUSTER).admin_kubeconfig

    def run(self, program: str, *arguments: str, manifest: object = None) -> str:
        """Run kubectl or helm as the cluster's administrator and return what it prints."""
        command = [str(tool(program)), "--kubeconfig", str(self.kubeconfig), *arguments]
        payload = None if manifest is None else json.dumps(manifest)
        done = subprocess.run(command, input=payload, capture_output=True, text=True, timeout=180, check=False)
        assert done.returncode == 0, f"{' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def kubectl(self, *arguments: str, manifest: object = None) -> str:
        return self.run("kubectl", *arguments, manifest=manifest)

    def apply(self, *objects: Json) -> None:
        self.kubectl("apply", "-f", "-", manifest={"apiVersion": "v1", "kind": "List", "items": list(objects)})

    def items(self, kind: str, *arguments: str) -> list[Json]:
        found: list[Json] = json.loads(self.kubectl("get", kind, *arguments, "-o", "json"))["items"]
        return found

    def log(self) -> str:
        return self.kubectl("logs", "-n", NAMESPACE, "deployment/karpenter")

    def launched(self) -> list[Json]:
        """NodeClaims that have an instance and are not on their way out."""
        claims = self.items("nodeclaims")
        return [item for item in claims if _is(item, "Launched") and not item["metadata"].get("deletionTimestamp")]

    def instance(self, claim: Json) -> Json:
        """The emulated instance behind a NodeClaim."""
        identifier = claim["status"]["providerID"].rpartition("/")[2]
        answer = self.client("ec2").describe_instances(InstanceIds=[identifier])
        found: Json = answer["Reservations"][0]["Instances"][0]
        return found


def wait(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not after {seconds:g} s"
        time.sleep(0.2)


def _is(item: Json, condition: str) -> bool:
    found = [entry["status"] for entry in item.get("status", {}).get("conditions", []) if entry["type"] == condition]
    return found == ["True"]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    sandbox = Sandbox("e2e-karpenter", tmp_path_factory.mktemp("karpenter") / "e2e-karpenter")
    list(lifecycle.up(sandbox, api_only=False))
    try:
        found = _create_cluster(sandbox)
        role = _roles(found)
        _install(found, role)
        found.apply(_node_class(found.eks_group), _node_pool())
        wait(lambda: all(_is(item, "Ready") for item in found.items("nodepools")), "the NodePool is ready")
        yield found
    finally:
        list(lifecycle.down(sandbox))
    assert processes.marked(sandbox) == []


def _create_cluster(sandbox: Sandbox) -> Cluster:
    ec2, eks = account.client(sandbox, "ec2"), account.client(sandbox, "eks")
    vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.20.{number}.0/24", AvailabilityZone=f"eu-west-1{zone}")["Subnet"]
        for number, zone in enumerate("abc")
    ]
    identifiers = [subnet["SubnetId"] for subnet in subnets]
    groups = [
        ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"] for name in ("nodes", "other")
    ]
    ec2.create_tags(Resources=[*identifiers[:2], groups[0]], Tags=[DISCOVERY])
    role = _service_role(sandbox, "cluster", "eks.amazonaws.com")
    eks.create_cluster(name=CLUSTER, roleArn=role, resourcesVpcConfig={"subnetIds": identifiers})
    wait(lambda: eks.describe_cluster(name=CLUSTER)["cluster"]["status"] != "CREATING", "the cluster is made", 90)
    _interruption(sandbox)
    eks.create_fargate_profile(
        clusterName=CLUSTER,
        fargateProfileName="karpenter",
        podExecutionRoleArn=_service_role(sandbox, "fargate", "eks-fargate-pods.amazonaws.com"),
        subnets=identifiers[:2],
        selectors=[{"namespace": NAMESPACE, "labels": {"app.kubernetes.io/name": "karpenter"}}],
    )
    return Cluster(sandbox, set(identifiers[:2]), groups[0])


def _interruption(sandbox: Sandbox) -> None:
    """The queue, its policy and the rules that fill it, made by the role eks itself."""
    done = _run_role(sandbox, "eks", "interruption", {"eks_cluster_name": CLUSTER})
    assert done.returncode == 0, done.stdout + done.stderr


def _remove_karpenter(cluster: Cluster) -> subprocess.CompletedProcess[str]:
    """What the role cluster_services does about Karpenter when the cluster's compute is a node group."""
    described = cluster.client("eks").describe_cluster(name=CLUSTER)["cluster"]
    outputs = {
        "cluster_name": CLUSTER,
        "endpoint": described["endpoint"],
        "certificate_authority": described["certificateAuthority"]["data"],
        "compute": "managed_nodes",
    }
    variables = {"cluster_services_cluster": outputs, "cluster_services_binary_path": str(tool("helm"))}
    api = dict.fromkeys(("group/kubernetes.core.k8s", "group/kubernetes.core.helm"), "{{ __cluster_services_api }}")
    return _run_role(cluster.sandbox, "cluster_services", "without_karpenter", variables, api)


def _run_role(
    sandbox: Sandbox, role: str, file: str, variables: Json, defaults: Json | None = None
) -> subprocess.CompletedProcess[str]:
    """Run one file of a role against the sandbox."""
    state = sandbox.read()
    connection = {
        "region": state["region"],
        "endpoint_url": state["aws_endpoint_url"],
        "access_key": state["access_key_id"],
        "secret_key": state["secret_access_key"],
    }
    own = {
        "supabase_environment": sandbox.name,
        "supabase_aws_region": state["region"],
        "supabase_account_id": state["account_id"],
        "supabase_aws_access_key": state["access_key_id"],
        "supabase_aws_secret_key": state["secret_access_key"],
        "ansible_python_interpreter": sys.executable,
    }
    imported = {"name": f"supastack.aws.{role}", "tasks_from": file, "rolespec_validate": False}
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {**own, **variables},
        "tasks": [
            {
                "ansible.builtin.import_role": imported,
                "module_defaults": {"group/supastack.aws.aws": connection, **(defaults or {})},
            }
        ],
    }
    playbook = sandbox.path(f"{role}.yml")
    playbook.write_text(yaml.safe_dump([play]), encoding="utf-8")
    return subprocess.run(
        [Path(sys.executable).parent / "ansible-playbook", "--inventory", "localhost,", playbook],
        cwd=CHECKOUT,
        env={**os.environ, "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg")},
        capture_output=True,
        text=True,
        check=False,
    )


def _service_role(sandbox: Sandbox, name: str, service: str) -> str:
    return _role(sandbox, name, {"Principal": {"Service": service}, "Action": "sts:AssumeRole"})


def _role(sandbox: Sandbox, name: str, statement: Json) -> str:
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})
    iam = account.client(sandbox, "iam")
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    return arn


def _roles(cluster: Cluster) -> str:
    """The role of nodes, and the controller's, which only its service account may have: the ARN of that."""
    sandbox = cluster.sandbox
    _service_role(sandbox, "node", "ec2.amazonaws.com")
    issuer = cluster.client("eks").describe_cluster(name=CLUSTER)["cluster"]["identity"]["oidc"]["issuer"]
    iam = cluster.client("iam")
    provider = iam.create_open_id_connect_provider(Url=issuer, ClientIDList=["sts.amazonaws.com"])
    name = issuer.removeprefix("https://")
    condition = {f"{name}:aud": "sts.amazonaws.com", f"{name}:sub": f"system:serviceaccount:{NAMESPACE}:karpenter"}
    statement = {
        "Principal": {"Federated": provider["OpenIDConnectProviderArn"]},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": condition},
    }
    return _role(sandbox, "karpenter-controller", statement)


def _install(cluster: Cluster, role: str) -> None:
    charts = cluster.sandbox.read()["charts"]
    definitions = cluster.sandbox.path("karpenter-crd.json")
    kept = evaluate("cluster_services", "__cluster_services_karpenter_crd_release.release_values")
    definitions.write_text(json.dumps(kept), encoding="utf-8")
    options = ["--namespace", NAMESPACE, "--create-namespace", "--values", str(definitions)]
    cluster.run("helm", "install", "karpenter-crd", charts["karpenter-crd"], *options)
    values = {
        "settings": {
            "clusterName": CLUSTER,
            "clusterEndpoint": cluster.client("eks").describe_cluster(name=CLUSTER)["cluster"]["endpoint"],
            "interruptionQueue": QUEUE,
            "eksControlPlane": True,
        },
        "serviceAccount": {"annotations": {"eks.amazonaws.com/role-arn": role}},
        "replicas": 1,
        "dnsPolicy": "Default",
        "controller": {"resources": {name: {"cpu": "250m", "memory": "512Mi"} for name in ("requests", "limits")}},
    }
    file = cluster.sandbox.path("karpenter.json")
    file.write_text(json.dumps(values), encoding="utf-8")
    options = ["--namespace", NAMESPACE, "--values", str(file), "--skip-crds", "--wait", "--timeout", "120s"]
    cluster.run("helm", "install", "karpenter", charts["karpenter"], *options)


def _node_class(eks_group: str) -> Json:
    """With the terms of our role: nodes have every group that one of them selects."""
    tags = [{"tags": {DISCOVERY["Key"]: DISCOVERY["Value"]}}]
    disk = {"volumeType": "gp3", "volumeSize": "30Gi", "encrypted": True}
    return {
        "apiVersion": "karpenter.k8s.aws/v1",
        "kind": "EC2NodeClass",
        "metadata": {"name": "default", "labels": OURS},
        "spec": {
            "role": "node",
            "amiSelectorTerms": [{"alias": f"al2023@v{RELEASE}"}],
            "subnetSelectorTerms": tags,
            "securityGroupSelectorTerms": [*tags, {"id": eks_group}],
            "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
            "blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": disk}],
        },
    }


def _node_pool() -> Json:
    requirements = {
        "kubernetes.io/arch": ["amd64"],
        "karpenter.sh/capacity-type": ["spot", "on-demand"],
        "karpenter.k8s.aws/instance-category": ["c", "m", "r"],
    }
    template = {
        "spec": {
            "nodeClassRef": {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "default"},
            "requirements": [{"key": key, "operator": "In", "values": values} for key, values in requirements.items()],
            "expireAfter": "720h",
        },
    }
    return {
        "apiVersion": "karpenter.sh/v1",
        "kind": "NodePool",
        "metadata": {"name": "default", "labels": OURS},
        "spec": {
            "template": template,
            "limits": {"cpu": "64"},
            "disruption": {"consolidationPolicy": "WhenEmpty", "consolidateAfter": "5s"},
        },
    }


def _deployment(name: str, capacity_type: str | None) -> Json:
    labels = {"app": name}
    container = {"name": "main", "image": IMAGE, "resources": {"requests": {"cpu": "1500m", "memory": "1Gi"}}}
    spec = {
        "nodeSelector": {"karpenter.sh/capacity-type": capacity_type} if capacity_type else {},
        "terminationGracePeriodSeconds": 1,
        "containers": [container],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }


@contextlib.contextmanager
def _deployed(cluster: Cluster, capacity_type: str | None = None) -> Iterator[str]:
    """A Deployment of two pods that fit on no node which is there: its name."""
    name = f"d-{uuid.uuid4().hex[:8]}"
    cluster.apply(_deployment(name, capacity_type))
    try:
        cluster.kubectl("rollout", "status", f"deployment/{name}", "--timeout=90s")
        yield name
    finally:
        cluster.kubectl("delete", "deployment", name)
        wait(lambda: cluster.items("nodeclaims") == [], "Karpenter takes empty nodes away", 120)


def test_controller_has_the_role_of_its_service_account(cluster: Cluster) -> None:
    pod = cluster.items("pods", "-n", NAMESPACE, "-l", "app.kubernetes.io/name=karpenter")[0]
    assert pod["metadata"]["labels"]["eks.amazonaws.com/fargate-profile"] == "karpenter"
    environment = {item["name"]: item.get("value") for item in pod["spec"]["containers"][0]["env"]}
    assert environment["AWS_ROLE_ARN"].endswith(":role/karpenter-controller")
    assert environment["AWS_ENDPOINT_URL"] == "http://aws.eu-west-1.amazonaws.com"
    wait(lambda: "discovered ssm parameter" in cluster.log(), "it reads the image's parameter with that role")


def test_pending_pods_get_spot_instances_in_the_tagged_network(cluster: Cluster) -> None:
    with _deployed(cluster, "spot"):
        claims = cluster.launched()
        instances = [cluster.instance(claim) for claim in claims]
        assert claims
        assert {instance["SubnetId"] for instance in instances} <= cluster.tagged_subnets
        groups = [group["GroupId"] for instance in instances for group in instance["SecurityGroups"]]
        assert sorted(groups) == sorted([cluster.tagged_group, cluster.eks_group] * len(instances))
        assert {instance["InstanceLifecycle"] for instance in instances} == {"spot"}
        tags = [{tag["Key"]: tag["Value"] for tag in instance["Tags"]} for instance in instances]
        assert {item[f"kubernetes.io/cluster/{CLUSTER}"] for item in tags} == {"owned"}
        assert {item["karpenter.sh/nodepool"] for item in tags} == {"default"}
        nodes = {node["metadata"]["name"] for node in cluster.items("nodes", "-l", "karpenter.sh/registered=true")}
        assert nodes == {instance["PrivateDnsName"] for instance in instances}


def test_spot_interruption_on_the_event_bus_drains_the_node_and_ends_its_instance(cluster: Cluster) -> None:
    """EC2 warns two minutes ahead; our rule brings the warning to the queue that Karpenter reads."""
    with _deployed(cluster, "spot") as name:
        claim = cluster.launched()[0]
        wait(lambda: _is(cluster.items("nodeclaims")[0], "Initialized"), "the node is initialized")
        identifier = claim["status"]["providerID"].rpartition("/")[2]
        warning = {
            "Source": "aws.ec2",
            "DetailType": "EC2 Spot Instance Interruption Warning",
            "Resources": [f"arn:aws:ec2:eu-west-1:123456789012:instance/{identifier}"],
            "Detail": json.dumps({"instance-id": identifier, "instance-action": "terminate"}),
        }
        sent = cluster.client("events").put_events(Entries=[warning])
        assert sent["FailedEntryCount"] == 0
        wait(lambda: cluster.instance(claim)["State"]["Name"] == "terminated", "its instance is ended", 90)
        assert f'"queue":"{QUEUE}"' in cluster.log()
        cluster.kubectl("rollout", "status", f"deployment/{name}", "--timeout=90s")
        replaced = {item["metadata"]["name"] for item in cluster.launched()}
        assert replaced
        assert claim["metadata"]["name"] not in replaced


def test_zone_without_capacity_is_avoided(cluster: Cluster) -> None:
    url = f"{cluster.sandbox.read()['aws_endpoint_url']}/sandbox/capacity-shortages"
    rules = [{"zone": "eu-west-1a", "lifecycle": "on-demand"}]
    assert requests.put(url, json=rules, timeout=10).status_code == 200
    try:
        with _deployed(cluster, "on-demand"):
            zones = {cluster.instance(claim)["Placement"]["AvailabilityZone"] for claim in cluster.launched()}
            assert zones == {"eu-west-1b"}
    finally:
        requests.put(url, json=[], timeout=10)


def _refused(cluster: Cluster, reason: str) -> None:
    done = _remove_karpenter(cluster)
    assert done.returncode == 2, done.stdout + done.stderr
    assert reason in " ".join(done.stdout.split()), done.stdout + done.stderr


def _node_group(cluster: Cluster) -> None:
    eks = cluster.client("eks")
    eks.create_nodegroup(
        clusterName=CLUSTER,
        nodegroupName="nodes",
        subnets=sorted(cluster.tagged_subnets),
        nodeRole=cluster.client("iam").get_role(RoleName="node")["Role"]["Arn"],
        instanceTypes=["m7i.xlarge"],
        scalingConfig={"minSize": 1, "maxSize": 1, "desiredSize": 1},
    )
    nodes = ("nodes", "-l", "eks.amazonaws.com/nodegroup=nodes")
    wait(lambda: [_is(node, "Ready") for node in cluster.items(*nodes)] == [True], "the node group has its node", 90)


def test_karpenter_goes_after_its_nodes_are_drained_to_a_node_group(cluster: Cluster) -> None:
    """The last test, because Karpenter is gone after it."""
    with _deployed(cluster) as name:
        claims = cluster.launched()
        running = [claim["metadata"]["name"] for claim in claims]
        _refused(cluster, "it has no other node that is ready")
        _node_group(cluster)
        pool = _node_pool()
        cluster.apply({**pool, "metadata": {"name": "theirs"}})
        _refused(cluster, "but it has what this role did not make: NodePool theirs")
        assert [claim["metadata"]["name"] for claim in cluster.launched()] == running
        cluster.kubectl("delete", "nodepool", "theirs")

        removed = _remove_karpenter(cluster)
        assert removed.returncode == 0, removed.stdout[-4000:] + removed.stderr
        assert {kind: cluster.items(kind) for kind in ("nodepools", "ec2nodeclasses", "nodeclaims")} == {
            "nodepools": [],
            "ec2nodeclasses": [],
            "nodeclaims": [],
        }
        assert {cluster.instance(claim)["State"]["Name"] for claim in claims} == {"terminated"}
        assert json.loads(cluster.run("helm", "list", "--namespace", NAMESPACE, "--output=json")) == []
        assert cluster.items("deployments", "-n", NAMESPACE) == []
        cluster.kubectl("rollout", "status", f"deployment/{name}", "--timeout=90s")
    assert "changed=0" in _remove_karpenter(cluster).stdout

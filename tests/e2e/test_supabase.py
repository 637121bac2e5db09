# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""A Supabase that runs: edited behind its back, given releases that cannot work, with its database gone for a while.

In the sandbox of the demo. The tests build on each other's end: whatever one breaks, it leaves mended.
"""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import psycopg
import pytest
import requests
import yaml

from sandbox import account
from tests.e2e.journey import Journey, wait
from tools.places import CHECKOUT
from tools.toolchain import tool

SERVICES = ("auth", "functions", "gateway", "imgproxy", "meta", "realtime", "rest", "storage", "studio")
AUTH = "SANDBOX_AUTH_BINARY"
REAL = {"gateway", "rest", "meta", *(["auth"] if AUTH in os.environ else [])}
INVENTORY = CHECKOUT / "inventories/sandbox/group_vars/all/supabase_helm.yml"
HELM = ("--tags", "supabase_helm")
# By what the database says when it has no connection left; as it is told depends on its version.
FULL = "remaining connection slots are reserved|too many clients"
ANOTHER_CHART = {
    "Chart.yaml": "{apiVersion: v2, name: another, version: 1.2.3}",
    "templates/deployment.yaml": """apiVersion: apps/v1
kind: Deployment
metadata:
  name: supabase-another
  labels: &labels {app.kubernetes.io/instance: "{{ .Release.Name }}", app.kubernetes.io/name: another}
spec:
  selector: {matchLabels: *labels}
  template:
    metadata: {labels: *labels}
    spec:
      containers:
        - {name: another, image: "example.com/another:1", env: [{name: GREETING, value: "{{ .Values.greeting }}"}]}
""",
}
Json = dict[str, Any]


class Supabase:
    """The release of the demo, as its administrator sees it."""

    def __init__(self, journey: Journey) -> None:
        self.journey = journey
        self.url = journey.exports["SUPABASE_URL"]
        self.key = {"apikey": journey.exports["SUPABASE_SERVICE_ROLE_KEY"]}

    def kubectl(self, *arguments: str) -> str:
        return self.journey.client(tool("kubectl"), "--namespace=supabase", *arguments)

    def get(self, *what: str) -> Json:
        found: Json = json.loads(self.kubectl("get", *what, "--output=json"))
        return found

    @property
    def revision(self) -> int:
        """The release's revision in helm."""
        (release,) = self.journey.query(tool("helm"), "list", "--namespace=supabase", "--output=json")
        return int(release["revision"])

    def ready(self) -> dict[str, bool]:
        """Of each Deployment, whether all its pods are of its last version and ready."""
        return {item["metadata"]["name"]: _is_ready(item) for item in self.get("deployments")["items"]}

    def pods(self) -> list[Json]:
        """The pods of the release."""
        found: list[Json] = self.get("pods", "--selector=app.kubernetes.io/instance=supabase")["items"]
        return found

    def staying(self) -> dict[str, Json]:
        """The metadata of the pods that are not on their way out, by their unique identifiers."""
        every = (pod["metadata"] for pod in self.pods())
        return {metadata["uid"]: metadata for metadata in every if "deletionTimestamp" not in metadata}

    def templates(self) -> dict[str, set[str]]:
        """Of each service, the versions of the template that its pods are made from."""
        found: dict[str, set[str]] = {}
        for metadata in self.staying().values():
            labels = metadata["labels"]
            found.setdefault(labels["app.kubernetes.io/name"], set()).add(labels["pod-template-hash"])
        return found

    def variable(self, service: str, name: str) -> str | None:
        """An environment variable of a Deployment."""
        (container,) = self.get("deployment", f"supabase-{service}")["spec"]["template"]["spec"]["containers"]
        return next((entry["value"] for entry in container["env"] if entry["name"] == name), None)

    def client(self, service: str) -> Any:
        """A client of the emulated account."""
        return account.client(self.journey.sandbox, service)

    def secret_name(self, name: str) -> str:
        """How a secret of the cluster is called in Secrets Manager."""
        return f"{self.journey.sandbox.read()['environment']}-{name}"

    def master(self) -> psycopg.Connection[Any]:
        """A connection of the database's master."""
        return psycopg.connect(self.journey.exports["DATABASE_URL"], autocommit=True)

    def set_password(self, role: str, password: str) -> None:
        """Give a role of the database a password, of which the database is told the verifier only."""
        with self.master() as connection:
            verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
            connection.execute(f"ALTER ROLE {role} PASSWORD '{verifier.decode()}'".encode())

    def wait_ready(self) -> None:
        wait(lambda: all(self.ready().values()), "every service is ready again")


def _is_ready(deployment: Json) -> bool:
    wanted, status = deployment["spec"]["replicas"], deployment["status"]
    counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")]
    return counts == [wanted] * 3 and status["observedGeneration"] == deployment["metadata"]["generation"]


@pytest.fixture(scope="module")
def supabase(journey: Journey) -> Supabase:
    """The release in the sandbox that the files share."""
    return Supabase(journey)


def _image(pod: Json) -> str:
    return str(pod["spec"]["containers"][0]["image"])


def test_all_services_are_ready_and_it_is_told_which_are_simulated(supabase: Supabase) -> None:
    assert supabase.ready() == {f"supabase-{service}": True for service in SERVICES}
    images = {pod["metadata"]["labels"]["app.kubernetes.io/name"]: _image(pod) for pod in supabase.pods()}
    told = supabase.journey.demo.stdout.partition("Images that are only simulated")[2].partition("\n\n")[0]
    assert {service for service in SERVICES if images[service] not in told} == REAL


def _healed(printed: str) -> set[str]:
    """Objects that a run put right, or would."""
    return set(re.findall(r"changed: \[sandbox\] => \(item=(\w+ [\w-]+)\)", printed))


def test_edits_are_found_by_the_plan_and_put_right_by_the_run(supabase: Supabase) -> None:
    config = supabase.get("configmap", "supabase-gateway")["data"]
    rule = {"op": "add", "path": "/spec/ingress/-", "value": {"from": [{"podSelector": {}}]}}
    supabase.kubectl("set", "env", "deployment/supabase-rest", "PGRST_DB_MAX_ROWS=1")
    supabase.kubectl("patch", "networkpolicy", "supabase-meta", "--type=json", f"--patch={json.dumps([rule])}")
    edited = json.dumps({"data": {"gateway.lua": f"-- edited\n{config['gateway.lua']}"}})
    supabase.kubectl("patch", "configmap", "supabase-gateway", "--type=merge", f"--patch={edited}")
    supabase.kubectl("delete", "service", "supabase-imgproxy")
    edits = {
        *("ConfigMap supabase-gateway", "Deployment supabase-rest"),
        *("NetworkPolicy supabase-meta", "Service supabase-imgproxy"),
    }

    planned = supabase.journey.play("site", *HELM, "--check", "--diff")
    assert _healed(planned) == edits
    assert re.search(r"sandbox : ok=\d+ changed=1 ", planned)
    assert "-- edited" in planned
    assert supabase.variable("rest", "PGRST_DB_MAX_ROWS") == "1"

    assert _healed(supabase.journey.play("site", *HELM)) == edits
    assert supabase.variable("rest", "PGRST_DB_MAX_ROWS") == "1000"
    assert supabase.get("configmap", "supabase-gateway")["data"] == config
    assert rule["value"] not in supabase.get("networkpolicy", "supabase-meta")["spec"]["ingress"]
    assert supabase.get("service", "supabase-imgproxy")["spec"]["ports"]
    assert all(supabase.ready().values())


@contextmanager
def _refused_password(supabase: Supabase, role: str) -> Iterator[None]:
    """The database has another password than the secret, whose one it gets again."""
    manager = supabase.client("secretsmanager")
    secret = manager.get_secret_value(SecretId=supabase.secret_name("supabase-db-roles"))["SecretString"]
    supabase.set_password(role, "another password")
    try:
        yield
    finally:
        supabase.set_password(role, json.loads(secret)[role])


def test_a_release_that_does_not_become_ready_is_rolled_back_and_says_why(supabase: Supabase) -> None:
    """The pods that run keep their connections; those of the next release are refused."""
    before = supabase.revision
    options = {"supabase_helm_rest_pool": 3, "supabase_helm_wait_timeout": 20}
    with _refused_password(supabase, "authenticator"):
        printed = supabase.journey.play("site", *HELM, "-e", json.dumps(options), code=2)
    for told in (
        "Release supabase in namespace supabase is not ready after 20 seconds: Deployment supabase-rest: ",
        r"Pod supabase-rest-\S+: Ready is False: ",
        r"Warning about Pod supabase-rest-\S+: (Unhealthy|BackOff): ",
        r"Last lines of container rest of supabase-rest-.*password authentication failed for user \S*authenticator",
        f"It was rolled back to revision {before}, the last that was ready.",
    ):
        assert re.search(told, printed), told
    assert supabase.revision == before + 2
    assert supabase.variable("rest", "PGRST_DB_POOL") == "4"
    supabase.wait_ready()


def test_values_that_only_the_chart_refuses_change_nothing(supabase: Supabase) -> None:
    before = supabase.revision
    values = {**yaml.safe_load(INVENTORY.read_text())["supabase_helm_values"], "meta": {"enabled": False}}
    options = json.dumps({"supabase_helm_values": values})
    printed = supabase.journey.play("site", *HELM, "-e", options, code=2)
    assert "enable meta as well" in printed
    assert f"It was not rolled back: revision {before} runs, the last that was ready." in printed
    assert re.search(r"sandbox : ok=\d+ changed=0 ", printed)
    assert supabase.revision == before


def test_one_run_brings_a_changed_password_of_the_master_to_all_who_use_it(supabase: Supabase) -> None:
    """The tests below, the smoke test among them, run with it."""
    manager, name = supabase.client("secretsmanager"), supabase.secret_name("supabase-db")
    content: Json = json.loads(manager.get_secret_value(SecretId=name)["SecretString"])
    old, before, password = supabase.journey.exports["DATABASE_URL"], supabase.templates(), secrets.token_hex(20)
    assert set(before) == set(SERVICES)
    changed = json.dumps({**content, "password": password})
    version = manager.put_secret_value(SecretId=name, SecretString=changed)["VersionId"]

    assert password not in supabase.journey.play("site")

    supabase.journey.forget_exports()
    with supabase.master() as connection:
        assert connection.info.password == password
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(old).close()
    (database,) = supabase.client("rds").describe_db_instances()["DBInstances"]
    assert {"Key": "supastack:secret-version", "Value": version} in database["TagList"]
    delivered = supabase.get("secret", "supabase-db")["data"]
    assert base64.b64decode(delivered["password"]).decode() == password
    # Who does not read it keeps its pods.
    after = supabase.templates()
    assert {service for service in SERVICES if after[service] != before[service]} == {"meta", "studio"}
    assert all(len(versions) == 1 for versions in after.values())
    asked = requests.get(f"{supabase.url}/pg/config/version", headers=supabase.key, timeout=30)
    assert (asked.status_code, "PostgreSQL" in asked.text) == (200, True)


def test_another_chart_takes_the_place_of_ours_and_gives_it_back(supabase: Supabase, tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    for name, text in ANOTHER_CHART.items():
        (tmp_path / name).write_text(text)
    options = json.dumps({"supabase_helm_chart": str(tmp_path), "supabase_helm_values": {"greeting": "from a value"}})
    supabase.journey.play("site", *HELM, "-e", options)
    assert supabase.ready() == {"supabase-another": True}
    assert supabase.variable("another", "GREETING") == "from a value"
    supabase.journey.play("site", *HELM)
    assert supabase.ready() == {f"supabase-{service}": True for service in SERVICES}


def test_without_a_domain_the_load_balancer_gives_the_address(supabase: Supabase) -> None:
    def addresses() -> list[str]:
        return [found["DNSName"] for found in supabase.client("elbv2").describe_load_balancers()["LoadBalancers"]]

    options = {"dns_tls_allow_http": True, "supabase_helm_url": ""}
    printed = supabase.journey.play("site", *HELM, "-e", json.dumps(options))
    (address,) = addresses()
    assert f"Supabase answers at http://{address}," in printed
    assert supabase.variable("auth", "API_EXTERNAL_URL") == f"http://{address}/auth/v1"
    assert re.search(r"sandbox : ok=\d+ changed=0 ", supabase.journey.play("site", *HELM, "-e", json.dumps(options)))
    supabase.journey.play("site", *HELM)
    wait(lambda: addresses() == [], "the load balancer is gone")


def test_after_all_this_there_is_nothing_to_do(supabase: Supabase) -> None:
    """For the roles whose work the tests above have changed."""
    printed = supabase.journey.play("site", "--tags", "kms_secrets,rds,supabase_helm")
    assert re.search(r"sandbox : ok=\d+ changed=0 .*failed=0", printed)


class Load(threading.Thread):
    """A client that asks all the time for what needs the database; 0 stands for no answer."""

    def __init__(self, supabase: Supabase, path: str) -> None:
        super().__init__()
        self.url, self.headers = f"{supabase.url}{path}", supabase.key
        self.answers: list[int] = []
        self.ended = threading.Event()

    def run(self) -> None:
        with requests.Session() as session:
            while not self.ended.wait(0.02):
                try:
                    self.answers.append(session.get(self.url, headers=self.headers, timeout=30).status_code)
                except requests.RequestException:
                    self.answers.append(0)


@contextmanager
def _load(supabase: Supabase, *paths: str) -> Iterator[list[Load]]:
    clients = [Load(supabase, path) for path in paths for _number in range(2)]
    for client in clients:
        client.start()
    try:
        yield clients
    finally:
        for client in clients:
            client.ended.set()
        for client in clients:
            client.join()


def _answered(clients: list[Load]) -> bool:
    """Whether the last answers of all clients were right."""
    return all(client.answers[-10:] == [200] * 10 for client in clients)


def test_services_recover_by_themselves_when_the_database_restarts_under_load(supabase: Supabase) -> None:
    def started() -> object:
        try:
            with supabase.master() as connection:
                return connection.execute("SELECT pg_postmaster_start_time()").fetchone()
        except psycopg.OperationalError:
            return before

    rds = supabase.client("rds")
    (database,) = rds.describe_db_instances()["DBInstances"]
    pods = set(supabase.staying())
    before: object = None
    before = started()
    with _load(supabase, "/rest/v1/", "/pg/config/version") as clients:
        wait(lambda: _answered(clients), "the services answer")
        rds.reboot_db_instance(DBInstanceIdentifier=database["DBInstanceIdentifier"])
        wait(lambda: started() != before, "the database restarts")
        for client in clients:
            client.answers.append(-1)
        wait(lambda: _answered(clients), "the services answer again")
    # The gateway answers meanwhile too, and nobody else's way is cut.
    assert {answer for client in clients for answer in client.answers} <= {-1, 200, 500, 502, 503, 504}
    supabase.wait_ready()
    assert set(supabase.staying()) == pods


def test_a_full_database_is_told_by_readiness_and_log_and_is_no_lasting_harm(supabase: Supabase) -> None:
    def fill() -> None:
        """Take what connections there are, and those which somebody gives back."""
        with pytest.raises(psycopg.OperationalError, match=FULL):
            while True:
                sessions.enter_context(supabase.master())

    def pods() -> list[Json]:
        return [pod for pod in supabase.pods() if pod["metadata"]["labels"]["app.kubernetes.io/name"] == "rest"]

    def told() -> bool:
        fill()
        states = [entry["state"] for pod in pods() for entry in pod["status"].get("containerStatuses", [])]
        if not any("running" in state for state in states):
            return False
        return bool(re.search(FULL, supabase.kubectl("logs", "--selector=app.kubernetes.io/name=rest", "--tail=-1")))

    with ExitStack() as sessions:
        supabase.kubectl("scale", "deployment/supabase-rest", "--replicas=0")
        wait(lambda: pods() == [], "the REST API is gone")
        fill()
        supabase.kubectl("scale", "deployment/supabase-rest", "--replicas=1")
        wait(told, "its log says that the database is full")
        assert not supabase.ready()["supabase-rest"]
    supabase.wait_ready()


@pytest.fixture(scope="module")
def report(supabase: Supabase, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """How each check of the smoke test went, by service and name."""
    file: Path = tmp_path_factory.mktemp("smoke") / "junit.xml"
    supabase.journey.play("smoke", "-e", f"smoke_junit_file={file}")
    found: dict[str, dict[str, str]] = {}
    for case in ElementTree.parse(file).getroot():
        service = case.attrib["classname"].removeprefix("smoke.")
        found.setdefault(service, {})[case.attrib["name"]] = case[0].tag if len(case) else "passed"
    return found


def test_the_smoke_test_passes_and_leaves_nothing(supabase: Supabase, report: dict[str, dict[str, str]]) -> None:
    ways = {service: set(checks.values()) for service, checks in report.items()}
    assert set().union(*ways.values()) == {"passed", "skipped"}
    assert ways["meta"] == {"passed"}
    assert {service for service, ended in ways.items() if "passed" in ended} == REAL
    assert report["rest"]["shows the row to secret"] == report["rest"]["shows no row to publishable"] == "passed"
    assert report["gateway"]["leads to storage: simulated"] == "passed"
    with supabase.master() as connection:
        left = connection.execute("SELECT relname FROM pg_class WHERE relname LIKE 'supastack_smoke%'").fetchall()
    assert left == []


@pytest.mark.skipif(AUTH not in os.environ, reason=f"{AUTH} names no program of Auth")
def test_the_real_auth_has_migrated_and_its_tokens_are_taken(
    supabase: Supabase, report: dict[str, dict[str, str]]
) -> None:
    assert report["auth"]["gives a new token for the refresh token"] == "passed"
    assert report["rest"]["shows users of Auth their own rows"] == "passed"
    with supabase.master() as connection:
        (count,) = connection.execute("SELECT count(*) FROM auth.schema_migrations").fetchone() or (0,)
    assert count >= 70

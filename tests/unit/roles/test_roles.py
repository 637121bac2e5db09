# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""What every role promises, read from its files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.plugins.loader import init_plugin_loader, module_loader
from ansible.utils.collection_loader import AnsibleCollectionConfig

from tests.unit.roles.templating import variable_files

CHECKOUT = Path(__file__).resolve().parents[3]
ROLES = sorted(path for path in (CHECKOUT / "roles").iterdir() if path.is_dir())
TASK_FILES = sorted(CHECKOUT.glob("roles/*/tasks/*.yml"))
SHORT_FILES = sorted([*TASK_FILES, *CHECKOUT.glob("molecule/*/verify/*.yml")])
MODULES = {path.stem for path in (CHECKOUT / "plugins" / "modules").glob("*.py")}

# Stock modules whose check mode works on an empty account and whose second run changes nothing. What is not here has
# a module of ours, or none at all: s3_bucket, ec2_eip, ec2_vpc_nat_gateway, rds_instance_param_group, iam_policy,
# rds_instance (fails when Performance Insights with a key is switched on, and knows no lifecycle support),
# iam_managed_policy (lists all policies of AWS in every run and tells no ARN in check mode),
# cloudwatchlogs_log_group (sets the retention in check mode too, and deletes the group when it does not know it), ...
STOCK = {
    "amazon.aws.aws_az_info",
    "amazon.aws.cloudtrail",
    "amazon.aws.cloudtrail_info",
    "amazon.aws.ec2_instance_info",
    "amazon.aws.ec2_eni_info",
    "amazon.aws.ec2_security_group_info",
    "amazon.aws.ec2_tag",
    "amazon.aws.ec2_vpc_endpoint_info",
    "amazon.aws.ec2_eip_info",
    "amazon.aws.ec2_vpc_igw",
    "amazon.aws.ec2_vpc_igw_info",
    "amazon.aws.ec2_vpc_nat_gateway_info",
    "amazon.aws.ec2_vpc_net",
    "amazon.aws.ec2_vpc_net_info",
    "amazon.aws.ec2_vpc_route_table",
    "amazon.aws.ec2_vpc_route_table_info",
    "amazon.aws.ec2_vpc_subnet",
    "amazon.aws.ec2_vpc_subnet_info",
    "amazon.aws.elb_application_lb_info",
    "amazon.aws.iam_role",
    "amazon.aws.kms_key",
    "amazon.aws.kms_key_info",
    "amazon.aws.rds_instance_info",
    "amazon.aws.rds_snapshot_info",
    "amazon.aws.rds_subnet_group",
    "amazon.aws.route53_info",
    "amazon.aws.route53_zone",
    "community.aws.acm_certificate_info",
    "community.aws.secretsmanager_secret",
    "community.aws.sqs_queue",
    "kubernetes.core.helm",
    "kubernetes.core.helm_template",
    "kubernetes.core.k8s",
    "kubernetes.core.k8s_info",
    "kubernetes.core.k8s_log",
}
# They change nothing outside the controller, and check mode runs them.
BUILTIN = {
    "ansible.builtin.assert",
    "ansible.builtin.copy",
    "ansible.builtin.debug",
    "ansible.builtin.fail",
    "ansible.builtin.file",
    "ansible.builtin.import_tasks",
    "ansible.builtin.include_tasks",
    "ansible.builtin.set_fact",
    "ansible.builtin.stat",
    "ansible.builtin.tempfile",
    "ansible.builtin.wait_for",
}
# Only where a task says so: by itself, check mode skips them.
ONLY_WITHOUT_CHECK_MODE = {"ansible.builtin.file", "ansible.builtin.tempfile", "ansible.builtin.wait_for"}


def load(path: Path) -> Any:
    """Return what a YAML file holds."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def tasks_of(entries: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the tasks of a file, those in blocks too."""
    for entry in entries:
        for part in ("block", "rescue", "always"):
            yield from tasks_of(entry.get(part, []))
        if "block" not in entry:
            yield entry


def module_of(task: dict[str, Any]) -> str:
    """Return the full name of the module that a task calls."""
    (name,) = (key for key in task if key.count(".") >= 2)
    return name


def ids(path: Path) -> str:
    """Return a test's name for a file."""
    return str(path.relative_to(CHECKOUT / "roles"))


@pytest.mark.parametrize("file", TASK_FILES, ids=ids)
def test_only_honest_modules(file: Path) -> None:
    used = {module_of(task) for task in tasks_of(load(file))}
    ours = {f"supastack.aws.{name}" for name in MODULES}
    assert used <= STOCK | BUILTIN | ours


def test_every_allowed_module_is_used() -> None:
    used = {module_of(task) for file in TASK_FILES for task in tasks_of(load(file))}
    assert used >= STOCK | BUILTIN


@pytest.mark.parametrize("name", sorted(STOCK))
def test_stock_modules_have_a_check_mode(name: str) -> None:
    """Ansible skips a module without one, so that a plan would leave out what the task does."""
    if AnsibleCollectionConfig.collection_finder is None:
        init_plugin_loader()
    source = module_loader.find_plugin_with_context(name).plugin_resolved_path
    assert source is not None
    assert "supports_check_mode=True" in Path(source).read_text(encoding="utf-8")


@pytest.mark.parametrize("file", TASK_FILES, ids=ids)
def test_no_task_is_left_out_of_check_mode(file: Path) -> None:
    for task in tasks_of(load(file)):
        assert "ansible_check_mode" not in str(task.get("when", "")), task["name"]
        if module_of(task) in ONLY_WITHOUT_CHECK_MODE:
            assert task.get("check_mode") is False, task["name"]


def keys_of(value: Any) -> Iterator[str]:
    """Yield the keys of all mappings in a value."""
    if isinstance(value, dict):
        yield from value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from keys_of(part)


@pytest.mark.parametrize("file", SHORT_FILES, ids=lambda file: str(file.relative_to(CHECKOUT)))
def test_no_key_is_a_template(file: Path) -> None:
    """Ansible evaluates values only: a filter with such a key finds nothing."""
    assert [key for key in keys_of(load(file)) if "{{" in str(key)] == []


@pytest.mark.parametrize("file", SHORT_FILES, ids=lambda file: str(file.relative_to(CHECKOUT)))
def test_task_files_are_short(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= 60


@pytest.mark.parametrize("role", ROLES, ids=ids)
def test_files(role: Path) -> None:
    for name in ("README.md", "defaults/main.yml", "meta/argument_specs.yml", "meta/main.yml", "tasks/main.yml"):
        assert (role / name).is_file(), name
    assert (role / "tasks" / "validate.yml").is_file()


@pytest.mark.parametrize("role", ROLES, ids=ids)
def test_every_option_has_the_default_that_its_specification_tells(role: Path) -> None:
    specifications = load(role / "meta" / "argument_specs.yml")["argument_specs"]
    defaults = load(role / "defaults" / "main.yml") or {}
    main = specifications["main"]["options"]
    assert set(defaults) <= set(main)
    for name, option in main.items():
        assert name.startswith(f"{role.name}_")
        assert option["description"] and option["type"]
        assert not (option.get("required") and name in defaults), name
        if "options" not in option or option["type"] != "dict":
            assert option.get("default") == defaults.get(name), name
    wired = {name for name, option in main.items() if option.get("required")}
    assert set(specifications["validate"]["options"]) | wired == set(main)


@pytest.mark.parametrize("role", ROLES, ids=ids)
def test_every_entry_point_has_a_specification(role: Path) -> None:
    tasks = (
        load(CHECKOUT / "playbooks" / "site.yml")[1]["tasks"] + load(CHECKOUT / "playbooks" / "destroy.yml")[0]["tasks"]
    )
    imports = [task["ansible.builtin.import_role"] for task in tasks if "ansible.builtin.import_role" in task]
    used = {entry.get("tasks_from", "main") for entry in imports if entry["name"] == f"supastack.aws.{role.name}"}
    assert used
    assert used | {"main", "validate"} <= set(load(role / "meta" / "argument_specs.yml")["argument_specs"])


@pytest.mark.parametrize("role", ROLES, ids=ids)
def test_outputs_are_published_in_one_place_and_documented(role: Path) -> None:
    fact = f"{role.name}_outputs"
    facts = [task["ansible.builtin.set_fact"] for task in load(role / "tasks" / "publish.yml") if fact in str(task)]
    (published,) = [entry[fact] for entry in facts if fact in entry]
    readme = (role / "README.md").read_text(encoding="utf-8")
    assert fact in readme
    assert [key for key in published if f"`{key}`" not in readme] == []


@pytest.mark.parametrize("role", ROLES, ids=ids)
def test_names_of_variables(role: Path) -> None:
    internal = [name for file in variable_files(role) for name in load(file)]
    registered = {
        task["register"] for file in role.glob("tasks/*.yml") for task in tasks_of(load(file)) if "register" in task
    }
    for name in {*internal, *registered}:
        assert name.startswith(f"__{role.name}_"), name


@pytest.mark.parametrize("role", ROLES, ids=ids)
def test_no_role_reads_the_outputs_of_another(role: Path) -> None:
    files = [*role.glob("defaults/*.yml"), *variable_files(role), *role.glob("tasks/*.yml")]
    text = "".join(file.read_text(encoding="utf-8") for file in files)
    for other in ROLES:
        assert other == role or f"{other.name}_outputs" not in text


def test_names_of_secrets_cannot_be_taken_for_an_arn_suffix() -> None:
    variables = load(CHECKOUT / "roles" / "kms_secrets" / "vars" / "main.yml")
    for name in variables["__kms_secrets_generated"] + variables["__kms_secrets_signed"]:
        assert not re.search(r"-[a-z0-9]{6}$", name.lower().replace("_", "-"))


def test_the_plan_of_the_network_has_no_overlap() -> None:
    tiers = load(CHECKOUT / "roles" / "network" / "vars" / "main.yml")["__network_tiers"]
    # In units of the smallest subnet, four zones each.
    units = [
        unit
        for tier in tiers
        for zone in range(4)
        for unit in range(
            (tier["first"] + zone) << (8 - tier["newbits"]), (tier["first"] + zone + 1) << (8 - tier["newbits"])
        )
    ]
    assert len(units) == len(set(units))
    assert max(units) < 256


def inventory(name: str) -> dict[str, Any]:
    """Return all variables of an inventory's group_vars."""
    folder = CHECKOUT / "inventories" / name / "group_vars" / "all"
    return {key: value for file in sorted(folder.glob("*.yml")) for key, value in load(file).items()}


def test_production_sets_only_options_that_exist_to_their_defaults() -> None:
    options = {key: value for role in ROLES for key, value in load(role / "defaults" / "main.yml").items()}
    for name, value in inventory("production").items():
        if name.startswith("supabase_") and not name.startswith("supabase_helm_"):
            continue
        assert name in options or name == "eks_public_access_cidrs", name
        # A template may spell the same default by the inventory's own variables.
        if name in options and "{{" not in str(value):
            assert value == options[name], name


def test_every_line_of_production_is_commented() -> None:
    for file in (CHECKOUT / "inventories" / "production" / "group_vars" / "all").glob("*.yml"):
        blocks = re.split(r"\n\n", file.read_text(encoding="utf-8").split("---\n", 1)[1].strip())
        for block in blocks:
            assert block.startswith("#"), f"{file.name}: {block}"


def test_the_sandbox_sets_what_production_has_or_connects() -> None:
    connection = {"sandbox_name", "smoke_images", "supabase_inventory_problem"}
    connection |= {"kubeconfig_environment", "kubeconfig_profile"}
    connection |= {f"supabase_aws_{name}" for name in ("endpoint_url", "access_key", "secret_key")}
    connection |= {f"{role}_binary_path" for role in ("cluster_services", "supabase_helm")}
    assert set(inventory("sandbox")) <= set(inventory("production")) | connection

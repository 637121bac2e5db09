#!/usr/bin/python

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rds_instance
short_description: Manage a PostgreSQL instance of Amazon RDS
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Creates, restores, changes and deletes an RDS for PostgreSQL instance.
  - Unlike M(amazon.aws.rds_instance), it knows the lifecycle support and Database Insights, shows and predicts its
    difference, refuses what RDS cannot change, and gives Performance Insights a key on an existing instance.
  - An option that is not set is left alone. Changes that wait for the maintenance window count as made.
options:
  name:
    description: Identifier of the instance. RDS keeps it in lower case.
    type: str
    required: true
  state:
    description: Whether the instance should exist. V(absent) needs O(final_snapshot) or O(skip_final_snapshot=true).
    type: str
    choices: [present, absent]
    default: present
  restore_from:
    description: What an instance that does not exist is restored from, instead of being made empty.
    type: dict
    suboptions:
      snapshot:
        description: Identifier or ARN of a snapshot.
        type: str
      instance:
        description: Identifier of an instance with automated backups, for a restore to a point in time.
        type: str
      time:
        description: That point in time in ISO 8601, or V(latest).
        type: str
        default: latest
  engine_version:
    description:
      - PostgreSQL version. A major version alone stands for any of its minor ones.
      - An existing instance is upgraded to a newer minor version. Older and other major versions are refused.
    type: str
  instance_class:
    description: Size of the machine. Needed by a new instance, as are storage, master and password.
    type: str
  multi_az:
    description: Whether a standby in another zone takes over by itself.
    type: bool
  allocated_storage:
    description: Storage in GiB. It can only grow.
    type: int
  max_allocated_storage:
    description: GiB up to which RDS may enlarge the storage by itself.
    type: int
  storage_type:
    description: Kind of storage.
    type: str
    choices: [gp2, gp3]
  kms_key_arn:
    description: ARN of the KMS key that encrypts the storage. Cannot be changed.
    type: str
  master_username:
    description: Name of the master. Cannot be changed.
    type: str
  master_user_password:
    description: Password of the master. See O(update_password).
    type: str
  update_password:
    description:
      - V(on_create) sets O(master_user_password) on a new instance only. A restored one has the password of its source.
      - V(always) sets it each time, since RDS does not tell the one that it has, and is a change each time.
    type: str
    choices: [always, on_create]
    default: on_create
  database_name:
    description: Name of the first database. Cannot be changed.
    type: str
  port:
    description: Port of the database.
    type: int
  subnet_group_name:
    description: Subnet group of the instance. Cannot be changed by this module.
    type: str
  security_group_ids:
    description: Security groups of the instance.
    type: list
    elements: str
  parameter_group_name:
    description: Parameter group of the instance.
    type: str
  publicly_accessible:
    description: Whether the instance has a public address.
    type: bool
  backup_retention_period:
    description: Days of automated backups, 0 to 35. With V(0) there are none.
    type: int
  preferred_backup_window:
    description: When RDS makes the daily backup, in UTC.
    type: str
  preferred_maintenance_window:
    description: When RDS makes changes that wait, in UTC.
    type: str
  copy_tags_to_snapshot:
    description: Whether snapshots have the tags of the instance.
    type: bool
  auto_minor_version_upgrade:
    description: Whether RDS upgrades to newer minor versions in the maintenance window.
    type: bool
  engine_lifecycle_support:
    description: What happens when the major version leaves standard support; RDS bills for extended support.
    type: str
    choices: [open-source-rds-extended-support, open-source-rds-extended-support-disabled]
  deletion_protection:
    description:
      - Whether RDS refuses to delete the instance.
      - A protected one is only deleted when O(state=absent) comes with O(deletion_protection=false).
    type: bool
  monitoring_interval:
    description: Seconds between two values of enhanced monitoring. V(0) switches it off.
    type: int
    choices: [0, 1, 5, 10, 15, 30, 60]
  monitoring_role_arn:
    description: ARN of the role that writes these values.
    type: str
  performance_insights:
    description: Whether RDS keeps what sessions wait for.
    type: bool
  performance_insights_kms_key_arn:
    description: ARN of the KMS key that encrypts it. Cannot be changed while O(performance_insights=true).
    type: str
  performance_insights_retention_period:
    description: Days that it is kept.
    type: int
  database_insights_mode:
    description: Mode of CloudWatch Database Insights. V(advanced) needs 465 days of Performance Insights.
    type: str
    choices: [standard, advanced]
  cloudwatch_logs_exports:
    description: Logs that are sent to CloudWatch Logs, such as V(postgresql) and V(upgrade). All others are not.
    type: list
    elements: str
  apply_immediately:
    description: Whether changes that stop the database are made at once instead of in the maintenance window.
    type: bool
    default: false
  final_snapshot:
    description: Identifier of the snapshot that is made before the instance is deleted.
    type: str
  skip_final_snapshot:
    description: Whether the instance is deleted without a last snapshot.
    type: bool
    default: false
notes:
  - Needs the IAM actions C(rds:DescribeDBInstances), C(rds:CreateDBInstance), C(rds:RestoreDBInstanceFromDBSnapshot),
    C(rds:RestoreDBInstanceToPointInTime), C(rds:ModifyDBInstance), C(rds:AddTagsToResource),
    C(rds:RemoveTagsFromResource), C(rds:DeleteDBInstance), C(rds:CreateDBSnapshot), C(iam:PassRole) for
    O(monitoring_role_arn), C(iam:CreateServiceLinkedRole), and C(kms:DescribeKey) and C(kms:CreateGrant) for its keys.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
  - supastack.aws.attributes
  - supastack.aws.wait
seealso:
  - module: supastack.aws.rds_parameter_group
"""

EXAMPLES = r"""
- name: Ensure the database
  supastack.aws.rds_instance:
    name: production
    engine_version: "17"
    instance_class: db.m7g.large
    allocated_storage: 100
    kms_key_arn: arn:aws:kms:eu-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef
    master_username: postgres
    master_user_password: "{{ vault_password }}"
    backup_retention_period: 14
    deletion_protection: true

- name: Restore it as it was, beside the one that there is
  supastack.aws.rds_instance:
    name: production-restored
    restore_from:
      instance: production
      time: "2026-11-26T04:00:00Z"

- name: Delete it after a last snapshot
  supastack.aws.rds_instance:
    name: production-restored
    state: absent
    deletion_protection: false
    final_snapshot: production-restored-final
"""

RETURN = r"""
instance:
  description: The instance under the names of the options. In check mode, as it will be.
  returned: when O(state=present)
  type: dict
  contains:
    exists: {description: Whether the instance exists., type: bool, sample: true}
    name: {description: Identifier of the instance., type: str, sample: production}
    arn: {description: ARN of the instance., type: str, sample: "arn:aws:rds:eu-west-1:123456789012:db:production"}
    resource_id: {description: What IAM database authentication calls it., type: str, sample: db-ABCDEFGHIJKLMNOP}
    status: {description: State of the instance., type: str, sample: available}
    engine: {description: Always V(postgres)., type: str, sample: postgres}
    engine_version: {description: PostgreSQL version with its minor one., type: str, sample: "17.9"}
    endpoint: {description: Host name., type: str, sample: production.c9akciq32rnd.eu-west-1.rds.amazonaws.com}
    port: {description: Port., type: int, sample: 5432}
    tags: {description: Tags of the instance., type: dict, sample: {team: platform}}
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._module import STATE_SPEC, TAGS_SPEC, WAIT_SPEC, Result, run
from ansible_collections.supastack.aws.plugins.module_utils._rds_instance import (
    USABLE,
    create_instance,
    delete_instance,
    describe_instance,
    modify_instance,
    require_usable,
    restore_instance,
    settled,
    wait_until_gone,
    wait_until_usable,
)
from ansible_collections.supastack.aws.plugins.module_utils._rds_instance_data import (
    changes_of,
    creation_of,
    desired_from,
    prediction,
    view,
)
from ansible_collections.supastack.aws.plugins.module_utils._rds_instance_options import OPTIONS
from ansible_collections.supastack.aws.plugins.module_utils._rds_instance_rules import (
    check_options,
    compare,
    refuse_deletion,
    require_for_creation,
)
from ansible_collections.supastack.aws.plugins.module_utils._rds_parameter_group import update_tags


def ensure_present(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Create, restore or change the instance."""
    name, timeout = options["name"], options["wait_timeout"]
    found = settled(client, name, timeout, check_mode)
    difference = compare(found and view(found), options)
    if difference.creates and not options["restore_from"]:
        require_for_creation(options)
    if check_mode:
        return Result(difference, prediction(client, options, difference))
    if found is None:
        return Result(difference, view(make(client, options)))
    usable = found["DBInstanceStatus"] in USABLE
    if not usable and (difference.changed or options["wait"]):
        # RDS refuses a change while another one runs, and shows only afterwards what that one made of the instance.
        require_usable(found)
        found = wait_until_usable(client, name, timeout)
        difference = compare(view(found), options)
    if difference.changed:
        found = change(client, options, view(found), difference)
    return Result(difference, view(found))


def make(client: t.Any, options: Plain) -> Plain:
    """Create the instance or restore it, and return it as it is then."""
    name, timeout = options["name"], options["wait_timeout"]
    if not options["restore_from"]:
        create_instance(client, name, creation_of(options))
        return wait_until_usable(client, name, timeout) if options["wait"] else shown(client, name)
    restore_instance(client, name, options["restore_from"], desired_from(options, None))
    if not options["wait"]:
        return shown(client, name)
    found = wait_until_usable(client, name, timeout)
    # A restore takes fewer settings than an instance has.
    rest = compare(view(found), options)
    return change(client, options, view(found), rest) if rest.changed else found


def change(client: t.Any, options: Plain, current: Plain, difference: Difference) -> Plain:
    """Write the difference, and return the instance as it is then."""
    name, timeout, at_once = options["name"], options["wait_timeout"], options["apply_immediately"]
    request = changes_of(difference, current)
    if difference.touches("password"):
        request["MasterUserPassword"] = options["master_user_password"]
    if request:
        modify_instance(client, name, {**request, "ApplyImmediately": at_once}, timeout)
    # Last, for whoever notes in a tag that something has been done.
    update_tags(client, current["arn"], current["tags"], difference.desired("tags").get("tags"))
    return wait_until_usable(client, name, timeout, not at_once) if options["wait"] else shown(client, name)


def shown(client: t.Any, name: str) -> Plain:
    """Return an instance that exists."""
    return describe_instance(client, name) or {}


def ensure_absent(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Delete the instance."""
    name, timeout = options["name"], options["wait_timeout"]
    found = describe_instance(client, name)
    if found is None:
        return Result(Difference(None, None), None)
    current = None if found["DBInstanceStatus"] == "deleting" else view(found)
    difference = Difference(current, None)
    if current:
        refuse_deletion(current, options)
    if not check_mode:
        if current and current["deletion_protection"]:
            modify_instance(client, name, {"DeletionProtection": False, "ApplyImmediately": True}, timeout)
        if current:
            delete_instance(client, name, options["final_snapshot"], timeout)
        if options["wait"]:
            wait_until_gone(client, name, timeout)
    return Result(difference, None)


def ensure(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Bring the instance into the wanted state."""
    options = {**options, "name": options["name"].lower()}
    check_options(options)
    action = ensure_present if options["state"] == "present" else ensure_absent
    return action(client, options, check_mode)


def main() -> None:
    """Run the module."""
    argument_spec = {**OPTIONS, **STATE_SPEC, **TAGS_SPEC, **WAIT_SPEC}
    module = AnsibleAWSModule(argument_spec=argument_spec, supports_check_mode=True)
    run(module, "rds", "instance", ensure)


if __name__ == "__main__":
    main()

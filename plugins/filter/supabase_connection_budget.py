# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the database has connections for all that the services may open."""

from __future__ import annotations

DOCUMENTATION = r"""
name: supabase_connection_budget
short_description: Database connections that Supabase may need, and those that Amazon RDS allows
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Adds up the connections that the services of the chart may open at most, with as many pods as there are during an
    update or, with an autoscaler, at its maximum and during an update.
  - Compares them with C(max_connections) of the database. RDS computes it of the memory of the instance class, unless
    a parameter sets it.
  - Nobody is asked. What RDS keeps of the memory for itself is not documented; it is estimated as 5 percent and
    192 MiB.
positional: instance_class, parameters
options:
  _input:
    description: Values of the chart, its defaults with all changes on top.
    type: dict
    required: true
  instance_class:
    description: Class of the database, such as V(db.t4g.medium).
    type: str
    required: true
  parameters:
    description: Parameters of the database beside the defaults of RDS, by their names.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Require a database that has connections for all
  ansible.builtin.assert:
    that: budget.needed <= budget.allowed
  vars:
    budget: "{{ chart_values | supastack.aws.supabase_connection_budget('db.t4g.medium', {'max_connections': 300}) }}"
"""

RETURN = r"""
_value:
  description: What is needed and what there is.
  type: dict
  contains:
    services:
      description: Connections by service, and those of the bootstrap.
      type: dict
      sample: {"auth": 30, "bootstrap": 2, "meta": 10, "realtime": 24, "rest": 33, "storage": 33}
    reserved:
      description: Connections that PostgreSQL and RDS keep for superusers, and five for administrators.
      type: int
    needed:
      description: The sum of both.
      type: int
    allowed:
      description:
        - What C(max_connections) is.
        - Null where that is unknown, because the memory of the class is, or because the parameter is a formula of
          another form than that of RDS itself.
      type: int
"""

import re
import typing as t

from ansible.errors import AnsibleFilterError

MIB = 2**20
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html, "Maximum number of database connections".
DEFAULT_CONNECTIONS = "LEAST({DBInstanceClassMemory/9531392},5000)"
FORMULA = re.compile(r"LEAST\(\{DBInstanceClassMemory/(\d+)\},(\d+)\)|\{DBInstanceClassMemory/(\d+)\}")
# GiB of a class' size large, by the letters of its family, and of burstable classes by their size:
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Summary.html
FAMILY_MEMORY = {"c": 4, "m": 8, "r": 16}
BURSTABLE_MEMORY = {"micro": 1, "small": 2, "medium": 4, "large": 8, "xlarge": 16, "2xlarge": 32}
CLASS = re.compile(r"db\.(?P<family>[a-z])\d[a-z]*\.(?P<size>large|(?P<times>\d*)xlarge|micro|small|medium)")
# As the chart has them in its template supabase.connections: for each pod beside its pool, and once for all pods.
BESIDE_POOLS = {"auth": (0, 0), "meta": (5, 0), "realtime": (2, 10), "rest": (1, 0), "storage": (1, 0)}
BOOTSTRAP = 2
# superuser_reserved_connections and rds.rds_superuser_reserved_connections, by their defaults.
RESERVED_PARAMETERS = {"superuser_reserved_connections": 3, "rds.rds_superuser_reserved_connections": 2}
FOR_ADMINISTRATORS = 5

Data = t.Mapping[str, t.Any]


def service_connections(service: str, values: Data) -> int:
    """Return the connections that the pods of a service open at most; while it is updated, there is one more pod.

    :raises AnsibleFilterError: when pool or pods are no numbers.
    """
    beside_pool, once = BESIDE_POOLS[service]
    autoscaling = values.get("autoscaling") or {}
    pods = autoscaling["maxReplicas"] if autoscaling.get("enabled") else values["replicas"]
    try:
        return (int(values.get("pool", 0)) + beside_pool) * (int(pods) + 1) + once
    except (TypeError, ValueError):
        pool = values.get("pool")
        raise AnsibleFilterError(
            f"supabase_connection_budget: {service} has pool {pool!r} and {pods!r} pods, give whole numbers."
        ) from None


def memory_of(instance_class: str) -> int | None:
    """Return the GiB of memory of an instance class, None for one of an unknown family."""
    found = CLASS.fullmatch(instance_class)
    if found is None:
        return None
    if found["family"] == "t":
        return BURSTABLE_MEMORY.get(found["size"])
    if found["family"] not in FAMILY_MEMORY or not found["size"].endswith("large"):
        return None
    times = 1 if found["size"] == "large" else 2 * int(found["times"] or 1)
    return FAMILY_MEMORY[found["family"]] * times


def allowed_connections(instance_class: str, parameters: Data) -> int | None:
    """Return max_connections of a database, None where it cannot be told without asking RDS."""
    wanted = str(parameters.get("max_connections", DEFAULT_CONNECTIONS)).replace(" ", "")
    if wanted.isdigit():
        return int(wanted)
    formula, memory = FORMULA.fullmatch(wanted), memory_of(instance_class)
    if formula is None or memory is None:
        return None
    left = memory * 1024 * MIB * 95 // 100 - 192 * MIB
    connections = left // int(formula[1] or formula[3])
    return min(connections, int(formula[2])) if formula[2] else connections


def supabase_connection_budget(values: Data, instance_class: str, parameters: Data | None = None) -> dict[str, t.Any]:
    """Return the connections that the services may need and those that the database allows, see RETURN.

    :raises AnsibleFilterError: when a pool or a number of pods is none.
    """
    given = parameters or {}
    enabled = [service for service in BESIDE_POOLS if values[service]["enabled"]]
    services = {service: service_connections(service, values[service]) for service in enabled}
    services["bootstrap"] = BOOTSTRAP
    reserved = FOR_ADMINISTRATORS + sum(int(given.get(name, kept)) for name, kept in RESERVED_PARAMETERS.items())
    return {
        "services": services,
        "reserved": reserved,
        "needed": sum(services.values()) + reserved,
        "allowed": allowed_connections(instance_class, given),
    }


class FilterModule:
    """The filter of this file, for Ansible."""

    def filters(self) -> dict[str, t.Callable[..., dict[str, t.Any]]]:
        """Return the filter by its name."""
        return {"supabase_connection_budget": supabase_connection_budget}

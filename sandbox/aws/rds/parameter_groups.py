# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""DB parameter groups as AWS has them: full of parameters, checked when modified, kept while in use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from moto.core.responses import ActionResult
from moto.rds.exceptions import (
    DBParameterGroupNotFoundError,
    InvalidParameterCombination,
    InvalidParameterValue,
    RDSClientError,
)
from moto.rds.models import DBInstance, DBParameterGroup, RDSBackend
from moto.rds.responses import RDSResponse

from sandbox.aws.wrap import wrap
from sandbox.postgres import parameters
from sandbox.state import SandboxError

# API reference, ModifyDBParameterGroup: "A maximum of 20 parameters can be modified in a single request."
_MOST_PER_CALL = 20


def patch_unknown_group() -> None:
    """DescribeDBParameterGroups of a name that does not exist answers an empty list; AWS: DBParameterGroupNotFound.

    Symptom: amazon.aws.rds_instance_param_group: list index out of range.
    """

    def describe(original: Callable[..., list[DBParameterGroup]], backend: RDSBackend, asked: Any) -> Any:
        name = asked.get("db_parameter_group_name")
        if name:
            # Group names are stored in lower case, and looked up as they were given.
            asked = {"db_parameter_group_name": name.lower()}
        found = original(backend, asked)
        if name and not found:
            raise DBParameterGroupNotFoundError(name)
        return found

    wrap(RDSBackend, "describe_db_parameter_groups", describe)


def patch_new_group() -> None:
    """A new group has no parameters; AWS copies those of its family, and knows no family of its own invention.

    Symptom: amazon.aws.rds_instance_param_group answers ok with `errors: [... is not an available parameter ...]`.
    """

    def initialize(original: Callable[..., None], group: DBParameterGroup, *arguments: Any, **named: Any) -> None:
        original(group, *arguments, **named)
        family = group.family or ""
        if not family.startswith("postgres"):
            return
        if family not in parameters.FAMILIES:
            raise InvalidParameterValue(f"ParameterGroupFamily {family} is not a valid parameter group family")
        try:
            group.parameters.update(parameters.catalogue(family))
        except SandboxError as error:
            raise RDSClientError("InternalFailure", str(error)) from error

    wrap(DBParameterGroup, "__init__", initialize)


def patch_modification() -> None:
    """ModifyDBParameterGroup takes any name, value and apply method; AWS checks each and notes that a user set it."""

    def modify(original: Callable[..., Any], response: RDSResponse) -> Any:
        name = response.params.get("DBParameterGroupName")
        group = response.backend.describe_db_parameter_groups({"db_parameter_group_name": name})[0]
        changes = [change.original_dict() for change in response.params.get("Parameters", [])]
        _check(group, changes)
        result = original(response)
        for change in changes:
            group.parameters[change["ParameterName"]]["Source"] = "user"
        return result

    wrap(RDSResponse, "modify_db_parameter_group", modify)


def patch_group_in_use() -> None:
    """A group that an instance uses can be deleted, after which every DescribeDBInstances is a 500; AWS refuses."""

    def delete(original: Callable[..., Any], backend: RDSBackend, name: str) -> Any:
        used = (database for database in backend.databases.values() if group_of(database).name == name.lower())
        if next(used, None) is not None:
            raise RDSClientError(
                "InvalidDBParameterGroupState",
                "One or more database instances are still members of this parameter group "
                f"{name}, so the group cannot be deleted",
            )
        return original(backend, name)

    wrap(RDSBackend, "delete_db_parameter_group", delete)


def group_of(database: DBInstance) -> DBParameterGroup:
    """The parameter group of an instance, its family's default one included."""
    return database.db_parameter_groups()[0]


def values(database: DBInstance) -> dict[str, str]:
    """What the instance's parameter group sets, by users or by RDS' defaults; formulas as they are."""
    group = group_of(database)
    return {name: entry["ParameterValue"] for name, entry in group.parameters.items() if "ParameterValue" in entry}


def applies_at_once(entry: dict[str, Any]) -> bool:
    """Whether the last change of this parameter reaches running instances without a reboot."""
    return bool(entry["ApplyType"] == "dynamic" and entry["ApplyMethod"] == "immediate")


def _check(group: DBParameterGroup, changes: Sequence[dict[str, Any]]) -> None:
    if len(changes) > _MOST_PER_CALL:
        raise InvalidParameterValue(f"Number of parameters must be less than or equal to {_MOST_PER_CALL}")
    for change in changes:
        name = change["ParameterName"]
        if name not in group.parameters:
            raise InvalidParameterValue(f"Could not find parameter with name: {name}")
        entry = group.parameters[name]
        if entry["ApplyType"] == "static" and change.get("ApplyMethod") == "immediate":
            raise InvalidParameterCombination(f"cannot use immediate apply method for static parameter {name}")
        try:
            parameters.check(entry, change.get("ParameterValue", ""))
        except parameters.ParameterError as error:
            raise InvalidParameterValue(str(error)) from error


def describe_engine_default_parameters(response: RDSResponse) -> ActionResult:
    """The handler that moto lacks."""
    family = response.params.get("DBParameterGroupFamily")
    if family not in parameters.FAMILIES:
        raise InvalidParameterValue(f"ParameterGroupFamily {family} is not a valid parameter group family")
    found = list(parameters.catalogue(family).values())
    return ActionResult({"EngineDefaults": {"DBParameterGroupFamily": family, "Parameters": found}})


def patch_family_defaults() -> None:
    """DescribeEngineDefaultParameters is not implemented."""

    def describe(response: RDSResponse) -> ActionResult:
        return describe_engine_default_parameters(response)

    setattr(RDSResponse, describe_engine_default_parameters.__name__, describe)


PATCHES: tuple[Callable[[], None], ...] = (
    patch_unknown_group,
    patch_new_group,
    patch_modification,
    patch_group_in_use,
    patch_family_defaults,
)

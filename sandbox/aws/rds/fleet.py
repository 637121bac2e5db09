# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The real servers behind the emulated DB instances, and the states that an instance goes through on their account."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psycopg
from moto.rds.exceptions import DBInstanceAlreadyExists, RDSClientError
from moto.rds.models import DBInstance, DBParameterGroup

from sandbox import names
from sandbox.aws.rds import engine, inventory, parameter_groups
from sandbox.postgres.binaries import Installation
from sandbox.postgres.roles import Master
from sandbox.postgres.server import Server
from sandbox.state import Sandbox, SandboxError

_LOG = logging.getLogger(__name__)
# AWS puts one such label per account and region into every endpoint.
_ENDPOINT_LABEL = "c9akciq32rnd"
_SETTLE_TIMEOUT = 90.0


def endpoint_address(identifier: str, region: str) -> str:
    """The host name that DescribeDBInstances reports."""
    return f"{identifier}.{_ENDPOINT_LABEL}.{region}.rds.amazonaws.com"


class Member:
    """One DB instance: moto's record of it, its server (None when nothing real is started) and what it runs with."""

    def __init__(self, sandbox: Sandbox, database: DBInstance, server: Server | None) -> None:
        self.sandbox = sandbox
        self.database = database
        self.server = server
        self.applied: dict[str, str] = {}
        self.error = ""
        self.work: threading.Thread | None = None
        # Whether that work takes AWS' time.
        self.slow = False
        # Set to end that time.
        self.hurry = threading.Event()

    @property
    def identifier(self) -> str:
        return self.database.db_instance_identifier

    def record(self) -> None:
        """Tell the other processes of the sandbox."""
        inventory.write(self.sandbox, self._facts())

    def publish(self) -> None:
        """Let pods reach the instance by its AWS name."""
        if self.server is not None:
            names.publish(self.sandbox, self.database.address, self.database.port or 0, self.server.port)

    def withdraw(self) -> None:
        """Take the AWS name away."""
        names.withdraw(self.sandbox, self.database.address, self.database.port or 0)

    def end_wait(self) -> None:
        """End what is under way as soon as its server allows."""
        if self.work is not None:
            self.hurry.set()
            self.work.join(_SETTLE_TIMEOUT)
            self.hurry.clear()

    def _facts(self) -> dict[str, Any]:
        database, server = self.database, self.server
        configuration = server.configuration if server else None
        major = engine.major_of(database.engine_version)
        return {
            "identifier": self.identifier,
            "region": database.region,
            "status": database.status,
            "address": database.address,
            "port": database.port,
            "local_port": (server.port or None) if server else None,
            "process": server.process if server else f"postgres-{self.identifier}",
            "engine_version": database.engine_version,
            "server_version": Installation.find(major).version() if server else None,
            "master_username": database.master_username,
            "database": database.db_name or "postgres",
            "parameter_group": parameter_groups.group_of(database).name,
            "force_ssl": configuration.force_ssl if configuration else None,
            "not_loaded": configuration.not_loaded if configuration else [],
            "not_applied": configuration.not_applied if configuration else {},
            "error": self.error,
        }


class Fleet:
    """All DB instances of the emulator. Slow work runs in a thread per instance; `settle` waits for it.

    `seconds` tells how long a change of durations.yml takes, which nobody waits for: clients see it under way.
    """

    def __init__(self, sandbox: Sandbox, seconds: Callable[[str], float] = lambda change: 0) -> None:
        self.sandbox = sandbox
        self._seconds = seconds
        self._members: dict[str, Member] = {}

    def check_free(self, identifier: str) -> None:
        """One server folder per identifier: another region cannot have an instance of the same name here."""
        if identifier.lower() in self._members:
            raise DBInstanceAlreadyExists()

    @property
    def snapshots(self) -> Path:
        """Where the data of snapshots is."""
        return self.sandbox.path("snapshots")

    def create(self, database: DBInstance, password: str) -> None:
        """Start a server for a new instance: creating, then available or failed."""
        bypass = self.sandbox.read().get("options", {}).get("rds_bypassrls", True)
        # moto would keep the clear text for as long as the instance lives.
        database.master_user_password = None

        def make(server: Server, parameters: Mapping[str, str]) -> None:
            server.create(Master(database.master_username or "", database.db_name, bypass), password, parameters)

        self._build(database, make)

    def save(self, database: DBInstance, folder: Path) -> None:
        """Copy the data of an available instance. Raises SandboxError, OSError or psycopg.Error, leaving nothing."""
        server = self._members[database.db_instance_identifier].server
        shutil.rmtree(folder, ignore_errors=True)
        if server is None:
            return
        try:
            server.save(folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def restore(self, database: DBInstance, folder: Path, keep: bool = True) -> None:
        """Start a server for a new instance with saved data, which goes away afterwards unless it is to be kept."""

        def make(server: Server, parameters: Mapping[str, str]) -> None:
            try:
                server.restore(folder, parameters)
            finally:
                if not keep:
                    shutil.rmtree(folder, ignore_errors=True)

        self._build(database, make)

    def _build(self, database: DBInstance, make: Callable[[Server, Mapping[str, str]], None]) -> None:
        api_only = self.sandbox.read().get("options", {}).get("api_only")
        member = Member(self.sandbox, database, None)
        self._members[member.identifier] = member

        def work() -> None:
            member.applied = parameter_groups.values(database)
            if not api_only:
                major = engine.major_of(database.engine_version)
                member.server = Server(self.sandbox, member.identifier, database.address, major)
                make(member.server, member.applied)
            member.publish()

        seconds = self._seconds("rds_instance_create_multi_az" if database.multi_az else "rds_instance_create")
        self._start(member, "creating", "available", "failed", work, seconds)

    def modified(self, database: DBInstance, password: str | None, port: int | None) -> None:
        """Pass on what ModifyDBInstance changed and what a server has to know."""
        member = self._members[database.db_instance_identifier]
        if port and port != database.port:
            member.withdraw()
            database.port = port
            member.publish()
        if password:
            # moto has kept this one too.
            database.master_user_password = None
            if member.server is not None:
                member.server.set_master_password(database.master_username or "", password)
        member.record()

    def check_can_set_password(self, database: DBInstance) -> None:
        """A server that does not run cannot be given a password."""
        if database.status != "available":
            raise RDSClientError("InvalidDBInstanceState", "Database instance is not in available state.")

    def parameters_changed(self, group: DBParameterGroup) -> None:
        """Apply to running instances what ModifyDBParameterGroup changed with effect at once."""
        for member in self._members.values():
            if parameter_groups.group_of(member.database) is not group:
                continue
            wanted = parameter_groups.values(member.database)
            at_once = {name for name in wanted if parameter_groups.applies_at_once(group.parameters[name])}
            changed = {name: wanted[name] for name in at_once if member.applied.get(name) != wanted[name]}
            member.applied.update(changed)
            if changed and member.server is not None and member.server.running:
                member.server.reload(member.applied)
            member.record()

    def parameter_status(self, database: DBInstance) -> str:
        """ParameterApplyStatus: whether the instance runs with all that its group says."""
        member = self._members.get(database.db_instance_identifier)
        if member is None or database.status == "creating":
            return "in-sync"
        return "in-sync" if member.applied == parameter_groups.values(database) else "pending-reboot"

    def reboot(self, database: DBInstance) -> None:
        """Restart the server with all parameters of its group."""
        if database.status == "stopped":
            raise RDSClientError("InvalidDBInstanceState", "Database instance is not in available state.")
        self._restart(database, "rebooting")

    def start(self, database: DBInstance) -> None:
        """Start a stopped instance; pending parameters take effect."""
        self._restart(database, "starting")

    def _restart(self, database: DBInstance, during: str) -> None:
        member = self._members[database.db_instance_identifier]

        def work() -> None:
            member.applied = parameter_groups.values(database)
            if member.server is not None:
                member.server.restart(member.applied)
            member.publish()

        self._start(member, during, "available", "incompatible-parameters", work)

    def stop(self, database: DBInstance) -> None:
        """Stop the server and keep its data."""
        member = self._members[database.db_instance_identifier]

        def work() -> None:
            member.withdraw()
            if member.server is not None:
                member.server.stop()

        self._start(member, "stopping", "stopped", "failed", work)

    def begin_deletion(self, database: DBInstance, forget: Callable[[], object]) -> None:
        """Delete an instance, and let moto `forget` it, after the time that AWS takes."""
        member = self._members[database.db_instance_identifier]
        if database.status == "deleting":
            raise RDSClientError("InvalidDBInstanceState", f"Instance {member.identifier} is already being deleted.")
        seconds = self._seconds("rds_instance_delete")

        def work() -> None:
            if not member.hurry.wait(seconds):
                forget()
                self.delete(database)

        member.end_wait()
        if not seconds:
            forget()
            self.delete(database)
            return
        database.status, member.slow = "deleting", True
        member.record()
        member.work = threading.Thread(target=work, name=f"rds-{member.identifier}", daemon=True)
        member.work.start()

    def delete(self, database: DBInstance) -> None:
        """Stop the server and remove its data."""
        member = self._members.pop(database.db_instance_identifier, None)
        if member is None:
            return
        member.withdraw()
        if member.server is not None:
            member.server.destroy()
        inventory.remove(self.sandbox, member.identifier)

    def clear(self) -> None:
        """Delete all instances, for a reset of the emulated account."""
        for member in list(self._members.values()):
            member.end_wait()
            self.delete(member.database)
        shutil.rmtree(self.snapshots, ignore_errors=True)

    def settle(self, identifier: str | None = None) -> None:
        """Wait until the instance (all without an argument) has left its transitional state.

        Clients poll every 30 to 60 s, as befits an instance that takes minutes; ours takes one, unless it is to take
        AWS' time.
        """
        for member in list(self._members.values()):
            if member.work is not None and not member.slow and identifier in (None, member.identifier):
                member.work.join(_SETTLE_TIMEOUT)

    def check_settled(self, identifier: str) -> None:
        """An instance that is on its way from one state to another cannot be changed."""
        member = self._members.get(identifier)
        if member is not None and member.work is not None and member.work.is_alive():
            raise RDSClientError("InvalidDBInstanceState", f"DB instance {identifier} is not in available state.")

    def _start(
        self, member: Member, during: str, after: str, failed: str, work: Callable[[], None], seconds: float = 0
    ) -> None:
        due = time.monotonic() + seconds
        member.slow = seconds > 0

        def run() -> None:
            try:
                work()
                member.hurry.wait(max(0.0, due - time.monotonic()))
                member.database.status, member.error = after, ""
            except (SandboxError, OSError, psycopg.Error) as error:
                member.database.status, member.error = failed, str(error)
                _LOG.error("DB instance %s: %s", member.identifier, error)
            member.record()

        member.database.status = during
        member.record()
        member.work = threading.Thread(target=run, name=f"rds-{member.identifier}", daemon=True)
        member.work.start()

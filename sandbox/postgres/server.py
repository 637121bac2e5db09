# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""One real PostgreSQL server: its folder, its process, its certificate and its administrator's connection."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from sandbox import processes
from sandbox.pki import Authority
from sandbox.postgres import backup, roles
from sandbox.postgres.account import Account
from sandbox.postgres.binaries import Installation
from sandbox.postgres.configuration import ADMINISTRATOR, Configuration, Place, render
from sandbox.state import Sandbox, SandboxError, write_atomically

AUTHORITY_NAME = "Supastack Sandbox RDS CA"
_START_TIMEOUT = 60.0
_INITDB = (
    f"--username={ADMINISTRATOR}",
    "--auth-local=peer",
    "--auth-host=reject",
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--no-sync",
    "--no-instructions",
)
# Whatever a parameter group says about logging, the administrator's statements carry verifiers: not into the log.
_QUIET = "-c log_statement=none -c log_min_duration_statement=-1 -c log_min_error_statement=panic"


def authority(sandbox: Sandbox) -> Authority:
    """The authority that signs the servers' certificates, as Amazon's does on RDS; clients trust its bundle."""
    return Authority.load_or_create(sandbox.path("pki", "rds"), AUTHORITY_NAME)


class ServerError(SandboxError):
    """The server did not start; the message ends with the last lines of its log."""


@dataclass
class Server:
    """A server in `.sandbox/<name>/postgres/<identifier>/`. `address` is the AWS-shaped name in its certificate."""

    sandbox: Sandbox
    identifier: str
    address: str
    major: int
    port: int = 0

    def __post_init__(self) -> None:
        self.folder = self.sandbox.path("postgres", self.identifier)
        self.account = Account.choose(Installation.find(self.major), self.folder)
        self.installation = self.account.installation
        self.configuration = Configuration()

    @property
    def process(self) -> str:
        """The name under which its process and its log are found."""
        return f"postgres-{self.identifier}"

    def create(self, master: roles.Master, password: str, parameters: Mapping[str, str]) -> None:
        """Make an empty cluster, start it and give it RDS' roles. A folder left over from before is removed."""
        self.destroy()
        self._make_folders()
        self._initialize()
        self.start(parameters)
        with self.administrate() as connection:
            roles.create(connection, master, password)

    def save(self, target: Path) -> None:
        """Copy the data of the running server into an empty folder, for `restore`."""
        with self.administrate() as connection:
            backup.back_up(connection, self.folder / "data", target, self.account.give)

    def restore(self, saved: Path, parameters: Mapping[str, str]) -> None:
        """Start with data that `save` copied from a server of the same major version, its roles included."""
        self.destroy()
        self._make_folders()
        backup.copy_folder(saved, self.folder / "data", self.account.give)
        self.start(parameters)

    def start(self, parameters: Mapping[str, str]) -> None:
        """Start with these parameters and wait until it answers. Raises ServerError when it ends instead."""
        if not _is_free(self.port):
            self.port = _free_port()
        self._configure(parameters)
        arguments = ("-D", str(self.account.home / "data"), "-c", f"config_file={self._config / 'postgresql.conf'}")
        log = self.sandbox.logs / f"{self.process}.log"
        offset = log.stat().st_size if log.exists() else 0
        processes.start(
            self.sandbox,
            self.process,
            self.account.command("postgres", *arguments),
            env=self.account.environment,
            cwd=self.folder,
            # A fast shutdown: SIGTERM would wait for every client to leave.
            stop_signal=signal.SIGINT,
        )
        self._wait_until_ready(log, offset)

    def stop(self) -> None:
        """End all connections and stop; a server that is not running stays so."""
        processes.stop(self.sandbox, self.process)

    def restart(self, parameters: Mapping[str, str]) -> None:
        """Stop and start with these parameters, static ones included."""
        self.stop()
        self.start(parameters)

    def reload(self, parameters: Mapping[str, str]) -> None:
        """Apply dynamic parameters to the running server and wait until it has read them."""
        self._configure(parameters)
        with self.administrate() as connection:
            before = _load_time(connection)
            connection.execute("SELECT pg_reload_conf()")
            deadline = time.monotonic() + 5
            while _load_time(connection) == before and time.monotonic() < deadline:
                time.sleep(0.02)

    def set_master_password(self, username: str, password: str) -> None:
        """Change the master's password at once, as RDS does without waiting for a window."""
        with self.administrate() as connection:
            roles.set_password(connection, username, password)

    def destroy(self) -> None:
        """Stop the server and remove all it stored."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return processes.alive(self.sandbox, self.process)

    @contextmanager
    def administrate(self) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
        """A superuser connection through the socket that only this machine's administrator can reach."""
        # The folder's path may be longer than a socket address can be; a descriptor's path is short.
        descriptor = os.open(self.folder / "socket", os.O_PATH | os.O_DIRECTORY)
        try:
            with psycopg.connect(
                host=f"/proc/self/fd/{descriptor}",
                port=self.port,
                user=ADMINISTRATOR,
                dbname="postgres",
                options=_QUIET,
                connect_timeout=5,
                autocommit=True,
            ) as connection:
                yield connection
        finally:
            os.close(descriptor)

    @property
    def _config(self) -> Path:
        return self.account.home / "config"

    def _make_folders(self) -> None:
        self.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The account enters by these; everybody else is stopped by the sandbox's own folder, which is 0700.
        for name, mode in ((".", 0o755), ("config", 0o755), ("tls", 0o755), ("data", 0o700), ("socket", 0o700)):
            folder = self.folder / name
            folder.mkdir(exist_ok=True)
            folder.chmod(mode)
        for name in ("data", "socket"):
            self.account.give(self.folder / name)
        self.installation.link_libraries(self.folder / "lib", self.account.native)
        certificate, key = authority(self.sandbox).issue(
            "server", names=[self.address, "localhost", "127.0.0.1"], folder=self.folder / "tls"
        )
        certificate.chmod(0o644)
        self.account.give(key)

    def _initialize(self) -> None:
        command = self.account.command("initdb", "-D", str(self.account.home / "data"), *_INITDB)
        environment = processes.environment(self.sandbox, self.account.environment)
        result = subprocess.run(command, env=environment, cwd=self.folder, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise ServerError(f"initdb of {self.identifier} failed: {result.stderr.strip()}")

    def _configure(self, parameters: Mapping[str, str]) -> None:
        place = Place(self.port, self.account.home, self.account.administrator)
        self.configuration = render(self.installation, place, parameters)
        for name, text in self.configuration.files.items():
            write_atomically(self.folder / "config" / name, text, mode=0o644)

    def _wait_until_ready(self, log: Path, offset: int) -> None:
        deadline = time.monotonic() + _START_TIMEOUT
        reason = ""
        while True:
            try:
                with self.administrate():
                    return
            except psycopg.OperationalError as error:
                reason = str(error)
            if not self.running or time.monotonic() > deadline:
                self.stop()
                raise ServerError(
                    f"PostgreSQL {self.identifier} did not start ({log}): {_last_lines(log, offset) or reason}"
                )
            time.sleep(0.02)


def _load_time(connection: psycopg.Connection[tuple[object, ...]]) -> object:
    row = connection.execute("SELECT pg_conf_load_time()").fetchone()
    return row[0] if row else None


def _last_lines(log: Path, offset: int, count: int = 5) -> str:
    lines = log.read_bytes()[offset:].decode(errors="replace").splitlines()
    return " | ".join(lines[-count:])


def _is_free(port: int) -> bool:
    if port == 0:
        return False
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port

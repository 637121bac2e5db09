# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Payloads that are built before their tasks come."""

from __future__ import annotations

import io
import os
import signal
import socket
import sys
import typing as t
import zipfile
from base64 import b64decode
from pathlib import Path

import pytest
from ansible import constants
from ansible.executor import module_common
from ansible_collections.supastack.aws.plugins.plugin_utils._warm import builder, built, notes, payload, wire


@pytest.fixture
def lessons() -> t.Iterator[tuple[socket.socket, socket.socket]]:
    """Return the end where lessons arrive, and the one for the builder."""
    arriving, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    arriving.settimeout(30)
    with arriving, ours:
        yield arriving, ours


def lesson(*modules: str) -> notes.Lesson:
    """Return what a run with these modules wrote down."""
    return notes.Lesson(list(modules), [], [], [], "", ["ansible.module_utils.basic"])


def test_each_module_is_built_as_ansible_would_and_told(
    lessons: tuple[socket.socket, socket.socket], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(tmp_path))
    run, running = os.pipe()
    builder.build_ahead(lesson("no.such.module", "ansible.builtin.ping"), tmp_path, lessons[1], run, sys.executable)
    kind, built = notes.Lesson.receive(lessons[0])
    assert kind == wire.AHEAD
    assert built._replace(payload="") == notes.Lesson([], [], [], [], "", ["ansible.module_utils.basic"])
    assert built.payload.encode() == payload.encoded_payload(builder.build("ansible.builtin.ping", sys.executable))
    with zipfile.ZipFile(io.BytesIO(b64decode(built.payload))) as archive:
        assert "ansible/modules/ping.py" in archive.namelist()
    # Ansible's own cache has it, which a worker takes it from.
    cached = {file.name for file in tmp_path.glob("ansiballz_cache/*")}
    assert "ansible.modules.ping-ZIP_DEFLATED-none" in cached
    _pid, status = os.wait()
    assert status == 0
    os.close(run)
    os.close(running)


def test_nothing_is_built_for_a_run_that_has_ended(
    lessons: tuple[socket.socket, socket.socket], tmp_path: Path
) -> None:
    run, running = os.pipe()
    os.close(running)
    builder.build_ahead(lesson("ansible.builtin.ping"), tmp_path, lessons[1], run, sys.executable)
    os.wait()
    os.close(run)
    lessons[1].close()
    assert lessons[0].recv(1) == b""


def test_a_builder_has_nothing_of_the_worker_it_comes_from() -> None:
    read, kept = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            signal.signal(signal.SIGTERM, lambda *_arguments: None)
            builder.detach({kept})
            files = {int(entry.name) for entry in Path("/proc/self/fd").iterdir()}
            still_open = {file for file in files if Path(f"/proc/self/fd/{file}").exists()}
            handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
            told = still_open - {0, 1, 2, kept}, os.getsid(0) == os.getpid(), handlers == [signal.SIG_DFL] * 2
            os.write(kept, repr(told).encode())
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    assert os.read(read, 1000) == b"(set(), True, True)"
    os.close(read)
    os.close(kept)


@pytest.fixture
def ahead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> builder.Builder:
    """Return a builder with a cache of its own."""
    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(tmp_path))
    return builder.Builder(tmp_path, sys.executable)


def cache(folder: Path) -> set[str]:
    """Return what Ansible has in its cache."""
    return {file.name.partition("-")[0] for file in folder.glob("ansiballz_cache/*") if file.suffix != ".lock"}


def test_it_is_written_down_what_was_built_from_what(ahead: builder.Builder, tmp_path: Path) -> None:
    ahead.build("ansible.builtin.ping")
    ahead.build("amazon.aws.ec2_vpc_net_info")
    cached, sources = built.read(tmp_path)
    assert {Path(file).name.partition("-")[0] for file in cached} == cache(tmp_path)
    names = {Path(path).name for path in sources}
    assert {"ping.py", "basic.py", "ec2_vpc_net_info.py", "botocore.py"} <= names
    assert all(built.stamp(Path(path)) == known for path, known in sources.items())
    built.forget_outdated(tmp_path)
    assert cache(tmp_path) == {
        "ansible.modules.ping",
        "ansible_collections.amazon.aws.plugins.modules.ec2_vpc_net_info",
    }
    assert not ahead.is_outdated()


def test_what_a_task_has_built_is_not_the_builder_s(ahead: builder.Builder, tmp_path: Path) -> None:
    builder.build("ansible.builtin.ping", sys.executable)
    ahead.build("ansible.builtin.ping")
    assert built.read(tmp_path)[0] == []


def test_a_change_of_a_source_takes_all_that_was_built_ahead_away(ahead: builder.Builder, tmp_path: Path) -> None:
    ahead.build("ansible.builtin.ping")
    cached, sources = built.read(tmp_path)
    source = tmp_path / "source.py"
    source.touch()
    built.write(tmp_path, cached, {**sources, str(source): built.stamp(source)})
    built.forget_outdated(tmp_path)
    assert cache(tmp_path) == {"ansible.modules.ping"}
    source.unlink()
    built.forget_outdated(tmp_path)
    assert cache(tmp_path) == set()
    assert ahead.is_outdated()
    built.forget_outdated(tmp_path)


def test_what_changes_while_it_is_built_is_not_kept(
    ahead: builder.Builder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time_ns", lambda: 0)
    with pytest.raises(ValueError, match="changed while it was built"):
        ahead.build("ansible.builtin.ping")
    assert cache(tmp_path) == set()


def test_what_comes_from_elsewhere_is_not_built_ahead() -> None:
    ping = builder.file_of("ansible/modules/ping.py")
    known = {"ansible/modules/ping.py": ping.read_bytes(), "ansible/__init__.py": b"written by Ansible"}
    assert builder.sources_of(known, "ansible/modules/ping.py") == {str(ping): built.stamp(ping)}
    with pytest.raises(ValueError, match="is not that of"):
        builder.sources_of({"ansible/modules/ping.py": b"of a playbook"}, "ansible/modules/ping.py")
    with pytest.raises(ValueError, match="comes from elsewhere"):
        builder.sources_of({"ansible/legacy/own.py": b"of a playbook"}, payload.main_member(b"no module"))


def test_more_builders_stop_when_a_task_has_seen_a_change(
    lessons: tuple[socket.socket, socket.socket], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builder.Builder, "is_outdated", lambda _builder: True)
    run, running = os.pipe()
    builder.build_ahead(lesson("ansible.builtin.ping"), tmp_path, lessons[1], run, sys.executable)
    os.wait()
    lessons[1].close()
    assert lessons[0].recv(1) == b""
    os.close(run)
    os.close(running)


def test_a_source_is_parsed_once_for_all_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module_common, "_compile_module_ast", module_common._compile_module_ast)
    parsed = module_common._compile_module_ast
    builder.parse_once()
    once = module_common._compile_module_ast
    assert once("thing", b"X = 1") is once("thing", b"X = 1")
    assert once("thing", b"X = 2") is not once("thing", b"X = 1")
    assert parsed("thing", b"X = 1") is not parsed("thing", b"X = 1")


def test_it_builds_without_that_function_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(module_common, "_compile_module_ast")
    builder.parse_once()
    assert not hasattr(module_common, "_compile_module_ast")

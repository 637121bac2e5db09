# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""State folder, published names, certificates."""

from __future__ import annotations

import ipaddress
import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from sandbox import names, pki
from sandbox.state import CHECKOUT, Sandbox, SandboxError, locked, write_atomically


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox("state", tmp_path / "state")


def test_current_reads_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SANDBOX_NAME", raising=False)
    assert Sandbox.current() == Sandbox("demo", CHECKOUT / ".sandbox" / "demo")
    monkeypatch.setenv("SANDBOX_NAME", "other-1")
    assert Sandbox.current().folder == CHECKOUT / ".sandbox" / "other-1"


@pytest.mark.parametrize("name", ["Demo", "a", "-ab", "ab-", "../x", "a" * 21, "1ab", "a_b", "a--b", "ab\n"])
def test_bad_name_is_one_clear_error(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("SANDBOX_NAME", name)
    with pytest.raises(SandboxError, match=r"SANDBOX_NAME is .*: use 3 to 20"):
        Sandbox.current()


def test_read_before_up_says_what_to_do(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxError, match=r"SANDBOX_NAME=state .*-m sandbox up"):
        sandbox.read()


def test_concurrent_updates_lose_nothing(sandbox: Sandbox) -> None:
    threads = [threading.Thread(target=sandbox.update, kwargs={f"key{number}": number}) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sandbox.read() == {f"key{number}": number for number in range(20)}


def test_a_removed_lock_is_still_exclusive(tmp_path: Path) -> None:
    inside = []

    def work(number: int) -> None:
        with locked(tmp_path / "x", remove=number % 2 == 0):
            inside.append(1)
            assert len(inside) == 1
            time.sleep(0.005)
            inside.pop()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(40)))
    assert inside == []


def test_files_are_private(sandbox: Sandbox) -> None:
    sandbox.update(a=1)
    assert stat.S_IMODE(sandbox.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(sandbox.state_file.stat().st_mode) == 0o600


def test_failed_write_keeps_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "\ud800")
    assert path.read_text() == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["file"]


def test_names_are_replaced_and_withdrawn(sandbox: Sandbox) -> None:
    names.publish(sandbox, "a.example", 80, 1000)
    names.publish(sandbox, "b.example", 80, 1001)
    names.publish(sandbox, "a.example", 80, 1002)
    assert names.published(sandbox) == [names.Name("b.example", 80, 1001), names.Name("a.example", 80, 1002)]
    names.withdraw(sandbox, "b.example", 80)
    names.withdraw(sandbox, "b.example", 80)
    assert names.published(sandbox) == [names.Name("a.example", 80, 1002)]


def test_server_certificate(tmp_path: Path) -> None:
    authority = pki.Authority.load_or_create(tmp_path / "pki", "Test CA")
    certificate_path, key_path = authority.issue("db", ["localhost", "127.0.0.1"])
    certificate = x509.load_pem_x509_certificate(certificate_path.read_bytes())
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.certificate_pem.encode()))
    alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert alternative.get_values_for_type(x509.DNSName) == ["localhost"]
    assert alternative.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address("127.0.0.1")]
    assert stat.S_IMODE(key_path.stat().st_mode) == 0o600
    assert key_path.read_text().startswith("-----BEGIN EC PRIVATE KEY-----")


@pytest.mark.parametrize(
    ("names", "client", "usages"),
    [
        (["localhost"], False, {ExtendedKeyUsageOID.SERVER_AUTH}),
        ([], True, {ExtendedKeyUsageOID.CLIENT_AUTH}),
        (["localhost"], True, {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}),
    ],
)
def test_key_usage(tmp_path: Path, names: list[str], client: bool, usages: set[x509.ObjectIdentifier]) -> None:
    authority = pki.Authority.load_or_create(tmp_path, "Test CA")
    path, _unused = authority.issue("x", names, organization="group", client=client)
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    assert set(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == usages
    assert certificate.subject.rfc4514_string() == "CN=x,O=group"


def test_authority_is_made_once(tmp_path: Path) -> None:
    first = pki.Authority.load_or_create(tmp_path, "Test CA").certificate_pem
    assert pki.Authority.load_or_create(tmp_path, "Test CA").certificate_pem == first

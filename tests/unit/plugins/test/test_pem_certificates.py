# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test pem_certificates."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.test import pem_certificates as plugin
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

# As Ansible finds it, by its name.
pem_certificates = plugin.TestModule().tests()["pem_certificates"]
KEY = ec.generate_private_key(ec.SECP256R1())


def certificate() -> str:
    """Return a certificate that signs itself."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority")])
    begin = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder(name, name, KEY.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(begin).not_valid_after(begin + datetime.timedelta(days=1))
    return builder.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def private_key() -> str:
    """Return a key in the same format."""
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return KEY.private_bytes(*form).decode()


def test_one_and_several() -> None:
    assert pem_certificates(certificate()) is True
    assert pem_certificates(f"# Authorities\n{certificate()}\n{certificate()}") is True


@pytest.mark.parametrize("text", ["", "<html>Not found</html>", None, b"", 5])
def test_no_certificate(text: Any) -> None:
    assert pem_certificates(text) is False


def test_one_of_several_cannot_be_read() -> None:
    assert pem_certificates(certificate() + certificate()[:-60]) is False
    assert pem_certificates(certificate() + certificate().replace("MII", "AAA")) is False


def test_a_key_among_certificates() -> None:
    assert pem_certificates(certificate() + private_key()) is False
    assert pem_certificates(private_key()) is False

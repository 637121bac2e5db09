# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Certificate authorities of the sandbox: the RDS one, the webhooks' one, and kwok's, which signs node certificates."""

from __future__ import annotations

import datetime
import ipaddress
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox.state import locked

_VALID = datetime.timedelta(days=3650)
_CLOCK_SKEW = datetime.timedelta(minutes=5)


@dataclass(frozen=True)
class Authority:
    """A certificate authority kept as `ca.crt` and `ca.key`. Certificates go beside them unless told otherwise."""

    certificate_path: Path
    key_path: Path

    @classmethod
    def load_or_create(cls, folder: Path, common_name: str) -> Authority:
        """The authority in `folder`, made when missing (0700, key 0600)."""
        authority = cls(folder / "ca.crt", folder / "ca.key")
        with locked(authority.certificate_path):
            if not authority.certificate_path.exists():
                _create_authority(authority, common_name)
        return authority

    @classmethod
    def load(cls, certificate_path: Path, key_path: Path) -> Authority:
        """An authority that something else made, such as kwok's `pki/ca.crt` and `pki/ca.key`."""
        return cls(certificate_path, key_path)

    @property
    def certificate_pem(self) -> str:
        """The authority's own certificate, which clients trust."""
        return self.certificate_path.read_text(encoding="ascii")

    def issue(
        self,
        common_name: str,
        names: Sequence[str] = (),
        organization: str | None = None,
        client: bool = False,
        folder: Path | None = None,
    ) -> tuple[Path, Path]:
        """Sign a new key for `common_name` and return the paths of certificate and key (0600) as PEM.

        `names` are DNS names or IP addresses a server certificate is valid for; `organization` becomes a Kubernetes
        group; `client` makes it a client certificate, and with `names` one for both. Files are called after
        `common_name`.
        """
        stem = re.sub(r"[^A-Za-z0-9.-]+", "-", common_name)
        target = folder or self.certificate_path.parent
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        certificate_path, key_path = target / f"{stem}.crt", target / f"{stem}.key"
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(_subject(common_name, organization), key, _leaf_extensions(names, client))
        _write_key(key_path, key)
        certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return certificate_path, key_path

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, extensions: list[tuple[x509.ExtensionType, bool]]
    ) -> x509.Certificate:
        issuer = x509.load_pem_x509_certificate(self.certificate_path.read_bytes())
        signer: Any = serialization.load_pem_private_key(self.key_path.read_bytes(), password=None)
        builder = _builder(subject, issuer.subject, key)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        return builder.add_extension(authority, critical=False).sign(signer, hashes.SHA256())


def _create_authority(authority: Authority, common_name: str) -> None:
    authority.certificate_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _subject(common_name, "Supastack sandbox")
    builder = _builder(subject, subject, key)
    # Python's strict verification (default from 3.13 on) wants these three in an authority.
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_key_usage(authority=True), critical=True)
    builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), False)
    certificate = builder.sign(key, hashes.SHA256())
    _write_key(authority.key_path, key)
    authority.certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + _VALID)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _leaf_extensions(names: Sequence[str], client: bool) -> list[tuple[x509.ExtensionType, bool]]:
    usages = [ExtendedKeyUsageOID.CLIENT_AUTH] if client else []
    if names or not client:
        usages.append(ExtendedKeyUsageOID.SERVER_AUTH)
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_key_usage(authority=False), True),
        (x509.ExtendedKeyUsage(usages), False),
    ]
    if names:
        extensions.append((x509.SubjectAlternativeName([_general_name(name) for name in names]), False))
    return extensions


def _key_usage(authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _subject(common_name: str, organization: str | None) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization:
        attributes.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(attributes)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    # kube-apiserver reads keys of service accounts in this form only ("EC PRIVATE KEY"); all others take it too.
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(pem)

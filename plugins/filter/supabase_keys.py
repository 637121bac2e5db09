# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Generate the key material of one Supabase secret."""

from __future__ import annotations

DOCUMENTATION = r"""
name: supabase_keys
short_description: Generate the key material of a Supabase secret
version_added: 0.1.0
author:
  - Supastack contributors (@supastack)
description:
  - Generates the JSON keys of one of the secrets that a self-hosted Supabase reads, in the formats
    that the services of its self-hosted release expect.
  - Every call makes new random values. Store the result before using it twice, for example with
    M(ansible.builtin.set_fact), because a variable that holds the expression is evaluated at each use.
  - Passwords are letters and digits only. They can stand in a connection URI unescaped, and Amazon RDS accepts them.
requirements:
  - cryptography
options:
  _input:
    description:
      - The name of the secret.
    type: str
    required: true
    choices:
      - SUPABASE_API_KEYS
      - SUPABASE_DASHBOARD
      - SUPABASE_DB
      - SUPABASE_DB_ROLES
      - SUPABASE_JWT
      - SUPABASE_REALTIME
      - SUPABASE_S3_PROTOCOL
  jwt:
    description:
      - The keys of the secret V(SUPABASE_JWT), with which the API keys are signed.
      - Needs the entries C(secret) and C(keys), as this filter makes them for V(SUPABASE_JWT).
      - Required for V(SUPABASE_API_KEYS), not allowed for any other secret.
    type: dict
notes:
  - The result is secret. Tasks that use it need C(no_log=true).
seealso:
  - name: Self-hosting Supabase with Docker
    description: The release whose key formats this filter follows.
    link: https://supabase.com/docs/guides/self-hosting/docker
"""

EXAMPLES = r"""
- name: Generate the signing keys once
  ansible.builtin.set_fact:
    jwt: "{{ 'SUPABASE_JWT' | supastack.aws.supabase_keys }}"
  no_log: true

- name: Generate the API keys that these signing keys sign
  ansible.builtin.set_fact:
    api_keys: "{{ 'SUPABASE_API_KEYS' | supastack.aws.supabase_keys(jwt=jwt) }}"
  no_log: true

- name: Generate the database master's credentials
  ansible.builtin.set_fact:
    db: "{{ 'SUPABASE_DB' | supastack.aws.supabase_keys }}"
  no_log: true
"""

RETURN = r"""
_value:
  description:
    - The keys of the secret and their values, all of them strings.
    - V(SUPABASE_DB) has C(username) (always V(postgres)) and C(password).
    - V(SUPABASE_DB_ROLES) has one password per database role that a service logs in as.
    - V(SUPABASE_JWT) has C(secret) (HS256), C(keys) (JSON array of the private keys) and C(jwks) (JSON Web Key Set for
      verifiers; it holds the HS256 secret too, so it is not public).
    - V(SUPABASE_API_KEYS) has C(anon), C(service_role), C(publishable), C(secret), C(anon_asymmetric) and
      C(service_role_asymmetric). The tokens are valid for five years.
    - V(SUPABASE_DASHBOARD) has C(username) (always V(supabase)), C(password) and C(pg_meta_crypto_key).
    - V(SUPABASE_REALTIME) has C(secret_key_base) (64 characters) and C(db_enc_key) (exactly 16, an AES-128 key).
    - V(SUPABASE_S3_PROTOCOL) has C(access_key_id) and C(secret_access_key), which the S3 endpoint of Supabase's own
      storage accepts. They are no AWS credentials.
  type: dict
"""

import base64
import hashlib
import hmac
import json
import secrets
import string
import time
import typing as t
import uuid

from ansible.errors import AnsibleFilterError
from ansible_collections.supastack.aws.plugins.plugin_utils._supabase_secrets import MEMBERS

try:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    HAS_CRYPTOGRAPHY = True
except ImportError:
    HAS_CRYPTOGRAPHY = False

ALPHABET = string.ascii_letters + string.digits
COORDINATE_BYTES = 32
# Upstream's key scripts use five years of 365 days.
TOKEN_LIFETIME_SECONDS = 5 * 365 * 24 * 3600
# The roles that a service logs in as with a password of its own: rest, realtime, auth and storage.
DATABASE_ROLES = MEMBERS["SUPABASE_DB_ROLES"]
# Realtime encrypts with AES-128 and takes the text itself as the key.
REALTIME_KEY_LENGTH = 16

Keys = dict[str, str]


def base64url(data: bytes) -> str:
    """Return data in base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def password(length: int = 40) -> str:
    """Return a random password of letters and digits; 40 of them carry 238 bits."""
    return "".join(secrets.choice(ALPHABET) for _position in range(length))


def compact_json(value: t.Any) -> str:
    """Return value as JSON without blanks."""
    return json.dumps(value, separators=(",", ":"))


def opaque_key(prefix: str) -> str:
    """Return an opaque API key: prefix, 22 random characters and a checksum of 8 that shows typing errors.

    The layout and the checksum's salt are those of upstream's rotate-new-api-keys.sh.
    """
    body = prefix + base64url(secrets.token_bytes(17))[:22]
    checksum = base64url(hashlib.sha256(f"supabase-self-hosted|{body}".encode("ascii")).digest())[:8]
    return f"{body}_{checksum}"


def elliptic_jwk() -> Keys:
    """Return a new P-256 private key as the members of a JWK (RFC 7518, section 6.2), without use and operations."""
    private = ec.generate_private_key(ec.SECP256R1()).private_numbers()
    point = private.public_numbers
    numbers = {"x": point.x, "y": point.y, "d": private.private_value}
    return {
        "kty": "EC",
        "crv": "P-256",
        **{name: base64url(number.to_bytes(COORDINATE_BYTES, "big")) for name, number in numbers.items()},
    }


def jwt_keys(secret: str | None = None, private: t.Mapping[str, t.Any] | None = None) -> Keys:
    """Return the JWT secret and both key sets made of it and of a P-256 key, both new unless they are given.

    Auth accepts exactly one key whose operations include "sign" and reads the HS256 secret from the key without any.
    """
    secret = secret or password()
    symmetric = {"kty": "oct", "k": base64url(secret.encode("utf-8")), "alg": "HS256"}
    if private is None:
        common = {"kid": str(uuid.uuid4()), "use": "sig", "alg": "ES256", "ext": True}
        private = {**elliptic_jwk(), **common, "key_ops": ["sign", "verify"]}
    public = {name: value for name, value in private.items() if name != "d"} | {"key_ops": ["verify"]}
    return {
        "secret": secret,
        "keys": compact_json([private, symmetric]),
        "jwks": compact_json({"keys": [public, symmetric]}),
    }


def signed(header: Keys, claims: t.Mapping[str, t.Any], sign: t.Callable[[bytes], bytes]) -> str:
    """Return a JSON Web Token in compact form (RFC 7519)."""
    content = ".".join(base64url(compact_json(part).encode("utf-8")) for part in (header, claims))
    return f"{content}.{base64url(sign(content.encode('ascii')))}"


def symmetric_token(secret: str, claims: t.Mapping[str, t.Any]) -> str:
    """Return claims signed with HMAC-SHA256 (HS256)."""
    return signed(
        {"alg": "HS256", "typ": "JWT"},
        claims,
        lambda content: hmac.new(secret.encode("utf-8"), content, hashlib.sha256).digest(),
    )


def asymmetric_token(jwk: t.Mapping[str, t.Any], claims: t.Mapping[str, t.Any]) -> str:
    """Return claims signed with ECDSA on P-256 (ES256), which JOSE wants as r and s side by side and not as DER."""
    private = ec.derive_private_key(integer(jwk["d"]), ec.SECP256R1())

    def sign(content: bytes) -> bytes:
        pair = decode_dss_signature(private.sign(content, ec.ECDSA(hashes.SHA256())))
        return b"".join(number.to_bytes(COORDINATE_BYTES, "big") for number in pair)

    return signed({"alg": "ES256", "typ": "JWT", "kid": jwk["kid"]}, claims, sign)


def integer(text: str) -> int:
    """Return the number that unpadded base64url text stands for."""
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")


def signing_keys(jwt: t.Mapping[str, t.Any]) -> tuple[str, dict[str, t.Any]]:
    """Return the HS256 secret and the private P-256 key of SUPABASE_JWT.

    :raises AnsibleFilterError: when one of them is missing or unreadable. The message quotes no value.
    """
    try:
        private = next(key for key in json.loads(jwt["keys"]) if "sign" in key.get("key_ops", ()))
        integer(private["d"])
        return str(jwt["secret"]), {"d": private["d"], "kid": private["kid"]}
    except (KeyError, TypeError, ValueError, AttributeError, StopIteration):
        raise AnsibleFilterError(
            "supabase_keys: jwt must hold 'secret' and 'keys', a JSON array with one P-256 private key that has a kid "
            "and whose key_ops include 'sign'. Give the whole value of SUPABASE_JWT, "
            "or generate one with 'SUPABASE_JWT' | supastack.aws.supabase_keys."
        ) from None


def api_keys(jwt: t.Mapping[str, t.Any]) -> Keys:
    """Return the opaque and the signed API keys; a gateway translates the first into the last."""
    secret, private = signing_keys(jwt)
    issued = int(time.time())

    def claims(role: str) -> dict[str, t.Any]:
        return {"role": role, "iss": "supabase", "iat": issued, "exp": issued + TOKEN_LIFETIME_SECONDS}

    return {
        "anon": symmetric_token(secret, claims("anon")),
        "service_role": symmetric_token(secret, claims("service_role")),
        "publishable": opaque_key("sb_publishable_"),
        "secret": opaque_key("sb_secret_"),
        "anon_asymmetric": asymmetric_token(private, claims("anon")),
        "service_role_asymmetric": asymmetric_token(private, claims("service_role")),
    }


GENERATORS: dict[str, t.Callable[[], Keys]] = {
    "SUPABASE_DASHBOARD": lambda: {
        "username": "supabase",
        "password": password(),
        "pg_meta_crypto_key": password(),
    },
    "SUPABASE_DB": lambda: {"username": "postgres", "password": password()},
    "SUPABASE_DB_ROLES": lambda: {role: password() for role in DATABASE_ROLES},
    "SUPABASE_JWT": jwt_keys,
    "SUPABASE_REALTIME": lambda: {"secret_key_base": password(64), "db_enc_key": password(REALTIME_KEY_LENGTH)},
    # Lengths of upstream's: 16 and 32 bytes in hexadecimal.
    "SUPABASE_S3_PROTOCOL": lambda: {
        "access_key_id": secrets.token_hex(16),
        "secret_access_key": secrets.token_hex(32),
    },
}


def supabase_keys(name: str, jwt: t.Mapping[str, t.Any] | None = None) -> Keys:
    """Return new keys for the secret of this name.

    :raises AnsibleFilterError: for an unknown name, and for a jwt that is missing, unusable or not wanted.
    """
    if not HAS_CRYPTOGRAPHY:
        raise AnsibleFilterError("supabase_keys: cryptography is missing on the controller: pip install cryptography.")
    if name == "SUPABASE_API_KEYS":
        if jwt is None:
            raise AnsibleFilterError(
                "supabase_keys: SUPABASE_API_KEYS needs jwt=<the keys of SUPABASE_JWT>, which sign the API keys."
            )
        return api_keys(jwt)
    if jwt is not None:
        raise AnsibleFilterError(f"supabase_keys: jwt is used for SUPABASE_API_KEYS only, remove it for {name!r}.")
    if name not in GENERATORS:
        known = ", ".join(sorted([*GENERATORS, "SUPABASE_API_KEYS"]))
        raise AnsibleFilterError(f"supabase_keys: no keys are known for the secret {name!r}. Use one of {known}.")
    return GENERATORS[name]()


class FilterModule:
    """The filter of this file, for Ansible."""

    def filters(self) -> dict[str, t.Callable[..., Keys]]:
        """Return the filter by its name."""
        return {"supabase_keys": supabase_keys}

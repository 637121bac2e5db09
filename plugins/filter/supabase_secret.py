# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of a Supabase secret, from what is given, what is stored and what has to be generated."""

from __future__ import annotations

DOCUMENTATION = r"""
name: supabase_secret
short_description: Complete a Supabase secret
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Returns the text to store as a secret. What is given comes first, then what is stored, and what is still missing is
    generated as by P(supastack.aws.supabase_keys#filter). Keys that nobody here knows stay.
  - Keys that depend on another follow it. With another C(secret), C(keys) and C(jwks) of V(SUPABASE_JWT) are made anew,
    with the stored P-256 key; tokens in V(SUPABASE_API_KEYS) that O(jwt) does not verify are signed anew.
  - When nothing is missing and nothing given differs, the stored text is returned as it is.
requirements:
  - cryptography
options:
  _input:
    description: The name of the secret, one that P(supastack.aws.supabase_keys#filter) knows or another.
    type: str
    required: true
  given:
    description:
      - Its value from an inventory, a mapping, a JSON object as text, or other text.
      - Text that is no JSON object is the password of V(SUPABASE_DB), and the whole of a secret of another name.
    type: raw
  stored:
    description: The text that is stored, empty when there is none.
    type: str
    default: ''
  jwt:
    description: The stored text of V(SUPABASE_JWT), or a mapping. Required for V(SUPABASE_API_KEYS).
    type: raw
notes:
  - The result is secret. Tasks whose arguments would show it need C(no_log=true).
seealso:
  - plugin: supastack.aws.supabase_keys
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Ensure the secret of the database has this password
  community.aws.secretsmanager_secret:
    name: production-supabase-db
    secret: "{{ 'SUPABASE_DB' | supastack.aws.supabase_secret(given=vault_db_password) }}"
"""

RETURN = r"""
_value:
  description: The text to store.
  type: str
"""

import base64
import hashlib
import hmac
import json
import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.supastack.aws.plugins.filter.supabase_keys import (
    COORDINATE_BYTES,
    GENERATORS,
    Keys,
    api_keys,
    base64url,
    integer,
    jwt_keys,
    supabase_keys,
)
from ansible_collections.supastack.aws.plugins.plugin_utils._supabase_secrets import ProblemError, as_text, members

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    HAS_CRYPTOGRAPHY = True
except ImportError:
    HAS_CRYPTOGRAPHY = False

TOKENS = ("anon", "service_role", "anon_asymmetric", "service_role_asymmetric")


def signing_key(keys: str) -> dict[str, t.Any]:
    """Return the private P-256 key of a JSON array of keys.

    :raises ValueError: when there is none.
    """
    found = [key for key in json.loads(keys) if "sign" in key.get("key_ops", ()) and "d" in key]
    if len(found) != 1:
        raise ValueError(f"{len(found)} keys sign")
    return dict(found[0])


def completed_jwt(found: Keys) -> Keys:
    """Return SUPABASE_JWT with key sets that hold its secret."""
    if not found:
        return jwt_keys()
    try:
        private = signing_key(found.get("keys", "[]"))
        symmetric = {key.get("k") for key in json.loads(found["keys"]) if key.get("kty") == "oct"}
        whole = symmetric == {base64url(found["secret"].encode("utf-8"))} and "jwks" in found
    except (AttributeError, KeyError, TypeError, ValueError):
        private, whole = {}, False
    return found if whole else {**found, **jwt_keys(found.get("secret"), private or None)}


def verifies(token: str, jwt: Keys) -> bool:
    """Return whether a token was signed with the keys of SUPABASE_JWT."""
    try:
        header, claims, mark = token.split(".")
        signature = base64.urlsafe_b64decode(mark + "=" * (-len(mark) % 4))
        content = f"{header}.{claims}".encode("ascii")
        algorithm = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))["alg"]
        if algorithm == "HS256":
            return hmac.compare_digest(hmac.digest(jwt["secret"].encode("utf-8"), content, hashlib.sha256), signature)
        numbers = [int.from_bytes(signature[part:][:COORDINATE_BYTES], "big") for part in (0, COORDINATE_BYTES)]
        private = ec.derive_private_key(integer(signing_key(jwt["keys"])["d"]), ec.SECP256R1())
        private.public_key().verify(encode_dss_signature(*numbers), content, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, KeyError, TypeError, ValueError):
        return False
    return True


def completed_api_keys(found: Keys, given: Keys, jwt: Keys) -> Keys:
    """Return SUPABASE_API_KEYS with every key, and with no token that is not signed with the keys of SUPABASE_JWT.

    A token that is given stays: whoever gives it knows who verifies it.
    """
    stale = {name for name in TOKENS if name in found and name not in given and not verifies(found[name], jwt)}
    return {**api_keys(jwt), **{name: value for name, value in found.items() if name not in stale}}


def completed(name: str, found: Keys, given: Keys, jwt: t.Any) -> Keys:
    """Return a secret with all the keys that it has to have."""
    if name == "SUPABASE_API_KEYS":
        if jwt is None:
            return supabase_keys(name)
        # What is stored as SUPABASE_JWT may hold a secret alone, when somebody wrote it by hand.
        return completed_api_keys(found, given, completed_jwt(mapping("SUPABASE_JWT", jwt)))
    if name == "SUPABASE_JWT":
        return completed_jwt(found)
    return {**(supabase_keys(name) if name in GENERATORS else {}), **found}


def mapping(name: str, value: t.Any) -> Keys:
    """Return the JSON keys of a secret; none when it is empty, or is no JSON object and of the user's own."""
    found = members(name, value) if value else {}
    return found if isinstance(found, dict) else {}


def supabase_secret(name: str, given: t.Any = None, stored: str = "", jwt: t.Any = None) -> str:
    """Return the text to store as a secret.

    :raises AnsibleFilterError: when what is given or stored is no value of this secret. The message shows none of it.
    """
    if not HAS_CRYPTOGRAPHY:
        raise AnsibleFilterError(
            "supabase_secret: cryptography is missing on the controller: pip install cryptography."
        )
    try:
        wanted = members(name, given) if given else {}
        if isinstance(wanted, str):
            return wanted
        kept = mapping(name, stored)
        found = completed(name, {**kept, **wanted}, wanted, jwt)
    except ProblemError as error:
        raise AnsibleFilterError(f"supabase_secret: what is given or stored as {name} {error}.") from None
    return stored if stored and found == kept and not bare(stored) else as_text(found)


def bare(stored: str) -> bool:
    """Return whether a stored text is no JSON object, and so has to be written as one."""
    return not stored.lstrip().startswith("{")


class FilterModule:
    """The filter of this file, for Ansible."""

    def filters(self) -> dict[str, t.Callable[..., str]]:
        """Return the filter by its name."""
        return {"supabase_secret": supabase_secret}

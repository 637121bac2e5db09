# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The secrets that Supabase reads: what their names and values must be, and what is missing in them.

No message in here holds a part of a value.
"""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t

from ansible_collections.supastack.aws.plugins.module_utils._kms_envelope import MAX_VALUE_BYTES

Keys = dict[str, str]

# JSON keys of each secret. Those of SUPABASE_SMTP are nowhere generated: somebody else's server made them.
MEMBERS: dict[str, tuple[str, ...]] = {
    "SUPABASE_DB": ("username", "password"),
    "SUPABASE_DB_ROLES": ("authenticator", "supabase_admin", "supabase_auth_admin", "supabase_storage_admin"),
    "SUPABASE_JWT": ("secret", "keys", "jwks"),
    "SUPABASE_API_KEYS": (
        "anon",
        "service_role",
        "publishable",
        "secret",
        "anon_asymmetric",
        "service_role_asymmetric",
    ),
    "SUPABASE_DASHBOARD": ("username", "password", "pg_meta_crypto_key"),
    "SUPABASE_REALTIME": ("secret_key_base", "db_enc_key"),
    "SUPABASE_S3_PROTOCOL": ("access_key_id", "secret_access_key"),
    "SUPABASE_SMTP": ("host", "port", "username", "password", "admin_email", "sender_name"),
}
NAME = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
# Secrets Manager ends each ARN so, and a name that ends so too could be taken for one with it.
SUFFIX = re.compile(r"_[A-Z0-9]{6}$")


@dataclasses.dataclass(frozen=True)
class Rule:
    """What the value of a JSON key must match, and how to say that."""

    pattern: str
    wanted: str


# Source: RDS API reference, CreateDBInstance, MasterUserPassword.
MASTER_PASSWORD = Rule(
    r"[!#-.0-?A-~]{8,128}", "8 to 128 printable ASCII characters without blank, slash, double quote and @, as RDS wants"
)
URI_SAFE = Rule(r"[A-Za-z0-9._~-]{8,128}", "8 to 128 letters, digits and -._~, which a connection URI takes unescaped")
LONG = Rule(r"(?s).{32,}", "at least 32 characters")
RULES: dict[str, dict[str, Rule]] = {
    "SUPABASE_DB": {
        "username": Rule("postgres", "postgres, the name that Supabase's migrations expect"),
        "password": MASTER_PASSWORD,
    },
    "SUPABASE_DB_ROLES": dict.fromkeys(MEMBERS["SUPABASE_DB_ROLES"], URI_SAFE),
    "SUPABASE_JWT": {"secret": LONG},
    "SUPABASE_DASHBOARD": {"pg_meta_crypto_key": LONG},
    "SUPABASE_REALTIME": {
        "secret_key_base": Rule(r"(?s).{64,}", "at least 64 characters"),
        "db_enc_key": Rule(r"[!-~]{16}", "exactly 16 printable ASCII characters"),
    },
    "SUPABASE_SMTP": {"port": Rule(r"[1-9][0-9]{0,4}", "a port number")},
}


class ProblemError(Exception):
    """What is wrong with a secret. The message completes a sentence that begins with its name."""


def name_problem(name: str) -> str:
    """Return what is wrong with the name of a secret, an empty text when nothing is."""
    if not NAME.fullmatch(name):
        return "is no name of a secret: use upper-case letters, digits and single underscores, such as MY_TOKEN"
    if name.startswith("SUPABASE_") and name not in MEMBERS:
        return f"is not known. Secrets of Supabase are {', '.join(sorted(MEMBERS))}; call one of your own otherwise"
    if SUFFIX.search(name):
        return "ends with an underscore and six characters, as ARNs of secrets do. Use a longer or shorter last word"
    return ""


def members(name: str, value: t.Any) -> Keys | str:
    """Return the JSON keys of a secret as texts, or the text of a secret of the user's own that is no JSON object.

    :param value: a mapping, or text: a JSON object, for SUPABASE_DB the bare password.
    :raises ProblemError: when it is neither.
    """
    found = parsed(value) if isinstance(value, str) else value
    if isinstance(found, str):
        if name == "SUPABASE_DB":
            return {"password": found}
        if name in MEMBERS:
            raise ProblemError(f"is text, but has to be a mapping, or JSON, with the keys {', '.join(MEMBERS[name])}")
        return found
    if not isinstance(found, t.Mapping):
        raise ProblemError(f"is of the type {type(found).__name__}. Give text or a mapping of names to texts")
    odd = [str(key) for key, part in found.items() if isinstance(part, bool) or not isinstance(part, (str, int))]
    if odd:
        raise ProblemError(f"has no text as {', '.join(odd)}. Give text, and JSON as text")
    return {str(key): str(part) for key, part in found.items()}


def parsed(text: str) -> t.Any:
    """Return the JSON object that a text is, or the text when it is none."""
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return found if isinstance(found, dict) else text


def value_problem(name: str, value: t.Any) -> str:
    """Return what is wrong with the value of a secret, an empty text when nothing is."""
    if value is None or value in ({}, []) or (isinstance(value, str) and not value.strip()):
        return "is empty. Give a value, or leave the secret out"
    try:
        found = members(name, value)
    except ProblemError as error:
        return str(error)
    empty = [key for key, part in found.items() if not part.strip()] if isinstance(found, dict) else []
    if empty:
        return f"is empty in {', '.join(empty)}. Give a value, or leave that out"
    if len(as_text(found).encode("utf-8")) > MAX_VALUE_BYTES:
        return f"is longer than the {MAX_VALUE_BYTES} bytes that a secret can hold. Shorten or split it"
    return rule_problem(name, found) if isinstance(found, dict) else ""


def rule_problem(name: str, found: Keys) -> str:
    """Return which of a secret's keys breaks a rule, and the rule."""
    for key, rule in RULES.get(name, {}).items():
        if key in found and not re.fullmatch(rule.pattern, found[key]):
            return f"has a {key} that does not fit: it has to be {rule.wanted}"
    missing = [key for key in MEMBERS[name] if key not in found] if name == "SUPABASE_SMTP" else []
    if missing:
        return f"lacks {', '.join(missing)}, which nobody but your mail provider knows"
    if name == "SUPABASE_JWT" and found.keys() & {"keys", "jwks"} and not found.keys() >= {*MEMBERS[name]}:
        return "has only a part of secret, keys and jwks. Give all three, or the secret alone to have the others made"
    return ""


def as_text(found: Keys | str) -> str:
    """Return a secret as it is stored."""
    return found if isinstance(found, str) else json.dumps(found, separators=(",", ":"))

# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Verifies the tokens of SUPABASE_API_KEYS with the keys of SUPABASE_JWT, both as JSON on standard input."""

from __future__ import annotations

import json
import sys

import jwt


def main() -> None:
    """Verify signature, expiry, issuer and role of each token."""
    given = json.load(sys.stdin)
    public = next(key for key in json.loads(given["jwt"]["jwks"])["keys"] if key["kty"] == "EC")
    ways = {"": (given["jwt"]["secret"], "HS256"), "_asymmetric": (jwt.PyJWK(public), "ES256")}
    verified = 0
    for role in ("anon", "service_role"):
        for suffix, (key, algorithm) in ways.items():
            required = {"require": ["exp", "iat", "iss", "role"]}
            token = given["keys"][role + suffix]
            claims = jwt.decode(token, key, algorithms=[algorithm], issuer="supabase", options=required)
            verified += claims["role"] == role
    sys.stdout.write(f"{verified} tokens verified\n")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Who calls: access keys that moto's IAM and STS have issued, with their secrets and principals."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.models import IAMBackend, iam_backends
from moto.sts.models import sts_backends

from sandbox.aws.runtime import Runtime

USER_NAME = "supastack"
_EVERYTHING = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}


@dataclass(frozen=True)
class Caller:
    """The owner of an access key. `arn` is what GetCallerIdentity answers; `principal_arn` is the IAM user or role."""

    arn: str
    principal_arn: str
    user_id: str
    account_id: str
    secret_access_key: str
    session_token: str | None


def seed(backend: IAMBackend, runtime: Runtime) -> None:
    """Create the IAM user whose access key every client of the sandbox uses."""
    if USER_NAME in backend.users:
        return
    backend.create_user(backend.region_name, USER_NAME)
    # moto asks no policy about any call; but IAM's simulation of them is to tell the truth about this user.
    backend.put_user_policy(USER_NAME, "everything", json.dumps(_EVERYTHING))
    key = backend.create_access_key(USER_NAME)
    del backend.access_keys[key.access_key_id]
    key.access_key_id = runtime.access_key_id
    key.secret_access_key = runtime.secret_access_key
    backend.access_keys[key.access_key_id] = key


def find_caller(access_key_id: str) -> Caller | None:
    """The caller behind `access_key_id`, or None for a key that this account never issued or that has expired."""
    # moto makes backends at first use and drops them at a reset: naming the account makes sure that it has one.
    for account_id in [DEFAULT_ACCOUNT_ID, *iam_backends.keys()]:
        for partition in ["aws", *iam_backends[account_id].keys()]:
            caller = _find_role_session(account_id, partition, access_key_id)
            caller = caller or _find_user(iam_backends[account_id][partition], access_key_id)
            if caller is not None:
                return caller
    return None


def _find_user(backend: IAMBackend, access_key_id: str) -> Caller | None:
    for user in list(backend.users.values()):
        for key in user.access_keys:
            if key.access_key_id == access_key_id and key.status == "Active":
                return Caller(user.arn, user.arn, user.id, user.account_id, key.secret_access_key, None)
    return None


def _find_role_session(account_id: str, partition: str, access_key_id: str) -> Caller | None:
    session = sts_backends[account_id][partition].get_assumed_role_from_access_key(access_key_id)
    if session is None or session.expiration <= datetime.datetime.now(session.expiration.tzinfo):
        return None
    secret, token = session.secret_access_key, session.session_token
    return Caller(session.arn, session.role_arn, session.user_id, session.account_id, secret, token)

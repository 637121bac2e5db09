# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Credential plugin of kubectl, helm and k9s: prints an ExecCredential with a fresh EKS token of the sandbox's user."""

from __future__ import annotations

import argparse
import datetime
import json
import sys

from plugins.lookup.eks_token import sign_token
from sandbox.account import forget_aws_settings
from sandbox.state import Sandbox

# The API server takes a token for 15 minutes; clients ask for the next one before that.
_LIFETIME = datetime.timedelta(minutes=14)


def main(arguments: list[str] | None = None) -> int:
    """Print the credential for one cluster."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.kubernetes.exec_token")
    parser.add_argument("--state", required=True, help="state folder of the sandbox")
    parser.add_argument("--cluster", required=True, help="name of the EKS cluster")
    options = parser.parse_args(arguments)
    expires = datetime.datetime.now(datetime.UTC) + _LIFETIME
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {
            "token": _token(Sandbox.at(options.state), options.cluster),
            "expirationTimestamp": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
    }
    print(json.dumps(credential))
    return 0


def _token(sandbox: Sandbox, cluster_name: str) -> str:
    forget_aws_settings()
    state = sandbox.read()
    options = {
        "region": state["region"],
        "access_key": state["access_key_id"],
        "secret_key": state["secret_access_key"],
        "endpoint_url": state["aws_endpoint_url"],
    }
    return sign_token(cluster_name, options).token


if __name__ == "__main__":
    sys.exit(main())

# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Credential plugin of kubectl, k9s and whatever else reads a kubeconfig: prints a token for an Amazon EKS cluster.

playbooks/kubeconfig.yml puts a copy beside the kubeconfig that names it, for machines without the AWS CLI. The copy has
to work by itself, from any folder, so it has nothing but botocore, which the Python that it is run by must have.
"""

from __future__ import annotations

import argparse
import base64
import datetime
import json
import re
import sys

try:
    from botocore.exceptions import BotoCoreError
    from botocore.model import ServiceId
    from botocore.session import Session
    from botocore.signers import RequestSigner
except ImportError as error:
    sys.exit(f"{sys.executable} has no botocore ({error}). Run playbooks/kubeconfig.yml again, with a Python that has.")

API_VERSION = "client.authentication.k8s.io/v1"
TOKEN_PREFIX = "k8s-aws-v1."
CLUSTER_HEADER = "x-k8s-aws-id"
# As in the AWS CLI. The server ignores it and takes a token for 15 minutes; clients get a new one before that.
EXPIRES_SECONDS = 60
LIFETIME = datetime.timedelta(minutes=14)


def options(arguments: list[str] | None) -> argparse.Namespace:
    """Return the options that the kubeconfig gives."""
    parser = argparse.ArgumentParser(prog="supastack_eks_token.py", description="Print a token for an EKS cluster.")
    parser.add_argument("--cluster", required=True, help="name of the cluster")
    parser.add_argument("--region", required=True, help="its region")
    parser.add_argument("--profile", help="profile of the AWS configuration; without it, the default credential chain")
    parser.add_argument("--endpoint-url", help="STS to name in the token instead of the region's, for a sandbox only")
    return parser.parse_args(arguments)


def sts_url(session: Session, region: str) -> str:
    """Return the region's STS, whatever the environment says of endpoints: EKS takes a token for no other host."""
    for partition in session.get_data("partitions")["partitions"]:
        if region in partition["regions"] or re.match(partition["regionRegex"], region):
            return f"https://sts.{region}.{partition['outputs']['dnsSuffix']}"
    sys.exit(f"{region!r} is no region of any AWS partition that botocore knows.")


def token(session: Session, cluster: str, region: str, endpoint_url: str | None) -> str:
    """Return a presigned request of the caller's identity, in the form of a bearer token.

    Source: aws-iam-authenticator, README, "API Authorization from Outside a Cluster".
    """
    credentials = session.get_credentials()
    if credentials is None:
        sys.exit("No AWS credentials found. Log in (aws sso login), or set AWS_PROFILE or the AWS_ACCESS_KEY_ID pair.")
    signer = RequestSigner(ServiceId("STS"), region, "sts", "v4", credentials, session.get_component("event_emitter"))
    base = (endpoint_url or sts_url(session, region)).rstrip("/")
    request = {
        "method": "GET",
        "url": f"{base}/?Action=GetCallerIdentity&Version=2011-06-15",
        "body": {},
        "headers": {CLUSTER_HEADER: cluster},
        "context": {},
    }
    url = signer.generate_presigned_url(
        request, operation_name="GetCallerIdentity", region_name=region, expires_in=EXPIRES_SECONDS
    )
    return TOKEN_PREFIX + base64.urlsafe_b64encode(url.encode()).rstrip(b"=").decode()


def main(arguments: list[str] | None = None) -> None:
    """Print the credential."""
    wanted = options(arguments)
    expires = datetime.datetime.now(datetime.UTC) + LIFETIME
    try:
        session = Session(profile=wanted.profile or None)
        bearer = token(session, wanted.cluster, wanted.region, wanted.endpoint_url)
    except BotoCoreError as error:
        sys.exit(f"No AWS credentials can be had: {error}")
    status = {"token": bearer, "expirationTimestamp": expires.strftime("%Y-%m-%dT%H:%M:%SZ")}
    sys.stdout.write(json.dumps({"apiVersion": API_VERSION, "kind": "ExecCredential", "status": status}) + "\n")


if __name__ == "__main__":
    main()

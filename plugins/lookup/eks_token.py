# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a bearer token for the Kubernetes API of an EKS cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
name: eks_token
short_description: Bearer token for the Kubernetes API of an EKS cluster
version_added: 0.1.0
author:
  - Supastack contributors (@supastack)
description:
  - Returns the token by which an IAM principal logs in to the API server of an Amazon EKS cluster, the same
    that C(aws eks get-token) prints. Neither the AWS CLI nor an exec plugin is needed.
  - The token is a presigned C(sts:GetCallerIdentity) request. Making it sends nothing over the network, unless
    the credentials themselves must be fetched first (assumed role, single sign-on, instance metadata).
  - The API server accepts a token for 15 minutes. Look it up per task rather than once per play.
requirements:
  - botocore >= 1.34.0
options:
  _terms:
    description:
      - Name of the EKS cluster, which becomes part of the signature. A token is good for one cluster only.
      - One token is returned for each name.
    type: list
    elements: str
    required: true
  region:
    description:
      - Region of the cluster. The request is signed for the regional STS endpoint.
      - Without it and the environment variables, the AWS configuration file is asked.
    type: str
    env:
      - name: AWS_REGION
      - name: AWS_DEFAULT_REGION
  profile:
    description:
      - Named profile to take the credentials from.
      - Mutually exclusive with O(access_key), O(secret_key) and O(session_token).
    type: str
  access_key:
    description:
      - Access key ID. Requires O(secret_key).
      - Without credentials, the AWS SDK's own chain is used.
    type: str
  secret_key:
    description:
      - Secret access key. Requires O(access_key).
    type: str
  session_token:
    description:
      - Session token of temporary credentials. Requires O(access_key).
    type: str
  endpoint_url:
    description:
      - URL of the STS endpoint to name in the token instead of the regional one of AWS.
      - Only for clusters whose API server asks another STS than that of AWS. C(AWS_ENDPOINT_URL) is not read, because
        a token that names another host than C(sts.<region>.amazonaws.com) is refused by every real cluster.
    type: str
notes:
  - The result is secret and a lookup cannot hide it. Tasks whose arguments would show it need C(no_log=true);
    the C(api_key) option of the M(kubernetes.core.k8s) modules is hidden by these modules themselves.
  - The principal needs an access entry in the cluster, see M(supastack.aws.eks_access_entry), or must be the one
    that created the cluster with O(supastack.aws.eks_cluster#module:bootstrap_cluster_creator_admin_permissions=true).
seealso:
  - module: supastack.aws.eks_cluster
  - module: supastack.aws.eks_access_entry
"""

EXAMPLES = r"""
- name: Ensure the namespace exists
  kubernetes.core.k8s:
    host: "{{ eks_outputs.endpoint }}"
    ca_cert: "{{ ca_file }}"
    api_key: "{{ lookup('supastack.aws.eks_token', 'production', region='eu-west-1') }}"
    kind: Namespace
    name: supabase

- name: Log in with the credentials of a profile
  ansible.builtin.uri:
    url: "{{ eks_outputs.endpoint }}/version"
    ca_path: "{{ ca_file }}"
    headers:
      Authorization: "Bearer {{ lookup('supastack.aws.eks_token', 'production', region='eu-west-1', profile='ops') }}"
  no_log: true
"""

RETURN = r"""
_raw:
  description: One token for each cluster name, beginning with V(k8s-aws-v1.).
  type: list
  elements: str
"""

import base64
import typing as t
from urllib.parse import urlsplit

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

try:
    import botocore.session
    from botocore.credentials import Credentials
    from botocore.exceptions import BotoCoreError
    from botocore.model import ServiceId
    from botocore.signers import RequestSigner

    HAS_BOTOCORE = True
except ImportError:
    HAS_BOTOCORE = False

if t.TYPE_CHECKING:
    from botocore.session import Session

TOKEN_PREFIX = "k8s-aws-v1."
CLUSTER_HEADER = "x-k8s-aws-id"
# What aws-iam-authenticator and the AWS CLI ask for. The server ignores it and counts 15 minutes from X-Amz-Date.
EXPIRES_SECONDS = 60


def open_session(options: t.Mapping[str, t.Any]) -> Session:
    """Return a botocore session with the credentials that the options name.

    :raises AnsibleLookupError: when the options contradict each other.
    """
    static = [name for name in ("access_key", "secret_key", "session_token") if options.get(name)]
    if options.get("profile") and static:
        raise AnsibleLookupError(f"eks_token: profile and {', '.join(static)} exclude each other, give one of them.")
    if static and not (options.get("access_key") and options.get("secret_key")):
        raise AnsibleLookupError(f"eks_token: got {', '.join(static)} only, give access_key and secret_key together.")
    session = botocore.session.Session(profile=options.get("profile") or None)
    if static:
        session.set_credentials(options["access_key"], options["secret_key"], options.get("session_token") or None)
    return session


def signing_region(session: Session, region: str | None) -> str:
    """Return the region given, or else the one that the session finds.

    :raises AnsibleLookupError: when there is none.
    """
    found = region or session.get_config_variable("region")
    if not found:
        raise AnsibleLookupError("eks_token: region is not set. Give region=<the cluster's region> or set AWS_REGION.")
    return str(found)


def signing_credentials(session: Session) -> Credentials:
    """Return the session's credentials.

    :raises AnsibleLookupError: when there are none.
    """
    credentials = session.get_credentials()
    if credentials is None:
        raise AnsibleLookupError(
            "eks_token: no AWS credentials found. "
            "Give profile, or access_key and secret_key, or log in with the AWS CLI."
        )
    return credentials


def dns_suffix(session: Session, region: str) -> str:
    """Return the domain of the AWS partition that a region belongs to, from botocore's own table."""
    partitions = session.get_component("data_loader").load_data("partitions")["partitions"]
    suffixes = {partition["id"]: partition["outputs"]["dnsSuffix"] for partition in partitions}
    return str(suffixes[session.get_partition_for_region(region)])


def sts_url(session: Session, region: str, endpoint_url: str | None) -> str:
    """Return the URL of the STS endpoint, without a path.

    :raises AnsibleLookupError: when endpoint_url is not a URL of a host.
    """
    if not endpoint_url:
        return f"https://sts.{region}.{dns_suffix(session, region)}"
    parts = urlsplit(endpoint_url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise AnsibleLookupError(
            f"eks_token: endpoint_url is {endpoint_url!r}, give a URL such as http://127.0.0.1:5000."
        )
    return f"{parts.scheme}://{parts.netloc}"


def make_token(cluster_name: str, options: t.Mapping[str, t.Any]) -> str:
    """Return the bearer token for one cluster.

    Source: aws-iam-authenticator, README, "API Authorization from Outside a Cluster".
    """
    session = open_session(options)
    region = signing_region(session, options.get("region"))
    signer = RequestSigner(
        ServiceId("STS"), region, "sts", "v4", signing_credentials(session), session.get_component("event_emitter")
    )
    request = {
        "method": "GET",
        "url": f"{sts_url(session, region, options.get('endpoint_url'))}/?Action=GetCallerIdentity&Version=2011-06-15",
        "body": {},
        "headers": {CLUSTER_HEADER: cluster_name},
        "context": {},
    }
    url = signer.generate_presigned_url(
        request, operation_name="GetCallerIdentity", region_name=region, expires_in=EXPIRES_SECONDS
    )
    return TOKEN_PREFIX + base64.urlsafe_b64encode(url.encode("utf-8")).rstrip(b"=").decode("ascii")


class LookupModule(LookupBase):  # type: ignore[misc]  # ansible-core ships no types
    """The lookup of this file, for Ansible."""

    def run(self, terms: list[str], variables: t.Any = None, **kwargs: t.Any) -> list[str]:
        """Return one token for each cluster name.

        :raises AnsibleLookupError: when botocore, the region or the credentials are missing.
        """
        if not HAS_BOTOCORE:
            raise AnsibleLookupError("eks_token: botocore is missing on the controller. Install it: pip install boto3.")
        self.set_options(var_options=variables, direct=kwargs)
        options = self.get_options()
        if not all(isinstance(term, str) and term for term in terms):
            raise AnsibleLookupError(f"eks_token: got {terms!r}, every term must be the name of an EKS cluster.")
        try:
            return [make_token(term, options) for term in terms]
        except BotoCoreError as error:
            raise AnsibleLookupError(f"eks_token: cannot sign the request: {error}") from error

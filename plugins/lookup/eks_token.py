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
  - The API server accepts a token for 15 minutes. Look it up per task rather than once per play. Within one process of
    Ansible, a token is used again until 60 seconds before it expires, or until its credentials change.
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
  endpoint_url:
    description:
      - URL of the STS endpoint to name in the token instead of the regional one of AWS.
      - Only for clusters whose API server asks another STS than that of AWS. C(AWS_ENDPOINT_URL) is not read, because
        a token that names another host than C(sts.<region>.amazonaws.com) is refused by every real cluster.
    type: str
notes:
  - The result is secret and a lookup cannot hide it. Tasks whose arguments would show it need C(no_log=true).
  - The M(kubernetes.core.k8s) modules hide their C(api_key) option when they end by themselves. When one dies of an
    exception, as it does when the API server cannot be reached, the collection adds the arguments as they are to the
    result. The default callback prints them with C(-vvv), other callbacks always.
  - The principal needs an access entry in the cluster, see M(supastack.aws.eks_access_entry), or must be the one
    that created the cluster with O(supastack.aws.eks_cluster#module:bootstrap_cluster_creator_admin_permissions=true).
extends_documentation_fragment:
  - supastack.aws.credentials
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
  # With the default callback.
  no_log: "{{ ansible_verbosity > 2 }}"

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
import os
import time
import typing as t

from ansible.errors import AnsibleFilterError, AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.supastack.aws.plugins.filter.aws_partition import aws_partition, partitions
from ansible_collections.supastack.aws.plugins.plugin_utils._aws_session import (
    host_url,
    open_session,
    session_credentials,
    session_region,
)

try:
    from botocore.exceptions import BotoCoreError
    from botocore.model import ServiceId
    from botocore.signers import RequestSigner

    HAS_BOTOCORE = True
except ImportError:
    HAS_BOTOCORE = False

if t.TYPE_CHECKING:
    from botocore.credentials import Credentials

TOKEN_PREFIX = "k8s-aws-v1."
CLUSTER_HEADER = "x-k8s-aws-id"
# What aws-iam-authenticator and the AWS CLI ask for. The server ignores it and counts LIFETIME from X-Amz-Date.
EXPIRES_SECONDS = 60
LIFETIME_SECONDS = 15 * 60
RENEWAL_SECONDS = 60


class Signed(t.NamedTuple):
    """A token, when it needs to be renewed on the clock of time.time(), and whose it is."""

    token: str
    renewal: float
    credentials: Credentials
    access_key: str | None

    def is_good(self) -> bool:
        """Tell whether the token is fresh and its credentials have not been renewed meanwhile."""
        return time.time() < self.renewal and self.credentials.get_frozen_credentials().access_key == self.access_key


CACHE_OPTIONS = ("region", "profile", "access_key", "secret_key", "session_token", "endpoint_url")
CACHE: dict[t.Hashable, Signed] = {}


def dns_suffix(region: str) -> str:
    """Return the domain of the AWS partition that a region belongs to, from botocore's own table.

    :raises AnsibleFilterError: when it belongs to none.
    """
    suffixes = {partition["id"]: partition["outputs"]["dnsSuffix"] for partition in partitions()}
    return str(suffixes[aws_partition(region)])


def sts_url(region: str, endpoint_url: str | None) -> str:
    """Return the URL of the STS endpoint, without a path.

    :raises AnsibleLookupError: when endpoint_url is not a URL of a host.
    """
    if not endpoint_url:
        return f"https://sts.{region}.{dns_suffix(region)}"
    return host_url("eks_token", endpoint_url)


def cached_token(cluster_name: str, options: t.Mapping[str, t.Any]) -> str:
    """Return the bearer token for one cluster, made anew only when it has to be."""
    settings = sorted((name, value) for name, value in os.environ.items() if name.startswith("AWS_"))
    key = (cluster_name, *(options.get(name) for name in CACHE_OPTIONS), *settings)
    if key not in CACHE or not CACHE[key].is_good():
        CACHE[key] = sign_token(cluster_name, options)
    return CACHE[key].token


def sign_token(cluster_name: str, options: t.Mapping[str, t.Any]) -> Signed:
    """Return a new token for one cluster.

    Source: aws-iam-authenticator, README, "API Authorization from Outside a Cluster".
    """
    session = open_session("eks_token", options)
    region = session_region("eks_token", session, options.get("region"), "cluster")
    credentials = session_credentials("eks_token", session)
    renewal = time.time() + LIFETIME_SECONDS - RENEWAL_SECONDS
    signer = RequestSigner(ServiceId("STS"), region, "sts", "v4", credentials, session.get_component("event_emitter"))
    request = {
        "method": "GET",
        "url": f"{sts_url(region, options.get('endpoint_url'))}/?Action=GetCallerIdentity&Version=2011-06-15",
        "body": {},
        "headers": {CLUSTER_HEADER: cluster_name},
        "context": {},
    }
    url = signer.generate_presigned_url(
        request, operation_name="GetCallerIdentity", region_name=region, expires_in=EXPIRES_SECONDS
    )
    token = TOKEN_PREFIX + base64.urlsafe_b64encode(url.encode("utf-8")).rstrip(b"=").decode("ascii")
    return Signed(token, renewal, credentials, credentials.get_frozen_credentials().access_key)


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
            return [cached_token(term, options) for term in terms]
        except (AnsibleFilterError, BotoCoreError) as error:
            raise AnsibleLookupError(f"eks_token: cannot sign the request: {error}") from error

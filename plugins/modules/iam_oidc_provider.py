#!/usr/bin/python

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: iam_oidc_provider
short_description: Manage an OpenID Connect (OIDC) identity provider of AWS IAM
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Lets IAM trust the tokens of an OIDC issuer, such as an Amazon EKS cluster whose service accounts assume IAM roles,
    or takes the trust away.
  - The provider is found by its URL, of which an account has only one.
  - An option that is not set is left alone.
options:
  url:
    description:
      - URL of the issuer, as its tokens name it, for example RV(supastack.aws.eks_cluster#module:cluster.oidc_issuer).
        It has no port, no query, no fragment and no slash at its end. Cannot be changed.
      - In check mode, the issuer need not exist yet.
    type: str
    required: true
  state:
    description:
      - Whether IAM should trust the issuer. V(absent) leaves the roles that name the provider as they are, but nobody
        can assume them through it any more.
    type: str
    choices: [present, absent]
    default: present
  client_ids:
    description:
      - Client ids, also called audiences, for which IAM takes tokens. Replaces the current ones.
      - A new provider gets V([sts.amazonaws.com]) when this option is not set.
    type: list
    elements: str
  thumbprints:
    description:
      - SHA-1 hashes of the issuer's certificates, 40 hexadecimal digits each, at most 5. Replaces the current ones.
      - IAM only looks at them when the issuer's certificate is not signed by one of the authorities that AWS trusts.
        That of Amazon EKS is. IAM finds the thumbprint of a new provider itself when this option is not set.
    type: list
    elements: str
notes:
  - IAM reads the issuer when the provider is made. That of a new cluster is not served at once and is tried again for
    two minutes.
  - IAM is global. The provider is the same whatever the region.
  - Needs the IAM actions C(iam:ListOpenIDConnectProviders), C(iam:GetOpenIDConnectProvider),
    C(iam:CreateOpenIDConnectProvider), C(iam:AddClientIDToOpenIDConnectProvider),
    C(iam:RemoveClientIDFromOpenIDConnectProvider), C(iam:UpdateOpenIDConnectProviderThumbprint),
    C(iam:TagOpenIDConnectProvider), C(iam:UntagOpenIDConnectProvider) and C(iam:DeleteOpenIDConnectProvider).
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
  - supastack.aws.attributes
seealso:
  - module: supastack.aws.eks_cluster
  - module: supastack.aws.eks_pod_identity_association
  - module: amazon.aws.iam_role
"""

EXAMPLES = r"""
- name: Ensure service accounts of the cluster can assume IAM roles
  supastack.aws.iam_oidc_provider:
    url: https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF
    tags:
      supastack:environment: production
  register: oidc

- name: Take tokens for a second audience as well
  supastack.aws.iam_oidc_provider:
    url: https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF
    client_ids:
      - sts.amazonaws.com
      - reports.example.com

- name: Take the trust away
  supastack.aws.iam_oidc_provider:
    url: https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF
    state: absent
"""

RETURN = r"""
oidc_provider:
  description: The provider. In check mode, as it will be.
  returned: when O(state=present)
  type: dict
  contains:
    arn:
      description: ARN of the provider, which the trust policy of a role names as C(Federated) principal.
      type: str
      sample: arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF
    url:
      description: URL of the issuer.
      type: str
      sample: https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF
    issuer:
      description: The URL without C(https://), with which the condition keys of a trust policy begin.
      type: str
      sample: oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF
    client_ids:
      description: Client ids for which IAM takes tokens.
      type: list
      elements: str
      sample: [sts.amazonaws.com]
    thumbprints:
      description: SHA-1 hashes of the certificates of the issuer, in lower case.
      type: list
      elements: str
      sample: [9e99a48a9960b14926bb7f3b02e22da2b0ab7280]
    tags:
      description: Tags of the provider.
      type: dict
      sample: {supastack:environment: production}
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain, distinct
from ansible_collections.supastack.aws.plugins.module_utils._iam_oidc_provider import (
    check_options,
    create_provider,
    delete_provider,
    hashes,
    list_arns,
    read,
    unknown_view,
    update_provider,
)
from ansible_collections.supastack.aws.plugins.module_utils._module import STATE_SPEC, TAGS_SPEC, Result, run
from ansible_collections.supastack.aws.plugins.module_utils._tags import desired_tags
from ansible_collections.supastack.aws.plugins.module_utils._waiters import wait_until_visible

DEFAULT_CLIENT_IDS = ["sts.amazonaws.com"]
VISIBLE_SECONDS = 60


def desired_from(options: Plain, current: t.Mapping[str, t.Any] | None) -> Plain:
    """Return the values that the options ask for, in the form of the provider that was read."""
    client_ids = options["client_ids"]
    if client_ids is None and current is None:
        client_ids = DEFAULT_CLIENT_IDS
    return {
        "url": options["url"],
        "client_ids": distinct(client_ids),
        "thumbprints": hashes(options["thumbprints"]),
        "tags": desired_tags((current or {}).get("tags"), options["tags"], options["purge_tags"]),
    }


def wait_for_provider(client: t.Any, url: str) -> Plain:
    """Return the provider once IAM shows it."""
    subject = f"the OIDC provider of {url}"
    return wait_until_visible(subject, "IAM", lambda: read(client, url, list_arns(client)), VISIBLE_SECONDS)


def ensure_present(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Create or change the provider."""
    url, arns = options["url"], list_arns(client)
    current = read(client, url, arns)
    difference = Difference(current, desired_from(options, current))
    if check_mode or not difference.changed:
        return Result(difference, difference.prediction(unknown_view(client, url, arns)))
    remaining = difference
    if current is None:
        created = create_provider(client, url, difference.desired("client_ids", "thumbprints", "tags"))
        current = wait_for_provider(client, url)
        remaining = Difference(current, desired_from(options, current))
        difference = difference if created else remaining
    if not remaining.changed:
        return Result(difference, current)
    update_provider(client, current, remaining)
    return Result(difference, read(client, url, [current["arn"]]))


def ensure_absent(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Delete the provider."""
    current = read(client, options["url"], list_arns(client))
    if current and not check_mode:
        delete_provider(client, current["arn"])
    return Result(Difference(current, None), None)


def ensure(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Bring the provider into the wanted state."""
    check_options(options, check_mode)
    action = ensure_present if options["state"] == "present" else ensure_absent
    return action(client, options, check_mode)


def main() -> None:
    """Run the module."""
    argument_spec = {
        "url": {"type": "str", "required": True},
        "client_ids": {"type": "list", "elements": "str"},
        "thumbprints": {"type": "list", "elements": "str"},
        **STATE_SPEC,
        **TAGS_SPEC,
    }
    module = AnsibleAWSModule(argument_spec=argument_spec, supports_check_mode=True)
    run(module, "iam", "oidc_provider", ensure)


if __name__ == "__main__":
    main()

#!/usr/bin/python

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_pod_identity_association
short_description: Manage the IAM role of a Kubernetes service account in Amazon EKS
version_added: 0.1.0
author:
  - Supastack contributors (@supastack)
description:
  - Lets the pods of a Kubernetes service account use an IAM role through EKS pod identity, or takes it away.
  - Namespace and service account need not exist.
options:
  cluster_name:
    description:
      - Name of the cluster. In check mode, it need not exist yet.
    type: str
    required: true
  namespace:
    description:
      - Namespace of the service account.
    type: str
    required: true
  service_account:
    description:
      - Name of the service account.
    type: str
    required: true
  state:
    description:
      - Whether the service account should have a role.
    type: str
    choices: [present, absent]
    default: present
  role_arn:
    description:
      - ARN of the IAM role, in the account of the cluster. Its trust policy must allow C(pods.eks.amazonaws.com) the
        actions C(sts:AssumeRole) and C(sts:TagSession).
      - Required when O(state=present).
    type: str
  target_role_arn:
    description:
      - ARN of a second IAM role, in any account, that O(role_arn) assumes on behalf of the pods. They get its
        permissions. Its trust policy should ask for the RV(association.external_id).
      - An empty string leaves the pods with O(role_arn).
    type: str
    version_added: 0.2.0
  disable_session_tags:
    description:
      - Whether EKS leaves out the session tags that tell cluster, namespace, service account and pod.
      - EKS' default is V(false).
    type: bool
    version_added: 0.2.0
notes:
  - Pods get the role when they start. Restart those that run already.
  - The cluster needs the add-on C(eks-pod-identity-agent). Pods on AWS Fargate cannot use pod identity.
  - An association that belongs to an EKS add-on is only read. Change it through the add-on.
  - Needs the IAM actions C(eks:ListPodIdentityAssociations), C(eks:DescribePodIdentityAssociation),
    C(eks:CreatePodIdentityAssociation), C(eks:UpdatePodIdentityAssociation), C(eks:DeletePodIdentityAssociation),
    C(eks:DescribeCluster), C(eks:TagResource), C(eks:UntagResource), and C(iam:PassRole) and C(iam:GetRole) for
    O(role_arn).
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
  - supastack.aws.attributes
  - supastack.aws.wait
seealso:
  - module: supastack.aws.eks_cluster
  - module: supastack.aws.eks_addon
"""

EXAMPLES = r"""
- name: Ensure External Secrets may read the secrets of this environment
  supastack.aws.eks_pod_identity_association:
    cluster_name: production
    namespace: external-secrets
    service_account: external-secrets
    role_arn: arn:aws:iam::123456789012:role/production-external-secrets

- name: Take the role away
  supastack.aws.eks_pod_identity_association:
    cluster_name: production
    namespace: external-secrets
    service_account: external-secrets
    state: absent
"""

RETURN = r"""
association:
  description: The association. In check mode, as it will be.
  returned: when O(state=present)
  type: dict
  contains:
    cluster_name: {description: Name of the cluster., type: str, sample: production}
    namespace: {description: Namespace of the service account., type: str, sample: external-secrets}
    service_account: {description: Name of the service account., type: str, sample: external-secrets}
    role_arn:
      description: ARN of the IAM role.
      type: str
      sample: arn:aws:iam::123456789012:role/production-external-secrets
    target_role_arn: {description: "ARN of the role that this role assumes, empty for none.", type: str, sample: ""}
    disable_session_tags: {description: Whether EKS leaves out the session tags., type: bool, sample: false}
    external_id:
      description: What the trust policy of the target role should ask for, null without a target role.
      type: str
      sample: null
    association_id: {description: Identifier of the association., type: str, sample: a-0123456789abcdef0}
    arn:
      description: ARN of the association.
      type: str
      sample: arn:aws:eks:eu-west-1:123456789012:podidentityassociation/production/a-0123456789abcdef0
    owner_arn:
      description: ARN of the EKS add-on that the association belongs to, null when it belongs to none.
      type: str
      sample: null
    tags: {description: Tags of the association., type: dict, sample: {"supastack:environment": production}}
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.supastack.aws.plugins.module_utils._arns import ROLE, check_arn
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._eks import active_cluster, update_tags
from ansible_collections.supastack.aws.plugins.module_utils._eks_access import (
    ROLE_MEMBERS,
    association_view,
    create_association,
    delete_association,
    describe_association,
    external_id,
    list_associations,
    role_request,
    unknown_association,
    update_association,
)
from ansible_collections.supastack.aws.plugins.module_utils._module import (
    STATE_SPEC,
    TAGS_SPEC,
    WAIT_SPEC,
    Result,
    run,
)
from ansible_collections.supastack.aws.plugins.module_utils._tags import desired_tags
from ansible_collections.supastack.aws.plugins.module_utils._waiters import wait_until_visible


def desired_from(options: Plain, current: t.Mapping[str, t.Any] | None) -> Plain:
    """Return the values that the options ask for, in the form of the described association."""
    return {
        **{name: options[name] for name in ROLE_MEMBERS},
        "tags": desired_tags((current or {}).get("tags"), options["tags"], options["purge_tags"]),
    }


def read(client: t.Any, options: Plain) -> Plain | None:
    """Return the association of the service account. Only Describe tells the role."""
    cluster_name = options["cluster_name"]
    for summary in list_associations(client, cluster_name, options["namespace"], options["service_account"]) or []:
        association = describe_association(client, cluster_name, summary["associationId"])
        if association is not None:
            return association_view(association)
    return None


def refuse_owned(current: Plain | None, difference: Difference) -> None:
    """Stop before changing what an EKS add-on manages.

    :raises AnsibleAWSError: naming the owner.
    """
    if current and current["owner_arn"] and difference.changed:
        raise AnsibleAWSError(
            message=f"The pod identity association of {current['namespace']}/{current['service_account']} belongs to "
            f"{current['owner_arn']}. Change it through that add-on, or use another service account."
        )


def ensure_present(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Create or change the association."""
    current = read(client, options)
    difference = Difference(current, desired_from(options, current))
    refuse_owned(current, difference)
    if check_mode or (current and not difference.changed):
        return Result(difference, predicted(client, options, difference))
    if current is None:
        created = make(client, options, difference)
        return Result(difference, reread(client, options, created))
    if difference.touches(*ROLE_MEMBERS):
        values = difference.desired(*ROLE_MEMBERS)
        update_association(client, options["cluster_name"], current["association_id"], values)
    update_tags(client, current["arn"], current, difference)
    return Result(difference, reread(client, options, current))


def predicted(client: t.Any, options: Plain, difference: Difference) -> Plain:
    """Return the association as it will be; EKS makes an external id for a new target role."""
    association = difference.prediction(unknown_association(client, options))
    if difference.touches("target_role_arn"):
        association["external_id"] = external_id(association["target_role_arn"])
    return association


def make(client: t.Any, options: Plain, difference: Difference) -> Plain:
    """Create the association."""
    active_cluster(client, options["cluster_name"], options["wait_timeout"])
    request = {
        "clusterName": options["cluster_name"],
        "namespace": options["namespace"],
        "serviceAccount": options["service_account"],
        **role_request(difference.desired(*ROLE_MEMBERS)),
        **difference.desired("tags"),
    }
    return association_view(create_association(client, request))


def reread(client: t.Any, options: Plain, written: Plain) -> Plain:
    """Return the association as EKS shows it, waiting until it shows a new one."""
    if not options["wait"]:
        return read(client, options) or written
    subject = f"the pod identity association {written['association_id']}"
    return wait_until_visible(subject, "EKS", lambda: read(client, options), options["wait_timeout"])


def ensure_absent(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Delete the association."""
    current = read(client, options)
    difference = Difference(current, None)
    refuse_owned(current, difference)
    if current and not check_mode:
        delete_association(client, options["cluster_name"], current["association_id"])
    return Result(difference, None)


def ensure(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Bring the association into the wanted state."""
    check_arn("role_arn", options["role_arn"], ROLE)
    check_arn("target_role_arn", options["target_role_arn"], ROLE)
    action = ensure_present if options["state"] == "present" else ensure_absent
    return action(client, options, check_mode)


def main() -> None:
    """Run the module."""
    argument_spec = {
        "cluster_name": {"type": "str", "required": True},
        "namespace": {"type": "str", "required": True},
        "service_account": {"type": "str", "required": True},
        "role_arn": {"type": "str"},
        "target_role_arn": {"type": "str"},
        "disable_session_tags": {"type": "bool"},
        **STATE_SPEC,
        **TAGS_SPEC,
        **WAIT_SPEC,
    }
    module = AnsibleAWSModule(
        argument_spec=argument_spec,
        supports_check_mode=True,
        required_if=[("state", "present", ["role_arn"])],
    )
    run(module, "eks", "association", ensure)


if __name__ == "__main__":
    main()

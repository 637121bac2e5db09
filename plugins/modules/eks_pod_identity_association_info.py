#!/usr/bin/python

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_pod_identity_association_info
short_description: Describe the pod identity associations of an Amazon EKS cluster
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Tells which Kubernetes service accounts of a cluster have IAM roles through EKS pod identity, and which.
options:
  cluster_name:
    description:
      - Name of the cluster. One that does not exist has no associations.
    type: str
    required: true
  namespace:
    description:
      - Only associations of service accounts in this namespace.
    type: str
  service_account:
    description:
      - Only associations of service accounts with this name.
    type: str
notes:
  - Needs the IAM actions C(eks:ListPodIdentityAssociations) and C(eks:DescribePodIdentityAssociation).
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - supastack.aws.attributes.info
seealso:
  - module: supastack.aws.eks_pod_identity_association
"""

EXAMPLES = r"""
- name: Find out who has roles in the cluster
  supastack.aws.eks_pod_identity_association_info:
    cluster_name: production
  register: found

- name: Find the role of one service account
  supastack.aws.eks_pod_identity_association_info:
    cluster_name: production
    namespace: external-secrets
    service_account: external-secrets
"""

RETURN = r"""
associations:
  description: The associations, in the order of their namespaces and service accounts.
  returned: always
  type: list
  elements: dict
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

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.supastack.aws.plugins.module_utils._eks_access import (
    association_view,
    describe_association,
    list_associations,
)


def main() -> None:
    """Describe the associations that the options select."""
    argument_spec = {
        "cluster_name": {"type": "str", "required": True},
        "namespace": {"type": "str"},
        "service_account": {"type": "str"},
    }
    module = AnsibleAWSModule(argument_spec=argument_spec, supports_check_mode=True)
    options = module.params
    try:
        client = module.client("eks")
        place = (options["cluster_name"], options["namespace"], options["service_account"])
        listed = list_associations(client, *place) or []
        described = [describe_association(client, place[0], summary["associationId"]) for summary in listed]
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    else:
        # One may have been deleted since it was listed.
        views = [association_view(association) for association in described if association]
        views.sort(key=lambda view: (view["namespace"], view["service_account"]))
        module.exit_json(changed=False, associations=views)


if __name__ == "__main__":
    main()

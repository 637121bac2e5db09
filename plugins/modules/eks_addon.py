#!/usr/bin/python

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_addon
short_description: Manage an add-on of an Amazon EKS cluster
version_added: 0.1.0
author:
  - Supastack contributors (@supastack)
description:
  - Installs, changes and removes an EKS add-on, such as C(vpc-cni), C(kube-proxy), C(coredns) or
    C(eks-pod-identity-agent).
  - An option that is not set is left alone.
  - An add-on that is being made or changed is adopted. One that is being deleted is waited for, and one whose creation
    or deletion failed is removed first; both are then made again. A failed update is repeated.
options:
  cluster_name:
    description:
      - Name of the cluster. In check mode, it need not exist yet.
    type: str
    required: true
  name:
    description:
      - Name of the add-on.
    type: str
    required: true
  state:
    description:
      - Whether the add-on should be installed. V(absent) also removes what it installed.
    type: str
    choices: [present, absent]
    default: present
  version:
    description:
      - Version of the add-on, for example V(v1.20.4-eksbuild.1).
      - V(default) is the one that EKS recommends for the cluster's Kubernetes version, V(latest) the newest one for it.
        Both follow what EKS offers at the time of the run, so a later run may update the add-on.
    type: str
  kubernetes_version:
    description:
      - Kubernetes version for which V(default) and V(latest) are looked up, for example V(1.35). Quote it.
      - That of the cluster when it is not set. Set it where check mode shall predict what an upgrade of the cluster,
        which it only predicts as well, brings with it.
    type: str
    version_added: 0.2.0
  configuration_values:
    description:
      - Configuration of the add-on, following the schema that C(aws eks describe-addon-configuration) shows.
      - Compared by value with what is configured. Replaces it as a whole; an empty dictionary sets the defaults.
    type: dict
  service_account_role_arn:
    description:
      - ARN of the IAM role that the add-on's service account assumes through the cluster's OIDC provider.
      - An empty string makes it use the role of the node.
    type: str
  pod_identity_associations:
    description:
      - IAM roles of the add-on's service accounts through EKS pod identity. Replaces those that belong to the add-on;
        an empty list removes them.
      - EKS refuses a service account that has an association of its own already.
    type: list
    elements: dict
    version_added: 0.2.0
    suboptions:
      service_account:
        description:
          - Name of the service account, in the namespace of the add-on.
        type: str
        required: true
      role_arn:
        description:
          - ARN of the IAM role. Its trust policy must allow C(pods.eks.amazonaws.com) the actions C(sts:AssumeRole) and
            C(sts:TagSession).
        type: str
        required: true
  resolve_conflicts:
    description:
      - What EKS does with fields that somebody else set on the add-on's objects. V(none) fails, V(overwrite) sets them
        back, and V(preserve) keeps them on an update and acts as V(none) on an installation.
    type: str
    choices: [none, overwrite, preserve]
    default: none
notes:
  - An add-on is C(DEGRADED) while there is no node that it could run on, and the module waits on. Use O(wait=false)
    for C(coredns) and its like before the first node exists.
  - Needs the IAM actions C(eks:DescribeAddon), C(eks:DescribeAddonVersions), C(eks:CreateAddon), C(eks:UpdateAddon),
    C(eks:DescribeUpdate), C(eks:DeleteAddon), C(eks:DescribeCluster), C(eks:TagResource), C(eks:UntagResource),
    C(iam:PassRole) for O(service_account_role_arn) and the roles of O(pod_identity_associations), and for the latter
    C(iam:GetRole) and the C(eks) actions C(DescribePodIdentityAssociation), C(CreatePodIdentityAssociation),
    C(UpdatePodIdentityAssociation) and C(DeletePodIdentityAssociation).
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
  - supastack.aws.attributes
  - supastack.aws.wait
seealso:
  - module: supastack.aws.eks_cluster
  - module: supastack.aws.eks_pod_identity_association
"""

EXAMPLES = r"""
- name: Ensure pods get addresses of the VPC and network policies work
  supastack.aws.eks_addon:
    cluster_name: production
    name: vpc-cni
    version: default
    configuration_values:
      enableNetworkPolicy: "true"

- name: Ensure the EBS CSI driver has its role
  supastack.aws.eks_addon:
    cluster_name: production
    name: aws-ebs-csi-driver
    version: default
    pod_identity_associations:
      - service_account: ebs-csi-controller-sa
        role_arn: arn:aws:iam::123456789012:role/production-ebs-csi

- name: Ensure CoreDNS is installed, which only becomes healthy with the first node
  supastack.aws.eks_addon:
    cluster_name: production
    name: coredns
    version: v1.13.1-eksbuild.1
    wait: false

- name: Remove the metrics server
  supastack.aws.eks_addon:
    cluster_name: production
    name: metrics-server
    state: absent
"""

RETURN = r"""
addon:
  description: The add-on. In check mode, as it will be.
  returned: when O(state=present)
  type: dict
  contains:
    name: {description: Name of the add-on., type: str, sample: vpc-cni}
    cluster_name: {description: Name of the cluster., type: str, sample: production}
    arn:
      description: ARN of the add-on.
      type: str
      sample: arn:aws:eks:eu-west-1:123456789012:addon/production/vpc-cni/01234567-89ab-cdef-0123-456789abcdef
    status: {description: Status that EKS reports., type: str, sample: ACTIVE}
    health_issues:
      description: Problems that EKS reports, as EKS returns them.
      type: list
      elements: dict
      sample: []
    version: {description: Installed version., type: str, sample: v1.20.4-eksbuild.1}
    configuration_values:
      description: Configuration of the add-on.
      type: dict
      sample: {enableNetworkPolicy: "true"}
    service_account_role_arn:
      description: ARN of the IAM role, empty when the role of the node is used.
      type: str
      sample: ""
    pod_identity_associations:
      description: Roles of the add-on's service accounts, in the order of their names.
      type: list
      elements: dict
      contains:
        service_account: {description: Name of the service account., type: str, sample: aws-node}
        role_arn: {description: ARN of the role., type: str, sample: "arn:aws:iam::123456789012:role/production-cni"}
    tags: {description: Tags of the add-on., type: dict, sample: {"supastack:environment": production}}
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.supastack.aws.plugins.module_utils._arns import ROLE, check_arn
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._eks import update_tags
from ansible_collections.supastack.aws.plugins.module_utils._eks_addon import (
    ADDON,
    BROKEN,
    SETTLED,
    UNDER_WAY,
    by_service_account,
    create_addon,
    resolve_version,
    unknown_view,
    update_addon,
    view,
)
from ansible_collections.supastack.aws.plugins.module_utils._module import (
    STATE_SPEC,
    TAGS_SPEC,
    WAIT_SPEC,
    Result,
    run,
)
from ansible_collections.supastack.aws.plugins.module_utils._tags import desired_tags

UPDATABLE = ("version", "configuration_values", "service_account_role_arn", "pod_identity_associations", "status")


def desired_from(options: Plain, current: t.Mapping[str, t.Any] | None, version: str | None) -> Plain:
    """Return the values that the options ask for, in the form of the described add-on."""
    failed = current is not None and str(current["status"]).endswith("_FAILED")
    associations = options["pod_identity_associations"]
    return {
        "version": version,
        "configuration_values": options["configuration_values"],
        "service_account_role_arn": options["service_account_role_arn"],
        "pod_identity_associations": None if associations is None else by_service_account(associations),
        "tags": desired_tags((current or {}).get("tags"), options["tags"], options["purge_tags"]),
        "status": "ACTIVE" if failed else None,
    }


def ensure_present(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Install or change the add-on."""
    current = ADDON.read(client, options, check_mode)
    version = resolve_version(client, options)
    difference = Difference(current, desired_from(options, current, version))
    if check_mode:
        return Result(difference, difference.prediction(unknown_view(client, options)))
    if current and current["status"] in UNDER_WAY and (difference.names or options["wait"]):
        # EKS refuses a change while another one runs, and shows only afterwards what that one made of the add-on.
        current = view(client, ADDON.wait(client, options, SETTLED))
        difference = Difference(current, desired_from(options, current, version))
    return Result(difference, apply(client, options, current, difference))


def apply(client: t.Any, options: Plain, current: Plain | None, difference: Difference) -> Plain:
    """Write the difference, wait, and return the add-on as it is then."""
    if current and not difference.changed and (current["status"] == "ACTIVE" or not options["wait"]):
        return current
    addon: Plain = {}
    if current is None or (difference.changed and current["status"] in BROKEN):
        addon = make(client, options, current, difference)
    else:
        if difference.touches(*UPDATABLE):
            update_addon(client, options, update_values(difference))
        update_tags(client, current["arn"], current, difference)
    if options["wait"]:
        return view(client, ADDON.wait(client, options, ["ACTIVE"]))
    return view(client, ADDON.find(client, options) or addon)


def update_values(difference: Difference) -> Plain:
    """Return what an update sends: all values, but the associations only when they change, for EKS keeps them."""
    values = difference.prediction({})
    if not difference.touches("pod_identity_associations"):
        del values["pod_identity_associations"]
    return values


def make(client: t.Any, options: Plain, broken: Plain | None, difference: Difference) -> Plain:
    """Install the add-on, after removing one that is not usable."""
    ADDON.make_room(client, options, broken)
    return create_addon(client, options, difference.desired(*UPDATABLE, "tags"))


def check_options(options: Plain) -> None:
    """Stop on option values that cannot be meant."""
    check_arn("service_account_role_arn", options["service_account_role_arn"], ROLE)
    associations = options["pod_identity_associations"] or []
    for number, association in enumerate(associations):
        check_arn(f"pod_identity_associations[{number}].role_arn", association["role_arn"], ROLE)
    names = [association["service_account"] for association in associations]
    for name in names:
        if names.count(name) > 1:
            raise AnsibleAWSError(
                message=f"pod_identity_associations names the service account {name!r} twice, give it one role."
            )


def ensure(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Bring the add-on into the wanted state."""
    check_options(options)
    action = ensure_present if options["state"] == "present" else ADDON.ensure_absent
    return action(client, options, check_mode)


def main() -> None:
    """Run the module."""
    association = {
        "service_account": {"type": "str", "required": True},
        "role_arn": {"type": "str", "required": True},
    }
    argument_spec = {
        "cluster_name": {"type": "str", "required": True},
        "name": {"type": "str", "required": True},
        "version": {"type": "str"},
        "kubernetes_version": {"type": "str"},
        "configuration_values": {"type": "dict"},
        "service_account_role_arn": {"type": "str"},
        "pod_identity_associations": {"type": "list", "elements": "dict", "options": association},
        "resolve_conflicts": {"type": "str", "choices": ["none", "overwrite", "preserve"], "default": "none"},
        **STATE_SPEC,
        **TAGS_SPEC,
        **WAIT_SPEC,
    }
    module = AnsibleAWSModule(argument_spec=argument_spec, supports_check_mode=True)
    run(module, "eks", "addon", ensure)


if __name__ == "__main__":
    main()

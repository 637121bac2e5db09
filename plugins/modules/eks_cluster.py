#!/usr/bin/python

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_cluster
short_description: Manage the control plane of an Amazon EKS cluster
version_added: 0.1.0
author:
  - Supastack contributors (@supastack)
description:
  - Creates, changes and deletes an EKS cluster, that is its control plane. Add-ons, access entries, workload
    identities and nodes are separate resources.
  - Settings go into the creation request at once. Later changes are made one category after the other, because EKS
    accepts no two of them together, and each is followed until EKS reports that it is done.
  - An option that is not set is left alone. An empty list makes the setting empty.
  - A cluster that is being created or changed is adopted, one that is being deleted is waited for and made again.
options:
  name:
    description: Name of the cluster, unique in the account and region.
    type: str
    required: true
  state:
    description: Whether the cluster should exist.
    type: str
    choices: [present, absent]
    default: present
  role_arn:
    description:
      - ARN of the IAM role that EKS assumes. Cannot be changed.
      - Required when O(state=present).
    type: str
  version:
    description:
      - Kubernetes version, for example V(1.35). Quote it, since YAML reads V(1.30) as the number 1.3.
      - On an existing cluster it may be one minor version higher than the current one, which upgrades the control
        plane. Lower versions, and more than one step at once, are refused.
      - EKS' own default version is used when it is not set at creation.
    type: str
  subnet_ids:
    description:
      - Subnets for the network interfaces of the control plane, in at least two availability zones.
      - Required when O(state=present).
    type: list
    elements: str
  security_group_ids:
    description: Security groups for these interfaces, besides the one that EKS makes.
    type: list
    elements: str
  endpoint_public_access:
    description: Whether the API server can be reached from the internet. EKS' default is V(true).
    type: bool
  endpoint_private_access:
    description: Whether the API server can be reached from within the VPC. EKS' default is V(false).
    type: bool
  public_access_cidrs:
    description:
      - Address ranges that may reach the public endpoint. EKS' default is V(0.0.0.0/0).
      - Not compared when O(endpoint_public_access=false), since it has no effect then.
    type: list
    elements: str
  service_ipv4_cidr:
    description: Address range of Kubernetes services. Cannot be changed.
    type: str
  authentication_mode:
    description:
      - Who decides about access to the cluster, the C(aws-auth) ConfigMap, access entries or both.
      - Can only be changed from V(CONFIG_MAP) to V(API_AND_CONFIG_MAP) and from there to V(API).
    type: str
    choices: [CONFIG_MAP, API_AND_CONFIG_MAP, API]
  bootstrap_cluster_creator_admin_permissions:
    description:
      - Whether the principal that creates the cluster becomes its administrator. EKS' default is V(true).
      - Used at creation only. EKS does not report it, so it is never compared.
    type: bool
  bootstrap_self_managed_addons:
    description:
      - Whether EKS installs unmanaged copies of vpc-cni, kube-proxy and CoreDNS. EKS' default is V(true).
      - Set V(false) to install them with M(supastack.aws.eks_addon).
      - Used at creation only. EKS does not report it, so it is never compared.
    type: bool
  encryption_key_arn:
    description:
      - ARN of the KMS key that wraps the keys with which EKS encrypts all API data.
      - Can be added to an existing cluster once. It can be neither changed nor removed afterwards.
    type: str
  logging:
    description: Control plane logs to send to CloudWatch Logs. All others are switched off.
    type: list
    elements: str
    choices: [api, audit, authenticator, controllerManager, scheduler]
  upgrade_policy:
    description:
      - What EKS does when the Kubernetes version leaves standard support, 14 months after its release. V(EXTENDED)
        keeps the version for a higher price, V(STANDARD) upgrades the cluster by itself.
      - EKS' default is V(EXTENDED). A cluster in extended support cannot go back to V(STANDARD).
    type: str
    choices: [STANDARD, EXTENDED]
    version_added: 0.2.0
  zonal_shift:
    description:
      - Whether Amazon Application Recovery Controller may shift traffic away from an impaired availability zone.
      - EKS' default is V(false).
    type: bool
    version_added: 0.2.0
  deletion_protection:
    description:
      - Whether EKS refuses to delete the cluster.
      - A protected cluster is only deleted when O(state=absent) comes with O(deletion_protection=false).
    type: bool
notes:
  - Needs the IAM actions C(eks:DescribeCluster), C(eks:CreateCluster), C(eks:UpdateClusterConfig),
    C(eks:UpdateClusterVersion), C(eks:AssociateEncryptionConfig), C(eks:DescribeUpdate), C(eks:DeleteCluster),
    C(eks:DescribeClusterVersions), C(eks:TagResource), C(eks:UntagResource), C(iam:PassRole) and C(iam:GetRole) for
    O(role_arn), C(iam:CreateServiceLinkedRole), and C(kms:DescribeKey) and C(kms:CreateGrant) for
    O(encryption_key_arn).
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
  - supastack.aws.attributes
  - supastack.aws.wait
seealso:
  - module: supastack.aws.eks_addon
  - module: supastack.aws.eks_access_entry
  - module: supastack.aws.eks_pod_identity_association
"""

EXAMPLES = r"""
- name: Ensure the cluster exists
  supastack.aws.eks_cluster:
    name: production
    role_arn: arn:aws:iam::123456789012:role/production-cluster
    version: "1.35"
    subnet_ids: [subnet-0aaa, subnet-0bbb]
    endpoint_private_access: true
    endpoint_public_access: true
    public_access_cidrs: [203.0.113.0/24]
    authentication_mode: API
    bootstrap_self_managed_addons: false
    logging: [api, audit, authenticator]
    upgrade_policy: STANDARD
    deletion_protection: true

- name: Upgrade the control plane by one minor version
  supastack.aws.eks_cluster:
    name: production
    role_arn: arn:aws:iam::123456789012:role/production-cluster
    version: "1.36"
    subnet_ids: [subnet-0aaa, subnet-0bbb]

- name: Delete the cluster although it is protected
  supastack.aws.eks_cluster:
    name: production
    state: absent
    deletion_protection: false
"""

RETURN = r"""
cluster:
  description: The cluster. In check mode, as it will be.
  returned: when O(state=present)
  type: dict
  contains:
    exists: {description: Whether there is a cluster. False only in check mode., type: bool, sample: true}
    name: {description: Name of the cluster., type: str, sample: production}
    arn: {description: ARN of the cluster., type: str, sample: "arn:aws:eks:eu-west-1:123456789012:cluster/production"}
    status: {description: Status that EKS reports., type: str, sample: ACTIVE}
    health_issues:
      description: Problems that EKS reports, as EKS returns them.
      type: list
      elements: dict
      sample: []
    version: {description: Kubernetes version., type: str, sample: "1.35"}
    platform_version: {description: EKS' own version of the control plane., type: str, sample: eks.4}
    endpoint:
      description: URL of the API server, null until EKS has made it.
      type: str
      sample: https://0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com
    certificate_authority:
      description: Certificate of the authority of the API server, PEM in base64, null until EKS has made it.
      type: str
      sample: LS0tLS1CRUdJTi...
    oidc_issuer:
      description: URL of the issuer of service account tokens, null until EKS has made it.
      type: str
      sample: https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF
    role_arn: {description: ARN of the IAM role., type: str, sample: "arn:aws:iam::123456789012:role/production"}
    vpc_id: {description: VPC of the subnets., type: str, sample: vpc-0123456789abcdef0}
    cluster_security_group_id: {description: Security group that EKS made., type: str, sample: sg-0123456789abcdef0}
    subnet_ids: {description: Subnets of the control plane., type: list, elements: str, sample: [subnet-0aaa]}
    security_group_ids: {description: Additional security groups., type: list, elements: str, sample: [sg-0aaa]}
    endpoint_public_access: {description: Whether the internet can reach the API server., type: bool, sample: true}
    endpoint_private_access: {description: Whether the VPC can reach the API server., type: bool, sample: true}
    public_access_cidrs: {description: Who may reach the endpoint., type: list, elements: str, sample: [203.0.113.0/24]}
    service_ipv4_cidr: {description: Address range of Kubernetes services., type: str, sample: 172.20.0.0/16}
    authentication_mode: {description: Who decides about access., type: str, sample: API}
    encryption_key_arn:
      description: ARN of the KMS key, null when EKS uses its own.
      type: str
      sample: arn:aws:kms:eu-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef
    logging: {description: Control plane logs that are switched on., type: list, elements: str, sample: [api, audit]}
    upgrade_policy: {description: What happens at the end of standard support., type: str, sample: STANDARD}
    zonal_shift: {description: Whether traffic may be shifted between zones., type: bool, sample: false}
    deletion_protection: {description: Whether EKS refuses to delete the cluster., type: bool, sample: true}
    tags: {description: Tags of the cluster., type: dict, sample: {"supastack:environment": production}}
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._eks import (
    describe_cluster,
    update_tags,
    wait_for_cluster,
)
from ansible_collections.supastack.aws.plugins.module_utils._eks_cluster import (
    create_cluster,
    delete_cluster,
    deletion_waiter,
    require_offered_version,
    settled,
    update_cluster,
)
from ansible_collections.supastack.aws.plugins.module_utils._eks_cluster_data import (
    AUTHENTICATION_MODES,
    LOG_TYPES,
    check_options,
    compare,
    create_request,
    desired_from,
    unknown_view,
    view,
)
from ansible_collections.supastack.aws.plugins.module_utils._module import (
    STATE_SPEC,
    TAGS_SPEC,
    WAIT_SPEC,
    Result,
    run,
)


def ensure_present(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Create or change the cluster."""
    name, timeout = options["name"], options["wait_timeout"]
    current = settled(client, options, check_mode)
    difference = compare(current, options)
    if options["version"] and (difference.creates or difference.touches("version")):
        require_offered_version(client, options["version"])
    if check_mode:
        return Result(difference, difference.prediction(unknown_view(client, options)))
    if current and current["status"] != "ACTIVE" and (difference.names or options["wait"]):
        # EKS refuses a change while another one runs, and shows only afterwards what that one made of the cluster.
        current = view(wait_for_cluster(client, name, timeout))
        difference = compare(current, options)
    return Result(difference, apply(client, options, current, difference))


def apply(client: t.Any, options: Plain, current: Plain | None, difference: Difference) -> Plain:
    """Write the difference, wait, and return the cluster as it is then."""
    name, timeout = options["name"], options["wait_timeout"]
    if current is None:
        cluster = create_cluster(client, create_request(name, desired_from(options, None), options))
    else:
        update_cluster(client, name, difference, options["wait"], timeout)
        update_tags(client, current["arn"], current, difference)
        if not difference.changed and (current["status"] == "ACTIVE" or not options["wait"]):
            return current
        cluster = {}
    if options["wait"]:
        return view(wait_for_cluster(client, name, timeout))
    return view(describe_cluster(client, name) or cluster)


def ensure_absent(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Delete the cluster."""
    name, timeout = options["name"], options["wait_timeout"]
    cluster = describe_cluster(client, name)
    if cluster is None:
        return Result(Difference(None, None), None)
    current = view(cluster)
    difference = Difference(None if current["status"] == "DELETING" else current, None)
    if difference.deletes and current["deletion_protection"] and options["deletion_protection"] is not False:
        raise AnsibleAWSError(
            message=f"deletion_protection of the EKS cluster {name} is true, so it cannot be deleted. "
            "Add deletion_protection=false to state=absent to delete it nevertheless."
        )
    if not check_mode:
        if difference.deletes and current["deletion_protection"]:
            update_cluster(client, name, Difference(current, {"deletion_protection": False}), True, timeout)
        if difference.deletes:
            delete_cluster(client, name, timeout)
        if options["wait"]:
            deletion_waiter(client, name, current["status"]).wait(timeout)
    return Result(difference, None)


def ensure(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Bring the cluster into the wanted state."""
    check_options(client, options)
    action = ensure_present if options["state"] == "present" else ensure_absent
    return action(client, options, check_mode)


def main() -> None:
    """Run the module."""
    argument_spec = {
        "name": {"type": "str", "required": True},
        "role_arn": {"type": "str"},
        "version": {"type": "str"},
        "subnet_ids": {"type": "list", "elements": "str"},
        "security_group_ids": {"type": "list", "elements": "str"},
        "endpoint_public_access": {"type": "bool"},
        "endpoint_private_access": {"type": "bool"},
        "public_access_cidrs": {"type": "list", "elements": "str"},
        "service_ipv4_cidr": {"type": "str"},
        "authentication_mode": {"type": "str", "choices": AUTHENTICATION_MODES},
        "bootstrap_cluster_creator_admin_permissions": {"type": "bool"},
        "bootstrap_self_managed_addons": {"type": "bool"},
        "encryption_key_arn": {"type": "str", "no_log": False},
        "logging": {"type": "list", "elements": "str", "choices": list(LOG_TYPES)},
        "upgrade_policy": {"type": "str", "choices": ["STANDARD", "EXTENDED"]},
        "zonal_shift": {"type": "bool"},
        "deletion_protection": {"type": "bool"},
        **STATE_SPEC,
        **TAGS_SPEC,
        **WAIT_SPEC,
    }
    module = AnsibleAWSModule(
        argument_spec=argument_spec,
        supports_check_mode=True,
        required_if=[("state", "present", ["role_arn", "subnet_ids"])],
    )
    run(module, "eks", "cluster", ensure)


if __name__ == "__main__":
    main()

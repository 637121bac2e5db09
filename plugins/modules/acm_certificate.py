#!/usr/bin/python

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: acm_certificate
short_description: Manage a public certificate of AWS Certificate Manager
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Requests a public certificate with DNS validation, publishes its validation records, waits until it is issued, and
    deletes it.
  - A certificate is known by its domain name, the set of its names and its key algorithm. Of several equal ones, an
    issued one is used before a pending one, then the newest. Those that are imported, private, validated by email or
    managed by another AWS service are left alone.
  - One that failed, expired, timed out or was revoked does not count as present, so that another one is requested.
  - Other names or another key algorithm mean another certificate. The old one stays until O(state=absent) names it.
  - An option that is not set is left alone.
options:
  domain_name:
    description:
      - Domain name of the certificate, such as V(api.example.com) or V(*.example.com). At most 64 characters.
      - Required when O(state=present).
    type: str
  subject_alternative_names:
    description:
      - Further names of the certificate. Order and repetitions have no meaning.
    type: list
    elements: str
    default: []
  certificate_arn:
    description:
      - ARN of the certificate to delete, instead of O(domain_name). Only with O(state=absent).
    type: str
  state:
    description:
      - Whether there should be such a certificate. V(absent) deletes all of them, those that failed or expired too, and
        waits for what uses them to let them go.
    type: str
    choices: [present, absent]
    default: present
  key_algorithm:
    description:
      - Key algorithm of the certificate. ACM takes V(RSA_2048) when it is not set.
      - When it is not set, a certificate with any of them is as good.
    type: str
    choices: [RSA_2048, EC_prime256v1, EC_secp384r1]
  hosted_zone_id:
    description:
      - Public hosted zone in Route 53 that serves all names. The validation records are published in it, and published
        again when they are missing, because ACM needs them for every renewal.
      - With O(state=absent), the records are removed from it, except those that another certificate of this account in
        this region needs. Certificates in other regions need the same records. Leave it out when there are such.
      - When it is not set, publish the returned RV(certificate.validation_records) yourself. Until then, only
        O(wait=false) ends without an error.
    type: str
notes:
  - ACM renews a certificate by itself while its validation records are published and an AWS service uses it.
  - A load balancer takes certificates of its own region only, CloudFront those of us-east-1.
  - Needs the IAM actions C(acm:ListCertificates), C(acm:DescribeCertificate), C(acm:ListTagsForCertificate),
    C(acm:RequestCertificate), C(acm:AddTagsToCertificate), C(acm:RemoveTagsFromCertificate),
    C(acm:DeleteCertificate), and for O(hosted_zone_id) C(route53:GetHostedZone), C(route53:ListResourceRecordSets),
    C(route53:ChangeResourceRecordSets) and C(route53:GetChange).
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
  - supastack.aws.attributes
  - supastack.aws.wait
seealso:
  - module: amazon.aws.route53_zone
  - module: community.aws.acm_certificate
"""

EXAMPLES = r"""
- name: Ensure there is a certificate for a domain and all hosts in it
  supastack.aws.acm_certificate:
    domain_name: example.com
    subject_alternative_names: ["*.example.com"]
    hosted_zone_id: Z0123456789ABCDEFGHIJ
    tags:
      supastack:environment: production

- name: Request a certificate for a domain whose DNS is elsewhere
  supastack.aws.acm_certificate:
    domain_name: api.example.org
    key_algorithm: EC_prime256v1
    wait: false

- name: Delete a certificate with its validation record
  supastack.aws.acm_certificate:
    domain_name: example.com
    subject_alternative_names: ["*.example.com"]
    hosted_zone_id: Z0123456789ABCDEFGHIJ
    state: absent

- name: Delete the certificate that another one replaced
  supastack.aws.acm_certificate:
    certificate_arn: arn:aws:acm:eu-west-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef
    state: absent
"""

RETURN = r"""
certificate:
  description: The certificate. In check mode, as it will be.
  returned: when O(state=present)
  type: dict
  contains:
    arn:
      description: ARN of the certificate.
      type: str
      sample: arn:aws:acm:eu-west-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef
    domain_name: {description: Domain name., type: str, sample: example.com}
    subject_alternative_names:
      description: All names, the domain name among them.
      type: list
      elements: str
      sample: ["*.example.com", example.com]
    key_algorithm: {description: Key algorithm., type: str, sample: RSA_2048}
    status: {description: Status that ACM reports., type: str, sample: ISSUED}
    not_after:
      description: When the certificate expires, null until it is issued.
      type: str
      sample: "2027-06-10T23:59:59+00:00"
    renewal_eligibility:
      description: V(ELIGIBLE) when ACM will renew the certificate by itself.
      type: str
      sample: ELIGIBLE
    renewal_status:
      description: How far a renewal is, null when there was none yet.
      type: str
      sample: PENDING_AUTO_RENEWAL
    in_use_by:
      description: ARNs of what uses the certificate.
      type: list
      elements: str
      sample: ["arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/production/0123456789abcdef"]
    validation_records:
      description: The records that the public DNS must have, and whether O(hosted_zone_id) has them (null without it).
      type: list
      elements: dict
      sample: [{name: _a79865eb.example.com., type: CNAME, value: _424c7224.acm-validations.aws., published: true}]
    tags: {description: Tags of the certificate., type: dict, sample: {"supastack:environment": production}}
"""

import functools
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.supastack.aws.plugins.module_utils._acm_certificate import (
    KEY_ALGORITHMS,
    check_place,
    find_best,
    find_named,
    list_certificates,
    may_be_wanted,
    unknown_view,
    view,
    wait_for_certificate,
    wait_for_records,
    wanted_names,
)
from ansible_collections.supastack.aws.plugins.module_utils._acm_changes import (
    make_certificate,
    records_to_remove,
    remove,
    update_tags,
)
from ansible_collections.supastack.aws.plugins.module_utils._acm_validation import (
    check_names,
    find_record_sets,
    names_of,
    publish,
    refuse_unfit_zone,
)
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._module import (
    STATE_SPEC,
    TAGS_SPEC,
    WAIT_SPEC,
    Result,
    run,
)
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import UNKNOWN
from ansible_collections.supastack.aws.plugins.module_utils._route53 import Zone
from ansible_collections.supastack.aws.plugins.module_utils._tags import desired_tags


def desired_from(zone: Zone | None, options: Plain, current: t.Mapping[str, t.Any] | None) -> Plain:
    """Return the values that the options ask for, in the form of the described certificate."""
    present = current or {}
    records = [{**record, "published": True} for record in present.get("validation_records", [])]
    return {
        "domain_name": options["domain_name"].lower(),
        "subject_alternative_names": wanted_names(options),
        "key_algorithm": options["key_algorithm"],
        # Before the request, nobody knows them.
        "validation_records": records if zone and records else None,
        "tags": desired_tags(present.get("tags"), options["tags"], options["purge_tags"]),
    }


def ensure_present(zone: Zone | None, client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Request the certificate, or bring one that is there into the wanted state."""
    candidates = [summary for summary in list_certificates(client) if may_be_wanted(summary, options)]
    certificate = find_best(client, candidates, options)
    if certificate and not check_mode:
        certificate = wait_for_records(client, certificate, options["wait_timeout"])
    current = view(client, zone, certificate) if certificate else None
    difference = Difference(current, desired_from(zone, options, current))
    if zone and (difference.creates or difference.touches("validation_records")):
        refuse_unfit_zone(zone, wanted_names(options))
    if check_mode:
        return Result(difference, predicted(client, zone, options, difference))
    if current is None:
        certificate = make_certificate(client, candidates, options, difference.desired("tags").get("tags", {}))
        current = view(client, zone, wait_for_records(client, certificate, options["wait_timeout"]))
    elif not difference.changed and (current["status"] == "ISSUED" or not options["wait"]):
        return Result(difference, current)
    return Result(difference, finished(client, zone, options, current))


def predicted(client: t.Any, zone: Zone | None, options: Plain, difference: Difference) -> Plain:
    """Return the certificate as it will be, after the wait for a pending one as well."""
    resource = difference.prediction(unknown_view(client, zone, options))
    if options["wait"] and resource["status"] != "ISSUED":
        resource |= {"status": UNKNOWN, "not_after": UNKNOWN}
    return resource


def finished(client: t.Any, zone: Zone | None, options: Plain, current: Plain) -> Plain:
    """Write what is left to do on a certificate, wait, and return it as it is then."""
    arn, wait, timeout = current["arn"], options["wait"], options["wait_timeout"]
    remaining = Difference(current, desired_from(zone, options, current))
    if zone and remaining.touches("validation_records"):
        publish(
            zone,
            [record for record in current["validation_records"] if not record["published"]],
            timeout if wait else 0,
        )
    update_tags(client, current, remaining)
    certificate = wait_for_certificate(
        client,
        arn,
        "to be issued" if wait else "to show",
        lambda found: not wait or found["Status"] == "ISSUED",
        timeout,
    )
    return view(client, zone, certificate)


def ensure_absent(zone: Zone | None, client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Delete the certificates, and the validation records that only they needed."""
    summaries = list_certificates(client)
    certificates = find_named(client, summaries, options)
    arns = [certificate["CertificateArn"] for certificate in certificates]
    record_sets = []
    if zone and certificates:
        record_sets = find_record_sets(zone, records_to_remove(client, summaries, certificates))
    current = {
        "arns": arns,
        "names": sorted({name for certificate in certificates for name in names_of(certificate)}),
        "validation_records": [record_set["Name"] for record_set in record_sets],
    }
    difference = Difference(current if certificates else None, None)
    if not check_mode:
        remove(client, zone, arns, record_sets, options)
    return Result(difference, None)


def ensure(zone: Zone | None, client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Bring the certificate into the wanted state."""
    check_names(options)
    check_place(client, options["certificate_arn"])
    action = ensure_present if options["state"] == "present" else ensure_absent
    return action(zone, client, options, check_mode)


def main() -> None:
    """Run the module."""
    argument_spec = {
        "domain_name": {"type": "str"},
        "subject_alternative_names": {"type": "list", "elements": "str", "default": []},
        "certificate_arn": {"type": "str"},
        "key_algorithm": {"type": "str", "choices": list(KEY_ALGORITHMS), "no_log": False},
        "hosted_zone_id": {"type": "str"},
        **STATE_SPEC,
        **TAGS_SPEC,
        **WAIT_SPEC,
    }
    module = AnsibleAWSModule(
        argument_spec=argument_spec,
        supports_check_mode=True,
        required_if=[("state", "present", ["domain_name"])],
        required_one_of=[("domain_name", "certificate_arn")],
        mutually_exclusive=[("domain_name", "certificate_arn")],
    )
    zone_id = module.params["hosted_zone_id"]
    zone = Zone(module.client("route53"), zone_id.rpartition("/")[2]) if zone_id else None
    run(module, "acm", "certificate", functools.partial(ensure, zone))


if __name__ == "__main__":
    main()

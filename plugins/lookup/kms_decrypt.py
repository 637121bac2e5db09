# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decrypt values that AWS KMS, or the module kms_ciphertext with it, encrypted."""

from __future__ import annotations

DOCUMENTATION = r"""
name: kms_decrypt
short_description: Decrypt a value with AWS KMS
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Returns the text that M(supastack.aws.kms_ciphertext) encrypted. It is the inverse of that module, for values of
    any length.
  - Ciphertexts of C(aws kms encrypt) and of Terraform's C(aws_kms_ciphertext) are decrypted too, if they hold text and
    were made with a symmetric key.
requirements:
  - botocore >= 1.34.0
  - cryptography, for values of more than 4096 bytes
options:
  _terms:
    description:
      - The ciphertexts. White space in them means nothing.
      - One text is returned for each.
    type: list
    elements: str
    required: true
  encryption_context:
    description:
      - Names and values that the ciphertexts are bound to, the same that they were made with, to the letter.
    type: dict
    default: {}
  key_id:
    description:
      - The only KMS key that the ciphertexts may have been made with. Its id, its ARN, V(alias/<name>), or the ARN of
        an alias.
      - Without it, any key that the credentials may use will do. A ciphertext names its key.
    type: str
  problem:
    description:
      - Whether to return what is wrong with each ciphertext instead of its text, an empty text when nothing is.
      - It completes a sentence, such as V(was made with another encryption context, ...), and shows nothing of the
        text. Missing credentials, or an endpoint that does not answer, are an error all the same.
    type: bool
    default: false
  region:
    description:
      - Region of the KMS key.
      - Without it and the environment variables, the AWS configuration file is asked.
    type: str
    env:
      - name: AWS_REGION
      - name: AWS_DEFAULT_REGION
  endpoint_url:
    description:
      - URL of the KMS endpoint to ask instead of the regional one of AWS.
      - Without it, the AWS SDK follows its own settings, such as C(AWS_ENDPOINT_URL).
    type: str
notes:
  - The result is secret and a lookup cannot hide it. Tasks whose arguments would show it need C(no_log=true).
  - Ansible evaluates a variable that holds this lookup at each use, and each time KMS is asked.
  - Needs the IAM action C(kms:Decrypt).
extends_documentation_fragment:
  - supastack.aws.credentials
seealso:
  - module: supastack.aws.kms_ciphertext
"""

EXAMPLES = r"""
- name: Ensure the secret has the value of the inventory
  community.aws.secretsmanager_secret:
    name: production-supabase-smtp
    secret: "{{ lookup('supastack.aws.kms_decrypt', kms_secrets_ciphertexts.SUPABASE_SMTP,
      encryption_context={'environment': 'production', 'name': 'SUPABASE_SMTP'}, region='eu-west-1') }}"
  no_log: true

- name: Tell why a ciphertext cannot be used
  ansible.builtin.assert:
    that: problem | length == 0
    fail_msg: "SUPABASE_SMTP {{ problem }}."
  vars:
    problem: "{{ lookup('supastack.aws.kms_decrypt', kms_secrets_ciphertexts.SUPABASE_SMTP, problem=true,
      encryption_context={'environment': 'production', 'name': 'SUPABASE_SMTP'}, region='eu-west-1') }}"

- name: Accept only what was encrypted with the key of this environment
  ansible.builtin.set_fact:
    password: "{{ lookup('supastack.aws.kms_decrypt', ciphertext, key_id='alias/production-supabase', profile='ops') }}"
  no_log: true
"""

RETURN = r"""
_raw:
  description: One text for each ciphertext; with O(problem), what is wrong with it.
  type: list
  elements: str
"""

import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._errors import SDK_ERRORS
from ansible_collections.supastack.aws.plugins.module_utils._kms_ciphertext import (
    checked_context,
    open_ciphertext,
)
from ansible_collections.supastack.aws.plugins.module_utils._kms_envelope import UndecryptableError
from ansible_collections.supastack.aws.plugins.plugin_utils._aws_session import (
    HAS_BOTOCORE,
    host_url,
    open_session,
    session_credentials,
    session_region,
)


def make_client(options: t.Mapping[str, t.Any]) -> t.Any:
    """Return a KMS client with the credentials that the options name.

    :raises AnsibleLookupError: when the options contradict each other, or credentials or the region are missing.
    """
    session = open_session("kms_decrypt", options)
    region = session_region("kms_decrypt", session, options.get("region"), "key")
    session_credentials("kms_decrypt", session)
    endpoint_url = options.get("endpoint_url")
    return session.create_client(
        "kms",
        region_name=region,
        endpoint_url=host_url("kms_decrypt", endpoint_url) if endpoint_url else None,
    )


class ProblemError(Exception):
    """What is wrong with a ciphertext. The message completes a sentence, "It ...", and shows nothing of the text."""


def opened(client: t.Any, ciphertext: str, options: t.Mapping[str, t.Any]) -> str:
    """Return the text that a ciphertext holds.

    :raises ProblemError: when it cannot be decrypted, or holds no text.
    """
    try:
        context = checked_context(options["encryption_context"])
        value = open_ciphertext(client, ciphertext, context, options.get("key_id")).value
    except UndecryptableError as error:
        raise ProblemError(str(error)) from None
    except AnsibleAWSError as error:
        raise ProblemError(f"cannot be used: {error}") from None
    text = value.decode("utf-8", "replace")
    # An error of strict decoding would carry the value.
    if text.encode("utf-8") != value:
        raise ProblemError("holds binary data, not text in UTF-8. Encode it before encrypting")
    return text


def decrypted(client: t.Any, subject: str, ciphertext: str, options: t.Mapping[str, t.Any]) -> str:
    """Return the text that a ciphertext holds, or with the option problem what is wrong with it.

    :param subject: names the ciphertext in messages, which never quote it: it may be a value that nobody encrypted.
    :raises AnsibleLookupError: when something is wrong with it.
    """
    try:
        text = opened(client, ciphertext, options)
    except ProblemError as error:
        if options["problem"]:
            return str(error)
        raise AnsibleLookupError(f"kms_decrypt: {subject} {error}.") from None
    return "" if options["problem"] else text


class LookupModule(LookupBase):  # type: ignore[misc]  # ansible-core ships no types
    """The lookup of this file, for Ansible."""

    def run(self, terms: list[str], variables: t.Any = None, **kwargs: t.Any) -> list[str]:
        """Return the text of each ciphertext.

        :raises AnsibleLookupError: when botocore, the region or the credentials are missing, or KMS refuses.
        """
        if not HAS_BOTOCORE:
            raise AnsibleLookupError(
                "kms_decrypt: botocore is missing on the controller. Install it: pip install boto3."
            )
        self.set_options(var_options=variables, direct=kwargs)
        options = self.get_options()
        for number, term in enumerate(terms, 1):
            if not isinstance(term, str) or not term:
                raise AnsibleLookupError(
                    f"kms_decrypt: term {number} is no ciphertext, give the text that kms_ciphertext made."
                )
        try:
            client = make_client(options)
        except SDK_ERRORS as error:
            raise AnsibleLookupError(f"kms_decrypt: cannot call KMS: {error}") from None
        return [decrypted(client, f"term {number}", term, options) for number, term in enumerate(terms, 1)]

#!/usr/bin/python

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kms_ciphertext
short_description: Encrypt a value with AWS KMS
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Encrypts a value, so that it can be kept where others may read it, such as an inventory under version control. The
    lookup P(supastack.aws.kms_decrypt#lookup) is the inverse.
  - KMS encrypts values of up to 4096 bytes itself. The result begins with V(AQIC) and is the same that
    C(aws kms encrypt) and Terraform's C(aws_kms_ciphertext) make.
  - Longer values, up to 65536 bytes, are encrypted with a data key (AES-256-GCM) that KMS encrypts. The result begins
    with V(supastack/envelope/1), and only this collection can decrypt it.
  - Nothing in AWS changes. KMS keeps neither the value nor the ciphertext.
requirements:
  - cryptography, for values of more than 4096 bytes
options:
  key_id:
    description:
      - KMS key to encrypt with, a symmetric one. Its id, its ARN, V(alias/<name>), or the ARN of an alias.
      - In check mode, it need not exist yet.
    type: str
    required: true
  plaintext:
    description:
      - The value to encrypt, at least one and at most 65536 bytes in UTF-8.
    type: str
    required: true
  encryption_context:
    description:
      - Names and values that the ciphertext is bound to. Who decrypts it must give the same, to the letter.
      - They are not secret. AWS CloudTrail shows them.
    type: dict
    default: {}
  ciphertext:
    description:
      - The ciphertext that there already is, if any.
      - When it was made with O(key_id) and O(encryption_context) and decrypts to O(plaintext), nothing changes and it
        is returned as it is. Without this option, or when it is empty, every run makes another ciphertext.
      - When O(encryption_context) does not fit or it is no ciphertext, the module fails, see O(replace_undecryptable).
    type: str
  replace_undecryptable:
    description:
      - Whether to make a new ciphertext when O(ciphertext) cannot be decrypted with O(encryption_context).
      - It is no help against missing permissions or a disabled key.
    type: bool
    default: false
attributes:
  idempotent:
    support: full
    description: Changes nothing when O(ciphertext) already is as wanted.
notes:
  - O(plaintext) never shows in the result, in the difference or in a message. The difference shows whether the
    ciphertext is made anew, and what it is made with.
  - Needs the IAM actions C(kms:DescribeKey) and C(kms:Encrypt), for values of more than 4096 bytes
    C(kms:GenerateDataKey) instead of C(kms:Encrypt), and C(kms:Decrypt) for O(ciphertext).
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - supastack.aws.attributes
seealso:
  - plugin: supastack.aws.kms_decrypt
    plugin_type: lookup
  - module: amazon.aws.kms_key
"""

EXAMPLES = r"""
- name: Encrypt a password for the inventory
  supastack.aws.kms_ciphertext:
    key_id: alias/production-supabase
    plaintext: "{{ smtp_password }}"
    encryption_context:
      environment: production
      name: SUPABASE_SMTP
  register: smtp

- name: Show the line to add to the inventory
  ansible.builtin.debug:
    msg: "SUPABASE_SMTP: {{ smtp.ciphertext.ciphertext }}"

- name: Encrypt it again only when the password or the key is another
  supastack.aws.kms_ciphertext:
    key_id: alias/production-supabase
    plaintext: "{{ smtp_password }}"
    encryption_context:
      environment: production
      name: SUPABASE_SMTP
    ciphertext: "{{ kms_secrets_ciphertexts.SUPABASE_SMTP }}"

- name: Bind the value to another name, whatever the ciphertext was bound to before
  supastack.aws.kms_ciphertext:
    key_id: alias/production-supabase
    plaintext: "{{ smtp_password }}"
    encryption_context:
      environment: production
      name: SUPABASE_MAIL
    ciphertext: "{{ kms_secrets_ciphertexts.SUPABASE_SMTP }}"
    replace_undecryptable: true
"""

RETURN = r"""
ciphertext:
  description: The encrypted value, and what it was made with. In check mode, as it will be.
  returned: success
  type: dict
  contains:
    ciphertext:
      description: The ciphertext, base64 on one line. V(ciphertext-known-after-apply) for one that check mode predicts.
      type: str
      sample: AQICAHhQ...
    key_arn:
      description: ARN of the KMS key.
      type: str
      sample: arn:aws:kms:eu-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef
    encryption_context:
      description: The names and values that are needed to decrypt it.
      type: dict
      sample: {environment: production, name: SUPABASE_SMTP}
    envelope:
      description: Whether the value is encrypted with a data key, because it is too long for KMS.
      type: bool
      sample: false
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._kms_ciphertext import (
    Opened,
    checked_context,
    make_ciphertext,
    open_ciphertext,
    usable_key,
)
from ansible_collections.supastack.aws.plugins.module_utils._kms_envelope import (
    MAX_VALUE_BYTES,
    Context,
    UndecryptableError,
    needs_envelope,
    require_cryptography,
)
from ansible_collections.supastack.aws.plugins.module_utils._module import Result, run
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import is_unknown, placeholder

# What the difference shows instead of a ciphertext.
KEPT = "as given"
RENEWED = placeholder("ciphertext")


def checked_value(plaintext: str) -> bytes:
    """Return the value to encrypt.

    :raises AnsibleAWSError: when it is empty or too long. The message holds nothing of it.
    """
    if not plaintext:
        raise AnsibleAWSError(message="plaintext is empty, and KMS encrypts no empty value. Give one, or leave it out.")
    value = plaintext.encode("utf-8")
    if len(value) > MAX_VALUE_BYTES:
        raise AnsibleAWSError(
            message=f"plaintext has {len(value)} bytes, but a secret in Secrets Manager holds no more than "
            f"{MAX_VALUE_BYTES}. Shorten or split it."
        )
    if needs_envelope(value):
        require_cryptography()
    return value


def read(client: t.Any, options: Plain, context: Context, check_mode: bool) -> Opened | None:
    """Return what the ciphertext given holds, None when there is none.

    :raises AnsibleAWSError: when it cannot be decrypted and must not be replaced.
    """
    text = options["ciphertext"]
    if not text or (check_mode and is_unknown([text, context])):
        return None
    try:
        return open_ciphertext(client, text, context)
    except UndecryptableError as error:
        if options["replace_undecryptable"]:
            return None
        raise AnsibleAWSError(
            message=f"ciphertext {error}. Give the encryption_context that it was made with, or leave ciphertext out "
            "or set replace_undecryptable=true to have a new one made."
        ) from error


def view(opened: Opened, context: Context) -> Plain:
    """Return a ciphertext as the module compares it."""
    return {
        "ciphertext": KEPT,
        "key_arn": opened.key_arn,
        "encryption_context": context,
        "envelope": opened.envelope,
    }


def desired_from(value: bytes, key_arn: str, context: Context, opened: Opened | None) -> Plain:
    """Return the ciphertext that the options ask for: the one given, when it holds the value, or else a new one."""
    if opened is not None and (opened.value, opened.key_arn) == (value, key_arn):
        return view(opened, context)
    return {
        "ciphertext": RENEWED,
        "key_arn": key_arn,
        "encryption_context": context,
        "envelope": needs_envelope(value),
    }


def ensure(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Return the ciphertext given, or a new one when it is not what the options ask for."""
    value, context = checked_value(options["plaintext"]), checked_context(options["encryption_context"])
    key_arn = usable_key(client, options["key_id"], check_mode)
    opened = read(client, options, context, check_mode)
    current = None if opened is None else view(opened, context)
    difference = Difference(current, desired_from(value, key_arn, context, opened))
    resource = difference.prediction({})
    if not difference.changed:
        resource["ciphertext"] = options["ciphertext"]
    elif not check_mode:
        resource["ciphertext"], resource["key_arn"] = make_ciphertext(client, options["key_id"], value, context)
    return Result(difference, resource)


def main() -> None:
    """Run the module."""
    argument_spec = {
        "key_id": {"type": "str", "required": True, "no_log": False},
        "plaintext": {"type": "str", "required": True, "no_log": True},
        "encryption_context": {"type": "dict", "default": {}},
        "ciphertext": {"type": "str", "no_log": False},
        "replace_undecryptable": {"type": "bool", "default": False},
    }
    module = AnsibleAWSModule(argument_spec=argument_spec, supports_check_mode=True)

    def ensure_legible(client: t.Any, options: Plain, check_mode: bool) -> Result:
        result = ensure(client, options, check_mode)
        # Ansible masks a secret's text wherever it occurs, so that a short one would damage the ciphertext. It must no
        # longer be masked where nothing shows it, but for one that is also the secret of another option.
        plaintext = options.pop("plaintext")
        if plaintext not in options.values():
            module.no_log_values.discard(plaintext)
        return result

    run(module, "kms", "ciphertext", ensure_legible)


if __name__ == "__main__":
    main()

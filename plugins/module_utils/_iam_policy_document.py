# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policy documents of IAM: as text, as plain data, compared by what they mean."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.policy import compare_policies
from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._errors import SDK_ERRORS, error_code, error_message

T = t.TypeVar("T")


def document_of(text: str | None) -> Plain | None:
    """Return a policy document as plain data, None when there is none.

    A number with a point becomes a text, as which IAM reads it anyway: compare_policies passes over floats.

    :raises AnsibleAWSError: when the text is not a JSON object.
    """
    if text is None:
        return None
    try:
        document = json.loads(text, parse_float=str)
    except ValueError as error:
        raise AnsibleAWSError(message=f"policy is not JSON: {error}. Give a policy document.") from error
    if not isinstance(document, dict):
        raise AnsibleAWSError(message=f"policy is {document!r}, but must be a policy document, which is an object.")
    return document


def desired_document(current: Plain | None, wanted: Plain | None) -> Plain | None:
    """Return the document that a policy should end with: the current one when both mean the same."""
    if current is not None and wanted is not None and not compare_policies(current, wanted):
        return current
    return wanted


def refusing_malformed(call: t.Callable[[], T]) -> T:
    """Return what a call that hands in a document returns.

    :raises AnsibleAWSError: with the reason that IAM gives when it does not take the document.
    """
    try:
        return call()
    except SDK_ERRORS as error:
        if error_code(error) != "MalformedPolicyDocument":
            raise
        reason = error_message(error).rstrip(".")
        raise AnsibleAWSError(
            message=f"policy is not a document that IAM takes: {reason} (MalformedPolicyDocument). Correct policy."
        ) from error


def text_of(document: Plain) -> str:
    """Return a document as text without blanks."""
    return json.dumps(document, separators=(",", ":"))

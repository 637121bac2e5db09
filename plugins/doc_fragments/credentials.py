# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options by which a lookup finds its AWS credentials."""

from __future__ import annotations


class ModuleDocFragment:
    """The options profile, access_key, secret_key and session_token."""

    DOCUMENTATION = r"""
options:
  profile:
    description:
      - Named profile to take the credentials from.
      - Mutually exclusive with O(access_key), O(secret_key) and O(session_token).
    type: str
  access_key:
    description:
      - Access key ID. Requires O(secret_key).
      - Without credentials, the AWS SDK's own chain is used.
    type: str
  secret_key:
    description:
      - Secret access key. Requires O(access_key).
    type: str
  session_token:
    description:
      - Session token of temporary credentials. Requires O(access_key).
    type: str
"""

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lookups share: from their options to a session of the AWS SDK.

The first parameter of each function is the lookup's name, with which its messages begin.
"""

from __future__ import annotations

import typing as t
from urllib.parse import urlsplit

from ansible.errors import AnsibleLookupError

try:
    from botocore.credentials import Credentials
    from botocore.session import Session

    HAS_BOTOCORE = True
except ImportError:
    HAS_BOTOCORE = False


def open_session(lookup: str, options: t.Mapping[str, t.Any]) -> Session:
    """Return a botocore session with the credentials that the options name.

    :raises AnsibleLookupError: when the options contradict each other.
    """
    static = [name for name in ("access_key", "secret_key", "session_token") if options.get(name)]
    if options.get("profile") and static:
        raise AnsibleLookupError(f"{lookup}: profile and {', '.join(static)} exclude each other, give one of them.")
    if static and not (options.get("access_key") and options.get("secret_key")):
        raise AnsibleLookupError(f"{lookup}: got {', '.join(static)} only, give access_key and secret_key together.")
    session = Session(profile=options.get("profile") or None)
    if static:
        session.set_credentials(options["access_key"], options["secret_key"], options.get("session_token") or None)
    return session


def session_region(lookup: str, session: Session, region: str | None, owner: str) -> str:
    """Return the region given, or else the one that the session finds.

    :param owner: whose region it is, for the message.
    :raises AnsibleLookupError: when there is none.
    """
    found = region or session.get_config_variable("region")
    if not found:
        raise AnsibleLookupError(f"{lookup}: region is not set. Give region=<the {owner}'s region> or set AWS_REGION.")
    return str(found)


def session_credentials(lookup: str, session: Session) -> Credentials:
    """Return the session's credentials.

    :raises AnsibleLookupError: when there are none.
    """
    credentials = session.get_credentials()
    if credentials is None:
        raise AnsibleLookupError(
            f"{lookup}: no AWS credentials found. "
            "Give profile, or access_key and secret_key, or log in with the AWS CLI."
        )
    return credentials


def host_url(lookup: str, endpoint_url: str) -> str:
    """Return a URL without its path.

    :raises AnsibleLookupError: when it is not the URL of a host.
    """
    parts = urlsplit(endpoint_url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise AnsibleLookupError(
            f"{lookup}: endpoint_url is {endpoint_url!r}, give a URL such as http://127.0.0.1:5000."
        )
    return f"{parts.scheme}://{parts.netloc}"

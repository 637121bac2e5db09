# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All checks of an environment, in the order in which one makes the next possible."""

from __future__ import annotations

from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._preflight import (
    Check,
    Clients,
    Finding,
    ask_all,
    at_once,
)
from ansible_collections.supastack.aws.plugins.module_utils._preflight_account import (
    account_findings,
    caller_identity,
    name_check,
    refused,
)
from ansible_collections.supastack.aws.plugins.module_utils._preflight_dns import dns_checks
from ansible_collections.supastack.aws.plugins.module_utils._preflight_permissions import permission_checks
from ansible_collections.supastack.aws.plugins.module_utils._preflight_quotas import quota_checks
from ansible_collections.supastack.aws.plugins.module_utils._preflight_versions import version_checks
from ansible_collections.supastack.aws.plugins.module_utils._preflight_zones import zone_checks


def checks(options: Plain, caller_arn: str) -> list[Check]:
    """Return all checks that can be made with credentials in a region. Those that take longest begin first."""
    return [
        name_check(options),
        *permission_checks(options, caller_arn),
        *version_checks(options),
        *quota_checks(options),
        *zone_checks(options),
        *dns_checks(options),
    ]


def asked_caller(clients: Clients) -> tuple[Plain, bool] | Exception:
    """Return who these credentials are and whether the region knows them, or why nobody says so."""
    try:
        return caller_identity(clients)
    # Whatever it is, it is told like all that is found.
    except Exception as error:  # pylint: disable=broad-exception-caught
        return error


def survey(clients: Clients, options: Plain) -> tuple[list[Finding], list[str]]:
    """Return the findings about an environment, and what was looked at."""
    first = ["credentials", "clock", "account", f"region {clients.region}"]
    (answer,) = at_once(asked_caller, [clients], clients.left())
    if answer is None:
        answer = clients.late()
    if isinstance(answer, Exception):
        return refused(answer), first[:2]
    caller, enabled = answer
    found = account_findings(caller, options["account_id"], clients.region, enabled)
    if not enabled:
        return found, first
    made = checks(options, caller["Arn"])
    return [*found, *ask_all(made, clients)], [*first, *dict.fromkeys(check.subject for check in made)]

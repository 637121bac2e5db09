# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check that the domain's hosted zone is the one that the internet asks."""

from __future__ import annotations

from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._dns import DnsError, delegation_of, resolvers_of
from ansible_collections.supastack.aws.plugins.module_utils._preflight import Check, Clients, Finding, checks_of

ACTIONS = "route53:ListHostedZonesByName, route53:GetHostedZone"
# As long as each name server is waited for.
SECONDS = 1.5


def public_zones(clients: Clients, domain: str) -> list[Plain]:
    """Return the public hosted zones that a domain's records may belong into: of its own name, or the nearest above."""
    client, name = clients("route53"), domain.rstrip(".")
    while "." in name:
        found = client.list_hosted_zones_by_name(DNSName=f"{name}.", MaxItems="100")["HostedZones"]
        zones = [zone for zone in found if zone["Name"] == f"{name}." and not zone["Config"].get("PrivateZone")]
        if zones:
            return zones
        name = name.partition(".")[2]
    return []


def delegation_findings(subject: str, name: str, ours: set[str], resolver: str) -> list[Finding]:
    """Return what is wrong with the name servers that the zone above a hosted zone names for it."""
    servers = ", ".join(sorted(ours))
    try:
        parent, names = delegation_of(name, resolvers_of(resolver), SECONDS)
    except DnsError as error:
        fix = f"Let this machine ask name servers (port 53), or compare dig +trace NS {name} with {servers}."
        return [Finding("unchecked", subject, f"Could not be checked. {error}", fix)]
    told = {server.rstrip(".").lower() for server in names}
    strange, missing = sorted(told - ours), sorted(ours - told)
    fix = f"Where the DNS of {parent or 'the root'} is managed, set the NS records of {name} to {servers}."
    if not told or strange:
        problem = f"The zone above names {', '.join(strange) or 'no server'} for {name}, not its hosted zone."
        return [Finding("error", subject, problem, fix)]
    if missing:
        return [Finding("warning", subject, f"The zone above does not name {', '.join(missing)} for {name}.", fix)]
    return []


def delegation(clients: Clients, options: Plain) -> list[Finding]:
    """Check that the parent of the hosted zone names the zone's servers, all of them and no others."""
    domain = options["domain"]
    subject, identifier = f"domain {domain['name']}", domain["zone_id"]
    zones = [{"Id": identifier}] if identifier else public_zones(clients, domain["name"])
    if not zones:
        fix = "Nothing yet: site.yml makes one, and tells the four name servers to set in the zone above."
        return [Finding("warning", subject, "No public hosted zone of this account has its records.", fix)]
    if len(zones) > 1:
        names = ", ".join(sorted(zone["Id"].rpartition("/")[2] for zone in zones))
        problem = f"This account has {len(zones)} public hosted zones for it: {names}."
        return [Finding("error", subject, problem, "Set dns_tls_zone_id to the one that resolvers ask.")]
    found = clients("route53").get_hosted_zone(Id=zones[0]["Id"])
    ours = {server.rstrip(".").lower() for server in found["DelegationSet"]["NameServers"]}
    return delegation_findings(subject, found["HostedZone"]["Name"].rstrip("."), ours, domain["resolver"])


def dns_checks(options: Plain) -> list[Check]:
    """Return the check of the domain, if there is one."""
    domain = options["domain"] or {"name": ""}
    return checks_of(options, [(domain["name"], f"domain {domain['name']}", ACTIONS, delegation)])

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of security groups: the plain data in which they are compared, and what is said of them before any call.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._ec2_traffic import (
    ANY_TYPE,
    HIGHEST_PORT,
    HIGHEST_TYPE,
    PROTOCOLS,
    WITH_PORTS,
    WITH_TYPES,
    is_range,
    plain_block,
    protocol_name,
    unknown_protocol,
)
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import is_unknown

# What is at the other end of a rule: the member of a permission that lists it, and the member that names it there.
PEERS = {
    "cidr": ("IpRanges", "CidrIp"),
    "ipv6_cidr": ("Ipv6Ranges", "CidrIpv6"),
    "prefix_list_id": ("PrefixListIds", "PrefixListId"),
    "group_id": ("UserIdGroupPairs", "GroupId"),
}
ALL_PORTS = {
    **dict.fromkeys(WITH_PORTS, (0, HIGHEST_PORT)),
    **dict.fromkeys(WITH_TYPES, (ANY_TYPE, ANY_TYPE)),
}
GROUP_ID = re.compile(r"(\d{12}/)?sg-[0-9a-z]+")
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpRange.html, and CreateSecurityGroup the same.
TEXT = re.compile(r"[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{0,255}")
TEXT_RULE = "but may have 255 characters at most, of a-z, A-Z, 0-9, spaces and ._-:/()#,@[]+=&;{}!$*"


@dataclasses.dataclass(frozen=True)
class Changes:
    """What separates the rules of one direction from those that are wanted.

    :param new: rules to add.
    :param superfluous: rules to take away, as they are.
    :param described: rules that stay, with the descriptions that they should have.
    """

    new: list[Plain]
    superfluous: list[Plain]
    described: list[Plain]


def identity(rule: t.Mapping[str, t.Any]) -> tuple[t.Any, ...]:
    """Return what makes a rule another one than the next: all but its description. Rules are sorted by it as well."""
    peer = next(name for name in PEERS if name in rule)
    return (rule["protocol"], rule.get("from_port"), rule.get("to_port"), peer, rule[peer])


def plain_rule(protocol: str, ports: tuple[int | None, int | None], peer: Plain, description: str | None) -> Plain:
    """Return a rule under the names of the options, without the ports of a protocol that has none.

    :param ports: first and last port, or ICMP type and code; all where they are None.
    :param peer: the one of PEERS that it has, and its value.
    """
    rule: Plain = {"protocol": protocol_name(protocol)}
    every = ALL_PORTS.get(rule["protocol"], ())
    for option, port, default in zip(("from_port", "to_port"), ports, every, strict=False):
        rule[option] = default if port is None else port
    return {**rule, **peer, **({"description": description} if description else {})}


def wanted_rules(rules: t.Iterable[Plain] | None, own_id: str) -> list[Plain] | None:
    """Return the rules that an option asks for, in the form in which they are compared.

    :param own_id: the group itself, a placeholder while it does not exist.
    """
    if rules is None:
        return None
    return sorted((wanted_rule(rule, own_id) for rule in rules), key=identity)


def wanted_rule(rule: Plain, own_id: str) -> Plain:
    """Return a rule that an option asks for in that form."""
    if rule["cidr"] is not None:
        peer = {"cidr": plain_block(rule["cidr"])}
    else:
        peer = {"group_id": own_id if rule["self"] else rule["group_id"]}
    return plain_rule(rule["protocol"], (rule["from_port"], rule["to_port"]), peer, rule["description"])


def described_rules(permissions: t.Iterable[Plain], owner: str) -> list[Plain]:
    """Return the described rules of one direction in that form; EC2 puts those that differ only in the peer together.

    :param owner: account of the group; the groups of another one have it before their identifier.
    """
    found = []
    for permission in permissions:
        ports = (permission.get("FromPort"), permission.get("ToPort"))
        for name, (member, key) in PEERS.items():
            for item in permission.get(member, []):
                account = item.get("UserId", owner)
                value = item[key] if account == owner else f"{account}/{item[key]}"
                found.append(plain_rule(permission["IpProtocol"], ports, {name: value}, item.get("Description")))
    return sorted(found, key=identity)


def permission_of(rule: Plain) -> Plain:
    """Return the permission that stands for one rule in a request."""
    protocol = rule["protocol"]
    permission: Plain = {"IpProtocol": PROTOCOLS["all"] if protocol == "all" else protocol}
    if "from_port" in rule:
        permission.update({"FromPort": rule["from_port"], "ToPort": rule["to_port"]})
    name = next(name for name in PEERS if name in rule)
    member, key = PEERS[name]
    account, _slash, value = rule[name].rpartition("/") if name == "group_id" else ("", "", rule[name])
    item = {key: value, **({"UserId": account} if account else {})}
    if "description" in rule:
        item["Description"] = rule["description"]
    return {**permission, member: [item]}


def changes_between(current: t.Sequence[Plain], desired: t.Sequence[Plain]) -> Changes:
    """Return what is to do to the rules of one direction."""
    present = {identity(rule): rule for rule in current}
    wanted = {identity(rule) for rule in desired}
    return Changes(
        new=[rule for rule in desired if identity(rule) not in present],
        superfluous=[rule for rule in current if identity(rule) not in wanted],
        described=[rule for rule in desired if present.get(identity(rule), rule) != rule],
    )


def check_rules(direction: str, rules: t.Sequence[Plain]) -> None:
    """Refuse rules that EC2 would refuse, or would understand otherwise.

    :raises AnsibleAWSError: naming the option, its value and the remedy.
    """
    for place, rule in enumerate(rules):
        for problem in (protocol_problem, port_problem, peer_problem, description_problem):
            message = problem(rule)
            if message:
                raise AnsibleAWSError(message=f"{direction}[{place}].{message}")


def refuse_repetition(direction: str, rules: t.Sequence[Plain], own_id: str) -> None:
    """Stop when two rules differ in nothing but their descriptions, of which EC2 has one for each rule.

    :raises AnsibleAWSError: naming both and the remedy.
    """
    first: dict[tuple[t.Any, ...], int] = {}
    for place, rule in enumerate(rules):
        what = identity(wanted_rule(rule, own_id))
        # Two groups that are both predicted may turn out to be two.
        if first.setdefault(what, place) != place and (rule["self"] or not is_unknown(what)):
            raise AnsibleAWSError(
                message=f"{direction}[{place}] lets the same through as {direction}[{first[what]}]: {what[0]} and "
                f"{what[-2]} {what[-1]}. Remove one of them."
            )


def protocol_problem(rule: Plain) -> str | None:
    """Return what is wrong with the protocol."""
    problem = unknown_protocol(rule["protocol"])
    if not problem and protocol_name(rule["protocol"]) == "icmpv6" and rule["cidr"] is not None:
        problem = "protocol is icmpv6, which only IPv6 has. Give icmp, or a group instead of cidr."
    return problem


def port_problem(rule: Plain) -> str | None:
    """Return what is wrong with the ports, or with ICMP type and code."""
    first, last, protocol = rule["from_port"], rule["to_port"], protocol_name(rule["protocol"])
    if first is None and last is None:
        return None
    given = f"from_port is {first} and to_port is {last}, but"
    if first is None or last is None:
        return f"{given} one needs the other. Set both, or none for all."
    if protocol in WITH_TYPES:
        if first == last == ANY_TYPE or (0 <= first <= HIGHEST_TYPE and ANY_TYPE <= last <= HIGHEST_TYPE):
            return None
        return (
            f"{given} for {protocol} they are type and code, from 0 to {HIGHEST_TYPE}, or {ANY_TYPE} for any, and any "
            "type has any code. Correct from_port or to_port."
        )
    if protocol not in WITH_PORTS:
        return f"{given} the protocol {protocol} has no ports here: EC2 would let all pass. Remove both."
    if not 0 <= first <= last <= HIGHEST_PORT:
        return f"{given} they must be from 0 to {HIGHEST_PORT}, the lower one first. Correct from_port or to_port."
    return None


def peer_problem(rule: Plain) -> str | None:
    """Return what is wrong with the other end."""
    cidr, group_id = rule["cidr"], rule["group_id"]
    if sum((cidr is not None, group_id is not None, bool(rule["self"]))) != 1:
        return (
            f"cidr is {cidr!r}, group_id is {group_id!r} and self is {rule['self']!r}, but a rule has exactly one of "
            "them. Give each a rule of its own."
        )
    if cidr is not None and not is_unknown(cidr) and not is_range(cidr, ipaddress.IPv4Network):
        return f"cidr is {cidr!r}, which is no range of IPv4 addresses such as 10.0.0.0/16. Correct cidr."
    if group_id is not None and not is_unknown(group_id) and not GROUP_ID.fullmatch(group_id):
        return (
            f"group_id is {group_id!r}, which is no identifier of a security group such as sg-0123456789abcdef0, or "
            "123456789012/sg-0123456789abcdef0 in another account. Correct group_id."
        )
    return None


def description_problem(rule: Plain) -> str | None:
    """Return what is wrong with the description."""
    if TEXT.fullmatch(rule["description"] or ""):
        return None
    return f"description is {rule['description']!r}, {TEXT_RULE}. Correct description."

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of network ACLs: the plain data in which they are compared, and what is said of them before anything is called.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkAclEntry.html
"""

from __future__ import annotations

import ipaddress
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

# Whatever has a higher number belongs to EC2, such as the denial of all that no rule matches.
HIGHEST_NUMBER = 32766
BLOCKS: dict[str, t.Callable[..., object]] = {
    "cidr_block": ipaddress.IPv4Network,
    "ipv6_cidr_block": ipaddress.IPv6Network,
}
BLOCK_MEMBERS = {"cidr_block": "CidrBlock", "ipv6_cidr_block": "Ipv6CidrBlock"}
BLOCK_SAMPLES = {"cidr_block": "10.0.0.0/16", "ipv6_cidr_block": "2001:db8::/64"}


def plain_rule(values: t.Mapping[str, t.Any]) -> Plain:
    """Return a rule under the names of the options, without those that do not apply to its protocol."""
    protocol = protocol_name(values["protocol"])
    rule = {"rule_number": values["rule_number"], "action": values["action"], "protocol": protocol}
    rule.update({name: plain_block(values[name]) for name in BLOCKS if values[name] is not None})
    defaults = {}
    if protocol in WITH_PORTS:
        defaults = {"from_port": 0, "to_port": HIGHEST_PORT}
    if protocol in WITH_TYPES:
        defaults = {"icmp_type": ANY_TYPE, "icmp_code": ANY_TYPE}
    given = {name: default if values[name] is None else values[name] for name, default in defaults.items()}
    return {**rule, **given}


def plain_rules(rules: t.Iterable[t.Mapping[str, t.Any]] | None) -> list[Plain] | None:
    """Return rules in the form in which they are compared, in the order in which EC2 applies them."""
    if rules is None:
        return None
    return sorted((plain_rule(rule) for rule in rules), key=lambda rule: int(rule["rule_number"]))


def described_rules(entries: t.Iterable[t.Mapping[str, t.Any]], direction: str) -> list[Plain]:
    """Return the described rules of one direction in the same form, without those of EC2."""
    own = [
        {
            "rule_number": entry["RuleNumber"],
            "action": entry["RuleAction"],
            "protocol": entry["Protocol"],
            "cidr_block": entry.get("CidrBlock"),
            "ipv6_cidr_block": entry.get("Ipv6CidrBlock"),
            "from_port": entry.get("PortRange", {}).get("From"),
            "to_port": entry.get("PortRange", {}).get("To"),
            "icmp_type": entry.get("IcmpTypeCode", {}).get("Type"),
            "icmp_code": entry.get("IcmpTypeCode", {}).get("Code"),
        }
        for entry in entries
        if entry["Egress"] == (direction == "egress") and entry["RuleNumber"] <= HIGHEST_NUMBER
    ]
    return plain_rules(own) or []


def request(network_acl_id: str, direction: str, rule: t.Mapping[str, t.Any]) -> Plain:
    """Return the request that creates a rule, or replaces the one of its number."""
    members: Plain = {
        "NetworkAclId": network_acl_id,
        "Egress": direction == "egress",
        "RuleNumber": rule["rule_number"],
        "RuleAction": rule["action"],
        "Protocol": PROTOCOLS.get(rule["protocol"], rule["protocol"]),
    }
    members.update({member: rule[name] for name, member in BLOCK_MEMBERS.items() if name in rule})
    if "from_port" in rule:
        members["PortRange"] = {"From": rule["from_port"], "To": rule["to_port"]}
    if "icmp_type" in rule:
        members["IcmpTypeCode"] = {"Type": rule["icmp_type"], "Code": rule["icmp_code"]}
    return members


def rules_to_write(current: t.Sequence[Plain], desired: t.Sequence[Plain]) -> list[Plain]:
    """Return the rules that are new or differ, in an order that interrupts nothing that is allowed before and after.

    What allows comes before what denies, and new numbers before those whose old rule goes away by it.
    """
    numbers = numbers_of(current)
    changed = [rule for rule in desired if rule not in current]
    return sorted(changed, key=lambda rule: (rule["action"] != "allow", rule["rule_number"] in numbers))


def rules_to_remove(current: t.Sequence[Plain], desired: t.Sequence[Plain]) -> list[Plain]:
    """Return the rules whose numbers go away, those that deny first, for the same reason."""
    numbers = numbers_of(desired)
    removed = [rule for rule in current if rule["rule_number"] not in numbers]
    return sorted(removed, key=lambda rule: bool(rule["action"] == "allow"))


def numbers_of(rules: t.Iterable[Plain]) -> set[int]:
    """Return the numbers of rules."""
    return {rule["rule_number"] for rule in rules}


def check_rules(direction: str, rules: t.Sequence[Plain]) -> None:
    """Refuse rules that EC2 would refuse, or would understand otherwise.

    :raises AnsibleAWSError: naming the option, its value and the remedy.
    """
    numbers = [rule["rule_number"] for rule in rules]
    for place, rule in enumerate(rules):
        for problem in (number_problem, protocol_problem, port_problem, type_problem, block_problem):
            message = problem(rule)
            if message:
                raise AnsibleAWSError(message=f"{direction}[{place}].{message}")
        if numbers.index(rule["rule_number"]) < place:
            raise AnsibleAWSError(
                message=f"{direction}[{place}].rule_number is {rule['rule_number']}, which another rule of {direction} "
                "has as well. Give each rule a number of its own."
            )


def number_problem(rule: Plain) -> str | None:
    """Return what is wrong with the number."""
    if 1 <= rule["rule_number"] <= HIGHEST_NUMBER:
        return None
    return f"rule_number is {rule['rule_number']}, but must be from 1 to {HIGHEST_NUMBER}. Correct rule_number."


def protocol_problem(rule: Plain) -> str | None:
    """Return what is wrong with the protocol."""
    problem = unknown_protocol(rule["protocol"])
    if problem:
        return problem
    if protocol_name(rule["protocol"]) == "icmpv6" and rule["cidr_block"] is not None:
        return "protocol is icmpv6, which only IPv6 has. Give ipv6_cidr_block instead of cidr_block, or icmp."
    return None


def port_problem(rule: Plain) -> str | None:
    """Return what is wrong with the ports."""
    first, last = rule["from_port"], rule["to_port"]
    if first is None and last is None:
        return None
    if first is None or last is None:
        return f"from_port is {first} and to_port is {last}, but one needs the other. Set both, or none for all ports."
    if protocol_name(rule["protocol"]) not in WITH_PORTS:
        return (
            f"from_port is {first}, but the protocol {rule['protocol']} has no ports here: EC2 would let all pass. "
            "Remove from_port and to_port, or set protocol to tcp or udp."
        )
    if not 0 <= first <= last <= HIGHEST_PORT:
        return (
            f"from_port is {first} and to_port is {last}, but they must be from 0 to {HIGHEST_PORT}, the lower one "
            "first. Correct from_port or to_port."
        )
    return None


def type_problem(rule: Plain) -> str | None:
    """Return what is wrong with the ICMP type and code."""
    kind, code = rule["icmp_type"], rule["icmp_code"]
    if kind is None and code is None:
        return None
    if protocol_name(rule["protocol"]) not in WITH_TYPES:
        return (
            f"icmp_type is {kind} and icmp_code is {code}, but the protocol {rule['protocol']} has neither. "
            "Remove both, or set protocol to icmp or icmpv6."
        )
    known = plain_rule({**rule, "cidr_block": None, "ipv6_cidr_block": None})
    kind, code = known["icmp_type"], known["icmp_code"]
    if not (ANY_TYPE <= kind <= HIGHEST_TYPE and ANY_TYPE <= code <= HIGHEST_TYPE):
        return (
            f"icmp_type is {kind} and icmp_code is {code}, but they must be from 0 to {HIGHEST_TYPE}, or {ANY_TYPE} "
            "for any. Correct icmp_type or icmp_code."
        )
    if kind == ANY_TYPE != code:
        return f"icmp_code is {code}, but without icmp_type it means nothing. Set icmp_type, or remove icmp_code."
    return None


def block_problem(rule: Plain) -> str | None:
    """Return what is wrong with the address range."""
    given = {name: rule[name] for name in BLOCKS if rule[name] is not None}
    if len(given) != 1:
        values = " and ".join(f"{name} is {rule[name]!r}" for name in BLOCKS)
        return f"{values}, but a rule has exactly one of them. Give each range a rule of its own."
    ((name, block),) = given.items()
    if is_unknown(block) or is_range(block, BLOCKS[name]):
        return None
    return (
        f"{name} is {block!r}, which is not an address range such as {BLOCK_SAMPLES[name]}. Correct {name}, "
        "or use the option for the other kind of addresses."
    )

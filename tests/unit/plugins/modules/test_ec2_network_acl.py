# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module ec2_network_acl."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.modules import ec2_network_acl

NAME = "production-database"
VPC = "vpc-0123456789abcdef0"
ACL = "acl-00000000000000001"
DEFAULT = "acl-00000000000000000"
TAGS = MappingProxyType({"Name": NAME, "team": "platform"})
Call = tuple[str, dict[str, Any], Any]
Rule = dict[str, Any]

POSTGRES: Rule = {
    "rule_number": 100,
    "action": "allow",
    "protocol": "tcp",
    "cidr_block": "10.0.16.0/20",
    "from_port": 5432,
    "to_port": 5432,
}
ANSWERS: Rule = {"rule_number": 100, "action": "allow", "protocol": "all", "cidr_block": "10.0.16.0/20"}
OPTIONS: dict[str, Any] = {
    "name": NAME,
    "vpc_id": VPC,
    "ingress": [POSTGRES],
    "egress": [ANSWERS],
    "subnet_ids": ["subnet-1", "subnet-2"],
    "tags": {"team": "platform"},
}
PLACE = {"name": NAME, "vpc_id": VPC}
ABSENT = {**PLACE, "state": "absent"}


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as EC2 writes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def entry(number: int = 100, egress: bool = False, **members: Any) -> dict[str, Any]:
    """Return an entry as EC2 describes it, unless told otherwise one that allows everything of the private subnets."""
    least = {"Egress": egress, "RuleNumber": number, "RuleAction": "allow", "Protocol": "-1"}
    block = {} if "Ipv6CidrBlock" in members else {"CidrBlock": "10.0.16.0/20"}
    return {**least, **block, **members}


INGRESS = entry(Protocol="6", PortRange={"From": 5432, "To": 5432})
EGRESS = entry(egress=True)


def described(
    acl_id: str = ACL,
    entries: tuple[dict[str, Any], ...] = (INGRESS, EGRESS),
    subnet_ids: tuple[str, ...] = ("subnet-1", "subnet-2"),
    tags: Mapping[str, str] = TAGS,
    **changes: Any,
) -> dict[str, Any]:
    """Return a network ACL as EC2 describes it, with the rules that belong to EC2."""
    denials = [
        entry(number, egress, RuleAction="deny", **{member: block})
        for egress in (False, True)
        for number, member, block in ((32767, "CidrBlock", "0.0.0.0/0"), (32768, "Ipv6CidrBlock", "::/0"))
    ]
    associations = [
        {"NetworkAclAssociationId": f"aclassoc-{subnet_id}", "NetworkAclId": acl_id, "SubnetId": subnet_id}
        for subnet_id in subnet_ids
    ]
    acl = {"NetworkAclId": acl_id, "VpcId": VPC, "IsDefault": acl_id == DEFAULT, "Tags": tag_list(tags)}
    return {**acl, "Entries": [*entries, *denials], "Associations": associations, **changes}


def default(*subnet_ids: str, **changes: Any) -> dict[str, Any]:
    """Return the default network ACL of the VPC."""
    return described(DEFAULT, (), subnet_ids, {}, **changes)


def found(*acls: dict[str, Any], name: str = "vpc-id", value: str = VPC) -> Call:
    """Return the expected search for the network ACLs of the VPC."""
    return ("describe_network_acls", {"Filters": [{"Name": name, "Values": [value]}]}, {"NetworkAcls": list(acls)})


def created(wanted: dict[str, Any], answer: Any = None) -> Call:
    """Return the expected creation of an entry."""
    return ("create_network_acl_entry", {"NetworkAclId": ACL, **wanted}, answer or {})


def replaced(wanted: dict[str, Any]) -> Call:
    """Return the expected replacement of an entry."""
    return ("replace_network_acl_entry", {"NetworkAclId": ACL, **wanted}, {})


def deleted(number: int, egress: bool = False, answer: Any = None) -> Call:
    """Return the expected deletion of an entry."""
    request = {"NetworkAclId": ACL, "Egress": egress, "RuleNumber": number}
    return ("delete_network_acl_entry", request, answer or {})


def moved(subnet_id: str, acl_id: str = ACL, answer: Any = None) -> Call:
    """Return the expected move of a subnet."""
    request = {"AssociationId": f"aclassoc-{subnet_id}", "NetworkAclId": acl_id}
    return ("replace_network_acl_association", request, answer or {"NewAssociationId": "aclassoc-new"})


WRITTEN_TAGS = tag_list({"team": "platform", "Name": NAME})
SPECIFICATION = [{"ResourceType": "network-acl", "Tags": WRITTEN_TAGS}]
CREATE: Call = (
    "create_network_acl",
    {"VpcId": VPC, "TagSpecifications": SPECIFICATION},
    {"NetworkAcl": described(entries=(), subnet_ids=())},
)
DELETE: Call = ("delete_network_acl", {"NetworkAclId": ACL}, {})

MATRIX: dict[str, tuple[dict[str, Any], list[Any], list[Any], bool, dict[str, Any] | None]] = {
    # options, reads, writes (with the reads that follow them), changed, part of the returned network ACL
    "create": (
        OPTIONS,
        [found(default("subnet-1", "subnet-2"))],
        [
            CREATE,
            created(INGRESS),
            created(EGRESS),
            moved("subnet-1"),
            moved("subnet-2"),
            found(default(), described()),
        ],
        True,
        {"name": NAME, "vpc_id": VPC, "is_default": False, "ingress": [POSTGRES], "egress": [ANSWERS], "tags": TAGS},
    ),
    "no-op": (OPTIONS, [found(default(), described())], [], False, {"network_acl_id": ACL, "ingress": [POSTGRES]}),
    "update": (
        {**OPTIONS, "egress": [], "subnet_ids": ["subnet-2", "subnet-3"], "tags": {"team": "data"}},
        [found(default("subnet-3"), described(tags={**TAGS, "old": "1"}))],
        [
            ("delete_tags", {"Resources": [ACL], "Tags": [{"Key": "old"}]}, {}),
            ("create_tags", {"Resources": [ACL], "Tags": tag_list({"team": "data"})}, {}),
            deleted(100, egress=True),
            moved("subnet-3"),
            moved("subnet-1", DEFAULT),
            found(
                described(entries=(INGRESS,), subnet_ids=("subnet-3", "subnet-2"), tags={"team": "data", "Name": NAME})
            ),
        ],
        True,
        {"egress": [], "subnet_ids": ["subnet-2", "subnet-3"], "tags": {"team": "data", "Name": NAME}},
    ),
    "delete": (
        ABSENT,
        [found(default(), described())],
        [moved("subnet-1", DEFAULT), moved("subnet-2", DEFAULT), DELETE],
        True,
        None,
    ),
    "delete missing": (ABSENT, [found(default("subnet-1"))], [], False, None),
}


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize("case", MATRIX)
def test_matrix(run_module: Callable[..., Any], case: str, check_mode: bool) -> None:
    options, reads, writes, changed, part = MATRIX[case]
    outcome = run_module(ec2_network_acl, options, reads if check_mode else reads + writes, check_mode=check_mode)
    outcome.assert_made(changed, "network_acl", part)


def test_prediction_on_an_empty_account_has_the_keys_of_a_real_acl(run_module: Callable[..., Any]) -> None:
    real = run_module(ec2_network_acl, OPTIONS, [found(default(), described())]).result["network_acl"]
    unknown = {"vpc_id": "vpc-known-after-apply", "subnet_ids": ["subnet-known-after-apply", "subnet-2"]}
    rule = {**ANSWERS, "cidr_block": "cidr-known-after-apply"}
    options = {**OPTIONS, **unknown, "egress": [rule]}
    steps = [found(value="vpc-known-after-apply")]
    predicted = run_module(ec2_network_acl, options, steps, check_mode=True).result["network_acl"]
    assert set(predicted) == set(real)
    assert predicted["network_acl_id"] == "acl-known-after-apply"
    assert predicted["subnet_ids"] == sorted(unknown["subnet_ids"])
    assert predicted["egress"] == [rule]


def test_prediction_with_only_an_identifier_that_is_predicted_itself(run_module: Callable[..., Any]) -> None:
    acl_id = "acl-known-after-apply"
    steps = [found(name="network-acl-id", value=acl_id)]
    options = {"network_acl_id": acl_id, "ingress": []}
    predicted = run_module(ec2_network_acl, options, steps, check_mode=True).result["network_acl"]
    assert (predicted["network_acl_id"], predicted["vpc_id"], predicted["name"]) == (
        acl_id,
        "vpc-known-after-apply",
        None,
    )


def test_prediction_of_subnets_that_do_not_exist_yet(run_module: Callable[..., Any]) -> None:
    options = {**PLACE, "subnet_ids": ["subnet-known-after-apply", "subnet-1"]}
    outcome = run_module(ec2_network_acl, options, [found(default(), described())], check_mode=True)
    outcome.assert_made(True, "network_acl", {"subnet_ids": ["subnet-1", "subnet-known-after-apply"]})


def test_what_is_not_set_is_left_alone(run_module: Callable[..., Any]) -> None:
    outcome = run_module(ec2_network_acl, PLACE, [found(default(), described())])
    outcome.assert_made(False, "network_acl", {"tags": TAGS, "ingress": [POSTGRES], "egress": [ANSWERS]})


def test_an_empty_list_removes_everything(run_module: Callable[..., Any]) -> None:
    steps = [
        found(default(), described()),
        deleted(100),
        deleted(100, egress=True, answer="InvalidNetworkAclEntry.NotFound: gone"),
        moved("subnet-1", DEFAULT),
        moved("subnet-2", DEFAULT),
        found(described(entries=(), subnet_ids=())),
    ]
    options = {**PLACE, "ingress": [], "egress": [], "subnet_ids": []}
    empty: dict[str, Any] = {"ingress": [], "egress": [], "subnet_ids": []}
    run_module(ec2_network_acl, options, steps).assert_made(True, "network_acl", empty)


def test_a_new_acl_has_nothing_but_its_name(run_module: Callable[..., Any]) -> None:
    specification = [{"ResourceType": "network-acl", "Tags": tag_list({"Name": NAME})}]
    bare = described(entries=(), subnet_ids=(), tags={"Name": NAME})
    request = {"VpcId": VPC, "TagSpecifications": specification}
    steps = [found(default()), ("create_network_acl", request, {"NetworkAcl": bare}), found(bare)]
    run_module(ec2_network_acl, PLACE, steps).assert_made(True, "network_acl", {"ingress": [], "subnet_ids": []})


FORMS: dict[str, tuple[Rule, dict[str, Any], Rule]] = {
    # rule as it is asked for, entry of EC2, rule as it is returned
    "all, by number and with bits behind the prefix": (
        {"protocol": "-1", "cidr_block": "10.0.17.9/20"},
        {},
        {"protocol": "all", "cidr_block": "10.0.16.0/20"},
    ),
    "tcp without ports": (
        {"protocol": "06", "cidr_block": "10.0.16.0/20"},
        {"Protocol": "6", "PortRange": {"From": 0, "To": 65535}},
        {"protocol": "tcp", "cidr_block": "10.0.16.0/20", "from_port": 0, "to_port": 65535},
    ),
    "udp": (
        {"protocol": "UDP", "cidr_block": "0.0.0.0/0", "from_port": 53, "to_port": 53},
        {"Protocol": "17", "CidrBlock": "0.0.0.0/0", "PortRange": {"From": 53, "To": 53}},
        {"protocol": "udp", "cidr_block": "0.0.0.0/0", "from_port": 53, "to_port": 53},
    ),
    "icmp": (
        {"protocol": "icmp", "cidr_block": "10.0.16.0/20"},
        {"Protocol": "1", "IcmpTypeCode": {"Type": -1, "Code": -1}},
        {"protocol": "icmp", "cidr_block": "10.0.16.0/20", "icmp_type": -1, "icmp_code": -1},
    ),
    "icmpv6": (
        {"protocol": "icmpv6", "ipv6_cidr_block": "2001:0DB8:0::1/64", "icmp_type": 128},
        {"Protocol": "58", "Ipv6CidrBlock": "2001:db8::/64", "IcmpTypeCode": {"Type": 128, "Code": -1}},
        {"protocol": "icmpv6", "ipv6_cidr_block": "2001:db8::/64", "icmp_type": 128, "icmp_code": -1},
    ),
    "another protocol": (
        {"protocol": "050", "ipv6_cidr_block": "::/0"},
        {"Protocol": "50", "Ipv6CidrBlock": "::/0"},
        {"protocol": "50", "ipv6_cidr_block": "::/0"},
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_rules_have_one_form(run_module: Callable[..., Any], form: str) -> None:
    asked, members, returned = FORMS[form]
    number = {"rule_number": 7, "action": "deny"}
    written = entry(7, RuleAction="deny", **members)
    options = {**PLACE, "ingress": [{**number, **asked}]}
    after = [found(described(entries=(written,)))]
    steps = [found(described(entries=())), created(written), *after]
    part = {"ingress": [{**number, **returned}]}
    run_module(ec2_network_acl, options, steps).assert_made(True, "network_acl", part)
    run_module(ec2_network_acl, options, after).assert_made(False, "network_acl", part)
    run_module(ec2_network_acl, {**PLACE, **part}, after).assert_made(False, "network_acl", part)


def wanted(number: int, action: str = "allow", cidr_block: str = "10.0.16.0/20") -> Rule:
    """Return a rule for all protocols."""
    return {"rule_number": number, "action": action, "protocol": "all", "cidr_block": cidr_block}


def test_rules_change_without_a_moment_in_which_traffic_is_cut_off(run_module: Callable[..., Any]) -> None:
    before = (entry(110), entry(90), entry(100), entry(80, RuleAction="deny"), entry(120, RuleAction="deny"))
    rules = [wanted(120), wanted(10, "deny"), wanted(100, "deny"), wanted(200)]
    after = (entry(10, RuleAction="deny"), entry(100, RuleAction="deny"), entry(120), entry(200))
    steps = [
        found(described(entries=before)),
        # A number that is free, then one that is replaced; first what allows, then what denies.
        created(entry(200), "NetworkAclEntryLimitExceeded: no room"),
        # Only now, and no more than needed.
        deleted(80),
        created(entry(200)),
        replaced(entry(120)),
        created(entry(10, RuleAction="deny")),
        replaced(entry(100, RuleAction="deny")),
        deleted(90),
        deleted(110),
        found(described(entries=after)),
    ]
    outcome = run_module(ec2_network_acl, {**PLACE, "ingress": rules}, steps)
    ordered = sorted(rules, key=lambda rule: int(rule["rule_number"]))
    outcome.assert_made(True, "network_acl", {"ingress": ordered})
    assert [rule["rule_number"] for rule in outcome.result["diff"]["before"]["ingress"]] == [80, 90, 100, 110, 120]
    assert outcome.result["diff"]["after"]["ingress"] == ordered


def test_a_full_quota_ends_with_the_message_of_ec2(run_module: Callable[..., Any]) -> None:
    full = "NetworkAclEntryLimitExceeded: The maximum number of network acl entries has been reached."
    steps = [
        found(described(entries=(entry(90),))),
        created(entry(100), full),
        deleted(90),
        created(entry(100), full),
    ]
    message = run_module(ec2_network_acl, {**PLACE, "ingress": [wanted(100)]}, steps).message
    assert "ingress rule 100" in message
    assert "maximum number of network acl entries" in message


def test_the_run_after_an_interrupted_one_goes_on(run_module: Callable[..., Any]) -> None:
    half = described(entries=(INGRESS,), subnet_ids=("subnet-1",))
    steps = [found(default("subnet-2"), half), created(EGRESS), moved("subnet-2"), found(described())]
    run_module(ec2_network_acl, OPTIONS, steps).assert_made(True, "network_acl", {"egress": [ANSWERS]})


def test_a_new_acl_and_new_subnets_are_waited_for(run_module: Callable[..., Any], clock: Any) -> None:
    unseen = "InvalidNetworkAclID.NotFound: The networkAcl ID does not exist"
    options = {**PLACE, "ingress": [POSTGRES], "subnet_ids": ["subnet-1"], "tags": {"team": "platform"}}
    steps = [
        found(default()),
        found(default()),
        found(default("subnet-1")),
        CREATE,
        created(INGRESS, unseen),
        created(INGRESS),
        moved("subnet-1", answer=unseen),
        moved("subnet-1"),
        found(default()),
        found(default(), described(entries=(INGRESS,), subnet_ids=("subnet-1",))),
    ]
    run_module(ec2_network_acl, options, steps).assert_made(True, "network_acl", {"subnet_ids": ["subnet-1"]})
    assert clock.now > 0


def test_subnets_that_ec2_never_shows_end_the_wait_before_anything_is_made(run_module: Callable[..., Any]) -> None:
    options = {**PLACE, "subnet_ids": ["subnet-1", "subnet-typo"]}
    # One read, those of the waiter with growing pauses up to a minute, and no write.
    steps = [found(default("subnet-1"))] * 14
    message = run_module(ec2_network_acl, options, steps).message
    assert "it does not show subnet-typo" in message
    assert "Correct subnet_ids or vpc_id" in message


def test_check_mode_refuses_unknown_subnets_at_once(run_module: Callable[..., Any]) -> None:
    options = {**PLACE, "subnet_ids": ["subnet-1", "subnet-typo", "subnet-known-after-apply"]}
    message = run_module(ec2_network_acl, options, [found(default("subnet-1"))], check_mode=True).message
    assert "subnet_ids has subnet-typo, but" in message


def test_a_deletion_waits_until_the_subnets_are_gone(run_module: Callable[..., Any]) -> None:
    busy = ("delete_network_acl", {"NetworkAclId": ACL}, "DependencyViolation: has dependencies")
    steps = [found(default(), described(subnet_ids=("subnet-1",))), moved("subnet-1", DEFAULT), busy, DELETE]
    assert run_module(ec2_network_acl, ABSENT, steps).result["changed"] is True


def test_an_acl_that_somebody_else_deletes_meanwhile_is_gone(run_module: Callable[..., Any]) -> None:
    gone = ("delete_network_acl", {"NetworkAclId": ACL}, "InvalidNetworkAclID.NotFound: gone")
    assert run_module(ec2_network_acl, ABSENT, [found(default(), described(subnet_ids=())), gone]).exit_code == 0


def test_found_by_identifier_it_keeps_its_name(run_module: Callable[..., Any]) -> None:
    options = {"network_acl_id": ACL, "tags": {"team": "data"}}
    steps = [
        found(described(), name="network-acl-id", value=ACL),
        found(default(), described()),
        ("create_tags", {"Resources": [ACL], "Tags": tag_list({"team": "data"})}, {}),
        found(described(tags={"Name": NAME, "team": "data"})),
    ]
    outcome = run_module(ec2_network_acl, options, steps)
    outcome.assert_made(True, "network_acl", {"name": NAME, "tags": {"Name": NAME, "team": "data"}})


def test_found_by_identifier_it_can_be_renamed(run_module: Callable[..., Any]) -> None:
    options = {"network_acl_id": ACL, "vpc_id": VPC, "name": "database"}
    outcome = run_module(ec2_network_acl, options, [found(default(), described())], check_mode=True)
    outcome.assert_made(True, "network_acl", {"name": "database", "tags": {**TAGS, "Name": "database"}})


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
def test_an_identifier_must_exist(run_module: Callable[..., Any], check_mode: bool) -> None:
    steps = [found(name="network-acl-id", value=ACL)]
    message = run_module(ec2_network_acl, {"network_acl_id": ACL}, steps, check_mode=check_mode).message
    assert f"network_acl_id is '{ACL}', but there is no such network ACL in EC2" in message
    message = run_module(ec2_network_acl, {"network_acl_id": ACL, "vpc_id": VPC}, [found()]).message
    assert f"no such network ACL in {VPC}" in message


def test_an_identifier_that_does_not_exist_is_absent(run_module: Callable[..., Any]) -> None:
    steps = [found(name="network-acl-id", value=ACL)]
    outcome = run_module(ec2_network_acl, {"network_acl_id": ACL, "state": "absent"}, steps)
    assert outcome.result["changed"] is False


def test_the_default_acl_can_be_changed_but_gives_no_subnet_away(run_module: Callable[..., Any]) -> None:
    place = {"network_acl_id": DEFAULT, "vpc_id": VPC}
    closed = default("subnet-1")
    opened = default("subnet-1", Entries=[entry(Protocol="-1", CidrBlock="0.0.0.0/0")])
    removal: Call = ("delete_network_acl_entry", {"NetworkAclId": DEFAULT, "Egress": False, "RuleNumber": 100}, {})
    outcome = run_module(ec2_network_acl, {**place, "ingress": []}, [found(opened), removal, found(closed)])
    outcome.assert_made(True, "network_acl", {"is_default": True, "name": None, "ingress": []})
    message = run_module(ec2_network_acl, {**place, "subnet_ids": []}, [found(closed)]).message
    assert "subnet_ids is [], but" in message
    assert "['subnet-1'], which it cannot give away" in message
    steps = [found(closed, described()), ("replace_network_acl_association", *moved("subnet-2", DEFAULT)[1:])]
    joined = found(default("subnet-1", "subnet-2"), described(subnet_ids=("subnet-1",)))
    options = {**place, "subnet_ids": ["subnet-1", "subnet-2"]}
    assert run_module(ec2_network_acl, options, [*steps, joined]).result["changed"] is True


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
def test_the_default_acl_is_not_deleted(run_module: Callable[..., Any], check_mode: bool) -> None:
    options = {"network_acl_id": DEFAULT, "vpc_id": VPC, "state": "absent"}
    message = run_module(ec2_network_acl, options, [found(default("subnet-1"))], check_mode=check_mode).message
    assert f"{DEFAULT} is the default network ACL of {VPC}" in message


def test_two_acls_of_one_name_are_refused(run_module: Callable[..., Any]) -> None:
    message = run_module(ec2_network_acl, OPTIONS, [found(described("acl-2", subnet_ids=()), described())]).message
    assert f"{ACL}, acl-2" in message
    assert "network_acl_id" in message


REFUSALS: dict[str, tuple[Rule, str]] = {
    "number too low": ({"rule_number": 0}, "ingress[0].rule_number is 0, but must be from 1 to 32766"),
    "number of EC2": ({"rule_number": 32767}, "rule_number is 32767"),
    "protocol by a wrong name": ({"protocol": "tpc"}, "ingress[0].protocol is 'tpc', which is none of all, icmp"),
    "protocol by a wrong number": ({"protocol": "256"}, "protocol is '256'"),
    "icmpv6 for IPv4": ({"protocol": "58"}, "protocol is icmpv6, which only IPv6 has"),
    "ports without tcp": ({"from_port": 80, "to_port": 80}, "from_port is 80, but the protocol all has no ports"),
    "ports too high": ({"protocol": "tcp", "from_port": 80, "to_port": 65536}, "to_port is 65536"),
    "ports upside down": ({"protocol": "tcp", "from_port": 81, "to_port": 80}, "from_port is 81 and to_port is 80"),
    "type without icmp": ({"protocol": "tcp", "icmp_type": 8}, "the protocol tcp has neither"),
    "type too high": ({"protocol": "icmp", "icmp_type": 256}, "icmp_type is 256 and icmp_code is -1"),
    "code too low": ({"protocol": "icmp", "icmp_type": 8, "icmp_code": -2}, "icmp_code is -2"),
    "code without type": ({"protocol": "icmp", "icmp_code": 0}, "icmp_code is 0, but without icmp_type"),
    "one port only": ({"protocol": "tcp", "from_port": 80}, "from_port is 80 and to_port is None, but one needs"),
    "no range at all": ({"cidr_block": None}, "cidr_block is None and ipv6_cidr_block is None, but a rule has exactly"),
    "two ranges": ({"ipv6_cidr_block": "::/0"}, "ipv6_cidr_block is '::/0', but a rule has exactly one"),
    "no range": ({"cidr_block": "10.0.0.0/33"}, "ingress[0].cidr_block is '10.0.0.0/33'"),
    "no length": ({"cidr_block": "10.0.0.0"}, "cidr_block is '10.0.0.0', which is not an address range"),
    "a range of IPv6": ({"cidr_block": "::/0"}, "cidr_block is '::/0'"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_rules_that_ec2_would_refuse_are_refused_before_any_call(run_module: Callable[..., Any], case: str) -> None:
    changes, text = REFUSALS[case]
    outcome = run_module(ec2_network_acl, {**PLACE, "ingress": [{**wanted(100), **changes}]})
    assert text in outcome.message


def test_a_number_that_stands_twice_is_refused(run_module: Callable[..., Any]) -> None:
    rules = [wanted(100), wanted(110), wanted(100, "deny")]
    message = run_module(ec2_network_acl, {**PLACE, "egress": rules}).message
    assert "egress[2].rule_number is 100, which another rule of egress has as well" in message


def test_a_name_needs_its_vpc(run_module: Callable[..., Any]) -> None:
    assert "required: vpc_id, network_acl_id" in run_module(ec2_network_acl, {"name": NAME}).message


@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_name_without_a_value_names_no_acl(run_module: Callable[..., Any], state: str) -> None:
    message = run_module(ec2_network_acl, {"name": None, "vpc_id": VPC, "state": state}).message
    assert f"name is None and vpc_id is '{VPC}', but both are needed" in message

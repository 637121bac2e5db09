# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module ec2_security_group."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.modules import ec2_security_group

NAME = "production-database"
TEXT = "PostgreSQL, from the cluster only"
VPC = "vpc-0123456789abcdef0"
GROUP = "sg-00000000000000001"
CLUSTER = "sg-00000000000000002"
ACCOUNT = "123456789012"
UNKNOWN_VPC = "vpc-known-after-apply"
UNKNOWN_GROUP = "sg-known-after-apply"
TAGS = MappingProxyType({"team": "platform"})
Call = tuple[str, dict[str, Any], Any]
Rule = dict[str, Any]
Permission = dict[str, Any]

PORTS: Rule = {"protocol": "tcp", "from_port": 5432, "to_port": 5432}
POSTGRES: Rule = {**PORTS, "group_id": CLUSTER, "description": "PostgreSQL from the cluster"}
EVERYTHING: Rule = {"protocol": "all", "cidr": "0.0.0.0/0"}
PLACE = {"name": NAME, "vpc_id": VPC}
OPTIONS: dict[str, Any] = {**PLACE, "description": TEXT, "ingress": [POSTGRES], "egress": [], "tags": dict(TAGS)}
ABSENT = {**PLACE, "state": "absent"}
UNSEEN = "InvalidGroup.NotFound: The security group does not exist"
BUSY = "DependencyViolation: resource has a dependent object"
FULL = "RulesPerSecurityGroupLimitExceeded: The maximum number of rules per security group has been reached."


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as EC2 writes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def of_range(block: str, protocol: str = "-1", **members: Any) -> Permission:
    """Return the permission of a range of addresses."""
    description = {"Description": members.pop("Description")} if "Description" in members else {}
    return {"IpProtocol": protocol, **members, "IpRanges": [{"CidrIp": block, **description}]}


def of_group(group_id: str = CLUSTER, protocol: str = "tcp", **members: Any) -> Permission:
    """Return the permission of a group, unless told otherwise for PostgreSQL."""
    ports = {"FromPort": 5432, "ToPort": 5432} if protocol == "tcp" else {}
    return {"IpProtocol": protocol, **ports, "UserIdGroupPairs": [{"GroupId": group_id, **members}]}


# As the module sends it, and as EC2 describes it.
SENT = of_group(Description="PostgreSQL from the cluster")
INGRESS = of_group(Description="PostgreSQL from the cluster", UserId=ACCOUNT)
ALL_OUT = of_range("0.0.0.0/0")


def described(
    ingress: Sequence[Permission] = (INGRESS,),
    egress: Sequence[Permission] = (),
    tags: Mapping[str, str] = TAGS,
    **changes: Any,
) -> dict[str, Any]:
    """Return a security group as EC2 describes it."""
    names = {"GroupName": NAME, "GroupId": GROUP, "VpcId": VPC, "Description": TEXT, "OwnerId": ACCOUNT}
    rules = {"IpPermissions": list(ingress), "IpPermissionsEgress": list(egress)}
    return {**names, **rules, "Tags": tag_list(tags), **changes}


def found(*groups: dict[str, Any], name: str = NAME) -> Call:
    """Return the expected search for the group."""
    filters = [{"Name": "group-name", "Values": [name]}, {"Name": "vpc-id", "Values": [VPC]}]
    return ("describe_security_groups", {"Filters": filters}, {"SecurityGroups": list(groups)})


def read(answer: Any) -> Call:
    """Return the expected look at the group by its identifier."""
    shown = answer if isinstance(answer, str) else {"SecurityGroups": answer}
    return ("describe_security_groups", {"GroupIds": [GROUP]}, shown)


def written(operation: str, *permissions: Permission, answer: Any = None) -> Call:
    """Return the expected write of rules."""
    return (operation, {"GroupId": GROUP, "IpPermissions": list(permissions)}, answer or {})


def added(*permissions: Permission, answer: Any = None) -> Call:
    return written("authorize_security_group_ingress", *permissions, answer=answer)


def removed(*permissions: Permission) -> Call:
    return written("revoke_security_group_ingress", *permissions)


def created(tags: Mapping[str, str] = TAGS) -> Call:
    """Return the expected creation."""
    request: dict[str, Any] = {"GroupName": NAME, "Description": TEXT, "VpcId": VPC}
    if tags:
        request["TagSpecifications"] = [{"ResourceType": "security-group", "Tags": tag_list(tags)}]
    return ("create_security_group", request, {"GroupId": GROUP})


NEW = described((), (ALL_OUT,))
DELETE: Call = ("delete_security_group", {"GroupId": GROUP}, {})

MATRIX: dict[str, tuple[dict[str, Any], list[Any], list[Any], bool, dict[str, Any] | None]] = {
    # options, reads, writes (with the reads that follow them), changed, part of the returned security group
    "create": (
        OPTIONS,
        [found()],
        [
            created(),
            read([NEW]),
            added(SENT),
            written("revoke_security_group_egress", ALL_OUT),
            read([described()]),
        ],
        True,
        {"name": NAME, "vpc_id": VPC, "description": TEXT, "ingress": [POSTGRES], "egress": [], "tags": TAGS},
    ),
    "no-op": (OPTIONS, [found(described())], [], False, {"group_id": GROUP, "ingress": [POSTGRES], "egress": []}),
    "update": (
        {**PLACE, "ingress": [{**PORTS, "cidr": "10.0.0.0/16"}], "tags": {"team": "data"}},
        [found(described(egress=(ALL_OUT,), tags={**TAGS, "old": "1"}))],
        [
            ("delete_tags", {"Resources": [GROUP], "Tags": [{"Key": "old"}]}, {}),
            ("create_tags", {"Resources": [GROUP], "Tags": tag_list({"team": "data"})}, {}),
            added(of_range("10.0.0.0/16", "tcp", FromPort=5432, ToPort=5432)),
            removed(SENT),
            read(
                [described((of_range("10.0.0.0/16", "tcp", FromPort=5432, ToPort=5432),), (ALL_OUT,), {"team": "data"})]
            ),
        ],
        True,
        {"ingress": [{**PORTS, "cidr": "10.0.0.0/16"}], "egress": [EVERYTHING], "tags": {"team": "data"}},
    ),
    "delete": (ABSENT, [found(described())], [DELETE], True, None),
    "delete missing": (ABSENT, [found()], [], False, None),
}


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize("case", MATRIX)
def test_matrix(run_module: Callable[..., Any], case: str, check_mode: bool) -> None:
    options, reads, writes, changed, part = MATRIX[case]
    outcome = run_module(ec2_security_group, options, reads if check_mode else reads + writes, check_mode=check_mode)
    outcome.assert_made(changed, "security_group", part)


def test_prediction_on_an_empty_account_has_the_keys_of_a_real_group_and_asks_ec2_nothing(
    run_module: Callable[..., Any],
) -> None:
    real = run_module(ec2_security_group, OPTIONS, [found(described())]).result["security_group"]
    rules = [
        {**PORTS, "group_id": UNKNOWN_GROUP},
        {"protocol": "all", "self": True},
        {**PORTS, "cidr": "cidr-known-after-apply"},
    ]
    options = {**OPTIONS, "vpc_id": UNKNOWN_VPC, "ingress": rules, "egress": None}
    predicted = run_module(ec2_security_group, options, check_mode=True).result["security_group"]
    assert set(predicted) == set(real)
    assert (predicted["group_id"], predicted["vpc_id"]) == (UNKNOWN_GROUP, UNKNOWN_VPC)
    assert predicted["ingress"] == [{"protocol": "all", "group_id": UNKNOWN_GROUP}, rules[2], rules[0]]
    assert predicted["egress"] == [EVERYTHING]


@pytest.mark.parametrize("option", ["vpc_id", "ingress"])
def test_predicted_values_are_not_written(run_module: Callable[..., Any], option: str) -> None:
    predicted = {"vpc_id": UNKNOWN_VPC, "ingress": [{**PORTS, "group_id": UNKNOWN_GROUP}]}
    message = run_module(ec2_security_group, {**OPTIONS, option: predicted[option]}).message
    assert message.startswith(f"{option} is ")
    assert "which check mode predicts" in message


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
def test_there_is_no_group_in_a_vpc_that_does_not_exist(run_module: Callable[..., Any], check_mode: bool) -> None:
    outcome = run_module(ec2_security_group, {**ABSENT, "vpc_id": UNKNOWN_VPC}, check_mode=check_mode)
    outcome.assert_made(False, "security_group", None)


def test_what_is_not_set_is_left_alone(run_module: Callable[..., Any]) -> None:
    outcome = run_module(ec2_security_group, PLACE, [found(described(egress=(ALL_OUT,)))])
    part = {"description": TEXT, "ingress": [POSTGRES], "egress": [EVERYTHING], "tags": TAGS}
    outcome.assert_made(False, "security_group", part)


def test_a_new_group_without_rules_and_tags_keeps_the_rule_that_ec2_gives_it(run_module: Callable[..., Any]) -> None:
    bare = described((), (ALL_OUT,), {})
    steps = [found(), created({}), read([bare]), read([bare])]
    outcome = run_module(ec2_security_group, {**PLACE, "description": TEXT}, steps)
    outcome.assert_made(True, "security_group", {"ingress": [], "egress": [EVERYTHING], "tags": {}})


def test_a_new_group_lets_out_what_is_wanted_only_when_ec2_had_a_rule_for_ipv6_too(
    run_module: Callable[..., Any],
) -> None:
    all_out = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
    steps = [
        found(),
        created(),
        read([described((), (all_out,))]),
        written("revoke_security_group_egress", {"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}),
        read([described((), (ALL_OUT,))]),
    ]
    outcome = run_module(ec2_security_group, {**OPTIONS, "ingress": [], "egress": [EVERYTHING]}, steps)
    outcome.assert_made(True, "security_group", {"egress": [EVERYTHING]})


def test_a_group_that_lets_its_members_reach_each_other(run_module: Callable[..., Any]) -> None:
    rule = {"protocol": "all", "self": True}
    itself = described((of_group(GROUP, "-1", UserId=ACCOUNT),))
    steps = [found(), created(), read([NEW]), added(of_group(GROUP, "-1")), read([itself])]
    options = {**OPTIONS, "ingress": [rule]}
    del options["egress"]
    part = {"ingress": [{"protocol": "all", "group_id": GROUP}]}
    outcome = run_module(ec2_security_group, options, steps)
    outcome.assert_made(True, "security_group", part)
    assert outcome.result["diff"]["after"]["ingress"] == [{"protocol": "all", "group_id": UNKNOWN_GROUP}]
    run_module(ec2_security_group, options, [found(itself)]).assert_made(False, "security_group", part)
    by_id = {**options, **part}
    run_module(ec2_security_group, by_id, [found(itself)]).assert_made(False, "security_group", part)


FORMS: dict[str, tuple[Rule, Permission, Rule]] = {
    # rule as it is asked for, permission of EC2, rule as it is returned
    "all, by number and with bits behind the prefix": (
        {"protocol": "-1", "cidr": "10.0.17.9/20", "self": False},
        of_range("10.0.16.0/20"),
        {"protocol": "all", "cidr": "10.0.16.0/20"},
    ),
    "tcp without ports": (
        {"protocol": "06", "cidr": "10.0.16.0/20", "description": ""},
        of_range("10.0.16.0/20", "tcp", FromPort=0, ToPort=65535),
        {"protocol": "tcp", "from_port": 0, "to_port": 65535, "cidr": "10.0.16.0/20"},
    ),
    "udp with a description": (
        {"protocol": "UDP", "cidr": "0.0.0.0/0", "from_port": 53, "to_port": 53, "description": "DNS"},
        of_range("0.0.0.0/0", "udp", FromPort=53, ToPort=53, Description="DNS"),
        {"protocol": "udp", "from_port": 53, "to_port": 53, "cidr": "0.0.0.0/0", "description": "DNS"},
    ),
    "icmp": (
        {"protocol": "1", "cidr": "10.0.16.0/20"},
        of_range("10.0.16.0/20", "icmp", FromPort=-1, ToPort=-1),
        {"protocol": "icmp", "from_port": -1, "to_port": -1, "cidr": "10.0.16.0/20"},
    ),
    "icmp of one type": (
        {"protocol": "icmp", "cidr": "10.0.16.0/20", "from_port": 8, "to_port": -1},
        of_range("10.0.16.0/20", "icmp", FromPort=8, ToPort=-1),
        {"protocol": "icmp", "from_port": 8, "to_port": -1, "cidr": "10.0.16.0/20"},
    ),
    "icmpv6": (
        {"protocol": "58", "group_id": CLUSTER},
        {**of_group(protocol="icmpv6"), "FromPort": -1, "ToPort": -1},
        {"protocol": "icmpv6", "from_port": -1, "to_port": -1, "group_id": CLUSTER},
    ),
    "another protocol": (
        {"protocol": "050", "cidr": "10.0.16.0/20"},
        of_range("10.0.16.0/20", "50"),
        {"protocol": "50", "cidr": "10.0.16.0/20"},
    ),
    "a group of another account": (
        {"protocol": "all", "group_id": f"210987654321/{CLUSTER}"},
        of_group(protocol="-1", UserId="210987654321"),
        {"protocol": "all", "group_id": f"210987654321/{CLUSTER}"},
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_rules_have_one_form(run_module: Callable[..., Any], form: str) -> None:
    asked, permission, returned = FORMS[form]
    after = described((permission,))
    options = {**PLACE, "ingress": [asked]}
    part = {"ingress": [returned]}
    steps = [found(described(())), added(permission), read([after])]
    run_module(ec2_security_group, options, steps).assert_made(True, "security_group", part)
    run_module(ec2_security_group, options, [found(after)]).assert_made(False, "security_group", part)
    run_module(ec2_security_group, {**PLACE, **part}, [found(after)]).assert_made(False, "security_group", part)


def test_rules_are_told_apart_although_ec2_puts_them_together(run_module: Callable[..., Any]) -> None:
    web = {"protocol": "tcp", "from_port": 443, "to_port": 443}
    together = {
        "IpProtocol": "tcp",
        "FromPort": 443,
        "ToPort": 443,
        "IpRanges": [{"CidrIp": "10.1.0.0/16", "Description": "one"}, {"CidrIp": "10.2.0.0/16"}],
        "Ipv6Ranges": [{"CidrIpv6": "2001:db8::/64"}],
        "PrefixListIds": [{"PrefixListId": "pl-1"}],
        "UserIdGroupPairs": [{"GroupId": CLUSTER, "UserId": ACCOUNT}, {"GroupId": "sg-3", "UserId": "210987654321"}],
    }
    only = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    rest = {**only, "IpRanges": [{"CidrIp": "10.1.0.0/16", "Description": "one"}]}
    steps = [
        found(described((together,))),
        removed(
            {**only, "IpRanges": [{"CidrIp": "10.2.0.0/16"}]},
            {**only, "UserIdGroupPairs": [{"GroupId": "sg-3", "UserId": "210987654321"}]},
            {**only, "UserIdGroupPairs": [{"GroupId": CLUSTER}]},
            {**only, "Ipv6Ranges": [{"CidrIpv6": "2001:db8::/64"}]},
            {**only, "PrefixListIds": [{"PrefixListId": "pl-1"}]},
        ),
        read([described((rest,))]),
    ]
    kept = {**web, "cidr": "10.1.0.0/16", "description": "one"}
    outcome = run_module(ec2_security_group, {**PLACE, "ingress": [kept]}, steps)
    outcome.assert_made(True, "security_group", {"ingress": [kept]})
    assert outcome.result["diff"]["before"]["ingress"] == [
        kept,
        {**web, "cidr": "10.2.0.0/16"},
        {**web, "group_id": "210987654321/sg-3"},
        {**web, "group_id": CLUSTER},
        {**web, "ipv6_cidr": "2001:db8::/64"},
        {**web, "prefix_list_id": "pl-1"},
    ]


@pytest.mark.parametrize("text", ["PostgreSQL", None])
def test_a_description_changes_while_its_rule_stays(run_module: Callable[..., Any], text: str | None) -> None:
    changed = {"Description": text} if text else {}
    steps = [
        found(described()),
        written("update_security_group_rule_descriptions_ingress", of_group(**changed)),
        read([described((of_group(**changed, UserId=ACCOUNT),))]),
    ]
    wanted = {**PORTS, "group_id": CLUSTER, "description": text}
    shown = {name: value for name, value in wanted.items() if value}
    outcome = run_module(ec2_security_group, {**PLACE, "ingress": [wanted]}, steps)
    outcome.assert_made(True, "security_group", {"ingress": [shown]})


@pytest.mark.parametrize("room", [True, False], ids=["room", "no room"])
def test_old_rules_go_first_only_where_new_ones_have_no_room_beside_them(
    run_module: Callable[..., Any], room: bool
) -> None:
    new = of_range("10.0.0.0/16")
    between = [added(new), removed(SENT)] if room else [added(new, answer=FULL), removed(SENT), added(new)]
    steps = [found(described()), *between, read([described((new,))])]
    options = {**PLACE, "ingress": [{"protocol": "all", "cidr": "10.0.0.0/16"}]}
    assert run_module(ec2_security_group, options, steps).result["changed"] is True


def test_a_full_quota_ends_with_the_message_of_ec2(run_module: Callable[..., Any]) -> None:
    new = of_range("10.0.0.0/16")
    steps = [found(described(())), added(new, answer=FULL), added(new, answer=FULL)]
    options = {**PLACE, "ingress": [{"protocol": "all", "cidr": "10.0.0.0/16"}]}
    message = run_module(ec2_security_group, options, steps).message
    assert f"Failed to add ingress rules of {GROUP}" in message
    assert "maximum number of rules" in message


def test_what_ec2_does_not_show_at_once_is_waited_for(run_module: Callable[..., Any], clock: Any) -> None:
    steps = [
        found(),
        created(),
        read(UNSEEN),
        read([]),
        # Before its rule shows.
        read([described((), ())]),
        read([NEW]),
        # The group that the rule names.
        added(SENT, answer=UNSEEN),
        added(SENT),
        written("revoke_security_group_egress", ALL_OUT),
        read(UNSEEN),
        read([NEW]),
        read([described()]),
    ]
    run_module(ec2_security_group, OPTIONS, steps).assert_made(True, "security_group", {"egress": []})
    assert clock.now > 0


def test_nothing_waits_when_ec2_shows_everything_at_once(run_module: Callable[..., Any], clock: Any) -> None:
    options, reads, writes, *_rest = MATRIX["create"]
    assert run_module(ec2_security_group, options, reads + writes).exit_code == 0
    assert clock.now == 0


def test_rules_that_ec2_never_shows_end_the_wait(run_module: Callable[..., Any]) -> None:
    options = {**PLACE, "ingress": [POSTGRES]}
    steps = [found(described(())), added(SENT), *[read([described(())])] * 13]
    message = run_module(ec2_security_group, options, steps).message
    assert f"waiting for EC2 to show the rules of {GROUP} as they were written: it shows ingress otherwise" in message


def test_the_run_after_an_interrupted_one_goes_on(run_module: Callable[..., Any]) -> None:
    half = described(egress=(ALL_OUT,))
    steps = [found(half), written("revoke_security_group_egress", ALL_OUT), read([described()])]
    run_module(ec2_security_group, OPTIONS, steps).assert_made(True, "security_group", {"egress": []})


def test_only_the_group_of_exactly_this_name_is_meant(run_module: Callable[..., Any]) -> None:
    """Filters take an asterisk for anything."""
    other = described(GroupName="production-one")
    options = {**PLACE, "name": "production-*", "description": TEXT}
    outcome = run_module(ec2_security_group, options, [found(other, name="production-*")], check_mode=True)
    outcome.assert_made(True, "security_group", {"group_id": UNKNOWN_GROUP})


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
def test_another_description_is_refused(run_module: Callable[..., Any], check_mode: bool) -> None:
    options = {**OPTIONS, "description": "another"}
    message = run_module(ec2_security_group, options, [found(described())], check_mode=check_mode).message
    assert f"description is '{TEXT}' and cannot be changed to 'another'" in message


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
def test_a_new_group_needs_a_description(run_module: Callable[..., Any], check_mode: bool) -> None:
    message = run_module(ec2_security_group, PLACE, [found()], check_mode=check_mode).message
    assert f"description is None, but {NAME} does not exist in {VPC}" in message


DEFAULT = {"name": "default", "vpc_id": VPC}
CLOSED: dict[str, Any] = {"ingress": [], "egress": []}
OPENED = described((of_group(GROUP, "-1", UserId=ACCOUNT),), (ALL_OUT,), {}, GroupName="default")


def test_the_default_group_is_closed(run_module: Callable[..., Any], clock: Any) -> None:
    steps = [
        found(name="default"),
        found(name="default"),
        found(OPENED, name="default"),
        removed(of_group(GROUP, "-1")),
        written("revoke_security_group_egress", ALL_OUT),
        read([described((), (), {}, GroupName="default")]),
    ]
    run_module(ec2_security_group, {**DEFAULT, **CLOSED}, steps).assert_made(True, "security_group", CLOSED)
    assert clock.now > 0


def test_the_default_group_is_predicted_with_its_vpc(run_module: Callable[..., Any]) -> None:
    options = {**DEFAULT, "vpc_id": UNKNOWN_VPC, "description": "default VPC security group"}
    outcome = run_module(ec2_security_group, {**options, **CLOSED}, check_mode=True)
    outcome.assert_made(True, "security_group", {**CLOSED, "group_id": UNKNOWN_GROUP})
    assert outcome.result["diff"]["before"]["egress"] == [EVERYTHING]
    itself = {"ingress": [{"protocol": "all", "self": True}], "egress": [EVERYTHING]}
    outcome = run_module(ec2_security_group, {**options, **itself}, check_mode=True)
    outcome.assert_made(False, "security_group", {"egress": [EVERYTHING]})


def test_a_vpc_without_its_default_group_is_refused(run_module: Callable[..., Any]) -> None:
    steps = [found(name="default")]
    message = run_module(ec2_security_group, {**DEFAULT, **CLOSED}, steps, check_mode=True).message
    assert f"EC2 does not show the security group default of {VPC}, which every VPC has. Correct vpc_id." in message
    message = run_module(ec2_security_group, {**DEFAULT, **CLOSED}, steps * 14).message
    assert f"waiting for the security group default of {VPC} to show" in message


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
def test_the_default_group_is_not_deleted(run_module: Callable[..., Any], check_mode: bool) -> None:
    message = run_module(ec2_security_group, {**DEFAULT, "state": "absent"}, check_mode=check_mode).message
    assert f"name is 'default', the group that EC2 deletes only together with {VPC}" in message


def test_a_deletion_waits_for_network_interfaces_that_aws_takes_away(
    run_module: Callable[..., Any], clock: Any
) -> None:
    busy = (*DELETE[:2], BUSY)
    assert run_module(ec2_security_group, ABSENT, [found(described()), busy, busy, DELETE]).result["changed"] is True
    assert clock.now > 0


def test_a_group_that_somebody_else_deletes_meanwhile_is_gone(run_module: Callable[..., Any]) -> None:
    assert run_module(ec2_security_group, ABSENT, [found(described()), (*DELETE[:2], UNSEEN)]).exit_code == 0


def test_a_deletion_that_ec2_refuses_is_reported(run_module: Callable[..., Any]) -> None:
    steps = [found(described()), (*DELETE[:2], "UnauthorizedOperation: You are not authorized")]
    message = run_module(ec2_security_group, ABSENT, steps).message
    assert f"Failed to delete the security group {GROUP}" in message


def users(
    interfaces: list[dict[str, Any]], entering: list[dict[str, Any]], leaving: list[dict[str, Any]]
) -> list[Call]:
    """Return the expected search for what uses the group."""

    def naming(name: str, groups: list[dict[str, Any]]) -> Call:
        filters = [{"Name": name, "Values": [GROUP]}]
        return ("describe_security_groups", {"Filters": filters}, {"SecurityGroups": groups})

    filters = [{"Name": "group-id", "Values": [GROUP]}]
    return [
        naming("ip-permission.group-id", entering),
        naming("egress.ip-permission.group-id", leaving),
        ("describe_network_interfaces", {"Filters": filters}, {"NetworkInterfaces": interfaces}),
    ]


def test_what_still_uses_a_group_is_named_when_the_time_is_over(run_module: Callable[..., Any]) -> None:
    interface = {"NetworkInterfaceId": "eni-1", "Description": "ELB app/web/1"}
    others = [described(GroupId=CLUSTER), described(GroupId="sg-3")]
    steps = [
        found(described()),
        *[(*DELETE[:2], BUSY)] * 2,
        *users([interface], [described(), others[0]], [others[1]]),
    ]
    message = run_module(ec2_security_group, {**ABSENT, "wait_timeout": 2}, steps).message
    assert f"Timeout after 2 s waiting for the security group {GROUP} to be used no more" in message
    assert f"used by eni-1 (ELB app/web/1), rules of {CLUSTER}, rules of sg-3." in message
    assert "larger wait_timeout" in message


def test_a_group_that_nothing_seems_to_use(run_module: Callable[..., Any]) -> None:
    steps = [found(described()), (*DELETE[:2], BUSY), *users([], [], [])]
    message = run_module(ec2_security_group, {**ABSENT, "wait_timeout": 0}, steps).message
    assert "used by what EC2 does not show" in message


REFUSALS: dict[str, tuple[Rule, str]] = {
    "protocol by a wrong name": ({"protocol": "tpc"}, "ingress[0].protocol is 'tpc', which is none of all, icmp"),
    "protocol by a wrong number": ({"protocol": "256"}, "protocol is '256'"),
    "icmpv6 for IPv4": ({"protocol": "58"}, "protocol is icmpv6, which only IPv6 has"),
    "one port only": ({"protocol": "tcp", "from_port": 80}, "from_port is 80 and to_port is None, but one needs"),
    "ports without tcp": ({"from_port": 80, "to_port": 80}, "to_port is 80, but the protocol all has no ports"),
    "ports too high": ({"protocol": "tcp", "from_port": 80, "to_port": 65536}, "to_port is 65536"),
    "ports upside down": ({"protocol": "udp", "from_port": 81, "to_port": 80}, "from_port is 81 and to_port is 80"),
    "type too high": (
        {"protocol": "icmp", "from_port": 256, "to_port": 0},
        "from_port is 256 and to_port is 0, but for",
    ),
    "code too low": ({"protocol": "icmp", "from_port": 8, "to_port": -2}, "to_port is -2, but for icmp they are type"),
    "code without type": ({"protocol": "icmp", "from_port": -1, "to_port": 0}, "any type has any code"),
    "no other end": ({"cidr": None}, "cidr is None, group_id is None and self is None, but a rule has exactly one"),
    "not even itself": ({"cidr": None, "self": False}, "self is False, but a rule has exactly one"),
    "two other ends": ({"self": True}, "cidr is '10.0.0.0/16', group_id is None and self is True"),
    "no range": ({"cidr": "10.0.0.0/33"}, "ingress[0].cidr is '10.0.0.0/33', which is no range"),
    "no length": ({"cidr": "10.0.0.0"}, "cidr is '10.0.0.0', which is no range"),
    "a range of IPv6": ({"cidr": "::/0"}, "cidr is '::/0', which is no range of IPv4"),
    "a name for a group": ({"cidr": None, "group_id": "cluster"}, "group_id is 'cluster', which is no identifier"),
    "characters of no description": ({"description": "a < b"}, "description is 'a < b', but may have"),
    "a long description": ({"description": "a" * 256}, "but may have 255 characters at most"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_rules_that_ec2_would_refuse_are_refused_before_any_call(run_module: Callable[..., Any], case: str) -> None:
    changes, text = REFUSALS[case]
    rule = {"protocol": "all", "cidr": "10.0.0.0/16", **changes}
    assert text in run_module(ec2_security_group, {**OPTIONS, "ingress": [rule]}).message


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"name": ""}, "name is '', but must neither be empty"),
        ({"name": "sg-mine"}, "name is 'sg-mine', but must neither be empty, nor begin with sg-"),
        ({"name": "mine "}, "name is 'mine ', but"),
        ({"name": "mine%"}, "name is 'mine%', but may have 255 characters at most"),
        ({"description": "Köln"}, "description is 'Köln', but may have"),
    ],
)
def test_names_that_ec2_would_refuse_or_change_are_refused_before_any_call(
    run_module: Callable[..., Any], changes: dict[str, str], text: str
) -> None:
    assert text in run_module(ec2_security_group, {**OPTIONS, **changes}).message


@pytest.mark.parametrize(
    "rules",
    [
        [EVERYTHING, POSTGRES, {**EVERYTHING, "protocol": "-1", "description": "again"}],
        [{"protocol": "all", "self": True}, POSTGRES, {"protocol": "all", "group_id": GROUP}],
    ],
    ids=["range", "group"],
)
def test_a_rule_that_stands_twice_is_refused_before_anything_is_written(
    run_module: Callable[..., Any], rules: list[Rule]
) -> None:
    message = run_module(ec2_security_group, {**PLACE, "egress": rules}, [found(described())]).message
    assert "egress[2] lets the same through as egress[0]: all and " in message


def test_two_groups_that_do_not_exist_yet_may_be_two(run_module: Callable[..., Any]) -> None:
    rules = [{"protocol": "all", "group_id": UNKNOWN_GROUP}] * 2
    outcome = run_module(ec2_security_group, {**PLACE, "egress": rules}, [found(described())], check_mode=True)
    outcome.assert_made(True, "security_group", {"egress": rules})

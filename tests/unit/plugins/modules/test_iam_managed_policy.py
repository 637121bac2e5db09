# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module iam_managed_policy."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from ansible_collections.supastack.aws.plugins.modules import iam_managed_policy

ARN = "arn:aws:iam::123456789012:policy/reader"
PLACE = {"PolicyArn": ARN}
Call = tuple[str, dict[str, Any], Any]


def document(action: str | list[str] = "s3:ListBucket", **members: Any) -> dict[str, Any]:
    """Return a policy document."""
    statement = {"Effect": "Allow", "Action": action, "Resource": "*", **members}
    return {"Version": "2012-10-17", "Statement": [statement]}


READ_OBJECTS = document("s3:GetObject")
OPTIONS: dict[str, Any] = {
    "name": "reader",
    "description": "Reads",
    "policy": document(),
    "tags": {"team": "platform"},
}
CHANGED: dict[str, Any] = {"name": "reader", "policy": READ_OBJECTS, "tags": {"size": 1}}
ABSENT = {"name": "reader", "state": "absent"}
# The account is asked for once by each run, from another service.
IDENTITY: Call = (
    "get_caller_identity",
    {},
    {"Account": "123456789012", "Arn": "arn:aws:sts::123456789012:assumed-role/deployer/session"},
)
SERVICES = {"sts": [IDENTITY]}


def text(content: dict[str, Any]) -> str:
    """Return a document in the form in which it is sent."""
    return json.dumps(content, separators=(",", ":"))


def described(version: str = "v1", tags: dict[str, str] | None = None, **members: Any) -> Call:
    """Return the expected call that describes the policy."""
    tags = {"team": "platform"} if tags is None else tags
    policy = {
        "PolicyName": "reader",
        "PolicyId": "ANPAEXAMPLE0123456789",
        "Arn": ARN,
        "Path": "/",
        "DefaultVersionId": version,
        "AttachmentCount": 1,
        "Description": "Reads",
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        **members,
    }
    return ("get_policy", PLACE, {"Policy": policy})


def content(of: dict[str, Any] | None = None, version: str = "v1") -> Call:
    """Return the expected call that reads a version, whose document comes URL-encoded."""
    answer = {"PolicyVersion": {"Document": quote(text(of or document())), "VersionId": version}}
    return ("get_policy_version", {**PLACE, "VersionId": version}, answer)


def read(version: str = "v1", of: dict[str, Any] | None = None, **described_as: Any) -> list[Call]:
    """Return the expected calls that read the policy."""
    return [described(version, **described_as), content(of, version)]


def listed(*versions: str, default: str = "v1") -> Call:
    """Return the expected call that lists the versions."""
    answer = [{"VersionId": version, "IsDefaultVersion": version == default} for version in versions]
    return ("list_policy_versions", PLACE, {"Versions": answer, "IsTruncated": False})


def version_deleted(version: str) -> Call:
    """Return the expected call that deletes a version."""
    return ("delete_policy_version", {**PLACE, "VersionId": version}, {})


def having(usage: str, **entities: list[dict[str, str]]) -> Call:
    """Return the expected call that lists who has the policy."""
    request = {**PLACE, "PolicyUsageFilter": usage}
    return ("list_entities_for_policy", request, {"IsTruncated": False, **entities})


MISSING: Call = ("get_policy", PLACE, "NoSuchEntity: Policy not found")
CREATE_REQUEST = {
    "PolicyName": "reader",
    "Path": "/",
    "PolicyDocument": text(document()),
    "Description": "Reads",
    "Tags": [{"Key": "team", "Value": "platform"}],
}
CREATE: Call = ("create_policy", CREATE_REQUEST, {"Policy": {"Arn": ARN}})
TAKEN: Call = ("create_policy", CREATE_REQUEST, "EntityAlreadyExists: A policy called reader already exists.")
VERSION_REQUEST = {**PLACE, "PolicyDocument": text(READ_OBJECTS), "SetAsDefault": True}
CREATE_VERSION: Call = ("create_policy_version", VERSION_REQUEST, {"PolicyVersion": {"VersionId": "v2"}})
TAG: Call = ("tag_policy", {**PLACE, "Tags": [{"Key": "size", "Value": "1"}]}, {})
UNTAG: Call = ("untag_policy", {**PLACE, "TagKeys": ["team"]}, {})
DELETE: Call = ("delete_policy", PLACE, {})
UNUSED = [having("PermissionsBoundary"), having("PermissionsPolicy")]
USED = [
    having("PermissionsBoundary"),
    having(
        "PermissionsPolicy",
        PolicyRoles=[{"RoleName": "b"}, {"RoleName": "a"}],
        PolicyUsers=[{"UserName": "c"}],
        PolicyGroups=[{"GroupName": "d"}],
    ),
]
DETACH: list[Call] = [
    ("detach_role_policy", {**PLACE, "RoleName": "b"}, {}),
    ("detach_role_policy", {**PLACE, "RoleName": "a"}, "NoSuchEntity: gone"),
    ("detach_user_policy", {**PLACE, "UserName": "c"}, {}),
    ("detach_group_policy", {**PLACE, "GroupName": "d"}, {}),
]

MATRIX: dict[str, tuple[dict[str, Any], list[Call], list[Call], bool, dict[str, Any] | None]] = {
    # options, reads, writes (with the reads that follow them), changed, part of the returned policy
    "create": (
        OPTIONS,
        [MISSING],
        [CREATE, *read()],
        True,
        {"arn": ARN, "name": "reader", "path": "/", "default_version_id": "v1", "document": document()},
    ),
    "no-op": (OPTIONS, read(), [], False, {"arn": ARN, "attachment_count": 1, "document": document()}),
    "update": (
        CHANGED,
        read(),
        [
            *[listed("v1"), CREATE_VERSION, version_deleted("v1"), UNTAG, TAG],
            *read("v2", READ_OBJECTS, tags={"size": "1"}),
        ],
        True,
        {"document": READ_OBJECTS, "tags": {"size": "1"}, "description": "Reads"},
    ),
    "clear": ({"name": "reader", "tags": {}}, read(), [UNTAG, *read(tags={})], True, {"tags": {}}),
    "nothing named": ({"name": "reader"}, read(), [], False, {"description": "Reads", "tags": {"team": "platform"}}),
    "delete": (ABSENT, read(), [*UNUSED, listed("v1"), DELETE], True, None),
    "delete what is attached": (
        {**ABSENT, "detach": True},
        read(),
        [*USED, *DETACH, listed("v3", "v1", "v2"), version_deleted("v2"), version_deleted("v3"), DELETE],
        True,
        None,
    ),
    "delete missing": (ABSENT, [MISSING], [], False, None),
}


@pytest.fixture
def run(run_module: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that runs the module against expected calls of IAM."""

    def run(options: dict[str, Any], steps: list[Call], **settings: Any) -> Any:
        return run_module(iam_managed_policy, options, steps, **{"services": SERVICES, **settings})

    return run


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize("case", MATRIX)
def test_matrix(run: Callable[..., Any], case: str, check_mode: bool) -> None:
    options, reads, writes, changed, policy = MATRIX[case]
    outcome = run(options, reads if check_mode else reads + writes, check_mode=check_mode)
    outcome.assert_made(changed, "policy", policy)


def test_prediction_is_the_real_policy(run: Callable[..., Any]) -> None:
    unattached = [described(AttachmentCount=0, PolicyId="policy-known-after-apply"), content()]
    real = run(OPTIONS, unattached).result["policy"]
    assert run(OPTIONS, [MISSING], check_mode=True).result["policy"] == real


def test_the_version_of_a_changed_document_is_predicted_as_unknown(run: Callable[..., Any]) -> None:
    predicted = run(CHANGED, read(), check_mode=True).result["policy"]
    assert predicted["default_version_id"] == "v-known-after-apply"
    assert run({"name": "reader", "tags": {}}, read(), check_mode=True).result["policy"]["default_version_id"] == "v1"


def test_check_mode_takes_a_document_that_names_what_does_not_exist(run: Callable[..., Any]) -> None:
    policy = document(Resource="arn:aws:kms:eu-west-1:known-after-apply")
    options = {"name": "reader", "description": "description-known-after-apply", "policy": policy}
    outcome = run(options, read(), check_mode=True)
    assert outcome.result["policy"]["document"] == policy


def test_the_arn_is_that_of_partition_account_and_path(run: Callable[..., Any]) -> None:
    arn = "arn:aws-cn:iam::210987654321:policy/supastack/a/reader"
    identity = {"Account": "210987654321", "Arn": "arn:aws-cn:iam::210987654321:user/deployer"}
    outcome = run(
        {**OPTIONS, "path": "/supastack/a/"},
        [("get_policy", {"PolicyArn": arn}, "NoSuchEntity: no")],
        check_mode=True,
        services={"sts": [("get_caller_identity", {}, identity)]},
    )
    assert outcome.result["policy"]["arn"] == arn


def test_a_refusal_to_tell_the_account_is_named(run: Callable[..., Any]) -> None:
    refused: Call = ("get_caller_identity", {}, "ExpiredToken: The security token included in the request is expired")
    message = run(OPTIONS, [], services={"sts": [refused], "iam": []}).message
    assert "Failed to ask for the account of these credentials" in message
    assert "ExpiredToken" in message


@pytest.mark.parametrize(
    ("current", "wanted"),
    [
        (document(), {"Statement": document()["Statement"][0], "Version": "2012-10-17"}),
        (document("s3:ListBucket"), document(["s3:ListBucket"])),
        (document(Resource=["a", "b"]), document(Resource=["b", "a"])),
        (document(Condition={"Bool": {"a": "true"}}), document(Condition={"Bool": {"a": True}})),
        (document(Condition={"NumericEquals": {"a": "1.5"}}), document(Condition={"NumericEquals": {"a": 1.5}})),
    ],
)
def test_documents_that_mean_the_same_are_no_change(
    run: Callable[..., Any], current: dict[str, Any], wanted: dict[str, Any]
) -> None:
    for policy in (wanted, json.dumps(wanted, indent=2)):
        outcome = run({"name": "reader", "policy": policy}, read(of=current))
        assert outcome.result["changed"] is False
        assert outcome.result["policy"]["document"] == current


def test_numbers_with_a_point_are_compared(run: Callable[..., Any]) -> None:
    current, wanted = (document(Condition={"NumericLessThan": {"a": number}}) for number in (1.5, 2.5))
    assert run({"name": "reader", "policy": wanted}, read(of=current), check_mode=True).result["changed"] is True


@pytest.mark.parametrize("prune", [True, False])
def test_the_oldest_version_makes_room(run: Callable[..., Any], prune: bool) -> None:
    created = (*CREATE_VERSION[:2], {"PolicyVersion": {"VersionId": "v12"}})
    pruned = [version_deleted(version) for version in ("v9", "v10", "v11", "v7")] if prune else []
    steps = [
        *read("v7"),
        listed("v11", "v10", "v9", "v8", "v7", default="v7"),
        version_deleted("v8"),
        created,
        *pruned,
        *read("v12", READ_OBJECTS),
    ]
    outcome = run({"name": "reader", "policy": READ_OBJECTS, "prune_versions": prune}, steps)
    assert outcome.result["policy"]["default_version_id"] == "v12"


def test_versions_are_kept_on_request(run: Callable[..., Any]) -> None:
    steps = [*read(), listed("v1"), CREATE_VERSION, *read("v2", READ_OBJECTS)]
    outcome = run({"name": "reader", "policy": READ_OBJECTS, "prune_versions": False}, steps)
    assert outcome.result["policy"]["document"] == READ_OBJECTS


def test_a_version_that_iam_takes_for_the_default_is_tried_again(run: Callable[..., Any]) -> None:
    busy = (*version_deleted("v1")[:2], "DeleteConflict: Cannot delete the default version of a policy.")
    steps = [*read(), listed("v1"), CREATE_VERSION, busy, version_deleted("v1"), *read("v2", READ_OBJECTS)]
    assert run({"name": "reader", "policy": READ_OBJECTS}, steps).result["changed"] is True


def test_a_new_default_version_is_waited_for(run: Callable[..., Any]) -> None:
    steps = [*read(), listed("v1"), CREATE_VERSION, version_deleted("v1"), *read(), *read("v2", READ_OBJECTS)]
    assert run({"name": "reader", "policy": READ_OBJECTS}, steps).result["policy"]["default_version_id"] == "v2"


def test_a_default_version_that_does_not_show_is_named(run: Callable[..., Any]) -> None:
    steps = [*read(), listed("v1"), CREATE_VERSION, version_deleted("v1"), *read() * 13]
    message = run({"name": "reader", "policy": READ_OBJECTS}, steps).message
    assert f"waiting for version v2 of the policy {ARN} to show" in message


def test_a_new_policy_is_waited_for_until_iam_shows_it(run: Callable[..., Any]) -> None:
    early = [described(), (*content()[:2], "NoSuchEntity: not yet")]
    assert run(OPTIONS, [MISSING, CREATE, MISSING, *early, *read()]).result["policy"]["arn"] == ARN


def test_a_new_policy_has_only_what_was_asked_for(run: Callable[..., Any]) -> None:
    request = {"PolicyName": "reader", "Path": "/", "PolicyDocument": text(document())}
    options = {"name": "reader", "policy": document(), "description": "", "tags": {}}
    bare = read(tags={}, Description="")
    assert run(options, [MISSING, (CREATE[0], request, CREATE[2]), *bare]).result["policy"]["description"] == ""


@pytest.mark.parametrize(
    ("found", "writes", "changed"),
    [(read(), [], False), (read(tags={}), [(TAG[0], {**PLACE, "Tags": CREATE_REQUEST["Tags"]}, {}), *read()], True)],
)
@pytest.mark.parametrize("names", [["READ", "reader"], []])
def test_a_policy_that_iam_did_not_show_is_adopted(
    run: Callable[..., Any], found: list[Call], writes: list[Call], changed: bool, names: list[str]
) -> None:
    own = [{"PolicyName": name, "Arn": f"arn:aws:iam::123456789012:policy/{name}"} for name in names]
    local = ("list_policies", {"Scope": "Local"}, {"Policies": own, "IsTruncated": False})
    outcome = run(OPTIONS, [MISSING, TAKEN, local, *found, *writes])
    assert outcome.result["changed"] is changed
    assert outcome.result["policy"]["tags"] == {"team": "platform"}


def test_a_name_that_is_taken_on_another_path_is_refused(run: Callable[..., Any]) -> None:
    other = "arn:aws:iam::123456789012:policy/team/Reader"
    answer = {"Policies": [{"PolicyName": "Reader", "Arn": other}], "IsTruncated": False}
    message = run(OPTIONS, [MISSING, TAKEN, ("list_policies", {"Scope": "Local"}, answer)]).message
    assert message.startswith(f"name is 'reader', but this account has {other}")
    assert "Set name and path to those of that policy" in message


def test_tags_are_kept_on_request(run: Callable[..., Any]) -> None:
    options = {"name": "reader", "tags": {"size": "1"}, "purge_tags": False}
    both = {"team": "platform", "size": "1"}
    assert run(options, [*read(), TAG, *read(tags=both)]).result["policy"]["tags"] == both


@pytest.mark.parametrize("check_mode", [False, True])
def test_another_description_is_refused(run: Callable[..., Any], check_mode: bool) -> None:
    message = run({"name": "reader", "description": "Writes"}, read(), check_mode=check_mode).message
    assert message.startswith("description is 'Reads' and cannot be changed to 'Writes'")
    assert "delete the policy to make it again" in message


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_new_policy_without_a_document_is_refused(run: Callable[..., Any], check_mode: bool) -> None:
    message = run({"name": "reader"}, [MISSING], check_mode=check_mode).message
    assert message.startswith("policy is not set, but there is no policy reader on the path / yet.")


@pytest.mark.parametrize("write", [CREATE, CREATE_VERSION])
def test_a_malformed_document_is_told_with_its_reason(run: Callable[..., Any], write: Call) -> None:
    refused = (*write[:2], "MalformedPolicyDocument: Syntax errors in policy.")
    before = [MISSING] if write is CREATE else [*read(), listed("v1")]
    options = OPTIONS if write is CREATE else {"name": "reader", "policy": READ_OBJECTS}
    message = run(options, [*before, refused]).message
    assert message == (
        "policy is not a document that IAM takes: Syntax errors in policy (MalformedPolicyDocument). Correct policy."
    )


def test_another_refusal_of_a_document_is_quoted(run: Callable[..., Any]) -> None:
    refused = (*CREATE[:2], "LimitExceeded: Cannot exceed quota for PolicySize: 6144")
    message = run(OPTIONS, [MISSING, refused]).message
    assert "Failed to create the policy reader" in message
    assert "PolicySize: 6144" in message


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"name": "a b"}, "name is 'a b', but IAM takes"),
        ({"name": "ä"}, "name is 'ä', but IAM takes"),
        ({"name": "a" * 129}, "but IAM takes 1 to 128 letters"),
        ({"name": "reader\n"}, "name is 'reader"),
        ({"path": ""}, "path is '', but must begin and end with a slash"),
        ({"path": "/a"}, "path is '/a'"),
        ({"path": "a/"}, "path is 'a/'"),
        ({"path": "/a b/"}, "path is '/a b/'"),
        ({"path": f"/{'a' * 511}/"}, "at most 512 characters"),
        ({"policy": "{"}, "policy is not JSON: Expecting property name"),
        ({"policy": "[]"}, "policy is [], but must be a policy document"),
    ],
)
def test_values_that_iam_does_not_take_are_refused(
    run: Callable[..., Any], options: dict[str, Any], reason: str
) -> None:
    for state in ("present", "absent"):
        assert reason in run({**OPTIONS, **options, "state": state}, [], services={"sts": []}).message


def test_what_is_attached_is_not_deleted(run: Callable[..., Any]) -> None:
    message = run(ABSENT, [*read(), *USED]).message
    assert message.startswith(
        f"The policy {ARN} is attached to the group d, the role a, the role b, the user c. Detach it there first"
    )
    assert "detach" in message


@pytest.mark.parametrize("detach", [True, False])
def test_a_permissions_boundary_is_not_deleted(run: Callable[..., Any], detach: bool) -> None:
    bounded = having("PermissionsBoundary", PolicyRoles=[{"RoleName": "a"}])
    message = run({**ABSENT, "detach": detach}, [*read(), bounded]).message
    assert message.startswith(f"The policy {ARN} is the permissions boundary of the role a.")


def test_a_policy_that_was_just_detached_is_tried_again(run: Callable[..., Any]) -> None:
    busy = (*DELETE[:2], "DeleteConflict: Cannot delete a policy attached to entities.")
    assert run(ABSENT, [*read(), *UNUSED, listed("v1"), busy, DELETE]).result["changed"] is True


def test_a_policy_that_stays_in_use_is_quoted(run: Callable[..., Any]) -> None:
    busy = (*DELETE[:2], "DeleteConflict: Cannot delete a policy attached to entities.")
    message = run(ABSENT, [*read(), *UNUSED, listed("v1"), *[busy] * 7]).message
    assert f"Failed to delete the policy {ARN}" in message
    assert "attached to entities" in message


def test_a_policy_that_somebody_else_deletes_meanwhile_is_gone(run: Callable[..., Any]) -> None:
    gone = [(method, request, "NoSuchEntity: gone") for method, request, _answer in [*UNUSED, listed("v1"), DELETE]]
    assert run(ABSENT, [*read(), *gone]).result["changed"] is True

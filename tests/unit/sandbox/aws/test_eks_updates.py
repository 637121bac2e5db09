# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""UpdateClusterConfig, UpdateClusterVersion and the records of updates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.sandbox.aws.waiting import wait_for

Create = Callable[..., str]


def test_update_merges_and_can_be_polled(aws: Any, new_cluster: Create) -> None:
    name, eks = new_cluster(), aws.client("eks")
    update = eks.update_cluster_config(name=name, resourcesVpcConfig={"endpointPrivateAccess": True})["update"]
    assert (update["status"], update["type"]) == ("InProgress", "EndpointAccessUpdate")
    assert eks.describe_update(name=name, updateId=update["id"])["update"]["status"] == "Successful"
    config = eks.describe_cluster(name=name)["cluster"]["resourcesVpcConfig"]
    assert config["endpointPrivateAccess"] is True
    assert config["endpointPublicAccess"] is True
    assert config["subnetIds"] == aws.subnet_ids
    assert eks.list_updates(name=name)["updateIds"] == [update["id"]]


def test_a_call_that_is_repeated_with_its_token_is_one_update(aws: Any, new_cluster: Create) -> None:
    name, eks = new_cluster(), aws.client("eks")
    wanted = {"name": name, "resourcesVpcConfig": {"endpointPrivateAccess": True}, "clientRequestToken": "once"}
    first, again = (eks.update_cluster_config(**wanted)["update"] for _time in range(2))
    assert first["id"] == again["id"]
    assert eks.list_updates(name=name)["updateIds"] == [first["id"]]


def test_two_categories_in_one_call_are_refused(aws: Any, new_cluster: Create) -> None:
    with pytest.raises(ClientError, match="Only one type of update can be allowed"):
        aws.client("eks").update_cluster_config(
            name=new_cluster(),
            deletionProtection=True,
            logging={"clusterLogging": [{"types": ["api"], "enabled": True}]},
        )


def test_update_without_a_change_is_refused(aws: Any, new_cluster: Create) -> None:
    with pytest.raises(ClientError, match="already at the desired configuration"):
        aws.client("eks").update_cluster_config(name=new_cluster(), deletionProtection=False)


def test_log_types_are_switched_one_by_one(aws: Any, new_cluster: Create) -> None:
    name, eks = (
        new_cluster(logging={"clusterLogging": [{"types": ["api", "audit"], "enabled": True}]}),
        aws.client("eks"),
    )
    change = [{"types": ["scheduler"], "enabled": True}, {"types": ["api"], "enabled": False}]
    eks.update_cluster_config(name=name, logging={"clusterLogging": change})
    enabled = [
        item for item in eks.describe_cluster(name=name)["cluster"]["logging"]["clusterLogging"] if item["enabled"]
    ]
    assert enabled == [{"types": ["audit", "scheduler"], "enabled": True}]


def test_authentication_mode_goes_one_way(aws: Any, new_cluster: Create) -> None:
    name, eks = new_cluster(accessConfig={"authenticationMode": "CONFIG_MAP"}), aws.client("eks")
    with pytest.raises(ClientError, match="authentication mode must be set"):
        eks.list_access_entries(clusterName=name)
    eks.update_cluster_config(name=name, accessConfig={"authenticationMode": "API"})
    assert eks.list_access_entries(clusterName=name)["accessEntries"]
    with pytest.raises(ClientError, match="Unsupported authentication mode update"):
        eks.update_cluster_config(name=name, accessConfig={"authenticationMode": "API_AND_CONFIG_MAP"})


def test_upgrade_by_one_minor_version_only(aws: Any, new_cluster: Create) -> None:
    name, eks = new_cluster(version="1.33"), aws.client("eks")
    with pytest.raises(ClientError, match="Unsupported Kubernetes minor version update"):
        eks.update_cluster_version(name=name, version="1.35")
    assert eks.update_cluster_version(name=name, version="1.34")["update"]["type"] == "VersionUpdate"
    assert eks.describe_cluster(name=name)["cluster"]["version"] == "1.34"


def test_encryption_is_associated_once(aws: Any, new_cluster: Create) -> None:
    name, eks = new_cluster(), aws.client("eks")
    config = [{"resources": ["secrets"], "provider": {"keyArn": aws.key_arn}}]
    eks.associate_encryption_config(clusterName=name, encryptionConfig=config)
    assert eks.describe_cluster(name=name)["cluster"]["encryptionConfig"] == config
    with pytest.raises(ClientError, match="already has an encryption configuration"):
        eks.associate_encryption_config(clusterName=name, encryptionConfig=config)


def test_unknown_update(aws: Any, new_cluster: Create) -> None:
    eks = aws.client("eks")
    with pytest.raises(eks.exceptions.ResourceNotFoundException):
        eks.describe_update(name=new_cluster(), updateId="none")


def test_changes_take_their_share_of_time(slow_aws: Any) -> None:
    eks, name = slow_aws.client("eks"), "slow"
    least = {"roleArn": slow_aws.cluster_role, "resourcesVpcConfig": {"subnetIds": slow_aws.subnet_ids}}
    eks.create_cluster(name=name, **least)
    assert eks.describe_cluster(name=name)["cluster"]["status"] == "CREATING"
    with pytest.raises(eks.exceptions.InvalidRequestException):
        eks.create_addon(clusterName=name, addonName="vpc-cni")
    wait_for(lambda: eks.describe_cluster(name=name)["cluster"]["status"] == "ACTIVE")
    update = eks.update_cluster_config(name=name, deletionProtection=True)["update"]
    assert eks.describe_update(name=name, updateId=update["id"])["update"]["status"] == "InProgress"
    assert eks.describe_cluster(name=name)["cluster"]["status"] == "UPDATING"
    with pytest.raises(eks.exceptions.ResourceInUseException, match="update in progress"):
        eks.update_cluster_version(name=name, version="1.36")
    wait_for(lambda: eks.describe_update(name=name, updateId=update["id"])["update"]["status"] == "Successful")
    cluster = eks.describe_cluster(name=name)["cluster"]
    assert (cluster["status"], cluster["deletionProtection"]) == ("ACTIVE", True)


def test_addon_changes_one_after_the_other(slow_aws: Any) -> None:
    eks, name = slow_aws.client("eks"), "slow-addon"
    least = {"roleArn": slow_aws.cluster_role, "resourcesVpcConfig": {"subnetIds": slow_aws.subnet_ids}}
    eks.create_cluster(name=name, **least)
    wait_for(lambda: eks.describe_cluster(name=name)["cluster"]["status"] == "ACTIVE")
    place = {"clusterName": name, "addonName": "coredns"}
    assert eks.create_addon(**place)["addon"]["status"] == "CREATING"
    for change in (eks.update_addon, eks.delete_addon):
        with pytest.raises(eks.exceptions.ResourceInUseException, match="status CREATING"):
            change(**place)
    wait_for(lambda: eks.describe_addon(**place)["addon"]["status"] == "ACTIVE")
    assert eks.delete_addon(**place)["addon"]["status"] == "DELETING"
    assert eks.describe_addon(**place)["addon"]["status"] == "DELETING"
    wait_for(lambda: eks.list_addons(clusterName=name)["addons"] == [])

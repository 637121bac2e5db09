# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Each correction of moto twice: stock moto still needs it (the canary), and with it the emulator does as AWS does."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.aws.patches import PATCHES

FOLDER = Path(__file__).resolve().parent
NAMES = [patch.__name__.removeprefix("patch_") for patch in PATCHES]


def _run(program: str) -> dict[str, bool]:
    command = [sys.executable, str(FOLDER / program)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    found: dict[str, bool] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def stock() -> dict[str, bool]:
    return _run("stock_moto.py")


@pytest.fixture(scope="module")
def stock_server() -> dict[str, bool]:
    return _run("stock_server.py")


def test_every_patch_has_a_canary(stock: dict[str, bool]) -> None:
    assert sorted(stock) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_stock_moto_still_has_the_gap(stock: dict[str, bool], name: str) -> None:
    assert stock[name], f"moto closed this gap: remove patch_{name} from sandbox/aws/patches"


@pytest.mark.parametrize("name", ["presigned_caller_identity", "unknown_access_key", "web_identity", "price_list"])
def test_stock_server_still_has_the_gap(stock_server: dict[str, bool], name: str) -> None:
    assert stock_server[name], f"moto closed this gap ({name}): simplify sandbox/aws/application.py or server.py"


def test_every_patch_names_its_source() -> None:
    assert [patch.__name__ for patch in PATCHES if "Source: " not in (patch.__doc__ or "")] == []


@pytest.fixture
def gateway(aws: Any) -> dict[str, str]:
    """A NAT gateway with a name of its own."""
    name = f"nat-{uuid.uuid4().hex[:8]}"
    address = aws.client("ec2").allocate_address(Domain="vpc")
    created = aws.client("ec2").create_nat_gateway(
        SubnetId=aws.subnet_ids[0],
        AllocationId=address["AllocationId"],
        TagSpecifications=[{"ResourceType": "natgateway", "Tags": [{"Key": "Name", "Value": name}]}],
    )
    return {"name": name, "id": created["NatGateway"]["NatGatewayId"], "allocation": address["AllocationId"]}


@pytest.fixture
def domain() -> str:
    """A domain of its own."""
    return f"d{uuid.uuid4().hex[:8]}.com"


@pytest.fixture
def hosted_zone(aws: Any, domain: str) -> str:
    """A public hosted zone for the domain."""
    created = aws.client("route53").create_hosted_zone(Name=domain, CallerReference=domain)
    return str(created["HostedZone"]["Id"])


def _certificate(aws: Any, domain: str, **members: Any) -> str:
    request = {"DomainName": domain, "ValidationMethod": "DNS", **members}
    return str(aws.client("acm").request_certificate(**request)["CertificateArn"])


def _described_certificate(aws: Any, arn: str) -> dict[str, Any]:
    found: dict[str, Any] = aws.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    return found


def _validation_records(aws: Any, arn: str) -> dict[str, dict[str, str]]:
    options = _described_certificate(aws, arn)["DomainValidationOptions"]
    return {option["DomainName"]: option["ResourceRecord"] for option in options}


def _change_record(aws: Any, zone: str, action: str, record: dict[str, str]) -> None:
    values = {"TTL": 300, "ResourceRecords": [{"Value": record["Value"]}]}
    change = {"Action": action, "ResourceRecordSet": {"Name": record["Name"], "Type": record["Type"], **values}}
    aws.client("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})


def test_each_domain_has_a_validation_record_of_its_own(aws: Any, domain: str) -> None:
    names = [domain, f"*.{domain}", f"api.{domain}"]
    records = _validation_records(aws, _certificate(aws, domain, SubjectAlternativeNames=names[1:]))
    assert records[names[0]] == records[names[1]]
    assert records[names[0]]["Name"] != records[names[2]]["Name"]
    assert records[names[0]]["Value"] != records[names[2]]["Value"]
    assert _validation_records(aws, _certificate(aws, names[2]))[names[2]] == records[names[2]]


def test_certificate_is_issued_when_all_its_records_exist(aws: Any, domain: str, hosted_zone: str) -> None:
    arn = _certificate(aws, domain, SubjectAlternativeNames=[f"api.{domain}"])
    pending = _described_certificate(aws, arn)
    assert pending["Status"] == "PENDING_VALIDATION"
    assert not {"IssuedAt", "NotBefore", "NotAfter", "Serial"} & set(pending)
    records = _validation_records(aws, arn)
    _change_record(aws, hosted_zone, "UPSERT", {**records[domain], "Value": "_elsewhere.acm-validations.aws."})
    _change_record(aws, hosted_zone, "UPSERT", records[f"api.{domain}"])
    assert _described_certificate(aws, arn)["Status"] == "PENDING_VALIDATION"
    _change_record(aws, hosted_zone, "UPSERT", records[domain])
    issued = _described_certificate(aws, arn)
    assert issued["Status"] == "ISSUED"
    assert {"IssuedAt", "NotAfter"} <= set(issued)
    _change_record(aws, hosted_zone, "DELETE", records[domain])
    assert _described_certificate(aws, arn)["Status"] == "ISSUED"


def test_private_hosted_zone_validates_nothing(aws: Any, domain: str) -> None:
    vpc = {"VPCRegion": "eu-west-1", "VPCId": aws.vpc_id}
    members = {"HostedZoneConfig": {"PrivateZone": True}, "VPC": vpc}
    zone = aws.client("route53").create_hosted_zone(Name=domain, CallerReference=domain, **members)["HostedZone"]["Id"]
    arn = _certificate(aws, domain)
    _change_record(aws, zone, "UPSERT", _validation_records(aws, arn)[domain])
    assert _described_certificate(aws, arn)["Status"] == "PENDING_VALIDATION"


def test_certificates_are_listed_by_key_type_and_with_their_names(aws: Any, domain: str) -> None:
    acm, names = aws.client("acm"), [domain, f"*.{domain}"]
    elliptic = _certificate(aws, domain, SubjectAlternativeNames=names[1:], KeyAlgorithm="EC_prime256v1")
    assert _described_certificate(aws, elliptic)["KeyAlgorithm"] == "EC-prime256v1"
    rsa = _certificate(aws, domain)
    assert _described_certificate(aws, rsa)["KeyAlgorithm"] == "RSA-2048"

    def listed(**members: Any) -> dict[str, dict[str, Any]]:
        pages = acm.get_paginator("list_certificates").paginate(**members)
        summaries = [summary for page in pages for summary in page["CertificateSummaryList"]]
        return {item["CertificateArn"]: item for item in summaries if item["DomainName"] == domain}

    assert set(listed()) == {rsa}
    assert set(listed(Includes={"keyTypes": ["EC_prime256v1"]})) == {elliptic}
    found = listed(Includes={"keyTypes": ["RSA_2048", "EC_prime256v1"]})
    assert set(found) == {rsa, elliptic}
    assert sorted(found[elliptic]["SubjectAlternativeNameSummaries"]) == sorted(names)
    assert found[elliptic]["HasAdditionalSubjectAlternativeNames"] is False


def test_certificate_on_a_listener_is_in_use(aws: Any, domain: str) -> None:
    acm, elbv2, arn = aws.client("acm"), aws.client("elbv2"), _certificate(aws, domain)
    name = f"b-{uuid.uuid4().hex[:8]}"
    balancer = elbv2.create_load_balancer(Name=name, Subnets=aws.subnet_ids)["LoadBalancers"][0]["LoadBalancerArn"]
    elbv2.create_listener(
        LoadBalancerArn=balancer,
        Protocol="HTTPS",
        Port=443,
        Certificates=[{"CertificateArn": arn}],
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
    )
    assert _described_certificate(aws, arn)["InUseBy"] == [balancer]
    with pytest.raises(acm.exceptions.ResourceInUseException):
        acm.delete_certificate(CertificateArn=arn)
    elbv2.delete_load_balancer(LoadBalancerArn=balancer)
    acm.delete_certificate(CertificateArn=arn)
    with pytest.raises(acm.exceptions.ResourceNotFoundException):
        acm.delete_certificate(CertificateArn=arn)


def test_token_of_a_deleted_certificate(aws: Any, domain: str) -> None:
    token = uuid.uuid4().hex
    arn = _certificate(aws, domain, IdempotencyToken=token)
    assert _certificate(aws, domain, IdempotencyToken=token) == arn
    aws.client("acm").delete_certificate(CertificateArn=arn)
    assert _certificate(aws, domain, IdempotencyToken=token) != arn


def test_rule_descriptions_answer_true(aws: Any) -> None:
    ec2 = aws.client("ec2")
    group = ec2.create_security_group(GroupName=uuid.uuid4().hex, Description="g", VpcId=aws.vpc_id)["GroupId"]
    rule = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "all"}]}
    assert ec2.update_security_group_rule_descriptions_egress(GroupId=group, IpPermissions=[rule])["Return"] is True


@pytest.fixture
def security_group(aws: Any) -> str:
    """A security group of its own."""
    made = aws.client("ec2").create_security_group(GroupName=uuid.uuid4().hex, Description="g", VpcId=aws.vpc_id)
    return str(made["GroupId"])


def _permissions(aws: Any, group: str) -> list[dict[str, Any]]:
    (found,) = aws.client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"]
    return list(found["IpPermissions"])


def test_rule_of_a_protocol_without_ports(aws: Any, security_group: str) -> None:
    ec2, rule = aws.client("ec2"), {"IpProtocol": "50", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    ec2.authorize_security_group_ingress(GroupId=security_group, IpPermissions=[rule])
    (found,) = _permissions(aws, security_group)
    assert found["IpProtocol"] == "50"
    assert "FromPort" not in found
    ec2.revoke_security_group_ingress(GroupId=security_group, IpPermissions=[rule])
    assert _permissions(aws, security_group) == []


def test_rule_of_a_group_is_the_same_with_another_description(aws: Any, security_group: str) -> None:
    ec2 = aws.client("ec2")

    def rule(**members: str) -> dict[str, Any]:
        pairs = [{"GroupId": security_group, **members}]
        return {"GroupId": security_group, "IpPermissions": [{"IpProtocol": "-1", "UserIdGroupPairs": pairs}]}

    ec2.authorize_security_group_ingress(**rule(Description="one"))
    with pytest.raises(ClientError, match=r"InvalidPermission\.Duplicate"):
        ec2.authorize_security_group_ingress(**rule(Description="other"))
    ec2.update_security_group_rule_descriptions_ingress(**rule(Description="other"))
    assert _permissions(aws, security_group)[0]["UserIdGroupPairs"][0]["Description"] == "other"
    ec2.update_security_group_rule_descriptions_ingress(**rule())
    assert "Description" not in _permissions(aws, security_group)[0]["UserIdGroupPairs"][0]
    ec2.revoke_security_group_ingress(**rule())
    assert _permissions(aws, security_group) == []


def test_description_that_is_left_out_is_taken_away(aws: Any, security_group: str) -> None:
    ec2, ranges = aws.client("ec2"), [{"CidrIp": "10.0.0.0/8"}]
    described = [{"IpProtocol": "-1", "IpRanges": [{**ranges[0], "Description": "one"}]}]
    ec2.authorize_security_group_ingress(GroupId=security_group, IpPermissions=described)
    bare = [{"IpProtocol": "-1", "IpRanges": ranges}]
    ec2.update_security_group_rule_descriptions_ingress(GroupId=security_group, IpPermissions=bare)
    assert _permissions(aws, security_group)[0]["IpRanges"] == ranges


def test_security_group_that_something_uses_is_not_deleted(aws: Any, security_group: str) -> None:
    ec2 = aws.client("ec2")
    user = ec2.create_security_group(GroupName=uuid.uuid4().hex, Description="g", VpcId=aws.vpc_id)["GroupId"]
    permissions = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": security_group}, {"GroupId": user}]}]
    ec2.authorize_security_group_egress(GroupId=user, IpPermissions=permissions)
    with pytest.raises(ClientError, match="DependencyViolation"):
        ec2.delete_security_group(GroupId=security_group)
    made = ec2.create_network_interface(SubnetId=aws.subnet_ids[0], Groups=[user])["NetworkInterface"]
    with pytest.raises(ClientError, match="DependencyViolation"):
        ec2.delete_security_group(GroupId=user)
    ec2.delete_network_interface(NetworkInterfaceId=made["NetworkInterfaceId"])
    for group in (user, security_group):
        ec2.delete_security_group(GroupId=group)


def test_snapshot_of_an_encrypted_volume_has_its_key(aws: Any) -> None:
    ec2, key = aws.client("ec2"), aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    for members, encrypted in (({"Encrypted": True, "KmsKeyId": key}, True), ({}, False)):
        made = ec2.create_volume(AvailabilityZone="eu-west-1a", Size=1, **members)["VolumeId"]
        (found,) = ec2.describe_snapshots(SnapshotIds=[ec2.create_snapshot(VolumeId=made)["SnapshotId"]])["Snapshots"]
        assert (found["Encrypted"], found.get("KmsKeyId")) == (encrypted, members.get("KmsKeyId"))


def test_filter_finds_what_has_one_of_its_values(aws: Any) -> None:
    ec2, key = aws.client("ec2"), uuid.uuid4().hex
    tags = [{"ResourceType": "volume", "Tags": [{"Key": key, "Value": "1"}, {"Key": "other", "Value": "2"}]}]
    made = ec2.create_volume(AvailabilityZone="eu-west-1a", Size=1, TagSpecifications=tags)["VolumeId"]
    filters = [{"Name": "tag-key", "Values": [key, "none"]}]
    assert [volume["VolumeId"] for volume in ec2.describe_volumes(Filters=filters)["Volumes"]] == [made]


def test_nat_gateway_is_found_by_resource_type_and_tag(aws: Any, gateway: dict[str, str]) -> None:
    ec2 = aws.client("ec2")
    filters = [{"Name": "resource-type", "Values": ["natgateway"]}, {"Name": "resource-id", "Values": [gateway["id"]]}]
    tags = ec2.describe_tags(Filters=filters)["Tags"]
    assert [(tag["ResourceType"], tag["Value"]) for tag in tags] == [("natgateway", gateway["name"])]
    for value, expected in ((gateway["name"], [gateway["id"]]), (f"{gateway['name']}*", [gateway["id"]]), ("none", [])):
        found = ec2.describe_nat_gateways(Filters=[{"Name": "tag:Name", "Values": [value]}])["NatGateways"]
        assert [item["NatGatewayId"] for item in found] == expected


def test_nat_gateway_tells_its_connectivity(aws: Any, gateway: dict[str, str]) -> None:
    ec2 = aws.client("ec2")
    private = ec2.create_nat_gateway(SubnetId=aws.subnet_ids[0], ConnectivityType="private")["NatGateway"]
    for gateway_id, expected in ((gateway["id"], "public"), (private["NatGatewayId"], "private")):
        (found,) = ec2.describe_nat_gateways(NatGatewayIds=[gateway_id])["NatGateways"]
        assert found["ConnectivityType"] == expected


def test_address_is_free_only_after_its_nat_gateway_is_deleted(aws: Any, gateway: dict[str, str]) -> None:
    ec2 = aws.client("ec2")
    with pytest.raises(ClientError) as refused:
        ec2.release_address(AllocationId=gateway["allocation"])
    assert refused.value.response["Error"]["Code"] == "InvalidIPAddress.InUse"
    ec2.delete_nat_gateway(NatGatewayId=gateway["id"])
    assert "AssociationId" not in ec2.describe_addresses(AllocationIds=[gateway["allocation"]])["Addresses"][0]
    ec2.release_address(AllocationId=gateway["allocation"])


def test_network_interfaces_go_with_what_has_them(aws: Any, gateway: dict[str, str]) -> None:
    ec2 = aws.client("ec2")
    before = {item["NetworkInterfaceId"] for item in ec2.describe_network_interfaces()["NetworkInterfaces"]}
    image = ec2.describe_images()["Images"][0]["ImageId"]
    started = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, SubnetId=aws.subnet_ids[0])["Instances"][0]
    ec2.delete_nat_gateway(NatGatewayId=gateway["id"])
    ec2.terminate_instances(InstanceIds=[started["InstanceId"]])
    after = {item["NetworkInterfaceId"] for item in ec2.describe_network_interfaces()["NetworkInterfaces"]}
    assert after < before
    assert started["NetworkInterfaces"][0]["NetworkInterfaceId"] not in after


def test_unknown_nat_gateway(aws: Any) -> None:
    with pytest.raises(ClientError) as refused:
        aws.client("ec2").delete_nat_gateway(NatGatewayId="nat-0")
    assert refused.value.response["Error"]["Code"] == "NatGatewayNotFound"


@pytest.fixture
def create_flow_log(aws: Any) -> Callable[..., dict[str, Any]]:
    """Create a flow log of the VPC, to a log group made for it unless members say otherwise, and describe it."""
    ec2, group = aws.client("ec2"), f"flow-{uuid.uuid4().hex[:8]}"
    aws.client("logs").create_log_group(logGroupName=group)
    account = aws.cluster_role.split(":")[4]
    least = {
        "ResourceType": "VPC",
        "ResourceIds": [aws.vpc_id],
        "TrafficType": "ALL",
        "LogDestinationType": "cloud-watch-logs",
        "LogDestination": f"arn:aws:logs:eu-west-1:{account}:log-group:{group}",
    }

    def create(**members: Any) -> dict[str, Any]:
        answer = ec2.create_flow_logs(**{**least, **members})
        assert answer["Unsuccessful"] == []
        described: dict[str, Any] = ec2.describe_flow_logs(FlowLogIds=answer["FlowLogIds"])["FlowLogs"][0]
        return described

    return create


@pytest.fixture
def bucket(aws: Any) -> str:
    """The ARN of a new bucket."""
    name = f"b-{uuid.uuid4().hex}"
    aws.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return f"arn:aws:s3:::{name}"


def test_flow_log_to_a_log_group_by_its_arn(aws: Any, create_flow_log: Callable[..., dict[str, Any]]) -> None:
    role = aws.role("sts:AssumeRole", service="vpc-flow-logs.amazonaws.com")
    made = create_flow_log(DeliverLogsPermissionArn=role)
    assert made["LogDestination"].endswith(f":log-group:{made['LogGroupName']}")
    assert made["DeliverLogsStatus"] == "SUCCESS"
    assert "DestinationOptions" not in made
    lost = create_flow_log(DeliverLogsPermissionArn=role, LogDestination=f"{made['LogDestination']}-none")
    assert (lost["DeliverLogsStatus"], lost["DeliverLogsErrorMessage"]) == ("FAILED", "Access error")


def test_flow_log_to_a_bucket(create_flow_log: Callable[..., dict[str, Any]], bucket: str) -> None:
    options = {"FileFormat": "plain-text", "HiveCompatiblePartitions": False, "PerHourPartition": False}
    root = create_flow_log(LogDestinationType="s3", LogDestination=bucket)
    assert (root["LogDestination"], root["DestinationOptions"]) == (bucket, options)
    given = {"FileFormat": "parquet", "PerHourPartition": True}
    prefix = create_flow_log(LogDestinationType="s3", LogDestination=f"{bucket}/flow", DestinationOptions=given)
    assert (prefix["LogDestination"], prefix["DestinationOptions"]) == (f"{bucket}/flow", {**options, **given})


def test_role_that_a_flow_log_cannot_have(aws: Any, create_flow_log: Callable[..., dict[str, Any]]) -> None:
    for role in (aws.cluster_role, f"{aws.cluster_role}-none"):
        with pytest.raises(ClientError, match=r"InvalidParameter.*Unable to assume given IAM role"):
            create_flow_log(DeliverLogsPermissionArn=role)
    with pytest.raises(ClientError, match=r"InvalidParameter.*not applicable for s3 delivery"):
        create_flow_log(LogDestinationType="s3", DeliverLogsPermissionArn=aws.cluster_role)


def test_only_an_equal_flow_log_is_refused(
    aws: Any, create_flow_log: Callable[..., dict[str, Any]], bucket: str
) -> None:
    destination: dict[str, Any] = {"LogDestinationType": "s3", "LogDestination": bucket}
    tags = [{"ResourceType": "vpc-flow-log", "Tags": [{"Key": "Name", "Value": bucket}]}]
    made = create_flow_log(**destination)
    with pytest.raises(ClientError, match="FlowLogAlreadyExists"):
        create_flow_log(**destination, TagSpecifications=tags)
    for change in (
        {"TrafficType": "REJECT"},
        {"LogFormat": "${srcaddr}"},
        {"MaxAggregationInterval": 60},
        {"DestinationOptions": {"FileFormat": "parquet"}},
    ):
        other = create_flow_log(**destination, **change, TagSpecifications=tags)
        assert other["FlowLogId"] != made["FlowLogId"]
        aws.client("ec2").delete_flow_logs(FlowLogIds=[other["FlowLogId"]])
    filters = [{"Name": "tag:Name", "Values": [bucket]}]
    assert aws.client("ec2").describe_flow_logs(Filter=filters)["FlowLogs"] == []


@pytest.mark.parametrize(
    ("service", "name"),
    [
        ("spot.amazonaws.com", "AWSServiceRoleForEC2Spot"),
        ("eks-nodegroup.amazonaws.com", "AWSServiceRoleForAmazonEKSNodegroup"),
        ("elasticloadbalancing.amazonaws.com", "AWSServiceRoleForElasticLoadBalancing"),
        ("unheard-of.amazonaws.com", "AWSServiceRoleForunheard-of"),
    ],
)
def test_service_linked_role_has_its_real_name_once(aws: Any, service: str, name: str) -> None:
    iam = aws.client("iam")
    role = iam.create_service_linked_role(AWSServiceName=service)["Role"]
    assert (role["RoleName"], role["Path"]) == (name, f"/aws-service-role/{service}/")
    assert iam.get_role(RoleName=name)["Role"]["Arn"].endswith(f":role/aws-service-role/{service}/{name}")
    with pytest.raises(ClientError) as taken:
        iam.create_service_linked_role(AWSServiceName=service)
    assert taken.value.response["Error"]["Code"] == "InvalidInput"
    assert f"Service role name {name} has been taken in this account" in str(taken.value)
    iam.delete_service_linked_role(RoleName=name)


def test_only_few_services_take_a_suffix(aws: Any) -> None:
    iam = aws.client("iam")
    role = iam.create_service_linked_role(AWSServiceName="autoscaling.amazonaws.com", CustomSuffix="a_b")["Role"]
    assert role["RoleName"] == "AWSServiceRoleForAutoScaling_a_b"
    iam.delete_service_linked_role(RoleName=role["RoleName"])
    with pytest.raises(ClientError, match=r"Custom suffix is not allowed for rds\.amazonaws\.com"):
        iam.create_service_linked_role(AWSServiceName="rds.amazonaws.com", CustomSuffix="a")


def test_service_linked_role_is_deleted_by_a_task(aws: Any) -> None:
    iam = aws.client("iam")
    iam.create_service_linked_role(AWSServiceName="ecs.amazonaws.com")
    task = iam.delete_service_linked_role(RoleName="AWSServiceRoleForECS")["DeletionTaskId"]
    assert task.startswith("task/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS/")
    answers = [iam.get_service_linked_role_deletion_status(DeletionTaskId=task) for _unused in range(3)]
    assert [answer["Status"] for answer in answers] == ["IN_PROGRESS", "SUCCEEDED", "SUCCEEDED"]
    for missing in ("AWSServiceRoleForECS", "cluster-role"):
        with pytest.raises(iam.exceptions.NoSuchEntityException):
            iam.delete_service_linked_role(RoleName=missing)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_service_linked_role_deletion_status(DeletionTaskId="none")


def test_service_linked_role_in_use_is_not_deleted(aws: Any, new_cluster: Callable[..., str]) -> None:
    iam, cluster = aws.client("iam"), new_cluster()
    name = iam.create_service_linked_role(AWSServiceName="eks.amazonaws.com")["Role"]["RoleName"]
    task = iam.delete_service_linked_role(RoleName=name)["DeletionTaskId"]
    iam.get_service_linked_role_deletion_status(DeletionTaskId=task)
    answer = iam.get_service_linked_role_deletion_status(DeletionTaskId=task)
    assert answer["Status"] == "FAILED"
    (usage,) = answer["Reason"]["RoleUsageList"]
    assert usage["Region"] == "eu-west-1"
    assert any(arn.endswith(f":cluster/{cluster}") for arn in usage["Resources"])
    assert iam.get_role(RoleName=name)["Role"]["RoleName"] == name


@pytest.fixture
def oidc_provider(aws: Any) -> dict[str, str]:
    """An OIDC provider without client ids, thumbprints and tags."""
    url = f"https://example.com/{uuid.uuid4().hex}"
    arn = aws.client("iam").create_open_id_connect_provider(Url=url)["OpenIDConnectProviderArn"]
    return {"url": url, "arn": arn}


def _provider(aws: Any, oidc_provider: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = aws.client("iam").get_open_id_connect_provider(
        OpenIDConnectProviderArn=oidc_provider["arn"]
    )
    return found


def test_client_ids_of_oidc_provider(aws: Any, oidc_provider: dict[str, str]) -> None:
    iam, place = aws.client("iam"), {"OpenIDConnectProviderArn": oidc_provider["arn"]}
    for client_id in ("a", "a", "b"):
        iam.add_client_id_to_open_id_connect_provider(**place, ClientID=client_id)
    assert _provider(aws, oidc_provider)["ClientIDList"] == ["a", "b"]
    for client_id in ("a", "none"):
        iam.remove_client_id_from_open_id_connect_provider(**place, ClientID=client_id)
    assert _provider(aws, oidc_provider)["ClientIDList"] == ["b"]
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=f"{oidc_provider['arn']}0", ClientID="a")


def test_oidc_provider_always_has_a_thumbprint(aws: Any, oidc_provider: dict[str, str]) -> None:
    (thumbprint,) = _provider(aws, oidc_provider)["ThumbprintList"]
    assert len(thumbprint) == 40


def test_second_oidc_provider_of_a_url_is_refused(aws: Any, oidc_provider: dict[str, str]) -> None:
    with pytest.raises(ClientError, match=f"Provider with url {oidc_provider['url']} already exists") as refused:
        aws.client("iam").create_open_id_connect_provider(Url=oidc_provider["url"])
    assert refused.value.response["Error"]["Code"] == "EntityAlreadyExists"


def test_tag_keys_of_oidc_provider_differ_by_case(aws: Any, oidc_provider: dict[str, str]) -> None:
    iam, place = aws.client("iam"), {"OpenIDConnectProviderArn": oidc_provider["arn"]}
    both = [{"Key": "team", "Value": "1"}, {"Key": "Team", "Value": "2"}]
    iam.tag_open_id_connect_provider(**place, Tags=both)
    assert _provider(aws, oidc_provider)["Tags"] == both
    iam.untag_open_id_connect_provider(**place, TagKeys=["Team", "none"])
    assert _provider(aws, oidc_provider)["Tags"] == both[:1]
    url = f"{oidc_provider['url']}-tagged"
    tagged = {"arn": iam.create_open_id_connect_provider(Url=url, Tags=both)["OpenIDConnectProviderArn"]}
    assert _provider(aws, tagged)["Tags"] == both


def test_instance_profiles_are_listed_by_their_path(aws: Any) -> None:
    iam, name = aws.client("iam"), f"profile-{uuid.uuid4().hex[:8]}"
    iam.create_instance_profile(InstanceProfileName=name, Path="/a/")
    for options, listed in (({}, True), ({"PathPrefix": "/a/"}, True), ({"PathPrefix": "/b/"}, False)):
        found = iam.list_instance_profiles(**options)["InstanceProfiles"]
        assert (name in {profile["InstanceProfileName"] for profile in found}) is listed


def test_role_that_an_instance_profile_does_not_have(aws: Any, role: str) -> None:
    iam, names = aws.client("iam"), {"InstanceProfileName": f"profile-{uuid.uuid4().hex[:8]}", "RoleName": role}
    iam.create_instance_profile(InstanceProfileName=names["InstanceProfileName"])
    iam.add_role_to_instance_profile(**names)
    iam.remove_role_from_instance_profile(**names)
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.remove_role_from_instance_profile(**names)


@pytest.fixture
def policy(aws: Any) -> dict[str, str]:
    """A managed policy without tags: its name, ARN and document."""
    name = f"policy-{uuid.uuid4().hex[:8]}"
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/a%2Fb+c"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    created = aws.client("iam").create_policy(PolicyName=name, PolicyDocument=document)["Policy"]
    return {"name": name, "arn": created["Arn"], "document": document}


@pytest.fixture
def role(aws: Any) -> str:
    """A role of its own."""
    name = f"role-{uuid.uuid4().hex[:8]}"
    aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    return name


def test_policy_document_comes_back_as_it_was(aws: Any, policy: dict[str, str]) -> None:
    iam, place = aws.client("iam"), {"PolicyArn": policy["arn"]}
    version = iam.create_policy_version(**place, PolicyDocument=policy["document"])["PolicyVersion"]
    for number, default in (("v1", True), (version["VersionId"], False)):
        found = iam.get_policy_version(**place, VersionId=number)["PolicyVersion"]
        assert found["Document"] == json.loads(policy["document"])
        assert (found["VersionId"], found["IsDefaultVersion"]) == (number, default)
        assert found["CreateDate"].year > 2000
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_policy_version(**place, VersionId="v9")


@pytest.mark.parametrize("path", ["/", "/team/"])
def test_policy_name_is_unique_in_the_account(aws: Any, policy: dict[str, str], path: str) -> None:
    iam, name = aws.client("iam"), policy["name"].upper()
    with pytest.raises(iam.exceptions.EntityAlreadyExistsException, match=f"A policy called {name} already exists"):
        iam.create_policy(PolicyName=name, Path=path, PolicyDocument=policy["document"])


def test_policy_may_have_the_name_of_one_of_aws(aws: Any, policy: dict[str, str]) -> None:
    iam = aws.client("iam")
    arn = iam.create_policy(PolicyName="ReadOnlyAccess", PolicyDocument=policy["document"])["Policy"]["Arn"]
    iam.delete_policy(PolicyArn=arn)


def test_entities_of_policy_are_listed_by_usage(aws: Any, policy: dict[str, str], role: str) -> None:
    iam, place = aws.client("iam"), {"PolicyArn": policy["arn"]}

    def listed(**usage: str) -> list[str]:
        return [found["RoleName"] for found in iam.list_entities_for_policy(**place, **usage)["PolicyRoles"]]

    assert listed() == []
    iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=policy["arn"])
    assert listed() == [role]
    assert listed(PolicyUsageFilter="PermissionsBoundary") == [role]
    assert listed(PolicyUsageFilter="PermissionsPolicy") == []
    iam.attach_role_policy(RoleName=role, **place)
    assert listed() == [role]
    iam.delete_role_permissions_boundary(RoleName=role)
    assert listed(PolicyUsageFilter="PermissionsBoundary") == []
    assert listed(PolicyUsageFilter="PermissionsPolicy") == [role]


def test_policy_in_use_is_not_deleted(aws: Any, policy: dict[str, str], role: str) -> None:
    iam, place = aws.client("iam"), {"PolicyArn": policy["arn"]}
    refused = iam.exceptions.DeleteConflictException
    iam.create_policy_version(**place, PolicyDocument=policy["document"])
    with pytest.raises(refused, match="more than one version"):
        iam.delete_policy(**place)
    iam.delete_policy_version(**place, VersionId="v2")
    iam.attach_role_policy(RoleName=role, **place)
    with pytest.raises(refused, match="attached to entities"):
        iam.delete_policy(**place)
    iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=policy["arn"])
    iam.detach_role_policy(RoleName=role, **place)
    with pytest.raises(refused, match="attached to entities"):
        iam.delete_policy(**place)
    iam.delete_role_permissions_boundary(RoleName=role)
    iam.delete_policy(**place)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_policy(**place)


def test_tag_keys_of_policy_differ_by_case(aws: Any, policy: dict[str, str]) -> None:
    iam, place = aws.client("iam"), {"PolicyArn": policy["arn"]}
    both = [{"Key": "team", "Value": "1"}, {"Key": "Team", "Value": "2"}]
    iam.tag_policy(**place, Tags=both)
    assert iam.get_policy(**place)["Policy"]["Tags"] == both
    iam.untag_policy(**place, TagKeys=["Team", "none"])
    assert iam.get_policy(**place)["Policy"]["Tags"] == both[:1]
    tagged = iam.create_policy(PolicyName=f"{policy['name']}-2", PolicyDocument=policy["document"], Tags=both)
    assert tagged["Policy"]["Tags"] == both


def test_all_but_the_default_version_of_a_launch_template_can_be_deleted(aws: Any) -> None:
    ec2, name = aws.client("ec2"), f"template-{uuid.uuid4().hex[:8]}"
    ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData={"InstanceType": "m7g.large"})
    for size in ("xlarge", "2xlarge"):
        data = {"InstanceType": f"m7g.{size}"}
        ec2.create_launch_template_version(LaunchTemplateName=name, LaunchTemplateData=data)
    answer = ec2.delete_launch_template_versions(LaunchTemplateName=name, Versions=["1", "2", "3"])
    assert [item["VersionNumber"] for item in answer["SuccessfullyDeletedLaunchTemplateVersions"]] == [3, 2]
    assert [item["VersionNumber"] for item in answer["UnsuccessfullyDeletedLaunchTemplateVersions"]] == [1]
    versions = ec2.describe_launch_template_versions(LaunchTemplateName=name)["LaunchTemplateVersions"]
    assert [item["VersionNumber"] for item in versions] == [1]


def test_a_volume_of_no_snapshot_says_so(aws: Any) -> None:
    made = aws.client("ec2").create_volume(AvailabilityZone="eu-west-1a", Size=1)["VolumeId"]
    assert aws.client("ec2").describe_volumes(VolumeIds=[made])["Volumes"][0]["SnapshotId"] == ""


def test_a_launch_template_shows_the_tags_that_it_has_now(aws: Any) -> None:
    ec2, name = aws.client("ec2"), f"template-{uuid.uuid4().hex[:8]}"
    tags = [{"ResourceType": "launch-template", "Tags": [{"Key": "old", "Value": "1"}]}]
    data = {"InstanceType": "m7g.large"}
    made = ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data, TagSpecifications=tags)
    identifier = made["LaunchTemplate"]["LaunchTemplateId"]
    ec2.create_tags(Resources=[identifier], Tags=[{"Key": "new", "Value": "2"}])
    ec2.delete_tags(Resources=[identifier], Tags=[{"Key": "old"}])
    (found,) = ec2.describe_launch_templates(LaunchTemplateNames=[name])["LaunchTemplates"]
    assert found["Tags"] == [{"Key": "new", "Value": "2"}]


@pytest.fixture
def load_balancer(aws: Any) -> Iterator[str]:
    """A load balancer."""
    elb = aws.client("elbv2")
    created = elb.create_load_balancer(Name=f"lb-{uuid.uuid4().hex[:8]}", Subnets=aws.subnet_ids)
    arn = str(created["LoadBalancers"][0]["LoadBalancerArn"])
    yield arn
    _protect(aws, arn, "false")
    elb.delete_load_balancer(LoadBalancerArn=arn)


def _protect(aws: Any, arn: str, value: str) -> None:
    attribute = {"Key": "deletion_protection.enabled", "Value": value}
    aws.client("elbv2").modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[attribute])


def test_a_new_load_balancer_has_the_attributes_of_aws(aws: Any, load_balancer: str) -> None:
    found = aws.client("elbv2").describe_load_balancer_attributes(LoadBalancerArn=load_balancer)["Attributes"]
    attributes = {item["Key"]: item["Value"] for item in found}
    assert attributes["idle_timeout.timeout_seconds"] == "60"
    assert attributes["access_logs.s3.enabled"] == "false"


def test_a_protected_load_balancer_is_not_deleted(aws: Any, load_balancer: str) -> None:
    _protect(aws, load_balancer, "true")
    with pytest.raises(ClientError, match="OperationNotPermitted"):
        aws.client("elbv2").delete_load_balancer(LoadBalancerArn=load_balancer)


def test_a_deleted_record_can_be_created_again(aws: Any, hosted_zone: str, domain: str) -> None:
    record = {"Name": f"a.{domain}.", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    after = {**record, "Name": f"b.{domain}."}

    def change(action: str, item: dict[str, Any]) -> None:
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": item}]}
        aws.client("route53").change_resource_record_sets(HostedZoneId=hosted_zone, ChangeBatch=batch)

    for action, item in (("CREATE", after), ("CREATE", record), ("DELETE", record), ("CREATE", record)):
        change(action, item)
    with pytest.raises(ClientError, match="already exists"):
        change("CREATE", record)


@pytest.fixture
def own_vpc(aws: Any) -> dict[str, str]:
    """A VPC with a subnet and a network ACL: vpc, subnet, acl, default (network ACL), association (of the subnet)."""
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.21.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.21.0.0/24")["Subnet"]["SubnetId"]
    acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    default = _network_acl(aws, "association.subnet-id", subnet)
    association = default["Associations"][0]["NetworkAclAssociationId"]
    names = {"default": default["NetworkAclId"], "association": association}
    return {"vpc": vpc, "subnet": subnet, "acl": acl, **names}


def _network_acl(aws: Any, name: str, value: str) -> dict[str, Any]:
    (found,) = aws.client("ec2").describe_network_acls(Filters=[{"Name": name, "Values": [value]}])["NetworkAcls"]
    return dict(found)


def _rule(acl: str, number: int = 100, **members: Any) -> dict[str, Any]:
    least = {"NetworkAclId": acl, "Egress": False, "RuleAction": "allow", "Protocol": "-1", "CidrBlock": "10.0.0.0/8"}
    return {**least, "RuleNumber": number, **members}


def _own_entries(aws: Any, acl: str) -> list[dict[str, Any]]:
    return [entry for entry in _network_acl(aws, "network-acl-id", acl)["Entries"] if entry["RuleNumber"] < 32767]


def test_network_acl_entry_has_its_icmp_type(aws: Any, own_vpc: dict[str, str]) -> None:
    ec2, icmp = aws.client("ec2"), {"Type": 8, "Code": -1}
    ec2.create_network_acl_entry(**_rule(own_vpc["acl"], Protocol="1", IcmpTypeCode=icmp))
    assert [entry["IcmpTypeCode"] for entry in _own_entries(aws, own_vpc["acl"])] == [icmp]
    ec2.replace_network_acl_entry(**_rule(own_vpc["acl"], Protocol="1", IcmpTypeCode={"Type": 0, "Code": 0}))
    assert [entry["IcmpTypeCode"] for entry in _own_entries(aws, own_vpc["acl"])] == [{"Type": 0, "Code": 0}]
    ec2.replace_network_acl_entry(**_rule(own_vpc["acl"]))
    assert "IcmpTypeCode" not in _own_entries(aws, own_vpc["acl"])[0]


def test_new_network_acl_denies_everything(aws: Any, own_vpc: dict[str, str]) -> None:
    entries = _network_acl(aws, "network-acl-id", own_vpc["acl"])["Entries"]
    found = {(entry["Egress"], entry["RuleNumber"], entry["RuleAction"]) for entry in entries}
    assert found == {(True, 32767, "deny"), (False, 32767, "deny")}


@pytest.mark.parametrize("number", range(3))
def test_a_repeated_request_makes_nothing_more(aws: Any, own_vpc: dict[str, str], number: int) -> None:
    ec2, once = aws.client("ec2"), uuid.uuid4().hex
    template = {"LaunchTemplateName": f"template-{once}", "LaunchTemplateData": {}}
    create: Callable[..., dict[str, Any]] = (
        lambda **token: ec2.create_network_acl(VpcId=own_vpc["vpc"], **token),
        lambda **token: ec2.create_nat_gateway(SubnetId=own_vpc["subnet"], ConnectivityType="private", **token),
        lambda **token: ec2.create_launch_template_version(**template, **token),
    )[number]
    ec2.create_launch_template(**template)
    first, again, other = (create(ClientToken=token) for token in (once, once, uuid.uuid4().hex))
    for answer in (first, again, other):
        del answer["ResponseMetadata"]
    assert first == again != other


def test_network_acl_entry_that_does_not_exist(aws: Any, own_vpc: dict[str, str]) -> None:
    ec2 = aws.client("ec2")
    with pytest.raises(ClientError, match=r"InvalidNetworkAclEntry\.NotFound"):
        ec2.delete_network_acl_entry(NetworkAclId=own_vpc["acl"], RuleNumber=100, Egress=False)
    with pytest.raises(ClientError, match=r"InvalidNetworkAclEntry\.NotFound"):
        ec2.replace_network_acl_entry(**_rule(own_vpc["acl"]))
    assert _own_entries(aws, own_vpc["acl"]) == []


def test_network_acl_has_room_for_twenty_rules_of_each_kind(aws: Any, own_vpc: dict[str, str]) -> None:
    ec2, acl = aws.client("ec2"), own_vpc["acl"]
    for number in range(1, 21):
        ec2.create_network_acl_entry(**_rule(acl, number))
    with pytest.raises(ClientError, match="NetworkAclEntryLimitExceeded"):
        ec2.create_network_acl_entry(**_rule(acl, 21))
    ec2.create_network_acl_entry(**_rule(acl, 21, Egress=True))
    of_ipv6 = {name: value for name, value in _rule(acl, 21).items() if name != "CidrBlock"}
    ec2.create_network_acl_entry(**of_ipv6, Ipv6CidrBlock="::/0")
    ec2.replace_network_acl_entry(**_rule(acl, 20, RuleAction="deny"))
    assert len(_own_entries(aws, acl)) == 22


def test_subnet_moves_between_network_acls_of_its_vpc(aws: Any, own_vpc: dict[str, str]) -> None:
    ec2, association = aws.client("ec2"), own_vpc["association"]
    foreign = _network_acl(aws, "association.subnet-id", aws.subnet_ids[0])["NetworkAclId"]
    refusals = [
        ("aclassoc-0", own_vpc["acl"], "InvalidAssociationID.NotFound"),
        (association, "acl-0", "InvalidNetworkAclID.NotFound"),
        (association, foreign, "InvalidParameterValue"),
    ]
    for association_id, acl, code in refusals:
        with pytest.raises(ClientError) as refused:
            ec2.replace_network_acl_association(AssociationId=association_id, NetworkAclId=acl)
        assert refused.value.response["Error"]["Code"] == code
    ec2.replace_network_acl_association(AssociationId=association, NetworkAclId=own_vpc["acl"])
    assert _network_acl(aws, "association.subnet-id", own_vpc["subnet"])["NetworkAclId"] == own_vpc["acl"]


def test_vpc_is_deleted_after_its_network_acls_but_with_the_default_one(aws: Any, own_vpc: dict[str, str]) -> None:
    ec2 = aws.client("ec2")
    ec2.replace_network_acl_association(AssociationId=own_vpc["association"], NetworkAclId=own_vpc["acl"])
    with pytest.raises(ClientError, match="cannot delete default network ACL"):
        ec2.delete_network_acl(NetworkAclId=own_vpc["default"])
    with pytest.raises(ClientError, match="DependencyViolation"):
        ec2.delete_network_acl(NetworkAclId=own_vpc["acl"])
    ec2.delete_subnet(SubnetId=own_vpc["subnet"])
    assert _network_acl(aws, "network-acl-id", own_vpc["acl"])["Associations"] == []
    with pytest.raises(ClientError, match="DependencyViolation"):
        ec2.delete_vpc(VpcId=own_vpc["vpc"])
    ec2.delete_network_acl(NetworkAclId=own_vpc["acl"])
    ec2.delete_vpc(VpcId=own_vpc["vpc"])
    filters = [{"Name": "vpc-id", "Values": [own_vpc["vpc"]]}]
    assert ec2.describe_network_acls(Filters=filters)["NetworkAcls"] == []


ENDPOINT_SERVICE = "com.amazonaws.eu-west-1.sts"
GATEWAY_SERVICE = "com.amazonaws.eu-west-1.s3"


@pytest.fixture
def endpoint_vpc(aws: Any) -> dict[str, Any]:
    """A VPC for endpoints: vpc, subnets (two of one zone, one of another), tables (two), groups (default, another)."""
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.22.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.22.{number}.0/24", AvailabilityZone=f"eu-west-1{zone}")
        for number, zone in enumerate("aab")
    ]
    of_it = [{"Name": "vpc-id", "Values": [vpc]}]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    found = [found["RouteTableId"] for found in ec2.describe_route_tables(Filters=of_it)["RouteTables"]]
    default = ec2.describe_security_groups(Filters=of_it)["SecurityGroups"][0]["GroupId"]
    group = ec2.create_security_group(GroupName="endpoints", Description="endpoints", VpcId=vpc)["GroupId"]
    return {
        "vpc": vpc,
        "subnets": [subnet["Subnet"]["SubnetId"] for subnet in subnets],
        "tables": [table, next(other for other in found if other != table)],
        "groups": [default, group],
    }


def _endpoint(aws: Any, endpoint_vpc: dict[str, Any], kind: str = "Interface", **members: Any) -> dict[str, Any]:
    """A new endpoint, as it is described."""
    service = ENDPOINT_SERVICE if kind == "Interface" else GATEWAY_SERVICE
    request = {"VpcId": endpoint_vpc["vpc"], "VpcEndpointType": kind, "ServiceName": service, **members}
    return _described_endpoint(aws, aws.client("ec2").create_vpc_endpoint(**request)["VpcEndpoint"]["VpcEndpointId"])


def _described_endpoint(aws: Any, endpoint_id: str) -> dict[str, Any]:
    (found,) = aws.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])["VpcEndpoints"]
    return dict(found)


def _changed_endpoint(aws: Any, endpoint: dict[str, Any], **members: Any) -> dict[str, Any]:
    aws.client("ec2").modify_vpc_endpoint(VpcEndpointId=endpoint["VpcEndpointId"], **members)
    return _described_endpoint(aws, endpoint["VpcEndpointId"])


def _gateway_routes(aws: Any, tables: list[str]) -> list[list[str]]:
    """The endpoints that each route table leads to by a prefix list."""
    found = aws.client("ec2").describe_route_tables(RouteTableIds=tables)["RouteTables"]
    routes = {table["RouteTableId"]: table["Routes"] for table in found}
    return [[route["GatewayId"] for route in routes[table] if "DestinationPrefixListId" in route] for table in tables]


def _network_interfaces(aws: Any, endpoint: dict[str, Any]) -> dict[str, list[str]]:
    """The security groups of the endpoint's network interface in each subnet."""
    ids = endpoint["NetworkInterfaceIds"]
    if not ids:
        return {}
    found = aws.client("ec2").describe_network_interfaces(NetworkInterfaceIds=ids)["NetworkInterfaces"]
    return {interface["SubnetId"]: [group["GroupId"] for group in interface["Groups"]] for interface in found}


def test_endpoint_services_are_found_by_name_and_only_they_have_endpoints(
    aws: Any, endpoint_vpc: dict[str, Any]
) -> None:
    filters = [{"Name": "service-name", "Values": [GATEWAY_SERVICE, "com.amazonaws.eu-west-1.none"]}]
    found = aws.client("ec2").describe_vpc_endpoint_services(Filters=filters)["ServiceDetails"]
    kinds = sorted(kind["ServiceType"] for service in found for kind in service["ServiceType"])
    assert kinds == ["Gateway", "Interface"]
    with pytest.raises(ClientError, match="InvalidServiceName"):
        _endpoint(aws, endpoint_vpc, ServiceName="com.amazonaws.eu-west-1.none")


def test_gateway_endpoint_is_a_route_in_its_route_tables(aws: Any, endpoint_vpc: dict[str, Any]) -> None:
    one, other = endpoint_vpc["tables"]
    request = {"VpcId": endpoint_vpc["vpc"], "ServiceName": GATEWAY_SERVICE, "RouteTableIds": [one]}
    made = aws.client("ec2").create_vpc_endpoint(**request)["VpcEndpoint"]
    described = _described_endpoint(aws, made["VpcEndpointId"])
    assert (described["VpcEndpointType"], described["PrivateDnsEnabled"]) == ("Gateway", False)
    assert described["IpAddressType"] == "ipv4"
    with pytest.raises(ClientError, match="RouteAlreadyExists"):
        aws.client("ec2").create_vpc_endpoint(**request)
    changed = _changed_endpoint(aws, made, AddRouteTableIds=[one, other])
    assert _gateway_routes(aws, [one, other]) == [[made["VpcEndpointId"]]] * 2
    assert sorted(changed["RouteTableIds"]) == sorted([one, other])
    _changed_endpoint(aws, made, RemoveRouteTableIds=[one])
    assert _gateway_routes(aws, [one, other]) == [[], [made["VpcEndpointId"]]]
    with pytest.raises(ClientError, match="NotFound"):
        _changed_endpoint(aws, made, AddRouteTableIds=["rtb-0"])
    second = _endpoint(aws, endpoint_vpc, "Gateway", RouteTableIds=[one])
    with pytest.raises(ClientError, match="RouteAlreadyExists"):
        _changed_endpoint(aws, second, AddRouteTableIds=[other])


def test_interface_endpoint_has_a_network_interface_in_each_subnet(aws: Any, endpoint_vpc: dict[str, Any]) -> None:
    (one, twin, other), (default, group) = endpoint_vpc["subnets"], endpoint_vpc["groups"]
    made = _endpoint(aws, endpoint_vpc, SubnetIds=[one])
    assert _network_interfaces(aws, made) == {one: [default]}
    assert [found["GroupId"] for found in made["Groups"]] == [default]
    made = _changed_endpoint(aws, made, AddSubnetIds=[other], AddSecurityGroupIds=[group])
    made = _changed_endpoint(aws, made, RemoveSubnetIds=[one], RemoveSecurityGroupIds=[default])
    assert _network_interfaces(aws, made) == {other: [group]}
    for members in ({"AddSubnetIds": [one, twin]}, {"AddSecurityGroupIds": ["sg-0"]}):
        with pytest.raises(ClientError, match=r"DuplicateSubnetsInSameZone|InvalidGroup\.NotFound"):
            _changed_endpoint(aws, made, **members)
    assert _network_interfaces(aws, _described_endpoint(aws, made["VpcEndpointId"])) == {other: [group]}
    for members in ({"SubnetIds": [one, twin]}, {"SecurityGroupIds": ["sg-0"]}):
        with pytest.raises(ClientError, match=r"DuplicateSubnetsInSameZone|InvalidGroup\.NotFound"):
            _endpoint(aws, endpoint_vpc, PrivateDnsEnabled=False, **members)


def test_network_interface_of_an_endpoint_has_an_address_of_its_subnet(aws: Any, endpoint_vpc: dict[str, Any]) -> None:
    made = _endpoint(aws, endpoint_vpc, SubnetIds=endpoint_vpc["subnets"][2:])
    ids = made["NetworkInterfaceIds"]
    (interface,) = aws.client("ec2").describe_network_interfaces(NetworkInterfaceIds=ids)["NetworkInterfaces"]
    assert interface["PrivateIpAddress"].startswith("10.22.2.")
    assert interface["InterfaceType"] == "vpc_endpoint"
    assert made["VpcEndpointId"] in interface["Description"]


def test_settings_of_an_endpoint_can_be_changed(aws: Any, endpoint_vpc: dict[str, Any]) -> None:
    made = _endpoint(aws, endpoint_vpc, PolicyDocument=json.dumps({"Statement": []}), IpAddressType="dualstack")
    assert (made["PrivateDnsEnabled"], made["IpAddressType"]) == (True, "dualstack")
    changed = _changed_endpoint(aws, made, PrivateDnsEnabled=False, IpAddressType="ipv4", ResetPolicy=True)
    assert (changed["PrivateDnsEnabled"], changed["IpAddressType"]) == (False, "ipv4")
    assert json.loads(changed["PolicyDocument"])["Statement"][0]["Effect"] == "Allow"
    assert _changed_endpoint(aws, made, PrivateDnsEnabled=True)["PrivateDnsEnabled"]


def test_one_endpoint_of_a_service_has_private_dns(aws: Any, endpoint_vpc: dict[str, Any]) -> None:
    _endpoint(aws, endpoint_vpc)
    with pytest.raises(ClientError, match="conflicting DNS domain"):
        _endpoint(aws, endpoint_vpc)
    second = _endpoint(aws, endpoint_vpc, PrivateDnsEnabled=False)
    with pytest.raises(ClientError, match="conflicting DNS domain"):
        _changed_endpoint(aws, second, PrivateDnsEnabled=True)


def test_deleted_endpoint_is_gone_with_its_routes(aws: Any, endpoint_vpc: dict[str, Any]) -> None:
    ec2, (one, other) = aws.client("ec2"), endpoint_vpc["tables"]
    made = _endpoint(aws, endpoint_vpc, "Gateway", RouteTableIds=[one, other])["VpcEndpointId"]
    ec2.delete_route_table(RouteTableId=one)
    answer = ec2.delete_vpc_endpoints(VpcEndpointIds=[made, "vpce-0"])
    assert [refused["ResourceId"] for refused in answer["Unsuccessful"]] == ["vpce-0"]
    assert answer["Unsuccessful"][0]["Error"]["Code"] == "InvalidVpcEndpoint.NotFound"
    assert _gateway_routes(aws, [other]) == [[]]
    with pytest.raises(ClientError, match=r"InvalidVpcEndpointId\.NotFound"):
        _described_endpoint(aws, made)


def test_what_an_endpoint_uses_is_deleted_after_it(aws: Any, endpoint_vpc: dict[str, Any]) -> None:
    ec2, subnet, group = aws.client("ec2"), endpoint_vpc["subnets"][2], endpoint_vpc["groups"][1]
    made = _endpoint(aws, endpoint_vpc, SubnetIds=[subnet], SecurityGroupIds=[group])
    used = {"delete_subnet": {"SubnetId": subnet}, "delete_security_group": {"GroupId": group}}
    for method, members in {**used, "delete_vpc": {"VpcId": endpoint_vpc["vpc"]}}.items():
        with pytest.raises(ClientError, match="DependencyViolation"):
            getattr(ec2, method)(**members)
    ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])
    for subnet_id in endpoint_vpc["subnets"]:
        ec2.delete_subnet(SubnetId=subnet_id)
    ec2.delete_security_group(GroupId=group)
    ec2.delete_route_table(RouteTableId=endpoint_vpc["tables"][0])
    ec2.delete_vpc(VpcId=endpoint_vpc["vpc"])


def test_key_deletion_by_arn(aws: Any) -> None:
    kms = aws.client("kms")
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    kms.schedule_key_deletion(KeyId=arn, PendingWindowInDays=7)
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "PendingDeletion"


def test_key_state_by_arn(aws: Any) -> None:
    kms = aws.client("kms")
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    kms.schedule_key_deletion(KeyId=arn, PendingWindowInDays=7)
    tags = {"Tags": [{"TagKey": "a", "TagValue": "b"}]}
    for change, members in (("enable_key", {}), ("schedule_key_deletion", {}), ("tag_resource", tags)):
        with pytest.raises(ClientError, match="KMSInvalidStateException"):
            getattr(kms, change)(KeyId=arn, **members)
    kms.cancel_key_deletion(KeyId=arn)
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "Disabled"
    kms.enable_key(KeyId=arn)
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "Enabled"
    kms.disable_key(KeyId=arn)
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "Disabled"


def _event_rule(aws: Any, name: str, bus: str = "default", **members: Any) -> str:
    """A rule for every event whose source is the rule's name: its ARN."""
    pattern = json.dumps({"source": [name]})
    return str(aws.client("events").put_rule(Name=name, EventBusName=bus, EventPattern=pattern, **members)["RuleArn"])


def test_rules_of_one_name_have_tags_of_their_own(aws: Any) -> None:
    events, name = aws.client("events"), f"rule-{uuid.uuid4().hex[:8]}"
    bus = events.create_event_bus(Name=name)["EventBusArn"]
    tags = [{"Key": "bus", "Value": "default"}]
    arns = [_event_rule(aws, name, Tags=tags), _event_rule(aws, name, name), bus]

    def tags_of() -> list[dict[str, str]]:
        found = [events.list_tags_for_resource(ResourceARN=arn)["Tags"] for arn in arns]
        return [{tag["Key"]: tag["Value"] for tag in one} for one in found]

    assert tags_of() == [{"bus": "default"}, {}, {}]
    events.tag_resource(ResourceARN=arns[1], Tags=[{"Key": "bus", "Value": "own"}])
    events.untag_resource(ResourceARN=arns[0], TagKeys=["bus"])
    assert tags_of() == [{}, {"bus": "own"}, {}]
    with pytest.raises(events.exceptions.ResourceNotFoundException):
        events.list_tags_for_resource(ResourceARN=f"{arns[0]}-none")


def test_tags_of_a_rule_that_exists_are_ignored(aws: Any) -> None:
    events, name = aws.client("events"), f"rule-{uuid.uuid4().hex[:8]}"
    _event_rule(aws, name, Tags=[{"Key": "a", "Value": "1"}])
    arn = _event_rule(aws, name, Tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "1"}])
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "1"}]


def test_a_rule_has_five_targets_at_most(aws: Any) -> None:
    events, name = aws.client("events"), f"rule-{uuid.uuid4().hex[:8]}"
    _event_rule(aws, name)
    targets = [{"Id": str(number), "Arn": f"arn:aws:sqs:eu-west-1:123456789012:{name}"} for number in range(6)]
    events.put_targets(Rule=name, Targets=targets[:5])
    events.put_targets(Rule=name, Targets=targets[:5])
    with pytest.raises(events.exceptions.LimitExceededException):
        events.put_targets(Rule=name, Targets=targets[5:])
    with pytest.raises(events.exceptions.ResourceNotFoundException):
        events.put_targets(Rule=name, EventBusName="none", Targets=targets[:1])


def test_only_a_rule_in_force_sends_events(aws: Any) -> None:
    events, sqs, name = aws.client("events"), aws.client("sqs"), f"rule-{uuid.uuid4().hex[:8]}"
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    for state in ("DISABLED", "ENABLED"):
        _event_rule(aws, name, State=state)
        events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
        events.put_events(Entries=[{"Source": name, "DetailType": state, "Detail": "{}"}])
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert [json.loads(message["Body"])["detail-type"] for message in messages] == ["ENABLED"]


def test_a_metric_filter_that_is_written_again(aws: Any) -> None:
    logs, group = aws.client("logs"), f"/group/{uuid.uuid4().hex}"
    logs.create_log_group(logGroupName=group)
    metric = {"metricName": "a", "metricNamespace": "b", "metricValue": "1"}
    for pattern in ("a", "b"):
        logs.put_metric_filter(
            logGroupName=group, filterName="f", filterPattern=pattern, metricTransformations=[metric]
        )
    found = logs.describe_metric_filters(logGroupName=group)["metricFilters"]
    assert [each["filterPattern"] for each in found] == ["b"]


@pytest.fixture
def trails(aws: Any, bucket: str) -> list[dict[str, Any]]:
    """Two trails with one bucket."""
    name = uuid.uuid4().hex[:8]
    made = [aws.client("cloudtrail").create_trail(Name=f"{name}-{one}", S3BucketName=bucket[13:]) for one in "ab"]
    return [{"Name": trail["Name"], "TrailARN": trail["TrailARN"]} for trail in made]


@pytest.mark.parametrize("key", ["Name", "TrailARN"])
def test_a_trail_is_told_and_deleted_by_name_and_by_arn(aws: Any, trails: list[dict[str, Any]], key: str) -> None:
    client = aws.client("cloudtrail")
    asked = [trails[0][key]]
    assert [found["Name"] for found in client.describe_trails(trailNameList=asked)["trailList"]] == [trails[0]["Name"]]
    client.delete_trail(Name=asked[0])
    assert client.describe_trails(trailNameList=asked)["trailList"] == []
    with pytest.raises(ClientError, match="TrailNotFoundException"):
        client.delete_trail(Name=asked[0])


def test_a_trail_tells_whether_it_has_selectors_of_its_own(aws: Any, trails: list[dict[str, Any]]) -> None:
    client, name = aws.client("cloudtrail"), trails[0]["Name"]
    found = []
    for kind in ("All", "WriteOnly"):
        selectors = [{"ReadWriteType": kind, "IncludeManagementEvents": True}]
        client.put_event_selectors(TrailName=name, EventSelectors=selectors)
        found.append(client.get_trail(Name=name)["Trail"]["HasCustomEventSelectors"])
    assert found == [False, True]


def test_an_alarm_of_alarms(aws: Any) -> None:
    cloudwatch, name = aws.client("cloudwatch"), f"alarm-{uuid.uuid4().hex[:8]}"
    cloudwatch.put_composite_alarm(AlarmName=name, AlarmRule="TRUE", AlarmActions=["arn:aws:sns:eu-west-1:1:topic"])
    (found,) = cloudwatch.describe_alarms(AlarmNamePrefix=name, AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    assert (found["AlarmRule"], found["AlarmActions"]) == ("TRUE", ["arn:aws:sns:eu-west-1:1:topic"])


def test_an_event_reaches_who_reads_a_topic(aws: Any) -> None:
    events, sns, sqs, name = aws.client("events"), aws.client("sns"), aws.client("sqs"), f"rule-{uuid.uuid4().hex[:8]}"
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name=name)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    short = {"InputPathsMap": {"size": "$.detail.size"}, "InputTemplate": '"of size <size>"'}
    _event_rule(aws, name)
    targets = [{"Id": "whole", "Arn": topic}, {"Id": "short", "Arn": topic, "InputTransformer": short}]
    events.put_targets(Rule=name, Targets=[*targets, {"Id": "gone", "Arn": f"{topic}-none"}])
    for source in (name, f"not-{name}"):
        events.put_events(Entries=[{"Source": source, "DetailType": "x", "Detail": '{"size": 3}'}])
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    whole, text = sorted((json.loads(message["Body"])["Message"] for message in messages), key=len, reverse=True)
    assert json.loads(whole)["detail"] == {"size": 3}
    assert "of size 3" in text


def test_a_key_that_is_not_enabled_is_of_no_use(aws: Any) -> None:
    kms = aws.client("kms")
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    blob = kms.encrypt(KeyId=arn, Plaintext=b"x")["CiphertextBlob"]

    def assert_unusable(exception: type[Exception], reason: str) -> None:
        with pytest.raises(exception, match=f"{arn} {reason}"):
            kms.encrypt(KeyId=arn, Plaintext=b"x")
        with pytest.raises(exception, match=f"{arn} {reason}"):
            kms.generate_data_key(KeyId=arn, KeySpec="AES_256")
        with pytest.raises(exception, match=f"{arn} {reason}"):
            kms.decrypt(CiphertextBlob=blob)

    kms.disable_key(KeyId=arn)
    assert_unusable(kms.exceptions.DisabledException, "is disabled")
    kms.schedule_key_deletion(KeyId=arn, PendingWindowInDays=7)
    assert_unusable(kms.exceptions.KMSInvalidStateException, "is pending deletion")


def test_decrypt_with_another_key(aws: Any) -> None:
    kms = aws.client("kms")
    one, other = (kms.create_key()["KeyMetadata"]["Arn"] for _number in range(2))
    blob = kms.encrypt(KeyId=one, Plaintext=b"x")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob, KeyId=one)["Plaintext"] == b"x"
    with pytest.raises(kms.exceptions.IncorrectKeyException):
        kms.decrypt(CiphertextBlob=blob, KeyId=other)


def test_tls_only_policy_leaves_objects_reachable(aws: Any) -> None:
    s3, bucket = aws.client("s3"), f"b-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"
    unconditional = {key: value for key, value in statement.items() if key != "Condition"}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [unconditional]}))
    with pytest.raises(ClientError, match="Forbidden"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"x")


def test_new_bucket_is_closed(aws: Any) -> None:
    s3, bucket = aws.client("s3"), f"b-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert set(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values()) == {True}
    rules = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "BucketOwnerEnforced"}]


@pytest.fixture
def versioned_bucket(aws: Any) -> str:
    """A versioned bucket with a name of its own."""
    s3, name = aws.client("s3"), f"b-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


@pytest.mark.parametrize(
    ("members", "taken"),
    [
        ({}, True),
        ({"Resource": "arn:aws:s3:::{}/s3/*"}, True),
        ({"Resource": ["arn:aws:s3:::other/*", "arn:aws:s3:::{}/s*"]}, True),
        ({"Action": ["s3:Put*"]}, True),
        ({"Resource": "arn:aws:s3:::{}/elsewhere/*"}, False),
        ({"Principal": {"Service": "delivery.logs.amazonaws.com"}}, False),
        ({"Principal": {"AWS": "*"}}, False),
        ({"Action": "s3:GetObject"}, False),
        ({"Effect": "Deny"}, False),
    ],
    ids=["all", "prefix", "one of two", "wildcard", "elsewhere", "other service", "no service", "reads", "deny"],
)
def test_logs_are_let_in_by_policy(aws: Any, versioned_bucket: str, members: dict[str, Any], taken: bool) -> None:
    s3 = aws.client("s3")
    everybody = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{versioned_bucket}/*"}
    insecure = {**everybody, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    logs = {"Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:PutObject"}
    statement = json.loads(
        json.dumps({**logs, "Resource": "arn:aws:s3:::{}/*", **members}).replace("{}", versioned_bucket)
    )
    policy = {"Version": "2012-10-17", "Statement": [insecure, statement]}
    s3.put_bucket_policy(Bucket=versioned_bucket, Policy=json.dumps(policy))
    target = {"LoggingEnabled": {"TargetBucket": versioned_bucket, "TargetPrefix": "s3/"}}
    if taken:
        s3.put_bucket_logging(Bucket=versioned_bucket, BucketLoggingStatus=target)
        assert s3.get_bucket_logging(Bucket=versioned_bucket)["LoggingEnabled"] == target["LoggingEnabled"]
    else:
        with pytest.raises(ClientError, match="InvalidTargetBucketForLogging"):
            s3.put_bucket_logging(Bucket=versioned_bucket, BucketLoggingStatus=target)


def test_lifecycle_rules_come_back_as_they_were(aws: Any, versioned_bucket: str) -> None:
    s3 = aws.client("s3")
    rules = [
        {
            "ID": "old",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 30, "NewerNoncurrentVersions": 3},
        },
        {"ID": "days", "Status": "Enabled", "Filter": {"Prefix": "a/"}, "Expiration": {"Days": 3}},
        {
            "ID": "noncurrent",
            "Status": "Disabled",
            "Filter": {"Prefix": ""},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
        },
    ]
    s3.put_bucket_lifecycle_configuration(Bucket=versioned_bucket, LifecycleConfiguration={"Rules": rules})
    assert s3.get_bucket_lifecycle_configuration(Bucket=versioned_bucket)["Rules"] == rules
    s3.delete_bucket_lifecycle(Bucket=versioned_bucket)
    with pytest.raises(ClientError, match="NoSuchLifecycleConfiguration"):
        s3.get_bucket_lifecycle_configuration(Bucket=versioned_bucket)


def test_replication_comes_back_as_it_was(aws: Any, versioned_bucket: str) -> None:
    s3 = aws.client("s3")
    encryption = {"ReplicaKmsKeyID": "arn:aws:kms:eu-central-1:123456789012:key/1"}
    rules = [
        {
            "ID": "all",
            "Status": "Enabled",
            "Priority": 1,
            "Filter": {"Prefix": ""},
            "DeleteMarkerReplication": {"Status": "Disabled"},
            "SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}},
            "Destination": {"Bucket": "arn:aws:s3:::copies", "EncryptionConfiguration": encryption},
        },
        {
            "ID": "some",
            "Status": "Disabled",
            "Priority": 2,
            "Filter": {"Prefix": "a/"},
            "DeleteMarkerReplication": {"Status": "Enabled"},
            "Destination": {"Bucket": "arn:aws:s3:::copies"},
        },
    ]
    configuration = {"Role": "arn:aws:iam::123456789012:role/r", "Rules": rules}
    with pytest.raises(ClientError, match="ReplicationConfigurationNotFoundError"):
        s3.get_bucket_replication(Bucket=versioned_bucket)
    s3.put_bucket_replication(Bucket=versioned_bucket, ReplicationConfiguration=configuration)
    assert s3.get_bucket_replication(Bucket=versioned_bucket)["ReplicationConfiguration"] == configuration
    with pytest.raises(ClientError, match="InvalidBucketState"):
        s3.put_bucket_versioning(Bucket=versioned_bucket, VersioningConfiguration={"Status": "Suspended"})
    s3.delete_bucket_replication(Bucket=versioned_bucket)
    s3.put_bucket_versioning(Bucket=versioned_bucket, VersioningConfiguration={"Status": "Suspended"})


@pytest.mark.parametrize("tags", [{"team": ""}, {"team": "", "use": "uploads"}], ids=["alone", "beside another"])
def test_tag_of_bucket_keeps_its_empty_value(aws: Any, versioned_bucket: str, tags: dict[str, str]) -> None:
    s3 = aws.client("s3")
    wanted = [{"Key": key, "Value": value} for key, value in tags.items()]
    s3.put_bucket_tagging(Bucket=versioned_bucket, Tagging={"TagSet": wanted})
    assert s3.get_bucket_tagging(Bucket=versioned_bucket)["TagSet"] == wanted

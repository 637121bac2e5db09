# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Run as a program, without our patches: prints for each gap of moto whether it is still open, as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from moto import mock_aws
from moto.ec2.models import ec2_backends

REGION = "eu-west-1"
TLS_ONLY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ],
}

# A slash in the name of the object is written as %2F.
READER = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/a%2Fb"}],
}

# One for all, since each reads the model of a service anew, and that of EC2 takes a second.
SESSION: Any = boto3.session.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name=REGION)


def client(service: str) -> Any:
    return SESSION.client(service)


def nat_gateway(name: str) -> tuple[str, str]:
    """A NAT gateway tagged Name: (gateway id, allocation id)."""
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    tags = [{"ResourceType": "natgateway", "Tags": [{"Key": "Name", "Value": name}]}]
    created = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address, TagSpecifications=tags)
    return created["NatGateway"]["NatGatewayId"], address


def certificate(name: str = "example.com", **members: Any) -> str:
    """A requested certificate: its ARN."""
    requested = client("acm").request_certificate(DomainName=name, ValidationMethod="DNS", **members)
    return str(requested["CertificateArn"])


def described_certificate(arn: str) -> dict[str, Any]:
    found: dict[str, Any] = client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    return found


def validation_record(name: str) -> dict[str, str]:
    """What has to be in the DNS to validate a new certificate for a name."""
    record: dict[str, str] = described_certificate(certificate(name))["DomainValidationOptions"][0]["ResourceRecord"]
    return record


def validation_records() -> bool:
    return validation_record("one.com")["Value"] == validation_record("two.com")["Value"]


def validation_by_records() -> bool:
    route53, record = client("route53"), validation_record("example.com")
    zone = route53.create_hosted_zone(Name="example.com", CallerReference="r")["HostedZone"]["Id"]
    values = {"TTL": 300, "ResourceRecords": [{"Value": record["Value"]}]}
    change = {"Action": "UPSERT", "ResourceRecordSet": {"Name": record["Name"], "Type": "CNAME", **values}}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})
    return bool(described_certificate(certificate())["Status"] != "ISSUED")


def pending_certificate() -> bool:
    return "NotAfter" in described_certificate(certificate())


def key_algorithm() -> bool:
    arn = certificate(KeyAlgorithm="EC_prime256v1")
    return bool(described_certificate(arn)["KeyAlgorithm"] != "EC-prime256v1")


def default_key_types() -> bool:
    key = ec.generate_private_key(ec.SECP384R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "example.com")])
    now = datetime.now(tz=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = builder.not_valid_before(now).not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    client("acm").import_certificate(Certificate=made.public_bytes(pem), PrivateKey=private)
    return bool(client("acm").list_certificates()["CertificateSummaryList"])


def listed_names() -> bool:
    certificate()
    return "SubjectAlternativeNameSummaries" not in client("acm").list_certificates()["CertificateSummaryList"][0]


def certificate_in_use() -> bool:
    ec2, elbv2, arn = client("ec2"), client("elbv2"), certificate()
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")
        for number, zone in enumerate("ab")
    ]
    balancer = elbv2.create_load_balancer(Name="b", Subnets=[subnet["Subnet"]["SubnetId"] for subnet in subnets])
    answer = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    elbv2.create_listener(
        LoadBalancerArn=balancer["LoadBalancers"][0]["LoadBalancerArn"],
        Protocol="HTTPS",
        Port=443,
        Certificates=[{"CertificateArn": arn}],
        DefaultActions=[answer],
    )
    try:
        client("acm").delete_certificate(CertificateArn=arn)
    except ClientError:
        return False
    return True


def token_of_deleted_certificate() -> bool:
    client("acm").delete_certificate(CertificateArn=certificate(IdempotencyToken="token"))
    try:
        certificate(IdempotencyToken="token")
    except KeyError:
        return True
    return False


def rule_description_answer() -> bool:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"]
    rule = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "all"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    updates = (
        ec2.update_security_group_rule_descriptions_egress,
        ec2.update_security_group_rule_descriptions_ingress,
    )
    return all(update(GroupId=group, IpPermissions=[rule]).get("Return") is not True for update in updates)


def nat_gateway_resource_type() -> bool:
    nat_gateway("n")
    filters = [{"Name": "resource-type", "Values": ["natgateway"]}]
    return not client("ec2").describe_tags(Filters=filters)["Tags"]


def nat_gateway_tag_filters() -> bool:
    nat_gateway("one")
    other = [{"Name": "tag:Name", "Values": ["other"]}]
    return bool(client("ec2").describe_nat_gateways(Filters=other)["NatGateways"])


def nat_gateway_connectivity() -> bool:
    nat_gateway("n")
    return "ConnectivityType" not in client("ec2").describe_nat_gateways()["NatGateways"][0]


def address_of_deleted_nat_gateway() -> bool:
    gateway, address = nat_gateway("n")
    client("ec2").delete_nat_gateway(NatGatewayId=gateway)
    return "AssociationId" in client("ec2").describe_addresses(AllocationIds=[address])["Addresses"][0]


def network_interface_of_deleted_nat_gateway() -> bool:
    gateway, _unused = nat_gateway("n")
    client("ec2").delete_nat_gateway(NatGatewayId=gateway)
    return bool(client("ec2").describe_network_interfaces()["NetworkInterfaces"])


def network_interface_of_terminated_instance() -> bool:
    ec2 = client("ec2")
    instance = ec2.run_instances(ImageId=ec2.describe_images()["Images"][0]["ImageId"], MinCount=1, MaxCount=1)
    ec2.terminate_instances(InstanceIds=[instance["Instances"][0]["InstanceId"]])
    return bool(ec2.describe_network_interfaces()["NetworkInterfaces"])


def release_of_address_in_use() -> bool:
    _unused, address = nat_gateway("n")
    try:
        client("ec2").release_address(AllocationId=address)
    except ClientError:
        return False
    return True


def event_rule(name: str = "rule", bus: str = "default", **members: Any) -> str:
    """A rule for every event of the source test: its ARN."""
    events, pattern = client("events"), json.dumps({"source": ["test"]})
    if bus != "default":
        events.create_event_bus(Name=bus)
    return str(events.put_rule(Name=name, EventBusName=bus, EventPattern=pattern, **members)["RuleArn"])


def tags_by_arn() -> bool:
    event_rule(Tags=[{"Key": "a", "Value": "1"}])
    return bool(client("events").list_tags_for_resource(ResourceARN=event_rule(bus="other"))["Tags"])


def tags_of_rule_that_exists() -> bool:
    event_rule()
    arn = event_rule(Tags=[{"Key": "a", "Value": "1"}])
    return bool(client("events").list_tags_for_resource(ResourceARN=arn)["Tags"])


def target_quota() -> bool:
    event_rule()
    targets = [{"Id": str(number), "Arn": "arn:aws:sqs:eu-west-1:123456789012:queue"} for number in range(6)]
    try:
        client("events").put_targets(Rule="rule", Targets=targets)
    except ClientError:
        return False
    return True


def events_of_disabled_rule() -> bool:
    queue = client("sqs").create_queue(QueueName="queue")["QueueUrl"]
    event_rule(State="DISABLED")
    target = {"Id": "queue", "Arn": "arn:aws:sqs:eu-west-1:123456789012:queue"}
    client("events").put_targets(Rule="rule", Targets=[target])
    client("events").put_events(Entries=[{"Source": "test", "DetailType": "test", "Detail": "{}"}])
    return "Messages" in client("sqs").receive_message(QueueUrl=queue)


def metric_filter_written_again() -> bool:
    logs = client("logs")
    logs.create_log_group(logGroupName="filtered")
    metric = {"metricName": "a", "metricNamespace": "b", "metricValue": "1"}
    for pattern in ("a", "b"):
        logs.put_metric_filter(
            logGroupName="filtered", filterName="f", filterPattern=pattern, metricTransformations=[metric]
        )
    return len(logs.describe_metric_filters(logGroupName="filtered")["metricFilters"]) == 2


def trail(name: str) -> str:
    """A trail: its ARN."""
    client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return str(client("cloudtrail").create_trail(Name=name, S3BucketName=name)["TrailARN"])


def trail_deleted_by_arn() -> bool:
    client("cloudtrail").delete_trail(Name=trail("deleted-trail"))
    return any(found["Name"] == "deleted-trail" for found in client("cloudtrail").list_trails()["Trails"])


def trails_described_by_name() -> bool:
    trail("described-trail")
    return bool(client("cloudtrail").describe_trails(trailNameList=["another-trail"])["trailList"])


def custom_event_selectors() -> bool:
    arn = trail("selecting-trail")
    selectors = [{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True}]
    client("cloudtrail").put_event_selectors(TrailName=arn, EventSelectors=selectors)
    return not client("cloudtrail").get_trail(Name=arn)["Trail"]["HasCustomEventSelectors"]


def composite_alarms() -> bool:
    try:
        client("cloudwatch").put_composite_alarm(AlarmName="any", AlarmRule="TRUE")
    except NotImplementedError:
        return True
    return False


def events_to_topics() -> bool:
    topic = client("sns").create_topic(Name="topic")["TopicArn"]
    event_rule("to-topic")
    client("events").put_targets(Rule="to-topic", Targets=[{"Id": "topic", "Arn": topic}])
    try:
        client("events").put_events(Entries=[{"Source": "test", "DetailType": "test", "Detail": "{}"}])
    except NotImplementedError:
        return True
    return False


def flow_log(**members: Any) -> dict[str, Any]:
    """A flow log of a new VPC, as it is described; empty when it was not made."""
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    answer = ec2.create_flow_logs(**{"ResourceType": "VPC", "ResourceIds": [vpc], "TrafficType": "ALL", **members})
    found: list[dict[str, Any]] = ec2.describe_flow_logs(FlowLogIds=answer["FlowLogIds"])["FlowLogs"]
    return found[0] if answer["FlowLogIds"] else {}


def flow_log_bucket() -> dict[str, Any]:
    client("s3").create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    return {"LogDestinationType": "s3", "LogDestination": "arn:aws:s3:::bucket"}


def flow_log_group(role: str) -> dict[str, Any]:
    client("logs").create_log_group(logGroupName="group")
    arn = "arn:aws:logs:eu-west-1:123456789012:log-group:group"
    return {"LogDestination": arn, "DeliverLogsPermissionArn": f"arn:aws:iam::123456789012:role/{role}"}


def flow_log_to_log_group_arn() -> bool:
    return "LogGroupName" not in flow_log(**flow_log_group("r"))


def flow_log_to_bucket_prefix() -> bool:
    return not flow_log(**{**flow_log_bucket(), "LogDestination": "arn:aws:s3:::bucket/prefix"})


def flow_log_role() -> bool:
    return bool(flow_log(**flow_log_group("none")))


def flow_log_destination_options() -> bool:
    return "DestinationOptions" not in flow_log(**flow_log_bucket())


def equal_flow_log() -> bool:
    members = flow_log_bucket()
    made = flow_log(**members)
    try:
        flow_log(**members, ResourceIds=[made["ResourceId"]], MaxAggregationInterval=60)
    except ClientError:
        return True
    return False


def service_linked_role_names() -> bool:
    role = client("iam").create_service_linked_role(AWSServiceName="spot.amazonaws.com")["Role"]
    return str(role["RoleName"]) != "AWSServiceRoleForEC2Spot"


def taken_service_linked_role() -> bool:
    iam = client("iam")
    iam.create_service_linked_role(AWSServiceName="ecs.amazonaws.com")
    try:
        iam.create_service_linked_role(AWSServiceName="ecs.amazonaws.com")
    except ClientError as error:
        return error.response["Error"]["Code"] != "InvalidInput"
    return True


def refused_custom_suffix() -> bool:
    try:
        client("iam").create_service_linked_role(AWSServiceName="ecs.amazonaws.com", CustomSuffix="a")
    except ClientError:
        return False
    return True


def service_linked_role_deletion() -> bool:
    try:
        client("iam").get_service_linked_role_deletion_status(DeletionTaskId="none")
    except ClientError:
        return False
    return True


def oidc_provider(**members: Any) -> str:
    """An OIDC provider: its ARN."""
    created = client("iam").create_open_id_connect_provider(Url="https://example.com/id", **members)
    return str(created["OpenIDConnectProviderArn"])


def client_ids_of_oidc_provider() -> bool:
    try:
        client("iam").add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=oidc_provider(), ClientID="a")
    except NotImplementedError:
        return True
    return False


def thumbprint_of_oidc_provider() -> bool:
    provider = client("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=oidc_provider())
    return not provider["ThumbprintList"]


def duplicate_oidc_provider() -> bool:
    oidc_provider()
    try:
        oidc_provider()
    except ClientError as error:
        return "https://example.com/id" not in error.response["Error"]["Message"]
    return True


def tag_keys_of_oidc_provider() -> bool:
    try:
        oidc_provider(Tags=[{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}])
    except ClientError:
        return True
    return False


def policy(**members: Any) -> str:
    """A managed policy: its ARN."""
    request = {"PolicyName": "policy", "PolicyDocument": json.dumps(READER), **members}
    return str(client("iam").create_policy(**request)["Policy"]["Arn"])


def encoding_of_policy_document() -> bool:
    found = client("iam").get_policy_version(PolicyArn=policy(), VersionId="v1")["PolicyVersion"]["Document"]
    return bool(found != READER)


def policy_name_on_another_path() -> bool:
    policy()
    try:
        policy(Path="/team/")
    except ClientError:
        return False
    return True


def policy_usage_filter() -> bool:
    iam, arn = client("iam"), policy()
    iam.create_role(RoleName="role", AssumeRolePolicyDocument="{}", PermissionsBoundary=arn)
    return not iam.list_entities_for_policy(PolicyArn=arn, PolicyUsageFilter="PermissionsBoundary")["PolicyRoles"]


def deletion_of_policy_in_use() -> bool:
    iam, arn = client("iam"), policy()
    iam.create_role(RoleName="role", AssumeRolePolicyDocument="{}")
    iam.attach_role_policy(RoleName="role", PolicyArn=arn)
    try:
        iam.delete_policy(PolicyArn=arn)
    except ClientError:
        return False
    return True


def tag_keys_of_policy() -> bool:
    try:
        policy(Tags=[{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}])
    except ClientError:
        return True
    return False


def schedule_deletion_by_arn() -> bool:
    kms = client("kms")
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    try:
        kms.schedule_key_deletion(KeyId=arn, PendingWindowInDays=7)
    except (ClientError, KeyError):
        return True
    return False


def key_state_by_arn() -> bool:
    kms = client("kms")
    try:
        kms.disable_key(KeyId=kms.create_key()["KeyMetadata"]["Arn"])
    except (ClientError, KeyError):
        return True
    return False


def use_of_unusable_key() -> bool:
    kms = client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.disable_key(KeyId=key)
    try:
        kms.encrypt(KeyId=key, Plaintext=b"x")
    except ClientError:
        return False
    return True


def changes_of_key_pending_deletion() -> bool:
    kms = client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.schedule_key_deletion(KeyId=key)
    kms.enable_key(KeyId=key)
    return bool(kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled")


def decrypt_with_another_key() -> bool:
    kms = client("kms")
    one, other = (kms.create_key()["KeyMetadata"]["KeyId"] for _number in range(2))
    blob = kms.encrypt(KeyId=one, Plaintext=b"x")["CiphertextBlob"]
    try:
        kms.decrypt(CiphertextBlob=blob, KeyId=other)
    except ClientError as error:
        return error.response["Error"]["Code"] != "IncorrectKeyException"
    return True


def regions_of_account() -> bool:
    regions = client("ec2").describe_regions()["Regions"]
    return any(region["OptInStatus"] == "not-opted-in" for region in regions)


def wildcards_of_instance_type_offerings() -> bool:
    asked = [{"Name": "instance-type", "Values": ["m7*.large"]}]
    return not client("ec2").describe_instance_type_offerings(Filters=asked)["InstanceTypeOfferings"]


def resources_of_unused_region() -> bool:
    client("ec2").describe_vpcs()
    boto3.client("resourcegroupstaggingapi", "eu-west-3").get_resources()
    # Asked directly, it says that it has every region.
    return "eu-west-3" in list(ec2_backends["123456789012"])


def quotas_of_other_services() -> bool:
    try:
        client("service-quotas").get_service_quota(ServiceCode="eks", QuotaCode="L-1194D53C")
    except ClientError:
        return True
    return False


def policy_simulation() -> bool:
    arn = client("iam").create_user(UserName="u")["User"]["Arn"]
    try:
        client("iam").simulate_principal_policy(PolicySourceArn=arn, ActionNames=["ec2:CreateVpc"])
    except (ClientError, NotImplementedError):
        return True
    return False


def launch_template_version_deletion() -> bool:
    ec2 = client("ec2")
    template = ec2.create_launch_template(LaunchTemplateName="t", LaunchTemplateData={"InstanceType": "m7g.large"})
    identifier = {"LaunchTemplateId": template["LaunchTemplate"]["LaunchTemplateId"]}
    ec2.create_launch_template_version(**identifier, LaunchTemplateData={"InstanceType": "m7g.xlarge"})
    try:
        ec2.delete_launch_template_versions(**identifier, Versions=["2"])
    except (ClientError, NotImplementedError):
        return True
    return False


def launch_template_tags() -> bool:
    ec2 = client("ec2")
    template = ec2.create_launch_template(LaunchTemplateName="t", LaunchTemplateData={"InstanceType": "m7g.large"})
    ec2.create_tags(Resources=[template["LaunchTemplate"]["LaunchTemplateId"]], Tags=[{"Key": "a", "Value": "b"}])
    return not ec2.describe_launch_templates()["LaunchTemplates"][0].get("Tags")


def new_vpc() -> dict[str, str]:
    """A VPC with a subnet and a network ACL: vpc, subnet, acl, default (network ACL), association (of the subnet)."""
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    filters = [{"Name": "association.subnet-id", "Values": [subnet]}]
    default = ec2.describe_network_acls(Filters=filters)["NetworkAcls"][0]
    association = default["Associations"][0]["NetworkAclAssociationId"]
    names = {"default": default["NetworkAclId"], "association": association}
    return {"vpc": vpc, "subnet": subnet, "acl": acl, **names}


def network_acl(**names: Any) -> dict[str, Any]:
    """The only network ACL that is described for these names."""
    (found,) = client("ec2").describe_network_acls(**names)["NetworkAcls"]
    return dict(found)


def network_acl_rule(number: int = 100, **members: Any) -> dict[str, Any]:
    least = {"Egress": False, "RuleAction": "allow", "Protocol": "-1", "CidrBlock": "10.0.0.0/8"}
    return {"RuleNumber": number, **least, **members}


def icmp_of_network_acl_entry() -> bool:
    acl = new_vpc()["acl"]
    rule = network_acl_rule(Protocol="1", IcmpTypeCode={"Type": 8, "Code": -1})
    client("ec2").create_network_acl_entry(NetworkAclId=acl, **rule)
    return "IcmpTypeCode" not in network_acl(NetworkAclIds=[acl])["Entries"][0]


def network_acl_id_filter() -> bool:
    try:
        network_acl(Filters=[{"Name": "network-acl-id", "Values": [new_vpc()["acl"]]}])
    except NotImplementedError:
        return True
    return False


def client_tokens() -> bool:
    ec2, made, token = client("ec2"), new_vpc(), {"ClientToken": "a"}
    template = ec2.create_launch_template(LaunchTemplateName="t", LaunchTemplateData={})["LaunchTemplate"]
    place = {"LaunchTemplateId": template["LaunchTemplateId"]}
    for _time in range(2):
        ec2.create_network_acl(VpcId=made["vpc"], **token)
        ec2.create_nat_gateway(SubnetId=made["subnet"], ConnectivityType="private", **token)
        ec2.create_launch_template_version(**place, LaunchTemplateData={}, **token)
    return (
        len(ec2.describe_nat_gateways()["NatGateways"]) == 2
        and len(ec2.describe_launch_template_versions(**place)["LaunchTemplateVersions"]) == 3
        # With the default one of the VPC, and one that each new_vpc has.
        and len(ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [made["vpc"]]}])["NetworkAcls"]) == 4
    )


def denial_of_new_network_acl() -> bool:
    return not network_acl(NetworkAclIds=[new_vpc()["acl"]])["Entries"]


def missing_network_acl_entry() -> bool:
    try:
        client("ec2").delete_network_acl_entry(NetworkAclId=new_vpc()["acl"], RuleNumber=100, Egress=False)
    except StopIteration:
        return True
    return False


def network_acl_entry_quota() -> bool:
    ec2, acl = client("ec2"), new_vpc()["acl"]
    try:
        for number in range(100, 121):
            ec2.create_network_acl_entry(NetworkAclId=acl, **network_acl_rule(number))
    except ClientError:
        return False
    return True


def network_acl_association() -> bool:
    try:
        client("ec2").replace_network_acl_association(AssociationId="aclassoc-0", NetworkAclId=new_vpc()["acl"])
    except StopIteration:
        return True
    return False


def deletion_of_default_network_acl() -> bool:
    ec2, made = client("ec2"), new_vpc()
    ec2.replace_network_acl_association(AssociationId=made["association"], NetworkAclId=made["acl"])
    try:
        ec2.delete_network_acl(NetworkAclId=made["default"])
    except ClientError:
        return False
    return True


def network_acl_of_deleted_subnet() -> bool:
    made = new_vpc()
    client("ec2").delete_subnet(SubnetId=made["subnet"])
    return bool(network_acl(NetworkAclIds=[made["default"]])["Associations"])


def network_acls_of_deleted_vpc() -> bool:
    made = new_vpc()
    client("ec2").delete_subnet(SubnetId=made["subnet"])
    try:
        client("ec2").delete_vpc(VpcId=made["vpc"])
    except ClientError:
        return False
    return True


def described_rule(permission: dict[str, Any], changed: dict[str, Any] | None = None) -> dict[str, Any]:
    """The permission of a new group with one rule, as it is described, after a change of its description."""
    ec2, vpc = client("ec2"), new_vpc()["vpc"]
    group = ec2.create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"]
    itself = {"GroupId": group} if "UserIdGroupPairs" in permission else {}
    for operation, sent in (
        ("authorize_security_group", permission),
        ("update_security_group_rule_descriptions", changed),
    ):
        if sent:
            pairs = {"UserIdGroupPairs": [{**sent["UserIdGroupPairs"][0], **itself}]} if itself else {}
            getattr(ec2, f"{operation}_ingress")(GroupId=group, IpPermissions=[{**sent, **pairs}])
    found: dict[str, Any] = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"][0]
    return found


def deletion_of_group_in_use() -> bool:
    ec2, vpc = client("ec2"), new_vpc()["vpc"]
    used, user = (
        ec2.create_security_group(GroupName=name, Description="g", VpcId=vpc)["GroupId"] for name in ("used", "user")
    )
    permissions = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": used}]}]
    ec2.authorize_security_group_ingress(GroupId=user, IpPermissions=permissions)
    ec2.delete_security_group(GroupId=used)
    return True


def ports_of_other_protocols() -> bool:
    try:
        described_rule({"IpProtocol": "50", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]})
    except TypeError:
        return True
    return False


def description_of_group_rule() -> bool:
    one, other = ({"IpProtocol": "-1", "UserIdGroupPairs": [{"Description": text}]} for text in ("one", "other"))
    return bool(described_rule(one, other)["UserIdGroupPairs"][0]["Description"] == "one")


def removed_rule_description() -> bool:
    block = {"CidrIp": "10.0.0.0/8"}
    described = {"IpProtocol": "-1", "IpRanges": [{**block, "Description": "one"}]}
    return "Description" in described_rule(described, {"IpProtocol": "-1", "IpRanges": [block]})["IpRanges"][0]


def vpc_endpoint(kind: str = "Interface", service: str = "sts", **members: Any) -> dict[str, Any]:
    """A VPC endpoint, as it is described: of a new VPC with a subnet, unless VpcId names another."""
    ec2, vpc = client("ec2"), members.get("VpcId") or new_vpc()["vpc"]
    request = {"VpcId": vpc, "VpcEndpointType": kind, "ServiceName": f"com.amazonaws.{REGION}.{service}", **members}
    made: dict[str, Any] = ec2.create_vpc_endpoint(**request)["VpcEndpoint"]
    return made


def changed_vpc_endpoint(made: dict[str, Any], **members: Any) -> dict[str, Any]:
    """The endpoint as it is described after a change."""
    ec2, identifier = client("ec2"), made["VpcEndpointId"]
    ec2.modify_vpc_endpoint(VpcEndpointId=identifier, **members)
    (found,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[identifier])["VpcEndpoints"]
    return dict(found)


def subnet_of(vpc: str, block: str = "10.0.1.0/24", zone: str = "a") -> str:
    """A new subnet."""
    request = {"VpcId": vpc, "CidrBlock": block, "AvailabilityZone": f"{REGION}{zone}"}
    return str(client("ec2").create_subnet(**request)["Subnet"]["SubnetId"])


def main_route_table(vpc: str) -> str:
    """The route table that every VPC has."""
    found = client("ec2").describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])
    return str(found["RouteTables"][0]["RouteTableId"])


def vpc_endpoint_service_filters() -> bool:
    filters = [{"Name": "service-name", "Values": ["com.amazonaws.eu-west-1.s3"]}]
    try:
        client("ec2").describe_vpc_endpoint_services(Filters=filters)
    except KeyError:
        return True
    return False


def unknown_vpc_endpoint_service() -> bool:
    try:
        vpc_endpoint(service="none")
    except ClientError:
        return False
    return True


def default_type_of_vpc_endpoint() -> bool:
    vpc = new_vpc()["vpc"]
    made = client("ec2").create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.eu-west-1.s3")["VpcEndpoint"]
    return "VpcEndpointType" not in made


def private_dns_of_gateway_endpoint() -> bool:
    return bool(vpc_endpoint("Gateway", "s3")["PrivateDnsEnabled"])


def security_groups_of_vpc_endpoint() -> bool:
    return not vpc_endpoint()["Groups"]


def zones_of_interface_endpoint() -> bool:
    vpc = new_vpc()["vpc"]
    subnets = [subnet_of(vpc), subnet_of(vpc, "10.0.2.0/24")]
    try:
        vpc_endpoint(VpcId=vpc, SubnetIds=subnets)
    except ClientError:
        return False
    return True


def network_interfaces_of_vpc_endpoint() -> bool:
    vpc = new_vpc()["vpc"]
    made = vpc_endpoint(VpcId=vpc, SubnetIds=[subnet_of(vpc)])
    changed = changed_vpc_endpoint(made, AddSubnetIds=[subnet_of(vpc, "10.0.2.0/24", "b")])
    return len(changed["NetworkInterfaceIds"]) == 1


def routes_of_gateway_endpoint() -> bool:
    vpc = new_vpc()["vpc"]
    table = main_route_table(vpc)
    changed_vpc_endpoint(vpc_endpoint("Gateway", "s3", VpcId=vpc), AddRouteTableIds=[table])
    found = client("ec2").describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    return not any("DestinationPrefixListId" in route for route in found)


def conflicting_private_dns() -> bool:
    vpc = new_vpc()["vpc"]
    try:
        for _number in range(2):
            vpc_endpoint(VpcId=vpc, PrivateDnsEnabled=True)
    except ClientError:
        return False
    return True


def ip_address_type_of_vpc_endpoint() -> bool:
    return "IpAddressType" not in vpc_endpoint(IpAddressType="ipv4")


def settings_of_modified_vpc_endpoint() -> bool:
    return bool(changed_vpc_endpoint(vpc_endpoint(), PrivateDnsEnabled=False)["PrivateDnsEnabled"])


def deletion_of_vpc_endpoint() -> bool:
    ec2, identifier = client("ec2"), vpc_endpoint()["VpcEndpointId"]
    ec2.delete_vpc_endpoints(VpcEndpointIds=[identifier])
    unknown = ec2.delete_vpc_endpoints(VpcEndpointIds=["vpce-0"])
    return bool(ec2.describe_vpc_endpoints()["VpcEndpoints"]) and not unknown["Unsuccessful"]


def deletion_of_what_vpc_endpoints_use() -> bool:
    vpc = new_vpc()["vpc"]
    subnet = subnet_of(vpc)
    vpc_endpoint(VpcId=vpc, SubnetIds=[subnet])
    try:
        client("ec2").delete_subnet(SubnetId=subnet)
    except ClientError:
        return False
    return True


def conditional_deny() -> bool:
    s3 = client("s3")
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_policy(Bucket="bucket", Policy=json.dumps(TLS_ONLY))
    try:
        s3.put_object(Bucket="bucket", Key="k", Body=b"x")
    except ClientError:
        return True
    return False


def settings_of_new_bucket() -> bool:
    s3 = client("s3")
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    try:
        s3.get_public_access_block(Bucket="bucket")
    except ClientError:
        return True
    return False


def bucket() -> Any:
    """A client of S3, with a versioned bucket made."""
    s3 = client("s3")
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    return s3


def log_delivery_by_policy() -> bool:
    s3 = bucket()
    logs = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::bucket/*",
    }
    policy = {**TLS_ONLY, "Statement": [*TLS_ONLY["Statement"], logs]}
    s3.put_bucket_policy(Bucket="bucket", Policy=json.dumps(policy))
    target = {"TargetBucket": "bucket", "TargetPrefix": ""}
    try:
        s3.put_bucket_logging(Bucket="bucket", BucketLoggingStatus={"LoggingEnabled": target})
    except AttributeError:
        return True
    return False


def newer_noncurrent_versions() -> bool:
    s3, kept = bucket(), {"NoncurrentDays": 1, "NewerNoncurrentVersions": 2}
    rule = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": ""}, "NoncurrentVersionExpiration": kept}
    s3.put_bucket_lifecycle_configuration(Bucket="bucket", LifecycleConfiguration={"Rules": [rule]})
    (found,) = s3.get_bucket_lifecycle_configuration(Bucket="bucket")["Rules"]
    return bool(found["NoncurrentVersionExpiration"] != kept)


def replicated_bucket() -> tuple[Any, dict[str, Any]]:
    """A client of S3, with a bucket that replicates, and its rule."""
    s3 = bucket()
    rule = {
        "ID": "r",
        "Status": "Enabled",
        "Priority": 1,
        "Filter": {"Prefix": "a/"},
        "DeleteMarkerReplication": {"Status": "Enabled"},
        "Destination": {"Bucket": "arn:aws:s3:::copies"},
    }
    configuration = {"Role": "arn:aws:iam::123456789012:role/r", "Rules": [rule]}
    s3.put_bucket_replication(Bucket="bucket", ReplicationConfiguration=configuration)
    return s3, rule


def replication_rules() -> bool:
    s3, rule = replicated_bucket()
    return bool(s3.get_bucket_replication(Bucket="bucket")["ReplicationConfiguration"]["Rules"] != [rule])


def versioning_of_replicated_bucket() -> bool:
    s3, _rule = replicated_bucket()
    try:
        s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Suspended"})
    except ClientError:
        return False
    return True


def empty_tag_values() -> bool:
    s3, tags = bucket(), [{"Key": "team", "Value": ""}]
    s3.put_bucket_tagging(Bucket="bucket", Tagging={"TagSet": tags})
    return bool(s3.get_bucket_tagging(Bucket="bucket")["TagSet"] != tags)


def fleet_instance(lifecycle: str = "spot") -> tuple[dict[str, Any], dict[str, Any], str]:
    """What CreateFleet answers, the instance that it launched, and the security group of its launch template."""
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="nodes", Description="nodes", VpcId=vpc)["GroupId"]
    client("iam").create_instance_profile(InstanceProfileName="node")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    data = {"ImageId": image, "SecurityGroupIds": [group], "IamInstanceProfile": {"Name": "node"}}
    ec2.create_launch_template(LaunchTemplateName="nodes", LaunchTemplateData=data)
    types = {"m7i.4xlarge": 0.4, "m7i.large": 0.1}
    overrides = [{"InstanceType": name, "SubnetId": subnet, "Priority": price} for name, price in types.items()]
    template = {"LaunchTemplateName": "nodes", "Version": "$Latest"}
    answer = ec2.create_fleet(
        Type="instant",
        LaunchTemplateConfigs=[{"LaunchTemplateSpecification": template, "Overrides": overrides}],
        TargetCapacitySpecification={"TotalTargetCapacity": 1, "DefaultTargetCapacityType": lifecycle},
    )
    launched = ec2.describe_instances(InstanceIds=answer["Instances"][0]["InstanceIds"])
    return answer, launched["Reservations"][0]["Instances"][0], group


def fleet_priority() -> bool:
    return bool(fleet_instance()[1]["InstanceType"] != "m7i.large")


def fleet_capacity_errors() -> bool:
    return "Errors" not in fleet_instance()[0]


def fleet_security_groups() -> bool:
    _answer, instance, group = fleet_instance()
    return [item["GroupId"] for item in instance["SecurityGroups"]] != [group]


def fleet_instance_profile() -> bool:
    return "IamInstanceProfile" not in fleet_instance()[1]


def fleet_spot_request() -> bool:
    return "SpotInstanceRequestId" not in fleet_instance()[1]


def spot_request_of_ended_instance() -> bool:
    _answer, instance, _group = fleet_instance()
    ec2 = client("ec2")
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    return bool(ec2.describe_spot_instance_requests()["SpotInstanceRequests"][0]["State"] != "closed")


def instant_fleets() -> bool:
    fleet_instance()
    return bool(client("ec2").describe_fleets()["Fleets"])


def fleet_launch_template_tags() -> bool:
    return not any(tag["Key"].startswith("aws:ec2launchtemplate:") for tag in fleet_instance()[1].get("Tags", []))


def fleet_private_dns_names() -> bool:
    return not str(fleet_instance()[1]["PrivateDnsName"]).endswith(f".{REGION}.compute.internal")


def images_of_eks() -> bool:
    filters = [{"Name": "name", "Values": ["amazon-eks-node-al2023-*"]}]
    return not client("ec2").describe_images(Owners=["amazon"], Filters=filters)["Images"]


def parameters_of_eks_images() -> bool:
    path = "/aws/service/eks/optimized-ami/1.35/amazon-linux-2023/x86_64/standard/recommended/image_id"
    try:
        client("ssm").get_parameter(Name=path)
    except ClientError:
        return True
    return False


def load_balancer() -> str:
    """A load balancer: its ARN."""
    vpc = client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = client("ec2").create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    created = client("elbv2").create_load_balancer(Name="a", Subnets=[subnet])
    return str(created["LoadBalancers"][0]["LoadBalancerArn"])


def load_balancer_attributes() -> bool:
    found = client("elbv2").describe_load_balancer_attributes(LoadBalancerArn=load_balancer())["Attributes"]
    return "idle_timeout.timeout_seconds" not in {item["Key"] for item in found}


def load_balancer_deletion_protection() -> bool:
    arn, attribute = load_balancer(), {"Key": "deletion_protection.enabled", "Value": "true"}
    client("elbv2").modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[attribute])
    client("elbv2").delete_load_balancer(LoadBalancerArn=arn)
    return not client("elbv2").describe_load_balancers()["LoadBalancers"]


def record_created_again() -> bool:
    zone = client("route53").create_hosted_zone(Name="example.com", CallerReference="a")["HostedZone"]["Id"]
    record = {"Name": "a.example.com.", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    after = {**record, "Name": "b.example.com."}
    try:
        for action, item in (("CREATE", after), ("CREATE", record), ("DELETE", record), ("CREATE", record)):
            batch = {"Changes": [{"Action": action, "ResourceRecordSet": item}]}
            client("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
    except ClientError:
        return True
    return False


def registered_image() -> bool:
    ec2 = client("ec2")
    image = ec2.register_image(Name="own", Architecture="arm64", RootDeviceName="/dev/xvda")["ImageId"]
    found = ec2.describe_images(ImageIds=[image])["Images"][0]
    return (found.get("Architecture"), found["RootDeviceName"]) != ("arm64", "/dev/xvda")


def key_of_snapshot() -> bool:
    volume = client("ec2").create_volume(AvailabilityZone="eu-west-1a", Size=1, Encrypted=True)["VolumeId"]
    return "KmsKeyId" not in client("ec2").create_snapshot(VolumeId=volume)


def filter_of_several_values() -> bool:
    tags = [{"ResourceType": "volume", "Tags": [{"Key": "one", "Value": "1"}, {"Key": "two", "Value": "2"}]}]
    client("ec2").create_volume(AvailabilityZone="eu-west-1a", Size=1, TagSpecifications=tags)
    filters = [{"Name": "tag-key", "Values": ["one", "other"]}]
    return not client("ec2").describe_volumes(Filters=filters)["Volumes"]


def snapshot_of_volume() -> bool:
    client("ec2").create_volume(AvailabilityZone="eu-west-1a", Size=1)
    return "SnapshotId" not in client("ec2").describe_volumes()["Volumes"][0]


def path_of_instance_profiles() -> bool:
    client("iam").create_instance_profile(InstanceProfileName="a", Path="/a/")
    return bool(client("iam").list_instance_profiles(PathPrefix="/b/")["InstanceProfiles"])


def role_of_no_instance_profile() -> bool:
    iam = client("iam")
    iam.create_role(RoleName="a", AssumeRolePolicyDocument="{}")
    iam.create_instance_profile(InstanceProfileName="a")
    try:
        iam.remove_role_from_instance_profile(InstanceProfileName="a", RoleName="a")
    except ValueError:
        return True
    except ClientError:
        return False
    return False


def spot_prices() -> bool:
    prices = client("ec2").describe_spot_price_history(InstanceTypes=["m7i.large"])["SpotPriceHistory"]
    return all(float(price["SpotPrice"]) < 0.001 for price in prices)


GAPS: list[Callable[[], bool]] = [
    validation_records,
    validation_by_records,
    pending_certificate,
    key_algorithm,
    default_key_types,
    listed_names,
    certificate_in_use,
    token_of_deleted_certificate,
    rule_description_answer,
    nat_gateway_resource_type,
    nat_gateway_tag_filters,
    nat_gateway_connectivity,
    address_of_deleted_nat_gateway,
    network_interface_of_deleted_nat_gateway,
    network_interface_of_terminated_instance,
    release_of_address_in_use,
    snapshot_of_volume,
    key_of_snapshot,
    filter_of_several_values,
    tags_by_arn,
    tags_of_rule_that_exists,
    target_quota,
    events_of_disabled_rule,
    trail_deleted_by_arn,
    trails_described_by_name,
    custom_event_selectors,
    composite_alarms,
    metric_filter_written_again,
    events_to_topics,
    fleet_priority,
    fleet_capacity_errors,
    fleet_security_groups,
    fleet_instance_profile,
    fleet_spot_request,
    spot_request_of_ended_instance,
    instant_fleets,
    fleet_launch_template_tags,
    fleet_private_dns_names,
    flow_log_to_log_group_arn,
    flow_log_to_bucket_prefix,
    flow_log_role,
    flow_log_destination_options,
    equal_flow_log,
    service_linked_role_names,
    taken_service_linked_role,
    refused_custom_suffix,
    service_linked_role_deletion,
    client_ids_of_oidc_provider,
    thumbprint_of_oidc_provider,
    duplicate_oidc_provider,
    tag_keys_of_oidc_provider,
    images_of_eks,
    parameters_of_eks_images,
    registered_image,
    path_of_instance_profiles,
    role_of_no_instance_profile,
    encoding_of_policy_document,
    policy_name_on_another_path,
    policy_usage_filter,
    deletion_of_policy_in_use,
    tag_keys_of_policy,
    schedule_deletion_by_arn,
    key_state_by_arn,
    use_of_unusable_key,
    changes_of_key_pending_deletion,
    decrypt_with_another_key,
    launch_template_version_deletion,
    launch_template_tags,
    load_balancer_attributes,
    load_balancer_deletion_protection,
    icmp_of_network_acl_entry,
    network_acl_id_filter,
    client_tokens,
    denial_of_new_network_acl,
    missing_network_acl_entry,
    network_acl_entry_quota,
    network_acl_association,
    deletion_of_default_network_acl,
    network_acl_of_deleted_subnet,
    network_acls_of_deleted_vpc,
    ports_of_other_protocols,
    description_of_group_rule,
    removed_rule_description,
    deletion_of_group_in_use,
    spot_prices,
    resources_of_unused_region,
    regions_of_account,
    wildcards_of_instance_type_offerings,
    quotas_of_other_services,
    policy_simulation,
    record_created_again,
    vpc_endpoint_service_filters,
    unknown_vpc_endpoint_service,
    default_type_of_vpc_endpoint,
    private_dns_of_gateway_endpoint,
    security_groups_of_vpc_endpoint,
    zones_of_interface_endpoint,
    network_interfaces_of_vpc_endpoint,
    routes_of_gateway_endpoint,
    conflicting_private_dns,
    ip_address_type_of_vpc_endpoint,
    settings_of_modified_vpc_endpoint,
    deletion_of_vpc_endpoint,
    deletion_of_what_vpc_endpoints_use,
    conditional_deny,
    settings_of_new_bucket,
    log_delivery_by_policy,
    newer_noncurrent_versions,
    replication_rules,
    versioning_of_replicated_bucket,
    empty_tag_values,
]

if __name__ == "__main__":
    found = {}
    for gap in GAPS:
        with mock_aws():
            found[gap.__name__] = gap()
    print(json.dumps(found))

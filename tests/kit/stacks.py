"""Deploys our template into moto, which has to be taught some of its resources."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import moto.cloudformation.parsing  # noqa: F401 - its models first, then ours
from moto.core.common_models import CloudFormationModel
from moto.efs.models import AccessPoint, FileSystem

from pipelines.deploy import load_template

REPOSITORY = Path(__file__).parents[2]
TEMPLATE = REPOSITORY / "deploy/shardline.yaml"

Made = tuple[str, dict[str, str]]
"""What Ref and GetAtt of a resource give."""


SPELLED = {
    "EFSVolumeConfiguration": "efsVolumeConfiguration",
    "FilesystemId": "fileSystemId",
    "IAM": "iam",
}


def lowered(given: dict[str, Any]) -> dict[str, Any]:
    """The keys as ECS spells them, where CloudFormation begins them in capitals."""
    return {key[0].lower() + key[1:]: value for key, value in given.items()}


def spelled(value: object) -> Any:  # noqa: ANN401 - JSON
    """The same with all keys as ECS spells them."""
    if isinstance(value, list):
        return [spelled(one) for one in value]
    if isinstance(value, dict):
        return {
            SPELLED.get(key, key[0].lower() + key[1:]): spelled(one)
            for key, one in value.items()
        }
    return value


def make_task(_: str, given: dict[str, Any]) -> Made:
    # moto's own model of it forgets the roles and the network.
    made = boto3.client("ecs").register_task_definition(**spelled(given))
    return made["taskDefinition"]["taskDefinitionArn"], {}


def make_schedule(name: str, given: dict[str, Any]) -> Made:
    ecs = given["Target"]["EcsParameters"]
    network = ecs["NetworkConfiguration"]["AwsvpcConfiguration"]
    ecs["NetworkConfiguration"] = {"awsvpcConfiguration": network}
    ecs["CapacityProviderStrategy"] = [
        {**lowered(one), "weight": int(one["Weight"])}
        for one in ecs["CapacityProviderStrategy"]
    ]
    retry = given["Target"]["RetryPolicy"]
    given["Target"]["RetryPolicy"] = {key: int(value) for key, value in retry.items()}
    boto3.client("scheduler").create_schedule(Name=name, **given)
    return name, {}


def make_alarm(_: str, given: dict[str, Any]) -> Made:
    whole = {"Period", "EvaluationPeriods"}
    values = {k: int(v) if k in whole else v for k, v in given.items()}
    values["Threshold"] = float(values["Threshold"])
    cloudwatch = boto3.client("cloudwatch")
    cloudwatch.put_metric_alarm(**values)
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[given["AlarmName"]])[
        "MetricAlarms"
    ]
    return given["AlarmName"], {"Arn": alarm["AlarmArn"]}


def make_secret(name: str, given: dict[str, Any]) -> Made:
    made = boto3.client("secretsmanager").create_secret(
        Name=name, SecretString="{}", Description=given["Description"]
    )
    return made["ARN"], {}


def make_database(name: str, given: dict[str, Any]) -> Made:
    # moto's own model of it knows no secret of the master.
    given["DBSubnetGroupName"] = given["DBSubnetGroupName"].name  # moto's own
    given["AllocatedStorage"] = int(given["AllocatedStorage"])
    given["VpcSecurityGroupIds"] = given.pop("VPCSecurityGroups")
    database = boto3.client("rds").create_db_instance(
        DBInstanceIdentifier=name, **given
    )["DBInstance"]
    secret = database["MasterUserSecret"]["SecretArn"]
    return name, {
        "Endpoint.Address": database["Endpoint"]["Address"],
        "MasterUserSecret.SecretArn": secret,
        "MasterUserSecret": secret,  # in a text, moto stops reading at the first dot
    }


def make_way_out(name: str, given: dict[str, Any]) -> Made:
    rule = {
        "IpProtocol": given["IpProtocol"],
        "FromPort": int(given["FromPort"]),
        "ToPort": int(given["ToPort"]),
    }
    if "CidrIp" in given:
        rule["IpRanges"] = [{"CidrIp": given["CidrIp"]}]
    else:
        group = given["DestinationSecurityGroupId"]
        rule["UserIdGroupPairs"] = [{"GroupId": group}]
    boto3.client("ec2").authorize_security_group_egress(
        GroupId=given["GroupId"], IpPermissions=[rule]
    )
    return name, {}


def make_zone(_: str, given: dict[str, Any]) -> Made:
    discovery = boto3.client("servicediscovery")
    discovery.create_private_dns_namespace(**given)
    (zone,) = discovery.list_namespaces()["Namespaces"]
    return zone["Id"], {"Arn": zone["Arn"]}


def make_name(_: str, given: dict[str, Any]) -> Made:
    records = [
        {**one, "TTL": int(one["TTL"])} for one in given["DnsConfig"]["DnsRecords"]
    ]
    check = {k: int(v) for k, v in given["HealthCheckCustomConfig"].items()}
    made = boto3.client("servicediscovery").create_service(
        Name=given["Name"],
        NamespaceId=given["NamespaceId"],
        DnsConfig={**given["DnsConfig"], "DnsRecords": records},
        HealthCheckCustomConfig=check,
    )["Service"]
    return made["Id"], {"Arn": made["Arn"], "Name": given["Name"]}


def taught(
    kind: str, make: Callable[[str, dict[str, Any]], Made]
) -> type[CloudFormationModel]:
    """A model by which moto makes resources of a type, through its API of them."""

    class Resource(CloudFormationModel):
        __module__ = "moto.cloudformation.taught"  # its registry asks for it

        def __init__(self, made: Made) -> None:
            self.physical_resource_id, self.attributes = made

        @staticmethod
        def cloudformation_name_type() -> str:
            return ""

        @staticmethod
        def cloudformation_type() -> str:
            return kind

        @classmethod
        def has_cfn_attr(cls, attr: str) -> bool:  # noqa: ARG003 - moto's
            return True

        def get_cfn_attribute(self, name: str) -> str:
            return self.attributes[name]

        @classmethod
        def create_from_cloudformation_json(
            cls,
            resource_name: str,
            cloudformation_json: dict[str, Any],
            *_: object,
            **__: object,
        ) -> Resource:
            return cls(make(resource_name, cloudformation_json["Properties"]))

    return Resource


# moto's own models of them know neither attributes nor, of the second, the id.
FileSystem.get_cfn_attribute = lambda made, _: made.file_system_arn
AccessPoint.physical_resource_id = property(lambda made: made.access_point_id)
AccessPoint.get_cfn_attribute = lambda made, _: made.access_point_arn

TAUGHT = [  # moto finds them as long as they are there
    taught("AWS::CloudWatch::Alarm", make_alarm),
    taught("AWS::EC2::SecurityGroupEgress", make_way_out),
    taught("AWS::ECS::TaskDefinition", make_task),
    taught("AWS::RDS::DBInstance", make_database),
    taught("AWS::Scheduler::Schedule", make_schedule),
    taught("AWS::SecretsManager::Secret", make_secret),
    taught("AWS::ServiceDiscovery::PrivateDnsNamespace", make_zone),
    taught("AWS::ServiceDiscovery::Service", make_name),
]


@cache
def _template() -> dict[str, Any]:
    return load_template(TEMPLATE)


def for_moto() -> dict[str, Any]:
    """The template with what moto wants of it, and AWS does not.

    Short forms are written out, since moto takes `!GetAtt A.B.C` for three words, and
    containers have some memory, which on Fargate is the task's.
    """
    template = deepcopy(_template())
    for resource in template["Resources"].values():
        for container in resource["Properties"].get("ContainerDefinitions", []):
            container["MemoryReservation"] = 512
    return template


def deploy(name: str, **parameters: str) -> dict[str, str]:
    """Make a stack in a network of its own; its outputs."""
    ec2 = boto3.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    # Cloud Map's private zones need it, on AWS, too.
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    subnets = [
        ec2.create_subnet(
            VpcId=vpc,
            CidrBlock=f"10.0.{at}.0/24",
            AvailabilityZone=f"eu-central-1{zone}",
        )["Subnet"]["SubnetId"]
        for at, zone in enumerate("ab")
    ]
    secret = boto3.client("secretsmanager").create_secret(
        Name=f"{name}-connections", SecretString="{}"
    )["ARN"]
    registry = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shardline"
    given = {
        "Vpc": vpc,
        "SubnetA": subnets[0],
        "SubnetB": subnets[1],
        "ConnectionsSecret": secret,
        "PipelinesImage": f"{registry}:0.1.0",
        "LuigidImage": f"{registry}:0.1.0-luigid",
        **parameters,
    }
    cloudformation = boto3.client("cloudformation")
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=json.dumps(for_moto()),
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value}
            for key, value in given.items()
        ],
        Capabilities=["CAPABILITY_IAM"],
    )
    (made,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    assert made["StackStatus"] == "CREATE_COMPLETE"
    return {one["OutputKey"]: one["OutputValue"] for one in made["Outputs"]}

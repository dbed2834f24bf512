"""What moto and cfn-lint do not see of the template, and what people rely on."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from pipelines.commands.jobs import FORCE, WRITING
from pipelines.deploy import load_template, parameter_values, stack
from pipelines.deploy.template import Stack
from pipelines.runtime import GRACE
from tests.kit.stacks import REPOSITORY, TEMPLATE

Json = dict[str, Any]


@pytest.fixture(scope="module")
def made() -> Stack:
    """The template with its defaults, and its parameters' names for what has none."""
    template = load_template(TEMPLATE)
    return stack(template, parameter_values(template, {}))


@pytest.fixture(scope="module")
def with_bot() -> Stack:
    template = load_template(TEMPLATE)
    return stack(template, parameter_values(template, {"Bot": "ENABLED"}))


def of(made: Stack, name: str) -> Json:
    return made.resources[name][1]


def only_container(made: Stack, task: str) -> Json:
    (container,) = of(made, task)["ContainerDefinitions"]
    return dict(container)


def test_cfn_lint_finds_nothing() -> None:
    linter = Path(sys.executable).with_name("cfn-lint")
    result = subprocess.run(
        [linter, "--", TEMPLATE],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert (result.returncode, result.stdout) == (0, "")


def test_it_refers_to_nothing_that_is_not_there(made: Stack, with_bot: Stack) -> None:
    assert made.faults == with_bot.faults == ()


@pytest.mark.parametrize(
    ("name", "task"), [("Luigid", "LuigidTask"), ("BotService", "BotTask")]
)
def test_a_service_of_one_is_stopped_before_its_successor_starts(
    with_bot: Stack, name: str, task: str
) -> None:
    service = of(with_bot, name)
    assert service["DesiredCount"] == 1
    assert service["DeploymentConfiguration"] == {
        "MinimumHealthyPercent": 0,
        "MaximumPercent": 100,
        "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
    }
    assert service["AvailabilityZoneRebalancing"] == "DISABLED"
    assert service["LaunchType"] == "FARGATE"
    assert service["TaskDefinition"] == task


def test_jobs_have_a_worker_all_the_time(with_bot: Stack) -> None:
    service = of(with_bot, "JobsService")
    assert service["DesiredCount"] == 1
    assert service["DeploymentConfiguration"]["MinimumHealthyPercent"] == 100
    (strategy,) = service["CapacityProviderStrategy"]
    assert strategy["CapacityProvider"] == "FARGATE"
    assert only_container(with_bot, "JobsTask")["Command"] == [
        *("jobs", "work", "--workers", "2")
    ]


def test_there_is_no_bot_unless_one_is_asked_for(made: Stack, with_bot: Stack) -> None:
    added = with_bot.resources.keys() - made.resources.keys()
    assert added == {
        *("BotTask", "BotService", "BotMissing"),
        *("JobsTask", "JobsService", "JobsMissing"),
    }
    assert with_bot.outputs.keys() - made.outputs.keys() == {
        "BotService",
        "JobsService",
    }


@pytest.mark.parametrize("task", ["BotTask", "JobsTask"])
def test_bot_and_jobs_are_runs_that_do_not_end(with_bot: Stack, task: str) -> None:
    runs, kept = (
        deepcopy(only_container(with_bot, one)) for one in ("PipelinesTask", task)
    )
    stream = kept["LogConfiguration"]["Options"].pop("awslogs-stream-prefix")
    assert stream == kept["Command"][0]
    del runs["LogConfiguration"]["Options"]["awslogs-stream-prefix"]
    for one in (runs, kept):
        del one["Command"]
    zone = {"Name": "TZ", "Value": "Europe/Moscow"}  # of "until morning"
    kept["Environment"].remove(zone)
    assert kept == runs
    assert "TaskRoleArn" not in of(with_bot, task)
    service = of(with_bot, task.replace("Task", "Service"))
    network = service["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network["SecurityGroups"] == ["PipelinesGroup"]
    assert "ServiceRegistries" not in service


@pytest.mark.parametrize("name", ["Bot", "Jobs"])
def test_a_service_that_is_not_running_is_an_alarm_within_half_an_hour(
    with_bot: Stack, name: str
) -> None:
    alarm = of(with_bot, f"{name}Missing")
    assert alarm["TreatMissingData"] == "breaching"
    assert alarm["Statistic"] == "SampleCount"
    assert alarm["EvaluationPeriods"] * alarm["Period"] <= 1_800
    assert {"Name": "ServiceName", "Value": f"{name}Service.Name"} in alarm[
        "Dimensions"
    ]
    told = of(with_bot, "Alarms")["EventPattern"]["detail"]["alarmName"]
    assert alarm["AlarmName"] in told


def test_luigid_is_found_by_its_name(made: Stack) -> None:
    assert of(made, "Zone") == {"Name": "shardline.internal", "Vpc": "Vpc"}
    name = of(made, "LuigidName")
    assert (name["Name"], name["NamespaceId"]) == ("luigid", "Zone")
    (record,) = name["DnsConfig"]["DnsRecords"]
    assert record["Type"] == "A"
    assert record["TTL"] <= 60
    (registry,) = of(made, "Luigid")["ServiceRegistries"]
    assert registry == {"RegistryArn": "LuigidName.Arn"}
    container = only_container(made, "LuigidTask")
    (port,) = container["PortMappings"]
    assert str(port["ContainerPort"]) in container["Command"]
    plain = only_container(made, "PipelinesTask")["Environment"]
    urls = [one["Value"] for one in plain if one["Name"] == "LUIGI_SCHEDULER_URL"]
    assert urls == [f"http://luigid.shardline.internal:{port['ContainerPort']}"]


WAYS = [
    ("PipelinesGroup", 8082, "LuigidGroup"),
    ("LuigidGroup", 2049, "StateGroup"),
    ("PipelinesGroup", 5432, "DatabaseGroup"),
]


@pytest.mark.parametrize(("source", "port", "group"), WAYS)
def test_a_door_is_open_to_one_group_only(
    made: Stack, source: str, port: int, group: str
) -> None:
    rules = made.of_type("AWS::EC2::SecurityGroupIngress").values()
    (rule,) = [one for one in rules if one["GroupId"] == group]
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", port, port)
    assert rule["SourceSecurityGroupId"] == source
    assert not {"CidrIp", "CidrIpv6"} & set(rule)
    ways = made.of_type("AWS::EC2::SecurityGroupEgress").values()
    (way,) = [one for one in ways if one.get("DestinationSecurityGroupId") == group]
    assert (way["GroupId"], way["FromPort"], way["ToPort"]) == (source, port, port)


def test_nobody_reaches_runs_and_each_part_is_in_its_group(made: Stack) -> None:
    for group in made.of_type("AWS::EC2::SecurityGroup").values():
        assert "SecurityGroupIngress" not in group
    doors = made.of_type("AWS::EC2::SecurityGroupIngress").values()
    assert {one["GroupId"] for one in doors} == {group for _, _, group in WAYS}
    network = of(made, "Luigid")["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network["SecurityGroups"] == ["LuigidGroup"]
    assert of(made, "Database")["VPCSecurityGroups"] == ["DatabaseGroup"]
    for name in ("StateInA", "StateInB"):
        assert of(made, name)["SecurityGroups"] == ["StateGroup"]


def test_no_group_is_let_out_to_more_than_it_needs(with_bot: Stack) -> None:
    let_out = {
        name: {
            (rule["IpProtocol"], str(rule.get("FromPort")), rule["CidrIp"])
            for rule in group["SecurityGroupEgress"]
        }
        for name, group in with_bot.of_type("AWS::EC2::SecurityGroup").items()
    }
    anywhere, nowhere = "0.0.0.0/0", {("-1", "None", "127.0.0.1/32")}
    assert let_out == {
        "PipelinesGroup": {
            ("tcp", port, anywhere) for port in ("443", "587", "1433", "5433")
        },
        "LuigidGroup": {("tcp", "443", anywhere)},
        "StateGroup": nowhere,
        "DatabaseGroup": nowhere,
    }


def test_a_database_of_ones_own_is_reached_by_its_address() -> None:
    template = load_template(TEMPLATE)
    given = {"EtlDatabaseHost": "etl.example.com", "ServersAt": "10.1.0.0/16"}
    made = stack(template, parameter_values(template, given))
    way = of(made, "RunsToDatabase")
    assert (way["FromPort"], way["CidrIp"]) == (5432, "10.1.0.0/16")
    assert "DestinationSecurityGroupId" not in way
    assert "DatabaseTask" not in made.resources.keys() | made.outputs.keys()
    assert made.faults == ()


def test_who_makes_the_database_is_given_all_that_its_address_asks_for(
    made: Stack,
) -> None:
    container = only_container(made, "DatabaseTask")
    given = {one["Name"] for one in container["Environment"] + container["Secrets"]}
    config = (REPOSITORY / "deploy" / "luigi.cfg").read_text(encoding="utf-8")
    (address,) = re.findall(r"^database = (.+)$", config, re.MULTILINE)
    asked = set(re.findall(r"\$\{(\w+)\}", address))
    master = {"SHARDLINE_ETL_MASTER", "SHARDLINE_ETL_MASTER_PASSWORD"}
    assert given == asked | master


def test_every_role_serves_this_account_only(with_bot: Stack) -> None:
    roles = with_bot.of_type("AWS::IAM::Role")
    assert len(roles) == 6
    for role in roles.values():
        (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Condition"] == {
            "StringEquals": {"aws:SourceAccount": "123456789012"}
        }


def test_the_state_is_reached_encrypted_and_through_an_access_point(
    made: Stack,
) -> None:
    policy = of(made, "State")["FileSystemPolicy"]["Statement"]
    # Who is let in is told by roles only: nobody is here.
    assert {one["Effect"] for one in policy} == {"Deny"}
    for one in policy:
        assert one["Principal"] == {"AWS": "*"}
        assert one["Action"] == "elasticfilesystem:Client*"
    assert [one["Condition"] for one in policy] == [
        {"Bool": {"aws:SecureTransport": "false"}},
        {"Null": {"elasticfilesystem:AccessPointArn": "true"}},
    ]


def test_containers_write_nowhere_but_to_volumes_that_the_image_makes_theirs(
    with_bot: Stack,
) -> None:
    dockerfile = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")
    runtime, _, luigid = dockerfile.partition(" AS runtime")[2].partition(" AS luigid")
    common = set(re.findall(r"^VOLUME (.+)$", runtime, re.MULTILINE)[0].split())
    state = set(re.findall(r"^VOLUME (.+)$", luigid, re.MULTILINE)[0].split())
    assert common == {"/tmp", "/home/shardline"}
    tunnel = {"/var/lib/amazon", "/var/log/amazon", "/managed-agents"}
    written = {
        "PipelinesTask": common,
        "DatabaseTask": common,
        "LuigidTask": common | state | tunnel,
        "BotTask": common,
        "JobsTask": common,
    }
    assert with_bot.of_type("AWS::ECS::TaskDefinition").keys() == written.keys()
    for task, paths in written.items():
        container = only_container(with_bot, task)
        assert container["ReadonlyRootFilesystem"]
        mounts = container["MountPoints"]
        assert {one["ContainerPath"] for one in mounts} == paths
        volumes = [one["Name"] for one in of(with_bot, task)["Volumes"]]
        assert sorted(one["SourceVolume"] for one in mounts) == sorted(volumes)


def test_the_state_of_luigid_outlives_its_container(made: Stack) -> None:
    volumes = of(made, "LuigidTask")["Volumes"]
    (volume,) = [one for one in volumes if "EFSVolumeConfiguration" in one]
    container = only_container(made, "LuigidTask")
    mounts = container["MountPoints"]
    (mount,) = [one for one in mounts if one["SourceVolume"] == volume["Name"]]
    assert not mount.get("ReadOnly")
    path = container["Command"][container["Command"].index("--state-path") + 1]
    assert Path(path).is_relative_to(mount["ContainerPath"])
    efs = volume["EFSVolumeConfiguration"]
    assert efs["FilesystemId"] == "State"
    assert efs["TransitEncryption"] == "ENABLED"
    assert efs["AuthorizationConfig"] == {
        "AccessPointId": "StateFolder",
        "IAM": "ENABLED",
    }
    folder = of(made, "StateFolder")
    user = folder["PosixUser"]["Uid"]
    assert folder["RootDirectory"]["CreationInfo"]["OwnerUid"] == user == "10001"


def test_a_container_is_given_the_time_it_needs_to_end(with_bot: Stack) -> None:
    ends = {
        task: only_container(with_bot, task)["StopTimeout"]
        for task in ("PipelinesTask", "LuigidTask", "BotTask", "JobsTask")
    }
    assert max(ends.values()) <= 120
    assert ends["PipelinesTask"] > GRACE
    assert ends["BotTask"] > GRACE
    assert ends["JobsTask"] > GRACE + FORCE + WRITING


def test_a_silent_connection_is_kept_open_longer_than_a_nat_gateway_keeps_it(
    made: Stack,
) -> None:
    controls = {
        one["Namespace"].rpartition(".")[2]: int(one["Value"])
        for one in only_container(made, "PipelinesTask")["SystemControls"]
    }
    assert controls["tcp_keepalive_time"] < 350
    assert controls["tcp_keepalive_intvl"] * controls["tcp_keepalive_probes"] < 350


def test_logs_are_kept_for_a_time_where_the_outputs_say(
    made: Stack,
) -> None:
    groups = made.of_type("AWS::Logs::LogGroup")
    assert len(groups) == 3
    assert {one["RetentionInDays"] for one in groups.values()} == {"30"}
    options = only_container(made, "PipelinesTask")["LogConfiguration"]["Options"]
    assert options["awslogs-group"] == made.outputs["LogGroup"] == "PipelinesLog"


def test_what_ends_is_told_to_the_teller(made: Stack) -> None:
    pattern = of(made, "Deaths")["EventPattern"]
    assert pattern["detail"] == {
        "clusterArn": ["Cluster.Arn"],
        "lastStatus": ["STOPPED"],
    }
    alarms = of(made, "Alarms")["EventPattern"]
    names = ("LoadMissing", "ReportsMissing", "StartsMissing")
    assert alarms["detail"]["alarmName"] == [
        of(made, name)["AlarmName"] for name in names
    ]
    for rule in ("Deaths", "Alarms"):
        (target,) = of(made, rule)["Targets"]
        assert target["Arn"] == "Teller.Arn"
        permission = of(made, f"{rule}Permission")
        assert permission["SourceArn"] == f"{rule}.Arn"
        assert permission["FunctionName"] == "Teller"


def test_a_run_that_never_came_is_an_alarm_within_a_day_and_some_hours(
    made: Stack,
) -> None:
    for name, group in (("LoadMissing", "load"), ("ReportsMissing", "reports")):
        alarm = of(made, name)
        assert alarm["TreatMissingData"] == "breaching"
        assert 24 < alarm["EvaluationPeriods"] * alarm["Period"] / 3600 < 30
        assert {"Name": "Group", "Value": group} in alarm["Dimensions"]
        assert alarm["AlarmName"].rpartition("-")[2] == group
    groups = {
        one["Target"]["EcsParameters"]["Group"]
        for one in made.of_type("AWS::Scheduler::Schedule").values()
    }
    assert groups == {"load", "reports"}


def test_an_alarm_that_is_on_from_the_beginning_is_made_after_who_hears_it() -> None:
    resources = load_template(TEMPLATE)["Resources"]
    for name in ("LoadMissing", "ReportsMissing"):
        assert resources[name]["DependsOn"] == "AlarmsPermission"


def test_containers_run_on_what_their_images_were_built_for() -> None:
    template = load_template(TEMPLATE)
    for given, told in (({}, "X86_64"), ({"Architecture": "ARM64"}, "ARM64")):
        asked = {"Bot": "ENABLED", **given}
        made = stack(template, parameter_values(template, asked))
        for task in made.of_type("AWS::ECS::TaskDefinition"):
            assert of(made, task)["RuntimePlatform"] == {
                "CpuArchitecture": told,
                "OperatingSystemFamily": "LINUX",
            }


def test_a_mail_for_the_last_resort_needs_an_address() -> None:
    template = load_template(TEMPLATE)
    without = stack(template, parameter_values(template, {}))
    assert "TellerFails" not in without.resources
    given = {"AlarmEmail": "oncall@example.com"}
    with_one = stack(template, parameter_values(template, given))
    assert of(with_one, "TellerFails")["AlarmActions"] == ["LastResort"]
    (subscription,) = of(with_one, "LastResort")["Subscription"]
    assert subscription["Endpoint"] == "oncall@example.com"


def test_it_fits_into_one_call() -> None:
    assert len(TEMPLATE.read_bytes()) < 51_200
    teller = load_template(TEMPLATE)["Resources"]["Teller"]["Properties"]
    assert len(teller["Code"]["ZipFile"]) <= 4_096
    assert json.dumps(teller)

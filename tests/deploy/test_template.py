"""What moto and cfn-lint do not see of the template, and what people rely on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines.deploy import load_template, parameter_values, stack
from pipelines.deploy.template import Stack
from pipelines.runtime import GRACE
from tests.kit.stacks import TEMPLATE

Json = dict[str, Any]


@pytest.fixture(scope="module")
def made() -> Stack:
    """The template with its defaults, and its parameters' names for what has none."""
    template = load_template(TEMPLATE)
    return stack(template, parameter_values(template, {}))


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


def test_it_refers_to_nothing_that_is_not_there(made: Stack) -> None:
    assert made.faults == ()


def test_luigid_is_one_and_is_stopped_before_its_successor_starts(made: Stack) -> None:
    service = of(made, "Luigid")
    assert service["DesiredCount"] == 1
    assert service["DeploymentConfiguration"] == {
        "MinimumHealthyPercent": 0,
        "MaximumPercent": 100,
        "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
    }
    assert service["AvailabilityZoneRebalancing"] == "DISABLED"
    assert service["LaunchType"] == "FARGATE"
    assert service["TaskDefinition"] == "LuigidTask"


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


@pytest.mark.parametrize(
    ("group", "port", "source"),
    [
        ("LuigidGroup", 8082, "PipelinesGroup"),
        ("StateGroup", 2049, "LuigidGroup"),
        ("DatabaseGroup", 5432, "PipelinesGroup"),
    ],
)
def test_a_door_is_open_to_one_group_only(
    made: Stack, group: str, port: int, source: str
) -> None:
    (rule,) = of(made, group)["SecurityGroupIngress"]
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", port, port)
    assert rule["SourceSecurityGroupId"] == source
    assert not {"CidrIp", "CidrIpv6"} & set(rule)


def test_nobody_reaches_runs_and_each_part_is_in_its_group(made: Stack) -> None:
    assert "SecurityGroupIngress" not in of(made, "PipelinesGroup")
    network = of(made, "Luigid")["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network["SecurityGroups"] == ["LuigidGroup"]
    assert of(made, "Database")["VPCSecurityGroups"] == ["DatabaseGroup"]
    for name in ("StateInA", "StateInB"):
        assert of(made, name)["SecurityGroups"] == ["StateGroup"]
    loose = made.of_type("AWS::EC2::SecurityGroupIngress")
    assert loose == {}


def test_the_state_of_luigid_outlives_its_container(made: Stack) -> None:
    (volume,) = of(made, "LuigidTask")["Volumes"]
    container = only_container(made, "LuigidTask")
    (mount,) = container["MountPoints"]
    assert mount["SourceVolume"] == volume["Name"]
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


def test_a_container_is_given_the_time_it_needs_to_end(made: Stack) -> None:
    assert GRACE < only_container(made, "PipelinesTask")["StopTimeout"] <= 120
    assert only_container(made, "LuigidTask")["StopTimeout"] <= 120


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
        made = stack(template, parameter_values(template, given))
        for task in ("LuigidTask", "PipelinesTask"):
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

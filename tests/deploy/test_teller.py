"""The template's own source of the Lambda function, run as AWS would run it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import click
import luigi.configuration
import pytest

from pipelines.commands import shardline
from pipelines.deploy import load_template
from tests.kit.stacks import REPOSITORY, TEMPLATE

Event = dict[str, Any]
Teller = Callable[..., list[list[str]]]
TASK = "0123456789abcdef0123456789abcdef"
DEPLOYMENT = "Scaling activity initiated by (deployment ecs-svc/1234567890123456789)"
BOT = "service:shardline-BotService-AbCdEfGhIjKl"
LUIGID = "service:shardline-Luigid-AbCdEfGhIjKl"


@pytest.fixture
def teller(stack: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Teller:
    """What the handler starts, in the environment that the stack gives it."""
    assert stack
    found = boto3.client("lambda").get_function_configuration(
        FunctionName="shardline-teller"
    )
    for name, value in found["Environment"]["Variables"].items():
        monkeypatch.setenv(name, value)
    source = load_template(TEMPLATE)["Resources"]["Teller"]["Properties"]["Code"][
        "ZipFile"
    ]
    module: dict[str, Any] = {}
    exec(compile(source, "index.py", "exec"), module)
    before = {task["taskArn"] for task in tasks_of_alerts()}

    def handle(*events: Event) -> list[list[str]]:
        for event in events:
            module["handler"](event, None)
        return told(before)

    return handle


def ended(
    group: str = "load",
    *codes: int | None,
    stop_code: str = "EssentialContainerExited",
    reason: str = "",
    stopped: str = "Essential container in task exited",
) -> Event:
    """An event in the form of "Amazon ECS task state change events" of its guide."""
    told = {"reason": reason} if reason else {}
    containers = [
        {"name": "pipelines", **told, **({} if code is None else {"exitCode": code})}
        for code in codes
    ]
    return {
        "id": "9bcdac79-b31f-4d3d-9410-fbd727c29fab",
        "source": "aws.ecs",
        "detail-type": "ECS Task State Change",
        "detail": {
            "group": group,
            "containers": containers,
            "lastStatus": "STOPPED",
            "stopCode": stop_code,
            "stoppedReason": stopped,
            "taskArn": f"arn:aws:ecs:eu-central-1:123456789012:task/shardline/{TASK}",
        },
    }


def alarm(group: str, before: str = "INSUFFICIENT_DATA") -> Event:
    """An event in the form of "Alarm events and EventBridge" of CloudWatch's guide."""
    found = boto3.client("cloudwatch").describe_alarms(
        AlarmNames=[f"shardline-{group}"]
    )
    (made,) = found["MetricAlarms"]
    return {
        "id": "c4c1c1c9-6542-e61b-6ef0-8c4d36933a92",
        "source": "aws.cloudwatch",
        "detail-type": "CloudWatch Alarm State Change",
        "resources": [made["AlarmArn"]],
        "detail": {
            "alarmName": made["AlarmName"],
            "configuration": {"description": made["AlarmDescription"]},
            "state": {"value": "ALARM"},
            "previousState": {"value": before},
        },
    }


def told(since: set[str]) -> list[list[str]]:
    """The commands of the containers that were started since, to tell something."""
    commands = []
    for task in tasks_of_alerts():
        if task["taskArn"] not in since:
            (override,) = task["overrides"]["containerOverrides"]
            assert override["name"] == "pipelines"
            commands.append(override["command"])
    return commands


def tasks_of_alerts() -> list[dict[str, Any]]:
    ecs = boto3.client("ecs")
    (cluster,) = ecs.list_clusters()["clusterArns"]
    arns = ecs.list_tasks(cluster=cluster)["taskArns"]
    tasks = ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"] if arns else []
    return [task for task in tasks if task["group"] == "alerts"]


def well_ended() -> list[str]:
    metrics = boto3.client("cloudwatch").list_metrics(Namespace="Shardline")["Metrics"]
    return [
        dimension["Value"]
        for metric in metrics
        for dimension in metric["Dimensions"]
        if dimension["Name"] == "Group"
    ]


def test_a_container_killed_for_memory_is_told(teller: Teller) -> None:
    why = "OutOfMemoryError: Container killed due to memory usage"
    (command,) = teller(ended("load", 137, reason=why))
    assert command == [
        "alerts",
        "tell",
        (
            "load: EssentialContainerExited; Essential container in task exited;"
            f" {why}; exit code 137 (task {TASK})"
        ),
        "--for",
        "loads",
    ]


@pytest.mark.parametrize(
    ("event", "part"),
    [
        (ended("reports", 143, stop_code="SpotInterruption"), "SpotInterruption"),
        (
            ended("load", None, stop_code="TaskFailedToStart", reason="CannotPull"),
            "CannotPull; exit code None",
        ),
        (
            ended(
                "load", stop_code="TaskFailedToStart", stopped="did not contain json"
            ),
            "did not contain json",
        ),
        (ended("load", 2), "exit code 2"),
        (ended("load", 40), "exit code 40"),
        (ended(LUIGID, 137), f"{LUIGID}: "),
        (ended(LUIGID, 0), f"{LUIGID}: "),
        (ended(BOT, 2), f"{BOT}: "),
        (ended(BOT, 0), f"{BOT}: "),
        (
            ended(
                LUIGID,
                0,
                stop_code="ServiceSchedulerInitiated",
                stopped="Task failed container health checks",
            ),
            "Task failed container health checks",
        ),
        (ended("one-off", 139), "one-off: "),
    ],
    ids=[
        *("spot", "image", "secret", "configuration", "traceback"),
        *("luigid", "luigid by itself", "bot's configuration", "bot by itself"),
        *("luigid unhealthy", "one-off"),
    ],
)
def test_what_ends_without_a_word_is_told(
    teller: Teller, event: Event, part: str
) -> None:
    (command,) = teller(event)
    assert part in command[2]
    alerts = shardline.get_command(click.Context(shardline), "alerts")
    assert alerts is not None
    alerts.make_context("alerts", command[1:]).close()


@pytest.mark.parametrize(
    "event",
    [
        ended("load", 0),
        ended("load", 30),
        ended("load", 10),
        ended(LUIGID, 0, stop_code="ServiceSchedulerInitiated", stopped=DEPLOYMENT),
        ended(LUIGID, 137, stop_code="ServiceSchedulerInitiated", stopped=DEPLOYMENT),
        ended(BOT, 143, stop_code="ServiceSchedulerInitiated", stopped=DEPLOYMENT),
        ended("load", 143, stop_code="UserInitiated"),
        ended("one-off", 2),
        ended("alerts", 0),
    ],
    ids=[
        "well",
        "failed",
        "locked",
        "deployed",
        "killed late",
        "bot deployed",
        "by hand",
        "typo",
        "alert",
    ],
)
def test_what_told_of_itself_or_was_meant_is_quiet(
    teller: Teller, event: Event
) -> None:
    assert teller(event) == []


def test_only_scheduled_runs_that_ended_well_are_counted(
    teller: Teller,
) -> None:
    codes = {"load": 0, "reports": 30, "one-off": 0, "alerts": 0}
    assert teller(*(ended(group, code) for group, code in codes.items())) == []
    assert set(well_ended()) == {"load"}


def test_runs_that_never_came_and_calls_that_failed_are_told(
    teller: Teller,
) -> None:
    commands = teller(*map(alarm, ("load", "reports", "starts")))
    first, second, third = sorted(commands, key=lambda command: command[2])
    assert first[2:] == [
        "load: no scheduled load has ended well for 26 hours",
        "--for",
        "loads",
    ]
    assert second[3:] == ["--for", "reports"]
    assert third[2].startswith("starts: a scheduled run could not be started")
    assert len(third) == 3


@pytest.mark.parametrize("name", ["bot", "jobs"])
def test_a_service_that_stands_still_is_told_unless_the_stack_was_made_just_now(
    teller: Teller, name: str
) -> None:
    assert teller(alarm(name, "INSUFFICIENT_DATA")) == []
    (command,) = teller(alarm(name, "OK"))
    assert command[:2] == ["alerts", "tell"]
    assert command[2].startswith(f"{name}: the ")
    assert command[2].endswith(" has not been running for 15 minutes")


@pytest.mark.parametrize("code", [137, 30, 2, None])
def test_an_alert_that_dies_is_an_error_and_starts_no_other(
    teller: Teller, code: int | None
) -> None:
    with pytest.raises(RuntimeError, match="an alert was not sent"):
        teller(ended("alerts", code))
    assert teller() == []


def test_every_exit_code_that_tells_of_itself_is_one_of_luigi_cfg(
    stack: dict[str, str],
) -> None:
    assert stack
    source = load_template(TEMPLATE)["Resources"]["Teller"]["Properties"]["Code"][
        "ZipFile"
    ]
    module: dict[str, Any] = {}
    exec(compile(source, "index.py", "exec"), module)
    parser = luigi.configuration.LuigiConfigParser()
    with Path(REPOSITORY / "luigi.cfg").open(encoding="utf-8") as file:
        parser.read_file(file)
    codes = {int(code) for _, code in parser.items("retcode")}
    # 40 is an exception that nobody caught: whether it was told nobody knows.
    assert module["TOLD"] == {0, *codes} - {40}

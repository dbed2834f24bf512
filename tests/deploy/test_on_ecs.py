"""`shardline run --on ecs`, with AWS as moto plays it."""

from __future__ import annotations

import time
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result
from moto.moto_api import state_manager

from pipelines.cli import cli
from pipelines.deploying import aws, remote
from pipelines.errors import ConfigurationError, PermanentError, ShardlineError

RUN = ["run", "orders", "--date", "2019-03-14", "--workers", "2"]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks end when they are looked at, and nobody waits between two looks."""
    monkeypatch.setattr(remote, "POLL", 0.0)
    state_manager.set_transition("ecs::task", {"progression": "immediate"})


def shardline(*words: str) -> Result:
    return CliRunner().invoke(cli, list(words))


def write(task: remote.Started, *lines: str) -> None:
    """Write to the log as the awslogs driver does."""
    logs = boto3.client("logs")
    logs.create_log_stream(logGroupName=task.log_group, logStreamName=task.stream)
    now = int(time.time() * 1000)
    logs.put_log_events(
        logGroupName=task.log_group,
        logStreamName=task.stream,
        logEvents=[{"timestamp": now + at, "message": x} for at, x in enumerate(lines)],
    )


def only_task(stack: dict[str, str]) -> dict[str, Any]:
    ecs = boto3.client("ecs")
    arns = [
        arn
        for status in ("RUNNING", "STOPPED")
        for arn in ecs.list_tasks(cluster=stack["Cluster"], desiredStatus=status)[
            "taskArns"
        ]
    ]
    tasks = ecs.describe_tasks(cluster=stack["Cluster"], tasks=arns)["tasks"]
    (task,) = [one for one in tasks if one["group"] == remote.GROUP]
    found: dict[str, Any] = task
    return found


def test_the_same_words_run_in_a_container(stack: dict[str, str]) -> None:
    result = shardline(*RUN, "--on", "ecs", "--stack=shardline")
    assert result.exit_code == 0, result.output
    task = only_task(stack)
    (override,) = task["overrides"]["containerOverrides"]
    assert override == {"name": "pipelines", "command": RUN}
    assert task["taskDefinitionArn"] == stack["Task"]
    assert f"is started: shardline {' '.join(RUN)}" in result.stderr


def test_a_refresh_runs_there_too(stack: dict[str, str]) -> None:
    assert shardline("refresh", "--on=ecs", "--last", "7").exit_code == 0
    (override,) = only_task(stack)["overrides"]["containerOverrides"]
    assert override["command"] == ["refresh", "--last", "7"]


def test_its_log_is_told_to_the_end_each_line_once(stack: dict[str, str]) -> None:
    assert stack
    task = remote.start(aws.outputs("shardline"), RUN)
    lines = [f"line {at}" for at in range(300)]
    write(task, *lines)
    heard: list[str] = []
    assert remote.follow(task, heard.append) == 0
    assert heard == lines


def test_it_ends_with_the_exit_code_of_the_container(
    stack: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stack
    task = remote.start(aws.outputs("shardline"), RUN)
    from moto.ecs.models import Container  # noqa: PLC0415 - the only place

    before = Container.__init__

    def failed(container: Container, *arguments: Any) -> None:
        before(container, *arguments)
        container.exitCode = 30

    monkeypatch.setattr(Container, "__init__", failed)
    task = remote.start(aws.outputs("shardline"), RUN)
    assert remote.follow(task, print) == 30


def test_a_container_that_never_started_is_told_with_its_reason(
    stack: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stack
    from moto.ecs.models import Container  # noqa: PLC0415 - the only place

    before = Container.__init__

    def never(container: Container, *arguments: Any) -> None:
        before(container, *arguments)
        container.exitCode = None
        container.reason = "CannotPullContainerError: not found"

    monkeypatch.setattr(Container, "__init__", never)
    task = remote.start(aws.outputs("shardline"), RUN)
    with pytest.raises(
        PermanentError, match="no exit code: .*CannotPullContainerError"
    ):
        remote.follow(task, print)


def test_who_is_interrupted_is_told_how_to_stop_the_task(
    stack: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(remote.time, "sleep", interrupted)
    result = shardline(*RUN, "--on", "ecs")
    task = only_task(stack)["taskArn"].rpartition("/")[2]
    assert result.exit_code == 130
    assert result.stderr.splitlines()[-1] == (
        f"the task {task} goes on; to stop it: aws ecs stop-task"
        f" --cluster {stack['Cluster']} --task {task}"
    )


def test_wrong_words_are_refused_here(stack: dict[str, str]) -> None:
    assert stack
    result = shardline("run", "orders", "--dote", "2019-03-14", "--on", "ecs")
    assert result.exit_code == 2
    assert "No such option" in result.stderr
    assert boto3.client("ecs").list_tasks(cluster=stack["Cluster"])[
        "taskArns"
    ] == [] or (
        not [
            one
            for one in boto3.client("ecs").describe_tasks(
                cluster=stack["Cluster"],
                tasks=boto3.client("ecs").list_tasks(cluster=stack["Cluster"])[
                    "taskArns"
                ],
            )["tasks"]
            if one["group"] == remote.GROUP
        ]
    )


def test_a_stack_that_is_not_there_is_one_line(aws: None) -> None:  # noqa: ARG001 - it must be there
    result = shardline(*RUN, "--on", "ecs", "--stack", "other")
    assert isinstance(result.exception, ConfigurationError)
    assert str(result.exception) == (
        "there is no stack 'other' in eu-central-1; name it with --stack or"
        " SHARDLINE_STACK, and the region with AWS_REGION"
    )


def test_a_stack_of_another_template_is_one_line(aws: None) -> None:  # noqa: ARG001 - it must be there
    boto3.client("cloudformation").create_stack(
        StackName="other",
        TemplateBody='{"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}',
    )
    result = shardline(*RUN, "--on", "ecs", "--stack", "other")
    assert isinstance(result.exception, ConfigurationError)
    assert "has no output Cluster, Task" in str(result.exception)


def test_a_cluster_that_is_gone_is_one_line(stack: dict[str, str]) -> None:
    known = aws.outputs("shardline")
    gone = known.cluster.replace("cluster/", "cluster/gone-")
    with pytest.raises(ConfigurationError, match="there is no such cluster"):
        remote.start(aws.Outputs(**{**vars(known), "cluster": gone}), RUN)
    assert stack


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        ("AWS_ACCESS_KEY_ID", "AWS has no credentials"),
        ("AWS_DEFAULT_REGION", "AWS has no region; set AWS_REGION"),
    ],
)
def test_who_is_not_logged_in_gets_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, missing: str, told: str
) -> None:
    given = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv(missing)
    if missing == "AWS_ACCESS_KEY_ID":
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    for name in ("AWS_PROFILE", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    boto3.DEFAULT_SESSION = None
    result = shardline(*RUN, "--on", "ecs")
    assert isinstance(result.exception, ShardlineError)
    assert str(result.exception).startswith(told)
    assert "\n" not in str(result.exception)

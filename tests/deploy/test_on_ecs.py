"""`shardline run --on ecs`, with AWS as moto plays it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ecs.models import Container, EC2ContainerServiceBackend, ecs_backends
from moto.moto_api import state_manager

from pipelines.commands import shardline as cli
from pipelines.deploy import ecs_task, stack_outputs
from pipelines.deploy.aws import StackOutputs
from pipelines.errors import ConfigurationError, PermanentError, ShardlineError

RUN = ["run", "orders", "--date", "2019-03-14", "--workers", "2"]
Started = Callable[[], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks end when they are looked at, and nobody waits between two looks."""
    monkeypatch.setattr(ecs_task, "POLL", 0.0)
    state_manager.set_transition("ecs::task", {"progression": "immediate"})


@pytest.fixture
def started(stack: dict[str, str]) -> Started:
    """What tells which tasks have been started by the test."""
    before = {one["taskArn"] for one in one_off_tasks(stack)}

    def since() -> list[dict[str, Any]]:
        return [one for one in one_off_tasks(stack) if one["taskArn"] not in before]

    return since


def one_off_tasks(stack: dict[str, str]) -> list[dict[str, Any]]:
    ecs, cluster = boto3.client("ecs"), stack["Cluster"]
    arns = [
        arn
        for status in ("RUNNING", "STOPPED")
        for arn in ecs.list_tasks(cluster=cluster, desiredStatus=status)["taskArns"]
    ]
    tasks = ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"] if arns else []
    return [task for task in tasks if task["group"] == ecs_task.GROUP]


def shardline(*words: str) -> Result:
    return CliRunner().invoke(cli, list(words))


def write(task: ecs_task.StartedTask, *lines: str) -> None:
    """Write to the log as the awslogs driver does."""
    logs = boto3.client("logs")
    where = {"logGroupName": task.log_group, "logStreamName": task.stream}
    logs.create_log_stream(**where)
    now = int(time.time() * 1000)
    events = [{"timestamp": now + at, "message": line} for at, line in enumerate(lines)]
    logs.put_log_events(**where, logEvents=events)


def mock_backend() -> EC2ContainerServiceBackend:
    """Where moto keeps the tasks."""
    return ecs_backends[DEFAULT_ACCOUNT_ID]["eu-central-1"]


def end_containers(
    patch: pytest.MonkeyPatch, code: int | None, reason: str = ""
) -> None:
    """Have containers of moto end in some way."""
    before = Container.__init__

    def ended(container: Container, *arguments: object) -> None:
        before(container, *arguments)
        container.exitCode = code
        container.reason = reason

    patch.setattr(Container, "__init__", ended)


def test_the_same_words_run_in_a_container(
    stack: dict[str, str], started: Started
) -> None:
    result = shardline(*RUN, "--on", "ecs", "--stack=shardline")
    assert result.exit_code == 0, result.output
    (task,) = started()
    (override,) = task["overrides"]["containerOverrides"]
    assert override == {"name": "pipelines", "command": RUN}
    assert task["taskDefinitionArn"] == stack["Task"]
    assert f"is started: shardline {' '.join(RUN)}" in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["refresh", "--last", "7"],
        ["status", "--unfold"],
        ["status", "failures", "--open"],
        ["clear", "--from", "2019-03-14", "--to", "2019-03-14", "--yes"],
        ["alerts", "close", "12"],
    ],
)
def test_whoever_cannot_reach_the_databases_asks_there(
    started: Started, words: list[str]
) -> None:
    assert shardline(*words, "--on=ecs").exit_code == 0
    (task,) = started()
    (override,) = task["overrides"]["containerOverrides"]
    assert override["command"] == words


def test_the_database_is_made_by_the_task_that_has_its_masters_login(
    stack: dict[str, str], started: Started
) -> None:
    assert shardline("deploy", "database", "--on", "ecs").exit_code == 0
    (task,) = started()
    (override,) = task["overrides"]["containerOverrides"]
    assert override["command"] == ["deploy", "database"]
    assert task["taskDefinitionArn"] == stack["DatabaseTask"]


@pytest.mark.usefixtures("stack")
def test_its_log_is_told_to_the_end_each_line_once() -> None:
    task = ecs_task.start_task(stack_outputs("shardline"), RUN)
    lines = [f"line {at}" for at in range(300)]
    write(task, *lines)
    heard: list[str] = []
    ended = ecs_task.follow_task(task, heard.append)
    assert heard == lines
    assert ecs_task.task_exit_code(task, ended, heard.append) == 0
    assert heard == lines


@pytest.mark.usefixtures("stack")
def test_it_ends_with_the_exit_code_of_the_container(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    end_containers(monkeypatch, 30)
    assert shardline(*RUN, "--on", "ecs").exit_code == 30


@pytest.mark.usefixtures("stack")
def test_why_it_was_ended_is_told_if_the_log_cannot_know(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    why = "OutOfMemoryError: Container killed due to memory usage"
    end_containers(monkeypatch, 137, why)
    result = shardline(*RUN, "--on", "ecs")
    assert result.exit_code == 137
    assert result.stderr.splitlines()[-1].endswith(f"has ended with 137: {why}")


@pytest.mark.usefixtures("stack")
def test_who_can_follow_no_more_is_told_that_the_task_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def expired(_: float) -> None:
        raise ConfigurationError("AWS does not take the login")

    monkeypatch.setattr(ecs_task.time, "sleep", expired)
    result = shardline(*RUN, "--on", "ecs")
    assert isinstance(result.exception, ConfigurationError)
    assert "goes on; its log: aws logs tail " in result.stderr
    assert "to stop it: aws ecs stop-task " in result.stderr


@pytest.mark.usefixtures("stack")
def test_a_container_that_never_started_is_told_with_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    end_containers(monkeypatch, None, "CannotPullContainerError: not found")
    result = shardline(*RUN, "--on", "ecs")
    assert isinstance(result.exception, PermanentError)
    assert "has no exit code" in str(result.exception)
    assert "CannotPullContainerError: not found" in str(result.exception)


def test_who_is_interrupted_is_told_how_to_stop_the_task(
    stack: dict[str, str], started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ecs_task.time, "sleep", interrupted)
    result = shardline(*RUN, "--on", "ecs")
    (found,) = started()
    task = found["taskArn"].rpartition("/")[2]
    assert result.exit_code == 130
    log, stop = result.stderr.splitlines()[-2:]
    assert log == (
        f"the task {task} goes on; its log: aws logs tail {stack['LogGroup']}"
        f" --log-stream-names run/pipelines/{task} --follow"
    )
    assert stop == (
        f"to stop it: aws ecs stop-task --cluster {stack['Cluster']} --task {task}"
    )


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize("lines", [0, 3])
def test_a_task_that_ecs_has_forgotten_is_followed_no_more(
    monkeypatch: pytest.MonkeyPatch, lines: int
) -> None:
    state_manager.set_transition("ecs::task", {"progression": "manual", "times": 99})
    tasks = mock_backend().tasks
    looks = 0

    def forget(_: float) -> None:
        nonlocal looks
        looks += 1
        assert looks < 99, "it is followed for ever"
        for of_cluster in tasks.values():
            of_cluster.clear()

    task = ecs_task.start_task(stack_outputs("shardline"), RUN)
    told = [f"line {at}" for at in range(lines)]
    if told:
        write(task, *told)
    monkeypatch.setattr(ecs_task.time, "sleep", forget)
    monkeypatch.setattr("pipelines.commands.on_ecs.start_task", lambda *_: task)
    result = shardline(*RUN, "--on", "ecs")
    assert isinstance(result.exception, PermanentError)
    assert f"the task {task.id} has ended is not known" in str(result.exception)
    assert result.stdout.splitlines() == told
    assert "goes on" not in result.stderr


@pytest.mark.usefixtures("stack")
def test_a_task_that_ecs_shows_a_moment_late_is_followed_to_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    task = ecs_task.start_task(stack_outputs("shardline"), RUN)
    kept = mock_backend().tasks
    shown = {name: dict(of_cluster) for name, of_cluster in kept.items()}
    for of_cluster in kept.values():
        of_cluster.clear()
    looks = iter(range(99))

    def show(_: float) -> None:
        if next(looks) == 5:
            for name, of_cluster in shown.items():
                kept[name].update(of_cluster)

    monkeypatch.setattr(ecs_task.time, "sleep", show)
    ended = ecs_task.follow_task(task, print)
    assert ecs_task.task_exit_code(task, ended, print) == 0


def test_wrong_words_are_refused_here(started: Started) -> None:
    result = shardline("run", "orders", "--dote", "2019-03-14", "--on", "ecs")
    assert result.exit_code == 2
    assert "No such option" in result.stderr
    assert started() == []


@pytest.mark.usefixtures("stack")
def test_a_stack_that_is_not_there_is_one_line() -> None:
    result = shardline(*RUN, "--on", "ecs", "--stack", "other")
    assert isinstance(result.exception, ConfigurationError)
    assert str(result.exception) == (
        "there is no stack 'other' in eu-central-1; name it with --stack or"
        " SHARDLINE_STACK, and the region with AWS_REGION"
    )


@pytest.mark.usefixtures("stack")
def test_the_region_is_that_of_the_aws_cli(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-2")
    with pytest.raises(ConfigurationError, match="no stack 'shardline' in us-east-2"):
        stack_outputs("shardline")


@pytest.mark.usefixtures("stack")
def test_a_stack_of_another_template_is_one_line() -> None:
    boto3.client("cloudformation").create_stack(
        StackName="queues",
        TemplateBody='{"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}',
    )
    result = shardline(*RUN, "--on", "ecs", "--stack", "queues")
    assert isinstance(result.exception, ConfigurationError)
    assert "has no output Cluster, Task" in str(result.exception)
    assert "it is CREATE_COMPLETE; wait until" in str(result.exception)


@pytest.mark.usefixtures("stack")
def test_a_cluster_that_is_gone_is_one_line() -> None:
    known = stack_outputs("shardline")
    gone = known.cluster.replace("cluster/", "cluster/gone-")
    with pytest.raises(ConfigurationError, match="there is no such cluster"):
        ecs_task.start_task(StackOutputs(**{**vars(known), "cluster": gone}), RUN)


@pytest.mark.usefixtures("stack")
def test_an_address_that_is_none_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nowhere")
    with pytest.raises(ConfigurationError, match="Invalid endpoint: nowhere; correct"):
        stack_outputs("shardline")


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        ("AWS_ACCESS_KEY_ID", "AWS has no credentials"),
        ("AWS_DEFAULT_REGION", "AWS has no region; set AWS_REGION"),
    ],
)
def test_who_is_not_logged_in_gets_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, missing: str, told: str
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
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    result = shardline(*RUN, "--on", "ecs")
    assert isinstance(result.exception, ShardlineError)
    assert str(result.exception).startswith(told)
    assert "\n" not in str(result.exception)


def test_a_stack_that_nothing_would_run_on_is_refused() -> None:
    result = shardline("status", "--stack", "other", "failures", "--on", "ecs")
    assert result.exit_code == 2
    assert "--stack goes with --on ecs, behind the command" in result.output

"""One run as a Fargate task: starts it, follows its log, tells how it ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.deploy.aws import StackOutputs, client, translated
from pipelines.errors import PermanentError, TransientError

CONTAINER = "pipelines"
"""The container that gets the command."""

STREAM = "run"
"""What the names of log streams begin with."""

GROUP = "one-off"
"""What ECS calls such tasks; scheduled runs are in other groups."""

BY_ITSELF = "EssentialContainerExited"
"""ECS's code of a task that nobody has stopped."""

POLL = 2.0
"""Seconds between two looks at the log and the task."""

LATE = 2
"""How often the log is looked at without any news after the task has ended."""


MISSED = 30
"""So many looks in a row at a task that ECS does not know, and it has forgotten it.

A new one may be shown a moment late; of one that has ended it knows for an hour.
"""


@dataclass(frozen=True)
class StartedTask:
    """A task that was started.

    Attributes:
        cluster: The ARN of its cluster.
        id: What the console and the log call it.
        log_group: Where its log is.
    """

    cluster: str
    id: str
    log_group: str

    @property
    def stream(self) -> str:
        """Its log stream, as the awslogs driver names it."""
        return f"{STREAM}/{CONTAINER}/{self.id}"

    @property
    def how_to_follow(self) -> str:
        """The command that shows its log."""
        return (
            f"aws logs tail {self.log_group} --log-stream-names {self.stream} --follow"
        )

    @property
    def how_to_stop(self) -> str:
        """The command that ends it."""
        return f"aws ecs stop-task --cluster {self.cluster} --task {self.id}"


def start_task(stack: StackOutputs, command: Sequence[str]) -> StartedTask:
    """Start `shardline` with a command in a container.

    Raises:
        TransientError: There is no room for it now.
        ShardlineError: AWS refuses, or cannot be reached.
    """
    network = {
        "subnets": stack.subnets.split(","),
        "securityGroups": [stack.security_group],
        "assignPublicIp": stack.assign_public_ip,
    }
    override = {"name": CONTAINER, "command": list(command)}
    ecs = client("ecs")
    with translated():
        answer = ecs.run_task(
            cluster=stack.cluster,
            taskDefinition=stack.task,
            count=1,
            group=GROUP,
            capacityProviderStrategy=[
                {"capacityProvider": stack.capacity, "weight": 1}
            ],
            networkConfiguration={"awsvpcConfiguration": network},
            overrides={"containerOverrides": [override]},
        )
    if not answer["tasks"]:
        reasons = {str(one.get("reason")) for one in answer.get("failures", [])}
        raise TransientError(
            f"ECS starts no task: {', '.join(sorted(reasons)) or 'no reason is text'}",
            step="try again in some minutes",
        )
    task = str(answer["tasks"][0]["taskArn"]).rpartition("/")[2]
    return StartedTask(stack.cluster, task, stack.log_group)


def follow_task(
    task: StartedTask, print_line: Callable[[str], object], poll: float | None = None
) -> dict[str, Any]:
    """Tell each line of a task's log until it has ended.

    Args:
        task: The task.
        print_line: Gets the lines.
        poll: Seconds between two looks; `POLL` by default.

    Returns:
        What ECS tells of the task when it has ended, for `task_exit_code`; nothing if
        it has forgotten the task by then.

    Raises:
        ShardlineError: AWS refuses, or cannot be reached; the task goes on.
    """
    pause = POLL if poll is None else poll
    ecs, log = client("ecs"), _Log(client("logs"), task)
    silent = missed = 0
    is_over = False
    found: dict[str, Any] = {}
    while silent < LATE:
        # First whether it has ended, so that all that is read after that is its last.
        if not is_over:
            found = _look(ecs, task)
            missed = 0 if found else missed + 1
            is_over = found.get("lastStatus") == "STOPPED" or missed == MISSED
        lines = log.read()
        for line in lines:
            print_line(line)
        silent = silent + 1 if is_over and not lines else 0
        if silent < LATE:
            time.sleep(pause)
    return found


def _look(ecs: Any, task: StartedTask) -> dict[str, Any]:  # noqa: ANN401 - boto3's
    """What ECS tells of a task; nothing if it does not know it."""
    with translated():
        answer = ecs.describe_tasks(cluster=task.cluster, tasks=[task.id])
    found: dict[str, Any] = answer["tasks"][0] if answer["tasks"] else {}
    return found


def task_exit_code(
    task: StartedTask, ended: dict[str, Any], print_line: Callable[[str], object]
) -> int:
    """The exit code of a task's container.

    Args:
        task: The task.
        ended: What `follow_task` gave.
        print_line: Gets a line if ECS knows more than the log does.

    Raises:
        PermanentError: The container never ran, so it has none; or ECS has forgotten
            the task.
    """
    if not ended:
        raise PermanentError(
            f"how the task {task.id} has ended is not known: ECS has forgotten it, as"
            " it does an hour after a task's end",
            step="see its log above, or run it again: what is loaded stays",
        )
    containers = ended.get("containers", [])
    codes = [one.get("exitCode") for one in containers if one["name"] == CONTAINER]
    reasons = [one.get("reason") for one in containers]
    if ended.get("stopCode") != BY_ITSELF:
        reasons.insert(0, ended.get("stoppedReason"))
    text = "; ".join(dict.fromkeys(str(one) for one in reasons if one))
    if not codes or codes[0] is None:
        raise PermanentError(
            f"the task {task.id} has no exit code: {text or 'ECS does not say why'}",
            step="correct that, and run it again: what is loaded stays",
        )
    if codes[0] and text:
        print_line(f"the task {task.id} has ended with {codes[0]}: {text}")
    return int(codes[0])


class _Log:
    """The lines of a log stream, each once."""

    def __init__(self, logs: Any, task: StartedTask) -> None:  # noqa: ANN401 - boto3's
        self._logs = logs
        self._where = {
            "logGroupName": task.log_group,
            "logStreamName": task.stream,
            "startFromHead": True,
        }
        self._next: dict[str, str] = {}

    def read(self) -> list[str]:
        """The lines that have come since; none before there is a stream."""
        lines: list[str] = []
        while True:
            try:
                with translated():
                    page = self._logs.get_log_events(**self._where, **self._next)
            except PermanentError as error:
                if error.code == "ResourceNotFoundException":
                    return lines
                raise
            lines += [str(event["message"]).rstrip("\n") for event in page["events"]]
            # The end of a stream is where a token leads to itself; pages before it
            # may be empty, too.
            before, self._next = self._next, {"nextToken": page["nextForwardToken"]}
            if self._next == before:
                return lines

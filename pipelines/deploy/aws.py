"""AWS as runs need it: clients, a stack's outputs, and errors in our words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pipelines.errors import (
    ConfigurationError,
    PermanentError,
    ShardlineError,
    TransientError,
)

_LOGIN = "log in with `aws sso login` or `aws configure`, or set AWS_PROFILE"
_EXPIRED = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "RequestExpired",
    "UnrecognizedClientException",
}
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
_BUSY = {"ThrottlingException", "Throttling", "ServerException", "InternalFailure"}
_OUTPUTS = {
    "cluster": "Cluster",
    "task": "Task",
    "subnets": "Subnets",
    "security_group": "SecurityGroup",
    "assign_public_ip": "AssignPublicIp",
    "capacity": "Capacity",
    "log_group": "LogGroup",
}


@dataclass(frozen=True)
class StackOutputs:
    """What a stack of deploy/shardline.yaml tells of itself.

    Attributes:
        cluster: The ARN of the ECS cluster.
        task: The ARN of the task definition that was asked for.
        subnets: Their ids, with commas between.
        security_group: The id of the runs' group.
        assign_public_ip: ENABLED or DISABLED.
        capacity: FARGATE or FARGATE_SPOT.
        log_group: The CloudWatch log group of runs.
    """

    cluster: str
    task: str
    subnets: str
    security_group: str
    assign_public_ip: str
    capacity: str
    log_group: str


def client(service: str) -> Any:  # noqa: ANN401 - boto3 makes its classes as it goes
    """A client for a service, in the region that is configured.

    The region is AWS_REGION first, as for version 2 of the AWS CLI: boto3 itself reads
    AWS_DEFAULT_REGION only.

    Raises:
        ConfigurationError: boto3 is not installed, knows no region, or cannot read what
            it is configured by.
    """
    try:
        import boto3  # noqa: PLC0415 - an extra
    except ImportError:
        raise ConfigurationError(
            "boto3 is not installed", step="pip install 'shardline[deploy]'"
        ) from None
    try:
        with translated():
            return boto3.client(
                service, region_name=os.environ.get("AWS_REGION") or None
            )
    except ValueError as error:  # such as of AWS_ENDPOINT_URL and AWS_MAX_ATTEMPTS
        raise ConfigurationError(
            f"AWS is not asked: {error}", step="correct it in the environment"
        ) from error


def stack_outputs(stack: str, task: str = "Task") -> StackOutputs:
    """What a stack tells.

    Args:
        stack: Its name.
        task: The output that names the task definition; that of runs by default.

    Raises:
        ConfigurationError: There is no such stack, or it has other outputs.
        TransientError: AWS does not answer.
    """
    listed = client("cloudformation")
    from botocore.exceptions import ClientError  # noqa: PLC0415 - an extra

    try:
        with translated():
            (found,) = listed.describe_stacks(StackName=stack)["Stacks"]
    except ShardlineError as error:
        cause = error.__cause__
        if isinstance(cause, ClientError) and _code(cause) == "ValidationError":
            raise ConfigurationError(
                f"there is no stack {stack!r} in {listed.meta.region_name}",
                step="name it with --stack or SHARDLINE_STACK, and the region with"
                " AWS_REGION",
            ) from None
        raise
    values = {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}
    named = {**_OUTPUTS, "task": task}
    missing = [name for name in named.values() if name not in values]
    if missing:
        raise ConfigurationError(
            f"the stack {stack!r} has no output {', '.join(missing)}; it is"
            f" {found['StackStatus']}",
            step="wait until it is made, or name one of deploy/shardline.yaml",
        )
    return StackOutputs(**{field: values[name] for field, name in named.items()})


@contextmanager
def translated() -> Iterator[None]:
    """Raise errors of boto3 as ours.

    Raises:
        ConfigurationError: Nobody is logged in, or something is named wrongly.
        PermanentError: AWS refuses.
        TransientError: AWS does not answer, or is busy.
    """
    from botocore import exceptions  # noqa: PLC0415 - an extra

    try:
        yield
    except exceptions.ClientError as error:
        raise _refusal(error) from error
    except exceptions.NoRegionError as error:
        raise ConfigurationError("AWS has no region", step="set AWS_REGION") from error
    except (
        exceptions.NoCredentialsError,
        exceptions.PartialCredentialsError,
        exceptions.CredentialRetrievalError,
        exceptions.ProfileNotFound,
        exceptions.SSOError,
    ) as error:
        raise ConfigurationError(f"AWS has no credentials: {error}", step=_LOGIN) from (
            error
        )
    except (exceptions.HTTPClientError, exceptions.ConnectionError) as error:
        raise TransientError(
            f"AWS cannot be reached: {error}",
            step="check the network, AWS_REGION and HTTPS_PROXY",
        ) from error
    except exceptions.BotoCoreError as error:
        raise ConfigurationError(f"AWS is not asked: {error}") from error


def _code(error: Any) -> str:  # noqa: ANN401 - a ClientError
    return str(error.response["Error"]["Code"])


def _refusal(error: Any) -> ShardlineError:  # noqa: ANN401 - a ClientError
    code, text = _code(error), str(error.response["Error"].get("Message", ""))
    cause = f"{error.operation_name}: {text or code}"
    if code in _EXPIRED:
        return ConfigurationError(f"AWS does not take the login: {cause}", step=_LOGIN)
    if code in _DENIED:
        return PermanentError(
            f"AWS refuses: {cause}", step="ask whoever owns the account", code=code
        )
    if code == "ClusterNotFoundException":
        return ConfigurationError(
            f"there is no such cluster: {cause}", step="deploy the stack anew"
        )
    if code in _BUSY:
        return TransientError(f"AWS is busy: {cause}", step="try again", code=code)
    return PermanentError(f"AWS refuses: {cause}", code=code)

"""What parameters change of a stack in moto."""

from __future__ import annotations

import boto3
import pytest

from tests.kit.stack_reading import command, schedules, task_definition
from tests.kit.stacks import deploy


@pytest.mark.usefixtures("account")
def test_spot_workers_a_pause_and_a_database_of_ones_own_are_parameters() -> None:
    stack = deploy(
        "other",
        Capacity="FARGATE_SPOT",
        EtlDatabaseHost="etl.example.com",
        Schedules="DISABLED",
        Workers="9",
    )
    for schedule in schedules().values():
        (provider,) = schedule["Target"]["EcsParameters"]["CapacityProviderStrategy"]
        assert provider["capacityProvider"] == "FARGATE_SPOT"
        assert schedule["State"] == "DISABLED"
        assert command(schedule)[-1] == "9"
    assert boto3.client("rds").describe_db_instances()["DBInstances"] == []
    (container,) = task_definition(stack["Task"])["containerDefinitions"]
    plain = {one["name"]: one["value"] for one in container["environment"]}
    secrets = {one["name"]: one["valueFrom"] for one in container["secrets"]}
    assert plain["SHARDLINE_ETL_HOST"] == "etl.example.com"
    password = secrets["SHARDLINE_ETL_PASSWORD"]
    assert password.endswith(":SHARDLINE_ETL_PASSWORD::")

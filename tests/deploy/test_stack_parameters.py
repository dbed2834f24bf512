"""What parameters change of a stack in moto."""

from __future__ import annotations

import boto3
import pytest
from reading import command, schedules, task_definition
from stacks import deploy


@pytest.mark.usefixtures("account")
def test_spot_is_a_parameter() -> None:
    deploy("spot", Capacity="FARGATE_SPOT", Schedules="DISABLED", Workers="9")
    for schedule in schedules().values():
        (provider,) = schedule["Target"]["EcsParameters"]["CapacityProviderStrategy"]
        assert provider["capacityProvider"] == "FARGATE_SPOT"
        assert schedule["State"] == "DISABLED"
        assert command(schedule)[-1] == "9"


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("address", ["", "etl.example.com"])
def test_the_etl_database_is_its_own_or_one_that_is_given(address: str) -> None:
    stack = deploy("etl", EtlDatabaseHost=address)
    databases = boto3.client("rds").describe_db_instances()["DBInstances"]
    assert len(databases) == (0 if address else 1)
    host = address or databases[0]["Endpoint"]["Address"]
    (container,) = task_definition(stack["Task"])["containerDefinitions"]
    plain = {one["name"]: one["value"] for one in container["environment"]}
    assert plain["SHARDLINE_ETL_HOST"] == host
    secrets = {one["name"]: one["valueFrom"] for one in container["secrets"]}
    key = "SHARDLINE_ETL_PASSWORD" if address else "password"
    assert secrets["SHARDLINE_ETL_PASSWORD"].endswith(f":{key}::")
    if databases:
        assert databases[0]["StorageEncrypted"]
        assert not databases[0]["PubliclyAccessible"]

"""A project two of whose three shards fail, and what is to be told of it."""

from __future__ import annotations

from pydantic import SecretStr

from pipelines.alerts import (
    Lease,
    Notice,
    group_alerts,
    incident_extent,
    incident_notice,
    list_incidents,
)
from pipelines.etl_db import etl_engine
from tests.kit.project import ORDERS_DDL, Project, insert, orders


def two_of_three_fail(project: Project) -> None:
    for name in ("first", "second"):
        project.add_shard(name, ddl="")
    insert(project, project.add_shard("third"), orders(3))


def mend(project: Project) -> None:
    for name in ("first", "second"):
        project.on_shard(name, ORDERS_DDL)


def grouped(project: Project) -> list[Notice]:
    """The incidents that a sender would make of the outbox now."""
    engine = etl_engine(SecretStr(project.etl_database))
    lease = Lease(engine, 60)
    assert lease.take()
    group_alerts(lease)
    lease.release()
    return [
        incident_notice(
            one, incident_extent(engine, one.number, 3), len(project.shards)
        )
        for one in list_incidents(engine, also_closed=False)
    ]

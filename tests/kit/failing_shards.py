"""A project two of whose three shards fail, and what is to be told of it."""

from __future__ import annotations

from pydantic import SecretStr

from pipelines import database
from pipelines.alerts import grouping, incidents
from pipelines.alerts.channel import Notice
from pipelines.alerts.lease import Lease
from pipelines.alerts.notices import notice
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
    engine = database.connect(SecretStr(project.etl_database))
    lease = Lease(engine, 60)
    assert lease.take()
    grouping.group(lease)
    lease.release()
    return [
        notice(one, incidents.extent(engine, one.number, 3), len(project.shards))
        for one in incidents.of(engine, also_closed=False)
    ]

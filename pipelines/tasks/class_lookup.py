"""The tasks that load a table: of its own class, or of those for any table.

A table needs no class. One that has a class has it in a module that ``[catalog]
modules`` names, or is one of the three that come with the package.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from functools import cache

from pipelines.alerts import About, about_task
from pipelines.catalog import Partition, Table
from pipelines.config import current_settings
from pipelines.errors import ConfigurationError, one_line
from pipelines.tasks.load import LoadDay, LoadShard, LoadTable, LoadTableShard

PACKAGED = {
    "orders": "pipelines.orders",
    "calls": "pipelines.calls",
    "rates": "pipelines.rates",
}
"""The modules of the tables that come with the package, imported when asked for."""


def day_task(table: Table, day: date) -> LoadDay:
    """The task that loads a day of a table, all shards.

    Raises:
        ConfigurationError: As `own_class` does.
    """
    if own := own_class(table):
        return own(date=day)
    return LoadTable(table=table.name, date=day)


def shard_task(table: Table, day: date, shard: str) -> LoadShard:
    """The task that loads a day of a table in one shard.

    Raises:
        ConfigurationError: As `own_class` does.
    """
    if own := own_class(table):
        return own.shard_task(date=day, shard=shard)
    return LoadTableShard(table=table.name, date=day, shard=shard)


def task_name(partition: Partition) -> str:
    """What Luigi and the session log call the load of a day in one shard.

    Raises:
        ConfigurationError: As `own_class` does.
    """
    one = shard_task(partition.table, partition.day, partition.shard.name)
    return str(one.task_id)


def about_loads(partitions: Iterable[Partition], asked: datetime | None) -> list[About]:
    """What those on call are told that failed, when it is the loads of some days.

    Args:
        partitions: The days.
        asked: When they were asked for, if they may have had a marker already.

    Raises:
        ConfigurationError: As `own_class` does.
    """
    tasks = [shard_task(one.table, one.day, one.shard.name) for one in partitions]
    return [replace(about_task(task), asked=asked) for task in tasks]


def own_class(table: Table) -> type[LoadDay] | None:
    """The table's own class; None if it has none.

    Raises:
        ConfigurationError: A module of the user's cannot be imported, two classes are
            for one table, or one is for a table that there is not.
    """
    settings = current_settings()
    names = frozenset(settings.catalog.tables)
    return _own_class(table.name, settings.modules, names)


@cache
def _own_class(
    name: str, modules: tuple[str, ...], tables: frozenset[str]
) -> type[LoadDay] | None:
    if own := _users_classes(modules, tables).get(name):
        return own
    packaged = _defined(PACKAGED[name]) if name in PACKAGED else []
    return next(iter(packaged), None)


@cache
def _users_classes(
    modules: tuple[str, ...], tables: frozenset[str]
) -> dict[str, type[LoadDay]]:
    """The classes of the user's modules, by table."""
    classes = [one for module in modules for one in _defined(module)]
    for name in {one.table for one in classes} & PACKAGED.keys():
        classes += _defined(PACKAGED[name])
    found: dict[str, type[LoadDay]] = {}
    for one in classes:
        other = found.setdefault(one.table, one)
        if other is not one:
            both = " and ".join(sorted({_path(one), _path(other)}))
            raise ConfigurationError(
                f"two classes load table {one.table!r}: {both}",
                step="keep one of them; orders, calls and rates have the package's",
            )
    for one in classes:
        if one.table not in tables and one.__module__ not in PACKAGED.values():
            raise ConfigurationError(
                f"{_path(one)} loads table {one.table!r}, which no entry describes",
                step="correct its `table`, or add the table's entry to the catalog",
            )
    return found


def _defined(module: str) -> list[type[LoadDay]]:
    """The classes in a module that name a table, imported ones among them."""
    try:
        members = vars(importlib.import_module(module)).values()
    except (Exception, SystemExit) as error:  # a module of the user's may raise it
        why = one_line(f"{type(error).__name__}: {error}")
        raise ConfigurationError(
            f"[catalog] modules: {module} cannot be imported: {why}",
            step="correct it or its name, and see that PYTHONPATH has its folder",
        ) from error
    return [
        member
        for member in members
        if isinstance(member, type)
        and issubclass(member, LoadDay)
        and isinstance(getattr(member, "table", None), str)
    ]


def _path(one: type[LoadDay]) -> str:
    return f"{one.__module__}.{one.__qualname__}"

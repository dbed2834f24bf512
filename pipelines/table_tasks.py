"""Finds the task that loads a table."""

from __future__ import annotations

import importlib

from pipelines.catalog import Table
from pipelines.errors import ConfigurationError
from pipelines.load import LoadDay


def task_class(table: Table) -> type[LoadDay]:
    """The task that loads a table's days: in the module named for the table.

    Raises:
        ConfigurationError: There is none.
    """
    missing = ConfigurationError(
        f"no task loads {table.name!r}",
        step=f"write its class in pipelines/{table.name}.py: see docs/tables.md",
    )
    try:
        module = importlib.import_module(f"pipelines.{table.name}")
    except ModuleNotFoundError as error:
        raise missing from error
    for member in vars(module).values():
        if (
            isinstance(member, type)
            and issubclass(member, LoadDay)
            and vars(member).get("table") == table.name
        ):
            return member
    raise missing

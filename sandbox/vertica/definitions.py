"""Makes a table, in DuckDB and in the catalog's tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.engine import quoted
from sandbox.vertica import catalog_store

if TYPE_CHECKING:
    from sandbox.vertica.catalog import Table
    from sandbox.vertica.transaction import Transaction


def make_table(table: Table, transaction: Transaction) -> None:
    """Create a table; the catalog knows it once the caller has committed."""
    columns = ", ".join(
        f"{quoted(c.name)} {c.type.stored}{'' if c.nullable else ' NOT NULL'}"
        for c in table.columns
    )
    kind = "TEMP TABLE" if table.temporary else "TABLE"
    transaction.engine.write(f"CREATE {kind} {table.stored} ({columns})")
    if not table.temporary:
        catalog_store.add(transaction.engine, table)

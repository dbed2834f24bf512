"""COPY ... REJECTED DATA AS TABLE: where refused rows are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from sandbox.locks import Mode
from sandbox.vertica.catalog import ColumnDefinition, Table
from sandbox.vertica.definitions import make_table
from sandbox.vertica.dml import store
from sandbox.vertica.incoming import arrow_type
from sandbox.vertica.monitor import NODE
from sandbox.vertica.types import INT, LONG_VARCHAR, VARCHAR, SqlType
from sandbox.vertica.words import unsupported

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.vertica.copy_statement import CopyStatement
    from sandbox.vertica.incoming import Reject
    from sandbox.vertica.transaction import Transaction

COLUMNS = tuple(
    ColumnDefinition(name, kind)
    for name, kind in (
        ("node_name", SqlType(VARCHAR, length=128)),
        ("file_name", SqlType(VARCHAR, length=65_000)),
        ("session_id", SqlType(VARCHAR, length=128)),
        ("transaction_id", SqlType(INT)),
        ("statement_id", SqlType(INT)),
        ("batch_number", SqlType(INT)),
        ("row_number", SqlType(INT)),
        ("rejected_data", SqlType(LONG_VARCHAR, length=131_072)),
        ("rejected_data_orig_length", SqlType(INT)),
        ("rejected_reason", SqlType(VARCHAR, length=65_000)),
    )
)


def open_rejects_table(statement: CopyStatement, transaction: Transaction) -> None:
    """Make the table a COPY wants its rejects in, unless it exists; it commits so.

    Raises:
        SqlError: There is another table of this name.
    """
    name = statement.rejected_table
    if name is None:
        return
    environment = transaction.environment
    with environment.catalog.ddl:
        found = environment.find(name)
        if found is None:
            if not statement.commit:
                raise unsupported("NO COMMIT and a new table of rejected data")
            schema = environment.catalog.schema(name.schema)
            environment.privileges.require_on(
                environment.privileges.schema(schema), "CREATE"
            )
            found = Table(
                environment.catalog.next_oid(), schema, name.name, COLUMNS,
                owner=environment.user,
            )  # fmt: skip
            make_table(found, transaction)
            transaction.commit()
            environment.catalog.put(found)
            transaction.begin()
    if [c.name for c in found.columns] != [c.name for c in COLUMNS]:
        raise unsupported(f"REJECTED DATA AS TABLE {found.name}: it has other columns")


def store_rejects(
    rejects: Sequence[Reject], statement: CopyStatement, transaction: Transaction
) -> None:
    """Keep what one COPY refused, if it has a table for that."""
    if statement.rejected_table is None or not rejects:
        return
    table = transaction.locked_table(statement.rejected_table, Mode.INSERT, "INSERT")
    rows = _rows(rejects, ", ".join(statement.files) or "STDIN", transaction)
    store(transaction, table, [c.name for c in COLUMNS], rows)


def _rows(rejects: Sequence[Reject], source: str, transaction: Transaction) -> pa.Table:
    session = transaction.environment.session_id
    return pa.table(
        {
            column.name: [
                (NODE, source, session, 0, 0, 0, r.row,
                 r.data.decode("utf-8", "replace"), len(r.data), r.reason)[place]
                for r in rejects
            ]
            for place, column in enumerate(COLUMNS)
        },
        schema=pa.schema([(c.name, arrow_type(c.type)) for c in COLUMNS]),
    )  # fmt: skip

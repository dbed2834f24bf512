"""Runs COPY: input in, batches decoded and checked, rows stored as they come."""

from __future__ import annotations

import bz2
import math
import zlib
from typing import TYPE_CHECKING

import pyarrow as pa
from sqlglot import exp

from sandbox.engine import quoted
from sandbox.errors import SqlError
from sandbox.locks import Mode
from sandbox.session import DATA
from sandbox.vertica.copy_statement import CopyItem
from sandbox.vertica.delimited import DelimitedParser
from sandbox.vertica.dialect import parse
from sandbox.vertica.dml import default_value
from sandbox.vertica.incoming import Field, arrow_type, check, expression
from sandbox.vertica.native import NativeParser
from sandbox.vertica.rejects import open_rejects_table, store_rejects
from sandbox.vertica.translate import stored_cast, translate
from sandbox.vertica.words import unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sandbox.vertica.catalog import Table
    from sandbox.vertica.copy_statement import CopyStatement
    from sandbox.vertica.incoming import Batch, Parser, Reject
    from sandbox.vertica.transaction import Transaction


class CopyLoad:
    """One COPY under way: give it the input, then finish or abandon it.

    Args:
        statement: The statement, read.
        transaction: Whose.
    """

    def __init__(self, statement: CopyStatement, transaction: Transaction) -> None:
        """Find the table and its columns, and lock it.

        Raises:
            SqlError: The table or a column does not exist.
        """
        self.statement = statement
        self._transaction = transaction
        transaction.table(statement.target)
        _check_options(statement)
        open_rejects_table(statement, transaction)
        self.table = transaction.locked_table(statement.target, Mode.INSERT, "INSERT")
        self._items = statement.items or _all_columns(self.table)
        self.fields = _fields(self._items, self.table)
        self._insert = _insert(self._items, self.table, transaction)
        self._mark = transaction.engine.savepoint()
        self.rejects: list[Reject] = []
        self.accepted = 0
        self.open_stream()

    def open_stream(self) -> None:
        """Begin a new input: a further file of the same statement."""
        self._parser: Parser = (
            NativeParser(self.fields)
            if self.statement.native
            else DelimitedParser(self.fields, self.statement.delimiters)
        )
        members = 1 if self.statement.native else math.inf
        self._unpack = _Unpacker(self.statement.compression, members)

    def feed(self, data: bytes) -> None:
        """Take more input.

        Raises:
            SqlError: A row was refused and the statement does not allow it.
        """
        for batch in self._parser.feed(self._unpack(data)):
            self._store(batch)

    def close_stream(self) -> None:
        """One input ended.

        Raises:
            SqlError: It is not whole, or its last rows were refused.
        """
        self._unpack.finish()
        for batch in self._parser.finish():
            self._store(batch)

    def finish(self) -> None:
        """All input came: check the keys."""
        self._transaction.validate_keys(self.table)
        store_rejects(self.rejects, self.statement, self._transaction)
        environment = self._transaction.environment
        environment.accepted = self.accepted
        environment.rejected = len(self.rejects)

    def abandon(self) -> None:
        """Undo the statement."""
        self._transaction.engine.rollback_to(self._mark)

    def _store(self, batch: Batch) -> None:
        checked = check(
            batch, self.fields, enforce_length=self.statement.enforce_length
        )
        self.rejects += checked.rejects
        self._check_rejects()
        if not len(checked.numbers):
            return
        data = pa.table(
            checked.arrays,
            schema=pa.schema([(f.name, arrow_type(f.type)) for f in self.fields]),
        )
        self._transaction.engine.write(self._insert, data=data, fresh=False)
        self.accepted += len(checked.numbers)

    def _check_rejects(self) -> None:
        most = self.statement.reject_max
        if not self.rejects:
            return
        if self.statement.abort_on_error:
            first = self.rejects[0]
            raise SqlError(
                f"COPY: Input record {first.row} has been rejected ({first.reason})",
                number=2035,
                sqlstate="22V04",
            )
        if most and len(self.rejects) >= most:
            raise SqlError(
                f"COPY: {len(self.rejects)} rows have been rejected, REJECTMAX is "
                f"{most} (row {self.rejects[-1].row}: {self.rejects[-1].reason})",
                number=2035,
                sqlstate="22V04",
            )


def _check_options(statement: CopyStatement) -> None:
    to_files = statement.rejected_file or statement.exceptions_file
    if statement.return_rejected and (to_files or statement.rejected_table):
        raise SqlError(
            "COPY LOCAL does not support rejected row numbers with exceptions or "
            "rejected data options",
            number=2660,
            sqlstate="0A000",
        )
    if not statement.local and (to_files or statement.return_rejected):
        raise unsupported("COPY REJECTED DATA and EXCEPTIONS into files of a node")


def _all_columns(table: Table) -> tuple[CopyItem, ...]:
    return tuple(CopyItem(column.name) for column in table.columns)


def _fields(items: Sequence[CopyItem], table: Table) -> list[Field]:
    fields = []
    for item in items:
        if item.filler is not None:
            fields.append(Field(item.name, item.filler))
            continue
        column = table.column(item.name)
        if not item.expression:
            fields.append(Field(column.name, column.type, column.nullable))
    return fields


def _insert(items: Sequence[CopyItem], table: Table, transaction: Transaction) -> str:
    """The statement that stores a batch."""
    values = dict(_values(items, table, transaction))
    for column in table.columns:
        if column.name not in values and column.default:
            values[column.name] = default_value(column, transaction)
    columns = ", ".join(quoted(name) for name in values)
    return (
        f"INSERT INTO {table.stored} ({columns}) "  # noqa: S608 - quoted names
        f"SELECT {', '.join(values.values())} FROM {DATA}"
    )


def _values(
    items: Sequence[CopyItem], table: Table, transaction: Transaction
) -> Iterator[tuple[str, str]]:
    fillers = [item.name for item in items if item.filler is not None]
    for item in items:
        if item.filler is not None:
            continue
        column = table.column(item.name)
        if not item.expression:
            yield column.name, expression(column.name, column.type)
            continue
        tree = parse(f"SELECT {item.expression}").expressions[0].unalias()
        for node in tree.find_all(exp.Column):
            if node.name not in fillers:
                table.column(node.name)
        value = translate(tree, transaction.environment)
        value.tree = stored_cast(value.tree, column.type)
        yield column.name, value.sql


class _Unpacker:
    """Decompresses a stream; one that ends too soon is corrupt.

    Args:
        name: How it is compressed; UNCOMPRESSED passes as it is.
        members: How many compressed streams may follow one another.
    """

    def __init__(self, name: str, members: float) -> None:
        self._name = name
        self._left = members
        self._stream: zlib._Decompress | bz2.BZ2Decompressor | None = None

    def __call__(self, data: bytes) -> bytes:
        if self._name == "UNCOMPRESSED":
            return data
        pieces = []
        while data:
            stream = self._current()
            try:
                pieces.append(stream.decompress(data))
            except (zlib.error, OSError) as failure:
                raise self._corrupt(str(failure)) from failure
            data = stream.unused_data
        return b"".join(pieces)

    def finish(self) -> None:
        """The input ended."""
        if self._stream is not None and not self._stream.eof:
            raise self._corrupt("it ends too soon")

    def _current(self) -> zlib._Decompress | bz2.BZ2Decompressor:
        if self._stream is None or self._stream.eof:
            if not self._left:
                raise self._corrupt("NATIVE takes one compressed stream only")
            self._left -= 1
            self._stream = _DECOMPRESSORS[self._name]()
        return self._stream

    def _corrupt(self, why: str) -> SqlError:
        return SqlError(
            f"COPY: the {self._name} input is corrupt: {why}",
            number=2035,
            sqlstate="22V04",
        )


_DECOMPRESSORS: dict[str, Callable[[], zlib._Decompress | bz2.BZ2Decompressor]] = {
    "GZIP": lambda: zlib.decompressobj(zlib.MAX_WBITS | 16),
    "BZIP": bz2.BZ2Decompressor,
}

"""Rows of consecutive days as one stream for COPY, counted day by day."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import date, datetime
from itertools import groupby
from math import inf
from typing import Any

from lowlevel import EncodeError, NativeEncoder
from lowlevel.rows import SenselessAnswerError, SourceRows
from pipelines.catalog import Partition, Span
from pipelines.errors import PermanentError
from pipelines.source import SourceRow
from pipelines.warehouse import Marker

MESSAGE = 256 << 10
"""Octets of rows that are read and encoded in one go, and sent as one message."""


class DayEncoders:
    """Encodes rows that come in the order of their days, each day by its own encoder.

    So rows, count and checksum of each day are those that it would have alone.

    Attributes:
        header: The NATIVE file header.
        rows: How many rows have been encoded.
    """

    def __init__(
        self,
        span: Span,
        etl_ids: Mapping[date, int],
        most_rows: float = inf,
        *,
        timed: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """Prepare.

        Args:
            span: Whose rows.
            etl_ids: The session of each day.
            most_rows: After so many rows the day is finished, and no other begun.
            timed: Is about the encoding of rows that have been read before.
        """
        self._span = span
        self._etl_ids = etl_ids
        self._most_rows = most_rows
        self._timed = timed
        self._date = [column.name for column in span.table.columns].index(
            span.table.date_column
        )
        self._encoders: dict[date, NativeEncoder] = {}
        self._open = span.first
        self._complete = False
        self.rows = 0
        self.header = self._encoder(span.first).header

    @property
    def markers(self) -> dict[date, Marker]:
        """The marker of each day that has been encoded to its end."""
        return {
            day: self._marker(day)
            for day in self._span.days
            if self._complete or day < self._open
        }

    def encode_tuples(self, batches: Iterator[Sequence[SourceRow]]) -> Iterator[bytes]:
        """Encode batches of rows, none of them empty.

        Raises:
            PermanentError: A value cannot be stored, or the rows are not in order.
        """
        for batch in batches:
            for day, rows in self._by_day(batch):
                if not self._opens(day):
                    return
                with self._timed():
                    encoded = self._encode(day, rows)
                yield encoded
        self._complete = True

    def encode_rows(self, rows: SourceRows) -> Iterator[memoryview]:
        """Encode rows as they come, each day's until a row of another is there.

        Raises:
            PermanentError: A value cannot be stored, or the rows are not in order.
        """
        alone = len(self._span) == 1
        day = self._span.first if alone else rows.day()
        while day is not None:
            if not self._opens(day):
                return
            while octets := self._take(rows, day, None if alone else day):
                yield octets
            day = None if alone else rows.day()
        self._complete = True

    def _opens(self, day: date) -> bool:
        """Whether rows of a day may still come; it is then the one that is open."""
        if day != self._open:
            self._check(day)
            self._open = day
            return self.rows < self._most_rows
        return True

    def _by_day(
        self, batch: Sequence[SourceRow]
    ) -> Iterator[tuple[date, Sequence[SourceRow]]]:
        if len(self._span) == 1:
            yield self._span.first, batch
            return
        for day, rows in groupby(batch, self._day):
            yield day, list(rows)

    def _day(self, row: Sequence[Any]) -> date:
        moment = row[self._date]
        if not isinstance(moment, datetime):
            raise SenselessAnswerError("a value is none of SQL Server's")
        return moment.date()

    def _check(self, day: date) -> None:
        if not self._open < day <= self._span.last:
            raise PermanentError(
                f"a row of {day} came after one of {self._open}",
                step=f"the query of {self._span.table.name} must give"
                f" {self._span.table.date_column} as the server compares it",
            )

    def _encode(self, day: date, rows: Sequence[SourceRow]) -> bytes:
        with self._refusals(day):
            encoded = self._encoder(day).encode(rows)
        self.rows += len(rows)
        return encoded

    def _take(self, rows: SourceRows, day: date, only: date | None) -> memoryview:
        encoder = self._encoder(day)
        before = encoder.rows
        with self._refusals(day):
            octets = rows.take(encoder, MESSAGE, only)
        self.rows += encoder.rows - before
        return octets

    @contextmanager
    def _refusals(self, day: date) -> Iterator[None]:
        try:
            yield
        except EncodeError as error:
            table, shard = self._span.table, self._span.shard
            raise PermanentError(
                f"a value cannot be stored: {error}",
                step="correct it in the shard, or the column in the catalog",
                where=str(Partition(table, shard, day)),
            ) from error

    def _encoder(self, day: date) -> NativeEncoder:
        if day not in self._encoders:
            self._encoders[day] = NativeEncoder(
                [column.encoded for column in self._span.table.columns],
                key=self._span.table.key,
                source=self._span.shard.name,
                etl_id=self._etl_ids[day],
            )
        return self._encoders[day]

    def _marker(self, day: date) -> Marker:
        encoder = self._encoders.get(day)
        if encoder is None:
            return Marker(self._etl_ids[day], rows=0, checksum=0)
        return Marker(self._etl_ids[day], encoder.rows, encoder.checksum)

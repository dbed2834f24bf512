"""The DELIMITED format of COPY: text, split into records and fields.

Source: the Vertica documentation, "DELIMITED". The escape character makes the next
octet literal, inside an enclosure and outside; an enclosed field is never NULL
unless it is the NULL string itself; empty lines are no rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from sandbox.vertica import types
from sandbox.vertica.incoming import Batch, Reject, arrow_type
from sandbox.vertica.text_values import read_column

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sandbox.vertica.incoming import Field

_BATCH = 20_000  # rows decoded together
_CHUNK = 1 << 20  # bytes scanned together


@dataclass(frozen=True)
class Delimiters:
    """How a text is cut.

    Args:
        delimiter: Between fields; one octet.
        enclosure: Around fields; one octet or none.
        escape: Before a literal octet; one octet or none.
        null: What stands for NULL, compared without case.
        terminator: Between records.
        trailing_nulls: Missing fields at the end are NULL.
        skip: Records to pass over at the start.
    """

    delimiter: bytes = b"|"
    enclosure: bytes = b""
    escape: bytes = b"\\"
    null: bytes = b""
    terminator: bytes = b"\n"
    trailing_nulls: bool = False
    skip: int = 0


@dataclass
class _Record:
    fields: list[bytes | None]
    raw: bytes
    fault: str = ""


class DelimitedParser:
    """Decodes a stream of delimited text.

    Args:
        fields: The fields the COPY statement names.
        delimiters: How the text is cut.
    """

    def __init__(self, fields: Sequence[Field], delimiters: Delimiters) -> None:
        """Stand at the start."""
        self._fields = fields
        self._rules = delimiters
        self._marks = delimiters.escape + delimiters.enclosure
        self._pending = b""
        self._chunks: list[bytes] = []
        self._size = 0
        self._skipped = 0
        self._rows = 0
        self._records: list[_Record] = []

    def feed(self, data: bytes) -> Iterator[Batch]:
        """Take more input; give the rows that are complete, some at a time."""
        self._chunks.append(data)
        self._size += len(data)
        if self._size >= _CHUNK:
            yield from self._scan(last=False)

    def finish(self) -> Iterator[Batch]:
        """Give the rest; the last record needs no terminator."""
        yield from self._scan(last=True)
        if self._records:
            yield self._decode()

    def _scan(self, *, last: bool) -> Iterator[Batch]:
        data = self._pending + b"".join(self._chunks)
        self._chunks, self._size = [], 0
        if not any(mark in data for mark in _each(self._marks)):
            yield from self._scan_plain(data, last=last)
            return
        at = 0
        while at < len(data):
            end, after = self._find_end(data, at)
            if end < 0 and not last:
                break
            if end < 0:
                end = after = len(data)
            self._take(data[at:end])
            at = after
            if len(self._records) >= _BATCH:
                yield self._decode()
        self._pending = data[at:]

    def _scan_plain(self, data: bytes, *, last: bool) -> Iterator[Batch]:
        """Cut what holds neither escapes nor enclosures."""
        *records, rest = data.split(self._rules.terminator)
        if last:
            records.append(rest)
        self._pending = b"" if last else rest
        for record in records:
            self._take(record)
            if len(self._records) >= _BATCH:
                yield self._decode()

    def _find_end(self, data: bytes, at: int) -> tuple[int, int]:
        """Where a record ends and the next begins; -1 if it is not all here."""
        rules = self._rules
        end = data.find(rules.terminator, at)
        if end < 0 or not any(mark in data[at:end] for mark in _each(self._marks)):
            return end, end + len(rules.terminator)
        inside, start = False, at
        while at < len(data):
            octet = data[at : at + 1]
            if octet == rules.escape:
                at += 2
            elif octet == rules.enclosure and (inside or self._opens(data, start, at)):
                inside = not inside
                at += 1
            elif not inside and data.startswith(rules.terminator, at):
                return at, at + len(rules.terminator)
            else:
                at += 1
        return -1, -1

    def _opens(self, data: bytes, start: int, at: int) -> bool:
        """Whether an enclosure here begins a field."""
        return at == start or data[at - 1 : at] == self._rules.delimiter

    def _take(self, raw: bytes) -> None:
        if self._rules.terminator == b"\n":
            raw = raw.removesuffix(b"\r")
        if self._skipped < self._rules.skip:
            self._skipped += 1
        elif raw:
            self._records.append(self._split(raw))

    def _split(self, raw: bytes) -> _Record:
        rules = self._rules
        if any(mark in raw for mark in _each(self._marks)):
            fields = list(self._careful(raw))
        else:
            parts = raw.split(rules.delimiter)
            fields = [None if self._is_null(part) else part for part in parts]
        wanted = len(self._fields)
        if len(fields) < wanted and rules.trailing_nulls:
            fields += [None] * (wanted - len(fields))
        fault = ""
        if len(fields) < wanted:
            fault = f"Too few columns found, {wanted} required"
        elif len(fields) > wanted:
            fault = f"Too many columns found, {wanted} required"
        return _Record(fields, raw, fault)

    def _careful(self, raw: bytes) -> Iterator[bytes | None]:
        """Split a record that holds escapes or enclosures."""
        rules, field = self._rules, bytearray()
        inside = enclosed = escaped = False
        at, start = 0, 0
        while at < len(raw):
            octet = raw[at : at + 1]
            if octet == rules.escape and at + 1 < len(raw):
                field += raw[at + 1 : at + 2]
                escaped = True
                at += 1
            elif octet == rules.enclosure and (inside or at == start):
                inside, enclosed = not inside, True
            elif octet == rules.delimiter and not inside:
                yield self._finish_field(field, literal=enclosed or escaped)
                field, enclosed, escaped = bytearray(), False, False
                start = at + 1
            else:
                field += octet
            at += 1
        yield self._finish_field(field, literal=enclosed or escaped)

    def _finish_field(self, field: bytearray, *, literal: bool) -> bytes | None:
        value = bytes(field)
        return None if not literal and self._is_null(value) else value

    def _is_null(self, value: bytes) -> bool:
        null = self._rules.null
        return len(value) == len(null) and value.lower() == null.lower()

    def _decode(self) -> Batch:
        first = self._rows + 1
        self._rows += len(self._records)
        records, self._records = self._records, []
        faults = {i: r.fault for i, r in enumerate(records) if r.fault}
        width = len(self._fields)
        rows = [r.fields if not r.fault else [None] * width for r in records]
        arrays = []
        for place, field in enumerate(self._fields):
            array, bad = read_column(
                [row[place] for row in rows], field.type, _plain(field)
            )
            for row, value in bad.items():
                faults.setdefault(row, _fault(value, field, place + 1))
            arrays.append(array)
        keep = np.array([i not in faults for i in range(len(records))], bool)
        numbers = np.arange(first, first + len(records))
        return Batch(
            [
                _settled(a.filter(pa.array(keep)), f)
                for a, f in zip(arrays, self._fields, strict=True)
            ],
            numbers[keep],
            [Reject(first + i, faults[i], records[i].raw) for i in sorted(faults)],
            [r.raw for r, kept in zip(records, keep, strict=True) if kept],
        )


def _each(marks: bytes) -> list[bytes]:
    return [marks[i : i + 1] for i in range(len(marks))]


def _fault(value: bytes, field: Field, place: int) -> str:
    shown = value.decode("utf-8", "replace")
    kind = "integer" if field.type.oid == types.INT else field.type.name
    return f"Invalid {kind} format '{shown}' for column {place} ({field.name})"


def _plain(field: Field) -> pa.DataType:
    kind = arrow_type(field.type)
    return kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind


def _settled(array: pa.Array, field: Field) -> pa.Array:
    kind = arrow_type(field.type)
    if isinstance(kind, pa.BaseExtensionType):
        return pa.ExtensionArray.from_storage(kind, array)
    return array

"""Text of rows that was asked for as its octets of UTF-16."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lowlevel.rows import SenselessAnswerError
from pipelines.catalog import Table

Rows = Sequence[Sequence[object]]


def decode_text(batches: Iterator[Rows], table: Table) -> Iterator[Rows]:
    """Give rows that the driver has read the text that it would have given.

    Half a surrogate pair stays one, which the encoder refuses.

    Args:
        batches: Rows of the table.
        table: Which of their values are text.

    Raises:
        SenselessAnswerError: A text is no UTF-16.
    """
    kinds = [column.encoded.kind for column in table.columns]
    texts = [at for at, kind in enumerate(kinds) if kind == "varchar"]
    for batch in batches:
        yield [_decode(row, texts) for row in batch] if texts else batch


def _decode(row: Sequence[object], texts: Sequence[int]) -> list[object]:
    values = list(row)
    for at in texts:
        if isinstance(value := values[at], bytes):
            try:
                values[at] = value.decode("utf-16-le", "surrogatepass")
            except UnicodeDecodeError as error:
                raise SenselessAnswerError("a text is no UTF-16") from error
    return values

"""Types and promises of the compiled module; docs/formats.md defines the octets."""

from collections.abc import Sequence

from lowlevel.columns import Column

class NativeEncoder:
    """Encodes the rows of one load; keeps its buffer, its count and its checksum.

    Not for two threads at a time: the second gets a RuntimeError.

    Args:
        columns: The source's columns, in the order of the values of each row.
        key: Name of the integer column that hash_id is made of; NULL is refused in it.
        source: The source's name, sent as `etl_source` with every row.
        etl_id: The session's number, sent as `etl_id`; -2^63+1 to 2^63-1.

    Raises:
        ValueError: The columns, the key, the name or the number cannot be used.
    """

    def __init__(
        self, columns: Sequence[Column], *, key: str, source: str, etl_id: int
    ) -> None: ...
    @property
    def header(self) -> bytes:
        """The NATIVE file header: the source's columns, etl_source, etl_id, hash_id."""

    @property
    def rows(self) -> int:
        """Rows encoded so far."""

    @property
    def checksum(self) -> int:
        """The sum of the row hashes so far, modulo 2^63."""

    def encode(self, rows: Sequence[Sequence[object]]) -> bytes:
        """Return NATIVE rows, without the file header.

        Args:
            rows: Tuples or lists of values, as `fetchmany` gives them. Types are
                exact: int, bool for bit, datetime without zone, UUID, str.

        Raises:
            EncodeError: A row cannot be stored. `rows` and `checksum` are as before
                the call, and the encoder can be used on.
            RuntimeError: Another thread is encoding with this encoder.
        """

def hash_id(source: str, key: int) -> int:
    """Return hash_id: pandas' hash of (source, key) as a signed integer.

    Equals `pandas.util.hash_pandas_object(df[["etl_source", "id"]], index=False)`
    read as int64, but for -2^63, which becomes -2^63+1.

    Args:
        source: The source's name.
        key: The row's key, of 64 bits signed.

    Raises:
        OverflowError: The key does not fit.
        ValueError: The name holds half a surrogate pair.
    """

def storable_hash(hash: int) -> int:
    """Return an unsigned 64-bit hash as a signed integer that Vertica's INT holds.

    -2^63 is NULL to Vertica, so it becomes -2^63+1.
    """

def row_hash(columns: Sequence[Column], row: Sequence[object]) -> int:
    """Return the row hash, unsigned of 64 bits, that the checksum adds up.

    Args:
        columns: The source's columns.
        row: One row's values.

    Raises:
        EncodeError: The row cannot be stored.
        ValueError: The columns cannot be used.
    """

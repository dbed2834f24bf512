"""Types and promises of the compiled module; docs/formats.md defines the octets."""

from collections.abc import Sequence
from datetime import date

import pymssql

from lowlevel.columns import Column
from lowlevel.native import NativeEncoder

class UnknownDriverError(Exception):
    """This pymssql, or what it holds, is not known well enough to be read directly."""

class SenselessAnswerError(Exception):
    """The server has sent what no SQL Server sends."""

def check_count(came: int, said: int) -> None:
    """Hold the end of an answer against its rows.

    The driver hides an end that tells of an error without an error's message; such an
    end has no count.

    Args:
        came: How many rows came.
        said: The driver's `rows_affected`: -1 if the end does not say.

    Raises:
        SenselessAnswerError: That is not how many the end says.
    """

class DriverLibrary:
    """db-lib, as it is in pymssql's own library.

    Raises:
        UnknownDriverError: It is not found there, or pymssql's connection is not laid
            out as it was in the versions that are known.
    """

    def __init__(self) -> None: ...
    def packet_octets(self, cursor: pymssql.Cursor) -> int:
        """How large the packets are that the server has granted at the login.

        Raises:
            UnknownDriverError: The cursor's connection is not open, or is not known.
        """

class SourceRows:
    """The rows of the statement that a cursor has just executed.

    They are read from under the cursor, which must not be used meanwhile. Not for two
    threads at a time: the second gets a RuntimeError.

    Args:
        library: The driver's.
        cursor: Has executed a statement, and not fetched any of its rows.
        columns: The columns that the rows are to have, in their order.
        day_column: The name of that which gives a row its day, a datetime2.
        text_as_utf16: Whether text was asked for as varbinary: db-lib makes a question
            mark of half a surrogate pair, and takes longer.

    Raises:
        UnknownDriverError: The connection's state is not what is known of it, or what
            the server sends is not of the columns' types.
        ValueError: No rows are made of such columns, or none of them gives the day.
    """

    def __init__(
        self,
        library: DriverLibrary,
        cursor: pymssql.Cursor,
        columns: Sequence[Column],
        *,
        day_column: str,
        text_as_utf16: bool = False,
    ) -> None: ...
    @property
    def came(self) -> int:
        """How many rows have come so far, taken or not."""

    def day(self) -> date | None:
        """The day of the next row, which is waited for; None at the end.

        Raises:
            pymssql.OperationalError: As the cursor would.
            pymssql.InterfaceError: The connection was closed, or used otherwise.
            SenselessAnswerError: The row has no day.
        """

    def take(
        self, encoder: NativeEncoder, octets: int, day: date | None = None
    ) -> memoryview:
        """Return the next rows as NATIVE rows, without the file header.

        Rows are read and encoded without the GIL.

        Args:
            encoder: Counts them. Its columns are those of these rows.
            octets: After so many no other row is begun; one at least.
            day: Of which day: the first row of another is left for the next call. All
                rows, if None.

        Returns:
            The octets, until the next call writes others there; none at the end, or if
            the next row is of another day.

        Raises:
            pymssql.OperationalError: As the cursor would.
            pymssql.InterfaceError: The connection was closed, or used otherwise.
            EncodeError: A row cannot be stored.
            SenselessAnswerError: A value is none of SQL Server's.
            RuntimeError: Another thread is reading these rows.
        """

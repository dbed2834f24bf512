"""The one error the rooms of the sandbox raise for a client."""

from __future__ import annotations


class SqlError(Exception):
    """What a server answers when a statement fails.

    Each server sends the fields its protocol has: TDS `number`, `severity` and
    `state`; Vertica `sqlstate`, and `number` as its error code.

    Args:
        message: The text shown to the client.
        number: SQL Server's error number, or Vertica's error code.
        severity: SQL Server's class; 10 and less would be information.
        state: SQL Server's state.
        sqlstate: The five characters of the SQL standard.
        rollback: The whole transaction is gone, not the statement alone: a
            deadlock, a lock time-out.
    """

    def __init__(
        self,
        message: str,
        *,
        number: int = 50000,
        severity: int = 16,
        state: int = 1,
        sqlstate: str = "XX000",
        rollback: bool = False,
    ) -> None:
        """Keep the fields."""
        super().__init__(message)
        self.message = message
        self.number = number
        self.severity = severity
        self.state = state
        self.sqlstate = sqlstate
        self.rollback = rollback

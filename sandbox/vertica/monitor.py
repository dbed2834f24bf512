"""System tables that describe the running server: sessions, locks, nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sandbox.locks import LockManager

Value = str | int | bool | None

NODE = "v_warehouse_node0001"

_SESSIONS = (
    ("node_name", "VARCHAR"), ("user_name", "VARCHAR"),
    ("client_hostname", "VARCHAR"), ("client_pid", "BIGINT"),
    ("login_timestamp", "TIMESTAMPTZ"), ("session_id", "VARCHAR"),
    ("client_label", "VARCHAR"), ("transaction_start", "TIMESTAMPTZ"),
    ("transaction_id", "BIGINT"), ("transaction_description", "VARCHAR"),
    ("statement_id", "BIGINT"), ("current_statement", "VARCHAR"),
    ("last_statement", "VARCHAR"), ("ssl_state", "VARCHAR"),
    ("authentication_method", "VARCHAR"), ("client_type", "VARCHAR"),
    ("client_version", "VARCHAR"), ("client_os", "VARCHAR"),
    ("client_os_user_name", "VARCHAR"), ("client_os_hostname", "VARCHAR"),
    ("protocol_version", "BIGINT"), ("requested_protocol", "BIGINT"),
)  # fmt: skip
_LOCKS = (
    ("node_names", "VARCHAR"), ("object_name", "VARCHAR"), ("object_id", "BIGINT"),
    ("transaction_id", "BIGINT"), ("transaction_description", "VARCHAR"),
    ("lock_mode", "VARCHAR"), ("lock_scope", "VARCHAR"),
    ("request_timestamp", "TIMESTAMPTZ"), ("grant_timestamp", "TIMESTAMPTZ"),
)  # fmt: skip
_NODES = (
    ("node_name", "VARCHAR"), ("node_id", "BIGINT"), ("node_state", "VARCHAR"),
    ("node_address", "VARCHAR"), ("is_primary", "BOOLEAN"),
)  # fmt: skip


class SessionFacts(NamedTuple):
    """One row of `v_monitor.sessions`."""

    number: int
    session_id: str
    user: str
    peer: str
    client_pid: int
    login_time: str
    label: str
    statement: str
    method: str
    options: dict[str, str]
    protocol: int


class Monitor:
    """Lists the server's sessions and locks when a query asks.

    Args:
        locks: The database's locks.
        sessions: Tells the sessions of the moment.
    """

    def __init__(
        self, locks: LockManager, sessions: Callable[[], Sequence[SessionFacts]]
    ) -> None:
        """Keep where to look."""
        self._locks = locks
        self._sessions = sessions

    def query(self, schema: str, table: str, session_id: str) -> exp.Expr | None:
        """A query that lists a system table, None if there is no such table."""
        if schema in {"", "v_monitor"} and table in {"sessions", "user_sessions"}:
            return _values(_SESSIONS, [_session(s) for s in self._sessions()])
        if schema in {"", "v_monitor"} and table == "current_session":
            own = [s for s in self._sessions() if s.session_id == session_id]
            return _values(_SESSIONS, [_session(s) for s in own])
        if schema == "v_internal" and table == "dc_session_starts":
            return _values(_SESSIONS, [_session(s) for s in self._sessions()])
        if schema in {"", "v_monitor"} and table == "locks":
            return _values(_LOCKS, self._lock_rows())
        if schema in {"", "v_catalog"} and table == "nodes":
            return _values(_NODES, [(NODE, 1, "UP", "127.0.0.1", True)])
        return None

    def _lock_rows(self) -> list[Sequence[Value]]:
        return [
            (
                NODE, f"Table:{lock.table}", None, None, str(lock.owner),
                lock.mode.value, "TRANSACTION" if lock.granted else "REQUESTED",
                None, None,
            )
            for lock in self._locks.locks()
        ]  # fmt: skip


def _session(facts: SessionFacts) -> Sequence[Value]:
    told = facts.options
    return (
        NODE, facts.user, facts.peer, facts.client_pid, facts.login_time,
        facts.session_id, facts.label, None, None, None, facts.number,
        facts.statement, "", "None", facts.method, told.get("client_type", ""),
        told.get("client_version", ""), told.get("client_os", ""),
        told.get("client_os_user_name", ""), told.get("client_os_hostname", ""),
        facts.protocol, facts.protocol,
    )  # fmt: skip


def _values(
    columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[Value]]
) -> exp.Expr:
    """A query of literal rows, typed; of none when there are no rows."""
    selects = [_row(columns, row) for row in rows]
    if not selects:
        return _row(columns, [None] * len(columns)).where(exp.false())
    query: exp.Query = selects[0]
    for other in selects[1:]:
        query = exp.union(query, other, distinct=False)
    return query


def _row(columns: Sequence[tuple[str, str]], row: Sequence[Value]) -> exp.Select:
    return exp.select(
        *(
            exp.alias_(
                exp.Cast(
                    this=exp.convert(value),
                    to=exp.DataType.build(kind, dialect="duckdb"),
                ),
                name,
            )
            for (name, kind), value in zip(columns, row, strict=True)
        )
    )

"""What names and functions mean inside one session."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlglot import exp

from sandbox.vertica.account_store import NAMES as ACCOUNTS
from sandbox.vertica.catalog import SYSTEM_SCHEMAS
from sandbox.vertica.catalog_store import NAMES as DEFINITIONS

if TYPE_CHECKING:
    from sandbox.vertica.catalog import Catalog, Relation, Table
    from sandbox.vertica.load_balance import LoadBalancer
    from sandbox.vertica.monitor import Monitor
    from sandbox.vertica.privileges import Privileges
    from sandbox.vertica.words import Name


@dataclass
class Environment:
    """One session's names.

    Args:
        catalog: The database's objects.
        monitor: The server's own tables.
        user: Who is logged in.
        database: Where.
        session_id: As `CURRENT_SESSION()` tells it.
        privileges: What the user may do.
        balancer: Where the server sends clients.
        temporary: The session's own tables, by name in lower case.
        accepted: Rows the last COPY took.
        rejected: Rows it refused.
    """

    catalog: Catalog
    monitor: Monitor
    user: str
    database: str
    session_id: str
    privileges: Privileges
    balancer: LoadBalancer
    temporary: dict[str, Table] = field(default_factory=dict)
    accepted: int = 0
    rejected: int = 0

    def find(self, name: Name) -> Relation | None:
        """The table or view of a name; a temporary one hides others.

        Raises:
            SqlError: Its schema does not exist.
        """
        if name.schema is None and name.name.casefold() in self.temporary:
            return self.temporary[name.name.casefold()]
        if (name.schema or "").casefold() in SYSTEM_SCHEMAS:
            return None
        return self.catalog.find(name)

    def system_table(self, name: Name) -> exp.Expr | str | None:
        """A system table: its kept name, or a query that lists it."""
        schema, table = (name.schema or "").casefold(), name.name.casefold()
        if schema in {"", "v_catalog"} and table in DEFINITIONS | ACCOUNTS:
            return table
        return self.monitor.query(schema, table, self.session_id)

    def now(self, *, with_zone: bool) -> exp.Expr:
        """This moment as a literal: a replayed statement must not change it."""
        moment = datetime.now(UTC)
        text = (
            moment.isoformat() if with_zone else moment.replace(tzinfo=None).isoformat()
        )
        kind = "TIMESTAMPTZ" if with_zone else "TIMESTAMP"
        return exp.Cast(this=exp.Literal.string(text), to=exp.DataType.build(kind))

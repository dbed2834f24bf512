"""What a session may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.errors import SqlError
from sandbox.vertica.accounts import SUPERUSER, Securable
from sandbox.vertica.catalog import Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.vertica.catalog import Catalog, Relation

DATABASE_OID = 1


class Privileges:
    """The privileges of one session's user.

    Args:
        catalog: The database's objects and accounts.
        database: The database's name.
        user: Who is logged in.
    """

    def __init__(self, catalog: Catalog, database: str, user: str) -> None:
        """Enable the user's default roles."""
        self._catalog = catalog
        self._database = database
        self._user = user
        account = catalog.accounts.find(user)
        self.roles: frozenset[str] = account.default_roles if account else frozenset()

    @property
    def superuser(self) -> bool:
        """Whether the user may do everything."""
        account = self._catalog.accounts.find(self._user)
        return account is not None and (account.superuser or SUPERUSER in self.roles)

    def require_superuser(self) -> None:
        """Fail for others.

        Raises:
            SqlError: 42501.
        """
        if not self.superuser:
            raise _denied("Must be superuser to do this", 4367)

    def require(self, privilege: str, relation: Relation) -> None:
        """Fail if a privilege on a table or view, or its schema's USAGE, is missing.

        Raises:
            SqlError: 42501.
        """
        if self.superuser or (isinstance(relation, Table) and relation.temporary):
            return
        self.require_on(self.schema(relation.schema), "USAGE")
        self.require_on(securable(relation), privilege)

    def require_all(self, privilege: str, relations: Iterable[Relation]) -> None:
        """Fail if a privilege on one of many is missing."""
        for relation in relations:
            self.require(privilege, relation)

    def require_on(
        self, target: Securable, privilege: str, *, grant: bool = False
    ) -> None:
        """Fail if a privilege on an object, or the right to grant it, is missing.

        Raises:
            SqlError: 42501.
        """
        accounts = self._catalog.accounts
        names = accounts.enabled(self._user, self.roles)
        if self.superuser or target.owner.casefold() in names:
            return
        if accounts.allows(names, privilege, target, grant=grant):
            return
        if target.kind in {"TABLE", "VIEW"}:
            raise _denied(f"Permission denied for relation {target.name}", 4367)
        raise _denied(
            f"Insufficient privilege: {privilege} on {target.kind} "
            f"'{target.name}' not granted for current user", 3580,
        )  # fmt: skip

    def require_owner(self, relation: Relation) -> None:
        """Fail for all but a table's or view's owner, or its schema's.

        Raises:
            SqlError: 42501.
        """
        owners = {relation.owner.casefold()}
        owners.add(self._catalog.schema_owner(relation.schema).casefold())
        if isinstance(relation, Table) and relation.temporary:
            return
        if not self.superuser and self._user.casefold() not in owners:
            raise _denied(f"Must be owner of relation {relation.name}", 3989)

    def schema(self, name: str) -> Securable:
        """A schema to ask for privileges on."""
        catalog = self._catalog
        return Securable(
            "SCHEMA", catalog.schema_oid(name), "", name, catalog.schema_owner(name)
        )

    @property
    def database(self) -> Securable:
        """The database to ask for privileges on."""
        return Securable("DATABASE", DATABASE_OID, "", self._database, "")

    def set_roles(self, wanted: Iterable[str]) -> None:
        """Enable roles of the user's, and no others.

        Raises:
            SqlError: One was not granted to it.
        """
        accounts = self._catalog.accounts
        account = accounts.get(self._user)
        names = frozenset(name.casefold() for name in wanted)
        for name in names:
            accounts.get(name, role=True)
            if not account.superuser and name not in account.roles:
                raise _denied(f'Role "{name}" was not granted to the user', 4298)
        self.roles = names

    def granted_roles(self) -> frozenset[str]:
        """The roles granted to the user."""
        return self._catalog.accounts.get(self._user).roles


def securable(relation: Relation) -> Securable:
    """A table or view to ask for privileges on."""
    kind = "TABLE" if isinstance(relation, Table) else "VIEW"
    return Securable(kind, relation.oid, relation.schema, relation.name, relation.owner)


def _denied(said: str, number: int) -> SqlError:
    return SqlError(said, number=number, sqlstate="42501")

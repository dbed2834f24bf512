"""Users, roles and what they were granted.

Superusers and owners may do everything; others what they, PUBLIC or a role of theirs
that is enabled were granted. A role is enabled by SET ROLE or as a default role.
Sources: the Vertica documentation, "Database users and privileges", "Roles".
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from sandbox.errors import SqlError
from sandbox.vertica.failures import duplicate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sandbox.vertica.credentials import Credential

PUBLIC_ROLE = "public"
SUPERUSER = "dbadmin"  # a role whose members are superusers once it is enabled
_PREDEFINED = (SUPERUSER, "pseudosuperuser", PUBLIC_ROLE)


@dataclass(frozen=True)
class Account:
    """A user, or a role if there is no credential.

    Args:
        oid: Its number.
        name: As it was created; names compare without case.
        credential: A user's password.
        superuser: Whether it may do everything.
        locked: It may not log in.
        roles: The roles granted to it.
        default_roles: Those enabled at login.
    """

    oid: int
    name: str
    credential: Credential | None = None
    superuser: bool = False
    locked: bool = False
    roles: frozenset[str] = frozenset()
    default_roles: frozenset[str] = frozenset()

    @property
    def is_role(self) -> bool:
        """Whether it is a role."""
        return self.credential is None


class Securable(NamedTuple):
    """What privileges are granted on.

    Args:
        kind: TABLE, VIEW, SCHEMA or DATABASE.
        oid: Its number.
        schema: Where it lives, if it lives in a schema.
        name: Its name.
        owner: Who owns it.
    """

    kind: str
    oid: int
    schema: str
    name: str
    owner: str


@dataclass(frozen=True)
class Grant:
    """Privileges of one grantee on one object.

    Args:
        target: The object.
        grantee: Whose.
        grantor: Who granted them first.
        privileges: Each with whether it may be granted on.
    """

    target: Securable
    grantee: str
    grantor: str
    privileges: Mapping[str, bool] = field(default_factory=dict)


class Accounts:
    """All accounts and grants of a database. Changes replace, never mutate.

    Args:
        accounts: As they were kept.
        grants: As they were kept.
    """

    def __init__(self, accounts: Iterable[Account], grants: Iterable[Grant]) -> None:
        """Begin with what was kept, and the predefined roles."""
        roles = (Account(100 + at, name) for at, name in enumerate(_PREDEFINED))
        self._accounts = {a.name.casefold(): a for a in (*roles, *accounts)}
        self._grants = {_key(g.target, g.grantee): g for g in grants}
        self._authentications: frozenset[str] = frozenset()

    @property
    def accounts(self) -> list[Account]:
        """Every user and role."""
        return list(self._accounts.values())

    @property
    def grants(self) -> list[Grant]:
        """Every grant on an object."""
        return list(self._grants.values())

    def find(self, name: str, *, role: bool | None = None) -> Account | None:
        """An account: a user, a role, or either."""
        found = self._accounts.get(name.casefold())
        return found if found and role in {None, found.is_role} else None

    def get(self, name: str, *, role: bool | None = None) -> Account:
        """An account that must exist.

        Raises:
            SqlError: It does not.
        """
        found = self.find(name, role=role)
        if found is None:
            what = {True: "Role", False: "User", None: "User or role"}[role]
            raise SqlError(
                f'{what} "{name}" does not exist', number=5127, sqlstate="42704"
            )
        return found

    def put(self, account: Account) -> None:
        """Add an account, or replace the one of its name."""
        self._accounts = self._accounts | {account.name.casefold(): account}

    def remove(self, account: Account) -> None:
        """Forget an account and all that was granted to it, or it granted as a role."""
        gone = account.name.casefold()
        self._accounts = {
            key: replace(
                other,
                roles=other.roles - {gone},
                default_roles=other.default_roles - {gone},
            )
            for key, other in self._accounts.items()
            if key != gone
        }
        self._grants = {
            k: g for k, g in self._grants.items() if g.grantee.casefold() != gone
        }

    def authentication(self, name: str) -> None:
        """Fail unless an authentication record of this name exists.

        Raises:
            SqlError: 42704.
        """
        if name.casefold() not in self._authentications:
            raise SqlError(
                f'Authentication "{name}" does not exist', number=5127, sqlstate="42704"
            )

    def add_authentication(self, name: str) -> None:
        """Note an authentication record; it is gone when the server stops.

        Raises:
            SqlError: There is one of this name.
        """
        if name.casefold() in self._authentications:
            raise duplicate(name)
        self._authentications = self._authentications | {name.casefold()}

    def drop_authentication(self, name: str, *, optional: bool) -> None:
        """Forget an authentication record.

        Raises:
            SqlError: There is none, and it is not optional.
        """
        if not optional:
            self.authentication(name)
        self._authentications = self._authentications - {name.casefold()}

    def grant(self, added: Grant) -> None:
        """Add privileges to those a grantee has."""
        key = _key(added.target, added.grantee)
        known = self._grants.get(key)
        if known is not None:
            both = dict(known.privileges)
            for name, option in added.privileges.items():
                both[name] = both.get(name, False) or option
            added = replace(known, privileges=both)
        self._grants = self._grants | {key: added}

    def revoke(
        self, target: Securable, grantee: str, privileges: Iterable[str]
    ) -> None:
        """Take privileges away; those not granted are no matter."""
        key = _key(target, grantee)
        known = self._grants.get(key)
        if known is None:
            return
        gone = set(privileges)
        left = {n: o for n, o in known.privileges.items() if n not in gone}
        others = {k: g for k, g in self._grants.items() if k != key}
        self._grants = others | ({key: replace(known, privileges=left)} if left else {})

    def forget(self, oids: Iterable[int]) -> bool:
        """Objects were dropped: their privileges go too; whether there were any."""
        gone = set(oids)
        before = len(self._grants)
        self._grants = {
            k: g for k, g in self._grants.items() if g.target.oid not in gone
        }
        return len(self._grants) < before

    def rename(self, oid: int, name: str) -> None:
        """An object has another name now."""
        self._grants = {
            k: replace(g, target=g.target._replace(name=name))
            if g.target.oid == oid
            else g
            for k, g in self._grants.items()
        }

    def enabled(self, user: str, roles: Iterable[str]) -> frozenset[str]:
        """A user's name and all it may act as: roles, and the roles of roles."""
        found = {user.casefold(), PUBLIC_ROLE}
        ahead = [role.casefold() for role in roles]
        while ahead:
            role = ahead.pop()
            account = self.find(role, role=True)
            if account is not None and role not in found:
                found.add(role)
                ahead += account.roles
        return frozenset(found)

    def allows(
        self, names: frozenset[str], privilege: str, target: Securable, *, grant: bool
    ) -> bool:
        """Whether one of the names was granted a privilege, or may grant it on."""
        held = (self._grants.get(_key(target, name)) for name in names)
        return any(
            privilege in g.privileges and (g.privileges[privilege] or not grant)
            for g in held
            if g is not None
        )


def _key(target: Securable, grantee: str) -> tuple[str, int, str]:
    return target.kind, target.oid, grantee.casefold()

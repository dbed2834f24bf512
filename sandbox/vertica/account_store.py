"""Accounts and grants as they are kept, and as clients read them in `v_catalog`."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from sandbox.vertica.accounts import Account, Accounts, Grant, Securable
from sandbox.vertica.catalog import MACROS
from sandbox.vertica.credentials import Algorithm, Credential

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sandbox.session import Session

_TABLES = {
    "v_catalog.users": (
        "user_id BIGINT, user_name VARCHAR, is_super_user BOOLEAN, "
        "is_locked BOOLEAN, all_roles VARCHAR, default_roles VARCHAR"
    ),
    "v_catalog.roles": "role_id BIGINT, name VARCHAR, assigned_roles VARCHAR",
    "v_catalog.grants": (
        "grant_id BIGINT, grantor VARCHAR, privileges_description VARCHAR, "
        "object_schema VARCHAR, object_name VARCHAR, object_id BIGINT, "
        "object_type VARCHAR, grantee VARCHAR"
    ),
    # Clients cannot name this schema.
    f"{MACROS}.passwords": (
        "user_id BIGINT, algorithm VARCHAR, salt BLOB, digest VARCHAR, expired BOOLEAN"
    ),
}
NAMES = frozenset({"users", "roles", "grants"})


def open_accounts(session: Session, logins: Mapping[str, Credential]) -> Accounts:
    """Make the tables if they are missing, and read them.

    Args:
        session: Where.
        logins: Superusers the server itself was given; they are not kept.
    """
    for name, columns in _TABLES.items():
        session.write(f"CREATE TABLE IF NOT EXISTS {name} ({columns})")
    users = _read_users(session)
    roles = [
        Account(int(str(oid)), str(name), roles=_names(granted))
        for oid, name, granted in session.rows(
            "SELECT role_id, name, assigned_roles FROM v_catalog.roles"
        )
    ]
    own = [
        Account(10 + place, name, credential, superuser=True)
        for place, (name, credential) in enumerate(logins.items())
    ]
    accounts = Accounts([*roles, *users, *own], _read_grants(session))
    save_accounts(session, accounts)
    return accounts


def save_accounts(session: Session, accounts: Accounts) -> None:
    """Keep them all anew."""
    users = [a for a in accounts.accounts if not a.is_role]
    roles = [a for a in accounts.accounts if a.is_role]
    kept: dict[str, list[Sequence[object]]] = {
        "v_catalog.users": [
            (a.oid, a.name, a.superuser, a.locked, _list(a.roles),
             _list(a.default_roles))
            for a in users
        ],
        "v_catalog.roles": [(a.oid, a.name, _list(a.roles)) for a in roles],
        "v_catalog.grants": [*_object_grants(accounts), *_role_grants(accounts)],
        f"{MACROS}.passwords": [
            (a.oid, c.algorithm, c.salt, c.digest, c.expired)
            for a in users
            if (c := a.credential) and not a.superuser
        ],
    }  # fmt: skip
    for name, rows in kept.items():
        session.write(f"DELETE FROM {name}")  # noqa: S608 - ours
        for row in rows:
            places = ", ".join("?" * len(row))
            session.write(f"INSERT INTO {name} VALUES ({places})", list(row))  # noqa: S608 - placeholders


def _object_grants(accounts: Accounts) -> list[Sequence[object]]:
    return [
        (number, g.grantor, _description(g.privileges), g.target.schema or None,
         g.target.name, g.target.oid, g.target.kind, g.grantee)
        for number, g in enumerate(accounts.grants, 1)
    ]  # fmt: skip


def _role_grants(accounts: Accounts) -> list[Sequence[object]]:
    return [
        (0, "", "", None, role.name, role.oid, "ROLE", account.name)
        for account in accounts.accounts
        for role in map(accounts.get, sorted(account.roles))
    ]


def _read_users(session: Session) -> list[Account]:
    return [
        Account(
            int(str(oid)), str(name),
            Credential(
                cast("Algorithm", algorithm), cast("bytes", salt), str(digest),
                bool(expired),
            ),
            locked=bool(locked), roles=_names(roles), default_roles=_names(default),
        )
        for oid, name, locked, roles, default, algorithm, salt, digest, expired
        in session.rows(
            "SELECT user_id, user_name, is_locked, all_roles, default_roles, "  # noqa: S608 - ours
            "algorithm, salt, digest, expired "
            f"FROM v_catalog.users JOIN {MACROS}.passwords USING (user_id)"
        )
    ]  # fmt: skip


def _read_grants(session: Session) -> list[Grant]:
    return [
        Grant(
            Securable(str(kind), int(str(oid)), str(schema or ""), str(name), ""),
            str(grantee), str(grantor), _privileges(str(description)),
        )
        for grantor, description, schema, name, oid, kind, grantee in session.rows(
            "SELECT grantor, privileges_description, object_schema, object_name, "
            "object_id, object_type, grantee FROM v_catalog.grants "
            "WHERE object_type <> 'ROLE'"
        )
    ]  # fmt: skip


def _description(privileges: Mapping[str, bool]) -> str:
    return ", ".join(name + "*" * option for name, option in privileges.items())


def _privileges(description: str) -> dict[str, bool]:
    words = description.split(", ")
    return {word.rstrip("*"): word.endswith("*") for word in words}


def _list(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))


def _names(listed: object) -> frozenset[str]:
    return frozenset(str(listed).split(", ")) - {""}

"""GRANT and REVOKE of privileges, roles and authentications."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sandbox.errors import SqlError
from sandbox.vertica.account_store import save_accounts
from sandbox.vertica.accounts import PUBLIC_ROLE, Grant
from sandbox.vertica.catalog import Table
from sandbox.vertica.failures import missing_relation
from sandbox.vertica.privileges import securable
from sandbox.vertica.words import unsupported

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sandbox.vertica.accounts import Account, Securable
    from sandbox.vertica.catalog import Relation
    from sandbox.vertica.transaction import Transaction
    from sandbox.vertica.words import Words

_OF_TABLES = ("SELECT", "INSERT", "UPDATE", "DELETE", "REFERENCES", "TRUNCATE")
_PRIVILEGES = {
    "TABLE": _OF_TABLES,
    "VIEW": ("SELECT",),
    "SCHEMA": ("CREATE", "USAGE", *_OF_TABLES),
    "DATABASE": ("CREATE", "TEMP"),
}
# What ALL leaves out, unless EXTEND says otherwise.
_EXTENDED = {"TRUNCATE"}


def grant(words: Words, transaction: Transaction) -> str:
    """Read what follows GRANT; returns the command tag."""
    return _run(words, transaction, "GRANT", "TO")


def revoke(words: Words, transaction: Transaction) -> str:
    """Read what follows REVOKE; returns the command tag."""
    if words.accept("GRANT", "OPTION") or words.accept("ADMIN", "OPTION"):
        raise unsupported(words.text)
    return _run(words, transaction, "REVOKE", "FROM")


def _run(words: Words, transaction: Transaction, verb: str, toward: str) -> str:
    if words.accept("AUTHENTICATION"):
        _authentication(words, transaction, toward)
        return f"{verb} AUTHENTICATION"
    names = words.listed(lambda: _read_name(words))
    extended = words.accept("EXTEND")
    if words.accept("ON"):
        names = _everything(names, extended=extended)
        tag = _privileges(words, names, transaction, toward)
    else:
        tag = _roles(words, names, transaction, toward)
    save_accounts(transaction.engine, transaction.environment.catalog.accounts)
    transaction.commit()
    return f"{verb} {tag}"


def _read_name(words: Words) -> str:
    name = words.identifier()
    if name.upper() == "ALL":
        words.accept("PRIVILEGES")
    return name


def _everything(names: list[str], *, extended: bool) -> list[str]:
    if [name.upper() for name in names] == ["ALL"]:
        left_out = set() if extended else _EXTENDED
        every = dict.fromkeys(p for of in _PRIVILEGES.values() for p in of)
        return ["ALL", *(name for name in every if name not in left_out)]
    return [name.upper() for name in names]


def _privileges(
    words: Words, names: Sequence[str], transaction: Transaction, toward: str
) -> str:
    """Change privileges on objects."""
    environment = transaction.environment
    targets = _read_targets(words, transaction)
    words.expect(toward)
    grantees = _read_grantees(words, transaction)
    option = toward == "TO" and words.accept("WITH", "GRANT", "OPTION")
    words.accept("CASCADE")
    words.end()
    accounts = environment.catalog.accounts
    for target in targets:
        chosen = _chosen(names, target)
        for privilege in chosen:
            environment.privileges.require_on(target, privilege, grant=True)
        for grantee in grantees:
            if toward == "TO":
                given = dict.fromkeys(chosen, option)
                accounts.grant(Grant(target, grantee.name, environment.user, given))
            else:
                accounts.revoke(target, grantee.name, chosen)
    return "PRIVILEGE"


def _chosen(names: Sequence[str], target: Securable) -> list[str]:
    known = _PRIVILEGES[target.kind]
    if names[0] == "ALL":
        return [name for name in names if name in known]
    for name in names:
        if name not in known:
            raise SqlError(
                f"Invalid privilege type {name} for {target.kind.lower()}",
                number=3578, sqlstate="0LP01",
            )  # fmt: skip
    return list(names)


def _read_targets(words: Words, transaction: Transaction) -> list[Securable]:
    environment = transaction.environment
    catalog, privileges = environment.catalog, environment.privileges
    if words.accept("ALL", "TABLES", "IN", "SCHEMA"):
        schemas = {catalog.schema(name) for name in words.listed(words.identifier)}
        return [
            securable(r)
            for r in catalog.relations
            if r.schema in schemas and isinstance(r, Table)
        ]
    if words.accept("SCHEMA"):
        names = words.listed(words.identifier)
        return [privileges.schema(catalog.schema(name)) for name in names]
    if words.accept("DATABASE"):
        words.identifier()
        return [privileges.database]
    if (words.peek(), words.peek(1)) != ("TABLE", "TO"):
        words.accept("TABLE")
    found = words.listed(lambda: _relation(words, transaction))
    return [securable(relation) for relation in found]


def _relation(words: Words, transaction: Transaction) -> Relation:
    if words.peek() in {"SEQUENCE", "LIBRARY", "FUNCTION", "RESOURCE", "LOCATION"}:
        raise unsupported(words.text)
    name = words.name()
    found = transaction.environment.catalog.find(name)
    if found is None:
        raise missing_relation(name)
    return found


def _read_grantees(words: Words, transaction: Transaction) -> list[Account]:
    accounts = transaction.environment.catalog.accounts
    return [accounts.get(name) for name in words.listed(words.identifier)]


def _roles(
    words: Words, names: Iterable[str], transaction: Transaction, toward: str
) -> str:
    """Give roles to users and roles, or take them."""
    transaction.environment.privileges.require_superuser()
    accounts = transaction.environment.catalog.accounts
    roles = {accounts.get(name, role=True).name.casefold() for name in names}
    words.expect(toward)
    grantees = _read_grantees(words, transaction)
    if words.accept("WITH", "ADMIN", "OPTION"):
        raise unsupported("WITH ADMIN OPTION: " + words.text)
    words.accept("CASCADE")
    words.end()
    for account in grantees:
        if account.superuser or account.name == PUBLIC_ROLE:
            raise unsupported(f"roles of {account.name}")
        if toward == "TO":
            if account.is_role and _within(account.name, roles, transaction):
                raise SqlError(
                    f'Role "{account.name}" would be a member of itself',
                    number=4306, sqlstate="0LP01",
                )  # fmt: skip
            changed = replace(account, roles=account.roles | roles)
        else:
            left = account.default_roles - roles
            changed = replace(account, roles=account.roles - roles, default_roles=left)
        accounts.put(changed)
    return "ROLE"


def _within(role: str, roles: Iterable[str], transaction: Transaction) -> bool:
    """Whether a role is one of others, or of theirs."""
    accounts = transaction.environment.catalog.accounts
    return any(
        role.casefold() in accounts.enabled(other, accounts.get(other).roles)
        for other in roles
    )


def _authentication(words: Words, transaction: Transaction, toward: str) -> None:
    transaction.environment.privileges.require_superuser()
    accounts = transaction.environment.catalog.accounts
    accounts.authentication(words.identifier())
    words.expect(toward)
    _read_grantees(words, transaction)
    words.end()

"""CREATE, ALTER and DROP of USER, ROLE and AUTHENTICATION; SET ROLE."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from sandbox.errors import SqlError
from sandbox.vertica.account_store import save_accounts
from sandbox.vertica.accounts import PUBLIC_ROLE, SUPERUSER, Account
from sandbox.vertica.credentials import Algorithm, make_credential
from sandbox.vertica.failures import duplicate
from sandbox.vertica.words import unsupported

if TYPE_CHECKING:
    from sandbox.vertica.transaction import Transaction
    from sandbox.vertica.words import Words

KINDS = frozenset({"USER", "ROLE", "AUTHENTICATION"})


def create_account(words: Words, transaction: Transaction) -> str:
    """Read what follows CREATE; returns the command tag."""
    transaction.environment.privileges.require_superuser()
    kind = words.identifier().upper()
    optional = words.accept("IF", "NOT", "EXISTS")
    name = words.identifier()
    accounts = transaction.environment.catalog.accounts
    with transaction.environment.catalog.ddl:
        if kind == "AUTHENTICATION":
            _read_method(words)
            accounts.add_authentication(name)
            return "CREATE AUTHENTICATION"
        if accounts.find(name) is not None:
            if optional:
                words.rest()
                return f"CREATE {kind}"
            raise duplicate(name)
        account = Account(transaction.environment.catalog.next_oid(), name)
        if kind == "USER":
            empty = make_credential("SHA512", name, "")
            account = _read_options(words, replace(account, credential=empty))
        words.end()
        accounts.put(account)
        _keep(transaction)
    return f"CREATE {kind}"


def alter_user(words: Words, transaction: Transaction) -> str:
    """Read what follows ALTER USER; returns the command tag."""
    environment = transaction.environment
    accounts = environment.catalog.accounts
    with environment.catalog.ddl:
        account = accounts.get(words.identifier(), role=False)
        own = account.name.casefold() == environment.user.casefold()
        if not (own and words.peek() == "IDENTIFIED"):
            environment.privileges.require_superuser()
        if account.superuser:
            raise unsupported("ALTER USER of a user the server itself was given")
        changed = _read_options(words, account)
        words.end()
        accounts.put(changed)
        _keep(transaction)
    return "ALTER USER"


def drop_account(words: Words, transaction: Transaction) -> str:
    """Read what follows DROP; returns the command tag."""
    environment = transaction.environment
    environment.privileges.require_superuser()
    kind = words.identifier().upper()
    optional = words.accept("IF", "EXISTS")
    names = words.listed(words.identifier)
    cascade = words.accept("CASCADE")
    words.end()
    accounts = environment.catalog.accounts
    with environment.catalog.ddl:
        for name in names:
            if kind == "AUTHENTICATION":
                accounts.drop_authentication(name, optional=optional)
                continue
            is_role = kind == "ROLE"
            account = accounts.find(name, role=is_role)
            if account is None and optional:
                continue
            account = accounts.get(name, role=is_role)
            _check_unused(account, transaction, cascade=cascade)
            accounts.remove(account)
        _keep(transaction)
    return f"DROP {kind}"


def set_role(words: Words, transaction: Transaction) -> None:
    """Read what follows SET ROLE."""
    privileges = transaction.environment.privileges
    account = transaction.environment.catalog.accounts.get(transaction.environment.user)
    if words.accept("NONE"):
        wanted: frozenset[str] = frozenset()
    elif words.accept("ALL"):
        wanted = account.roles
    elif words.accept("DEFAULT"):
        wanted = account.default_roles
    else:
        wanted = _read_names(words)
    words.end()
    privileges.set_roles(wanted)


def _read_options(words: Words, account: Account) -> Account:
    credential = account.credential
    while not words.done and credential is not None:
        if words.accept("IDENTIFIED", "BY"):
            password = words.string()
            credential = make_credential(credential.algorithm, account.name, password)
        elif words.accept("SECURITY_ALGORITHM"):
            algorithm = words.string().upper()
            if algorithm not in {"MD5", "SHA512"}:
                raise unsupported(f"SECURITY_ALGORITHM '{algorithm}'")
            # A password that was hashed before must be given anew.
            credential = replace(
                credential, algorithm=cast("Algorithm", algorithm), expired=True
            )
        elif words.accept("PASSWORD", "EXPIRE"):
            credential = replace(credential, expired=True)
        elif words.accept("ACCOUNT"):
            locked = words.accept("LOCK")
            if not locked:
                words.expect("UNLOCK")
            account = replace(account, locked=locked)
        elif words.accept("DEFAULT", "ROLE"):
            account = _with_default_roles(words, account)
        else:
            raise unsupported(f"{words.peek()} of a user")
    return replace(account, credential=credential)


def _read_method(words: Words) -> None:
    """Hashed passwords for all comers is what the server asks for anyway."""
    words.expect("METHOD")
    if words.string().lower() != "hash":
        raise unsupported(words.text)
    if not words.accept("LOCAL"):
        words.expect("HOST")
        words.string()
    words.end()


def _with_default_roles(words: Words, account: Account) -> Account:
    if words.accept("NONE"):
        return replace(account, default_roles=frozenset())
    wanted = account.roles if words.accept("ALL") else _read_names(words)
    if not wanted <= account.roles:
        raise SqlError(
            "A default role must be granted to the user first",
            number=4298, sqlstate="42501",
        )  # fmt: skip
    return replace(account, default_roles=wanted)


def _read_names(words: Words) -> frozenset[str]:
    return frozenset(name.casefold() for name in words.listed(words.identifier))


def _check_unused(account: Account, transaction: Transaction, *, cascade: bool) -> None:
    if account.superuser or account.name in {SUPERUSER, PUBLIC_ROLE}:
        raise SqlError(f'Cannot drop "{account.name}"', number=3128, sqlstate="42501")
    relations = transaction.environment.catalog.relations
    name = account.name.casefold()
    owned = [r.full_name for r in relations if r.owner.casefold() == name]
    if owned and cascade:
        raise unsupported("DROP USER ... CASCADE of a user who owns tables")
    if owned:
        raise SqlError(
            f"DROP failed due to dependencies: {name} owns {owned[0]}",
            number=3128, sqlstate="2BP01",
        )  # fmt: skip


def _keep(transaction: Transaction) -> None:
    save_accounts(transaction.engine, transaction.environment.catalog.accounts)
    transaction.commit()

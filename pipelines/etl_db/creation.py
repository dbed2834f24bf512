"""The ETL database and its user, made by whoever is the server's master."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr
from sqlalchemy import Connection, text
from sqlalchemy.pool import NullPool

from pipelines.errors import ConfigurationError
from pipelines.etl_db.database import etl_address, etl_engine, make_engine
from pipelines.etl_db.errors import etl_db_errors

SHARED = "postgres"
"""The database that every server has, to log in to before there is another."""


def create_etl_database(url: SecretStr, master: str, password: SecretStr) -> str:
    """Make the database of an address, owned by the user of that address.

    Both may be there already: the user then gets the address's password, and the
    database that owner. The user itself brings the schema up, so it is tried, too.

    Args:
        url: SQLAlchemy's URL of a PostgreSQL, with user, password and database.
        master: Who may make users and databases there; keeps no right to what is made.
        password: The master's.

    Returns:
        What there is now, in a line.

    Raises:
        ConfigurationError: The address lacks something, or the server refuses.
        TransientError: The server does not answer.
    """
    address = etl_address(url)
    if address.get_backend_name() != "postgresql":
        raise ConfigurationError(
            "[sessions] database is a file, which needs no user",
            step="name a PostgreSQL there",
        )
    user, name = address.username, address.database
    if not (user and address.password and name):
        raise ConfigurationError(
            "[sessions] database lacks a user, a password or a database's name",
            step="write postgresql+psycopg://USER:PASSWORD@HOST/NAME",
        )
    if user == master:
        raise ConfigurationError(
            f"[sessions] database: its user {user} is the server's master",
            step="name another user there, who is made then",
        )
    login = address.set(
        username=master, password=password.get_secret_value(), database=SHARED
    )
    what = f"the user {user} and the database {name} cannot be made"
    engine = make_engine(login, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with etl_db_errors(what), engine.connect() as connection:
        _make_user(connection, user, str(address.password))
        _make_database(connection, user, name)
    etl_engine(url)
    return (
        f"the database {name} at {address.host} belongs to {user}, and has its tables"
    )


def _make_user(connection: Connection, user: str, password: str) -> None:
    # The password reaches the server as a verifier, so no log of statements has it.
    link: Any = connection.connection.driver_connection
    verifier = link.pgconn.encrypt_password(
        password.encode(), user.encode(), b"scram-sha-256"
    ).decode()
    known = _is_there(connection, "SELECT FROM pg_roles WHERE rolname = :name", user)
    verb = "ALTER" if known else "CREATE"
    _execute(connection, verb + " ROLE {} LOGIN PASSWORD {}", user, literal=verifier)


def _make_database(connection: Connection, user: str, name: str) -> None:
    known = _is_there(connection, "SELECT FROM pg_database WHERE datname = :name", name)
    # Only a member of a role may give a database to it, but for superusers.
    _execute(connection, "GRANT {} TO CURRENT_USER", user)
    if known:
        _execute(connection, "ALTER DATABASE {} OWNER TO {}", name, user)
    else:
        _execute(connection, "CREATE DATABASE {} OWNER {}", name, user)
    _execute(connection, "REVOKE ALL ON DATABASE {} FROM PUBLIC", name)
    _execute(connection, "REVOKE {} FROM CURRENT_USER", user)


def _is_there(connection: Connection, question: str, name: str) -> bool:
    return connection.execute(text(question), {"name": name}).first() is not None


def _execute(
    connection: Connection, statement: str, *names: str, literal: str | None = None
) -> None:
    """Carry out what takes no parameters: names are quoted, and so is a literal."""
    from psycopg import sql  # noqa: PLC0415 - an extra

    parts: list[sql.Composable] = [sql.Identifier(name) for name in names]
    if literal is not None:
        parts.append(sql.Literal(literal))
    composed = sql.SQL(statement).format(*parts)
    # Without parameters, a percent sign in a name is one.
    connection.exec_driver_sql(
        composed.as_string(), execution_options={"no_parameters": True}
    )

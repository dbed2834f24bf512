"""What a sandbox is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sandbox.shards import Shard

SQL_SERVERS = ("mssql_0", "mssql_1", "mssql_2")
VERTICA = "vertica"
WAREHOUSE = "warehouse"
USER = "shardline"
TELEGRAM = "telegram"
TOKEN = "1:sandbox"  # noqa: S105 - the one the documents name
SMTP = "smtp"


@dataclass(frozen=True)
class Options:
    """What a sandbox is made of.

    Attributes:
        data: The folder of the databases, None for memory.
        shards: The databases of the SQL Servers.
        host: Where the SQL Servers and Vertica listen; the others are on loopback.
        mssql_port: The first SQL Server's port, the others follow; 0 for free ones.
        vertica_port: Vertica's, 0 for a free one.
        telegram_port: The Bot API's, 0 for a free one.
        smtp_port: The mail server's, 0 for a free one.
        password: The password of the one account.
        token: The token of the one bot.
        mail: The folder where mails become files, None for memory alone.
        lock_timeout: Vertica's LockTimeout in seconds.
    """

    data: Path | None
    shards: Sequence[Shard]
    host: str = "127.0.0.1"
    mssql_port: int = 0
    vertica_port: int = 0
    telegram_port: int = 0
    smtp_port: int = 0
    password: str = USER
    token: str = TOKEN
    mail: Path | None = None
    lock_timeout: float = 300.0

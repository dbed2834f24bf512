from .channels import (
    Connections,
    MAIL_CONNECTION,
    SmtpAddress,
    TELEGRAM_CONNECTION,
    TelegramAddress,
    parse_smtp,
    parse_telegram,
)
from .connection_uris import Uri, UriError
from .connections import CONNECTIONS, NamedConnection, find_connection, login_options
from .files import check_files
from .lookup import suggest
from .luigi_cfg import logging_file, option_names
from .sections import (
    BotOptions,
    CatalogFiles,
    JobsOptions,
    LoadOptions,
    RowsMode,
    RunOptions,
    Server,
    SessionsOptions,
    Warehouse,
)
from .settings import (
    REPORTS,
    SQLITE_WARNING,
    SQLSERVER,
    Settings,
    WAREHOUSE,
    current_settings,
    describe_lack,
    read_session_options,
    read_settings,
)
from .variables import Items, Variables

__all__ = [
    "BotOptions",
    "CONNECTIONS",
    "CatalogFiles",
    "Connections",
    "Items",
    "JobsOptions",
    "LoadOptions",
    "MAIL_CONNECTION",
    "NamedConnection",
    "REPORTS",
    "RowsMode",
    "RunOptions",
    "SQLITE_WARNING",
    "SQLSERVER",
    "Server",
    "SessionsOptions",
    "Settings",
    "SmtpAddress",
    "TELEGRAM_CONNECTION",
    "TelegramAddress",
    "Uri",
    "UriError",
    "Variables",
    "WAREHOUSE",
    "Warehouse",
    "check_files",
    "current_settings",
    "describe_lack",
    "find_connection",
    "logging_file",
    "login_options",
    "option_names",
    "parse_smtp",
    "parse_telegram",
    "read_session_options",
    "read_settings",
    "suggest",
]

"""One line for each fact: for people, or as JSON for whatever collects logs.

Whatever is logged while a load goes on carries the load's table, day, shard and
session, so that lines of loads that run at the same time can be told apart.
"""

from __future__ import annotations

import json
import logging
import logging.config
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

import click

from pipelines.errors import ConfigurationError

Form = Literal["human", "json"]

LOG_FORMATS: tuple[str, ...] = get_args(Form)

LOG_FORMAT_VARIABLE = "SHARDLINE_LOG_FORMAT"
"""The environment variable that names the form, for children, too."""

_OURS = "pipelines"
_LUIGIS = "luigi-interface"
_FIELDS: ContextVar[Mapping[str, object]] = ContextVar("fields")
_LOGIN_IN_URL = re.compile(r"(?<=://)[^/@\s'\"]+@")


def set_up_logging(form: str, file: str = "") -> None:
    """Log to standard error in that form, from now on and in all children.

    People are told of what needs them; a collector gets every load, too.

    Args:
        form: One of `LOG_FORMATS`.
        file: One of Python's logging that says where, how and what to log instead.

    Raises:
        ConfigurationError: The file cannot be followed.
    """
    os.environ[LOG_FORMAT_VARIABLE] = form
    if file:
        _set_up_by(file)
        return
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if form == "json" else HumanLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger(_OURS).setLevel(_level(verbose=False))


def _set_up_by(file: str) -> None:
    try:
        with Path(file).open(encoding="utf-8") as opened:
            logging.config.fileConfig(opened, disable_existing_loggers=False)
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        raise ConfigurationError(
            f"[core] logging_conf_file: {file} cannot be used: {why}",
            step="correct it, or take the option away",
        ) from error


def set_verbosity(*, verbose: bool) -> None:
    """Have Luigi say what it does, and the loads, or neither of them."""
    # Its failures come as lines of ours in any case.
    luigis = logging.INFO if verbose else logging.CRITICAL
    logging.getLogger(_LUIGIS).setLevel(luigis)
    logging.getLogger(_OURS).setLevel(_level(verbose=verbose))


def is_json() -> bool:
    """Whether lines are JSON."""
    return os.environ.get(LOG_FORMAT_VARIABLE) == "json"


def print_line(
    line: str,
    fields: Mapping[str, object] | None = None,
    *,
    level: int = logging.INFO,
    err: bool = False,
) -> None:
    """Tell a line of the command's own output.

    Args:
        line: What people read.
        fields: What else JSON has.
        level: How much it matters, for JSON.
        err: Whether it goes to standard error.
    """
    if is_json():
        record = logging.LogRecord(_OURS, level, "", 0, line, (), None)
        record.fields = fields or {}
        line = JsonLines().format(record)
    click.echo(line, err=err)


@contextmanager
def log_context(**fields: object) -> Iterator[None]:
    """Put these fields on each line that is logged inside, in this thread."""
    token = _FIELDS.set({**_FIELDS.get({}), **fields})
    try:
        yield
    finally:
        _FIELDS.reset(token)


def mask_secrets(text: str) -> str:
    """The text without the user and password of any URL."""
    return _LOGIN_IN_URL.sub("***@", text)


class HumanLines(logging.Formatter):
    """Time, level, what it is about, and the message."""

    def format(self, record: logging.LogRecord) -> str:
        """One line; in a verbose log a traceback follows it."""
        fields = _fields(record)
        names = ("table", "day", "shard")
        where = " ".join(str(fields[name]) for name in names if name in fields)
        session = f" (session {fields['session']})" if "session" in fields else ""
        moment = datetime.fromtimestamp(record.created).astimezone()
        message = f"{where}: {record.getMessage()}" if where else record.getMessage()
        line = f"{moment:%H:%M:%S} {record.levelname} {message}{session}"
        if record.exc_info:
            line = f"{line}\n{self.formatException(record.exc_info)}"
        return mask_secrets(line)


class JsonLines(logging.Formatter):
    """One object a line: time, level, message, and what it is about."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        moment = datetime.fromtimestamp(record.created, UTC)
        found: dict[str, object] = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            "logger": record.name,
            "process": os.getpid(),
            **_fields(record),
        }
        if record.exc_info:
            found["exception"] = self.formatException(record.exc_info)
        return mask_secrets(json.dumps(found, default=str, ensure_ascii=False))


def _fields(record: logging.LogRecord) -> Mapping[str, object]:
    return {**_FIELDS.get({}), **getattr(record, "fields", {})}


def _level(*, verbose: bool) -> int:
    return logging.INFO if verbose or is_json() else logging.WARNING

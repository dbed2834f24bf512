"""One line for each fact: for people, or as JSON for whatever collects logs.

Whatever is logged while a load goes on carries the load's table, day, shard and
session, so that lines of loads that run at the same time can be told apart. No line
has a secret or a hidden character in it, whoever logs it, and in whatever form.
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
from typing import Any, Literal, get_args

from pipelines.errors import LONGEST, ConfigurationError
from pipelines.text import LONGEST_LINE, cut_line, mask_secrets, visible

Form = Literal["human", "json"]

LOG_FORMATS: tuple[str, ...] = get_args(Form)

LOG_FORMAT_VARIABLE = "SHARDLINE_LOG_FORMAT"
"""The environment variable that names the form, for children, too."""

OURS = "pipelines"
"""The logger above all of ours."""

_LUIGIS = "luigi-interface"
_FIELDS: ContextVar[Mapping[str, object]] = ContextVar("fields")
_LINE_BREAK = re.compile(r"\r\n?|\n(?! {2})")


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
    clean_log_records()
    if file:
        _set_up_by(file)
        return
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if form == "json" else HumanLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger(OURS).setLevel(_level(verbose=False))


def _set_up_by(file: str) -> None:
    logging.getLogger(OURS).setLevel(logging.NOTSET)
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
    logging.getLogger(OURS).setLevel(_level(verbose=verbose))


def is_json() -> bool:
    """Whether lines are JSON."""
    return os.environ.get(LOG_FORMAT_VARIABLE) == "json"


@contextmanager
def log_context(**fields: object) -> Iterator[None]:
    """Put these fields on each line that is logged inside, in this thread."""
    token = _FIELDS.set({**_FIELDS.get({}), **fields})
    try:
        yield
    finally:
        _FIELDS.reset(token)


def clean_log_records() -> None:
    """Have all that is logged from now on be fit to be shown, by any formatter."""
    logging.setLogRecordFactory(_CleanRecord)


class _CleanRecord(logging.LogRecord):
    def __init__(self, *args: Any, **how: Any) -> None:  # noqa: ANN401 - as logging's
        super().__init__(*args, **how)
        if self.exc_info:
            text = logging.Formatter().formatException(self.exc_info)
            self.exc_text = _shown(text)

    def getMessage(self) -> str:  # noqa: N802 - logging's
        return _shown(super().getMessage())


class HumanLines(logging.Formatter):
    """Time, level, what it is about, and the message."""

    def format(self, record: logging.LogRecord) -> str:
        """One line; what else a message has, such as a traceback, is indented below."""
        fields = _fields(record)
        names = ("table", "day", "shard")
        where = " ".join(_cell(fields[name]) for name in names if name in fields)
        session = f" (session {fields['session']})" if "session" in fields else ""
        moment = datetime.fromtimestamp(record.created).astimezone()
        message = _shown(record.getMessage())
        message = f"{where}: {message}" if where else message
        text = f"{moment:%H:%M:%S} {record.levelname} {message}{session}"
        if record.exc_info:
            text = f"{text}\n  {_shown(self.formatException(record.exc_info))}"
        return "\n".join(map(cut_line, text.split("\n")))


class JsonLines(logging.Formatter):
    """One object a line: time, level, message, and what it is about."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        moment = datetime.fromtimestamp(record.created, UTC)
        found: dict[str, object] = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": _shown(record.getMessage()),
            "logger": record.name,
            "process": os.getpid(),
            **{name: _field(value) for name, value in _fields(record).items()},
        }
        if record.exc_info:
            found["exception"] = _shown(self.formatException(record.exc_info))
        return _json_line(found)


def line_of(
    text: str,
    fields: Mapping[str, object] | None = None,
    *,
    level: int = logging.INFO,
    error: BaseException | None = None,
) -> str:
    """A line of the command's own, in the form that lines have.

    Args:
        text: What people read.
        fields: What else JSON has.
        level: How much it matters, for JSON.
        error: Whose traceback goes with it.
    """
    about = (type(error), error, error.__traceback__) if error else None
    if is_json():
        record = logging.LogRecord(OURS, level, "", 0, "%s", (text,), about)
        record.fields = fields or {}
        return JsonLines().format(record)
    traced = logging.Formatter().formatException(about) if about else ""
    shown = [_shown(traced), _cell(text)] if traced else [_cell(text)]
    return "\n".join(cut_line(line) for one in shown for line in one.split("\n"))


def _shown(text: str) -> str:
    """A text of one line or more; those after the first cannot pass for others."""
    told = cut_line(mask_secrets(text), LONGEST)
    return visible(_LINE_BREAK.sub("\n  ", told), keep="\n")


def _cell(value: object) -> str:
    return visible(mask_secrets(str(value)))


def _field(value: object) -> object:
    return value if isinstance(value, int | float | None) else _cell(value)


def _json_line(found: dict[str, object]) -> str:
    """The object; of its texts only as much as `LONGEST_LINE` octets let it have."""
    line, most = json.dumps(found, ensure_ascii=False), LONGEST_LINE
    while len(line.encode()) >= LONGEST_LINE and most > 1:
        most //= 2
        short = {
            name: cut_line(value, most) if isinstance(value, str) else value
            for name, value in found.items()
        }
        line = json.dumps(short, ensure_ascii=False)
    return line


def _fields(record: logging.LogRecord) -> Mapping[str, object]:
    return {**_FIELDS.get({}), **getattr(record, "fields", {})}


def _level(*, verbose: bool) -> int:
    return logging.INFO if verbose or is_json() else logging.WARNING

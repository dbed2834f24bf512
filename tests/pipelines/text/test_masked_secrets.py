"""A secret that is known is in no text, in whatever form it has got there."""

from __future__ import annotations

import base64
import html
import io
import json
import logging
import string
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.config import Server, find_connection
from pipelines.errors import LONGEST, PermanentError
from pipelines.runtime.logs import HumanLines, JsonLines
from pipelines.text import known_secrets, mask_secrets

PASSWORD = 'p@ss/wörd "7"'
PASSWORDS = st.text(min_size=6, max_size=24).filter(
    lambda text: len(" ".join(text.split())) >= 6 and len(set(text)) > 3
)
FORMS = {
    "raw": str,
    "in a URI": lambda text: quote(text.encode("utf-8", "surrogatepass"), safe=""),
    "in a path": lambda text: quote(text.encode("utf-8", "surrogatepass")),
    "in a query": lambda text: quote_plus(text.encode("utf-8", "surrogatepass")),
    "hexadecimal": lambda text: text.encode("utf-8", "surrogatepass").hex(),
    "in capitals": lambda text: text.encode("utf-8", "surrogatepass").hex().upper(),
    "of UTF-16": lambda text: text.encode("utf-16-le", "surrogatepass").hex(),
    "in JSON": lambda text: json.dumps(text)[1:-1],
    "in JSON of PHP": lambda text: json.dumps(text)[1:-1].replace("/", r"\/"),
    "in JSON of UTF-8": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "in Python": lambda text: repr(text)[1:-1],
    "as octets": lambda text: repr(text.encode("utf-8", "surrogatepass"))[2:-1],
    "in HTML": html.escape,
    "in Base64": lambda text: base64.b64encode(
        text.encode("utf-8", "surrogatepass")
    ).decode(),
}


def is_word(part: str) -> bool:
    """Whether a part of a password may be any word, with what is around a word."""
    return part.strip(string.punctuation + string.whitespace).isalpha()


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@given(PASSWORDS)
@example(PASSWORD)
@example("p%40ss+word")
@example('000"AAAAAAAAB')
def test_no_form_of_it_is_left(form: Callable[[str], str], password: str) -> None:
    known_secrets.cache_clear()
    known_secrets().add(password)
    told = form(password)
    assert mask_secrets(f"<{told}>") == "<***>"
    begin, end = told[:-3], told[3:]
    if len(told) > 12:
        assert begin not in mask_secrets(f"login of etl: '{begin}…'")
        if not is_word(begin):
            assert begin not in mask_secrets(f"login of etl: {begin}")
        if not is_word(end):
            assert end not in mask_secrets(f"{end}' was refused")


@pytest.mark.parametrize("user", ["etl", "ab", "a"])
def test_it_is_found_in_what_a_login_sends(user: str) -> None:
    known_secrets().add(PASSWORD)
    for whole in (f"\0{user}\0{PASSWORD}", f"{user}:{PASSWORD}"):
        sent = base64.b64encode(whole.encode()).decode()
        assert sent[-12:] not in mask_secrets(f"AUTH {sent} (535)")


def test_an_error_that_is_cut_has_no_part_of_it() -> None:
    known_secrets().add(PASSWORD)
    for before in range(LONGEST - 20, LONGEST + 20):
        told = PermanentError("x" * before + PASSWORD + "y" * 9_000).cause
        assert "p@ss" not in told


@pytest.mark.parametrize(
    ("password", "text"),
    [
        ("shardline-2026", "this may be a defect of shardline"),
        ("warehouse1", 'schema "warehouse"'),
        ("password1", "correct user and password"),
        ("Orders2019", "Orders"),
    ],
)
def test_a_word_that_a_secret_begins_with_is_shown_where_nothing_was_cut(
    password: str, text: str
) -> None:
    known_secrets().add(password)
    assert mask_secrets(text) == text
    assert mask_secrets(f"{password[:7]}…") == "***…"


def test_what_is_short_or_the_users_name_is_no_secret() -> None:
    known_secrets().add("etl")
    known_secrets().add("shardline", user="shardline")
    text = "shardline: the login of etl is refused"
    assert mask_secrets(text) == text


def test_each_password_that_is_read_is_known_decoded_and_as_it_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = "%70%40ss%2Fword-1"
    uri = f"mssql://etl:{written}@sql-1"
    monkeypatch.setenv("SHARDLINE_CONNECTION_SQL_1", uri)
    assert find_connection("sql_1")
    Server(host="sql-2", user="etl", password="of luigi.cfg")
    for text in (written, "p@ss/word-1", "p%40ss%2Fword-1", "of luigi.cfg"):
        assert mask_secrets(f"({text})") == "(***)"


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("lines", [HumanLines(), JsonLines()], ids=["human", "json"])
def test_no_line_of_a_log_has_it_nor_has_a_traceback(
    lines: logging.Formatter, form: Callable[[str], str]
) -> None:
    known_secrets().add(PASSWORD)
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(lines)
    told = form(PASSWORD)
    about = (ValueError, ValueError(told), None)
    record = logging.LogRecord("x", 30, "", 0, "refused: %s", (told,), about)
    record.fields = {"about": told, "shard": told}
    handler.handle(record)
    written = stream.getvalue()
    if isinstance(lines, JsonLines):
        written = " ".join(map(str, json.loads(written).values()))
    assert "ValueError" in written
    assert told not in written
    for form_of_it in FORMS.values():
        assert form_of_it(PASSWORD) not in written

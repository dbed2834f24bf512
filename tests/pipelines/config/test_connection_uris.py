from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.config import (
    Server,
    Uri,
    UriError,
    Warehouse,
    login_options,
    parse_smtp,
    parse_telegram,
)
from pipelines.config.connection_uris import parse_uri

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
MARK = "Zq7"


def encoded(text: str) -> str:
    return quote(text, safe="")


@given(user=TEXT, password=TEXT, database=TEXT.filter(lambda name: "/" not in name))
@example(user="a:b", password="p@ss/w?rd#%41,é", database="ware house")
def test_any_login_comes_out_of_a_uri_as_it_went_in(
    user: str, password: str, database: str
) -> None:
    login = f"{encoded(user)}:{encoded(password)}"
    first, second = map(
        Warehouse.model_validate,
        login_options(
            parse_uri(
                f"vertica://{login}@h1:1,[::1]/{encoded(database)}?tlsmode=require"
            )
        ),
    )
    assert (first.address, second.address) == ("h1:1", "[::1]:5433")
    for warehouse in (first, second):
        assert (warehouse.user, warehouse.database) == (user, database)
        assert warehouse.password.get_secret_value() == password
        assert warehouse.tlsmode == "require"
    (server,) = map(
        Server.model_validate, login_options(parse_uri(f"mssql://{login}@h:2/"))
    )
    assert (server.user, server.password.get_secret_value()) == (user, password)
    (mail,) = parse_smtp(parse_uri(f"smtps://{login}@h/?from=a@x&to=b@y"))
    assert (mail.user, mail.password.get_secret_value()) == (user, password)


@given(inside=st.text(st.characters(exclude_characters="%")))
@example(inside="/1@h/")
@example(inside="?tlsmode=")
def test_a_login_that_is_not_encoded_is_taken_right_or_refused_without_a_word_of_it(
    inside: str,
) -> None:
    password = f"{MARK}{inside}{MARK}"
    for uri in (
        f"vertica://u:{password}@h/db",
        f"mssql://u:{password}@h",
        f"smtp://u:{password}@h/?from=a@x&to=b@y",
        f"telegram://1:{password}@-1",
        password,
    ):
        told, held = read(uri)
        assert MARK not in told
        assert held in {None, password}


def read(uri: str) -> tuple[str, str | None]:
    """What is told of a URI, and the password that it has if it is taken."""
    try:
        parsed = parse_uri(uri)
        {"smtp": parse_smtp, "telegram": parse_telegram}.get(
            parsed.scheme, login_options
        )(parsed)
    except UriError as error:
        return str(error), None
    secret = parsed.password
    return "", secret.get_secret_value() if secret else parsed.user


def test_a_number_before_a_slash_of_a_password_is_not_taken_for_a_port() -> None:
    with pytest.raises(UriError, match="percent-encoded"):
        parse_uri("vertica://etl:12/34@host")


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("vertica:/h/db", "no URI"),
        ("vertica://h:0/db", "port"),
        ("vertica://h:65536/db", "port"),
        ("vertica://h:x/db", "HOST:PORT"),
        ("vertica://::1/db", r"\[IPV6\]"),
        ("vertica://h,,g/db", "HOST"),
        ("vertica:///db", "HOST"),
        ("vertica://h/a/b", "more than the database"),
        ("vertica://u:p%zz@h/db", "hexadecimal"),
        ("vertica://u:%ff@h/db", "not UTF-8"),
        ("vertica://u:p#w@h/db", "%23"),
        ("vertica://u:p w@h/db", "blank"),
        ("vertica://h/db?tls=require", "unknown: there are tlsmode"),
        ("vertica://h/db?tlsmode", "without a value"),
        ("vertica://h/db?tlsmode=require&tlsmode=disable", "twice"),
        ("mssql://h/db", "shards file"),
        ("mssql://[::1]/", "IPv6"),
        ("smtp://h/?to=b@y", "from and to"),
        ("smtp://h/?from=a@x&to=b@y,", "from and to"),
        ("smtp://h/?from=a@x%0ABcc:z@z&to=b@y", "from and to"),
        ("smtp://u@h/?from=a@x&to=b@y", "without a password"),
        ("smtps://h/?from=a@x&to=b@y&security=none", "smtps:// it is tls"),
        ("telegram://-1", "no token"),
        ("telegram://1:a/b@-1", "percent-encoded"),
        ("telegram://1:a@", "numbers or @names"),
        ("telegram://1:a@nightly", "numbers or @names"),
        ("telegram://1:a@-1/?api=ftp://h", "api"),
        ("telegram://1:a@-1/?api=http://u:p@h", "api"),
    ],
)
def test_what_is_wrong_with_a_uri_is_told(uri: str, why: str) -> None:
    def read() -> object:
        parsed: Uri = parse_uri(uri)
        if parsed.scheme == "telegram":
            return parse_telegram(parsed)
        return parse_smtp(parsed) if "smtp" in parsed.scheme else login_options(parsed)

    with pytest.raises(UriError, match=why):
        read()


def test_the_port_of_a_mail_server_follows_from_its_security() -> None:
    known = {
        f"{scheme}://h/?from=a@x&to=b@y{security}": port
        for scheme, security, port in (
            ("smtp", "", 587),
            ("smtp", "&security=none", 25),
            ("smtp", "&security=tls", 465),
            ("smtps", "", 465),
        )
    }
    assert {uri: parse_smtp(parse_uri(uri))[0].port for uri in known} == known


def test_mail_has_a_sender_with_a_name_and_several_servers_and_readers() -> None:
    first, second = parse_smtp(
        parse_uri("smtp://h1:1025,h2/?from=Отчёты%20%3Ca@x%3E&to=b@y,c@z&security=none")
    )
    assert (first.host, first.port, second.port) == ("h1", 1025, 25)
    assert first.sender == "Отчёты <a@x>"
    assert first.recipients == second.recipients == ("b@y", "c@z")
    assert (first.user, first.password.get_secret_value()) == ("", "")


@pytest.mark.parametrize("colon", [":", "%3A"])
def test_a_token_is_written_with_its_colon(colon: str) -> None:
    uri = (
        f"telegram://123456{colon}ABC-d_f@-100123,@nightly/?api=http://127.0.0.1:8081/"
    )
    (bot,) = parse_telegram(parse_uri(uri))
    assert bot.token.get_secret_value() == "123456:ABC-d_f"
    assert bot.chats == ("-100123", "@nightly")
    assert bot.api == "http://127.0.0.1:8081"
    assert "ABC" not in repr(bot)

"""What servers say, shown by commands: no control, no password of their hearer."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from tests.kit.bot_server import TOKEN, Answer, BotServer
from tests.kit.hidden import hidden
from tests.kit.mail_server import MailServer
from tests.kit.project import DAY, Project, insert, orders

PASSWORD = "p@ss/word-17"
FORMS = (
    PASSWORD,
    quote(PASSWORD, safe=""),
    PASSWORD.encode().hex(),
    PASSWORD.encode().hex().upper(),
    base64.b64encode(f"\0etl\0{PASSWORD}".encode()).decode(),
    json.dumps(PASSWORD)[1:-1],
    PASSWORD[:-2],
)


@pytest.mark.parametrize("form", ["human", "json"])
def test_a_mail_server_repeats_the_password_to_nobody(
    project: Project, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    project.add_shard("first", ddl="")
    said = f"535 \x1b[31m\u202eno: {' '.join(FORMS)}"
    with MailServer(login=("etl", "another"), replies={"LOGIN": said}) as server:
        monkeypatch.setenv(
            "SHARDLINE_CONNECTION_MAIL",
            f"smtp://etl:{quote(PASSWORD, safe='')}@127.0.0.1:{server.port}"
            "/?security=none&from=etl@x.example&to=ann@x.example",
        )
        words = ("shardline", "--log-format", form, "connections", "mail", "--test")
        for more in ((), ("--json",)):
            result = project.run(*words, *more)
            assert result.code == 30
            assert "535" in result.out
            for text in FORMS:
                assert text not in result.out + result.err
            assert not hidden(result.out + result.err)


def test_a_bot_api_repeats_the_token_to_nobody(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.add_shard("first", ddl="")
    secret = TOKEN.partition(":")[2]
    with BotServer() as server:
        told = f"no \x1b[31m\u202e {secret.encode().hex()} {secret[:-3]}"
        server.next.append(Answer(401, told))
        monkeypatch.setenv(
            "SHARDLINE_CONNECTION_TELEGRAM", f"telegram://{TOKEN}@7?api={server.url}"
        )
        result = project.run("shardline", "connections", "telegram", "--test")
    assert result.code == 30
    assert r"\x1b[31m\u202e" in result.out
    for text in (secret, secret.encode().hex(), secret[:-3]):
        assert text not in result.out
    assert not hidden(result.out + result.err)


@pytest.mark.parametrize("form", ["human", "json"])
def test_a_server_that_fails_a_load_writes_nothing_hidden_anywhere(
    project: Project, form: str
) -> None:
    shard = project.add_shard("first")
    insert(project, shard, orders(3))
    project.tables = project.tables.replace(
        "FROM dbo.Orders", "FROM dbo.Orders WHERE type = N'\\u202e\\u001b[31m\\u009b2J'"
    )
    words = ("shardline", "--log-format", form, "run", "orders", "--date", DAY)
    result = project.run(*words, "--local-scheduler", "--verbose")
    assert result.code == 30
    assert r"\u202e\x1b[31m" in result.err or r"\u202e\\x1b[31m" in result.err
    assert not hidden(result.out + result.err)
    sessions = project.run("shardline", "status", "sessions")
    assert r"\u202e\x1b[31m" in sessions.out
    assert not hidden(sessions.out)


def test_the_sender_of_alerts_writes_objects_too(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.add_shard("first", ddl="")
    project.options["alerts"] = {"channels": "telegram"}
    with BotServer() as server:
        server.next.append(Answer(401, "no \x1b[31m\u202e"))
        monkeypatch.setenv(
            "SHARDLINE_CONNECTION_TELEGRAM", f"telegram://{TOKEN}@7?api={server.url}"
        )
        words = ("shardline", "--log-format", "json", "run", "orders", "--date", DAY)
        result = project.run(*words, "--local-scheduler")
    assert result.code == 30
    told = [json.loads(line) for line in result.told]
    (refused,) = [
        one for one in told if one["logger"] == "pipelines.alerts.sending.sender"
    ]
    assert r"no \x1b[31m\u202e" in refused["message"]
    assert not hidden(result.err)


@pytest.mark.parametrize("form", ["human", "json"])
@pytest.mark.parametrize(
    "variable",
    [
        *("SHARDLINE_SECRETS", "SHARDLINE_CONNECTION_MAIL"),
        *("LUIGI_CONFIG_PATH", "SHARDLINE_LOG_FORMAT"),
    ],
)
def test_no_fault_of_a_variable_shows_what_is_hidden_in_it(
    project: Project, form: str, variable: str
) -> None:
    project.add_shard("first", ddl="")
    named = ("--log-format", form) if variable != "SHARDLINE_LOG_FORMAT" else ()
    words = ("env", f"{variable}=\x1b[31m\u202e://", "shardline", *named)
    result = project.run(*words, "connections")
    assert result.code == 2
    assert not hidden(result.out + result.err)


def test_no_fault_of_a_file_shows_what_is_hidden_in_it(project: Project) -> None:
    project.add_shard("\x1b[31m\u202e", ddl="")
    project.shards *= 2
    project.tables += '["\\u001b[31m\\u202e"]\nquery = "\\u009b"\n'
    result = project.run("shardline", "tables")
    assert result.code == 2
    assert r"\x1b[31m\u202e" in result.err
    assert not hidden(result.err)

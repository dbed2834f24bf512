"""Telegram and mail while a run goes on, as they take an alert and as they do not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kit.failing_shards import grouped, mend, two_of_three_fail
from tests.kit.project import DAY, Project

GONE = "smtp://127.0.0.1:1/?security=none&from=a@x.example&to=b@x.example"


def telegram_at(project: Project, *, token: str = "", chat: int = -1001) -> str:
    addresses = project.sandbox.addresses
    host, port = addresses.telegram
    return f"telegram://{token or addresses.token}@{chat}?api=http://{host}:{port}"


@pytest.mark.parametrize(
    ("channels", "wrong", "lines"),
    [
        pytest.param(
            "telegram, mail",
            {"token": "2:wrong"},
            [
                "telegram: the bot is refused: 401 Unauthorized; correct the token",
                "not sent: smtp 127.0.0.1:1: cannot be reached: Connection refused;",
                "stays in the outbox, see `shardline incidents list`",
            ],
            id="wrong token, mail server down",
        ),
        pytest.param(
            "telegram",
            {"chat": -7},
            ["chat not found"],
            id="wrong chat",
            marks=pytest.mark.long,
        ),
        pytest.param(
            "nobody",
            {},
            ["there is no channel 'nobody'"],
            id="no such channel",
            marks=pytest.mark.long,
        ),
    ],
)
def test_a_channel_that_takes_nothing_is_told_and_touches_no_load(
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    channels: str,
    wrong: dict[str, Any],
    lines: list[str],
) -> None:
    two_of_three_fail(project)
    monkeypatch.setenv("SHARDLINE_CONNECTION_TELEGRAM", telegram_at(project, **wrong))
    monkeypatch.setenv("SHARDLINE_CONNECTION_MAIL", GONE)
    project.options["alerts"] = {"channels": channels, "deadline": "5", "patience": "5"}
    result = project.load(DAY)
    assert result.code == 30
    assert f"orders {DAY}: 1 of 3 shards complete: 1 loaded" in result.out
    for line in lines:
        assert sum(line in told for told in result.told) == 1, result.err
    assert "Traceback" not in result.err
    assert [one.headline for one in grouped(project)] == [
        f"2 of 3 shards of LoadOrders {DAY} failed"
    ]


def test_telegram_shows_what_failed_and_mail_what_telegram_does_not_take(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = project.sandbox
    telegram, mailbox = sandbox.control.telegram, sandbox.control.smtp
    telegram.reset()
    mailbox.clear()
    smtp = sandbox.addresses.smtp
    monkeypatch.setenv("SHARDLINE_CONNECTION_TELEGRAM", telegram_at(project))
    monkeypatch.setenv(
        "SHARDLINE_CONNECTION_MAIL",
        f"smtp://{smtp.host}:{smtp.port}/?security=none&from=etl@x.example&to=a@x.example",
    )
    two_of_three_fail(project)
    project.options["alerts"] = {"channels": "telegram, mail", "deadline": "5"}
    assert project.load(DAY).code == 30
    (shown,) = telegram.messages(-1001)
    assert shown.text.startswith(f"🔴 #1 2 of 3 shards of LoadOrders {DAY} failed")
    mend(project)
    telegram.down()
    try:
        assert project.luigi("LoadOrders", "--date", DAY).code == 0
    finally:
        telegram.up()
    (mail,) = [one for one in mailbox.mails() if "recovered" in str(one)]
    assert f"2 of 3 shards of LoadOrders {DAY}" in str(mail)


def test_a_file_in_the_current_folder_is_no_module_of_the_sender(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    telegram = project.sandbox.control.telegram
    telegram.reset()
    monkeypatch.setenv("SHARDLINE_CONNECTION_TELEGRAM", telegram_at(project))
    two_of_three_fail(project)
    project.options["alerts"] = {"channels": "telegram"}
    for name in ("requests", "pipelines", "luigi"):
        path = project.folder / f"{name}.py"
        path.write_text("open('planted', 'w')", encoding="utf-8")
    assert project.load(DAY).code == 30
    assert not (project.folder / "planted").exists()
    (shown,) = telegram.messages(-1001)
    assert f"2 of 3 shards of LoadOrders {DAY} failed" in shown.text

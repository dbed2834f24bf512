"""`python -m sandbox say` and `press`: a talk with a bot, from a terminal."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from sandbox.process import SandboxProcess
from tests.kit.bot_client import BotClient

DEADLINE = 60


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    home = tmp_path_factory.mktemp("talk")
    shards = home / "shards.csv"
    shards.write_text("server,shard,time_zone\nmssql_0,moscow,Europe/Moscow\n")
    with SandboxProcess(home / "home", "--shards", str(shards)) as sandbox:
        yield sandbox


@pytest.fixture
def bot(own: SandboxProcess) -> Iterator[BotClient]:
    """Reset what people see, and answer what they do until the test ends."""
    own.control.telegram.reset()
    host, port = own.addresses.telegram
    with requests.Session() as session:
        client = BotClient(session, f"http://{host}:{port}", own.addresses.token)
        client.call("getUpdates", offset=-1)
        stop = threading.Event()
        engine = threading.Thread(target=answer_all, args=(client, stop))
        engine.start()
        yield client
        stop.set()
        own.control.telegram.reset()  # ends its poll
        engine.join(DEADLINE)


def answer_all(bot: BotClient, stop: threading.Event) -> None:
    """Be a bot that asks, and edits its question when a button is pressed."""
    offset = 0
    button = {"text": "Re-run", "callback_data": "run"}
    while not stop.is_set():
        for update in bot.call("getUpdates", offset=offset, timeout=10):
            offset = update["update_id"] + 1
            if "message" in update:
                bot.call(
                    "sendMessage",
                    chat_id=update["message"]["chat"]["id"],
                    text=f"You said {update['message']['text']}",
                    reply_markup={"inline_keyboard": [[button]]},
                )
            else:
                query = update["callback_query"]
                bot.call(
                    "answerCallbackQuery", callback_query_id=query["id"], text="On it"
                )
                place = {
                    "chat_id": query["message"]["chat"]["id"],
                    "message_id": query["message"]["message_id"],
                }
                bot.call("editMessageText", **place, text="Running")


def run(own: SandboxProcess, *command: str) -> subprocess.CompletedProcess[str]:
    addresses: Path = own.home / "addresses.json"
    return subprocess.run(
        [sys.executable, "-m", "sandbox", *command, "--addresses", str(addresses)],
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE,
    )


@pytest.mark.usefixtures("bot")
def test_what_the_bot_answers_is_printed_with_its_buttons(own: SandboxProcess) -> None:
    for user in ("1001", "77"):  # the second is new to the bot
        told = run(own, "say", "/status now", "--user", user)
        assert told.returncode == 0, told.stderr
        assert "You said /status now" in told.stdout
        assert "[ Re-run ]" in told.stdout
        assert f"chat {user}" in told.stdout
        assert told.stdout.count("/status now") == 1  # one's own words are known


@pytest.mark.usefixtures("bot")
def test_a_button_is_pressed_by_what_stands_on_it(own: SandboxProcess) -> None:
    run(own, "say", "/status")
    told = run(own, "press", "re-RUN")
    assert told.returncode == 0, told.stderr
    assert "Running" in told.stdout
    assert "edited" in told.stdout
    assert "On it" in told.stdout
    told = run(own, "press", "Re-run")
    assert told.returncode == 1
    assert "no message of chat 1001 has a button 'Re-run' to press" in told.stderr


@pytest.mark.usefixtures("bot")
def test_a_group_is_talked_to_as_a_group_is(own: SandboxProcess) -> None:
    told = run(own, "say", "good morning", "--chat", "-1001")
    assert "The bot is not told of this" in told.stdout
    told = run(own, "say", "/status@sandbox_bot", "--chat", "-1001")
    assert "You said /status@sandbox_bot" in told.stdout


def test_a_bot_that_does_not_run_is_told_of(own: SandboxProcess) -> None:
    told = run(own, "say", "/status", "--wait", "0.1")
    assert told.returncode == 1
    assert "the bot did not answer in 0.1 s: is it running?" in told.stderr
    chats = run(own, "chat")
    assert "user 1001" in chats.stdout
    assert "/status" in chats.stdout

"""`python -m sandbox chat` and `mail`: what was sent, as readers see it."""

from __future__ import annotations

import smtplib
import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
import requests

from sandbox.process import SandboxProcess
from tests.kit.hidden import FAMILY, HOSTILE, hidden

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """A sandbox that nobody else sends to."""
    with SandboxProcess(tmp_path_factory.mktemp("own")) as running:
        yield running


def shown(sandbox: SandboxProcess, *command: str) -> str:
    addresses = ["--addresses", str(sandbox.home / "addresses.json")]
    return subprocess.run(
        [sys.executable, "-m", "sandbox", *command, *addresses],
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def send(sandbox: SandboxProcess, mail: EmailMessage) -> None:
    mail["From"], mail["To"] = "etl@x.example", "ann@x.example"
    with smtplib.SMTP(*sandbox.addresses.smtp) as server:
        server.send_message(mail)


def test_the_chats_show_what_stands_in_them(own: SandboxProcess) -> None:
    assert "The chats are empty" in shown(own, "chat")
    host, port = own.addresses.telegram
    said = {"chat_id": -1001, "text": "[1] готово"}
    url = f"http://{host}:{port}/bot{own.addresses.token}/sendMessage"
    requests.post(url, json=said, timeout=30)
    told = shown(own, "chat")
    assert "chat -1001" in told
    assert "[1] готово" in told


def test_files_buttons_and_rich_messages_are_lines_of_a_chat(
    own: SandboxProcess,
) -> None:
    host, port = own.addresses.telegram
    url = f"http://{host}:{port}/bot{own.addresses.token}"
    requests.post(
        f"{url}/sendDocument",
        data={"chat_id": 1001, "caption": "all rows"},
        files={"document": ("orders\u202e.csv", b"a,b")},
        timeout=30,
    )
    cells = [
        [{"align": "left", "valign": "top", "text": text} for text in row]
        for row in (("moscow", "failed"), ("perm", "loaded"))
    ]
    button = {"text": "Re-run", "callback_data": "run"}
    said = {
        "chat_id": 1001,
        "rich_message": {"blocks": [{"type": "table", "cells": cells}]},
        "reply_markup": {"inline_keyboard": [[button, button]]},
    }
    requests.post(f"{url}/sendRichMessage", json=said, timeout=30)
    own.control.telegram.say(77, 77, "/why")
    told = shown(own, "chat")
    for line in (
        r"document orders\u202e.csv, 3 octets",
        "all rows",
        "moscow | failed",
        "perm   | loaded",
        "[ Re-run ] [ Re-run ]",
        "chat 77, user 77",
        "/why",
    ):
        assert line in told
    assert not hidden(told)


def test_a_mail_is_saved_as_a_page_of_its_own(
    own: SandboxProcess, tmp_path: Path
) -> None:
    assert "There is no mail yet" in shown(own, "mail", "--to", str(tmp_path))
    plain = EmailMessage(SMTP)
    plain["Subject"] = "1 < 2"
    plain.set_content("a <b> c")
    send(own, plain)
    rich = EmailMessage(SMTP)
    rich["Subject"] = "With a picture"
    rich.set_content("[text]")
    rich.add_alternative('<p>чита <img src="cid:one@x"></p>', subtype="html")
    *_, page = rich.iter_parts()
    page.add_related(PNG, "image", "png", cid="<one@x>")
    send(own, rich)
    told = shown(own, "mail", "--to", str(tmp_path))
    first, second = (tmp_path / f"000{number}.html" for number in (1, 2))
    for line in ("Subject: 1 < 2", "[text]", first.as_uri(), second.as_uri()):
        assert line in told
    assert "a &lt;b&gt; c" in first.read_text(encoding="utf-8")
    text = second.read_text(encoding="utf-8")
    assert "чита" in text
    assert 'src="data:image/png;base64,iVBORw0KGgo="' in text


def test_nothing_hidden_of_a_message_or_a_mail_reaches_a_terminal_or_a_page(
    own: SandboxProcess, tmp_path: Path
) -> None:
    host, port = own.addresses.telegram
    said = {"chat_id": -1001, "text": f"{HOSTILE} {FAMILY}"}
    url = f"http://{host}:{port}/bot{own.addresses.token}/sendMessage"
    requests.post(url, json=said, timeout=30)
    told = shown(own, "chat")
    assert r"\u202egpj.\u2066\x9b2J" in told
    assert not hidden(told)
    hostile = EmailMessage(SMTP)
    hostile["Subject"] = "\x1b[31m\u202ered"
    hostile.set_content(f"<b>{HOSTILE}")
    send(own, hostile)
    told = shown(own, "mail", "--to", str(tmp_path))
    assert r"Subject: \x1b[31m\u202ered" in told
    assert not hidden(told)
    pages = [page.read_text(encoding="utf-8") for page in tmp_path.glob("*.html")]
    assert any(r"&lt;b&gt;\x1b]0;owned\x07" in page for page in pages)
    assert not any(map(hidden, pages))


def test_a_fault_of_a_sandbox_command_has_nothing_hidden_in_it(tmp_path: Path) -> None:
    missing = tmp_path / "\x1b[31m\u202e.json"
    ended = subprocess.run(
        [sys.executable, "-m", "sandbox", "chat", "--addresses", str(missing)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode
    assert r"\x1b[31m\u202e.json" in ended.stderr
    assert not hidden(ended.stderr)

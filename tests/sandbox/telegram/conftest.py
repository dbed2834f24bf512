"""A Bot API of its own state for each test, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from sandbox.control import Control
from sandbox.process import SandboxProcess
from sandbox.telegram.control import TelegramControl
from tests.kit.bot_client import BotClient


@pytest.fixture
def control(sandbox: SandboxProcess) -> Control:
    return sandbox.control


@pytest.fixture
def telegram(control: Control) -> TelegramControl:
    return control.telegram


@pytest.fixture
def bot(sandbox: SandboxProcess, control: Control) -> Iterator[BotClient]:
    control.telegram.reset()
    host, port = sandbox.addresses.telegram
    with requests.Session() as session:
        yield BotClient(session, f"http://{host}:{port}", sandbox.addresses.token)
    for hold in control.holds():
        control.remove(hold)
    control.telegram.reset()
    control.telegram.up()

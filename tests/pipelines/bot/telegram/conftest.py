"""The sandbox's Telegram, fresh for each test, and the address of its bot."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from pipelines.config import TelegramAddress
from sandbox.process import SandboxProcess
from sandbox.telegram.control import TelegramControl


@pytest.fixture
def telegram(sandbox: SandboxProcess) -> Iterator[TelegramControl]:
    control = sandbox.control
    control.telegram.reset()
    yield control.telegram
    for hold in control.holds():
        control.remove(hold)
    control.telegram.reset()
    control.telegram.up()


@pytest.fixture
def address(sandbox: SandboxProcess, telegram: TelegramControl) -> TelegramAddress:
    del telegram  # it is fresh
    host, port = sandbox.addresses.telegram
    token = SecretStr(sandbox.addresses.token)
    return TelegramAddress(token, (), f"http://{host}:{port}")

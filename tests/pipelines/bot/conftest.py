"""A bot with its project, and the chats in which people write to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.process import SandboxProcess
from sandbox.telegram.control import TelegramControl
from tests.kit.chats import Chats
from tests.kit.project import Project


@pytest.fixture
def telegram(sandbox: SandboxProcess) -> Iterator[TelegramControl]:
    """Telegram without a fault and with empty chats."""
    control = sandbox.control
    control.telegram.reset()
    yield control.telegram
    for hold in control.holds():
        control.remove(hold)
    control.telegram.reset()
    control.telegram.up()


@pytest.fixture
def chats(project: Project, telegram: TelegramControl) -> Chats:
    return Chats(project, telegram)

"""The night that the documents tell is the one that people have."""

from __future__ import annotations

from sandbox.telegram.control import TelegramControl
from tests.kit.night import PAGE, Night, rendered
from tests.kit.project import Project


def test_a_night_goes_as_the_document_tells(
    project: Project, telegram: TelegramControl
) -> None:
    night = Night(project, telegram).play()
    page = PAGE.read_text(encoding="utf-8")
    assert page == rendered(page, night), "python -m tests.kit.night writes it anew"

"""Tables and bars on a terminal, with nothing hidden in what they show."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import rich.console
from rich.console import ConsoleOptions, RenderableType
from rich.segment import Segment

from pipelines.text.hidden import visible
from pipelines.text.redaction import mask_secrets


class Console(rich.console.Console):
    """Rich's, which itself writes control characters only for what it does.

    No text is markup of styles and links: it may have a name from outside in it.
    """

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - as rich's
        """Open it with options of rich's."""
        plain = {"markup": False, "emoji": False, "highlight": False}
        super().__init__(**{**plain, **options})

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """The segments of what is shown, each in visible characters."""
        for text, style, control in super().render(renderable, options):
            shown = text if control else visible(mask_secrets(text), keep="\n")
            yield Segment(shown, style, control)

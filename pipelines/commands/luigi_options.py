"""The options of the commands that run Luigi."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import click
import luigi.interface

from pipelines.config import current_settings
from pipelines.runs import LuigiOptions, check_luigi_options
from pipelines.tasks import is_luigid_named


def luigi_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options; the command gets them as `how`."""

    @wraps(command)
    def with_how(
        *, workers: int | None, local_scheduler: bool, verbose: bool, **others: object
    ) -> None:
        current_settings()  # tells of all that is wrong, such as what is not set
        check_luigi_options()
        how = LuigiOptions(
            workers=workers or luigi.interface.core().workers,
            local_scheduler=local_scheduler or not is_luigid_named(),
            verbose=verbose,
        )
        command(how=how, **others)

    options = [
        click.option(
            "--workers",
            type=click.IntRange(min=1),
            help="How many processes work at a time; by default as [core] workers in"
            " luigi.cfg says, or 1.",
        ),
        click.option(
            "--local-scheduler",
            is_flag=True,
            help="Schedule in this process, even if luigi.cfg names a luigid.",
        ),
        click.option(
            "--verbose", "-v", is_flag=True, help="Let Luigi say what it does."
        ),
    ]
    decorated: Callable[..., None] = with_how
    for option in reversed(options):
        decorated = option(decorated)
    return decorated

"""The options of the commands that run Luigi."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import click

from pipelines.runs import LuigiOptions
from pipelines.tasks import is_luigid_named


def luigi_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options; the command gets them as `how`."""

    @wraps(command)
    def with_how(
        *, workers: int, local_scheduler: bool, verbose: bool, **others: object
    ) -> None:
        local = local_scheduler or not is_luigid_named()
        how = LuigiOptions(workers=workers, local_scheduler=local, verbose=verbose)
        command(how=how, **others)

    options = [
        click.option(
            "--workers",
            type=click.IntRange(min=1),
            default=1,
            show_default=True,
            help="How many processes work at a time.",
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

"""What of Luigi's configuration a run cannot do, and so refuses by its name.

All else works as under `luigi`, or is decided by an option of ours: the table is in
docs/configuration.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import luigi
import luigi.configuration
from luigi.interface import core
from luigi.parameter import ParameterException
from luigi.retcodes import retcode
from luigi.worker import worker

from pipelines.errors import ConfigurationError
from pipelines.tasks import EXIT_CODES

LOCKS = "runs side by side are right: the markers keep each row single"
REPEATS = "a run repeats by itself what failed: see [run] retries"

HAS: Mapping[tuple[type[luigi.Config], str], tuple[object, str]] = {
    (core, "assistant"): (False, "a run does what it was asked for, and ends"),
    (core, "no_lock"): (True, LOCKS),
    (core, "take_lock"): (False, LOCKS),
    (core, "lock_size"): (1, LOCKS),
    (worker, "keep_alive"): (False, REPEATS),
    (worker, "check_complete_on_run"): (
        True,
        "a load that brought nothing about is never taken for done",
    ),
    **{
        (retcode, option): (code, "the exit codes are those of docs/running.md")
        for option, code in EXIT_CODES.items()
    },
}
"""What a run has of an option of Luigi's, whatever luigi.cfg says, and why."""


def check_luigi_options() -> None:
    """Refuse options of Luigi's that are set to what a run by `shardline` is not.

    Raises:
        ConfigurationError: There are such; all of them are in its text.
    """
    try:
        faults = list(_refused())
    except (ValueError, ParameterException) as error:
        raise untaken_option(error) from error
    if faults:
        raise ConfigurationError(
            "; ".join(faults), step="take that out of luigi.cfg, or use `luigi`"
        )


def untaken_option(error: Exception) -> ConfigurationError:
    """What it means that Luigi raises something while it reads its options."""
    return ConfigurationError(
        f"Luigi does not take an option of its own: {error}", step="correct luigi.cfg"
    )


def _refused() -> Iterator[str]:
    config = luigi.configuration.get_config()
    sections: list[type[luigi.Config]] = [core, worker, retcode]
    taken = {section: section() for section in sections}
    for (section, option), (value, why) in HAS.items():
        name = section.__name__
        if config.has_option(name, option) and getattr(taken[section], option) != value:
            given = config.get(name, option)
            yield f"[{name}] {option} = {given} is not for shardline: {why}"

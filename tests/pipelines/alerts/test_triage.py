"""Every kind of task says what to do when it fails."""

from __future__ import annotations

import importlib

import luigi
import pytest
from luigi.task_register import Register

from pipelines import reports
from pipelines.tasks import (
    CreateTarget,
    DayEnded,
    LoadDay,
    LoadShard,
    LoadTable,
    WatchedTask,
)
from pipelines.tasks.class_lookup import PACKAGED
from pipelines.tasks.load_days import Days


def families() -> list[type[luigi.Task]]:
    """The tasks of the product, those of every table among them, but no bases."""
    for module in PACKAGED.values():
        importlib.import_module(module)
    registered = [Register.get_task_cls(name) for name in Register.task_names()]
    ours = [kind for kind in registered if kind.__module__.startswith("pipelines.")]
    assert {
        *(CreateTarget, DayEnded, LoadDay, LoadShard),
        *(LoadTable, Days, reports.MailReports),
    } <= {base for kind in ours for base in kind.__mro__}
    assert all(issubclass(kind, WatchedTask) for kind in ours)
    bases = {base for kind in ours for base in kind.__mro__[1:]}
    return sorted(set(ours) - bases, key=lambda kind: kind.__name__)


@pytest.mark.parametrize("family", families())
def test_a_family_of_tasks_has_a_triage_note_in_one_line(
    family: type[luigi.Task],
) -> None:
    note = getattr(family, "triage", "")
    assert note
    assert "\n" not in note
    assert note[0].islower()
    assert not note.endswith(".")

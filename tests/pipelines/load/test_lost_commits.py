"""The link is cut while the outcome of a transaction is on its way."""

from __future__ import annotations

import pytest

from sandbox.holds import When
from tests.kit.project import DAY, Project, finished
from tests.kit.steps import STEPS

FATEFUL = ("copy",)
"""The steps at which a link is cut in the short run too."""


def load_with_a_cut(project: Project, step: str, when: When) -> str:
    """Load a day whose link is cut at one statement, and return the shard."""
    shard = project.loadable(300)
    control = project.sandbox.control
    process = project.start_load(paused=True)
    hold = project.hold(process, step, when, "kill")
    result = finished(process)
    assert [one.hold for one in control.wait(hold)] == [hold]
    control.remove(hold)
    assert (result.code, result.err) == (0, "")
    assert len(project.rows(shard)) == 300
    assert [marker[2] for marker in project.markers()] == [300]
    return shard


def test_a_commit_that_was_done_is_found_and_not_repeated(
    logged_project: Project,
) -> None:
    load_with_a_cut(logged_project, "commit", "after")
    assert logged_project.outcomes() == ["loaded"]


def test_a_commit_that_was_not_done_is_tried_again(logged_project: Project) -> None:
    load_with_a_cut(logged_project, "commit", "before")
    assert logged_project.outcomes() == ["failed", "loaded"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "step",
    [
        pytest.param(step, marks=() if step in FATEFUL else pytest.mark.long)
        for step in STEPS
        if step != "commit"
    ],
)
def test_a_link_cut_anywhere_else_is_tried_again(
    project: Project, step: str, when: When
) -> None:
    load_with_a_cut(project, step, when)
    assert project.outcomes() == ["failed", "loaded"]


def test_a_warehouse_that_cannot_be_asked_is_asked_by_the_next_attempt(
    logged_project: Project,
) -> None:
    shard = logged_project.loadable(300)
    control = logged_project.sandbox.control
    process = logged_project.start_load(paused=True)
    cut = logged_project.hold(process, "commit", "after", "kill")
    deaf = logged_project.hold(process, "look for the marker", "before", "kill", skip=1)
    result = finished(process)
    control.remove(cut)
    control.remove(deaf)
    assert (result.code, result.err) == (0, "")
    assert len(logged_project.rows(shard)) == 300
    # The first one's marker was there, so it was the first one that loaded the day.
    assert logged_project.outcomes() == ["loaded", "present"]


def test_a_warehouse_that_cannot_be_asked_is_asked_by_the_next_run(
    logged_project: Project,
) -> None:
    shard = logged_project.loadable(300)
    control = logged_project.sandbox.control
    process = logged_project.start_load(paused=True)
    cut = logged_project.hold(process, "commit", "after", "kill")
    deaf = logged_project.hold(
        process, "look for the marker", "before", "kill", skip=1, times=100
    )
    result = finished(process)
    control.remove(cut)
    control.remove(deaf)
    assert result.code == 0, result.err
    assert len(logged_project.rows(shard)) == 300
    # Nobody could say how the attempt ended, so the log does not either.
    assert logged_project.outcomes()[0] is None
    again = logged_project.load(DAY)
    assert (again.code, again.err) == (0, "")
    assert len(logged_project.rows(shard)) == 300
    assert None not in logged_project.outcomes()

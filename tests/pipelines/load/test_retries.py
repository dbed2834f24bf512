"""What may pass is tried again, what will not is not."""

from __future__ import annotations

import pytest

from sandbox.holds import Failure
from tests.kit.project import Project, Result, finished

PASSING = [
    ("extract", Failure("deadlock victim", number=1205)),
    ("extract", Failure("lock request time out", number=1222)),
    ("use the database", Failure("in transition", number=952)),
    ("extract", Failure("version store was shrunk", number=3966)),
    ("insert the marker", Failure("lock time-out", sqlstate="55V03", rollback=True)),
    ("insert the marker", Failure("deadlock", sqlstate="40V01", rollback=True)),
    # Another load's marker was in the way, and is not there any more.
    ("insert the marker", Failure("duplicate key", sqlstate="23505", rollback=True)),
    ("copy", Failure("too many ROS containers", sqlstate="53000")),
    ("copy", Failure("a node entered the cluster", sqlstate="V1003", rollback=True)),
    ("commit", Failure("a node is shutting down", sqlstate="55000", rollback=True)),
    ("commit", Failure("node is shutting down", sqlstate="57V04", rollback=True)),
]
LASTING = [
    ("extract", Failure("SELECT permission denied", number=229)),
    ("copy", Failure("permission denied", sqlstate="42501")),
    ("insert the marker", Failure("permission denied", sqlstate="42501")),
]


def load_with(
    project: Project, step: str, failure: Failure, times: int
) -> tuple[str, Result, int]:
    """Load a day while a statement fails; the shard, the end, how often it failed."""
    shard = project.loadable(100)
    control = project.sandbox.control
    process = project.start_load(paused=True)
    hold = project.hold(process, step, action="fail", times=times, failure=failure)
    result = finished(process)
    caught = len(control.wait(hold))
    control.remove(hold)
    return shard, result, caught


@pytest.mark.parametrize(("step", "failure"), PASSING)
def test_an_error_that_passes_is_tried_again(
    logged_project: Project, step: str, failure: Failure
) -> None:
    shard, result, caught = load_with(logged_project, step, failure, times=2)
    assert (result.code, result.err, caught) == (0, "", 2)
    assert logged_project.outcomes() == ["failed", "failed", "loaded"]
    assert len(logged_project.rows(shard)) == 100


def test_an_error_that_does_not_pass_in_time_is_told(project: Project) -> None:
    step, failure = PASSING[0]
    shard, result, caught = load_with(project, step, failure, times=100)
    assert (result.code, caught) == (30, 3)
    assert "1205" in result.last_line
    assert project.outcomes() == ["failed"] * 3
    assert project.rows(shard) == []


@pytest.mark.parametrize(("step", "failure"), LASTING)
def test_an_error_that_stays_is_not_tried_again(
    project: Project, step: str, failure: Failure
) -> None:
    shard, result, caught = load_with(project, step, failure, times=100)
    assert (result.code, caught) == (30, 1)
    assert failure.message in result.last_line
    assert project.outcomes() == ["failed"]
    assert project.rows(shard) == []
    assert project.markers() == []

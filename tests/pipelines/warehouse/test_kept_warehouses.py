"""Sessions of Vertica's that a process keeps for its next load."""

from __future__ import annotations

import os

import pytest

from pipelines.errors import ShardlineError
from pipelines.warehouse import connect_warehouse
from tests.kit.project import Project


@pytest.fixture
def project(project: Project) -> Project:
    project.add_shard("first")
    project.create_target()
    return project


def test_the_next_load_has_the_same_session(project: Project) -> None:
    with connect_warehouse(project.warehouse, keep=True) as one:
        one.query("SELECT 1")
        one.commit()
    with connect_warehouse(project.warehouse, keep=True) as other:
        assert other is one
        assert other.query("SELECT 2") == [[2]]


def test_who_does_not_ask_for_a_kept_one_has_a_session_of_its_own(
    project: Project,
) -> None:
    with connect_warehouse(project.warehouse, keep=True) as kept:
        pass
    for _ in range(2):
        with connect_warehouse(project.warehouse) as own:
            assert own is not kept
            assert own.query("SELECT 1") == [[1]]


def test_nothing_is_left_open_on_a_kept_one(project: Project) -> None:
    project.on_warehouse("CREATE TABLE stage.kept (n INTEGER)")
    with connect_warehouse(project.warehouse, keep=True) as one:
        one.query("INSERT INTO stage.kept VALUES (1)")
    # It would wait for the lock of the INSERT.
    project.on_warehouse("DELETE FROM stage.kept")
    with connect_warehouse(project.warehouse, keep=True) as other:
        assert other is one
        assert other.query("SELECT n FROM stage.kept") == []


@pytest.mark.parametrize("raised", [True, False])
def test_a_session_is_not_kept_after_an_error(project: Project, raised: bool) -> None:
    try:
        with connect_warehouse(project.warehouse, keep=True) as broken:
            try:
                broken.query("SELECT 1 FROM nowhere.at_all")
            except ShardlineError:
                if raised:
                    raise
    except ShardlineError:
        assert raised
    with connect_warehouse(project.warehouse, keep=True) as other:
        assert other is not broken


def test_a_session_that_the_server_ended_meanwhile_is_replaced(
    project: Project,
) -> None:
    with connect_warehouse(project.warehouse, keep=True) as lost:
        pass
    control = project.sandbox.control
    hold = control.hold("^ROLLBACK", action="kill", client_pid=os.getpid())
    with connect_warehouse(project.warehouse, keep=True) as other:
        assert other is not lost
        assert other.query("SELECT 1") == [[1]]
    control.remove(hold)

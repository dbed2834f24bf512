"""A signal between a commit and the note of it: the log tells what was committed."""

from __future__ import annotations

from tests.kit.project import DAY, Project, Result
from tests.kit.reporting import Reporting

INTERRUPTED = """
import os, signal, sys
from pipelines import reports
from pipelines.__main__ import main
from pipelines.load import attempts

def interrupted(module):
    note = module._note
    def interrupt(*_):
        module._note = note
        os.kill(os.getpid(), signal.SIGTERM)
    module._note = interrupt

interrupted(reports if sys.argv[1] == "refresh" else attempts)
sys.argv = ["shardline", *sys.argv[1:]]
main()
"""


def interrupted(project: Project, *words: str) -> Result:
    """A command that is told to end in the moment after its commit."""
    (project.folder / "interrupted.py").write_text(INTERRUPTED, encoding="utf-8")
    return project.run("python", "interrupted.py", *words)


def test_a_load_that_was_committed_is_logged_as_loaded(project: Project) -> None:
    shard = project.loadable(10)
    result = interrupted(project, "run", "orders", "--date", DAY)
    assert result.code == 143
    assert "1 of 1 shards complete: 1 loaded" in result.out
    assert project.outcomes() == ["loaded"]
    assert len(project.rows(shard)) == 10


def test_a_reload_that_was_committed_is_logged_as_loaded(project: Project) -> None:
    project.loadable(10)
    assert project.load(DAY).code == 0
    words = ("--from", DAY, "--to", DAY, "--tables", "orders", "--reload")
    assert interrupted(project, "backfill", *words).code == 143
    assert project.outcomes() == ["loaded", "loaded"]


def test_a_refresh_that_was_committed_is_logged_as_loaded(
    reporting: Reporting,
) -> None:
    reporting.fill(reporting.add_tables(), DAY, rows=3, first=1)
    words = ("refresh", "daily_orders", "--date", DAY, "--no-mail")
    result = interrupted(reporting, *words)
    assert "1 refreshed" in result.out
    assert set(reporting.outcomes()) == {"loaded"}


BEGUN = """
import os, signal, sys
from sqlalchemy import Engine, event
from pipelines.__main__ import main

@event.listens_for(Engine, "after_cursor_execute")
def interrupt(connection, cursor, statement, *_):
    if statement.startswith("INSERT INTO sessions"):
        os.kill(os.getpid(), signal.SIGTERM)

sys.argv = ["shardline", *sys.argv[1:]]
main()
"""


def test_a_load_that_was_logged_as_begun_is_logged_as_ended(project: Project) -> None:
    project.loadable(10)
    (project.folder / "begun.py").write_text(BEGUN, encoding="utf-8")
    result = project.run("python", "begun.py", "run", "orders", "--date", DAY)
    assert result.code == 143
    assert project.outcomes() == ["failed"]

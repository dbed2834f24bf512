"""Lines for people or JSON for a collector, each with what it is about."""

from __future__ import annotations

import io
import json
import logging

import pytest

from pipelines.runtime.logs import HumanLines, JsonLines
from tests.kit.project import DAY, Project, finished, insert, orders


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("workers", ["2", pytest.param("1", marks=pytest.mark.long)])
def test_each_line_of_a_load_has_its_table_day_shard_and_session(
    project: Project, workers: str
) -> None:
    shards = [project.add_shard(name) for name in ("first", "second")]
    for shard in shards:
        insert(project, shard, orders(5))
    process = project.start(
        *("shardline", "--log-format", "json", "run", "orders", "--date", DAY),
        *("--workers", workers),
    )
    result = finished(process)
    assert result.code == 0
    loads = [one for one in lines(result.err) if "session" in one]
    assert {(one["table"], one["day"], one["shard"]) for one in loads} == {
        ("orders", DAY, shard) for shard in shards
    }
    assert {one["message"] for one in loads} == {"loaded, 5 rows"}
    assert len({one["session"] for one in loads}) == 2
    (report,) = lines(result.out)
    assert (report["rows"], report["exit_code"]) == (10, 0)


def test_failures_are_json_too_and_an_attempt_that_fails_is_a_line(
    project: Project,
) -> None:
    project.add_shard("bad", ddl="")
    project.create_target()
    result = project.run(
        *("env", "SHARDLINE_LOG_FORMAT=json"),
        *("shardline", "run", "orders", "--date", DAY),
    )
    assert result.code == 30
    told = lines(result.err)
    (attempt,) = [one for one in told if str(one["message"]).startswith("failed: ")]
    assert (attempt["shard"], attempt["attempt"]) == ("bad", 1)
    (failure,) = [one for one in told if one["level"] == "error"]
    assert str(failure["message"]).startswith(f"orders {DAY} bad: ")
    usage = project.run("shardline", "--log-format", "json", "run", "ordres")
    assert lines(usage.err)[-1]["level"] == "error"


def test_people_are_told_nothing_of_what_went_well_unless_they_ask(
    project: Project,
) -> None:
    shard = project.add_shard("first")
    insert(project, shard, orders(5))
    assert project.load(DAY).err == ""
    other = "2019-03-15"
    words = ("shardline", "run", "orders", "--date", other, "--verbose")
    result = project.run(*words)
    assert f"INFO orders {other} first: skipped, 0 rows (session " in result.err
    assert "Traceback" not in result.err


def test_no_login_of_a_url_is_logged() -> None:
    stream = io.StringIO()
    logger = logging.getLogger("test_logs")
    logger.propagate = False
    for form in (HumanLines(), JsonLines()):
        handler = logging.StreamHandler(stream)
        handler.setFormatter(form)
        logger.addHandler(handler)
    logger.warning("no answer from %r", "http://etl:s3cret@luigid:8082/")
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
    assert "s3cret" not in stream.getvalue()
    assert stream.getvalue().count("http://***@luigid:8082/") == 2

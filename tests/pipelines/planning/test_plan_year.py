"""A year of 150 shards is looked at with one query, in little memory."""

from __future__ import annotations

import json
import sys
from datetime import date, timedelta

import pytest

from benchmarks.planning import MEASURE
from sandbox.clients import connect_vertica
from tests.kit.project import Project

FIRST, DAYS, SHARDS = date(2019, 1, 1), 365, 150
MIB = 1 << 10  # in kB, as the kernel counts


@pytest.mark.long
def test_a_complete_year_takes_one_query_and_little_memory(project: Project) -> None:
    project.shards = [
        (f"mssql_{at % 3}", f"shard {at}", f"{at}") for at in range(SHARDS)
    ]
    project.create_target()
    lines = [
        f"{project.target}|{shard}|{FIRST + timedelta(days=at)}|{2**62 + at}|{at}|7\n"
        for _, shard, _ in project.shards
        for at in range(DAYS)
    ]
    with connect_vertica(project.sandbox.addresses) as connection:
        copy = "COPY stage.markers FROM STDIN DELIMITER '|' ABORT ON ERROR"
        connection.cursor().copy(copy, "".join(lines))
    control = project.sandbox.control
    second = control.hold(
        project.target, server="vertica", action="fail", skip=1, times=9
    )
    days = ("--from", "2019-01-01", "--to", "2019-12-31")
    command = (sys.executable, "-c", MEASURE, "shardline", "plan", *days, "--json")
    result = project.run(*command)
    assert result.code == 0, result.err
    found = json.loads(result.out)
    control.remove(second)
    (table,) = found["tables"]
    assert (table["complete"], table["skipped"]) == (SHARDS * (DAYS - 1), SHARDS)
    assert found["missing"] == 0
    assert int(result.err.split()[-1]) < 150 * MIB

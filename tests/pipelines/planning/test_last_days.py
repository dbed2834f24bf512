"""Which days `--last` means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from pipelines.catalog import is_day_ready, last_day_over
from pipelines.commands import shardline
from tests.kit.project import Project
from tests.kit.unreachable import UNREACHABLE

ZONES = ("Europe/Kaliningrad", "Asia/Kamchatka", "Europe/Moscow", "UTC", "Asia/Kolkata")
moments = st.datetimes(datetime(2015, 1, 1), datetime(2035, 1, 1)).map(
    lambda moment: moment.replace(tzinfo=UTC)
)


@given(
    st.lists(st.sampled_from(ZONES), min_size=1),
    st.integers(0, 48 * 60).map(lambda minutes: timedelta(minutes=minutes)),
    moments,
)
def test_the_last_day_that_is_over_is_the_last_that_may_be_loaded_everywhere(
    zones: list[str], settle: timedelta, now: datetime
) -> None:
    day = last_day_over(zones, settle, now)
    assert all(is_day_ready(day, zone, settle, now) for zone in zones)
    later = day + timedelta(days=1)
    assert not all(is_day_ready(later, zone, settle, now) for zone in zones)


def test_the_last_days_are_loaded_and_named(project: Project) -> None:
    project.add_shard("abakan")
    result = project.run("shardline", "run", "orders", "--last", "2")
    assert result.code == 0, result.err
    last = last_day_over(["Europe/Moscow"], timedelta(hours=1))
    found = [(day, rows) for _, day, rows in project.markers()]
    assert found == [(last - timedelta(days=1), 0), (last, 0)]


@pytest.mark.parametrize("options", [[], ["--last", "1", "--date", "2019-03-14"]])
@pytest.mark.parametrize("command", [["run", "orders"], ["refresh"]])
def test_days_are_named_or_counted_but_not_both(
    command: list[str], options: list[str]
) -> None:
    result = CliRunner().invoke(shardline, [*command, *options], env=UNREACHABLE)
    assert result.exit_code == 2
    assert "give days by --date or --last" in result.stderr

"""What becomes one incident, what it says, and when it is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from pipelines.alerts import (
    About,
    Event,
    Occasion,
    Sender,
    alert_for_error,
    close_incident,
    list_incidents,
    release_alerts,
)
from pipelines.alerts.channel import ChannelRefusedError
from pipelines.alerts.grouping import MOST_CAUSES
from pipelines.alerts.incidents import KEPT
from pipelines.alerts.outbox import Alert
from pipelines.catalog import Partition, Span
from pipelines.config import Settings, Warehouse
from pipelines.errors import TransientError
from pipelines.etl_db import alerts_table, etl_engine, incidents_table, new_id
from pipelines.warehouse import Marker, Markers, connect_warehouse
from tests.kit.filed_alerts import (
    DAY,
    NIGHT,
    FileChannel,
    Scripted,
    append,
    failed,
    many,
    options,
)
from tests.kit.project import Project


@pytest.fixture
def settings(etl_database: str) -> Settings:
    return options(etl_database)


@pytest.fixture
def channel(tmp_path: Path) -> FileChannel:
    return FileChannel(tmp_path / "chat")


def drain(settings: Settings, *channels: FileChannel) -> None:
    engine = etl_engine(settings.sessions.database)
    assert Sender(settings, engine, channels).drain()


def test_150_shards_with_one_cause_are_one_message(
    settings: Settings, channel: FileChannel
) -> None:
    shards = list(settings.catalog.shards)
    append(settings, *(failed(settings, shard, f"{shard} away") for shard in shards))
    drain(settings, channel)
    (line,) = channel.lines()
    assert line["headline"] == "150 of 150 shards of LoadOrders 2019-03-14 failed"
    assert line["cause"] == f"TransientError 20009: {min(shards)} away"
    assert line["facts"] == [
        "first abakan, achinsk, aleksin and 147 more",
        "since 2019-03-15 02:14 UTC",
    ]
    assert line["step"] == "look; mend it"


def test_three_causes_are_three_messages(
    settings: Settings, channel: FileChannel
) -> None:
    causes = ("the server is away", "the login was refused", "the disk is full")
    for shard in list(settings.catalog.shards)[:30]:
        append(settings, *(failed(settings, shard, cause) for cause in causes))
    drain(settings, channel)
    assert sorted(str(line["cause"]) for line in channel.lines()) == sorted(
        f"TransientError 20009: {cause}" for cause in causes
    )


def test_a_message_is_edited_as_its_incident_grows_and_says_nothing_twice(
    settings: Settings, channel: FileChannel
) -> None:
    for shard in ("abakan", "chita", "chita"):
        append(settings, failed(settings, shard))
        drain(settings, channel)
    assert [line["edit"] for line in channel.lines()] == [False, True]
    assert channel.chat() == ["#1 2 of 150 shards of LoadOrders 2019-03-14 failed"]
    assert "shards: abakan, chita" in channel.lines()[-1]["facts"]  # type: ignore[operator]


def test_the_next_night_is_a_new_message_that_counts_the_nights(
    settings: Settings, channel: FileChannel
) -> None:
    # Not to the minute, and the fifth night is a week later.
    nights = [0, 24.5, 47.5, 72, 72.5, 240]
    for at, hours in enumerate(nights):
        happened = NIGHT + timedelta(hours=hours)
        day = DAY + timedelta(days=at)
        append(settings, failed(settings, "abakan", day=day, happened=happened))
        drain(settings, channel)
    running = [str(line["facts"][-1]) for line in channel.lines()]  # type: ignore[index]
    assert [fact.partition(" ")[0] for fact in running] == [
        *("since", "2nd", "3rd", "4th", "4th", "since")
    ]
    assert [line["number"] for line in channel.lines()] == [1, 2, 3, 4, 4, 5]


def test_an_outbox_that_waited_for_days_is_told_night_by_night(
    settings: Settings, channel: FileChannel
) -> None:
    for at in range(3):
        happened = NIGHT + timedelta(days=at)
        append(settings, failed(settings, "abakan", happened=happened))
    drain(settings, channel)
    assert [line["number"] for line in channel.lines()] == [1, 2, 3]
    assert "3rd night running" in channel.lines()[-1]["facts"]  # type: ignore[operator]


def test_many_days_of_one_run_are_one_incident(
    settings: Settings, channel: FileChannel
) -> None:
    append(settings, *many(failed(settings, "abakan"), 3))
    append(settings, *many(failed(settings, "chita"), 2))
    drain(settings, channel)
    (line,) = channel.lines()
    assert line["headline"] == "5 loads of LoadOrders 2019-03-14 to 2019-03-16 failed"
    assert "2 shards, 3 days" in line["facts"]  # type: ignore[operator]


def test_a_family_with_many_causes_at_once_does_not_flood_the_chat(
    settings: Settings, channel: FileChannel
) -> None:
    words = [
        chr(ord("a") + one) + chr(ord("a") + two)
        for one in range(7)
        for two in range(7)
    ]
    append(settings, *(failed(settings, "chita", f"broken {word}") for word in words))
    drain(settings, channel)
    assert len(channel.lines()) == MOST_CAUSES + 1
    (rest,) = [
        x for x in channel.lines() if str(x["cause"]).startswith("many different")
    ]
    assert rest["number"] == MOST_CAUSES + 1


def test_what_waits_for_a_repetition_is_not_told_before_its_time(
    settings: Settings, channel: FileChannel
) -> None:
    append(settings, failed(settings, "chita", held=timedelta(days=36_500)))
    drain(settings, channel)
    assert channel.lines() == []
    assert (
        list_incidents(etl_engine(settings.sessions.database), also_closed=True) == []
    )


def test_of_a_failure_that_is_told_again_the_last_telling_counts(
    settings: Settings, channel: FileChannel
) -> None:
    def died(why: str, held: timedelta) -> Alert:
        about = About("LoadOrders", "1", "orders", DAY, "chita")
        occasion = Occasion(Event.PROCESS_FAILURE, run=7, again=True, held=held)
        return alert_for_error(TransientError(why), about, occasion, settings.catalog)

    append(settings, died("it was killed", timedelta(hours=1)))
    append(settings, died("it was killed again", timedelta(0)))
    append(settings, died("it was killed again", timedelta(hours=2)))
    drain(settings, channel)
    append(settings, died("it was killed once more", timedelta(hours=1)))
    drain(settings, channel)
    (line,) = channel.lines()
    assert line["cause"] == "TransientError: it was killed again"


def test_the_end_of_a_run_makes_what_failed_in_it_count_and_nothing_else(
    settings: Settings, channel: FileChannel
) -> None:
    held = timedelta(hours=1)
    today = datetime.now(UTC)
    ended = failed(settings, "chita", held=held, happened=today)
    waiting = failed(settings, "moscow", "not over", held=held, happened=today)
    append(settings, ended, replace(waiting, run=8))
    release_alerts(etl_engine(settings.sessions.database), ended.run)
    drain(settings, channel)
    (line,) = channel.lines()
    assert line["facts"][0] == "shards: chita"  # type: ignore[index]


def test_failures_leave_the_outbox_weeks_after_the_end_of_their_incident_was_told(
    settings: Settings, channel: FileChannel
) -> None:
    for cause in ("the server is away", "the login was refused", "the disk is full"):
        append(settings, failed(settings, "chita", cause))
    drain(settings, channel)
    engine = etl_engine(settings.sessions.database)
    number = incidents_table.c.number
    with engine.begin() as connection:
        close_incident(connection, 1)
    long_ago = sa.update(incidents_table).values(closed=datetime.now(UTC) - KEPT)
    with engine.begin() as connection:
        connection.execute(long_ago.where(number.in_([1, 3])))
    left = []
    for _ in range(2):
        drain(settings, channel)
        with engine.connect() as connection:
            rows = connection.scalars(sa.select(alerts_table.c.incident))
            left.append(sorted(rows))
    assert left == [[2, 3], [2]]
    assert channel.chat()[-1] == "#3 1 of 150 shards of LoadOrders 2019-03-14"
    known = list_incidents(engine, also_closed=True)
    assert [incident.number for incident in known] == [1, 2, 3]


@pytest.mark.parametrize("count", [600, pytest.param(10_000, marks=pytest.mark.long)])
def test_many_failures_are_grouped_some_at_a_time(
    settings: Settings, channel: FileChannel, count: int
) -> None:
    causes = ("the server is away", "the login was refused", "the disk is full")
    each = count // 3
    for cause in causes:
        append(settings, *many(failed(settings, "chita", cause), each))
    engine = etl_engine(settings.sessions.database)
    statements: list[object] = []
    sa.event.listen(engine, "after_cursor_execute", lambda *_: statements.append(1))
    drain(settings, channel)
    told = [str(line["headline"]) for line in channel.lines()]
    assert [headline.partition(" ")[0] for headline in told] == [str(each)] * 3
    assert len(statements) < 100 + count / 20


@pytest.fixture
def in_warehouse(project: Project, etl_database: str) -> Settings:
    """Settings whose markers are in the sandbox, in a table of the test's own."""
    at = project.sandbox.addresses
    warehouse = Warehouse(
        host=at.vertica.host,
        port=at.vertica.port,
        user=at.user,
        password=SecretStr(at.password),
        database=at.database,
        tlsmode="disable",
    )
    found = options(etl_database, warehouse)
    project.add_shard()
    project.create_target()
    table = found.catalog.table("orders").model_copy(update={"target": project.target})
    tables = {**found.catalog.tables, "orders": table}
    catalog = found.catalog.model_copy(update={"tables": tables})
    return found.model_copy(update={"catalog": catalog})


def mark(settings: Settings, shard: str, day: date = DAY) -> None:
    with connect_warehouse(settings.warehouse) as connection:
        markers = Markers(connection, settings.warehouse.markers)
        table = settings.catalog.table("orders")
        partition = Partition(table, settings.catalog.shard(shard), day)
        markers.insert_all(Span.of(partition), {day: Marker(new_id(), 1, 0)})
        connection.commit()


def test_an_incident_is_over_when_all_its_markers_are_there(
    in_warehouse: Settings, channel: FileChannel
) -> None:
    rows = [failed(in_warehouse, shard) for shard in ("abakan", "chita")]
    append(in_warehouse, *rows, failed(in_warehouse, "moscow", "the login was refused"))
    drain(in_warehouse, channel)
    mark(in_warehouse, "abakan")
    drain(in_warehouse, channel)
    assert not any(line["recovered"] for line in channel.lines())
    mark(in_warehouse, "chita")
    drain(in_warehouse, channel)
    drain(in_warehouse, channel)
    assert channel.chat() == [
        "#1 2 of 150 shards of LoadOrders 2019-03-14 failed",
        "#2 1 of 150 shards of LoadOrders 2019-03-14 failed",
        "#1 2 of 150 shards of LoadOrders 2019-03-14",
    ]
    (left,) = list_incidents(
        etl_engine(in_warehouse.sessions.database), also_closed=False
    )
    assert left.number == 2


def test_the_failure_of_a_whole_day_is_over_when_every_shard_has_its_marker(
    in_warehouse: Settings, channel: FileChannel
) -> None:
    append(in_warehouse, failed(in_warehouse, None))
    drain(in_warehouse, channel)
    first, *others = in_warehouse.catalog.shards
    mark(in_warehouse, first)
    drain(in_warehouse, channel)
    assert not any(line["recovered"] for line in channel.lines())
    for shard in others:
        mark(in_warehouse, shard)
    drain(in_warehouse, channel)
    assert [line["recovered"] for line in channel.lines()] == [False, True]


def test_what_is_over_before_anybody_was_told_is_not_told(
    in_warehouse: Settings, channel: FileChannel
) -> None:
    append(in_warehouse, failed(in_warehouse, "abakan"))
    mark(in_warehouse, "abakan")
    drain(in_warehouse, channel)
    assert channel.lines() == []


@pytest.mark.parametrize("cause", ["the server is away", "the disk is full"])
def test_what_is_mended_before_it_counts_is_not_told_while_something_is_open(
    in_warehouse: Settings, channel: FileChannel, cause: str
) -> None:
    """Whether it would have been a part of what is open, or an incident of its own."""
    engine = etl_engine(in_warehouse.sessions.database)
    sender = Sender(in_warehouse, engine, [channel])
    append(in_warehouse, failed(in_warehouse, "abakan"))
    assert sender.lease.take()
    sender.send()
    mark(in_warehouse, "chita")
    append(in_warehouse, failed(in_warehouse, "chita", cause))
    sender.send()
    sender.send(last=True)
    assert channel.chat() == ["#1 1 of 150 shards of LoadOrders 2019-03-14 failed"]


def test_what_is_mended_of_an_incident_before_that_is_shown_is_not_told(
    in_warehouse: Settings, channel: FileChannel
) -> None:
    engine = etl_engine(in_warehouse.sessions.database)
    shards = ("abakan", "chita", "moscow")
    append(in_warehouse, *(failed(in_warehouse, shard) for shard in shards))
    silent = Scripted("silent", [ChannelRefusedError("kicked out of the chat")])
    Sender(in_warehouse, engine, [silent]).drain()
    mark(in_warehouse, "chita")
    drain(in_warehouse, channel)
    assert channel.chat() == ["#1 2 of 150 shards of LoadOrders 2019-03-14 failed"]
    assert "shards: abakan, moscow" in channel.lines()[-1]["facts"]  # type: ignore[operator]


def test_what_was_mended_untold_is_told_when_it_fails_again(
    in_warehouse: Settings, channel: FileChannel
) -> None:
    def died(asked: datetime | None) -> Alert:
        about = About("LoadOrders", "1", "orders", DAY, "chita", asked=asked)
        occasion = Occasion(Event.PROCESS_FAILURE, run=7, again=True)
        error = TransientError("it was killed")
        return alert_for_error(error, about, occasion, in_warehouse.catalog)

    mark(in_warehouse, "chita")
    append(in_warehouse, died(None))
    drain(in_warehouse, channel)
    assert channel.lines() == []
    # Asked for again since then, as a recheck does.
    append(in_warehouse, died(datetime.now(UTC)))
    drain(in_warehouse, channel)
    assert channel.chat() == ["#1 1 of 150 shards of LoadOrders 2019-03-14 failed"]


def test_what_is_not_known_to_be_mended_is_told(
    settings: Settings, channel: FileChannel
) -> None:
    append(settings, failed(settings, "abakan"))
    drain(settings, channel)
    append(settings, failed(settings, "chita", "the disk is full"))
    drain(settings, channel)
    assert len(channel.chat()) == 2


def test_a_failure_of_a_whole_day_is_over_when_every_shard_is_there(
    in_warehouse: Settings, channel: FileChannel
) -> None:
    shards = dict(list(in_warehouse.catalog.shards.items())[:2])
    small = in_warehouse.catalog.model_copy(update={"shards": shards})
    settings = in_warehouse.model_copy(update={"catalog": small})
    append(
        settings, failed(settings, None), failed(settings, None, family="CreateTarget")
    )
    table = replace(failed(settings, None, family="MakeTarget"), day=None)
    append(
        settings,
        table,
        replace(table, id=new_id(), family="MakeNothing", subject="none"),
    )
    for shard in shards:
        drain(settings, channel)
        mark(settings, shard)
    drain(settings, channel)
    assert channel.chat() == [
        "#1 CreateTarget orders 2019-03-14 failed",
        "#2 LoadOrders orders 2019-03-14 failed",
        "#3 MakeNothing none failed",
        "#1 CreateTarget orders 2019-03-14",
        "#2 LoadOrders orders 2019-03-14",
    ]


def test_the_log_is_asked_once_for_all_that_was_to_be_replaced(
    in_warehouse: Settings, channel: FileChannel
) -> None:
    engine = etl_engine(in_warehouse.sessions.database)
    shards = ("abakan", "chita", "moscow")
    asked = datetime.now(UTC)
    rows = [replace(failed(in_warehouse, one), asked=asked) for one in shards]
    append(in_warehouse, *rows)
    for shard in shards:
        mark(in_warehouse, shard)
    drain(in_warehouse, channel)
    statements: list[str] = []

    def note(_link: object, _cursor: object, sql: str, *_: object) -> None:
        statements.append(sql)

    sa.event.listen(engine, "before_cursor_execute", note)
    sender = Sender(in_warehouse, engine, [channel])
    assert sender.lease.take()
    sender.send()
    sa.event.remove(engine, "before_cursor_execute", note)
    # The markers' attempts are not in the log, so they may be older.
    assert channel.chat() == ["#1 3 of 150 shards of LoadOrders 2019-03-14 failed"]
    assert len([sql for sql in statements if "FROM sessions" in sql]) == 1

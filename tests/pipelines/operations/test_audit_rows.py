"""Who wished what is on record, is never changed, and is found."""

from __future__ import annotations

import logging
import signal
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy import Engine

from pipelines.errors import ConfigurationError, TransientError
from pipelines.etl_db import audit_table, etl_engine, prune
from pipelines.operations import (
    AuditEntry,
    AuditFilter,
    Ending,
    Wish,
    audited,
    find_caller,
    list_audit,
    record_end,
    record_refusal,
    record_wish,
    shell_caller,
    shell_place,
)
from pipelines.runtime import Stop
from pipelines.text import known_secrets
from tests.kit.operations import CHAT, somebody, telegram

NOWHERE = SecretStr("sqlite:////dev/null/etl.db")


def wished(engine: Engine, verb: str, **values: object) -> int:
    wish = Wish(shell_caller(), shell_place(), verb, **values)  # type: ignore[arg-type]
    with engine.begin() as connection:
        return record_wish(connection, wish)


def all_of(engine: Engine) -> list[AuditEntry]:
    return list_audit(engine, AuditFilter(), 99)


def test_a_wish_and_its_end_are_read_together(engine: Engine) -> None:
    number = wished(
        engine, "clear", arguments="--day 1", plan="in all: 5", plan_digest="a" * 64
    )
    with engine.begin() as connection:
        record_end(connection, number, Ending.FAILED, "the warehouse is away")
    (entry,) = all_of(engine)
    assert entry.number == number
    assert entry.who == entry.identity == str(shell_caller().identity)
    assert (entry.place, entry.verb, entry.arguments) == (
        shell_place(),
        "clear",
        "--day 1",
    )
    assert (entry.plan, entry.plan_digest) == ("in all: 5", "a" * 64)
    assert (entry.allowed, entry.ending) == (True, Ending.FAILED)
    assert entry.detail == "the warehouse is away"
    assert entry.ended
    assert timedelta(0) <= entry.ended - entry.moment < timedelta(minutes=1)
    assert abs(entry.moment - datetime.now(UTC)) < timedelta(minutes=1)


def test_of_two_ends_the_first_stays(engine: Engine) -> None:
    number = wished(engine, "run")
    for ending in (Ending.INTERRUPTED, Ending.DONE):
        with engine.begin() as connection:
            record_end(connection, number, ending)
    assert [entry.ending for entry in all_of(engine)] == [Ending.INTERRUPTED]


def test_a_wish_is_one_commit_with_what_comes_of_it(engine: Engine) -> None:
    with engine.connect() as connection:
        record_wish(connection, Wish(shell_caller(), shell_place(), "run"))
        connection.rollback()
    assert all_of(engine) == []


@pytest.mark.parametrize("change", [sa.update(audit_table).values(verb="x")])
def test_no_row_is_changed(engine: Engine, change: sa.Update) -> None:
    wished(engine, "run")
    with pytest.raises(sa.exc.DBAPIError, match="never changed"):  # noqa: SIM117
        with engine.begin() as connection:
            connection.execute(change)
    assert [entry.verb for entry in all_of(engine)] == ["run"]


@pytest.mark.parametrize("statement", ["DELETE FROM audit", "TRUNCATE audit"])
def test_no_row_is_deleted(engine: Engine, statement: str) -> None:
    wished(engine, "run")
    if engine.dialect.name == "sqlite":
        statement = "DELETE FROM audit"
    with pytest.raises(sa.exc.DBAPIError, match="never changed"):  # noqa: SIM117
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)
    prune(engine, timedelta(0))
    assert [entry.verb for entry in all_of(engine)] == ["run"]


def test_no_text_from_outside_does_harm(engine: Engine) -> None:
    known_secrets().add("hunter2-of-the-warehouse")
    number = wished(
        engine,
        "que\x1b[2Jry",
        arguments="hunter2-of-the-warehouse\u202e\n#1 done " + "x" * 50_000,
        plan="line\r\nline",
        detail="\ud800\x00",
    )
    with engine.begin() as connection:
        record_end(connection, number, Ending.DONE, "hunter2-of-the-warehouse")
    (entry,) = all_of(engine)
    assert entry.verb == r"que\x1b[2Jry"
    assert entry.arguments.startswith(r"***\u202e #1 done xxx")
    assert len(entry.arguments) == 500
    assert "hunter2" not in str(entry)


def test_each_filter_finds_what_it_names_newest_first(engine: Engine) -> None:
    anna = somebody(engine, "Anna", 5)
    stranger = find_caller(engine, telegram(6))
    for caller in (anna, shell_caller(), anna):
        for verb in ("run", "refresh"):
            with engine.begin() as connection:
                record_wish(connection, Wish(caller, CHAT, verb))
    record_refusal(engine, Wish(stranger, CHAT, "run"), "a stranger")

    def found(**values: object) -> list[tuple[str, str]]:
        which = AuditFilter(**values)  # type: ignore[arg-type]
        return [(one.who, one.verb) for one in list_audit(engine, which, 99)]

    shell = shell_caller().who
    accepted = ("Anna", "accept an invitation")
    everything = [
        ("telegram:6", "run"),
        ("Anna", "refresh"),
        ("Anna", "run"),
        (shell, "refresh"),
        (shell, "run"),
        ("Anna", "refresh"),
        ("Anna", "run"),
        accepted,
    ]
    assert found() == everything
    assert found(who="Anna") == [one for one in everything if one[0] == "Anna"]
    assert found(who=shell, verb="run") == [(shell, "run")]
    assert found(refused=True) == [("telegram:6", "run")]
    today = datetime.now(UTC).date()
    assert found(day=today) == everything
    assert found(day=today - timedelta(days=1), who="Anna") == []
    assert found(day=date(2999, 1, 1)) == []


def test_pages_follow_each_other_without_a_gap_within_one_moment(
    engine: Engine,
) -> None:
    texts = ("who", "identity", "place", "verb", "arguments", "plan", "detail")
    one = {**dict.fromkeys(texts, "x"), "moment": datetime.now(UTC), "allowed": True}
    rows = [{**one, "number": number} for number in range(1, 11)]
    with engine.begin() as connection:
        connection.execute(sa.insert(audit_table), rows)
    pages: list[int] = []
    before = None
    while page := list_audit(engine, AuditFilter(before=before, verb="x"), 3):
        pages += [entry.number for entry in page]
        before = pages[-1]
    assert pages == list(range(10, 0, -1))


@pytest.mark.parametrize(
    ("error", "ending", "detail"),
    [
        (None, Ending.DONE, ""),
        (SystemExit(0), Ending.DONE, ""),
        (SystemExit(30), Ending.FAILED, "exit code 30"),
        (
            TransientError("gone", step="wait"),
            Ending.FAILED,
            "exit code 30: gone; wait",
        ),
        (ZeroDivisionError("oh"), Ending.FAILED, "exit code 40"),
        (KeyboardInterrupt(), Ending.INTERRUPTED, "exit code 130"),
        (Stop(signal.SIGTERM), Ending.INTERRUPTED, "exit code 143"),
    ],
)
def test_a_command_is_there_before_it_begins_and_with_its_end(
    engine: Engine,
    etl_database: str,
    error: BaseException | None,
    ending: Ending,
    detail: str,
) -> None:
    wish = Wish(shell_caller(), shell_place(), "run")

    def command() -> None:
        with audited(SecretStr(etl_database), wish):
            (entry,) = all_of(engine)
            assert (entry.verb, entry.ending) == ("run", None)
            if error:
                raise error

    if error:
        with pytest.raises(type(error)):
            command()
    else:
        command()
    (entry,) = all_of(engine)
    assert (entry.ending, entry.detail) == (ending, detail)


def test_a_command_goes_on_without_the_audit_and_that_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    wish = Wish(shell_caller(), shell_place(), "clear", "--yes")
    done = []
    with audited(NOWHERE, wish, needs_database=False):
        assert "the audit lacks that shell:" in caplog.text
        done.append("it")
    assert done
    assert [one.levelname for one in caplog.records] == ["WARNING", "WARNING"]


def test_what_the_command_tells_itself_is_not_told_twice(
    caplog: pytest.LogCaptureFixture,
) -> None:
    wish = Wish(shell_caller(), shell_place(), "run")
    with (
        caplog.at_level(logging.WARNING),
        pytest.raises(ConfigurationError, match="cannot be used"),
        audited(NOWHERE, wish),
    ):
        etl_engine(NOWHERE)
    assert caplog.records == []


def test_an_outage_that_is_over_at_the_end_costs_no_row(
    engine: Engine, etl_database: str
) -> None:
    wish = Wish(shell_caller(), shell_place(), "run")
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE audit RENAME TO away")
    with audited(SecretStr(etl_database), wish), engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO audit")
    (entry,) = all_of(engine)
    assert (entry.verb, entry.ending) == ("run", Ending.DONE)

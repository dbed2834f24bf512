"""What the audit has: wishes, newest first, each with its end if there is one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ColumnElement, Engine, RowMapping, Select, false, select, tuple_

from pipelines.etl_db import as_utc, audit_table, etl_db_errors
from pipelines.operations.audit.records import Ending


@dataclass(frozen=True)
class AuditFilter:
    """Which wishes are listed; None does not matter.

    Attributes:
        who: A person's name, or the identity of somebody who has none.
        verb: What was wished.
        refused: Only those that were refused.
        day: Of one day, in UTC.
        before: Only those before this number, for the next page.
    """

    who: str | None = None
    verb: str | None = None
    refused: bool = False
    day: date | None = None
    before: int | None = None


@dataclass(frozen=True)
class AuditEntry:
    """A wish, and how it ended.

    Attributes:
        ending: None if it was refused, or nothing was written of its end: it goes on,
            or its process was killed.
        detail: Why it was refused, or what else there is to tell of its end.
    """

    number: int
    moment: datetime
    who: str
    identity: str
    place: str
    verb: str
    arguments: str
    allowed: bool
    plan: str
    plan_digest: str | None
    ending: Ending | None
    ended: datetime | None
    detail: str


def list_audit(engine: Engine, which: AuditFilter, last: int) -> list[AuditEntry]:
    """The newest wishes of those that fit, newest first.

    Args:
        engine: The ETL database.
        which: Which fit.
        last: How many, at most.

    Raises:
        ShardlineError: The ETL database cannot be read.
    """
    query = _query(which, last)
    with etl_db_errors("the audit cannot be read"), engine.connect() as connection:
        return [_entry(row) for row in connection.execute(query).mappings()]


def _query(which: AuditFilter, last: int) -> Select[tuple[object, ...]]:
    wish, end = audit_table.c, audit_table.alias()
    # Cut first: an end is looked up for what is shown only.
    page = (
        select(audit_table)
        .where(wish.of.is_(None), *_conditions(which))
        .order_by(wish.moment.desc(), wish.number.desc())
        .limit(last)
        .subquery()
    )
    return (
        select(
            page,
            end.c.ending.label("end_ending"),
            end.c.moment.label("end_moment"),
            end.c.detail.label("end_detail"),
        )
        .outerjoin_from(page, end, end.c.of == page.c.number)
        .order_by(page.c.moment.desc(), page.c.number.desc())
    )


def _conditions(which: AuditFilter) -> Iterator[ColumnElement[bool]]:
    wish = audit_table.c
    if which.who is not None:
        yield wish.who == which.who
    if which.verb is not None:
        yield wish.verb == which.verb
    if which.refused:
        yield wish.allowed == false()
    if which.day is not None:
        begin = datetime.combine(which.day, time(), UTC)
        yield wish.moment >= begin
        yield wish.moment < begin + timedelta(days=1)
    if which.before is not None:
        other = audit_table.alias().c
        moment = select(other.moment).where(other.number == which.before)
        older = tuple_(moment.scalar_subquery(), which.before)
        yield tuple_(wish.moment, wish.number) < older


def _entry(row: RowMapping) -> AuditEntry:
    ending, ended = row["end_ending"], row["end_moment"]
    return AuditEntry(
        number=row["number"],
        moment=as_utc(row["moment"]),
        who=row["who"],
        identity=row["identity"],
        place=row["place"],
        verb=row["verb"],
        arguments=row["arguments"],
        allowed=row["allowed"],
        plan=row["plan"],
        plan_digest=row["plan_digest"],
        ending=Ending(ending) if ending else None,
        ended=as_utc(ended) if ended else None,
        detail=row["end_detail"] or row["detail"],
    )

"""Hostile values come through as they are, or are refused whole."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sandbox.holds import Failure
from tests.kit.project import Project, insert, orders
from tests.kit.steps import STEPS

DAY = "2019-03-14"
NOTES_DDL = (
    "CREATE TABLE dbo.Notes (id bigint NOT NULL, at datetime2 NOT NULL,"
    " big bigint NULL, small smallint NULL, tiny tinyint NULL, yes bit NULL,"
    " moment datetime2 NULL, uid uniqueidentifier NULL,"
    " text nvarchar(400) NULL, code varchar(20) NULL)"
)
NOTES = """
[orders]
query = "SELECT * FROM dbo.Notes"
date_column = "at"
key = "id"
target = "{schema}.orders"

[orders.columns]
id = "bigint"
at = "datetime2"
big = "bigint null"
small = "smallint null"
tiny = "tinyint null"
yes = "bit null"
moment = "datetime2 null"
uid = "uniqueidentifier null"
text = "nvarchar(400) null"
code = "varchar(20) null"
"""
COLUMNS = ("id", "big", "small", "tiny", "yes", "moment", "uid", "text", "code")
TEXTS = [
    "|",
    '"',
    "\\",
    "a\nb",
    "\r\n",
    "\t",
    "NUL",
    "NULL",
    "\\N",
    "",
    None,
    " ",
    "trailing ",
    "'; DROP TABLE x; --",
    "🚕🚖",
    "Ωmega Ж 你好",
    "%s %(x)s :id",
    "é" * 400,
    "🚕" * 200,
    "\x01\x02\x03",
]
MOMENTS = [
    ("0001-01-01T00:00:00", dt.datetime(1, 1, 1)),
    ("9999-12-31T23:59:59.9999999", dt.datetime(9999, 12, 31, 23, 59, 59, 999999)),
    ("2019-03-14T12:00:00.9999999", dt.datetime(2019, 3, 14, 12, 0, 0, 999999)),
    ("1999-12-31T23:59:59.999999", dt.datetime(1999, 12, 31, 23, 59, 59, 999999)),
    ("2000-01-01T00:00:00.000001", dt.datetime(2000, 1, 1, 0, 0, 0, 1)),
    (None, None),
]


def notes(project: Project, *rows: dict[str, object]) -> str:
    """A shard of notes with these rows."""
    project.tables = NOTES
    shard = project.add_shard(ddl=NOTES_DDL)
    for at, row in enumerate(rows, start=1):
        full = {"id": at, "at": f"{DAY}T12:00:00", **row}
        names = ", ".join(full)
        places = ", ".join(["%s"] * len(full))
        project.on_shard(
            shard,
            f"INSERT INTO dbo.Notes ({names}) VALUES ({places})",
            tuple(full.values()),
        )
    return shard


def loaded(project: Project) -> list[list[object]]:
    return project.on_warehouse(
        f"SELECT {', '.join(COLUMNS)} FROM {project.target} ORDER BY id"
    )


def test_texts_come_through_value_by_value(project: Project) -> None:
    notes(project, *({"text": text} for text in TEXTS))
    assert project.load(DAY).code == 0
    assert [row[7] for row in loaded(project)] == TEXTS


def test_text_of_a_code_page_comes_through(project: Project) -> None:
    codes = ["plain", "naïve €", "", None]
    notes(project, *({"code": code} for code in codes))
    assert project.load(DAY).code == 0
    assert [row[8] for row in loaded(project)] == codes


def test_integers_come_through_to_their_extremes(project: Project) -> None:
    rows: list[dict[str, object]] = [
        {"id": 2**63 - 1, "big": -(2**63) + 1, "small": -(2**15), "tiny": 0},
        {"id": -(2**63) + 1, "big": 2**63 - 1, "small": 2**15 - 1, "tiny": 255},
        {"id": 0, "big": None, "small": None, "tiny": None},
    ]
    notes(project, *rows)
    assert project.load(DAY).code == 0
    assert [row[:4] for row in loaded(project)] == sorted(
        [list(row.values()) for row in rows], key=lambda row: int(str(row[0]))
    )


def test_moments_are_cut_to_microseconds_and_never_rounded(project: Project) -> None:
    notes(project, *({"moment": written} for written, _ in MOMENTS))
    result = project.load(DAY)
    assert result.code == 0, result.err
    assert [row[5] for row in loaded(project)] == [at for _, at in MOMENTS]


def test_bits_and_uuids_come_through(project: Project) -> None:
    uids = [UUID(int=0), UUID(int=2**128 - 1), UUID(int=0x0123456789ABCDEF << 60), None]
    bits = [True, False, None, None]
    notes(
        project,
        *(
            {"uid": str(uid) if uid else None, "yes": bit}
            for uid, bit in zip(uids, bits, strict=True)
        ),
    )
    assert project.load(DAY).code == 0
    assert [row[6] for row in loaded(project)] == uids
    assert [row[4] for row in loaded(project)] == bits


def test_the_integer_that_is_verticas_null_is_refused_and_loads_nothing(
    project: Project,
) -> None:
    shard = notes(project, {"big": 1}, {"big": -(2**63)})
    result = project.load(DAY)
    assert result.code == 30
    told = f"orders {DAY} {shard}: a value cannot be stored: row 1 (key 2)"
    assert result.last_line.startswith(f"{told}, column 'big'")
    assert loaded(project) == []
    assert project.markers() == []


def test_a_text_longer_than_its_column_is_refused_and_loads_nothing(
    project: Project,
) -> None:
    notes(project, {"text": "fits"}, {"text": "é" * 31})
    project.tables = NOTES.replace("nvarchar(400)", "nvarchar(20)")
    server, describes = STEPS["describe the query"]
    hold = project.sandbox.control.hold(
        describes,
        server=server,
        action="fail",
        failure=Failure("no permission", number=297),
    )
    result = project.load(DAY)
    project.sandbox.control.remove(hold)
    assert result.code == 30
    assert "column 'text'" in result.last_line
    assert loaded(project) == []
    assert project.markers() == []


NAMES = [
    "St. Petersburg / Ленинград",
    "O'Hare",
    'quo"ted',
    "brack]et[s",
    "100% :name %s",
    "semi;colon--",
    "back\\slash",
    "🚕",
    " leading and trailing ",
    "new\nline",
    "x" * 100,
    "Upper Lower",
]


def test_a_shard_may_be_called_whatever_a_database_may(project: Project) -> None:
    for name in NAMES:
        insert(project, project.add_shard(name), orders(3))
    result = project.load(DAY)
    assert (result.code, result.err) == (0, "")
    for name in NAMES:
        assert len(project.rows(name)) == 3, name
    day = dt.date(2019, 3, 14)
    assert sorted(project.markers()) == sorted([name, day, 3] for name in NAMES)
    again = project.load(DAY, shards=NAMES)
    assert f"{len(NAMES)} already there" in again.out

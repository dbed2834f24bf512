"""Rows from under the driver are those that it gives, and so are errors."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pymssql
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from lowlevel import Column, NativeEncoder
from lowlevel.rows import DriverLibrary, SourceRows, UnknownDriverError
from pipelines.catalog import DayRange, Shard, Span, Table
from pipelines.catalog.columns import (
    BINARY_TYPES,
    DECIMAL_TYPES,
    PLAIN_TYPES,
    TEXT_TYPES,
)
from pipelines.commands.screens.connection_tests import check
from pipelines.config import LoadOptions, RowsMode
from pipelines.config import Server as Options
from pipelines.errors import PermanentError, ShardlineError, TransientError
from pipelines.load import DayEncoders
from pipelines.source import (
    LostLinkError,
    SourceConnection,
    connect_source,
    extract_encoded,
    why_tuples,
)
from pipelines.source.driver_rows import _driver_library
from sandbox.engine import Engine
from tests.kit.tds_server import PASSWORD, USER, Server
from tests.kit.tds_strategies import AT, BIGINT, FIRST, KEY, Answer, Pack, answers
from tests.kit.tds_stream import (
    DONE,
    DONE_ERROR,
    MORE,
    RUSSIAN,
    columns,
    done,
    long,
    message,
    packets,
    row,
    short,
    sized,
)
from tests.kit.tds_stub import OCTETS, TdsStub, cut, reset

MODES: list[RowsMode] = ["fast", "tuples"]
CATALOG_TYPES = [*TEXT_TYPES, *BINARY_TYPES, *DECIMAL_TYPES, *PLAIN_TYPES]
SHARD = Shard(name="shop", server="mssql_0", database="master", time_zone="UTC")
VARIANT = b"\x62\x49\x1f\0\0"
GEOGRAPHY = b"\xf0\xff\xff\0\0\x01g\0\0\0"
"""A type of the CLR's (UDT_INFO), whose name is g."""


@pytest.fixture(scope="module")
def stub() -> Iterator[TdsStub]:
    with closing(Engine(None)) as engine:
        server = Server(engine)
        with TdsStub(server.host, server.port, "WHERE q.") as running:
            yield running
        server.stop()


@pytest.fixture
def connection(stub: TdsStub) -> Iterator[SourceConnection]:
    with connect_source(options(stub), SHARD) as connected:
        yield connected


def options(stub: TdsStub) -> Options:
    return Options(
        host="127.0.0.1",
        port=stub.port,
        user=USER,
        password=SecretStr(PASSWORD),
        encryption="off",
        login_timeout=5,
        timeout=2,
        transfer_timeout=60,
    )


def span(declared: dict[str, str], days: int = 1) -> Span:
    table = Table.model_validate(
        {
            "name": "orders",
            "query": "SELECT * FROM dbo.T",
            "date_column": "at",
            "key": "id",
            "target": "stage.orders",
            "columns": {"id": "bigint", "at": "datetime2", **declared},
        }
    )
    return Span(table, SHARD, DayRange(FIRST, FIRST + timedelta(days - 1)))


@dataclass
class Read:
    """What came of an extract."""

    octets: bytes
    markers: dict[date, object]
    error: ShardlineError | None

    @property
    def told(self) -> tuple[object, ...] | None:
        error = self.error
        if error is None:
            return None
        lost = (error.rows, error.first) if isinstance(error, LostLinkError) else ()
        return (type(error), str(error), error.code, lost, repr(error.__cause__))


def read(
    connection: SourceConnection,
    wanted: Span,
    mode: RowsMode,
    most_rows: int = 1_000_000,
) -> Read:
    encoders = DayEncoders(wanted, dict.fromkeys(wanted.days, 7), most_rows)
    octets, error = b"", None
    try:
        for piece in extract_encoded(
            connection, wanted, LoadOptions(rows=mode), encoders
        ):
            octets += piece
    except ShardlineError as raised:
        octets, error = b"", raised
    return Read(octets, dict(encoders.markers) if error is None else {}, error)


def read_anew(stub: TdsStub, wanted: Span, mode: RowsMode) -> Read:
    with connect_source(options(stub), SHARD) as connected:
        return read(connected, wanted, mode)


def assert_same(one: Read, other: Read) -> None:
    assert one.told == other.told
    assert one.markers == other.markers
    assert one.octets == other.octets


def moment(at: datetime) -> bytes:
    ticks = (at - datetime.combine(at.date(), datetime.min.time())) / timedelta(
        microseconds=1
    )
    return (int(ticks) * 10).to_bytes(5, "little") + (at.toordinal() - 1).to_bytes(
        3, "little"
    )


def plain(key: int, day: date = FIRST) -> bytes:
    noon = datetime.combine(day, datetime.min.time()) + timedelta(hours=12)
    return row([sized(struct.pack("<q", key)), sized(moment(noon))])


HEAD = columns([KEY, AT])
NOON = sized(moment(datetime(2019, 3, 14, 12)))
MANY = b"".join(map(plain, range(20_000)))


def lost(client: socket.socket) -> None:
    client.sendall(packets(HEAD + MANY + plain(7)[:-3], whole=False))
    cut(client)


def broken(client: socket.socket) -> None:
    client.sendall(packets(HEAD + MANY, whole=False))
    reset(client)


def killed(client: socket.socket) -> None:
    said = HEAD + MANY + message(596, "the session is killed", 21)
    client.sendall(packets(said, whole=False))
    cut(client)


def silent(client: socket.socket) -> None:
    client.sendall(packets(HEAD + MANY, whole=False))


def says(body: bytes) -> Callable[[socket.socket], None]:
    return lambda client: client.sendall(packets(body))


DIVIDED = message(8134, "Divide by zero error encountered.")
CASES = {
    "an error after rows": says(HEAD + MANY + DIVIDED + DONE_ERROR),
    "an error before the first row": says(HEAD + DIVIDED + DONE_ERROR),
    "an error in the place of rows": says(DIVIDED + DONE_ERROR),
    "a lock that takes too long": says(
        HEAD + MANY + message(1222, "lock") + DONE_ERROR
    ),
    "a deadlock": says(HEAD + plain(1) + message(1205, "victim", 13) + DONE_ERROR),
    "an error between rows": says(HEAD + plain(1) + DIVIDED + plain(2) + done(2)),
    "information between rows": says(
        HEAD + plain(1) + message(50_000, "only to say", 10) + plain(2) + done(2)
    ),
    "a mere word between rows": says(
        HEAD + plain(1) + message(0, "printed", 0) + plain(2) + done(2)
    ),
    "a link that is cut inside a row": lost,
    "a session that is killed": killed,
    "a server that falls silent": silent,
    "a token that is none": says(HEAD + MANY + b"\x03" * 50),
    "no rows": says(HEAD + done(0)),
    "rows of an unknown number": says(HEAD + plain(1) + plain(2) + DONE),
    "an error without a word": says(HEAD + plain(1) + DONE_ERROR),
    "an error without a word or a row": says(HEAD + DONE_ERROR),
    "as many rows as it says": says(HEAD + plain(1) + plain(2) + done(2)),
    "fewer rows than it says": says(HEAD + MANY + done(1 << 30)),
    "an error after the end": says(HEAD + plain(1) + done(1, MORE) + DIVIDED + DONE),
    "another result": says(HEAD + plain(1) + done(1, MORE) + HEAD + plain(2) + done(1)),
    "no columns": says(DONE),
    "another number of columns": says(columns([KEY]) + DONE),
    "a NULL where none may be": says(
        HEAD + plain(1) + row([sized(struct.pack("<q", 2)), b"\0"]) + done(2)
    ),
    "a key that is NULL": says(
        HEAD + row([b"\0", sized(moment(datetime(2019, 3, 14)))]) + done(1)
    ),
    "a key that is Vertica's NULL": says(HEAD + plain(-(2**63)) + done(1)),
}


@pytest.mark.parametrize("days", [1, 3])
@pytest.mark.parametrize("case", CASES)
def test_what_goes_wrong_is_told_as_the_driver_tells_it(
    stub: TdsStub, case: str, days: int
) -> None:
    stub.answer = CASES[case]
    alive = []
    told = []
    for mode in MODES:
        with connect_source(options(stub), SHARD) as connected:
            wanted = span({}, days)
            told.append(read(connected, wanted, mode))
            try:
                with connected.answering(5) as cursor:
                    cursor.execute("SELECT 1")
                    alive.append(cursor.fetchall())
            except ShardlineError as error:
                alive.append(str(error))
    assert_same(*told)
    assert alive[0] == alive[1]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("case", "told"),
    [
        ("fewer rows than it says", "are said to have"),
        ("rows of an unknown number", "2 rows came, and how many is not said"),
        ("an error without a word", "1 rows came, and how many is not said"),
        ("an error without a word or a row", "0 rows came, and how many is not said"),
        ("an error after the end", "8134"),
        ("another result", "more came than was asked for"),
    ],
)
def test_an_end_that_is_none_loads_nothing(
    stub: TdsStub, case: str, told: str, mode: RowsMode
) -> None:
    stub.answer = CASES[case]
    found = read_anew(stub, span({}), mode)
    assert found.error
    assert told in str(found.error)


@pytest.mark.parametrize("kind", [BIGINT, VARIANT, b"\x2a\xff", b"\x28", b"\x26\x03"])
def test_columns_of_other_types_are_read_by_the_driver_alone(
    stub: TdsStub, kind: bytes
) -> None:
    rows = row([sized(bytes(8))] * 2) if kind == BIGINT else b""
    stub.say(columns([KEY, ("at", kind)]) + rows + done(bool(rows)))
    auto, tuples, fast = (
        read_anew(stub, span({}), mode) for mode in ("auto", "tuples", "fast")
    )
    assert_same(auto, tuples)
    assert fast.error


def of_the_clr(text: bytes | None, kind: bytes, pack: Pack) -> bytes:
    """An answer with a column that only the driver reads, and a text."""
    told = columns([KEY, AT, ("place", GEOGRAPHY), ("text", kind)])
    return told + row([sized(bytes(8)), NOON, long(b"here"), pack(text)]) + done(1)


@pytest.mark.parametrize("text", ["", "ж" * 20, "🚕", None])
def test_rows_that_only_the_driver_can_read_are_asked_for_once(
    stub: TdsStub, text: str | None
) -> None:
    octets = None if text is None else text.encode("utf-16-le")
    plain = packets(of_the_clr(octets, b"\xe7\x40\x1f" + RUSSIAN, short))
    as_octets = packets(of_the_clr(octets, b"\xa5\xff\xff", long))
    asked = []

    def answer(client: socket.socket) -> None:
        asked.append(stub.asked)
        client.sendall(as_octets if OCTETS in stub.asked else plain)

    stub.answer = answer
    wanted = span({"place": "varbinary(20)", "text": "nvarchar(20) null"})
    auto, tuples, fast = (
        read_anew(stub, wanted, mode) for mode in ("auto", "tuples", "fast")
    )
    assert auto.error is None
    assert_same(auto, tuples)
    assert "column 'place': varbinary is not read" in str(fast.error)
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("octets", "kind", "told"),
    [
        (b"a\0\x3d\xd8", PermanentError, "U+D83D at character 1 is half a surrogate"),
        (b"abc", TransientError, "does not answer as it should (a text is no UTF-16)"),
    ],
)
def test_text_that_only_the_driver_can_read_is_what_the_server_sent(
    stub: TdsStub, octets: bytes, kind: type[ShardlineError], told: str
) -> None:
    stub.say(of_the_clr(octets, b"\xa5\xff\xff", long))
    wanted = span({"place": "varbinary(20)", "text": "nvarchar(20)"})
    error = read_anew(stub, wanted, "auto").error
    assert isinstance(error, kind)
    assert told in str(error)


def test_a_link_that_is_reset_is_lost_whatever_of_a_row_had_come(stub: TdsStub) -> None:
    stub.answer = broken
    for _ in range(5):
        assert isinstance(read_anew(stub, span({}), "fast").error, LostLinkError)


@pytest.mark.parametrize("at", [b"\xff" * 5 + bytes(3), bytes(5) + b"\xff" * 3])
def test_a_moment_that_is_none_is_no_defect(stub: TdsStub, at: bytes) -> None:
    stub.say(HEAD + row([sized(bytes(8)), sized(at)]) + done(1))
    for mode in MODES:
        error = read_anew(stub, span({}), mode).error
        assert isinstance(error, TransientError)
        assert "does not answer as it should" in str(error)


def examples(most: int) -> settings:
    slow = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(max_examples=most, deadline=None, suppress_health_check=slow)


@examples(60)
@given(answers(), st.sampled_from([1, 3, 1_000_000]))
def test_rows_of_any_columns_become_the_octets_that_they_become_as_tuples(
    stub: TdsStub,
    connection: SourceConnection,
    answer: Answer,
    most_rows: int,
) -> None:
    stub.say(answer.said, answer.as_octets)
    wanted = span(answer.declared, answer.days)
    assert_same(*(read(connection, wanted, mode, most_rows) for mode in MODES))


@pytest.mark.parametrize("kind", CATALOG_TYPES)
@examples(8)
@given(st.data())
def test_values_of_each_type_become_the_octets_that_they_become_as_tuples(
    stub: TdsStub, connection: SourceConnection, kind: str, data: st.DataObject
) -> None:
    answer = data.draw(answers(kind))
    stub.say(answer.said, answer.as_octets)
    wanted = span(answer.declared, answer.days)
    assert_same(*(read(connection, wanted, mode) for mode in MODES))


@pytest.mark.parametrize("kind", ["nvarchar(20)", "nvarchar(4000)", "varchar(max)"])
@pytest.mark.parametrize("half", [b"\x3d\xd8", b"\x95\xde"])
@pytest.mark.parametrize(
    ("before", "after"), [("", ""), ("a" * 9, "b" * 9), ("🚕", "")]
)
def test_half_a_surrogate_pair_is_refused_with_its_place(
    stub: TdsStub, kind: str, half: bytes, before: str, after: str
) -> None:
    octets = before.encode("utf-16-le") + half + after.encode("utf-16-le")
    said = columns([KEY, AT, ("text", b"\xa5\xff\xff")])
    said += row([sized(struct.pack("<q", 41)), NOON, long(b"")])
    said += row([sized(struct.pack("<q", 42)), NOON, long(octets)])
    stub.say(said + done(2))
    error = read_anew(stub, span({"text": kind}), "fast").error
    unit = int.from_bytes(half, "little")
    assert str(error).startswith(
        f"orders 2019-03-14 shop: a value cannot be stored: row 1 (key 42), column"
        f" 'text': U+{unit:04X} at character {len(before)} is half a surrogate pair"
    )


@pytest.mark.parametrize("text", ["x" * 61, "ж" * 31, "€" * 21, "🚕" * 16])
def test_a_text_that_is_too_long_is_refused_in_the_same_words(
    stub: TdsStub, text: str
) -> None:
    octets = text.encode("utf-16-le")

    def said(kind: bytes, value: bytes) -> bytes:
        told = columns([KEY, AT, ("text", kind)])
        return told + row([sized(bytes(8)), NOON, value]) + done(1)

    stub.say(
        said(b"\xe7\x40\x1f" + RUSSIAN, short(octets)),
        said(b"\xa5\xff\xff", long(octets)),
    )
    wanted = span({"text": "nvarchar(20)"})
    fast, tuples = (read_anew(stub, wanted, mode) for mode in MODES)
    assert fast.error
    assert_same(fast, tuples)


def test_every_tick_of_a_datetime_is_rounded_as_the_driver_rounds_it(
    stub: TdsStub,
) -> None:
    days = [-53_690, -1, 0, 36_524, 2_958_463]
    rows = [
        row([sized(bytes(8)), NOON, sized(struct.pack("<iI", day, tick))])
        for day in days
        for tick in (*range(300), 25_919_999)
    ]
    said = columns([KEY, AT, ("c", b"\x6f\x08")]) + b"".join(rows)
    stub.say(said + done(len(rows)))
    wanted = span({"c": "datetime"})
    fast, tuples = (read_anew(stub, wanted, mode) for mode in MODES)
    assert fast.error is None
    assert_same(fast, tuples)


def test_numbers_of_every_precision_are_read_to_their_last_digit(
    stub: TdsStub,
) -> None:
    declared, told = {}, [KEY, AT]
    values: list[list[bytes]] = [[], [], []]
    for precision in range(1, 39):
        size = 5 if precision <= 9 else 9 if precision <= 19 else 17
        size = 13 if 19 < precision <= 28 else size
        name, scale = f"c{precision}", precision // 2
        declared[name] = f"decimal({precision},{scale})"
        told.append((name, bytes([0x6A, size, precision, scale])))
        for at, number in enumerate((10**precision - 1, 1 - 10**precision, 0)):
            sign = bytes([number >= 0])
            values[at].append(sized(sign + abs(number).to_bytes(size - 1, "little")))
    rows = [row([sized(bytes(8)), NOON, *each]) for each in values]
    stub.say(columns(told) + b"".join(rows) + done(len(rows)))
    fast, tuples = (read_anew(stub, span(declared), mode) for mode in MODES)
    assert fast.error is None
    assert_same(fast, tuples)


@pytest.mark.parametrize("letter", ["x", "ж", "🚕"])
def test_values_that_are_larger_than_a_message_are_read_whole(
    stub: TdsStub, letter: str
) -> None:
    sizes = [0, 300_000, 1, 1_200_000, 5, 100_000, 100_000, 100_000]

    def said(kind: bytes) -> bytes:
        texts = [(letter * size).encode("utf-16-le") for size in sizes]
        rows = (
            row([sized(struct.pack("<q", key)), NOON, long(text, 100_000)])
            for key, text in enumerate(texts)
        )
        return columns([KEY, AT, ("text", kind)]) + b"".join(rows) + done(len(sizes))

    stub.say(said(b"\xe7\xff\xff" + RUSSIAN), said(b"\xa5\xff\xff"))
    wanted = span({"text": "nvarchar(max)"})
    fast, tuples = (read_anew(stub, wanted, mode) for mode in MODES)
    assert fast.error is None
    assert_same(fast, tuples)


def test_octets_that_are_no_utf_16_make_no_sense(stub: TdsStub) -> None:
    told = columns([KEY, AT, ("text", b"\xa5\xff\xff")])
    stub.say(told + row([sized(bytes(8)), NOON, long(b"abc")]) + done(1))
    error = read_anew(stub, span({"text": "nvarchar(20)"}), "fast").error
    assert isinstance(error, TransientError)
    assert "does not answer as it should" in str(error)


@pytest.fixture
def other_driver(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A pymssql that is not known, and why."""
    monkeypatch.setattr(pymssql, "__version__", "2.5.0")
    _driver_library.cache_clear()
    yield "pymssql 2.5.0 is not 2.4.x"
    _driver_library.cache_clear()


def test_rows_of_a_driver_that_is_not_known_are_read_as_tuples_and_why_is_told(
    stub: TdsStub, other_driver: str, caplog: pytest.LogCaptureFixture
) -> None:
    stub.say(HEAD + plain(1) + plain(2) + done(2))
    caplog.set_level("INFO")
    auto, tuples, fast = (
        read_anew(stub, span({}), mode) for mode in ("auto", "tuples", "fast")
    )
    assert auto.error is None
    assert_same(auto, tuples)
    assert f"rows are read as tuples: {other_driver}" in caplog.messages
    assert str(fast.error) == (
        f"rows can only be read as tuples: {other_driver}; install another version of"
        ' pymssql, or set rows = "auto" in [load]'
    )


def test_the_test_of_a_connection_tells_why_rows_are_read_as_tuples(
    stub: TdsStub, other_driver: str
) -> None:
    assert check(options(stub)).told.endswith(
        f"; rows are read as tuples: {other_driver}"
    )


def test_this_driver_is_known(stub: TdsStub) -> None:
    assert why_tuples() == ""
    assert "tuples" not in check(options(stub)).told


@pytest.fixture
def cursor(stub: TdsStub) -> Iterator[pymssql.Cursor]:
    """Has executed what has many rows."""
    stub.say(HEAD + MANY + done(20_000))
    login = {"user": USER, "password": PASSWORD, "charset": "UTF-8"}
    with closing(
        pymssql.connect(server="127.0.0.1", port=str(stub.port), **login)
    ) as connection:
        made = connection.cursor()
        made.execute("SELECT WHERE q.")
        yield made


def encoder_of(columns: Sequence[Column]) -> NativeEncoder:
    return NativeEncoder(columns, key="id", source="shop", etl_id=1)


def test_rows_of_a_connection_that_was_closed_are_not_touched(
    cursor: pymssql.Cursor,
) -> None:
    columns = [column.encoded for column in span({}).table.columns]
    rows = SourceRows(DriverLibrary(), cursor, columns, day_column="at")
    assert rows.take(encoder_of(columns), 1_000)
    assert rows.day() == FIRST
    cursor.connection.close()
    with pytest.raises(pymssql.InterfaceError):
        rows.take(encoder_of(columns), 1_000)
    with pytest.raises(pymssql.InterfaceError):
        rows.day()


def use_again(cursor: pymssql.Cursor) -> None:
    cursor.execute("SELECT 1")


def use_for_the_same(cursor: pymssql.Cursor) -> None:
    cursor.execute("SELECT WHERE q.")


def use_by_another_cursor(cursor: pymssql.Cursor) -> None:
    cursor.connection.cursor().execute("SELECT WHERE q.")


def read_to_the_end(cursor: pymssql.Cursor) -> None:
    cursor.fetchall()


@pytest.mark.parametrize(
    "use", [use_again, use_for_the_same, use_by_another_cursor, read_to_the_end]
)
def test_rows_of_a_connection_that_was_used_otherwise_are_not_touched(
    cursor: pymssql.Cursor, use: Callable[[pymssql.Cursor], None]
) -> None:
    columns = [column.encoded for column in span({}).table.columns]
    rows = SourceRows(DriverLibrary(), cursor, columns, day_column="at")
    encoder = encoder_of(columns)
    assert rows.take(encoder, 1_000)
    assert rows.day() == FIRST
    use(cursor)
    with pytest.raises(pymssql.InterfaceError, match="used otherwise"):
        rows.take(encoder, 1_000)
    with pytest.raises(pymssql.InterfaceError, match="used otherwise"):
        rows.day()


def test_no_rows_in_no_octets(cursor: pymssql.Cursor) -> None:
    columns = [column.encoded for column in span({}).table.columns]
    rows = SourceRows(DriverLibrary(), cursor, columns, day_column="at")
    with pytest.raises(ValueError, match="so few octets"):
        rows.take(encoder_of(columns), 0)


@pytest.mark.parametrize("name", ["id", "none"])
def test_a_column_that_holds_no_moment_gives_no_day(
    cursor: pymssql.Cursor, name: str
) -> None:
    columns = [column.encoded for column in span({}).table.columns]
    with pytest.raises(ValueError, match="gives a row its day"):
        SourceRows(DriverLibrary(), cursor, columns, day_column=name)


def test_rows_are_not_encoded_by_an_encoder_of_other_columns(
    cursor: pymssql.Cursor,
) -> None:
    columns = [column.encoded for column in span({}).table.columns]
    rows = SourceRows(DriverLibrary(), cursor, columns, day_column="at")
    with pytest.raises(ValueError, match="other columns"):
        rows.take(encoder_of(columns[:1]), 1_000)
    encoder = encoder_of(columns)
    while rows.take(encoder, 1_000):
        pass
    assert (encoder.rows, rows.came, rows.day()) == (20_000, 20_000, None)


def test_columns_are_those_that_the_server_sends(cursor: pymssql.Cursor) -> None:
    columns = [column.encoded for column in span({}).table.columns]
    for wrong in (columns[:1], [*columns, Column("more", "int", nullable=True)]):
        with pytest.raises(UnknownDriverError, match="the server sends 2 columns"):
            SourceRows(DriverLibrary(), cursor, wrong, day_column=wrong[-1].name)

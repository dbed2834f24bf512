"""What people write is understood as what they mean, or refused in one line.

Most of it is made from the table of verbs, so that a new verb is covered by itself.
"""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Any

import click
import pytest
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from pipelines.catalog import DayRange
from pipelines.commands import shardline
from pipelines.commands.verb_options import arguments_of
from pipelines.operations import (
    VERBS,
    AnyVerb,
    Arguments,
    Role,
    WrongWordsError,
    fields_of,
    find_verb,
    is_many,
    kind_of,
    parse_words,
    shell_words,
    split_words,
)
from pipelines.operations.arguments import Moment, Since
from tests.kit.hidden import FAMILY, TEXTS, hidden

FIRST, LAST = date(1753, 1, 1), date(2999, 12, 31)

WRITTEN = sorted(
    {name for verb in VERBS for name in fields_of(verb.arguments)}
    | {
        other
        for verb in VERBS
        for how in fields_of(verb.arguments).values()
        for other in how.names
    }
    | {word for verb in VERBS for word in verb.name.split()}
)
"""Words that mean something themselves, and yet may be what something is called."""

AWKWARD = [
    *("from", "to", "all", "true", "operator", "--", "—", "-", "-x", "--reload"),
    *("—reload", "--table=x", "tables=x", "a=b", "=", "17", "#17", "09:00", "2h"),
    *("2019-03-14", "today", "2019-03-01..2019-03-31", "..", "m*", "[a-c]?", "~"),
    *("O'Brien", "O\u2019Brien", '"x"', "“x”", "«", "'", "\\", "CORP\\anna", "$HOME"),
    *("Anna Ivanova", "a  b", "a\nb", "\u00a0", "İ", FAMILY, "Чита", "x" * 250),
]

NAMES = (
    st.sampled_from(WRITTEN)
    | st.sampled_from(AWKWARD)
    | st.text(min_size=1, max_size=8)
)
"""Names as people have them, and as nobody would."""


def bound(field: FieldInfo, name: str, default: int) -> int:
    """A bound of a field's own, besides its type's."""
    return next((getattr(m, name) for m in field.metadata if hasattr(m, name)), default)


def days_in_a_row() -> st.SearchStrategy[DayRange]:
    ends = st.tuples(st.dates(FIRST, LAST), st.integers(0, 400))
    return ends.map(lambda e: DayRange(e[0], min(LAST, e[0] + timedelta(days=e[1]))))


def some_value(kind: type[Arguments], name: str) -> st.SearchStrategy[Any]:
    """Any value of a field, by its type."""
    what, field = kind_of(kind, name), kind.model_fields[name]
    if issubclass(what, Enum):
        return st.sampled_from(list(what))
    if what is int:
        return st.integers(bound(field, "ge", 1), bound(field, "le", (1 << 31) - 1))
    return {
        bool: st.booleans(),
        str: NAMES,
        tuple: st.lists(NAMES, min_size=1, max_size=4),
        date: st.dates(FIRST, LAST),
        datetime: st.datetimes(
            datetime(1754, 1, 1), datetime(2999, 1, 1), timezones=st.timezones()
        ),
        DayRange: days_in_a_row(),
    }[what]


@st.composite
def some_arguments(draw: st.DrawFn, kind: type[Arguments]) -> Arguments:
    given = {
        name: draw(some_value(kind, name))
        for name, field in kind.model_fields.items()
        if field.is_required() or draw(st.booleans())
    }
    try:
        return kind.model_validate(given)
    except ValidationError:  # such as both of reload and recheck
        reject()


@st.composite
def some_wish(draw: st.DrawFn) -> tuple[AnyVerb, Any]:
    """Any verb with any arguments."""
    verb = draw(st.sampled_from(VERBS))
    return verb, draw(some_arguments(verb.arguments))


def command_of(verb: AnyVerb) -> click.Command:
    """The shell's command of a verb."""
    found: click.Command = shardline
    for word in verb.name.split():
        assert isinstance(found, click.Group), f"{verb.name} has no command"
        below = found.get_command(click.Context(found), word)
        assert below is not None, f"{verb.name} has no command"
        found = below
    return found


def understood(verb: AnyVerb, words: list[str]) -> Arguments:
    """What the shell's command understands."""
    context = command_of(verb).make_context(verb.name, words)
    fields = (*verb.arguments.model_fields, "first", "last_day")
    own = {name: value for name, value in context.params.items() if name in fields}
    read: Arguments = arguments_of(verb.arguments, own)
    return read


def verb_of(name: str) -> AnyVerb:
    return find_verb(VERBS, name.split())[0]


def said(text: str) -> Arguments:
    """What a whole line says."""
    verb, words = find_verb(VERBS, split_words(text))
    read: Arguments = parse_words(verb.arguments, words, verb.usage)
    return read


def refusal(text: str) -> str:
    """Why a line is not understood."""
    with pytest.raises(WrongWordsError) as refused:
        said(text)
    line = str(refused.value)
    assert "\n" not in line
    return line


class Until(Arguments):
    """Of a verb that takes a moment to come, and one that is over."""

    until: Moment | None = None
    since: Since | None = None


def until(word: str) -> datetime:
    moment = parse_words(Until, [word]).until
    assert moment is not None
    assert moment.tzinfo is UTC
    return moment


def since(word: str) -> datetime:
    moment = parse_words(Until, ["since", word]).since
    assert moment is not None
    return moment


@pytest.fixture
def set_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Have this machine be somewhere else, with its clocks."""

    def set_to(zone: str) -> None:
        monkeypatch.setenv("TZ", zone)
        time.tzset()

    yield set_to
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_every_verb_has_a_command(verb: AnyVerb) -> None:
    assert command_of(verb).params is not None


def has_named_comma(arguments: Arguments) -> bool:
    """Whether a chat would take a name for two, which the shell does not."""
    named = (
        getattr(arguments, name)
        for name, how in fields_of(type(arguments)).items()
        if how.shell != "" and is_many(type(arguments), name)
    )
    return any("," in one for names in named for one in names)


@given(some_wish())
def test_the_words_for_the_shell_say_the_same_in_a_chat(
    wish: tuple[AnyVerb, Any],
) -> None:
    _, arguments = wish
    words = shell_words(arguments)
    assume(not has_named_comma(arguments))
    assert parse_words(type(arguments), words) == arguments
    assert split_words(shlex.join(words)) == words


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
@given(data=st.data())
@settings(max_examples=30)
def test_the_shells_command_understands_just_what_was_wished(
    verb: AnyVerb, data: st.DataObject
) -> None:
    arguments: Any = data.draw(some_arguments(verb.arguments))
    path = verb.name.split()
    words = verb.words(arguments)
    assert words[: len(path)] == path
    assert understood(verb, words[len(path) :]) == arguments


@given(some_wish())
def test_arguments_come_back_from_where_they_are_kept(
    wish: tuple[AnyVerb, Any],
) -> None:
    _, arguments = wish
    kind = type(arguments)
    assert kind.model_validate_json(arguments.model_dump_json()) == arguments
    fields = json.dumps(arguments.model_dump(mode="json", exclude_defaults=True))
    assert kind.model_validate_json(fields) == arguments


MARCH = DayRange(date(2019, 3, 1), date(2019, 3, 31))
FOURTEENTH = DayRange(date(2019, 3, 14), date(2019, 3, 14))
BACKFILL = verb_of("backfill").arguments


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (
            "Backfill orders, calls   2019-03-01..2019-03-31\nshards=m*,k* reload",
            {"tables": ("orders", "calls"), "shards": ("m*", "k*"), "reload": True},
        ),
        (
            "backfill —tables orders —from 2019-03-01 \u2013to 2019-03-31 —reload",
            {"tables": ("orders",), "reload": True},
        ),
        (
            "BACKFILL --table=orders --from=2019-03-01 --to=2019-03-31 --Reload",
            {"tables": ("orders",), "reload": True},
        ),
        (
            "backfill from 2019-03-01 to 2019-03-31 shard “Nizhny Novgorod”",
            {"shards": ("Nizhny Novgorod",)},
        ),
        (
            "backfill 2019-03-01...2019-03-31 shards=„a b“,«c d»,\u2018e\u2019,'f g'",
            {"shards": ("a b", "c d", "e", "f g")},
        ),
        (
            "backfill 2019-03-01…2019-03-31 shards=moscow, kazan , tver orders",
            {"shards": ("moscow", "kazan", "tver"), "tables": ("orders",)},
        ),
        (
            "backfill shards=moscow,\u00a0kazan, 2019-03-01..2019-03-31, reload",
            {"shards": ("moscow", "kazan"), "reload": True},
        ),
        (
            "backfill tables=reload,days from=2019-03-01 to=2019-03-31",
            {"tables": ("reload", "days")},
        ),
    ],
)
def test_what_is_typed_on_a_telephone_is_understood(
    text: str, meant: dict[str, object]
) -> None:
    assert said(text) == BACKFILL(days=MARCH, **meant)


@pytest.mark.parametrize("text", ["jobs show 17", "Job #17", "job\u00a017", "JOB “17”"])
def test_a_number_may_have_its_sign(text: str) -> None:
    assert said(text) == verb_of("jobs show").arguments(number=17)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("invite Boris operator", "Boris"),
        ("invite 'Anna Ivanova' role=operator", "Anna Ivanova"),
        ("invite O'Brien operator", "O'Brien"),
        ("invite O\u2019Brien operator", "O\u2019Brien"),
        ("invite “O\u2019Brien, Pat” operator", "O\u2019Brien, Pat"),
        ("invite CORP\\anna operator", "CORP\\anna"),
        ("invite viewer operator", "viewer"),
        ("invite --role operator -- --name", "--name"),
    ],
)
def test_people_are_called_what_they_are_called(text: str, name: str) -> None:
    kind = verb_of("invite").arguments
    assert said(text) == kind(name=name, role=Role.OPERATOR)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("backfill 2019-03-14 2019-03-15", "'2019-03-15' has no meaning here"),
        ("backfill 2019-03-14 days=2019-03-15", "days is given twice"),
        ("backfill 2019-03-14 from 2019-03-14 to 2019-03-15", "days is given twice"),
        (
            "backfill from 2019-03-14 from 2019-03-15 to 2019-03-16",
            "from is given twice",
        ),
        ("backfill from 2019-03-14", "give both from and to"),
        ("status to 2019-03-14", "give both from and to"),
        ("status from= to=", "'' is no day such as 2019-03-14"),
        ("backfill 2019-03-14 reload reload", "reload is given twice"),
        ("backfill 2019-03-14 reload=perhaps", "reload: it stands alone"),
        ("backfill 2019-03-14 reload recheck", "give one of reload and recheck"),
        ("backfill 2019-03-14 shards", "nothing stands behind shards"),
        ("backfill 2019-03-14 --shard", "nothing stands behind shards"),
        ("backfill 2019-03-14 --force", "there is no '--force' here"),
        ("backfill 2019-03-14 force=yes", "'force=yes' has no meaning here"),
        ("backfill 2019-03-14 -- reload", "'reload' has no meaning here"),
        ("backfill orders", "DAYS is missing"),
        ("run 2019-03-14", "TABLE is missing"),
        ("jobs show", "NUMBER is missing"),
        ("jobs show 0", "number: it is less than 1"),
        ("jobs show 17 18", "'18' has no meaning here"),
        ("jobs show number=17 number=18 -- 19", "'19' has no meaning here"),
        ("jobs show orders", "'orders' has no meaning here"),
        ("invite Boris", "ROLE is missing"),
        ("invite Boris king", "'king' has no meaning here"),
        ("invite Boris role=king", "role: it is none of 'viewer'"),
        ("invite Boris operator hours=1000", "hours: it is more than"),
    ],
)
def test_what_is_wrong_is_told_with_what_to_write(text: str, why: str) -> None:
    line = refusal(text)
    verb, _ = find_verb(VERBS, split_words(text))
    assert why in line
    assert line.endswith(f"; write: {verb.usage}")


@pytest.mark.parametrize("empty", ["''", "tables=", "tables=''", "tables=,", "' '"])
@pytest.mark.parametrize("verb", ["clear", "verify", "status"])
def test_an_empty_name_does_not_mean_all_there_are(verb: str, empty: str) -> None:
    assert "tables: " in refusal(f"{verb} {empty} 2019-03-14")
    words = ["--table", "", "--from", "2019-03-14", "--to", "2019-03-14"]
    with pytest.raises(click.UsageError, match="tables: a name is empty"):
        understood(verb_of(verb), words)


@pytest.mark.parametrize(
    "text",
    [
        *(
            'invite "Boris operator',
            "invite 'Boris' O'",
            '5 feet 3"',
            "“status",
            "it's '",
        ),
        *("", "   ", "\n", "''", "sta tus", "jobs\u200b", "\0", "\ud800", "/", "—"),
    ],
)
def test_what_begins_like_no_verb_or_never_ends_is_refused(text: str) -> None:
    assert refusal(text)


ANYTHING = TEXTS | st.text(st.characters(exclude_categories=()), max_size=60)
"""Text with what no text should have, such as half a character."""


def check_outcome(say: Callable[[], Arguments]) -> None:
    """Check that words are understood for good, or refused in one line."""
    try:
        read = say()
    except WrongWordsError as error:
        shown = hidden(str(error), keep="")
    else:
        assert type(read).model_validate_json(read.model_dump_json()) == read
        shown = set()
    assert not shown


@given(verb=st.sampled_from(VERBS), text=ANYTHING)
def test_garbage_is_understood_or_refused_in_one_line(verb: AnyVerb, text: str) -> None:
    check_outcome(lambda: said(f"{verb.name} {text}"))


@given(verb=st.sampled_from(VERBS), words=st.lists(ANYTHING | NAMES, max_size=6))
def test_garbage_in_each_word_is_refused_in_one_line(
    verb: AnyVerb, words: list[str]
) -> None:
    check_outcome(lambda: parse_words(verb.arguments, words, verb.usage))


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
@pytest.mark.parametrize(
    "part", ["a", "-", "—", "1", "=", ",", ".", "…", "2019-03-14..", "'", "\u202e", " "]
)
def test_very_much_of_anything_takes_no_longer_than_its_length(
    verb: AnyVerb, part: str
) -> None:
    whole = part * (1_000_000 // len(part))
    assert "it has more than 4,096 characters" in refusal(f"{verb.name} {whole}")
    for word in (whole, f"days={whole}", f"--{whole}", f"number={whole}"):
        with pytest.raises(WrongWordsError) as refused:
            parse_words(verb.arguments, [word], verb.usage)
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["a\0b", "\0", "\ud800"])
def test_what_no_command_and_no_database_can_be_given_is_no_name(name: str) -> None:
    for field in ("shards", "tables"):
        with pytest.raises(WrongWordsError, match=f"{field}: "):
            parse_words(BACKFILL, ["2019-03-14", f"{field}={name}"])
    with pytest.raises(WrongWordsError, match="name: "):
        parse_words(verb_of("people revoke").arguments, [name])


def test_no_more_names_are_taken_than_a_thousand_of_250_characters() -> None:
    names = [f"{number:>0250}" for number in range(1_000)]
    words = ["--shard", ",".join(names), "2019-03-14"]
    assert parse_words(BACKFILL, words).shards == tuple(names)
    with pytest.raises(WrongWordsError, match=r"shards: more than 1000 are named"):
        parse_words(BACKFILL, [*words, "shards=one-more"])
    with pytest.raises(
        WrongWordsError, match=r"shards: it has more than 250 characters"
    ):
        parse_words(BACKFILL, ["2019-03-14", f"shards={'x' * 251}"])


@pytest.mark.parametrize("zone", ["AAA-14", "AAA12", "Europe/Moscow"])
def test_today_is_that_of_this_machine(
    set_zone: Callable[[str], None], zone: str
) -> None:
    set_zone(zone)
    days = said("backfill Yesterday..today"), said("backfill yesterday")
    today = datetime.now().astimezone().date()
    yesterday = today - timedelta(days=1)
    assert [one.days for one in days] == [  # type: ignore[attr-defined]
        DayRange(yesterday, today),
        DayRange(yesterday, yesterday),
    ]


@pytest.mark.parametrize(
    ("written", "days"),
    [
        ("2019-03-14", FOURTEENTH),
        ("2019-03-14..2019-03-14", FOURTEENTH),
        ("2019-03-31", DayRange(date(2019, 3, 31), date(2019, 3, 31))),
        ("2016-02-29", DayRange(date(2016, 2, 29), date(2016, 2, 29))),
        ("1753-01-01..2999-12-31", DayRange(FIRST, LAST)),
    ],
)
def test_days_are_what_the_calendar_has(written: str, days: DayRange) -> None:
    assert said(f"backfill {written}") == BACKFILL(days=days)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("2019-03-31..2019-03-01", "they end on 2019-03-01, before they begin"),
        ("2019-02-30", "'2019-02-30' is no day"),
        ("2019-02-29..2019-03-01", "'2019-02-29' is no day"),
        ("2019-3-1", "'2019-3-1' is no day"),
        ("2019-03-14..", "'' is no day"),
        ("2019-03-01..2019-03-31..2019-04-01", "'2019-03-31..2019-04-01' is no day"),
        ("0000-01-01", "'0000-01-01' is no day"),
        ("0001-01-01", "0001-01-01 is not from 1753-01-01 to 2999-12-31"),
        ("1752-12-31", "1752-12-31 is not from"),
        ("3000-01-01", "3000-01-01 is not from"),
        ("10000-01-01", "'10000-01-01' is no day"),
        ("2019-03-14T09:00", "'2019-03-14T09:00' is no day"),
        ("201\u0669-03-14", "'201\u0669-03-14' is no day"),
    ],
)
def test_days_that_there_are_not_are_named(written: str, why: str) -> None:
    assert f"days: {why}" in refusal(f"backfill {written}")
    assert f"date: {why}" in refusal(f"report {written}") or ".." in written


def test_a_time_from_now_is_so_much_later_whatever_the_clocks_do(
    set_zone: Callable[[str], None],
) -> None:
    set_zone("Europe/Berlin")
    for word, later in (
        ("90min", timedelta(minutes=90)),
        ("5m", timedelta(minutes=5)),
        ("2H", timedelta(hours=2)),
        ("1d", timedelta(days=1)),
        ("9999d", timedelta(days=9999)),
    ):
        before = datetime.now(UTC)
        moment = until(word)
        assert before + later <= moment <= datetime.now(UTC) + later


def at_the_change(minutes: int, *, forward: bool) -> str:
    """A zone whose clocks change, by an hour, so many minutes from now."""
    to_summer = datetime.now(UTC) + timedelta(minutes=minutes)
    if not forward:  # told by summer's clock
        to_summer += timedelta(hours=1)
    this = f"{to_summer.timetuple().tm_yday - 1}/{to_summer:%H:%M}"
    other = f"{(to_summer.timetuple().tm_yday + 180) % 365}/3"
    rules = (this, other) if forward else (other, this)
    return f"AAA0BBB,{','.join(rules)}"


CLOCK = [f"{hour:02}:{minute:02}" for hour in range(24) for minute in range(60)]


def shown_next(now: datetime) -> dict[str, datetime]:
    """When the clocks here show each time next, by looking at them for a day.

    What they leave out is so much later.
    """
    moment = now.replace(second=0, microsecond=0)
    ends = (moment.astimezone() + timedelta(days=1)).replace(tzinfo=None)
    found: dict[str, datetime] = {}
    while moment.astimezone().replace(tzinfo=None) < ends:
        moment += timedelta(minutes=1)
        found.setdefault(f"{moment.astimezone():%H:%M}", moment)
    left_out = [clock for clock in CLOCK if clock not in found]
    later = {clock: f"{(int(clock[:2]) + 1) % 24:02}{clock[2:]}" for clock in left_out}
    return {**found, **{clock: found[later[clock]] for clock in left_out}}


@pytest.mark.parametrize("forward", [True, False], ids=["forward", "back"])
@pytest.mark.parametrize("minutes", [200, 30, -30, -200])
def test_a_time_of_the_clock_is_the_next_at_which_it_is_shown_here(
    set_zone: Callable[[str], None], minutes: int, forward: bool
) -> None:
    set_zone(at_the_change(minutes, forward=forward))
    for _ in range(10):  # if a minute ends meanwhile, those of two would be compared
        began = datetime.now(UTC)
        shown = shown_next(began)
        told = {clock: until(clock) for clock in CLOCK}
        if began.minute == datetime.now(UTC).minute:
            break
    assert told == shown


@pytest.mark.parametrize("written", ["morning", "Morning"])
def test_the_morning_is_the_next_nine_o_clock_here(
    set_zone: Callable[[str], None], written: str
) -> None:
    set_zone("Asia/Kamchatka")
    assert until(written) == until("09:00")


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-12-24T09:00", datetime(2026, 12, 24, 6, tzinfo=UTC)),
        ("2026-12-24T09:00:30+01:00", datetime(2026, 12, 24, 8, 0, 30, tzinfo=UTC)),
        ("2026-12-24T09:00Z", datetime(2026, 12, 24, 9, tzinfo=UTC)),
        ("2026-12-24", datetime(2026, 12, 23, 21, tzinfo=UTC)),
        ("2019-03-14T09:00", datetime(2019, 3, 14, 6, tzinfo=UTC)),
    ],
)
def test_a_moment_is_in_this_machines_zone_unless_it_names_one(
    set_zone: Callable[[str], None], written: str, moment: datetime
) -> None:
    set_zone("Europe/Moscow")
    assert until(written) == moment


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2019-03-14", datetime(2019, 3, 14, tzinfo=UTC)),
        ("2019-03-14T09:00", datetime(2019, 3, 14, 9, tzinfo=UTC)),
        ("2019-03-14T09:00+03:00", datetime(2019, 3, 14, 6, tzinfo=UTC)),
        ("1916-01-01T00:00-00:25:21", datetime(1916, 1, 1, 0, 25, 21, tzinfo=UTC)),
    ],
)
def test_what_is_over_is_in_utc_unless_it_names_a_zone(
    set_zone: Callable[[str], None], written: str, moment: datetime
) -> None:
    set_zone("Europe/Moscow")
    assert since(written) == moment
    kept = Until(since=since(written)).model_dump_json()
    assert Until.model_validate_json(kept).since == moment


@pytest.mark.parametrize(
    "written",
    [
        *("25:00", "24:00", "9:60", "2026-12-24T25:00", "2026-02-30", "0h", "-1h"),
        *(
            "",
            "soon",
            "0001-01-01T00:00",
            "9999-12-31T23:59-12:00",
            "10000-01-01",
            "12h30",
        ),
    ],
)
def test_moments_that_there_are_not_are_told_so(written: str) -> None:
    why = "is no time such as|is not from 1753-01-01 to 2999-12-31"
    with pytest.raises(WrongWordsError, match=f"until: .*({why})"):
        parse_words(Until, ["until", written])
    with pytest.raises(WrongWordsError, match=f"since: .*({why})"):
        parse_words(Until, ["since", written])

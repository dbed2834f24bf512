"""The same cause has one fingerprint, whatever varies in its messages."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipelines.alerts import About, Event, Occasion, alert_for_error
from pipelines.alerts.fingerprint import LONGEST, normalise
from pipelines.catalog import read_catalog
from pipelines.config import CatalogFiles
from pipelines.errors import PermanentError

PACKAGED = read_catalog(CatalogFiles().tables, CatalogFiles().shards)
SHARDS = list(PACKAGED.shards.values())

words = st.text(st.characters(categories=["L"]), min_size=1, max_size=12)
marks = st.sampled_from([".", ",", ";", ":", "!", "(", ")", "-"])
slots = st.sampled_from(["{shard}", "{number}", "{host}", "{ip}", "{path}", "{value}"])
messages = st.lists(words | marks | slots, max_size=12).map(" ".join)


def fill(template: str, at: int) -> str:
    shard = SHARDS[at]
    varying = {
        "{shard}": [shard.name, shard.name.upper(), shard.database][at % 3],
        "{number}": [str(at), f"{at}.5", f"0x{at:x}", f"{at:032x}"][at % 4],
        "{host}": f"db-{at}.{'ab'[at % 2]}.example:14{at}",
        "{ip}": f"10.0.{at}.1:{1000 + at}",
        "{path}": ["/var/lib/x", ["C:\\data\\y", "1"][0], "Asia/Chita"][at % 3],
        "{value}": ["'a b'", '"c"', "`d`"][at % 3],
    }
    for slot, value in varying.items():
        template = template.replace(slot, value)
    return template


def fingerprint(message: str, at: int) -> str:
    about = About("LoadOrders", "id", "orders", None, SHARDS[at].name)
    occasion = Occasion(Event.FAILURE, run=1)
    return alert_for_error(
        PermanentError(message), about, occasion, PACKAGED
    ).fingerprint


@settings(deadline=None, max_examples=50)
@given(messages)
def test_one_cause_on_150_shards_has_one_fingerprint(template: str) -> None:
    found = {fingerprint(fill(template, at), at) for at in range(len(SHARDS))}
    assert len(SHARDS) == 150
    assert len(found) == 1


names = st.text(st.characters(categories=["L", "N", "P", "Zs"]), max_size=6).filter(
    lambda name: name[:1].isalnum() and name[-1].isalnum()
)


@given(st.lists(names, min_size=2, max_size=5, unique=True), words)
@example(["0", "SHARD"], "A")
def test_shards_may_be_called_anything_even_like_a_word_of_the_message(
    shards: list[str], word: str
) -> None:
    everything = [*shards, word]
    found = {
        normalise(f"{word}: cannot open ( {name} )", [name], everything)
        for name in everything
    }
    assert len(found) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("the server is away", "the login was refused"),
        ("Invalid object name 'dbo.Orders'.", "Invalid column name 'dbo.Orders'."),
        ("[Errno 111] Connection refused", "[Errno 113] No route to host"),
    ],
)
def test_other_words_are_another_cause(one: str, other: str) -> None:
    assert fingerprint(one, 0) != fingerprint(other, 0)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("SQL Server 127.0.0.1:14330 is away", "SQL Server <address> is away"),
        ("login of 'sa' from fe80::1%eth0", "login of <value> from <address>%eth<n>"),
        ("abakan 6f9619ff-8b86-d011-b42d-00c04fc964ff", "<shard> <n>"),
        ("cannot read /var/lib/shards.csv", "cannot read <path>"),
        ("took 3.5 s at 2019-03-14 02:15:00", "took <n> s at <n> <n>"),
        ("db-1.example.com:1433 closed 0xDEADBEEF", "<address> closed <n>"),
        (
            "Task LoadOrdersShard_2019_abakan died",
            "Task LoadOrdersShard_<n>_<shard> died",
        ),
    ],
)
def test_what_varies_becomes_a_placeholder(message: str, expected: str) -> None:
    assert normalise(message, ["abakan"], ["abakan", "chita"]) == expected


HOSTILE = [
    *("'", '"', "`", "«", "[", "<", "a", "Ж", "1", "-", "~", "_", "/", "\\", ":"),
    *("a-", "a.", "1.", "1:", "f:", "ab12", "0x", "'a", "://", "a://", "\ue000"),
]
"""What a pattern that looks at the same text again and again would look at for long."""


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=3).map("".join))
@example("'")
@example('"')
@pytest.mark.timeout(60)
def test_no_message_keeps_its_reader_for_long(unit: str) -> None:
    cause = normalise(unit * 200_000, [SHARDS[0].name], [one.name for one in SHARDS])
    assert len(cause) <= LONGEST

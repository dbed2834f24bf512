"""So many updates of one person are taken within some time, and no more."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pipelines.bot.polling.throttle import MOST, PEOPLE, WINDOW, Throttle, Verdict


def test_the_first_that_is_too_much_is_told_and_the_others_are_dropped() -> None:
    throttle = Throttle()
    found = [throttle.judge(1, 0.0) for _ in range(MOST + 3)]
    assert found[:MOST] == [Verdict.TAKEN] * MOST
    assert found[MOST:] == [Verdict.TOLD, Verdict.DROPPED, Verdict.DROPPED]
    assert throttle.judge(2, 0.0) is Verdict.TAKEN
    assert throttle.judge(1, WINDOW) is Verdict.TAKEN


def test_who_goes_on_is_served_as_fast_as_that_and_told_once_a_time() -> None:
    throttle = Throttle()
    found = Counter(throttle.judge(1, float(at)) for at in range(600))
    assert found[Verdict.TAKEN] == 600 / WINDOW * MOST
    assert found[Verdict.TOLD] <= 600 / WINDOW


def test_what_was_sent_while_the_bot_was_away_is_no_flood() -> None:
    throttle = Throttle()
    found = {throttle.judge(1, at * 100.0) for at in range(50)}
    assert found == {Verdict.TAKEN}


@given(st.lists(st.tuples(st.integers(1, 3), st.floats(0, 5)), max_size=200))
def test_within_any_window_nobody_has_more_taken(
    sent: list[tuple[int, float]],
) -> None:
    throttle, now = Throttle(), 0.0
    taken: dict[int, list[float]] = {}
    for person, pause in sent:
        now += pause
        if throttle.judge(person, now) is Verdict.TAKEN:
            taken.setdefault(person, []).append(now)
    for moments in taken.values():
        for at, moment in enumerate(moments):
            within = [one for one in moments[: at + 1] if one > moment - WINDOW]
            assert len(within) <= MOST


def test_what_is_known_of_people_has_a_bound() -> None:
    throttle = Throttle()
    for person in range(PEOPLE + 10):
        throttle.judge(person, 0.0)
    assert len(throttle._taken) == PEOPLE

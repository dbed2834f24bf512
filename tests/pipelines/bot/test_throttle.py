"""So many updates of one person are taken within some time, and no more."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipelines.bot.polling.throttle import MOST, PEOPLE, WINDOW, Throttle, Verdict


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_first_that_is_too_much_is_told_and_the_others_are_dropped() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    found = [throttle.judge(1) for _ in range(MOST + 3)]
    assert found[:MOST] == [Verdict.TAKEN] * MOST
    assert found[MOST:] == [Verdict.TOLD, Verdict.DROPPED, Verdict.DROPPED]
    assert throttle.judge(2) is Verdict.TAKEN
    clock.now = WINDOW
    assert throttle.judge(1) is Verdict.TAKEN


@given(st.lists(st.tuples(st.integers(1, 3), st.floats(0, 5)), max_size=200))
def test_within_any_window_nobody_has_more_taken(
    sent: list[tuple[int, float]],
) -> None:
    clock = Clock()
    throttle = Throttle(clock)
    taken: dict[int, list[float]] = {}
    for person, pause in sent:
        clock.now += pause
        if throttle.judge(person) is Verdict.TAKEN:
            taken.setdefault(person, []).append(clock.now)
    for moments in taken.values():
        for at, moment in enumerate(moments):
            within = [one for one in moments[: at + 1] if one > moment - WINDOW]
            assert len(within) <= MOST


def test_what_is_known_of_people_has_a_bound() -> None:
    throttle = Throttle(Clock())
    for person in range(PEOPLE + 10):
        throttle.judge(person)
    assert len(throttle._sent) == PEOPLE

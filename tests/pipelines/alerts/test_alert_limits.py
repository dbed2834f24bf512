from __future__ import annotations

from itertools import chain, cycle, islice

import pytest

from pipelines.alerts.channel import ChannelBusyError
from pipelines.alerts.telegram.rate_limits import BACKOFF_MAX, Limits


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limits(clock: Clock) -> Limits:
    return Limits(clock, clock.sleep)


def most_within(times: list[float], seconds: float) -> int:
    """The most calls in any stretch of so many seconds."""
    return max(
        sum(start <= time < start + seconds - 1e-6 for time in times) for start in times
    )


def calls(
    limits: Limits, clock: Clock, chats: list[str], times: int
) -> dict[str, list[float]]:
    made: dict[str, list[float]] = {chat: [] for chat in chats}
    for chat in islice(cycle(chats), times):
        limits.wait(chat, deadline=1e9)
        made[chat].append(clock.now)
        limits.count(chat)
    return made


def test_a_group_gets_20_messages_in_any_minute_and_a_person_one_a_second(
    limits: Limits, clock: Clock
) -> None:
    group = calls(limits, clock, ["-100"], 100)["-100"]
    assert most_within(group, 60) == 20
    assert most_within(group, 1) == 1
    begun = clock.now
    person = calls(limits, clock, ["7"], 100)["7"]
    assert most_within(person, 1) == 1
    assert person[-1] - begun == pytest.approx(99)


def test_a_public_name_counts_as_a_group(limits: Limits, clock: Clock) -> None:
    assert most_within(calls(limits, clock, ["@ops"], 40)["@ops"], 60) == 20


def test_all_chats_together_get_30_messages_in_any_second(
    limits: Limits, clock: Clock
) -> None:
    made = calls(limits, clock, [str(n) for n in range(1, 200)], 1_000)
    assert most_within(sorted(chain.from_iterable(made.values())), 1) == 30


def test_a_wait_beyond_the_deadline_is_not_waited_for(
    limits: Limits, clock: Clock
) -> None:
    calls(limits, clock, ["-100"], 20)
    before = clock.now
    with pytest.raises(ChannelBusyError) as raised:
        limits.wait("-100", before + 30)
    assert clock.now == before
    assert raised.value.retry_after == pytest.approx(1000 + 60 - before)
    limits.wait("-200", before + 30)


def test_a_chat_that_is_held_does_not_hold_the_others(
    limits: Limits, clock: Clock
) -> None:
    limits.hold("-100", 35)
    limits.wait("-200", clock.now + 1)
    assert clock.now == 1000
    limits.wait("-100", clock.now + 60)
    assert clock.now == 1035


def test_a_server_that_fails_is_left_alone_for_longer_each_time(
    limits: Limits, clock: Clock
) -> None:
    waits = [limits.back_off("7") for _ in range(10)]
    assert all(2 ** min(n, 5) <= waits[n] <= 2 ** (n + 1) for n in range(5))
    assert all(BACKOFF_MAX / 2 <= wait <= BACKOFF_MAX for wait in waits[5:])
    limits.wait("7", 1e9)
    assert clock.now == 1000 + waits[-1]
    limits.is_well()
    assert limits.back_off("7") <= 2

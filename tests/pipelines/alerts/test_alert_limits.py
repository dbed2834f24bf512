from __future__ import annotations

import threading
from itertools import chain, cycle, islice

import pytest

from pipelines.alerts.channel import ChannelBusyError
from pipelines.alerts.telegram.rate_limits import BACKOFF_MAX, MOST_CHATS, Limits


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


def test_a_call_that_is_under_way_takes_its_place_until_it_is_over(
    limits: Limits, clock: Clock
) -> None:
    assert limits.take("7") == 0
    clock.now += 30
    assert limits.take("7") == pytest.approx(1), "whoever tries again is not in a loop"
    assert limits.take("8") == 0
    limits.count("7")
    assert limits.take("7") == pytest.approx(1)
    clock.now += 1
    assert limits.take("7") == 0


def test_calls_under_way_count_beside_those_of_the_last_minute(
    limits: Limits, clock: Clock
) -> None:
    begun = [calls(limits, clock, ["-100"], 19), clock.now][1]
    clock.now += 1
    assert limits.take("-100") == 0
    clock.now += 5
    assert limits.take("-100") > 30
    clock.now = 1000 + 60
    assert limits.take("-100") == pytest.approx(1), "one call in a chat at a time"
    limits.count("-100")
    clock.now = begun + 59
    assert limits.take("-100") == 0


def test_threads_that_write_at_once_keep_the_limits_together() -> None:
    limits = Limits()
    taken = [0.0] * 100

    def write(chat: int) -> None:
        taken[chat] = limits.take(str(chat + 1))

    threads = [threading.Thread(target=write, args=(chat,)) for chat in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sum(not left for left in taken) == 30


def test_what_telegram_asks_for_holds_for_those_beside_but_not_the_other_way_round(
    limits: Limits,
) -> None:
    beside = limits.beside()
    limits.hold("-100", 35)
    assert beside.take("-100") == pytest.approx(35)
    beside.hold("7", 35)
    assert limits.take("7") == 0
    assert beside.take("7") == pytest.approx(35)


def test_a_chat_that_nobody_waits_for_is_waited_for_between_two_messages_only(
    limits: Limits, clock: Clock
) -> None:
    beside = limits.beside()
    assert limits.take("7") == 0
    assert not beside.is_held("7")
    limits.count("7")
    beside.wait("7", 1e9)
    assert clock.now == pytest.approx(1001)
    beside.hold("8", 2)
    with pytest.raises(ChannelBusyError):
        beside.wait("8", 1e9)


def test_chats_of_which_nothing_has_to_be_known_are_forgotten(
    limits: Limits, clock: Clock
) -> None:
    assert limits.take("1") == 0
    limits.hold("2", 1_000_000)
    for chat in range(3, 5 * MOST_CHATS):
        limits.wait(str(chat), 1e9)
        limits.count(str(chat))
    assert len(limits._calls._chats) <= MOST_CHATS
    clock.now += 60
    assert limits.take("1") > 0, "a call that is under way is not forgotten"
    assert limits.take("2") > 0, "nor what Telegram has asked for"

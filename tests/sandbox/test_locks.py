from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from sandbox.errors import SqlError
from sandbox.locks import LockManager, Mode

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 10.0


class Owner:
    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return self.name


class Attempt:
    """A request made by a thread of its own."""

    def __init__(
        self,
        locks: LockManager,
        owner: Owner,
        mode: Mode,
        table: str = "t",
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self.error: Exception | None = None
        self.asked = threading.Event()
        self._ended = False
        self._request = (owner, table, mode)
        self._check = check
        self._locks = locks
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._locks.acquire(*self._request, self._noticed)
        except Exception as failure:  # noqa: BLE001 - handed to the test
            self.error = failure
        finally:
            self._ended = True
            self.asked.set()

    def _noticed(self) -> None:
        self.asked.set()
        self._check()

    def waits(self) -> bool:
        assert self.asked.wait(PATIENCE)
        return not self._ended

    def granted(self) -> bool:
        self._thread.join(PATIENCE)
        return not self._thread.is_alive() and self.error is None


@pytest.fixture
def locks() -> LockManager:
    return LockManager(timeout=PATIENCE)


# Which modes two transactions may hold together, as the documentation's matrix has it.
TOGETHER = """
    S S, S T, S U, I I, I IV, I T, I U, IV T, IV U, SI T, SI U, X U, T T, T U, U U"""
PAIRS = [tuple(map(Mode, pair.split())) for pair in TOGETHER.split(",")]
COMPATIBLE = {*PAIRS, *((other, one) for one, other in PAIRS)}


@pytest.mark.parametrize("held", list(Mode))
@pytest.mark.parametrize("wanted", list(Mode))
def test_two_transactions_share_a_table_in_modes_that_go_together(
    locks: LockManager, held: Mode, wanted: Mode
) -> None:
    first, second = Owner("first"), Owner("second")
    locks.acquire(first, "t", held)
    attempt = Attempt(locks, second, wanted)
    assert attempt.waits() != ((held, wanted) in COMPATIBLE)
    locks.release(first)
    assert attempt.granted()


def test_a_transaction_never_waits_for_itself(locks: LockManager) -> None:
    owner = Owner("only")
    for mode in Mode:
        locks.acquire(owner, "t", mode)
    assert {lock.mode for lock in locks.locks()} == set(Mode)


def test_locks_of_different_tables_do_not_meet(locks: LockManager) -> None:
    locks.acquire(Owner("first"), "t", Mode.OWNER)
    assert Attempt(locks, Owner("second"), Mode.OWNER, "u").granted()


def test_a_request_that_waits_too_long_fails_with_55v03() -> None:
    locks = LockManager(timeout=0.1)
    locks.acquire(Owner("first"), "t", Mode.EXCLUSIVE)
    with pytest.raises(SqlError, match="X held by \\[first\\]") as failure:
        locks.acquire(Owner("second"), "t", Mode.INSERT)
    assert (failure.value.sqlstate, failure.value.number) == ("55V03", 5156)
    assert failure.value.rollback
    assert [str(lock.owner) for lock in locks.locks()] == ["first"]


def test_a_circle_of_waits_fails_at_once_for_one_of_them(locks: LockManager) -> None:
    first, second = Owner("first"), Owner("second")
    locks.acquire(first, "t", Mode.INSERT)
    locks.acquire(second, "t", Mode.INSERT)
    waiting = Attempt(locks, first, Mode.EXCLUSIVE)
    assert waiting.waits()
    with pytest.raises(SqlError) as failure:
        locks.acquire(second, "t", Mode.EXCLUSIVE)
    assert (failure.value.sqlstate, failure.value.number) == ("40V01", 3010)
    locks.release(second)
    assert waiting.granted()


def test_a_circle_over_two_tables_is_found(locks: LockManager) -> None:
    first, second = Owner("first"), Owner("second")
    locks.acquire(first, "t", Mode.EXCLUSIVE)
    locks.acquire(second, "u", Mode.EXCLUSIVE)
    waiting = Attempt(locks, first, Mode.INSERT, "u")
    assert waiting.waits()
    with pytest.raises(SqlError) as failure:
        locks.acquire(second, "t", Mode.INSERT)
    assert failure.value.sqlstate == "40V01"
    locks.release(second)
    assert waiting.granted()


def test_who_came_first_is_served_first(locks: LockManager) -> None:
    holder = Owner("holder")
    locks.acquire(holder, "t", Mode.INSERT)
    deleting = Attempt(locks, Owner("deleting"), Mode.EXCLUSIVE)
    assert deleting.waits()
    loading = Attempt(locks, Owner("loading"), Mode.INSERT)
    assert loading.waits()
    locks.release(holder)
    assert deleting.granted()
    assert loading.waits()


def test_a_waiter_that_gives_up_leaves_the_queue(locks: LockManager) -> None:
    class GoneError(Exception):
        pass

    def give_up() -> None:
        raise GoneError

    holder = Owner("holder")
    locks.acquire(holder, "t", Mode.INSERT)
    with pytest.raises(GoneError):
        locks.acquire(Owner("gone"), "t", Mode.EXCLUSIVE, give_up)
    assert Attempt(locks, Owner("loading"), Mode.INSERT).granted()


def test_waiting_requests_are_listed_as_not_granted(locks: LockManager) -> None:
    locks.acquire(Owner("first"), "t", Mode.OWNER)
    attempt = Attempt(locks, Owner("second"), Mode.INSERT)
    assert attempt.waits()
    listed = [(str(x.owner), x.mode, x.granted) for x in locks.locks()]
    assert listed == [("first", Mode.OWNER, True), ("second", Mode.INSERT, False)]

from __future__ import annotations

import threading

import pytest

from pipelines.runtime import finish_within


def test_work_that_is_in_time_returns_or_raises_what_it_does() -> None:
    assert finish_within(30, lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        finish_within(30, lambda: 1 / 0)


def test_work_that_is_late_is_not_waited_for() -> None:
    released = threading.Event()
    with pytest.raises(TimeoutError):
        finish_within(0.05, lambda: released.wait(60))
    assert not released.is_set()
    released.set()


def test_work_is_not_begun_without_time() -> None:
    begun = threading.Event()
    with pytest.raises(TimeoutError):
        finish_within(0, begun.set)
    assert not begun.is_set()

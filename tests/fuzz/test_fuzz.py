"""Nothing that a false server says makes more of us than one clear line."""

from __future__ import annotations

import pytest

from tests.fuzz import NAMES
from tests.fuzz.driver import Fuzz

CASES = 60


@pytest.mark.parametrize("name", NAMES)
def test_false_servers_are_told_in_one_line_within_bounds(name: str) -> None:
    summary = Fuzz(name, seed=1).run(iter(range(CASES)))
    assert not summary.faults, str(summary)
    assert summary.cases == CASES

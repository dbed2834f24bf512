"""Schedule expressions: those of AWS's guide are taken, and mistakes are named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.deploy.schedules import schedule_fault


@pytest.mark.parametrize(
    "expression",
    [
        "cron(15 10 * * ? *)",
        "cron(0 18 ? * MON-FRI *)",
        "cron(0 8 1 * ? *)",
        "cron(0/10 * ? * mon-fri *)",
        "cron(15,30,45 8-17/2 ? * 2-6 2026-2028)",
        "cron(0 10 ? * 6L 2022-2023)",
        "cron(0 9 ? * 2#1 *)",
        "cron(0 9 L * ? *)",
        "cron(0 9 3W JAN-JUN/2 ? *)",
        "rate(1 hour)",
        "rate(5 minutes)",
        "at(2026-11-21T03:30:00)",
    ],
)
def test_an_expression_of_the_guide_is_taken(expression: str) -> None:
    assert schedule_fault(expression) == ""


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("cron(15 10 * * *)", "cron has 6 fields"),
        ("cron(60 10 * * ? *)", "'60' is no minutes (0-59)"),
        ("cron(0 10 32 * ? *)", "'32' is no day of the month (1-31)"),
        ("cron(0 10 * 13 ? *)", "'13' is no month (1-12)"),
        ("cron(0 10 ? * MOON *)", "'MOON' is no day of the week (1-7)"),
        ("cron(0 10 * * ? 1969)", "'1969' is no year"),
        ("cron(? 10 * * ? *)", "'?' is no minutes"),
        ("cron(0 17-8 * * ? *)", "'17-8' is no hours"),
        ("cron(0/0 10 * * ? *)", "'0/0' is no minutes"),
        ("cron(0 10 * * * *)", "one of day of the month and day of the week is ?"),
        ("cron(0 10 ? * ? *)", "one of day of the month and day of the week is ?"),
        ("rate(1 hours)", "write 1 minute, but 2 minutes"),
        ("rate(5 minute)", "write 1 minute, but 2 minutes"),
        ("rate(0 minutes)", "write cron"),
        ("at(2026-13-01T00:00:00)", "write at("),
        ("", "write cron"),
    ],
)
def test_a_mistake_is_named(expression: str, told: str) -> None:
    assert told in schedule_fault(expression)


@given(st.integers(0, 59), st.integers(0, 23), st.integers(1, 31), st.integers(1, 12))
def test_any_moment_of_a_year_is_taken(
    minute: int, hour: int, day: int, month: int
) -> None:
    assert schedule_fault(f"cron({minute} {hour} {day} {month} ? *)") == ""


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    schedule_fault(text)
    schedule_fault(f"cron({text})")
    schedule_fault(f"at({text})")

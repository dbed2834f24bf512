"""The tables of errors in the documents are those that the code decides by."""

from __future__ import annotations

from collections import Counter

import pytest

from pipelines.runtime import ErrorTable, Verdict
from tests.kit.error_tables import PAGE, TABLES, rendered


def test_the_page_has_what_the_code_decides_by() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == rendered(page), "python -m tests.kit.error_tables mends it"


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_each_code_is_in_one_row_and_what_cannot_pass_tells_a_step(
    table: ErrorTable,
) -> None:
    page = PAGE.read_text(encoding="utf-8")
    codes = [code for row in table.rows for code in row.codes.split()]
    assert [code for code, times in Counter(codes).items() if times > 1] == []
    for row in table.rows:
        assert row.meaning in page
        assert row.step or row.verdict is Verdict.PASSES or row.codes == "23505"

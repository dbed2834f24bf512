"""The table of verbs in the document is the one in the code."""

from __future__ import annotations

from pathlib import Path

from pipelines.operations import VERBS, verb_table

DOCUMENT = Path(__file__).parents[3] / "docs" / "operations.md"


def test_the_document_has_the_table_of_the_code() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    written = text.split("<!-- verbs -->\n")[1].split("\n<!-- end -->")[0]
    assert written == "\n".join(verb_table(VERBS)), (
        "write what pipelines.operations.verb_table(VERBS) says into the document"
    )

"""Titles, names and figures of the reports' mail, whatever is in them."""

from __future__ import annotations

from datetime import date
from email.message import EmailMessage

import pandas as pd
from hypothesis import example, given

from pipelines.mail.figures import Figures
from pipelines.mail.report_mail import build_report_mail
from tests.kit.hidden import FAMILY, HOSTILE, TEXTS, hidden


def mail(text: str) -> EmailMessage:
    summary = pd.DataFrame(
        [[text, 3, text, text, text]],
        columns=["report", "rows", "label", "figure", "change"],
    )
    day = date(2019, 3, 14)
    missing = (("orders", text),)
    return build_report_mail(
        Figures(day, summary, missing, None, None, 0), {}, "etl@x.example"
    )


@given(TEXTS.map(lambda text: text.replace("\ud800", "")))
@example(HOSTILE)
def test_the_mail_of_reports_has_nothing_hidden_in_it(text: str) -> None:
    written = mail(text)
    for kind in ("plain", "html"):
        body = written.get_body((kind,))
        assert body is not None
        assert not hidden(body.get_content())


def test_it_reads_as_it_was_meant() -> None:
    body = mail(f"<b>\x1b[31m{FAMILY}").get_body(("html",))
    assert body is not None
    assert rf"&lt;b&gt;\x1b[31m{FAMILY}" in body.get_content()

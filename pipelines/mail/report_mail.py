"""The mail itself: the same in HTML, with its pictures, and in plain text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from email.message import EmailMessage
from email.policy import SMTP
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from pipelines.config import Settings
from pipelines.errors import one_line
from pipelines.mail.figures import Figures, read_figures
from pipelines.mail.plots import draw_plots
from pipelines.mail.smtp import mail_domain

NAMED = 20
"""Most loads that are named as missing."""


def build_report_mail(
    figures: Figures, pictures: Mapping[str, bytes], sender: str
) -> EmailMessage:
    """Write the mail.

    Args:
        figures: What it tells.
        pictures: PNG, by name.
        sender: Who it is from; the domain gives the Message-ID its own.

    Returns:
        A mail without sender and readers. One day's mails all have one Message-ID, so
        that a second copy is recognised.
    """
    domain = mail_domain(sender)
    mail = EmailMessage(SMTP)
    mail["Subject"] = _subject(figures)
    mail["Message-ID"] = f"<reports-{figures.day}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    cids = {name: f"{name}.{figures.day}@{domain}" for name in pictures}
    mail.set_content(_written("reports.txt", figures, cids), cte="quoted-printable")
    html = _written("reports.html", figures, cids)
    mail.add_alternative(html, subtype="html", cte="quoted-printable")
    *_, page = mail.iter_parts()
    for name, png in pictures.items():
        page.add_related(
            png,
            "image",
            "png",
            cid=f"<{cids[name]}>",
            filename=f"{name}.png",
            disposition="inline",
        )
    return mail


def _subject(figures: Figures) -> str:
    count = len(figures.missing)
    lack = f", {count} {'load' if count == 1 else 'loads'} missing" if count else ""
    return f"Reports of {figures.day} are fresh{lack}"


def _written(template: str, figures: Figures, cids: Mapping[str, str]) -> str:
    rows = [
        {
            str(name): one_line(value) if isinstance(value, str) else value
            for name, value in row.items()
        }
        for row in figures.summary.to_dict("records")
    ]
    widths = {
        name: max([len(str(row[name])) for row in rows], default=0)
        for name in figures.summary.columns
    }
    missing = [one_line(f"{table} of {shard}") for table, shard in figures.missing]
    return (
        _environment()
        .get_template(template)
        .render(
            day=figures.day,
            rows=rows,
            widths=widths,
            missing=missing[:NAMED],
            more_missing=len(missing[NAMED:]),
            cids=cids,
        )
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("pipelines.mail"),
        undefined=StrictUndefined,
        autoescape=select_autoescape(["html"]),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def write_report_mail(settings: Settings, day: date, sender: str) -> EmailMessage:
    """Write the mail of a day.

    Args:
        settings: Which reports, and where they are.
        day: The day.
        sender: Who it is from.

    Raises:
        TransientError: The warehouse cannot be asked now.
        PermanentError: A report is not as its entry says.
    """
    found = read_figures(settings, day)
    return build_report_mail(found, draw_plots(found), sender)

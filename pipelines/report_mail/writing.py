"""Writes the mail of a day from what is in the warehouse."""

from __future__ import annotations

from datetime import date
from email.message import EmailMessage

from pipelines.report_mail.figures import figures
from pipelines.report_mail.message import message
from pipelines.report_mail.plots import plots
from pipelines.settings import Settings


def write(settings: Settings, day: date, sender: str) -> EmailMessage:
    """Write the mail of a day.

    Args:
        settings: Which reports, and where they are.
        day: The day.
        sender: Who it is from.

    Raises:
        TransientError: The warehouse cannot be asked now.
        PermanentError: A report is not as its entry says.
    """
    found = figures(settings, day)
    return message(found, plots(found), sender)

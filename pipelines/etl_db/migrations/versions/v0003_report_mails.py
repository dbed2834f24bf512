"""The mails of success: one a day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "report_mails",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("holder", sa.String(300)),
        sa.Column("expires", sa.DateTime(timezone=True)),
        sa.Column("sent", sa.DateTime(timezone=True)),
    )

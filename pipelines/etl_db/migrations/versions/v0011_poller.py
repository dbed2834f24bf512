"""Who may ask Telegram for updates."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table, and its one row."""
    poller = op.create_table(
        "poller",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("holder", sa.String(300)),
        sa.Column("expires", MOMENT, nullable=False),
        sa.Column("polled", MOMENT, nullable=False),
    )
    past = datetime(2000, 1, 1, tzinfo=UTC)
    row = {"name": "updates", "holder": None, "expires": past, "polled": past}
    op.bulk_insert(poller, [row])

"""Since when a day that failed is asked for although it has a marker."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column; of the rows that are there nobody knows it."""
    op.add_column("alerts", sa.Column("asked", sa.DateTime(timezone=True)))

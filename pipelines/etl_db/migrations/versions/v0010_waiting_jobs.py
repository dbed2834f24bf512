"""Since when a job waits for another run, so that it does not do so for ever."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the column."""
    op.add_column("jobs", sa.Column("waiting_since", sa.DateTime(timezone=True)))

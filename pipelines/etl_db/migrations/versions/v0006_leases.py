"""Until when the process of an attempt is at work for certain, so that others know."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column; of the attempts that are there nobody knows it."""
    op.add_column("sessions", sa.Column("lease", sa.DateTime(timezone=True)))

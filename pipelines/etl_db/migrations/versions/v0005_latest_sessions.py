"""The latest sessions of a shard are found without a look at all that came before."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the index."""
    op.create_index("sessions_latest", "sessions", ["target_table", "shard", "started"])

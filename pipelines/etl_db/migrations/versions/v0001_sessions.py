"""The session log: a row an attempt."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table and its indexes, unless they are there without a version."""
    op.create_table(
        "sessions",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("task_name", sa.String(200), nullable=False),
        sa.Column("target_table", sa.String(800)),
        sa.Column("shard", sa.String(128)),
        sa.Column("day", sa.Date),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("started", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished", sa.DateTime(timezone=True)),
        sa.Column("outcome", sa.String(16)),
        sa.Column("loaded_rows", sa.BigInteger),
        sa.Column("comment", sa.String(500)),
        if_not_exists=True,
    )
    indexes = {
        "sessions_open": ["finished"],
        "sessions_partition": ["target_table", "day", "shard"],
    }
    for name, columns in indexes.items():
        op.create_index(name, "sessions", columns, if_not_exists=True)

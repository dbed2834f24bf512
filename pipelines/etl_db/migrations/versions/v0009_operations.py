"""What people do about incidents, whose wish a job is, and what chats want to hear."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the columns, and make the table."""
    for name, kind in (
        ("acknowledged", MOMENT),
        ("acknowledged_by", sa.String(250)),
        ("muted_until", MOMENT),
        ("muted_by", sa.String(250)),
    ):
        op.add_column("incidents", sa.Column(name, kind))
    for name in ("handled", "shown_handled", "showing", "offered_handled"):
        op.add_column(
            "incidents",
            sa.Column(name, sa.Integer, nullable=False, server_default="0"),
        )
    op.add_column("incidents", sa.Column("offered_partitions", sa.Integer))
    op.add_column("jobs", sa.Column("wish", sa.BigInteger))
    op.add_column("jobs", sa.Column("waiting_since", MOMENT))
    op.create_table(
        "subscriptions",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("place", sa.String(250), nullable=False),
        sa.Column("topic", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("identity", sa.String(250), nullable=False),
        sa.Column("added", MOMENT, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "subscriptions_wanted",
        "subscriptions",
        ["topic", "subject", "place"],
        unique=True,
    )
    op.create_table(
        "subscriber_receipts",
        sa.Column("incident", sa.Integer, primary_key=True),
        sa.Column("place", sa.String(250), primary_key=True),
        sa.Column("receipt", sa.Text, nullable=False),
        sa.Column("partitions", sa.Integer),
        sa.Column("handled", sa.Integer),
        sa.Column("showing", sa.Integer),
        sa.Column("tried", MOMENT, nullable=False),
    )

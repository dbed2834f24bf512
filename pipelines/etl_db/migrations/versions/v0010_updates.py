"""The bot's inbox: what has come from chats, until it is answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "updates",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
        ),
        sa.Column("update_id", sa.BigInteger, nullable=False),
        sa.Column("chat", sa.String(64), nullable=False),
        sa.Column("written", MOMENT, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("accepted", MOMENT, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
        sa.Column("worker", sa.String(300)),
        sa.Column("lease", MOMENT),
        sa.Column("answered", MOMENT),
        sa.Column("ended", MOMENT),
        sa.Column("body", sa.Text),
        sa.Column("reply", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_index("updates_id", "updates", ["update_id"], unique=True)
    op.create_index("updates_ended", "updates", ["ended", "number", "size"])
    for name, columns, which in (
        ("updates_chat", ["chat", "number"], "ended IS NULL"),
        ("updates_held", ["lease", "chat"], "lease IS NOT NULL"),
    ):
        op.create_index(
            *(name, "updates", columns),
            sqlite_where=sa.text(which),
            postgresql_where=sa.text(which),
        )

"""What the bot asks people, the menus that they have, and the documents they send."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "conversations",
        sa.Column("id", sa.String(12), primary_key=True),
        sa.Column("identity", sa.String(250), nullable=False),
        sa.Column("place", sa.String(250), nullable=False),
        sa.Column("verb", sa.String(64), nullable=False),
        sa.Column("given", sa.Text, nullable=False),
        sa.Column("wanted", sa.String(64), nullable=False),
        sa.Column("choices", sa.Text, nullable=False),
        sa.Column("expires", MOMENT, nullable=False),
    )
    op.create_index(
        "conversations_whose", "conversations", ["identity", "place"], unique=True
    )
    op.create_index("conversations_expires", "conversations", ["expires"])
    op.create_table(
        "menus",
        sa.Column("chat", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("user", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("shown", MOMENT, nullable=False),
    )
    op.create_table(
        "documents",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("source_id", sa.String(200)),
        sa.Column("name", sa.String(250), nullable=False),
        sa.Column("content_type", sa.String(100), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("who", sa.String(250), nullable=False),
        sa.Column("identity", sa.String(250), nullable=False),
        sa.Column("place", sa.String(250), nullable=False),
        sa.Column("added", MOMENT, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("documents_source", "documents", ["source_id"], unique=True)

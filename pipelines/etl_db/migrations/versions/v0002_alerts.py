"""The outbox of failures, the incidents that they make, and who sends them."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the three tables, and the one row of the last."""
    _make_alerts()
    _make_incidents()
    sender = op.create_table(
        "sender",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("holder", sa.String(300)),
        sa.Column("expires", MOMENT, nullable=False),
    )
    past = datetime(2000, 1, 1, tzinfo=UTC)
    op.bulk_insert(sender, [{"name": "alerts", "holder": None, "expires": past}])


def _make_alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("run", sa.BigInteger, nullable=False),
        sa.Column("session", sa.BigInteger),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("family", sa.String(200), nullable=False),
        sa.Column("task_id", sa.String(400), nullable=False),
        sa.Column("subject", sa.String(200)),
        sa.Column("day", sa.Date),
        sa.Column("shard", sa.String(128)),
        sa.Column("error", sa.String(200), nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.String(32), nullable=False),
        sa.Column("happened", MOMENT, nullable=False),
        sa.Column("due", MOMENT, nullable=False),
        sa.Column("incident", sa.Integer),
    )
    op.create_index("alerts_ungrouped", "alerts", ["incident", "due"])
    op.create_index("alerts_partition", "alerts", ["subject", "day", "shard"])
    op.create_index("alerts_task", "alerts", ["run", "task_id"])


def _make_incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("family", sa.String(200), nullable=False),
        sa.Column("fingerprint", sa.String(32), nullable=False),
        sa.Column("error", sa.String(200), nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("opened", MOMENT, nullable=False),
        sa.Column("last_seen", MOMENT, nullable=False),
        sa.Column("running_since", MOMENT, nullable=False),
        sa.Column("partitions", sa.Integer, nullable=False),
        sa.Column("shown_partitions", sa.Integer),
        sa.Column("shown", MOMENT),
        sa.Column("receipts", sa.Text, nullable=False),
        sa.Column("closed", MOMENT),
        sa.Column("settled", MOMENT),
    )
    cause = ["family", "fingerprint", "opened"]
    op.create_index("incidents_cause", "incidents", cause)
    op.create_index("incidents_open", "incidents", ["closed"])

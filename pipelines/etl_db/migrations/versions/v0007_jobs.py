"""Long operations as jobs, and which wish has become which."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the two tables."""
    _make_jobs()
    op.create_table(
        "job_wishes",
        sa.Column("source_id", sa.String(200), primary_key=True),
        sa.Column("job", sa.Integer, nullable=False),
        sa.Column("made", MOMENT, nullable=False),
    )
    op.create_index("job_wishes_made", "job_wishes", ["made"])


def _make_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("verb", sa.String(64), nullable=False),
        sa.Column("arguments", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("key", sa.String(500), nullable=False),
        sa.Column("open_key", sa.String(500)),
        sa.Column("asker", sa.String(200), nullable=False),
        sa.Column("origin", sa.String(32), nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("servers", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("not_before", MOMENT),
        sa.Column("worker", sa.String(300)),
        sa.Column("lease", MOMENT),
        sa.Column("cancel_asked", MOMENT),
        sa.Column("canceller", sa.String(200)),
        sa.Column("done", sa.BigInteger, nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("exit_code", sa.Integer),
        sa.Column("report", sa.Text, nullable=False),
        sa.Column("log_tail", sa.Text, nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("started", MOMENT),
        sa.Column("finished", MOMENT),
        sqlite_autoincrement=True,
    )
    op.create_index("jobs_open_key", "jobs", ["open_key"], unique=True)
    op.create_index("jobs_turn", "jobs", ["state", "priority", "number"])
    op.create_index("jobs_state", "jobs", ["state", "number"])
    op.create_index("jobs_verb", "jobs", ["verb", "number", "state"])
    op.create_index("jobs_asker", "jobs", ["asker", "number", "verb", "state"])
    op.create_index("jobs_finished", "jobs", ["finished"])

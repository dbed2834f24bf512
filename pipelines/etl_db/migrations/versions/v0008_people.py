"""People, how they become known, what they wished, and what they must agree to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

MOMENT = sa.DateTime(timezone=True)

REFUSAL = "a row of the audit is never changed"


def upgrade() -> None:
    """Make the five tables, and keep the rows of the audit as they are."""
    _make_people()
    _make_invitations()
    _make_audit()
    _make_confirmations()
    if op.get_bind().dialect.name == "sqlite":
        _keep_rows_of_sqlite()
    else:
        _keep_rows_of_postgresql()


def _make_people() -> None:
    op.create_table(
        "people",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("changed", MOMENT, nullable=False),
        sa.Column("revoked", MOMENT),
    )
    op.create_index("people_name", "people", ["name"], unique=True)
    op.create_table(
        "identities",
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("subject", sa.String(200), primary_key=True),
        sa.Column("person", sa.Integer, nullable=False),
        sa.Column("added", MOMENT, nullable=False),
    )
    op.create_index("identities_person", "identities", ["person"])


def _make_invitations() -> None:
    op.create_table(
        "invitations",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("person", sa.Integer, nullable=False),
        sa.Column("expires", MOMENT, nullable=False),
        sa.Column("used", MOMENT),
    )
    op.create_index("invitations_person", "invitations", ["person"])


def _make_audit() -> None:
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "audit",
        sa.Column("number", number, primary_key=True),
        sa.Column("moment", MOMENT, nullable=False),
        sa.Column("of", sa.BigInteger),
        sa.Column("who", sa.String(250)),
        sa.Column("identity", sa.String(250)),
        sa.Column("place", sa.String(250)),
        sa.Column("verb", sa.String(64)),
        sa.Column("arguments", sa.String(500)),
        sa.Column("allowed", sa.Boolean),
        sa.Column("plan", sa.String(500)),
        sa.Column("plan_digest", sa.String(64)),
        sa.Column("ending", sa.String(16)),
        sa.Column("detail", sa.String(500)),
    )
    is_end = sa.text("of IS NOT NULL")
    op.create_index(
        "audit_of",
        "audit",
        ["of"],
        unique=True,
        sqlite_where=is_end,
        postgresql_where=is_end,
    )
    op.create_index("audit_moment", "audit", ["moment", "number"])
    who_and_verb = ["who", "verb", "moment", "number"]
    op.create_index("audit_who_verb", "audit", who_and_verb)
    for column in ("who", "verb", "allowed"):
        op.create_index(f"audit_{column}", "audit", [column, "moment", "number"])


def _make_confirmations() -> None:
    op.create_table(
        "confirmations",
        sa.Column("id", sa.String(12), primary_key=True),
        sa.Column("identity", sa.String(250), nullable=False),
        sa.Column("place", sa.String(250), nullable=False),
        sa.Column("verb", sa.String(64), nullable=False),
        sa.Column("arguments", sa.Text, nullable=False),
        sa.Column("plan_digest", sa.String(64), nullable=False),
        sa.Column("expires", MOMENT, nullable=False),
        sa.Column("used", MOMENT),
    )
    op.create_index("confirmations_expires", "confirmations", ["expires"])


def _keep_rows_of_sqlite() -> None:
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_keeps_{change.lower()} BEFORE {change} ON audit"
            f" BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        )


def _keep_rows_of_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION audit_keeps() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_keeps BEFORE UPDATE OR DELETE OR TRUNCATE ON audit"
        " FOR EACH STATEMENT EXECUTE FUNCTION audit_keeps()"
    )

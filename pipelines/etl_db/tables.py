"""The tables of the ETL database, as the code uses them; migrations make them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    text,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection

COMMENT_LENGTH = 500

AUDIT_LENGTH = 500
"""Most characters of each longer text in a row of the audit."""

Columns = ReadOnlyColumnCollection[str, Column[Any]]

metadata = MetaData()

sessions_table = Table(
    "sessions",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("task_name", String(200), nullable=False),
    Column("target_table", String(800)),
    Column("shard", String(128)),
    Column("day", Date),
    Column("attempt", Integer, nullable=False),
    Column("host", String(255), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started", DateTime(timezone=True), nullable=False),
    Column("finished", DateTime(timezone=True)),
    Column("outcome", String(16)),
    Column("loaded_rows", BigInteger),
    Column("comment", String(COMMENT_LENGTH)),
    Column("lease", DateTime(timezone=True)),
    Index("sessions_open", "finished"),
    Index("sessions_partition", "target_table", "day", "shard"),
    Index("sessions_latest", "target_table", "shard", "started"),
)

alerts_table = Table(
    "alerts",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("run", BigInteger, nullable=False),
    Column("session", BigInteger),
    Column("event", String(32), nullable=False),
    Column("family", String(200), nullable=False),
    Column("task_id", String(400), nullable=False),
    Column("subject", String(200)),
    Column("day", Date),
    Column("shard", String(128)),
    Column("error", String(200), nullable=False),
    Column("code", String(32), nullable=False),
    Column("message", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("fingerprint", String(32), nullable=False),
    Column("happened", DateTime(timezone=True), nullable=False),
    Column("due", DateTime(timezone=True), nullable=False),
    Column("incident", Integer),
    Column("asked", DateTime(timezone=True)),
    Index("alerts_ungrouped", "incident", "due"),
    Index("alerts_partition", "subject", "day", "shard"),
    Index("alerts_task", "run", "task_id"),
)
"""The outbox: a row a failure; `incident` is empty until it is grouped."""

incidents_table = Table(
    "incidents",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("family", String(200), nullable=False),
    Column("fingerprint", String(32), nullable=False),
    Column("error", String(200), nullable=False),
    Column("code", String(32), nullable=False),
    Column("message", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("opened", DateTime(timezone=True), nullable=False),
    Column("last_seen", DateTime(timezone=True), nullable=False),
    Column("running_since", DateTime(timezone=True), nullable=False),
    Column("partitions", Integer, nullable=False),
    Column("shown_partitions", Integer),
    Column("shown", DateTime(timezone=True)),
    Column("receipts", Text, nullable=False),
    Column("closed", DateTime(timezone=True)),
    Column("settled", DateTime(timezone=True)),
    Column("acknowledged", DateTime(timezone=True)),
    Column("acknowledged_by", String(250)),
    Column("muted_until", DateTime(timezone=True)),
    Column("muted_by", String(250)),
    Column("handled", Integer, nullable=False, server_default="0"),
    Column("shown_handled", Integer, nullable=False, server_default="0"),
    Column("showing", Integer, nullable=False, server_default="0"),
    Column("offered_partitions", Integer),
    Column("offered_handled", Integer, nullable=False, server_default="0"),
    Index("incidents_cause", "family", "fingerprint", "opened"),
    Index("incidents_open", "closed"),
)
"""Failures of one family with one cause; what a chat shows, and by which messages.

`handled` counts what people have done about one, `shown_handled` how much of that is
shown, and `showing` how often one was to be shown by new messages. `offered_partitions`
and `offered_handled` are of the state that all subscribers have been offered.
"""

sender_table = Table(
    "sender",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("holder", String(300)),
    Column("expires", DateTime(timezone=True), nullable=False),
)
"""One row: who may send, and until when."""

report_mails_table = Table(
    "report_mails",
    metadata,
    Column("day", Date, primary_key=True),
    Column("holder", String(300)),
    Column("expires", DateTime(timezone=True)),
    Column("sent", DateTime(timezone=True)),
)
"""The mails of success: a row a day; who sends it, and when it was sent."""

jobs_table = Table(
    "jobs",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("verb", String(64), nullable=False),
    Column("arguments", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("key", String(500), nullable=False),
    Column("open_key", String(500)),
    Column("asker", String(200), nullable=False),
    Column("origin", String(32), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("servers", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("not_before", DateTime(timezone=True)),
    Column("worker", String(300)),
    Column("lease", DateTime(timezone=True)),
    Column("cancel_asked", DateTime(timezone=True)),
    Column("canceller", String(200)),
    Column("done", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("exit_code", Integer),
    Column("report", Text, nullable=False),
    Column("log_tail", Text, nullable=False),
    Column("created", DateTime(timezone=True), nullable=False),
    Column("started", DateTime(timezone=True)),
    Column("finished", DateTime(timezone=True)),
    Column("wish", BigInteger),
    Column("waiting_since", DateTime(timezone=True)),
    Index("jobs_open_key", "open_key", unique=True),
    Index("jobs_turn", "state", "priority", "number"),
    Index("jobs_state", "state", "number"),
    # Each has all that a listing asks for, so that no row is read which is not listed.
    Index("jobs_verb", "verb", "number", "state"),
    Index("jobs_asker", "asker", "number", "verb", "state"),
    Index("jobs_finished", "finished"),
    sqlite_autoincrement=True,  # a number that was told to somebody stays that job's
)
"""Long operations, a row each.

`open_key` is its key while it is not over, `wish` the row of the audit that asked for
it.
"""

job_wishes_table = Table(
    "job_wishes",
    metadata,
    Column("source_id", String(200), primary_key=True),
    Column("job", Integer, nullable=False),
    Column("made", DateTime(timezone=True), nullable=False),
    Index("job_wishes_made", "made"),
)
"""Which job a wish has become, by what it is called where it came from.

Several wishes may be of one job, and each may come again when that job is over.
"""

people_table = Table(
    "people",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("name", String(100), nullable=False),
    Column("role", String(16), nullable=False),
    Column("changed", DateTime(timezone=True), nullable=False),
    Column("revoked", DateTime(timezone=True)),
    Index("people_name", "name", unique=True),
)
"""Who may do something, and in which role; one that is revoked may do nothing."""

identities_table = Table(
    "identities",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("subject", String(200), primary_key=True),
    Column("person", Integer, nullable=False),
    Column("added", DateTime(timezone=True), nullable=False),
    Index("identities_person", "person"),
)
"""By what people are known: each is one person's."""

invitations_table = Table(
    "invitations",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("person", Integer, nullable=False),
    Column("expires", DateTime(timezone=True), nullable=False),
    Column("used", DateTime(timezone=True)),
    Index("invitations_person", "person"),
)
"""What was given to people to make themselves known once: never the code itself."""

audit_table = Table(
    "audit",
    metadata,
    # SQLite counts up by itself in an INTEGER only.
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("moment", DateTime(timezone=True), nullable=False),
    Column("of", BigInteger),
    Column("who", String(250)),
    Column("identity", String(250)),
    Column("place", String(250)),
    Column("verb", String(64)),
    Column("arguments", String(AUDIT_LENGTH)),
    Column("allowed", Boolean),
    Column("plan", String(AUDIT_LENGTH)),
    Column("plan_digest", String(64)),
    Column("ending", String(16)),
    Column("detail", String(AUDIT_LENGTH)),
    # Not of all rows, or SQLite would look up by it which are no ends: half of them.
    Index(
        "audit_of",
        "of",
        unique=True,
        sqlite_where=text("of IS NOT NULL"),
        postgresql_where=text("of IS NOT NULL"),
    ),
    Index("audit_moment", "moment", "number"),
    Index("audit_who", "who", "moment", "number"),
    Index("audit_who_verb", "who", "verb", "moment", "number"),
    Index("audit_verb", "verb", "moment", "number"),
    Index("audit_allowed", "allowed", "moment", "number"),
)
"""Who wished what, a row each; how that ended is a row with `of`, the wish's number.

Triggers refuse to change or delete a row.
"""

confirmations_table = Table(
    "confirmations",
    metadata,
    Column("id", String(12), primary_key=True),
    Column("identity", String(250), nullable=False),
    Column("place", String(250), nullable=False),
    Column("verb", String(64), nullable=False),
    Column("arguments", Text, nullable=False),
    Column("plan_digest", String(64), nullable=False),
    Column("expires", DateTime(timezone=True), nullable=False),
    Column("used", DateTime(timezone=True)),
    Index("confirmations_expires", "expires"),
)
"""Plans that were shown, each waiting for the one who asked to agree to it, once."""

subscriptions_table = Table(
    "subscriptions",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("place", String(250), nullable=False),
    Column("topic", String(32), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("identity", String(250), nullable=False),
    Column("added", DateTime(timezone=True), nullable=False),
    Index("subscriptions_wanted", "topic", "subject", "place", unique=True),
    sqlite_autoincrement=True,
)
"""What is told where besides the configured chats; an empty subject is all of it."""

poller_table = Table(
    "poller",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("holder", String(300)),
    Column("expires", DateTime(timezone=True), nullable=False),
    Column("polled", DateTime(timezone=True), nullable=False),
)
"""One row: who may ask Telegram for updates, until when, and when all had been taken.

What comes by a press has no time of its own; it was not pressed before `polled`.
"""

updates_table = Table(
    "updates",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("update_id", BigInteger, nullable=False),
    Column("chat", String(64), nullable=False),
    Column("written", DateTime(timezone=True), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("size", Integer, nullable=False),
    Column("accepted", DateTime(timezone=True), nullable=False),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("worker", String(300)),
    Column("lease", DateTime(timezone=True)),
    Column("answered", DateTime(timezone=True)),
    Column("ended", DateTime(timezone=True)),
    # The longest come last, so that the others are read without them.
    Column("body", Text),
    Column("reply", Text),
    Index("updates_id", "update_id", unique=True),
    # What is not over, in its order, and what is over, the oldest first.
    Index("updates_ended", "ended", "number", "size"),
    Index(
        "updates_chat",
        "chat",
        "number",
        sqlite_where=text("ended IS NULL"),
        postgresql_where=text("ended IS NULL"),
    ),
    Index(
        "updates_held",
        "lease",
        "chat",
        sqlite_where=text("lease IS NOT NULL"),
        postgresql_where=text("lease IS NOT NULL"),
    ),
    sqlite_autoincrement=True,  # a number is never another update's
)
"""The bot's inbox: a row for each update of a chat.

`number` counts them as they came, since Telegram's own `update_id` may go down. `size`
is of the body in octets; body and reply go as soon as they are not needed any more.
"""

subscriber_receipts_table = Table(
    "subscriber_receipts",
    metadata,
    Column("incident", Integer, primary_key=True),
    Column("place", String(250), primary_key=True),
    Column("receipt", Text, nullable=False),
    Column("partitions", Integer),
    Column("handled", Integer),
    Column("showing", Integer),
    Column("tried", DateTime(timezone=True), nullable=False),
)
"""What subscribed places show of incidents, and when that was last tried.

It has the rows of incidents that are not over, or whose end is still to be told.
"""

conversations_table = Table(
    "conversations",
    metadata,
    Column("id", String(12), primary_key=True),
    Column("identity", String(250), nullable=False),
    Column("place", String(250), nullable=False),
    Column("verb", String(64), nullable=False),
    Column("given", Text, nullable=False),
    Column("wanted", String(64), nullable=False),
    Column("choices", Text, nullable=False),
    Column("expires", DateTime(timezone=True), nullable=False),
    Index("conversations_whose", "identity", "place", unique=True),
    Index("conversations_expires", "expires"),
)
"""What the bot has asked somebody in some place, and what it knows of the wish so far.

`id` is the question's: the next one has another, so that no old button answers it.
"""

menus_table = Table(
    "menus",
    metadata,
    Column("chat", BigInteger, primary_key=True, autoincrement=False),
    Column("user", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", String(64), nullable=False),
    Column("shown", DateTime(timezone=True), nullable=False),
)
"""Which menu of commands Telegram shows to whom; chat and user 0 are all others."""

documents_table = Table(
    "documents",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("source_id", String(200)),
    Column("name", String(250), nullable=False),
    Column("content_type", String(100), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("who", String(250), nullable=False),
    Column("identity", String(250), nullable=False),
    Column("place", String(250), nullable=False),
    Column("added", DateTime(timezone=True), nullable=False),
    Index("documents_source", "source_id", unique=True),
    sqlite_autoincrement=True,  # a number that was told to somebody stays that one's
)
"""Documents that were sent to the bot, and are kept for publishing: a row a file.

The file is called by the number, in the bot's own folder; one without a row may go.
"""

followed_jobs_table = Table(
    "followed_jobs",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("job", Integer, nullable=False),
    Column("chat", BigInteger, nullable=False),
    Column("topic", BigInteger),
    Column("asker", BigInteger, nullable=False),
    Column("message", BigInteger, nullable=False),
    Column("shown", String(200), nullable=False),
    Column("touched", DateTime(timezone=True), nullable=False),
    sqlite_autoincrement=True,
)
"""Jobs whose end is still to be told in a chat, and which message shows their progress.

`shown` is the state of the job that the message shows, and `touched` when the row was
last written.
"""

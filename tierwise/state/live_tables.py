"""The tables of live events: who may send, what came, what is known again, what came of it.

As in `schema.py`, with the sentence that each constraint keeps true.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Date, DateTime, Identity, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSON, UUID

from tierwise.state.tables import metadata, row_id

# One row per source of live events, and the secret by which it sends them, as SHA-256: whoever reads the table cannot
# send. previous_digest is the secret before the last rotation, good until previous_until. origins empty: any page.
# choice: the category of consent that a visitor must have allowed before anonymous events are kept.
write_key = Table(
    "write_key",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("source", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("ending", Text, nullable=False),
    Column("previous_digest", Text),
    Column("previous_until", DateTime(timezone=True)),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("origins", ARRAY(Text), nullable=False),
    Column("choice", Text),
    Column("events_per_second", Integer),
    Column("author", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
    Column("revoked_by", Text),
    # Prevents a source without a name, and a secret that is kept as it is.
    CheckConstraint("source <> '' and author <> '' and digest ~ '^[0-9a-f]{64}$'", name="named"),
    # Prevents an earlier secret that is good for ever.
    CheckConstraint("(previous_digest is null) = (previous_until is null)", name="previous"),
    # Prevents a key that may send nothing, and a limit that lets nothing through.
    CheckConstraint("cardinality(scopes) > 0 and events_per_second >= 1", name="useful"),
    # Prevents a revocation by nobody.
    CheckConstraint("(revoked_at is null) = (revoked_by is null)", name="revoked"),
    # Prevents two keys in use for one source, whose events could not be told apart.
    Index("write_key_source_key", "source", unique=True, postgresql_where=text("revoked_at is null")),
    # Prevents one secret from meaning two sources.
    Index("write_key_digest_key", "digest", unique=True),
)

# One row per live event, in the order in which they are applied; committed before its sender is answered. body is the
# whole event with what its batch says of all. occurred_at: the sender's time, its clock put right. batch: the
# application that took it. No foreign key: PostgreSQL would take four tenths longer for a row (ADR 20).
inbox = Table(
    "inbox",
    metadata,
    row_id(),
    Column("write_key_id", Integer, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("event", Text),
    Column("user_id", Text),
    Column("anonymous_id", Text),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("body", JSON, nullable=False),
    Column("state", Text, nullable=False, server_default="pending"),
    Column("batch", BigInteger),
    # Prevents a state that no reader knows, and an event that is applied by no batch.
    CheckConstraint("state = 'pending' or (state = 'applied' and batch is not null)", name="state"),
    # Finds what waits, in order, without reading what was applied.
    Index("inbox_pending_idx", "id", postgresql_where=text("state = 'pending'")),
)

# One row per event taken in during the last weeks: a digest of its source and messageId.
event_seen = Table(
    "event_seen",
    metadata,
    # Prevents an event that is sent again from being counted twice.
    Column("digest", UUID, primary_key=True),
    Column("seen_on", Date, nullable=False),
    # Finds what is old enough to forget.
    Index(None, "seen_on"),
)

# One row per event that was refused, with why and what it was. body: its text as sent, or as much as is kept of it.
event_quarantine = Table(
    "event_quarantine",
    metadata,
    row_id(),
    Column("write_key_id", Integer, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("code", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("place", Text),
    Column("body", Text, nullable=False),
    # Prevents a refusal without a reason.
    CheckConstraint("code <> '' and message <> ''", name="reason"),
)

# One row per source and UTC day: what came and what became of it. duplicate: sent again. declined: not kept, since the
# visitor had not chosen to be followed.
inbox_day = Table(
    "inbox_day",
    metadata,
    Column("write_key_id", Integer, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("received", BigInteger, nullable=False, server_default="0"),
    Column("duplicate", BigInteger, nullable=False, server_default="0"),
    Column("quarantined", BigInteger, nullable=False, server_default="0"),
    Column("declined", BigInteger, nullable=False, server_default="0"),
    Column("applied", BigInteger, nullable=False, server_default="0"),
    # Prevents an event from being two things, and one from being lost between them.
    CheckConstraint("least(duplicate, quarantined, declined, applied) >= 0", name="no_negative_count"),
    CheckConstraint("duplicate + quarantined + declined + applied <= received", name="adds_up"),
)

# One row per name of an event and source: the catalogue of what is sent. event is empty where calls have no name, and
# for names beyond those that the catalogue keeps apart.
event_kind = Table(
    "event_kind",
    metadata,
    Column("write_key_id", Integer, primary_key=True),
    Column("type", Text, primary_key=True),
    Column("event", Text, primary_key=True),
    Column("volume", BigInteger, nullable=False),
    Column("first_seen_at", DateTime(timezone=True), nullable=False),
    Column("last_seen_at", DateTime(timezone=True), nullable=False),
    # Prevents a name that nobody has sent, and one last seen before it was first seen.
    CheckConstraint("volume >= 1 and first_seen_at <= last_seen_at", name="seen"),
)

# One row per property of such an event and type of its values.
event_property = Table(
    "event_property",
    metadata,
    Column("write_key_id", Integer, primary_key=True),
    Column("type", Text, primary_key=True),
    Column("event", Text, primary_key=True),
    Column("property", Text, primary_key=True),
    Column("value_type", Text, primary_key=True),
    Column("first_seen_at", DateTime(timezone=True), nullable=False),
    # Prevents a type that no mapping knows.
    CheckConstraint("value_type in ('text', 'number', 'boolean', 'null', 'list', 'object')", name="value_type"),
)

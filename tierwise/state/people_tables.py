"""The tables of people: who signs in, and by what they are known again.

As in `schema.py`, with the sentence that each constraint keeps true.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Integer, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from tierwise.state.tables import metadata

# One row per person who may sign in. digest: argon2id of the password; null until one is set. stores: the stores whose
# customers this person sees, empty for all. staff_id: whose customers an advisor sees. failed: wrong passwords in a
# row; locked_until: no password is looked at before.
person = Table(
    "person",
    metadata,
    Column("name", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("digest", Text),
    Column("stores", ARRAY(Text), nullable=False),
    Column("staff_id", Text),
    Column("language", Text),
    Column("failed", Integer, nullable=False, server_default="0"),
    Column("locked_until", DateTime(timezone=True)),
    Column("author", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("left_at", DateTime(timezone=True)),
    Column("left_by", Text),
    # Prevents two people whose names differ in case alone, and a password that is kept as it is.
    CheckConstraint(
        "name = lower(name) and name <> '' and title <> '' and left(digest, 10) = '$argon2id$' and failed >= 0",
        name="named",
    ),
    # Prevents a role that nothing knows.
    CheckConstraint("role in ('administrator', 'analyst', 'operator', 'advisor', 'reader')", name="role"),
    # Prevents an advisor who would see everybody's customers.
    CheckConstraint("role <> 'advisor' or staff_id <> ''", name="advisor"),
    CheckConstraint("language in ('zh', 'en')", name="language"),
    # Prevents a departure by nobody.
    CheckConstraint("(left_at is null) = (left_by is null)", name="left"),
)

# One row per browser that is signed in; the secret is in its cookie, its SHA-256 here.
person_session = Table(
    "person_session",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("person", Text, ForeignKey("person.name"), nullable=False, index=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False),
    # Prevents a secret that is kept as it is, and a session that was seen before it began.
    CheckConstraint("digest ~ '^[0-9a-f]{64}$' and seen_at >= at", name="known"),
)

# One row per link that signs in once: how a person comes in who has no password yet.
sign_in_link = Table(
    "sign_in_link",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("person", Text, ForeignKey("person.name"), nullable=False, index=True),
    Column("author", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("used_at", DateTime(timezone=True)),
    # Prevents a secret that is kept as it is, and a link that is good for ever.
    CheckConstraint("digest ~ '^[0-9a-f]{64}$' and expires_at > at", name="known"),
    # Prevents a link that was used when it was good no more.
    CheckConstraint("used_at <= expires_at", name="used"),
)

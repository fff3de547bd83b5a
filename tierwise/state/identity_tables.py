"""The tables of who is who: what people decide, and how far live events were read for it.

As in `schema.py`, with the sentence that each constraint keeps true.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, DateTime, Index, Table, Text, text

from tierwise.state.tables import metadata, row_id

# One row per decision on two identities, by their source keys: that they are one person's, or not. A later one on the
# same two stands above an earlier one. It holds as long as undone_at is null; rows are never deleted.
identity_decision = Table(
    "identity_decision",
    metadata,
    row_id(),
    Column("left_key", BigInteger, nullable=False),
    Column("right_key", BigInteger, nullable=False),
    Column("same", Boolean, nullable=False),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("undone_at", DateTime(timezone=True)),
    Column("undone_by", Text),
    # Prevents a decision of nobody, one without a reason, and one about nobody else.
    CheckConstraint("author <> '' and reason <> '' and left_key >= 1 and left_key < right_key", name="named"),
    # Prevents an undoing by nobody.
    CheckConstraint("(undone_at is null) = (undone_by is null)", name="undone"),
    # Finds what holds without reading all that ever was decided.
    Index("identity_decision_standing_idx", "id", postgresql_where=text("undone_at is null")),
)

# One row: up to which live event the ids that were used together have been taken in.
identity_reading = Table(
    "identity_reading",
    metadata,
    # Prevents two of them.
    Column("one", Boolean, primary_key=True, server_default=text("true")),
    Column("event_id", BigInteger, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    CheckConstraint("one", name="one"),
)

"""The table of answers: what customers said when they were asked, who heard it, and what was taken back.

As in `schema.py`, with the sentence that each constraint keeps true.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Index, Table, Text, text

from tierwise.state.tables import metadata, row_id

# One row per time that a customer (by a source's key) was asked. field: the column of `customers` that the answer
# fills; value: as that column holds it, null of who did not want to say; found: what files said in that column when the
# customer was asked, null where they said nothing. how: on what occasion. Rows are never deleted.
answer = Table(
    "answer",
    metadata,
    row_id(),
    Column("source_key", BigInteger, nullable=False),
    Column("profiling", Text, nullable=False),
    Column("question", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("value", Text),
    Column("found", Text),
    Column("how", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("undone_at", DateTime(timezone=True)),
    Column("undone_by", Text),
    Column("undo_reason", Text),
    # Prevents an answer of nobody, heard by nobody, to nothing.
    CheckConstraint(
        "author <> '' and profiling <> '' and question <> '' and field <> '' and source_key >= 1", name="named"
    ),
    # Prevents what no reader knows.
    CheckConstraint("outcome in ('answered', 'declined')", name="outcome"),
    CheckConstraint("how in ('visit', 'call', 'message', 'form', 'other')", name="how"),
    # Prevents an answer that says nothing, and a value of who did not want to say.
    CheckConstraint("(outcome = 'answered') = (value is not null) and value <> ''", name="value"),
    # Prevents an undoing by nobody, or without a reason.
    CheckConstraint(
        "(undone_at is null) = (undone_by is null) and (undone_at is null) = (undo_reason is null) "
        "and undo_reason <> ''",
        name="undone",
    ),
    # Finds what one customer said, what was said lately, and how many were taken back.
    Index("answer_customer_idx", "source_key", "id"),
    Index("answer_at_idx", "at"),
    Index("answer_undone_idx", "undone_at", postgresql_where=text("undone_at is not null")),
)

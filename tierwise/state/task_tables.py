"""The tables of tasks: what somebody of the house is to do about one customer, and each change of it.

As in `schema.py`, with the sentence that each constraint keeps true.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from tierwise.state.tables import metadata, row_id

# One row per making of tasks for several customers. key: given by who asks, so that asking again makes nothing twice;
# digest: SHA-256 of what was asked for. counts: what became of whom.
task_batch = Table(
    "task_batch",
    metadata,
    row_id(),
    Column("key", Text),
    Column("digest", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("counts", JSONB, nullable=False),
    Column("author", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    # Prevents one asking, repeated after a broken line, from making its tasks twice.
    UniqueConstraint("key"),
    # Prevents a batch of nobody, and a digest that is none.
    CheckConstraint("key <> '' and author <> '' and digest ~ '^[0-9a-f]{64}$'", name="named"),
    CheckConstraint("jsonb_typeof(counts) = 'object'", name="counts"),
)

# One row per task: one customer (by a source's key) and one thing to do. matter: what it is about, in one spelling.
# origin, about, detail: why this customer. Whose it is: staff_id of the facts, or a person who has none; neither: it
# waits in the pool of its store. tries: how often it was tried in vain and stayed open.
task = Table(
    "task",
    metadata,
    row_id(),
    Column("source_key", BigInteger, nullable=False),
    Column("matter", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("script", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("detail", JSONB, nullable=False),
    Column("batch_id", ForeignKey("task_batch.id"), index=True),
    Column("staff_id", Text),
    Column("person", ForeignKey("person.name")),
    Column("store", Text),
    Column("due_on", Date, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("outcome", Text),
    Column("note", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("author", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("closed_at", DateTime(timezone=True)),
    Column("closed_by", Text),
    # Prevents a customer from being given the same open task twice.
    Index("task_once_key", "source_key", "matter", unique=True, postgresql_where=text("state = 'open'")),
    # Prevents tasks of nobody's making and about nothing.
    CheckConstraint("author <> '' and matter <> '' and source_key >= 1", name="named"),
    # Prevents what no reader knows.
    CheckConstraint("kind in ('call', 'message', 'visit', 'other')", name="kind"),
    CheckConstraint("origin in ('segment', 'list', 'rule', 'due', 'vehicle_due', 'manual')", name="origin"),
    CheckConstraint("state in ('open', 'done', 'dropped')", name="state"),
    CheckConstraint(
        "outcome in ('reached', 'no_answer', 'appointment', 'bought', 'refused', 'wrong_number')", name="outcome"
    ),
    # Prevents a done task that does not say what came of it, and an outcome of one that is not done.
    CheckConstraint("(state = 'done') = (outcome is not null)", name="done"),
    # Prevents a closed task without when and by whom, and one closed while it is open.
    CheckConstraint(
        "(state = 'open') = (closed_at is null) and (closed_at is null) = (closed_by is null)", name="closed"
    ),
    # Prevents two whose task it is.
    CheckConstraint("staff_id is null or person is null", name="whose"),
    CheckConstraint("staff_id <> '' and store <> '' and priority between 1 and 3", name="given"),
    CheckConstraint("tries >= 0 and revision >= 1 and jsonb_typeof(detail) = 'object'", name="counted"),
    # Finds what is open of one person, of one store, and of one customer, without reading all that ever was.
    Index("task_open_staff_idx", "staff_id", "due_on", postgresql_where=text("state = 'open'")),
    Index("task_open_store_idx", "store", "due_on", postgresql_where=text("state = 'open'")),
    Index("task_customer_idx", "source_key"),
    Index("task_closed_idx", "closed_at", postgresql_where=text("state <> 'open'")),
)

# One row per change of a task, its making the first. before and after: the columns that it changed. An undoing is a
# change, too, and names what it undid. Rows are never changed.
task_change = Table(
    "task_change",
    metadata,
    row_id(),
    Column("task_id", ForeignKey("task.id"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("action", Text, nullable=False),
    Column("before", JSONB, nullable=False),
    Column("after", JSONB, nullable=False),
    Column("undoes", BigInteger, ForeignKey("task_change.id"), unique=True),
    Column("author", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    # Prevents two taps at once from both being the next change.
    UniqueConstraint("task_id", "revision"),
    CheckConstraint("action in ('make', 'done', 'try', 'snooze', 'drop', 'assign', 'undo')", name="action"),
    # Prevents an undoing that does not say of what.
    CheckConstraint("(action = 'undo') = (undoes is not null)", name="undoes"),
    CheckConstraint("author <> '' and revision >= 1", name="named"),
    CheckConstraint("jsonb_typeof(before) = 'object' and jsonb_typeof(after) = 'object'", name="columns"),
)

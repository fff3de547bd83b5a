"""The tables of who is in which segment and stage between runs: what was told, and who is further than the run.

As in `schema.py`, with the sentence that each constraint keeps true.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from tierwise.state.tables import metadata

# One row: the run that live customers are told beside, up to which day, event and versions of facts they are told, and
# how many batches touched too many customers to tell them at once, which wait for the next run.
live_standing = Table(
    "live_standing",
    metadata,
    Column("id", Integer, primary_key=True, server_default="1"),
    Column("run_id", BigInteger, ForeignKey("run.id"), nullable=False),
    Column("as_of", Date, nullable=False),
    Column("versions", JSONB, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("left_out", BigInteger, nullable=False),
    # Prevents two standings, of which neither would be the truth.
    CheckConstraint("id = 1", name="single"),
)

# One row per customer of whom more is known than the run of `live_standing` saw. profile: columns of the profile as
# text, null where the customer has none. states, before: `kind:name:value` of segments and stages, now and by the run.
live_customer = Table(
    "live_customer",
    metadata,
    Column("customer_key", BigInteger, primary_key=True, autoincrement=False),
    Column("customer_id", Text),
    Column("profile", JSONB),
    Column("states", ARRAY(Text), nullable=False),
    Column("before", ARRAY(Text), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    # Finds one customer by the business's own id.
    Index(None, "customer_id"),
)

# One row per entry into a segment or stage and per exit, in the order in which they were told; of a customer, name and
# value entries and exits take turns. until: the event up to which facts were known; null where a run told it. run_id:
# that run, or the one beside which it was told.
membership_change = Table(
    "membership_change",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("customer_key", BigInteger, nullable=False),
    Column("customer_id", Text),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("entered", Boolean, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("as_of", Date, nullable=False),
    Column("run_id", BigInteger, nullable=False),
    Column("until", BigInteger),
    # Prevents a kind that no reader knows.
    CheckConstraint("kind in ('segment', 'stage')", name="kind"),
    # Finds what a segment's readers have not seen yet.
    Index(None, "name", "id"),
    # Finds what befell one customer.
    Index(None, "customer_key", "id"),
)

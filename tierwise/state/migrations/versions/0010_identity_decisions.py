"""What people decide of identities, and how far live events were read for them."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"

TABLES = """
create table identity_decision (
    id bigint generated always as identity,
    left_key bigint not null,
    right_key bigint not null,
    same boolean not null,
    author text not null,
    reason text not null,
    at timestamptz not null,
    undone_at timestamptz,
    undone_by text,
    constraint identity_decision_pkey primary key (id),
    constraint identity_decision_named_check
        check (author <> '' and reason <> '' and left_key >= 1 and left_key < right_key),
    constraint identity_decision_undone_check check ((undone_at is null) = (undone_by is null))
);
create index identity_decision_standing_idx on identity_decision (id) where undone_at is null;

create table identity_reading (
    one boolean default true not null,
    event_id bigint not null,
    at timestamptz not null,
    constraint identity_reading_pkey primary key (one),
    constraint identity_reading_one_check check (one)
);
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(TABLES)

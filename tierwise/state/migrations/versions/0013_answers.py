"""What customers said when they were asked, and that they did not want to say."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"

TABLES = r"""
create table answer (
    id bigint generated always as identity not null,
    source_key bigint not null,
    profiling text not null,
    question text not null,
    field text not null,
    outcome text not null,
    value text,
    found text,
    how text not null,
    author text not null,
    at timestamptz not null,
    undone_at timestamptz,
    undone_by text,
    undo_reason text,
    constraint answer_pkey primary key (id),
    constraint answer_named_check check
        (author <> '' and profiling <> '' and question <> '' and field <> '' and source_key >= 1),
    constraint answer_outcome_check check (outcome in ('answered', 'declined')),
    constraint answer_how_check check (how in ('visit', 'call', 'message', 'form', 'other')),
    constraint answer_value_check check ((outcome = 'answered') = (value is not null) and value <> ''),
    constraint answer_undone_check check
        ((undone_at is null) = (undone_by is null) and (undone_at is null) = (undo_reason is null)
         and undo_reason <> '')
);
create index answer_customer_idx on answer (source_key, id);
create index answer_at_idx on answer (at);
create index answer_undone_idx on answer (undone_at) where undone_at is not null;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(TABLES)

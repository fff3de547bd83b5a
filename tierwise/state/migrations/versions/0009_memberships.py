"""Who is in which segment and stage between runs, and every entry and exit."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"

TABLES = r"""
create table live_standing (
    id integer default 1 not null,
    run_id bigint not null,
    as_of date not null,
    versions jsonb not null,
    until bigint not null,
    at timestamptz not null,
    left_out bigint not null,
    constraint live_standing_pkey primary key (id),
    constraint live_standing_single_check check (id = 1),
    constraint live_standing_run_id_fkey foreign key (run_id) references run (id)
);

create table live_customer (
    customer_key bigint not null,
    customer_id text,
    profile jsonb,
    states text[] not null,
    before text[] not null,
    at timestamptz not null,
    constraint live_customer_pkey primary key (customer_key)
);
create index live_customer_customer_id_idx on live_customer (customer_id);

create table membership_change (
    id bigint generated always as identity,
    customer_key bigint not null,
    customer_id text,
    kind text not null,
    name text not null,
    value text not null,
    entered boolean not null,
    at timestamptz not null,
    as_of date not null,
    run_id bigint not null,
    until bigint,
    constraint membership_change_pkey primary key (id),
    constraint membership_change_kind_check check (kind in ('segment', 'stage'))
);
create index membership_change_name_id_idx on membership_change (name, id);
create index membership_change_customer_key_id_idx on membership_change (customer_key, id);
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(TABLES)

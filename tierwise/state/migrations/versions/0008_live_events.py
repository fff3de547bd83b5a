"""Write keys, and the inbox of live events with what is known of them."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"

TABLES = r"""
create table write_key (
    id integer generated always as identity,
    source text not null,
    digest text not null,
    ending text not null,
    previous_digest text,
    previous_until timestamptz,
    scopes text[] not null,
    origins text[] not null,
    choice text,
    events_per_second integer,
    author text not null,
    at timestamptz not null,
    revoked_at timestamptz,
    revoked_by text,
    constraint write_key_pkey primary key (id),
    constraint write_key_named_check check (source <> '' and author <> '' and digest ~ '^[0-9a-f]{64}$'),
    constraint write_key_previous_check check ((previous_digest is null) = (previous_until is null)),
    constraint write_key_useful_check check (cardinality(scopes) > 0 and events_per_second >= 1),
    constraint write_key_revoked_check check ((revoked_at is null) = (revoked_by is null))
);
create unique index write_key_source_key on write_key (source) where revoked_at is null;
create unique index write_key_digest_key on write_key (digest);

create table inbox (
    id bigint generated always as identity,
    write_key_id integer not null,
    message_id text not null,
    type text not null,
    event text,
    user_id text,
    anonymous_id text,
    occurred_at timestamptz not null,
    received_at timestamptz not null,
    body json not null,
    state text default 'pending' not null,
    batch bigint,
    constraint inbox_pkey primary key (id),
    constraint inbox_state_check check (state = 'pending' or (state = 'applied' and batch is not null))
);
create index inbox_pending_idx on inbox (id) where state = 'pending';

create table event_seen (
    digest uuid not null,
    seen_on date not null,
    constraint event_seen_pkey primary key (digest)
);
create index event_seen_seen_on_idx on event_seen (seen_on);

create table event_quarantine (
    id bigint generated always as identity,
    write_key_id integer not null,
    received_at timestamptz not null,
    code text not null,
    message text not null,
    place text,
    body text not null,
    constraint event_quarantine_pkey primary key (id),
    constraint event_quarantine_reason_check check (code <> '' and message <> '')
);

create table inbox_day (
    write_key_id integer not null,
    day date not null,
    received bigint default '0' not null,
    duplicate bigint default '0' not null,
    quarantined bigint default '0' not null,
    declined bigint default '0' not null,
    applied bigint default '0' not null,
    constraint inbox_day_pkey primary key (write_key_id, day),
    constraint inbox_day_no_negative_count_check check (least(duplicate, quarantined, declined, applied) >= 0),
    constraint inbox_day_adds_up_check check (duplicate + quarantined + declined + applied <= received)
);

create table event_kind (
    write_key_id integer not null,
    type text not null,
    event text not null,
    volume bigint not null,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    constraint event_kind_pkey primary key (write_key_id, type, event),
    constraint event_kind_seen_check check (volume >= 1 and first_seen_at <= last_seen_at)
);

create table event_property (
    write_key_id integer not null,
    type text not null,
    event text not null,
    property text not null,
    value_type text not null,
    first_seen_at timestamptz not null,
    constraint event_property_pkey primary key (write_key_id, type, event, property, value_type),
    constraint event_property_value_type_check
        check (value_type in ('text', 'number', 'boolean', 'null', 'list', 'object'))
);
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(TABLES)

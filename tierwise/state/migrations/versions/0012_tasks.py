"""Tasks of the house's people about customers, and each change of them."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"

TABLES = r"""
create table task_batch (
    id bigint generated always as identity not null,
    key text,
    digest text not null,
    origin text not null,
    about text not null,
    title text not null,
    counts jsonb not null,
    author text not null,
    at timestamptz not null,
    constraint task_batch_pkey primary key (id),
    constraint task_batch_key_key unique (key),
    constraint task_batch_named_check check (key <> '' and author <> '' and digest ~ '^[0-9a-f]{64}$'),
    constraint task_batch_counts_check check (jsonb_typeof(counts) = 'object')
);

create table task (
    id bigint generated always as identity not null,
    source_key bigint not null,
    matter text not null,
    kind text not null,
    title text not null,
    script text not null,
    origin text not null,
    about text not null,
    detail jsonb not null,
    batch_id bigint,
    staff_id text,
    person text,
    store text,
    due_on date not null,
    priority integer not null,
    state text not null,
    outcome text,
    note text not null,
    tries integer not null,
    revision integer not null,
    author text not null,
    at timestamptz not null,
    closed_at timestamptz,
    closed_by text,
    constraint task_pkey primary key (id),
    constraint task_batch_id_fkey foreign key (batch_id) references task_batch (id),
    constraint task_person_fkey foreign key (person) references person (name),
    constraint task_named_check check (author <> '' and matter <> '' and source_key >= 1),
    constraint task_kind_check check (kind in ('call', 'message', 'visit', 'other')),
    constraint task_origin_check check (origin in ('segment', 'list', 'rule', 'due', 'vehicle_due', 'manual')),
    constraint task_state_check check (state in ('open', 'done', 'dropped')),
    constraint task_outcome_check check
        (outcome in ('reached', 'no_answer', 'appointment', 'bought', 'refused', 'wrong_number')),
    constraint task_done_check check ((state = 'done') = (outcome is not null)),
    constraint task_closed_check check
        ((state = 'open') = (closed_at is null) and (closed_at is null) = (closed_by is null)),
    constraint task_whose_check check (staff_id is null or person is null),
    constraint task_given_check check (staff_id <> '' and store <> '' and priority between 1 and 3),
    constraint task_counted_check check (tries >= 0 and revision >= 1 and jsonb_typeof(detail) = 'object')
);
create unique index task_once_key on task (source_key, matter) where state = 'open';
create index task_batch_id_idx on task (batch_id);
create index task_open_staff_idx on task (staff_id, due_on) where state = 'open';
create index task_open_store_idx on task (store, due_on) where state = 'open';
create index task_customer_idx on task (source_key);
create index task_closed_idx on task (closed_at) where state <> 'open';

create table task_change (
    id bigint generated always as identity not null,
    task_id bigint not null,
    revision integer not null,
    action text not null,
    before jsonb not null,
    after jsonb not null,
    undoes bigint,
    author text not null,
    at timestamptz not null,
    constraint task_change_pkey primary key (id),
    constraint task_change_task_id_fkey foreign key (task_id) references task (id),
    constraint task_change_undoes_fkey foreign key (undoes) references task_change (id),
    constraint task_change_undoes_key unique (undoes),
    constraint task_change_task_id_revision_key unique (task_id, revision),
    constraint task_change_action_check check
        (action in ('make', 'done', 'try', 'snooze', 'drop', 'assign', 'undo')),
    constraint task_change_undoes_check check ((action = 'undo') = (undoes is not null)),
    constraint task_change_named_check check (author <> '' and revision >= 1),
    constraint task_change_columns_check check (jsonb_typeof(before) = 'object' and jsonb_typeof(after) = 'object')
);
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(TABLES)

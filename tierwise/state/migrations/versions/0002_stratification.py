"""Manual tags, lists of customers, releases from cleaning, schedules."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = r"""
create table manual_tag (
    id bigint generated always as identity,
    source_key bigint not null,
    tag text not null,
    value text,
    rater text not null,
    reason text not null,
    at timestamptz not null,
    batch text,
    expires_on date,
    undone_at timestamptz,
    undone_by text,
    undo_reason text,
    constraint manual_tag_pkey primary key (id),
    constraint manual_tag_named_check check (tag <> '' and rater <> '' and reason <> '' and source_key >= 1),
    constraint manual_tag_undone_check
        check ((undone_at is null) = (undone_by is null) and (undone_at is null) = (undo_reason is null))
);

create unique index manual_tag_once_key on manual_tag (tag, source_key, rater) where undone_at is null;

create index manual_tag_customer_idx on manual_tag (source_key);

create table customer_list (
    name text not null,
    title text default '' not null,
    kind text not null,
    origin text default '' not null,
    run_id bigint,
    members bigint not null,
    unknown bigint default '0' not null,
    author text not null,
    note text default '' not null,
    at timestamptz not null,
    removed_at timestamptz,
    constraint customer_list_pkey primary key (name),
    constraint customer_list_kind_check
        check (kind in ('imported', 'static') and (kind = 'static') = (run_id is not null)),
    constraint customer_list_counts_check check (members >= 0 and unknown >= 0),
    constraint customer_list_run_id_fkey foreign key(run_id) references run (id)
);

create table list_member (
    list text not null,
    source_key bigint not null,
    constraint list_member_pkey primary key (list, source_key),
    constraint list_member_list_fkey foreign key(list) references customer_list (name)
);

create table release (
    id bigint generated always as identity,
    source_key bigint not null,
    rule text,
    author text not null,
    reason text not null,
    at timestamptz not null,
    undone_at timestamptz,
    undone_by text,
    constraint release_pkey primary key (id),
    constraint release_named_check check (author <> '' and reason <> '' and source_key >= 1),
    constraint release_undone_check check ((undone_at is null) = (undone_by is null))
);

create unique index release_once_key on release (source_key, coalesce(rule, '')) where undone_at is null;

create table schedule (
    name text not null,
    task text not null,
    arguments jsonb default '{}'::jsonb not null,
    cron text not null,
    timezone text not null,
    missed text default 'catch_up' not null,
    enabled boolean default true not null,
    author text not null,
    at timestamptz not null,
    next_due_at timestamptz,
    last_due_at timestamptz,
    last_job_id bigint,
    constraint schedule_pkey primary key (name),
    constraint schedule_named_check check (name <> '' and task <> '' and cron <> ''),
    constraint schedule_missed_check check (missed in ('catch_up', 'skip')),
    constraint schedule_due_check check (not enabled or next_due_at is not null),
    constraint schedule_last_job_id_fkey foreign key(last_job_id) references job (id)
);
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(TABLES)

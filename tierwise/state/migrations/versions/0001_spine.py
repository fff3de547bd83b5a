"""The tables of the spine. What each constraint prevents is said in `state/schema.py`."""

from alembic import op

revision = "0001"
down_revision = None

TABLES = r"""
create table job (
    id bigint generated always as identity,
    kind text not null,
    state text not null,
    principal text not null,
    title text not null,
    done bigint default '0' not null,
    total bigint,
    unit text default '' not null,
    message text default '' not null,
    queued_at timestamptz not null,
    started_at timestamptz,
    heartbeat_at timestamptz,
    finished_at timestamptz,
    cancel_requested boolean default false not null,
    pid integer,
    host text,
    result jsonb,
    error jsonb,
    constraint job_pkey primary key (id),
    constraint job_state_check check (state in ('queued', 'running', 'done', 'failed', 'cancelled', 'crashed')),
    constraint job_progress_check check (done >= 0 and (total is null or total >= 0)),
    constraint job_started_check check ((state = 'queued') = (started_at is null) or state = 'cancelled'),
    constraint job_finished_check check ((state in ('queued', 'running')) = (finished_at is null)),
    constraint job_error_check check ((state = 'failed') = (error is not null) or state = 'crashed')
);

create index job_open_idx on job (state) where state in ('queued', 'running');

create table audit (
    id bigint generated always as identity,
    at timestamptz not null,
    principal text not null,
    action text not null,
    object text not null,
    detail jsonb default '{}'::jsonb not null,
    constraint audit_pkey primary key (id),
    constraint audit_named_check check (principal <> '' and action <> ''),
    constraint audit_detail_check check (jsonb_typeof(detail) = 'object')
);

create index audit_at_idx on audit (at);

create function audit_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'audit rows are never changed or removed' using errcode = 'insufficient_privilege';
end
$$;
create trigger audit_keeps_rows before update or delete on audit
    for each row execute function audit_is_append_only();
create trigger audit_keeps_all before truncate on audit
    for each statement execute function audit_is_append_only();

create table definition (
    id bigint generated always as identity,
    kind text not null,
    name text not null,
    version integer not null,
    body jsonb,
    author text not null,
    note text default '' not null,
    at timestamptz not null,
    constraint definition_pkey primary key (id),
    constraint definition_kind_name_version_key unique (kind, name, version),
    constraint definition_named_check check (version >= 1 and kind <> '' and name <> ''),
    constraint definition_body_check check (body is null or jsonb_typeof(body) = 'object'),
    constraint definition_first_check check (version > 1 or body is not null)
);

create table run (
    id bigint generated always as identity,
    as_of date not null,
    state text not null,
    current boolean default false not null,
    job_id bigint,
    started_at timestamptz not null,
    finished_at timestamptz,
    definitions jsonb not null,
    inputs jsonb not null,
    outputs jsonb,
    counts jsonb,
    timings jsonb,
    error jsonb,
    constraint run_pkey primary key (id),
    constraint run_state_check check (state in ('running', 'done', 'failed', 'crashed')),
    constraint run_current_check check (not current or state = 'done'),
    constraint run_outputs_check check ((state = 'done') = (outputs is not null)),
    constraint run_finished_check check ((state = 'running') = (finished_at is null)),
    constraint run_job_id_fkey foreign key(job_id) references job (id)
);

create unique index run_current_key on run (current) where current;

create table lake_table (
    name text not null,
    version bigint not null,
    at timestamptz not null,
    job_id bigint,
    constraint lake_table_pkey primary key (name),
    constraint lake_table_version_check check (version >= 0 and name <> ''),
    constraint lake_table_job_id_fkey foreign key(job_id) references job (id)
);

create table imported_file (
    id bigint generated always as identity,
    job_id bigint,
    table_name text not null,
    path text not null,
    sha256 text not null,
    bytes bigint not null,
    read bigint not null,
    accepted bigint not null,
    replaced bigint not null,
    unchanged bigint not null,
    ignored bigint not null,
    quarantined bigint not null,
    mapping jsonb not null,
    at timestamptz not null,
    constraint imported_file_pkey primary key (id),
    constraint imported_file_adds_up_check check (read = accepted + replaced + unchanged + ignored + quarantined),
    constraint imported_file_no_negative_count_check
        check (least(accepted, replaced, unchanged, ignored, quarantined, bytes) >= 0),
    constraint imported_file_sha256_check check (sha256 ~ '^[0-9a-f]{64}$'),
    constraint imported_file_job_id_fkey foreign key(job_id) references job (id)
);

create index imported_file_sha256_idx on imported_file (sha256);

create table quarantine (
    id bigint generated always as identity,
    import_id bigint not null,
    file text not null,
    line bigint not null,
    column_name text,
    code text not null,
    message text not null,
    row_text jsonb not null,
    state text default 'open' not null,
    at timestamptz not null,
    constraint quarantine_pkey primary key (id),
    constraint quarantine_state_check check (state in ('open', 'resolved') and line >= 1),
    constraint quarantine_import_id_line_key unique (import_id, line),
    constraint quarantine_import_id_fkey foreign key(import_id) references imported_file (id)
);

create index quarantine_open_idx on quarantine (code) where state = 'open';

create table trait (
    name text not null,
    column_name text not null,
    type text not null,
    first_seen_at timestamptz not null,
    constraint trait_pkey primary key (name),
    constraint trait_type_check check (type in ('text', 'number', 'integer', 'date', 'boolean'))
);

create unique index trait_column_name_key on trait (lower(column_name));

create table setting (
    key text not null,
    value jsonb not null,
    constraint setting_pkey primary key (key)
);
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(TABLES)

"""People who sign in, their sessions, and links that sign in once."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"

TABLES = r"""
create table person (
    name text not null,
    title text not null,
    role text not null,
    digest text,
    stores text[] not null,
    staff_id text,
    language text,
    failed integer default '0' not null,
    locked_until timestamptz,
    author text not null,
    at timestamptz not null,
    left_at timestamptz,
    left_by text,
    constraint person_pkey primary key (name),
    constraint person_named_check check
        (name = lower(name) and name <> '' and title <> '' and left(digest, 10) = '$argon2id$' and failed >= 0),
    constraint person_role_check check (role in ('administrator', 'analyst', 'operator', 'advisor', 'reader')),
    constraint person_advisor_check check (role <> 'advisor' or staff_id <> ''),
    constraint person_language_check check (language in ('zh', 'en')),
    constraint person_left_check check ((left_at is null) = (left_by is null))
);

create table person_session (
    digest text not null,
    person text not null,
    at timestamptz not null,
    seen_at timestamptz not null,
    constraint person_session_pkey primary key (digest),
    constraint person_session_person_fkey foreign key (person) references person (name),
    constraint person_session_known_check check (digest ~ '^[0-9a-f]{64}$' and seen_at >= at)
);
create index person_session_person_idx on person_session (person);

create table sign_in_link (
    digest text not null,
    person text not null,
    author text not null,
    at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    constraint sign_in_link_pkey primary key (digest),
    constraint sign_in_link_person_fkey foreign key (person) references person (name),
    constraint sign_in_link_known_check check (digest ~ '^[0-9a-f]{64}$' and expires_at > at),
    constraint sign_in_link_used_check check (used_at <= expires_at)
);
create index sign_in_link_person_idx on sign_in_link (person);
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(TABLES)

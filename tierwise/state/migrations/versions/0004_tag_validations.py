"""What tests of tags on past days came to, kept with their figures."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

TABLES = r"""
create table tag_validation (
    id bigint generated always as identity,
    tag text not null,
    meaning text not null,
    verdict text,
    reason text,
    as_of date not null,
    author text not null,
    at timestamptz not null,
    body jsonb not null,
    constraint tag_validation_pkey primary key (id),
    constraint tag_validation_named_check check (tag <> '' and meaning <> '' and author <> ''),
    constraint tag_validation_verdict_check check (verdict in ('keep', 'revise', 'drop')),
    constraint tag_validation_reason_check check ((verdict is null) = (reason is not null)),
    constraint tag_validation_body_check check (jsonb_typeof(body) = 'object')
);

create index tag_validation_newest_idx on tag_validation (tag, id);
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(TABLES)

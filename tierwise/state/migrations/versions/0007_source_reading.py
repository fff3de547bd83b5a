"""Up to where each source was read, kept with the import that it came to."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"

TABLES = r"""
create table source_reading (
    import_id bigint not null,
    source text not null,
    origin text not null,
    mark_kind text,
    mark text,
    files jsonb,
    constraint source_reading_pkey primary key (import_id),
    constraint source_reading_import_id_fkey foreign key(import_id) references imported_file (id),
    constraint source_reading_mark_check check ((mark is null) = (mark_kind is null)),
    constraint source_reading_mark_kind_check check (mark_kind in ('number', 'instant', 'time', 'day')),
    constraint source_reading_origin_check check (source <> '' and origin ~ '^[0-9a-f]{64}$')
);

create index source_reading_newest_idx on source_reading (source, import_id);
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(TABLES)

"""What a run says of itself so that a later one may take its rows over."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

COLUMNS = r"""
alter table run add column software text;
alter table run add column previous_tags bigint;
alter table run add column base_run_id bigint;
alter table run add constraint run_base_run_id_fkey foreign key(base_run_id) references run (id);
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(COLUMNS)

"""The layout of the lake's tables is written down, so that a Tierwise that knows another one can tell."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"

RECORD = "insert into setting (key, value) values ('lake_format', '1') on conflict (key) do nothing"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(RECORD)

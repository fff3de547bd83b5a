"""Rows of several sheets of one workbook may be quarantined in one import: a line is told by its sheet too."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"

TABLES = """
alter table quarantine drop constraint quarantine_import_id_line_key;
alter table quarantine add constraint quarantine_import_id_file_line_key unique (import_id, file, line);
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(TABLES)

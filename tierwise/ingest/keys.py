"""Source keys: one integer for each id by which the source names a customer."""

from __future__ import annotations

from tierwise.ingest.known_ids import SCOPE as SCOPE
from tierwise.ingest.writer import Writer, scalar, table_columns


def assign_keys(writer: Writer, ids: str) -> int:
    """Make the table `keymap(id, source_key)` for the ids of a query with the column `id`; how many are new.

    Known ids keep their key; new ones take the next integers in the order of their text, so that the same file
    gives the same keys. New identities are written to the lake.
    """
    con = writer.con
    con.execute(f"CREATE TABLE wanted AS SELECT DISTINCT id FROM ({ids}) WHERE id IS NOT NULL")
    known, last = "SELECT NULL::VARCHAR AS id, NULL::BIGINT AS source_key WHERE FALSE", 0
    if writer.stored("identities") is not None:
        known = f"SELECT id, source_key FROM stored_identities WHERE scope = '{SCOPE}'"
        last = scalar(con, "SELECT coalesce(max(source_key), 0) FROM stored_identities")
        con.execute(f"CREATE TABLE keymap AS SELECT id, source_key FROM ({known}) SEMI JOIN wanted USING (id)")
        fresh = "wanted ANTI JOIN keymap USING (id)"
    else:
        con.execute("CREATE TABLE keymap (id VARCHAR, source_key BIGINT)")
        fresh = "wanted"
    con.execute(f"INSERT INTO keymap SELECT id, {last} + row_number() OVER (ORDER BY id) FROM {fresh}")
    new = scalar(con, f"SELECT count(*) FROM keymap WHERE source_key > {last}")
    if new:
        columns = table_columns("identities", {"source_key": "source_key", "scope": f"'{SCOPE}'", "id": "id"})
        writer.append("identities", f"SELECT {columns} FROM keymap WHERE source_key > {last} ORDER BY source_key")
    con.execute("DROP TABLE wanted")
    return int(new)

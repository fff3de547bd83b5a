"""Source keys: one integer for each id by which a source names a customer."""

from __future__ import annotations

from collections.abc import Collection

from tierwise.facts.identity_text import mark
from tierwise.facts.text_sql import sql_text
from tierwise.ingest.known_ids import SCOPE as SCOPE
from tierwise.ingest.writer import Writer, scalar, table_columns


def assign_keys(writer: Writer, ids: str, *, scopes: Collection[str] = (), name: str = "keymap") -> int:
    """Make the table `NAME(id, source_key)` for the ids of a query with the column `id`; how many are new.

    Known ids keep their key; new ones take the next integers in the order of their text, so that the same file
    gives the same keys. New identities are written to the lake. scopes: those besides the business's own that the ids
    are of, each written `SCOPE:ID`.
    """
    con = writer.con
    con.execute(f"CREATE TABLE wanted AS SELECT DISTINCT id FROM ({ids}) WHERE id IS NOT NULL")
    last = 0
    if writer.current("identities") is not None:
        last = scalar(con, "SELECT coalesce(max(source_key), 0) FROM now_identities")
        known = "SELECT id, source_key FROM now_identities"
        con.execute(f"CREATE TABLE {name} AS SELECT id, source_key FROM ({known}) SEMI JOIN wanted USING (id)")
        fresh = f"wanted ANTI JOIN {name} USING (id)"
    else:
        con.execute(f"CREATE TABLE {name} (id VARCHAR, source_key BIGINT)")
        fresh = "wanted"
    con.execute(f"INSERT INTO {name} SELECT id, {last} + row_number() OVER (ORDER BY id) FROM {fresh}")
    new = scalar(con, f"SELECT count(*) FROM {name} WHERE source_key > {last}")
    if new:
        columns = table_columns("identities", {"source_key": "source_key", "scope": _scope(scopes), "id": "id"})
        writer.append("identities", f"SELECT {columns} FROM {name} WHERE source_key > {last} ORDER BY source_key")
    con.execute("DROP TABLE wanted")
    return int(new)


def _scope(scopes: Collection[str]) -> str:
    own = sql_text(SCOPE)
    cases = " ".join(
        f"WHEN starts_with(id, {sql_text(mark(scope))}) THEN {sql_text(scope)}" for scope in scopes if scope != SCOPE
    )
    return f"CASE {cases} ELSE {own} END" if cases else own

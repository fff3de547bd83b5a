"""The customers that the facts know: by the ids that people write, with the consents and tags that they have."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date

import duckdb

from tierwise.app.context import Context
from tierwise.engine.sources import frame, register_facts
from tierwise.ingest.known_ids import FoundId, find_ids, ids_of_keys, keys_of_customer
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.frame import rows_of
from tierwise.metrics.tag_life import standing_consents
from tierwise.state import lake_tables, runs


class Customers:
    """The customers that the lake knows, over one DuckDB connection."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        with ctx.database.connect() as connection:
            self.versions = lake_tables.versions(connection)
        self.connection: duckdb.DuckDBPyConnection = ctx.duckdb()

    def __enter__(self) -> Customers:
        return self

    def __exit__(self, *error: object) -> None:
        self.connection.close()

    def one(self, customer_id: str) -> tuple[int, int]:
        """Source key and customer key of an id. Raises `unknown_customer`."""
        (found,) = self.found([customer_id])
        if found.source_key is None or found.customer_key is None:
            raise TierwiseError(
                "unknown_customer",
                f'no source knows a customer "{customer_id}"',
                remedy="write the id as the business does: tierwise show profile",
            )
        return found.source_key, found.customer_key

    def found(self, customer_ids: Sequence[str]) -> list[FoundId]:
        """Each id's customer, or why there is none."""
        return find_ids(self.connection, self._ctx.lake, self.versions, customer_ids)

    def keys(self, customer_key: int) -> list[int]:
        """All source keys of a customer."""
        return keys_of_customer(self.connection, self._ctx.lake, self.versions, customer_key)

    def ids(self, source_keys: Sequence[int]) -> dict[int, str]:
        """The business's own ids by source key."""
        return ids_of_keys(self.connection, self._ctx.lake, self.versions, source_keys)

    def consented(self, purposes: Iterable[str], today: date) -> Collection[tuple[int, str]]:
        """(customer key, purpose) of all consents that stand today."""
        wanted = sorted(set(purposes))
        if not wanted or "consents" not in self.versions:
            return frozenset()
        facts = {name: v for name, v in self.versions.items() if name in ("consents", "customer_map")}
        register_facts(self.connection, self._ctx.lake, facts)
        standing = standing_consents(frame(self.connection, "consents"), wanted, as_of=today)
        return frozenset((int(customer), str(purpose)) for customer, purpose in rows_of(standing))

    def tags(self, run: runs.Run | None, customer_key: int) -> list[tuple[str, str | None, date, str]]:
        """Tag, value, since and source of one customer as of a run."""
        if run is None or "tags" not in (run.outputs or {}):
            return []
        self._ctx.lake.read(self.connection, "tags", (run.outputs or {})["tags"]).create_view("run_tags", replace=True)
        asked = "SELECT tag, value, since, source FROM run_tags WHERE customer_key = $key ORDER BY tag"
        return self.connection.execute(asked, {"key": customer_key}).fetchall()

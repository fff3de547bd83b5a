"""A source: a table that stands elsewhere, what is new in it, and how its rows become facts."""

from __future__ import annotations

import hashlib
import json
from pathlib import PurePath
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from tierwise.definitions.base import Definition, Part
from tierwise.definitions.mapping import Mapping

Filled = Annotated[str, StringConstraints(min_length=1)]


def _from_root(path: str) -> str:
    if not PurePath(path).is_absolute():
        raise ValueError(
            "a path from the root on, such as /data/orders: commands and the server start in other folders"
        )
    return path


FromRoot = Annotated[str, AfterValidator(_from_root)]

PasswordVariable = Annotated[str, StringConstraints(pattern=r"^TIERWISE_PASSWORD_[A-Z0-9_]+$")]
"""What a variable of the environment is called that holds a source's password, so that a definition can ask for no
other secret of this machine; a file likewise stands in the folder of secrets and nowhere else."""

PasswordFile = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")]


class ParquetFolder(Part):
    """Parquet files: one, or those of a folder at any depth; folders named `day=2026-06-30` are columns."""

    kind: Literal["parquet"]
    path: FromRoot


class DeltaTable(Part):
    """A Delta table by its folder."""

    kind: Literal["delta"]
    path: FromRoot


class SparkTable(Part):
    """A table of a Spark catalog, as `catalog.schema.table`, or a query of Spark SQL.

    settings: what the session is made with, such as `spark.master`, where none runs yet.
    """

    kind: Literal["spark"]
    table: Filled | None = None
    query: Filled | None = None
    settings: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_of_both(self) -> SparkTable:
        return _table_or_query(self)


class DatabaseTable(Part):
    """A table or a query of a PostgreSQL or MySQL database (MariaDB is the same), which is only ever read.

    host: a name, an address, or the folder (PostgreSQL) or file (MySQL) of a socket. port: the usual one where null.
    The password stands in the variable `password_env` of the environment, or in the file `password_file` of the
    folder of secrets, never here. tls: `verify` holds the server to `ca_file`, or to the machine's authorities.
    """

    kind: Literal["postgresql", "mysql", "mariadb"]
    host: Filled = "localhost"
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    database: Filled
    user: Filled
    password_env: PasswordVariable | None = None
    password_file: PasswordFile | None = None
    tls: Literal["prefer", "require", "verify"] = "prefer"
    ca_file: Filled | None = None
    table: Filled | None = None
    query: Filled | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> DatabaseTable:
        if self.password_env is not None and self.password_file is not None:
            raise ValueError("password_env or password_file, not both")
        if self.ca_file is not None and self.tls != "verify":
            raise ValueError("ca_file belongs to tls: verify")
        return _table_or_query(self)


Call = Literal["track", "identify", "page", "screen", "group", "alias", "merge"]


class LiveEvents(Part):
    """Live events of the inbox, each a row, or where it lists several things (`each`) as many rows as there are.

    calls: by which they were sent. events: the names of track calls; null takes all. keys: the write keys' names by
    which they came; null takes all. each: where the list stands in the event, such as `properties.products`; of one of
    its things a mapping reads `item.price`, and `item_number` is its place from 1.

    What a mapping may read: `userId`, `anonymousId`, `messageId`, `event`, `type`, anything below `properties`,
    `traits`, `context` and the rest of the event by its path (`properties.order_id`), and what the inbox knows:
    `occurred_at` (by the sender's clock, put right), `received_at`, `key` (the write key's name). Lists and objects
    come as JSON.
    """

    kind: Literal["events"]
    calls: tuple[Call, ...] = ("track",)
    events: tuple[Filled, ...] | None = None
    keys: tuple[Filled, ...] | None = None
    each: Filled | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> LiveEvents:
        if not self.calls:
            raise ValueError("calls names at least one")
        if self.events is not None and "track" not in self.calls:
            raise ValueError("events are names of track calls, and calls leaves track out")
        return self


_Of = TypeVar("_Of", SparkTable, DatabaseTable)


def _table_or_query(of: _Of) -> _Of:
    if (of.table is None) == (of.query is None):
        raise ValueError("table or query, one of them")
    return of


Origin = Annotated[ParquetFolder | DeltaTable | SparkTable | DatabaseTable | LiveEvents, Field(discriminator="kind")]


class Watermark(Part):
    """The column that tells what is new: an instant or a day of change, or an id that grows.

    Rows are read from the highest value that was seen less the overlap on, this value included, so that a row which was
    written late, by a transaction that took its time, is still seen. What was read before comes out unchanged.

    together: rows that share this column with a new row are read with it, so that an order comes whole; for a source of
    order lines it is the order's id where null.
    """

    column: Filled
    overlap_minutes: Annotated[int, Field(ge=0)] = 60
    overlap_ids: Annotated[int, Field(ge=0)] = 1000
    together: Filled | None = None


class ImportSource(Definition):
    """A table that is read where it stands, row by row through the importer, as a file with this mapping would be.

    watermark: without one a folder's or a Delta table's new files are read, and a database's table whole each time.
    replace_orders: what is stored is replaced by what is read even where nothing says that it is newer.
    """

    kind: Literal["source"] = "source"
    origin: Origin
    watermark: Watermark | None = None
    mapping: Mapping
    replace_orders: bool = False

    @model_validator(mode="after")
    def _events_have_their_own_order(self) -> ImportSource:
        if isinstance(self.origin, LiveEvents) and self.watermark is not None:
            raise ValueError("a source of events has no watermark: they are taken in the order in which they came")
        return self

    @property
    def together(self) -> str | None:
        """The column whose rows are read together; None where each row stands for itself."""
        if self.watermark is None:
            return None
        if self.watermark.together is not None:
            return self.watermark.together
        of_lines = self.mapping.columns.get("order_id") if self.mapping.table == "order_lines" else None
        return of_lines if isinstance(of_lines, str) else None

    @property
    def fingerprint(self) -> str:
        """What a mark is a mark of, as SHA-256: where the rows come from, by which column, and into what table.

        As whom one comes in is no part of it, nor how columns are mapped.
        """
        left_out = {"user", "password_env", "password_file", "tls", "ca_file", "settings"}
        body = {
            "origin": self.origin.model_dump(mode="json", exclude=left_out),
            "column": None if self.watermark is None else self.watermark.column,
            "table": self.mapping.table,
        }
        return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()

"""Who is who among ten million stored identities: all of them, and a batch of new links.

`python -m benchmarks.identities NAME FOLDER IDENTITIES`: prepare, all or batch; the last line is its seconds.
Of the identities two fifths are customers, three tenths phones, a fifth browsers, a tenth a till's members. Each phone
was seen with a customer, every fiftieth with two; each browser with a customer or a phone; each member with a phone.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tierwise.definitions.identities import Identities
from tierwise.engine.duckdb_session import connect
from tierwise.engine.lake import Lake
from tierwise.ingest.identity_links import WhoIsWho, bring_up_to_date, work_out
from tierwise.ingest.writer import Writer
from tierwise.kernel.clock import monotonic_seconds

WHO = WhoIsWho(Identities(scopes=({"name": "till", "rank": 3},)))
BATCH = 1_000


def prepare(folder: Path, count: int) -> float:
    """The tables, unless they are there; and the customer map of all of them."""
    mark = _folder(folder, count) / "versions.json"
    if mark.exists():
        return 0.0
    lake, con = Lake(mark.parent / "lake"), connect(mark.parent / "spill")
    customers, phones, browsers = (count * share // 10 for share in (4, 7, 9))
    con.execute("SELECT setseed(0.5)")
    con.execute(f"CREATE TABLE drawn AS SELECT n, random() AS a, random() AS b FROM range(1, {count + 1}) r(n)")
    scope = (
        f"CASE WHEN n <= {customers} THEN 'customer_id' WHEN n <= {phones} THEN 'phone' "
        f"WHEN n <= {browsers} THEN 'anonymous_id' ELSE 'till' END"
    )
    identities = f"SELECT n::BIGINT AS source_key, {scope} AS scope, {scope} || ':' || n AS id FROM drawn ORDER BY n"
    customer = f"1 + floor(a * {customers})::BIGINT"
    other = f"1 + floor(b * {customers})::BIGINT"
    phone = f"{customers} + 1 + floor(b * {phones - customers})::BIGINT"
    links = (
        f"SELECT {customer} AS own, n AS other FROM drawn WHERE n > {customers} AND n <= {phones} "
        f"UNION ALL SELECT {other}, n FROM drawn WHERE n > {customers} AND n <= {phones} AND n % 50 = 0 "
        f"UNION ALL SELECT CASE WHEN a < 0.5 THEN {customer} ELSE {phone} END, n FROM drawn "
        f"WHERE n > {phones} AND n <= {browsers} "
        f"UNION ALL SELECT {phone}, n FROM drawn WHERE n > {browsers} "
        f"UNION ALL SELECT n, {customers} + 1 FROM drawn WHERE n <= 400"
    )
    versions = {
        "identities": lake.overwrite("identities", con.sql(identities)),
        "identity_links": lake.overwrite(
            "identity_links",
            con.sql(
                "SELECT least(own, other) AS left_key, greatest(own, other) AS right_key, 'made' AS source, "
                f"TIMESTAMPTZ '2026-01-01' AS seen_at FROM (SELECT DISTINCT own, other FROM ({links})) ORDER BY 1, 2"
            ),
        ),
    }
    writer = Writer(con, lake, versions, dry=False)
    work_out(writer, WHO, None)
    mark.write_text(json.dumps({**versions, **writer.after}), "utf-8")
    con.close()
    return 0.0


def all_(folder: Path, count: int) -> float:
    """From links to a written map, as `tierwise identity resolve` does."""
    return _timed(folder, count, lambda writer: work_out(writer, WHO, None), without=("customer_map",))


def batch(folder: Path, count: int) -> float:
    """What an import does after a thousand new links."""

    def link(writer: Writer) -> None:
        writer.con.execute(
            f"CREATE TABLE new_links AS SELECT n::BIGINT AS left_key, ({count} * 0.7)::BIGINT + n * 7 AS right_key, "
            f"'new' AS source, TIMESTAMPTZ '2026-01-02' AS seen_at FROM range(1, {BATCH + 1}) r(n)"
        )
        writer.append("identity_links", "FROM new_links")
        bring_up_to_date(writer, WHO, facts=())

    return _timed(folder, count, link)


def _timed(folder: Path, count: int, work: object, without: tuple[str, ...] = ()) -> float:
    assert callable(work)
    place = _folder(folder, count)
    versions = json.loads((place / "versions.json").read_text("utf-8"))
    lake, con = Lake(place / "lake"), connect(place / "spill")
    writer = Writer(con, lake, versions, dry=False)
    for table in without:  # as before the first time
        writer.overwrite(table, f"SELECT * FROM ({_none(table)})")
    started = monotonic_seconds()
    work(writer)
    seconds = monotonic_seconds() - started
    writer.take_back()
    for table, version in versions.items():  # a restored table is a version further
        latest = lake.latest_version(table)
        versions[table] = version if latest is None else latest
    (place / "versions.json").write_text(json.dumps(versions), "utf-8")
    con.close()
    return seconds


def _none(table: str) -> str:
    return "SELECT NULL::BIGINT AS source_key, NULL::BIGINT AS customer_key WHERE false" if table else ""


def _folder(folder: Path, count: int) -> Path:
    place = folder / f"identities-{count}"
    place.mkdir(parents=True, exist_ok=True)
    return place


def main(given: list[str]) -> None:
    name, folder, count = given
    things = {"prepare": prepare, "all": all_, "batch": batch}
    print(things[name](Path(folder), int(count)))


if __name__ == "__main__":
    main(sys.argv[1:])

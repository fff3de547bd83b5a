"""Tags given by hand: one row per act, one standing act per customer, tag and rater. Undone acts stay on record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    any_,
    exists,
    func,
    insert,
    literal,
    select,
    text,
    update,
)

from tierwise.kernel.clock import utc_now
from tierwise.kernel.errors import TierwiseError
from tierwise.state.locks import hold_for_transaction
from tierwise.state.schema import manual_tag

if TYPE_CHECKING:  # who only shows tags need not load Arrow
    import pyarrow as pa

_LOCK = "manual tags"
_ROWS = 100_000

REPLACED = "another verdict of the same rater"
"""The undo_reason of an act that its rater's next one replaces."""

Outcome = Literal["accepted", "replaced", "unchanged"]
"""accepted: the rater had said nothing of it; replaced: said otherwise, or says it anew; unchanged: stands as it is."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rater says of one customer. value: None of a yes tag. expires_on: the last day on which it holds."""

    source_key: int
    tag: str
    value: str | None
    reason: str
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class ManualTag:
    """One act. batch: the file by which it came. It stands as long as undone_at is None."""

    id: int
    source_key: int
    tag: str
    value: str | None
    rater: str
    reason: str
    at: datetime
    batch: str | None
    expires_on: date | None
    undone_at: datetime | None
    undone_by: str | None
    undo_reason: str | None


def add(connection: Connection, verdict: Verdict, *, rater: str, renew: bool = False) -> Outcome:
    """Give a tag, in the caller's transaction. Raises `missing_reason`.

    A standing act of the same rater is undone where it says another value or another last day; with `renew` also where
    it says the same, so that the day of the verdict is today's.
    """
    if not verdict.reason.strip():
        raise TierwiseError("missing_reason", "a tag given by hand needs a reason", remedy="say why: --reason TEXT")
    hold_for_transaction(connection, _LOCK)
    mine = _standing_of(verdict.source_key, verdict.tag, rater)
    standing = connection.execute(select(manual_tag).where(*mine)).one_or_none()
    if standing is not None:
        same = (standing.value, standing.expires_on) == (verdict.value, verdict.expires_on)
        if same and not renew:
            return "unchanged"
        _undo(connection, [standing.id], by=rater, reason=REPLACED)
    row = {"source_key": verdict.source_key, "tag": verdict.tag, "value": verdict.value, "rater": rater}
    row |= {"reason": verdict.reason.strip(), "at": utc_now(), "expires_on": verdict.expires_on}
    connection.execute(insert(manual_tag).values(**row))
    return "accepted" if standing is None else "replaced"


def add_batch(
    connection: Connection, verdicts: Sequence[Verdict], *, rater: str, batch: str, renew: Sequence[str] = ()
) -> list[Outcome]:
    """Give many tags at once; what became of each, in their order. A (customer, tag) stands at most once among them.

    batch: names what they came by. What this batch has said before, in the same words, is unchanged, even where it was
    undone since: giving the same file again gives nothing twice and takes no undoing back. renew: the tags of which a
    verdict that stands in the same words is given anew by another batch.
    """
    if not verdicts:
        return []
    hold_for_transaction(connection, _LOCK)
    _stage(connection, verdicts)
    named = {"rater": rater, "batch": batch, "now": utc_now(), "replaced": REPLACED, "renew": list(renew)}
    connection.execute(
        text(
            "update arriving a set outcome = 'unchanged' from manual_tag m where m.tag = a.tag "
            "and m.source_key = a.source_key and m.rater = :rater and m.value is not distinct from a.value "
            "and m.expires_on is not distinct from a.expires_on "
            "and (m.batch = :batch or (m.undone_at is null and m.tag <> all(cast(:renew as text[]))))"
        ),
        named,
    )
    connection.execute(
        text(
            "with gone as (update manual_tag m set undone_at = :now, undone_by = :rater, undo_reason = :replaced "
            "from arriving a where a.outcome is null and m.undone_at is null and m.rater = :rater "
            "and m.tag = a.tag and m.source_key = a.source_key returning a.place) "
            "update arriving a set outcome = 'replaced' from gone where gone.place = a.place"
        ),
        named,
    )
    connection.execute(
        text(
            "insert into manual_tag (source_key, tag, value, rater, reason, at, batch, expires_on) "
            "select source_key, tag, value, :rater, reason, :now, :batch, expires_on from arriving "
            "where coalesce(outcome, 'replaced') <> 'unchanged' order by place"
        ),
        named,
    )
    outcomes = list(connection.scalars(text("select coalesce(outcome, 'accepted') from arriving order by place")))
    connection.execute(text("drop table arriving"))
    return outcomes


def remove(
    connection: Connection, source_keys: Sequence[int], tag: str, *, by: str, reason: str, rater: str | None = None
) -> int:
    """Undo the standing acts of a customer's tag, of one rater or of all; how many. Raises `missing_reason`."""
    if not reason.strip():
        raise TierwiseError("missing_reason", "taking a tag back needs a reason", remedy="say why: --reason TEXT")
    hold_for_transaction(connection, _LOCK)
    query = select(manual_tag.c.id).where(
        _is_one_of(source_keys), manual_tag.c.tag == tag, manual_tag.c.undone_at.is_(None)
    )
    if rater is not None:
        query = query.where(manual_tag.c.rater == rater)
    ids = list(connection.scalars(query))
    _undo(connection, ids, by=by, reason=reason.strip())
    return len(ids)


def list_acts(
    connection: Connection,
    *,
    source_keys: Sequence[int] | None = None,
    tag: str | None = None,
    standing_only: bool = True,
    limit: int = 100,
) -> list[ManualTag]:
    """The newest acts first, of these source keys (None: of everybody) and of one tag (None: of all)."""
    query = select(manual_tag).order_by(manual_tag.c.id.desc()).limit(limit)
    if source_keys is not None:
        query = query.where(_is_one_of(source_keys))
    if tag is not None:
        query = query.where(manual_tag.c.tag == tag)
    if standing_only:
        query = query.where(manual_tag.c.undone_at.is_(None))
    return [ManualTag(**row._mapping) for row in connection.execute(query)]


def in_use(connection: Connection, tag: str) -> bool:
    """Whether an act of the tag stands."""
    question = exists().where(manual_tag.c.tag == tag, manual_tag.c.undone_at.is_(None))
    return bool(connection.scalar(select(question)))


def change_number(connection: Connection) -> int:
    """A number that grows with every act and every undoing; 0 before the first. Rows are never deleted."""
    counted = func.count() + func.count(manual_tag.c.undone_at)
    return int(connection.scalar(select(counted).select_from(manual_tag)) or 0)


def acts(connection: Connection, timezone: str) -> pa.Table:
    """All acts, undone ones included, as the fact table `manual_tags` has them, in the order of act_id.

    timezone: the business's, whose days the days are. Reasons are left out: they may tell of a person.
    """
    import pyarrow as pa

    def day(column: str) -> str:
        return f"cast({column} at time zone :zone as date)"

    query = text(
        f"select id, source_key, tag, value, rater, {day('at')}, expires_on, {day('undone_at')} "
        "from manual_tag order by id"
    )
    schema = pa.schema(
        [
            pa.field("act_id", pa.int64(), False),
            pa.field("source_key", pa.int64(), False),
            pa.field("tag", pa.string(), False),
            pa.field("value", pa.string()),
            pa.field("rater", pa.string(), False),
            pa.field("given_day", pa.date32(), False),
            pa.field("expires_on", pa.date32()),
            pa.field("removed_day", pa.date32()),
        ]
    )
    batches = []
    with connection.execute(query.execution_options(stream_results=True, yield_per=_ROWS), {"zone": timezone}) as rows:
        for part in rows.partitions(_ROWS):
            columns = zip(*part, strict=True)
            arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
            batches.append(pa.record_batch(arrays, schema=schema))
    return pa.Table.from_batches(batches, schema)


def _standing_of(source_key: int, tag: str, rater: str) -> tuple[ColumnElement[bool], ...]:
    return (
        manual_tag.c.source_key == source_key,
        manual_tag.c.tag == tag,
        manual_tag.c.rater == rater,
        manual_tag.c.undone_at.is_(None),
    )


def _is_one_of(source_keys: Iterable[int]) -> ColumnElement[bool]:
    return manual_tag.c.source_key == any_(literal(list(source_keys), ARRAY(BigInteger)))


def _undo(connection: Connection, ids: Sequence[int], *, by: str, reason: str) -> None:
    change = update(manual_tag).where(manual_tag.c.id == any_(literal(list(ids), ARRAY(BigInteger))))
    connection.execute(change.values(undone_at=utc_now(), undone_by=by, undo_reason=reason))


def _stage(connection: Connection, verdicts: Sequence[Verdict]) -> None:
    """The verdicts as the temporary table `arriving`."""
    connection.execute(
        text(
            "create temp table arriving (place bigint, source_key bigint, tag text, value text, reason text, "
            "expires_on date, outcome text) on commit drop"
        )
    )
    raw = connection.connection.driver_connection
    assert raw is not None
    columns = "copy arriving (place, source_key, tag, value, reason, expires_on) from stdin"
    with raw.cursor() as cursor, cursor.copy(columns) as copy:
        for place, each in enumerate(verdicts):
            copy.write_row((place, each.source_key, each.tag, each.value, each.reason.strip(), each.expires_on))
    connection.execute(text("analyze arriving"))

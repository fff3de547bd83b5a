"""What customers said when they were asked: one row per asking; what was taken back stays on record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import ARRAY, BigInteger, Connection, any_, func, insert, literal, select, text, update

from tierwise.kernel.clock import utc_now
from tierwise.kernel.errors import TierwiseError
from tierwise.state.answer_tables import answer
from tierwise.state.locks import hold_for_transaction

if TYPE_CHECKING:  # who only asks need not load Arrow
    import pyarrow as pa

Outcome = Literal["answered", "declined"]
"""declined: asked, and did not want to say."""

How = Literal["visit", "call", "message", "form", "other"]

_ROWS = 100_000

_WORDS = ("outcome", "value", "found")
"""What makes two words the same."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one customer said to one question. value: None of who did not want to say. found: what files said then."""

    source_key: int
    profiling: str
    question: str
    field: str
    outcome: Outcome
    value: str | None
    found: str | None
    how: How


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """One asking. It stands as long as undone_at is None; of those that stand the newest counts."""

    id: int
    source_key: int
    profiling: str
    question: str
    field: str
    outcome: Outcome
    value: str | None
    found: str | None
    how: How
    author: str
    at: datetime
    undone_at: datetime | None
    undone_by: str | None
    undo_reason: str | None


def add(connection: Connection, said: Said, *, author: str, keys: Sequence[int], since: datetime) -> int | None:
    """Store it, in the caller's transaction; its id, or None where the customer's newest word on the question since
    then is the same already: a second tap says nothing new. keys: all source keys of the customer."""
    hold_for_transaction(connection, f"answers of {min(keys)}")
    newest = next((each for each in of_keys(connection, keys) if _same_question(each, said)), None)
    same = newest is not None and all(getattr(newest, name) == getattr(said, name) for name in _WORDS)
    if same and newest is not None and newest.at >= since:
        return None
    values = {name: getattr(said, name) for name in Said.__slots__} | {"author": author, "at": utc_now()}
    return int(connection.execute(insert(answer).values(**values).returning(answer.c.id)).scalar_one())


def undo(connection: Connection, ids: Sequence[int], *, by: str, reason: str) -> int:
    """Take back those of them that stand; how many. Raises `missing_reason`."""
    if not reason.strip():
        raise TierwiseError("missing_reason", "taking an answer back needs a reason", remedy="say why: --reason TEXT")
    change = update(answer).where(answer.c.id == any_(literal(list(ids), ARRAY(BigInteger))))
    change = change.where(answer.c.undone_at.is_(None))
    undone = change.values(undone_at=utc_now(), undone_by=by, undo_reason=reason.strip()).returning(answer.c.id)
    return len(connection.execute(undone).all())


def of_keys(connection: Connection, source_keys: Sequence[int], *, standing_only: bool = True) -> list[StoredAnswer]:
    """What these customers said, the newest first."""
    query = select(answer).where(answer.c.source_key == any_(literal(list(source_keys), ARRAY(BigInteger))))
    if standing_only:
        query = query.where(answer.c.undone_at.is_(None))
    return [StoredAnswer(**row._mapping) for row in connection.execute(query.order_by(answer.c.id.desc()))]


def keys_asked(connection: Connection, source_keys: Sequence[int]) -> set[int]:
    """Those of the keys of whom there is a row."""
    query = select(answer.c.source_key).where(
        answer.c.source_key == any_(literal(list(source_keys), ARRAY(BigInteger)))
    )
    return set(connection.scalars(query.distinct()))


def any_answer(connection: Connection) -> bool:
    """Whether anybody was ever asked."""
    return connection.scalar(select(answer.c.id).limit(1)) is not None


def change_number(connection: Connection) -> tuple[int, int]:
    """Numbers that change with every answer and every undoing; (0, 0) before the first."""
    newest = connection.scalar(select(func.max(answer.c.id)))
    undone = connection.scalar(select(func.count()).select_from(answer).where(answer.c.undone_at.is_not(None)))
    return int(newest or 0), int(undone or 0)


def declined_since(connection: Connection, profiling: str, since: datetime) -> list[tuple[int, str, datetime]]:
    """(source key, question, when) of whose newest standing word on a question is that they did not want to say."""
    query = text(
        "select source_key, question, at from (select distinct on (source_key, question) source_key, question, at, "
        "outcome from answer where profiling = :profiling and undone_at is null "
        "order by source_key, question, id desc) newest where outcome = 'declined' and at >= :since"
    )
    rows = connection.execute(query, {"profiling": profiling, "since": since})
    return [(int(key), str(question), at) for key, question, at in rows]


def between(
    connection: Connection, since: datetime, until: datetime, *, author: str | None = None
) -> list[StoredAnswer]:
    """What was asked from an instant to before another, by one person or by all, what was taken back included."""
    query = select(answer).where(answer.c.at >= since, answer.c.at < until)
    if author is not None:
        query = query.where(answer.c.author == author)
    return [StoredAnswer(**row._mapping) for row in connection.execute(query.order_by(answer.c.id))]


def facts(connection: Connection, timezone: str, precedence: Mapping[str, str]) -> pa.Table:
    """Answers that stand as the fact table `answers` has them, in the order of answer_id.

    timezone: the business's, whose days the days are. precedence: by question as `PROFILING QUESTION`; of others the
    newest counts.
    """
    import pyarrow as pa

    query = text(
        "select id, source_key, field, value, found, profiling || ' ' || question, at, "
        "cast(at at time zone :zone as date) from answer "
        "where undone_at is null and outcome = 'answered' order by id"
    )
    schema = pa.schema(
        [
            pa.field("answer_id", pa.int64(), False),
            pa.field("source_key", pa.int64(), False),
            pa.field("field", pa.string(), False),
            pa.field("value", pa.string(), False),
            pa.field("found", pa.string()),
            pa.field("precedence", pa.string(), False),
            pa.field("answered_at", pa.timestamp("us", tz="UTC"), False),
            pa.field("answered_day", pa.date32(), False),
        ]
    )
    batches = []
    with connection.execute(query.execution_options(stream_results=True, yield_per=_ROWS), {"zone": timezone}) as rows:
        for part in rows.partitions(_ROWS):
            columns: list[Sequence[Any]] = list(zip(*part, strict=True))
            columns[5] = [precedence.get(question, "newest") for question in columns[5]]
            arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
            batches.append(pa.record_batch(arrays, schema=schema))
    return pa.Table.from_batches(batches, schema)


def _same_question(each: StoredAnswer, said: Said) -> bool:
    return (each.profiling, each.question) == (said.profiling, said.question)

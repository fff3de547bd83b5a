"""Customers whom no rule tells: who went from where to where, who is in a tenth by a number, who was asked what."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import narwhals as nw
import pyarrow as pa

from tierwise.app.answer_numbers import COUNTED, Asked, sources_asked
from tierwise.app.context import Context
from tierwise.app.history import opened_history
from tierwise.app.insights import asking
from tierwise.app.reading import opened_run
from tierwise.app.rule_world import Ground
from tierwise.definitions.deciles import Deciles
from tierwise.engine import history_reading
from tierwise.engine.current import KEY
from tierwise.kernel.errors import TierwiseError
from tierwise.kernel.windows import parse_day
from tierwise.metrics.deciles import decile_parts
from tierwise.metrics.frame import Frame
from tierwise.metrics.population import COUNTED as RANKED
from tierwise.metrics.population import ranked_by

ANYWHERE = "*"
"""Of a move: wherever."""

_PART = "part__"


@dataclass(frozen=True, slots=True)
class Moved:
    """Who was at `from_` of a tier, stage, tag or segment on one day and at `to` on a later one; None: not there,
    `*`: wherever. By the recorded history; of customers of the current run."""

    name: str
    from_day: date
    to_day: date
    from_: str | None
    to: str | None


@dataclass(frozen=True, slots=True)
class InDeciles:
    """Who is in the parts first to last by a number, 1 the top, as the page of deciles cuts them."""

    metric: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class InAnswer:
    """Whom a number of an insight counts: its column, and its row by values that tell it from others. parameters: as
    texts; as_of: an earlier day than the run's."""

    insight: str
    column: str
    row: tuple[tuple[str, str | None], ...]
    parameters: tuple[tuple[str, str], ...] = ()
    as_of: date | None = None


Among = Moved | InDeciles | InAnswer | Asked


def among_in(text: str | None) -> Among | None:
    """Of an address. Raises `bad_value` for what is none.

    >>> among_in('{"deciles":{"metric":"visit_count","first":1,"last":2}}')
    InDeciles(metric='visit_count', first=1, last=2)
    """
    if not text:
        return None
    try:
        match json.loads(text):
            case {"moved": {"name": str(name), "from_day": str(start), "to_day": str(end), "from": from_, "to": to}}:
                return Moved(name, parse_day(start), parse_day(end), _value(from_), _value(to))
            case {"deciles": {"metric": str(metric), "first": int(first), "last": int(last)}} if 1 <= first <= last:
                return InDeciles(metric, first, last)
            case {"asked": {"from_day": str(start), "to_day": str(end), "counted": str(counted), **more}}:
                which = next((each for each in COUNTED if each == counted), None)
                if which is not None:
                    question, author = _value(more.get("question")), _value(more.get("author"))
                    return Asked(parse_day(start), parse_day(end), which, question, author)
            case {"insight": str(name), "column": str(column), "row": dict(row)} as whole:
                texts: dict[str, Any] = whole.get("asked", {})
                asked = tuple((str(key), str(value)) for key, value in texts.items())
                day = parse_day(whole["as_of"]) if "as_of" in whole else None
                return InAnswer(name, column, tuple((str(key), _value(row[key])) for key in row), asked, day)
    except (AttributeError, ValueError):
        pass
    raise TierwiseError("bad_value", "this tells of no customers", place="among", remedy="open the page before again")


def among_address(among: Among) -> str:
    """As `among_in` reads it."""
    body: Mapping[str, Any]
    if isinstance(among, InDeciles):
        body = {"deciles": {"metric": among.metric, "first": among.first, "last": among.last}}
    elif isinstance(among, InAnswer):
        body = {"insight": among.insight, "column": among.column, "row": dict(among.row)}
        body |= {"asked": dict(among.parameters)} if among.parameters else {}
        body |= {"as_of": among.as_of.isoformat()} if among.as_of is not None else {}
    elif isinstance(among, Asked):
        told = {"question": among.question, "author": among.author}
        days = {"from_day": among.from_day.isoformat(), "to_day": among.to_day.isoformat()}
        body = {"asked": {**days, "counted": among.counted, **{k: v for k, v in told.items() if v is not None}}}
    else:
        days = {"from_day": among.from_day.isoformat(), "to_day": among.to_day.isoformat()}
        body = {"moved": {"name": among.name, **days, "from": among.from_, "to": among.to}}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def attributes_of_among(among: Among | None) -> tuple[str, ...]:
    """What of the profile is needed to tell who they are."""
    return (among.metric, RANKED) if isinstance(among, InDeciles) else ()


def keys_among(ctx: Context, ground: Ground, among: Among) -> Frame:
    """Whom it is true of, of the ground's run: `customer_key`, each once. The ground has `attributes_of_among`.

    Raises `unknown_attribute`, `not_a_number`, `no_history`, `unknown_history_name`, `bad_days`, and what
    `asking.counted_in` raises.
    """
    if isinstance(among, InDeciles):
        return _in_deciles(ctx, ground, among)
    if isinstance(among, InAnswer):
        asked = dict(among.parameters)
        keys = asking.counted_in(ctx, among.insight, asked, among.column, dict(among.row), as_of=among.as_of)
        return ground.of_run(keys)
    if isinstance(among, Asked):
        return ground.of_run(pa.table({KEY: pa.array(sources_asked(ctx, among), pa.int64())}))
    return _moved(ctx, ground, among)


def _value(told: Any) -> str | None:
    if told is None or isinstance(told, str):
        return told
    raise ValueError(told)


def _in_deciles(ctx: Context, ground: Ground, among: InDeciles) -> Frame:
    column = ground.column(among.metric).column
    people: Frame = nw.from_native(ground.connection.table("profile"))
    if not people.collect_schema()[column].is_numeric():
        raise TierwiseError("not_a_number", f'"{among.metric}" is no number to rank by')
    known = opened_run(ctx, ground.run.id).definitions.deciles
    defined = next((each for each in known if each.metric == among.metric), Deciles(metric=among.metric))
    ranked = ranked_by(people, among.metric).select(KEY, "customer_id", nw.col(column).alias("ranked__"))
    parted = decile_parts(ranked, defined.model_copy(update={"name": _PART, "metric": "ranked__"}))
    return parted.filter(nw.col(_PART) >= among.first, nw.col(_PART) <= among.last).select(KEY)


def _moved(ctx: Context, ground: Ground, among: Moved) -> Frame:
    if among.to_day < among.from_day:
        raise TierwiseError("bad_days", f"{among.to_day} is before {among.from_day}", remedy="give the days in order")
    with opened_history(ctx) as house:
        kind = house.kind(among.name, None)
        for day in (among.from_day, among.to_day):
            house.as_of(day)
        found = history_reading.movers(
            house.past, kind, among.name, (among.from_day, among.from_), (among.to_day, among.to), anywhere=ANYWHERE
        )
        keys = found.to_arrow_table()
    return ground.of_run(keys)

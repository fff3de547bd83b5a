"""Customers whom no rule tells, each kind as a record that an address holds: who went from where to where between two
days, who would by a plan, who is in a tenth by a number, whom a number of an insight counts, who was asked what, who is
behind the numbers of an advisor."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, cast, get_args

from tierwise.app.answer_numbers import COUNTED, Asked
from tierwise.app.task_numbers import OfWhom
from tierwise.kernel.errors import TierwiseError
from tierwise.kernel.windows import parse_day

ANYWHERE = "*"
"""Of a move: wherever."""

ELSEWHERE = "!"
"""Of the end of a move: not where it began."""

BEFORE, AFTER = "move.before", "move.after"
"""Columns that those who moved have besides their attributes."""


@dataclass(frozen=True, slots=True)
class Moved:
    """Who was at `from_` of a tier, stage, tag or segment on one day and at `to` on a later one; None: not there,
    `*`: wherever, `!`: elsewhere. By the recorded history; of customers of the current run."""

    name: str
    from_day: date
    to_day: date
    from_: str | None
    to: str | None


@dataclass(frozen=True, slots=True)
class WouldMove:
    """Who is at `from_` of what a plan touches and would be at `to`; None: not there, `*`: wherever. plan: of a
    `PlanView`, which also says of which run they are."""

    plan: str
    name: str
    from_: str | None
    to: str | None


@dataclass(frozen=True, slots=True)
class InDeciles:
    """Who is in the parts first to last by a number, 1 the top, as the page of deciles cuts them; both 0: in none."""

    metric: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class InAnswer:
    """Whom a number of an insight counts: its column, and its row by values that tell it from others; without a row a
    headline number. parameters: as texts; as_of: an earlier day than the run's."""

    insight: str
    number: str
    row: tuple[tuple[str, str | None], ...] | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    as_of: date | None = None


@dataclass(frozen=True, slots=True)
class OfAdvisor:
    """Whom a number of an advisor's tasks counts, of leads those who have them, as of today. assignee: as
    `Assignee.id`; None for the pool."""

    counted: OfWhom
    assignee: str | None


Among = Moved | WouldMove | InDeciles | InAnswer | Asked | OfAdvisor


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
            case {"planned": str(plan), "name": str(name), "from": from_, "to": to}:
                return WouldMove(plan, name, _value(from_), _value(to))
            case {"deciles": {"metric": str(metric), "first": int(first), "last": int(last)}} if _parts(first, last):
                return InDeciles(metric, first, last)
            case {"asked": {"from_day": str(start), "to_day": str(end), "counted": str(counted), **more}}:
                which = next((each for each in COUNTED if each == counted), None)
                if which is not None:
                    question, author = _value(more.get("question")), _value(more.get("author"))
                    return Asked(parse_day(start), parse_day(end), which, question, author)
            case {"advisor": assignee, "counted": str(counted)} if counted in get_args(OfWhom):
                return OfAdvisor(cast(OfWhom, counted), _value(assignee))
            case {"insight": str(name), "column": str(column), "row": dict(row)} as whole:
                return InAnswer(name, column, tuple((str(key), _value(row[key])) for key in row), *_settings(whole))
            case {"insight": str(name), "figure": str(figure)} as whole:
                return InAnswer(name, figure, None, *_settings(whole))
    except (AttributeError, ValueError):
        pass
    raise TierwiseError("bad_value", "this tells of no customers", place="among", remedy="open the page before again")


def among_address(among: Among) -> str:
    """As `among_in` reads it."""
    body: Mapping[str, Any]
    if isinstance(among, InDeciles):
        body = {"deciles": {"metric": among.metric, "first": among.first, "last": among.last}}
    elif isinstance(among, InAnswer):
        told = {"figure": among.number} if among.row is None else {"column": among.number, "row": dict(among.row)}
        body = {"insight": among.insight, **told}
        body |= {"asked": dict(among.parameters)} if among.parameters else {}
        body |= {"as_of": among.as_of.isoformat()} if among.as_of is not None else {}
    elif isinstance(among, Asked):
        of = {"question": among.question, "author": among.author}
        days = {"from_day": among.from_day.isoformat(), "to_day": among.to_day.isoformat()}
        body = {"asked": {**days, "counted": among.counted, **{k: v for k, v in of.items() if v is not None}}}
    elif isinstance(among, OfAdvisor):
        body = {"advisor": among.assignee, "counted": among.counted}
    elif isinstance(among, WouldMove):
        body = {"planned": among.plan, "name": among.name, "from": among.from_, "to": among.to}
    else:
        days = {"from_day": among.from_day.isoformat(), "to_day": among.to_day.isoformat()}
        body = {"moved": {"name": among.name, **days, "from": among.from_, "to": among.to}}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def columns_of_among(among: Among | None) -> tuple[str, ...]:
    """What is told of each of them that is no attribute of the profile."""
    return (BEFORE, AFTER) if isinstance(among, Moved | WouldMove) else ()


def _parts(first: int, last: int) -> bool:
    return 1 <= first <= last or first == last == 0


def _settings(whole: Mapping[str, Any]) -> tuple[tuple[tuple[str, str], ...], date | None]:
    """With what an insight was asked."""
    texts: dict[str, Any] = whole.get("asked", {})
    asked = tuple((str(key), str(value)) for key, value in texts.items())
    return asked, parse_day(whole["as_of"]) if "as_of" in whole else None


def _value(told: Any) -> str | None:
    if told is None or isinstance(told, str):
        return told
    raise ValueError(told)

"""Tasks counted by whose they are: what is open, what was done, and how soon somebody first did something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, text

from tierwise.state.tasks import Owner

_ACTS = "('done', 'try', 'snooze', 'drop')"
"""Changes by which somebody did something about the customer; being given to somebody is none."""


@dataclass(frozen=True, slots=True)
class OwnerNumbers:
    """One owner's tasks. open, overdue, due_today: as of a day. outcomes: of those done since then, by outcome;
    dropped: since then. first_act_hours: the median of hours from the making to the first act, of the tasks first acted
    on since then; null where there is none."""

    owner: Owner
    open: int
    overdue: int
    due_today: int
    outcomes: dict[str, int]
    dropped: int
    first_act_hours: float | None


def by_owner(
    connection: Connection, *, today: date, since: datetime, stores: Sequence[str] = (), mine: Owner | None = None
) -> list[OwnerNumbers]:
    """Everybody who has, or had since then, a task; of these stores, or of one alone."""
    where, asked = _scope(stores, mine)
    asked |= {"today": today, "since": since}
    counted = connection.execute(
        text(
            "select t.staff_id, t.person, count(*) filter (where t.state = 'open') as open, "
            "count(*) filter (where t.state = 'open' and t.due_on < :today) as overdue, "
            "count(*) filter (where t.state = 'open' and t.due_on = :today) as due_today, "
            "count(*) filter (where t.state = 'dropped' and t.closed_at >= :since) as dropped "
            f"from task t where {where} group by 1, 2"
        ),
        asked,
    ).all()
    outcomes: dict[Owner, dict[str, int]] = {}
    done = "t.state = 'done' and t.closed_at >= :since"
    for staff_id, person, outcome, number in connection.execute(
        text(f"select t.staff_id, t.person, t.outcome, count(*) from task t where {where} and {done} group by 1, 2, 3"),
        asked,
    ):
        outcomes.setdefault(Owner(staff_id, person), {})[outcome] = int(number)
    medians = {
        Owner(staff_id, person): float(hours)
        for staff_id, person, hours in connection.execute(
            text(
                "with first as (select c.task_id, min(c.at) as at from task_change c "
                f"where c.action in {_ACTS} and not exists (select 1 from task_change u where u.undoes = c.id) "
                "group by 1) "
                "select t.staff_id, t.person, percentile_cont(0.5) within group "
                "(order by extract(epoch from f.at - t.at) / 3600) "
                f"from task t join first f on f.task_id = t.id where {where} and f.at >= :since group by 1, 2"
            ),
            asked,
        )
    }
    return [
        OwnerNumbers(
            owner,
            int(row.open),
            int(row.overdue),
            int(row.due_today),
            outcomes.get(owner, {}),
            int(row.dropped),
            medians.get(owner),
        )
        for row in counted
        if (owner := Owner(row.staff_id, row.person))
    ]


def done_between(
    connection: Connection, first: datetime, last: datetime, *, stores: Sequence[str] = (), mine: Owner | None = None
) -> list[tuple[Owner, int, datetime]]:
    """Owner, source key and instant of each task done from `first` on and before `last`."""
    where, asked = _scope(stores, mine)
    rows = connection.execute(
        text(
            "select t.staff_id, t.person, t.source_key, t.closed_at from task t "
            f"where {where} and t.state = 'done' and t.closed_at >= :first and t.closed_at < :last order by t.id"
        ),
        asked | {"first": first, "last": last},
    )
    return [(Owner(staff_id, person), int(key), at) for staff_id, person, key, at in rows]


def acts_since(connection: Connection, since: datetime) -> list[tuple[int, datetime]]:
    """Source key and instant of everything that was done about customers since then, and not taken back."""
    rows = connection.execute(
        text(
            "select t.source_key, c.at from task_change c join task t on t.id = c.task_id "
            "where c.action in ('done', 'try') and c.at >= :since "
            "and not exists (select 1 from task_change u where u.undoes = c.id)"
        ),
        {"since": since},
    )
    return [(int(key), at) for key, at in rows]


def _scope(stores: Sequence[str], mine: Owner | None) -> tuple[str, dict[str, Any]]:
    if mine is not None:
        return "(t.staff_id = :staff_id or t.person = :person)", {"staff_id": mine.staff_id, "person": mine.person}
    if stores:
        return "t.store = any(:stores)", {"stores": list(stores)}
    return "true", {}

"""Who is in which segment and stage between runs: the standing, live customers, and changes as they were told.

Whoever writes holds the lock `TELLING`, so that changes have ascending ids in the order in which they can be seen, and
nothing is told of a state that another has told meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from tierwise.state.membership_tables import live_customer, live_standing, membership_change

TELLING = "telling memberships"

KEEP_DAYS = 90
"""How long a change can be read."""

State: TypeAlias = str
"""`kind:name:value`."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Beside which run live customers are told, and how far. until: the last event; versions: of the facts.

    as_of: the day up to which they are told. left_out: of how many batches the customers were too many to be told one
    by one, as after an import; they are as the run saw them.
    """

    run_id: int
    as_of: date
    versions: Mapping[str, int]
    until: int
    at: datetime
    left_out: int


@dataclass(frozen=True, slots=True)
class LiveCustomer:
    """One customer as of now. profile: None where there is none any more. before: the states in the run."""

    customer_key: int
    customer_id: str | None
    profile: Mapping[str, str] | None
    states: Sequence[State]
    before: Sequence[State]
    at: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """One entry (entered) or exit. value: of a stage its name, of a segment `yes`. until: None where a run told it."""

    id: int
    customer_key: int
    customer_id: str | None
    kind: str
    name: str
    value: str
    entered: bool
    at: datetime
    as_of: date
    run_id: int
    until: int | None


def standing(connection: Connection) -> Standing | None:
    """None before the first run with this table."""
    columns = [column for column in live_standing.c if column.name != "id"]
    row = connection.execute(select(*columns)).one_or_none()
    return None if row is None else Standing(**row._mapping)


def stand(connection: Connection, now: Standing) -> None:
    """Record how far live customers are told."""
    values = {name: getattr(now, name) for name in Standing.__slots__} | {"versions": dict(now.versions)}
    row = upsert(live_standing).values(id=1, **values)
    connection.execute(row.on_conflict_do_update(index_elements=[live_standing.c.id], set_=values))


def live_keys(connection: Connection) -> set[int]:
    """The keys of all live customers."""
    return set(connection.scalars(select(live_customer.c.customer_key)))


def live_customers(connection: Connection) -> int:
    """Of how many customers more is known than the run saw."""
    return int(connection.scalar(select(func.count()).select_from(live_customer)) or 0)


def any_live(connection: Connection) -> bool:
    """Whether more is known of anybody than the run saw."""
    return connection.scalar(select(live_customer.c.customer_key).limit(1)) is not None


def live_states(connection: Connection, keys: Collection[int] | None = None) -> dict[int, LiveCustomer]:
    """Live customers without their profile, all or those among the keys."""
    query = select(live_customer.c.customer_key, live_customer.c.customer_id, live_customer.c.states,
                   live_customer.c.before, live_customer.c.at)  # fmt: skip
    if keys is not None:
        query = query.where(live_customer.c.customer_key == func.any(sorted(keys)))
    return {
        row.customer_key: LiveCustomer(row.customer_key, row.customer_id, None, row.states, row.before, row.at)
        for row in connection.execute(query)
    }


def live_customer_of(connection: Connection, customer_id: str) -> LiveCustomer | None:
    """One live customer by the business's own id, whole; None where the run knows all that is known."""
    row = connection.execute(select(live_customer).where(live_customer.c.customer_id == customer_id)).one_or_none()
    return None if row is None else LiveCustomer(**row._mapping)


def replace_live(connection: Connection, rows: Iterable[LiveCustomer]) -> None:
    """Put these in place of what there is of them."""
    with _driver(connection).cursor() as cursor:
        cursor.execute("create temporary table live_given (like live_customer) on commit drop")
        with cursor.copy(
            "copy live_given (customer_key, customer_id, profile, states, before, at) from stdin"
        ) as lines:
            for row in rows:
                profile = None if row.profile is None else json.dumps(row.profile, ensure_ascii=False)
                held = list(row.states), list(row.before)
                lines.write_row((row.customer_key, row.customer_id, profile, *held, row.at))
        cursor.execute("delete from live_customer where customer_key in (select customer_key from live_given)")
        cursor.execute("insert into live_customer select * from live_given")
        cursor.execute("drop table live_given")


def forget_live(connection: Connection) -> None:
    """No customer is live any more."""
    connection.execute(delete(live_customer))


def tell(connection: Connection, changes: Iterable[Sequence[Any]]) -> int:
    """Add changes, in their order: (customer_key, customer_id, kind, name, value, entered, at, as_of, run_id, until).

    How many.
    """
    count = 0
    columns = "customer_key, customer_id, kind, name, value, entered, at, as_of, run_id, until"
    with (
        _driver(connection).cursor() as cursor,
        cursor.copy(f"copy membership_change ({columns}) from stdin") as lines,
    ):
        for change in changes:
            lines.write_row(change)
            count += 1
    return count


def changes(
    connection: Connection,
    *,
    after: int = 0,
    limit: int = 100,
    name: str | None = None,
    customer_id: str | None = None,
    newest: bool = False,
) -> list[Change]:
    """Changes with an id above `after`, in their order, of one name and one customer if given; newest: the last ones,
    the newest first."""
    query = select(membership_change).where(membership_change.c.id > after)
    if name is not None:
        query = query.where(membership_change.c.name == name)
    if customer_id is not None:
        query = query.where(membership_change.c.customer_id == customer_id)
    order = membership_change.c.id.desc() if newest else membership_change.c.id
    return [Change(**row._mapping) for row in connection.execute(query.order_by(order).limit(limit))]


def live_difference(connection: Connection, state: State) -> int:
    """How many more customers (fewer, where negative) hold a state live than in the run."""
    query = (
        "select count(*) filter (where :state = any(states)) - count(*) filter (where :state = any(before)) "
        "from live_customer"
    )
    return int(connection.scalar(text(query), {"state": state}) or 0)


def forget(connection: Connection, before: datetime, limit: int = 20_000) -> int:
    """Delete some of the changes told before that; how many. 0: nothing is left to."""
    statement = (
        "delete from membership_change where id in "
        "(select id from membership_change where at < :before order by id limit :limit)"
    )
    return connection.execute(text(statement), {"before": before, "limit": limit}).rowcount


def newest_id(connection: Connection) -> int:
    """The id of the last change; 0 where there is none."""
    return int(connection.scalar(select(func.coalesce(func.max(membership_change.c.id), 0))) or 0)


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection

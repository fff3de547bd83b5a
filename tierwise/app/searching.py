"""Customers, looked for by what an operator has at hand, narrowed by a rule, in an order, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import narwhals as nw

from tierwise.app.among import Among, columns_of_among
from tierwise.app.among_keys import attributes_of_among, keys_among, run_of_among
from tierwise.app.context import Context
from tierwise.app.own_customers import among_own, own_rule
from tierwise.app.rule_world import Ground, ground_of
from tierwise.definitions.rule import AnyRule
from tierwise.engine.current import KEY
from tierwise.engine.duckdb_session import quoted
from tierwise.engine.sources import register_facts

ID = "customer_id"

CONTACTS = ("name", "phone")
"""Facts about a person that a page may show beside the profile's attributes."""

MOST = 200

_MEANT = 4
"""A number of so few digits is not looked for in phones."""


@dataclass(frozen=True, slots=True)
class Found:
    """A page of customers. columns: of `rows`; of: how many there are in all.

    by: as what the text was found, as `customer_id`, `phone`, `name`, `plate`, `vin`, `company`; empty where there
    was none.
    """

    run_id: int
    as_of: date
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    of: int
    by: tuple[str, ...]


def search(
    ctx: Context,
    text: str = "",
    *,
    rule: AnyRule | None = None,
    among: Among | None = None,
    columns: Sequence[str] = (),
    order_by: str = ID,
    descending: bool = False,
    offset: int = 0,
    limit: int = 50,
    run_id: int | None = None,
) -> Found:
    """Customers of the current run, or of a kept one, whom one who asks may see.

    text: the id, the end of a phone's digits, part of a name, a plate or a VIN of which one is the owner or has a role
    at it, part of the name of a company at which one has a role, whatever of these it may be; capitals and blanks do
    not count. rule, among: only whom it is true of. columns: attributes, `name` or `phone` of the
    facts, and the `columns_of_among`. Nulls come last either way; equals by customer_id. Raises `unknown_attribute`,
    `no_run`, `unknown_run`, `run_not_kept`, what is wrong with the rule, and what `keys_among` raises.
    """
    ctx.principal.require_of_own("view_customer")
    own = own_rule(ctx)
    narrowed = own if rule is None else among_own(ctx, rule)
    told = columns_of_among(among)
    attributes = [name for name in (*columns, order_by) if name not in (*CONTACTS, *told, ID)]
    rules, needed = [] if narrowed is None else [narrowed], [ID, *attributes, *attributes_of_among(among)]
    with ground_of(ctx, rules, needed, run_of_among(ctx, among) if run_id is None else run_id) as ground:
        connection = ground.connection
        text = text.strip()
        contacts = any(name in CONTACTS for name in (*columns, order_by))
        if contacts:
            _register(ctx, ground)
        tests = []
        if narrowed is not None:
            native: duckdb.DuckDBPyRelation = nw.to_native(ground.members(narrowed))
            native.create("members")
            tests.append(f"{KEY} IN (FROM members)")
        if among is not None:
            they: duckdb.DuckDBPyRelation = nw.to_native(keys_among(ctx, ground, among))
            they.create("they")
            tests.append(f"{KEY} IN (SELECT {KEY} FROM they)")
        by: tuple[str, ...] = ()
        if text:
            by = find(ctx, ground, text)
            tests.append(f"{KEY} IN (SELECT {KEY} FROM found)")
        names = [ID, *dict.fromkeys(name for name in columns if name != ID)]
        where = f"WHERE {' AND '.join(tests)}" if tests else ""
        of = connection.execute(f"SELECT count(*) FROM profile {where}").fetchone()
        rows = connection.execute(
            _page_sql(ground, names, order_by, descending, where, contacts, told),
            {"limit": max(0, min(limit, MOST)), "offset": max(0, offset)},
        ).fetchall()
        return Found(ground.run.id, ground.run.as_of, tuple(names), tuple(rows), int(of[0]) if of else 0, by)


_CONTACT = (
    f"SELECT {KEY}, arg_max(name, COALESCE(updated_at, TIMESTAMPTZ 'epoch')) AS name, "
    "arg_max(phone, COALESCE(updated_at, TIMESTAMPTZ 'epoch')) AS phone FROM customers"
)

_FACTS = ("customers", "vehicles", "vehicle_people", "companies", "company_people", "customer_map")


def _page_sql(
    ground: Ground,
    names: Sequence[str],
    order_by: str,
    descending: bool,
    where: str,
    contacts: bool,
    told: Sequence[str],
) -> str:
    """The rows of one page; people's names and phones are looked up for them alone, where they are not ordered by.
    told: columns of the table `they`."""

    def value(name: str) -> str:
        return quoted(name) if name in told else _value(ground, name)

    everybody = f"(SELECT * FROM profile JOIN they USING ({KEY}))" if told else "profile"
    order = f"{value(order_by)} {'DESC' if descending else 'ASC'} NULLS LAST, {ID}"
    shown = ", ".join(f"{value(name)} AS {quoted(name)}" for name in names)
    if not contacts:
        return f"SELECT {shown} FROM {everybody} {where} ORDER BY {order} LIMIT $limit OFFSET $offset"
    if order_by in CONTACTS:
        people = f"SELECT p.*, c.name, c.phone FROM {everybody} p LEFT JOIN ({_CONTACT} GROUP BY 1) c USING ({KEY})"
        return f"SELECT {shown} FROM ({people}) {where} ORDER BY {order} LIMIT $limit OFFSET $offset"
    one_page = f"SELECT * FROM {everybody} {where} ORDER BY {order} LIMIT $limit OFFSET $offset"
    return (
        f"WITH page AS MATERIALIZED ({one_page}), c AS ({_CONTACT} WHERE {KEY} IN (SELECT {KEY} FROM page) GROUP BY 1) "
        f"SELECT {shown} FROM page LEFT JOIN c USING ({KEY}) ORDER BY {order}"
    )


def ordered_by(
    ctx: Context, ground: Ground, order_by: str, descending: bool, told: Sequence[str] = ()
) -> tuple[str, str]:
    """What is joined to the profile, and how its rows are ordered as a page of `search` is. told: columns of the table
    `they`."""
    joined = ""
    if order_by in CONTACTS:
        _register(ctx, ground)
        joined = f" LEFT JOIN ({_CONTACT} GROUP BY 1) contact USING ({KEY})"
    value = f"contact.{order_by}" if order_by in CONTACTS else quoted(order_by)
    if order_by not in (*CONTACTS, *told):
        value = _value(ground, order_by)
    return joined, f"{value} {'DESC' if descending else 'ASC'} NULLS LAST, {ID}"


def _value(ground: Ground, name: str) -> str:
    return name if name in CONTACTS or name == ID else ground.value_sql(name)


def _register(ctx: Context, ground: Ground) -> None:
    register_facts(ground.connection, ctx.lake, {t: v for t, v in ground.run.inputs.items() if t in _FACTS})


def find(ctx: Context, ground: Ground, text: str) -> tuple[str, ...]:
    """Make the table `found` of the ground: the customers whom a text may mean, whosever they are. As what it was
    found."""
    _register(ctx, ground)
    connection = ground.connection
    plain = "".join(text.split()).replace("-", "")
    digits = "".join(character for character in plain if character.isdigit())
    asked: dict[str, Any] = {"id": text.strip(), "plain": plain.upper()}
    parts = [
        f"SELECT {KEY}, 'customer_id' AS how FROM profile WHERE upper(customer_id) = upper($id)",
        f"SELECT {KEY}, 'plate' FROM vehicles WHERE upper(replace(replace(plate, ' ', ''), '·', '')) = $plate",
        f"SELECT {KEY}, 'vin' FROM vehicles WHERE upper(vin) = $plain",
        f"SELECT p.{KEY}, 'plate' FROM vehicle_people p SEMI JOIN (SELECT vin FROM vehicles WHERE "
        "upper(replace(replace(plate, ' ', ''), '·', '')) = $plate) USING (vin)",
        f"SELECT {KEY}, 'vin' FROM vehicle_people WHERE upper(vin) = $plain",
    ]
    asked["plate"] = plain.upper().replace("·", "")
    if digits and digits == plain.lstrip("+") and len(digits) >= _MEANT:
        parts.append(
            f"SELECT {KEY}, 'phone' FROM customers WHERE ends_with(regexp_replace(phone, '[^0-9]', '', 'g'), $digits)"
        )
        asked["digits"] = digits
    else:
        parts.append(f"SELECT {KEY}, 'name' FROM customers WHERE contains(upper(replace(name, ' ', '')), $plain)")
        parts.append(
            f"SELECT p.{KEY}, 'company' FROM company_people p JOIN companies c USING (company_id) "
            "WHERE contains(upper(replace(c.company_name, ' ', '')), $plain) OR upper(c.company_id) = $plain"
        )
    connection.execute(f"CREATE TABLE found AS {' UNION '.join(parts)}", asked)
    rows = connection.execute(f"SELECT DISTINCT how FROM found SEMI JOIN profile USING ({KEY}) ORDER BY 1").fetchall()
    return tuple(row[0] for row in rows)

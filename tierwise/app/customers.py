"""One customer, and pages of the profile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb

from tierwise.app.answers import said_since
from tierwise.app.context import Context
from tierwise.app.customer_copies import renew_copies_aside, take_little, versions_of
from tierwise.app.memberships import as_values, live_of, live_view
from tierwise.app.own_customers import require_own
from tierwise.app.reading import Reader, opened_run, reading
from tierwise.app.views import AttributeValue, CustomerView, ProfilePage
from tierwise.definitions.sensitivity import TRAIT
from tierwise.engine import snapshots
from tierwise.engine.customer_copies import FACTS, MAP, PROFILE
from tierwise.engine.edges import money_sql, outside_name
from tierwise.engine.sources import register_facts
from tierwise.facts.contract import RELATIONS
from tierwise.kernel import clock
from tierwise.kernel.errors import TierwiseError
from tierwise.state.memberships import LiveCustomer, Standing

LATEST = 20
"""So many of a customer's latest facts are shown."""


def profile(
    ctx: Context,
    *,
    limit: int = 50,
    after: str | None = None,
    columns: Sequence[str] | None = None,
    run_id: int | None = None,
) -> ProfilePage:
    """Rows of the profile in the order of customer_id, behind `after`. columns: attributes, else all of them.

    Raises `unknown_attribute` and what `reading` raises.
    """
    ctx.principal.require("view_customer")
    with reading(ctx, run_id) as reader:
        names = ["customer_id", *[n for n in (columns or reader.columns) if n != "customer_id"]]
        select = [reader.value_sql(reader.column(name)) for name in names]
        rows = snapshots.page(reader.connection, select, after=after, limit=limit)
        of = snapshots.count(reader.connection, "profile")
        return ProfilePage(reader.run.id, reader.run.as_of, tuple(names), tuple(rows), of)


def customer(ctx: Context, customer_id: str, run_id: int | None = None) -> CustomerView:
    """All that is known about one customer as of the run, or as of now where more is known since.

    customer_id: any of the customer's ids, `SCOPE:ID` too.

    Raises `unknown_customer` and what `reading` raises.
    """
    ctx.principal.require_of_own("view_customer")
    try:
        return _customer(ctx, customer_id, run_id)
    except TierwiseError as unknown:
        known_as = _known_as(ctx, customer_id) if unknown.code == "unknown_customer" else None
        if known_as is None or known_as == customer_id:
            raise
        try:
            return _customer(ctx, known_as, run_id)
        except TierwiseError as error:
            # Somebody else's customer, too, is told by the id that was asked for, and by no other.
            raise unknown if error.code == "unknown_customer" else error from None


def _known_as(ctx: Context, customer_id: str) -> str | None:
    """By what id a customer goes who is known by this one, too, such as a phone, or one who was joined with another."""
    from tierwise.app.identity_reading import known_as  # loads much, and is seldom asked

    return known_as(ctx, customer_id)


def _customer(ctx: Context, customer_id: str, run_id: int | None) -> CustomerView:
    require_own(ctx, "view_customer", customer_id)
    live = live_of(ctx, customer_id, run_id)
    with _reading_live(ctx, *live) if live else _reading_of_one(ctx, customer_id, run_id) as reader:
        names = list(reader.columns)
        select = ["customer_key", *[reader.value_sql(reader.columns[name]) for name in names]]
        row = snapshots.customer_row(reader.connection, select, customer_id)
        if row is None:
            raise _unknown(customer_id, reader.run.as_of)
        values = dict(zip(names, row[1:], strict=True))
        facts = _facts(reader, row[0])
        view = CustomerView(
            customer_id=customer_id,
            run_id=reader.run.id,
            as_of=reader.run.as_of,
            currency=reader.currency,
            base=_base(reader, row[0]),
            traits={n.removeprefix("trait."): v for n, v in values.items() if n.startswith("trait.")},
            attributes=_attributes(reader, values),
            orders=facts["orders"],
            refunds=facts["refunds"],
            visits=facts["visits"],
            vehicles=facts["vehicles"],
            live=live_view(*live) if live else None,
            relations=facts["relations"],
        )
        said = {} if run_id is not None else said_since(ctx, int(row[0]), reader.connection)
    return _with_said(view, said)


def _with_said(view: CustomerView, said: Mapping[str, Any]) -> CustomerView:
    """With what the customer was asked for, as of this moment."""
    if not said:
        return view
    traits = {name.removeprefix(TRAIT): value for name, value in said.items() if name.startswith(TRAIT)}
    own = {name: value for name, value in said.items() if not name.startswith(TRAIT)}
    attributes = tuple(
        replace(each, value=own[each.name], reason=None if own[each.name] is not None else each.reason)
        if each.name in own
        else each
        for each in view.attributes
    )
    return replace(view, base={**view.base, **own}, traits={**view.traits, **traits}, attributes=attributes)


@contextmanager
def _reading_live(ctx: Context, found: LiveCustomer, standing: Standing) -> Iterator[Reader]:
    """The run as of the live day, with views of the live profile and of the facts shown, which have at least this
    customer's rows. Raises `unknown_customer` of one who is none any more."""
    opened = opened_run(ctx, None)
    if found.profile is None:
        raise _unknown(str(found.customer_id), standing.as_of)
    versions = versions_of(opened.run)
    today = replace(opened, run=replace(opened.run, as_of=standing.as_of))
    with ctx.customer_copies() as copies, copies.opened(versions) as copied:
        if copied is not None:
            profile = _live_profile(ctx, copied.connection, found, versions)
            copied.further(ctx.lake, found.customer_key, versions, standing.versions, profile)
            yield today.reader(copied.connection)
            return
    connection = ctx.duckdb()
    try:
        connection.execute(f"CREATE VIEW {PROFILE} AS {_live_profile(ctx, connection, found, versions)}")
        facts = {name: standing.versions[name] for name in (MAP, *FACTS) if name in standing.versions}
        register_facts(connection, ctx.lake, facts)
        yield today.reader(connection)
    finally:
        connection.close()


def _live_profile(
    ctx: Context, connection: duckdb.DuckDBPyConnection, found: LiveCustomer, versions: Mapping[str, int]
) -> str:
    """A query of the live customer's row, in the columns that the run's profile has."""
    profile = ctx.lake.read(connection, PROFILE, versions[PROFILE])
    return as_values(found, dict(zip(profile.columns, map(str, profile.types), strict=True)))


@contextmanager
def _reading_of_one(ctx: Context, customer_id: str, run_id: int | None) -> Iterator[Reader]:
    """The run with views of its profile and of the facts shown, which have at least this customer's rows.

    From the copies in the order of customers where they are there; a server that lacks those of the current run begins
    to make them. Raises `unknown_customer` where the copies tell so.
    """
    opened = opened_run(ctx, run_id)
    versions = versions_of(opened.run)
    with ctx.customer_copies() as copies, copies.opened(versions) as found:
        if found is not None:
            place = found.place(customer_id)
            if place is None:
                raise _unknown(customer_id, opened.run.as_of)
            found.narrow(place)
            yield opened.reader(found.connection)
            return
    if opened.run.current:
        renew_copies_aside(ctx)
        if ctx.copies is None and not take_little(opened.run.counts or {}):
            ctx.note("looking through all rows: `tierwise serve`, a worker or `tierwise run --copies` makes it quick")
    connection = ctx.duckdb()
    try:
        ctx.lake.read(connection, PROFILE, versions[PROFILE]).create_view(PROFILE)
        register_facts(connection, ctx.lake, {t: v for t, v in versions.items() if t in (MAP, *FACTS)})
        yield opened.reader(connection)
    finally:
        connection.close()


def _unknown(customer_id: str, as_of: date) -> TierwiseError:
    return TierwiseError(
        "unknown_customer",
        f'no customer "{customer_id}" as of {as_of}',
        remedy="look at the id as the business writes it: tierwise show profile",
    )


def _attributes(reader: Reader, values: dict[str, Any]) -> tuple[AttributeValue, ...]:
    known = reader.attributes
    shown = []
    for name, value in values.items():
        if name == "customer_id" or name.startswith("trait.") or name.endswith("_reason"):
            continue
        attribute = known.get(name)
        reason = None
        if value is None:
            reason = values.get("rfm_reason") if name.startswith(("rfm_", "r_", "f_", "m_")) else None
            reason = reason or (attribute.null if attribute else None) or None
        shown.append(AttributeValue(name, reader.label(name), value, reader.unit(name), reason))
    return tuple(shown)


def _base(reader: Reader, key: int) -> dict[str, Any]:
    rows = snapshots.rows_of(
        reader.connection,
        f"SELECT name, phone, email, gender, birth_on, {_instant('registered_at')}, {_instant('closed_at')} "
        "FROM customers WHERE customer_key = $key ORDER BY updated_at DESC NULLS LAST LIMIT 1",
        {"key": key},
    )
    return _aware(rows, reader.project.timezone)[0] if rows else {}


def _instant(column: str) -> str:
    """SQL of an instant as microseconds since 1970, which `_aware` makes the business's local time."""
    return f"epoch_us({column}) AS {column}"


def _facts(reader: Reader, key: int) -> dict[str, tuple[dict[str, Any], ...]]:
    currency = reader.currency

    def columns(*names: str) -> str:
        return ", ".join(
            _instant(name)
            if name.endswith("_at")
            else f"{money_sql(name, currency)} AS {outside_name(name)}"
            if name.endswith("_minor")
            else name
            for name in names
        )

    order = columns("order_id", "ordered_at", "store_id", "channel", "gross_minor", "discount_minor", "coupon_minor")
    refund = columns("refund_id", "order_id", "refunded_at", "amount_minor")
    visit = columns("visit_id", "visited_at", "store_id", "kind", "vin", "mileage_km", "paid")
    known = "(delivered_on IS NULL OR delivered_on <= $as_of)"
    questions = {
        "orders": f"SELECT {order} FROM orders WHERE customer_key = $key AND ordered_day <= $as_of "
        "ORDER BY orders.ordered_at DESC, order_id",
        "refunds": f"SELECT {refund} FROM refunds WHERE customer_key = $key AND refunded_day <= $as_of "
        "ORDER BY refunds.refunded_at DESC, refund_id",
        "visits": f"SELECT {visit} FROM visits WHERE customer_key = $key AND visited_day <= $as_of "
        "ORDER BY visits.visited_at DESC, visit_id",
        "vehicles": "SELECT vin, plate, model, powertrain, delivered_on, mileage_km FROM vehicles "
        f"WHERE customer_key = $key AND {known} ORDER BY delivered_on DESC, vin",
    }
    roles = (
        f"SELECT '{table.removesuffix('_people')}' AS of, {thing} AS id, role, valid_from, valid_to FROM {table} "
        "WHERE customer_key = $key AND coalesce(valid_from <= $as_of, TRUE)"
        for table, thing in RELATIONS.items()
    )
    questions["relations"] = f"FROM ({' UNION ALL '.join(roles)}) ORDER BY of, id, role, valid_from"
    asked = {"key": key, "as_of": reader.run.as_of}
    return {
        name: _aware(snapshots.rows_of(reader.connection, f"{sql} LIMIT {LATEST}", asked), reader.project.timezone)
        for name, sql in questions.items()
    }


def _aware(rows: tuple[dict[str, Any], ...], timezone: str) -> tuple[dict[str, Any], ...]:
    """Instants, microseconds since 1970, as local times with the business's zone."""
    zone = clock.zone(timezone)

    def local(name: str, value: Any) -> Any:
        if not name.endswith("_at") or value is None:
            return value
        return (_EPOCH + timedelta(microseconds=value)).astimezone(zone)

    return tuple({name: local(name, value) for name, value in row.items()} for row in rows)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

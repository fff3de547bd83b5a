"""Good rows of a staged file into the fact tables: its own table, and those that its rows carry along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tierwise.engine.duckdb_session import literal, quoted
from tierwise.facts.conform import Binding
from tierwise.facts.contract import RELATIONS, TABLES
from tierwise.facts.names import CARRIED_KEY, IDENTITIES
from tierwise.ingest.columns import instant, stored_columns
from tierwise.ingest.keys import assign_keys
from tierwise.ingest.merge_lines import ORDER, REFUND, Lines, add_keys, make_documents, merge_lines
from tierwise.ingest.merge_rows import Merged, merge_rows
from tierwise.ingest.writer import Writer

_MAIN_FIRST = ("customers", "products", "stores", "vehicles", "staff")


@dataclass(frozen=True, slots=True)
class Absorbing:
    """One file's merge. traits: trait -> its column in customers. replace: orders replace, newer or not."""

    writer: Writer
    binding: Binding
    traits: Mapping[str, str]
    replace: bool

    @property
    def refunds(self) -> bool:
        return self.binding.refunds is not None

    @property
    def customer(self) -> str | None:
        """The staged column of the customer's id."""
        field = next((each for each in self.binding.fields if each.type == "key"), None)
        return None if field is None else quoted(f"{field.table}__{field.name}")

    @property
    def scopes(self) -> tuple[str, ...]:
        """Whose ids may stand in that column: what it is mapped to hold, and what stands in for it."""
        return (self.binding.scope, *(each.name for each in self.binding.of(IDENTITIES)))


def absorb(work: Absorbing) -> Merged:
    """Merge all good rows; counts of the file's own table (orders and their refunds together)."""
    match work.binding.table:
        case "order_lines":
            return _order_lines(work)
        case "orders":
            return _orders(work)
    return _plain(work)


def _plain(work: Absorbing) -> Merged:
    _assign(work)
    table = work.binding.table
    columns = stored_columns(work.binding, table, work.traits)
    if table == "refunds":
        columns |= {"currency": _currency(work, table), "from_lines": "FALSE"}
    if table in RELATIONS:
        columns |= {"relation_id": _relation_id(work, RELATIONS[table])}
    merged = _merge_own(work, table, columns, "good", "TRUE", {})
    day = TABLES[table].day
    _carry(work, _known_days(work, "good", quoted(f"{table}__{TABLES[table].occurred}:day") if day else None))
    return merged


def _relation_id(work: Absorbing, thing: str) -> str:
    """A role of a person at a thing is another from another day on."""
    table = work.binding.table
    since = f"CAST({quoted(f'{table}__valid_from')} AS VARCHAR)" if work.binding.has(table, "valid_from") else "NULL"
    parts = [quoted(f"{table}__{thing}"), f"g.{work.customer}", quoted(f"{table}__role"), f"coalesce({since}, '')"]
    return f"md5(concat_ws(chr(31), {', '.join(parts)}))"


def _assign(work: Absorbing) -> None:
    if work.customer:
        ids = f"SELECT {work.customer} AS id FROM {rows_of_customers(work)}"
        assign_keys(work.writer, ids, scopes=work.scopes)


def rows_of_customers(work: Absorbing) -> str:
    """The rows that tell of customers: of orders the ignored ones too, since who is named in one has been there."""
    of_orders = work.binding.table in ("orders", "order_lines")
    return "told_of" if of_orders and work.binding.ignore is not None else "good"


def _merge_own(
    work: Absorbing, table: str, columns: dict[str, str], rows: str, counted: str, defaults: dict[str, str]
) -> Merged:
    con = work.writer.con
    (key,) = TABLES[table].key
    listed = "".join(f", {sql} AS {quoted(name)}" for name, sql in columns.items())
    join = f" LEFT JOIN keymap ON keymap.id = g.{work.customer}" if "source_key" in columns else ""
    con.execute(f"CREATE TABLE incoming AS SELECT g.rowid AS rid, {counted} AS counted{listed} FROM {rows} g{join}")
    names = [name for name in columns if name != key]
    sort = TABLES[table].day or ""
    merged = merge_rows(work.writer, table, "incoming", names, defaults=defaults, replace=work.replace, sort=sort)
    con.execute("DROP TABLE incoming")
    return merged


def _currency(work: Absorbing, table: str) -> str:
    field = work.binding.find(table, "currency")
    own = literal(work.binding.currency)
    return f"coalesce({quoted(f'{table}__currency')}, {own})" if field else own


def _with_line_ids(work: Absorbing) -> None:
    """Where each line is an order: its made id gets the occurrence, so that equal lines are different orders."""
    if work.binding.order_key != "line":
        return
    con, column = work.writer.con, quoted(f"{work.binding.table}__order_id")
    con.execute(
        f"CREATE TABLE told AS SELECT g.* REPLACE (g.{column} || '-' || row_number() OVER "
        f"(PARTITION BY g.{column} ORDER BY g.rowid) AS {column}) FROM good g ORDER BY g.rowid"
    )
    kind = con.execute("SELECT table_type FROM information_schema.tables WHERE table_name = 'good'").fetchone()
    con.execute("DROP VIEW good" if kind and kind[0] == "VIEW" else "DROP TABLE good")
    con.execute("ALTER TABLE told RENAME TO good")


def _orders(work: Absorbing) -> Merged:
    _with_line_ids(work)
    _assign(work)
    con, binding = work.writer.con, work.binding
    columns = stored_columns(binding, "orders", work.traits)
    columns |= {"order_id": "orders__order_id", "gross_minor": "orders__gross", "currency": _currency(work, "orders")}
    columns |= {"from_lines": "FALSE", **({"discount_minor": "orders__discount"} if binding.tells_discount else {})}
    defaults = {"discount_minor": "0", "coupon_minor": "0"}
    if not work.refunds:
        merged = _merge_own(work, "orders", columns, "good", "TRUE", defaults)
    else:
        con.execute("CREATE TABLE sold AS SELECT * FROM good WHERE NOT refund OR positive")
        con.execute("CREATE TABLE back AS SELECT * FROM good WHERE refund")
        merged = _merge_own(work, "orders", columns, "sold", "NOT refund", defaults)
        merged += _merge_own(work, "refunds", _refund_columns(work, columns), "back", "TRUE", {})
    _carry(work, _known_days(work, rows_of_customers(work), quoted("orders__ordered_at:day")))
    return merged


def _refund_order(work: Absorbing, own: str) -> str:
    mapped = "refunds__order_id" if work.binding.has("refunds", "order_id") else "NULL::VARCHAR"
    return f"CASE WHEN positive THEN {own} ELSE {mapped} END"


def _refund_columns(work: Absorbing, orders: dict[str, str]) -> dict[str, str]:
    """The refunds' columns of rows of an orders file that a rule calls refunds."""
    columns = {
        "refund_id": "orders__order_id",
        "order_id": _refund_order(work, "orders__order_id"),
        "refunded_at": orders["ordered_at"],
        "refunded_day": orders["ordered_day"],
        "amount_minor": "back",
        "currency": orders["currency"],
        "from_lines": "FALSE",
    }
    return columns | {name: orders[name] for name in ("source_key", "store_id", "updated_at") if name in orders}


def _order_lines(work: Absorbing) -> Merged:
    _with_line_ids(work)
    con = work.writer.con
    orders, refunds = _lines_of(work, refund=False), None
    if work.refunds:
        refunds = _lines_of(work, refund=True)
    both = [lines for lines in (orders, refunds) if lines is not None]
    for lines in both:
        make_documents(con, lines)
    if orders.has_customer:
        ids = " UNION ALL ".join(f"SELECT customer AS id FROM {lines.table}" for lines in both)
        if work.binding.of("customers") or work.binding.ignore is not None:
            ids = f"SELECT {work.customer} AS id FROM {rows_of_customers(work)}"
        assign_keys(work.writer, ids, scopes=work.scopes)
        for lines in both:
            add_keys(con, lines)
    merged = Merged()
    for lines in both:
        merged += merge_lines(work.writer, lines, replace=work.replace)
    known = None
    if orders.has_customer:
        known = " UNION ALL ".join(
            f"SELECT source_key, {quoted(lines.document.day)} AS day FROM {lines.table}" for lines in both
        )
        if work.binding.ignore is not None:
            known = _known_days(work, rows_of_customers(work), quoted("orders__ordered_at:day"))
    _carry(work, known)
    return merged


def _lines_of(work: Absorbing, *, refund: bool) -> Lines:
    """The file's lines of orders, or of refunds, as the merge wants them."""
    con, binding = work.writer.con, work.binding
    document = REFUND if refund else ORDER
    own = {
        document.id: "order_lines__order_id",
        "product_id": "order_lines__product_id",
        "quantity": "order_lines__quantity",
        "unit_price": "order_lines__unit_price",
        "amount_minor": "back" if refund else "order_lines__amount",
    }
    for name, column in (("line_no", "line_no"), ("discount", "discount_minor"), ("cost", "cost_minor")):
        told = binding.tells_discount if name == "discount" else binding.has("order_lines", name)
        if told and (name == "line_no" or not refund):
            own[column] = f"order_lines__{name}"
    dated = binding.has("orders", "ordered_at")
    has_customer = dated and binding.has("orders", "customer_id")
    passed = [quoted(f"orders__{each.name}") for each in binding.of("orders") if dated]
    passed += [quoted("orders__ordered_at:day")] if dated else []
    passed += ["positive"] if refund else []
    passed += ["refunds__order_id"] if refund and binding.has("refunds", "order_id") else []
    listed = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in own.items())
    customer = f", {work.customer} AS customer" if has_customer else ""
    counted = "NOT refund" if work.refunds and not refund else "TRUE"
    select = f"SELECT g.rowid AS rid, {counted} AS counted, {listed}{customer}"
    select += "".join(f", {name}" for name in passed)
    name = f"rows_{document.head}"
    if work.refunds:
        where = "refund" if refund else "NOT refund OR positive"
        con.execute(f"CREATE TABLE {name}_some AS {select} FROM good g WHERE {where} ORDER BY g.rowid")
        con.execute(f"CREATE VIEW {name} AS SELECT * REPLACE (rowid AS rid) FROM {name}_some")
    else:
        con.execute(f"CREATE VIEW {name} AS {select} FROM good g")
    head, summed = _head_of(work, refund=refund) if dated else (None, {})
    columns = [column for column in own if column != document.id]
    return Lines(document, name, columns, head, summed, has_customer)


def _head_of(work: Absorbing, *, refund: bool) -> tuple[dict[str, str], dict[str, str]]:
    binding = work.binding
    at, day = ("refunded_at", "refunded_day") if refund else ("ordered_at", "ordered_day")
    head = {
        at: instant("r.orders__ordered_at"),
        day: f"r.{quoted('orders__ordered_at:day')}",
        "currency": _currency(work, "orders"),
    }
    if binding.has("orders", "store_id"):
        head["store_id"] = "r.orders__store_id"
    summed: dict[str, str] = {}
    if refund:
        head["order_id"] = _refund_order(work, "r.refund_id")
    else:
        if binding.has("orders", "channel"):
            head["channel"] = "r.orders__channel"
        if binding.has("orders", "coupon"):
            if binding.has("order_lines", "paid"):
                summed["coupon_minor"] = "coalesce(sum(orders__coupon), 0)::BIGINT"
            else:
                head["coupon_minor"] = "coalesce(r.orders__coupon, 0)"
    if binding.has("orders", "updated_at"):
        summed["updated_at"] = instant("max(orders__updated_at)")
    return head, summed


def _known_days(work: Absorbing, rows: str, day: str | None) -> str | None:
    """A query of (source_key, day) that tells since when each customer is known; None where the file has none."""
    if work.customer is None or work.binding.table == "customers":
        return None
    days = day or "NULL::DATE"
    return f"SELECT source_key, {days} AS day FROM {rows} g JOIN keymap ON keymap.id = g.{work.customer}"


def _carry(work: Absorbing, known: str | None) -> None:
    """Merge what the rows carry along: the last thing that the file says of each customer, product, store, …"""
    con, binding = work.writer.con, work.binding
    for table in _MAIN_FIRST:
        if table == binding.table or (table == "customers" and known is None):
            continue
        columns = stored_columns(binding, table, work.traits)
        if table != "customers" and not columns:
            continue
        (key,) = TABLES[table].key
        last = "".join(
            f", arg_max({sql}, g.rowid) FILTER (WHERE {sql} IS NOT NULL) AS {quoted(name)}"
            for name, sql in columns.items()
            if name != "known_from"
        )
        names = [name for name in columns if name != "known_from"]
        if table == "customers":
            con.execute(
                _carried_customers(
                    work, last, known or "", quoted("customers__registered_at:day") if "known_from" in columns else None
                )
            )
            names.append("known_from")
        else:
            mapped = next(
                each
                for each in binding.fields
                if each.name == CARRIED_KEY[table] and each.table in (binding.table, "orders")
            )
            source = quoted(f"{mapped.table}__{mapped.name}")
            con.execute(
                f"CREATE TABLE incoming AS SELECT {source} AS {key}, 0 AS rid, FALSE AS counted{last} FROM good g "
                f"WHERE {source} IS NOT NULL GROUP BY {source}"
            )
        merge_rows(work.writer, table, "incoming", names, sort=key)
        con.execute("DROP TABLE incoming")


def _carried_customers(work: Absorbing, last: str, known: str, registered: str | None) -> str:
    days = f"SELECT source_key, min(day) AS known_from FROM ({known}) WHERE source_key IS NOT NULL GROUP BY source_key"
    if not last:
        return f"CREATE TABLE incoming AS SELECT *, 0 AS rid, FALSE AS counted FROM ({days})"
    since = f"min({registered})" if registered else "NULL::DATE"
    return (
        f"CREATE TABLE incoming AS SELECT source_key, 0 AS rid, FALSE AS counted, a.* EXCLUDE (source_key, since), "
        f"least(k.known_from, a.since) AS known_from FROM (SELECT source_key{last}, {since} AS since "
        f"FROM {rows_of_customers(work)} g JOIN keymap ON keymap.id = g.{work.customer} GROUP BY source_key) a "
        f"LEFT JOIN ({days}) k USING (source_key)"
    )

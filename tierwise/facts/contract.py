"""The facts: every table's grain, key, columns, units and nulls. The only place that says so.

Inside, money is integer minor units under names that end in `_minor`, and a customer is an integer `source_key`
(one per (scope, id) of the source; null for nobody). Outside (files, exports, API), money is a decimal in currency
units under the name without `_minor`, and a customer is the business's own text id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Type = Literal["key", "id", "text", "integer", "quantity", "money", "unit_price", "instant", "day", "boolean"]
"""key: int64 · id, text: string · integer: int64 · quantity: decimal(18,3) · money: int64 minor units ·
unit_price: decimal(18,6) currency units · instant: UTC timestamp, microseconds · day: the business's local date."""

Rule = Literal["keyed", "order", "line"]
"""How rows of a file meet stored rows: keyed (same key: the later row replaces), order (an order is replaced only by
a newer `updated_at` or on request), line (by its number, else by product, price, quantity and occurrence)."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `outside` is its name in files and exports; None where the system fills it."""

    name: str
    type: Type
    meaning: str
    nullable: bool = True
    outside: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """One fact table: what one row is, by what it is identified, and how a file's rows are merged into it."""

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    rule: Rule = "keyed"
    occurred: str | None = None
    """The instant at which the fact happened; its day stands beside it. as_of looks at the day."""

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def importable(self) -> dict[str, Column]:
        """Columns by their outside name."""
        return {column.outside: column for column in self.columns if column.outside}

    @property
    def day(self) -> str | None:
        return self.occurred.removesuffix("_at") + "_day" if self.occurred else None


def _c(name: str, kind: Type, meaning: str, nullable: bool = True) -> Column:
    outside: str | None = name.removesuffix("_minor") if kind == "money" else name
    if name == "source_key":
        outside = "customer_id"
    elif kind == "day" and name.endswith("_day"):
        outside = None
    return Column(name, kind, meaning, nullable, outside)


def _need(name: str, kind: Type, meaning: str) -> Column:
    return _c(name, kind, meaning, nullable=False)


_CUSTOMER = _c("source_key", "key", "the customer; null where nobody was identified")
_UPDATED = _c("updated_at", "instant", "when the source last changed this row")


def _occurred(name: str, meaning: str) -> tuple[Column, Column]:
    day = name.removesuffix("_at") + "_day"
    return _need(name, "instant", meaning), _need(day, "day", f"the local day of {name} where the file is from")


IDENTITIES = Table(
    "identities",
    "one (scope, id) by which a source names a customer",
    ("source_key",),
    (
        Column("source_key", "key", "given here, from 1, never reused", False),
        Column("scope", "text", "whose id it is; `customer_id` for the business's own", False),
        Column(
            "id",
            "id",
            "the business's own as the source writes it; of another scope `SCOPE:ID`, in one spelling",
            False,
        ),
    ),
)

CUSTOMER_MAP = Table(
    "customer_map",
    "one source key that belongs to another customer; a key that is not here is its own customer",
    ("source_key",),
    (
        Column("source_key", "key", "the key of a source's id", False),
        Column("customer_key", "key", "the customer to whom it belongs: the source key of the first id", False),
    ),
)

CUSTOMERS = Table(
    "customers",
    "one customer of the source",
    ("source_key",),
    (
        Column("source_key", "key", "the customer", False, "customer_id"),
        _c("name", "text", "as the business writes it"),
        _c("phone", "text", "digits as given"),
        _c("email", "text", "as given"),
        _c("gender", "text", "female, male or unknown"),
        _c("birth_on", "day", "date of birth"),
        _c("registered_at", "instant", "when the customer registered"),
        _c("closed_at", "instant", "explicit sign of leaving: deregistered, card returned"),
        Column("known_from", "day", "the first day on which a source knew the customer; null: always"),
        _UPDATED,
    ),
)

ORDERS = Table(
    "orders",
    "one order, cancelled ones excluded (they are refunds)",
    ("order_id",),
    (
        _need("order_id", "id", "the source's order id"),
        _CUSTOMER,
        *_occurred("ordered_at", "when it was placed"),
        _c("store_id", "id", "where it was sold; null for an unknown place"),
        _c("channel", "text", "by what channel it was sold"),
        _need("gross_minor", "money", "goods before any discount, tax as the source has it"),
        _need("discount_minor", "money", "given off the price, coupons apart; 0 for none"),
        _need("coupon_minor", "money", "paid by coupon; 0 for none"),
        _c("cost_minor", "money", "cost of the goods; null where not known"),
        _need("currency", "text", "ISO 4217 code"),
        Column("from_lines", "boolean", "whether the money is the sum of its lines", False),
        _UPDATED,
    ),
    rule="order",
    occurred="ordered_at",
)

ORDER_LINES = Table(
    "order_lines",
    "one line of an order: a product, a quantity, a price",
    ("order_id", "line_no"),
    (
        _need("order_id", "id", "the order"),
        _need("line_no", "integer", "the source's line number, else counted from 1 within the order"),
        _need("product_id", "id", "what was sold"),
        _need("quantity", "quantity", "how many; never negative"),
        _need("unit_price", "unit_price", "price of one before discount"),
        _need("amount_minor", "money", "quantity x unit_price, rounded once, half up; before discount"),
        _need("discount_minor", "money", "given off this line; 0 for none"),
        _c("cost_minor", "money", "cost of this line; null where not known"),
    ),
    rule="line",
)

REFUNDS = Table(
    "refunds",
    "one refund or cancellation: money given back",
    ("refund_id",),
    (
        _need("refund_id", "id", "the source's refund id"),
        _c("order_id", "id", "the order it belongs to, where known"),
        _CUSTOMER,
        *_occurred("refunded_at", "when it was given back"),
        _c("store_id", "id", "where it was given back"),
        _need("amount_minor", "money", "what was given back; positive gives money back"),
        _need("currency", "text", "ISO 4217 code"),
        Column("from_lines", "boolean", "whether the money is the sum of its lines", False),
        _UPDATED,
    ),
    rule="order",
    occurred="refunded_at",
)

REFUND_LINES = Table(
    "refund_lines",
    "one line of a refund: a product that came back",
    ("refund_id", "line_no"),
    (
        _need("refund_id", "id", "the refund"),
        _need("line_no", "integer", "as in order_lines"),
        _need("product_id", "id", "what came back"),
        _need("quantity", "quantity", "how many; positive for goods that came back"),
        _need("unit_price", "unit_price", "price of one"),
        _need("amount_minor", "money", "what was given back for it"),
    ),
    rule="line",
)

PRODUCTS = Table(
    "products",
    "one product",
    ("product_id",),
    (
        _need("product_id", "id", "the source's product id"),
        _c("product_name", "text", "as the business writes it"),
        _c("category", "text", "path of any depth, joined by ` > `"),
        _c("brand", "text", "maker"),
        _c("pack_size", "quantity", "units of use in one pack"),
        _c("daily_usage", "quantity", "units of use that one customer uses up in a day, where it is known"),
        _c("price", "unit_price", "list price"),
        _c("cost", "unit_price", "cost of one"),
        _UPDATED,
    ),
)

STORES = Table(
    "stores",
    "one store",
    ("store_id",),
    (
        _need("store_id", "id", "the source's store id"),
        _c("store_name", "text", "as the business writes it"),
        _c("city", "text", "where it is"),
        _c("entity", "text", "the legal entity that runs it"),
        _UPDATED,
    ),
)

STAFF = Table(
    "staff",
    "one member of staff",
    ("staff_id",),
    (
        _need("staff_id", "id", "the source's staff id"),
        _c("staff_name", "text", "as the business writes it"),
        _c("role", "text", "sales advisor, service advisor, …"),
        _c("store_id", "id", "the store"),
        _UPDATED,
    ),
)

VEHICLES = Table(
    "vehicles",
    "one vehicle, by its VIN; the owner is today's",
    ("vin",),
    (
        _need("vin", "id", "vehicle identification number"),
        _CUSTOMER,
        _c("plate", "text", "number plate"),
        _c("model", "text", "model"),
        _c("powertrain", "text", "fuel, electric or plug-in hybrid, as the source writes it"),
        _c("delivered_on", "day", "date of delivery"),
        _c("mileage_km", "integer", "last known reading"),
        _c("insured_until", "day", "last day of the insurance"),
        _c("warranty_until", "day", "last day of the warranty"),
        _c("inspection_due_on", "day", "when the next legal inspection is due"),
        _c("loan_ends_on", "day", "when its loan ends"),
        _UPDATED,
    ),
)

COMPANIES = Table(
    "companies",
    "one company that is a customer",
    ("company_id",),
    (
        _need("company_id", "id", "the source's company id"),
        _c("company_name", "text", "as the business writes it"),
        _c("industry", "text", "what it does"),
        _c("tax_id", "id", "as on its invoices"),
        _UPDATED,
    ),
)


def _people_of(name: str, thing: Column, roles: str) -> Table:
    """Who has to do with a thing that is not a person: several people in several roles, each for a time."""
    return Table(
        name,
        f"one role of a person at a {thing.name.removesuffix('_id').replace('vin', 'vehicle')}, for a time",
        ("relation_id",),
        (
            Column("relation_id", "id", "made here of the thing, the person, the role and its first day", False),
            thing,
            _need("source_key", "key", "the person"),
            _need("role", "text", roles),
            _c("valid_from", "day", "its first day; null: since ever"),
            _c("valid_to", "day", "its last day; null: it holds"),
            _UPDATED,
        ),
    )


VEHICLE_PEOPLE = _people_of(
    "vehicle_people",
    _need("vin", "id", "the vehicle"),
    "owner, driver, bringer (who brings it to the workshop), …, as the source writes it",
)

COMPANY_PEOPLE = _people_of(
    "company_people", _need("company_id", "id", "the company"), "buyer, decides, pays, uses, …, as the source writes it"
)

HOUSEHOLD_PEOPLE = _people_of(
    "household_people", _need("household_id", "id", "the household"), "head, spouse, child, …, as the source writes it"
)

VISITS = Table(
    "visits",
    "one visit to a store",
    ("visit_id",),
    (
        _need("visit_id", "id", "the source's visit or repair order id"),
        _CUSTOMER,
        _c("vin", "id", "the vehicle that came"),
        _c("store_id", "id", "where"),
        *_occurred("visited_at", "when"),
        _c("kind", "text", "service, repair, warranty, rework, claim, …"),
        _c("mileage_km", "integer", "odometer at the visit"),
        _c("staff_id", "id", "who received it"),
        _c("paid", "boolean", "whether the customer paid; rework and claims are not paid visits"),
        _c("order_id", "id", "the order that it became"),
        _UPDATED,
    ),
    occurred="visited_at",
)

INTERACTIONS = Table(
    "interactions",
    "one contact that is not a purchase: a view, a click, a chat",
    ("interaction_id",),
    (
        _need("interaction_id", "id", "the source's id"),
        _CUSTOMER,
        *_occurred("occurred_at", "when"),
        _c("channel", "text", "by what channel"),
        _c("category", "text", "path of what it was about"),
        _c("duration_seconds", "integer", "how long"),
        _UPDATED,
    ),
    occurred="occurred_at",
)

LEADS = Table(
    "leads",
    "one lead",
    ("lead_id",),
    (
        _need("lead_id", "id", "the source's id"),
        _CUSTOMER,
        *_occurred("created_at", "when it came"),
        _c("source", "text", "where it came from"),
        _c("stage", "text", "its stage now"),
        _c("stage_at", "instant", "since when"),
        _c("store_id", "id", "whose it is"),
        _c("staff_id", "id", "who follows it"),
        _UPDATED,
    ),
    occurred="created_at",
)

CALLS = Table(
    "calls",
    "one telephone call",
    ("call_id",),
    (
        _need("call_id", "id", "the source's id"),
        _CUSTOMER,
        *_occurred("called_at", "when"),
        _c("direction", "text", "inbound or outbound"),
        _c("answered", "boolean", "whether it was answered"),
        _c("answer_seconds", "integer", "how long until answered; null where it was not"),
        _c("talk_seconds", "integer", "how long it lasted"),
        _c("store_id", "id", "where"),
        _UPDATED,
    ),
    occurred="called_at",
)

SURVEYS = Table(
    "surveys",
    "one survey answer",
    ("survey_id",),
    (
        _need("survey_id", "id", "the source's id"),
        _CUSTOMER,
        *_occurred("answered_at", "when"),
        _c("kind", "text", "csi, nps, csat"),
        _c("score", "integer", "on the kind's own scale"),
        _c("store_id", "id", "about which store"),
        _UPDATED,
    ),
    occurred="answered_at",
)

CONSENTS = Table(
    "consents",
    "one consent or its withdrawal",
    ("consent_id",),
    (
        _need("consent_id", "id", "the source's id"),
        _CUSTOMER,
        *_occurred("stated_at", "when"),
        _need("purpose", "text", "for what"),
        _c("channel", "text", "by what channel"),
        _c("entity", "text", "towards which legal entity"),
        _need("granted", "boolean", "given, or withdrawn"),
        _UPDATED,
    ),
    occurred="stated_at",
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        IDENTITIES, CUSTOMER_MAP, CUSTOMERS, ORDERS, ORDER_LINES, REFUNDS, REFUND_LINES, PRODUCTS, STORES, STAFF,
        VEHICLES, VEHICLE_PEOPLE, COMPANIES, COMPANY_PEOPLE, HOUSEHOLD_PEOPLE,
        VISITS, INTERACTIONS, LEADS, CALLS, SURVEYS, CONSENTS,
    )
}  # fmt: skip

RELATIONS = {"vehicle_people": "vin", "company_people": "company_id", "household_people": "household_id"}
"""Tables of people in roles, and whose."""

IMPORTABLE = tuple(name for name in TABLES if name not in ("identities", "customer_map", "refund_lines"))
"""Tables that `tierwise import --as` takes."""

MANUAL_TAGS = Table(
    "manual_tags",
    "one act of tagging a customer by hand",
    ("act_id",),
    (
        Column("act_id", "key", "rises with time", False),
        Column("source_key", "key", "the customer", False),
        Column("tag", "text", "the tag's name", False),
        Column("value", "text", "null for a tag that is there or not"),
        Column("rater", "text", "who gave it", False),
        Column("given_day", "day", "the day of the act", False),
        Column("expires_on", "day", "the last day on which it holds; null: as its definition says"),
        Column("removed_day", "day", "the day on which it was undone; null while it stands"),
    ),
)

LIST_MEMBERS = Table(
    "list_members",
    "one customer on one list",
    ("list", "source_key"),
    (Column("list", "text", "the list's name", False), Column("source_key", "key", "the customer", False)),
)

RELEASES = Table(
    "releases",
    "one release of a customer whom cleaning flagged",
    ("source_key", "rule"),
    (
        Column("source_key", "key", "the customer", False),
        Column("rule", "text", "the cleaning rule; null: whichever"),
    ),
)

ANSWERS = Table(
    "answers",
    "one answer of a customer who was asked, as long as it stands",
    ("answer_id",),
    (
        Column("answer_id", "key", "rises with time", False),
        Column("source_key", "key", "the customer", False),
        Column("field", "text", "the column of `customers` that it fills", False),
        Column("value", "text", "as that column holds it", False),
        Column("found", "text", "what files said in that column when it was given; null: nothing"),
        Column("precedence", "text", "what counts where a file says otherwise: newest, answer or file", False),
        Column("answered_at", "instant", "when", False),
        Column("answered_day", "day", "the business's day of answered_at", False),
    ),
    occurred="answered_at",
)

COPIED: dict[str, Table] = {table.name: table for table in (MANUAL_TAGS, LIST_MEMBERS, RELEASES, ANSWERS)}
"""What people decide and attributes come of: copied from the operational state before a run, so that a run's inputs are
versions of tables, and nothing besides."""

MODEL_SCORES = Table(
    "model_scores",
    "one customer's score by one model tag, as of one day",
    ("source_key", "tag", "scored_day"),
    (
        Column("source_key", "key", "the customer", False),
        Column("tag", "text", "the tag's name", False),
        Column("scored_day", "day", "nothing after it was seen", False),
        Column("score_millionths", "integer", "the probability, or the likeness, in millionths", False),
        Column("rank_millionths", "integer", "the share of all scored that day who score at least as high", False),
        Column("model_id", "text", "equal for equal inputs", False),
        Column("reasons", "text", "in words, strongest first; null where nothing stands out"),
    ),
)
"""What models have told, day by day: a run reads the newest day that it may see."""

_KEY_LEFT = Column("left_key", "key", "the source key of the earlier identity", False)
_KEY_RIGHT = Column("right_key", "key", "the source key of the later one", False)

IDENTITY_LINKS = Table(
    "identity_links",
    "two identities that a source has seen together, when it was first seen",
    ("left_key", "right_key"),
    (
        _KEY_LEFT,
        _KEY_RIGHT,
        Column("source", "text", "the file, the source or the write key that told it first", False),
        Column("seen_at", "instant", "when it happened, or else when it was imported", False),
    ),
)

IDENTITY_CONFLICTS = Table(
    "identity_conflicts",
    "a link that was not followed, since it would join two known people or what a decision keeps apart",
    ("left_key", "right_key"),
    (_KEY_LEFT, _KEY_RIGHT),
)

IDENTITY_SCOPES = Table(
    "identity_scopes",
    "one scope as it was when the customer map was last worked out",
    ("scope",),
    (
        Column("scope", "id", "its name", False),
        Column("rank", "integer", "1 is the best", False),
        Column("names_people", "boolean", "whether each of its ids is a person who is known", False),
        Column("most", "integer", "with how many ids of one scope it may be seen before it is shared", False),
        Column("has_facts", "boolean", "whether facts carry keys of it; of other scopes nothing is in the map", False),
    ),
)

WHO_IS_WHO: dict[str, Table] = {each.name: each for each in (IDENTITY_LINKS, IDENTITY_CONFLICTS, IDENTITY_SCOPES)}
"""What the customer map is worked out from, and what is left for a person to decide; no run reads it."""

OF_RUNS: dict[str, Table] = TABLES | COPIED | {MODEL_SCORES.name: MODEL_SCORES}
"""What runs read."""

STORED: dict[str, Table] = OF_RUNS | WHO_IS_WHO
"""Every table of facts in the lake."""

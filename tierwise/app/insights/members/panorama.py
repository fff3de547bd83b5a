"""The structure of customers by head-count and by money at once (`metrics/panorama.py`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import narwhals as nw
import pyarrow as pa

from tierwise.app.insights.insight import Answer, Asked, Column, Figure, Insight, Label, Parameter, Picture, Row
from tierwise.app.insights.known import Known, values_of
from tierwise.app.insights.things import of_another_day
from tierwise.app.reading import label_of
from tierwise.app.tier_values import tier_named, value_titles, values_in_order
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.frame import Frame
from tierwise.metrics.funnel_values import having
from tierwise.metrics.panorama import Part, rounded
from tierwise.metrics.panorama import panorama as parts_of
from tierwise.plots.look import ROUND
from tierwise.plots.plot import Bars, Series

NOT_ADDITIVE = ("net_sales_per_order", "max_order_amount", "min_order_amount")
"""Money of which no sum over customers means anything."""

USUAL_AGAINST = ("customer_level", "rfm_cell", "lifecycle_stage")
"""What a tier is crossed with where nothing is named; the first that is there and is not the tier itself."""

_OF_TAG = "tag__"
"""Before a tag's name: the column of its values beside the profile's own."""

OTHERS = "__others__"
_OTHERS = Label("其他", "others")
_NONE = Label("（无）", "(none)")


def panorama(asked: Asked) -> Answer:
    """One row per value of a tier, or per pair of values of two (`show=matrix`)."""
    if asked.as_of != asked.of_run:
        return Answer((), pa.table({"value": pa.array([], pa.string())}), notes=(of_another_day(asked),))
    by, metric = asked["by"], asked["metric"]
    tier, money = _tier(asked, "by", by), _money(asked, metric)
    crossed = asked["show"] == "matrix"
    other = _against(asked, by) if crossed else None
    people = _with_tags(asked, [name for name in (by, other) if name is not None])
    tier_against = None if other is None else _tier(asked, "against", other)
    found = parts_of(
        people,
        by=tier,
        money=money,
        against=tier_against,
        most=asked["most"],
        most_against=asked["most"],
    )
    if not found:
        return Answer((), pa.table({"value": pa.array([], pa.string())}), notes=(_NOBODY,))
    rows = _in_order(asked, found, by, other)
    columns = [Column("value", _title(asked, by), "text", values=_titles(asked, by))]
    if other is not None:
        columns.append(Column("against", _title(asked, other), "text", values=_titles(asked, other)))
    tiers = {"value": (tier, [part.value for part in found if part.value is not None])}
    if tier_against is not None:
        tiers["against"] = (tier_against, [part.against for part in found if part.against is not None])
    known = sum(part.known for part in found)
    customers = sum(part.customers for part in found)
    total = sum(part.money_minor or 0 for part in found)
    return Answer(
        columns=(*columns, *_COLUMNS),
        rows=pa.Table.from_pylist([_row(part) for part in rows], schema=_SCHEMA),
        figures=(
            Figure("customers", Label("客户数", "customers"), customers, "count", lambda: asked.frame("profile")),
            Figure("money", Label("金额", "money"), total if known else None, "money"),
            Figure("per_head", Label("人均", "per head"), rounded(total, known) if known else None, "money"),
        ),
        notes=_notes(customers, known, total, metric),
        bar="customers",
        picture=_picture_of(asked, rows, by, other),
        known_by=("value",) if other is None else ("value", "against"),
        who={
            "customers": lambda row: _of_row(people, row, tiers),
            "known": lambda row: _of_row(people.filter(~nw.col(money).is_null()), row, tiers),
        },
    )


def _of_row(people: Frame, row: Row, tiers: Mapping[str, tuple[str, Sequence[str]]]) -> Frame:
    """tiers: column of the answer -> that of people, and the values that have rows of their own."""
    for name, (column, named) in tiers.items():
        value = row[name]
        kind = "missing" if value is None else "others" if value == OTHERS else "value"
        people = having(people.with_columns(nw.col(column).cast(nw.String)), kind, value, named, column=column)
    return people


_COLUMNS = (
    Column("customers", Label("客户数", "customers"), "count"),
    Column("share", Label("人数占比", "of customers"), "rate"),
    Column("money", Label("金额", "money"), "money"),
    Column("money_share", Label("金额占比", "of money"), "rate"),
    Column("per_head", Label("人均", "per head"), "money"),
    Column("known", Label("金额已知人数", "with known money"), "count", detail=True),
)
_SCHEMA = pa.schema(
    [
        ("value", pa.string()), ("against", pa.string()), ("customers", pa.int64()), ("share", pa.float64()),
        ("money_minor", pa.int64()), ("money_share", pa.float64()), ("per_head_minor", pa.int64()),
        ("known", pa.int64()),
    ]
)  # fmt: skip
_NOBODY = Label("本次运行没有客户", "the run has no customers")


def _row(part: Part) -> dict[str, object]:
    return {
        "value": _code(part.value, part.others),
        "against": _code(part.against, part.others_against),
        "customers": part.customers,
        "share": part.share,
        "money_minor": part.money_minor,
        "money_share": part.money_share,
        "per_head_minor": part.per_head_minor,
        "known": part.known,
    }


def _notes(customers: int, known: int, total: int, metric: str) -> tuple[Label, ...]:
    notes = [
        Label(
            "人数占比高于金额占比的层，人均低于平均；每位客户恰在一行，各行相加即全体",
            "a tier with a larger share of customers than of money is below the average per head; every customer is in "
            "exactly one row, so rows add up to everybody",
        )
    ]
    if known < customers:
        said = f"{customers - known:,}"
        notes.append(
            Label(
                f"{said} 位客户的 {metric} 未知：金额与人均只计已知者",
                f"{metric} of {said} customers is not known: money and per head are of the others",
            )
        )
    if known and total <= 0:
        notes.append(Label("金额合计不为正，金额占比为空", "money in all is not positive, so its shares are null"))
    return tuple(notes)


def _tag(asked: Asked, name: str) -> Known | None:
    known = asked.attributes.get(name)
    return known if known is not None and known.tag else None


def _with_tags(asked: Asked, names: Sequence[str]) -> Frame:
    """The profile, with a column for each of these names that is a tag."""
    profile = asked.frame("profile")
    for name in names:
        tag = _tag(asked, name)
        if tag is not None:
            values = values_of(tag, profile, asked.frame("tags")).rename({"value": f"{_OF_TAG}{name}"})
            profile = profile.join(values, on="customer_key", how="left")
    return profile


def _tier(asked: Asked, parameter: str, name: str) -> str:
    """The column of a tier, a score, a text or a tag. Raises `unknown_attribute`, `bad_value`."""
    tag = _tag(asked, name)
    if tag is not None and tag.column.type != "date":
        return f"{_OF_TAG}{name}"
    column = name if tag is not None else asked.column(name)
    kind = None if tag is not None else asked.frame("profile").collect_schema()[column]
    numbered = tier_named(asked.definitions, name) is not None or name.endswith("_score")
    if kind is not None and (kind in (nw.String, nw.Boolean) or (numbered and kind.is_integer())):
        return column
    raise TierwiseError(
        "bad_value", f"{name} is no tier", place=parameter, remedy="a tier, level, cell, class, score, text or tag"
    )


def _money(asked: Asked, name: str) -> str:
    column = asked.column(name)
    if not column.endswith("_minor") or name in NOT_ADDITIVE:
        raise TierwiseError(
            "bad_value",
            f"{name} is no money that adds up over customers",
            place="metric",
            remedy="monetary_amount, profit_amount, or one of them in a window, as monetary_amount_365d",
        )
    return column


def _against(asked: Asked, by: str) -> str:
    if asked["against"] is not None:
        return str(asked["against"])
    for name in USUAL_AGAINST:
        try:
            asked.column(name)
        except TierwiseError:
            continue
        if name != by:
            return name
    raise TierwiseError("bad_value", "there is no second tier", place="against", remedy="name an attribute: against=…")


def _title(asked: Asked, name: str) -> Label:
    tag = _tag(asked, name)
    if tag is not None:
        return tag.title
    tier = tier_named(asked.definitions, name)
    return Label(name, name) if tier is None or tier.name != name else label_of(tier.title, name)


def _titles(asked: Asked, name: str) -> dict[str, Label]:
    titles = value_titles(tier_named(asked.definitions, name)) | {OTHERS: _OTHERS}
    tag = _tag(asked, name)
    if tag is not None and tag.column.type == "boolean":
        titles |= {"true": asked.called(name, True), "false": asked.called(name, False)}
    return titles


def _order(asked: Asked, name: str, values: Sequence[str | None], sizes: dict[str | None, int]) -> list[str | None]:
    """Of a tier in its definition's order, of anything else the largest first; others, then none, at the end."""
    there = {value for value in values if value is not None and value != OTHERS}
    tier = tier_named(asked.definitions, name)
    numbered = all(value.isdecimal() for value in there)
    if tier is not None or numbered:
        order: list[str | None] = list(values_in_order(tier, sorted(there)))
    else:
        order = sorted(there, key=lambda value: (-sizes[value], value))
    return [*order, OTHERS, None]


def _code(value: str | None, others: bool) -> str | None:
    return OTHERS if others else value


def _in_order(asked: Asked, parts: Sequence[Part], by: str, against: str | None) -> list[Part]:
    """Parts by the order of their values, then by that of the second tier's."""

    def places(name: str | None, side: Sequence[str | None]) -> dict[str | None, int]:
        sizes: dict[str | None, int] = {}
        for value, part in zip(side, parts, strict=True):
            sizes[value] = sizes.get(value, 0) + part.customers
        order = [None] if name is None else _order(asked, name, side, sizes)
        return {value: place for place, value in enumerate(order)}

    left = places(by, [_code(part.value, part.others) for part in parts])
    right = places(against, [_code(part.against, part.others_against) for part in parts])
    return sorted(
        parts,
        key=lambda part: (left[_code(part.value, part.others)], right[_code(part.against, part.others_against)]),
    )


def _picture_of(asked: Asked, parts: Sequence[Part], by: str, against: str | None) -> Picture:
    """Stacked bars: shares of head-count beside those of money, or of two tiers one bar per value. Where parts are more
    than colours, or a share of money cannot be stacked, two bars per value instead."""
    titles = _titles(asked, by)

    def told(names: dict[str, Label], code: str | None, language: str) -> str:
        if code is None:
            return _NONE.in_language(language)
        return names[code].in_language(language) if code in names else code

    def structure(_: Sequence[Row], language: str) -> Bars:
        values = tuple(told(titles, _code(part.value, part.others), language) for part in parts)
        shares = tuple((part.share, part.money_share) for part in parts)
        sides = tuple(label.in_language(language) for label in (Label("人数", "customers"), Label("金额", "money")))
        title = Label("客户结构：人数与金额", "Structure by head-count and money").in_language(language)
        if len(parts) > len(ROUND) or any(money is None or money < 0 for _, money in shares):
            of_both = zip(sides, zip(*shares, strict=True), strict=True)
            return Bars(values, tuple(Series(side, own) for side, own in of_both), title, "rate", lying=True)
        return Bars(sides, tuple(map(Series, values, shares)), title, "rate", stacked=True)

    def matrix(_: Sequence[Row], language: str) -> Bars:
        names = _titles(asked, against or by)
        cells = {
            (_code(part.value, part.others), _code(part.against, part.others_against)): part.customers for part in parts
        }
        rows = list(dict.fromkeys(row for row, _ in cells))
        there = {column for _, column in cells}
        sizes = {column: sum(cells.get((row, column), 0) for row in rows) for column in there}
        columns = [column for column in _order(asked, against or by, list(there), sizes) if column in there]
        series = tuple(
            Series(told(names, column, language), tuple(float(cells.get((row, column), 0)) for row in rows))
            for column in columns
        )
        labels = tuple(told(titles, row, language) for row in rows)
        title = Label("客户数：两层交叉", "Customers of two tiers crossed").in_language(language)
        return Bars(labels, series, title, "count", lying=True, stacked=True)

    return structure if against is None else matrix


INSIGHT = Insight(
    name="panorama",
    title=Label("客户全景", "Panorama"),
    answers=Label(
        "各层各有多少客户、带来多少金额？人数结构与价值结构差在哪里？",
        "How many customers does each tier have and how much money do they bring: where do the two structures part?",
    ),
    needs=("orders",),
    compute=panorama,
    parameters=(
        Parameter(
            "by", Label("按哪个层级、文本属性或标签", "a tier, level, cell, class, text or tag"), "text",
            "lifecycle_stage",
        ),
        Parameter(
            "show", Label("单层，或两层交叉", "the values of one tier, or two tiers crossed"), "choice", "values",
            choices=("values", "matrix"),
        ),
        Parameter(
            "against",
            Label("与哪一层交叉；不填取 customer_level 或 rfm_cell", "the second tier; customer_level or rfm_cell"),
            "text",
        ),
        Parameter("metric", Label("哪个金额", "the money"), "text", "monetary_amount"),
        Parameter(
            "most", Label("最多多少个值，其余并为其他", "so many values, the rest as others"), "integer", 30, 2, 200
        ),
    ),
    page="panorama.md",
)  # fmt: skip

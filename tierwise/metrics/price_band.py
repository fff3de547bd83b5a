"""Price bands: cuts per category, and the band in which most of a customer's purchases lie.

Prices are compared as whole millionths of a currency unit, quantities as whole thousandths. A price is low up to the
quantile `low_up_to` of its category (included), high strictly above `high_above`, else mid; quantiles are of type 7.
Between two neighbouring prices nothing was sold, so a price is above the quantile just where it is above the price at
the quantile's place rounded down: no fraction is needed, and two engines agree.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import narwhals as nw

from tierwise.definitions.price_band import PriceBand
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.customer import Keep, lazily
from tierwise.metrics.frame import Frame, columns_of, count_where, distinct, integer_sum, quotient, require_columns
from tierwise.metrics.scorecard import whole, whole_quotient

LINE_COLUMNS = ("product_id", "quantity", "unit_price")

NO_LINES, NOTHING_PRICED, TOO_FEW_PRICES = "no_lines", "nothing_priced", "too_few_prices"

_SEPARATOR = " > "


def price_band_columns(definition: PriceBand) -> dict[str, str]:
    """The names of the columns that `with_price_band` adds."""
    name = definition.name
    return {"band": name, "share": f"{name}_share", "reason": f"{name}_reason"}


def priced_lines(
    lines: Frame, products: Frame, definition: PriceBand, *, as_of: date | None = None, key: str = "customer_key"
) -> Frame:
    """Lines with a quantity and a price above 0, of products whose category is known: `key`, product_id, category,
    price__ (millionths), units__ (thousandths), and `counts__`, whether the line lies in the definition's window.

    lines: `key`, `LINE_COLUMNS`, and the order's `ordered_day` where as_of or a window must be held. Raises
    `missing_column`, `no_as_of`.
    """
    if definition.last_days is not None and as_of is None:
        raise TierwiseError("no_as_of", '"last_days" counts days back from a date, and none is given')
    needed = [key, *LINE_COLUMNS, *(["ordered_day"] if definition.last_days else [])]
    require_columns(lines, needed, "lines")
    require_columns(products, ("product_id", "category"), "products")
    seen, in_window = lines, nw.lit(True)
    if as_of is not None and "ordered_day" in columns_of(lines):
        seen = lines.filter(nw.col("ordered_day") <= nw.lit(as_of))
        if definition.last_days is not None:
            in_window = nw.col("ordered_day") > nw.lit(as_of - timedelta(days=definition.last_days))
    found = seen.filter((nw.col("unit_price") > 0) & (nw.col("quantity") > 0)).select(
        key,
        "product_id",
        (nw.col("unit_price") * 1_000_000).round(0).cast(nw.Int64).alias("price__"),
        (nw.col("quantity") * 1000).round(0).cast(nw.Int64).alias("units__"),
        in_window.alias("counts__"),
    )
    known = products.filter(~nw.col("category").is_null())
    return found.join(
        known.select("product_id", _category(definition.category_depth).alias("category")), on="product_id", how="inner"
    )


def _category(depth: int | None) -> nw.Expr:
    """The first steps of the path."""
    path = nw.col("category")
    if depth is None:
        return path
    steps = path.str.split(_SEPARATOR)
    return nw.concat_str([steps.list.get(i) for i in range(depth)], separator=_SEPARATOR, ignore_nulls=True)


def price_cuts(priced: Frame, definition: PriceBand) -> Frame:
    """One row per category with enough different prices: category, prices (how many), low_cut and high_cut
    (millionths): low up to the first, high above the second."""
    once = priced.select("category", "price__")
    if definition.each == "price":
        once = distinct(priced.select("category", "product_id", "price__")).select("category", "price__")
    counted = once.group_by("category", "price__").agg(nw.len().cast(nw.Int64).alias("rows__"))
    totals = counted.group_by("category").agg(
        nw.len().cast(nw.Int64).alias("prices"), integer_sum(nw.col("rows__")).alias("size__")
    )
    ranked = counted.with_columns(
        nw.col("rows__").cum_sum().over("category", order_by="price__").cast(nw.Int64).alias("upto__")
    ).join(totals.filter(nw.col("prices") >= definition.at_least_prices), on="category", how="inner")
    upto, before = nw.col("upto__"), nw.col("upto__") - nw.col("rows__")

    def at(quantile: Decimal) -> nw.Expr:
        exact = Fraction(quantile)
        place = whole_quotient((nw.col("size__") - 1) * exact.numerator, exact.denominator)
        return nw.when((before <= place) & (place < upto)).then(nw.col("price__"))

    return (
        ranked.select(
            "category", "prices", at(definition.low_up_to).alias("low__"), at(definition.high_above).alias("high__")
        )
        .group_by("category", "prices")
        .agg(nw.col("low__").max().alias("low_cut"), nw.col("high__").max().alias("high_cut"))
    )


def leanings(
    priced: Frame, cuts: Frame, definition: PriceBand, *, key: str = "customer_key", by_category: bool = False
) -> Frame:
    """One row per customer with a priced line in the window (per customer and category, if asked): `key`, band, share.

    band: high, mid or low, whichever has most units (or lines); of equal ones the lower. share: of the units (or lines)
    in bands. Both are null where none of the categories has bands, or no unit was bought.
    """
    weight = nw.col("units__") if definition.count == "units" else whole(1)
    banded = priced.filter(nw.col("counts__") & ~nw.col(key).is_null()).join(cuts, on="category", how="left")
    price, low, high = nw.col("price__"), nw.col("low_cut"), nw.col("high_cut")
    keys = [key, "category"] if by_category else [key]
    sums = (
        banded.select(
            *keys,
            nw.when(price <= low).then(weight).alias("low__"),
            nw.when((price > low) & (price <= high)).then(weight).alias("mid__"),
            nw.when(price > high).then(weight).alias("high__"),
        )
        .group_by(*keys)
        .agg(*(integer_sum(nw.col(f"{band}__").fill_null(0)).alias(f"{band}__") for band in ("low", "mid", "high")))
    )
    in_low, in_mid, in_high = (nw.col(f"{band}__") for band in ("low", "mid", "high"))
    everything = in_low + in_mid + in_high
    upper = nw.when(in_mid >= in_high).then(nw.lit("mid")).otherwise(nw.lit("high"))
    band = nw.when((in_low >= in_mid) & (in_low >= in_high)).then(nw.lit("low")).otherwise(upper)
    most = nw.max_horizontal(in_low, in_mid, in_high)
    return sums.select(
        *keys, nw.when(everything > 0).then(band).alias("band"), quotient(most, everything).alias("share")
    )


def with_price_band(
    profile: Frame,
    definition: PriceBand,
    lines: Frame,
    products: Frame,
    *,
    as_of: date | None = None,
    key: str = "customer_key",
    keep: Keep = lazily,
) -> Frame:
    """The profile with the columns of `price_band_columns`, joined by `key`: the leaning, its share (0-1), and why
    there is none: `no_lines` (in the window), `nothing_priced` (no line has a price and a category), `too_few_prices`
    (in every category bought). Every customer has a leaning or a reason.
    """
    names = price_band_columns(definition)
    priced = keep("priced_lines", priced_lines(lines, products, definition, as_of=as_of, key=key))
    found = leanings(priced, price_cuts(priced, definition), definition, key=key)
    counted = _lines_in_window(lines, definition, as_of, key)
    joined = profile.join(counted, on=key, how="left").join(
        found.select(
            key, nw.col("band").alias(names["band"]), nw.col("share").alias(names["share"]), nw.lit(1).alias("priced__")
        ),
        on=key,
        how="left",
    )
    reason = (
        nw.when(nw.col("lines__").fill_null(0) == 0)
        .then(nw.lit(NO_LINES))
        .otherwise(
            nw.when(nw.col("priced__").is_null())
            .then(nw.lit(NOTHING_PRICED))
            .otherwise(nw.when(nw.col(names["band"]).is_null()).then(nw.lit(TOO_FEW_PRICES)))
        )
    )
    return joined.select(*columns_of(profile), names["band"], names["share"], reason.alias(names["reason"]))


def _lines_in_window(lines: Frame, definition: PriceBand, as_of: date | None, key: str) -> Frame:
    counts = nw.lit(True)
    if as_of is not None and "ordered_day" in columns_of(lines):
        day = nw.col("ordered_day")
        counts = day <= nw.lit(as_of)
        if definition.last_days is not None:
            counts = counts & (day > nw.lit(as_of - timedelta(days=definition.last_days)))
    return (
        lines.select(key, counts.alias("in_window__"))
        .filter(~nw.col(key).is_null())
        .group_by(key)
        .agg(count_where(nw.col("in_window__")).alias("lines__"))
    )

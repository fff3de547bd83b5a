"""A made-up retailer: shops and online, goods that run out and that do not, promotions, pairs, resellers, junk."""

from __future__ import annotations

from datetime import date

from tierwise.testing.columns import day_number
from tierwise.testing.made_data import AS_OF, MadeData, check_wish
from tierwise.testing.retail.baskets import make_baskets
from tierwise.testing.retail.catalogue import cycles_table, pairs_table, products_table, promotions, promotions_table
from tierwise.testing.retail.money import make_amounts, make_refunds
from tierwise.testing.retail.occasions import make_occasions, make_streams, season_of_day
from tierwise.testing.retail.shoppers import HISTORY_DAYS, make_shoppers, stores_table
from tierwise.testing.retail.tables import Retailer, retail_tables, retail_truths

__all__ = ["make_retail"]


def make_retail(customers: int = 5_000, seed: int = 7, as_of: date = AS_OF) -> MadeData:
    """Make a retailer with so many registered customers and three years of orders, up to the end of `as_of`.

    Tables: customers, orders (a quarter without a customer; without a store where made online), order_lines, refunds,
    products, stores, interactions.

    Truths, with their grain: customers (one: kind, lost_on, orders, …), products (one: cycle_days, null where it has
    none), streams (one customer and product that they replenish: true interval_days, kind), pairs (A -> B: permille
    of baskets with A that add B), resellers, junk and waiting (one customer; who waits buys in promotions alone, looks
    often and lets the last ones pass), promotions (one season), shares (one share: permille).

    Money is in yuan. Raises `out_of_range` (see `check_wish`).
    """
    check_wish(customers, seed, as_of)
    today = day_number(as_of)
    start = today - HISTORY_DAYS
    seasons = promotions(start, today)
    shoppers = make_shoppers(seed, customers, today)
    streams = make_streams(seed, shoppers)
    orders, lines = make_baskets(seed, shoppers, make_occasions(seed, shoppers, streams, seasons, start, today), today)
    amounts = make_amounts(seed, shoppers, orders, lines, season_of_day(seasons, start, today), start)
    refunds = make_refunds(seed, orders, amounts, today)
    retailer = Retailer(shoppers, streams, orders, lines, amounts, refunds)
    tables = {
        "stores": stores_table(shoppers.stores),
        "products": products_table(),
        **retail_tables(seed, retailer, today),
    }
    truths = {
        "products": cycles_table(),
        "pairs": pairs_table(),
        "promotions": promotions_table(seasons),
        **retail_truths(retailer, today),
    }
    return MadeData("retail", customers, seed, as_of, tables, truths)

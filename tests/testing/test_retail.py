from __future__ import annotations

import duckdb
import pytest

from tierwise.testing import MadeData
from tierwise.testing.retail.shoppers import KINDS

PERIOD_END = "date '2026-06-30'"


def rows(db: duckdb.DuckDBPyConnection, sql: str) -> list[tuple]:
    return db.execute(sql).fetchall()


def one(db: duckdb.DuckDBPyConnection, sql: str) -> float:
    return rows(db, sql)[0][0]


def test_the_retailer_has_the_size_that_was_asked(retail: MadeData, retail_db: duckdb.DuckDBPyConnection):
    assert retail.rows()["customers"] == 5_000
    kinds = dict(rows(retail_db, "select kind, count(*) from true_customers group by 1"))
    assert set(kinds) == set(KINDS)


def test_goods_that_run_out_are_bought_again_after_their_cycle(retail_db: duckdb.DuckDBPyConnection):
    """Median interval of each product with enough of them, against the planted cycle."""
    measured = rows(
        retail_db,
        """with bought as (
               select distinct customer_id, product_id, ordered_at::date as day
               from orders join order_lines using (order_id) where customer_id is not null),
           gaps as (
               select product_id, day - lag(day) over (partition by customer_id, product_id order by day) gap
               from bought)
           select product_id, cycle_days, median(gap) from gaps join true_products using (product_id)
           where replenished = 1 group by 1, 2 having count(gap) >= 200""",
    )
    assert len(measured) >= 20
    for product, cycle, median in measured:
        assert median == pytest.approx(cycle, rel=0.10), product


def test_customers_keep_to_a_pace_of_their_own(retail_db: duckdb.DuckDBPyConnection):
    ratio = rows(
        retail_db,
        """with bought as (
               select distinct customer_id, product_id, ordered_at::date as day
               from orders join order_lines using (order_id) where customer_id is not null),
           gaps as (
               select customer_id, product_id, day - lag(day) over (partition by customer_id, product_id order by day) g
               from bought),
           medians as (
               select customer_id, product_id, median(g) / any_value(interval_days) ratio
               from gaps join true_streams using (customer_id, product_id) join true_customers using (customer_id)
               where g is not null and true_streams.kind = 'steady' and slowing_permille = 1000
               group by 1, 2 having count(*) >= 5)
           select quantile_cont(ratio, [0.1, 0.5, 0.9]) from medians""",
    )[0][0]
    assert ratio[0] > 0.9
    assert ratio[1] == pytest.approx(1.0, abs=0.02)
    assert ratio[2] < 1.1


def test_goods_without_a_cycle_have_no_stream(retail_db: duckdb.DuckDBPyConnection):
    assert one(
        retail_db,
        "select count(*) from true_streams join true_products using (product_id) where cycle_days is null",
    ) == 0  # fmt: skip


def test_stocking_up_is_with_a_coupon_and_a_longer_rest(retail_db: duckdb.DuckDBPyConnection):
    gaps = dict(
        rows(
            retail_db,
            """with bought as (
                   select o.ordered_at::date as day, l.product_id, l.quantity, lead(o.ordered_at::date) over (
                              partition by o.customer_id, l.product_id order by o.ordered_at) as next
                   from orders o join order_lines l using (order_id)
                   join true_streams s on s.customer_id = o.customer_id and s.product_id = l.product_id
                   where s.kind = 'stocking')
               select quantity >= 2, median((next - day) / cycle_days)
               from bought join true_products using (product_id) where next is not null group by 1""",
        )
    )
    assert gaps[False] == pytest.approx(1.0, abs=0.15)
    assert gaps[True] > 1.7


def test_planted_pairs_are_there_and_have_a_direction(retail_db: duckdb.DuckDBPyConnection):
    found = rows(
        retail_db,
        """with total as (select count(*) n from orders),
           has as (select distinct order_id, product_id from order_lines),
           sizes as (select product_id, count(*) baskets from has group by 1)
           select permille, a.baskets, b.baskets, count(y.order_id), n
           from true_pairs p join total on true
           join sizes a on a.product_id = p.product_a join sizes b on b.product_id = p.product_b
           join has x on x.product_id = p.product_a
           left join has y on y.product_id = p.product_b and y.order_id = x.order_id
           group by p.product_a, permille, a.baskets, b.baskets, n""",
    )
    assert len(found) == 7
    for permille, first, second, both, total in found:
        margin = 0.03 + 2.5 / first**0.5
        assert both / first == pytest.approx(permille / 1000, abs=margin)
        assert (both / first) / (second / total) > 3
        assert both / first > 1.15 * both / second


def test_resellers_buy_in_bursts_of_round_amounts(retail_db: duckdb.DuckDBPyConnection):
    assert one(retail_db, "select count(*) from true_resellers") >= 5
    uneven = """select count(*) from orders join true_resellers using (customer_id)
                where gross % 1000 <> 0 or discount <> 0 or coupon <> 0"""
    assert one(retail_db, uneven) == 0
    bursts = """with hours as (
                    select count(*) n, max(ordered_at) - min(ordered_at) span
                    from orders join true_resellers using (customer_id) group by customer_id, ordered_at::date)
                select min(n) >= 4, max(span) <= interval 5 hour from hours"""
    assert rows(retail_db, bursts) == [(True, True)]
    share = "select permille from true_shares where share = 'net_sales_of_resellers'"
    assert 5 <= one(retail_db, share) <= 60


def test_junk_registers_at_night_in_the_giveaway_and_never_orders(retail_db: duckdb.DuckDBPyConnection):
    assert 150 < one(retail_db, "select count(*) from true_junk") < 350
    for table in ("orders", "interactions"):
        assert one(retail_db, f"select count(*) from {table} join true_junk using (customer_id)") == 0
    nights = rows(
        retail_db,
        """select count(distinct registered_at::date), max(hour(registered_at))
           from customers join true_junk using (customer_id)""",
    )
    assert nights == [(6, 3)]


def test_a_quarter_of_the_orders_is_nobodys(retail_db: duckdb.DuckDBPyConnection):
    assert one(retail_db, "select avg((customer_id is null)::int) from orders") == pytest.approx(0.25, abs=0.01)
    assert one(retail_db, "select count(*) from orders where customer_id is null and store_id is null") == 0
    assert one(retail_db, "select avg((store_id is null)::int) from orders") > 0.3


def test_the_top_third_brings_most(retail_db: duckdb.DuckDBPyConnection):
    share = one(
        retail_db,
        """with refunded as (select order_id, sum(amount) amount from refunds group by 1),
           spent as (select o.customer_id, sum(gross - discount - coupon - coalesce(amount, 0)) net
                     from orders o left join refunded using (order_id) where o.customer_id is not null group by 1),
           ranked as (select net, ntile(10) over (order by net desc) part from spent)
           select sum(net) filter (where part <= 3) / sum(net) from ranked""",
    )
    assert 0.75 <= share <= 0.86
    told = one(retail_db, "select permille from true_shares where share = 'net_sales_of_top_30_percent'")
    assert told == pytest.approx(share * 1000, abs=3)


def test_all_eight_cells_are_peopled(retail_db: duckdb.DuckDBPyConnection):
    cells = rows(
        retail_db,
        f"""with metrics as (
                select {PERIOD_END} - max(ordered_at)::date recency, count(*) frequency, sum(gross - discount) money
                from orders where customer_id is not null group by customer_id),
            scores as (select ntile(5) over (order by recency desc) r, ntile(5) over (order by frequency) f,
                       ntile(5) over (order by money) m from metrics)
            select r > 3, f > 3, m > 3, count(*) from scores group by 1, 2, 3""",
    )
    assert len(cells) == 8
    assert min(cell[3] for cell in cells) > 30


def test_customers_are_new_active_sleeping_and_gone(retail_db: duckdb.DuckDBPyConnection):
    ages = rows(
        retail_db,
        f"""with last as (
                select min({PERIOD_END} - ordered_at::date) as silent, max({PERIOD_END} - ordered_at::date) as since,
                       count(*) filter ({PERIOD_END} - ordered_at::date < 90) as recent
                from orders where customer_id is not null group by customer_id)
            select count(*) filter (since < 30), count(*) filter (recent >= 6),
                   count(*) filter (recent between 2 and 5), count(*) filter (recent = 1),
                   count(*) filter (silent between 90 and 365), count(*) filter (silent > 365)
            from last""",
    )[0]
    assert min(ages) > 60, ages


def test_the_lost_stop_and_the_drifting_slow_down(retail_db: duckdb.DuckDBPyConnection):
    after = """select count(*) from orders join true_customers using (customer_id) where ordered_at::date > lost_on"""
    assert one(retail_db, after) == 0
    assert one(retail_db, "select count(*) from true_customers where kind = 'lost' and lost_on is null") == 0
    halves = rows(
        retail_db,
        """with gaps as (
               select ordered_at::date - lag(ordered_at::date) over mine as gap, ntile(2) over mine as half
               from orders join true_customers using (customer_id) where kind = 'drifting' and orders >= 8
               window mine as (partition by customer_id order by ordered_at))
           select half, avg(gap) from gaps group by 1 order by 1""",
    )
    assert halves[1][1] > 1.3 * halves[0][1]


def test_discounts_are_in_promotions_and_hunters_buy_there(retail_db: duckdb.DuckDBPyConnection):
    outside = """select count(*) from orders where discount > 0 and not exists (
                     select 1 from true_promotions where ordered_at::date between from_on and until_on)"""
    assert one(retail_db, outside) == 0
    shares = dict(
        rows(
            retail_db,
            """select deal_hunter, avg(exists (
                   select 1 from true_promotions where ordered_at::date between from_on and until_on)::int)
               from orders join true_customers using (customer_id) group by 1""",
        )
    )
    assert shares[1] == 1.0
    assert shares[0] < 0.2


def test_browsers_look_often_and_never_buy(retail_db: duckdb.DuckDBPyConnection):
    looked = """select min(n) from (select count(*) n from interactions join true_customers using (customer_id)
                where kind = 'browser' group by customer_id)"""
    assert one(retail_db, looked) >= 8
    assert one(retail_db, "select max(orders) from true_customers where kind = 'browser'") == 0


def test_who_waits_for_a_promotion_looks_often_and_has_not_bought_lately(retail_db: duckdb.DuckDBPyConnection):
    waiting = """with looked as (select customer_id, count(*) n from interactions
                                 where occurred_at::date > date '2026-06-30' - 90 group by 1)
                 select count(*), min(n), max(last_ordered_on), min(deal_hunter) from true_waiting
                 join looked using (customer_id) join true_customers using (customer_id)"""
    count, looks, last, hunter = rows(retail_db, waiting)[0]
    assert count == one(retail_db, "select count(*) from true_waiting") > 30
    assert looks >= 10
    assert last.isoformat() <= "2026-04-01"
    assert hunter == 1

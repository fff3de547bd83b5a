from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import duckdb
import pytest

from tierwise.testing import MadeData
from tierwise.testing.dealer.vehicles import _VIN_VALUES, _VIN_WEIGHTS


def rows(db: duckdb.DuckDBPyConnection, sql: str) -> list[tuple]:
    return db.execute(sql).fetchall()


def one(db: duckdb.DuckDBPyConnection, sql: str) -> float:
    return rows(db, sql)[0][0]


def test_the_group_has_the_size_that_was_asked(dealer: MadeData):
    made = dealer.rows()
    assert made["customers"] == 3_000
    assert 2_500 < made["vehicles"] < 3_300
    assert made["staff"] == 9 * made["stores"]
    assert min(made[name] for name in ("visits", "orders", "leads", "calls", "surveys")) > 1_000


def test_vins_have_a_right_check_digit(dealer: MadeData):
    for vin in dealer.tables["vehicles"]["vin"].to_pylist()[:200]:
        assert len(vin) == 17
        total = sum(_VIN_VALUES[sign] * weight for sign, weight in zip(vin, _VIN_WEIGHTS, strict=True))
        assert vin[8] == "0123456789X"[total % 11]


def test_plates_differ_and_new_energy_has_one_sign_more(dealer_db: duckdb.DuckDBPyConnection):
    assert one(dealer_db, "select count(*) - count(distinct plate) from vehicles") == 0
    lengths = dict(rows(dealer_db, "select powertrain, max(length(plate)) from vehicles group by 1"))
    assert lengths == {"燃油": 7, "插混": 8, "纯电": 8}


def test_cars_come_as_the_first_service_curve_says(dealer_db: duckdb.DuckDBPyConnection):
    """Cars old enough for five services: the share that came to each is near the planted curve."""
    for service, permille in rows(dealer_db, "select service, permille from true_retention"):
        came = one(
            dealer_db,
            f"""select avg((services >= {service})::int) from true_vehicles join vehicles using (vin)
                join true_ownership using (vin) join true_customers c on c.customer_id = true_ownership.customer_id
                where delivered_on < date '2026-06-30' - 1500 and c.kind = 'owner'""",
        )
        assert came == pytest.approx(permille / 1000, abs=0.09), service


def test_services_follow_time_or_mileage_whichever_is_first(dealer_db: duckdb.DuckDBPyConnection):
    """Between two services of a car that does not drift lies its due interval, near enough in the middle."""
    ratio = one(
        dealer_db,
        """with gaps as (
               select vin, visited_at::date - lag(visited_at::date) over (partition by vin order by visited_at) gap
               from visits where kind = 'service')
           select median(gap / least(then_days, then_km * 1000 / metres_per_day))
           from gaps join true_vehicles using (vin) join vehicles using (vin) join true_models using (model)
           where drift_permille = 1000 and gap is not null""",
    )
    assert ratio == pytest.approx(1.0, abs=0.05)


def test_drifting_cars_come_ever_later(dealer_db: duckdb.DuckDBPyConnection):
    growth = dict(
        rows(
            dealer_db,
            """with gaps as (
                   select vin, visited_at::date - lag(visited_at::date) over (partition by vin order by visited_at) gap,
                          row_number() over (partition by vin order by visited_at) n
                   from visits where kind = 'service'),
               pairs as (
                   select a.vin, b.gap / a.gap grown from gaps a join gaps b on a.vin = b.vin and b.n = a.n + 1
                   where a.n >= 3)
               select drift_permille > 1000, median(grown) from pairs join true_vehicles using (vin) group by 1""",
        )
    )
    assert growth[True] > 1.05
    assert growth[False] == pytest.approx(1.0, abs=0.05)


def test_only_paid_visits_have_an_order_and_the_same_customer(dealer_db: duckdb.DuckDBPyConnection):
    assert one(dealer_db, "select count(*) from visits where (paid = 1) <> (order_id is not null)") == 0
    unpaid = rows(dealer_db, "select distinct kind from visits where paid = 0 order by 1")
    assert [kind for (kind,) in unpaid] == ["claim", "rework", "service", "warranty"]
    different = """select count(*) from visits v join orders o using (order_id)
                   where v.customer_id is distinct from o.customer_id or v.store_id <> o.store_id
                      or v.visited_at > o.ordered_at"""
    assert one(dealer_db, different) == 0


def test_the_first_service_is_free_and_no_other(dealer_db: duckdb.DuckDBPyConnection):
    free = """select vin, count(*) from visits where kind = 'service' and paid = 0 group by 1 having count(*) > 1"""
    assert rows(dealer_db, free) == []
    assert one(dealer_db, "select count(*) from visits where kind = 'service' and paid = 0") > 1_000


def test_rework_follows_a_paid_visit_within_days(dealer_db: duckdb.DuckDBPyConnection):
    alone = """select count(*) from visits r where kind = 'rework' and not exists (
                   select 1 from visits p where p.vin = r.vin and p.paid = 1
                   and r.visited_at::date - p.visited_at::date between 1 and 4)"""
    assert one(dealer_db, "select count(*) from visits where kind = 'rework'") > 20
    assert one(dealer_db, alone) == 0


def test_mileage_never_falls(dealer_db: duckdb.DuckDBPyConnection):
    falls = """with before as (select mileage_km, lag(mileage_km) over (partition by vin order by visited_at) was
                               from visits)
               select count(*) from before where mileage_km < was"""
    assert one(dealer_db, falls) == 0


def test_cars_change_hands_and_visits_follow_the_owner(dealer_db: duckdb.DuckDBPyConnection):
    assert one(dealer_db, "select count(*) from true_ownership where until_on is not null") > 50
    strangers = """select count(*) from visits v where not exists (
                       select 1 from true_ownership t where t.vin = v.vin and t.customer_id = v.customer_id
                       and v.visited_at::date >= t.from_on
                       and v.visited_at::date < coalesce(t.until_on, '9999-01-01'))"""
    assert one(dealer_db, strangers) == 0
    now = """select count(*) from vehicles join true_ownership o using (vin)
             where o.until_on is null and vehicles.customer_id <> o.customer_id"""
    assert one(dealer_db, now) == 0
    second = "select count(*) from true_customers where kind = 'second_owner' and visits = 0"
    assert one(dealer_db, second) == 0


def test_the_one_who_brings_the_car_is_often_another(dealer_db: duckdb.DuckDBPyConnection):
    other = one(
        dealer_db,
        "select avg((deliverer_phone <> phone)::int) from visits join customers using (customer_id)",
    )
    assert 0.15 < other < 0.40
    named = """select count(*) from visits join customers using (customer_id)
               where (deliverer_name is null) <> (deliverer_phone = phone)"""
    assert one(dealer_db, named) == 0


def test_phones_collide_only_where_planted(dealer_db: duckdb.DuckDBPyConnection):
    alike = rows(
        dealer_db,
        """select customer_id from customers where phone in (select phone from customers group by 1 having count(*) > 1)
           except select customer_id from true_shared_phones""",
    )
    assert alike == []
    assert one(dealer_db, "select count(*) - count(distinct phone) from true_shared_phones") > 0
    assert one(dealer_db, "select count(*) from customers where phone not like '1990000____'") == 0


def test_states_agree_with_what_happened(dealer_db: duckdb.DuckDBPyConnection):
    assert one(
        dealer_db,
        """select count(*) from true_customers join customers using (customer_id)
           where (state = 'lost') <> (closed_at is not null)""",
    ) == 0  # fmt: skip
    assert one(
        dealer_db,
        """select count(*) from true_customers t
           where visits <> (select count(*) from visits v where v.customer_id = t.customer_id)""",
    ) == 0  # fmt: skip
    states = dict(rows(dealer_db, "select state, count(*) from true_customers group by 1"))
    assert set(states) == {"prospect", "sold_on", "introduction", "growth", "maturity", "stopped", "lost"}
    assert states["lost"] < 150
    assert min(states.values()) >= 10


def test_every_rung_of_a_dealers_ladder_is_peopled(dealer: MadeData, dealer_db: duckdb.DuckDBPyConnection):
    """By months since the last visit (or delivery): in order, 3 and 5 and 7 months silent, a year silent."""
    edges = (0, 90, 150, 210, 365, 100_000)
    for low, high in pairwise(edges):
        first, last = dealer.as_of - timedelta(days=high - 1), dealer.as_of - timedelta(days=low)
        there = one(
            dealer_db,
            f"""with last as (select vin, max(visited_at)::date seen from visits group by 1)
                select count(*) from vehicles left join last using (vin)
                where coalesce(seen, delivered_on) between date '{first}' and date '{last}'""",
        )
        assert there > 100, (low, high)


def test_calls_are_not_always_answered(dealer_db: duckdb.DuckDBPyConnection):
    answered = dict(rows(dealer_db, "select direction, avg(answered) from calls group by 1"))
    assert answered["inbound"] > 0.8 > 0.6 > answered["outbound"] > 0.4
    assert one(dealer_db, "select count(*) from calls where (answered = 1) <> (answer_seconds is not null)") == 0
    assert one(dealer_db, "select count(*) from calls where customer_id is null") > 10


def test_unhappy_customers_leave(dealer_db: duckdb.DuckDBPyConnection):
    scores = dict(
        rows(
            dealer_db,
            """select stopped, avg(score) from surveys s join visits v on v.customer_id = s.customer_id
               join true_vehicles using (vin) where s.kind = 'csi' group by 1""",
        )
    )
    assert scores[0] > scores[1] + 30
    assert rows(dealer_db, "select min(score) >= 0, max(score) <= 10 from surveys where kind = 'nps'") == [(True, True)]


def test_leads_of_cars_sold_end_at_delivery(dealer_db: duckdb.DuckDBPyConnection):
    stages = {stage for (stage,) in rows(dealer_db, "select distinct stage from leads")}
    assert stages == {"new", "contacted", "visited", "test_drive", "quoted", "deal", "delivered", "defeated"}
    assert one(dealer_db, "select count(*) from leads where stage_at < created_at") == 0
    unsold = """select count(*) from leads l where stage = 'delivered' and not exists (
                    select 1 from true_ownership o
                    where o.customer_id = l.customer_id and from_on = l.stage_at::date)"""
    assert one(dealer_db, unsold) == 0


def test_junk_never_comes_and_says_what_it_is(dealer_db: duckdb.DuckDBPyConnection):
    """Tests are named so; mills have five leads and more in the last month; neither buys or comes."""
    kinds = dict(rows(dealer_db, "select kind, count(*) from true_junk group by 1"))
    assert kinds.keys() == {"test_account", "lead_mill"}
    for table in ("orders", "visits"):
        assert one(dealer_db, f"select count(*) from {table} join true_junk using (customer_id)") == 0
    named = "select count(*) from customers where name like '%测试%'"
    assert one(dealer_db, named) == kinds["test_account"]
    many = """select customer_id from leads where created_at::date > date '2026-06-30' - 30
              group by 1 having count(*) >= 5"""
    assert one(dealer_db, f"select count(*) from ({many}) join true_junk using (customer_id)") == kinds["lead_mill"]
    assert len(rows(dealer_db, many)) == kinds["lead_mill"]

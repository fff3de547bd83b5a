"""What rules about deeds mean where it is easily got wrong: edges of windows, late facts, midnight, calendars, ties."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import narwhals as nw
import pyarrow as pa
import pytest
from pydantic import TypeAdapter

from tierwise.definitions.rule import AnyRule, Behaviour, Rule
from tierwise.metrics.behaviour import measured
from tierwise.metrics.customer import lazily
from tierwise.metrics.fact_columns import fact_schemas
from tierwise.metrics.frame import rows_of
from tierwise.metrics.rule_sets import customers_where
from tierwise.metrics.rules import Schema
from tierwise.metrics.world import World

CONNECTION = duckdb.connect()
CONNECTION.execute("SET TimeZone = 'UTC'; SET threads = 1")
SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
PEOPLE: Schema = {"born_on": "date"}


def rule(body: dict[str, Any]) -> AnyRule:
    found: AnyRule = TypeAdapter(Rule).validate_python(body)
    return found


def world(as_of: str, orders: list[tuple[int, str]], zone: ZoneInfo = SHANGHAI, visits: Any = (), **more: Any) -> World:
    """orders, visits: (customer, local time). Customers 1 to 3 are people. more: columns of orders."""

    def fact(rows: list[tuple[int, str]], what: str, columns: dict[str, Any]) -> Any:
        local = [datetime.fromisoformat(text).replace(tzinfo=zone) for _, text in rows]
        return _frame(
            {
                "customer_key": pa.array([key for key, _ in rows], pa.int64()),
                f"{what}_at": pa.array([at.astimezone(UTC) for at in local], pa.timestamp("us", "UTC")),
                f"{what}_day": pa.array([at.date() for at in local], pa.date32()),
                **columns,
            }
        )

    people = _frame({"customer_key": pa.array([1, 2, 3]), "born_on": pa.array([date(1992, 2, 29), None, None])})
    return World(
        people=people,
        schema=PEOPLE,
        as_of=date.fromisoformat(as_of),
        facts={"orders": fact(orders, "ordered", more), "visits": fact(list(visits), "visited", {})},
        fact_schemas=fact_schemas(),
        zone=zone,
    )


def _frame(columns: dict[str, Any]) -> Any:
    CONNECTION.register("given", pa.table(columns))
    name = f"made_{CONNECTION.execute('SELECT count(*) FROM duckdb_tables()').fetchall()[0][0]}"
    CONNECTION.execute(f"CREATE TABLE {name} AS SELECT * FROM given")
    return nw.from_native(CONNECTION.table(name))


def who(body: dict[str, Any], at: World) -> list[int]:
    return sorted(row[0] for row in rows_of(customers_where(rule(body), at, lazily)))


def counted(op: str, value: int, **more: Any) -> dict[str, Any]:
    return {"behaviour": {"fact": "orders", "aggregate": "count", **more}, "op": op, "value": value}


def test_window_expiry_the_thirtieth_day_back_is_in_and_the_next_day_it_is_out() -> None:
    placed = [(1, "2026-06-01T00:00"), (2, "2026-05-31T23:59")]
    bought = counted(">=", 1, window={"last_days": 30})
    assert who(bought, world("2026-06-30", placed)) == [1]
    assert who(bought, world("2026-07-01", placed)) == []


def test_a_window_may_end_before_as_of_and_has_both_its_ends() -> None:
    placed = [(1, "2026-05-31T12:00"), (2, "2026-05-01T12:00"), (3, "2026-06-01T12:00")]
    month_before = counted(">=", 1, window={"last_days": 31, "ending_days_ago": 30})
    assert who(month_before, world("2026-06-30", placed)) == [1, 2]
    in_may = counted(">=", 1, window={"from": "2026-05-01", "to": "2026-05-31"})
    assert who(in_may, world("2026-06-30", placed)) == [1, 2]


def test_nothing_after_as_of_is_seen_though_the_window_goes_on() -> None:
    placed = [(1, "2026-06-30T23:59"), (2, "2026-07-01T00:00")]
    this_year = {
        "behaviour": {"fact": "orders", "aggregate": "ever", "window": {"from": "2026-01-01", "to": "2026-12-31"}}
    }
    assert who(this_year, world("2026-06-30", placed)) == [1]
    assert who({"not": this_year}, world("2026-06-30", placed)) == [2, 3]


def test_late_events_count_on_the_day_on_which_they_happened() -> None:
    first_in_june = {"first_time": {"fact": "orders", "window": {"from": "2026-06-01", "to": "2026-06-30"}}}
    known = [(1, "2026-06-10T12:00")]
    assert who(first_in_june, world("2026-06-30", known)) == [1]
    late = [*known, (1, "2026-03-01T12:00")]
    assert who(first_in_june, world("2026-06-30", late)) == []
    assert who(counted("=", 2), world("2026-06-30", late)) == [1]


def test_has_been_silent_for_so_many_whole_days() -> None:
    placed = [(1, "2026-04-01T23:00"), (2, "2026-04-02T00:30")]
    stopped = {"stopped": {"fact": "orders", "quiet_days": 90, "before_days": 365}}
    assert who(stopped, world("2026-06-30", placed)) == [1]
    assert who(stopped, world("2026-07-01", placed)) == [1, 2]
    since = {"behaviour": {"fact": "orders", "aggregate": "days_since"}, "op": ">=", "value": 90}
    assert who(since, world("2026-06-30", placed)) == [1]


def test_has_been_for_so_many_days_is_what_held_then_and_nothing_else_since() -> None:
    """1 and 2 buy on the web since the 10th, 2 was once in a shop on the 25th; 3 came to the web on the 20th alone."""
    placed = [(1, "2026-06-10T12:00"), (1, "2026-06-22T12:00"), (2, "2026-06-10T12:00"), (2, "2026-06-25T12:00"),
              (2, "2026-06-26T12:00"), (3, "2026-06-20T12:00")]  # fmt: skip
    channels = pa.array(["web", "web", "web", "shop", "web", "web"])
    on_the_web = {"attribute": "channel", "op": "=", "value": "web"}
    has_been = {
        "all": [
            {
                "behaviour": {
                    "fact": "orders", "aggregate": "last", "column": "channel",
                    "window": {"last_days": 365, "ending_days_ago": 14},
                },
                "op": "=", "value": "web",
            },
            {"behaviour": {"fact": "orders", "aggregate": "never", "where": {"not": on_the_web},
                           "window": {"last_days": 14}}},
        ]
    }  # fmt: skip
    assert who(has_been, world("2026-06-30", placed, channel=channels)) == [1]
    assert who(has_been, world("2026-06-23", placed, channel=channels)) == []
    assert who(has_been, world("2026-06-24", placed, channel=channels)) == [1, 2]
    assert who(has_been, world("2026-07-04", placed, channel=channels)) == [1, 3]


def test_keyed_counts_are_of_one_key_each() -> None:
    """1 is thrice in store a; 2 as often, but nowhere twice; 3 twice in a and twice where nobody wrote the store."""
    placed = [(who, f"2026-06-{day:02d}T12:00") for who, days in ((1, 3), (2, 3), (3, 4)) for day in range(1, days + 1)]
    stores = pa.array(["a", "a", "a", "a", "b", "c", "a", "a", None, None])
    now = world("2026-06-30", placed, store_id=stores, gross_minor=pa.array([100] * 10, pa.int64()))
    assert who(counted(">=", 3), now) == [1, 2, 3]
    assert who(counted(">=", 3, per="store_id"), now) == [1]
    assert who(counted("=", 2, per="store_id"), now) == [3]
    assert who(counted("<", 3, per="store_id"), now) == [2, 3]
    assert who(counted("=", 0, per="store_id"), world("2026-06-30", [(1, "2026-06-01T12:00")])) == [1, 2, 3]
    total = {"behaviour": {"fact": "orders", "aggregate": "sum", "column": "gross", "per": "store_id"}}
    assert who({**total, "op": ">", "value": 2}, now) == [1]


def test_keyed_steps_are_of_the_same_key() -> None:
    """1 comes back to the store of the order, 2 to another; of 3's visit nobody wrote the store."""
    placed = [(1, "2026-06-01T12:00"), (2, "2026-06-01T12:00"), (3, "2026-06-01T12:00")]
    visits = [(1, "2026-06-03T12:00"), (2, "2026-06-03T12:00"), (3, "2026-06-03T12:00")]
    now = world("2026-06-30", placed, visits=visits, store_id=pa.array(["a", "a", "a"]))
    came = _frame({"customer_key": pa.array([1, 2, 3]), "store_id": pa.array(["a", "b", None])})
    rows = now.facts["visits"].join(came, on="customer_key", how="inner")
    now = World(**{**now.__dict__, "facts": {**now.facts, "visits": rows}})
    steps = [{"fact": "orders"}, {"fact": "visits"}]
    assert who({"sequence": steps, "within_days": 7}, now) == [1, 2, 3]
    assert who({"sequence": steps, "within_days": 7, "same": "store_id"}, now) == [1]
    assert who({"not_followed": steps, "within_days": 7, "same": "store_id"}, now) == [2, 3]


def test_keyed_counts_are_of_each_customer_alone() -> None:
    placed = [(1, "2026-06-01T12:00"), (2, "2026-06-01T12:00"), (2, "2026-06-01T12:00")]
    assert who(counted(">=", 2), world("2026-06-30", placed)) == [2]
    assert who(counted("=", 1), world("2026-06-30", placed)) == [1]


def test_those_who_did_nothing_are_counted_as_nothing_and_have_no_last_time() -> None:
    placed = [(1, "2026-06-01T12:00")]
    now = world("2026-06-30", placed)
    assert who(counted("=", 0), now) == [2, 3]
    assert who(counted("<", 2), now) == [1, 2, 3]
    assert who(counted("!=", 1), now) == [2, 3]
    assert who({"behaviour": {"fact": "orders", "aggregate": "never"}}, now) == [2, 3]
    last = {"behaviour": {"fact": "orders", "aggregate": "last"}, "op": "<", "value": "2027-01-01"}
    assert who(last, now) == [1]
    assert who({"not": last}, now) == [2, 3]


def test_relative_dates_around_midnight_turn_with_as_of_and_not_before() -> None:
    """A window of a day is the business's day: a minute before midnight is out of it a day sooner."""
    placed = [(1, "2026-06-28T23:59"), (2, "2026-06-29T00:00"), (3, "2026-06-29T23:59")]
    lately = {"attribute": "ordered_at", "op": "within_last_days", "value": 2}
    for as_of, expected in (("2026-06-28", [1]), ("2026-06-29", [1, 2, 3]), ("2026-06-30", [2, 3]), ("2026-07-01", [])):
        now = world(as_of, placed)
        assert who(counted("=", 1, window={"last_days": 2}), now) == expected
        assert who(counted("=", 1, where=lately), now) == expected
    days = {"behaviour": {"fact": "orders", "aggregate": "days_since"}, "op": "=", "value": 1}
    assert who(days, world("2026-06-30", placed)) == [2, 3]


def test_midnight_is_the_businesss_own() -> None:
    placed = [(1, "2026-06-29T23:59:59"), (2, "2026-06-30T00:00:00")]
    today = counted("=", 1, window={"last_days": 1})
    assert who(today, world("2026-06-30", placed)) == [2]
    by_instant = {"attribute": "ordered_at", "op": ">=", "value": "2026-06-30"}
    assert who(counted("=", 1, where=by_instant), world("2026-06-30", placed)) == [2]


def test_leap_day_is_a_day_of_the_window_and_of_february() -> None:
    placed = [(1, "2024-02-29T12:00"), (2, "2024-02-28T12:00")]
    year = counted("=", 1, window={"last_days": 365})
    assert who(year, world("2025-02-27", placed)) == [1]
    assert who(year, world("2025-02-28", placed)) == []
    monthly = {"regularly": {"fact": "orders", "every": "month", "at_least": 1, "of_last": 2}}
    assert who(monthly, world("2024-03-31", placed)) == [1, 2]
    assert who(monthly, world("2024-04-01", placed)) == []
    birthday = {"attribute": "born_on", "op": "day_of_year_within_days", "value": 0}
    assert who(birthday, world("2024-02-29", [])) == [1]
    assert who(birthday, world("2025-02-28", [])) == [1]


def test_daylight_saving_days_are_days_though_they_have_23_or_25_hours() -> None:
    placed = [(1, "2026-03-28T23:30"), (2, "2026-03-29T00:30"), (3, "2026-10-25T23:30")]
    last_two = counted("=", 1, window={"last_days": 2})
    assert who(last_two, world("2026-03-29", placed, BERLIN)) == [1, 2]
    assert who(last_two, world("2026-03-30", placed, BERLIN)) == [2]
    on_the_long_day = counted("=", 1, where={"attribute": "ordered_at", "op": "=", "value": "2026-10-25"})
    assert who(on_the_long_day, world("2026-10-31", placed, BERLIN)) == [3]


def test_daylight_saving_a_step_in_the_repeated_hour_comes_after_by_the_instant() -> None:
    """2:30 comes twice on 25 October: the visit at the second one follows the order at the first."""
    now = world("2026-10-31", [(1, "2026-10-25T02:30"), (2, "2026-10-25T02:30")], BERLIN)
    later = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1).astimezone(UTC)
    earlier = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN).astimezone(UTC)
    visits = _frame(
        {
            "customer_key": pa.array([1, 2]),
            "visited_at": pa.array([later, earlier], pa.timestamp("us", "UTC")),
            "visited_day": pa.array([date(2026, 10, 25)] * 2),
        }
    )
    now = World(**{**now.__dict__, "facts": {**now.facts, "visits": visits}})
    assert who({"sequence": [{"fact": "orders"}, {"fact": "visits"}], "within_days": 1}, now) == [1]


@pytest.mark.parametrize(("visit", "expected"), [("2026-06-17T00:00", [1]), ("2026-06-18T00:00", [])])
def test_the_second_step_comes_within_so_many_days(visit: str, expected: list[int]) -> None:
    steps = {"sequence": [{"fact": "orders"}, {"fact": "visits"}], "within_days": 7}
    assert who(steps, world("2026-06-30", [(1, "2026-06-10T23:59")], visits=[(1, visit)])) == expected


def test_a_row_does_not_follow_itself() -> None:
    again = {"sequence": [{"fact": "orders"}, {"fact": "orders"}], "within_days": 30}
    placed = [(1, "2026-06-01T12:00"), (2, "2026-06-01T12:00"), (2, "2026-06-01T12:00"), (3, "2026-06-01T12:00"),
              (3, "2026-06-01T12:01")]  # fmt: skip
    assert who(again, world("2026-06-30", placed)) == [3]


def test_who_may_still_come_has_not_stayed_away() -> None:
    stayed_away = {"not_followed": [{"fact": "orders"}, {"fact": "visits"}], "within_days": 7}
    placed = [(1, "2026-06-23T12:00"), (2, "2026-06-24T12:00"), (3, "2026-06-10T12:00")]
    visits = [(3, "2026-06-18T12:00")]
    assert who(stayed_away, world("2026-06-30", placed, visits=visits)) == [1, 3]
    assert who(stayed_away, world("2026-06-30", placed)) == [1, 3]
    assert (
        who(stayed_away, world("2026-06-30", placed, visits=[(1, "2026-06-30T23:59"), (3, "2026-06-17T00:00")])) == []
    )


def test_coming_back_is_after_so_many_whole_days_of_quiet() -> None:
    back = {"restarted": {"fact": "orders", "within_days": 7, "quiet_days": 30}}
    placed = [(1, "2026-05-30T12:00"), (1, "2026-06-30T12:00"), (2, "2026-05-31T12:00"), (2, "2026-06-30T12:00"),
              (3, "2026-06-30T12:00")]  # fmt: skip
    assert who(back, world("2026-06-30", placed)) == [1]
    assert who(back, world("2026-07-06", placed)) == [1]
    assert who(back, world("2026-07-07", placed)) == []


def test_before_the_calendar_begins_nobody_was_there_to_come_back() -> None:
    back = {"restarted": {"fact": "orders", "within_days": 7, "quiet_days": 30}}
    assert who(back, world("0001-01-03", [(1, "0001-01-03T12:00")], ZoneInfo("UTC"))) == []


def test_weeks_of_a_habit_end_on_as_of() -> None:
    weekly = {"regularly": {"fact": "orders", "every": "week", "at_least": 2, "of_last": 2}}
    placed = [(1, "2026-06-24T00:00"), (1, "2026-06-23T23:59"), (2, "2026-06-24T00:00"), (2, "2026-06-30T12:00"),
              (3, "2026-06-30T12:00"), (3, "2026-06-16T12:00")]  # fmt: skip
    assert who(weekly, world("2026-06-30", placed)) == [1]


def test_of_two_rows_at_one_instant_the_last_holds_the_larger_value() -> None:
    placed = [(1, "2026-06-01T12:00"), (1, "2026-06-01T12:00"), (2, "2026-06-01T12:00")]
    now = world("2026-06-30", placed, channel=pa.array(["app", "shop", None]))
    for aggregate, expected in (("first", "app"), ("last", "shop")):
        what = {"behaviour": {"fact": "orders", "aggregate": aggregate, "column": "channel"}}
        assert who({**what, "op": "=", "value": expected}, now) == [1]
        assert who({**what, "op": "missing"}, now) == [2, 3]


def test_an_average_is_of_the_rows_that_have_a_value() -> None:
    placed = [(1, "2026-06-01T12:00"), (1, "2026-06-02T12:00"), (1, "2026-06-03T12:00"), (2, "2026-06-01T12:00")]
    now = world("2026-06-30", placed, cost_minor=pa.array([1000, 1001, None, None], pa.int64()))
    leaf = rule(
        {"behaviour": {"fact": "orders", "aggregate": "average", "column": "cost"}, "op": "=", "value": "10.005"}
    )
    assert isinstance(leaf, Behaviour)
    assert sorted(rows_of(measured(leaf.behaviour, now))) == [(1, 10.005), (2, None)]
    assert sorted(row[0] for row in rows_of(customers_where(leaf, now, lazily))) == [1]


def test_a_list_of_many_values_is_as_good_as_a_short_one() -> None:
    placed = [(1, "2026-06-01T12:00"), (2, "2026-06-01T12:00"), (3, "2026-06-01T12:00")]
    now = world("2026-06-30", placed, store_id=pa.array(["s7", "s99", None]))
    stores = [f"s{number}" for number in range(40)]
    assert who(counted("=", 1, where={"attribute": "store_id", "op": "in", "value": stores}), now) == [1]
    assert who(counted("=", 1, where={"attribute": "store_id", "op": "not_in", "value": stores}), now) == [2]


def test_windows_before_the_calendar_begin_with_it() -> None:
    now = world("2026-06-30", [(1, "1926-07-01T12:00")])
    assert who(counted("=", 1, window={"last_days": 36_600, "ending_days_ago": 36_000}), now) == [1]
    assert now.as_of - timedelta(days=36_000) > date(1926, 7, 1)

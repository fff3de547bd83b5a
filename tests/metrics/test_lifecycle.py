from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest

from tests.metrics.conftest import MakeFrame
from tests.metrics.rows import by_key
from tierwise.definitions.lifecycle import Lifecycle, Silence, Stage
from tierwise.definitions.rule import Comparison
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.frame import columns_of
from tierwise.metrics.lifecycle import (
    Transition,
    lifecycle_columns,
    lifecycle_stages,
    lifecycle_windows,
    transition_matrix,
    transitions,
    with_silence,
)

AS_OF = date(2026, 6, 30)
NAMES = {"silent": "silent_days", "normal": "normal_silence_days", "overdue": "overdue_days"}


def when(attribute: str, op: Any, value: Any = None) -> Comparison:
    return Comparison(attribute=attribute, op=op, value=value)


DEALER = Lifecycle(
    silence=Silence(since="last_visit", fixed_days=180),
    population=when("visit_count", ">=", 1),
    stages=(
        Stage(name="lost", when=when("closed_on", "present")),
        Stage(name="lost_presumed", when=when("overdue_days", ">=", 365)),
        Stage(name="dormant_7m", when=when("overdue_days", ">=", 210)),
        Stage(name="dormant_5m", when=when("overdue_days", ">=", 150)),
        Stage(name="dormant_3m", when=when("overdue_days", ">=", 90)),
        Stage(name="maturity", when=when("visit_count", ">=", 4)),
        Stage(name="growth", when=when("visit_count", ">=", 2)),
        Stage(name="introduction"),
    ),
)


def naive(silent: int, visits: int, closed: bool) -> str:
    if closed:
        return "lost"
    for stage, least in (("lost_presumed", 365), ("dormant_7m", 210), ("dormant_5m", 150), ("dormant_3m", 90)):
        if silent - 180 >= least:
            return stage
    return "maturity" if visits >= 4 else "growth" if visits >= 2 else "introduction"


def test_every_edge_of_the_dealers_ladder_day_by_day(frame: MakeFrame) -> None:
    rows = [(silent, visits, closed) for silent in range(600) for visits in (1, 2, 4) for closed in (False, True)]
    table = frame(
        pa.table(
            {
                "customer_key": list(range(len(rows))),
                "last_visited_on": [AS_OF - timedelta(days=row[0]) for row in rows],
                "visit_count": [row[1] for row in rows],
                "closed_on": pa.array([AS_OF if row[2] else None for row in rows], pa.date32()),
            }
        )
    )
    found = by_key(lifecycle_stages(table, DEALER, as_of=AS_OF))
    assert [found[i]["lifecycle_stage"] for i in range(len(rows))] == [naive(*row) for row in rows]
    assert {row["lifecycle_stage"] for row in found.values()} == {stage.name for stage in DEALER.stages}
    assert {row["lifecycle_stage_reason"] for row in found.values()} == {None}


def test_who_is_not_in_the_population_has_a_reason_and_no_stage(frame: MakeFrame) -> None:
    table = frame(
        pa.table(
            {
                "customer_key": [1, 2],
                "last_visited_on": pa.array([AS_OF, None], pa.date32()),
                "visit_count": [1, 0],
                "closed_on": pa.array([None, None], pa.date32()),
            }
        )
    )
    found = by_key(lifecycle_stages(table, DEALER, as_of=AS_OF))
    assert (found[1]["lifecycle_stage"], found[1]["lifecycle_stage_reason"]) == ("introduction", None)
    assert (found[2]["lifecycle_stage"], found[2]["lifecycle_stage_reason"]) == (None, "not_in_population")
    assert (found[2]["silent_days"], found[2]["overdue_days"], found[2]["normal_silence_days"]) == (None, None, 180)


@pytest.mark.parametrize(
    ("normal", "mean", "days", "category", "expected"),
    [
        pytest.param("fixed", 10.0, 9, 30.0, 180, id="fixed, whatever is known"),
        pytest.param("own", 50.25, 3, 30.0, 101, id="own, twice, half up"),
        pytest.param("own", 50.25, 2, 30.0, 180, id="one interval is not enough"),
        pytest.param("own", None, 1, None, 180, id="none known"),
        pytest.param("category", 50.25, 3, 30.0, 101, id="own before the category's"),
        pytest.param("category", 50.25, 2, 30.0, 60, id="the category's"),
        pytest.param("category", None, 1, None, 180, id="not even a category"),
        pytest.param("own", 2.0, 9, None, 30, id="at least"),
        pytest.param("own", 900.0, 9, None, 400, id="at most"),
    ],
)
def test_how_long_a_silence_is_normal(
    frame: MakeFrame, normal: Any, mean: float | None, days: int, category: float | None, expected: int
) -> None:
    table = frame(
        pa.table(
            {
                "customer_key": [1],
                "last_ordered_on": [AS_OF - timedelta(days=200)],
                "mean_interval_days": pa.array([mean], pa.float64()),
                "order_days_count": [days],
                "category_interval_days": pa.array([category], pa.float64()),
            }
        )
    )
    found = by_key(with_silence(table, Silence(normal=normal, at_most_days=400), as_of=AS_OF, names=NAMES))[1]
    assert (found["silent_days"], found["normal_silence_days"], found["overdue_days"]) == (
        200,
        expected,
        200 - expected,
    )


def test_any_contact_breaks_the_silence_and_visits_say_what_is_normal(frame: MakeFrame) -> None:
    table = frame(
        pa.table(
            {
                "customer_key": [1, 2, 3],
                "last_ordered_on": pa.array([AS_OF, AS_OF - timedelta(days=9), None], pa.date32()),
                "last_visited_on": pa.array([AS_OF - timedelta(days=5), None, None], pa.date32()),
                "mean_interval_days": [40.0, 40.0, None],
                "order_days_count": [5, 5, 0],
                "mean_visit_interval_days": [100.0, None, None],
                "visit_days_count": [3, 0, 0],
            }
        )
    )
    silence = Silence(since="last_contact", normal="own", times=1)
    found = by_key(with_silence(table, silence, as_of=AS_OF, names=NAMES))
    assert [found[i]["silent_days"] for i in (1, 2, 3)] == [0, 9, None]
    assert [found[i]["normal_silence_days"] for i in (1, 2, 3)] == [100, 40, 180]


def test_a_silence_that_no_fact_tells_is_refused(frame: MakeFrame) -> None:
    with pytest.raises(TierwiseError, match="last_visited_on"):
        with_silence(frame(customer_key=[1]), Silence(since="last_visit"), as_of=AS_OF, names=NAMES)


def test_a_rule_over_what_is_not_there_is_refused_with_the_nearest_name(frame: MakeFrame) -> None:
    table = frame(customer_key=[1], last_ordered_on=[AS_OF], frequency_count=[1])
    ladder = Lifecycle(stages=(Stage(name="one", when=when("frequency_cuont", ">=", 1)), Stage(name="rest")))
    with pytest.raises(TierwiseError, match='did you mean "frequency_count"'):
        lifecycle_stages(table, ladder, as_of=AS_OF)


def test_money_in_rules_is_in_currency_units(frame: MakeFrame) -> None:
    table = frame(customer_key=[1, 2], last_ordered_on=[AS_OF] * 2, monetary_amount_minor=[99_999, 100_000])
    ladder = Lifecycle(stages=(Stage(name="vip", when=when("monetary_amount", ">=", 1000)), Stage(name="rest")))
    found = by_key(lifecycle_stages(table, ladder, as_of=AS_OF))
    assert [found[i]["lifecycle_stage"] for i in (1, 2)] == ["rest", "vip"]


def test_two_ladders_stand_side_by_side(frame: MakeFrame) -> None:
    table = frame(customer_key=[1], last_ordered_on=[AS_OF], frequency_count_60d=[3])
    stages = (Stage(name="hot", when=when("frequency_count_60d", ">", 2)), Stage(name="cold"))
    first, second = Lifecycle(stages=stages), Lifecycle(name="sixty", stages=stages, silence=Silence(fixed_days=40))
    result = lifecycle_stages(lifecycle_stages(table, first, as_of=AS_OF), second, as_of=AS_OF)
    assert lifecycle_windows(first) == (60,)
    assert set(lifecycle_columns(second).values()) <= set(columns_of(result))
    found = by_key(result)[1]
    assert (found["normal_silence_days"], found["sixty_normal_silence_days"]) == (180, 40)
    assert (found["lifecycle_stage"], found["sixty"]) == ("hot", "hot")


def test_moves_between_two_dates(frame: MakeFrame) -> None:
    before = frame(customer_key=[1, 2, 3, 4], stage=["new", "new", "vip", None])
    after = frame(customer_key=[1, 2, 4, 5], stage=["vip", "new", "new", "new"])
    moves = transitions(before, after, "stage")
    assert set(moves) == {
        Transition("new", "vip", 1), Transition("new", "new", 1),
        Transition("vip", None, 1), Transition(None, "new", 2),
    }  # fmt: skip
    assert moves[0] == Transition(None, "new", 2)
    matrix = transition_matrix(moves, ["new", "vip"])
    assert matrix == {
        "new": {"new": 1, "vip": 1, None: 0},
        "vip": {"new": 0, "vip": 0, None: 1},
        None: {"new": 2, "vip": 0, None: 0},
    }

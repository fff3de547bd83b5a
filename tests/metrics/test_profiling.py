from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import duckdb
import narwhals as nw
import pyarrow as pa
import pytest

from tests.metrics.conftest import MakeFrame
from tests.metrics.rows import by_key, rows_of
from tierwise.definitions.profiling import Profiling
from tierwise.definitions.rule import All, Behaviour, InSegment
from tierwise.metrics.frame import Frame
from tierwise.metrics.profiling import Profiled, profiled, profiling_rules
from tierwise.metrics.rules import rule_schema
from tierwise.stats.information import corrected_information_bits


@pytest.fixture
def keep(connection: duckdb.DuckDBPyConnection) -> Callable[[str, Frame], Frame]:
    def execute(name: str, frame: Frame) -> Frame:
        connection.execute(f'DROP TABLE IF EXISTS "{name}"')
        nw.to_native(frame).create(name)
        return nw.from_native(connection.table(name))

    return execute


def asking(questions: list[dict[str, Any]], **more: Any) -> Profiling:
    told = [{"name": q["attribute"], "ask": {"zh": "？"}, **q} for q in questions]
    base = {"targets": [{"attribute": "tier"}], "at_least_answers": 10, "questions": told}
    return Profiling.model_validate({**base, **more})


@pytest.fixture
def people(frame: MakeFrame) -> Frame:
    """80 with a home (30 + 10 rich and poor in a flat, 10 + 30 in a house), as the hand-worked table of the bits has
    it; 8 without. `gender` tells nothing, `income` splits the tiers at 50, `email` is one's own."""
    homes = ["flat"] * 40 + ["house"] * 40 + [None] * 8
    tiers = ["rich"] * 30 + ["poor"] * 10 + ["rich"] * 10 + ["poor"] * 30 + ["rich", "poor"] * 4
    return frame(
        pa.table(
            {
                "customer_key": pa.array(range(88), pa.int64()),
                "tier": tiers,
                "home": pa.array(homes, pa.string()),
                "gender": ["unknown" if i % 4 == 3 else ("female", "male")[i % 2] for i in range(88)],
                "income": pa.array(
                    [None if i % 11 == 5 else (70 + i if tier == "rich" else i % 40) for i, tier in enumerate(tiers)],
                    pa.int64(),
                ),
                "born_on": pa.array(
                    [date(1980, 1, 1) + timedelta(days=400 * (i % 20)) for i in range(88)], pa.date32()
                ),
                "email": [f"u{i}@example.com" for i in range(88)],
            }
        )
    )


def run(people: Frame, definition: Profiling, keep: Any, **sets: Frame) -> Profiled:
    named = {name.replace("__", " "): found for name, found in sets.items()}
    return profiled(people, definition, rule_schema(people), named, keep)


def test_the_worth_is_the_hand_worked_one(people: Frame, keep: Any) -> None:
    found = run(people, asking([{"attribute": "home"}]), keep)
    (worth,) = found.worths
    assert (worth.basis, worth.answers) == ("measured", 80)
    assert worth.bits == pytest.approx(0.179705, abs=1e-6)
    assert worth.by_target == (("tier", worth.bits),)


def test_numbers_are_cut_and_names_of_ones_own_tell_nothing(people: Frame, keep: Any) -> None:
    found = run(people, asking([{"attribute": "income"}, {"attribute": "email"}, {"attribute": "born_on"}]), keep)
    income, email, born = found.worths
    assert income.bits is not None
    assert income.bits > 0.6
    assert email.bits == 0.0
    assert born.bits is not None
    assert born.bits < 0.1


def test_a_value_that_means_unknown_is_missing(people: Frame, keep: Any) -> None:
    found = run(people, asking([{"attribute": "gender", "unknown": ["unknown"]}, {"attribute": "home"}]), keep)
    rows = {row["question"]: row for row in rows_of(found.questions, "place")}
    assert (rows["gender"]["answers"], rows["gender"]["missing"]) == (66, 22)
    columns = by_key(found.columns)
    assert [columns[key]["profiling_completeness"] for key in (0, 3, 80, 83)] == [1.0, 0.5, 0.5, 0.0]
    # The gender tells nothing, so nobody is asked for it.
    assert [columns[key]["profiling_next"] for key in (0, 3, 80, 83)] == [None, None, "home", "home"]
    assert (rows["home"]["missing"], rows["home"]["askable"], rows["home"]["asked_next"]) == (8, 8, 8)
    assert rows["gender"]["asked_next"] == 0


def test_the_next_question_is_worth_the_most_after_its_cost_among_those_that_may_be_asked(
    people: Frame, keep: Any, frame: MakeFrame
) -> None:
    questions = [
        {"attribute": "home"},
        {"attribute": "pets", "assumed_bits": 0.5, "cost_bits": 0.3},
        {"attribute": "dear", "assumed_bits": 0.5, "cost_bits": 0.6},
        {"attribute": "hobby"},
    ]
    who = {"attribute": "gender", "op": "=", "value": "female"}
    questions[1]["who"] = who
    found = run(people, asking(questions), keep, ask__pets=frame(customer_key=[80, 82]))
    columns = by_key(found.columns)
    # pets: 0.5 - 0.3 = 0.2 comes before home: 0.18 - 0.01; who may not be asked about pets is asked about the home.
    assert [columns[key]["profiling_next"] for key in (80, 81, 82, 0)] == ["pets", "home", "pets", None]
    rows = {row["question"]: row for row in rows_of(found.questions, "place")}
    assert (rows["pets"]["bits"], rows["pets"]["basis"], rows["pets"]["missing"]) == (0.5, "assumed", 88)
    assert (rows["pets"]["askable"], rows["pets"]["asked_next"], rows["home"]["asked_next"]) == (2, 2, 6)
    assert (rows["hobby"]["bits"], rows["hobby"]["basis"], rows["dear"]["asked_next"]) == (None, None, 0)


def test_worths_add_up_over_targets_by_weight_and_a_segment_is_one(people: Frame, keep: Any, frame: MakeFrame) -> None:
    inside = frame(customer_key=[*range(20), *range(80, 84)])
    targets = [{"attribute": "tier", "weight": 2}, {"segment": "loyal"}]
    found = run(people, asking([{"attribute": "home"}], targets=targets), keep, segment__loyal=inside)
    (worth,) = found.worths
    of_segment = corrected_information_bits([[20, 20], [0, 40]])
    assert [name for name, _ in worth.by_target] == ["tier", "segment loyal"]
    assert worth.by_target[1][1] == pytest.approx(of_segment)
    assert worth.bits == pytest.approx(2 * worth.by_target[0][1] + of_segment)


def test_outside_the_population_nobody_is_profiled(people: Frame, keep: Any, frame: MakeFrame) -> None:
    everyone = {"attribute": "tier", "op": "present"}
    found = run(
        people, asking([{"attribute": "home"}], population=everyone), keep, population=frame(customer_key=[0, 80])
    )
    assert set(by_key(found.columns)) == {0, 80}
    (row,) = rows_of(found.questions, "place")
    assert (row["answers"], row["missing"], row["basis"]) == (1, 1, None)


def test_a_decile_keeps_its_ten_kinds(frame: MakeFrame, keep: Any) -> None:
    """Ten tiers of 20, told exactly by ten answers: log2(10) bits, less 81 / (400 ln 2)."""
    people = frame(
        customer_key=list(range(200)), tier=[i % 10 for i in range(200)], home=[f"h{i % 10}" for i in range(200)]
    )
    (worth,) = run(people, asking([{"attribute": "home"}]), keep).worths
    assert worth.bits == pytest.approx(3.321928 - 81 / (400 * 0.6931472), abs=1e-5)


def test_rules_say_who_may_be_asked_consent_included() -> None:
    definition = asking(
        [
            {"attribute": "home"},
            {"attribute": "income", "sensitivity": "property"},
            {
                "attribute": "born_on",
                "consent": "profiling",
                "who": {"attribute": "tier", "op": "=", "value": "rich"},
            },
        ],
        population={"attribute": "tier", "op": "present"},
        targets=[{"segment": "loyal"}],
    )
    rules = profiling_rules(definition)
    assert list(rules) == ["population", "ask income", "ask born_on", "segment loyal"]
    assert rules["segment loyal"] == InSegment(segment="loyal")
    income, born = rules["ask income"], rules["ask born_on"]
    assert isinstance(income, Behaviour)
    assert income.behaviour.fact == "consents"
    assert income.value is True
    assert isinstance(born, All)
    assert len(born.all) == 2

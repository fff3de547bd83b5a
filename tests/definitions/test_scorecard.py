"""What a scorecard and its grades may say, and that each fault is refused with what to do."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from tierwise.definitions.scorecard import Grades, Indicator, Scorecard, attributes_of_scorecard

BANDS = [{"points": 0}, {"from": 10, "points": 5}]
CHOICES = [{"values": ["a"], "points": 1}, {"points": 0}]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"attribute": "trait.收入"}, "give the indicator a name of its own"),
        ({"attribute": "x", "normalise": "bands"}, "bands belong to"),
        ({"attribute": "x", "bands": BANDS}, "bands belong to"),
        ({"attribute": "x", "low": 1}, "low and high belong to"),
        ({"attribute": "x", "normalise": "min_max", "low": 2, "high": 2}, "low must be below high"),
        ({"attribute": "x", "normalise": "bands", "bands": BANDS, "direction": "lower"}, "by their points"),
        ({"attribute": "x", "normalise": "bands", "bands": BANDS[:1]}, "at least two"),
        ({"attribute": "x", "normalise": "bands", "bands": [BANDS[1], BANDS[1]]}, "first band must have no `from`"),
        ({"attribute": "x", "normalise": "bands", "bands": [*BANDS, BANDS[1]]}, "must ascend"),
        ({"attribute": "x", "normalise": "bands", "bands": [BANDS[0], BANDS[0]]}, "must ascend"),
        ({"attribute": "x", "normalise": "bands", "bands": [BANDS[1], *CHOICES]}, "`from` or `values`"),
        ({"attribute": "x", "normalise": "bands", "bands": CHOICES[::-1]}, "takes all others"),
        ({"attribute": "x", "normalise": "bands", "bands": [CHOICES[0], *CHOICES]}, "in more than one band: a"),
        ({"attribute": "x", "normalise": "bands", "bands": [{"values": [True, "a"], "points": 1}, CHOICES[1]]}, "both"),
        ({"attribute": "x", "missing_points": "0.125"}, "decimal places"),
        ({"attribute": "x", "weight": -1}, "greater than or equal to 0"),
    ],
)  # fmt: skip
def test_an_indicator_that_cannot_be(body: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Indicator.model_validate(body)


@pytest.mark.parametrize(
    ("indicators", "weights", "said"),
    [
        ([{"attribute": "x"}, {"attribute": "x"}], {}, "named twice: x"),
        ([{"attribute": "x", "weight": 1}], {"method": "entropy"}, "no weight to set: x"),
        ([{"attribute": "x", "weight": 0}], {}, "every weight is 0"),
        ([{"attribute": "x"}], {"method": "ahp"}, "pairwise"),
        ([{"attribute": "x"}], {"pairwise": [[1]]}, "pairwise"),
        ([{"attribute": "x"}, {"attribute": "y"}], {"method": "ahp", "pairwise": [[1]]}, "2 rows of 2"),
        ([{"attribute": "x"}], {"method": "ahp", "pairwise": [["0"]]}, "is no judgement"),
        ([{"attribute": "x"}], {"method": "ahp", "pairwise": [["1/0"]]}, "is no judgement"),
        ([{"attribute": "x"}], {"method": "ahp", "pairwise": [[True]]}, "is a number"),
        ([{"attribute": "x"}], {"accept_inconsistent": True}, "accept_inconsistent"),
        ([{"attribute": "x", "missing_points": -1}], {"method": "entropy"}, "at least 0: x"),
        ([], {}, "at least 1"),
    ],
)
def test_a_scorecard_that_cannot_be(indicators: list[Any], weights: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Scorecard.model_validate({"indicators": indicators, "weights": weights})


@pytest.mark.parametrize(
    ("grades", "said"),
    [
        ([{"name": "a"}], "at least 2"),
        ([{"name": "a", "at_least": 5}, {"name": "a"}], "named twice: a"),
        ([{"name": "a", "at_least": 5}, {"name": "b", "at_least": 1}], 'the last, "b", must have neither'),
        ([{"name": "a"}, {"name": "b"}], "every one but the last"),
        ([{"name": "a", "at_least": 5}, {"name": "b", "share": "0.5"}, {"name": "c"}], "every one but the last"),
        ([{"name": "a", "at_least": 5, "share": "0.1"}, {"name": "b"}], "every one but the last"),
        ([{"name": "a", "at_least": 5}, {"name": "b", "at_least": 5}, {"name": "c"}], "must fall"),
        ([{"name": "a", "share": "0.5"}, {"name": "b", "share": "0.5"}, {"name": "c"}], "leave nobody"),
    ],
)
def test_grades_that_cannot_be(grades: list[Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        TypeAdapter(Grades).validate_python(grades)


def test_judgements_are_exact_fractions() -> None:
    weights = Scorecard.model_validate(
        {
            "indicators": [{"attribute": "x"}, {"attribute": "y"}],
            "weights": {"method": "ahp", "pairwise": [[1, "1 / 3"], [3, 0.5]]},
        }
    ).weights
    assert weights.judgements() == [[1, Fraction(1, 3)], [3, Fraction(1, 2)]]


def test_what_it_reads_and_where() -> None:
    body = {"indicators": [{"attribute": "x", "weight": "0.25"}, {"attribute": "trait.收入", "name": "income"}]}
    scorecard = Scorecard.model_validate(body)
    assert list(attributes_of_scorecard(scorecard, ("scorecard",))) == [
        (("scorecard", "indicators", 0, "attribute"), "x"),
        (("scorecard", "indicators", 1, "attribute"), "trait.收入"),
    ]
    assert [indicator.line for indicator in scorecard.indicators] == ["x", "income"]
    assert scorecard.indicators[0].weight == Decimal("0.25")

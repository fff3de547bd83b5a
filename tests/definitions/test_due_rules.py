"""Due rules: what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tierwise.definitions.due_rules import DueRules


def _rules(*rules: dict[str, Any]) -> DueRules:
    return DueRules.model_validate({"kind": "due_rules", "rules": list(rules)})


def test_a_model_may_have_rules_of_its_own_beside_those_of_all_others() -> None:
    found = _rules({"kind": "service", "days": 182, "km": 5000}, {"kind": "service", "model": "X6", "km": 10_000})
    assert found.name == "vehicle_due"
    assert [(rule.model, rule.days, rule.km) for rule in found.rules] == [(None, 182, 5000), ("X6", None, 10_000)]


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ([], "at least 1"),
        ([{"kind": "service"}], "days, km or both"),
        ([{"kind": "insurance", "days": 365, "km": 5000}], "insurance is not due by km"),
        ([{"kind": "service", "days": 0}], "greater than or equal to 1"),
        ([{"kind": "service", "model": "X6", "days": 9}] * 2, "given twice: service of X6"),
        ([{"kind": "service", "days": 9}, {"kind": "service", "km": 9}], "service of all models"),
    ],
)
def test_what_is_refused(rules: list[dict[str, Any]], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        _rules(*rules)

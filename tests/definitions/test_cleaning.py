from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tierwise.definitions.cleaning import Cleaning
from tierwise.definitions.read import read_definitions
from tierwise.definitions.write import to_yaml
from tierwise.kernel.errors import TierwiseError

RULE: dict[str, Any] = {
    "name": "staff",
    "title": {"zh": "员工", "en": "Staff"},
    "when": {"attribute": "email", "op": "ends_with", "value": "@shop.example"},
}


def test_it_comes_back_from_yaml_as_it_was(tmp_path: Path) -> None:
    when = {"behaviour": {"fact": "orders", "aggregate": "count", "window": {"last_days": 7}}, "op": ">", "value": 70}
    definition = Cleaning.model_validate({"rules": [RULE, {**RULE, "name": "burst", "when": when}]})
    path = tmp_path / "cleaning.yaml"
    path.write_text(to_yaml([definition]), "utf-8")
    assert read_definitions([path]) == [definition]


def test_the_reason_falls_back_to_the_title() -> None:
    (rule,) = Cleaning.model_validate({"rules": [RULE]}).rules
    assert (rule.reason_in("zh"), rule.reason_in("en")) == ("员工", "Staff")
    (told,) = Cleaning.model_validate({"rules": [{**RULE, "reason": {"zh": "员工邮箱"}}]}).rules
    assert (told.reason_in("zh"), told.reason_in("en")) == ("员工邮箱", "员工邮箱")


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ([], "rules"),
        ([RULE, RULE], "rules named twice: staff"),
        ([{**RULE, "title": {}}], "nobody could tell why"),
        ([{**RULE, "retention_days": -1}], "retention_days"),
    ],
)
def test_what_cannot_be_is_refused(rules: list[dict[str, Any]], said: str, tmp_path: Path) -> None:
    import json

    path = tmp_path / "cleaning.json"
    path.write_text(json.dumps({"kind": "cleaning", "name": "cleaning", "rules": rules}), "utf-8")
    with pytest.raises(TierwiseError) as caught:
        read_definitions([path])
    assert said in str(caught.value)

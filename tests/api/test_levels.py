"""The endpoints of levels and matrices hand their arguments to one use case each."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import httpx
import pytest

from tierwise.api import examples
from tierwise.api.routes.levels import LEVEL, MATRIX, NEAR_MISSES
from tierwise.app import levels, matrices


@pytest.mark.parametrize(
    ("path", "module", "use_case", "view", "given"),
    [
        ("levels/customer_level", levels, "level", LEVEL, {"within": Decimal(5), "run_id": None}),
        ("levels/customer_level?within=2.5&run=3", levels, "level", LEVEL, {"within": Decimal("2.5"), "run_id": 3}),
        (
            "levels/customer_level/near-misses?limit=7",
            levels,
            "near_miss",
            NEAR_MISSES,
            {"within": Decimal(5), "limit": 7, "run_id": None},
        ),
        ("matrices/pay_by_visits", matrices, "matrix", MATRIX, {"run_id": None}),
    ],
)
def test_each_answers_with_its_view(
    client: httpx.Client,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    module: Any,
    use_case: str,
    view: Any,
    given: dict[str, Any],
) -> None:
    calls: list[tuple[Any, dict[str, Any]]] = []

    def stand_in(ctx: Any, name: str, **kwargs: Any) -> Any:
        calls.append((name, kwargs))
        return view

    monkeypatch.setattr(module, use_case, stand_in)
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == 200
    assert answer.json() == examples.ok(view)[200]["content"]["application/json"]["example"]
    assert calls == [(path.split("?")[0].split("/")[1], given)]


def test_distances_that_cannot_be_are_refused(client: httpx.Client) -> None:
    for within in ("0", "-1", "few"):
        answer = client.get(f"/api/v1/levels/x?within={within}")
        assert answer.status_code == 422

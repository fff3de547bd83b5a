"""What the CLV benchmark makes of what it measured, and the customers that it makes up."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.clv import histories, sentence, verdict

OURS: dict[str, Any] = {"seconds": 1.0, "log_likelihood": -1000.0, "params": {}, "problems": []}


def test_the_target_is_speed_at_a_likelihood_no_lower() -> None:
    for theirs, passed in (
        ({"seconds": 25.0, "log_likelihood": -1000.5}, True),
        ({"seconds": 25.0, "log_likelihood": -1000.0 + 1e-10}, True),
        ({"seconds": 19.0, "log_likelihood": -1000.5}, False),
        ({"seconds": 25.0, "log_likelihood": -999.9}, False),
        (None, None),
    ):
        found = verdict(10, "bg_nbd", [OURS], theirs)
        assert found["passed"] is passed
        assert "bg_nbd of 10 customers" in sentence(found)


def test_made_up_customers_are_whole_days() -> None:
    orders, last, age = histories(500, 3)
    assert np.allclose(age * 7, np.round(age * 7))
    assert np.allclose(last * 7, np.round(last * 7))
    assert ((orders > 0) == (last > 0)).all()
    assert (last <= age).all()

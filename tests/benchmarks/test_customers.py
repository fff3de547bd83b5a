"""The made-up home of the benchmark of one customer answers, from the copies as from the lake."""

from pathlib import Path

import pytest

from benchmarks import customers
from tierwise.bootstrap import Settings, stop_embedded


def test_customers_of_the_made_home_are_found_by_every_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(customers, "TIMES", 20)
    home = customers.home_of(tmp_path, 2_000, 2_000)
    try:
        assert customers.make_copies(home) > 0
        assert customers.copies_gb(home) > 0
        customers.check(home, 2_000)
        assert customers.first_question(home, 2_000) > 0
        assert customers.served(home, 2_000, 10) > 0
    finally:
        stop_embedded(Settings(home))

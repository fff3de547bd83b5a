import pytest

from tierwise.kernel.collect import Problems
from tierwise.kernel.errors import Problem, TierwiseError, did_you_mean, unknown_name


def test_an_error_is_told_with_place_and_remedy() -> None:
    error = TierwiseError("bad_date", "no date", place="orders.csv:7", remedy="write it as 2026-06-30")
    assert str(error) == "orders.csv:7: no date (write it as 2026-06-30)"
    assert (error.code, error.message, error.place) == ("bad_date", "no date", "orders.csv:7")


def test_all_problems_are_raised_together_in_order() -> None:
    found = Problems()
    found.raise_if_any()
    found.add("a", "first")
    found.put(Problem("b", "second", "x:2"))
    with pytest.raises(TierwiseError) as caught:
        found.raise_if_any()
    assert [problem.code for problem in caught.value.problems] == ["a", "b"]
    assert str(caught.value) == "first\nx:2: second"


@pytest.mark.parametrize(
    ("word", "meant"),
    [("recency_day", "recency_days"), ("Monetary_Amount", "monetary_amount"), ("zzz", None)],
)
def test_did_you_mean(word: str, meant: str | None) -> None:
    hint = did_you_mean(word, ["recency_days", "monetary_amount"])
    assert hint == (f'did you mean "{meant}"?' if meant else None)


def test_an_unknown_name_far_from_all_lists_what_is_known_shortened() -> None:
    problem = unknown_name("fact table", "q", [f"table_{i:02}" for i in range(20)])
    assert problem.code == "unknown_fact_table"
    assert problem.remedy is not None
    assert problem.remedy.endswith("table_11, … and 8 more")

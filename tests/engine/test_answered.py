"""What counts of files and of answers: the SQL of a run and the function of one customer say the same."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from tierwise.engine.answered import settled
from tierwise.engine.sources import register_people

FIRST = date(2026, 6, 1)

VALUES = st.sampled_from(["soft", "firm", "medium"])

ANSWERS = st.lists(
    st.tuples(
        st.integers(1, 3),
        VALUES,
        st.none() | VALUES,
        st.sampled_from(["newest", "answer", "file"]),
        st.integers(0, 5),
    ),
    max_size=8,
)


def people(
    filed: dict[int, str | None], answers: list[tuple[int, str, str | None, str, int]], as_of: date
) -> dict[int, str | None]:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE customer_map (source_key BIGINT, customer_key BIGINT)")
        connection.execute(
            "CREATE TABLE customers (customer_key BIGINT, registered_at TIMESTAMPTZ, closed_at TIMESTAMPTZ, "
            "birth_on DATE, known_from DATE, gender VARCHAR, trait_bed VARCHAR)"
        )
        for key, value in filed.items():
            connection.execute("INSERT INTO customers (customer_key, trait_bed) VALUES (?, ?)", [key, value])
        connection.execute(
            "CREATE TABLE answers (answer_id BIGINT, customer_key BIGINT, field VARCHAR, value VARCHAR, found VARCHAR, "
            "precedence VARCHAR, answered_day DATE)"
        )
        for number, (key, value, found, precedence, days) in enumerate(answers):
            row = [number, key, "trait_bed", value, found, precedence, FIRST + timedelta(days=days)]
            connection.execute("INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        register_people(connection, "Asia/Shanghai", {"trait_bed": "text", "trait_new": "integer"}, as_of)
        rows = connection.execute("SELECT customer_key, trait_bed, trait_new FROM people").fetchall()
    assert all(new is None for _, _, new in rows)
    return {key: value for key, value, _ in rows}


@settings(deadline=None, max_examples=40)
@given(
    filed=st.fixed_dictionaries({key: st.none() | VALUES for key in (1, 2, 3)}), answers=ANSWERS, days=st.integers(0, 5)
)
def test_the_newest_answer_by_the_day_counts_beside_the_file(
    filed: dict[int, str | None], answers: list[tuple[int, str, str | None, str, int]], days: int
) -> None:
    seen = [each for each in answers if each[4] <= days]
    newest = {key: (value, found, precedence) for key, value, found, precedence, _ in seen}
    expected = {key: settled(told, *newest[key]) if key in newest else told for key, told in filed.items()}
    assert people(filed, answers, FIRST + timedelta(days=days)) == expected


def test_which_of_both_counts() -> None:
    """As a file says nothing, the same as when it was asked, or something else since."""
    for filed, found, precedence, counts in (
        (None, None, "newest", "firm"),
        (None, "soft", "file", "firm"),
        ("soft", "soft", "newest", "firm"),
        ("soft", None, "newest", "soft"),
        ("medium", "soft", "newest", "medium"),
        ("medium", "soft", "answer", "firm"),
        ("soft", "soft", "file", "soft"),
    ):
        assert settled(filed, "firm", found, precedence) == counts, (filed, found, precedence)

"""Questions over a run: worth, who may be asked, and the next question of one customer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tierwise.app import profiling
from tierwise.app.context import Context
from tierwise.app.principal import Principal
from tierwise.app.reading import reading
from tierwise.definitions.profiling import Profiling
from tierwise.definitions.write import body_of
from tierwise.kernel.errors import TierwiseError
from tierwise.state import definitions as stored

NAME = "asking"

DEFINITION = Profiling.model_validate(
    {
        "name": NAME,
        "title": {"zh": "资料"},
        "targets": [{"attribute": "lifecycle_stage"}, {"attribute": "spend_decile", "weight": 0.5}],
        "at_least_answers": 50,
        "population": {"attribute": "registered_on", "op": "present"},
        "questions": [
            {
                "name": "birthday",
                "attribute": "age_years",
                "ask": {"zh": "您的生日？", "en": "When is your birthday?"},
                "reward": {"benefit": {"zh": "生日礼", "en": "A birthday gift"}},
                "assumed_bits": 0.01,
                "cost_bits": 0,
            },
            {
                "name": "pets",
                "attribute": "trait.pets",
                "ask": {"zh": "您家里养宠物吗？"},
                "answers": [{"value": "cat", "text": {"zh": "猫"}}, {"value": "none"}],
                "assumed_bits": 0.3,
                "reward": {"points": 20},
                "who": {
                    "behaviour": {"fact": "orders", "aggregate": "ever", "window": {"last_days": 180}}
                },
            },
            {
                "name": "store",
                "attribute": "trait.store_id",
                "ask": {"zh": "常去哪家店？"},
                "cost_bits": 5,
            },
            {"name": "income", "attribute": "trait.income", "ask": {"zh": "收入？"}, "assumed_bits": 1,
             "sensitivity": "property"},
        ],
    }
)  # fmt: skip


@pytest.fixture(scope="module")
def house(retailer: Context) -> Iterator[Context]:
    with retailer.database.begin() as state:
        stored.put(state, "profiling", NAME, body_of(DEFINITION), author="me", note="")
    yield retailer
    with retailer.database.begin() as state:
        stored.put(state, "profiling", NAME, None, author="me", note="")


def test_questions_come_the_most_worth_first_with_whom_they_are_for(house: Context) -> None:
    view = profiling.profiling(house, NAME)
    rows = {row.question: row for row in view.questions}
    with reading(house) as reader:
        known, lately = reader.connection.execute(
            "SELECT count(age_years), count(*) FILTER (frequency_count > 0 AND recency_days < 180) FROM profile"
        ).fetchall()[0]
        customers = reader.connection.execute("SELECT count(registered_on) FROM profile").fetchall()[0][0]
    assert view.customers == customers
    assert (rows["birthday"].answers, rows["birthday"].missing) == (known, customers - known)
    assert (rows["birthday"].basis, set(rows["birthday"].by_target)) == (
        "measured",
        {"lifecycle_stage", "spend_decile"},
    )
    assert rows["birthday"].bits == pytest.approx(
        rows["birthday"].by_target["lifecycle_stage"] + 0.5 * rows["birthday"].by_target["spend_decile"]
    )
    assert (rows["pets"].answers, rows["pets"].missing, rows["pets"].basis) == (0, customers, "assumed")
    assert rows["pets"].askable == rows["pets"].asked_next == lately > 0
    assert (rows["store"].worth_asking, rows["store"].asked_next) == (False, 0)
    # Nobody has consented to be asked about property.
    assert (rows["income"].askable, rows["income"].needs_consent) == (0, "property")
    assert view.questions[0].question == "income"
    assert 0 < (view.mean_completeness or 0) < 1
    assert rows["birthday"].reward == profiling.RewardView(None, profiling.Label("生日礼", "A birthday gift"))


def test_one_customer_is_asked_the_next_question_with_its_answers(house: Context) -> None:
    with reading(house) as reader:
        (buyer,), (other,) = (
            reader.connection.execute(
                f"SELECT min(customer_id) FROM profile WHERE registered_on IS NOT NULL AND {rule}"
            ).fetchall()[0]
            for rule in ("recency_days < 180", "frequency_count = 0")
        )
    one = profiling.next_question(house, buyer, NAME)
    states = {row.question: row.state for row in one.questions}
    assert (one.next, states["pets"], states["income"]) == ("pets", "next", "not_allowed")
    pets = next(row for row in one.questions if row.question == "pets")
    assert [answer.value for answer in pets.answers] == ["cat", "none"]
    assert pets.answers[1].text.zh == "none"
    assert {row.question: row.state for row in profiling.next_question(house, other, NAME).questions}[
        "pets"
    ] == "not_allowed"


def test_what_cannot_be_is_refused(house: Context) -> None:
    reader = house.acting_as(Principal("test:reader", "reader"))
    assert profiling.profiling(reader, NAME).customers > 0
    for act, code in (
        (lambda: profiling.next_question(reader, "U1", NAME), "not_allowed"),
        (lambda: profiling.next_question(house, "nobody", NAME), "unknown_customer"),
        (lambda: profiling.profiling(house, "asked"), "unknown_profiling"),
    ):
        with pytest.raises(TierwiseError) as caught:
            act()
        assert caught.value.code == code


def test_one_customer_is_told_what_all_are_told_at_once(house: Context) -> None:
    with profiling._asked(house, NAME, None) as (definition, ground, found):
        columns = found.columns.to_native()
        rows = columns.order("customer_key").limit(200).fetchall()
        ids = dict(ground.connection.execute("SELECT customer_key, customer_id FROM profile").fetchall())
    told = {ids[key]: (share, following) for key, share, following in rows[::20]}
    assert len({following for _, following in told.values()}) > 1
    for who, expected in told.items():
        one = profiling.next_question(house, who, definition.name)
        assert (one.completeness, one.next) == expected

"""What customers say when asked counts at once, in rules, in runs of its day, beside files; and can be taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from sqlalchemy import select

from tests.app.test_applying import defined
from tierwise.app import answering, answers, customers, explaining, importing, memberships, profiling, running
from tierwise.app.among import among_address, among_in
from tierwise.app.answer_numbers import Asked, answer_numbers
from tierwise.app.context import Context
from tierwise.app.defining import change_definitions, initialise
from tierwise.app.keeping_up import keep_up_once
from tierwise.app.principal import Principal
from tierwise.app.searching import search
from tierwise.kernel import clock
from tierwise.kernel.errors import TierwiseError
from tierwise.state.schema import audit

TODAY = date(2026, 7, 2)
NOW = datetime(2026, 7, 2, 4, tzinfo=UTC)

LI = Principal("person:li", "advisor", (), "E1")
BOSS = Principal("person:boss", "operator", ("S2",))

PETS = {
    "name": "pets",
    "attribute": "trait.pets",
    "ask": {"zh": "养宠物吗？", "en": "Do you keep a pet?"},
    "answers": [
        {"value": "cat", "text": {"zh": "猫", "en": "A cat"}},
        {"value": "dog", "text": {"zh": "狗", "en": "A dog"}},
        {"value": "none", "text": {"zh": "不养", "en": "None"}},
    ],
    "unknown": ["asked"],
    "reward": {"points": 20},
    "assumed_bits": 0.5,
}

DEFINITIONS = (
    {
        "kind": "profiling",
        "name": "profiling",
        "targets": [{"attribute": "lifecycle_stage"}],
        "at_least_answers": 5000,
        "questions": [
            PETS,
            {"name": "mattress", "attribute": "trait.mattress", "ask": {"zh": "软硬？"}, "assumed_bits": 0.4,
             "answers": [{"value": "soft", "text": {"zh": "软"}}, {"value": "firm"}], "again_days": 10},
            {"name": "birthday", "attribute": "age_years", "ask": {"zh": "生日？"}, "assumed_bits": 0.3},
            {"name": "gender", "attribute": "gender", "ask": {"zh": "称呼？"}, "unknown": ["unknown"],
             "assumed_bits": 0.2},
            {"name": "rooms", "attribute": "trait.rooms", "ask": {"zh": "几间房？"}, "type": "integer",
             "assumed_bits": 0.1, "precedence": "answer"},
            {"name": "town", "attribute": "trait.town", "ask": {"zh": "哪个城市？"}, "assumed_bits": 0.05,
             "precedence": "file"},
            {"name": "loan", "attribute": "trait.loan_ends", "ask": {"zh": "贷款到期？"}, "type": "date",
             "assumed_bits": 0.04, "sensitivity": "credit"},
            {"name": "spends", "attribute": "monetary_amount", "ask": {"zh": "花多少？"}, "assumed_bits": 0.03},
        ],
    },
    {"kind": "segment", "name": "cats", "when": {"attribute": "pets", "op": "=", "value": "cat"}},
)  # fmt: skip

HEADS = ("customer_id", "store_id", "advisor_id", "registered_at", "pets", "town", "rooms")

Import = Callable[..., None]


@pytest.fixture(scope="module")
def today() -> Iterator[list[date]]:
    """What day it is, for whoever asks the clock."""
    day = [TODAY]
    ticks = iter(range(10_000_000))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(clock, "today", lambda zone: day[0])
        patched.setattr(
            "tierwise.state.answers.utc_now", lambda: NOW + (day[0] - TODAY) + timedelta(milliseconds=next(ticks))
        )
        patched.setattr(clock, "utc_now", lambda: NOW + (day[0] - TODAY) + timedelta(milliseconds=next(ticks)))
        yield day


@pytest.fixture(scope="module")
def bring(empty: Context) -> Import:
    """Import a file of customers, a row each."""
    numbers = iter(range(10_000))

    def bring(*rows: dict[str, str]) -> None:
        heads = [head for head in HEADS if any(head in row for row in rows)]
        path = empty.home / f"customers{next(numbers)}.csv"
        lines = [",".join(row.get(head, "") for head in heads) for row in rows]
        path.write_text("\n".join([",".join(heads), *lines]) + "\n", "utf-8")
        assert importing.import_path(empty, path, "customers", None).quarantined == 0

    return bring


@pytest.fixture(scope="module")
def house(empty: Context, today: list[date], bring: Import) -> Context:
    """Forty customers of two stores and two advisors, run as of yesterday."""
    initialise(empty, "general")
    rows = [
        {
            "customer_id": f"C{n}",
            "store_id": f"S{n % 2 + 1}",
            "advisor_id": f"E{n % 2 + 1}",
            "registered_at": "2026-01-05",
        }
        for n in range(40)
    ]
    rows[0] |= {"pets": "dog", "town": "苏州", "rooms": "3"}
    bring(*rows)
    change_definitions(empty, defined(*DEFINITIONS), note="")
    running.run(empty, TODAY - timedelta(days=1))
    return empty


def shown(ctx: Context, who: str, trait: str) -> object:
    return customers.customer(ctx, who).traits.get(trait)


def states(ctx: Context, who: str) -> dict[str, str]:
    return {each.question: each.state for each in profiling.next_question(ctx, who).questions}


def test_an_answer_is_seen_at_once_and_the_next_question_comes(house: Context) -> None:
    before = profiling.next_question(house, "C2")
    assert before.next == "pets"
    act = answering.answer(house, "C2", "pets", "猫", how="call")
    assert (act.outcome, act.value, act.stored, act.author) == ("answered", "cat", True, house.principal.name)
    assert not answering.answer(house, "C2", "pets", "cat").stored, "a second tap says nothing new"
    after = profiling.next_question(house, "C2")
    assert (after.next, states(house, "C2")["pets"]) == ("mattress", "known")
    assert (after.completeness or 0) == pytest.approx((before.completeness or 0) + 1 / 8)
    assert shown(house, "C2", "pets") == "cat"
    (word,) = answers.customer_words(house, "C2").words
    assert (word.standing, word.how, word.attribute, word.text) == (
        "counts",
        "call",
        "trait.pets",
        answers.Label("猫", "A cat"),
    )
    with house.database.connect() as state:
        told = state.execute(select(audit).where(audit.c.action == "answer.add")).all()
    assert len(told) == 1
    assert "cat" not in str(told[0].detail)


def test_rules_read_it_live_and_runs_from_its_day_on(house: Context, today: list[date]) -> None:
    answering.answer(house, "C4", "pets", "cat")
    done = keep_up_once(house)
    assert done is not None
    assert done.changes >= 1
    held = memberships.of_customer(house, "C4")
    assert "cats" in {each.name for each in held.memberships}
    assert held.live is not None
    assert keep_up_once(house) is None
    # As of the day before, nobody has said anything, and live customers stay as they are.
    running.run(house, TODAY - timedelta(days=1))
    assert shown(house, "C4", "pets") == "cat"
    assert customers.customer(house, "C4", running.run(house, TODAY - timedelta(days=2)).id).traits["pets"] is None
    today[0] = TODAY + timedelta(days=1)
    of_its_day = running.run(house, TODAY).id
    full = running.run(house, TODAY, full=True).id
    today[0] = TODAY
    for run_id in (of_its_day, full):
        assert customers.customer(house, "C4", run_id).traits["pets"] == "cat"
    found = explaining.explain(house, "C4", "trait.pets")
    assert (found.value, found.clauses[0].says) == ("cat", f"as the customer said on {TODAY}")
    answering.take_back(house, "C4", "pets", reason="misheard")
    assert shown(house, "C4", "pets") is None
    keep_up_once(house)
    assert "cats" not in {each.name for each in memberships.of_customer(house, "C4").memberships}


def test_beside_an_old_run_nobody_is_told_by_an_answer(house: Context, today: list[date]) -> None:
    """They would be as of today, and all others as of long ago."""
    today[0] = TODAY + timedelta(days=30)
    answering.answer(house, "C36", "pets", "cat")
    assert keep_up_once(house) is None
    assert shown(house, "C36", "pets") == "cat"
    answering.take_back(house, "C36", "pets", reason="for the next test")
    today[0] = TODAY


def test_new_traits_days_and_numbers_are_of_their_type(house: Context) -> None:
    answering.answer(house, "C6", "mattress", "软")
    answering.answer(house, "C6", "birthday", "1990/6/30")
    answering.answer(house, "C6", "gender", "女")
    answering.answer(house, "C6", "rooms", "4")
    view = customers.customer(house, "C6")
    assert (view.traits["mattress"], view.traits["rooms"]) == ("soft", 4)
    assert (view.base["birth_on"], view.base["gender"]) == (date(1990, 6, 30), "female")
    keep_up_once(house)
    run_id = running.run(house, TODAY).id
    seen = customers.customer(house, "C6", run_id)
    assert (seen.traits["mattress"], seen.traits["rooms"]) == ("soft", 4)
    values = {each.name: each.value for each in seen.attributes}
    assert (values["age_years"], values["gender"]) == (36, "female")
    # A run of a day on which nobody had said so has the columns, empty.
    assert customers.customer(house, "C6", running.run(house, date(2026, 6, 1)).id).traits["mattress"] is None
    running.run(house, TODAY - timedelta(days=1))


@pytest.mark.parametrize(
    ("question", "value", "code"),
    [
        ("pets", "fish", "unknown_value"),
        ("pets", " ", "missing_value"),
        ("petz", "cat", "unknown_question"),
        ("rooms", "many", "bad_value"),
        ("birthday", "2026-12-01", "bad_value"),
        ("birthday", "1890-01-01", "bad_value"),
        ("birthday", "30 June", "bad_value"),
        ("gender", "?", "unknown_value"),
        ("spends", "100", "not_answerable"),
        ("loan", "2027-01-01", "no_consent"),
    ],
)
def test_what_is_no_answer_is_refused_and_nothing_is_stored(
    house: Context, question: str, value: str, code: str
) -> None:
    with pytest.raises(TierwiseError) as refused:
        answering.answer(house, "C8", question, value)
    assert (refused.value.code, answers.customer_words(house, "C8").words) == (code, ())


def test_what_means_not_known_is_no_answer(house: Context) -> None:
    changed = {
        **DEFINITIONS[0],
        "questions": [{**PETS, "answers": [], "unknown": ["asked"]}, *DEFINITIONS[0]["questions"][1:]],
    }  # type: ignore[index]
    change_definitions(house, defined(changed), note="")
    try:
        with pytest.raises(TierwiseError, match="not known"):
            answering.answer(house, "C8", "pets", "asked")
    finally:
        change_definitions(house, defined(DEFINITIONS[0]), note="")


def test_a_sensitive_question_takes_a_consent(house: Context, today: list[date]) -> None:
    path = house.home / "consents.csv"
    path.write_text("consent_id,customer_id,stated_at,purpose,granted\nN1,C8,2026-07-01,credit,true\n", "utf-8")
    assert importing.import_path(house, path, "consents", None).quarantined == 0
    assert answering.answer(house, "C8", "loan", "2027-01-01").stored
    with pytest.raises(TierwiseError, match="consent"):
        answering.decline(house, "C10", "loan")


def test_who_did_not_want_to_say_is_not_asked_again_for_a_while(house: Context, today: list[date]) -> None:
    act = answering.decline(house, "C12", "mattress", how="visit")
    assert act.again_on == TODAY + timedelta(days=10)
    assert states(house, "C12")["mattress"] == "declined"
    before = {row.question: row for row in profiling.profiling(house).questions}["mattress"]
    today[0] = TODAY + timedelta(days=9)
    assert states(house, "C12")["mattress"] == "declined"
    today[0] = TODAY + timedelta(days=10)
    assert states(house, "C12")["mattress"] != "declined"
    after = {row.question: row for row in profiling.profiling(house).questions}["mattress"]
    today[0] = TODAY
    assert after.askable == before.askable + 1
    keys = {who: search_key(house, who) for who in ("C12", "C14")}
    answering.answer(house, "C12", "pets", "none")
    told = profiling.next_of_many(house, list(keys.values()))
    assert told[keys["C14"]].zh == "养宠物吗？"
    assert told[keys["C12"]].zh == "生日？", "pets is answered, mattress not to be asked"
    answering.answer(house, "C12", "mattress", "soft")
    assert states(house, "C12")["mattress"] == "known", "whoever says it after all has said it"


def search_key(ctx: Context, who: str) -> int:
    from tierwise.app.known_customers import Customers

    with Customers(ctx) as known:
        return known.one(who)[1]


def test_a_file_that_says_something_new_is_newer_unless_the_question_says_otherwise(
    house: Context, bring: Import, today: list[date]
) -> None:
    for question, value in (("pets", "cat"), ("rooms", "5"), ("town", "上海")):
        answering.answer(house, "C0", question, value)
    words = {each.question: each.standing for each in answers.customer_words(house, "C0").words}
    assert words == {"pets": "counts", "rooms": "counts", "town": "overtaken"}
    bring({"customer_id": "C0", "pets": "dog", "rooms": "3", "town": "苏州"})
    assert shown(house, "C0", "pets") == "cat", "the file of every week says what it always said"
    bring({"customer_id": "C0", "pets": "none", "rooms": "2", "town": "南京"})
    view = customers.customer(house, "C0").traits
    assert (view["pets"], view["rooms"], view["town"]) == ("none", 5, "南京")
    words = {each.question: each.standing for each in answers.customer_words(house, "C0").words}
    assert words == {"pets": "overtaken", "rooms": "counts", "town": "overtaken"}
    run_id = running.run(house, TODAY).id
    by_run = customers.customer(house, "C0", run_id).traits
    assert (by_run["pets"], by_run["rooms"], by_run["town"]) == ("none", 5, "南京")
    running.run(house, TODAY - timedelta(days=1))


def test_taking_back_needs_a_reason_and_brings_the_word_before_back(house: Context) -> None:
    answering.answer(house, "C16", "pets", "dog")
    answering.answer(house, "C16", "pets", "cat")
    with pytest.raises(TierwiseError, match="reason"):
        answering.take_back(house, "C16", "pets", reason=" ")
    assert answering.take_back(house, "C16", "pets", reason="misheard").again == "dog"
    assert shown(house, "C16", "pets") == "dog"
    answering.take_back(house, "C16", "pets", reason="not this customer")
    assert shown(house, "C16", "pets") is None
    assert states(house, "C16")["pets"] == "next"
    with pytest.raises(TierwiseError) as nothing:
        answering.take_back(house, "C16", "pets", reason="again")
    assert nothing.value.code == "nothing_said"
    words = answers.customer_words(house, "C16").words
    assert [(each.value, each.standing, each.undo_reason) for each in words] == [
        ("cat", "undone", "misheard"),
        ("dog", "undone", "not this customer"),
    ]


def test_advisors_ask_their_own_customers_alone(house: Context) -> None:
    li = house.acting_as(LI)
    assert answering.answer(li, "C18", "pets", "dog").author == "person:li"
    for act in (
        lambda: answering.answer(li, "C19", "pets", "dog"),
        lambda: answering.decline(li, "C19", "pets"),
        lambda: answering.take_back(li, "C19", "pets", reason="x"),
        lambda: answers.customer_words(li, "C19"),
    ):
        with pytest.raises(TierwiseError) as refused:
            act()
        assert refused.value.code == "unknown_customer"


def test_each_number_of_who_was_asked_opens_its_customers(house: Context) -> None:
    li = house.acting_as(LI)
    answering.decline(li, "C20", "pets")
    answering.answer(li, "C20", "mattress", "firm")
    answering.answer(li, "C22", "pets", "none")
    answering.take_back(li, "C22", "pets", reason="misheard")
    mine = answer_numbers(li)
    assert (mine.own, [row.name for row in mine.people]) == (True, ["person:li"])
    every = answer_numbers(house)
    assert not every.own
    by_person = {row.name: row for row in every.people}
    assert by_person["person:li"] == mine.people[0]
    assert (mine.people[0].asked, mine.people[0].answered, mine.people[0].declined, mine.people[0].undone) == (
        2,
        2,
        1,
        1,
    )
    for rows, which in ((every.questions, "question"), (every.people, "author")):
        for row in rows:
            for counted in ("asked", "answered", "declined", "undone"):
                among = Asked(every.from_day, every.to_day, counted, **{which: row.name})
                assert among_in(among_address(among)) == among
                found = search(house, among=among)
                assert found.of == getattr(row, counted), (row.name, counted)
    assert {row.name for row in every.questions} >= {"profiling pets", "profiling mattress"}
    assert answer_numbers(house, date(2026, 1, 1), date(2026, 1, 2)).questions == ()
    with pytest.raises(TierwiseError, match="before"):
        answer_numbers(house, date(2026, 2, 1), date(2026, 1, 2))


VALUES = ("cat", "dog", "none")

DEEDS = ("answer", "answer", "import", "undo", "decline", "nothing")


class Model:
    """One customer's column, told naively: what files say last, and the words that stand with what they found."""

    def __init__(self) -> None:
        self.filed: str | None = None
        self.words: list[tuple[str | None, str | None]] = []

    def act(self, deed: str, value: str | None) -> None:
        match deed:
            case "import":
                self.filed = value
            case "answer" | "decline":
                word = (value, self.filed)
                if not self.words or self.words[-1] != word:
                    self.words.append(word)
            case "undo" if self.words:
                self.words.pop()

    @property
    def now(self) -> str | None:
        said = [word for word in self.words if word[0] is not None]
        if not said or (self.filed is not None and self.filed != said[-1][1]):
            return self.filed
        return said[-1][0]


@pytest.mark.parametrize("seed", [7, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(20, 30))])
def test_whatever_is_said_taken_back_and_imported_what_is_shown_is_what_counts(
    house: Context, bring: Import, seed: int
) -> None:
    """Ten customers, five steps; at once after each step, and by a run at the end."""
    chance = Random(seed)
    people = {f"H{seed}-{n}": Model() for n in range(10)}
    bring(*({"customer_id": who, "registered_at": "2026-01-05"} for who in people))
    for _ in range(5):
        imported = []
        for who, model in people.items():
            deed, value = chance.choice(DEEDS), chance.choice(VALUES)
            had_words = bool(model.words)
            model.act(deed, value if deed in ("answer", "import") else None)
            if deed == "import":
                imported.append({"customer_id": who, "pets": value})
            elif deed == "answer":
                answering.answer(house, who, "pets", value)
            elif deed == "decline":
                answering.decline(house, who, "pets")
            elif deed == "undo" and had_words:
                answering.take_back(house, who, "pets", reason="so it goes")
        if imported:
            bring(*imported)
        for who, model in people.items():
            if model.words:
                assert answers.customer_words(house, who).now == {"trait.pets": model.now}, who
    run_id = running.run(house, TODAY).id
    for who, model in people.items():
        assert customers.customer(house, who, run_id).traits["pets"] == model.now, who
        if model.words:
            assert (states(house, who)["pets"] == "known") is (model.now is not None), who

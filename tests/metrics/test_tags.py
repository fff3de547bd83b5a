"""Each source of tags, and the hand-worked edges of each."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest

from tests.metrics.conftest import MakeFrame
from tests.metrics.rows import by_key, rows_of
from tierwise.definitions.tag import Tag
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.fact_columns import fact_schemas
from tierwise.metrics.rules import RuleColumn, rule_schema
from tierwise.metrics.tags import (
    TAG_COLUMNS,
    all_tags,
    implied_tags,
    imported_tags,
    manual_tags,
    model_tags,
    rule_names,
    rule_tags,
)

AS_OF = date(2026, 6, 30)
IS_THERE = {"attribute": "x", "op": "present"}


def tag(name: str, **body: Any) -> Tag:
    return Tag.model_validate({"name": name, "class": "static", **body})


def test_a_yes_tag_and_the_first_of_several_values(frame: MakeFrame) -> None:
    yes = tag("yes", when=IS_THERE)
    level = tag("level", values=[{"value": "high", "when": IS_THERE}, {"value": "low", "when": IS_THERE}])
    assert list(rule_names(yes)) == ["tag yes"]
    assert list(rule_names(level)) == ["tag level 0", "tag level 1"]
    sets = {
        "tag yes": frame(customer_key=[3]),
        "tag level 0": frame(customer_key=[1]),
        "tag level 1": frame(customer_key=[1, 2]),
    }
    found = all_tags(rule_tags([yes, level], sets, as_of=AS_OF))
    assert found is not None
    assert tuple(found.collect_schema().names()) == TAG_COLUMNS
    assert [(r["customer_key"], r["tag"], r["value"]) for r in rows_of(found, "tag", "customer_key")] == [
        (1, "level", "high"),
        (2, "level", "low"),
        (3, "yes", None),
    ]
    assert {(r["since"], r["confirmed_on"], r["source"]) for r in rows_of(found, "tag")} == {(None, AS_OF, "rule")}


def test_all_lacking_sets_are_told(frame: MakeFrame) -> None:
    with pytest.raises(TierwiseError) as caught:
        rule_tags([tag("a", when=IS_THERE), tag("b", when=IS_THERE)], {}, as_of=AS_OF)
    assert [problem.code for problem in caught.value.problems] == ["missing_rule_set"] * 2


def test_traits_become_yes_tags_and_texts(frame: MakeFrame) -> None:
    people = frame(
        customer_key=[1, 2, 3, 4],
        t_1=[True, False, None, True],
        t_2=[" 上海 ", "", None, "  "],
        t_3=[7, None, 0, -1],
        t_4=[date(2026, 1, 2), None, None, None],
    )
    schema = {
        "trait.有孩子": RuleColumn("t_1", "boolean"),
        "城市": RuleColumn("t_2", "text"),
        "car_years": RuleColumn("t_3", "integer"),
        "car_day": RuleColumn("t_4", "date"),
    }
    tags = [tag(f"t{i}", imported={"trait": t}) for i, t in enumerate(("有孩子", "城市", "car_years", "car_day"))]
    found = all_tags(imported_tags(people, tags, schema, as_of=AS_OF))
    assert found is not None
    assert [(r["tag"], r["customer_key"], r["value"]) for r in rows_of(found, "tag", "customer_key")] == [
        ("t0", 1, None),
        ("t0", 4, None),
        ("t1", 1, "上海"),
        ("t2", 1, "7"),
        ("t2", 3, "0"),
        ("t2", 4, "-1"),
        ("t3", 1, "2026-01-02"),
    ]


def test_an_unknown_trait_is_told_with_the_nearest(frame: MakeFrame) -> None:
    people = frame(customer_key=[1])
    schema = {"trait.城市": RuleColumn("t_2", "text")}
    with pytest.raises(TierwiseError) as caught:
        imported_tags(people, [tag("t", imported={"trait": "trait城市"})], schema, as_of=AS_OF)
    assert (caught.value.code, caught.value.place) == ("unknown_trait", 'tag "t"')


NAPPIES = tag(
    "stage",
    implied=[
        {
            "bought": {"attribute": "size", "op": "=", "value": "NB"},
            "stages": [{"value": "newborn", "until_days": 60}, {"value": "baby", "until_days": 365}],
        },
        {
            "bought": {"attribute": "size", "op": "=", "value": "M"},
            "stages": [{"value": "baby", "until_days": 240}, {"value": "toddler"}],
        },
        {"bought": {"attribute": "size", "op": "=", "value": "desk"}, "value": "pupil"},
    ],
)


def implied(frame: MakeFrame, *bought: tuple[int, int, str]) -> dict[Any, dict[str, Any]]:
    """bought: customer, days ago, size."""
    lines = frame(
        customer_key=[who for who, _, _ in bought],
        ordered_day=[AS_OF - timedelta(days=ago) for _, ago, _ in bought],
        size=[size for _, _, size in bought],
    )
    (found,) = implied_tags(lines, [NAPPIES], rule_schema(lines), as_of=AS_OF)
    return by_key(found)


def test_what_a_purchase_says_moves_on_with_the_days(frame: MakeFrame) -> None:
    ages = [0, 60, 61, 365, 366]
    found = implied(frame, *((age + 1, age, "NB") for age in ages))
    assert [found.get(age + 1, {}).get("value") for age in ages] == ["newborn", "newborn", "baby", "baby", None]
    bought = {age: AS_OF - timedelta(days=age) for age in ages}
    assert found[1]["since"] == found[1]["confirmed_on"] == AS_OF
    assert found[61]["since"] == bought[60]
    assert found[62]["since"] == AS_OF
    assert (found[366]["since"], found[366]["confirmed_on"]) == (bought[365] + timedelta(days=61), bought[365])


def test_the_newest_purchase_speaks_and_on_one_day_the_first_rule(frame: MakeFrame) -> None:
    found = implied(
        frame,
        (1, 10, "M"), (1, 100, "NB"),   # moved on to the larger size
        (2, 10, "NB"), (2, 100, "M"),   # a second child
        (3, 5, "M"), (3, 5, "NB"),
        (4, 5, "desk"), (4, 5, "M"),
        (5, 9_000, "desk"),
        (6, 9_000, "M"),
        (7, 1, "other"),
        (8, -1, "NB"),                  # after as_of
        (9, -1, "NB"), (9, 90, "NB"),
    )  # fmt: skip
    values = {who: row["value"] for who, row in found.items()}
    assert values == {1: "baby", 2: "newborn", 3: "newborn", 4: "baby", 5: "pupil", 6: "toddler", 9: "baby"}


def test_lines_of_nobody_say_nothing(frame: MakeFrame) -> None:
    lines = frame(pa.table({"customer_key": pa.array([None], pa.int64()), "ordered_day": [AS_OF], "size": ["NB"]}))
    (found,) = implied_tags(lines, [NAPPIES], rule_schema(lines), as_of=AS_OF)
    assert rows_of(found, "customer_key") == []


def test_lines_of_which_no_file_told_the_product_say_nothing(frame: MakeFrame) -> None:
    """A business that imports order lines and no products: what its rules ask of the product is not known."""
    lines = frame(customer_key=[1], ordered_day=[AS_OF], product_id=["p"])
    cat = tag(
        "cat", implied=[{"bought": {"attribute": "category", "op": "starts_with", "value": "宠物"}, "value": "cat"}]
    )
    (found,) = implied_tags(lines, [cat], fact_schemas()["order_lines"], as_of=AS_OF)
    assert rows_of(found, "customer_key") == []


TEMPER = tag("temper", manual={"values": [{"value": "calm"}, {"value": "angry"}]})
FRIEND = tag("friend", manual={})


def acts(frame: MakeFrame, *rows: dict[str, Any]) -> Any:
    """Verdicts: who, tag, value, days ago; `removed` and `expires` in days ago."""

    def ago(days: int | None) -> date | None:
        return None if days is None else AS_OF - timedelta(days=days)

    return frame(
        pa.table(
            {
                "act_id": pa.array(range(1, len(rows) + 1), pa.int64()),
                "customer_key": pa.array([row["who"] for row in rows], pa.int64()),
                "tag": pa.array([row.get("tag", "temper") for row in rows], pa.string()),
                "value": pa.array([row.get("value") for row in rows], pa.string()),
                "rater": pa.array([row.get("rater", "li") for row in rows], pa.string()),
                "given_day": pa.array([ago(row.get("ago", 0)) for row in rows], pa.date32()),
                "expires_on": pa.array([ago(row.get("expires")) for row in rows], pa.date32()),
                "removed_day": pa.array([ago(row.get("removed")) for row in rows], pa.date32()),
            }
        )
    )


def test_the_newest_verdict_that_stands_counts(frame: MakeFrame) -> None:
    rows = acts(
        frame,
        {"who": 1, "value": "calm", "ago": 9},
        {"who": 1, "value": "angry", "ago": 3, "rater": "wang"},
        {"who": 2, "value": "calm", "ago": 9},
        {"who": 2, "value": "angry", "ago": 3, "removed": 1, "rater": "wang"},
        {"who": 3, "value": "calm", "removed": 0},
        {"who": 4, "value": "calm", "removed": -1},
        {"who": 5, "value": "calm", "expires": 0},          # its last day
        {"who": 6, "value": "calm", "expires": 1},
        {"who": 7, "value": "calm", "ago": -1},             # given the day after, before the run
        {"who": 8, "value": "furious"},                     # no value of the definition
        {"who": 9, "value": None},                          # yes, where a value is asked
        {"who": 9, "tag": "friend"},
        {"who": 10, "tag": "friend", "value": "very"},
        {"who": 11, "tag": "gone"},
    )  # fmt: skip
    (found,) = manual_tags(rows, [TEMPER, FRIEND, tag("other", when=IS_THERE)], as_of=AS_OF)
    assert [(r["customer_key"], r["tag"], r["value"], r["source"]) for r in rows_of(found, "customer_key")] == [
        (1, "temper", "angry", "manual"),
        (2, "temper", "calm", "manual"),
        (5, "temper", "calm", "manual"),
        (7, "temper", "calm", "manual"),
        (9, "friend", None, "manual"),
    ]
    since = {r["customer_key"]: r["since"] for r in rows_of(found, "customer_key")}
    assert (since[1], since[2], since[7]) == (AS_OF - timedelta(days=3), AS_OF - timedelta(days=9), AS_OF)
    assert manual_tags(rows, [tag("other", when=IS_THERE)], as_of=AS_OF) == []


def test_no_tag_at_all_is_no_frame() -> None:
    assert all_tags([]) is None


def test_a_models_tag_is_its_newest_score_by_the_day(frame: MakeFrame) -> None:
    high = tag("promising", model={"learns": "buys", "within_days": 30, "bands": [
        {"value": "high", "top_share": 0.1}, {"value": "middle", "top_share": 0.3},
    ]})  # fmt: skip
    yes = tag("alike", model={"segment": "vip", "top_share": 0.3})
    old, new, later = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)
    rows = [
        (1, "promising", old, 100_000), (1, "promising", new, 100_001), (2, "promising", new, 300_000),
        (3, "promising", new, 300_001), (4, "promising", new, 1), (4, "promising", new, 900_000),
        (5, "promising", old, 1), (3, "promising", later, 1), (1, "alike", old, 300_000), (None, "alike", old, 1),
    ]  # fmt: skip
    names = ("customer_key", "tag", "scored_day", "rank_millionths")
    scores = frame(**{name: [row[at] for row in rows] for at, name in enumerate(names)})
    first, second = model_tags(scores, [high, yes, tag("slot", model={})], as_of=date(2026, 2, 28))
    found = {key: (row["value"], row["since"], row["confirmed_on"]) for key, row in by_key(first).items()}
    assert found == {1: ("middle", None, new), 2: ("middle", None, new), 4: ("high", None, new)}
    (only,) = rows_of(second, "customer_key")
    assert tuple(only[name] for name in TAG_COLUMNS) == (1, "alike", None, None, old, "model")

"""Claims of tags on past days: a true one is kept, an empty one dropped, nothing later is seen, the guard heeds it."""

from __future__ import annotations

import random
import threading
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from tierwise.app import defining, importing, running, tag_catalogue, tag_guard, tag_validation, tags
from tierwise.app.context import Context
from tierwise.app.defining import current_definitions
from tierwise.app.principal import Principal
from tierwise.definitions.read import parse_rule
from tierwise.engine.lake import Lake
from tierwise.kernel.errors import TierwiseError
from tierwise.state import audit, jobs

CLAIM = "outcome: {behaviour: {fact: orders, aggregate: count}, op: '>=', value: 1}, within_days: 60"

DEFINITIONS = f"""
kind: tag
name: regular
class: behaviour
title: {{zh: 常客}}
when: {{attribute: frequency_count_90d, op: ">=", value: 2}}
hypothesis: {{{CLAIM}, at_least_lift: 1.5}}
---
kind: tag
name: lucky
class: static
values:
  - {{value: heads, when: {{attribute: coin, op: "=", value: 1}}}}
  - {{value: tails, when: {{attribute: coin, op: "=", value: 0}}}}
hypothesis: {{{CLAIM}, values: [heads], who: {{attribute: frequency_count, op: ">=", value: 1}}}}
---
kind: tag
name: liked
class: static
manual: {{rubric: says so}}
hypothesis: {{{CLAIM}}}
---
kind: tag
name: plain
class: static
when: {{attribute: frequency_count, op: ">=", value: 1}}
---
kind: segment
name: regulars
when: {{attribute: regular, op: "=", value: true}}
"""

LAST = date(2026, 6, 30)


def orders_and_customers() -> tuple[str, str]:
    """120 who order every three weeks or so, and 200 who order about twice a year."""
    draw = random.Random(8)
    orders, customers = ["order_id,customer_id,ordered_at,gross"], ["customer_id,name,coin"]
    for customer in range(320):
        customers.append(f"C{customer:03},x,{draw.randrange(2)}")
        gap = 20 if customer < 120 else 180
        day = date(2025, 6, 1) + timedelta(days=draw.randrange(gap))
        while day <= LAST:
            orders.append(f"{len(orders)},C{customer:03},{day},{draw.randrange(20, 200)}")
            day += timedelta(days=1 + int(draw.expovariate(1 / gap)))
    return "\n".join(orders) + "\n", "\n".join(customers) + "\n"


@pytest.fixture(scope="module")
def house(database: Engine, tmp_path_factory: pytest.TempPathFactory) -> Context:
    home = tmp_path_factory.mktemp("home")
    house = Context(home, Principal("chief", "administrator"), database, Lake(home / "lake"))
    defining.initialise(house, "general")
    orders, customers = orders_and_customers()
    for name, text in (("tags.yaml", DEFINITIONS), ("orders.csv", orders), ("customers.csv", customers)):
        (home / name).write_text(text, "utf-8")
    for table in ("customers", "orders"):
        assert importing.import_path(house, home / f"{table}.csv", table, None).quarantined == 0
    defining.apply_definitions(house, [home / "tags.yaml"])
    for customer in range(40):
        tags.add_tag(house, f"C{customer:03}", "liked", reason="buys a lot")  # known now, and not on the past days
    running.run(house, LAST)
    return house


@pytest.fixture(scope="module")
def tested(house: Context) -> dict[str, tag_validation.TagValidation]:
    return {each.tag: each for each in tag_validation.validate_tags(house)}


def test_before_any_test_nothing_may_drive(house: Context) -> None:
    assert tag_validation.validations(house) == ()
    never = tag_guard.may_drive_campaign(house, "regular")
    assert (never.allowed, never.life, never.reason) == (False, "hypothesis", "never_tested")
    plain = tag_guard.may_drive_campaign(house, "plain")
    assert (plain.allowed, plain.life, plain.reason) == (False, "draft", "no_hypothesis")
    with pytest.raises(TierwiseError, match="unknown tag"):
        tag_guard.may_drive_campaign(house, "regulr")


def test_a_true_claim_is_kept(tested: dict[str, tag_validation.TagValidation]) -> None:
    regular = tested["regular"]
    assert (regular.verdict, regular.reason, regular.current, regular.as_of) == ("keep", None, True, LAST)
    assert [day.day for day in regular.days] == [LAST - timedelta(days=60 * back) for back in (4, 3, 2, 1)]
    for day in regular.days:
        assert day.lift is not None
        assert day.low is not None
        assert day.p_adjusted is not None
        assert day.p_value is not None
        assert day.low > 1
        assert day.p_adjusted >= day.p_value
        assert [row.value for row in day.gain] == ["yes", None]
        assert sum(row.customers for row in day.gain) == day.customers
        assert day.gain[-1].cumulative_share == 1
        assert day.precision == pytest.approx(day.hits / day.tagged)
    assert regular.cautions == ()


def test_an_empty_claim_is_dropped_with_its_caution(tested: dict[str, tag_validation.TagValidation]) -> None:
    coin = tested["lucky"]
    assert coin.verdict == "drop"
    assert coin.cautions == ('tag lucky reads "coin" of the customers file: as it is today',)
    assert {row.value: row.claimed for row in coin.days[0].gain} == {"heads": True, "tails": False}


def test_what_was_said_by_hand_since_is_not_seen(tested: dict[str, tag_validation.TagValidation]) -> None:
    liked = tested["liked"]
    assert (liked.verdict, liked.reason) == (None, "too_few_dates")
    assert [(day.tagged, day.reason) for day in liked.days] == [(0, "too_few_tagged")] * 4


def test_figures_are_those_that_sql_counts(house: Context, tested: dict[str, tag_validation.TagValidation]) -> None:
    """The first day of `regular`, counted from the file alone, of those who had ordered by then."""
    connection = house.duckdb()
    connection.execute(
        f"CREATE TABLE o AS SELECT customer_id, ordered_at::DATE AS d FROM read_csv('{house.home / 'orders.csv'}')"
    )
    first = tested["regular"].days[0]
    row = connection.execute(
        "SELECT count(*), count(*) FILTER (many >= 2), count(*) FILTER (later), count(*) FILTER (many >= 2 AND later) "
        "FROM (SELECT customer_id, count(*) FILTER (d > $1::DATE - 90 AND d <= $1) AS many, "
        "count(*) FILTER (d > $1 AND d <= $2) > 0 AS later FROM o GROUP BY 1 HAVING min(d) <= $1)",
        [first.day, first.until],
    ).fetchone()
    connection.close()
    assert row is not None
    assert (first.customers, first.tagged, first.outcomes, first.hits) == row


def test_the_guard_heeds_the_verdict(house: Context, tested: dict[str, tag_validation.TagValidation]) -> None:
    assert tag_guard.may_drive_campaign(house, "regular").allowed
    coin = tag_guard.may_drive_campaign(house, "lucky")
    assert (coin.allowed, coin.reason, coin.verdict) == (False, "dropped", "drop")
    assert tag_guard.may_drive_campaign(house, "liked").reason == "cannot_tell"
    by_regulars = parse_rule({"segment": "regulars"})
    both = parse_rule({"all": [{"segment": "regulars"}, {"attribute": "lucky", "op": "=", "value": "heads"}]})
    plain = parse_rule({"attribute": "plain", "op": "=", "value": True})
    with house.database.connect() as connection:
        (told,) = tag_guard.require_tags_may_drive(connection, by_regulars)
        assert (told.tag, told.allowed) == ("regular", True)
        assert len(tag_guard.require_tags_may_drive(connection, plain, descriptive=True)) == 1
        for rule, words in ((both, "its claim failed"), (plain, "claims nothing")):
            with pytest.raises(TierwiseError, match=words) as raised:
                tag_guard.require_tags_may_drive(connection, rule)
            assert raised.value.code == "tag_may_not_drive"
        behind = tag_guard.tags_behind(current_definitions(connection).all, both)
    assert [tag.name for tag in behind] == ["lucky", "regular"]
    rows = {row.name: row for row in tag_catalogue.catalogue(house).tags}
    assert (rows["lucky"].validation.allowed, rows["plain"].claim) == (False, None)
    assert "within 60 days" in (rows["regular"].claim or "")
    with house.database.connect() as connection:
        assert len(audit.list_rows(connection, action="tag.validate")) == 3


def test_one_tag_is_judged_among_all_that_were_tested(
    house: Context, tested: dict[str, tag_validation.TagValidation]
) -> None:
    """Tested alone it is corrected for as many tests; and the changed tag must be tested anew."""
    (again,) = tag_validation.validate_tags(house, ["常客"])
    assert (again.tests, again.days) == (tested["regular"].tests, tested["regular"].days)
    assert [each.id for each in tag_validation.validations(house, "regular")] == [again.id, tested["regular"].id]
    changed = DEFINITIONS.replace("frequency_count_90d", "frequency_count_30d").replace("常客", "近期常客")
    (house.home / "tags.yaml").write_text(changed, "utf-8")
    defining.apply_definitions(house, [house.home / "tags.yaml"])
    may = tag_guard.may_drive_campaign(house, "regular")
    assert (may.allowed, may.life, may.reason) == (False, "revised", "changed_since")
    assert not tag_validation.validations(house, "regular")[0].current


@pytest.mark.parametrize(
    ("names", "asked", "code"),
    [
        (["plain"], {}, "no_hypothesis"),
        (["nobody"], {}, "unknown_tag"),
        (["lucky"], {"dates": 0}, "bad_value"),
        (["lucky"], {"days": [LAST - timedelta(days=59)]}, "bad_date"),
        (["lucky"], {"days": [LAST - timedelta(days=100), LAST - timedelta(days=60)]}, "bad_date"),
    ],
)
def test_what_cannot_be_tested_is_refused(
    house: Context, names: list[str], asked: dict[str, object], code: str
) -> None:
    with pytest.raises(TierwiseError) as raised:
        tag_validation.validate_tags(house, names, **asked)  # type: ignore[arg-type]
    assert raised.value.code == code


def test_readers_may_look_and_not_test(house: Context) -> None:
    reader = house.acting_as(Principal("r", "reader"))
    assert tag_validation.validations(reader)
    with pytest.raises(TierwiseError, match="does not include"):
        tag_validation.validate_tags(reader)


def test_a_test_is_a_job_that_tells_how_far_it_is_and_how_it_ended(
    house: Context, tested: dict[str, tag_validation.TagValidation], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    kept = tag_validation.validate_tags(house, ["lucky"], dates=2, began=seen.append)
    job = tag_validation.newest_job(house, "lucky")
    assert job is not None
    assert (job.id, job.state, job.kind, job.done, job.total, job.unit) == (seen[0], "done", "tag_test", 2, 2, "days")
    assert job.result == {"tags": ["lucky"]}
    assert job.finished_at is not None
    assert job.finished_at >= kept[0].at
    assert tag_validation.newest_job(house, "luck") is None, "a part of a name is another name"

    def stops(done: int, total: int, said: str) -> None:
        with house.database.begin() as connection:
            jobs.request_cancel(connection, seen[-1])

    with pytest.raises(TierwiseError, match="cancelled"):
        tag_validation.validate_tags(house, ["lucky"], dates=2, watch=stops, began=seen.append)
    stopped = tag_validation.newest_job(house, "lucky")
    assert stopped is not None
    assert stopped.state == "cancelled"
    assert tag_validation.validations(house, "lucky")[0].id == kept[0].id, "nothing of it is kept"

    def broken(*_: object, **__: object) -> None:
        raise TierwiseError("out_of_memory", "there is not enough memory")

    monkeypatch.setattr(tag_validation, "tag_backtest", broken)
    started = tag_validation.start_validation(house, ["lucky", "regular"])
    for thread in threading.enumerate():
        if thread.name == "tierwise tag test":
            thread.join(30)
    failed = tag_validation.newest_job(house, "regular")
    assert failed is not None
    assert (failed.id, failed.state, failed.error["code"]) == (started, "failed", "out_of_memory")
    with pytest.raises(TierwiseError) as refused:
        tag_validation.start_validation(house, ["plain"])
    assert refused.value.code == "no_hypothesis"

"""Tags on DuckDB and on Spark: each source, their life, their figures."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import narwhals as nw
import pyarrow as pa
import pytest

from tierwise.definitions.tag import Tag
from tierwise.metrics.composite_tags import composite_tags
from tierwise.metrics.frame import Frame
from tierwise.metrics.rules import RuleColumn, rule_schema
from tierwise.metrics.tag_figures import rater_agreement, tag_figures
from tierwise.metrics.tag_life import living_tags
from tierwise.metrics.tags import all_tags, implied_tags, imported_tags, manual_tags, rule_tags

pytestmark = [
    pytest.mark.spark,
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning"),
]

AS_OF = date(2026, 6, 30)
Tables = dict[str, Frame]


def tag(name: str, **body: Any) -> Tag:
    return Tag.model_validate({"name": name, "class": "static", **body})


BANDS = [{"points": 0}, {"from": 50, "points": 60}]
SIZE = {"attribute": "size", "op": "="}
TAGS = [
    tag("yes", when={"attribute": "x", "op": "present"}),
    tag("level", values=[{"value": v, "when": {"attribute": "x", "op": "present"}} for v in ("high", "low")]),
    tag("city", imported={"trait": "city"}, ttl_days=30, when_empty="keep_last"),
    tag("years", imported={"trait": "years"}),
    tag("child", imported={"trait": "child"}, sensitivity="minors"),
    tag(
        "stage",
        implied=[
            {"bought": {**SIZE, "value": "NB"}, "stages": [{"value": "a", "until_days": 20}, {"value": "b"}]},
            {"bought": {**SIZE, "value": "M"}, "value": "m"},
        ],
    ),
    tag("temper", manual={"values": [{"value": "calm"}, {"value": "angry"}], "ordered": True}),
    tag(
        "wealth",
        composite={
            "scorecard": {"indicators": [{"attribute": "years", "normalise": "bands", "bands": BANDS}]},
            "cuts": [{"value": "rich", "at_least": 60}, {"value": "plain"}],
        },
    ),
]
SCHEMA = {
    "city": RuleColumn("t_city", "text"),
    "years": RuleColumn("t_years", "integer"),
    "child": RuleColumn("t_child", "boolean"),
}


def tables() -> dict[str, pa.Table]:
    who = list(range(1, 101))
    day = [AS_OF - timedelta(days=i % 40) for i in who]
    at = [datetime(2026, 6, 1, tzinfo=UTC) + timedelta(hours=i) for i in who]
    keys = pa.array(who, pa.int64())
    twice = pa.array([i % 50 + 1 for i in who], pa.int64())
    return {
        "people": pa.table(
            {
                "customer_key": keys,
                "t_city": [("上海", " 北京 ", "", None)[i % 4] for i in who],
                "t_years": pa.array([None if i % 5 == 0 else i for i in who], pa.int64()),
                "t_child": [(True, False, None)[i % 3] for i in who],
            }
        ),
        "thirds": pa.table({"customer_key": pa.array(who[::3], pa.int64())}),
        "halves": pa.table({"customer_key": pa.array(who[::2], pa.int64())}),
        "lines": pa.table(
            {
                "customer_key": twice,
                "ordered_day": pa.array(day, pa.date32()),
                "size": ["NB" if i % 3 else "M" for i in who],
            }
        ),
        "acts": pa.table(
            {
                "act_id": keys,
                "customer_key": twice,
                "tag": ["temper"] * 100,
                "value": ["calm" if i % 7 else "angry" for i in who],
                "rater": ["li" if i % 2 else f"r{i}" for i in who],
                "given_day": pa.array(day, pa.date32()),
                "expires_on": pa.array([AS_OF if i % 9 == 0 else None for i in who], pa.date32()),
                "removed_day": pa.array([AS_OF if i % 11 == 0 else None for i in who], pa.date32()),
            }
        ),
        "consents": pa.table(
            {
                "customer_key": twice,
                "purpose": ["minors"] * 100,
                "stated_at": pa.array(at, pa.timestamp("us", "UTC")),
                "stated_day": pa.array([instant.date() for instant in at], pa.date32()),
                "granted": [i % 4 != 0 for i in who],
            }
        ),
        "previous": pa.table(
            {
                "customer_key": keys,
                "tag": ["city"] * 100,
                "value": ["上海" if i % 2 else "广州" for i in who],
                "since": pa.array([AS_OF - timedelta(days=90)] * 100, pa.date32()),
                "confirmed_on": pa.array(day, pa.date32()),
                "source": ["import"] * 100,
            }
        ),
    }


@pytest.fixture(scope="module")
def both(spark: Any) -> Iterator[tuple[Tables, Tables]]:
    connection = duckdb.connect()
    on_duckdb: Tables = {}
    on_spark: Tables = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, table in tables().items():
            connection.register(f"made_{name}", table)
            on_duckdb[name] = nw.from_native(connection.table(f"made_{name}"))
            on_spark[name] = nw.from_native(spark.createDataFrame(table))
    yield on_duckdb, on_spark
    connection.close()


def found(t: Tables) -> Frame:
    sets = {"tag yes": t["thirds"], "tag level 0": t["thirds"], "tag level 1": t["halves"]}
    parts = rule_tags(TAGS, sets, as_of=AS_OF)
    parts += imported_tags(t["people"], TAGS, SCHEMA, as_of=AS_OF)
    parts += implied_tags(t["lines"], TAGS, rule_schema(t["lines"]), as_of=AS_OF)
    parts += manual_tags(t["acts"], TAGS, as_of=AS_OF)
    parts += composite_tags(t["people"], TAGS, SCHEMA, as_of=AS_OF)
    every = all_tags(parts)
    assert every is not None
    return living_tags(every, TAGS, as_of=AS_OF, previous=t["previous"], people=t["people"], consents=t["consents"])


def kept(frame: Frame) -> Frame:
    """Executed once."""
    native: Any = nw.to_native(frame)
    return nw.from_native(native.execute() if isinstance(native, duckdb.DuckDBPyRelation) else native.localCheckpoint())


def test_all_tags_and_their_figures(both: tuple[Tables, Tables]) -> None:
    tagged = [kept(found(t)) for t in both]
    rows = [sorted(map(str, frame.collect(backend="pyarrow").rows())) for frame in tagged]
    assert rows[0] == rows[1]
    names = [tag.name for tag in TAGS]
    figures = [
        tag_figures(names, rows, 100, before=t["previous"], customers_before=100)
        for t, rows in zip(both, tagged, strict=True)
    ]
    assert figures[0] == figures[1]
    assert all(figures[0][name].customers for name in names)
    assert figures[0]["city"].changed
    agreement = [rater_agreement(t["acts"], TAGS, as_of=AS_OF) for t in both]
    assert agreement[0] == agreement[1]
    assert agreement[0]["temper"].alpha is not None

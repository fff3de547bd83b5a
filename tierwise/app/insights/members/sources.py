"""Sources: whom they bring, how many of them are junk, and who stays (`metrics/source_quality.py`)."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import narwhals as nw
import pyarrow as pa

from tierwise.app.insights.bars import bars
from tierwise.app.insights.insight import Answer, Asked, Column, Insight, Label, Parameter, Row
from tierwise.app.insights.things import first_known
from tierwise.app.known_codes import KNOWN_CODES, code_label
from tierwise.metrics.frame import Frame, columns_of
from tierwise.metrics.source_quality import brought_by, source_quality

USUAL = ("source", "客户来源", "来源")
"""What the trait that tells where a customer came from is usually called; the first that is there is taken."""

_COLUMNS = (
    Column("source", Label("来源", "source"), "text", values=KNOWN_CODES),
    Column("registered_count", Label("注册数", "registered"), "count"),
    Column("junk_count", Label("垃圾账号", "junk"), "count", detail=True),
    Column("junk_share", Label("垃圾占比", "junk share"), "rate"),
    Column("real_count", Label("有效注册", "customers"), "count"),
    Column("first_order_count", Label("首单人数", "first orders"), "count"),
    Column("first_order_share", Label("首单率", "first order share"), "rate"),
    Column("retained_count", Label("复购人数", "came again"), "count"),
    Column("retained_share", Label("复购率", "came again share"), "rate"),
    Column("net", Label("净额", "net"), "money"),
)


def sources(asked: Asked) -> Answer:
    """One row per source, most registrations first."""
    note = Label(
        "数据里没有各来源的费用，因此不算每注册、每首单、每留存的成本",
        "no source's cost is in the data, so that none is told per registration, first order or who came again",
    )
    people = asked.with_junk("people")
    source = first_known(asked, asked["source"], USUAL)
    if source is None or source not in columns_of(asked.with_junk("customers")):
        lacking = Label(
            "客户没有来源字段：在“来源字段”里填写客户表的列名",
            "no column of customers tells their source: set source to the one that does",
        )
        return Answer(_COLUMNS, _none(), notes=(lacking,))
    named = nw.col(source).cast(nw.String).min().alias("source")
    traits = asked.with_junk("customers").group_by("customer_key").agg(named)
    real = asked.frame("people").select("customer_key")
    found = source_quality(
        people.select("customer_key", "registered_on").join(traits, on="customer_key", how="left"),
        asked.frame("orders"),
        as_of=asked.as_of,
        since=asked.as_of - timedelta(days=asked["last_days"] + asked["within_days"]),
        within_days=asked["within_days"],
        junk=people.join(real, on="customer_key", how="anti"),
    )
    return Answer(
        _COLUMNS,
        found,
        order='"registered_count" DESC, "source"',
        notes=(note,),
        bar="retained_share",
        picture=bars(Label("各来源首单与复购", "First orders and who came again, by source"), _called, _DRAWN, "rate"),
        known_by=("source",),
        who={
            "real_count": partial(_brought, asked, named, 0),
            "first_order_count": partial(_brought, asked, named, 1),
            "retained_count": partial(_brought, asked, named, 2),
        },
    )


def _brought(asked: Asked, source: nw.Expr, least_days: int, row: Row) -> Frame:
    traits = asked.frame("customers").group_by("customer_key").agg(source)
    people = asked.frame("people").select("customer_key", "registered_on").join(traits, on="customer_key", how="left")
    return brought_by(
        people,
        asked.frame("orders"),
        row["source"],
        as_of=asked.as_of,
        since=asked.as_of - timedelta(days=asked["last_days"] + asked["within_days"]),
        within_days=asked["within_days"],
        least_days=least_days,
    )


_DRAWN = {"first_order_share": Label("首单率", "first order"), "retained_share": Label("复购率", "came again")}


def _called(row: Row, language: str) -> str:
    return "–" if row["source"] is None else code_label(row["source"]).in_language(language)


def _none() -> pa.Table:
    return pa.table(
        {f"{column.name}{'_minor' if column.kind == 'money' else ''}": pa.array([], pa.int64()) for column in _COLUMNS}
    )


INSIGHT = Insight(
    name="sources",
    title=Label("来源质量", "Quality of sources"),
    answers=Label(
        "各来源带来多少人？多少是垃圾账号、多少下了首单、多少又来？",
        "How many does each source bring, how many of them are junk, order, and come again?",
    ),
    needs=("orders", "customers"),
    compute=sources,
    parameters=(
        Parameter("source", Label("来源字段", "the customers' column that tells the source"), "text"),
        Parameter("last_days", Label("看多少天内注册的", "registrations of so many days"), "integer", 365, 1, 3650),
        Parameter(
            "within_days", Label("注册后观察天数", "days to follow each from registration"), "integer", 90, 1, 3650
        ),
    ),
    page="cohorts.md",
)

"""Share of wallet by peers (`metrics/share_of_wallet.py`)."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw

from tierwise.app.insights.bars import CUSTOMERS, counted
from tierwise.app.insights.insight import Answer, Asked, Column, Figure, Insight, Label, Parameter
from tierwise.metrics.frame import Frame, count_where, integer_sum, rows_of
from tierwise.metrics.share_of_wallet import NO_NEED, PEERS_UNKNOWN, TOO_FEW_PEERS, share_of_wallet

_REASONS = {
    TOO_FEW_PEERS: Label("同类太少", "too few peers"),
    PEERS_UNKNOWN: Label("同类属性不详", "an attribute of peers is not known"),
    NO_NEED: Label("没有需求", "no need"),
}


def wallet(asked: Asked) -> Answer:
    """One row per customer, the largest gap first."""
    profile = asked.frame("profile")
    peers = [asked.column(name) for name in asked["peers"]]
    spent = asked.column(asked["spent"])
    people = profile.select("customer_key", *dict.fromkeys([spent, *peers]))
    found = asked.keep(
        "wallet",
        share_of_wallet(
            people, peers=peers, spent=spent, need_quantile=asked["need_quantile"], min_peers=asked["min_peers"]
        ),
    )
    known = ~nw.col("need_minor").is_null()
    sums = found.select(
        count_where(known).alias("told"),
        integer_sum(nw.col("gap_minor").fill_null(0)).alias("gap"),
        integer_sum(nw.col("need_minor").fill_null(0)).alias("need"),
    )
    told, gap, need = rows_of(sums)[0]
    tenth = (
        nw.when(nw.col("share_of_wallet") >= 1.0)
        .then(nw.lit(9))
        .otherwise((nw.col("share_of_wallet") * 10.0).floor().cast(nw.Int64))
    )
    shares = found.filter(~nw.col("share_of_wallet").is_null()).select(tenth.alias("tenth"))
    by_tenth = dict(rows_of(shares.group_by("tenth").agg(nw.len())))
    return Answer(
        columns=(
            Column("customer_id", Label("客户", "customer"), "customer"),
            Column("net", Label("在我们这里", "with us"), "money"),
            Column("need", Label("估计总需求", "estimated need"), "money"),
            Column("share_of_wallet", Label("份额", "our share"), "rate"),
            Column("gap", Label("缺口", "gap"), "money"),
            Column("peer_count", Label("同类人数", "peers"), "count"),
            Column("reason", Label("为空原因", "why null"), "text", values=_REASONS),
        ),
        rows=found.with_columns(nw.col("gap_minor").fill_null(-1).alias("order__")),
        order='"order__" DESC, "customer_key"',
        figures=(
            Figure(
                "told", Label("可估计的客户", "customers with an estimate"), told, "count",
                who=lambda: found.filter(known),
            ),
            Figure("gap", Label("总缺口", "all gaps"), gap, "money"),
            Figure("share", Label("总份额", "our share of all"), 1 - gap / need if need else None, "rate"),
        ),
        notes=(
            Label(
                "需求按同类客户的高分位估计：同类差异大时，需求小的看起来有缺口。缺口是要问的问题，不是指标",
                "the need is a high quantile of peers: where they differ, little need looks like a gap. A gap is a "
                "question to ask, not a target",
            ),
        ),
        bar="gap",
        picture=counted(
            Label("客户按我们所占份额", "Customers by our share of their wallet"),
            CUSTOMERS,
            ((f"{tenth * 10}–{tenth * 10 + 10}%", by_tenth.get(tenth, 0)) for tenth in range(10)),
        ),
        known_by=("customer_id",),
        who={"peer_count": lambda row: _peers(profile, peers, row["customer_id"])},
    )  # fmt: skip


def _peers(profile: Frame, peers: Sequence[str], customer_id: str) -> Frame:
    """Who has the same attributes, the customer among them."""
    one = profile.filter(nw.col("customer_id") == nw.lit(customer_id)).select(*dict.fromkeys(peers))
    return profile.join(one, on=list(dict.fromkeys(peers)), how="semi")


INSIGHT = Insight(
    name="wallet",
    title=Label("钱包份额", "Share of wallet"),
    answers=Label(
        "客户的总需求估计是多少，我们占多少，还差多少？",
        "What does a customer need in all, what is our share of it, and how large is the gap?",
    ),
    needs=("orders",),
    compute=wallet,
    parameters=(
        Parameter("peers", Label("哪些属性相同算同类", "attributes that make peers"), "names", ("main_store_id",)),
        Parameter("spent", Label("消费额属性", "the attribute that tells spending"), "text", "monetary_amount_365d"),
        Parameter("need_quantile", Label("需求取同类的哪个分位", "quantile of peers"), "number", 0.9, 0.01, 1),
        Parameter("min_peers", Label("同类至少多少人", "fewest peers"), "integer", 30, 1, 1_000_000),
    ),
    page="share-of-wallet.md",
)

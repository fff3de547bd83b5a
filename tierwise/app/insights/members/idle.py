"""Members who keep a level and stopped buying (`metrics/idle_members.py`)."""

from __future__ import annotations

import narwhals as nw
import pyarrow as pa

from tierwise.app.insights.bars import bars
from tierwise.app.insights.insight import Answer, Asked, Column, Insight, Label, Parameter
from tierwise.app.insights.things import first_known
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.idle_members import NO_COST, idle_by_level, idle_members

USUAL = ("member_level", "会员等级", "等级")
"""What the attribute that tells the level is usually called; the first that is there is taken."""


def idle(asked: Asked) -> Answer:
    """One row per level, the most idle members first."""
    level, since = first_known(asked, asked["level"], USUAL), asked.column(asked["since"])
    if level is None:
        note = Label(
            "客户没有等级字段：用 --set level=属性名",
            "no column of customers tells their level: set level to the attribute that does",
        )
        columns = {f"{c.name}_minor" if c.kind == "money" else c.name: pa.array([], pa.int64()) for c in _COLUMNS}
        return Answer(_COLUMNS, pa.table(columns), notes=(note,))
    found = idle_members(
        asked.frame("profile").select("customer_key", level, since),
        asked.frame("orders"),
        as_of=asked.as_of,
        idle_days=asked["idle_days"],
        benefit_costs=asked.given("benefit_costs", _costs(asked, level)),
        level=level,
        since=since,
    )
    note = Label(
        "没有达到等级的日期时，沉默从 since 属性（默认注册日）或末单较晚者起算；只把不用也要花钱的权益计入成本",
        "silence counts from the later of the last order and the attribute since (registration unless another is "
        "named); count as costs only benefits that cost without being used",
    )
    return Answer(
        _COLUMNS,
        idle_by_level(found),
        order='"idle_count" DESC, "level"',
        notes=(note,),
        bar="idle_share",
        picture=bars(
            Label("各等级闲置占比", "Idle members by level"),
            "level",
            {"idle_share": Label("闲置占比", "idle share")},
            "rate",
        ),
        known_by=("level",),
        who={
            "members": lambda row: found.filter(nw.col("level") == nw.lit(row["level"])),
            "idle_count": lambda row: found.filter(nw.col("level") == nw.lit(row["level"]), nw.col("idle")),
        },
    )


_COLUMNS = (
    Column("level", Label("等级", "level"), "text"),
    Column("members", Label("会员数", "members"), "count"),
    Column("idle_count", Label("闲置会员", "idle"), "count"),
    Column("idle_share", Label("闲置占比", "idle share"), "rate"),
    Column("benefit_cost_a_year", Label("每人每年权益成本", "benefits a year each"), "money"),
    Column("idle_cost", Label("闲置期间已花", "spent on idle so far"), "money"),
    Column("idle_cost_a_year", Label("闲置每年花费", "idle cost a year"), "money"),
    Column(
        "cost_reason", Label("成本为空原因", "why no cost"), "text",
        values={NO_COST: Label("未给权益成本", "no cost of benefits was given")},
    ),
)  # fmt: skip


def _costs(asked: Asked, level: str) -> pa.Table:
    """The table of "level:cost" that was asked, in minor units. Raises `bad_value`."""
    told: dict[str, int] = {}
    for each in asked["costs"] or ():
        name, _, amount = each.rpartition(":")
        if not name or not amount.isdigit():
            raise TierwiseError(
                "bad_value", f'"{each}" is no cost', place="costs", remedy="level:money a year, as gold:300"
            )
        told[name] = int(amount) * 10**asked.digits
    return pa.table({level: pa.array(list(told), pa.string()), "cost_minor": pa.array(list(told.values()), pa.int64())})


INSIGHT = Insight(
    name="idle",
    title=Label("闲置会员", "Idle members"),
    answers=Label(
        "谁达到了等级、保留着权益却不再购买，这要花多少钱？",
        "Who reached a level, keeps its benefits and stopped buying, and what does that cost?",
    ),
    needs=("orders", "customers"),
    compute=idle,
    parameters=(
        Parameter("level", Label("等级属性", "the attribute that tells the level"), "text"),
        Parameter("since", Label("等级起始日属性", "the attribute that tells since when"), "text", "registered_on"),
        Parameter(
            "idle_days", Label("多少天没买算闲置", "so many days without an order are idle"), "integer", 180, 1, 3650
        ),
        Parameter(
            "costs", Label("每人每年权益成本，如 gold:300", "cost of benefits a year each, as gold:300"), "names"
        ),
    ),
    page="idle-members.md",
)

"""What may be a step of a funnel, and the events of the steps that were asked for."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw

from tierwise.app.insights.insight import Asked, Label, Parameter
from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.metrics.frame import Frame, rows_of

EVENTS = {
    "registered": ("people", "registered_on", None),
    "lead": ("leads", "created_day", "source"),
    "interaction": ("interactions", "occurred_day", "channel"),
    "call": ("calls", "called_day", "direction"),
    "order": ("orders", "ordered_day", "channel"),
    "again": ("orders", "ordered_day", "channel"),
    "visit": ("visits", "visited_day", "kind"),
    "survey": ("surveys", "answered_day", "kind"),
}
"""What may be a step: its table, its day, and the column that `NAME:VALUE` narrows it by. `again`: an order on a later
day than the customer's first."""

STEP_TITLES = {
    "registered": Label("注册", "registered"),
    "lead": Label("线索", "lead"),
    "interaction": Label("互动", "interaction"),
    "call": Label("通话", "call"),
    "order": Label("下单", "order"),
    "again": Label("再次下单", "again"),
    "visit": Label("到店", "visit"),
    "survey": Label("答卷", "survey"),
    "new": Label("新线索", "new"),
    "contacted": Label("已联系", "contacted"),
    "visited": Label("已到店", "visited"),
    "test_drive": Label("试驾", "test drive"),
    "quoted": Label("报价", "quoted"),
    "deal": Label("成交", "deal"),
    "delivered": Label("交车", "delivered"),
}
"""What steps are called, where they are not the business's own."""

STEPS = Parameter(
    "steps",
    Label(f"按顺序的步骤：{', '.join(EVENTS)}，或阶段名", f"in order: {', '.join(EVENTS)}; or stages"),
    "names",
)

WITHIN_DAYS = Parameter(
    "within_days", Label("第一步到最后一步最多几天", "days from first to last"), "integer", None, 0, 3650
)

EVENTS_NOTE = Label(
    "每一步须在上一步当天或之后；跳过前一步的不算。步骤可写 名称 或 名称:取值，如 visit:service",
    "each step on the day of the one before or later; who skips one is not counted further. "
    "A step is NAME or NAME:VALUE, such as visit:service",
)


def titles_of(steps: Sequence[str]) -> dict[str, Label]:
    """Of those that have one; of a step that a value narrows the value stands behind."""
    found = {}
    for step in steps:
        name, _, value = step.partition(":")
        if (title := STEP_TITLES.get(name)) is not None:
            found[step] = Label(f"{title.zh}：{value}", f"{title.en}: {value}") if value else title
    return found


def nobody_at(steps: Sequence[str]) -> Label:
    """What to do where nobody was at the first step."""
    tables = ", ".join(dict.fromkeys(EVENTS[name][0] for step in steps if (name := step.partition(":")[0]) in EVENTS))
    return Label(
        f"没有客户到过第一步 {steps[0]}：导入所需数据（{tables}），或用 steps 换步骤",
        f"nobody was at the first step, {steps[0]}: import what the steps need ({tables}), or give other steps",
    )


def usual_steps(asked: Asked) -> tuple[str, ...]:
    """The steps where none are given: those of which there are facts."""
    if asked.has("leads"):
        return ("lead", "order", *(("visit",) if asked.has("visits") else ()))
    first = ("registered",) if rows_of(asked.frame("people").filter(~nw.col("registered_on").is_null()).head(1)) else ()
    return (*first, *(("interaction",) if asked.has("interactions") else ()), "order", "again")


def events_of(asked: Asked, steps: Sequence[str]) -> Frame:
    """Rows (customer_key, step, occurred_day) of these steps. Raises `unknown_step`, and `bad_value` for the kind of
    what has none."""
    wrong = [name for step in steps if (name := step.partition(":")[0]) not in EVENTS]
    if wrong:
        raise TierwiseError.of([unknown_name("step", name, EVENTS, "steps") for name in wrong])
    return nw.concat([_of_step(asked, step) for step in dict.fromkeys(steps)])


def rows_of_step(asked: Asked, step: str) -> Frame:
    """The facts that are this step, with all columns of their table."""
    name, _, value = step.partition(":")
    table, day, narrowed_by = EVENTS[name]
    rows = asked.frame(table)
    if name == "again":
        first = nw.col(day).min().over("customer_key")
        rows = rows.filter(~nw.col("customer_key").is_null()).with_columns(first.alias("first__"))
        rows = rows.filter(nw.col(day) > nw.col("first__"))
    if value:
        if narrowed_by is None:
            raise TierwiseError("bad_value", f"{name} has no kinds", place="steps", remedy=name)
        rows = rows.filter(nw.col(narrowed_by) == value)
    return rows.filter(~nw.col(day).is_null())


def kind_of_start(asked: Asked, step: str) -> tuple[str, Frame] | None:
    """What tells kinds of the first step (the source of leads, the channel of orders) and rows (customer_key, value):
    the kind on a customer's first day of it, of several the first by name. None where nothing does or one was given."""
    name, _, value = step.partition(":")
    _, day, told_by = EVENTS[name]
    if told_by is None or value:
        return None
    rows = rows_of_step(asked, step).select("customer_key", nw.col(day).alias("day__"), nw.col(told_by).alias("kind__"))
    rows = rows.filter(~nw.col("customer_key").is_null(), nw.col("day__") <= nw.lit(asked.as_of))
    first = rows.group_by("customer_key").agg(nw.col("day__").min().alias("first__"))
    on_it = rows.join(first, on="customer_key", how="inner").filter(nw.col("day__") == nw.col("first__"))
    return told_by, on_it.group_by("customer_key").agg(nw.col("kind__").min().alias("value"))


def _of_step(asked: Asked, step: str) -> Frame:
    day = EVENTS[step.partition(":")[0]][1]
    rows = rows_of_step(asked, step)
    return rows.select("customer_key", nw.lit(step).alias("step"), nw.col(day).alias("occurred_day"))

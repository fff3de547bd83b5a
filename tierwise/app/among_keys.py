"""Who the customers are whom no rule tells."""

from __future__ import annotations

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc

from tierwise.app import plans_kept, task_numbers
from tierwise.app.among import (
    AFTER,
    ANYWHERE,
    BEFORE,
    ELSEWHERE,
    Among,
    InAnswer,
    InDeciles,
    Moved,
    OfAdvisor,
    WouldMove,
)
from tierwise.app.answer_numbers import Asked, sources_asked
from tierwise.app.context import Context
from tierwise.app.history import opened_history
from tierwise.app.insights import asking
from tierwise.app.reading import opened_run
from tierwise.app.rule_world import Ground
from tierwise.app.views import Label
from tierwise.definitions.deciles import Deciles
from tierwise.engine import history_reading
from tierwise.engine.current import KEY
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.deciles import decile_parts
from tierwise.metrics.frame import Frame
from tierwise.metrics.population import COUNTED, ranked_by

_PART = "part__"


def attributes_of_among(among: Among | None) -> tuple[str, ...]:
    """What of the profile is needed to tell who they are."""
    return (among.metric, COUNTED) if isinstance(among, InDeciles) else ()


def run_of_among(ctx: Context, among: Among | None) -> int | None:
    """The run of whose customers they are; None for the current one. Raises `unknown_plan`."""
    return plans_kept.find(ctx, among.plan)[1] if isinstance(among, WouldMove) else None


def said_of(ctx: Context, among: Among) -> tuple[Label, ...]:
    """What an insight, a row and a number of it are called; nothing of what the record itself tells. Raises what
    `asking.counted_in` raises."""
    ctx.principal.require_of_own("view_customer")
    return _counted(ctx, among).said if isinstance(among, InAnswer) else ()


def keys_among(ctx: Context, ground: Ground, among: Among) -> Frame:
    """Whom it is true of, of the ground's run: `customer_key`, each once, and the `columns_of_among`. The ground is of
    `run_of_among` and has `attributes_of_among`.

    Raises `unknown_attribute`, `not_a_number`, `no_history`, `unknown_history_name`, `bad_days`, `unknown_plan`, and
    what `asking.counted_in` raises.
    """
    match among:
        case InDeciles():
            return _in_deciles(ctx, ground, among)
        case InAnswer():
            return ground.of_run(_counted(ctx, among).keys)
        case Asked():
            return ground.of_run(pa.table({KEY: pa.array(sources_asked(ctx, among), pa.int64())}))
        case OfAdvisor():
            found = task_numbers.customers_of(ctx, among.counted, among.assignee)
            return ground.of_run(pa.table({KEY: pa.array(found, pa.int64())}))
        case WouldMove():
            return ground.of_run(_planned(ctx, among))
        case Moved():
            return _moved(ctx, ground, among)


def _counted(ctx: Context, among: InAnswer) -> asking.Counted:
    row = None if among.row is None else dict(among.row)
    return asking.counted_in(ctx, among.insight, dict(among.parameters), among.number, row, as_of=among.as_of)


def _planned(ctx: Context, among: WouldMove) -> pa.Table:
    movers, _ = plans_kept.find(ctx, among.plan)
    chosen = pc.field("name") == among.name
    for column, value in (("before", among.from_), ("after", among.to)):
        if value != ANYWHERE:
            chosen &= pc.field(column).is_null() if value is None else pc.field(column) == value
    return movers.filter(chosen).select([KEY, "before", "after"]).rename_columns([KEY, BEFORE, AFTER])


def _in_deciles(ctx: Context, ground: Ground, among: InDeciles) -> Frame:
    column = ground.column(among.metric).column
    people: Frame = nw.from_native(ground.connection.table("profile"))
    if not people.collect_schema()[column].is_numeric():
        raise TierwiseError("not_a_number", f'"{among.metric}" is no number to rank by')
    if not among.last:
        return people.select(KEY).join(ranked_by(people, among.metric).select(KEY), on=KEY, how="anti")
    known = opened_run(ctx, ground.run.id).definitions.deciles
    defined = next((each for each in known if each.metric == among.metric), Deciles(metric=among.metric))
    ranked = ranked_by(people, among.metric).select(KEY, "customer_id", nw.col(column).alias("ranked__"))
    parted = decile_parts(ranked, defined.model_copy(update={"name": _PART, "metric": "ranked__"}))
    return parted.filter(nw.col(_PART) >= among.first, nw.col(_PART) <= among.last).select(KEY)


def _moved(ctx: Context, ground: Ground, among: Moved) -> Frame:
    if among.to_day < among.from_day:
        raise TierwiseError("bad_days", f"{among.to_day} is before {among.from_day}", remedy="give the days in order")
    with opened_history(ctx) as house:
        kind = house.kind(among.name, None)
        for day in (among.from_day, among.to_day):
            house.as_of(day)
        found = history_reading.movers(
            house.past,
            kind,
            among.name,
            (among.from_day, among.from_),
            (among.to_day, among.to),
            anywhere=ANYWHERE,
            elsewhere=ELSEWHERE,
        )
        keys = found.to_arrow_table()
    return ground.of_run(keys.rename_columns([KEY, BEFORE, AFTER]))

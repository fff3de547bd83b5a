"""Model tags: learnt on the house's own facts, judged out of time, and scored for the runs to come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from tierwise.app.context import Context
from tierwise.app.defining import current_definitions
from tierwise.app.tag_validation import inputs_of_current
from tierwise.app.tags import tag_named
from tierwise.definitions.segment import Segment
from tierwise.definitions.tag import Tag
from tierwise.engine.execute import Inputs, execute
from tierwise.engine.plan import KEY
from tierwise.engine.potential_facts import matrix
from tierwise.engine.potential_learning import (
    Features,
    Spent,
    columns_of_features,
    likeness,
    ranks_from_top,
    reasons,
    train,
)
from tierwise.engine.potential_reasons import to_text
from tierwise.engine.sources import frame, register_facts
from tierwise.engine.tag_backtest import needed
from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.metrics.frame import rows_of
from tierwise.metrics.potential import feature_attributes, features, spent_after
from tierwise.metrics.tags import model_tags
from tierwise.state import audit, lake_tables, runs
from tierwise.state.locks import HOME_WRITE, held
from tierwise.stats.discrimination import Auc as Auc
from tierwise.stats.discrimination import Floats
from tierwise.stats.discrimination import GainRow as GainRow
from tierwise.stats.leakage import LeakCheck as LeakCheck
from tierwise.stats.learning import Importance as Importance
from tierwise.stats.learning import Learnt

TABLE = "model_scores"


@dataclass(frozen=True, slots=True)
class ScoredTag:
    """What came of it. scored: customers; has_tag: those whom the next run gives it.

    cut, judged_at: of a learnt outcome (null of likeness). auc: out of time; of likeness, of models that had not seen
    the customer.
    """

    tag: str
    as_of: date
    model_id: str
    cut: date | None
    judged_at: date | None
    auc: Auc
    gain: tuple[GainRow, ...]
    importances: tuple[Importance, ...]
    leaks: tuple[LeakCheck, ...]
    problems: tuple[str, ...]
    scored: int
    has_tag: int


def score_tag(ctx: Context, name: str, *, as_of: date | None = None) -> ScoredTag:
    """Learn what a model tag is to tell, score everybody as of a day, and keep the scores for the runs to come.

    as_of: the current run's day where it is None, or an earlier one; nothing after it is seen. An outcome is learnt
    from a cut two horizons before it and judged by the last horizon. Scores of other days stay, so that past days keep
    theirs; the same day's are replaced. Audited.

    Raises `unknown_tag`, `not_a_model`, `no_run`, `bad_date`, `unknown_segment`, and what learning raises
    (`too_few_outcomes`, `extra_missing`).
    """
    ctx.principal.require("run")
    with held(ctx.database, HOME_WRITE):
        with ctx.database.connect() as connection:
            definitions = current_definitions(connection)
            run = runs.current(connection)
            inputs = inputs_of_current(connection, run, definitions)
            recorded = lake_tables.versions(connection).get(TABLE)
        tag = tag_named(definitions.of(Tag), name)
        if tag.model is None or not tag.model.learnt:
            raise TierwiseError(
                "not_a_model",
                f'"{tag.name}" learns nothing',
                remedy="say in its `model` what it learns (docs/potential.md)",
            )
        day = as_of or inputs.as_of
        if day > inputs.as_of:
            raise TierwiseError("bad_date", f"facts are known until {inputs.as_of}", place="as_of")
        house = _House(ctx, replace(inputs, previous_tags=None, base=None))
        found, table = _learnt(house, tag, day)
        ctx.lake.heal(TABLE, recorded)
        version = _store(ctx, table, tag.name, day, recorded)
        with ctx.database.begin() as connection:
            lake_tables.set_versions(connection, {TABLE: version})
            detail = {"as_of": day.isoformat(), "model": found.model_id, "scored": found.scored}
            audit.write(connection, ctx.principal.name, "tag.score", tag.name, detail)
    return found


def _learnt(house: _House, tag: Tag, day: date) -> tuple[ScoredTag, pa.Table]:
    assert tag.model is not None
    model = tag.model
    if model.learns is not None and model.within_days is not None:
        judged_at = day - timedelta(days=model.within_days)
        trained = train(
            house.features_at,
            house.spent_after,
            cut=judged_at - timedelta(days=model.within_days),
            judged_at=judged_at,
            within_days=model.within_days,
            last_day=day,
            outcome=model.learns,
            kind=model.by,
            seed=0,
        )
        seen = house.features_at(day)
        values = columns_of_features(seen, trained.model.names)
        table = house.table(tag, day, seen.keys, trained.model.scores(values), trained.model, values, trained.model_id)
        judged = trained.judged
        return (
            ScoredTag(
                tag.name, day, trained.model_id, trained.cut, judged_at, judged.auc, judged.gain, judged.importances,
                trained.leaks, trained.problems, table.num_rows, _with_tag(house, table, tag, day),
            ),
            table,
        )  # fmt: skip
    seen, inside = house.features_at(day), house.members(model.segment or "", day)
    in_seed = np.array([key in inside for key in seen.keys], np.bool_)
    scores, told, checks, whole = likeness(seen, in_seed, kind=model.by, seed=0)
    others = ~in_seed
    keys = [key for key, out in zip(seen.keys, others, strict=True) if out]
    values = columns_of_features(seen, whole.names)[others]
    model_id = f"like_{model.segment}"
    table = house.table(tag, day, keys, scores[others], whole, values, model_id)
    suspect = tuple(f"{check.feature}: {check.said}" for check in checks if check.verdict == "suspect")
    return (
        ScoredTag(
            tag.name, day, model_id, None, None, told, (), (), checks, suspect, table.num_rows,
            _with_tag(house, table, tag, day),
        ),
        table,
    )  # fmt: skip


class _House:
    """The house's facts as of any day, by the run's own rules: junk is left out, and customers are who they are now."""

    def __init__(self, ctx: Context, inputs: Inputs) -> None:
        self.ctx, self.inputs = ctx, inputs
        self.windows = tuple(inputs.project.windows_days)

    def on(self, day: date, wanted: Sequence[str], ask: Callable[[duckdb.DuckDBPyConnection], Any]) -> Any:
        """What is answered once the plan for these definitions was executed as of the day."""
        connection = self.ctx.duckdb()
        try:
            definitions = needed(self.inputs.definitions, wanted)
            of_day = replace(self.inputs, as_of=day, definitions=definitions, remember=False)
            leave_out = ("totals_of_stores",)
            execute(connection, self.ctx.lake, of_day, lambda done, total, said: None, leave_out=leave_out)
            return ask(connection)
        finally:
            connection.close()

    def features_at(self, day: date) -> Features:
        def ask(connection: duckdb.DuckDBPyConnection) -> Features:
            profile = frame(connection, "profile_rows")
            names = [each.column for each in feature_attributes(profile, self.windows)]
            keys, values = matrix(features(profile, names, KEY), names, KEY)
            return Features(tuple(keys), tuple(names), values, dict.fromkeys(names, "facts"), {})

        found: Features = self.on(day, (), ask)
        return found

    def spent_after(self, after: date, until: date, keys: Sequence[Any]) -> Spent:
        connection = self.ctx.duckdb()
        try:
            register_facts(connection, self.ctx.lake, self.inputs.versions)
            orders = frame(connection, "orders")
            rows = rows_of(spent_after(orders, after=after, until=until).select(KEY, "order_count", "net_minor"))
        finally:
            connection.close()
        spent = {key: (many, net) for key, many, net in rows}
        found = np.array([spent.get(key, (0, 0)) for key in keys], np.int64).reshape(len(keys), 2)
        return Spent(found[:, 0], found[:, 1])

    def members(self, segment: str, day: date) -> set[int]:
        """Who is in a segment on a day. Raises `unknown_segment`."""
        known = [each.name for each in self.inputs.definitions if isinstance(each, Segment)]
        if segment not in known:
            raise TierwiseError.of([unknown_name("segment", segment, known)])

        def ask(connection: duckdb.DuckDBPyConnection) -> set[int]:
            query = f"SELECT {KEY} FROM segment_rows WHERE segment = ?"
            return {key for (key,) in connection.execute(query, [segment]).fetchall()}

        found: set[int] = self.on(day, [f"segment {segment}"], ask)
        return found

    def table(
        self, tag: Tag, day: date, keys: Sequence[Any], scores: Floats, model: Learnt, values: Floats, model_id: str
    ) -> pa.Table:
        """Rows of `model_scores`, in the order of customers."""
        why = [to_text(row) for row in reasons(model, values)]
        many = len(keys)
        return pa.table(
            {
                "source_key": pa.array(list(keys), pa.int64()),
                "tag": pa.array([tag.name] * many, pa.string()),
                "scored_day": pa.array([day] * many, pa.date32()),
                "score_millionths": pa.array(np.round(scores * 1_000_000).astype(np.int64)),
                "rank_millionths": pa.array(np.ceil(ranks_from_top(scores) * 1_000_000 - 1e-6).astype(np.int64)),
                "model_id": pa.array([model_id] * many, pa.string()),
                "reasons": pa.array(why, pa.string()),
            }
        )


def _with_tag(house: _House, table: pa.Table, tag: Tag, day: date) -> int:
    connection = house.ctx.duckdb()
    try:
        connection.register("scored", table.rename_columns([KEY, *table.column_names[1:]]))
        connection.execute("CREATE TABLE scores AS SELECT * FROM scored")
        (rows,) = model_tags(frame(connection, "scores"), [tag], as_of=day)
        return len(rows_of(rows.select(KEY)))
    finally:
        connection.close()


def _store(ctx: Context, table: pa.Table, tag: str, day: date, recorded: int | None) -> int:
    """Add the rows, in place of those of the same tag and day. The new version."""
    if recorded is None:
        return ctx.lake.append(TABLE, table)
    connection = ctx.duckdb()
    try:
        ctx.lake.read(connection, TABLE, recorded).create_view("recorded")
        again = connection.execute(
            "SELECT 1 FROM recorded WHERE tag = ? AND scored_day = ? LIMIT 1", [tag, day]
        ).fetchone()
        if again is None:
            return ctx.lake.append(TABLE, table)
        kept = connection.execute(
            "SELECT * FROM recorded WHERE NOT (tag = ? AND scored_day = ?)", [tag, day]
        ).to_arrow_table()
    finally:
        connection.close()
    return ctx.lake.overwrite(TABLE, pa.concat_tables([kept.cast(table.schema), table]))

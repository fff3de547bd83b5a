"""RFM and deciles of a run, as views."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import narwhals as nw

from tierwise.app.context import Context
from tierwise.app.reading import Reader, label_of, reading
from tierwise.app.remembered import told_once
from tierwise.app.views import CellRow, DecileGroup, DecileRow, DecilesView, Label, Number, RfmView
from tierwise.definitions.deciles import Deciles
from tierwise.definitions.rfm import Rfm
from tierwise.engine import snapshots
from tierwise.engine.sources import frame
from tierwise.kernel.errors import TierwiseError
from tierwise.kernel.money import from_minor
from tierwise.metrics.deciles import GroupRow, PartRow, decile_parts, decile_sentence, decile_table
from tierwise.metrics.population import ranked_by
from tierwise.metrics.rfm import rfm_columns, rfm_inputs, rfm_summary


@told_once
def rfm(ctx: Context, run_id: int | None = None) -> RfmView:
    """The eight cells. Raises what `reading` raises."""
    ctx.principal.require("view")
    with reading(ctx, run_id) as reader:
        return rfm_of(reader)


def rfm_of(reader: Reader) -> RfmView:
    """As `rfm`, of a snapshot that is open."""
    definition = reader.definitions.rfm[0] if reader.definitions.rfm else Rfm()
    currency = reader.currency
    summary = rfm_summary(frame(reader.connection, "profile"), definition)
    names = rfm_columns(definition)
    means = snapshots.cell_means(reader.connection, names["cell"], rfm_inputs(definition)[1])
    cells = []
    for cell in summary.cells:
        title = label_of(cell.name, cell.code)
        recency, orders = means.get(cell.code, (None, None))
        cells.append(
            CellRow(
                code=cell.code,
                name=title.in_language(reader.project.language),
                title=title,
                customers=cell.customers,
                share=cell.share,
                monetary_amount=from_minor(cell.monetary_minor, currency),
                monetary_share=cell.monetary_share,
                per_head=None if cell.per_head_minor is None else from_minor(cell.per_head_minor, currency),
                mean_recency_days=recency,
                mean_frequency=orders,
                strategy=None if cell.strategy is None else label_of(cell.strategy),
            )
        )
    return RfmView(
        run_id=reader.run.id,
        as_of=reader.run.as_of,
        currency=currency,
        money=definition.money,
        cells=tuple(cells),
        customers=summary.scored,
        unscored=summary.unscored,
        unscored_reasons=summary.reasons,
        scores={names[part]: snapshots.score_counts(reader.connection, names[part]) for part in ("r", "f", "m")},
        last_days=definition.last_days,
    )


@told_once
def deciles(ctx: Context, metric: str = "monetary_amount", run_id: int | None = None) -> DecilesView:
    """Parts by any metric of the profile; as defined where a definition ranks by it, else ten parts.

    Raises `unknown_attribute`, `not_a_number`, and what `reading` raises.
    """
    ctx.principal.require("view")
    with reading(ctx, run_id) as reader:
        return deciles_of(reader, metric)


def deciles_of(reader: Reader, metric: str) -> DecilesView:
    """As `deciles`, of a snapshot that is open."""
    column = reader.column(metric)
    definition = next((d for d in reader.definitions.deciles if d.metric == metric), None) or Deciles(metric=metric)
    profile = frame(reader.connection, "profile")
    if not profile.collect_schema()[column].is_numeric():
        raise TierwiseError("not_a_number", f'"{metric}" is no number to rank by', remedy="such as monetary_amount")
    if column in (metric, f"{metric}_minor"):
        ranked = decile_parts(
            ranked_by(profile, metric).select("customer_id", column), definition.model_copy(update={"name": "part__"})
        )
    else:  # a trait by its plain name
        plain = profile.select("customer_id", nw.col(column).alias("trait__"))
        definition = definition.model_copy(update={"metric": "trait__"})
        ranked = decile_parts(plain, definition.model_copy(update={"name": "part__"}))
    table = decile_table(ranked, definition.model_copy(update={"name": "part__"}))
    title = reader.label(metric)
    currency = reader.currency

    def amount(value: int | float) -> Number:
        return from_minor(int(value), currency) if table.is_money else value

    group_of = {part: g.group for g in table.groups for part in range(g.first_part, g.last_part + 1)}
    return DecilesView(
        run_id=reader.run.id,
        as_of=reader.run.as_of,
        metric=metric,
        title=title,
        unit="money" if table.is_money else reader.unit(metric),
        currency=currency,
        rows=tuple(_part(row, amount, group_of.get(row.part)) for row in table.parts),
        groups=tuple(_group(row, amount) for row in table.groups),
        customers=table.customers,
        total=amount(table.total),
        unscored=snapshots.count(reader.connection, "profile") - table.customers,
        sentence=Label(
            decile_sentence(table, "zh", noun=title.zh), decile_sentence(table, "en", noun=title.en.lower())
        ),
    )


def _part(row: PartRow, amount: Callable[[int | float], Number], group: str | None) -> DecileRow:
    return DecileRow(
        decile=row.part,
        customers=row.customers,
        total=amount(row.total),
        share=row.share,
        cumulative_share=row.cumulative_share,
        per_head=_per_head(row, amount),
        lowest=amount(row.lowest),
        highest=amount(row.highest),
        group=group,
    )


def _group(row: GroupRow, amount: Callable[[int | float], Number]) -> DecileGroup:
    return DecileGroup(
        group=row.group,
        first_decile=row.first_part,
        last_decile=row.last_part,
        customers=row.customers,
        total=amount(row.total),
        share=row.share,
        cumulative_share=row.cumulative_share,
        per_head=_per_head(row, amount),
    )


def _per_head(row: PartRow | GroupRow, amount: Callable[[int | float], Number]) -> Number:
    """Money is rounded once, half away from zero, from integers; anything else is a plain mean."""
    if isinstance(row.total, int) and isinstance(amount(0), Decimal):
        doubled = 2 * abs(row.total) + row.customers
        whole = doubled // (2 * row.customers)
        return amount(whole if row.total >= 0 else -whole)
    return row.per_head

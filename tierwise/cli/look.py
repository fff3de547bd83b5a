"""Commands that show: views of app/ as tables and bars to read, or as one JSON object."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from tierwise.app import jobs as job_cases
from tierwise.app import showing
from tierwise.app.step_words import step_words
from tierwise.cli.door import note, opened, plain, tell
from tierwise.cli.language import language, told, word
from tierwise.cli.terminal import fixed, number, percent, say, table

if TYPE_CHECKING:
    from tierwise.app import views
    from tierwise.definitions.base import Text


def both(label: views.Label | Text | None) -> str:
    """A name in the language spoken: in Chinese alone; in English with the Chinese, by which it is known, beside it."""
    if label is None:
        return ""
    if language() == "zh":
        return label.in_language("zh")
    return f"{label.zh} {label.en}" if label.zh and label.en and label.zh != label.en else label.zh or label.en or ""


def sentences(label: views.Label) -> str:
    """A sentence as `both` has names: each language on a line of its own."""
    return label.in_language("zh") if language() == "zh" else f"{label.zh}\n{label.en}"


def runs(limit: int, as_json: bool) -> None:
    with opened() as ctx:
        found = showing.runs(ctx, limit)

    def people() -> None:
        if not found:
            note("no run yet: import a file, then `tierwise run`")
            return
        rows = [
            (
                f"{'*' if run.current else ' '} {run.id}",
                run.as_of.isoformat(),
                run.state,
                run.counts.get("customers"),
                f"{run.started_at:%Y-%m-%d %H:%M:%S}",
                "–" if run.seconds is None else f"{run.seconds:.2f} s",
                told((run.error or {}).get("message", "")),
            )
            for run in found
        ]
        table("", ["run", "as of", "state", "customers", "started (UTC)", "took", ""], rows)
        note("* the current run: the one that every reader sees")

    tell({"runs": plain(list(found))}, as_json, people)


def deciles(metric: str, run_id: int | None, as_json: bool) -> None:
    with opened() as ctx:
        view = showing.deciles(ctx, metric, run_id)
    tell(view, as_json, lambda: print_deciles(view))


def print_deciles(view: views.DecilesView) -> None:
    unit = view.currency if view.unit == "money" else view.unit
    in_unit = f" ({unit})" if unit else ""
    top = max((row.share or 0.0 for row in view.rows), default=0.0) or 1.0
    table(
        f"{both(view.title)}{in_unit} · {view.as_of}",
        ["part", "customers", "total", "share", "cumulative", "per head"],
        [
            (row.decile, row.customers, row.total, percent(row.share), percent(row.cumulative_share), row.per_head)
            for row in view.rows
        ],
        bars=[(row.share or 0.0) / top for row in view.rows],
    )
    if view.groups:
        table(
            "",
            ["group", "parts", "customers", "share", "per head"],
            [
                (row.group, _span(row.first_decile, row.last_decile), row.customers, percent(row.share), row.per_head)
                for row in view.groups
            ],
        )
    say(sentences(view.sentence))
    if view.unscored:
        say(f"{number(view.unscored)} customers are in no part: they have no order, or no {view.metric}.")


def _span(first: int, last: int) -> str:
    return f"{first}" if first == last else f"{first}–{last}"


def rfm(run_id: int | None, as_json: bool) -> None:
    with opened() as ctx:
        view = showing.rfm(ctx, run_id)
    tell(view, as_json, lambda: print_rfm(view))


def print_rfm(view: views.RfmView) -> None:
    largest = max((cell.customers for cell in view.cells), default=0) or 1
    window = "" if view.last_days is None else f" · {told(f'last {number(view.last_days)} days')}"
    table(
        f"RFM · {view.as_of} · {word(view.money)} {view.currency}{window}",
        ["RFM", "cell", "customers", "share", "amount", "of amount", "per head", "days", "orders"],
        [
            (
                cell.code,
                both(cell.title),
                cell.customers,
                percent(cell.share),
                cell.monetary_amount,
                percent(cell.monetary_share),
                cell.per_head,
                fixed(cell.mean_recency_days, 0),
                fixed(cell.mean_frequency, 1),
            )
            for cell in view.cells
        ],
        bars=[cell.customers / largest for cell in view.cells],
        spare=["orders", "days", "per head", "share"],
    )
    if view.unscored:
        within = "" if view.last_days is None else f" in the last {number(view.last_days)} days"
        said = {"no_orders": f"no order{within}", "unknown_cost": "the cost of an order is not known"}
        reasons = ", ".join(f"{said.get(why, why)}: {number(count)}" for why, count in view.unscored_reasons.items())
        say(f"{number(view.unscored)} customers are unscored ({reasons}).")


def ladders(kind: Literal["lifecycle", "activity"], run_id: int | None, as_json: bool) -> None:
    with opened() as ctx:
        found = showing.ladders(ctx, kind, run_id)

    def people() -> None:
        for view in found:
            print_ladder(view)

    tell({"ladders": plain(list(found))}, as_json, people)


def print_ladder(view: views.LadderView) -> None:
    largest = max((row.customers for row in view.rows), default=0) or 1
    table(
        f"{both(view.title) or view.name} · {view.as_of}",
        ["stage", "", "customers", "share", f"amount ({view.currency})", "of amount"],
        [
            (
                row.name,
                both(row.title),
                row.customers,
                percent(row.share),
                row.monetary_amount,
                percent(row.monetary_share),
            )
            for row in view.rows
        ],
        bars=[row.customers / largest for row in view.rows],
        spare=["of amount"],
    )
    if view.outside:
        say(f"{number(view.outside)} customers are not on this ladder.")


def transitions(name: str | None, from_date: date | None, to_date: date | None, as_json: bool) -> None:
    with opened() as ctx:
        view = showing.transitions(ctx, name, from_date, to_date)

    def people() -> None:
        columns = [*view.stages, None]
        counts = {(row.from_, row.to): row.customers for row in view.rows}
        table(
            f"{view.name}: {view.from_as_of} → {view.to_as_of}",
            ["from \\ to", *[stage or "(none)" for stage in columns]],
            [
                (start or "(none)", *[counts.get((start, end), 0) or "·" for end in columns])
                for start in [*view.stages, None]
            ],
        )

    tell(_with_from(view), as_json, people)


def _with_from(view: views.TransitionsView) -> dict[str, Any]:
    body: dict[str, Any] = plain(view)
    body["rows"] = [{"from": row.pop("from_"), **row} for row in body["rows"]]
    return body


def stores(run_id: int | None, as_json: bool) -> None:
    with opened() as ctx:
        view = showing.stores(ctx, run_id)
    tell(view, as_json, lambda: print_stores(view))


def print_stores(view: views.StoresView) -> None:
    def cells(row: views.StoreRow, name: str) -> tuple[Any, ...]:
        return (
            name,
            row.orders,
            row.monetary_amount_gross,
            row.monetary_amount,
            percent(row.identified_order_rate),
            percent(row.identified_amount_rate),
            percent(row.junk_amount_rate),
        )

    rows = [
        cells(row, f"{row.store_id} {row.store_name or ''}".strip() if row.store_id else "(no store)")
        for row in view.rows
    ]
    bars = [row.identified_amount_rate or 0.0 for row in (*view.rows, view.total)]
    table(
        f"Stores · {view.as_of} · {view.currency}",
        ["store", "orders", "gross", "net", "identified orders", "identified gross", "junk gross"],
        [*rows, cells(view.total, "all stores")],
        bars=bars,
        spare=["junk gross", "identified orders", "gross"],
    )


def profile(limit: int, columns: list[str] | None, run_id: int | None, as_json: bool) -> None:
    with opened() as ctx:
        page = showing.profile(ctx, limit=limit, columns=columns, run_id=run_id)

    def people() -> None:
        if columns:
            table("", list(page.columns), page.rows)
        else:
            for row in page.rows:
                table("", ["attribute", str(row[0])], [(n, v) for n, v in zip(page.columns[1:], row[1:], strict=True)])
                say()
        say(f"{len(page.rows)} of {number(page.of)} customers, as of {page.as_of}")

    rows = [dict(zip(page.columns, row, strict=True)) for row in page.rows]
    tell({"as_of": page.as_of, "run_id": page.run_id, "of": page.of, "rows": rows}, as_json, people)


def customer(customer_id: str, run_id: int | None, as_json: bool) -> None:
    with opened() as ctx:
        view = showing.customer(ctx, customer_id, run_id)

    def people() -> None:
        say(f"{view.customer_id} · as of {view.as_of} · {view.currency}")
        if view.live is not None:
            say(f"live beside run {view.run_id}, up to event {view.live.until}")
        known = [(name, value) for name, value in {**view.base, **view.traits}.items() if value is not None]
        if known:
            table("", ["base facts", ""], known)
            say()
        table(
            "",
            ["attribute", "", "value", ""],
            [(a.name, both(a.title), *_value(a)) for a in view.attributes],
        )
        for title, rows in (
            ("orders", view.orders),
            ("refunds", view.refunds),
            ("visits", view.visits),
            ("vehicles", view.vehicles),
            ("roles", view.relations),
        ):
            if rows:
                say()
                table(f"latest {title}", list(rows[0]), [[_cell(v) for v in row.values()] for row in rows])

    tell(view, as_json, people)


def _value(attribute: views.AttributeValue) -> tuple[Any, str]:
    """The value, and its unit or why there is none."""
    if attribute.reason is not None:
        return attribute.value, told(_REASONS.get(attribute.reason, attribute.reason))
    if attribute.unit.startswith("share"):
        return percent(attribute.value), ""
    return attribute.value, attribute.unit


_REASONS = {
    "no_orders": "no order in the time that RFM looks at",
    "unknown_cost": "the cost of an order is not known",
    "not_in_population": "not on this ladder",
}


def _cell(value: Any) -> Any:
    return value if isinstance(value, int | float | Decimal | str) and value is not None else str(value or "–")


def jobs(limit: int, as_json: bool) -> None:
    with opened() as ctx:
        found = job_cases.jobs(ctx, limit)

    def people() -> None:
        rows = [
            (
                job.id,
                word(job.kind.replace("_", " ")),
                told(job.title),
                word(job.state),
                f"{job.done:,}" + (f" / {job.total:,}" if job.total else ""),
                step_words(job.message, language()),
            )
            for job in found
        ]
        table("", ["job", "kind", "what", "state", "done", ""], rows)

    tell({"jobs": plain(list(found))}, as_json, people)

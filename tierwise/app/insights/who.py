"""The customers behind a number of an insight, as a rule, where its row says by what they are counted."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from tierwise.app.insights.insight_views import InsightView
from tierwise.definitions.kpi import Kpi
from tierwise.definitions.rule import All, AnyRule, Behaviour, Comparison, Measured, Span

OTHERS = "__others__"

Row = Mapping[str, Any]


def rules_of_row(view: InsightView, row: Row, kpis: Mapping[str, Kpi]) -> dict[str, AnyRule]:
    """Column -> of whom its number is. kpis: the definitions of `kpis`, by name. Empty where no rule can tell."""
    known: dict[str, Callable[[], dict[str, AnyRule]]] = {
        "ladder": lambda: {"customers": _days_bought(int(row["purchase"]))},
        "panorama": lambda: _panorama(view, row),
        "cohorts": lambda: _cohort(view, row),
        "kpis": lambda: _kpi(row, kpis),
    }
    return known[view.name]() if view.name in known else {}


def _days_bought(days: int) -> AnyRule:
    """Several orders on one day are one purchase."""
    bought = Measured(fact="orders", aggregate="distinct", column="ordered_day")
    return Behaviour(behaviour=bought, op=">=", value=days)


def _panorama(view: InsightView, row: Row) -> dict[str, AnyRule]:
    by = [("by", "value"), *([("against", "against")] if "against" in row else [])]
    parts = []
    for parameter, column in by:
        attribute = view.parameters.get(parameter)
        if attribute is None or row[column] == OTHERS:
            return {}
        parts.append(_having(attribute, row[column]))
    metric = Comparison(attribute=str(view.parameters["metric"]), op="present")
    return {
        "customers": parts[0] if len(parts) == 1 else All(all=tuple(parts)),
        "known": All(all=(*parts, metric)),
    }


def _cohort(view: InsightView, row: Row) -> dict[str, AnyRule]:
    """Who came first in a month; who of them ordered in a later one."""
    began = "registered_on" if view.parameters.get("by") == "registration" else "first_ordered_on"
    who = Comparison(attribute=began, op="between", value=_month(row["cohort_month"]))
    found: dict[str, AnyRule] = {"customers": who}
    if row["retained"] is not None:
        since, until = _month(row["month"])
        ordered = Behaviour(behaviour=Measured(fact="orders", aggregate="ever", window=Span(from_=since, to=until)))
        found["retained"] = All(all=(who, ordered))
    return found


def _having(attribute: str, value: Any) -> AnyRule:
    if value is None:
        return Comparison(attribute=attribute, op="missing")
    return Comparison(attribute=attribute, op="=", value=value)


def _month(first: date) -> tuple[date, date]:
    return first, first.replace(day=monthrange(first.year, first.month)[1])


def _kpi(row: Row, kpis: Mapping[str, Kpi]) -> dict[str, AnyRule]:
    """Who counts, under the value; of whom a share is, under `of`."""
    kpi = kpis.get(str(row["kpi"]))
    if kpi is None:
        return {}
    told = kpi.rules()
    found = {name: told[name] for name in ("part", "of") if name in told}
    if kpi.of.metric is not None:
        having = Comparison(attribute=kpi.of.metric, op="present")
        found["of"] = All(all=(found["of"], having)) if "of" in found else having
    elif "part" in found and "of" not in found and kpi.unit == "rate":
        found["of"] = Comparison(attribute="customer_id", op="present")
    first = found.get("part") or found.get("of")
    return found | ({"said": first} if first is not None else {})

"""What was measured, for people and for machines."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.lines import BESIDE, MEANING, UNITS, Business, Verdict
from benchmarks.turns import Measured

Results = Mapping[str, tuple[Mapping[str, Measured], Sequence[Verdict]]]
"""Line -> what was measured, and what came of its targets."""

_TITLES = {
    "run": "A full run",
    "import": "An import",
    "count": "A count",
    "rules": "Behavioural rules",
    "incremental": "Stage 1 after new orders",
    "customer": "One customer",
    "history": "History",
    "insights": "Insights",
    "tracking": "Live events",
    "live": "From an event to a segment",
    "console": "The console",
    "identity": "Who is who",
    "commands": "The command line",
}


def table(results: Results, business: Business) -> str:
    """Lines, medians with the range of turns, peak memory, and each target with its verdict."""
    width = max(len(name) for measured, _ in results.values() for name in measured)
    out = []
    for line, (measured, verdicts) in results.items():
        out.append(f"{_TITLES[line]}{_of(line, business)}")
        out.append(f"  {'':{width}}  {'median':>9}  {'least – most':>17}  {'processor':>9}  {'peak memory':>11}")
        for name, thing in measured.items():
            seconds = [turn.seconds for turn in thing.turns]
            unit = UNITS.get(name, "s")
            span = f"{min(seconds):.2f} – {max(seconds):.2f} {unit}"
            clock = f"{thing.seconds:7.2f} {unit:2} {span:>17}  {thing.cpu_seconds:7.2f} s"
            out.append(f"  {name:{width}}  {clock}  {thing.peak_mib:7,.0f} MiB  {_said(name, measured)}".rstrip())
        out.extend(_sentence(verdict) for verdict in verdicts)
        out.append("")
    missed = sum(not verdict.passed for _, verdicts in results.values() for verdict in verdicts)
    out.append("All targets are met." if missed == 0 else f"{missed} target(s) missed.")
    return "\n".join(out)


def _of(line: str, business: Business) -> str:
    return {
        "run": f" on {business.orders:,} orders of {business.customers:,} customers",
        "import": f" of {business.orders:,} order lines",
        "count": f" among {business.orders:,} customers",
        "rules": f" on {business.orders:,} orders of {business.customers:,} customers",
        "incremental": f" on {business.orders:,} orders of {business.customers:,} customers",
        "console": f" over {business.customers:,} customers with {business.orders:,} orders",
        "live": f" among {business.customers:,} customers with {business.orders:,} orders",
        "customer": f" of {business.orders:,}, with as many orders",
        "identity": f" of {business.orders:,} identities",
        "history": f" of {business.days:,} days of {business.customers:,} customers",
        "insights": f" over {business.orders:,} order lines of {business.orders // 10:,} customers",
        "tracking": ", ten seconds of each load over loopback",
        "commands": " on demo data",
    }[line]


def _said(name: str, measured: Mapping[str, Measured]) -> str:
    """What it is, and how often what stands beside it could have been done in the same time."""
    times = _times(name, measured)
    return MEANING.get(name, "") if times is None else f"{times:.1f} × {BESIDE[name]}"


def _times(name: str, measured: Mapping[str, Measured]) -> float | None:
    beside = measured.get(BESIDE.get(name, ""))
    return None if beside is None else measured[name].seconds / beside.seconds


def _sentence(verdict: Verdict) -> str:
    target, mark = verdict.target, "✓" if verdict.passed else "✗"
    if target.against is None:
        unit = UNITS.get(target.measured, "s")
        return f"  {mark} {target.measured} takes {verdict.value:.2f} {unit}, at most {target.limit:g} {unit}"
    return f"  {mark} {target.measured} ÷ {target.against} = {verdict.value:.2f}, at most {target.limit:g}"


def machine() -> dict[str, Any]:
    """What it was measured on, as far as it matters."""
    return {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()}


def as_json(results: Results, business: Business) -> dict[str, Any]:
    """Everything, with every turn. Seconds and MiB; passed: whether all targets are met."""
    lines = {
        line: {
            "measured": {
                name: {
                    "median_seconds": thing.seconds,
                    "cpu_seconds": thing.cpu_seconds,
                    "peak_mib": thing.peak_mib,
                    "times_beside": _times(name, measured),
                    "turns": [asdict(turn) for turn in thing.turns],
                }
                for name, thing in measured.items()
            },
            "targets": [
                {**asdict(verdict.target), "value": verdict.value, "passed": verdict.passed} for verdict in verdicts
            ],
        }
        for line, (measured, verdicts) in results.items()
    }
    return {
        "orders": business.orders,
        "customers": business.customers,
        "seed": business.seed,
        "days": business.days,
        "machine": machine(),
        "lines": lines,
        "passed": all(verdict.passed for _, verdicts in results.values() for verdict in verdicts),
    }

"""Commands that change something, or bring something up."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from tierwise.app.step_words import step_words
from tierwise.bootstrap import Settings
from tierwise.cli.door import FAILED, as_the_home_speaks, note, opened, plain, tell, write
from tierwise.cli.language import language, told, word
from tierwise.cli.terminal import clipped, number, padded, percent, say, table, width

if TYPE_CHECKING:
    from tierwise.app.importing import ImportReport
    from tierwise.app.views import Refusals, RunView


def init(template: str, nightly: bool, as_json: bool) -> None:
    from tierwise.app import defining

    with opened() as ctx:
        applied = defining.initialise(ctx, template)
        home = ctx.home
        made = {}
        if nightly:
            from tierwise.app import scheduling

            made["schedule"] = plain(scheduling.add(ctx, *scheduling.NIGHTLY))
    tell(
        {"home": home, "template": template, **plain(applied), **made},
        as_json,
        lambda: say(
            f'{home}: {len(applied.added)} definitions of the template "{template}".\n'
            "Next: tierwise import FILE --as orders, then tierwise run"
        ),
    )


def import_(
    file: Path,
    table_name: str | None,
    mapping: Path | None,
    sheets: tuple[str, ...],
    replace_orders: bool,
    dry_run: bool,
    strict: bool,
    as_json: bool,
) -> None:
    from tierwise.app import importing

    with opened() as ctx:
        progress = Progress()
        try:
            report = importing.import_path(
                ctx,
                file,
                table_name,
                mapping,
                sheets=sheets,
                replace_orders=replace_orders,
                dry_run=dry_run,
                progress=progress,
            )
        finally:
            progress.close()
    tell(report, as_json, lambda: print_import(report))
    if strict and report.quarantined:
        raise SystemExit(FAILED)


def print_import(report: ImportReport) -> None:
    from tierwise.app.importing import how_read

    rate = report.read / report.seconds if report.seconds else 0.0
    say(f"{report.file} → {report.table}: {number(report.read)} rows in {report.seconds:.1f} s ({rate:,.0f} rows/s)")
    for text in how_read(report):
        say(f"  {text}")
    counts = ("accepted", "replaced", "unchanged", "ignored", "quarantined")
    for name in counts:
        count = getattr(report, name)
        if count:
            say(f"  {padded(word(name), 12)} {count:>14,}")
    if report.refunds:
        say(f"  {number(report.refunds)} of these rows are refunds")
    if report.quarantined:
        say("  see them: tierwise quarantine; mend them: tierwise quarantine --to FILE")
    if report.columns_not_imported:
        say(f"  not imported: {', '.join(report.columns_not_imported)}")
    for text in report.notes:
        say(f"  {text}")


def propose(file: Path, table_name: str | None, sheets: tuple[str, ...], to: Path, as_json: bool) -> None:
    from tierwise.app import importing

    with opened() as ctx:
        proposed = importing.propose(ctx, file, table_name, sheets=sheets)
    write(to, proposed.yaml)
    notes = list(proposed.notes)
    tell(
        {"mapping": str(to), "notes": notes},
        as_json,
        lambda: say("\n".join([*notes, f"written to {to}: look through it, then tierwise import {file} --map {to}"])),
    )


def mapping(import_id: int, to: Path | None, as_json: bool) -> None:
    from tierwise.app.mappings_kept import mapping_of_import

    with opened() as ctx:
        text = mapping_of_import(ctx, import_id)
    if to is None:
        tell({"import_id": import_id, "yaml": text}, as_json, lambda: print(text, end=""))
        return
    write(to, text)
    tell({"import_id": import_id, "mapping": str(to)}, as_json, lambda: say(f"written to {to}"))


def quarantine(
    limit: int, import_id: int | None, code: str | None, to: Path | None, headings: str, as_json: bool
) -> None:
    from tierwise.app import importing
    from tierwise.app.headings import known_headings

    if to is not None:
        wanted = known_headings(language() if headings == "auto" else headings)
        with opened() as ctx:
            count = importing.export_quarantine(ctx, to, import_id=import_id, code=code, headings=wanted)
        tell(
            {"to": to, "rows": count},
            as_json,
            lambda: say(f"{number(count)} rows in {to}: mend them there, then import that file"),
        )
        return
    with opened() as ctx:
        found = importing.quarantine_rows(ctx, limit=limit, import_id=import_id, code=code)
    tell(found, as_json, lambda: print_quarantine(found))


def print_quarantine(found: Refusals) -> None:
    if not found.total:
        say("nothing is in quarantine")
        return
    rows = [(r["file"], r["line"], r["column_name"] or "", r["code"], told(r["message"])) for r in found.rows]
    table("", ["file", "line", "column", "reason", ""], rows)
    reasons = ", ".join(f"{code} {number(count)}" for code, count in found.by_reason.items())
    say(f"{len(found.rows)} of {number(found.total)} rows shown ({reasons})")


def run(as_of: date | None, full: bool, copies: bool | None, as_json: bool) -> None:
    from tierwise.app import running
    from tierwise.app.customer_copies import renew_copies_after_a_run, take_little

    with opened() as ctx:
        progress = Progress()
        try:
            view = running.run(ctx, as_of, full=full, progress=progress)
            if copies or (copies is None and take_little(view.counts)):
                progress(0, None, "copies by customer")
                renew_copies_after_a_run(ctx)
        finally:
            progress.close()
    tell(view, as_json, lambda: print_run(view))


def print_run(view: RunView) -> None:
    counts = view.counts
    say(f"run {view.id}, as of {view.as_of}: {number(counts.get('customers'))} customers in {view.seconds or 0:.2f} s")
    say(f"  {number(counts.get('orders'))} orders, {percent(counts.get('identified_amount_rate'))} of sales identified")
    say(f"  {number(counts.get('unscored'))} customers without an RFM score")
    if view.base_run_id is not None:
        touched = number(counts.get("touched"))
        say(f"  {touched} customers from their facts, all others as in run {view.base_run_id} (or else: run --full)")
    for name, seconds in view.timings.items():
        step = step_words(name, language())
        say(f"  {padded(step, 28)} {seconds:>8.2f} s")
    for text in view.notes:
        note(f"note: {text}")


def export(
    table_name: str,
    to: Path,
    settings: list[str],
    run_id: int | None,
    sensitive: bool,
    headings: str,
    as_json: bool,
) -> None:
    from tierwise.app import exporting
    from tierwise.app.headings import known_headings
    from tierwise.app.insights.settling import assignments

    asked = assignments(settings)
    with opened() as ctx:
        wanted = known_headings(language() if headings == "auto" else headings)
        done = exporting.export(ctx, table_name, to, run_id=run_id, sensitive=sensitive, headings=wanted, asked=asked)
    tell(
        done,
        as_json,
        lambda: say(f"{number(done.rows)} rows of {done.table} in {done.path} ({number(done.bytes)} bytes)"),
    )
    if done.left_out:
        note(f"note: sensitive, and left out: {', '.join(done.left_out)} (--sensitive has them in, and the audit)")


def cancel(job_id: int, as_json: bool) -> None:
    from tierwise.app import jobs

    with opened() as ctx:
        asked = jobs.cancel(ctx, job_id)
    words = "asked to stop" if asked else "was not running"
    tell({"job_id": job_id, "cancel_requested": asked}, as_json, lambda: say(f"job {job_id} {words}"))


def serve(host: str, port: int, console: bool, worker: bool) -> None:
    from tierwise.bootstrap import serve as serve_house

    serve_house(host, port, console=console, worker=worker, note=note)


def doctor(as_json: bool) -> None:
    from tierwise.app.doctor import examine

    settings = Settings.from_environment()
    with as_the_home_speaks():
        health = examine(settings.home, settings.database_url, settings.spark())

    def people() -> None:
        table("", ["", "check", "seen"], [(check.verdict, check.name, told(check.seen)) for check in health.checks])
        for check in health.checks:
            if check.remedy and check.verdict != "ok":
                say(f"{check.name}: {told(check.remedy)}")

    tell({"ok": health.ok, **plain(health)}, as_json, people)
    if not health.ok:
        raise SystemExit(FAILED)


def stop(as_json: bool) -> None:
    from tierwise.bootstrap import stop as stop_house

    stopped = stop_house(Settings.from_environment())
    tell({"stopped": stopped}, as_json, lambda: say("stopped" if stopped else "nothing was running"))


class Progress:
    """Progress with its rate on stderr: one line that is rewritten on a terminal, nothing elsewhere."""

    def __init__(self) -> None:
        from tierwise.kernel.clock import monotonic_seconds

        self._clock = monotonic_seconds
        self._started = self._clock()
        self._shown = 0

    def __call__(self, done: int, total: int | None, message: str) -> None:
        if not sys.stderr.isatty():
            return
        seconds = max(self._clock() - self._started, 0.001)
        share = f" {done / total:4.0%}" if total else ""
        rate = f" {done / seconds:,.0f}/s" if done else ""
        text = clipped(f"{step_words(message, language())}{share}{rate}", 100)
        sys.stderr.write("\r" + text + " " * (self._shown - width(text)))
        sys.stderr.flush()
        self._shown = width(text)

    def close(self) -> None:
        if self._shown:
            sys.stderr.write("\r" + " " * self._shown + "\r")
            sys.stderr.flush()

"""What commands about sources print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tierwise.cli.door import FAILED, opened, tell
from tierwise.cli.terminal import number, say, table

if TYPE_CHECKING:
    from tierwise.app.sources import SourceView


def import_(name: str, file: Path | None, from_start: bool, dry_run: bool, strict: bool, as_json: bool) -> None:
    from tierwise.app import sources
    from tierwise.cli.manage import Progress, print_import

    with opened() as ctx:
        progress = Progress()
        try:
            if file is not None:
                report = sources.import_file_of_source(ctx, file, name, dry_run=dry_run, progress=progress)
            else:
                report = sources.import_source(ctx, name, from_start=from_start, dry_run=dry_run, progress=progress)
        finally:
            progress.close()
    tell(report, as_json, lambda: print_import(report))
    if strict and report.quarantined:
        raise SystemExit(FAILED)


def list_(as_json: bool) -> None:
    from tierwise.app import sources

    with opened() as ctx:
        found = sources.list_sources(ctx)
    tell({"sources": found}, as_json, lambda: _print(found))


def _print(found: tuple[SourceView, ...]) -> None:
    if not found:
        say("no source is defined: kind: source, then tierwise definitions apply -f FILE")
        return
    table(
        "sources",
        ["name", "kind", "where", "table", "watermark", "read up to", "rows"],
        [
            [
                each.name,
                each.kind,
                each.origin,
                each.table,
                each.watermark or "",
                each.mark or ("" if each.last_import_at is None else f"{each.last_import_at:%Y-%m-%d %H:%M}"),
                "" if each.read is None else number(each.read),
            ]
            for each in found
        ],
    )

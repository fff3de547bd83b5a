"""The mark of who took a workbook, when, and from where; it names nobody else."""

from __future__ import annotations

from tierwise.app.context import Context
from tierwise.app.defining import project_of
from tierwise.app.headings import Headings
from tierwise.app.views import Label
from tierwise.engine.tabular import Mark
from tierwise.kernel import clock

PERSON = "person:"


def mark_of(ctx: Context, what: str | Label, headings: Headings = "names") -> Mark | None:
    """Of a file that a signed-in person takes; None for programs, whose equal files are equal bytes.

    what: the table, by name or title. headings: in which language; under `names` the project's. Administrators take
    any number of rows, others as many as the project says.
    """
    name = ctx.principal.name
    if not name.startswith(PERSON):
        return None
    project = project_of(ctx)
    at = clock.utc_now().astimezone(clock.zone(project.timezone))
    who = name.removeprefix(PERSON)
    when = f"{at:%Y-%m-%d %H:%M} {project.timezone}"
    language = project.language if headings == "names" else headings
    title = project.title.in_language(language) or "Tierwise"
    named = what.in_language(language) if isinstance(what, Label) else what
    said = (
        f"{who} 于 {when} 从{title}取出（{named}）。仅供内部使用，勿转发。"
        if language == "zh"
        else f"Taken by {who} on {when} from {title} ({named}). For internal use: do not pass it on."
    )
    return Mark(who, said, None if ctx.principal.role == "administrator" else project.export_rows)

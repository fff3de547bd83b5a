"""A home with a template and made-up data behind it, and what its run found."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from tests.app.conftest import OPERATOR
from tierwise.app import importing, running
from tierwise.app.context import Context
from tierwise.app.defining import Definitions, initialise
from tierwise.app.reading import Reader, reading
from tierwise.definitions.activity import ACTIVITY_CLASSES, Activity
from tierwise.definitions.base import Text
from tierwise.definitions.cleaning import Cleaning
from tierwise.definitions.level import Level
from tierwise.definitions.lifecycle import Lifecycle
from tierwise.definitions.matrix import Matrix
from tierwise.definitions.price_band import PRICE_BANDS, PriceBand
from tierwise.definitions.profiling import Profiling
from tierwise.definitions.segment import Segment
from tierwise.definitions.tag import Tag
from tierwise.engine.execute import Inputs
from tierwise.engine.lake import Lake
from tierwise.engine.live import Beside, Cuts, live_rows, needed
from tierwise.state import traits
from tierwise.testing import MadeData


def house(template: str, made: MadeData, database: Engine, folder: Path) -> Context:
    """The template, the data's files under Chinese headers, and a run as of the data's last day."""
    ctx = Context(home=folder / "home", principal=OPERATOR, database=database, lake=Lake(folder / "home" / "lake"))
    initialise(ctx, template)
    for table, path in made.write(folder, headers="zh").items():
        importing.import_path(ctx, path, table, None)
    running.run(ctx, made.as_of)
    return ctx


def live_differences(ctx: Context, one_in: int = 15) -> set[str]:
    """What is told otherwise live than by the run, of some customers and by the very facts and day of the run.

    `profile COLUMN` and `tag NAME`; nothing may differ.
    """
    found: set[str] = set()
    with reading(ctx) as reader:
        run, definitions = reader.run, reader.definitions
        all_keys = "SELECT customer_key FROM profile UNION SELECT customer_key FROM junk"
        keys = [key for (key,) in reader.connection.execute(f"{all_keys} ORDER BY 1").fetchall()][::one_in]
        names = reader.connection.view("profile").columns
        texts = ", ".join(f'CAST("{name}" AS VARCHAR)' for name in names)
        asked = f"SELECT customer_key, {texts} FROM profile"
        by_run = {row[0]: row[1:] for row in reader.connection.execute(asked).fetchall()}
    with ctx.database.connect() as state:
        known = traits.list_traits(state)
    inputs = Inputs(
        run.as_of,
        definitions.of_profile,
        definitions.project,
        run.inputs,
        traits={trait.column_name: trait.type for trait in known},
        trait_labels={trait.column_name: trait.name for trait in known},
        previous_tags=run.previous_tags,
        remember=False,
    )
    connection = ctx.duckdb()
    outputs = run.outputs or {}
    rows = live_rows(connection, ctx.lake, inputs, Beside(run.as_of, outputs, reader.currency, Cuts(run.id)), keys)
    assert len(rows) == len(keys) > 20
    for row in rows:
        found |= {"states"} if row.states != row.before else set()
        if (row.profile is None) != (row.key not in by_run):
            found.add("junk")
        elif row.profile is not None:
            values = zip(names, by_run[row.key], strict=True)
            found |= {f"profile {name}" for name, value in values if row.profile.get(name) != value}
    told = ", ".join(f"'{each.name}'" for each in needed(definitions.of_profile) if isinstance(each, Tag))
    connection.execute(f"CREATE VIEW told_before AS SELECT * FROM base_tags WHERE tag IN ({told or 'NULL'})")
    sides = ("tag_rows", "told_before"), ("told_before", "tag_rows")
    columns = "customer_key, tag, value, since, confirmed_on, source"
    for one, other in sides:
        query = f"SELECT DISTINCT tag FROM (SELECT {columns} FROM {one} EXCEPT SELECT {columns} FROM {other})"
        found |= {f"tag {tag}" for (tag,) in connection.execute(query).fetchall()}
    connection.close()
    return found


def counted(reader: Reader, table: str, *columns: str) -> dict[str, int]:
    """Rows of a snapshot table by those columns, joined by a blank; null ones are left out."""
    reader.ctx.lake.read(reader.connection, table, (reader.run.outputs or {})[table]).create_view(table, replace=True)
    label = f"concat_ws(' ', {', '.join(columns)})"
    return dict(reader.connection.execute(f"SELECT {label}, count(*) FROM {table} GROUP BY 1").fetchall())


def promised(reader: Reader) -> dict[str, dict[str, int | None]]:
    """Definition -> each value that it may give -> how many customers have it; None where nobody does."""
    tags, segments = counted(reader, "tags", "tag", "value"), counted(reader, "segments", "segment")
    found: dict[str, dict[str, int | None]] = {}
    for tag in reader.definitions.of(Tag):
        values = {value: tags.get(f"{tag.name} {value}") for value, _ in tag.possible_values}
        found[tag.name] = values or {"yes": tags.get(tag.name)}
    for segment in reader.definitions.of(Segment):
        found[segment.name] = {"in": segments.get(segment.name)}
    steps = {
        **{each.name: [stage.name for stage in each.stages] for each in reader.definitions.of(Lifecycle)},
        **{each.name: [level.name for level in each.levels] for each in reader.definitions.of(Level)},
        **{each.name: [cell.name for cell in each.cells] for each in reader.definitions.of(Matrix)},
        **{each.name: list(ACTIVITY_CLASSES) for each in reader.definitions.of(Activity)},
        **{each.name: list(PRICE_BANDS) for each in reader.definitions.of(PriceBand)},
    }
    for ladder, names in steps.items():
        at = counted(reader, "profile", ladder)
        found[ladder] = {name: at.get(name) for name in names}
    return found


def untold(definitions: Definitions, said: str) -> set[str]:
    """What the demo should show and does not: names of tags, segments, levels, cells and stages, and both titles."""
    shown: list[tuple[str, Text]] = [
        (each.name, each.title) for each in (*definitions.of(Tag), *definitions.of(Segment))
    ]
    shown += [(step.name, step.title) for each in definitions.of(Lifecycle) for step in each.stages]
    shown += [(step.name, step.title) for each in definitions.of(Level) for step in each.levels]
    shown += [(cell.name, cell.title) for each in definitions.of(Matrix) for cell in each.cells]
    shown += [(each.title.zh or "", each.title) for each in definitions.of(PriceBand)]
    shown += [(rule.name, rule.title) for each in definitions.of(Cleaning) for rule in each.rules]
    shown += [(question.name, question.ask) for each in definitions.of(Profiling) for question in each.questions]
    return {name for name, title in shown if not all(text in said for text in (name, title.zh or "", title.en or ""))}


def nobody(found: dict[str, dict[str, int | None]]) -> set[str]:
    """`definition value` of what nobody has."""
    return {f"{name} {value}" for name, values in found.items() for value, count in values.items() if not count}


def everybody(found: dict[str, dict[str, int | None]], customers: int) -> set[str]:
    """`definition value` of what takes nine in ten customers and more."""
    return {
        f"{name} {value}"
        for name, values in found.items()
        for value, count in values.items()
        if count and count >= 0.9 * customers
    }

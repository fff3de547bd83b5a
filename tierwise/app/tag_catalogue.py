"""The catalogue of tags: what each is, where it comes from, who has it, how it moved, who reads it, what it lacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from tierwise.app.context import Context
from tierwise.app.defining import Definitions, current_definitions
from tierwise.app.reading import Reader, label_of, reading
from tierwise.app.remembered import told_once
from tierwise.app.tag_guard import MayDrive, may_drive
from tierwise.app.tag_validation_views import claim_in_words
from tierwise.app.views import Label
from tierwise.definitions.classified import Sensitivity
from tierwise.definitions.graph import label_of as definition_label
from tierwise.definitions.graph import readers_of_name
from tierwise.definitions.tag import Origin, Tag, TagClass, tag_warnings
from tierwise.engine.sources import frame, register_facts
from tierwise.kernel.errors import Problem, TierwiseError
from tierwise.metrics.tag_figures import TagFigures, rater_agreement, tag_figures
from tierwise.state import runs, tag_validations
from tierwise.state.tag_validations import StoredValidation
from tierwise.stats.agreement import Agreement as Agreement
from tierwise.stats.drift import Drift, drift_of

_LOOKED_BACK = 200
"""Among so many of the newest runs the one to compare with is looked for."""


@dataclass(frozen=True, slots=True)
class TagValueRow:
    """One value, of those counted or defined. share: of those who have the tag; null where nobody has it."""

    value: str
    title: Label
    customers: int
    share: float | None


@dataclass(frozen=True, slots=True)
class TagRow:
    """One tag. customers, coverage and values are of the run and null before the first; gained, lost, changed and drift
    are against the run before it and null where there is none. drift: population stability index, and in words.

    agreement: of raters, for manual tags with values. readers: the definitions that read it, as `kind name`.

    claim: its hypothesis in words. validation: how far it has come, its last verdict, and whether it may drive a
    campaign.
    """

    name: str
    title: Label
    tag_class: TagClass
    source: Origin
    owner: str | None
    purpose: str | None
    description: str | None
    sensitivity: Sensitivity
    consent: str | None
    ttl_days: int | None
    when_empty: str
    history: bool
    refresh: str | None
    concept: str | None
    scene: str | None
    version: int | None
    customers: int | None
    coverage: float | None
    values: tuple[TagValueRow, ...]
    gained: int | None
    lost: int | None
    changed: int | None
    drift: float | None
    drift_said: Drift | None
    agreement: Agreement | None
    readers: tuple[str, ...]
    warnings: tuple[Problem, ...]
    claim: str | None
    validation: MayDrive


@dataclass(frozen=True, slots=True)
class TagCatalogue:
    """All tags in use, by name. run_id and as_of: the run that is counted; compared_as_of: the one before it."""

    run_id: int | None
    as_of: date | None
    compared_as_of: date | None
    tags: tuple[TagRow, ...]


@dataclass(frozen=True)
class _Counted:
    run: runs.Run
    before: runs.Run | None
    figures: Mapping[str, TagFigures]
    agreement: Mapping[str, Agreement]


def catalogue(ctx: Context, *, run_id: int | None = None) -> TagCatalogue:
    """The catalogue of the tags in use today, counted in a run. Raises `unknown_run`, `run_not_kept`."""
    ctx.principal.require("view")
    with ctx.database.connect() as connection:
        definitions = current_definitions(connection)
        tested = tag_validations.newest(connection)
    tags = sorted(definitions.of(Tag), key=lambda tag: tag.name)
    counted = _counted(ctx, run_id)
    return TagCatalogue(
        run_id=counted.run.id if counted else None,
        as_of=counted.run.as_of if counted else None,
        compared_as_of=counted.before.as_of if counted and counted.before else None,
        tags=tuple(_row(tag, definitions, counted, tested.get(tag.name)) for tag in tags),
    )


@told_once
def _counted(ctx: Context, run_id: int | None) -> _Counted | None:
    """The figures of the tags in use, of a run; None before the first."""
    with ctx.database.connect() as state:
        tags = sorted(current_definitions(state).of(Tag), key=lambda tag: tag.name)
    try:
        with reading(ctx, run_id) as reader:
            if "tags" not in (reader.run.outputs or {}):
                return None
            before = _run_before(ctx, reader.run)
            if before is not None and before.outputs is not None:
                ctx.lake.read(reader.connection, "tags", before.outputs["tags"]).create_view("tags_before")
            figures = tag_figures(
                [tag.name for tag in tags],
                frame(reader.connection, "tags"),
                _customers(reader.run),
                before=frame(reader.connection, "tags_before") if before is not None else None,
                customers_before=_customers(before) if before is not None else 0,
            )
            return _Counted(reader.run, before, figures, _agreement(ctx, reader, tags))
    except TierwiseError as error:
        if error.code == "no_run" and run_id is None:
            return None
        raise


def _run_before(ctx: Context, run: runs.Run) -> runs.Run | None:
    """The newest run of an earlier day that has tags."""
    with ctx.database.connect() as connection:
        kept = runs.list_runs(connection, limit=_LOOKED_BACK)
    fit = [r for r in kept if r.state == "done" and r.as_of < run.as_of and "tags" in (r.outputs or {})]
    return max(fit, key=lambda r: (r.as_of, r.id), default=None)


def _customers(run: runs.Run) -> int:
    return int((run.counts or {}).get("customers", 0))


def _agreement(ctx: Context, reader: Reader, tags: list[Tag]) -> dict[str, Agreement]:
    """Of the verdicts that the run knew."""
    if "manual_tags" not in reader.run.inputs:
        return {}
    wanted = {name: v for name, v in reader.run.inputs.items() if name in ("manual_tags", "customer_map")}
    register_facts(reader.connection, ctx.lake, wanted)
    return rater_agreement(frame(reader.connection, "manual_tags"), tags, as_of=reader.run.as_of)


def _row(tag: Tag, definitions: Definitions, counted: _Counted | None, last: StoredValidation | None) -> TagRow:
    figures = counted.figures[tag.name] if counted else None
    readers = tuple(definition_label(each) for each in readers_of_name("attribute", tag.name, definitions.all))
    return TagRow(
        name=tag.name,
        title=label_of(tag.title, tag.name),
        tag_class=tag.class_,
        source=tag.origin,
        owner=tag.owner,
        purpose=tag.purpose,
        description=tag.description,
        sensitivity=tag.sensitivity,
        consent=tag.needs_consent,
        ttl_days=tag.ttl_days,
        when_empty=tag.when_empty,
        history=tag.history,
        refresh=tag.refresh,
        concept=tag.concept,
        scene=tag.scene,
        version=definitions.versions.get(f"tag {tag.name}"),
        customers=figures.customers if figures else None,
        coverage=figures.coverage if figures else None,
        values=_values(tag, figures),
        gained=figures.gained if figures else None,
        lost=figures.lost if figures else None,
        changed=figures.changed if figures else None,
        drift=figures.drift if figures else None,
        drift_said=drift_of(figures.drift) if figures and figures.drift is not None else None,
        agreement=counted.agreement.get(tag.name) if counted else None,
        readers=readers,
        warnings=(*tag_warnings(tag), *_held_back(tag, figures)),
        claim=None if tag.hypothesis is None else claim_in_words(tag.hypothesis),
        validation=may_drive(tag, last),
    )


def _held_back(tag: Tag, figures: TagFigures | None) -> tuple[Problem, ...]:
    """That a sensitive tag has nobody, which is mostly for want of consents."""
    if tag.needs_consent is None or figures is None or figures.customers:
        return ()
    said = f'nobody has it; it is computed only for customers whose consent to "{tag.needs_consent}" stands'
    remedy = "tierwise import FILE --as consents"
    return (Problem("no_consent", said, f'tag "{tag.name}"', remedy),)


def _values(tag: Tag, figures: TagFigures | None) -> tuple[TagValueRow, ...]:
    """The defined values in their order, then others that were counted; a yes tag has none."""
    titles = dict(tag.possible_values)
    counts = figures.values if figures else {}
    listed = [*titles, *(value for value in counts if value not in titles)] if titles or tag.imported else []
    have = figures.customers if figures else 0
    return tuple(
        TagValueRow(
            value=value,
            title=label_of(titles[value], value) if value in titles else Label(value, value),
            customers=counts.get(value, 0),
            share=counts.get(value, 0) / have if have else None,
        )
        for value in listed
    )

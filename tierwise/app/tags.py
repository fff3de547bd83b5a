"""Tags given by hand: added, taken back, and what a customer has of all tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from tierwise.app.context import Context
from tierwise.app.defining import current_definitions
from tierwise.app.known_customers import Customers
from tierwise.app.own_customers import require_own
from tierwise.app.reading import label_of
from tierwise.app.views import Label
from tierwise.definitions.tag import Tag
from tierwise.kernel import clock
from tierwise.kernel.errors import Problem, TierwiseError, unknown_name
from tierwise.state import audit, manual_tags, runs
from tierwise.state.manual_tags import ManualTag, Outcome, Verdict


@dataclass(frozen=True, slots=True)
class TagAct:
    """What giving a tag came to: accepted, replaced (the rater's own earlier verdict), or unchanged (it stood)."""

    customer_id: str
    tag: str
    value: str | None
    outcome: Outcome
    rater: str


@dataclass(frozen=True, slots=True)
class TagRemoval:
    """removed: how many verdicts were taken back."""

    customer_id: str
    tag: str
    removed: int


@dataclass(frozen=True, slots=True)
class TagOfCustomer:
    """One tag as of the run. value: null of a yes tag. since: the first day of this value without a break."""

    tag: str
    title: Label
    value: str | None
    value_title: Label | None
    since: date
    source: str


@dataclass(frozen=True, slots=True)
class ActView:
    """One verdict. It stands while undone_at is null. waiting: the current run did not know it, or its undoing, yet."""

    customer_id: str
    tag: str
    title: Label
    value: str | None
    rater: str
    reason: str
    at: datetime
    expires_on: date | None
    batch: str | None
    undone_at: datetime | None
    undone_by: str | None
    undo_reason: str | None
    waiting: bool


@dataclass(frozen=True, slots=True)
class CustomerTags:
    """All tags of a customer as of the current run (null before the first), and every verdict by hand, newest first."""

    customer_id: str
    run_id: int | None
    as_of: date | None
    tags: tuple[TagOfCustomer, ...]
    acts: tuple[ActView, ...]


def add_tag(
    ctx: Context,
    customer_id: str,
    tag: str,
    value: str | None = None,
    *,
    reason: str,
    expires_on: date | None = None,
) -> TagAct:
    """Give a customer a tag by hand; the next run heeds it. Audited, without the reason.

    tag and value: by name, or by a title in either language. expires_on: the last day on which it holds. Another
    verdict of the same person is replaced; those of others stand, and the newest counts. Raises `unknown_tag`,
    `not_manual`, `missing_value`, `unknown_value`, `bad_value`, `bad_date`, `unknown_customer`, `no_consent`,
    `missing_reason`.
    """
    require_own(ctx, "tag", customer_id)
    with ctx.database.connect() as connection:
        definitions = current_definitions(connection)
    today = clock.today(clock.zone(definitions.project.timezone))
    definition = manual_tag_named(definitions.of(Tag), tag)
    given = value_of(definition, value)
    if expires_on is not None and expires_on < today:
        raise TierwiseError("bad_date", f"{expires_on} is over", place="expires_on", remedy="a day to come, or none")
    with Customers(ctx) as customers:
        source_key, customer_key = customers.one(customer_id)
        if definition.needs_consent is not None:
            allowed = customers.consented([definition.needs_consent], today)
            if (customer_key, definition.needs_consent) not in allowed:
                raise TierwiseError.of([consent_problem(definition, definition.needs_consent)])
    verdict = Verdict(source_key, definition.name, given, reason, expires_on)
    with ctx.database.begin() as connection:
        renew = definition.ttl_days is not None
        outcome = manual_tags.add(connection, verdict, rater=ctx.principal.name, renew=renew)
        if outcome != "unchanged":
            detail = {"source_key": source_key, "value": _told(definition, given), "outcome": outcome}
            audit.write(connection, ctx.principal.name, "tag.add", definition.name, detail)
    return TagAct(customer_id, definition.name, given, outcome, ctx.principal.name)


def remove_tag(ctx: Context, customer_id: str, tag: str, *, reason: str, rater: str | None = None) -> TagRemoval:
    """Take a tag back that was given by hand; the next run heeds it. What was given stays on record. Audited.

    rater: only that person's verdict; None those of all. Raises `unknown_tag`, `not_tagged`, `unknown_customer`,
    `missing_reason`.
    """
    require_own(ctx, "tag", customer_id)
    with ctx.database.connect() as connection:
        tags = current_definitions(connection).of(Tag)
        # A tag whose definition has gone or changed may still have to be taken back.
        name = tag if manual_tags.in_use(connection, tag) else tag_named(tags, tag).name
    with Customers(ctx) as customers:
        _, customer_key = customers.one(customer_id)
        keys = customers.keys(customer_key)
    with ctx.database.begin() as connection:
        removed = manual_tags.remove(connection, keys, name, by=ctx.principal.name, reason=reason, rater=rater)
        if not removed:
            whose = "" if rater is None else f" by {rater}"
            raise TierwiseError(
                "not_tagged",
                f'this customer was not given "{name}" by hand{whose}',
                remedy="`tierwise tag list CUSTOMER` shows what was given, and by whom",
            )
        detail = {"customer_key": customer_key, "removed": removed, "rater": rater}
        audit.write(connection, ctx.principal.name, "tag.remove", name, detail)
    return TagRemoval(customer_id, name, removed)


def customer_tags(ctx: Context, customer_id: str) -> CustomerTags:
    """What a customer has of all tags as of the current run, and every verdict by hand. Raises `unknown_customer`."""
    require_own(ctx, "view_customer", customer_id)
    with ctx.database.connect() as connection:
        run = runs.current(connection)
        definitions = current_definitions(connection)
    with Customers(ctx) as customers:
        _, customer_key = customers.one(customer_id)
        keys = customers.keys(customer_key)
        ids = customers.ids(keys)
        rows = customers.tags(run, customer_key)
    with ctx.database.connect() as connection:
        acts = manual_tags.list_acts(connection, source_keys=keys, standing_only=False, limit=1000)
    tags = {each.name: each for each in definitions.of(Tag)}
    return CustomerTags(
        customer_id=customer_id,
        run_id=run.id if run else None,
        as_of=run.as_of if run else None,
        tags=tuple(
            TagOfCustomer(name, _title(tags, name), value, _value_title(tags, name, value), since, source)
            for name, value, since, source in rows
        ),
        acts=tuple(_act(act, ids, tags, run) for act in acts),
    )


def manual_acts(
    ctx: Context, *, tag: str | None = None, standing_only: bool = True, limit: int = 50
) -> tuple[ActView, ...]:
    """The newest verdicts by hand, of one tag or of all."""
    ctx.principal.require("view_customer")
    with ctx.database.connect() as connection:
        run = runs.current(connection)
        tags = {each.name: each for each in current_definitions(connection).of(Tag)}
        acts = manual_tags.list_acts(connection, tag=tag, standing_only=standing_only, limit=limit)
    with Customers(ctx) as customers:
        ids = customers.ids([act.source_key for act in acts])
    return tuple(_act(act, ids, tags, run) for act in acts)


def manual_tags_in_use(ctx: Context) -> tuple[Tag, ...]:
    """The tags that one who asks may give by hand, by name."""
    ctx.principal.require_of_own("tag")
    with ctx.database.connect() as connection:
        found = [tag for tag in current_definitions(connection).of(Tag) if tag.manual is not None]
    return tuple(sorted(found, key=lambda tag: tag.name))


def tag_named(tags: Sequence[Tag], name: str) -> Tag:
    """The tag of that name or title. Raises `unknown_tag`."""
    found = [tag for tag in tags if name in (tag.name, tag.title.zh, tag.title.en)]
    exact = [tag for tag in found if tag.name == name] or found
    if len(exact) != 1:
        raise TierwiseError.of([unknown_name("tag", name, [tag.name for tag in tags])])
    return exact[0]


def manual_tag_named(tags: Sequence[Tag], name: str) -> Tag:
    """The tag of that name or title, which staff may give. Raises `unknown_tag`, `not_manual`."""
    tag = tag_named(tags, name)
    if tag.manual is None:
        raise TierwiseError(
            "not_manual",
            f'"{tag.name}" is not given by hand: its source is "{tag.origin}"',
            remedy="give a tag whose definition has `manual`",
        )
    return tag


def value_of(tag: Tag, given: str | None) -> str | None:
    """The value that is meant, by itself or by a title. Raises `missing_value`, `unknown_value`, `bad_value`."""
    text = (given or "").strip()
    values = tag.possible_values
    if not values:
        if text:
            raise TierwiseError(
                "bad_value", f'"{tag.name}" is there or not: it takes no value', remedy="leave the value out"
            )
        return None
    if not text:
        listed = ", ".join(value for value, _ in values)
        raise TierwiseError("missing_value", f'"{tag.name}" needs a value', remedy=f"one of {listed}")
    named = [value for value, title in values if text in (value, title.zh, title.en)]
    if text in named or len(named) == 1:
        return text if text in named else named[0]
    raise TierwiseError.of([unknown_name("value", text, [value for value, _ in values], tag.name)])


def consent_problem(tag: Tag, purpose: str) -> Problem:
    """That a customer has not consented to a sensitive tag."""
    said = f'"{tag.name}" is sensitive ({tag.sensitivity}), and no consent to "{purpose}" stands for this customer'
    return Problem("no_consent", said, None, "ask the customer first, and import the consent")


def _act(act: ManualTag, ids: Mapping[int, str], tags: Mapping[str, Tag], run: runs.Run | None) -> ActView:
    newest = act.undone_at or act.at
    return ActView(
        customer_id=ids.get(act.source_key, ""),
        tag=act.tag,
        title=_title(tags, act.tag),
        value=act.value,
        rater=act.rater,
        reason=act.reason,
        at=act.at,
        expires_on=act.expires_on,
        batch=act.batch,
        undone_at=act.undone_at,
        undone_by=act.undone_by,
        undo_reason=act.undo_reason,
        waiting=run is None or newest > run.started_at,
    )


def _title(tags: Mapping[str, Tag], name: str) -> Label:
    return label_of(tags[name].title, name) if name in tags else Label(name, name)


def _value_title(tags: Mapping[str, Tag], name: str, value: str | None) -> Label | None:
    if value is None:
        return None
    titles = dict(tags[name].possible_values) if name in tags else {}
    return label_of(titles[value], value) if value in titles else Label(value, value)


def _told(tag: Tag, value: str | None) -> str | None:
    """The value for the audit: nothing of a sensitive tag."""
    return value if tag.needs_consent is None else None

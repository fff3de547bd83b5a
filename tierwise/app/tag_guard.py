"""May this tag drive a campaign? Only where its claim has stood the test, as it is claimed today."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from tierwise.app.context import Context
from tierwise.app.defining import current_definitions
from tierwise.app.tag_validation_views import meaning_of
from tierwise.definitions.base import Definition
from tierwise.definitions.graph import gives, label_of, links, reads
from tierwise.definitions.rule import AnyRule
from tierwise.definitions.segment import Segment
from tierwise.definitions.tag import Tag
from tierwise.kernel.errors import Problem, TierwiseError, unknown_name
from tierwise.state import tag_validations
from tierwise.state.tag_validations import StoredValidation
from tierwise.stats.backtest import Verdict

Life = Literal["draft", "hypothesis", "back_tested", "revised"]
"""How far a tag has come: it claims nothing · it claims something untested · its claim was tested · it was changed
since its test. *Validated* is for a live campaign to say; *in use* shows in who reads it; *retired* is one that was
removed."""

Why = Literal["no_hypothesis", "never_tested", "changed_since", "cannot_tell", "dropped", "to_revise"]


@dataclass(frozen=True, slots=True)
class MayDrive:
    """Whether a tag may drive a campaign, and why not; `to_revise` is allowed, and said.

    verdict, validated_at, validation_id: of its last test; null where there is none.
    """

    tag: str
    allowed: bool
    life: Life
    reason: Why | None
    said: str
    verdict: Verdict | None
    validated_at: datetime | None
    validation_id: int | None


def may_drive(tag: Tag, last: StoredValidation | None) -> MayDrive:
    """last: its newest test, None where there is none."""
    if tag.hypothesis is None:
        said = "it claims nothing that was tested: write a `hypothesis`, and test it"
        return _told(tag, last, False, "draft", "no_hypothesis", said)
    if last is None:
        return _told(tag, None, False, "hypothesis", "never_tested", f"never tested: tierwise tag validate {tag.name}")
    if last.meaning != meaning_of(tag):
        said = f"changed since its test of {last.at:%Y-%m-%d}: tierwise tag validate {tag.name}"
        return _told(tag, last, False, "revised", "changed_since", said)
    figures = str(last.body.get("said", ""))
    if last.verdict is None:
        return _told(tag, last, False, "back_tested", "cannot_tell", f"its test could not decide: {figures}")
    if last.verdict == "drop":
        return _told(tag, last, False, "back_tested", "dropped", f"its claim failed: {figures}")
    if last.verdict == "revise":
        return _told(tag, last, True, "back_tested", "to_revise", f"to be revised: {figures}")
    return _told(tag, last, True, "back_tested", None, figures)


def may_drive_campaign(ctx: Context, name: str) -> MayDrive:
    """Of one tag, by its name. Raises `unknown_tag`."""
    ctx.principal.require("view")
    with ctx.database.connect() as connection:
        tags = {each.name: each for each in current_definitions(connection).of(Tag)}
        if name not in tags:
            raise TierwiseError.of([unknown_name("tag", name, tags)])
        return may_drive(tags[name], tag_validations.newest(connection).get(name))


def require_tags_may_drive(connection: Connection, rule: AnyRule, *, descriptive: bool = False) -> tuple[MayDrive, ...]:
    """What each tag is told of on which a group rests, through whatever it reads; raises `tag_may_not_drive` for all
    that may not.

    descriptive: whether tags that claim nothing (`no_hypothesis`) may pass, as facts about customers; they are told of
    all the same.
    """
    definitions = current_definitions(connection)
    last = tag_validations.newest(connection)
    told = tuple(may_drive(tag, last.get(tag.name)) for tag in tags_behind(definitions.all, rule))
    problems = [
        Problem("tag_may_not_drive", f'the tag "{each.tag}" may not drive a campaign: {each.said}', f'tag "{each.tag}"')
        for each in told
        if not each.allowed and not (descriptive and each.reason == "no_hypothesis")
    ]
    if problems:
        raise TierwiseError.of(problems)
    return told


def tags_behind(definitions: Iterable[Definition], rule: AnyRule) -> list[Tag]:
    """The tags that a rule reads, itself or through segments, other tags, levels and ladders; by name."""
    every = list(definitions)
    asking = Segment(name="asking", when=rule)
    givers = {given: each for each in every for given in gives(each)}
    waiting = [
        each
        for read in reads(asking)
        for given, each in givers.items()
        if (given.what, given.name) == (read.what, read.name)
    ]
    behind: Mapping[str, list[Definition]] = _behind(every)
    found: dict[str, Definition] = {}
    while waiting:
        each = waiting.pop()
        if label_of(each) not in found:
            found[label_of(each)] = each
            waiting += behind.get(label_of(each), [])
    return sorted((each for each in found.values() if isinstance(each, Tag)), key=lambda tag: tag.name)


def _behind(definitions: list[Definition]) -> dict[str, list[Definition]]:
    found: dict[str, list[Definition]] = {}
    for link in links(definitions):
        found.setdefault(label_of(link.reader), []).append(link.giver)
    return found


def _told(
    tag: Tag, last: StoredValidation | None, allowed: bool, life: Life, reason: Why | None, said: str
) -> MayDrive:
    verdict: Verdict | None = None
    if last is not None and last.verdict is not None:
        verdict = {"keep": "keep", "revise": "revise", "drop": "drop"}[last.verdict]  # type: ignore[assignment]
    return MayDrive(
        tag.name, allowed, life, reason, said, verdict, last.at if last else None, last.id if last else None
    )

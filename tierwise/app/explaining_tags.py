"""Why a customer has a tag: its rule, who gave it, what was bought, a scorecard's lines; and how long it is kept."""

from __future__ import annotations

from datetime import date
from typing import Any

from tierwise.app.one_customer import Subject
from tierwise.app.scorecard_lines import composite_clauses
from tierwise.definitions.tag import Tag
from tierwise.definitions.words import in_words
from tierwise.engine.potential_reasons import told
from tierwise.engine.sources import frame
from tierwise.metrics.clauses import Clause, counted_rows
from tierwise.metrics.frame import rows_of
from tierwise.metrics.tag_life import standing_consents
from tierwise.metrics.tags import standing_verdicts


def tag_value(subject: Subject, tag: Tag) -> tuple[Any, date | None, date | None]:
    """The value in the run (`yes` of a tag that one just has), since when, and when last confirmed; nulls without."""
    if "tags" not in (subject.reader.run.outputs or {}):
        return None, None, None
    rows = subject.ask(
        "SELECT COALESCE(value, 'yes'), since, confirmed_on FROM tags WHERE customer_key = $key AND tag = $tag",
        key=subject.key,
        tag=tag.name,
    )
    return rows[0] if rows else (None, None, None)


def tag_clauses(subject: Subject, tag: Tag) -> tuple[Clause, ...]:
    """The clauses of its source, then those of its life: consent, and what is kept from an earlier run."""
    found, says_now = _of_source(subject, tag)
    value, since, confirmed = tag_value(subject, tag)
    clauses = list(found)
    if tag.needs_consent is not None:
        stands = _consents(subject, tag.needs_consent)
        clauses.append(Clause("consent", f"has consented to {tag.needs_consent}", stands))
    if value is not None and says_now is False:
        said = f"kept from an earlier run, last confirmed on {confirmed}"
        clauses.append(Clause("kept", said, True, value, detail={"confirmed_on": confirmed}))
    if tag.ttl_days is not None:
        said = f"a value counts for {tag.ttl_days} days"
        clauses.append(Clause("ttl", said, value is not None, confirmed, detail={"ttl_days": tag.ttl_days}))
    if value is not None:
        clauses.append(Clause("since", f"since {since}", None, since))
    return tuple(clauses)


def _of_source(subject: Subject, tag: Tag) -> tuple[tuple[Clause, ...], bool | None]:
    """The clauses, and whether the source says something today; null where it cannot be told."""
    if tag.when is not None:
        clause = subject.clause(tag.when, "when")
        return (clause,), clause.verdict
    if tag.values:
        return _first_value(subject, tag)
    if tag.manual is not None:
        return _acts(subject, tag)
    if tag.imported is not None:
        value = subject.value(f"trait.{tag.imported.trait}")
        there = value not in (None, "", False)
        return (Clause("trait", f"trait {tag.imported.trait}", there, value, "imported.trait"),), there
    if tag.implied:
        return _bought(subject, tag), None
    if tag.composite is not None:
        return composite_clauses(subject, tag), None
    return _scored(subject, tag), None


def _scored(subject: Subject, tag: Tag) -> tuple[Clause, ...]:
    """The newest score of the tag that the run saw, and what moved it."""
    if tag.model is None or not tag.model.learnt:
        return (Clause("model", "a slot for a model: computed by nothing yet", None),)
    rows: list[tuple[Any, ...]] = []
    if subject.has("model_scores"):
        rows = subject.ask(
            "SELECT scored_day, score_millionths, rank_millionths, model_id, reasons FROM model_scores "
            "WHERE customer_key = $key AND tag = $tag AND scored_day = (SELECT max(scored_day) FROM model_scores "
            "WHERE tag = $tag AND scored_day <= $as_of) ORDER BY rank_millionths LIMIT 1",
            key=subject.key,
            tag=tag.name,
            as_of=subject.world.as_of,
        )
    if not rows:
        return (Clause("model", f"not scored: tierwise tag score {tag.name}", False),)
    day, score, rank, model, reasons = rows[0]
    widest = tag.model.top_share or max(each.top_share for each in tag.model.bands)
    said = f"scored {score / 1_000_000:.3f} as of {day}, among the top {rank / 10_000:.1f} %"
    found = [Clause("model", said, rank <= round(widest * 1_000_000), score / 1_000_000, detail={"model_id": model})]
    project = subject.reader.project
    for each in told(reasons, project.windows_days, subject.reader.currency):
        found.append(Clause("reason", each.in_language(project.language), None, detail={"zh": each.zh, "en": each.en}))
    return tuple(found)


def _first_value(subject: Subject, tag: Tag) -> tuple[tuple[Clause, ...], bool]:
    clauses = []
    for i, each in enumerate(tag.values):
        tree = subject.clause(each.when, "values", i, "when")
        clauses.append(Clause("value", each.value, tree.verdict, at=f"values.{i}", clauses=(tree,)))
        if tree.verdict:
            return tuple(clauses), True
    return tuple(clauses), False


def _acts(subject: Subject, tag: Tag) -> tuple[tuple[Clause, ...], bool]:
    if not subject.has("manual_tags"):
        return (Clause("act", "nobody has given it", False),), False
    acts = frame(subject.reader.connection, "manual_tags")
    mine = acts.filter(_of_customer(subject))
    standing = standing_verdicts(mine, [tag], as_of=subject.world.as_of).select("act_id")
    held = {act for (act,) in rows_of(standing)}
    rows = subject.ask(
        "SELECT act_id, value, rater, given_day, expires_on, removed_day FROM manual_tags "
        "WHERE customer_key = $key AND tag = $tag ORDER BY act_id DESC LIMIT 20",
        key=subject.key,
        tag=tag.name,
    )
    clauses = []
    for act, value, rater, given, expires, removed in rows:
        said = f"{rater} gave {value or 'it'} on {given}"
        said += f", until {expires}" if expires else ""
        said += f"; taken back on {removed}" if removed else ""
        detail = {"rater": rater, "given_day": given, "expires_on": expires, "removed_day": removed}
        clauses.append(Clause("act", said, act in held, value or "yes", "manual", detail=detail))
    return (tuple(clauses) or (Clause("act", "nobody has given it", False),)), bool(held)


def _bought(subject: Subject, tag: Tag) -> tuple[Clause, ...]:
    """Each implication with the lines that fit it; the newest line of all speaks."""
    clauses = []
    for i, implication in enumerate(tag.implied):
        if "order_lines" not in subject.world.facts:
            break
        rows = counted_rows(subject.world, "order_lines", implication.bought, None, subject.world.as_of)
        last = rows.rows[0]["ordered_day"] if rows.rows else None
        age = (subject.world.as_of - last).days if last else None
        says = implication.value or " → ".join(
            f"{stage.value} until {stage.until_days} days" if stage.until_days is not None else stage.value
            for stage in implication.stages
        )
        said = f"bought {in_words(implication.bought)}: {says}"
        detail = {"bought_on": last, "days_since": age}
        clauses.append(Clause("bought", said, rows.count > 0, last, f"implied.{i}", counted=(rows,), detail=detail))
    return tuple(clauses)


def _consents(subject: Subject, purpose: str) -> bool:
    if not subject.has("consents"):
        return False
    mine = frame(subject.reader.connection, "consents").filter(_of_customer(subject))
    return bool(rows_of(standing_consents(mine, [purpose], as_of=subject.world.as_of)))


def _of_customer(subject: Subject) -> Any:
    import narwhals as nw

    return nw.col(subject.world.key) == subject.key

"""What is known of a customer, what an answer would be worth, and which question to ask next.

The worth of a question is how much its answer sharpens the targets: the sum over the targets, each by its weight, of
the mutual information of the attribute and the target in bits, as those show it who have both, less what chance would
show (`stats/information.py`). It is the expected fall of the target's entropy when the answer comes in:
I(X; T) = H(T) - H(T | X). What else is known of the customer is not taken into account, so two questions that tell the
same are both worth it until one is answered. Those who answered are not those who did not: a worth is an estimate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from math import fsum
from typing import Any, Literal

import narwhals as nw

from tierwise.definitions.profiling import Profiling, Question, Target
from tierwise.definitions.rule import All, AnyRule, Comparison, InSegment
from tierwise.metrics.customer import Keep
from tierwise.metrics.frame import Frame, count_where, days_between, quotient, rows_of
from tierwise.metrics.rules import RuleColumn, rule_expr
from tierwise.stats.information import corrected_information_bits

MOST_ANSWERS = 50
"""Of the answers to a free question so many are told apart, the most frequent ones; the others are one."""

POPULATION = "population"
_OTHER = "(other)"
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Worth:
    """What the answer to one question is worth. bits: null where it cannot be told and nothing was assumed.

    basis: measured, assumed (fewer answers than the definition asks for), or null. answers: how many customers have
    the attribute. by_target: measured bits by target, before its weight; empty where not measured.
    """

    question: str
    bits: float | None
    basis: Literal["measured", "assumed"] | None
    answers: int
    by_target: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Profiled:
    """columns: one row per customer of the population: key, NAME_completeness, NAME_next (`Profiling`).

    flags: the same rows: key, and per question in its order known_0, known_1, … (whether the attribute is known) and
    ask_0, ask_1, … (whether the customer may be asked, if it is not).

    questions: one row per question: definition, place (from 1), question, attribute, bits, basis, cost_bits, answers,
    missing (customers of the population without the attribute), askable (of these, who may be asked), asked_next (of
    these, for whom it is the next question).
    """

    columns: Frame
    flags: Frame
    questions: Frame
    worths: tuple[Worth, ...]


def profiling_rules(definition: Profiling) -> dict[str, AnyRule]:
    """The rules whose sets of customers `profiled` needs, by name: population, `ask QUESTION`, `segment NAME`."""
    found: dict[str, AnyRule] = {}
    if definition.population is not None:
        found[POPULATION] = definition.population
    for question in definition.questions:
        rule = question.may_be_asked()
        if rule is not None:
            found[f"ask {question.name}"] = rule
    for target in definition.targets:
        if target.segment is not None:
            found[target.label] = InSegment(segment=target.segment)
    return found


def answered(question: str) -> str:
    """The set of those who have said it since the profile was computed."""
    return f"answered {question}"


def unanswered(question: str) -> str:
    """The set of those of whom nothing counts any more since then."""
    return f"unanswered {question}"


def declined(question: str) -> str:
    """The set of those who did not want to say, and are not asked again yet."""
    return f"declined {question}"


def profiled(
    people: Frame,
    definition: Profiling,
    schema: Mapping[str, RuleColumn],
    sets: Mapping[str, Frame],
    keep: Keep,
    *,
    key: str = "customer_key",
) -> Profiled:
    """Completeness and next question of every customer, and the worth of each question.

    people: one row per customer; sets: for each of `profiling_rules` the frame of `key`, each once, and those of
    `answered`, `unanswered` and `declined` that there are. An attribute that
    schema does not have is known of nobody. The next question is the one of the highest bits - cost_bits above 0 among
    those whose attribute is missing and that may be asked; of equals the first in the definition.
    """
    answers = keep(f"{definition.name}_answers", _answers(people, definition, schema, sets, key))
    parts = keep(f"{definition.name}_parts", _in_parts(answers, definition, schema, key))
    worths = tuple(_worth(parts, i, definition) for i in range(len(definition.questions)))
    columns = keep(definition.name + "_columns", _columns(parts, definition, worths, key))
    counted = keep(definition.name + "_counts", _counts(parts, columns, definition, key))
    return Profiled(
        columns, parts.select(key, *_flags(definition)), _question_rows(counted, definition, worths), worths
    )


def next_of(
    people: Frame,
    definition: Profiling,
    schema: Mapping[str, RuleColumn],
    sets: Mapping[str, Frame],
    worths: tuple[Worth, ...],
    *,
    key: str = "customer_key",
) -> Frame:
    """`Profiled.columns` of some customers, where the worths of the questions are known already."""
    return _columns(_answers(people, definition, schema, sets, key), definition, worths, key)


def known(question: Question, schema: Mapping[str, RuleColumn]) -> nw.Expr:
    """Whether the attribute is known: it has a value, and none that means "not known". Never null."""
    return rule_expr(is_known(question), schema) if question.attribute in schema else nw.lit(False)


def is_known(question: Question) -> AnyRule:
    """True where the attribute has a value, and none that means "not known"."""
    there: list[AnyRule] = [Comparison(attribute=question.attribute, op="present")]
    if question.unknown:
        there.append(Comparison(attribute=question.attribute, op="not_in", value=question.unknown))
    return All(all=tuple(there))


def _answers(
    people: Frame, definition: Profiling, schema: Mapping[str, RuleColumn], sets: Mapping[str, Frame], key: str
) -> Frame:
    """Of each customer of the population: per question known_i, ask_i and the value x_i (null where not known), per
    target its value t_j (null where there is none)."""
    if definition.population is not None:
        people = people.join(sets[POPULATION].select(key), on=key, how="semi")
    flags: dict[str, str] = {}
    for name, members in sets.items():
        if name != POPULATION:
            flags[name] = f"in__{len(flags)}"
            people = people.join(members.select(key, nw.lit(True).alias(flags[name])), on=key, how="left")
    found: list[nw.Expr] = []
    for i, question in enumerate(definition.questions):
        in_profile = is_known = known(question, schema)
        flag = flags.get(f"ask {question.name}")
        allowed = nw.lit(True) if flag is None else ~nw.col(flag).is_null()
        if (said := flags.get(answered(question.name))) is not None:
            is_known = is_known | ~nw.col(said).is_null()
        if (unsaid := flags.get(unanswered(question.name))) is not None:
            is_known = is_known & nw.col(unsaid).is_null()
        if (not_now := flags.get(declined(question.name))) is not None:
            allowed = allowed & nw.col(not_now).is_null()
        found += [is_known.alias(f"known_{i}"), allowed.alias(f"ask_{i}")]
        found.append(nw.when(in_profile).then(_value(question.attribute, schema)).alias(f"x_{i}"))
    for j, target in enumerate(definition.targets):
        found.append(_target(target, schema, flags).alias(f"t_{j}"))
    return people.select(key, *found)


def _value(attribute: str, schema: Mapping[str, RuleColumn]) -> nw.Expr:
    """The attribute as text, or as a number where it is one or a date."""
    if attribute not in schema:
        return nw.lit(None).cast(nw.String)
    column = nw.col(schema[attribute].column)
    match schema[attribute].type:
        case "integer" | "number":
            return column.cast(nw.Float64)
        case "date" | "instant":
            return days_between(nw.lit(_EPOCH), column.cast(nw.Date)).cast(nw.Float64)
    return column.cast(nw.String)


def _target(target: Target, schema: Mapping[str, RuleColumn], flags: Mapping[str, str]) -> nw.Expr:
    if target.attribute is None:
        inside = ~nw.col(flags[target.label]).is_null()
        return nw.when(inside).then(nw.lit("in")).otherwise(nw.lit("out"))
    return _value(target.attribute, schema)


def _is_number(attribute: str | None, schema: Mapping[str, RuleColumn]) -> bool:
    return attribute in schema and schema[str(attribute)].type in ("integer", "number", "date", "instant")


def _in_parts(answers: Frame, definition: Profiling, schema: Mapping[str, RuleColumn], key: str) -> Frame:
    """Every x and t as text of few kinds: numbers and dates cut at quantiles, rare answers taken together.

    A target that is a number of few kinds, such as a decile, keeps them.
    """
    asked = {f"x_{i}": question.attribute for i, question in enumerate(definition.questions)}
    aims = {f"t_{j}": target.attribute for j, target in enumerate(definition.targets)}
    numbers = [name for name, attribute in {**asked, **aims}.items() if _is_number(attribute, schema)]
    cuts = _cuts(answers, numbers, definition.parts)
    found: list[nw.Expr] = []
    for name, attribute in {**asked, **aims}.items():
        column = nw.col(name)
        if attribute is not None and attribute not in schema:
            found.append(nw.lit(None).cast(nw.String).alias(name))
        elif name in numbers and (few := _few_kinds(answers, name, definition.parts)) is None:
            found.append(_part(column, cuts[name]).alias(name))
        elif name in numbers:
            found.append(_part(column, few or []).alias(name))
        else:
            least = definition.at_least_per_answer if name in asked else 1
            kinds = _kinds(answers, name, least)
            pooled = nw.when(column.is_in(kinds)).then(column).otherwise(nw.lit(_OTHER)) if kinds else nw.lit(_OTHER)
            found.append(nw.when(~column.is_null()).then(pooled).alias(name))
    return answers.select(key, *_flags(definition), *found)


def _flags(definition: Profiling) -> list[str]:
    return [f"{flag}_{i}" for i in range(len(definition.questions)) for flag in ("known", "ask")]


def _cuts(answers: Frame, names: list[str], parts: int) -> dict[str, list[float]]:
    """The type-7 quantiles of each column that cut it into so many parts."""
    if not names:
        return {}
    wanted = [
        nw.col(name).quantile(k / parts, interpolation="linear").alias(f"{name}_{k}")
        for name in names
        for k in range(1, parts)
    ]
    values = rows_of(answers.select(*wanted))[0]
    found: dict[str, list[float]] = {}
    for i, name in enumerate(names):
        mine = values[i * (parts - 1) : (i + 1) * (parts - 1)]
        found[name] = sorted({float(value) for value in mine if value is not None})
    return found


def _few_kinds(answers: Frame, name: str, parts: int) -> list[float] | None:
    """Where the numbers are of at most 2 x parts kinds, cuts that keep all apart; else None."""
    most = 2 * parts
    distinct = answers.filter(~nw.col(name).is_null()).select(name).unique()
    values = sorted(float(row[0]) for row in rows_of(distinct.head(most + 1)))
    return values[:-1] if len(values) <= most else None


def _part(column: nw.Expr, cuts: list[float]) -> nw.Expr:
    """In which part the number lies, as text: 0 plus the number of cuts strictly below it; null where there is none."""
    found = nw.lit(0)
    for cut in cuts:
        found = found + nw.when(column > cut).then(nw.lit(1)).otherwise(nw.lit(0))
    return nw.when(~column.is_null()).then(found.cast(nw.String))


def _kinds(answers: Frame, name: str, least: int) -> list[str]:
    """The texts that at least so many customers have, at most MOST_ANSWERS of them, the most frequent ones."""
    counted = (
        answers.filter(~nw.col(name).is_null())
        .group_by(name)
        .agg(nw.len().cast(nw.Int64).alias("customers__"))
        .filter(nw.col("customers__") >= least)
        .sort("customers__", name, descending=[True, False])
        .head(MOST_ANSWERS)
    )
    return [str(row[0]) for row in rows_of(counted.select(name))]


def _worth(parts: Frame, i: int, definition: Profiling) -> Worth:
    question = definition.questions[i]
    answered = int(rows_of(parts.select(count_where(nw.col(f"known_{i}"))))[0][0])
    if answered < definition.at_least_answers:
        assumed = question.assumed_bits
        return Worth(question.name, assumed, None if assumed is None else "assumed", answered, ())
    bits = tuple(
        (target.label, corrected_information_bits(_table(parts, f"x_{i}", f"t_{j}")))
        for j, target in enumerate(definition.targets)
    )
    weighted = fsum(target.weight * found for target, (_, found) in zip(definition.targets, bits, strict=True))
    return Worth(question.name, weighted, "measured", answered, bits)


def _table(parts: Frame, answer: str, target: str) -> list[list[int]]:
    """Customers by answer and target, of those who have both."""
    counted = (
        parts.filter(~nw.col(answer).is_null() & ~nw.col(target).is_null())
        .group_by(answer, target)
        .agg(nw.len().cast(nw.Int64).alias("customers__"))
    )
    cells: dict[tuple[Any, Any], int] = {(row[0], row[1]): int(row[2]) for row in rows_of(counted)}
    answers, targets = sorted({x for x, _ in cells}), sorted({t for _, t in cells})
    return [[cells.get((x, t), 0) for t in targets] for x in answers]


def ranked(definition: Profiling, worths: tuple[Worth, ...]) -> list[int]:
    """The places of the questions that are worth asking, the most worth first; of equals the first."""
    gains = [
        -1.0 if worth.bits is None else worth.bits - question.cost_bits
        for question, worth in zip(definition.questions, worths, strict=True)
    ]
    return sorted((i for i, gain in enumerate(gains) if gain > 0), key=lambda i: (-gains[i], i))


def _columns(parts: Frame, definition: Profiling, worths: tuple[Worth, ...], key: str) -> Frame:
    total = len(definition.questions)
    there = nw.lit(0)
    for i in range(total):
        there = there + nw.when(nw.col(f"known_{i}")).then(nw.lit(1)).otherwise(nw.lit(0))
    following = nw.lit(None).cast(nw.String)
    for i in reversed(ranked(definition, worths)):
        open_ = ~nw.col(f"known_{i}") & nw.col(f"ask_{i}")
        following = nw.when(open_).then(nw.lit(definition.questions[i].name)).otherwise(following)
    return parts.select(
        key,
        quotient(there, nw.lit(total)).alias(definition.completeness),
        following.alias(definition.next),
    )


def _counts(parts: Frame, columns: Frame, definition: Profiling, key: str) -> Frame:
    """One row: per question how many lack the attribute, of these may be asked, and are asked next."""
    counted: list[nw.Expr] = []
    for i, question in enumerate(definition.questions):
        missing = ~nw.col(f"known_{i}")
        counted += [
            count_where(missing).alias(f"missing_{i}"),
            count_where(missing & nw.col(f"ask_{i}")).alias(f"askable_{i}"),
            count_where(nw.col(definition.next) == nw.lit(question.name)).alias(f"next_{i}"),
        ]
    return parts.join(columns, on=key, how="left").select(*counted)


def _question_rows(counted: Frame, definition: Profiling, worths: tuple[Worth, ...]) -> Frame:
    rows = []
    for i, (question, worth) in enumerate(zip(definition.questions, worths, strict=True)):
        rows.append(
            counted.select(
                nw.lit(definition.name).alias("definition"),
                nw.lit(i + 1).cast(nw.Int64).alias("place"),
                nw.lit(question.name).alias("question"),
                nw.lit(question.attribute).alias("attribute"),
                nw.lit(worth.bits).cast(nw.Float64).alias("bits"),
                nw.lit(worth.basis).cast(nw.String).alias("basis"),
                nw.lit(question.cost_bits).cast(nw.Float64).alias("cost_bits"),
                nw.lit(worth.answers).cast(nw.Int64).alias("answers"),
                nw.col(f"missing_{i}").alias("missing"),
                nw.col(f"askable_{i}").alias("askable"),
                nw.col(f"next_{i}").alias("asked_next"),
            )
        )
    return nw.concat(rows)

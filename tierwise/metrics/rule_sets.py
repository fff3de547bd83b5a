"""Rules as sets of customers: the one place where a rule of any kind becomes frames, many rules planned together.

    world = World(people=…, schema=…, as_of=…, facts=fact_frames(tables), fact_schemas=fact_schemas(digits), …)

    rule_set_problems(rule, schema, fact_schemas, sets, place) -> list[Problem]
    customers_where(rule, world, keep) -> Frame                     # one column `key`, each customer once
    rule_sets({name: rule, …}, world, keep) -> {name: Frame, …}     # the same for many, planned together
    with_verdicts(people, rules, world, keep) -> (Frame, rules')    # for ladders: leaves become boolean columns
    with_kept_facts(rules, world, keep) -> World                    # when rule_sets is called several times

How: the leaves about deeds are read from one grouping per (fact, filter, window), shared by all that ask for it, over
the facts' few needed columns and days, kept once (`kept_facts.py`). Each leaf gives the few of whom it is true
or of whom it is false. All and any of such sets are semi joins, anti joins and unions of keys; everybody is looked at
only where the whole says "all others". Comparisons that stand together are one expression over people.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import narwhals as nw

from tierwise.definitions.rule import (
    All,
    AnyOf,
    AnyRule,
    Comparison,
    InList,
    InSegment,
    Not,
    leaves_of,
)
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.customer import Keep
from tierwise.metrics.deed_plan import Customers, DeedPlan, deed_plan
from tierwise.metrics.frame import Frame, left_join_all
from tierwise.metrics.kept_facts import with_kept_facts
from tierwise.metrics.rule_set_problems import rule_set_problems
from tierwise.metrics.rules import RuleColumn, RuleType, filter_expr
from tierwise.metrics.world import VALUE, World, each_once

__all__ = [
    "Keep", "World", "customers_where", "rule_set_problems", "rule_sets", "with_kept_facts", "with_verdicts",
]  # fmt: skip

VERDICT = "verdict_"
"""How the columns begin that `with_verdicts` adds; a number follows."""


def customers_where(rule: AnyRule, world: World, keep: Keep) -> Frame:
    """The customers of `world.people` of whom the rule is true: one column `key`, each once, in no order.

    keep executes a named intermediate; `customer.lazily` keeps none. Raises what `rule_set_problems` tells.
    """
    return rule_sets({"rule": rule}, world, keep)["rule"]


def rule_sets(rules: Mapping[str, AnyRule], world: World, keep: Keep, prefix: str = "rules") -> dict[str, Frame]:
    """Name -> the customers of `world.people` of whom that rule is true: one column `key`, each once, in no order.

    What several rules share is kept under names that begin with the prefix; the frames returned read it and are not
    kept themselves. Raises all of `rule_set_problems` at once.
    """
    refuse_wrong(rules, world)
    plan = deed_plan(rules.values(), world, keep, prefix)
    return {name: _customers(rule, world, plan).among(world) for name, rule in rules.items()}


def with_verdicts(
    people: Frame, rules: Collection[AnyRule], world: World, keep: Keep, prefix: str = "verdicts"
) -> tuple[Frame, tuple[AnyRule, ...]]:
    """People with a boolean column for each leaf that people's own columns cannot tell, and the rules in these terms.

    people: rows of `world.people` with whatever columns besides. The rules come back in their order, made of
    comparisons alone: `verdict_1 = true` stands for such a leaf, equal leaves for one column, so `rules.rule_expr` with
    the schema and `verdict_schema` tells them. Raises all of `rule_set_problems` at once.
    """
    named = {f"rule {number}": rule for number, rule in enumerate(rules, 1)}
    refuse_wrong(named, world)
    leaves: dict[AnyRule, str] = {}
    for rule in rules:
        for _, leaf in leaves_of(rule):
            if not _on_people(leaf, world) and leaf not in leaves:
                leaves[leaf] = f"{VERDICT}{len(leaves) + 1}"
    plan = deed_plan(rules, world, keep, prefix)
    columns, told = [], []
    for each, column in leaves.items():
        found = _customers(each, world, plan)
        columns.append(found.keys.with_columns(nw.lit(True).alias(column)))
        there = nw.col(column).fill_null(False)
        told.append((~there if found.others else there).alias(column))
    if columns:
        people = left_join_all(people, columns, world.key).with_columns(*told)
    return people, tuple(_in_terms_of(leaves, rule) for rule in rules)


def verdict_schema(rules: Collection[AnyRule]) -> dict[str, RuleColumn]:
    """The columns that `with_verdicts` added, for `rules.rule_expr` of the rules that it gave."""
    leaves = (leaf for rule in rules for _, leaf in leaves_of(rule) if isinstance(leaf, Comparison))
    return {
        leaf.attribute: RuleColumn(leaf.attribute, "boolean")
        for leaf in leaves
        if leaf.attribute.startswith(VERDICT) and leaf.value is True
    }


def refuse_wrong(rules: Mapping[str, AnyRule], world: World) -> None:
    """Raises all of `rule_set_problems` of these rules at once; `place` is the name."""
    tags: dict[str, RuleType | RuleColumn] = dict.fromkeys(world.values, "source_text")
    schema = {**tags, **world.schema}
    problems = [
        problem
        for name, rule in rules.items()
        for problem in rule_set_problems(rule, schema, world.fact_schemas, world.sets, name)
    ]
    if problems:
        raise TierwiseError.of(problems)


def _in_terms_of(columns: Mapping[AnyRule, str], rule: AnyRule) -> AnyRule:
    match rule:
        case All():
            return All(all=tuple(_in_terms_of(columns, part) for part in rule.all))
        case AnyOf():
            return AnyOf(any=tuple(_in_terms_of(columns, part) for part in rule.any))
        case Not():
            return Not(not_=_in_terms_of(columns, rule.not_))
    return Comparison(attribute=columns[rule], op="=", value=True) if rule in columns else rule


def _on_people(rule: AnyRule, world: World) -> bool:
    """Whether people's own columns tell the rule."""
    return all(isinstance(leaf, Comparison) and leaf.attribute not in world.values for _, leaf in leaves_of(rule))


def _customers(rule: AnyRule, world: World, plan: DeedPlan) -> Customers:
    if _on_people(rule, world):
        return Customers(_people_where(rule, world), inside=True)
    match rule:
        case All():
            plain, others = _parted(rule.all, world)
            sets = [_customers(All(all=plain), world, plan)] if plain else []
            return _all([*sets, *(_customers(part, world, plan) for part in others)], world)
        case AnyOf():
            plain, others = _parted(rule.any, world)
            sets = [_customers(AnyOf(any=plain), world, plan)] if plain else []
            # Any of them is the opposite of: all are the opposite.
            return ~_all([~each for each in (*sets, *(_customers(part, world, plan) for part in others))], world)
        case Not():
            return ~_customers(rule.not_, world, plan)
        case Comparison():
            return _tagged(rule, world)
        case InSegment():
            return Customers(world.sets[f"segment {rule.segment}"])
        case InList():
            return Customers(world.sets[f"list {rule.list}"])
    return plan.customers(rule)


def _parted(parts: Sequence[AnyRule], world: World) -> tuple[tuple[AnyRule, ...], tuple[AnyRule, ...]]:
    """What people's own columns tell, to be one expression, and the rest."""
    plain = tuple(part for part in parts if _on_people(part, world))
    return plain, tuple(part for part in parts if part not in plain)


def _people_where(rule: AnyRule, world: World) -> Frame:
    verdict = filter_expr(rule, world.schema, world.as_of, zone=world.zone)
    return world.people.filter(verdict).select(world.key)


def _all(sets: Sequence[Customers], world: World) -> Customers:
    """Those who are in all of them."""
    these = [each for each in sets if not each.others]
    not_these = [each.keys for each in sets if each.others]
    if not these:
        keys = each_once(nw.concat(not_these), world.key) if len(not_these) > 1 else not_these[0]
        return Customers(keys, others=True)
    keys = these[0].keys
    for each in these[1:]:
        keys = keys.join(each.keys, on=world.key, how="semi")
    for lacking in not_these:
        keys = keys.join(lacking, on=world.key, how="anti")
    return Customers(keys, inside=any(each.inside for each in these))


def _tagged(rule: Comparison, world: World) -> Customers:
    """By a sparse tag's value; of a tag that one has or has not, those without it have false."""
    rows = world.values[rule.attribute]
    found = world.schema.get(rule.attribute, "source_text")
    kind = found.type if isinstance(found, RuleColumn) else found
    if kind == "boolean" and rule.op not in ("missing", "present"):
        given = rule.value if isinstance(rule.value, tuple) else (rule.value,)
        wanted = given if rule.op in ("=", "in") else tuple(each for each in (True, False) if each not in given)
        has, has_not = True in wanted, False in wanted
        keys = rows.select(world.key)
        return Customers(keys if has != has_not else world.nobody, others=has_not)
    if kind == "boolean":
        return Customers(rows.select(world.key), others=rule.op == "missing")
    if kind == "date":
        rows = rows.with_columns(nw.col(VALUE).cast(nw.Date))
    test = Comparison(attribute=VALUE, op="present" if rule.op == "missing" else rule.op, value=rule.value)
    verdict = filter_expr(test, {VALUE: "date" if kind == "date" else "source_text"}, world.as_of, zone=world.zone)
    return Customers(rows.filter(verdict).select(world.key), others=rule.op == "missing")

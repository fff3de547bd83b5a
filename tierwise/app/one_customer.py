"""One customer of a run, asked why: the world of rules narrowed to this customer, and what definitions lead to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tierwise.app.reading import Reader
from tierwise.definitions.base import Definition
from tierwise.definitions.graph import Read, reads
from tierwise.definitions.rule import AnyRule, InList
from tierwise.definitions.segment import Segment
from tierwise.definitions.tag import Tag
from tierwise.engine import snapshots
from tierwise.engine.duckdb_session import quoted
from tierwise.engine.given import columns_given, profile_schema
from tierwise.engine.one_customer import ALONE, world_of_one
from tierwise.engine.sources import frame, register_facts
from tierwise.kernel import clock
from tierwise.kernel.errors import TierwiseError
from tierwise.kernel.money import exponent
from tierwise.metrics.clauses import Clause, clause_of, value_of
from tierwise.metrics.fact_columns import countable
from tierwise.metrics.rules import RuleColumn, RuleType, rule_schema
from tierwise.metrics.world import World


@dataclass(frozen=True)
class Subject:
    """A customer, and the world that rules see of this customer alone."""

    reader: Reader
    customer_id: str
    key: int
    world: World

    def value(self, attribute: str) -> Any:
        """An attribute as outside; None where it is missing or not there."""
        try:
            return value_of(attribute, self.world)
        except KeyError:
            return None

    def inside(self, column: str) -> Any:
        """A column of the profile as it is stored."""
        return self.ask(f"SELECT {quoted(column)} FROM {ALONE}profile")[0][0]

    def clause(self, rule: AnyRule, *at: str | int) -> Clause:
        """The tree of a rule; segments are followed into their own rules."""
        return clause_of(rule, self.world, at=at, deeper=self._segment)

    def _segment(self, name: str) -> tuple[Clause, ...]:
        segment = next((each for each in self.reader.definitions.of(Segment) if each.name == name), None)
        return () if segment is None else (self.clause(self.rule_of(segment), "when"),)

    def rule_of(self, segment: Segment) -> AnyRule:
        """What decided in the run: a frozen segment's list, else its rule."""
        return segment.rule(_lists(self.reader, [InList(list=segment.name)] if segment.members == "static" else []))

    def with_schema(self, more: Mapping[str, RuleColumn | RuleType]) -> Subject:
        return replace(self, world=replace(self.world, schema={**self.world.schema, **more}))

    def ask(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Rows of a question to the run's snapshots and facts."""
        return self.reader.connection.execute(sql, parameters).fetchall()

    def has(self, fact: str) -> bool:
        """Whether anything of that fact was ever imported before the run."""
        return fact in self.reader.run.inputs


def subject_of(reader: Reader, customer_id: str, about: Sequence[Definition]) -> Subject:
    """The customer, ready to be asked about these definitions.

    Raises `unknown_customer`, and `left_out` of an account that the run's cleaning found to be junk.
    """
    register_facts(reader.connection, reader.ctx.lake, reader.run.inputs)
    row = snapshots.customer_row(reader.connection, ["customer_key"], customer_id)
    if row is None:
        raise _nobody(reader, customer_id)
    read = list(_all_read(reader, about))
    names = {
        what: {each.name for each in read if each.what == what} for what in ("attribute", "segment", "list", "fact")
    }
    digits = exponent(reader.currency)
    tags = {tag.name for tag in reader.definitions.of(Tag)}
    world = world_of_one(
        reader.connection,
        int(row[0]),
        _schema(reader, digits),
        as_of=reader.run.as_of,
        zone=clock.zone(reader.project.timezone),
        digits=digits,
        tags=sorted(tags & names["attribute"]),
        segments=sorted(names["segment"]),
        lists=sorted(names["list"]),
        facts=sorted(names["fact"] & set(countable()) & reader.run.inputs.keys()),
    )
    return Subject(reader, customer_id, int(row[0]), world)


def _all_read(reader: Reader, about: Sequence[Definition]) -> Iterator[Read]:
    """What these definitions read, and the segments that they lead to."""
    segments = {each.name: each for each in reader.definitions.of(Segment)}
    waiting, seen = list(about), {id(each) for each in about}
    for definition in waiting:
        if isinstance(definition, Segment) and definition.members == "static":
            yield Read("list", definition.name, ())
        for read in reads(definition):
            yield read
            segment = segments.get(read.name) if read.what == "segment" else None
            if segment is not None and id(segment) not in seen:
                seen.add(id(segment))
                waiting.append(segment)


def _lists(reader: Reader, asked: Sequence[InList]) -> list[str]:
    """Those of these lists that had members in the run."""
    if not asked or "list_members" not in reader.run.inputs:
        return []
    rows = reader.connection.execute("SELECT DISTINCT list FROM list_members").fetchall()
    return [each.list for each in asked if (each.list,) in rows]


def _schema(reader: Reader, digits: int) -> dict[str, RuleColumn | RuleType]:
    """As the run's rules saw the profile: attributes, traits by their labels, what definitions give."""
    there = rule_schema(frame(reader.connection, "profile"), digits)
    found: dict[str, RuleColumn | RuleType] = dict(profile_schema(reader.windows, digits))
    for column, label in reader.trait_labels.items():
        if column in there:
            found[f"trait.{label}"] = there[column]
            found.setdefault(label, there[column])
    for definition in reader.definitions.of_profile:
        found |= columns_given(definition)
    return found


def _nobody(reader: Reader, customer_id: str) -> TierwiseError:
    if "junk" in (reader.run.outputs or {}):
        rows = reader.connection.execute(
            "SELECT j.rule FROM junk j JOIN identities i ON i.source_key = j.customer_key WHERE i.id = $id ORDER BY 1",
            {"id": customer_id},
        ).fetchall()
        if rows:
            said = f"the account is left out of every number, as junk by {', '.join(rule for (rule,) in rows)}"
            return TierwiseError("left_out", said, remedy="tierwise junk release CUSTOMER --reason …, where it is none")
    return TierwiseError(
        "unknown_customer",
        f'no customer "{customer_id}" as of {reader.run.as_of}',
        remedy="look at the id as the business writes it: tierwise show profile",
    )

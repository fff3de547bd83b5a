"""Whom rules take in during a run: the world that they look at, and the rows of junk, tags and segments.

The tables `junk_rows`, `tag_rows` and `segment_rows` are there from the start, empty, and filled step by step; what a
later wave of rules reads of tags and segments it reads from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import narwhals as nw

from tierwise.definitions.base import Definition
from tierwise.definitions.cleaning import Cleaning
from tierwise.definitions.graph import label_of, rules_in
from tierwise.definitions.rule import AnyRule, Comparison, in_terms_of, leaves_of
from tierwise.definitions.segment import Segment
from tierwise.definitions.tag import Tag
from tierwise.engine.bought_lines import BOUGHT, LINES
from tierwise.engine.duckdb_session import literal, quoted
from tierwise.engine.incremental import TOUCHED, is_touched
from tierwise.engine.plan import KEY
from tierwise.engine.profile_rows import ProfileRows, columns_read
from tierwise.engine.workshop import Workshop
from tierwise.facts.contract import TABLES
from tierwise.kernel import clock
from tierwise.metrics.cleaning import cleaning_schema, junk, with_cleaning_attributes
from tierwise.metrics.composite_tags import composite_tags
from tierwise.metrics.fact_columns import PRODUCT, fact_frames, fact_schemas
from tierwise.metrics.frame import Frame, columns_of
from tierwise.metrics.many_rules import told_together
from tierwise.metrics.rule_sets import World, rule_sets, with_kept_facts, with_verdicts
from tierwise.metrics.rules import RuleColumn, RuleType, Schema
from tierwise.metrics.tag_life import living_tags
from tierwise.metrics.tags import (
    implied_tags,
    imported_tags,
    manual_tags,
    model_tags,
    rule_names,
    rule_tags,
    yes_tags,
)

_JUNK = {KEY: "BIGINT", "rule": "STRING", "reason": "STRING", "kept_until": "DATE"}
_TAGS = {KEY: "BIGINT", "tag": "STRING", "value": "STRING", "since": "DATE", "confirmed_on": "DATE", "source": "STRING"}
_SEGMENTS = {KEY: "BIGINT", "segment": "STRING"}


@dataclass
class Rules:
    """The rules of one run. schema: what may be read, growing with each step. lists: those that have members.

    has_previous: whether the view `previous_tags` has the tags of the newest run of an earlier day. borrowed: `kind
    name` of tags and segments whose rows are those of `base_tags` and `base_segments`, but for touched customers.
    as_before: names of tags whose rows are those of `base_tags`, of everybody.
    """

    profile: ProfileRows
    as_of: date
    timezone: str
    language: str
    digits: int
    versions: Mapping[str, int]
    definitions: tuple[Definition, ...]
    schema: dict[str, RuleColumn | RuleType]
    has_previous: bool = False
    borrowed: frozenset[str] = frozenset()
    as_before: frozenset[str] = frozenset()
    tags: list[Tag] = field(default_factory=list)
    segments: list[str] = field(default_factory=list)
    steps: int = 0
    _known_lists: list[str] | None = None
    _frames: dict[bool, dict[str, Frame]] = field(default_factory=dict)
    _facts: dict[bool, World] = field(default_factory=dict)

    @property
    def shop(self) -> Workshop:
        """Where all this is done."""
        return self.profile.shop

    def begin(self) -> None:
        """Make the tables of rows, empty."""
        self.shop.empty("junk_rows", _JUNK)
        for name, columns in (("tag_rows", _TAGS), ("segment_rows", _SEGMENTS)):
            self.shop.empty(f"told_{name}", columns)
            self.shop.view(name, f"SELECT * FROM told_{name}")

    def clean(self, definition: Cleaning) -> None:
        """Find the junk, and leave it out of `profile_rows`."""
        accounts = self._accounts() if "customers" in self.versions else None
        looked_at = self.profile.narrow("read_by_cleaning", columns_read([definition], self.schema))
        people = with_cleaning_attributes(looked_at, accounts)
        people = self._keep("accounts_looked_at", people)
        schema = cleaning_schema({k: v for k, v in self.schema.items() if isinstance(v, RuleColumn)})
        world = self._world(people, schema, cleaned=False)
        sets = rule_sets({rule.name: rule.when for rule in definition.rules}, world, self._keep, "cleaning")
        releases = self.shop.frame("releases") if "releases" in self.versions else None
        self.shop.drop("junk_rows")
        self._keep("junk_rows", junk(people, definition, sets, releases, language=self.language))
        self.profile.without("junk_rows")

    def look(self, tags: tuple[Tag, ...], segments: tuple[Segment, ...]) -> None:
        """Add the rows of these tags and segments, which read nothing that is not there yet."""
        if kept := [each.name for each in tags if each.name in self.as_before]:
            before = self.shop.frame("base_tags").filter(nw.col("tag").is_in(kept))
            self._insert("tag_rows", before.select(*_TAGS))
        told = tuple(each for each in tags if each.name not in self.as_before)
        for of_touched in (True, False):
            some_tags = tuple(each for each in told if (label_of(each) in self.borrowed) == of_touched)
            some_segments = tuple(each for each in segments if (label_of(each) in self.borrowed) == of_touched)
            if some_tags or some_segments:
                self.steps += 1
                self._find(some_tags, some_segments, of_touched)
        self.tags += tags
        self.segments += [each.name for each in segments]

    def _find(self, tags: tuple[Tag, ...], segments: tuple[Segment, ...], of_touched: bool) -> None:
        """of_touched: these rules are told of touched customers, and all others have the rows that they had."""
        people = self._settled((*tags, *segments), of_touched)
        world = self._world(people, self.schema, of_touched=of_touched)
        lists = self._lists()
        yes = {tag.name: tag.when for tag in tags if tag.when is not None}
        together, left = told_together(yes, world, self._keep, f"together_{self.steps}")
        apart = [tag for tag in tags if tag.when is None or tag.name in left]
        rules = {name: rule for tag in apart for name, rule in rule_names(tag).items()}
        rules |= {f"segment {each.name}": each.rule(lists) for each in segments}
        sets = rule_sets(rules, world, self._keep, f"rules_{self.steps}")
        self._add_tags(tags, apart, sets, together, world, of_touched)
        if segments:
            rows = [sets[f"segment {s.name}"].select(KEY, nw.lit(s.name).alias("segment")) for s in segments]
            self._insert("segment_rows", self._together(f"segments_found_{self.steps}", rows, kept=False))
        if of_touched:
            self._take_over("tag_rows", "base_tags", "tag", tags)
            self._take_over("segment_rows", "base_segments", "segment", segments)

    def _take_over(self, table: str, base: str, column: str, definitions: Sequence[Definition]) -> None:
        """Add the base's rows of these of everybody who is not touched: they are read where they lie."""
        if definitions:
            names = ", ".join(literal(each.name) for each in definitions)
            before = f"{table}_before_{self.steps}"
            columns = ", ".join(self.shop.columns(table))
            self.shop.rename_view(table, before)
            self.shop.view(
                table,
                f"SELECT * FROM {before} UNION ALL SELECT {columns} FROM {base} "
                f"ANTI JOIN junk_rows USING ({KEY}) WHERE NOT {is_touched(KEY)} AND {column} IN ({names})",
            )

    def leaves_to_tell(self, definition: Definition) -> list[AnyRule]:
        """The leaves of a ladder's rules that its customers' own row cannot tell: deeds, segments, lists and tags."""
        tags = {tag.name for tag in self.tags}
        return list(
            dict.fromkeys(
                leaf
                for _, rule in rules_in(definition)
                for _, leaf in leaves_of(rule)
                if not isinstance(leaf, Comparison) or leaf.attribute in tags
            )
        )

    def told(self, people: Frame, definition: Definition, leaves: Sequence[AnyRule]) -> tuple[Frame, Definition]:
        """People with a boolean column for each of these leaves, and the definition in terms of them."""
        world = self._world(people, self.schema)
        people, verdicts = with_verdicts(people, leaves, world, self._keep, f"told_{definition.name}")
        return people, in_terms_of(definition, dict(zip(leaves, verdicts, strict=True)))

    def _settled(self, definitions: Sequence[Definition], of_touched: bool) -> Frame:
        """What these read of the profile as it is now, computed once: each rule would compute it anew."""
        table, columns = f"read_by_rules_{self.steps}", columns_read(definitions, self.schema)
        if not of_touched:
            return self.profile.narrow(table, columns)
        # Their rules read nothing but metrics and traits.
        listed = ", ".join(quoted(name) for name in self.shop.columns("fresh") if name in {KEY, *columns})
        self.shop.table(table, f"SELECT {listed} FROM fresh ANTI JOIN junk_rows USING ({KEY})")
        return self.shop.frame(table)

    def _add_tags(
        self,
        tags: tuple[Tag, ...],
        apart: Sequence[Tag],
        sets: Mapping[str, Frame],
        together: Frame | None,
        world: World,
        of_touched: bool,
    ) -> None:
        """apart: those whose rules are in `sets`; together: rows of those whose rules were told together."""
        of_people = [*rule_tags([tag for tag in apart if tag.origin == "rule"], sets, as_of=self.as_of)]
        if together is not None:
            of_people.append(yes_tags(together, as_of=self.as_of))
        of_people += composite_tags(world.people, tags, self.schema, as_of=self.as_of, keep=self._keep)
        of_people += imported_tags(self._with_texts(world.people, tags), tags, self.schema, as_of=self.as_of)
        parts: list[Frame] = []
        lines = self._lines(of_touched) if any(tag.implied for tag in tags) else None
        if lines is not None:
            parts += implied_tags(lines, tags, world.fact_schemas["order_lines"], as_of=self.as_of)
        if "manual_tags" in self.versions:
            parts += manual_tags(self.shop.frame("manual_tags"), tags, as_of=self.as_of)
        if "model_scores" in self.versions:
            parts += model_tags(self.shop.frame("model_scores"), tags, as_of=self.as_of)
        # The table's own rows of none: what was kept from before is carried over also where nothing is found.
        none = self.shop.frame("told_tag_rows").head(0)
        # What is read once need not be kept: two hundred tags of a million customers are millions of rows.
        once = not self.has_previous and all(tag.needs_consent is None for tag in tags)
        # Acts, scores and lines are anybody's; what rules and traits tell is of these people already.
        parts = [part.join(world.people.select(KEY), on=KEY, how="semi") for part in parts]
        rows = living_tags(
            self._together(f"tags_found_{self.steps}", [none, *of_people, *parts], kept=not once),
            tags,
            as_of=self.as_of,
            previous=self.shop.frame("previous_tags") if self.has_previous else None,
            people=world.people,
            consents=self.shop.frame("consents") if "consents" in self.versions else None,
        )
        self._insert("tag_rows", rows)

    def _with_texts(self, people: Frame, tags: Sequence[Tag]) -> Frame:
        """With traits that are numbers as texts, where a tag takes them: how a number is written is DuckDB's to say."""
        asked = {tag.imported.trait for tag in tags if tag.imported is not None}
        columns = [
            where.column
            for name in sorted(asked)
            if isinstance(where := self.schema.get(name, self.schema.get(f"trait.{name}")), RuleColumn)
            and where.type == "number"
        ]
        if not columns:
            return people
        texts = f"number_texts_{self.steps}"
        listed = ", ".join(f"CAST({quoted(column)} AS VARCHAR) AS {quoted(column)}" for column in columns)
        self.shop.connection.execute(f"CREATE VIEW {texts} AS SELECT {KEY}, {listed} FROM people")
        self.shop.take_over(texts)
        others = [name for name in columns_of(people) if name not in columns]
        return people.select(others).join(self.shop.frame(texts), on=KEY, how="left")

    def _lines(self, of_touched: bool) -> Frame | None:
        """Bought lines with what is known of the product; None where none were imported."""
        facts = self._fact_frames(of_touched)
        lines, products = facts.get("order_lines"), facts.get("products")
        if lines is None:
            return None
        if products is None:
            return lines
        there = set(columns_of(lines)) - {PRODUCT}
        wanted = [name for name in columns_of(products) if name not in there]
        return lines.join(products.select(wanted), on=PRODUCT, how="left")

    def _world(self, people: Frame, schema: Schema, *, cleaned: bool = True, of_touched: bool = False) -> World:
        """cleaned: whether people are those who stay; what their rules read of facts is then kept for all steps.

        of_touched: whether people are the touched among them, who are asked of borrowed definitions alone.
        """
        world = World(
            people=people,
            schema=schema,
            as_of=self.as_of,
            facts=self._fact_frames(of_touched),
            fact_schemas=fact_schemas(self.digits),
            zone=clock.zone(self.timezone),
        )
        if cleaned:
            if of_touched not in self._facts:
                asked = [
                    d
                    for d in self.definitions
                    if not isinstance(d, Cleaning) and (label_of(d) in self.borrowed) == of_touched
                ]
                rules = [rule for each in asked for _, rule in rules_in(each)]
                prefix = "touched_deeds" if of_touched else "deeds"
                self._facts[of_touched] = with_kept_facts(rules, world, self._keep, prefix)
            # Steps widen people but leave nobody out, so what was kept is still of people alone.
            world = replace(self._facts[of_touched], people=people, kept_among=people, schema=schema)
        rows = self.shop.frame("segment_rows")
        sets = {f"segment {name}": rows.filter(nw.col("segment") == name).select(KEY) for name in self.segments}
        members = self.shop.frame("list_members")
        sets |= {f"list {name}": members.filter(nw.col("list") == name).select(KEY).unique() for name in self._lists()}
        tagged = self.shop.frame("tag_rows")
        values = {tag.name: tagged.filter(nw.col("tag") == tag.name).select(KEY, "value") for tag in self.tags}
        return replace(world, sets=sets, values=values)

    def _fact_frames(self, of_touched: bool = False) -> dict[str, Frame]:
        """of_touched: those facts that were already narrowed to touched customers, narrowed."""
        if of_touched not in self._frames:
            named = {name: f"{TOUCHED}_{name}" for name in TABLES} if of_touched else {}
            narrowed = {name: of_them for name, of_them in named.items() if self.shop.has(of_them)}
            there = {name: narrowed.get(name, name) for name in TABLES if name in self.versions}
            if "refunds" in narrowed and "refund_id" not in self.shop.columns(narrowed["refunds"]):
                there.pop("refund_lines", None)  # no rule reads them (`bought_lines.columns_of_rules`)
            if LINES in there:
                there[LINES] = narrowed.get(LINES, BOUGHT)
            self._frames[of_touched] = fact_frames({name: self.shop.frame(view) for name, view in there.items()})
        return self._frames[of_touched]

    def _accounts(self) -> Frame:
        local = f"timezone({literal(self.timezone)}, registered_at)"
        self.shop.connection.execute(
            f"CREATE VIEW accounts AS SELECT customer_key, min(name) AS name, min(email) AS email, "
            f"hour(min({local}))::BIGINT AS registered_hour FROM customers GROUP BY customer_key"
        )
        self.shop.take_over("accounts")
        return self.shop.frame("accounts")

    def _lists(self) -> list[str]:
        """Those that have members: asked once, and of the connection, which answers sooner than any cluster."""
        if self._known_lists is None:
            asked = "SELECT DISTINCT list FROM list_members ORDER BY 1"
            self._known_lists = [name for (name,) in self.shop.connection.execute(asked).fetchall()]
        return self._known_lists

    def _keep(self, name: str, computed: Frame) -> Frame:
        return self.shop.keep(name, computed)

    def _together(self, name: str, parts: Sequence[Frame], *, kept: bool = True) -> Frame:
        """The rows of all parts as one table, or where it is read once as a view.

        A flat union: joined one by one they would be bound over and over.
        """
        views = [f"{name}_{number}" for number, _ in enumerate(parts, 1)]
        for view, part in zip(views, parts, strict=True):
            self.shop.create_view(view, part)
        together = " UNION ALL ".join(f"SELECT * FROM {view}" for view in views)
        (self.shop.table if kept else self.shop.view)(name, together)
        return self.shop.frame(name)

    def _insert(self, table: str, rows: Frame) -> None:
        self.shop.insert(f"told_{table}", rows)

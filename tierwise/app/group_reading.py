"""Read a group: what tells its customers from all, or from another group, in numbers and in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import narwhals as nw

from tierwise.app.context import Context
from tierwise.app.defining import Definitions, current_definitions
from tierwise.app.reading import Reader, label_of
from tierwise.app.remembered import told_once
from tierwise.app.rule_world import ground_of
from tierwise.app.tier_values import part_titles, tier_named, value_titles
from tierwise.app.views import Label
from tierwise.definitions.rule import AnyRule
from tierwise.definitions.tag import Tag
from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.metrics.group_profile import GroupProfile, GroupRow, Value, group_profile
from tierwise.metrics.rules import RuleColumn

MOST_SAID = 3
"""The one sentence names at most so many marks on either side."""

_NONE = Label("无", "no value")
_YES, _NO = Label("是", "yes"), Label("否", "no")


@dataclass(frozen=True, slots=True)
class ReadRow:
    """One value of one attribute: how many of the group and of the reference have it, and what comes of that.

    kind, value, low, high: as in `metrics.group_profile.GroupRow`. text: the value for people. share: of those who
    have any value. index: the target group index. differs: adjusted p at most 0.05; marks: and the index is at least
    120 or at most 83.3.
    """

    attribute: str
    title: Label
    kind: str
    value: Value | None
    low: Value | None
    high: Value | None
    text: Label
    group: int
    group_of: int
    reference: int
    reference_of: int
    share: float | None
    reference_share: float | None
    index: float | None
    p: float | None
    p_adjusted: float | None
    differs: bool
    marks: bool
    sentence: Label


@dataclass(frozen=True, slots=True)
class GroupReading:
    """group, reference: customers; both: of the reference who are in the group. left_out: rows of too few customers.

    rows: by attribute; sentence: the strongest marks in one line.
    """

    rows: tuple[ReadRow, ...]
    group: int
    reference: int
    both: int
    left_out: int
    sentence: Label
    run_id: int
    as_of: date


@told_once
def read(
    ctx: Context,
    rule: AnyRule,
    against: AnyRule | None = None,
    *,
    attributes: Sequence[str] | None = None,
    run_id: int | None = None,
) -> GroupReading:
    """Compare those whom the rule is true of with everybody, or with those whom `against` is true of.

    attributes: of the profile, and tags; else all of them but days and texts that are ids or reasons. Raises
    `empty_group`, `unknown_attribute`, and what is wrong with the rules.
    """
    ctx.principal.require("view")
    rules = [rule] if against is None else [rule, against]
    wanted = None if attributes is None else list(dict.fromkeys(attributes))
    with ctx.database.connect() as state:
        definitions = current_definitions(state)
    with ground_of(ctx, rules, lambda schema: _chosen(schema, wanted), run_id) as ground:
        chosen = _chosen(ground.schema, wanted)
        tags = _tags(definitions, wanted)
        _refuse_unknown(wanted, [*chosen, *tags], ground.schema)
        group = ground.keep("group", ground.members(rule))
        if not ground.rows(group):
            raise TierwiseError("empty_group", f"nobody is in the group as of {ground.run.as_of}")
        reference = None if against is None else ground.keep("reference", ground.members(against))
        rows = ground.tags() if tags else None
        found = group_profile(
            ground.world.people,
            group,
            reference,
            {name: ground.schema[name] for name in chosen},
            ground.keep,
            tags=rows if rows is None or wanted is None else rows.filter(nw.col("tag").is_in(tags)),
        )
        names = Names(Reader(ctx, ground.run, definitions, ground.connection, {}), against is None)
        return _told(found, names, ground.run.id, ground.run.as_of)


def _chosen(schema: Mapping[str, RuleColumn], wanted: Sequence[str] | None) -> list[str]:
    """The attributes to compare: those wanted that there are, else every one that tells of groups, each once."""
    if wanted is not None:
        return [name for name in wanted if name in schema]
    traits = {column.column for name, column in schema.items() if name.startswith("trait.")}
    return [
        name
        for name, column in schema.items()
        if name != "customer_id"
        and not name.endswith("_reason")
        and column.type != "instant"
        and (name.startswith("trait.") or column.column not in traits)
    ]


def _tags(definitions: Definitions, wanted: Sequence[str] | None) -> list[str]:
    names = [tag.name for tag in definitions.of(Tag)]
    return names if wanted is None else [name for name in names if name in wanted]


def _refuse_unknown(wanted: Sequence[str] | None, found: Sequence[str], schema: Mapping[str, RuleColumn]) -> None:
    problems = [unknown_name("attribute", name, schema) for name in wanted or () if name not in found]
    if problems:
        raise TierwiseError.of(problems)


class Names:
    """What attributes and their values are called."""

    def __init__(self, reader: Reader, against_all: bool) -> None:
        self._reader = reader
        self.reference = Label("全体", "all") if against_all else Label("对照群", "the other group")
        self._values: dict[str, Mapping[str, Label]] = {}
        for tag in reader.definitions.of(Tag):
            self._values[tag.name] = {value: label_of(title, value) for value, title in tag.possible_values}

    def title(self, attribute: str) -> Label:
        return self._reader.label(attribute)

    def value(self, attribute: str, value: Value) -> Label:
        """One value of it: what its definition calls it, else as it is."""
        if isinstance(value, bool):
            return _YES if value else _NO
        plain = str(value)
        return self._titles(attribute).get(plain, Label(plain, plain))

    def _titles(self, attribute: str) -> Mapping[str, Label]:
        """What its values are called, of a tag, a tier or a part of a matrix."""
        if attribute not in self._values:
            every = self._reader.definitions.all
            self._values[attribute] = value_titles(tier_named(every, attribute)) or part_titles(every, attribute)
        return self._values[attribute]

    def text(self, row: GroupRow) -> Label:
        if row.kind == "missing":
            return _NONE
        if row.kind == "value" and row.value is not None:
            return self.value(row.attribute, row.value)
        if row.low is None and row.high is None:
            return Label("有", "any value")
        if row.low is None:
            said = f"≤ {_short(row.high)}"
        elif isinstance(row.low, float):
            said = f"> {_short(row.low)}" if row.high is None else f"{_short(row.low)} < … ≤ {_short(row.high)}"
        else:
            said = f"≥ {row.low}" if row.high is None else f"{row.low} – {row.high}"
        return Label(said, said)

    def thing(self, row: GroupRow) -> Label:
        title, text = self.title(row.attribute), self.text(row)
        return Label(f"{title.zh}：{text.zh}", f"{title.en}: {text.en}")

    def sentence(self, row: GroupRow) -> Label:
        thing = self.thing(row)
        if row.share is None or row.reference_share is None:
            return Label(f"{thing.zh}，无法比较", f"{thing.en}: cannot be compared")
        index = "–" if row.index is None else f"{row.index:.0f}"
        zh = f"{thing.zh}，本群 {row.share:.1%}，{self.reference.zh} {row.reference_share:.1%}，TGI {index}"
        shares = f"{row.share * 100:.1f} % of the group, {row.reference_share * 100:.1f} % of {self.reference.en}"
        en = f"{thing.en}: {shares}, TGI {index}"
        unsure = "" if row.differs else "，差异不显著"
        return Label(zh + unsure, en + ("" if row.differs else ", which may be chance"))


def _short(value: Value | None) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _told(found: GroupProfile, names: Names, run_id: int, as_of: date) -> GroupReading:
    rows = tuple(
        ReadRow(
            attribute=row.attribute,
            title=names.title(row.attribute),
            kind=row.kind,
            value=row.value,
            low=row.low,
            high=row.high,
            text=names.text(row),
            group=row.group,
            group_of=row.group_of,
            reference=row.reference,
            reference_of=row.reference_of,
            share=row.share,
            reference_share=row.reference_share,
            index=row.index,
            p=row.p,
            p_adjusted=row.p_adjusted,
            differs=row.differs,
            marks=row.marks,
            sentence=names.sentence(row),
        )
        for row in found.rows
    )
    sentence = _sentence(found, names)
    return GroupReading(rows, found.group, found.reference, found.both, found.left_out, sentence, run_id, as_of)


def strongest(rows: Iterable[ReadRow]) -> list[ReadRow]:
    """The rows that mark the group, the largest difference of shares first."""
    marks = [row for row in rows if row.marks]
    return sorted(marks, key=lambda row: -abs((row.share or 0) - (row.reference_share or 0)))


def _sentence(found: GroupProfile, names: Names) -> Label:
    """Of each attribute at most one value, more often before less often."""
    marks = sorted(
        (row for row in found.rows if row.marks), key=lambda row: -abs((row.share or 0) - (row.reference_share or 0))
    )
    more: dict[str, GroupRow] = {}
    less: dict[str, GroupRow] = {}
    for row in marks:
        side = more if (row.index or 0) > 100 else less
        if row.attribute not in more and row.attribute not in less and len(side) < MOST_SAID:
            side[row.attribute] = row
    who = names.reference
    if not more and not less:
        return Label(f"与{who.zh}相比，没有发现可靠的差异。", f"Nothing tells the group from {who.en} for certain.")

    def listed(rows: Iterable[GroupRow]) -> tuple[str, str]:
        things = [(names.thing(row), row.index or 0) for row in rows]
        zh = "、".join(f"{thing.zh}（TGI {index:.0f}）" for thing, index in things)
        return zh, ", ".join(f"{thing.en} (TGI {index:.0f})" for thing, index in things)

    (more_zh, more_en), (less_zh, less_en) = listed(more.values()), listed(less.values())
    zh = "；".join([*([f"更多：{more_zh}"] if more else []), *([f"更少：{less_zh}"] if less else [])])
    en = "; ".join([*([f"more often {more_en}"] if more else []), *([f"less often {less_en}"] if less else [])])
    return Label(f"与{who.zh}相比，本群{zh}。", f"Compared with {who.en}: {en}.")

"""Bodies about groups of customers: what is asked of them, and what the OpenAPI document shows."""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from tierwise.api.bodies import Profile
from tierwise.app.group_reading import GroupReading, ReadRow
from tierwise.app.lists import CustomerList
from tierwise.app.memberships import ChangeRow, ChangesPage, Membership, MembershipsView
from tierwise.app.segments import Counted, Overlap, Pair, Region
from tierwise.app.views import Label, Live
from tierwise.definitions.segment import Segment, lacking

_RULE: Any = {"all": [{"attribute": "recency_days", "op": "<=", "value": 90}, {"segment": "regulars"}]}
_SAYS = "a rule as docs/rules.md has it; a stored segment is {segment: NAME}, a list {list: NAME}"

RuleBody = Annotated[dict[str, Any], Field(description=_SAYS)]
Columns = Annotated[tuple[str, ...] | None, Field(description="attributes; those of the rule where left out")]


class CountRequest(BaseModel):
    """Whom to count."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"rule": _RULE}})

    rule: RuleBody


class SampleRequest(BaseModel):
    """Whom to draw from. seed: the same draws the same."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"rule": _RULE, "limit": 20, "seed": 1}})

    rule: RuleBody
    limit: int = Field(20, ge=1, le=1000)
    seed: int = Field(1, ge=0, le=2**31 - 1)
    columns: Columns = None


class MembersRequest(BaseModel):
    """Whom to list. after: the last customer_id of the page before (`next`)."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"rule": _RULE, "limit": 50}})

    rule: RuleBody
    limit: int = Field(50, ge=1, le=1000)
    after: str | None = Field(None, max_length=500)
    columns: Columns = None


class ExportRequest(BaseModel):
    """Whom to write to a file."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"rule": _RULE, "columns": ["monetary_amount"]}}
    )

    rule: RuleBody
    columns: Columns = None


class OverlapRequest(BaseModel):
    """Two sets or more, by names of one's own."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"sets": {"regulars": {"segment": "regulars"}, "recent": _RULE}}}
    )

    sets: dict[str, dict[str, Any]] = Field(description=f"name -> {_SAYS}")


class ReadRequest(BaseModel):
    """Whom to read. against: everybody where left out. attributes: all where left out."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"rule": _RULE, "against": None}})

    rule: RuleBody
    against: dict[str, Any] | None = None
    attributes: tuple[str, ...] | None = None


class SnapshotRequest(BaseModel):
    """Whom to freeze into a list. name: a stored segment's own where left out."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"rule": _RULE, "name": "june_call", "note": "for the call"}}
    )

    rule: RuleBody
    name: str | None = Field(None, max_length=63)
    title: str = Field("", max_length=200)
    note: str = Field("", max_length=1000)
    replace: bool = False


class SegmentBody(BaseModel):
    """A stored segment. members: live or static. lacks: what it ought to have besides its rule."""

    name: str
    title: Label
    members: str
    owner: str | None
    strategy: Label | None
    history: bool
    lacks: tuple[str, ...]

    @classmethod
    def of(cls, segment: Segment) -> SegmentBody:
        strategy = segment.strategy
        return cls(
            name=segment.name,
            title=Label(segment.title.in_language("zh"), segment.title.in_language("en")),
            members=segment.members,
            owner=segment.owner,
            strategy=None if strategy is None else Label(strategy.in_language("zh"), strategy.in_language("en")),
            history=segment.history,
            lacks=tuple(problem.message for problem in lacking(segment)),
        )


class Segments(BaseModel):
    """Every stored segment, by name."""

    segments: tuple[SegmentBody, ...]


class SampleBody(BaseModel):
    """Some customers by chance, by customer_id; customers: how many there are to draw from."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    customers: int
    seed: int
    run_id: int
    as_of: date


class Extension(StrEnum):
    """The kinds of file."""

    csv = "csv"
    xlsx = "xlsx"
    parquet = "parquet"


_AS_OF = date(2026, 6, 30)
SEGMENT = SegmentBody(
    name="regulars",
    title=Label("常客", "Regulars"),
    members="live",
    owner="crm",
    strategy=Label("新品优先", "New goods first"),
    history=True,
    lacks=(),
)
COUNTED = Counted(1_204, 5_000, 12.4, 7, _AS_OF, 1_206)
_AT = datetime(2026, 7, 1, 1, 0, 14, tzinfo=UTC)
_TODAY = date(2026, 7, 1)
CHANGES = ChangesPage(
    (
        ChangeRow(311, _AT, "C000042", "stage", "lifecycle_stage", "first_purchase", False, _TODAY, 7, 1_200),
        ChangeRow(312, _AT, "C000042", "stage", "lifecycle_stage", "repeat", True, _TODAY, 7, 1_200),
    ),
    312,
)
MEMBERSHIPS = MembershipsView(
    "C000042",
    7,
    _TODAY,
    Live(_TODAY, 1_200, _AT),
    (
        Membership("segment", "woken", Label("被唤醒", "Woken"), "yes"),
        Membership("stage", "lifecycle_stage", Label("生命周期", "Lifecycle"), "repeat"),
    ),
)
SAMPLE = SampleBody(
    columns=("customer_id", "recency_days"),
    rows=(("C000007", 12), ("C000311", 80)),
    customers=1_204,
    seed=1,
    run_id=7,
    as_of=_AS_OF,
)
MEMBERS = Profile(
    run_id=7,
    as_of=_AS_OF,
    columns=("customer_id", "recency_days"),
    rows=(("C000003", 4), ("C000007", 12)),
    of=1_204,
    next="C000007",
)
OVERLAP = Overlap(
    {"regulars": 1_500, "recent": 2_000},
    (
        Region(("regulars",), 300),
        Region(("recent",), 800),
        Region(("regulars", "recent"), 1_200),
        Region((), 2_700),
    ),
    (Pair("regulars", "recent", 1_200, 1_200 / 2_300, 0.8, 0.6),),
    5_000,
    7,
    _AS_OF,
)
_ROW = ReadRow(
    attribute="trait.city",
    title=Label("城市", "city"),
    kind="value",
    value="上海",
    low=None,
    high=None,
    text=Label("上海", "上海"),
    group=415,
    group_of=1_204,
    reference=750,
    reference_of=5_000,
    share=415 / 1_204,
    reference_share=0.15,
    index=100 * 415 / 1_204 / 0.15,
    p=1e-80,
    p_adjusted=4e-78,
    differs=True,
    marks=True,
    sentence=Label(
        "城市：上海，本群 34.5%，全体 15.0%，TGI 230", "city: 上海: 34.5 % of the group, 15.0 % of all, TGI 230"
    ),
)
READING = GroupReading(
    (_ROW,),
    1_204,
    5_000,
    1_204,
    3,
    Label("与全体相比，本群更多：城市：上海（TGI 230）。", "Compared with all: more often city: 上海 (TGI 230)."),
    7,
    _AS_OF,
)
FROZEN = CustomerList(
    name="june_call",
    title="",
    kind="static",
    origin="rule",
    run_id=7,
    members=1_204,
    unknown=0,
    author="token:local",
    note="for the call",
    at=datetime(2026, 7, 1, 1, 0, 12, tzinfo=UTC),
)

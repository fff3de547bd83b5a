"""What the OpenAPI document shows for each answer: a small retailer, as the use cases would tell it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter

from tierwise.api.bodies import (
    AppliedBody,
    Cancelled,
    ImportBody,
    Imports,
    JobBody,
    Jobs,
    Ladders,
    Profile,
    ProposalBody,
    Runs,
    Sources,
    Transitions,
)
from tierwise.app.imports import ColumnRead, ImportView
from tierwise.app.quality import FilledRow, FilledView
from tierwise.app.sources import SourceView
from tierwise.app.views import (
    AttributeValue,
    CellRow,
    CustomerView,
    DecileGroup,
    DecileRow,
    DecilesView,
    Label,
    LadderView,
    OverviewView,
    Refusals,
    RfmView,
    RunView,
    StageRow,
    StoreRow,
    StoresView,
    TransitionRow,
    TransitionsView,
)
from tierwise.definitions.rfm import CELL_NAMES

_AS_OF = date(2026, 6, 30)
_AT = datetime(2026, 7, 1, 1, 0, 12, tzinfo=UTC)
_CUSTOMERS, _BUYERS, _SALES = 5_000, 4_200, Decimal("2100000.00")


def ok(value: Any, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: a good answer that looks like `value`."""
    example = TypeAdapter(type(value)).dump_python(value, mode="json", by_alias=True)
    return {status: {"description": "done", "content": {"application/json": {"example": example}}}}


def _part(number: int, total: str, share: float, cumulative: float, lowest: str, highest: str) -> DecileRow:
    amount = Decimal(total)
    heads = _BUYERS // 10
    group = "G1" if number <= 3 else "G2" if number <= 6 else "G3"
    per_head = (amount / heads).quantize(Decimal("0.01"))
    return DecileRow(number, heads, amount, share, cumulative, per_head, Decimal(lowest), Decimal(highest), group)


def _group(name: str, rows: tuple[DecileRow, ...], cumulative: float) -> DecileGroup:
    total = sum((Decimal(row.total) for row in rows), Decimal(0))
    heads = sum(row.customers for row in rows)
    per_head = (total / heads).quantize(Decimal("0.01"))
    return DecileGroup(name, rows[0].decile, rows[-1].decile, heads, total, float(total / _SALES), cumulative, per_head)


_PARTS = (
    _part(1, "945000.00", 0.45, 0.45, "1450.00", "18230.00"),
    _part(2, "399000.00", 0.19, 0.64, "780.00", "1449.50"),
    _part(3, "252000.00", 0.12, 0.76, "505.00", "779.90"),
    _part(4, "168000.00", 0.08, 0.84, "342.00", "504.80"),
    _part(5, "115500.00", 0.055, 0.895, "231.00", "341.90"),
    _part(6, "84000.00", 0.04, 0.935, "172.00", "230.80"),
    _part(7, "60900.00", 0.029, 0.964, "120.00", "171.90"),
    _part(8, "42000.00", 0.02, 0.984, "79.00", "119.90"),
    _part(9, "23100.00", 0.011, 0.995, "36.00", "78.90"),
    _part(10, "10500.00", 0.005, 1.0, "-12.00", "35.90"),
)

RUN = RunView(
    id=7,
    as_of=_AS_OF,
    state="done",
    current=True,
    started_at=_AT,
    seconds=1.84,
    counts={"customers": _CUSTOMERS, "orders": 21_340},
    timings={"aggregate": 0.61, "score": 0.22, "write": 0.48},
)
_FAILED = RunView(
    id=6,
    as_of=_AS_OF,
    state="failed",
    current=False,
    started_at=datetime(2026, 7, 1, 0, 58, 3, tzinfo=UTC),
    seconds=0.4,
    error={"code": "disk_full", "message": "no space is left for the snapshot", "place": None},
)
RUNS = Runs(runs=(RUN, _FAILED))

DECILES = DecilesView(
    run_id=7,
    as_of=_AS_OF,
    metric="monetary_amount",
    title=Label("净消费金额", "Net sales"),
    unit="money",
    currency="CNY",
    rows=_PARTS,
    groups=(
        _group("G1", _PARTS[:3], 0.76),
        _group("G2", _PARTS[3:6], 0.935),
        _group("G3", _PARTS[6:], 1.0),
    ),
    customers=_BUYERS,
    total=_SALES,
    unscored=_CUSTOMERS - _BUYERS,
    sentence=Label("前 30% 的客户贡献了 76.0% 的净消费金额", "The top 30 % bring 76.0 % of net sales"),
)


def _cell(code: str, customers: int, amount: str, recency: float, frequency: float, strategy: Label | None) -> CellRow:
    total = Decimal(amount)
    title = CELL_NAMES[code]
    return CellRow(
        code=code,
        name=title.en or "",
        title=Label(title.zh or "", title.en or ""),
        customers=customers,
        share=customers / _BUYERS,
        monetary_amount=total,
        monetary_share=float(total / _SALES),
        per_head=(total / customers).quantize(Decimal("0.01")),
        mean_recency_days=recency,
        mean_frequency=frequency,
        strategy=strategy,
    )


RFM = RfmView(
    run_id=7,
    as_of=_AS_OF,
    currency="CNY",
    money="net",
    cells=(
        _cell("111", 987, "1239000.00", 21.4, 11.2, Label("专属服务与新品优先", "Dedicated service, new goods first")),
        _cell("101", 212, "147000.00", 24.9, 2.4, Label("带动复购", "Lead to the next order")),
        _cell("011", 431, "315000.00", 142.6, 8.3, Label("主动关怀", "Reach out")),
        _cell("001", 168, "105000.00", 201.7, 2.2, Label("唤醒召回", "Win back")),
        _cell("110", 402, "92400.00", 25.3, 5.6, None),
        _cell("100", 655, "69300.00", 29.0, 1.7, Label("第二单优惠", "An offer for the second order")),
        _cell("010", 296, "63000.00", 150.2, 4.9, None),
        _cell("000", 1049, "69300.00", 233.8, 1.4, Label("低成本触达", "Low-cost touches")),
    ),
    customers=_BUYERS,
    unscored=_CUSTOMERS - _BUYERS,
    unscored_reasons={"no_orders": _CUSTOMERS - _BUYERS},
    scores={"r": {"1": 840, "2": 838, "3": 842, "4": 839, "5": 841}},
)


def _stage(name: str, zh: str, en: str, customers: int, amount: str, strategy: Label | None = None) -> StageRow:
    total = Decimal(amount)
    owner = "crm" if strategy else None
    return StageRow(
        name, Label(zh, en), customers, customers / _CUSTOMERS, total, float(total / _SALES), strategy, owner
    )


_LIFECYCLE = LadderView(
    run_id=7,
    as_of=_AS_OF,
    name="lifecycle_stage",
    title=Label("客户生命周期", "Customer lifecycle"),
    currency="CNY",
    rows=(
        _stage("visitor", "访客", "Visitor", 0, "0.00"),
        _stage("registered", "已注册", "Registered", 520, "0.00", Label("首单礼", "A gift with the first order")),
        _stage("active", "活跃", "Active", 280, "0.00"),
        _stage("first_purchase", "首购", "First purchase", 780, "168000.00", Label("第二单", "The second order")),
        _stage("repeat", "复购", "Repeat", 1210, "651000.00"),
        _stage("vip", "VIP", "VIP", 420, "945000.00", Label("专属顾问", "An adviser of their own")),
        _stage("dormant", "沉睡", "Dormant", 940, "231000.00", Label("唤醒", "Wake up")),
        _stage("lost_presumed", "推定流失", "Presumed lost", 812, "100800.00"),
        _stage("lost", "流失", "Lost", 38, "4200.00"),
    ),
    customers=_CUSTOMERS,
    outside=0,
)
LIFECYCLE = Ladders(ladders=(_LIFECYCLE,))

_ACTIVITY = LadderView(
    run_id=7,
    as_of=_AS_OF,
    name="activity",
    title=Label("活跃度", "Activity"),
    currency="CNY",
    rows=(
        _stage("new", "新客", "New", 310, "46200.00"),
        _stage("active_high", "高活跃", "Active, high", 390, "756000.00"),
        _stage("active_mid", "中活跃", "Active, mid", 760, "546000.00"),
        _stage("active_low", "低活跃", "Active, low", 1120, "378000.00"),
        _stage("sleeping", "沉睡", "Sleeping", 1390, "310800.00"),
        _stage("inactive", "不活跃", "Inactive", 1030, "63000.00"),
    ),
    customers=_CUSTOMERS,
    outside=0,
)
ACTIVITY = Ladders(ladders=(_ACTIVITY,))

TRANSITIONS = Transitions.of(
    TransitionsView(
        name="lifecycle_stage",
        from_as_of=date(2026, 3, 31),
        to_as_of=_AS_OF,
        stages=("first_purchase", "repeat", "dormant"),
        rows=(
            TransitionRow(None, "first_purchase", 310, None),
            TransitionRow("first_purchase", "repeat", 190, 0.24),
            TransitionRow("first_purchase", "dormant", 130, 0.17),
        ),
    )
)


def _store(
    store: tuple[str | None, str | None], orders: int, gross: str, net: str, identified: int, amount_rate: float
) -> StoreRow:
    return StoreRow(*store, orders, Decimal(gross), Decimal(net), identified, identified / orders, amount_rate)


STORES = StoresView(
    run_id=7,
    as_of=_AS_OF,
    currency="CNY",
    rows=(
        _store(("S01", "人民广场店"), 11_900, "1490000.00", "1392000.00", 10_115, 0.881),
        _store(("S02", "徐家汇店"), 8_410, "980000.00", "921500.00", 6_308, 0.792),
        _store((None, None), 2_480, "186000.00", "174500.00", 1_984, 0.8),
    ),
    total=_store((None, None), 22_790, "2656000.00", "2488000.00", 18_407, 0.8441),
)

OVERVIEW = OverviewView(
    run=RUN,
    currency="CNY",
    customers=_CUSTOMERS,
    buyers=_BUYERS,
    monetary_amount=_SALES,
    identified_amount_rate=0.8441,
    deciles=DECILES,
    rfm=RFM,
    lifecycle=(_LIFECYCLE,),
    activity=(_ACTIVITY,),
    stores=STORES,
)

PROFILE = Profile(
    run_id=7,
    as_of=_AS_OF,
    columns=("customer_id", "recency_days", "frequency_count", "monetary_amount", "rfm_cell"),
    rows=(("C000001", 12, 4, Decimal("5231.50"), "111"), ("C000002", None, 0, Decimal("0.00"), None)),
    of=_CUSTOMERS,
    next="C000002",
)

CUSTOMER = CustomerView(
    customer_id="C000042",
    run_id=7,
    as_of=_AS_OF,
    currency="CNY",
    base={"name": "王小明", "gender": "m", "registered_at": datetime(2024, 3, 5, 2, 30, tzinfo=UTC)},
    traits={"city": "上海"},
    attributes=(
        AttributeValue("recency_days", Label("最近一次消费距今", "Days since last order"), 12, "days"),
        AttributeValue("monetary_amount", Label("净消费金额", "Net sales"), Decimal("5231.50"), "money"),
        AttributeValue(
            "interval_mean_days", Label("平均购买间隔", "Mean interval"), None, "days", "fewer_than_two_orders"
        ),
    ),
    orders=({"order_id": "O-9001", "ordered_day": date(2026, 6, 18), "net": Decimal("120.00")},),
    refunds=(),
    visits=(),
    vehicles=(),
    relations=({"of": "vehicle", "id": "LSVAU2180N2000001", "role": "owner", "valid_from": None, "valid_to": None},),
)

IMPORT = ImportBody(
    table="order_lines",
    file="orders_2026.csv",
    read=10_000,
    accepted=9_980,
    replaced=0,
    unchanged=0,
    ignored=12,
    quarantined=8,
    seconds=0.92,
    encoding="utf-8",
    delimiter=",",
    mapping={"table": "order_lines", "columns": {"order_id": "订单号", "quantity": "数量"}},
    columns_not_imported=("备注",),
    reasons={"negative_quantity": 8},
    import_id=3,
    job_id=11,
)

IMPORTED = ImportView(
    id=3,
    table="order_lines",
    file="orders_2026.csv",
    at=_AT,
    who="person:olga",
    bytes=812_044,
    read=10_000,
    accepted=9_980,
    replaced=0,
    unchanged=0,
    ignored=12,
    quarantined=8,
    open=8,
    reasons={"negative_quantity": 8},
    refunds=0,
    columns=(ColumnRead("order_id", Label("订单号", "Order ID"), "订单号"),),
)

IMPORTS = Imports(imports=(IMPORTED,))

FILLED = FilledView(
    run_id=7,
    as_of=date(2026, 6, 30),
    customers=12_000,
    rows=(FilledRow("birth_on", Label("出生日期", "Date of birth"), 3_120, 0.26),),
)

IMPORT_OF_SOURCE = IMPORT.model_copy(
    update={
        "file": "source kingdee_outstock",
        "encoding": "",
        "delimiter": "",
        "columns_not_imported": (),
        "mapping": {"table": "order_lines", "columns": {"order_id": "FBILLNO", "quantity": "FREALQTY"}},
        "notes": ("read what is new since 2026-06-29T18:00:00, by FMODIFYDATE, which has come to 2026-06-30T18:00:00",),
    }
)

SOURCES = Sources(
    sources=(
        SourceView(
            name="kingdee_outstock",
            kind="mysql",
            origin="erp.example/kingdee: T_SAL_OUTSTOCK",
            table="order_lines",
            watermark="FMODIFYDATE",
            last_import_at=datetime(2026, 6, 30, 18, 5, tzinfo=UTC),
            read=10_000,
            quarantined=8,
            mark="2026-06-30T18:00:00",
        ),
    )
)

PROPOSAL = ProposalBody(
    yaml="table: order_lines\ncolumns:\n  order_id: 订单号\n  quantity: 数量\n\n# Not recognised:\n#   备注\n",
    notes=("not recognised: 备注",),
)

QUARANTINE = Refusals(
    rows=(
        {
            "import_id": 3,
            "file": "orders_2026.csv",
            "line": 118,
            "column_name": "quantity",
            "code": "negative_quantity",
            "message": "-2 without a rule that says what it is",
            "state": "open",
        },
    ),
    total=8,
    by_reason={"negative_quantity": 8},
)

JOBS = Jobs(
    jobs=(
        JobBody(
            id=11,
            kind="import",
            state="running",
            principal="token:local",
            title="orders_2026.csv as order_lines",
            done=4_000,
            total=10_000,
            unit="rows",
            message="reading",
            queued_at=_AT,
            started_at=_AT,
            finished_at=None,
            cancel_requested=False,
            result=None,
            error=None,
        ),
    )
)

CANCELLED = Cancelled(id=11, asked=True)

DEFINITIONS: list[dict[str, Any]] = [
    {"kind": "project", "name": "project", "timezone": "Asia/Shanghai", "currency": "CNY"},
    {"kind": "deciles", "name": "spend_decile", "groups": {"by_hand": [3, 6, 10]}},
]

DEFINITIONS_YAML = """kind: project
name: project
timezone: Asia/Shanghai
currency: CNY
---
kind: deciles
name: spend_decile
groups:
  by_hand: [3, 6, 10]
"""

APPLIED = AppliedBody(added=(), changed=("deciles spend_decile",), unchanged=("project project",), warnings=())

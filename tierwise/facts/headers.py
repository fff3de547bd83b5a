"""Headers that people's exports have, in Chinese and English, and the canonical columns that they mean."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

_CUSTOMER_ID = (
    "customer id", "customer", "customer no", "customer number", "customer code", "cust id", "client id", "member id",
    "member no", "user id", "buyer id", "uid", "membership no", "card no", "客户编号", "客户号", "客户id", "客户代码", "客户编码",
    "会员编号", "会员号", "会员id", "会员卡号", "会员编码", "用户id", "用户编号", "用户号", "顾客编号", "顾客id", "顾客号", "买家id", "买家编号",
    "卡号", "车主编号", "车主id",
)  # fmt: skip
_STORE_ID = (
    "store id", "store", "store no", "store code", "shop id", "shop", "shop code", "branch", "outlet", "门店", "门店编号",
    "门店id", "门店编码", "门店代码", "店铺", "店铺编号", "店铺id", "店铺编码", "分店", "经销店", "经销商代码", "店代码", "店号", "销售门店",
)  # fmt: skip
_STAFF_ID = ("staff id", "employee id", "advisor id", "sales id", "员工编号", "员工id", "工号", "顾问编号", "顾问id", "服务顾问", "销售顾问", "导购编号")
_VIN = ("vin", "vin code", "vehicle identification number", "车架号", "车辆识别代号", "车辆识别码", "底盘号", "vin码")
_UPDATED = ("updated at", "update time", "updated", "modified at", "last modified", "modify time", "更新时间", "修改时间", "最后更新时间", "最后修改时间")
_CHANNEL = ("channel", "sales channel", "order channel", "渠道", "销售渠道", "订单渠道", "来源渠道", "下单渠道")
_CURRENCY = ("currency", "currency code", "币种", "货币", "币别")
_COST = ("cost", "total cost", "cost amount", "成本", "成本金额", "总成本")
_DISCOUNT = ("discount", "discount amount", "折扣", "折扣金额", "优惠金额", "优惠", "减免金额", "折让金额")
_COUPON = ("coupon", "coupon amount", "voucher amount", "优惠券", "优惠券金额", "券抵扣", "代金券金额", "卡券金额", "券金额")
_PAID = ("paid", "paid amount", "amount paid", "payment amount", "actual amount", "net amount", "实付", "实付金额", "实收金额", "实收", "支付金额", "付款金额", "买家实际支付金额", "实际支付金额")  # fmt: skip
_ORDERED_AT = (
    "ordered at", "order date", "order time", "invoice date", "date", "time", "datetime", "purchase date", "sale date",
    "transaction date", "created at", "order created at", "paid at", "payment time", "下单时间", "下单日期", "订单日期", "订单时间",
    "成交时间", "成交日期", "销售日期", "销售时间", "购买时间", "购买日期", "交易时间", "交易日期", "付款时间", "支付时间", "消费时间", "消费日期",
    "开单日期", "开票日期", "订单创建时间", "创建时间", "日期", "时间",
)  # fmt: skip
_ORDER_ID = (
    "order id", "order", "order no", "order number", "order code", "invoice", "invoice no", "invoice number", "invoice id",
    "transaction id", "receipt no", "bill no", "订单号", "订单编号", "订单id", "单号", "销售单号", "小票号", "交易号", "交易编号", "流水号",
    "主订单编号", "发票号", "单据号", "单据编号", "结算单号",
)  # fmt: skip
_PRODUCT_ID = (
    "product id", "product code", "product no", "sku", "sku id", "sku code", "stock code", "item", "item id", "item no", "item code",
    "article", "article no", "商品编码", "商品编号", "商品id", "商品代码", "产品编码", "产品编号", "产品id", "货号", "物料编码", "存货编码",
    "sku编码", "商家编码", "条码", "配件编码", "配件号",
)  # fmt: skip
_PRODUCT = {
    "product_name": ("product name", "product", "item name", "description", "product title", "title", "商品名称", "商品名", "产品名称", "品名", "商品标题", "货品名称", "商品"),
    "category": ("category", "category name", "product category", "category path", "商品类目", "类目", "品类", "商品分类", "分类", "产品类别", "类别"),
    "brand": ("brand", "brand name", "品牌", "商品品牌", "品牌名称"),
    "pack_size": ("pack size", "units per pack", "包装数量", "装量", "每包数量"),
}  # fmt: skip
_CUSTOMER = {
    "name": ("customer name", "member name", "user name", "客户姓名", "客户名称", "会员姓名", "会员名称", "顾客姓名", "用户姓名", "车主姓名", "车主"),
    "phone": ("phone", "mobile", "phone number", "mobile phone", "cell phone", "tel", "手机", "手机号", "手机号码", "电话", "联系电话", "联系方式", "会员手机", "会员手机号", "客户手机号", "电话号码"),
    "email": ("email", "e mail", "mail", "email address", "邮箱", "电子邮箱", "电子邮件"),
    "gender": ("gender", "sex", "性别", "客户性别", "会员性别"),
    "birth_on": ("birth on", "birthday", "birth date", "date of birth", "dob", "生日", "出生日期", "出生年月日", "会员生日", "客户生日"),
    "registered_at": ("registered at", "registration date", "registration time", "register time", "register date", "signup date", "joined at", "join date", "注册时间", "注册日期", "入会时间", "入会日期", "开卡时间", "开卡日期", "建档日期", "建档时间", "办卡日期"),
}  # fmt: skip
_STORE = {
    "store_name": ("store name", "shop name", "branch name", "门店名称", "店铺名称", "店名", "经销店名称", "分店名称"),
    "entity": ("entity", "legal entity", "法人", "法人主体", "公司主体", "主体"),
}
_VEHICLE = {
    "plate": ("plate", "plate no", "license plate", "车牌", "车牌号", "车牌号码"),
    "model": ("model", "car model", "vehicle model", "车型", "车型名称", "车系"),
    "powertrain": ("powertrain", "fuel type", "动力类型", "燃料类型", "能源类型", "动力形式"),
    "delivered_on": ("delivered on", "delivery date", "sold on", "交车日期", "交付日期", "购车日期", "提车日期"),
}


def _dotted(prefix: str, synonyms: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {f"{prefix}.{name}": words for name, words in synonyms.items()}


_BARE_NAME = ("name", "full name", "姓名", "名字", "名称")

SYNONYMS: dict[str, dict[str, tuple[str, ...]]] = {
    "customers": {
        "customer_id": (*_CUSTOMER_ID, "id", "编号"),
        **_CUSTOMER,
        "name": (*_CUSTOMER["name"], *_BARE_NAME),
        "registered_at": (*_CUSTOMER["registered_at"], "created at", "created", "创建时间", "创建日期"),
        "closed_at": ("closed at", "deregistered at", "cancelled at", "注销时间", "注销日期", "退会时间", "退卡日期", "销户日期"),
        "updated_at": _UPDATED,
    },
    "orders": {
        "order_id": _ORDER_ID,
        "customer_id": _CUSTOMER_ID,
        "ordered_at": _ORDERED_AT,
        "store_id": _STORE_ID,
        "channel": _CHANNEL,
        "gross": ("gross", "gross amount", "amount", "total", "total amount", "order amount", "sales amount", "total price", "金额", "订单金额", "应付金额", "订单总额", "总金额", "总价", "销售金额", "销售额", "消费金额", "商品总额", "应收金额", "原价金额", "交易金额", "成交金额"),
        "paid": _PAID,
        "discount": _DISCOUNT,
        "coupon": _COUPON,
        "cost": _COST,
        "currency": _CURRENCY,
        "updated_at": _UPDATED,
        **_dotted("customer", _CUSTOMER),
        **_STORE,
    },
    "order_lines": {
        "order_id": _ORDER_ID,
        "line_no": ("line no", "line number", "line", "line id", "item no", "行号", "序号", "明细行号", "子订单号", "子订单编号"),
        "customer_id": _CUSTOMER_ID,
        "ordered_at": _ORDERED_AT,
        "store_id": _STORE_ID,
        "channel": _CHANNEL,
        "product_id": _PRODUCT_ID,
        "quantity": ("quantity", "qty", "count", "units", "number", "数量", "购买数量", "商品数量", "件数", "销售数量", "销量"),
        "unit_price": ("unit price", "price", "sale price", "selling price", "单价", "销售单价", "商品单价", "成交单价", "价格", "售价", "商品价格"),
        "amount": ("amount", "line amount", "line total", "total", "subtotal", "sales amount", "gross", "金额", "小计", "行金额", "商品金额", "应付金额", "销售金额", "总价", "合计"),
        "paid": _PAID,
        "discount": _DISCOUNT,
        "coupon": _COUPON,
        "cost": _COST,
        "currency": _CURRENCY,
        "updated_at": _UPDATED,
        **_PRODUCT,
        **_dotted("customer", _CUSTOMER),
        **_STORE,
    },
    "refunds": {
        "refund_id": ("refund id", "refund no", "return id", "return no", "退款编号", "退款单号", "退款号", "退货单号", "售后单号"),
        "order_id": _ORDER_ID,
        "customer_id": _CUSTOMER_ID,
        "refunded_at": ("refunded at", "refund date", "refund time", "return date", "date", "退款时间", "退款日期", "退货日期", "退货时间", "退款完成时间"),
        "store_id": _STORE_ID,
        "amount": ("amount", "refund amount", "refund", "退款金额", "退货金额", "实退金额", "金额"),
        "currency": _CURRENCY,
        "updated_at": _UPDATED,
        **_dotted("customer", _CUSTOMER),
    },
    "products": {
        "product_id": (*_PRODUCT_ID, "id"),
        **_PRODUCT,
        "product_name": (*_PRODUCT["product_name"], *_BARE_NAME),
        "price": ("price", "list price", "unit price", "retail price", "价格", "标价", "零售价", "吊牌价", "单价", "指导价"),
        "cost": ("cost", "unit cost", "cost price", "成本", "成本价", "进价", "单位成本"),
        "updated_at": _UPDATED,
    },
    "stores": {
        "store_id": (*_STORE_ID, "id"),
        **_STORE,
        "store_name": (*_STORE["store_name"], *_BARE_NAME),
        "city": ("city", "城市", "所在城市", "门店城市"),
        "updated_at": _UPDATED,
    },
    "staff": {
        "staff_id": (*_STAFF_ID, "id"),
        "staff_name": ("staff name", "employee name", "员工姓名", "顾问姓名", *_BARE_NAME),
        "role": ("role", "position", "job title", "岗位", "职位", "角色", "职务"),
        "store_id": _STORE_ID,
        "updated_at": _UPDATED,
    },
    "vehicles": {
        "vin": _VIN,
        "customer_id": _CUSTOMER_ID,
        **_VEHICLE,
        "mileage_km": ("mileage km", "mileage", "odometer", "里程", "行驶里程", "公里数", "当前里程"),
        "updated_at": _UPDATED,
        **_dotted("customer", _CUSTOMER),
    },
    "visits": {
        "visit_id": ("visit id", "visit no", "repair order", "repair order no", "ro no", "工单号", "维修工单号", "进店单号", "到店编号", "委托书号"),
        "customer_id": _CUSTOMER_ID,
        "vin": _VIN,
        "store_id": _STORE_ID,
        "visited_at": ("visited at", "visit date", "visit time", "date", "进店时间", "进店日期", "到店时间", "到店日期", "来店日期", "送修日期", "开单时间"),
        "kind": ("kind", "type", "visit type", "service type", "类型", "到店类型", "维修类型", "业务类型", "工单类型"),
        "mileage_km": ("mileage km", "mileage", "odometer", "里程", "行驶里程", "进厂里程", "公里数"),
        "staff_id": _STAFF_ID,
        "paid": ("paid", "is paid", "是否付费", "是否收费", "客户付费"),
        "order_id": (*_ORDER_ID,),
        "updated_at": _UPDATED,
        **_dotted("customer", _CUSTOMER),
        **_dotted("vehicle", _VEHICLE),
        **_STORE,
    },
    "interactions": {
        "interaction_id": ("interaction id", "event id", "message id", "id", "互动编号", "事件id", "事件编号"),
        "customer_id": _CUSTOMER_ID,
        "occurred_at": ("occurred at", "event time", "timestamp", "time", "date", "发生时间", "事件时间", "互动时间", "浏览时间", "访问时间", "时间"),
        "channel": (*_CHANNEL, "互动渠道"),
        "category": (*_PRODUCT["category"], "content category", "栏目", "内容分类"),
        "duration_seconds": ("duration seconds", "duration", "seconds", "时长", "停留时长", "浏览时长", "停留秒数"),
        "updated_at": _UPDATED,
    },
    "leads": {
        "lead_id": ("lead id", "lead no", "id", "线索编号", "线索id", "线索号", "商机编号"),
        "customer_id": _CUSTOMER_ID,
        "created_at": ("created at", "create time", "lead date", "date", "创建时间", "创建日期", "留资时间", "线索时间", "进线时间"),
        "source": ("source", "lead source", "来源", "线索来源", "来源渠道", "渠道"),
        "stage": ("stage", "status", "阶段", "线索阶段", "线索状态", "跟进状态", "状态"),
        "stage_at": ("stage at", "stage time", "阶段时间", "状态更新时间", "最近跟进时间"),
        "store_id": _STORE_ID,
        "staff_id": _STAFF_ID,
        "updated_at": _UPDATED,
        **_dotted("customer", _CUSTOMER),
    },
    "calls": {
        "call_id": ("call id", "call no", "id", "通话编号", "通话id", "呼叫编号"),
        "customer_id": _CUSTOMER_ID,
        "called_at": ("called at", "call time", "call date", "start time", "date", "通话时间", "呼叫时间", "来电时间", "拨打时间"),
        "direction": ("direction", "call type", "方向", "呼叫方向", "呼叫类型"),
        "answered": ("answered", "is answered", "answered y n", "是否接通", "接通", "是否接听"),
        "answer_seconds": ("answer seconds", "speed of answer", "speed of answer in seconds", "wait seconds", "振铃时长", "等待时长", "应答时长"),
        "talk_seconds": ("talk seconds", "talk time", "talk duration", "通话时长", "通话秒数"),
        "store_id": _STORE_ID,
        "updated_at": _UPDATED,
    },
    "surveys": {
        "survey_id": ("survey id", "response id", "id", "问卷编号", "答卷编号", "答卷id"),
        "customer_id": _CUSTOMER_ID,
        "answered_at": ("answered at", "submitted at", "response date", "date", "答题时间", "提交时间", "填写时间", "回访时间"),
        "kind": ("kind", "type", "survey type", "问卷类型", "类型"),
        "score": ("score", "rating", "评分", "得分", "分数", "满意度"),
        "store_id": _STORE_ID,
        "updated_at": _UPDATED,
    },
    "consents": {
        "consent_id": ("consent id", "id", "授权编号", "授权id"),
        "customer_id": _CUSTOMER_ID,
        "stated_at": ("stated at", "consent date", "date", "time", "授权时间", "同意时间"),
        "purpose": ("purpose", "用途", "授权用途", "目的"),
        "channel": (*_CHANNEL, "授权渠道"),
        "entity": (*_STORE["entity"], "授权主体"),
        "granted": ("granted", "consent", "opted in", "是否同意", "是否授权", "同意"),
        "updated_at": _UPDATED,
    },
}  # fmt: skip
"""Canonical name -> headers that mean it, best first, for each table that can be imported. A name that belongs to a
table carried along is written as in a mapping (`product_name`, `customer.phone`)."""

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BRACKETS = re.compile(r"[(\[【<{][^)\]】>}]*[)\]】>}]")
_NOT_WORD = re.compile(r"[\W_]+")


def normalised(header: str) -> str:
    """What is left of a header when case, blanks, punctuation, full width, a BOM and brackets are taken away.

    >>> normalised("\\ufeffInvoiceNo") == normalised("invoice_no") == normalised("INVOICE NO")
    True
    >>> normalised("金额（元）")
    '金额'
    """
    plain = unicodedata.normalize("NFKC", header).replace("\ufeff", "").strip()
    without = _BRACKETS.sub("", plain) or plain
    return _NOT_WORD.sub("", _CAMEL.sub(" ", without).casefold())


@dataclass(frozen=True, slots=True)
class Recognised:
    """columns: canonical name -> position from 0 of the header that means it. unknown: positions that mean nothing."""

    columns: dict[str, int] = field(default_factory=dict)
    unknown: tuple[int, ...] = ()


def recognise(headers: Sequence[str], table: str, taken: Iterable[str] = ()) -> Recognised:
    """Which header means which canonical column of `table` or of what its rows carry along.

    A header means at most one column and a column takes one header: where several headers could mean it, the one
    that stands first in `SYNONYMS` wins, then the leftmost. `taken` are canonical names not to look for.
    Empty headers mean nothing. Of `gross`, `amount` and `paid` those present are all taken.
    """
    by_word: dict[str, list[int]] = {}
    for position, header in enumerate(headers):
        word = normalised(header)
        if word:
            by_word.setdefault(word, []).append(position)
    claims: list[tuple[int, int, str, int]] = []
    skip = set(taken)
    for order, (canonical, words) in enumerate(SYNONYMS[table].items()):
        if canonical in skip:
            continue
        ranked = dict.fromkeys(normalised(word) for word in (canonical, *words))
        for rank, word in enumerate(ranked):
            claims.extend((rank, order, canonical, position) for position in by_word.get(word, ()))
    columns: dict[str, int] = {}
    used: set[int] = set()
    for _rank, _order, canonical, position in sorted(claims):
        if canonical not in columns and position not in used:
            columns[canonical] = position
            used.add(position)
    ordered = {name: columns[name] for name in SYNONYMS[table] if name in columns}
    return Recognised(ordered, tuple(at for at in range(len(headers)) if at not in used))

"""The Chinese file headers of made data: canonical import name -> what an exported business file would call it."""

from __future__ import annotations

from collections.abc import Mapping

_CUSTOMER = {"customer_id": "客户编号"}
_STORE = {"store_id": "门店编号"}
_STAFF = {"staff_id": "员工编号"}

CHINESE_HEADERS: Mapping[str, Mapping[str, str]] = {
    "customers": {
        **_CUSTOMER, "name": "姓名", "phone": "手机号", "email": "邮箱", "gender": "性别", "birth_on": "生日",
        "registered_at": "注册时间", "closed_at": "注销时间", **_STORE, "city": "城市", "member_level": "会员等级",
        "source": "客户来源", "customer_type": "客户类型", "advisor_id": "顾问编号",
    },
    "orders": {
        "order_id": "订单编号", **_CUSTOMER, "ordered_at": "下单时间", **_STORE, "channel": "渠道",
        "gross": "商品总额", "discount": "优惠金额", "coupon": "优惠券金额", "cost": "成本",
    },
    "order_lines": {
        "order_id": "订单编号", "line_no": "行号", "product_id": "商品编号", "quantity": "数量", "unit_price": "单价",
        "discount": "优惠金额", "cost": "成本",
    },
    "refunds": {
        "refund_id": "退款单号", "order_id": "订单编号", **_CUSTOMER, "refunded_at": "退款时间", "amount": "退款金额",
    },
    "products": {
        "product_id": "商品编号", "product_name": "商品名称", "category": "类目", "brand": "品牌",
        "pack_size": "包装数量", "price": "价格", "cost": "成本",
    },
    "stores": {**_STORE, "store_name": "门店名称", "city": "城市", "entity": "法人主体"},
    "staff": {**_STAFF, "staff_name": "员工姓名", "role": "岗位", **_STORE},
    "vehicles": {
        "vin": "车架号", **_CUSTOMER, "plate": "车牌号", "model": "车型", "powertrain": "动力类型",
        "delivered_on": "交车日期", "mileage_km": "里程",
    },
    "visits": {
        "visit_id": "工单号", **_CUSTOMER, "vin": "车架号", **_STORE, "visited_at": "到店时间", "kind": "维修类型",
        "mileage_km": "里程", **_STAFF, "paid": "是否付费", "order_id": "订单编号",
        "deliverer_name": "送修人", "deliverer_phone": "送修人手机号",
    },
    "leads": {
        "lead_id": "线索编号", **_CUSTOMER, "created_at": "创建时间", "source": "线索来源", "stage": "线索阶段",
        "stage_at": "阶段时间", **_STORE, **_STAFF,
    },
    "calls": {
        "call_id": "通话编号", **_CUSTOMER, "called_at": "通话时间", "direction": "呼叫方向", "answered": "是否接通",
        "answer_seconds": "等待时长", "talk_seconds": "通话秒数", **_STORE,
    },
    "surveys": {
        "survey_id": "问卷编号", **_CUSTOMER, "answered_at": "提交时间", "kind": "问卷类型", "score": "得分", **_STORE,
    },
    "interactions": {
        "interaction_id": "互动编号", **_CUSTOMER, "occurred_at": "互动时间", "channel": "渠道", "category": "类目",
        "duration_seconds": "停留秒数",
    },
}  # fmt: skip
"""Per table; every column that the makers write is here."""

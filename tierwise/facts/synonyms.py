"""The words that people's exports have as headers, in Chinese and English, for each canonical column.

Data. A name at the beginning of a line, and under it the headers that mean it, the best first.
"""

from __future__ import annotations

_TEXT = """
customer_id
    customer id, customer, customer no, customer number, customer code, cust id, client id, member id, member no,
    user id, buyer id, uid, membership no, card no, 客户编号, 客户号, 客户id, 客户代码, 客户编码, 会员编号, 会员号,
    会员id, 会员卡号, 会员编码, 用户id, 用户编号, 用户号, 顾客编号, 顾客id, 顾客号, 买家id, 买家编号, 卡号, 车主编号,
    车主id, 买家会员名, 买家会员号, 买家昵称, 买家, 买家账号, 会员账号, 用户账号, 客户账号, 会员代码, vip卡号, vip号,
    vip编号, 顾客卡号, 贵宾卡号, 会员, customer unique id, customer key, customer account, household key,
    household id, loyalty card, loyalty id, loyalty number, member number, account id, account no, cust no, client no,
    shopper id, open id, union id, buyer
store_id
    store id, store, store no, store code, shop id, shop, shop code, branch, outlet, 门店, 门店编号, 门店id, 门店编码,
    门店代码, 店铺, 店铺编号, 店铺id, 店铺编码, 分店, 经销店, 经销商代码, 店代码, 店号, 销售门店, 专卖店, 网点,
    网点编号, 门店号, 店铺代码, 店铺号, 经销商编号, 经销商编码, 店编号, location id, outlet id, branch id,
    dealer code, dealer id
staff_id
    staff id, employee id, advisor id, sales id, 员工编号, 员工id, 工号, 顾问编号, 顾问id, 服务顾问, 销售顾问,
    导购编号
vin
    vin, vin code, vehicle identification number, 车架号, 车辆识别代号, 车辆识别码, 底盘号, vin码, 车辆vin,
    车辆识别号, 车辆vin码
updated_at
    updated at, update time, updated, modified at, last modified, modify time, 更新时间, 修改时间, 最后更新时间,
    最后修改时间
channel
    channel, sales channel, order channel, 渠道, 销售渠道, 订单渠道, 来源渠道, 下单渠道
currency
    currency, currency code, 币种, 货币, 币别
cost
    cost, total cost, cost amount, 成本, 成本金额, 总成本
discount
    discount, discount amount, discount total, discount value, total discount, 折扣, 折扣金额, 优惠金额, 优惠,
    减免金额, 折让金额, 优惠总额, 总优惠, 让利金额, 优惠合计
coupon
    coupon, coupon amount, coupon discount, voucher amount, voucher, 优惠券, 优惠券抵扣, 卡券抵扣, 代金券, 优惠券金额,
    券抵扣, 代金券金额, 卡券金额, 券金额
paid
    paid, paid amount, amount paid, payment amount, actual amount, net amount, 实付, 实付金额, 实收金额, 实收,
    支付金额, 付款金额, 买家实际支付金额, 实际支付金额, 实付款, 实付总额, 实际支付, 实收款, 结算金额, 订单实付,
    订单实付金额, 买家实付金额, 买家实付, 实际收款, paid total, total paid, pay amount, payment value, net sales,
    net amt, net total, amt paid, paid amt
ordered_at
    ordered at, order date, order time, invoice date, date, time, datetime, purchase date, sale date,
    transaction date, created at, order created at, paid at, payment time, 下单时间, 下单日期, 订单日期, 订单时间,
    成交时间, 成交日期, 销售日期, 销售时间, 购买时间, 购买日期, 交易时间, 交易日期, 付款时间, 支付时间, 消费时间,
    消费日期, 开单日期, 开票日期, 订单创建时间, 创建时间, 日期, 时间, 订单付款时间, 付款日期, 支付日期, 结算日期,
    结算时间, 单据日期, 单据时间, 制单日期, 业务日期, 下单日, 成交日, 记账日期, order datetime, order timestamp,
    order purchase timestamp, purchased at, purchase time, purchase timestamp, transaction time,
    transaction timestamp, transaction datetime, txn date, txn time, trans date, trans time, trade time, sale time,
    sales date, sold at, bill date, invoice time, invoice datetime, create time, placed at, pay time, checkout time,
    timestamp, created
order_id
    order id, order, order no, order number, order code, invoice, invoice no, invoice number, invoice id,
    transaction id, receipt no, bill no, 订单号, 订单编号, 订单id, 单号, 销售单号, 小票号, 交易号, 交易编号, 流水号,
    主订单编号, 发票号, 单据号, 单据编号, 结算单号, 交易单号, 销售单据号, 小票编号, 小票单号, 收银单号, 订单流水号,
    发票编号, 发票号码, 交易流水号, 订单代码, 账单号, 工单编号, 结账单号, 主订单号, transaction no,
    transaction number, receipt id, receipt number, receipt, bill id, bill number, basket id, basket, txn id,
    trans id, trade no, sales id, sale id, ticket no, ticket id, sales order, sales order no, order num, order ref
product_id
    product id, product code, product no, sku, sku id, sku code, stock code, item, item id, item no, item code,
    article, article no, 商品编码, 商品编号, 商品id, 商品代码, 产品编码, 产品编号, 产品id, 货号, 物料编码, 存货编码,
    sku编码, 商家编码, 条码, 配件编码, 配件号, 商品条码, 款号, 商品款号, 商品货号, 商品号, 产品代码, 品号, 料号,
    单品编码, 货品编码, 货品编号, product number, item number, material, barcode, ean, upc, part no, part number,
    asin, style no
bare_name
    name, full name, 姓名, 名字, 名称
product.product_name
    product name, product, item name, description, product title, title, 商品名称, 商品名, 产品名称, 品名, 商品标题,
    货品名称, 商品, 商品描述, 产品描述, 商品全称, 宝贝标题, 项目名称, 配件名称, item description, product description
product.category
    category, category name, product category, category path, 商品类目, 类目, 品类, 商品分类, 分类, 产品类别, 类别
product.brand
    brand, brand name, 品牌, 商品品牌, 品牌名称
product.pack_size
    pack size, units per pack, 包装数量, 装量, 每包数量
product.daily_usage
    daily usage, usage per day, units per day, 日用量, 每日用量, 每天用量, 日均用量
customer.name
    customer name, member name, user name, 客户姓名, 客户名称, 会员姓名, 会员名称, 顾客姓名, 用户姓名, 车主姓名, 车主
customer.phone
    phone, mobile, phone number, mobile phone, cell phone, tel, 手机, 手机号, 手机号码, 电话, 联系电话, 联系方式,
    会员手机, 会员手机号, 客户手机号, 电话号码, 移动电话, 客户电话, 会员电话, 买家手机, 收货人手机号
customer.email
    email, mail, email address, 邮箱, 电子邮箱, 电子邮件
customer.gender
    gender, sex, 性别, 客户性别, 会员性别
customer.birth_on
    birth on, birthday, birth date, date of birth, dob, 生日, 出生日期, 出生年月日, 会员生日, 客户生日
customer.registered_at
    registered at, registration date, registration time, register time, register date, signup date, joined at,
    join date, 注册时间, 注册日期, 入会时间, 入会日期, 开卡时间, 开卡日期, 建档日期, 建档时间, 办卡日期, 办卡时间,
    加入时间, 加入日期, 成为会员时间, 注册日, registered, registered on, signup at, member since
store.store_name
    store name, shop name, branch name, 门店名称, 店铺名称, 店名, 经销店名称, 分店名称
store.entity
    entity, legal entity, 法人, 法人主体, 公司主体, 主体
vehicle.plate
    plate, plate no, plate number, license plate, registration no, 车牌, 车牌号, 车牌号码, 牌照号, 车牌照号, 车号
vehicle.model
    model, car model, vehicle model, 车型, 车型名称, 车系
vehicle.powertrain
    powertrain, fuel type, 动力类型, 燃料类型, 能源类型, 动力形式
vehicle.delivered_on
    delivered on, delivery date, sold on, 交车日期, 交付日期, 购车日期, 提车日期
vehicle.insured_until
    insured until, insurance expiry, insurance expires on, insurance end date, 保险到期日, 保险到期日期, 保险到期,
    保险截止日期, 交强险到期日, 商业险到期日
vehicle.warranty_until
    warranty until, warranty expiry, warranty expires on, warranty end date, 质保到期日, 质保到期, 保修到期日,
    保修截止日期, 质保截止日期, 三包到期日
vehicle.inspection_due_on
    inspection due on, inspection due, next inspection, inspection date, 年检到期日, 年检到期, 年审到期日, 检验有效期止,
    年检日期, 年审日期
vehicle.loan_ends_on
    loan ends on, loan end date, loan maturity, 贷款到期日, 贷款到期, 贷款结清日期, 按揭到期日
customers.customer_id
    id, 编号
customers.registered_at
    created at, created, 创建时间, 创建日期
customers.closed_at
    closed at, deregistered at, cancelled at, 注销时间, 注销日期, 退会时间, 退卡日期, 销户日期
orders.gross
    gross, gross amount, gross sales, gross total, 商品总额, 商品总金额, 商品金额, 原价金额, 订单原价, 原价, 订单总额,
    订单总金额, 订单金额, 总金额, 订单总价, 总价, 金额, 合计金额, 总额, 销售金额, 销售额, 消费金额, 交易金额,
    成交金额, 成交额, 交易额, 消费额, 应付金额, 应收金额, 买家应付货款, 应付, 应收, 工单金额, amount, total,
    total amount, order amount, order total, order value, sales amount, total price, total value, total sales, sales,
    sales value, revenue, transaction amount, purchase amount, invoice amount, bill amount, subtotal, value, amt,
    total amt, spend, dollar value
order_lines.line_no
    line no, line number, line, line id, item no, 行号, 序号, 明细行号, 子订单号, 子订单编号
order_lines.quantity
    quantity, qty, count, units, number, 数量, 购买数量, 商品数量, 件数, 销售数量, 销量, 购买件数, 销售件数, 宝贝数量,
    产品数量, 出库数量, quantity ordered, order quantity, sold qty, sales quantity, pcs, unit count
order_lines.unit_price
    unit price, price, price each, sale price, selling price, 单价, 销售单价, 商品单价, 价格, 售价, 商品价格, 原价,
    吊牌价, 零售价, 标价, 成交单价, 成交价, 销售价, 产品单价, 实际单价, item price, price per unit
order_lines.amount
    amount, line amount, line total, total, subtotal, sales amount, gross, 金额, 小计, 行金额, 商品金额, 应付金额,
    销售金额, 总价, 合计, 成交金额, 销售额, 消费金额, 总金额, sales, sales value, total price, total amount, revenue,
    extended price, item total, value
refunds.refund_id
    refund id, refund no, return id, return no, 退款编号, 退款单号, 退款号, 退货单号, 售后单号
refunds.refunded_at
    refunded at, refund date, refund time, return date, date, 退款时间, 退款日期, 退货日期, 退货时间, 退款完成时间
refunds.amount
    amount, refund amount, refund, 退款金额, 退货金额, 实退金额, 金额
products.product_id
    id
products.price
    price, list price, unit price, retail price, 价格, 标价, 零售价, 吊牌价, 单价, 指导价
products.cost
    cost, unit cost, cost price, 成本, 成本价, 进价, 单位成本
stores.store_id
    id
stores.city
    city, 城市, 所在城市, 门店城市
staff.staff_id
    id
staff.staff_name
    staff name, employee name, 员工姓名, 顾问姓名, name, full name, 姓名, 名字, 名称
staff.role
    role, position, job title, 岗位, 职位, 角色, 职务
vehicles.mileage_km
    mileage km, mileage, odometer, 里程, 行驶里程, 公里数, 当前里程
relation.role
    role, relation, relationship, 关系, 角色, 身份, 用车关系, 职务, 岗位
relation.valid_from
    valid from, since, from, start date, 开始日期, 生效日期, 起始日期, 自
relation.valid_to
    valid to, until, to, end date, 结束日期, 失效日期, 截止日期, 至
companies.company_id
    company id, company no, company code, account id, account no, 公司编号, 企业编号, 单位编号, 公司id, 企业id, 公司代码
companies.company_name
    company name, company, account name, 公司名称, 企业名称, 单位名称, 公司
companies.industry
    industry, sector, 行业, 所属行业
companies.tax_id
    tax id, tax no, vat id, 税号, 纳税人识别号, 统一社会信用代码
households.household_id
    household id, household key, household, family id, 家庭编号, 家庭id, 家庭号
visits.visit_id
    visit id, visit no, repair order, repair order no, ro no, 工单号, 维修工单号, 进店单号, 到店编号, 委托书号,
    工单编号, 维修工单编号, ro号, 委托书编号, 来店编号, 接车单号, 到店单号, 进站单号, 维修单号, 服务单号, 结算单号,
    工单, work order, work order no, service order, job no
visits.visited_at
    visited at, visit date, visit time, date, 进店时间, 进店日期, 到店时间, 到店日期, 来店日期, 送修日期, 开单时间,
    开单日期, 接车时间, 接车日期, 进站时间, 进站日期, 入厂时间, 入厂日期, 进厂时间, 进厂日期, 维修日期, 工单日期,
    服务日期, 来店时间, check in time, arrival time, service date, opened at
visits.kind
    kind, type, visit type, service type, 类型, 到店类型, 维修类型, 业务类型, 工单类型, 维修类别, 业务类别, 工单类别,
    服务类型, 服务类别, 作业类型, 维修种类, order type
visits.mileage_km
    mileage km, mileage, odometer, 里程, 行驶里程, 进厂里程, 公里数, 入厂里程, 进站里程, 接车里程, 里程数, 当前里程,
    公里, 行驶公里数, 进店里程
visits.paid
    paid, is paid, 是否付费, 是否收费, 客户付费
interactions.interaction_id
    interaction id, event id, message id, id, 互动编号, 事件id, 事件编号
interactions.occurred_at
    occurred at, event time, timestamp, time, date, 发生时间, 事件时间, 互动时间, 浏览时间, 访问时间, 时间
interactions.channel
    互动渠道
interactions.category
    content category, 栏目, 内容分类
interactions.duration_seconds
    duration seconds, duration, seconds, 时长, 停留时长, 浏览时长, 停留秒数
leads.lead_id
    lead id, lead no, id, 线索编号, 线索id, 线索号, 商机编号
leads.created_at
    created at, create time, lead date, date, 创建时间, 创建日期, 留资时间, 线索时间, 进线时间
leads.source
    source, lead source, 来源, 线索来源, 来源渠道, 渠道
leads.stage
    stage, status, 阶段, 线索阶段, 线索状态, 跟进状态, 状态
leads.stage_at
    stage at, stage time, 阶段时间, 状态更新时间, 最近跟进时间
calls.call_id
    call id, call no, id, 通话编号, 通话id, 呼叫编号
calls.called_at
    called at, call time, call date, start time, date, 通话时间, 呼叫时间, 来电时间, 拨打时间
calls.direction
    direction, call type, 方向, 呼叫方向, 呼叫类型
calls.answered
    answered, is answered, answered y n, 是否接通, 接通, 是否接听
calls.answer_seconds
    answer seconds, speed of answer, speed of answer in seconds, wait seconds, 振铃时长, 等待时长, 应答时长
calls.talk_seconds
    talk seconds, talk time, talk duration, avg talk duration, call duration, duration, 通话时长, 通话秒数
surveys.survey_id
    survey id, response id, id, 问卷编号, 答卷编号, 答卷id
surveys.answered_at
    answered at, submitted at, response date, date, 答题时间, 提交时间, 填写时间, 回访时间
surveys.kind
    kind, type, survey type, 问卷类型, 类型
surveys.score
    score, rating, satisfaction rating, 评分, 得分, 分数, 满意度
consents.consent_id
    consent id, id, 授权编号, 授权id
consents.stated_at
    stated at, consent date, date, time, 授权时间, 同意时间
consents.purpose
    purpose, 用途, 授权用途, 目的
consents.channel
    授权渠道
consents.entity
    授权主体
consents.granted
    granted, consent, opted in, 是否同意, 是否授权, 同意
"""


def _parsed(text: str) -> dict[str, tuple[str, ...]]:
    words: dict[str, tuple[str, ...]] = {}
    name = ""
    for line in text.strip("\n").splitlines():
        if line.startswith(" "):
            words[name] += tuple(word.strip() for word in line.split(",") if word.strip())
        else:
            name = line
            words[name] = ()
    return words


_W = _parsed(_TEXT)


def _family(prefix: str, written: str = "") -> dict[str, tuple[str, ...]]:
    """The columns of a carried table, under their names or, with `written`, as a mapping writes them."""
    return {
        written + name.removeprefix(f"{prefix}."): words for name, words in _W.items() if name.startswith(f"{prefix}.")
    }


_ROLE = {
    "customer_id": _W["customer_id"],
    **_family("relation"),
    "updated_at": _W["updated_at"],
    **_family("customer", "customer."),
}
"""Of tables of people in roles."""

SYNONYMS: dict[str, dict[str, tuple[str, ...]]] = {
    "customers": {
        "customer_id": (*_W["customer_id"], *_W["customers.customer_id"]),
        **_family("customer"),
        "name": (*_W["customer.name"], *_W["bare_name"]),
        "registered_at": (*_W["customer.registered_at"], *_W["customers.registered_at"]),
        "closed_at": _W["customers.closed_at"],
        "updated_at": _W["updated_at"],
    },
    "orders": {
        "order_id": (*_W["order_id"], "id", "编号"),
        "customer_id": _W["customer_id"],
        "ordered_at": _W["ordered_at"],
        "store_id": _W["store_id"],
        "channel": _W["channel"],
        "gross": _W["orders.gross"],
        "paid": _W["paid"],
        "discount": _W["discount"],
        "coupon": _W["coupon"],
        "cost": _W["cost"],
        "currency": _W["currency"],
        "updated_at": _W["updated_at"],
        **_family("customer", "customer."),
        **_family("store"),
    },
    "order_lines": {
        "order_id": _W["order_id"],
        "line_no": _W["order_lines.line_no"],
        "customer_id": _W["customer_id"],
        "ordered_at": _W["ordered_at"],
        "store_id": _W["store_id"],
        "channel": _W["channel"],
        "product_id": _W["product_id"],
        "quantity": _W["order_lines.quantity"],
        "unit_price": _W["order_lines.unit_price"],
        "amount": _W["order_lines.amount"],
        "paid": _W["paid"],
        "discount": _W["discount"],
        "coupon": _W["coupon"],
        "cost": _W["cost"],
        "currency": _W["currency"],
        "updated_at": _W["updated_at"],
        **_family("product"),
        **_family("customer", "customer."),
        **_family("store"),
    },
    "refunds": {
        "refund_id": _W["refunds.refund_id"],
        "order_id": _W["order_id"],
        "customer_id": _W["customer_id"],
        "refunded_at": _W["refunds.refunded_at"],
        "store_id": _W["store_id"],
        "amount": _W["refunds.amount"],
        "currency": _W["currency"],
        "updated_at": _W["updated_at"],
        **_family("customer", "customer."),
    },
    "products": {
        "product_id": (*_W["product_id"], *_W["products.product_id"]),
        **_family("product"),
        "product_name": (*_W["product.product_name"], *_W["bare_name"]),
        "price": _W["products.price"],
        "cost": _W["products.cost"],
        "updated_at": _W["updated_at"],
    },
    "stores": {
        "store_id": (*_W["store_id"], *_W["stores.store_id"]),
        **_family("store"),
        "store_name": (*_W["store.store_name"], *_W["bare_name"]),
        "city": _W["stores.city"],
        "updated_at": _W["updated_at"],
    },
    "staff": {
        "staff_id": (*_W["staff_id"], *_W["staff.staff_id"]),
        "staff_name": _W["staff.staff_name"],
        "role": _W["staff.role"],
        "store_id": _W["store_id"],
        "updated_at": _W["updated_at"],
    },
    "vehicles": {
        "vin": _W["vin"],
        "customer_id": _W["customer_id"],
        **_family("vehicle"),
        "mileage_km": _W["vehicles.mileage_km"],
        "updated_at": _W["updated_at"],
        **_family("customer", "customer."),
    },
    "vehicle_people": {"vin": _W["vin"], **_ROLE},
    "companies": {
        **{name: _W[f"companies.{name}"] for name in ("company_id", "company_name", "industry", "tax_id")},
        "updated_at": _W["updated_at"],
    },
    "company_people": {"company_id": _W["companies.company_id"], **_ROLE},
    "household_people": {"household_id": _W["households.household_id"], **_ROLE},
    "visits": {
        "visit_id": _W["visits.visit_id"],
        "customer_id": _W["customer_id"],
        "vin": _W["vin"],
        "store_id": _W["store_id"],
        "visited_at": _W["visits.visited_at"],
        "kind": _W["visits.kind"],
        "mileage_km": _W["visits.mileage_km"],
        "staff_id": _W["staff_id"],
        "paid": _W["visits.paid"],
        "order_id": _W["order_id"],
        "updated_at": _W["updated_at"],
        **_family("customer", "customer."),
        **_family("vehicle", "vehicle."),
        **_family("store"),
    },
    "interactions": {
        "interaction_id": _W["interactions.interaction_id"],
        "customer_id": _W["customer_id"],
        "occurred_at": _W["interactions.occurred_at"],
        "channel": (*_W["channel"], *_W["interactions.channel"]),
        "category": (*_W["product.category"], *_W["interactions.category"]),
        "duration_seconds": _W["interactions.duration_seconds"],
        "updated_at": _W["updated_at"],
    },
    "leads": {
        "lead_id": _W["leads.lead_id"],
        "customer_id": _W["customer_id"],
        "created_at": _W["leads.created_at"],
        "source": _W["leads.source"],
        "stage": _W["leads.stage"],
        "stage_at": _W["leads.stage_at"],
        "store_id": _W["store_id"],
        "staff_id": _W["staff_id"],
        "updated_at": _W["updated_at"],
        **_family("customer", "customer."),
    },
    "calls": {
        "call_id": _W["calls.call_id"],
        "customer_id": _W["customer_id"],
        "called_at": _W["calls.called_at"],
        "direction": _W["calls.direction"],
        "answered": _W["calls.answered"],
        "answer_seconds": _W["calls.answer_seconds"],
        "talk_seconds": _W["calls.talk_seconds"],
        "store_id": _W["store_id"],
        "updated_at": _W["updated_at"],
    },
    "surveys": {
        "survey_id": _W["surveys.survey_id"],
        "customer_id": _W["customer_id"],
        "answered_at": _W["surveys.answered_at"],
        "kind": _W["surveys.kind"],
        "score": _W["surveys.score"],
        "store_id": _W["store_id"],
        "updated_at": _W["updated_at"],
    },
    "consents": {
        "consent_id": _W["consents.consent_id"],
        "customer_id": _W["customer_id"],
        "stated_at": _W["consents.stated_at"],
        "purpose": _W["consents.purpose"],
        "channel": (*_W["channel"], *_W["consents.channel"]),
        "entity": (*_W["store.entity"], *_W["consents.entity"]),
        "granted": _W["consents.granted"],
        "updated_at": _W["updated_at"],
    },
}
"""Canonical name -> headers that mean it, best first, for each table that can be imported. A name that belongs to a
table carried along is written as in a mapping (`product_name`, `customer.phone`)."""

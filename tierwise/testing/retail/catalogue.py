"""What the made-up retailer sells: goods that run out after a true cycle, goods that do not, pairs, and promotions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from tierwise.testing.columns import day_number, days, half_up, money
from tierwise.testing.draws import Flags, Ints

DAILY, DEAR, REPLENISHED, GIFT = range(4)
BRANDS = ("晴川", "木禾", "简素")

_Row = tuple[str, str, int | None, int, int]
# category, name, units of use in a pack, price in minor units, popularity; and days that one pack lasts
_REPLENISHED = (
    ("母婴 > 尿裤", "纸尿裤 L", 60, 12_900, 90, 30),
    ("母婴 > 尿裤", "纸尿裤 L 量贩装", 120, 23_900, 40, 60),
    ("母婴 > 奶粉", "婴儿奶粉 3段", 800, 26_800, 50, 25),
    ("家清 > 衣物清洁", "洗衣液", 3, 4_990, 100, 45),
    ("家清 > 纸品", "抽纸", 24, 5_990, 150, 40),
    ("个护 > 洗护", "洗发水", 500, 4_500, 130, 60),
    ("个护 > 口腔", "牙膏", 2, 2_990, 60, 55),
    ("个护 > 护肤", "面霜", 50, 19_900, 50, 75),
    ("个护 > 眼护", "日抛隐形眼镜", 30, 15_900, 40, 30),
    ("食品 > 冲饮", "咖啡豆", 500, 8_800, 80, 28),
    ("食品 > 乳品", "纯牛奶", 12, 6_990, 50, 14),
    ("食品 > 粮油", "大米", 10, 7_900, 90, 36),
    ("食品 > 粮油", "食用油", 5, 9_900, 60, 60),
    ("宠物 > 主粮", "猫粮", 2, 11_900, 70, 32),
    ("宠物 > 清洁", "猫砂", 24, 8_900, 60, 26),
    ("保健 > 营养补充", "复合维生素", 60, 12_900, 50, 60),
    ("家电 > 耗材", "净水滤芯", 1, 16_800, 30, 180),
)
_DAILY: tuple[_Row, ...] = (
    ("母婴 > 护理", "婴儿湿巾", 80, 1_590, 120),
    ("母婴 > 出行", "推车遮阳罩", None, 6_900, 30),
    ("家清 > 衣物清洁", "衣物柔顺剂", 1, 2_990, 60),
    ("家清 > 厨房清洁", "洗洁精", 1, 1_590, 90),
    ("家清 > 收纳", "收纳箱", None, 3_990, 60),
    ("个护 > 洗护", "护发素", 400, 3_900, 110),
    ("个护 > 口腔", "电动牙刷头", 3, 5_990, 40),
    ("食品 > 冲饮", "咖啡滤纸", 100, 1_890, 140),
    ("食品 > 零食", "坚果礼袋", 500, 5_900, 130),
    ("食品 > 零食", "饼干", 300, 1_690, 160),
    ("食品 > 零食", "黑巧克力", 100, 2_290, 110),
    ("食品 > 酒饮", "气泡水", 12, 3_990, 100),
    ("宠物 > 零食", "猫罐头", 6, 3_590, 90),
    ("宠物 > 玩具", "逗猫棒", None, 1_290, 40),
    ("服饰 > 配件", "保暖围巾", None, 7_900, 60),
    ("服饰 > 内衣", "纯棉袜", 5, 3_990, 120),
    ("服饰 > 上装", "纯色T恤", None, 7_900, 110),
    ("数码 > 配件", "充电线", None, 2_900, 120),
    ("数码 > 配件", "手机壳", None, 3_900, 80),
    ("文具 > 书写", "中性笔", 10, 1_490, 70),
    ("玩具 > 积木", "积木套装", None, 12_900, 50),
    ("家居 > 餐厨", "保温杯", None, 8_900, 70),
)
_DEAR: tuple[_Row, ...] = (
    ("母婴 > 出行", "婴儿推车", None, 129_900, 40),
    ("服饰 > 外套", "羽绒服", None, 89_900, 90),
    ("服饰 > 鞋靴", "跑步鞋", None, 59_900, 110),
    ("数码 > 音频", "无线耳机", None, 69_900, 100),
    ("数码 > 影像", "运动相机", None, 219_900, 30),
    ("家电 > 厨电", "空气炸锅", None, 39_900, 90),
    ("家电 > 厨电", "咖啡机", None, 189_900, 40),
    ("家电 > 清洁", "扫地机器人", None, 299_900, 50),
    ("家居 > 床品", "乳胶床垫", None, 369_900, 30),
    ("家居 > 灯具", "落地灯", None, 45_900, 50),
    ("箱包 > 旅行", "拉杆箱", None, 49_900, 70),
)
_WEIGHED: tuple[_Row, ...] = (
    ("生鲜 > 水果", "苹果", None, 1_298, 150),
    ("生鲜 > 水果", "车厘子", None, 7_960, 60),
    ("生鲜 > 肉类", "排骨", None, 5_380, 90),
)
_GIFTS: tuple[_Row, ...] = (
    ("礼品 > 储值卡", "购物卡", None, 50_000, 1),
    ("礼品 > 酒水", "白酒整箱", 6, 100_000, 1),
)


@dataclass(frozen=True, slots=True)
class Product:
    """One product; price and cost in minor units; cycle_days 0 where it has none; weighed: sold by the kilogram."""

    name: str
    category: str
    brand: str | None
    pack_size: int | None
    price: int
    cost: int
    popularity: int
    group: int
    cycle_days: int
    weighed: bool


def _branded(row: _Row, group: int, shares: tuple[int, ...], cycle: int) -> list[Product]:
    """One product per brand; the first is the most popular; shares: of the price, per cent."""
    category, name, pack, price, wanted = row
    margin = 68 if group == REPLENISHED else 57
    return [
        Product(
            name=f"{brand}{name}",
            category=category,
            brand=brand,
            pack_size=pack,
            price=price * share // 100,
            cost=price * share // 100 * margin // 100,
            popularity=wanted // (place + 1),
            group=group,
            cycle_days=cycle,
            weighed=False,
        )
        for place, (brand, share) in enumerate(zip(BRANDS, shares, strict=False))
    ]


def _plain(row: _Row, group: int, margin: int) -> Product:
    category, name, pack, price, wanted = row
    cost = price * margin // 100
    return Product(name, category, None, pack, price, cost, wanted, group, 0, weighed=group == DAILY)


def _catalogue() -> tuple[Product, ...]:
    products: list[Product] = []
    for category, name, pack, price, wanted, cycle in _REPLENISHED:
        products += _branded((category, name, pack, price, wanted), REPLENISHED, (100, 78), cycle)
    for daily in _DAILY:
        products += _branded(daily, DAILY, (100, 74, 135), 0)
    for dear in _DEAR:
        products += _branded(dear, DEAR, (100, 74, 135), 0)
    products += [_plain(row, DAILY, 72) for row in _WEIGHED]
    products += [_plain(row, GIFT, 96) for row in _GIFTS]
    return tuple(products)


PRODUCTS = _catalogue()
PRODUCT_IDS = tuple(f"P{place + 1:04d}" for place in range(len(PRODUCTS)))
PRICES: Ints = np.array([product.price for product in PRODUCTS], dtype=np.int64)
COSTS: Ints = np.array([product.cost for product in PRODUCTS], dtype=np.int64)
CYCLES: Ints = np.array([product.cycle_days for product in PRODUCTS], dtype=np.int64)
WEIGHED: Flags = np.array([product.weighed for product in PRODUCTS])


def popularity(*groups: int) -> list[int]:
    """Weights over all products, 0 outside the groups."""
    return [product.popularity if product.group in groups else 0 for product in PRODUCTS]


def product(name: str) -> int:
    """The number of the product of that full name. Raises ValueError where there is none."""
    return [candidate.name for candidate in PRODUCTS].index(name)


PAIRS = (
    ("晴川咖啡豆", "晴川咖啡滤纸", 420),
    ("晴川纸尿裤 L", "晴川婴儿湿巾", 350),
    ("晴川猫粮", "晴川猫罐头", 450),
    ("晴川洗发水", "晴川护发素", 300),
    ("晴川婴儿推车", "晴川推车遮阳罩", 480),
    ("晴川羽绒服", "晴川保暖围巾", 320),
    ("晴川无线耳机", "晴川充电线", 380),
)
"""(A, B, permille): who has A in the basket adds B with that chance, on top of B's own popularity; B never brings A."""

_SEASONS = (
    ("年货节", (1, 8), (1, 12)),
    ("女神节", (3, 6), (3, 8)),
    ("五一", (5, 1), (5, 3)),
    ("618", (6, 12), (6, 18)),
    ("会员日", (8, 18), (8, 20)),
    ("开学季", (9, 1), (9, 3)),
    ("双11", (11, 5), (11, 11)),
    ("双12", (12, 10), (12, 12)),
)


@dataclass(frozen=True, slots=True)
class Promotion:
    """A season of discounts; days inclusive."""

    name: str
    first: int
    last: int


def promotions(start: int, today: int) -> tuple[Promotion, ...]:
    """All promotions with a day in start..today, by day."""
    first_year = (date(1970, 1, 1) + timedelta(days=start)).year
    last_year = (date(1970, 1, 1) + timedelta(days=today)).year
    seasons = []
    for year in range(first_year, last_year + 1):
        for name, first, last in _SEASONS:
            season = Promotion(f"{year}{name}", day_number(date(year, *first)), day_number(date(year, *last)))
            if season.last >= start and season.first <= today:
                seasons.append(season)
    return tuple(seasons)


def on_promotion(product_number: Ints, promotion: Ints) -> Flags:
    """Whether a product is lowered in a promotion (its place, or -1): two of five are, others each time."""
    return (promotion >= 0) & ((product_number + 2 * promotion) % 5 < 2)


def lowered_by(amount: Ints, product_number: Ints) -> Ints:
    """The discount of a lowered line: ten to thirty per cent by product."""
    return half_up(amount * (10 + 5 * (product_number % 5)), 100)


def products_table() -> pa.Table:
    """One row per product."""
    return pa.table(
        {
            "product_id": pa.array(PRODUCT_IDS),
            "product_name": pa.array([row.name for row in PRODUCTS]),
            "category": pa.array([row.category for row in PRODUCTS]),
            "brand": pa.array([row.brand for row in PRODUCTS], type=pa.string()),
            "pack_size": pa.array([row.pack_size for row in PRODUCTS], type=pa.int32()),
            "price": money(PRICES),
            "cost": money(COSTS),
        }
    )


def cycles_table() -> pa.Table:
    """Truth, one row per product: how many days one pack lasts; null where the product has no cycle."""
    return pa.table(
        {
            "product_id": pa.array(PRODUCT_IDS),
            "replenished": pa.array((CYCLES > 0).astype(np.int32)),
            "cycle_days": pa.array([int(cycle) or None for cycle in CYCLES], type=pa.int32()),
        }
    )


def pairs_table() -> pa.Table:
    """Truth, one row per planted pair A -> B."""
    return pa.table(
        {
            "product_a": pa.array([PRODUCT_IDS[product(a)] for a, _, _ in PAIRS]),
            "product_b": pa.array([PRODUCT_IDS[product(b)] for _, b, _ in PAIRS]),
            "permille": pa.array([permille for _, _, permille in PAIRS], type=pa.int32()),
        }
    )


def promotions_table(seasons: tuple[Promotion, ...]) -> pa.Table:
    """Truth, one row per promotion."""
    return pa.table(
        {
            "promotion": pa.array([season.name for season in seasons], type=pa.string()),
            "from_on": days(np.array([season.first for season in seasons], dtype=np.int64)),
            "until_on": days(np.array([season.last for season in seasons], dtype=np.int64)),
        }
    )

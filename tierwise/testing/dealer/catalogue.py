"""What the made-up dealer group sells and how its cars wear: models, labour, parts, accessories."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tierwise.testing.columns import money, words
from tierwise.testing.draws import Ints

BRAND = "远山"


@dataclass(frozen=True, slots=True)
class Model:
    """One car model. Price in yuan; a service is due by kilometres or by days, whichever comes first."""

    name: str
    powertrain: str
    price: int
    weight: int
    first_km: int
    first_days: int
    then_km: int
    then_days: int


MODELS = (
    Model("远山 A5", "燃油", 109_800, 20, 5_000, 182, 5_000, 182),
    Model("远山 X6", "燃油", 139_800, 22, 3_000, 91, 5_000, 182),
    Model("远山 X8", "燃油", 239_800, 12, 10_000, 365, 10_000, 365),
    Model("远山 X9", "燃油", 329_800, 6, 8_000, 365, 10_000, 365),
    Model("远山 D1", "插混", 99_800, 12, 3_500, 182, 7_500, 365),
    Model("远山 D7", "插混", 179_800, 10, 5_000, 182, 10_000, 365),
    Model("远山 E3", "纯电", 119_800, 10, 5_000, 91, 10_000, 365),
    Model("远山 E6", "纯电", 219_800, 8, 5_000, 91, 20_000, 365),
)
"""Made-up models; the intervals have the spread of real ones (time or mileage, per model and powertrain)."""

POWERTRAINS = ("燃油", "插混", "纯电")

_GOODS = (
    ("保养工时", "工时 > 保养", 28_000, 9_000),
    ("三电检测工时", "工时 > 保养", 26_000, 9_000),
    ("机电维修工时", "工时 > 维修", 32_000, 11_000),
    ("钣金喷漆工时", "工时 > 钣喷", 36_000, 14_000),
    ("矿物机油 1L", "配件 > 油液", 4_800, 2_100),
    ("全合成机油 1L", "配件 > 油液", 8_900, 4_000),
    ("机油滤清器", "配件 > 滤芯", 4_500, 1_700),
    ("空气滤清器", "配件 > 滤芯", 7_800, 2_900),
    ("空调滤清器", "配件 > 滤芯", 9_800, 3_300),
    ("雨刮片", "配件 > 易损件", 12_900, 4_800),
    ("前刹车片", "配件 > 易损件", 48_800, 21_000),
    ("制动液", "配件 > 油液", 18_800, 7_000),
    ("冷却液", "配件 > 油液", 16_800, 6_500),
    ("轮胎", "配件 > 轮胎", 69_900, 41_000),
    ("12V 蓄电池", "配件 > 电器", 59_900, 33_000),
    ("减震器", "配件 > 底盘", 86_000, 45_000),
    ("前大灯", "配件 > 电器", 158_000, 92_000),
    ("喷漆辅料", "配件 > 钣喷", 32_000, 12_000),
    ("脚垫", "精品 > 内饰", 39_900, 15_000),
    ("行车记录仪", "精品 > 电子", 89_900, 48_000),
    ("隔热膜", "精品 > 外饰", 198_000, 76_000),
    ("儿童座椅", "精品 > 安全", 168_000, 89_000),
)
CARS = len(MODELS)
PRICES: Ints = np.array([*(model.price * 100 for model in MODELS), *(good[2] for good in _GOODS)], dtype=np.int64)
"""Price in minor units by product number: the cars first, then labour, parts, accessories."""
COSTS: Ints = np.array([*(model.price * 94 for model in MODELS), *(good[3] for good in _GOODS)], dtype=np.int64)


def good(name: str) -> int:
    """The product number of a labour, part or accessory. Raises ValueError where there is none."""
    return CARS + [row[0] for row in _GOODS].index(name)


def due_days(model: np.ndarray, first: np.ndarray, metres_per_day: Ints) -> Ints:
    """Days until the next service: kilometres at this car's pace or days, whichever is first."""
    table: Ints = np.array([(m.first_km, m.first_days, m.then_km, m.then_days) for m in MODELS], dtype=np.int64)[model]
    kilometres = np.where(first, table[:, 0], table[:, 2])
    by_distance: Ints = kilometres * 1000 // metres_per_day
    return np.minimum(by_distance, np.where(first, table[:, 1], table[:, 3]))


def products_table() -> pa.Table:
    """One row per car model, labour, part and accessory."""
    goods = len(_GOODS)
    return pa.table(
        {
            "product_id": words(np.arange(CARS + goods), PRODUCT_IDS),
            "product_name": pa.array([*(m.name for m in MODELS), *(row[0] for row in _GOODS)]),
            "category": pa.array([*(f"整车 > {m.powertrain}" for m in MODELS), *(row[1] for row in _GOODS)]),
            "brand": pa.array([*[BRAND] * CARS, *[None] * goods], type=pa.string()),
            "price": money(PRICES),
            "cost": money(COSTS),
        }
    )


PRODUCT_IDS = tuple(
    [f"CAR{place + 1:02d}" for place in range(CARS)] + [f"PT{place + 1:03d}" for place in range(len(_GOODS))]
)


def models_table() -> pa.Table:
    """Truth, one row per model: when a service is due."""
    names = ("first_km", "first_days", "then_km", "then_days")
    return pa.table(
        {
            "model": [m.name for m in MODELS],
            "powertrain": [m.powertrain for m in MODELS],
            **{name: pa.array([getattr(m, name) for m in MODELS], type=pa.int32()) for name in names},
        }
    )

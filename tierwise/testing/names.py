"""Made-up names, phones, e-mails, birthdays and cities of people who do not exist."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tierwise.testing.columns import digits, scatter, text_of
from tierwise.testing.draws import Draws, Flags, Ints

GENDERS = ("female", "male", "unknown")
FEMALE, MALE, UNKNOWN = range(3)

SURNAMES = (
    *"王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余",
    *"于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万",
    "欧阳", "司马", "上官", "诸葛",
)  # fmt: skip
_SURNAME_WEIGHTS = tuple(max(2, 140 // (place + 1)) for place in range(len(SURNAMES)))
_GIVEN = (
    tuple("芳娜敏静丽娟霞秀婷玲燕雪琳慧莹颖洁佳欣怡梦瑶诗涵雨桐思悦子萱若溪文嘉宁晓晴安然心语可馨以沫"),
    tuple("伟强磊军洋勇杰涛明超刚平辉鹏斌波宇浩凯健俊帆帅志远文博子轩泽睿晨天佑家豪一鸣嘉诚建国海峰思齐"),
)
_COMPANY_HEADS = tuple("恒启隆瑞盛汇德信宏泰昌联华安兴达")
_COMPANY_ENDS = ("商贸有限公司", "物流有限公司", "建筑工程有限公司", "餐饮管理有限公司", "信息技术有限公司")

CITIES = (
    ("上海", "沪"), ("杭州", "浙"), ("苏州", "苏"), ("南京", "苏"), ("宁波", "浙"), ("合肥", "皖"),
    ("成都", "川"), ("重庆", "渝"), ("武汉", "鄂"), ("长沙", "湘"), ("广州", "粤"), ("深圳", "粤"),
    ("西安", "陕"), ("郑州", "豫"), ("青岛", "鲁"), ("济南", "鲁"),
)  # fmt: skip
"""(city, the first character of its number plates)."""


def genders(draws: Draws, count: int, female_permille: int, unknown_permille: int) -> NDArray[np.int32]:
    """Indexes into GENDERS."""
    rest = 1000 - unknown_permille
    female = rest * female_permille // 1000
    return draws.pick(count, (female, rest - female, unknown_permille))


def person_names(draws: Draws, gender: NDArray[np.int32]) -> pa.Array:
    """A surname and a given name of one or two characters for every person; `unknown` gets either kind."""
    count = len(gender)
    surname = pa.array(SURNAMES).take(pa.array(draws.pick(count, _SURNAME_WEIGHTS)))
    kind = np.where(gender == UNKNOWN, draws.below(count, 2), gender)
    pool = pa.array([*_GIVEN[FEMALE], *_GIVEN[MALE], ""])
    start = np.where(kind == FEMALE, 0, len(_GIVEN[FEMALE]))
    size = np.where(kind == FEMALE, len(_GIVEN[FEMALE]), len(_GIVEN[MALE]))
    first = pool.take(pa.array(start + draws.below(count, size)))
    second = np.where(draws.chance(count, 260), len(pool) - 1, start + draws.below(count, size))
    return pc.binary_join_element_wise(surname, first, pool.take(pa.array(second)), "")


def company_names(draws: Draws, count: int) -> pa.Array:
    """Two characters and a trade, such as 恒瑞物流有限公司; companies may share a name, as people do."""
    heads = pa.array(_COMPANY_HEADS)
    parts = [heads.take(pa.array(draws.below(count, len(_COMPANY_HEADS)))) for _ in range(2)]
    ends = pa.array(_COMPANY_ENDS).take(pa.array(draws.below(count, len(_COMPANY_ENDS))))
    return pc.binary_join_element_wise(*parts, ends, "")


def phone_numbers(lines: Ints) -> NDArray[np.uint8]:
    """Phone 199 0000 0000 + line, as eleven digits each: one block, counted through, nobody's in particular."""
    return digits(19_900_000_000 + lines, 11)


def phones(count: int) -> NDArray[np.uint8]:
    """One phone per person, all different, in no visible order."""
    return phone_numbers(scatter(count))


def emails(numbers: Ints, valid: Flags) -> pa.ChunkedArray:
    """Addresses under the reserved domain example.com; null where not `valid`."""
    tail = np.frombuffer(b"@example.com", dtype=np.uint8)
    matrix = np.empty((len(numbers), 9 + len(tail)), dtype=np.uint8)
    matrix[:, 0] = ord("u")
    matrix[:, 1:9] = digits(numbers, 8)
    matrix[:, 9:] = tail
    return text_of(matrix, valid)


def birthdays(draws: Draws, count: int, as_of_day: int) -> Ints:
    """Day numbers of birth: adults of 20 to 70, most of them between 28 and 45."""
    ages = ((0, 20 * 365), (150, 26 * 365), (400, 32 * 365), (700, 41 * 365), (900, 53 * 365), (1000, 70 * 365))
    return as_of_day - draws.curve(count, ages)

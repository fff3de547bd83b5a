"""Headers that people's exports have, in Chinese and English, and the canonical columns that they mean."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from tierwise.facts.names import CARRIED_KEY, NEEDS_ORDER, resolve
from tierwise.facts.synonyms import SYNONYMS

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BRACKETS = re.compile(r"[(\[【<{][^)\]】>}]*[)\]】>}]")
_NOT_WORD = re.compile(r"[\W_]+")
_SIMPLIFIED = str.maketrans(
    "編號會員單時間訂買賣貨產數價錢額實優惠門鋪車駛顧問類別歷費應總顏渠電話郵註冊銷戶積結開發條碼規進處廠維業務備"
    "換還復動態來訪應費項獲線級號區縣創認證關繫購機師聯絡資後營輛網點償貿終離觸標題種樣幣賬匯檔組織導購稱",
    "编号会员单时间订买卖货产数价钱额实优惠门铺车驶顾问类别历费应总颜渠电话邮注册销户积结开发条码规进处厂维业务备"
    "换还复动态来访应费项获线级号区县创认证关系购机师联络资后营辆网点偿贸终离触标题种样币账汇档组织导购称",
)
"""Characters of headers in traditional Chinese, as the same in simplified."""


def normalised(header: str) -> str:
    """What is left of a header when case, blanks, punctuation, full width, a BOM and brackets are taken away.

    >>> normalised("\\ufeffInvoiceNo") == normalised("invoice_no") == normalised("INVOICE NO")
    True
    >>> normalised("金额（元）")
    '金额'
    >>> normalised("訂單編號")
    '订单编号'
    """
    plain = unicodedata.normalize("NFKC", header).replace("\ufeff", "").strip().translate(_SIMPLIFIED)
    without = _BRACKETS.sub("", plain) or plain
    return _NOT_WORD.sub("", _CAMEL.sub(" ", without).casefold())


@dataclass(frozen=True, slots=True)
class Recognised:
    """columns: canonical name -> position from 0 of the header that means it. unknown: positions that mean nothing.

    alone: likewise, of columns that cannot stand without another that no header means; unknown has them too.
    """

    columns: dict[str, int] = field(default_factory=dict)
    unknown: tuple[int, ...] = ()
    alone: dict[str, int] = field(default_factory=dict)


def recognise(headers: Sequence[str], table: str, taken: Iterable[str] = ()) -> Recognised:
    """Which header means which canonical column of `table` or of what its rows carry along.

    A header means at most one column and a column takes one header: where several headers could mean it, the one
    that stands first in `SYNONYMS` wins, then the leftmost. `taken` are canonical names not to look for.
    Empty headers mean nothing. Of `gross`, `amount` and `paid` those present are all taken. Columns of carried tables
    need the key (`customer.name` a `customer_id`), and in lines without a date columns of the order have none to
    belong to. A store or a product that is only named is told apart by its name: its header means the id too.
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
    for thing in ("store", "product"):
        key, name = f"{thing}_id", f"{thing}_name"
        if table != f"{thing}s" and name in columns and key not in {*columns, *skip}:
            columns[key] = columns[name]
    known = {*columns, *skip}
    ordered = {name: columns[name] for name in SYNONYMS[table] if name in columns and _stands(table, name, known)}
    alone = {name: at for name, at in columns.items() if name not in ordered}
    taken_up = set(ordered.values())
    return Recognised(ordered, tuple(at for at in range(len(headers)) if at not in taken_up), alone)


def _stands(table: str, canonical: str, known: Collection[str]) -> bool:
    meant = resolve(table, canonical)
    if meant is None or meant[0] == table:
        return True
    if meant[0] == "orders":
        return "ordered_at" in known or meant[1] not in NEEDS_ORDER
    return CARRIED_KEY.get(meant[0], canonical) in known

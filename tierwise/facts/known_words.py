"""The words by which businesses write the codes that rules and numbers look for, in Chinese and English.

What is imported stays as it was written: the codes are found by these words wherever they are read. A business with
words of its own puts them into its rules.
"""

from __future__ import annotations

_WORDS: dict[str, dict[str, str]] = {
    "visits.kind": {
        "service": "((scheduled|regular|periodic)[ _-])?(service|maintenance)|[^非未]*(保养|保養|首保|二保).*",
        "rework": "rework|comeback|[^非未]*(返修|返工).*",
        "claim": "(warranty[ _-])?claims?|[^非未]*(索赔|索賠).*",
    },
    "orders.channel": {
        "sales": "((new[ _-])?car[ _-])?sales|(整车|新车|汽车|车辆|展厅)?销售部?|整车|新车|售车",
    },
    "leads.stage": {
        "new": "new([ _-]lead)?|新|新建|新增|新(增)?线索|新(增)?潜客|新客户|待分配|[未待](联系|跟进)",
        "contacted": "contacted|follow(ed|ing)[ _-]up|已?(电话)?(联系|跟进|邀约)|跟进中|联系中",
        "visited": "visited|(store|showroom)[ _-]visit|已?(首次|邀约)?(到店|进店|来店|到访)",
        "test_drive": "test[ _-]?(drive|driven)|已?(试驾|试乘|试乘试驾)",
        "quoted": "quote|quoted|quotation|negotiati(on|ng)|已?报价|报价中|议价|议价中|洽谈|洽谈中|谈判",
        "deal": "deal|won|ordered|closed[ _-]won|已?(成交|订车|下订|下定|签约|签单|订购)|已订未交",
        "delivered": "delivered|已?(交车|交付|提车)",
        "defeated": "defeated|lost|closed[ _-]lost|cancell?ed|已?(战败|流失|输单|退订|退定|取消)",
    },
    "surveys.kind": {
        "nps": "nps([ _-]?(survey|问卷|调研|调查))?|净推荐值?(问卷|调研|调查)?",
    },
    "calls.direction": {
        "outbound": "out(bound|going)?|呼出|外呼|去电|拨出|打出|主叫",
    },
}


def codes_of(column: str) -> tuple[str, ...]:
    """The codes of a column, named `table.column`, that are known by their words; none of a column without such."""
    return tuple(_WORDS.get(column, ()))


def pattern_of(column: str, *codes: str) -> str:
    """The regular expression of a whole value that says one of these codes, in any case of letters.

    It means the same to Python, DuckDB and Java. Raises KeyError for a code that is not in `codes_of`.

    >>> pattern_of("calls.direction", "outbound")
    '(?i)^(out(bound|going)?|呼出|外呼|去电|拨出|打出|主叫)$'
    """
    return f"(?i)^({'|'.join(_WORDS[column][code] for code in codes)})$"

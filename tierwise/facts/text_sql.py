"""Texts of a file as typed SQL values: numbers, money, ids, dates. Every expression is null where the text is no such
thing; whether that is an error or merely an empty cell, `present` tells.

Each has a fast branch for the plain form and a slow one, which DuckDB evaluates only for the rows that need it.
Nothing here knows of files, tables or people.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from tierwise.kernel import clock
from tierwise.kernel.errors import TierwiseError

BLANKS = " \t\r\n\u3000\u00a0\ufeff\u200b"
"""What is taken off both ends of a cell."""

_INK = r"[!-~\x{4e00}-\x{9fff}]"
_TIDY = f"'{_INK}([^\n]*{_INK})?'"
_FULL_WIDTH = "０１２３４５６７８９．，－＋￥／：−（）"
_HALF_WIDTH = "0123456789.,-+¥/:-()"

_PLAIN_ID = "'[0-9A-Za-z_-]+'"

_NOTHING = "'#?N/A|NULL|null|NaN|nan|None|\\\\N'"
"""Texts that programs write into an id column for "nobody". A pattern: DuckDB makes a join of a long IN."""


def sql_text(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def cleaned(text: str) -> str:
    """The text without outer blanks (full-width and non-breaking ones too); null where nothing is left."""
    trimmed = f"nullif(trim({text}, {sql_text(BLANKS)}), '')"
    return f"CASE WHEN regexp_full_match({text}, {_TIDY}) THEN {text} ELSE {trimmed} END"


def present(text: str) -> str:
    """Whether anything but blanks stands in the cell."""
    return f"({cleaned(text)}) IS NOT NULL"


def identifier(text: str, *, nobody: bool = False) -> str:
    """An id: `17850.0` is mended to `17850`; scientific notation (digits are lost) is null, and so not an id.

    Excel's `="0012"` is unwrapped. nobody: what programs write for none (NULL, nan, N/A) is null and counts as empty.
    """
    inner = f"regexp_replace(({cleaned(text)}), '^=\"(.*)\"$', '\\1')"
    cases = [
        f"WHEN {_lost_digits(inner)} THEN NULL",
        f"WHEN regexp_full_match({inner}, '[0-9]+\\.0+') THEN split_part({inner}, '.', 1)",
    ]
    if nobody:
        cases.insert(0, f"WHEN regexp_full_match(({cleaned(text)}), {_NOTHING}) THEN NULL")
    slow = f"CASE {' '.join(cases)} ELSE nullif({inner}, '') END"
    # With a digit within it is none of the words for nobody.
    plain = "'[A-Za-z_-]*[0-9][0-9A-Za-z_-]*'" if nobody else _PLAIN_ID
    return (
        f"CASE WHEN regexp_full_match({text}, {plain}) THEN {text} "
        f"WHEN regexp_full_match({text}, '[0-9]+\\.0') THEN split_part({text}, '.', 1) ELSE {slow} END"
    )


def identifier_present(text: str, *, nobody: bool = False) -> str:
    """Whether the cell holds something that ought to be an id."""
    if not nobody:
        return present(text)
    return f"coalesce(NOT regexp_full_match(({cleaned(text)}), {_NOTHING}), FALSE)"


def mended(value: str, text: str) -> str:
    """Whether `identifier`, whose result `value` is, has mended this id."""
    looked = f"coalesce(regexp_full_match(({cleaned(text)}), '[0-9]+\\.0+'), FALSE)"
    return f"CASE WHEN {value} IS NULL OR {value} = {text} THEN FALSE ELSE {looked} END"


def _lost_digits(text: str) -> str:
    return f"regexp_full_match({text}, '[0-9](\\.[0-9]+)?[eE]\\+[0-9]+')"


def with_point(text: str) -> str:
    """A number written with a comma before the decimals, as it is with a point: `1.234,50` is `1,234.50`."""
    return f"translate({text}, '.,', ',.')"


def number_text(text: str) -> str:
    """A number as plain digits, or null: thousands only where they group rightly, a currency sign before,
    元 or € behind, full-width digits, `(12.50)` for a negative amount. NaN and infinity are no numbers."""
    half = f"translate(({cleaned(text)}), '{_FULL_WIDTH}', '{_HALF_WIDTH}')"
    signed = f"regexp_replace({half}, '^\\(([^()]+)\\)$', '-\\1')"
    bare = f"regexp_replace({signed}, '^([+-]?)\\s*[¥$€£]\\s*([+-]?)', '\\1\\2')"
    bare = f"regexp_replace({bare}, '\\s*[元€]$', '')"
    grouped = f"regexp_full_match({bare}, '[+-]?[0-9]{{1,3}}(,[0-9]{{3}})+(\\.[0-9]*)?')"
    plain = f"CASE WHEN {grouped} THEN replace({bare}, ',', '') ELSE {bare} END"
    is_number = "'[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]{1,2})?'"
    return f"CASE WHEN regexp_full_match(({plain}), {is_number}) THEN ({plain}) END"


def exact(text: str) -> str:
    """A DECIMAL(38, 12), for comparisons."""
    fast = f"CAST(TRY_CAST({text} AS DECIMAL(18,6)) AS DECIMAL(38,12))"
    slow = f"TRY_CAST(({number_text(text)}) AS DECIMAL(38,12))"
    return f"CASE WHEN regexp_full_match({text}, {_PLAIN_NUMBER}) THEN {fast} ELSE {slow} END"


_PLAIN_NUMBER = "'-?[0-9]{1,11}(\\.[0-9]{1,6})?'"
_LONG = "DECIMAL(38,15)"
MOST_MONEY = 10**12
"""Currency units; an amount is less, so that sums of thousands of them are still integers of 64 bits."""


def decimal(text: str, scale: int) -> str:
    """A DECIMAL(18, scale), rounded half up from all the digits given."""
    kind = f"DECIMAL(18,{scale})"
    slow = f"TRY_CAST(TRY_CAST(({number_text(text)}) AS {_LONG}) AS {kind})"
    return f"CASE WHEN regexp_full_match({text}, {_PLAIN_NUMBER}) THEN TRY_CAST({text} AS {kind}) ELSE {slow} END"


def whole_number(text: str) -> str:
    """A BIGINT; `3.0` is 3, `3.5` is null."""
    exact = f"TRY_CAST(({number_text(text)}) AS {_LONG})"
    slow = f"CASE WHEN {exact} = round({exact}, 0) THEN TRY_CAST({exact} AS BIGINT) END"
    return f"CASE WHEN regexp_full_match({text}, '-?[0-9]{{1,18}}') THEN TRY_CAST({text} AS BIGINT) ELSE {slow} END"


def rounded(text: str) -> str:
    """A BIGINT of something measured, rounded half up: `45321.6` km is 45322."""
    return f"TRY_CAST(round(TRY_CAST(({number_text(text)}) AS {_LONG}), 0) AS BIGINT)"


def seconds(text: str) -> str:
    """A BIGINT of seconds: `143`, `143.2`, `2:23`, `00:02:23`."""
    parts = f"string_split(({cleaned(text)}), ':')"
    clock_time = f"list_reduce(list_transform({parts}, lambda x: CAST(x AS BIGINT)), lambda a, b: a * 60 + b)"
    shaped = f"regexp_full_match(({cleaned(text)}), '([0-9]{{1,4}}:)?[0-9]{{1,3}}:[0-5][0-9]')"
    return f"CASE WHEN {shaped} THEN {clock_time} ELSE {rounded(text)} END"


def minor(text: str, exponent: str) -> str:
    """Money as BIGINT minor units, rounded once, half up. exponent: SQL for the currency's digits (0, 2 or 3)."""

    def scaled(value: str) -> str:
        return minor_of(value, exponent)

    fast = scaled(f"TRY_CAST({text} AS DECIMAL(18,6))")
    slow = scaled(f"TRY_CAST(({number_text(text)}) AS DECIMAL(27,15))")
    return f"CASE WHEN regexp_full_match({text}, {_PLAIN_NUMBER}) THEN {fast} ELSE {slow} END"


def minor_of(value: str, exponent: str) -> str:
    """A decimal amount in currency units as BIGINT minor units, rounded once, half up; null where too large."""
    if exponent.isdigit():
        return f"TRY_CAST(round({value}, {exponent}) * {10 ** int(exponent)} AS BIGINT)"
    cases = " ".join(f"WHEN {digits} THEN {minor_of(value, str(digits))}" for digits in (0, 2, 3))
    return f"CASE {exponent} {cases} END"


def product(quantity: str, price: str, exponent: str) -> str:
    """quantity x price as BIGINT minor units, rounded once, half up; null from `MOST_MONEY` on."""
    wide = f"(CAST({quantity} AS DECIMAL(38,3)) * CAST({price} AS DECIMAL(38,6)))"
    small = f"abs({quantity}) < 10000 AND abs({price}) < 100000"  # so that DECIMAL(18,9), which is fast, holds it
    return (
        f"CASE WHEN {small} THEN {minor_of(f'({quantity} * {price})', exponent)} "
        f"WHEN abs({wide}) < {MOST_MONEY} THEN {minor_of(wide, exponent)} END"
    )


_TRUE = ("true", "t", "yes", "y", "1", "1.0", "是", "有", "真", "已", "√")
_FALSE = ("false", "f", "no", "n", "0", "0.0", "否", "无", "假", "未", "×")


def boolean(text: str) -> str:
    """是/否, yes/no, true/false, 1/0 and their kind."""
    low = f"lower(({cleaned(text)}))"
    true, false = (", ".join(map(sql_text, words)) for words in (_TRUE, _FALSE))
    return f"CASE WHEN {low} IN ({true}) THEN TRUE WHEN {low} IN ({false}) THEN FALSE END"


def gender(text: str) -> str:
    """female, male or unknown; null for an empty cell."""
    low = f"lower(({cleaned(text)}))"
    return (
        f"CASE WHEN {low} IN ('female', 'f', 'woman', '女', '女性', '女士', '小姐') THEN 'female' "
        f"WHEN {low} IN ('male', 'm', 'man', '男', '男性', '先生') THEN 'male' "
        f"WHEN {low} IS NOT NULL THEN 'unknown' END"
    )


_TIMES = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p")
_SLASHED = "'([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})([ ]+[0-9].*)?'"


def is_day_month_form(text: str) -> str:
    """Whether the text is a date that begins with day or month, so that its order must be known."""
    return f"regexp_full_match(({cleaned(text)}), {_SLASHED})"


def local_time(text: str, form: str | None = None, *, since_1904: bool = False) -> str:
    """A naive TIMESTAMP: ISO, 2024/3/5, 2024年3月5日 8时26分, 20240305[HHMM[SS]], an Excel serial.

    form: `dmy` or `mdy` for dates such as 5/3/2024, which are null without; or a strptime format, which alone counts,
    but for dates as ISO and Tierwise's own readers write them. since_1904: serials count from 1904-01-01.
    """
    if form and form not in ("dmy", "mdy"):
        if "%z" in form:
            return "CAST(NULL AS TIMESTAMP)"
        iso = f"CASE WHEN {_is_iso(text)} THEN TRY_CAST({text} AS TIMESTAMP) END"
        return f"coalesce(try_strptime(({cleaned(text)}), {sql_text(form)}), {iso})"
    half = f"translate(({cleaned(text)}), '{_FULL_WIDTH}', '{_HALF_WIDTH}')"
    spelt = f"regexp_replace({half}, '\\s*[日号]\\s*', ' ', 'g')"
    spelt = f"regexp_replace({spelt}, '[年月]\\s*', '-', 'g')"
    spelt = f"regexp_replace({spelt}, '[时点分]([0-9])', ':\\1', 'g')"
    spelt = f"regexp_replace({spelt}, '[时点]$', ':00')"
    spelt = f"trim(regexp_replace({spelt}, '[分秒]$', ''))"
    shaped = f"regexp_replace({spelt}, '^([0-9]{{4}})[/.]([0-9]{{1,2}})[/.]([0-9]{{1,2}})', '\\1-\\2-\\3')"
    shaped = f"regexp_replace({shaped}, '^((?:19|20)[0-9]{{2}})([0-9]{{2}})([0-9]{{2}})\\s+([0-9])', '\\1-\\2-\\3 \\4')"
    shaped = f"regexp_replace({shaped}, '^([0-9]{{4}}-[0-9]{{1,2}}-[0-9]{{1,2}})(T|\\s+)([0-9])', '\\1 \\3')"
    shaped = f"regexp_replace({shaped}, '\\s+(上午|凌晨|早上)\\s*([0-9][0-9:]*)$', ' \\2 AM')"
    shaped = f"regexp_replace({shaped}, '\\s+(下午|晚上)\\s*([0-9][0-9:]*)$', ' \\2 PM')"
    iso = _strptime(shaped, [f"%Y-%m-%d{time}" for time in _TIMES])
    cases = [
        f"WHEN regexp_full_match({shaped}, '[0-9]{{4}}-[0-9]{{1,2}}-[0-9]{{1,2}}( [0-9].*)?') THEN {iso}",
        f"WHEN regexp_full_match({half}, '(19|20|99)[0-9]{{6}}(\\.0+)?') "
        f"THEN try_strptime(substr({half}, 1, 8), '%Y%m%d')",
        f"WHEN regexp_full_match({half}, '(19|20)[0-9]{{10}}') THEN {_digits(half, 12)}",
        f"WHEN regexp_full_match({half}, '(19|20)[0-9]{{12}}') THEN {_digits(half, 14)}",
        f"WHEN regexp_full_match({half}, '[0-9]{{1,5}}(\\.[0-9]+)?') THEN {_excel(half, since_1904)}",
    ]
    if form:
        first, second = ("%d", "%m") if form == "dmy" else ("%m", "%d")
        uniform = f"regexp_replace({half}, '^([0-9]{{1,2}})[/.-]([0-9]{{1,2}})[/.-]([0-9]{{4}})\\s*', '\\1/\\2/\\3 ')"
        slashed = _strptime(f"trim({uniform})", [f"{first}/{second}/%Y{time}" for time in _TIMES])
        cases.insert(0, f"WHEN {is_day_month_form(text)} THEN {slashed}")
    fast = (
        f"CASE WHEN {text} LIKE '____-__-__ __:__:__' THEN TRY_CAST({text} AS TIMESTAMP) "
        f"WHEN {text} LIKE '____-__-__' THEN TRY_CAST({text} AS TIMESTAMP)"
    )
    return f"{fast} ELSE (CASE {' '.join(cases)} END) END"


def _is_iso(text: str) -> str:
    return f"({text} LIKE '____-__-__' OR {text} LIKE '____-__-__ __:__:__')"


def utc_time(text: str, form: str | None = None) -> str:
    """A UTC TIMESTAMP where the text says which: with an offset, or an epoch in s (10 digits) or ms (13); else null."""
    if form and form not in ("dmy", "mdy"):
        return f"try_strptime(({cleaned(text)}), {sql_text(form)})" if "%z" in form else "CAST(NULL AS TIMESTAMP)"
    half = f"translate(({cleaned(text)}), '{_FULL_WIDTH}', '{_HALF_WIDTH}')"
    day, time = "[0-9]{4}[/-][0-9]{1,2}[/-][0-9]{1,2}", "[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?"
    aware = f"'{day}[T ]{time}\\s*(Z|z|UTC|[+-][0-9]{{2}}(:?[0-9]{{2}})?)'"
    offset = f"regexp_extract({half}, '(Z|z|UTC|[+-][0-9]{{2}}(:?[0-9]{{2}})?)$', 1)"
    naive = f"regexp_replace({half}, '\\s*(Z|z|UTC|[+-][0-9]{{2}}(:?[0-9]{{2}})?)$', '')"
    naive = f"replace(replace(replace({naive}, '/', '-'), 'T', ' '), ',', '.')"
    moment = _strptime(naive, [f"%Y-%m-%d{time}" for time in _TIMES[1:4]])
    sign = f"CASE WHEN starts_with({offset}, '-') THEN -1 ELSE 1 END"
    minutes = (
        f"CASE WHEN {offset} IN ('Z', 'z', 'UTC') THEN 0 ELSE ({sign}) * "
        f"(TRY_CAST(substr({offset}, 2, 2) AS INTEGER) * 60 + coalesce(TRY_CAST(right({offset}, 2) AS INTEGER), 0) "
        f"* CASE WHEN strlen({offset}) > 3 THEN 1 ELSE 0 END) END"
    )
    return (
        f"CASE WHEN regexp_full_match({half}, {aware}) THEN {moment} - to_minutes({minutes}) "
        f"WHEN regexp_full_match({half}, '[0-9]{{13}}') THEN epoch_ms(TRY_CAST({half} AS BIGINT)) "
        f"WHEN regexp_full_match({half}, '[0-9]{{10}}') THEN epoch_ms(TRY_CAST({half} AS BIGINT) * 1000) END"
    )


def _strptime(text: str, formats: list[str]) -> str:
    return f"try_strptime({text}, [{', '.join(map(sql_text, formats))}])"


def _digits(text: str, count: int) -> str:
    form = "%Y%m%d%H%M" if count == 12 else "%Y%m%d%H%M%S"
    return f"try_strptime({text}, '{form}')"


def _excel(text: str, since_1904: bool) -> str:
    """An Excel serial: days since 1899-12-30, to the second; up to 59 one day more, for Excel's 1900-02-29."""
    days = f"TRY_CAST({text} AS DECIMAL(38,9))"
    shift = f"CASE WHEN {days} < 60 THEN 1 ELSE 0 END"
    seconds = f"CAST(round(({days} + {shift}) * 86400, 0) AS BIGINT)"
    if since_1904:
        return f"TIMESTAMP '1904-01-01' + to_seconds(CAST(round({days} * 86400, 0) AS BIGINT))"
    return f"CASE WHEN {days} >= 1 THEN TIMESTAMP '1899-12-30' + to_seconds({seconds}) END"


@lru_cache(maxsize=32)
def _transitions(zone_name: str) -> tuple[int, tuple[tuple[datetime, int, int], ...]]:
    """The offset (seconds) at 1970, and each change up to 2060: (UTC instant, offset before, offset after)."""
    zone = clock.zone(zone_name)

    def offset(at: datetime) -> int:
        found = at.astimezone(zone).utcoffset()
        return 0 if found is None else round(found.total_seconds())

    day = datetime(1970, 1, 1, tzinfo=UTC)
    first = before = offset(day)
    changes: list[tuple[datetime, int, int]] = []
    step = timedelta(days=14)
    while day.year < 2060:
        later = day + step
        after = offset(later)
        if after != before:
            seconds = range(int(step.total_seconds()) + 1)

            def moved_by(second: int, since: datetime = day, old: int = before) -> int:
                return int(offset(since + timedelta(seconds=second)) != old)

            moved = bisect_right(seconds, 0, key=moved_by)
            instant = day + timedelta(seconds=moved)
            after = offset(instant)
            changes.append((instant.replace(tzinfo=None), before, after))
            day, before = instant, after
            continue
        day = later
    return first, tuple(changes)


def to_utc(local: str, zone_name: str) -> str:
    """A local naive TIMESTAMP as UTC. A time that the clocks skipped or repeated takes the offset from before."""
    first, changes = _transitions(zone_name)
    edges = [(at + timedelta(seconds=max(before, after)), after) for at, before, after in changes]
    return f"{local} - to_seconds({_offset(local, first, edges)})"


def to_local(utc: str, zone_name: str) -> str:
    """A UTC TIMESTAMP as the zone's local naive time."""
    first, changes = _transitions(zone_name)
    return f"{utc} + to_seconds({_offset(utc, first, [(at, after) for at, _before, after in changes])})"


def _offset(time: str, first: int, edges: list[tuple[datetime, int]]) -> str:
    """A tree of CASEs, so that a zone with many changes costs eight comparisons, and one with few hardly any."""
    if not edges:
        return str(first)
    last_at, last = edges[-1]
    if len(edges) > 1:
        rest = _tree(time, first, edges[:-1])
        return f"CASE WHEN {time} >= TIMESTAMP '{last_at}' THEN {last} ELSE {rest} END"
    return f"CASE WHEN {time} >= TIMESTAMP '{last_at}' THEN {last} ELSE {first} END"


def _tree(time: str, first: int, edges: list[tuple[datetime, int]]) -> str:
    if not edges:
        return str(first)
    middle = len(edges) // 2
    at, after = edges[middle]
    low, high = _tree(time, first, edges[:middle]), _tree(time, after, edges[middle + 1 :])
    return f"CASE WHEN {time} >= TIMESTAMP '{at}' THEN {high} ELSE {low} END"


def check_format(form: str) -> None:
    """Raises `bad_format` where a strptime format has a directive that is not known."""
    known = "aAbBdfgGhHIjklmMnpPSuUVwWxXyYzZ%-"
    directives = form.split("%")[1:]
    if not directives or any(not part or part[0] not in known for part in directives if part != ""):
        raise TierwiseError("bad_format", f'"{form}" is not a date format', remedy='write one such as "%d/%m/%Y %H:%M"')

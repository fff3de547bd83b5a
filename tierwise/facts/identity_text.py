"""Ids of people as SQL brings them to one spelling, and how an identity is written: `SCOPE:ID`.

The business's own customer numbers stand for themselves, without a scope before them.
"""

from __future__ import annotations

from tierwise.definitions.identities import OWN, IdentityScope
from tierwise.facts import text_sql as t

_FULL_WIDTH = "０１２３４５６７８９＋"
_HALF_WIDTH = "0123456789+"


def identity(text: str, scope: IdentityScope, country_code: str) -> str:
    """The identity that a cell tells, as it is kept; null where the cell holds no such id.

    Masked numbers (`138****0001`), numbers of one digit over and over, and ids that have lost digits are none.
    """
    plain = normalised(text, scope, country_code)
    return plain if scope.name == OWN else f"({t.sql_text(scope.name + ':')} || ({plain}))"


def normalised(text: str, scope: IdentityScope, country_code: str) -> str:
    """The id alone, in its scope's form."""
    match scope.form:
        case "phone":
            return phone(text, country_code)
        case "email":
            low = f"lower(({t.cleaned(text)}))"
            slow = f"CASE WHEN regexp_full_match({low}, '[^@\\s]+@[^@\\s]+\\.[^@\\s]+') THEN {low} END"
            plain = "'[a-z0-9._%+-]+@[a-z0-9-]+(\\.[a-z0-9-]+)+'"
            return f"CASE WHEN regexp_full_match({text}, {plain}) THEN {text} ELSE {slow} END"
        case "upper":
            return f"nullif(upper(regexp_replace(({t.identifier(text, nobody=True)}), '[\\s-]', '', 'g')), '')"
    return f"({t.identifier(text, nobody=True)})"


def phone(text: str, country_code: str) -> str:
    """`+8613800001111`: a plus, the country's code and digits, however it was written.

    `00` in front is a plus; a number without either is of `country_code`: with it before the number where a Chinese
    mobile number has it (`8613800001111`), else without, a leading 0 taken off (`021-5888 0000`).
    """
    cell = f"regexp_replace(({t.cleaned(text)}), '\\.0+$', '')"
    half = f"translate({cell}, '{_FULL_WIDTH}', '{_HALF_WIDTH}')"
    digits = f"regexp_replace({half}, '[\\s()（）.·_/-]', '', 'g')"
    code = country_code
    mobile = r"\+?(00)?861[3-9][0-9]{9}"
    whole = (
        f"CASE WHEN regexp_full_match({digits}, {t.sql_text(mobile)}) THEN '+' || right({digits}, 13) "
        f"WHEN regexp_full_match({digits}, '\\+[1-9][0-9]{{6,14}}') THEN {digits} "
        f"WHEN regexp_full_match({digits}, '00[1-9][0-9]{{6,14}}') THEN '+' || substr({digits}, 3) "
        f"WHEN regexp_full_match({digits}, '0?[1-9][0-9]{{5,12}}') THEN '+{code}' || ltrim({digits}, '0') END"
    )
    slow = f"CASE WHEN ltrim({digits}, '+' || right({digits}, 1)) = '' THEN NULL ELSE {whole} END"
    # As a Chinese file has nearly all of them.
    plain = f"WHEN regexp_full_match({text}, '1[3-9][0-9]{{9}}') THEN '+86' || {text} " if code == "86" else ""
    return f"CASE {plain}ELSE {slow} END" if plain else slow


def mark(scope: str) -> str:
    """What stands before the ids of a scope."""
    return "" if scope == OWN else f"{scope}:"

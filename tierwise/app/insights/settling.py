"""What people set, against what an insight takes: values of their kind within their bounds, or all that is wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tierwise.app.insights.insight import Insight, Parameter
from tierwise.kernel.errors import Problem, TierwiseError, did_you_mean, unknown_name

_YES, _NO = ("yes", "true", "1", "是"), ("no", "false", "0", "否")


def settled(insight: Insight, given: Mapping[str, Any]) -> dict[str, Any]:
    """Every parameter's value: what was given, else the default. Texts are read as values of the parameter's kind.

    Raises `unknown_parameter` and `bad_value`, all at once.
    """
    known = {parameter.name: parameter for parameter in insight.parameters}
    problems = [unknown_name("parameter", name, known, name) for name in given if name not in known]
    values: dict[str, Any] = {}
    for name, parameter in known.items():
        if name not in given or given[name] is None or given[name] == "":
            values[name] = parameter.default
            continue
        value, wrong = _read(parameter, given[name])
        values[name] = value
        if wrong is not None:
            problems.append(wrong)
    if problems:
        raise TierwiseError.of(problems)
    return values


def assignments(texts: list[str] | tuple[str, ...]) -> dict[str, str]:
    """`within_days=90` and the like, by name. Raises `bad_value` for what is no such thing or there twice."""
    found: dict[str, str] = {}
    problems = []
    for text in texts:
        name, sign, value = text.partition("=")
        name = name.strip()
        if not sign or not name or name in found:
            said = f"{name} is set twice" if name in found else f'"{text}" sets nothing'
            problems.append(Problem("bad_value", said, "set", "--set within_days=90, each name once"))
        found[name] = value.strip()
    if problems:
        raise TierwiseError.of(problems)
    return found


def _read(parameter: Parameter, given: Any) -> tuple[Any, Problem | None]:
    if parameter.kind in ("integer", "number"):
        return _number(parameter, given)
    if parameter.kind == "yes_no":
        if isinstance(given, bool):
            return given, None
        text = str(given).strip().lower()
        return text in _YES, None if text in (*_YES, *_NO) else _bad(parameter, given, "yes or no")
    if parameter.kind == "names":
        parts = given.split(",") if isinstance(given, str) else given
        names = tuple(name for part in parts if (name := str(part).strip()))
        wrong = [name for name in names if parameter.choices and name not in parameter.choices]
        return names, _bad(parameter, ", ".join(wrong), _of(parameter, wrong[0])) if wrong else None
    text = str(given).strip()
    if parameter.kind == "choice" and text not in parameter.choices:
        return None, _bad(parameter, given, _of(parameter, text))
    return text, None


def _of(parameter: Parameter, word: str) -> str:
    return did_you_mean(word, parameter.choices) or f"one of: {', '.join(parameter.choices)}"


def _number(parameter: Parameter, given: Any) -> tuple[Any, Problem | None]:
    wanted = "a whole number" if parameter.kind == "integer" else "a number"
    wanted += "" if parameter.least is None else f" from {parameter.least:g}"
    wanted += "" if parameter.most is None else f" to {parameter.most:g}"
    try:
        if isinstance(given, bool):
            raise ValueError
        number = float(given)
        if not math.isfinite(number) or (parameter.kind == "integer" and not number.is_integer()):
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        return None, _bad(parameter, given, wanted)
    low = parameter.least is not None and number < parameter.least
    if low or (parameter.most is not None and number > parameter.most):
        return None, _bad(parameter, given, wanted)
    return (int(number) if parameter.kind == "integer" else number), None


def _bad(parameter: Parameter, given: Any, wanted: str) -> Problem:
    return Problem("bad_value", f"{parameter.name} is {given}", parameter.name, wanted)

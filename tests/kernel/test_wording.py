"""Two languages, complete: every sentence that the source says has its Chinese, and nothing is taken for another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import typer

from tests.kernel.said_in_source import Said, Source
from tierwise.cli.main import app
from tierwise.kernel.errors import Problem, unknown_name
from tierwise.kernel.wording import PLACE, chinese, in_language, known_language, language_of, problem_in_language

SAME = {"apt-get install chromium", "apt-get install openjdk-17-jre-headless"}
"""What is typed is typed alike in every language."""


@pytest.fixture(scope="module")
def source() -> Source:
    return Source()


def alike(sentence: str) -> str:
    """Sentences are the same whatever their places are called."""
    return PLACE.sub("{}", sentence)


def lacking(said: list[Said], known: set[str]) -> str:
    return "\n".join(f"{one.where}: {one.text!r}" for one in said if alike(one.text) not in known)


def test_every_error_note_and_line_has_its_chinese(source: Source) -> None:
    catalogue = chinese()
    known = {alike(text) for text in (*catalogue.plain, *(each.source for each in catalogue.varying))}
    said = source.errors()
    assert len(said) > 700
    assert not (missing := lacking(said, known)), f"add to tierwise/locales/sentences_zh.yaml:\n{missing}"


def test_every_line_of_an_explanation_has_its_chinese(source: Source) -> None:
    catalogue = chinese()
    known = {alike(text) for text in (*catalogue.plain, *(each.source for each in catalogue.varying))}
    said = source.clauses()
    assert len(said) > 50
    assert not (missing := lacking(said, known)), f"add to tierwise/locales/clauses_zh.yaml:\n{missing}"


def test_every_heading_has_its_chinese(source: Source) -> None:
    said = source.headings()
    assert len(said) > 140
    assert not (missing := lacking(said, set(chinese().words))), f"add to tierwise/locales/words_zh.yaml:\n{missing}"


def helps() -> Iterator[Said]:
    waiting = [("tierwise", typer.main.get_command(app))]
    while waiting:
        name, command = waiting.pop()
        texts = [command.help, command.epilog, *(getattr(each, "help", None) for each in command.params)]
        yield from (Said(text, name) for text in texts if text)
        waiting += [(f"{name} {sub}", each) for sub, each in getattr(command, "commands", {}).items()]


def test_every_help_has_its_chinese() -> None:
    said = list(helps())
    assert len(said) > 300
    missing = lacking(said, set(chinese().plain))
    assert not missing, f"add to tierwise/locales/command_line_zh.yaml:\n{missing}"


def test_every_sentence_has_places_as_the_english_and_is_taken_for_no_other() -> None:
    catalogue = chinese()
    wrong = []
    for each in catalogue.varying:
        if "{{" in each.source:
            continue
        names = PLACE.findall(each.source)
        if sorted(names) != sorted(PLACE.findall(each.target)):
            wrong.append(f"places differ: {each.source}")
        values = {name: f"v{number}" for number, name in enumerate(names)}
        if len(values) < len(names):
            wrong.append(f"a place twice: {each.source}")
        filled, expected = (PLACE.sub(lambda p, v=values: v[p.group(1)], t) for t in (each.source, each.target))
        if (found := catalogue.said(filled)) != expected:
            wrong.append(f"{filled} → {found}, not {expected}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, None),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_GB.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, None),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "", "TIERWISE_LANGUAGE": "en"}, "en"),
        ({"TIERWISE_LANGUAGE": "fr", "LANG": "de_DE"}, None),
    ],
)
def test_the_setting_decides_then_the_locale(environment: dict[str, str], language: str | None) -> None:
    assert language_of(environment) == language
    assert known_language("zh-Hans") == "zh"


@pytest.mark.parametrize(
    ("english", "told"),
    [
        ("count of orders in the last 90 days ≥ 2", "最近 90 天 orders 的次数 ≥ 2"),
        ("frequency_count between 2 and 5", "frequency_count 在 2 和 5 之间"),
        ("not (in segment regulars)", "非（属于客群 regulars）"),
        ("orders where channel in app in the last 30 days, after 90 days without any",
         "沉寂 90 天后，最近 30 天内又有 orders（其中 channel in app）"),
        ("visits, then orders of the same store_id within 7 days", "visits，随后 7 天内 orders（同一 store_id）"),
    ],
)  # fmt: skip
def test_rules_are_told_within_rules(english: str, told: str) -> None:
    assert in_language(english, "zh").replace(" （", "（") == told


def test_a_problem_is_told_in_the_language_of_the_reader() -> None:
    problem = unknown_name("attribute", "recency", ["recency_days", "frequency_count"], "rfm.yaml:3")
    told = problem_in_language(problem, "zh")
    assert told == Problem(problem.code, "未知的属性“recency”", "rfm.yaml:3", "是否想写“recency_days”？")
    assert problem_in_language(problem, "en") == problem
    assert in_language("  nothing of the kind was ever said", "zh") == "  nothing of the kind was ever said"
    two = "a tag given by hand needs a reason\nno such sentence"
    assert in_language(two, "zh") == "手工打标签需要原因\nno such sentence"

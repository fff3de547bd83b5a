from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tierwise.definitions.check import check
from tierwise.definitions.profiling import Profiling
from tierwise.definitions.read import read_definitions
from tierwise.definitions.write import to_yaml
from tierwise.kernel.errors import TierwiseError

QUESTION: dict[str, Any] = {
    "name": "mattress",
    "attribute": "trait.床垫软硬",
    "ask": {"zh": "您喜欢软床垫还是硬床垫？", "en": "Soft or firm mattress?"},
    "answers": [{"value": "soft", "text": {"zh": "软"}}, {"value": "firm", "text": {"zh": "硬"}}],
    "reward": {"points": 20},
    "assumed_bits": 0.2,
}


def told(*questions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "kind": "profiling",
        "name": "profiling",
        "targets": [{"attribute": "rfm_cell"}],
        "questions": questions,
    } | more


def test_it_comes_back_from_yaml_as_it_was(tmp_path: Path) -> None:
    who = {"attribute": "frequency_count", "op": ">=", "value": 1}
    more = {**QUESTION, "name": "baby", "attribute": "baby", "who": who, "sensitivity": "minors", "reward": None}
    definition = Profiling.model_validate(told(QUESTION, more, targets=[{"segment": "loyal", "weight": 2}]))
    path = tmp_path / "profiling.yaml"
    path.write_text(to_yaml([definition]), "utf-8")
    assert read_definitions([path]) == [definition]
    assert (definition.completeness, definition.next) == ("profiling_completeness", "profiling_next")


def test_a_sensitive_question_needs_consent_of_its_own() -> None:
    plain, minors, named = Profiling.model_validate(
        told(
            QUESTION,
            {**QUESTION, "name": "b", "attribute": "b", "sensitivity": "minors"},
            {**QUESTION, "name": "c", "attribute": "c", "sensitivity": "minors", "consent": "family"},
        )
    ).questions
    assert [question.needs_consent for question in (plain, minors, named)] == [None, "minors", "family"]
    assert plain.may_be_asked() is None


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        (told(QUESTION, {**QUESTION, "attribute": "x"}), "questions named twice: mattress"),
        (told(QUESTION, {**QUESTION, "name": "x"}), "attributes asked twice: trait.床垫软硬"),
        (told(), "questions"),
        (told(QUESTION, targets=[]), "targets"),
        (told(QUESTION, targets=[{"attribute": "a", "segment": "b"}]), "one of them"),
        (told(QUESTION, targets=[{"segment": "b"}, {"segment": "b"}]), "targets listed twice: segment b"),
        (told({**QUESTION, "ask": {}}), "does not say what is asked"),
        (told({**QUESTION, "reward": {"points": 5, "benefit": {"zh": "洗车"}}}), "one of them"),
        (told({**QUESTION, "reward": {}}), "one of them"),
        (told({**QUESTION, "reward": {"unlocks": "checkout"}}), "unlocks"),
        (told({**QUESTION, "answers": [{"value": "a"}, {"value": "a"}]}), "answers listed twice: a"),
        (told({**QUESTION, "cost_bits": -1}), "cost_bits"),
    ],
)
def test_what_cannot_be_is_refused(definition: dict[str, Any], said: str, tmp_path: Path) -> None:
    path = tmp_path / "profiling.json"
    path.write_text(json.dumps(definition, ensure_ascii=False), "utf-8")
    with pytest.raises(TierwiseError) as caught:
        read_definitions([path])
    assert said in str(caught.value)


def test_a_question_may_be_the_first_to_ask_for_a_trait_if_it_says_what_it_is_worth() -> None:
    asked = {**QUESTION, "name": "gender", "attribute": "gendr"}
    asked.pop("assumed_bits")
    definition = Profiling.model_validate(told(QUESTION, asked))
    problems = check([definition], {"rfm_cell", "gender"})
    assert [(problem.code, problem.message) for problem in problems] == [
        ("unknown_attribute", 'unknown attribute "gendr"')
    ]

"""Coverage, moves, drift and agreement of tags, counted by hand."""

from __future__ import annotations

from datetime import date
from math import log
from typing import Any

import pyarrow as pa
import pytest

from tests.metrics.conftest import MakeFrame
from tierwise.definitions.tag import Tag
from tierwise.metrics.frame import Frame
from tierwise.metrics.tag_figures import LISTED, OTHERS, rater_agreement, tag_counts, tag_figures, tag_moves

AS_OF = date(2026, 6, 30)


def rows(frame: MakeFrame, *given: tuple[int, str, str | None]) -> Frame:
    return frame(
        pa.table(
            {
                "customer_key": pa.array([row[0] for row in given], pa.int64()),
                "tag": pa.array([row[1] for row in given], pa.string()),
                "value": pa.array([row[2] for row in given], pa.string()),
            }
        )
    )


def test_counts_and_moves(frame: MakeFrame) -> None:
    before = rows(frame, (1, "a", "x"), (2, "a", "x"), (3, "a", "y"), (1, "b", None), (5, "gone", None))
    after = rows(frame, (1, "a", "x"), (2, "a", "y"), (4, "a", "x"), (1, "b", "x"), (6, "new", None))
    assert tag_counts(after) == {"a": {"x": (2, 0), "y": (1, 0)}, "b": {"x": (1, 0)}, "new": {"yes": (1, 0)}}
    both = tag_counts(after, before)
    assert both["a"] == {"x": (2, 2), "y": (1, 1)}
    assert (both["b"], both["gone"]) == ({"x": (1, 0), "yes": (0, 1)}, {"yes": (0, 1)})
    moves = tag_moves(before, after)
    assert moves == {"a": (1, 1, 1), "b": (0, 0, 1), "gone": (0, 1, 0), "new": (1, 0, 0)}


def test_figures_with_and_without_an_earlier_run(frame: MakeFrame) -> None:
    before = rows(frame, *((who, "a", None) for who in range(5)))
    after = rows(frame, *((who, "a", None) for who in range(6)))
    alone = tag_figures(["a", "none"], after, 10)
    assert (alone["a"].customers, alone["a"].coverage, alone["a"].values) == (6, 0.6, {"yes": 6})
    assert (alone["a"].gained, alone["a"].drift) == (None, None)
    assert (alone["none"].customers, alone["none"].coverage, alone["none"].values) == (0, 0.0, {})
    both = tag_figures(["a", "none"], after, 10, before=before, customers_before=10)
    assert (both["a"].gained, both["a"].lost, both["a"].changed) == (1, 0, 0)
    assert both["a"].drift == pytest.approx(0.1 * log(1.2) - 0.1 * log(0.8))
    assert both["none"].drift == 0
    assert tag_figures(["a"], after, 0)["a"].coverage is None
    assert tag_figures(["a"], after, 10, before=before, customers_before=0)["a"].drift is None


def test_of_a_free_text_the_most_frequent_values_are_listed(frame: MakeFrame) -> None:
    many = [(who, "city", f"c{who % 60:02d}") for who in range(130)]
    values = tag_figures(["city"], rows(frame, *many), 200)["city"].values
    assert len(values) == LISTED + 1
    assert list(values)[:2] == ["c00", "c01"]
    assert (values["c00"], values["c10"], values[OTHERS]) == (3, 2, 20)
    moved = tag_figures(["city"], rows(frame, *many), 200, before=rows(frame, *many), customers_before=200)["city"]
    assert (moved.drift, moved.changed) == (0, 0)
    once = [(who, "note", f"n{who:04d}") for who in range(3 * LISTED)]
    told = tag_counts(rows(frame, *once), rows(frame, *once[LISTED:]))["note"]
    assert len(told) == 2 * LISTED + 1  # of each run those that come first, and all others together
    assert (told["n0000"], told["n0060"], told[OTHERS]) == ((1, 0), (1, 1), (LISTED, LISTED))


def verdicts(frame: MakeFrame, *given: tuple[int, str, str]) -> Frame:
    size = len(given)
    return frame(
        pa.table(
            {
                "act_id": pa.array(range(size), pa.int64()),
                "customer_key": pa.array([row[0] for row in given], pa.int64()),
                "tag": ["temper"] * size,
                "value": [row[2] for row in given],
                "rater": [row[1] for row in given],
                "given_day": pa.array([AS_OF] * size, pa.date32()),
                "expires_on": pa.array([None] * size, pa.date32()),
                "removed_day": pa.array([None] * size, pa.date32()),
            }
        )
    )


def temper(**manual: Any) -> Tag:
    values = [{"value": value} for value in ("1", "2", "3")]
    return Tag.model_validate({"name": "temper", "class": "static", "manual": {"values": values, **manual}})


def test_raters_agree_as_far_as_they_do(frame: MakeFrame) -> None:
    acts = verdicts(
        frame,
        (1, "li", "1"), (1, "wang", "1"),
        (2, "li", "3"), (2, "wang", "3"),
        (3, "li", "1"), (3, "wang", "2"),
        (4, "li", "2"),                                     # rated once
        (5, "li", "1"), (5, "li", "3"), (5, "wang", "3"),   # two source customers in one: the newest counts
    )  # fmt: skip
    found = rater_agreement(acts, [temper()], as_of=AS_OF)["temper"]
    assert (found.units, found.pairs, found.observed) == (4, 4, 0.75)
    # n = 8: three 1, one 2, four 3; one pair apart, expected 3*1 + 3*4 + 1*4 = 19: 1 - 7 * 1 / 19
    assert found.alpha == pytest.approx(1 - 7 / 19)
    ordered = rater_agreement(acts, [temper(ordered=True)], as_of=AS_OF)["temper"]
    assert ordered.alpha is not None
    assert ordered.alpha > 1 - 7 / 19


def test_yes_tags_have_no_agreement_to_tell(frame: MakeFrame) -> None:
    friend = Tag.model_validate({"name": "friend", "class": "static", "manual": {}})
    acts = verdicts(frame, (1, "li", "1"))
    assert rater_agreement(acts, [friend], as_of=AS_OF) == {}
    assert rater_agreement(acts, [temper()], as_of=AS_OF)["temper"].reason == "rated_once"

"""Tags put to the test on past days, and what came of it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from tierwise.api import examples
from tierwise.api.context import Asked
from tierwise.api.problems import problem_responses
from tierwise.app import tag_guard, tag_scoring, tag_validation
from tierwise.app.tag_guard import MayDrive
from tierwise.app.tag_scoring import Auc, GainRow, Importance, LeakCheck, ScoredTag
from tierwise.app.tag_validation import DATES, MOST_DATES
from tierwise.app.tag_validation_views import GainOfValue, TagValidation, ValidationDay

router = APIRouter(tags=["tags"])


class ValidationRequest(BaseModel):
    """Which tags to test (all that claim something where none is named), and on which past days."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"tags": ["regular"], "dates": 4}})

    tags: tuple[str, ...] = Field((), max_length=200, description="names, or titles in either language")
    dates: int = Field(DATES, ge=1, le=MOST_DATES, description="so many past days, a horizon apart")
    days: tuple[date, ...] = Field((), max_length=MOST_DATES, description="these past days instead")


class ScoreRequest(BaseModel):
    """Which model tag to learn and score, as of which day (the current run's where null)."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"tag": "promising"}})

    tag: str = Field(min_length=1, max_length=200, description="its name, or its title in either language")
    as_of: date | None = None


class Validations(BaseModel):
    """Tests of tags; of a list the newest first."""

    validations: tuple[TagValidation, ...]


_DAY = ValidationDay(
    day=date(2026, 4, 1),
    until=date(2026, 6, 30),
    customers=1000,
    tagged=200,
    outcomes=150,
    hits=60,
    base_rate=0.15,
    precision=0.3,
    recall=0.4,
    lift=2.0,
    low=1.675,
    high=2.389,
    p_value=5e-11,
    p_adjusted=2e-10,
    reason=None,
    gain=(
        GainOfValue("yes", True, 200, 60, 0.3, 0.2, 0.4),
        GainOfValue(None, False, 800, 90, 0.1125, 1.0, 1.0),
    ),
)
TESTED = TagValidation(
    id=3,
    tag="regular",
    claim="of everybody, those who have it more often than all: count of orders ≥ 1, within 90 days (lift at least 2)",
    within_days=90,
    at_least_lift=2.0,
    verdict="keep",
    reason=None,
    said="it held on 4 of 4 days",
    as_of=date(2026, 6, 30),
    days=(_DAY,),
    correction="holm",
    tests=4,
    cautions=(),
    author="token:local",
    at=datetime(2026, 7, 1, 2, 30, tzinfo=UTC),
    current=True,
)
MAY = MayDrive("regular", True, "back_tested", None, "it held on 4 of 4 days", "keep", TESTED.at, 3)
SCORED = ScoredTag(
    tag="promising",
    as_of=date(2026, 6, 30),
    model_id="5f0c1d2e3a4b5c6d",
    cut=date(2026, 1, 1),
    judged_at=date(2026, 4, 1),
    auc=Auc(0.83, (0.8, 0.86), 100, 900),
    gain=(GainRow(1, 100, 52.0, 0.52, 5.2, 0.52, 0.49),),
    importances=(Importance("monetary_amount_365d_minor", 0.11, 0.01),),
    leaks=(LeakCheck("recency_days", "facts", 0.71, None, None, "clean", "counted from facts up to the cut"),),
    problems=(),
    scored=1000,
    has_tag=100,
)
_EXAMPLE = Validations(validations=(TESTED,))


@router.post(
    "/tags/validations",
    operation_id="validate_tags",
    status_code=201,
    responses=examples.ok(_EXAMPLE, 201) | problem_responses(403, 404),
)
def validate_tags(ctx: Asked, body: ValidationRequest) -> Validations:
    """Test what tags claim on past days, by the run's own rules as of each, and keep the verdicts."""
    return Validations(validations=tag_validation.validate_tags(ctx, body.tags, dates=body.dates, days=body.days))


@router.get(
    "/tags/validations", operation_id="tag_validations", responses=examples.ok(_EXAMPLE) | problem_responses(404)
)
def validations(
    ctx: Asked,
    tag: Annotated[str | None, Query(max_length=200, description="of this tag alone")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> Validations:
    """Every test that was made, with its figures."""
    return Validations(validations=tag_validation.validations(ctx, tag, limit=limit))


@router.post(
    "/tags/scores",
    operation_id="score_tag",
    status_code=201,
    responses=examples.ok(SCORED, 201) | problem_responses(403, 404),
)
def score_tag(ctx: Asked, body: ScoreRequest) -> ScoredTag:
    """Learn what a model tag is to tell, and score everybody; the next run heeds it."""
    return tag_scoring.score_tag(ctx, body.tag, as_of=body.as_of)


@router.get(
    "/tags/may-drive/{name}", operation_id="may_drive_campaign", responses=examples.ok(MAY) | problem_responses(404)
)
def may_drive(ctx: Asked, name: Annotated[str, Path(max_length=63, examples=["temper"])]) -> MayDrive:
    """Whether a tag may drive a campaign, and why not."""
    return tag_guard.may_drive_campaign(ctx, name)

"""The project: where and in what the business counts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from tierwise.definitions.base import Definition, Name
from tierwise.kernel import clock, money
from tierwise.kernel.errors import TierwiseError


class Project(Definition):
    """Time zone of the business's days, its currency, its language, and the windows that the profile counts.

    customer_store, customer_advisor: attributes that say whose a customer is, for people who see some customers only: a
    store's, an advisor's; the first of each that the profile has counts. A customer without a value is nobody's.

    export_rows: so many rows at most in one file that a person takes who is no administrator; None: any number.
    """

    kind: Literal["project"] = "project"
    name: Name = "project"
    timezone: str = "Asia/Shanghai"
    currency: str = "CNY"
    language: Literal["zh", "en"] = "zh"
    customer_store: Annotated[tuple[str, ...], Field(min_length=1)] = (
        "store_id",
        "门店编号",
        "归属门店",
        "所属门店",
        "main_store_id",
    )
    customer_advisor: Annotated[tuple[str, ...], Field(min_length=1)] = (
        "advisor_id",
        "顾问编号",
        "服务顾问",
        "staff_id",
        "员工编号",
    )
    export_rows: Annotated[int, Field(ge=1)] | None = None
    windows_days: tuple[Annotated[int, Field(ge=1, le=3660)], ...] = (30, 90, 365)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            clock.zone(value)
        except TierwiseError as error:
            raise ValueError(str(error)) from error
        return value

    @field_validator("currency")
    @classmethod
    def _known_currency(cls, value: str) -> str:
        try:
            money.exponent(value)
        except TierwiseError as error:
            raise ValueError(str(error)) from error
        return value

    @field_validator("windows_days")
    @classmethod
    def _ascending(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if list(value) != sorted(set(value)):
            raise ValueError("windows_days must ascend without repeats")
        return value

"""Who has to do with a vehicle, a company or a household: people by role, for a time. Things are no people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import duckdb

from tierwise.app.context import Context
from tierwise.app.defining import project_of
from tierwise.engine.sources import register_facts
from tierwise.facts.contract import WHO_IS_WHO
from tierwise.kernel import clock
from tierwise.kernel.errors import TierwiseError
from tierwise.state import lake_tables

Source = Literal["vehicle_people", "company_people", "household_people", "vehicles", "visits"]


@dataclass(frozen=True, slots=True)
class RoleRow:
    """One role of one person at a thing. valid_from, valid_to: its days; null where no source tells.

    source: the table that says so. `vehicles` has today's owner, `visits` who brought it: from the first visit to the
    last one, times of them.
    """

    role: str
    customer_id: str
    valid_from: date | None
    valid_to: date | None
    source: Source
    times: int | None = None


@dataclass(frozen=True, slots=True)
class VehicleView:
    """One vehicle and its people on a day."""

    vin: str
    plate: str | None
    model: str | None
    on: date
    people: tuple[RoleRow, ...]


@dataclass(frozen=True, slots=True)
class CompanyView:
    """One company and its people on a day."""

    company_id: str
    name: str | None
    industry: str | None
    on: date
    people: tuple[RoleRow, ...]


@dataclass(frozen=True, slots=True)
class HouseholdView:
    """One household and its people on a day."""

    household_id: str
    on: date
    people: tuple[RoleRow, ...]


def vehicles(ctx: Context, vin_or_plate: str, *, on: date | None = None) -> tuple[VehicleView, ...]:
    """The vehicles of that VIN or number plate, each with its people: owner, driver, who brings it. A plate may have
    been on several.

    on: the day, today where None; roles that have ended before, and visits after it, are left out. Raises
    `unknown_vehicle`.
    """
    with _facts(ctx, on) as (connection, day):
        vin, plate, said = (f"upper(regexp_replace({each}, '[\\s·.-]', '', 'g'))" for each in ("vin", "plate", "$said"))
        found = connection.execute(
            "SELECT DISTINCT vin FROM (SELECT vin, plate FROM vehicles UNION ALL SELECT vin, NULL FROM vehicle_people "
            "UNION ALL SELECT vin, NULL FROM visits WHERE vin IS NOT NULL) "
            f"WHERE {vin} = {said} OR {plate} = {said} ORDER BY 1",
            {"said": vin_or_plate},
        ).fetchall()
        if not found:
            raise TierwiseError(
                "unknown_vehicle", "no source has told of a vehicle with that VIN or plate", remedy="look at the id"
            )
        return tuple(_vehicle(connection, vin, day) for (vin,) in found)


def company(ctx: Context, company_id: str, *, on: date | None = None) -> CompanyView:
    """A company with its contacts and their roles. on: as in `vehicles`. Raises `unknown_company`."""
    with _facts(ctx, on) as (connection, day):
        rows = connection.execute(
            "SELECT company_name, industry FROM companies WHERE company_id = $id", {"id": company_id}
        ).fetchall()
        people = _people(connection, "company_people", "company_id", company_id, day)
        if not rows and not people:
            raise TierwiseError("unknown_company", "no source has told of that company", remedy="look at the id")
        name, industry = rows[0] if rows else (None, None)
        return CompanyView(company_id, name, industry, day, people)


def household(ctx: Context, household_id: str, *, on: date | None = None) -> HouseholdView:
    """A household with its members. on: as in `vehicles`. Raises `unknown_household`."""
    with _facts(ctx, on) as (connection, day):
        people = _people(connection, "household_people", "household_id", household_id, day)
        if not people:
            raise TierwiseError("unknown_household", "no source has told of that household", remedy="look at the id")
        return HouseholdView(household_id, day, people)


@contextmanager
def _facts(ctx: Context, on: date | None) -> Iterator[tuple[duckdb.DuckDBPyConnection, date]]:
    """The facts as they are now, by customer_key, and the day that is asked for."""
    ctx.principal.require("view_customer")
    with ctx.database.connect() as state:
        versions = lake_tables.versions(state)
    day = on or clock.today(clock.zone(project_of(ctx).timezone))
    connection = ctx.duckdb()
    try:
        register_facts(connection, ctx.lake, {name: v for name, v in versions.items() if name not in WHO_IS_WHO})
        yield connection, day
    finally:
        connection.close()


def _vehicle(connection: duckdb.DuckDBPyConnection, vin: str, day: date) -> VehicleView:
    known = connection.execute("SELECT plate, model FROM vehicles WHERE vin = $vin", {"vin": vin}).fetchall()
    plate, model = known[0] if known else (None, None)
    people = _people(connection, "vehicle_people", "vin", vin, day)
    ever = connection.execute(
        "SELECT count(*) FROM vehicle_people WHERE vin = $vin AND lower(role) = 'owner'", {"vin": vin}
    ).fetchall()[0][0]
    if not ever:  # whose roles are told day by day, their owner is
        people += _rows(
            connection,
            "SELECT 'owner', i.id, NULL::DATE, NULL::DATE, 'vehicles', NULL FROM vehicles v "
            "JOIN identities i ON i.source_key = v.customer_key WHERE v.vin = $vin",
            {"vin": vin},
        )
    people += _rows(
        connection,
        "SELECT 'bringer', i.id, min(visited_day), max(visited_day), 'visits', count(*) FROM visits v "
        "JOIN identities i ON i.source_key = v.customer_key WHERE v.vin = $vin AND visited_day <= $day "
        "GROUP BY i.id ORDER BY max(visited_day) DESC, i.id",
        {"vin": vin, "day": day},
    )
    return VehicleView(vin, plate, model, day, people)


def _people(
    connection: duckdb.DuckDBPyConnection, table: str, column: str, thing: str, day: date
) -> tuple[RoleRow, ...]:
    return _rows(
        connection,
        f"SELECT role, i.id, valid_from, valid_to, '{table}', NULL FROM {table} r "
        f"JOIN identities i ON i.source_key = r.customer_key WHERE r.{column} = $thing "
        "AND coalesce(valid_from <= $day, TRUE) AND coalesce(valid_to >= $day, TRUE) ORDER BY role, valid_from, i.id",
        {"thing": thing, "day": day},
    )


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, asked: dict[str, Any]) -> tuple[RoleRow, ...]:
    return tuple(RoleRow(*row) for row in connection.execute(sql, asked).fetchall())

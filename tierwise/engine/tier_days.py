"""Since when each customer is in a tier: a column beside it, where a definition reads it."""

from __future__ import annotations

from collections.abc import Container
from datetime import date

from tierwise.definitions.base import Definition
from tierwise.definitions.graph import SINCE
from tierwise.engine.duckdb_session import literal, quoted
from tierwise.engine.given import remembered
from tierwise.engine.history_reading import held_since, open_past
from tierwise.engine.lake import Lake
from tierwise.engine.plan import KEY
from tierwise.engine.profile_rows import ProfileRows

_NOTHING = f"SELECT NULL::BIGINT AS {KEY}, NULL::VARCHAR AS value, NULL::DATE AS valid_from WHERE false"


def date_tiers(
    profile: ProfileRows,
    lake: Lake,
    definition: Definition,
    history: int | None,
    as_of: date,
    read: Container[str],
) -> None:
    """Widen the profile by the day since when each customer is in the definition's tier, if that attribute is read.

    As far back as the recorded version of history knows: the first day of what the customer held when as_of's day
    began, if it is the same, else as_of, so that a second run of a day says what the first one said. Null without a
    tier.
    """
    for tier, kind in remembered(definition).items():
        column = f"{tier}{SINCE}"
        if column not in read:
            continue
        shop, narrow, held = profile.shop, f"read_by_{column}", f"held_{tier}"
        profile.narrow(narrow, {tier})
        connection = shop.connection
        past = open_past(connection, lake, history)
        before = connection.sql(_NOTHING) if past is None else held_since(past, kind, tier, as_of)
        before.create_view(held)
        shop.take_over(held)
        shop.table(
            column,
            f"SELECT n.{KEY}, CASE WHEN h.value = CAST(n.{quoted(tier)} AS STRING) "
            f"THEN h.valid_from ELSE DATE {literal(as_of.isoformat())} END AS {quoted(column)} "
            f"FROM {quoted(narrow)} n LEFT JOIN {quoted(held)} h USING ({KEY}) WHERE n.{quoted(tier)} IS NOT NULL",
        )
        shop.drop(narrow)
        profile.add(column)

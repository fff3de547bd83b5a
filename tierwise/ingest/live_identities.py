"""Who is who by live events: which ids their senders have used together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Engine

from tierwise.definitions.identities import OWN, Identities
from tierwise.engine.duckdb_session import literal
from tierwise.facts import identity_text
from tierwise.ingest.identity_links import WhoIsWho, add_links, bring_up_to_date
from tierwise.ingest.text_copy import copy_texts
from tierwise.ingest.writer import Writer
from tierwise.state import identity_reading, write_keys

ANONYMOUS = "anonymous_id"
PREVIOUS = "previous"
"""What an alias calls the id before: a customer's number where one is known by it, else a visitor's."""

_COLUMNS = ("source", "seen_at", "own_scope", "own", "scope", "id")


def copy_pairs(engine: Engine, identities: Identities, after: int, until: int, target: Path) -> int:
    """Write the ids that were used together in the events after `after` up to `until` to `target`; how many pairs."""
    with engine.connect() as connection:
        names = write_keys.sources(connection)
        rows = _pairs_of_all(identity_reading.pairs(connection, after, until), names)
        count = copy_texts(target, _COLUMNS, [*rows], lambda done, of: None)
    with engine.connect().execution_options(stream_results=True, max_row_buffer=2_000) as connection:
        bodies = identity_reading.telling(connection, after, until)
        told = (row for each in bodies for row in _pairs_of(each, names, identities))
        return count + copy_texts(target.with_suffix(".told"), _COLUMNS, told, lambda done, of: None)


def take_pairs(writer: Writer, who: WhoIsWho, target: Path) -> int:
    """Link what `copy_pairs` has written, and bring the customer map up to date; how many links are new."""
    con = writer.con
    writer.current("identities")
    files = f"[{literal(str(target))}, {literal(str(target.with_suffix('.told')))}]"
    spelt = [_spelt(who.identities, scope, text) for scope, text in (("p.own_scope", "p.own"), ("p.scope", "p.id"))]
    con.execute(
        f"CREATE TABLE seen_together AS SELECT own, id, source, seen_at FROM (SELECT {spelt[0]} AS own, "
        f"coalesce(k.id, {spelt[1]}) AS id, p.source, p.seen_at::TIMESTAMPTZ AS seen_at FROM read_parquet({files}) p "
        f"LEFT JOIN now_identities k ON p.scope = {literal(PREVIOUS)} AND k.id = p.id AND k.scope = {literal(OWN)}) "
        "WHERE own IS NOT NULL AND id IS NOT NULL AND own <> id"
    )
    add_links(writer, [each.name for each in who.identities.all_scopes], None)
    ((new,),) = con.execute("SELECT count(*) FROM new_links").fetchall()
    bring_up_to_date(writer, who, facts=(OWN,))
    return int(new)


def _spelt(identities: Identities, scope: str, text: str) -> str:
    cases = [
        f"WHEN {scope} IN ({literal(each.name)}{f', {literal(PREVIOUS)}' if each.name == ANONYMOUS else ''}) "
        f"THEN {identity_text.identity(text, each, identities.country_code)}"
        for each in identities.all_scopes
    ]
    return f"CASE {' '.join(cases)} END"


def _pairs_of_all(
    pairs: Sequence[identity_reading.Pair], names: Mapping[int, str]
) -> Iterator[tuple[str, str, str, str, str, str]]:
    for each in pairs:
        at = _text(each.occurred_at)
        yield names[each.write_key_id], at, OWN, each.user_id, ANONYMOUS, each.anonymous_id


def _pairs_of(
    event: identity_reading.Telling, names: Mapping[int, str], identities: Identities
) -> Iterator[tuple[str, str, str, str, str, str]]:
    """The best id of an event with each of its others."""
    found = [*_ids(event, identities)]
    if len(found) > 1:
        (own_scope, own), *others = found
        for scope, text in others:
            yield names[event.write_key_id], _text(event.occurred_at), own_scope, own, scope, text


def _ids(event: identity_reading.Telling, identities: Identities) -> Iterator[tuple[str, str]]:
    """(scope, id), the one that the others are linked with first."""
    body = orjson.loads(event.body)
    if event.user_id:
        yield OWN, event.user_id
    if event.anonymous_id:
        yield ANONYMOUS, event.anonymous_id
    context = _object(body.get("context"))
    traits = {**_object(context.get("traits")), **_object(body.get("traits"))} if event.type == "identify" else {}
    external = _by_type(context.get("externalIds")) + _by_type(body.get("mergeProperties"), "value")
    for scope in identities.all_scopes:
        for name in scope.traits:
            yield from _id(scope.name, traits.get(name))
        for kind, value in external:
            if kind == scope.name or kind in scope.traits:
                yield from _id(scope.name, value)
    if event.type == "alias":
        yield from _id(PREVIOUS, body.get("previousId"))


def _id(scope: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
        yield scope, str(value)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _by_type(listed: Any, key: str = "id") -> list[tuple[str, Any]]:
    items = [_object(each) for each in listed] if isinstance(listed, list) else []
    return [(str(each.get("type")), each.get(key)) for each in items]


def _text(at: datetime) -> str:
    return at.isoformat()

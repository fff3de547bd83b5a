"""Which ids a file or an event has seen together, and whose customer that makes them.

Links are written with the file that told them, and the customer map is brought up to date before the import is
recorded: all of it counts, or nothing. What is known of one person does not wait for a night.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tierwise.definitions.identities import OTHER_GRAINS, OWN, Identities
from tierwise.definitions.mapping import Mapping as FileMapping
from tierwise.engine import who_is_who
from tierwise.engine.duckdb_session import literal, quoted
from tierwise.engine.who_is_who import KnownScope
from tierwise.facts import identity_text
from tierwise.facts.conform import Binding, Field
from tierwise.facts.conform_columns import column_of
from tierwise.facts.contract import TABLES
from tierwise.facts.identity import Decision, Scope
from tierwise.facts.names import IDENTITIES, keys_in, resolve
from tierwise.ingest.absorb import Absorbing, rows_of_customers
from tierwise.ingest.columns import instant
from tierwise.ingest.keys import assign_keys
from tierwise.ingest.writer import Writer, scalar, table_columns
from tierwise.kernel.collect import Problems
from tierwise.kernel.errors import unknown_name


@dataclass(frozen=True, slots=True)
class WhoIsWho:
    """How people are told apart, and what people have decided of it, by source keys, the later above the earlier."""

    identities: Identities
    decisions: tuple[Decision, ...] = ()


def with_people(binding: Binding, mapping: FileMapping, who: WhoIsWho | None, place: str) -> Binding:
    """The binding with the scopes that it names. Raises `no_identities`, `unknown_name` of a scope, `not_a_person`."""
    named = {each.name: each.canonical for each in binding.of(IDENTITIES)}
    if mapping.scope != OWN:
        named |= {mapping.scope: "scope"}
    found = Problems()
    for scope, said in named.items():
        if scope in OTHER_GRAINS:
            found.add(
                "not_a_person",
                f'"{scope}" is an id of a {OTHER_GRAINS[scope]}, which several people share and pass on',
                place=f"{place}: {said}",
                remedy="import who has to do with it as vehicle_people, household_people or company_people",
            )
        elif who is None:
            found.add(
                "no_identities",
                "no definition says by which ids a person is known",
                place=f"{place}: {said}",
                remedy="apply one of kind identities (docs/identity.md)",
            )
        elif who.identities.scope(scope) is None:
            names = [each.name for each in who.identities.all_scopes]
            found.put(unknown_name("scope", scope, names, f"{place}: {said}"))
    found.raise_if_any()
    if who is None:
        return binding
    fields = binding.fields
    if binding.of(IDENTITIES) and not any(each.type == "key" for each in fields):
        meant = resolve(binding.table, "customer_id")
        if meant is not None and meant[1] in keys_in(binding.table):
            fields += (Field("customer_id", meant[0], meant[1], "key", None, "", "customer_id"),)
    return replace(binding, fields=fields, who=who.identities, scope=mapping.scope)


def see(work: Absorbing, who: WhoIsWho, source: str, now: datetime) -> None:
    """Write the links that the good rows tell, and what comes of them into the customer map.

    source: the name of the file or source. now: when it is imported; of facts that happened at an instant, that counts.
    """
    writer, customer = work.writer, work.customer
    if writer.dry or customer is None:
        return
    ids = _ids(work, who.identities)
    facts = _scopes_of_rows(work)
    if ids:
        occurred = TABLES[work.binding.table].occurred
        at = quoted(f"{work.binding.table}__{occurred}") if occurred else None
        if at is None and work.binding.has("orders", "ordered_at"):
            at = quoted("orders__ordered_at")
        when = instant(f"g.{at}") if at else f"TIMESTAMPTZ {literal(now.isoformat())}"
        listed = ", ".join(ids)
        writer.con.execute(
            f"CREATE TABLE seen_together AS SELECT own, id, min(seen_at) AS seen_at FROM (SELECT g.{customer} AS own, "
            f"unnest([{listed}]) AS id, {when} AS seen_at FROM {rows_of_customers(work)} g WHERE g.{customer} IS NOT "
            "NULL) WHERE id IS NOT NULL AND id <> own GROUP BY own, id"
        )
    else:
        writer.con.execute("CREATE TABLE seen_together (own VARCHAR, id VARCHAR, seen_at TIMESTAMPTZ)")
    scopes = [each.name for each in who.identities.all_scopes]
    add_links(writer, scopes, source)
    bring_up_to_date(writer, who, facts=facts)


def add_links(writer: Writer, scopes: Sequence[str], source: str | None) -> None:
    """Of the table `seen_together(own, id, seen_at)` the links that are new into the lake and the table `new_links`.

    source: None where each row says it, in the column `source`.
    """
    con = writer.con
    assign_keys(
        writer,
        "SELECT own AS id FROM seen_together UNION ALL SELECT id FROM seen_together",
        scopes=scopes,
        name="linked",
    )
    known = "AND FALSE" if writer.current("identity_links") is None else ""
    said = literal(source) if source is not None else "arg_min(s.source, s.seen_at)"
    con.execute(
        "CREATE TABLE new_links AS SELECT least(a.source_key, b.source_key) AS left_key, "
        f"greatest(a.source_key, b.source_key) AS right_key, {said} AS source, min(s.seen_at) AS seen_at "
        "FROM seen_together s JOIN linked a ON a.id = s.own JOIN linked b ON b.id = s.id GROUP BY 1, 2"
    )
    con.execute(
        f"DELETE FROM new_links n USING now_identity_links k "
        f"WHERE k.left_key = n.left_key AND k.right_key = n.right_key {known}"
    )
    con.execute("DROP TABLE linked")
    con.execute("DROP TABLE seen_together")
    if scalar(con, "SELECT count(*) FROM new_links"):
        columns = ("left_key", "right_key", "source", "seen_at")
        listed = table_columns("identity_links", {name: name for name in columns})
        writer.append("identity_links", f"SELECT {listed} FROM new_links ORDER BY left_key, right_key")


def bring_up_to_date(writer: Writer, who: WhoIsWho, *, facts: Sequence[str]) -> None:
    """The customer map after the links of the table `new_links`. facts: scopes of which facts carry keys from now on.

    Where scopes are others than when it was last worked out, all of it is.
    """
    con = writer.con
    before = _stored_scopes(writer)
    scopes = _scopes(who.identities, before, facts)
    if scopes != before:
        _open(writer, scopes)
        settle(writer, scopes, who.decisions, None)
        _write_scopes(writer, scopes)
    elif scalar(con, "SELECT count(*) FROM new_links"):
        _open(writer, scopes)
        settle(writer, scopes, who.decisions, who_is_who.seeds_of(con, "new_links"))
    con.execute("DROP TABLE new_links")


def work_out(writer: Writer, who: WhoIsWho, seeds: Sequence[int] | None) -> None:
    """The customer map after other decisions on these source keys, or of all of them where None."""
    before = _stored_scopes(writer)
    scopes = _scopes(who.identities, before, (OWN,))
    _open(writer, scopes)
    settle(writer, scopes, who.decisions, seeds if scopes == before else None)
    if scopes != before:
        _write_scopes(writer, scopes)


def open_people(writer: Writer, identities: Identities) -> list[KnownScope]:
    """Make what `engine/who_is_who.py` reads, as it is now; the scopes as they are defined."""
    scopes = _scopes(identities, _stored_scopes(writer), (OWN,))
    _open(writer, scopes)
    return scopes


def see_stored(writer: Writer, who: WhoIsWho, traits: Mapping[str, str], now: datetime) -> None:
    """As `see`, of the customers that are stored already. traits: name -> column of the table."""
    con = writer.con
    there = writer.current("customers") or []
    writer.current("identities")
    ids = []
    for scope in who.identities.all_scopes:
        columns = {traits.get(name, name) for name in scope.columns} & set(there)
        ids += [identity_text.identity(f"c.{quoted(column)}", scope, who.identities.country_code) for column in columns]
    listed = ", ".join(ids) or "NULL::VARCHAR"
    con.execute(
        f"CREATE TABLE seen_together AS SELECT own, id, min(seen_at) AS seen_at FROM (SELECT i.id AS own, "
        f"unnest([{listed}]) AS id, coalesce(c.updated_at, c.registered_at, TIMESTAMPTZ {literal(now.isoformat())}) "
        "AS seen_at FROM now_customers c JOIN now_identities i USING (source_key)) "
        "WHERE id IS NOT NULL AND id <> own GROUP BY own, id"
    )
    add_links(writer, [each.name for each in who.identities.all_scopes], "customers")
    con.execute("DROP TABLE new_links")


def settle(
    writer: Writer, scopes: Sequence[KnownScope], decisions: Sequence[Decision], seeds: Sequence[int] | None
) -> None:
    """Work out and write what differs: rows of the map, and conflicts."""
    con = writer.con
    who_is_who.settle(con, scopes, decisions, seeds)
    there = writer.current("customer_map") is not None
    con.execute(
        "CREATE OR REPLACE TABLE map_before AS SELECT m.source_key, m.customer_key FROM now_customer_map m "
        "SEMI JOIN reached r ON r.key = m.source_key"
    )
    if there:
        writer.delete(
            "customer_map", "SELECT source_key FROM map_before ANTI JOIN told USING (source_key)", "source_key"
        )
        writer.upsert(
            "customer_map",
            "SELECT t.source_key, t.customer_key FROM told t JOIN map_before b USING (source_key) "
            "WHERE t.customer_key <> b.customer_key",
        )
    new = "SELECT source_key, customer_key FROM told ANTI JOIN map_before USING (source_key) ORDER BY source_key"
    if scalar(con, f"SELECT count(*) FROM ({new})"):
        writer.append("customer_map", new)
    writer.current("identity_conflicts")
    con.execute(
        "CREATE OR REPLACE TABLE conflicts_now AS SELECT left_key, right_key FROM now_identity_conflicts c "
        "ANTI JOIN reached r ON r.key = c.left_key UNION SELECT left_key, right_key FROM refused"
    )
    differ = "(FROM {0} EXCEPT FROM {1})".format
    both = differ("conflicts_now", "now_identity_conflicts"), differ("now_identity_conflicts", "conflicts_now")
    if scalar(con, f"SELECT (SELECT count(*) FROM {both[0]}) + (SELECT count(*) FROM {both[1]})"):
        writer.overwrite("identity_conflicts", "SELECT * FROM conflicts_now ORDER BY left_key, right_key")


def _ids(work: Absorbing, identities: Identities) -> list[str]:
    """SQL of each id that a row may have besides its customer's."""
    found = [f"g.{quoted(column_of(each))}" for each in work.binding.of(IDENTITIES)]
    for scope in identities.all_scopes:
        for each in work.binding.of("customers"):
            if each.name in scope.columns:
                found.append(identity_text.identity(f"g.{quoted(column_of(each))}", scope, identities.country_code))
    return found


def _scopes_of_rows(work: Absorbing) -> tuple[str, ...]:
    """The scopes of which rows of this file may carry keys."""
    return tuple(dict.fromkeys((OWN, *work.scopes)))


def _open(writer: Writer, scopes: Sequence[KnownScope]) -> None:
    """What `engine/who_is_who.py` reads, as it is now."""
    for name in ("identities", "links"):
        table = "identity_links" if name == "links" else name
        writer.current(table)
        writer.con.execute(f"CREATE OR REPLACE VIEW who_{name} AS SELECT * FROM now_{table}")
    who_is_who.open_scopes(writer.con, scopes)


def _stored_scopes(writer: Writer) -> list[KnownScope]:
    """As the map was last worked out, in order."""
    if writer.current("identity_scopes") is None:
        return []
    rows = writer.con.execute(
        "SELECT scope, rank, names_people, most, has_facts FROM now_identity_scopes ORDER BY rank, scope"
    ).fetchall()
    return [KnownScope(Scope(scope, rank, named, most), has_facts) for scope, rank, named, most, has_facts in rows]


def _scopes(identities: Identities, before: Sequence[KnownScope], facts: Sequence[str]) -> list[KnownScope]:
    """As they are defined. Whether facts carry their keys is told once, and stays so."""
    carried = {each.scope.name for each in before if each.has_facts} | set(facts)
    return [
        KnownScope(Scope(each.name, each.rank, each.names_people, each.most), each.name in carried)
        for each in identities.all_scopes
    ]


def _write_scopes(writer: Writer, scopes: Sequence[KnownScope]) -> None:
    rows = ", ".join(
        f"({literal(each.scope.name)}, {each.scope.rank}::BIGINT, {each.scope.names_people}, "
        f"{each.scope.most}::BIGINT, {each.has_facts})"
        for each in scopes
    )
    writer.overwrite("identity_scopes", f"SELECT * FROM (VALUES {rows}) t(scope, rank, names_people, most, has_facts)")

"""The tables: migrations and `schema.py` agree, and each constraint refuses what it is there to prevent."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, Table, func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from tierwise.state import schema

AT = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
SHA = "a" * 64

CATALOGUE = """
select 'column', format('%s.%s %s null:%s default:%s identity:%s', c.relname, a.attname,
       format_type(a.atttypid, a.atttypmod), not a.attnotnull,
       pg_get_expr(d.adbin, d.adrelid), a.attidentity) as what
from pg_attribute a join pg_class c on c.oid = a.attrelid
     left join pg_attrdef d on (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
where c.relnamespace = to_regnamespace(cast(:schema as text)) and c.relkind = 'r' and a.attnum > 0
union all
select 'constraint', format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
from pg_constraint where connamespace = to_regnamespace(cast(:schema as text))
union all
select 'index', indexdef from pg_indexes where schemaname = cast(:schema as text)
"""


def catalogue(connection: Connection, name: str) -> set[tuple[str, str]]:
    """Every column, constraint and index of our tables in a schema, as PostgreSQL understands it."""
    found = connection.execute(text(CATALOGUE), {"schema": name})
    others = ("alembic_version", "procrastinate_")
    return {(kind, what.replace(f"{name}.", "")) for kind, what in found if not any(one in what for one in others)}


def test_migrations_make_what_the_schema_says(connection: Connection) -> None:
    connection.execute(text("create schema said"))
    connection.execute(text("set local search_path = said"))
    schema.metadata.create_all(connection)
    said, made = catalogue(connection, "said"), catalogue(connection, "public")
    assert len(made) > 100
    assert said - made == set()
    assert made - said == set()


JOB: dict[str, Any] = {
    "kind": "import",
    "state": "running",
    "principal": "ann",
    "title": "orders.csv",
    "queued_at": AT,
    "started_at": AT,
}
RUN: dict[str, Any] = {
    "as_of": date(2026, 2, 28),
    "state": "running",
    "started_at": AT,
    "definitions": {},
    "inputs": {},
}
DONE = RUN | {"state": "done", "finished_at": AT, "outputs": {"profile": 3}}
FILE: dict[str, Any] = {
    "table_name": "orders",
    "path": "orders.csv",
    "sha256": SHA,
    "bytes": 10,
    "read": 5,
    "accepted": 1,
    "replaced": 1,
    "unchanged": 1,
    "ignored": 1,
    "quarantined": 1,
    "mapping": {},
    "at": AT,
}
DEFINITION: dict[str, Any] = {
    "kind": "tier",
    "name": "value",
    "version": 1,
    "body": {"a": 1},
    "author": "ann",
    "at": AT,
}
VALIDATION: dict[str, Any] = {
    "tag": "often",
    "meaning": "a1",
    "verdict": "keep",
    "as_of": date(2026, 2, 28),
    "author": "ann",
    "at": AT,
    "body": {},
}
AUDIT: dict[str, Any] = {"at": AT, "principal": "ann", "action": "import", "object": "orders"}
TRAIT: dict[str, Any] = {"name": "income", "column_name": "trait_income", "type": "number", "first_seen_at": AT}


@pytest.mark.parametrize(
    ("table", "row"),
    [
        (schema.job, JOB),
        (schema.job, JOB | {"state": "cancelled", "started_at": None, "finished_at": AT}),
        (schema.job, JOB | {"state": "crashed", "finished_at": AT}),
        (schema.run, DONE | {"current": True}),
        (schema.imported_file, FILE),
        (schema.definition, DEFINITION | {"version": 2, "body": None}),
        (schema.audit, AUDIT),
        (schema.tag_validation, VALIDATION),
        (schema.trait, TRAIT),
        (schema.lake_table, {"name": "orders", "version": 0, "at": AT}),
    ],
)
def test_row_as_it_should_be_is_taken(connection: Connection, table: Table, row: dict[str, Any]) -> None:
    connection.execute(insert(table).values(row))
    assert connection.scalar(select(func.count()).select_from(table)) == 1


@pytest.mark.parametrize(
    ("constraint", "table", "row"),
    [
        ("job_state_check", schema.job, JOB | {"state": "paused", "finished_at": AT}),
        ("job_progress_check", schema.job, JOB | {"done": -1}),
        ("job_progress_check", schema.job, JOB | {"total": -1}),
        ("job_started_check", schema.job, JOB | {"started_at": None}),
        ("job_started_check", schema.job, JOB | {"state": "queued"}),
        ("job_finished_check", schema.job, JOB | {"state": "done"}),
        ("job_finished_check", schema.job, JOB | {"finished_at": AT}),
        ("job_error_check", schema.job, JOB | {"state": "failed", "finished_at": AT}),
        ("job_error_check", schema.job, JOB | {"state": "done", "finished_at": AT, "error": {"code": "x"}}),
        ("run_state_check", schema.run, RUN | {"state": "paused", "finished_at": AT}),
        ("run_current_check", schema.run, RUN | {"current": True}),
        ("run_outputs_check", schema.run, DONE | {"outputs": None}),
        ("run_outputs_check", schema.run, RUN | {"outputs": {"profile": 3}}),
        ("run_finished_check", schema.run, DONE | {"finished_at": None}),
        ("run_finished_check", schema.run, RUN | {"finished_at": AT}),
        ("imported_file_adds_up_check", schema.imported_file, FILE | {"read": 6}),
        ("imported_file_adds_up_check", schema.imported_file, FILE | {"quarantined": 2}),
        (
            "imported_file_no_negative_count_check",
            schema.imported_file,
            FILE | {"accepted": -1, "replaced": 3},
        ),
        ("imported_file_sha256_check", schema.imported_file, FILE | {"sha256": "A" * 64}),
        ("imported_file_job_id_fkey", schema.imported_file, FILE | {"job_id": 999_999}),
        ("tag_validation_named_check", schema.tag_validation, VALIDATION | {"tag": ""}),
        ("tag_validation_verdict_check", schema.tag_validation, VALIDATION | {"verdict": "maybe"}),
        ("tag_validation_reason_check", schema.tag_validation, VALIDATION | {"verdict": None}),
        ("tag_validation_reason_check", schema.tag_validation, VALIDATION | {"reason": "too_few_dates"}),
        ("tag_validation_body_check", schema.tag_validation, VALIDATION | {"body": [1]}),
        ("definition_named_check", schema.definition, DEFINITION | {"version": 0}),
        ("definition_named_check", schema.definition, DEFINITION | {"name": ""}),
        ("definition_body_check", schema.definition, DEFINITION | {"body": [1]}),
        ("definition_first_check", schema.definition, DEFINITION | {"body": None}),
        ("audit_named_check", schema.audit, AUDIT | {"principal": ""}),
        ("audit_detail_check", schema.audit, AUDIT | {"detail": [1]}),
        ("trait_type_check", schema.trait, TRAIT | {"type": "money"}),
        ("lake_table_version_check", schema.lake_table, {"name": "orders", "version": -1, "at": AT}),
        ("lake_table_job_id_fkey", schema.lake_table, {"name": "orders", "version": 1, "at": AT, "job_id": 999_999}),
    ],
)
def test_constraint_refuses(connection: Connection, constraint: str, table: Table, row: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError) as caught:
        connection.execute(insert(table).values(row))
    assert caught.value.orig.diag.constraint_name == constraint  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("constraint", "table", "first", "second"),
    [
        ("run_current_key", schema.run, DONE | {"current": True}, DONE | {"current": True}),
        ("definition_kind_name_version_key", schema.definition, DEFINITION, DEFINITION | {"author": "bob"}),
        ("trait_pkey", schema.trait, TRAIT, TRAIT | {"column_name": "other"}),
        ("trait_column_name_key", schema.trait, TRAIT, TRAIT | {"name": "Income", "column_name": "TRAIT_income"}),
    ],
)
def test_second_row_is_refused(
    connection: Connection, constraint: str, table: Table, first: dict[str, Any], second: dict[str, Any]
) -> None:
    connection.execute(insert(table).values(first))
    with pytest.raises(IntegrityError) as caught:
        connection.execute(insert(table).values(second))
    assert caught.value.orig.diag.constraint_name == constraint  # type: ignore[union-attr]


def test_source_row_is_quarantined_once_per_import(connection: Connection) -> None:
    made = insert(schema.imported_file).values(FILE).returning(schema.imported_file.c.id)
    row = {
        "import_id": connection.execute(made).scalar_one(),
        "file": "orders.csv",
        "line": 7,
        "code": "bad_date",
        "message": "no date",
        "row_text": ["x"],
        "at": AT,
    }
    connection.execute(insert(schema.quarantine).values(row))
    for wrong, constraint in (({}, "quarantine_import_id_file_line_key"), ({"line": 0}, "quarantine_state_check")):
        with pytest.raises(IntegrityError) as caught, connection.begin_nested():
            connection.execute(insert(schema.quarantine).values(row | wrong))
        assert caught.value.orig.diag.constraint_name == constraint  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "sql", ["update audit set principal = 'bob'", "delete from audit", "truncate audit", "truncate audit cascade"]
)
def test_audit_rows_are_never_changed_or_removed(database: Engine, sql: str) -> None:
    with database.connect() as connection:
        connection.execute(insert(schema.audit).values(AUDIT))
        with pytest.raises(DBAPIError, match="never changed or removed"), connection.begin_nested():
            connection.execute(text(sql))
        assert connection.execute(text("select principal from audit")).scalars().all() == ["ann"]

"""Tables of the console's pages that can be taken away as files, each by a name: `tierwise export tag_catalogue`."""

from __future__ import annotations

from collections.abc import Mapping

from tierwise.app import (
    alerts,
    cleaning,
    definition_texts,
    group_reading,
    identity,
    identity_reading,
    imports,
    inbox,
    levels,
    matrices,
    people,
    quality,
    showing,
    tag_catalogue,
    task_sheet,
    versioning,
    write_keys,
)
from tierwise.app import sheet_rows as rows
from tierwise.app.sheet import Sheet
from tierwise.app.sheet_rows import MOST
from tierwise.definitions.rule import InSegment

SHEETS: Mapping[str, Sheet] = {
    "runs": Sheet(
        ("id", "as_of", "state", "current", "started_at", "seconds", "base_run_id"),
        lambda ctx, asked: showing.runs(ctx, MOST),
        words=("state",),
    ),
    "run_steps": Sheet(("step", "seconds", "share"), rows.run_steps, needs=("run",)),
    **{
        f"customer_{fact}": Sheet(columns, rows.of_customer(fact), needs=("customer",))
        for fact, columns in rows.OF_CUSTOMER.items()
    },
    "customer_attributes": Sheet(
        ("name", "title", "value", "unit", "reason"),
        rows.attributes_of_customer,
        needs=("customer",),
        words=("reason",),
    ),
    "alerts": Sheet(("name", "urgent", "said", "count"), lambda ctx, asked: alerts.alerts(ctx).rows, words=("name",)),
    "imports": Sheet(
        (
            "id",
            "file",
            "table",
            "at",
            "who",
            "bytes",
            "read",
            "accepted",
            "replaced",
            "unchanged",
            "ignored",
            "quarantined",
            "open as still_refused",
        ),
        lambda ctx, asked: imports.list_imports(ctx, limit=MOST),
    ),
    "import_reasons": Sheet(("reason", "rows"), rows.reasons_of_import, needs=("import",), words=("reason",)),
    "import_columns": Sheet(
        ("name", "title", "given"),
        lambda ctx, asked: imports.one_import(ctx, rows.number(asked, "import")).columns,
        needs=("import",),
    ),
    "identity_review": Sheet(
        ("first", "second", "identity", "with_identity", *rows.STEP), rows.identity_review, words=("verdict",)
    ),
    "identity_decisions": Sheet(
        ("left as first", "right as second", "same", "reason", "author", "at"),
        lambda ctx, asked: identity.decisions(ctx),
    ),
    "shared_identities": Sheet(
        ("identity", "scope", "of as against", "seen_with", "most as most_allowed"),
        lambda ctx, asked: identity_reading.shared(ctx, limit=MOST),
    ),
    "event_sources": Sheet(rows.INBOX, lambda ctx, asked: inbox.status(ctx).sources),
    "event_catalogue": Sheet(
        ("source", "type", "event", "volume", "first_seen_at", "last_seen_at", "properties"),
        rows.event_catalogue,
        takes=("source",),
    ),
    "newest_events": Sheet(
        ("occurred_at", "received_at", "source", "type", "event", "user_id", "anonymous_id", "state", "message_id"),
        lambda ctx, asked: inbox.latest(ctx, source=asked.get("source"), limit=1000),
        takes=("source",),
        words=("state",),
    ),
    "refused_events": Sheet(
        ("received_at", "source", "code", "message", "place"),
        lambda ctx, asked: inbox.quarantined(ctx, source=asked.get("source"), limit=1000),
        takes=("source",),
    ),
    "known_attributes": Sheet(("name", "title", "known", "share"), lambda ctx, asked: quality.filled(ctx).rows),
    "junk_rules": Sheet(
        (
            "rule",
            "title",
            "reason",
            "customers",
            "counted",
            "orders",
            "monetary_amount",
            "monetary_amount_gross",
            "past_retention",
            "examples",
        ),
        lambda ctx, asked: cleaning.junk(ctx).rules,
    ),
    "releases": Sheet(
        ("customer_id", "rule", "reason", "author", "at"), lambda ctx, asked: cleaning.list_releases(ctx, limit=MOST)
    ),
    "definitions": Sheet(
        ("kind", "name", "title", "version", "author", "at", "note", "waits"),
        lambda ctx, asked: definition_texts.list_definitions(ctx),
        words=("kind",),
    ),
    "definition_versions": Sheet(
        ("version", "at", "author", "note", "in_use", "removed"),
        lambda ctx, asked: versioning.history(ctx, asked["kind"], asked["name"]),
        needs=("kind", "name"),
    ),
    "tag_catalogue": Sheet(
        (
            "name",
            "title",
            "tag_class",
            "source",
            "customers",
            "coverage",
            "gained",
            "lost",
            "changed",
            "drift",
            "drift_said",
            "readers",
            "sensitivity",
            "validation.life as life",
            "validation.allowed as may_drive",
            "owner",
            "purpose",
            "description",
            "version",
            "warnings",
        ),
        lambda ctx, asked: [
            each for each in tag_catalogue.catalogue(ctx).tags if asked.get("class") in (None, each.tag_class)
        ],
        takes=("class",),
        words=("tag_class", "source", "drift_said", "sensitivity", "life"),
    ),
    "tag_values": Sheet(
        ("value", "title", "customers", "share"), lambda ctx, asked: rows.tag(ctx, asked).values, needs=("tag",)
    ),
    "tag_tests": Sheet(
        ("test", "tested_at", "author", "verdict", *rows.DAY), rows.tag_tests, needs=("tag",), words=("verdict",)
    ),
    "rfm_scores": Sheet(("attribute", "score", "customers"), rows.rfm_scores),
    "decile_groups": Sheet(
        (
            "group",
            "first_decile",
            "last_decile",
            "customers",
            "total",
            "share",
            "cumulative_share",
            "per_head",
        ),
        lambda ctx, asked: showing.deciles(ctx, asked.get("metric", "monetary_amount")).groups,
        takes=("metric",),
    ),
    "moves": Sheet(("from", "to", "customers", "share"), rows.moves, needs=("name", "from", "to")),
    "plan_moves": Sheet(("name", "title", "from", "to", "customers"), rows.plan_moves, needs=("plan",)),
    "levels": Sheet(
        ("name", *rows.VALUED, "at_least", "mean_score", "mean_points_to_next", "near", "beyond", "owner", "benefits"),
        lambda ctx, asked: levels.level(ctx, asked["name"]).rows,
        needs=("name",),
    ),
    "level_weights": Sheet(
        ("name", "title", "attribute", "direction", "weight", "highest"),
        lambda ctx, asked: levels.level(ctx, asked["name"]).indicators,
        needs=("name",),
        words=("direction",),
    ),
    "near_misses": Sheet(
        ("customer_id", "level", "next_level", "score", "points_to_next", "indicator", "now", "how", "needed"),
        rows.near_misses,
        needs=("name",),
        words=("how",),
    ),
    "matrix": Sheet(
        ("name", *rows.VALUED, "owner"), lambda ctx, asked: matrices.matrix(ctx, asked["name"]).cells, needs=("name",)
    ),
    "combinations": Sheet(
        ("combination", "cell", "customers", "share", "monetary_amount", "monetary_share"),
        rows.combinations,
        needs=("name",),
    ),
    "values": Sheet(("value", "title", "customers", "share"), rows.counted_values, needs=("name",)),
    "segment_catalogue": Sheet(
        (
            "segment",
            "title",
            "customers",
            "share",
            "purpose",
            "strategy",
            "owner",
            "since",
            "version",
            "author",
            "readers",
        ),
        rows.segment_rows,
    ),
    "group_reading": Sheet(
        (
            "attribute",
            "title",
            "text as value",
            "group as in_group",
            "share as share_in_group",
            "reference as in_all",
            "reference_share as share_in_all",
            "index",
            "p_adjusted",
            "differs",
            "marks",
        ),
        lambda ctx, asked: group_reading.read(ctx, InSegment(segment=asked["segment"])).rows,
        needs=("segment",),
    ),
    "overlap": Sheet(
        ("segment", "customers", "both", "of_first", "of_second", "jaccard"),
        rows.pairs,
        needs=("segment",),
        takes=("with",),
    ),
    "overlap_regions": Sheet(("inside", "customers", "share"), rows.regions, needs=("segment",), takes=("with",)),
    "people": Sheet(
        ("name", "title", "role", "stores", "staff_id", "has_password"),
        lambda ctx, asked: people.list_people(ctx),
        words=("role",),
    ),
    "tasks": Sheet(task_sheet.COLUMNS, task_sheet.rows, takes=task_sheet.TAKES),
    "advisors": Sheet(task_sheet.OF_ADVISORS, task_sheet.advisors_rows),
    "asked": Sheet(
        (
            "by",
            "name",
            "title",
            "asked",
            "answered",
            "answered_rate",
            "declined as did_not_want_to_say",
            "undone as taken_back",
        ),
        rows.asked_rows,
        words=("by",),
    ),
    "write_keys": Sheet(("source", "ending", "origins", "choice", "at"), lambda ctx, asked: write_keys.list_keys(ctx)),
}

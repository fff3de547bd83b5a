"""Every operational table, with the sentence that each constraint keeps true.

The migrations make the tables; this file is what queries are written against. A test holds the two equal.
All instants are timestamptz, written from `kernel.clock`; nothing here is money.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from tierwise.state import answer_tables as answer_tables  # so that the metadata has them, too
from tierwise.state import identity_tables as identity_tables
from tierwise.state import live_tables as live_tables
from tierwise.state import membership_tables as membership_tables
from tierwise.state import people_tables as people_tables
from tierwise.state import task_tables as task_tables
from tierwise.state.tables import metadata as metadata
from tierwise.state.tables import row_id

# The newest migration. `upgrade` compares this with the database before it loads Alembic.
HEAD = "0013"

_NULL_JSON = JSONB(none_as_null=True)

# One row per thing that takes time: an import, a run, an export. `done` and `total` count `unit`s.
job = Table(
    "job",
    metadata,
    row_id(),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("principal", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("done", BigInteger, nullable=False, server_default="0"),
    Column("total", BigInteger),
    Column("unit", Text, nullable=False, server_default=""),
    Column("message", Text, nullable=False, server_default=""),
    Column("queued_at", DateTime(timezone=True), nullable=False),
    Column("started_at", DateTime(timezone=True)),
    Column("heartbeat_at", DateTime(timezone=True)),
    Column("finished_at", DateTime(timezone=True)),
    Column("cancel_requested", Boolean, nullable=False, server_default=text("false")),
    Column("pid", Integer),
    Column("host", Text),
    Column("result", _NULL_JSON),
    Column("error", _NULL_JSON),
    # Prevents a state that no reader knows.
    CheckConstraint("state in ('queued', 'running', 'done', 'failed', 'cancelled', 'crashed')", name="state"),
    # Prevents a bar that runs backwards below nothing; it may pass a total that was an estimate.
    CheckConstraint("done >= 0 and (total is null or total >= 0)", name="progress"),
    # Prevents a job that runs without having begun, and one that began while it still waits.
    CheckConstraint("(state = 'queued') = (started_at is null) or state = 'cancelled'", name="started"),
    # Prevents an ended job without its end, and an end of a job that goes on.
    CheckConstraint("(state in ('queued', 'running')) = (finished_at is null)", name="finished"),
    # Prevents a failure that says nothing, and a success that carries an error.
    CheckConstraint("(state = 'failed') = (error is not null) or state = 'crashed'", name="error"),
    # Finds the jobs under way without reading all that ever were.
    Index("job_open_idx", "state", postgresql_where=text("state in ('queued', 'running')")),
)

# One row per thing that somebody did or was refused. A trigger refuses to change, delete or truncate rows, so that
# no code path, ours included, can rewrite who did what.
audit = Table(
    "audit",
    metadata,
    row_id(),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("principal", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("detail", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    # Prevents an anonymous act and a nameless one.
    CheckConstraint("principal <> '' and action <> ''", name="named"),
    # Prevents a detail that cannot be read by field.
    CheckConstraint("jsonb_typeof(detail) = 'object'", name="detail"),
    Index(None, "at"),
)

# One row per version of a definition. The current one is the highest; a null body means that it was removed.
definition = Table(
    "definition",
    metadata,
    row_id(),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("body", _NULL_JSON),
    Column("author", Text, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    Column("at", DateTime(timezone=True), nullable=False),
    # Prevents two edits at once from both becoming the next version.
    UniqueConstraint("kind", "name", "version"),
    # Prevents a version before the first, and names that are empty.
    CheckConstraint("version >= 1 and kind <> '' and name <> ''", name="named"),
    # Prevents a body that is not a definition.
    CheckConstraint("body is null or jsonb_typeof(body) = 'object'", name="body"),
    # Prevents a history that begins with a removal.
    CheckConstraint("version > 1 or body is not null", name="first"),
)

# One row per run over the facts as of a date. inputs and outputs: table name -> Delta version.
run = Table(
    "run",
    metadata,
    row_id(),
    Column("as_of", Date, nullable=False),
    Column("state", Text, nullable=False),
    Column("current", Boolean, nullable=False, server_default=text("false")),
    Column("job_id", ForeignKey("job.id")),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True)),
    Column("definitions", JSONB, nullable=False),
    Column("inputs", JSONB, nullable=False),
    Column("outputs", _NULL_JSON),
    Column("counts", _NULL_JSON),
    Column("timings", _NULL_JSON),
    Column("error", _NULL_JSON),
    Column("software", Text),
    Column("previous_tags", BigInteger),
    Column("base_run_id", ForeignKey("run.id")),
    # Prevents a state that no reader knows.
    CheckConstraint("state in ('running', 'done', 'failed', 'crashed')", name="state"),
    # Prevents readers from being sent to a snapshot that is not whole.
    CheckConstraint("not current or state = 'done'", name="current"),
    # Prevents a finished run that does not say which tables it made.
    CheckConstraint("(state = 'done') = (outputs is not null)", name="outputs"),
    # Prevents an ended run without its end.
    CheckConstraint("(state = 'running') = (finished_at is null)", name="finished"),
    # Prevents two current snapshots: at most one row may say true.
    Index("run_current_key", "current", unique=True, postgresql_where=text("current")),
)

# One row per Delta table: the version that counts. A Delta commit that is not recorded here never happened.
lake_table = Table(
    "lake_table",
    metadata,
    Column("name", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("job_id", ForeignKey("job.id")),
    # Prevents a version that Delta does not have.
    CheckConstraint("version >= 0 and name <> ''", name="version"),
)

# One row per file taken in. The counts are of source rows without the header, and disjoint.
imported_file = Table(
    "imported_file",
    metadata,
    row_id(),
    Column("job_id", ForeignKey("job.id")),
    Column("table_name", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("read", BigInteger, nullable=False),
    Column("accepted", BigInteger, nullable=False),
    Column("replaced", BigInteger, nullable=False),
    Column("unchanged", BigInteger, nullable=False),
    Column("ignored", BigInteger, nullable=False),
    Column("quarantined", BigInteger, nullable=False),
    Column("mapping", JSONB, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    # Prevents a row of the source from being lost or counted twice.
    CheckConstraint("read = accepted + replaced + unchanged + ignored + quarantined", name="adds_up"),
    # Prevents counts that only add up because one is below nothing.
    CheckConstraint("least(accepted, replaced, unchanged, ignored, quarantined, bytes) >= 0", name="no_negative_count"),
    # Prevents a checksum that is not one.
    CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
    Index(None, "sha256"),
)

# One row per reading of a source, with the import that it came to: up to where it was read. An import that failed has
# none, so that the next reads from where the last good one ended. origin tells what was read, as SHA-256 of that part
# of the definition; files are those that were seen, of the newest reading that had no column to go by.
source_reading = Table(
    "source_reading",
    metadata,
    Column("import_id", ForeignKey("imported_file.id"), primary_key=True, autoincrement=False),
    Column("source", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("mark_kind", Text),
    Column("mark", Text),
    Column("files", JSONB),
    # Prevents a mark that no reader can compare with.
    CheckConstraint("(mark is null) = (mark_kind is null)", name="mark"),
    CheckConstraint("mark_kind in ('number', 'instant', 'time', 'day')", name="mark_kind"),
    # Prevents readings of nothing.
    CheckConstraint("source <> '' and origin ~ '^[0-9a-f]{64}$'", name="origin"),
    # Finds a source's newest reading.
    Index("source_reading_newest_idx", "source", "import_id"),
)

# One row per source row refused, with the row itself. line counts from 1, the header included.
quarantine = Table(
    "quarantine",
    metadata,
    row_id(),
    Column("import_id", ForeignKey("imported_file.id"), nullable=False),
    Column("file", Text, nullable=False),
    Column("line", BigInteger, nullable=False),
    Column("column_name", Text),
    Column("code", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("row_text", JSONB, nullable=False),
    Column("state", Text, nullable=False, server_default="open"),
    Column("at", DateTime(timezone=True), nullable=False),
    # Prevents a state that no reader knows, and a line that no editor can go to.
    CheckConstraint("state in ('open', 'resolved') and line >= 1", name="state"),
    # Prevents one source row from being quarantined twice in one import, which would break the counts. The file
    # is told with its sheet.
    UniqueConstraint("import_id", "file", "line"),
    # Finds what is still to mend without reading what was mended.
    Index("quarantine_open_idx", "code", postgresql_where=text("state = 'open'")),
)

# One row per customers column that the contract does not know: the trait and the column that holds it.
trait = Table(
    "trait",
    metadata,
    Column("name", Text, primary_key=True),
    Column("column_name", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("first_seen_at", DateTime(timezone=True), nullable=False),
    # Prevents a type that no metric can read.
    CheckConstraint("type in ('text', 'number', 'integer', 'date', 'boolean')", name="type"),
    # Prevents two traits in one column, also where an engine folds the case of names.
    Index("trait_column_name_key", text("lower(column_name)"), unique=True),
)

# One row per setting of this home.
setting = Table(
    "setting",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", JSONB, nullable=False),
)

# One row per act of tagging by hand: one customer (by a source's key), one tag, one rater, one value of it. batch names
# the file that it came by. An undone act stays, with who undid it and why.
manual_tag = Table(
    "manual_tag",
    metadata,
    row_id(),
    Column("source_key", BigInteger, nullable=False),
    Column("tag", Text, nullable=False),
    Column("value", Text),
    Column("rater", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("batch", Text),
    Column("expires_on", Date),
    Column("undone_at", DateTime(timezone=True)),
    Column("undone_by", Text),
    Column("undo_reason", Text),
    # Prevents a tag that nobody gave, and one without a reason.
    CheckConstraint("tag <> '' and rater <> '' and reason <> '' and source_key >= 1", name="named"),
    # Prevents an undoing without who and why.
    CheckConstraint(
        "(undone_at is null) = (undone_by is null) and (undone_at is null) = (undo_reason is null)", name="undone"
    ),
    # Prevents two standing verdicts of one rater on one customer; several raters may each have theirs.
    Index("manual_tag_once_key", "tag", "source_key", "rater", unique=True, postgresql_where=text("undone_at is null")),
    # Finds a customer's tags without reading everybody's.
    Index("manual_tag_customer_idx", "source_key"),
)

# One row per list of customers: imported from a file, or frozen from a segment as of a run. unknown counts the ids that
# no source knew.
customer_list = Table(
    "customer_list",
    metadata,
    Column("name", Text, primary_key=True),
    Column("title", Text, nullable=False, server_default=""),
    Column("kind", Text, nullable=False),
    Column("origin", Text, nullable=False, server_default=""),
    Column("run_id", ForeignKey("run.id")),
    Column("members", BigInteger, nullable=False),
    Column("unknown", BigInteger, nullable=False, server_default="0"),
    Column("author", Text, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("removed_at", DateTime(timezone=True)),
    # Prevents a kind that no reader knows, and a frozen segment that does not say as of which run.
    CheckConstraint("kind in ('imported', 'static') and (kind = 'static') = (run_id is not null)", name="kind"),
    # Prevents counts below nothing.
    CheckConstraint("members >= 0 and unknown >= 0", name="counts"),
)

# One row per customer on a list.
list_member = Table(
    "list_member",
    metadata,
    Column("list", ForeignKey("customer_list.name"), primary_key=True),
    Column("source_key", BigInteger, primary_key=True),
)

# One row per person's word that a customer flagged by cleaning is no junk; rule null: whatever the rule.
release = Table(
    "release",
    metadata,
    row_id(),
    Column("source_key", BigInteger, nullable=False),
    Column("rule", Text),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("undone_at", DateTime(timezone=True)),
    Column("undone_by", Text),
    # Prevents a release that nobody gave, and one without a reason.
    CheckConstraint("author <> '' and reason <> '' and source_key >= 1", name="named"),
    # Prevents an undoing by nobody.
    CheckConstraint("(undone_at is null) = (undone_by is null)", name="undone"),
    # Prevents two standing releases of one customer from one rule.
    Index(
        "release_once_key",
        "source_key",
        text("coalesce(rule, '')"),
        unique=True,
        postgresql_where=text("undone_at is null"),
    ),
)

# One row per test of a tag's claim on past days. meaning: a digest of what the tag says and claims, so that a verdict
# is not taken for one on what it was changed to since. body: all figures.
tag_validation = Table(
    "tag_validation",
    metadata,
    row_id(),
    Column("tag", Text, nullable=False),
    Column("meaning", Text, nullable=False),
    Column("verdict", Text),
    Column("reason", Text),
    Column("as_of", Date, nullable=False),
    Column("author", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("body", JSONB, nullable=False),
    # Prevents a verdict on nothing, and one by nobody.
    CheckConstraint("tag <> '' and meaning <> '' and author <> ''", name="named"),
    # Prevents a verdict that no guard knows.
    CheckConstraint("verdict in ('keep', 'revise', 'drop')", name="verdict"),
    # Prevents a test without a verdict that does not say why.
    CheckConstraint("(verdict is null) = (reason is not null)", name="reason"),
    # Prevents figures that cannot be read by field.
    CheckConstraint("jsonb_typeof(body) = 'object'", name="body"),
    # Finds a tag's newest verdict without reading all that ever were.
    Index("tag_validation_newest_idx", "tag", "id"),
)

# One row per task that is due again and again. next_due_at is the next instant at which it ought to begin.
schedule = Table(
    "schedule",
    metadata,
    Column("name", Text, primary_key=True),
    Column("task", Text, nullable=False),
    Column("arguments", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("cron", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("missed", Text, nullable=False, server_default="catch_up"),
    Column("enabled", Boolean, nullable=False, server_default=text("true")),
    Column("author", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("next_due_at", DateTime(timezone=True)),
    Column("last_due_at", DateTime(timezone=True)),
    Column("last_job_id", ForeignKey("job.id")),
    # Prevents a schedule of nothing.
    CheckConstraint("name <> '' and task <> '' and cron <> ''", name="named"),
    # Prevents a policy that no worker knows.
    CheckConstraint("missed in ('catch_up', 'skip')", name="missed"),
    # Prevents a schedule that is on and never due.
    CheckConstraint("not enabled or next_due_at is not null", name="due"),
)

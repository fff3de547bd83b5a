"""What machines ask: ready or not (open to all), and the figures that Prometheus gathers. No word about anybody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from tierwise.api import problems
from tierwise.api.context import context_of
from tierwise.api.tracking.door import Tracking
from tierwise.app.observing import Observed, observe, require_ready
from tierwise.kernel.errors import TierwiseError

_TEXT_FORMAT = "text/plain; version=0.0.4; charset=utf-8"


def add_to(app: FastAPI, tracking: Tracking) -> None:
    """`/readyz` and `/metrics`."""

    @app.get("/readyz", include_in_schema=False)
    def ready(request: Request) -> Response:
        """200 where events can be taken in, else 503: whoever balances load sends them elsewhere."""
        try:
            require_ready(context_of(request))
            tracking.require_ready()
        except TierwiseError as error:
            return problems.response(error.problems, status=503)
        return JSONResponse({"status": "ready"})

    @app.get("/metrics", include_in_schema=False)
    def metrics(request: Request) -> Response:
        """In Prometheus' text format. Figures of this process are told also where the database does not answer."""
        try:
            seen: Observed | None = observe(context_of(request))
        except TierwiseError:
            seen = None
        return PlainTextResponse("".join(_lines(tracking, seen)), media_type=_TEXT_FORMAT)


def _lines(tracking: Tracking, seen: Observed | None) -> Iterator[str]:
    commit = tracking.commit
    yield from _figure("database_up", "gauge", "Whether the database answers.", {"": int(seen is not None)})
    yield from _figure("tracking_requests_total", "counter", "Calls of the tracking API.", {"": tracking.requests})
    refused = {f'code="{code}"': count for code, count in sorted(dict(tracking.refused).items())}
    yield from _figure("tracking_rejected_total", "counter", "Calls that were not taken in.", refused)
    yield from _figure("inbox_queue_events", "gauge", "Events that wait to be made durable.", {"": commit.waiting})
    yield from _figure(
        "inbox_commits_total", "counter", "Transactions that took events in.", {"": commit.committed.groups}
    )
    failed = {"": commit.committed.failed}
    yield from _figure("inbox_commit_failures_total", "counter", "Transactions that failed.", failed)
    seconds = {"": commit.committed.seconds}
    yield from _figure("inbox_commit_seconds_total", "counter", "How long these transactions took.", seconds)
    if seen is None:
        return
    for name, said in (
        ("received", "Events that came."),
        ("applied", "Events that are in the facts."),
        ("duplicate", "Events that were sent again."),
        ("quarantined", "Events that were refused and kept."),
        ("declined", "Events that were not kept, since the visitor had not chosen to be followed."),
    ):
        values = {f'source="{_label(each.source)}"': getattr(each, name) for each in seen.inbox.sources}
        yield from _figure(f"inbox_{name}_total", "counter", said, values)
    yield from _figure("inbox_pending", "gauge", "Events that are not in the facts yet.", {"": seen.inbox.pending})
    lag = {"": seen.inbox.lag_seconds or 0}
    yield from _figure("inbox_lag_seconds", "gauge", "How long the first of these has waited.", lag)
    if (live := seen.inbox.live) is not None:
        yield from _figure("live_customers", "gauge", "Customers told between runs.", {"": live.customers})
        yield from _figure("live_until_event", "gauge", "The event up to which they are told.", {"": live.until})
        left_out = {"": live.left_out}
        yield from _figure("live_left_out", "gauge", "Batches too large to tell before the next run.", left_out)
    yield from _figure("jobs_open", "gauge", "Jobs that wait or are under way.", {"": seen.jobs_open})
    if seen.run_seconds is not None and seen.run_age_seconds is not None:
        yield from _figure("run_seconds", "gauge", "How long the current run took.", {"": seen.run_seconds})
        yield from _figure("run_age_seconds", "gauge", "Since when it is done.", {"": seen.run_age_seconds})


def _figure(name: str, kind: str, what: str, values: Mapping[str, float]) -> Iterator[str]:
    yield f"# HELP tierwise_{name} {what}\n# TYPE tierwise_{name} {kind}\n"
    for labels, value in values.items():
        yield f"tierwise_{name}{{{labels}}} {value}\n" if labels else f"tierwise_{name} {value}\n"


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

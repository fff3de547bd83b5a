"""What taking events in is held against: Starlette, and the rows written; no keys, no checks, nothing known again."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import uvicorn
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

TABLE = """
create table if not exists minimal_event (
    id bigint generated always as identity primary key,
    message_id text not null,
    at timestamptz not null default now(),
    body json not null
)
"""
_COPY = "copy minimal_event (message_id, body) from stdin"


def app(conninfo: str) -> Starlette:
    """One transaction a request, by a pool of eight connections."""
    pool = AsyncConnectionPool(conninfo, min_size=8, max_size=8, open=False)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await pool.open(wait=True)
        yield
        await pool.close()

    async def take(request: Request) -> JSONResponse:
        body = orjson.loads(await request.body())
        async with pool.connection() as connection, connection.cursor() as cursor, cursor.copy(_COPY) as rows:
            for event in body.get("batch", [body]):
                await rows.write_row((event["messageId"], orjson.dumps(event).decode()))
        return JSONResponse({"success": True})

    routes = [Route(f"/v1/{call}", take, methods=["POST"]) for call in ("track", "batch")]
    return Starlette(routes=routes, lifespan=lifespan)


if __name__ == "__main__":
    uvicorn.run(app(sys.argv[2]), port=int(sys.argv[1]), log_level="warning", access_log=False)

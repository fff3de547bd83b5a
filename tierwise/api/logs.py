"""What a server writes: one JSON object a line on stderr, for machines. Never a customer's id, name or event."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

LOGGER = "tierwise"

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class JsonLines(logging.Formatter):
    """at, level, logger, message, and whatever was given as `extra`. An exception is told by its kind alone."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "at": (_EPOCH + timedelta(seconds=record.created)).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **{name: value for name, value in vars(record).items() if name not in _OWN},
        }
        if record.exc_info and record.exc_info[0] is not None:
            told["error"] = record.exc_info[0].__qualname__
        return json.dumps(told, ensure_ascii=False, default=str)


@contextmanager
def written() -> Iterator[None]:
    """While the block runs, what our loggers say from `info` on goes to stderr as JSON lines."""
    logger = logging.getLogger(LOGGER)
    before = logger.level, logger.propagate
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.level, logger.propagate = before

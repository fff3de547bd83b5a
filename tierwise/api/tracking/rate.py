"""How many events a second each key may send: a bucket that fills at that rate and holds a second's worth.

A batch passes where anything is left in the bucket, and may leave it in debt, so that a batch larger than the limit is
late, not impossible.
"""

from __future__ import annotations

from math import ceil

_LONGEST_WAIT_SECONDS = 300
"""The longest that the SDKs wait as they are told."""


class Rates:
    """The buckets of all keys, of this process."""

    def __init__(self) -> None:
        self._buckets: dict[int, tuple[float, float]] = {}

    def wait_seconds(self, key: int, per_second: int, events: int, now: float) -> int:
        """0: they may pass, and are counted; else how many whole seconds to wait. now: of a clock that only grows."""
        left, at = self._buckets.get(key, (float(per_second), now))
        left = min(float(per_second), left + (now - at) * per_second)
        if left <= 0:
            self._buckets[key] = (left, now)
            return min(_LONGEST_WAIT_SECONDS, max(1, ceil(-left / per_second)))
        self._buckets[key] = (left - events, now)
        return 0

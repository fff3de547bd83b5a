"""Erlang C: how long calls wait for so many agents, and how many agents a service level takes."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, isfinite

from tierwise.kernel.errors import TierwiseError

MOST_AGENTS = 1_000_000


@dataclass(frozen=True, slots=True)
class Waiting:
    """What callers meet.

    offered_load: in erlangs, the agents that are busy on average. occupancy: the share of their time that agents are
    busy. waiting_probability: that a call waits at all (Pw). mean_wait_seconds: over all calls (ASA).
    mean_wait_of_waiting_seconds: over those that wait. service_level: the share of calls answered within the target,
    inclusive. With no fewer calls than the agents can take, the queue grows for ever: waits and service level are null,
    with the reason `overloaded`, and the occupancy is 1.
    """

    offered_load: float
    agents: int
    target_seconds: float
    occupancy: float
    waiting_probability: float | None
    mean_wait_seconds: float | None
    mean_wait_of_waiting_seconds: float | None
    service_level: float | None
    reason: str | None = None


def erlang_c(
    calls: float,
    handling_seconds: float,
    agents: int,
    *,
    interval_seconds: float = 1800,
    target_seconds: float = 20,
) -> Waiting:
    """Waiting where calls come at random, nobody hangs up, and each agent takes the one who waited longest.

    calls: in one interval of `interval_seconds`. handling_seconds: talk and after-call work. With load A = calls ×
    handling / interval and N agents, Pw = B / (1 - (A / N)(1 - B)), where B is Erlang's loss formula by the recursion
    B(n) = A B(n - 1) / (n + A B(n - 1)), which overflows nowhere; ASA = Pw × handling / (N - A); service level =
    1 - Pw exp(-(N - A) × target / handling). A. K. Erlang, Post Office Electrical Engineers' Journal 10, 1917; R. B.
    Cooper, Introduction to Queueing Theory, 2nd ed., 1981, section 3.6. Where callers hang up, it foresees waits longer
    than they are.

    Raises `bad_value` on calls below 0, times not above 0 (a target may be 0), or agents not 1 to 1,000,000.

    >>> found = erlang_c(360, 240, 55, target_seconds=15)
    >>> round(found.waiting_probability, 4), round(found.mean_wait_seconds, 2), round(found.service_level, 4)
    (0.2387, 8.18, 0.8459)
    """
    _checked(calls, handling_seconds, interval_seconds, target_seconds)
    if agents != int(agents) or not 1 <= agents <= MOST_AGENTS:
        raise TierwiseError("bad_value", f"{agents} agents: 1 to {MOST_AGENTS:,} are possible", place="agents")
    load = calls * handling_seconds / interval_seconds
    return _waiting(load, int(agents), _loss(load, int(agents)), handling_seconds, target_seconds)


def agents_needed(
    calls: float,
    handling_seconds: float,
    service_level: float,
    *,
    interval_seconds: float = 1800,
    target_seconds: float = 20,
) -> Waiting:
    """The fewest agents with whom the service level is reached, and what callers meet then. Arguments and errors as
    `erlang_c`; service_level: above 0, below 1.

    >>> agents_needed(100, 180, 0.8).agents
    14
    """
    _checked(calls, handling_seconds, interval_seconds, target_seconds)
    if not 0 < service_level < 1:
        raise TierwiseError(
            "bad_value", f"a service level of {service_level} is not between 0 and 1", place="service_level"
        )
    load = calls * handling_seconds / interval_seconds
    loss = 1.0
    for agents in range(1, MOST_AGENTS + 1):
        loss = load * loss / (agents + load * loss)
        found = _waiting(load, agents, loss, handling_seconds, target_seconds)
        if found.service_level is not None and found.service_level >= service_level:
            return found
    raise TierwiseError(
        "bad_value", f"a load of {load:g} erlangs takes more than {MOST_AGENTS:,} agents", place="calls"
    )


def _loss(load: float, agents: int) -> float:
    loss = 1.0
    for n in range(1, agents + 1):
        loss = load * loss / (n + load * loss)
    return loss


def _waiting(load: float, agents: int, loss: float, handling: float, target: float) -> Waiting:
    if load >= agents:
        return Waiting(load, agents, target, 1.0, None, None, None, None, "overloaded")
    busy = load / agents
    waits = loss / (1 - busy * (1 - loss))
    of_waiting = handling / (agents - load)
    level = 1 - waits * exp(-target / of_waiting)
    return Waiting(load, agents, target, busy, waits, waits * of_waiting, of_waiting, level)


def _checked(calls: float, handling: float, interval: float, target: float) -> None:
    if not isfinite(calls) or calls < 0:
        raise TierwiseError("bad_value", f"{calls} calls: 0 or more are possible", place="calls")
    for name, seconds in (("handling_seconds", handling), ("interval_seconds", interval)):
        if not isfinite(seconds) or seconds <= 0:
            raise TierwiseError("bad_value", f"{name} of {seconds}: it must be above 0", place=name)
    if not isfinite(target) or target < 0:
        raise TierwiseError("bad_value", f"a target of {target} seconds: it must be 0 or more", place="target_seconds")

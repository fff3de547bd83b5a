"""BG/NBD and MBG/NBD: customers order at random, and after an order each may have been the last.

While alive, a customer orders as a Poisson process of rate λ, which differs between customers as a gamma (r, alpha).
After each order the customer drops out with probability p, which differs as a beta (a, b). In BG/NBD the first order
is followed by no such chance (P. Fader, B. Hardie, K. L. Lee, "Counting your customers" the easy way, Marketing Science
24, 2005), in MBG/NBD it is (E. Batislam, M. Denizel, A. Filiztekin, Empirical validation and comparison of models for
customer base analysis, Int. J. of Research in Marketing 24, 2007; D. Hoppe, U. Wagner, Marketing JRM 3, 2007).

With f = 0 for BG/NBD and 1 for MBG/NBD, b' = b + x + f is the beta's second number after x repeat orders survived:

    L = Γ(r + x) alpha^r / Γ(r) × B(a, b') / B(a, b) × (alpha + T)^-(r + x) × (1 + e^u)
    u = ln a - ln(b' - 1) + (r + x) (ln(alpha + T) - ln(alpha + t_x));  for x = 0 in BG/NBD e^u = 0

and 1 / (1 + e^u) is the probability to be alive. All in logarithms, so that no number of orders overflows.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tierwise.stats.clv.histories import Histories
from tierwise.stats.special import Floats, digamma, log_gamma, logistic, softplus, trigamma

NAMES = ("r", "alpha", "a", "b")


_AT_ONCE = 8_192
"""Rows that are worked on at once: few enough to stay near the processor, and for products that no library spreads over
threads, which on a busy machine wait for each other."""


def log_likelihood(params: Floats, data: Histories, first: int) -> tuple[float, Floats]:
    """The log-likelihood and its gradient by (r, alpha, a, b). first: 1 where the first order may be the last one."""
    r, alpha, a, b = params
    values, customers = data.values, data.by_value
    before = _before(b, values, first)
    survived = b + values + first
    total, gradient = 0.0, np.zeros(4)
    for start in range(0, len(data.orders), _AT_ONCE):
        _, count, shape, log_age, longer, u, at = _pieces(params, data, first, before, start)
        gone, soft = softplus(u)
        weight = count * gone
        to_age, to_last = 1 / (alpha + data.age[at]), 1 / (alpha + data.last[at])
        total += float(count @ (soft - shape * log_age))
        gradient += (
            weight @ longer - count @ log_age,
            weight @ (shape * (to_age - to_last)) - count @ (shape * to_age),
            weight.sum() / a,
            -(weight @ (1 / before)[data.place[at]]),
        )
    psi_r, psi_b, psi_ab = digamma(np.array([r, b, a + b]))
    psi_both = digamma(a + survived)
    log_r, log_b, log_ab = log_gamma(np.array([r, b, a + b]))
    by_value = log_gamma(r + values) - log_r + r * np.log(alpha)
    by_value += log_gamma(survived) - log_b + log_ab - log_gamma(a + survived)
    gradient += (
        customers @ (digamma(r + values) - psi_r + np.log(alpha)),
        customers.sum() * r / alpha,
        customers @ (psi_ab - psi_both),
        customers @ (digamma(survived) - psi_both - psi_b + psi_ab),
    )
    return float(total + customers @ by_value), gradient


def curvature(params: Floats, data: Histories, first: int) -> Floats:
    """The second derivatives of the log-likelihood by (r, alpha, a, b)."""
    r, alpha, a, b = params
    values, customers = data.values, data.by_value
    before = _before(b, values, first)
    found = np.zeros((4, 4))
    for start in range(0, len(data.orders), _AT_ONCE):
        _, count, shape, _, longer, u, at = _pieces(params, data, first, before, start)
        gone, _ = softplus(u)
        weight, spread = count * gone, count * gone * (1 - gone)
        to_age, to_last = 1 / (alpha + data.age[at]), 1 / (alpha + data.last[at])
        slope = to_age - to_last
        to_before = (1 / before)[data.place[at]]
        by = np.stack([longer, shape * slope, np.full(len(u), 1 / a), -to_before])
        found += by * spread @ by.T
        found[0, 1] += weight @ slope - count @ to_age
        found[1, 1] += count @ (shape * to_age**2) - weight @ (shape * slope * (to_age + to_last))
        found[2, 2] -= weight.sum() / a**2
        found[3, 3] += weight @ to_before**2
    survived = b + values + first
    tri_r, tri_b, tri_ab = trigamma(np.array([r, b, a + b]))
    people, tri_both = customers.sum(), trigamma(a + survived)
    both = people * tri_ab - customers @ tri_both
    found[0, 0] += customers @ trigamma(r + values) - people * tri_r
    found[0, 1] += people / alpha
    found[1, 1] -= people * r / alpha**2
    found[2, 2] += both
    found[2, 3] += both
    found[3, 3] += both + customers @ trigamma(survived) - people * tri_b
    found[1, 0], found[3, 2] = found[0, 1], found[2, 3]
    return found


def _before(b: float, values: Floats, first: int) -> Floats:
    """b' - 1. Who has one order, and no chance to drop out after it, is alive: any number will do there."""
    return np.where(values + first > 0, b + values + first - 1, 1.0)


def _pieces(
    params: Floats, data: Histories, first: int, before: Floats, start: int
) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats, slice]:
    """Of rows from `start` on: x, count, r + x, ln(alpha + T), ln of (alpha + T) by (alpha + t_x), u; and which."""
    r, alpha, a, _ = params
    at = slice(start, start + _AT_ONCE)
    x = data.orders[at]
    shape, log_age = r + x, np.log(alpha + data.age[at])
    longer = log_age - np.log(alpha + data.last[at])
    u = (np.log(a) - np.log(before))[data.place[at]] + shape * longer
    if not first:
        u[x == 0] = -np.inf
    return x, data.count[at], shape, log_age, longer, u, at


def alive(params: Floats, orders: Floats, last: Floats, age: Floats, first: int) -> Floats:
    """The probability that each customer will still order, 1 / (1 + e^u)."""
    r, alpha, a, b = params
    before = np.where(orders + first > 0, b + orders + first - 1, 1.0)
    u = np.log(a) - np.log(before) + (r + orders) * np.log((alpha + age) / (alpha + last))
    return logistic(np.where(orders + first > 0, -u, np.inf))


def ahead(params: Floats, orders: Floats, age: Floats, t: Floats, first: int) -> Floats:
    """The orders expected within t from now of customers who are alive.

    The k-th order to come is made if so many come by chance, which is negative binomial, and k - 1 chances to drop out
    were survived: Σ P(N >= k) (b')_(k-1) / (a + b')_(k-1). That is Fader, Hardie and Lee's formula (10) without its
    hypergeometric function: all terms are positive and nothing is special at a = 1.
    """
    r, alpha, a, b = params
    return expected_orders(r + orders, alpha + age, a, b + orders + first, t)


def new(params: Floats, t: Floats, first: int) -> Floats:
    """The repeat orders expected of new customers within each t after the first."""
    r, alpha, a, b = params
    one = np.ones(len(t))
    return staying(params, first) * expected_orders(r * one, alpha * one, a, (b + first) * one, t)


def staying(params: Floats, first: int) -> float:
    """The probability that a new customer is alive after the first order."""
    return float(params[3] / (params[2] + params[3])) if first else 1.0


def expected_orders(shape: Floats, rate: Floats, a: float, b: Floats, t: Floats) -> Floats:
    """The mean orders within t of λ ~ gamma(shape, rate), p ~ beta(a, b), of those alive at its start."""
    found = np.zeros(len(shape))
    rows = np.arange(len(shape))
    odds = t / (rate + t)
    with np.errstate(divide="ignore"):
        log_odds = np.log(odds)
    log_share = -shape * np.log1p(t / rate)
    so_far, surviving, total = np.zeros(len(shape)), np.ones(len(shape)), np.zeros(len(shape))
    n = 0
    while len(rows):
        n += 1
        log_share = log_share + np.log((shape + n - 1) / n) + log_odds
        so_far = so_far + surviving
        surviving = surviving * ((b + n - 1) / (a + b + n - 1))
        term = np.exp(log_share) * so_far
        total = total + term
        if n % 16:
            continue
        ratio = (shape + n) / (n + 1) * odds * (n + 1) / n
        going = (ratio >= 1) | (term * ratio > _EPS * total * (1 - ratio))
        found[rows[~going]] = total[~going]
        rows = rows[going]
        shape, b, odds, log_odds, log_share, so_far, surviving, total = (
            column[going] for column in (shape, b, odds, log_odds, log_share, so_far, surviving, total)
        )
    return found


_EPS = 1e-16


def shares(params: Floats, orders: Floats, age: Floats, t: Floats, first: int) -> Iterator[Floats]:
    """P(Y = 0), P(Y = 1), … without end: the orders within t from now of customers who are alive.

    P(Y = y) = P(N = y) B(a, b' + y) / B(a, b') + P(N >= y) B(a + 1, b' + y - 1) / B(a, b'), the latter from y = 1 on:
    Fader, Hardie and Lee's formula (8) with what is known of the customer put in.
    """
    r, alpha, a, b = params
    shape, rate, survived = r + orders, alpha + age, b + orders + first
    with np.errstate(divide="ignore"):
        log_odds = np.log(t / (rate + t))
    log_share = -shape * np.log1p(t / rate)
    at_least, stays, leaves, y = np.ones_like(shape), np.ones_like(shape), np.zeros_like(shape), 0
    while True:
        exactly = np.exp(log_share)
        yield exactly * stays + leaves * at_least
        at_least = np.maximum(0.0, at_least - exactly)
        log_share = log_share + np.log((shape + y) / (y + 1)) + log_odds
        leaves = stays * a / (a + survived + y)
        stays = stays * (survived + y) / (a + survived + y)
        y += 1


def simulated(params: Floats, age: Floats, first: int, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Repeat orders and the age at the last of them of made-up customers of these ages, as the model says."""
    r, alpha, a, b = params
    rate = random.gamma(r, 1 / alpha, len(age))
    drop = random.beta(a, b, len(age))
    orders, last = np.zeros(len(age)), np.zeros(len(age))
    going = np.ones(len(age), dtype=bool) if not first else random.random(len(age)) >= drop
    while going.any():
        following = last + random.exponential(1, len(age)) / np.maximum(rate, 1e-300)
        going &= following <= age
        orders[going] += 1
        last[going] = following[going]
        going &= random.random(len(age)) >= drop
    return orders, last

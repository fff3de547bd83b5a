"""Pareto/NBD: customers order at random as long as they live, and may die at any time.

While alive, a customer orders as a Poisson process of rate λ, gamma (r, alpha) between customers, and the life is
exponential of rate μ, gamma (s, beta): D. Schmittlein, D. Morrison, R. Colombo, Counting your customers: who are they
and what will they do next?, Management Science 33, 1987.

    L = Γ(r + x) alpha^r beta^s / Γ(r) × ( (alpha + T)^-(r + x) (beta + T)^-s + I )
    I = ∫ from t_x to T of s (alpha + y)^-(r + x) (beta + y)^-(s + 1) dy

The literature writes I as the difference of two Gaussian hypergeometric functions (P. Fader and B. Hardie, A note on
deriving the Pareto/NBD model and related expressions, 2005), which loses digits where they are nearly equal and whose
derivatives have no closed form. Here it is summed by Gauss and Legendre's rule over ln(y + the smaller of alpha and
beta), where the integrand is log-concave and smooth, in logarithms: with so many points as its fall asks for, up to
where it has fallen by e^40. Its derivatives are means under the same weights.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tierwise.stats.clv.histories import Histories
from tierwise.stats.special import Floats, digamma, log_gamma, logistic, softplus

NAMES = ("r", "alpha", "s", "beta")

_RULES = tuple(
    (fall, span, *np.polynomial.legendre.leggauss(points))
    for points, fall, span in ((8, 2.5, 1.2), (12, 8.0, 2.6), (16, 16.0, 4.0), (24, 32.0, 7.0), (32, 44.0, 9.0))
)
"""How steep a fall, in logarithms, and how long a stretch a rule sums to the last digits; its points and weights.

The error of n points for e^(-c u) is at most c^2n (n!)^4 / ((2n + 1) ((2n)!)^3), and the singular points of ln(y +
the other of alpha and beta) are iπ away at least.
"""

_DEEPEST = 40.0
_AT_ONCE = 8_192
"""Rows, and points, that are worked on at once: few enough to stay near the processor, and for products that no library
spreads over threads, which on a busy machine wait for each other."""


def log_likelihood(params: Floats, data: Histories) -> tuple[float, Floats]:
    """The log-likelihood and its gradient by (r, alpha, s, beta)."""
    r, alpha, s, beta = params
    values, customers, people = data.values, data.by_value, data.count.sum()
    total = float(customers @ (log_gamma(r + values) - log_gamma(np.array([r]))))
    total += float(people * (r * np.log(alpha) + s * np.log(beta)))
    gradient = np.array(
        [
            customers @ (digamma(r + values) - digamma(np.array([r]))) + people * np.log(alpha),
            people * r / alpha,
            people * np.log(beta),
            people * s / beta,
        ]
    )
    for start in range(0, len(data.orders), _AT_ONCE):
        at = slice(start, start + _AT_ONCE)
        x, age, count = data.orders[at], data.age[at], data.count[at]
        integral, by = _integral(params, x, data.last[at], age)
        to_alpha, to_beta = alpha + age, beta + age
        log_age, log_rest = np.log(to_alpha), np.log(to_beta)
        living = -(r + x) * log_age - s * log_rest
        gone, more = softplus(integral - living)
        total += float(count @ (living + more))
        dead = count * gone
        lives = count - dead
        gradient += (
            dead @ by[0] - lives @ log_age,
            dead @ by[1] - lives @ ((r + x) / to_alpha),
            dead @ by[2] - lives @ log_rest,
            dead @ by[3] - lives @ (s / to_beta),
        )
    return total, gradient


def _integral(params: Floats, orders: Floats, last: Floats, age: Floats) -> tuple[Floats, Floats]:
    """ln I of each row, -inf where it is over nothing, and its derivatives by r, alpha, s, beta (four rows)."""
    r, alpha, s, beta = params
    least = min(alpha, beta)
    low, high = np.log(least + last), np.log(least + age)
    slope_low = 1 - (r + orders) * (least + last) / (alpha + last) - (s + 1) * (least + last) / (beta + last)
    falling = slope_low < 0
    high = np.where(falling, np.minimum(high, low + _DEEPEST / np.where(falling, -slope_low, 1.0)), high)
    end = np.exp(high)
    slope_high = 1 - (r + orders) * end / (end + alpha - least) - (s + 1) * end / (end + beta - least)
    length = high - low
    fall = length * np.maximum(np.abs(slope_low), np.abs(slope_high))
    found = np.full(len(orders), -np.inf)
    by = np.zeros((4, len(orders)))
    left = length > 0
    for deepest, span, points, weights in _RULES:
        last_rule = deepest == _RULES[-1][0]
        rows = np.flatnonzero(left & ((fall <= deepest) & (length <= span) | last_rule))
        left[rows] = False
        stretches = np.ceil(np.maximum(fall[rows] / deepest, length[rows] / span)).astype(np.int64)
        for many in np.unique(stretches).tolist():
            inside = ((np.arange(many)[:, None] + (points + 1) / 2) / many).ravel()
            weight = np.tile(weights / (2 * many), many)
            alike = rows[stretches == many]
            size = max(1, _AT_ONCE // len(inside))
            for start in range(0, len(alike), size):
                part = alike[start : start + size]
                found[part], by[:, part] = _summed(params, orders[part], low[part], length[part], inside, weight)
    return found, by


def _summed(
    params: Floats, orders: Floats, low: Floats, length: Floats, inside: Floats, weight: Floats
) -> tuple[Floats, Floats]:
    """ln I and its derivatives by a rule of points and weights over (0, 1)."""
    r, alpha, s, beta = params
    least = min(alpha, beta)
    point = low[:, None] + length[:, None] * inside
    moved = np.exp(point)
    to_alpha, to_beta = moved + (alpha - least), moved + (beta - least)
    log_alpha = np.log(to_alpha) if alpha > least else point
    log_beta = np.log(to_beta) if beta > least else point
    height = point - (r + orders)[:, None] * log_alpha - (s + 1) * log_beta
    top = height.max(axis=1)
    part = np.exp(height - top[:, None]) * weight
    whole = part.sum(axis=1)
    found = np.log(s) + top + np.log(whole * length)
    by = np.stack(
        [
            -np.einsum("ij,ij->i", part, log_alpha),
            -np.einsum("ij,ij->i", part, 1 / to_alpha) * (r + orders),
            -np.einsum("ij,ij->i", part, log_beta),
            -np.einsum("ij,ij->i", part, 1 / to_beta) * (s + 1),
        ]
    )
    by /= whole
    by[2] += 1 / s
    return found, by


def alive(params: Floats, orders: Floats, last: Floats, age: Floats) -> Floats:
    """The probability that each customer lives now."""
    r, alpha, s, beta = params
    living = -(r + orders) * np.log(alpha + age) - s * np.log(beta + age)
    integral, _ = _integral(params, orders, last, age)
    return logistic(living - integral)


def ahead(params: Floats, orders: Floats, age: Floats, t: Floats) -> Floats:
    """The orders expected within t from now of customers who live: their mean rate times the mean life within t."""
    r, alpha, s, beta = params
    found: Floats = (r + orders) / (alpha + age) * _life(s, beta + age, t)
    return found


def new(params: Floats, t: Floats) -> Floats:
    """The repeat orders expected of new customers within each t after the first."""
    r, alpha, s, beta = params
    return np.asarray(r / alpha * _life(s, np.full(len(t), beta), t))


def _life(s: float, beta: Floats, t: Floats) -> Floats:
    """E min(life, t) = beta / (s - 1) × (1 - (beta / (beta + t))^(s - 1)), which at s = 1 is beta ln(1 + t / beta)."""
    longer = np.log1p(t / beta)
    found: Floats = beta * (longer if abs(s - 1) < 1e-12 else -np.expm1((1 - s) * longer) / (s - 1))
    return found


_LIVES, _LIFE_WEIGHTS = np.polynomial.legendre.leggauss(48)


def shares(params: Floats, orders: Floats, age: Floats, t: Floats) -> Iterator[Floats]:
    """P(Y = 0), P(Y = 1), … without end: the orders within t from now of customers who live.

    Negative binomial over the time y that each lives within t: all of t with (beta' / (beta' + t))^s, or less, summed
    by Gauss and Legendre's rule over ln(beta' + y), whose density is exponential.
    """
    r, alpha, s, beta = params
    shape, rate, rest, t = (r + orders)[:, None], (alpha + age)[:, None], (beta + age)[:, None], t[:, None]
    whole = np.log1p(t / rest)
    length = np.minimum(whole, _DEEPEST / s)
    longer = length * (_LIVES + 1) / 2
    lives = np.concatenate([rest * np.expm1(longer), np.broadcast_to(t, rest.shape)], axis=1)
    weight = np.concatenate([s * length * np.exp(-s * longer) * _LIFE_WEIGHTS / 2, np.exp(-s * whole)], axis=1)
    with np.errstate(divide="ignore"):
        log_odds = np.log(lives / (rate + lives))
    log_share = -shape * np.log1p(lives / rate)
    y = 0
    while True:
        yield (np.exp(log_share) * weight).sum(axis=1)
        log_share = log_share + np.log((shape + y) / (y + 1)) + log_odds
        y += 1


def simulated(params: Floats, age: Floats, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Repeat orders and the age at the last of them of made-up customers of these ages, as the model says."""
    r, alpha, s, beta = params
    rate = random.gamma(r, 1 / alpha, len(age))
    life = random.exponential(1, len(age)) / np.maximum(random.gamma(s, 1 / beta, len(age)), 1e-300)
    watched = np.minimum(life, age)
    orders, last = np.zeros(len(age)), np.zeros(len(age))
    going = np.ones(len(age), dtype=bool)
    while going.any():
        following = last + random.exponential(1, len(age)) / np.maximum(rate, 1e-300)
        going &= following <= watched
        orders[going] += 1
        last[going] = following[going]
    return orders, last

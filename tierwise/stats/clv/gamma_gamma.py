"""Gamma-Gamma: what an order of each customer is worth on average.

The worth of an order varies around the customer's mean as a gamma (p, ν), and ν between customers as a gamma (q, v);
it is taken not to depend on how often one orders. P. Fader and B. Hardie, The gamma-gamma model of monetary value, note
025, 2013; with x orders of mean z:

    L = Γ(p x + q) / (Γ(p x) Γ(q)) × v^q x^(p x) z^(p x - 1) / (v + x z)^(p x + q)

and the mean of all orders, E(M | x, z) = p (v + x z) / (p x + q - 1): a weighted mean of z and that of everybody,
p v / (q - 1), which there is only for q > 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tierwise.kernel.errors import Problem, TierwiseError
from tierwise.stats.special import Floats, digamma, log_gamma

NAMES = ("p", "q", "v")


@dataclass(frozen=True, slots=True, eq=False)
class Spending:
    """One row per customer with a repeat order of some worth. orders: x from 1 on. mean: z above 0. values: the
    different numbers of orders; place: which of them each row has; customers: how many rows have each. left_out: rows
    without a repeat order; worthless: rows whose repeat orders are worth nothing on average, or less."""

    orders: Floats
    mean: Floats
    values: Floats
    place: np.ndarray[tuple[int], np.dtype[np.intp]]
    customers: Floats
    log_mean: Floats
    left_out: int
    worthless: int


def spending(orders: Floats, mean: Floats) -> Spending:
    """What the model learns from: one row per customer in; without a repeat order the mean may be missing (nan).

    Raises `no_customers`, `bad_value`, `no_repeat_buyers`.
    """
    orders, mean = np.asarray(orders, dtype=np.float64), np.asarray(mean, dtype=np.float64)
    if not len(orders):
        raise TierwiseError("no_customers", "there is no customer to learn from")
    bought = orders >= 1
    no_count = ~np.isfinite(orders) | (orders < 0) | (orders != np.floor(orders))
    no_mean = bought & ~np.isfinite(mean)
    faults = ((no_count, "repeat_orders is no count"), (no_mean, "mean_order_value is missing or not finite"))
    problems = [Problem("bad_value", f"{what}, in {int(bad.sum()):,} rows") for bad, what in faults if bad.any()]
    if problems:
        raise TierwiseError.of(problems)
    taken = bought & (mean > 0)
    if not taken.any():
        raise TierwiseError(
            "no_repeat_buyers",
            "nobody has a repeat order of some worth",
            remedy="wait for more orders, or look further back",
        )
    values, place = np.unique(orders[taken], return_inverse=True)
    customers = np.bincount(place).astype(np.float64)
    left_out, worthless = int((~bought).sum()), int((bought & (mean <= 0)).sum())
    return Spending(orders[taken], mean[taken], values, place, customers, np.log(mean[taken]), left_out, worthless)


def log_likelihood(params: Floats, data: Spending) -> tuple[float, Floats]:
    """The log-likelihood and its gradient by (p, q, v)."""
    p, q, v = params
    x, z, values, customers = data.orders, data.mean, data.values, data.customers
    people = customers.sum()
    whole, log_values = p * values + q, np.log(values)
    spent = v + x * z
    log_spent = np.log(spent)
    shape = p * x + q
    by_value = log_gamma(whole) - log_gamma(p * values) + p * values * log_values
    total = customers @ by_value + people * (q * np.log(v) - log_gamma(np.array([q]))[0])
    total += float(((p * x - 1) * data.log_mean - shape * log_spent).sum())
    psi_whole = digamma(whole)
    gradient = np.array(
        [
            customers @ (values * (psi_whole - digamma(p * values) + log_values))
            + (x * (data.log_mean - log_spent)).sum(),
            customers @ psi_whole + people * (np.log(v) - digamma(np.array([q]))[0]) - log_spent.sum(),
            people * q / v - (shape / spent).sum(),
        ]
    )
    return float(total), gradient


def start(data: Spending) -> Floats:
    """p and q of middling spread, and v such that the mean is that of the customers."""
    p, q = 3.0, 3.0
    return np.array([p, q, float(data.mean.mean()) * (q - 1) / p])


def expected(params: Floats, orders: Floats, mean: Floats) -> Floats:
    """E(M | x, z) of each; nan where it cannot be told: nothing was seen and q is not above 1."""
    p, q, v = params
    seen = np.where(orders > 0, orders * np.where(orders > 0, mean, 0.0), 0.0)
    below = p * orders + q - 1
    return np.where(below > 0, p * (v + seen) / np.where(below > 0, below, 1.0), np.nan)

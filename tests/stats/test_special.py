"""The gamma function's derivatives against 40 digits of mpmath."""

from __future__ import annotations

import doctest

import numpy as np
import pytest

from tierwise.stats import special

AT = np.array([1e-3, 0.3, 1, 5.5, 1e6])


def test_examples_in_docstrings() -> None:
    assert doctest.testmod(special).failed == 0


def test_digamma() -> None:
    golden = [-1000.5755719318103, -3.502524222200133, -0.5772156649015329, 1.6110931485817512, 13.815510057964191]
    assert special.digamma(AT) == pytest.approx(golden, rel=1e-14)


def test_trigamma() -> None:
    golden = [1000001.6425331958, 12.245364546107732, 1.6449340668482264, 0.19934238698962767, 1.0000005000001667e-06]
    assert special.trigamma(AT) == pytest.approx(golden, rel=1e-14)


def test_logistic_at_both_ends() -> None:
    found = special.logistic(np.array([-800.0, 0.0, 800.0, -np.inf, np.inf]))
    assert found.tolist() == pytest.approx([0.0, 0.5, 1.0, 0.0, 1.0])

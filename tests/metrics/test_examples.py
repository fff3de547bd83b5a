"""The examples in the docstrings of metrics and of the Python door run as they stand."""

from __future__ import annotations

import doctest
import pkgutil
from importlib import import_module

import pytest

import tierwise.metrics

MODULES = [
    "tierwise",
    "tierwise.definitions.rule_builders",
    "tierwise.engine.basket_api",
    "tierwise.engine.canonical",
    "tierwise.engine.frame_api",
    "tierwise.engine.frame_tables",
    "tierwise.engine.habit_api",
    "tierwise.engine.path_api",
    "tierwise.stats.dependence",
    "tierwise.testing.rule_oracle",
    *(f"tierwise.metrics.{module.name}" for module in pkgutil.iter_modules(tierwise.metrics.__path__)),
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_run(name: str) -> None:
    assert doctest.testmod(import_module(name)).failed == 0


def test_there_are_examples() -> None:
    assert sum(doctest.testmod(import_module(name)).attempted for name in MODULES) >= 15

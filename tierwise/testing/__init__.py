"""Makers of demo data from a seed, for demos, tests and benchmarks, the project's and its users'."""

from tierwise.testing.dealer import make_dealer
from tierwise.testing.made_data import AS_OF, MadeData
from tierwise.testing.retail import make_retail
from tierwise.testing.retail.abnormal import with_abnormal_value

__all__ = ["AS_OF", "MadeData", "make_dealer", "make_retail", "with_abnormal_value"]
